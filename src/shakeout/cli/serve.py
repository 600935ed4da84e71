"""`shakeout serve`: the console for daily use, from the installed package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shakeout.cli.options import QuietOption
from shakeout.cli.output import ProgressLines


def serve(
    data: Annotated[
        Path,
        typer.Option("--data", metavar="DIR", envvar="DATA_DIR", help="Where accounts, history and logs are kept."),
    ] = Path(".shakeout/console"),
    port: Annotated[
        int,
        typer.Option(
            "--port", metavar="PORT", min=0, max=65535, help="The port of the console's pages; 0 takes a free one."
        ),
    ] = 8640,
    auth_port: Annotated[
        int,
        typer.Option(
            "--auth-port", metavar="PORT", min=0, max=65535, help="The port of the auth service; 0 takes a free one."
        ),
    ] = 8641,
    backend_port: Annotated[
        int,
        typer.Option(
            "--backend-port", metavar="PORT", min=0, max=65535, help="The port of the backend; 0 takes a free one."
        ),
    ] = 8642,
    history: Annotated[
        str | None,
        typer.Option(
            "--history",
            metavar="URL",
            envvar="HISTORY_URL",
            show_default="chDB in DIR",
            help="A ClickHouse server, `http://user:password@host:8123/database`, or `disabled`.",
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="URL",
            envvar="DATABASE_URL",
            show_default="SQLite in DIR",
            help="A PostgreSQL for the accounts, `postgresql://user:password@host:5432/database`.",
        ),
    ] = None,
    quiet: QuietOption = False,
) -> int:
    """
    Run the console on this machine until Ctrl-C.

    Sign up in a browser; `shakeout up --console URL` and `shakeout verify --console URL` show their runs there.
    """
    from shakeout.console.serving import Serving

    serving = Serving(
        folder=data,
        ports={"auth": auth_port, "backend": backend_port, "frontend": port},
        history=history,
        database=database,
        progress=ProgressLines(quiet=quiet),
    )
    return serving.run(lambda address: print(f"the console is at {address} (Ctrl-C stops it)", flush=True))


VERB = serve
