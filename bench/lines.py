"""Lines with known truth: a line is made from a statement with `{slots}`, and the statement is the truth about it."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SLOT = re.compile(r"\{([a-z0-9_]+)(?::([^}]*))?\}")
_SYLLABLES = [
    "ka",
    "lo",
    "mi",
    "ter",
    "ban",
    "sel",
    "dor",
    "vin",
    "qua",
    "rho",
    "zet",
    "pel",
    "gam",
    "ix",
    "tov",
    "wen",
    "bri",
    "sul",
    "har",
    "nok",
]
Make = Callable[[random.Random, str], str]


def _name(rng: random.Random, parts: int = 3) -> str:
    return "".join(rng.choice(_SYLLABLES) for _ in range(parts))


def _path(rng: random.Random, suffix: str) -> str:
    return "/" + "/".join(_name(rng, 2) for _ in range(rng.randint(2, 5))) + suffix


def _hex(rng: random.Random, digits: str) -> str:
    return "".join(rng.choice("0123456789abcdef") for _ in range(int(digits or 12)))


def _uuid(rng: random.Random, _: str) -> str:
    text = _hex(rng, "32")
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _size(rng: random.Random, _: str) -> str:
    count = rng.choice((rng.randint(0, 900), rng.randint(1025, 10**7)))
    return f"{count} bytes" if count < 1024 else f"{count} bytes ({count / 1024:.1f} KB)"


def _duration(rng: random.Random, _: str) -> str:
    return rng.choice(("<1 sec", f"{rng.randint(1, 59):02d}:{rng.randint(0, 59):02d}", f"{rng.randint(1, 900)} ms"))


def _numbers(rng: random.Random, separator: str) -> str:
    return (separator or ", ").join(str(rng.randint(0, 999)) for _ in range(rng.randint(1, 9)))


def _ip(rng: random.Random, _: str) -> str:
    return ".".join(str(rng.randint(1, 254)) for _ in range(4))


def _integer(rng: random.Random, top: str) -> str:
    return str(rng.randint(0, int(top or 10**6)))


def _signed(rng: random.Random, top: str) -> str:
    return str(rng.randint(-int(top or 10**18), int(top or 10**18)))


def _host(rng: random.Random, domain: str) -> str:
    return f"{_name(rng, 2)}-{rng.randint(1, 99)}.{domain or 'dc.example.com'}"


def _word(rng: random.Random, kinds: str) -> str:
    """One of a fixed number of names, the first of them most often, as names are used in life."""
    rank = min(int(rng.paretovariate(0.9)) - 1, int(kinds or 40) - 1)
    return _name(random.Random(rank * 7919 + 13), 2 + rank % 2)


def _random_word(rng: random.Random, length: str) -> str:
    return "".join(rng.choice(string.ascii_lowercase) for _ in range(int(length or 8)))


def _any(rng: random.Random, choices: str) -> str:
    return rng.choice(choices.split("|"))


def _float(rng: random.Random, top: str) -> str:
    return f"{rng.random() * float(top or 100):.{rng.randint(1, 4)}f}"


def _token(rng: random.Random, length: str) -> str:
    return "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(int(length or 20)))


def _time(rng: random.Random, _: str) -> str:
    hour, minute = rng.randint(10, 23), rng.randint(10, 59)
    return f"2026-0{rng.randint(1, 9)}-{rng.randint(10, 28)}T{hour}:{minute}:07.{rng.randint(100, 999)}Z"


def _perhaps(rng: random.Random, choice: str) -> str:
    """A host, or nothing, as resolvers answer."""
    return _host(rng, choice) if rng.random() < 0.6 else ""


def _list(rng: random.Random, prefix: str) -> str:
    return " ".join(f"{prefix}{_signed(rng, '')}" for _ in range(rng.randint(1, 6)))


def _stamp(rng: random.Random, form: str) -> str:
    """A moment of 2026 as `strftime` writes it."""
    return (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randint(0, 364 * 86400))).strftime(form)


def _digits(rng: random.Random, length: str) -> str:
    return "".join(rng.choice(string.digits) for _ in range(int(length or 3)))


def _go(rng: random.Random, _: str) -> str:
    """A duration as Go prints it."""
    unit = rng.choice(("µs", "ms", "ms", "s"))
    minutes = f"{rng.randint(1, 9)}m" if unit == "s" and rng.random() < 0.3 else ""
    return f"{minutes}{rng.randint(1, 59 if unit == 's' else 999)}.{rng.randint(1, 999999)}{unit}"


def _names(rng: random.Random, separator: str) -> str:
    return (separator or ", ").join(_word(rng, "60") for _ in range(rng.randint(1, 5)))


def _phrase(rng: random.Random, longest: str) -> str:
    """Free text, as a person or another program words it."""
    return " ".join(_word(rng, "200") for _ in range(rng.randint(1, int(longest or 7))))


def _sql(rng: random.Random, _: str) -> str:
    table, column, other = _word(rng, "12"), _word(rng, "20"), _word(rng, "20")
    return rng.choice(
        (
            f"SELECT {column}, {other} FROM {table} WHERE id = {rng.randint(1, 10**6)}",
            f"SELECT count(*) FROM {table}",
            f"SELECT * FROM {table} WHERE {column} = $1 ORDER BY {other} DESC LIMIT {rng.randint(1, 99)}",
            f"INSERT INTO {table} ({column}, {other}) VALUES ({rng.randint(1, 999)}, '{_word(rng, '90')}')",
            f"UPDATE {table} SET {column} = {rng.randint(1, 999)} WHERE {other} IN ({_numbers(rng, ', ')})",
            f"DELETE FROM {table} WHERE {column} < now() - interval '{rng.randint(2, 90)} days'",
            "COMMIT",
        )
    )


def _repr(rng: random.Random, _: str) -> str:
    """A value as Python prints it."""
    return rng.choice(
        (
            "None",
            "None",
            "True",
            str(rng.randint(0, 5000)),
            f"'{_word(rng, '40')}'",
            f"{{'{_word(rng, '9')}': {rng.randint(0, 99)}, '{_word(rng, '9')}': '{_word(rng, '40')}'}}",
            f"[{_numbers(rng, ', ')}]",
        )
    )


def _route(rng: random.Random, _: str) -> str:
    """What a client asks a web server for."""
    query = rng.choice(("", "", f"?page={rng.randint(1, 40)}", f"?q={_word(rng, '90')}&sort={_word(rng, '5')}"))
    return f"/{rng.choice(('api/v1', 'api', 'shop', 'static'))}/{_word(rng, '12')}/{rng.randint(1, 99999)}{query}"


def _agent(rng: random.Random, _: str) -> str:
    return rng.choice(
        (
            f"curl/8.{rng.randint(0, 9)}.1",
            f"python-requests/2.{rng.randint(20, 32)}.0",
            "kube-probe/1.30",
            f"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/{rng.randint(90, 130)}.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            f"Chrome/{rng.randint(90, 130)}.0.0.0 Safari/537.36",
        )
    )


SLOTS: dict[str, Make] = {
    "int": _integer,
    "signed": _signed,
    "hex": _hex,
    "uuid": _uuid,
    "path": _path,
    "size": _size,
    "duration": _duration,
    "numbers": _numbers,
    "ip": _ip,
    "host": _host,
    "word": _word,
    "random": _random_word,
    "any": _any,
    "float": _float,
    "token": _token,
    "time": _time,
    "perhaps": _perhaps,
    "list": _list,
    "stamp": _stamp,
    "digits": _digits,
    "go": _go,
    "names": _names,
    "phrase": _phrase,
    "sql": _sql,
    "repr": _repr,
    "route": _route,
    "agent": _agent,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """Lines and, for each, the number of the statement that made it. `statements` holds them with `<*>` for slots."""

    name: str
    lines: list[str]
    truth: list[int]
    statements: list[str]


def headed(header: str, statements: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """The statements with the header that a program's logger puts before each of its lines."""
    return [(weight, header + statement) for weight, statement in statements]


def sample(name: str, statements: Sequence[tuple[float, str]], *, lines: int = 2000, seed: int = 1) -> Sample:
    """`lines` lines of weighted statements, the same for the same seed."""
    rng = random.Random(f"{name}/{seed}")
    truth = rng.choices(range(len(statements)), weights=[weight for weight, _ in statements], k=lines)
    made = [
        SLOT.sub(lambda slot: SLOTS[slot.group(1)](rng, slot.group(2) or ""), statements[number][1]) for number in truth
    ]
    return Sample(
        name=name, lines=made, truth=truth, statements=[SLOT.sub("<*>", statement) for _, statement in statements]
    )
