"""Logs that mislead: what only sounds like a failure is none, what is one is not passed over, nothing is made up."""

# ruff: noqa: E501
from __future__ import annotations

from pathlib import Path

import pytest

from shakeout.errors import InputError
from shakeout.report.model import Report, Status
from shakeout.runs.offline import Question, explain_offline


def ask(place: Path, text: str, name: str = "app.log") -> Report:
    path = place / name
    path.write_text(text.lstrip("\n"))
    return explain_offline(Question(evidence=[path]))


def told(report: Report) -> str:
    """Everything that the report claims."""
    return "\n".join(
        [issue.title for issue in report.issues]
        + [why.answer for issue in report.issues for why in issue.whys]
    )  # fmt: skip


def test_where_to_read_more_is_no_address_that_fails(tmp_path: Path) -> None:
    report = ask(
        tmp_path,
        """
2025-06-02 08:11:01,345 ERROR shop.web request failed
Traceback (most recent call last):
  File "/app/shop/orders.py", line 8, in listed
    with engine.connect() as c:
sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00 (Background on this error at: https://sqlalche.me/e/20/3o7r)
""",
    )
    assert not report.issues
    assert len(report.unexplained) == 1


@pytest.mark.parametrize(
    "said",
    [
        "comment refused: 'Connection refused by bank at pay.example.com:443'",
        "cannot parse the headline \"ModuleNotFoundError: No module named 'requests', how to fix\"",
        "could not index \u201cpassword authentication failed, what now?\u201d of forum.example.com:443",
    ],
)
def test_what_somebody_wrote_and_a_message_repeats_is_no_failure_of_that_kind(tmp_path: Path, said: str) -> None:
    report = ask(tmp_path, f"2025-06-02 08:11:01,345 ERROR desk.inbox {said}\n")
    assert not report.issues
    assert report.unexplained[0].symptom.endswith(said)


WARNED = """
2025-06-02 08:11:04,345 WARNING shop.cart the price service is slow, using the price of yesterday
Traceback (most recent call last):
  File "/app/shop/cart.py", line 40, in {function}
    return client.get(timeout=1)
TimeoutError: timed out
"""


def test_a_traceback_that_a_warning_shows_is_handled(tmp_path: Path) -> None:
    assert ask(tmp_path, WARNED.format(function="price")).status is Status.SUCCESSFUL


def test_a_program_that_ends_after_a_warning_is_an_error(tmp_path: Path) -> None:
    report = ask(tmp_path, WARNED.format(function="<module>"))
    assert report.status is Status.FAILED
    assert "TimeoutError" in report.unexplained[0].symptom


def test_an_error_of_node_behind_the_programs_own_words_is_an_error(tmp_path: Path) -> None:
    report = ask(
        tmp_path,
        """
(node:1) [DEP0040] DeprecationWarning: The `punycode` module is deprecated.
[cache] lost the server: Error: connect ECONNREFUSED 10.9.0.4:6379
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16)
""",
    )
    assert "nothing listens at 10.9.0.4:6379" in told(report)


def test_a_unit_that_systemd_says_ended_is_a_failure_of_that_service(tmp_path: Path) -> None:
    report = ask(
        tmp_path,
        """
Jun 02 08:11:01 host1 systemd[1]: Started ledger.service - The ledger.
Jun 02 08:11:01 host1 systemd[1]: ledger.service: Main process exited, code=killed, status=11/SEGV
Jun 02 08:11:01 host1 systemd[1]: ledger.service: Failed with result 'core-dump'.
""",
        "journal.txt",
    )
    assert report.issues[0].service == "ledger"
    assert "SIGSEGV" in told(report)


BOTH = """
{{"time": "2025-06-02T08:11:02Z", "level": "error", "message": "the nightly count failed", "exc_info": "Traceback (most recent call last):\\n  File \\"/app/api/count.py\\", line 9, in write\\n    send(rows)\\nValueError: no rows"}}
{{"time": "2025-06-02T08:11:04Z", "level": "error", "message": "{words}", "exc_info": "Traceback (most recent call last):\\n  File \\"/app/api/report.py\\", line 4, in monthly\\n    return tools.total(rows)\\nNameError: name 'tools' is not defined"}}
{{"time": "2025-06-02T08:11:05Z", "level": "error", "message": "GET /reports/monthly 500"}}
"""


def test_a_failed_request_beside_two_exceptions_belongs_to_the_one_that_nobody_handled(tmp_path: Path) -> None:
    report = ask(tmp_path, BOTH.format(words="unhandled exception"), "app.json")
    assert not any("500" in item.symptom for item in report.unexplained)
    assert len(report.issues) + len(report.unexplained) == 2


def test_a_failed_request_beside_two_exceptions_is_not_given_to_either_by_chance(tmp_path: Path) -> None:
    report = ask(tmp_path, BOTH.format(words="a job failed"), "app.json")
    assert any("500" in item.symptom for item in report.unexplained)


def test_the_exception_of_a_structured_entry_is_quoted_and_not_only_the_words_above_it(tmp_path: Path) -> None:
    report = ask(tmp_path, BOTH.format(words="a job failed"), "app.json")
    quotes = [piece.quote for item in report.unexplained for piece in item.evidence]
    assert "NameError: name 'tools' is not defined" in quotes


@pytest.mark.parametrize("text", ['[{"message": "no led', "[]\n", '{"total": 3}\n'])
def test_input_without_a_single_entry_is_no_clean_bill(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="no log entry"):
        ask(tmp_path, text, "export.json")


def test_a_line_without_a_severity_that_tells_of_a_refused_connection_is_not_called_clean(tmp_path: Path) -> None:
    report = ask(tmp_path, "starting\ncould not connect to redis://cache:6379: Connection refused\nbye\n")
    assert report.status is Status.INCONCLUSIVE
    assert any("not whether it was handled" in note and "cache:6379" in note for note in report.notes)


def test_words_of_failure_that_no_rule_knows_leave_a_log_clean(tmp_path: Path) -> None:
    text = "loaded 3 exception handlers\nuser search: \"how to fix 'connection refused'\"\nno order failed\nok\n"
    assert ask(tmp_path, text).status is Status.SUCCESSFUL


DESCRIBED = """
Name:             ledger-6d5c9f-abcde
Namespace:        staging
Labels:           app=ledger
Node:             n1
Containers:
  ledger:
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       Error
      Exit Code:    1
Events:
  Type     Reason     Age                  From               Message
  ----     ------     ----                 ----               -------
  Warning  BackOff    70s (x20 over 6m)    kubelet            Back-off restarting failed container ledger in pod x
"""


def test_a_pods_log_and_its_state_are_one_story(tmp_path: Path) -> None:
    (tmp_path / "ledger.log").write_text(
        "Traceback (most recent call last):\n"
        '  File "/app/ledger/main.py", line 3, in <module>\n'
        "    import bookkeeping\n"
        "ModuleNotFoundError: No module named 'bookkeeping'\n"
    )
    (tmp_path / "pod.txt").write_text(DESCRIBED.lstrip())
    report = explain_offline(Question(evidence=[tmp_path]))
    assert not report.issues
    (item,) = report.unexplained
    assert "bookkeeping" in item.symptom


@pytest.mark.parametrize(
    "line",
    [
        'time=2025-06-02T08:11:02Z level=ERROR msg="ping failed" err="dial tcp 10.0.3.7:5432: connect: connection refused"',
        '{"level": "error", "ts": 1748851861, "msg": "ping failed", "error": "dial tcp 10.0.3.7:5432: connect: connection refused"}',
        '{"level": 50, "time": 1748851861000, "msg": "ping failed", "err": {"message": "connect ECONNREFUSED 10.0.3.7:5432"}}',
    ],
)
def test_what_stands_in_a_field_beside_the_message_is_read(tmp_path: Path, line: str) -> None:
    report = ask(tmp_path, f"{line}\n")
    assert "nothing listens at 10.0.3.7:5432" in told(report)
    assert any("10.0.3.7:5432" in piece.quote for piece in report.issues[0].evidence)


def test_such_a_field_of_a_calm_entry_is_an_artefact(tmp_path: Path) -> None:
    line = '{"level": "info", "ts": 1748851861, "msg": "served", "error": "dial tcp 10.0.3.7:5432: connection refused"}'
    assert ask(tmp_path, f"{line}\n").status is Status.SUCCESSFUL


def test_the_arguments_of_an_exception_are_no_quotation(tmp_path: Path) -> None:
    text = "2025-06-02 08:11:01 ERROR web django.db.utils.OperationalError: (1049, \"Unknown database 'shop'\")\n"
    assert "has no database 'shop'" in told(ask(tmp_path, text))


EVENTS = """
LAST SEEN   TYPE      REASON             OBJECT         MESSAGE
{failed}          Warning   FailedScheduling   pod/api-7d-x   0/3 nodes are available: 3 Insufficient memory.
2m          Normal    Scheduled          pod/api-7d-x   Successfully assigned staging/api-7d-x to node-2
1m          Normal    Started            pod/api-7d-x   Started container api
"""


@pytest.mark.parametrize(("age", "status"), [("4m", Status.SUCCESSFUL), ("5s", Status.FAILED)])
def test_an_event_after_which_the_pod_was_started_is_no_failure(tmp_path: Path, age: str, status: Status) -> None:
    assert ask(tmp_path, EVENTS.format(failed=age), "events.txt").status is status


@pytest.mark.parametrize(
    "lines",
    [
        "2026-02-03 10:00:00,120 INFO chat.room message from 9: help!\nTraceback (most recent call last):\n"
        '  File "main.py", line 3, in <module>\n    import requests\n'
        "ModuleNotFoundError: No module named 'requests'\n2026-02-03 10:00:03,120 INFO chat.room next\n",
        "starting bot\nuser 7 wrote: CircuitBreakerOpenError is what I get\nuser 9 said: my pod is OOMKilled\nok\n",
        "2026-02-03 10:00:00 search q=circuit breaker is open hystrix results=12\n"
        "2026-02-03 10:00:03 search query: ImportError: cannot import name 'soft_unicode' from 'markupsafe'\n",
        '{"time":"2026-02-03T10:00:01Z","msg":"chat said: The circuit breaker is open, calls get connection refused"}\n',
        '{"level":"info","time":"2026-02-03T10:00:00Z","msg":"ticket","body":"Error: connect ECONNREFUSED 10.0.0.5:6379'
        '\\n    at TCPConnectWrap.afterConnect (node:net:1555:16)"}\n',
        '{"level":"info","time":"2026-02-03T10:00:02Z","msg":"ticket 4: circuit breaker \'payments\' is OPEN for all"}\n',
    ],
)
def test_what_people_write_without_quotation_marks_is_no_issue(tmp_path: Path, lines: str) -> None:
    report = ask(tmp_path, lines)
    assert report.status is Status.SUCCESSFUL
    assert not report.issues


@pytest.mark.parametrize(
    "said",
    [
        "could not file the message: I get ModuleNotFoundError: No module named 'requests' when I run it",
        "rejected comment of user 7: connection refused to db.example.com:5432 since monday",
        "could not translate message: the circuit breaker is open, help",
    ],
)
def test_what_people_write_in_an_errors_text_is_no_cause(tmp_path: Path, said: str) -> None:
    report = ask(tmp_path, f"2026-02-03 10:00:00,120 ERROR chat.filter {said}\n")
    assert not report.issues
    assert report.unexplained[0].symptom.endswith(said)


@pytest.mark.parametrize(
    "said",
    [
        "could not send the message: dial tcp 10.0.3.7:25: connect: connection refused",
        "error executing query: could not connect to db.example.com:5432: Connection refused",
        "the mail server said: 10.0.3.7:25: Connection refused",
        "circuit breaker 'stock' is open, retry in 30 s",
    ],
)
def test_what_programs_write_of_their_messages_is_their_own(tmp_path: Path, said: str) -> None:
    assert ask(tmp_path, f"2026-02-03 10:00:00,120 ERROR relay.out {said}\n").issues


SPRING = """
2026-02-03T10:00:00.223Z ERROR 1 --- [           main] o.s.b.d.LoggingFailureAnalysisReporter   :

***************************
APPLICATION FAILED TO START
***************************

Description:

Failed to configure a DataSource: 'url' attribute is not specified and no embedded datasource could be configured.

Reason: Failed to determine a suitable driver class
"""


def test_an_error_whose_own_line_is_empty_is_what_stands_below_it(tmp_path: Path) -> None:
    report = ask(tmp_path, SPRING)
    (item,) = report.unexplained
    assert "Failed to configure a DataSource" in item.symptom


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("2026-02-03 10:00:00 FEHLER Verbindung zu db:5432 fehlgeschlagen: Verbindungsaufbau abgelehnt", "db:5432"),
        ("2026-02-03 10:00:00 ERREUR connexion à cache:6379 impossible : Connexion refusée", "cache:6379"),
    ],
)
def test_errors_in_other_languages_are_no_clean_bill(tmp_path: Path, line: str, address: str) -> None:
    assert f"nothing listens at {address}" in told(ask(tmp_path, f"{line}\n"))


def test_what_kubectl_is_forbidden_is_no_clean_bill(tmp_path: Path) -> None:
    line = (
        'Error from server (Forbidden): deployments.apps "orders" is forbidden: User "system:serviceaccount:ci:deployer"'
        ' cannot patch resource "deployments" in API group "apps" in the namespace "staging"\n'
    )
    assert ask(tmp_path, line).status is Status.FAILED


def test_a_unit_and_the_program_that_logs_under_its_own_name_are_one_story(tmp_path: Path) -> None:
    report = ask(
        tmp_path,
        """
Feb 03 10:00:00 host1 systemd[1]: Started shop.service - Shop.
Feb 03 10:00:00 host1 python[812]: Traceback (most recent call last):
Feb 03 10:00:00 host1 python[812]:   File "/srv/shop/main.py", line 3, in <module>
Feb 03 10:00:00 host1 python[812]:     import bookkeeping
Feb 03 10:00:00 host1 python[812]: ModuleNotFoundError: No module named 'bookkeeping'
Feb 03 10:00:00 host1 systemd[1]: shop.service: Main process exited, code=exited, status=1/FAILURE
Feb 03 10:00:00 host1 systemd[1]: shop.service: Failed with result 'exit-code'.
""",
        "journal.txt",
    )
    assert not report.issues
    assert len(report.unexplained) == 1
    assert all("bookkeeping" in item.symptom for item in report.unexplained)
