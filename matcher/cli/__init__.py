"""The command line: one entry point, answers on standard output, all else on standard error."""

from matcher.cli.entry import app, main, run

__all__ = ["app", "main", "run"]
