"""The one entry point: the matcher's commands and the service's."""

from __future__ import annotations

from collections.abc import Callable

import typer

from api.cli.audits import audit
from api.cli.keys import key
from api.cli.nights import nightly, worker
from api.cli.records import backup, dump, load, migrate
from api.cli.serving import serve
from matcher.cli import main as matcher_main
from matcher.cli.entry import app

COMMANDS: dict[str, Callable[..., None]] = {
    "serve": serve,
    "worker": worker,
    "nightly": nightly,
    "migrate": migrate,
    "load": load,
    "dump": dump,
    "backup": backup,
    "key": key,
    "audit": audit,
}


def attach(to: typer.Typer) -> None:
    """Add the service's commands to the matcher's."""
    known = {command.name for command in to.registered_commands}
    for name, command in COMMANDS.items():
        if name not in known:
            to.command(name)(command)


attach(app)


def main() -> None:
    """Run the command line of this process and exit."""
    matcher_main()


__all__ = ["COMMANDS", "app", "main"]
