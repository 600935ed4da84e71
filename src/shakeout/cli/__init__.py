"""The command line: one file for each verb; results on standard output, progress on standard error."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import traceback

import typer
from typer.exceptions import TyperException

from shakeout.errors import ShakeoutError

INTERRUPTED = 4
"""The exit status of a run that was interrupted: its result is inconclusive."""


def make_app() -> typer.Typer:
    """
    The application with every verb.

    A verb is a module of this package that names its function `VERB`.
    """
    app = typer.Typer(
        name="shakeout",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help="Deploys applications of several services, proves what works, explains what does not, with evidence.",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        module = importlib.import_module(f"{__name__}.{found.name}")
        verb = getattr(module, "VERB", None)
        if verb is not None:
            app.command(found.name.removesuffix("_"))(verb)
    return app


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
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status."""
    try:
        status = make_app()(arguments, standalone_mode=False, prog_name="shakeout")
    except TyperException as error:
        text = error.format_message()
        if arguments and text:
            _say(f"{text}\n  what to do: shakeout --help, or shakeout {' '.join(arguments[:1])} --help")
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
    except Exception as error:
        _say(f"shakeout itself failed: {type(error).__name__}: {error}")
        if os.environ.get("SHAKEOUT_DEBUG"):
            traceback.print_exc()
        else:
            _say("  what to do: run it again with SHAKEOUT_DEBUG=1 and report what it prints")
        return 3
    return status if isinstance(status, int) else 0


def _say(text: str) -> None:
    print(text, file=sys.stderr)
