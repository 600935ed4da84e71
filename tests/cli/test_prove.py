"""`shakeout up --prove`: the fix is deployed, and the checks that failed are asked again."""

from __future__ import annotations

WEB = "  web:\n    run: ${python} server.py\n    health: {}\n"
MISSPELT = "  web:\n    run: pyton3 server.py\n    health: {}\n"


def test_a_fix_that_helps_is_proved_by_deploying_it(shop) -> None:
    shop.change("Name the interpreter", WEB, MISSPELT)
    done = shop.run("up", "--prove", "--format", "json")
    assert done.status == 1, done.err
    (issue,) = done.json["issues"]
    assert issue["root_cause"]["claim"] == "CommandNotFound"
    assert issue["proof"]["status"] == "proved", issue["proof"]
    assert issue["proof"]["detail"] == "with this change, 3 of 3 failed checks pass"
    assert "web: ready" in done.err
    assert shop.processes() == []
    assert shop.repository.git("status", "--porcelain", "--untracked-files=no") == ""
    assert shop.repository.git("rev-parse", "HEAD") == shop.commit


def test_a_fix_that_does_not_help_is_not_proved_and_says_why(shop) -> None:
    also = MISSPELT.replace("    health: {}\n", "    health: {status: 418}\n")
    shop.change("Name the interpreter, and expect another answer", WEB, also)
    done = shop.run("up", "--prove", "--format", "json")
    (issue,) = done.json["issues"]
    assert issue["proof"]["status"] == "not proved"
    assert "0 of 3 failed checks pass; web is not deployed: it is not ready" in issue["proof"]["detail"]
    assert shop.processes() == []


def test_without_it_the_fix_is_asked_of_the_source_only(shop) -> None:
    shop.change("Name the interpreter", WEB, MISSPELT)
    done = shop.run("up", "--format", "json")
    (issue,) = done.json["issues"]
    assert issue["proof"]["status"] == "proved"
    assert "asked of the source" in issue["proof"]["detail"]
    assert "web: ready" not in done.err
