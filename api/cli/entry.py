"""The one entry point: the matcher's commands and the service's."""

from __future__ import annotations

from matcher.cli import entry
from matcher.cli.late import Late

COMMANDS: dict[str, Late] = {
    "serve": Late(
        "api.cli.serving",
        "Serve the record over HTTP, with a worker for the night's runs, until stopped.",
    ),
    "worker": Late(
        "api.cli.nights", "Work the runs that are asked for, one after another, until stopped."
    ),
    "nightly": Late(
        "api.cli.nights",
        "Propose a place for everyone waiting, as a run of the record: for cron or a timer.",
    ),
    "migrate": Late(
        "api.cli.records", "Bring the database to the newest tables; what is in it stays."
    ),
    "load": Late("api.cli.records", "Fill an empty record with a book, whole or not at all."),
    "dump": Late(
        "api.cli.records", "Write the record as a book: a folder that every other command reads."
    ),
    "backup": Late(
        "api.cli.records",
        "Copy the record of a SQLite file while it is served, whole or not at all.",
    ),
    "key": Late(
        "api.cli.keys",
        "Make an API key and print it: it is kept nowhere, so it is not printed again.",
    ),
    "audit": Late(
        "api.cli.audits",
        "Check the audit and the ledger, seal where the audit ends, or change its secret.",
    ),
}
app = entry.application({**entry.COMMANDS, **COMMANDS})


def main() -> None:
    """Run the command line of this process and exit."""
    entry.main(app)


__all__ = ["COMMANDS", "app", "main"]
