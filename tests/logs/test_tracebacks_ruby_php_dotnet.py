"""
Backtraces of Ruby, PHP and .NET, found in logs line by line: the first cause first, each exception once.

What Ruby 3.1 and PHP 8.2 wrote is from programs that were really run; Rails, Laravel, Symfony, FPM and .NET are
written as their documentation and sources have it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from shakeout.logs.errors import LoggedError, errors
from shakeout.logs.reading import read_evidence
from shakeout.report.model import Status
from shakeout.runs.offline import Question, explain_offline

SAMPLES = Path(__file__).parent / "samples" / "stacks"

# sample: [(exceptions, the first cause first), (innermost place of the first cause)]
EXPECTED: dict[str, tuple[list[str], tuple[str, int]]] = {
    "ruby_uncaught": (
        ["KeyError: no price of apple", "PriceMissing: basket cannot be summed"],
        ("/app/lib/store.rb", 6),
    ),
    "ruby_logger": (
        ['Errno::ECONNREFUSED: Connection refused - connect(2) for "redis" port 6379'],
        ("/usr/local/bundle/gems/redis-client-0.19.1/lib/redis_client/ruby_connection.rb", 64),
    ),
    "rails_production": (
        ["ActionView::Template::Error: undefined method `total' for nil:NilClass"],
        ("app/views/orders/show.html.erb", 2),
    ),
    "rails_development": (
        [
            "PG::UndefinedColumn: ERROR:  column orders.state does not exist",
            "ActiveRecord::StatementInvalid: PG::UndefinedColumn: ERROR:  column orders.state does not exist",
        ],
        ("app/models/order.rb", 12),
    ),
    "php_uncaught": (
        ["OutOfBoundsException: no price of apple", "RuntimeException: basket cannot be summed"],
        ("/var/www/src/a.php", 4),
    ),
    "php_laravel": (
        [
            "PDOException: SQLSTATE[HY000] [2002] Connection refused",
            "Illuminate\\Database\\QueryException: SQLSTATE[HY000] [2002] Connection refused (Connection: mysql, SQL: "
            "select * from `orders`)",
        ],
        ("/var/www/html/vendor/laravel/framework/src/Illuminate/Database/Connectors/Connector.php", 66),
    ),
    "php_fpm": (["Error: Call to undefined function App\\total()"], ("/var/www/html/src/Order.php", 12)),
    "php_symfony": (["App\\Exception\\PriceMissing: no price of apple"], ("/app/src/Service/Pricing.php", 12)),
    "dotnet_unhandled": (
        [
            "System.Collections.Generic.KeyNotFoundException: The given key 'apple' was not present in the dictionary.",
            "System.InvalidOperationException: Basket cannot be summed",
        ],
        ("/src/Shop/Store.cs", 6),
    ),
    "dotnet_console": (
        [
            "System.Net.Sockets.SocketException: Connection refused",
            "Npgsql.NpgsqlException: Failed to connect to 10.0.0.5:5432",
        ],
        ("", 0),
    ),
}


def found_in(path: Path) -> list[LoggedError]:
    with read_evidence([path]) as read:
        return [error for error in errors(read.suspects()) if error.certain]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_log_has_one_error_with_its_exceptions_and_calls(name: str) -> None:
    (error,) = found_in(SAMPLES / f"{name}.log")
    exceptions, (path, line) = EXPECTED[name]
    assert error.traceback is not None
    assert [str(one).split("\n", 1)[0] for one in error.traceback.exceptions] == exceptions
    frames = error.traceback.first.frames
    innermost = next((frame for frame in reversed(frames) if frame.path), frames[-1])
    assert (innermost.path, innermost.line or 0) == (path, line)


@pytest.mark.parametrize("name", EXPECTED)
def test_every_cut_of_such_a_log_is_read_without_a_crash(name: str, tmp_path: Path) -> None:
    text = (SAMPLES / f"{name}.log").read_text()
    for cut in range(0, len(text), max(1, len(text) // 25)):
        place = tmp_path / "cut.log"
        place.write_text(text[cut:])
        found_in(place)


@pytest.mark.parametrize(
    "text",
    [
        "Completed 200 OK in 12ms (Views: 3.1ms)\nOrder (42):\n  shipped\n",
        "info: Shop.Orders[3]\n      Order 7 was sent at Berlin (Tegel)\nwarn: Shop.Orders[4]\n      slow\n",
        "[2026-02-03 10:00:00] production.INFO: mail sent {\"to\":3} \n#1 in the list: apples\n",
        "[03-Feb-2026 10:00:00] NOTICE: ready to handle connections\n",
        "PHP 8.2.1 Development Server started\n[Tue Feb  3 10:00:00 2026] 127.0.0.1:4 [200]: GET /\n",
    ],
)  # fmt: skip
def test_what_only_looks_like_it_is_no_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text(text)
    assert not found_in(tmp_path / "app.log")


def test_what_php_wrote_at_a_warnings_level_is_no_clean_log() -> None:
    report = explain_offline(Question(evidence=[SAMPLES / "php_fpm.log"]))
    assert report.status is Status.FAILED


def test_lines_below_an_error_are_its_text_only_where_its_calls_come_below_them(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text(
        "Error: one\ncould not reach the store\n\nError: three\nwith more text\nand more\n    at run (/app/x.js:1:2)\n"
    )
    with read_evidence([tmp_path / "app.log"]) as read:
        found = [(error.type, error.text, error.traceback is not None) for error in errors(read.suspects())]
    assert found == [
        ("", "Error: one", False),
        ("", "could not reach the store", False),
        ("Error", "three\nwith more text\nand more", True),
    ]
