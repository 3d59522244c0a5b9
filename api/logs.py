"""Structured logs: for people on a terminal, for machines elsewhere; nothing personal in either."""

from __future__ import annotations

import logging
import sys

import structlog

from api.errors import fault_told
from api.settings import Mode, Settings


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
