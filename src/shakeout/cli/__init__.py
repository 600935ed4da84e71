"""The command line: one file for each verb; results on standard output, progress on standard error."""

from __future__ import annotations

import importlib
import io
import os
import pkgutil
import re
import sys
import traceback
from pathlib import Path

import typer
from typer.exceptions import TyperException

from shakeout.errors import ShakeoutError, UsageError

INTERRUPTED = 4
"""The exit status of a run that was interrupted: its result is inconclusive."""

_FORM = re.compile(r"^No such option: --(markdown|json|html|junit|sarif|github)\b")
"""What people type for a form of the report who know other tools."""
_INTERRUPT = 130
"""What the library under the command line makes of Ctrl-C by itself."""

EXIT_STATUSES = (
    "Exit status: 0 nothing found, 1 issues found, 2 the command or the manifest is wrong, "
    "3 shakeout itself failed, 4 inconclusive."
)


def make_app(verb: str | None = None) -> typer.Typer:
    """
    The application with every verb, or with that one alone: each imports what it needs, and that takes a while.

    A verb is a module of this package that names its function `VERB`.
    """
    app = typer.Typer(
        name="shakeout",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help="Deploys applications of several services, proves what works, explains what does not, with evidence.",
        epilog=EXIT_STATUSES,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        name = found.name.removesuffix("_")
        if verb is not None and name != verb:
            continue
        function = getattr(importlib.import_module(f"{__name__}.{found.name}"), "VERB", None)
        if function is not None:
            app.command(name)(function)
    return app


def _verbs() -> set[str]:
    return {found.name.removesuffix("_") for found in pkgutil.iter_modules(__path__)}


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"shakeout {version('shakeout')}")
        raise typer.Exit


def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Takes the options that stand before the verb."""


def main() -> None:
    """The entry point; exits with the status of the design: 0, 1 issues, 2 usage, 3 shakeout failed, 4 inconclusive."""
    _repair_streams()
    sys.exit(run(sys.argv[1:]))


def _repair_streams() -> None:
    """Closed streams lead nowhere instead of failing; what a locale cannot say is replaced instead of failing."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 (for the life of the process)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status."""
    verb = arguments[0] if arguments and arguments[0] in _verbs() else None
    try:
        _look_around()
        status = make_app(verb)(arguments or ["--help"], standalone_mode=False, prog_name="shakeout")
    except TyperException as error:
        text = error.format_message()
        if arguments and text:
            form = _FORM.search(text)
            instead = (verb, "--format", form[1]) if form is not None and verb is not None else (verb, "--help")
            _say(f"{text}\n  what to do: {' '.join(part for part in ('shakeout', *instead) if part)}")
        return 2
    except ShakeoutError as error:
        _say(str(error))
        return error.exit_status
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); nothing is wrong and nobody is listening.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        _say(f"the system does not let shakeout go on: {what}{error.strerror or error}")
        if os.environ.get("SHAKEOUT_DEBUG"):
            traceback.print_exc()
        return 3
    except Exception as error:
        _say(f"shakeout itself failed: {type(error).__name__}: {error}")
        if os.environ.get("SHAKEOUT_DEBUG"):
            traceback.print_exc()
        else:
            _say("  what to do: run it again with SHAKEOUT_DEBUG=1 and report what it prints")
        return 3
    if status == _INTERRUPT:
        _say("interrupted")
        return INTERRUPTED
    return status if isinstance(status, int) else 0


def _look_around() -> None:
    """UsageError where the current folder is gone, which every verb would stumble over."""
    try:
        Path.cwd()
    except FileNotFoundError as error:
        raise UsageError(
            "the current folder is not there any more",
            expected="a folder",
            seen="one that was removed",
            hint="cd to another folder, or back into it: cd .",
        ) from error


def _say(text: str) -> None:
    print(text, file=sys.stderr)
