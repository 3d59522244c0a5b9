"""The service's commands, beside those of the matcher: one entry point for all."""

from matcher.cli.starting import ended_by_interrupt

with ended_by_interrupt():
    from api.cli.entry import COMMANDS, app, main

__all__ = ["COMMANDS", "app", "main"]
