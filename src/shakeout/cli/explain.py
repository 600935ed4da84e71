"""`shakeout explain`: what an engineer takes an afternoon for, from exported logs and a repository."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from shakeout.cli.options import FormatOption, OutputOption, QuietOption
from shakeout.errors import UsageError


def explain(
    evidence: Annotated[
        list[str] | None,
        typer.Argument(metavar="EVIDENCE", help="Logs: files, folders, archives, or - for standard input."),
    ] = None,
    repo: Annotated[
        Path | None,
        typer.Option("--repo", metavar="DIR", help="The repository: a work tree or a bare one. Nothing in it is run."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="REVISION", help="The deployed commit, where the evidence does not say it."),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline", metavar="LOGS", help="An earlier release's logs: say what is new, gone or more frequent."
        ),
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option("--rule", metavar="NAME", help="Print the page of one rule (`all` lists them), and exit."),
    ] = None,
    form: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> int:
    """
    Explain the errors in logs, down to line and commit.

    Needs no running system: only exported logs and, to get to the line and the commit, the repository. Executes nothing
    from it and opens no connection.
    """
    if rule is not None:
        return print_rule(rule)
    if not evidence:
        raise UsageError(
            "no evidence was named",
            expected="logs: files, folders, archives, or - for standard input",
            seen="nothing",
            hint="shakeout explain logs.json --repo .",
        )
    from shakeout.cli.present import present_report
    from shakeout.runs.offline import Question, check_arguments, explain_offline

    report = explain_offline(
        Question(evidence=check_arguments(evidence), repository=repo, at=at, stdin=sys.stdin.buffer, baseline=baseline)
    )
    return present_report(report, form, output, quiet=quiet)


def print_rule(name: str) -> int:
    """Print one rule's page, or the list of all."""
    from shakeout.catalogue import rules

    known = {found.name: found for found in rules()}
    if name == "all":
        for found in known.values():
            print(f"{found.name:<34} {found.summary}")
        return 0
    if name not in known:
        near = alike(name, {found.name: found.page for found in known.values()})
        raise UsageError(
            f"there is no rule '{name}'",
            expected="a rule's name; `--rule all` lists them",
            seen=name,
            hint=f"did you mean {' or '.join(near)}?" if near else None,
        )
    print(f"# {name}\n\n{known[name].page}")
    return 0


def alike(name: str, pages: Mapping[str, str]) -> tuple[str, ...]:
    """
    The rules that a person may have meant, at most three: by its letters, else by the words that it is made of.

    `undefinedname` is no slip of any rule's name; it is made of words that the pages of some rules have.
    """
    from difflib import get_close_matches

    asked = re.sub(r"[^a-z]", "", name.lower())
    plain = {re.sub(r"[^a-z]", "", known): known for known in pages}
    near = get_close_matches(asked, list(plain), n=1, cutoff=0.8)
    if near:
        return (plain[near[0]],)
    ranked = []
    for known, page in pages.items():
        titled, told = set(known.split("-")), set(re.findall(r"[a-z]{4,}", page.lower()))
        score = sum(3 * len(word) for word in titled if len(word) > 3 and word in asked)
        score += sum(len(word) for word in told - titled if word in asked)
        ranked.append((-score, known))
    best = [(score, known) for score, known in sorted(ranked)[:3] if score < -max(6, len(asked))]
    return tuple(known for _, known in best)


VERB = explain
