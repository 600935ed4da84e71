"""From the keys of a table to templates, and from a text to its template."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from shakeout.evidence.model import Locator
from shakeout.logs.templates.agreement import Learned
from shakeout.logs.templates.alike import alike
from shakeout.logs.templates.fold import SIGN, WILDCARD, fold
from shakeout.logs.templates.group import fits, grouped, outline_of, row_of
from shakeout.logs.templates.model import OVERFLOW, Example, Template, Values, identity
from shakeout.logs.templates.part import Known, Row
from shakeout.logs.templates.rest import Rest
from shakeout.logs.templates.shape import aligned, shape, spaced, tokens
from shakeout.logs.templates.table import EXAMPLES, Seen, Table
from shakeout.logs.templates.values import kind_of, values_of

_SAMPLED = 20
_SHOWN = 50


class Summary:
    """
    The templates of a table, most frequent first, and what maps lines onto them.

    `learned` is what is known already. `by_key` maps each kept key, `rest` the trace of each key that was not kept, to
    a template's id.
    """

    def __init__(self, table: Table, learned: Learned) -> None:
        shapes = {key: shape(key) for key in table.seen}
        opened = {row_of(shapes[key]): places for key, places in learned.opened.items() if key in shapes}
        patterns = grouped(set(shapes.values()), Known(names=learned.names, opened=opened))
        other = alike(shapes, patterns)
        members: dict[Row, list[str]] = defaultdict(list)
        for key in sorted(table.seen):
            members[other.get(key) or patterns[shapes[key]]].append(key)
        by_text: dict[str, list[str]] = defaultdict(list)
        rows: dict[str, list[Row]] = defaultdict(list)
        for pattern in sorted(members):
            text = _text([key for key in members[pattern] if key not in other], pattern, shapes, table.seen)
            by_text[text].extend(members[pattern])
            rows[text].append(pattern)
        self.by_key: dict[str, str] = {}
        self._by_shape: dict[str, str] = {}
        self._by_text: dict[str, str] = {}
        self._by_outline: dict[Row, list[tuple[Row, str]]] = defaultdict(list)
        counts: dict[str, int] = {}
        for text in sorted(by_text):
            self._by_text[text] = number = identity(text)
            counts[number] = sum(table.seen[key].count for key in by_text[text])
            for key in by_text[text]:
                self.by_key[key] = number
                if key not in other or "  " not in key:
                    self._by_shape[shapes[key]] = number
            for row in rows[text]:
                self._by_outline[outline_of(row)].append((row, number))
        for candidates in self._by_outline.values():
            candidates.sort(key=lambda candidate: (sum(SIGN in token for token in candidate[0]), candidate))
        self.rest = Rest(table, self.by_key, counts)
        self._table = table
        self._parts = {text: [table.seen[key] for key in by_text[text]] for text in sorted(by_text)}

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """The templates, made when they are asked for: who wants to know only which line has which needs none."""
        return _with_rest(self._table, [_template(text, parts) for text, parts in self._parts.items()], self.rest)

    def template_of(self, key: str) -> str:
        """The id of the template of a key, or of what stands for lines that have none."""
        return self.by_key.get(key) or self.rest.template_of_key(key)

    def match(self, text: str) -> str | None:
        """The id of the template of `text` (one line without its prefix), or None if it is like no template."""
        if (exact := self._by_text.get(text)) is not None:
            return exact
        key = fold(text)
        if (known := self.by_key.get(key)) is not None:
            return known
        like = shape(key)
        if (known := self._by_shape.get(like)) is not None:
            return known
        row = row_of(like)
        for pattern, number in self._by_outline.get(outline_of(row), ()):
            if fits(pattern, row):
                return number
        return None


def _text(keys: Sequence[str], pattern: Row, shapes: Mapping[str, str], seen: Mapping[str, Seen]) -> str:
    first = min(keys, key=lambda key: (-seen[key].count, key))
    parts = aligned([spaced(key) for key in sorted({first, *keys})])
    if parts is None:
        values = iter(pattern)
        parts = [token if token.isspace() or next(values) != SIGN else SIGN for token in tokens(shapes[first])]
    return "".join(parts).replace(SIGN, WILDCARD).strip()


def _template(text: str, parts: Sequence[Seen]) -> Template:
    severities: Counter[str] = Counter()
    services: Counter[str] = Counter()
    instances: dict[str, None] = {}
    notes = [part.noted for part in parts if part.noted is not None]
    for noted in notes:
        severities.update(noted.severities)
        services.update(noted.services)
        instances.update(noted.instances)
    lines = heapq.nsmallest(_SAMPLED, (line for part in parts for line in part.examples))
    return Template(
        id=identity(text),
        text=text,
        count=sum(part.count for part in parts),
        first=min((noted.first for noted in notes if noted.first is not None), default=None),
        last=max((noted.last for noted in notes if noted.last is not None), default=None),
        severities=dict(sorted(severities.items())),
        services=dict(sorted(services.items())),
        instances=tuple(sorted(instances)[:_SHOWN]),
        values=_values(text, [line for _, line, _, _ in lines]),
        examples=tuple(
            Example(text=line, locator=Locator(source="log", path=path, line=number or None))
            for _, line, path, number in lines[:EXAMPLES]
        ),
    )


def _values(text: str, lines: Sequence[str]) -> tuple[Values, ...]:
    if WILDCARD not in text:
        return ()
    pieces = text.split(WILDCARD)
    return tuple(Values(kind=kind_of(samples), samples=samples) for samples in values_of(pieces, lines))


def _with_rest(table: Table, templates: Sequence[Template], rest: Rest) -> tuple[Template, ...]:
    """Adds the lines whose keys were not kept."""
    more: Counter[str] = Counter()
    for trace, count in table.passed.items():
        more[rest.template_of(trace)] += count
    full = [_raised(template, more.pop(template.id, 0)) for template in templates]
    full += [Template(id=owner, text=OVERFLOW, count=count, estimated=True) for owner, count in more.items()]
    return tuple(sorted(full, key=lambda template: (-template.count, template.text)))


def _raised(template: Template, more: int) -> Template:
    return replace(template, count=template.count + more, estimated=True) if more else template
