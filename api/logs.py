"""Structured logs: for people on a terminal, for machines elsewhere; nothing personal in either."""

from __future__ import annotations

import logging
import sys
from collections.abc import Hashable
from dataclasses import dataclass
from time import monotonic

import structlog

from api.errors import fault_told
from api.settings import Mode, Settings
from matcher.vocabulary import printable

WINDOW_SECONDS = 60.0
OTHERS_LINES = 5
"""Lines in a minute from one place of a library, which may be at every call's mercy."""
LONGEST_LINE = 200


@dataclass
class _Window:
    began: float
    told: int = 0
    left_out: int = 0


class Seldom:
    """Says of each kind of line whether it may be written now: so many a minute, and no more.

    Parameters
    ----------
    most
        Lines of a kind in a minute.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._windows: dict[Hashable, _Window] = {}

    def turn(self, kind: Hashable) -> int | None:
        """Return how many lines were left out before this one; ``None`` where it is one of them.

        Parameters
        ----------
        kind
            Of the line; there must be few kinds, for all are remembered.
        """
        now = monotonic()
        window = self._windows.setdefault(kind, _Window(now))
        left_out = 0
        if now - window.began >= WINDOW_SECONDS:
            left_out = window.left_out
            window = self._windows[kind] = _Window(now)
        if window.told >= self._most:
            window.left_out += 1
            return None
        window.told += 1
        return left_out


class Libraries(logging.Handler):
    """Writes what libraries log as our own lines are written: few at a time, and nothing personal.

    Of a line only its first is told: what follows, and any error's text, may be what was called.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seldom = Seldom(OTHERS_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, unless there were many of its place just now."""
        left_out = self._seldom.turn((record.pathname, record.lineno))
        if left_out is None:
            return
        told = printable(record.getMessage().partition("\n")[0])[:LONGEST_LINE]
        structlog.get_logger(record.name).log(
            record.levelno,
            told,
            library=record.name,
            more_before=left_out,
            exc_info=record.exc_info and record.exc_info[1],
        )


def without_texts(
    _logger: structlog.typing.WrappedLogger, _name: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Put the kinds and places of an error in the place of the error: never its text (H7)."""
    error = line.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        line.update(fault_told(error))
    return line


def set_up_logs(settings: Settings) -> None:
    """Send log lines to standard error: as JSON in production, else laid out for reading."""
    logging.basicConfig(handlers=[Libraries()], level=logging.WARNING, force=True)
    is_plain = settings.mode is Mode.DEVELOPMENT and sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if is_plain else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_texts,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
