"""What to tell people when a command cannot do what was asked, and the exit code it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Group, RenderableType
from rich.text import Text

from matcher.cli.codes import BAD_INPUT, DEBUG_VARIABLE, OUR_FAULT, STOPPED
from matcher.errors import (
    BadInputError,
    DataSourceError,
    MatcherError,
    RefereeError,
    WorkerLostError,
)
from matcher.report.faults import faults_document, faults_table
from matcher.report.page import WRONG
from matcher.report.wording import count_text, plain_text
from matcher.shortlist import RequestRefusedError
from matcher.vocabulary import without_controls

INTERRUPTED = (
    "Stopped. What was under way is not written: folders and records are written whole or not at "
    "all."
)


class StoppedError(MatcherError):
    """A command that was stopped, with what has become of its work."""


@dataclass(frozen=True)
class Failure:
    """Why a command failed.

    Parameters
    ----------
    code
        Exit code: 1 our fault, 2 bad input, 130 stopped by the user.
    kind
        One word for programs.
    page
        What people read on standard error.
    message
        The same in one text, for the JSON document.
    details
        More for the JSON document.
    """

    code: int
    kind: str
    page: RenderableType
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the failure as a JSON document."""
        return {"error": {"kind": self.kind, "message": self.message, **self.details}}


def explain_failure(error: BaseException) -> Failure:
    """Return what to tell people of an error."""
    if isinstance(error, (KeyboardInterrupt, StoppedError)):
        told = error.message if isinstance(error, StoppedError) else INTERRUPTED
        return _plain(STOPPED, "stopped", told)
    if isinstance(error, BadInputError):
        return _bad_input(error)
    if isinstance(error, typer.TyperException):
        return _usage(error)
    if isinstance(error, (RefereeError, DataSourceError, WorkerLostError)):
        return _apology(error, error.message)
    if isinstance(error, (MatcherError, ValidationError)):
        return _invalid(error) if isinstance(error, ValidationError) else _refused(error)
    return _apology(error, f"{type(error).__name__}: {error}")


def _plain(code: int, kind: str, message: str, **details: object) -> Failure:
    message = _on_its_lines(message)
    return Failure(code, kind, Text(plain_text(message), style=WRONG), message, details)


def _bad_input(error: BadInputError) -> Failure:
    title = f"{count_text(len(error.faults), 'fault')} found; nothing was done."
    page = Group(Text(title, style=WRONG), Text(""), faults_table(error.faults))
    return Failure(BAD_INPUT, "bad_input", page, title, {"faults": faults_document(error.faults)})


def _usage(error: typer.TyperException) -> Failure:
    # Choices are listed with a tab before each.
    message = _on_its_lines(error.format_message().expandtabs(2))
    context = getattr(error, "ctx", None)
    lines = [message if message.endswith((".", "?")) else f"{message}."]
    if context is not None:
        lines = [context.get_usage(), *lines, f"See {context.command_path} --help."]
    return Failure(BAD_INPUT, "usage", Text("\n".join(lines), style=WRONG), message)


def _on_its_lines(text: str) -> str:
    """Return a text of several lines with nothing else in it that a terminal acts upon."""
    return "\n".join(without_controls(line) for line in text.split("\n"))


def _invalid(error: ValidationError) -> Failure:
    """Say what no noun can hold by the names of its fields; the values are not repeated (H8)."""
    reasons = [
        f"{'.'.join(map(str, detail['loc'])) or error.title}: "
        + detail["msg"].removeprefix("Value error, ")
        for detail in error.errors(include_url=False, include_input=False)
    ]
    message = f"This cannot stand in a book. {'; '.join(reasons)}."
    return _plain(BAD_INPUT, "bad_input", " ".join(message.split()))


def _refused(error: MatcherError) -> Failure:
    details: dict[str, object] = {
        "thing": error.thing,
        "value": None if error.value is None else str(error.value),
        "expected": error.expected,
    }
    if isinstance(error, RequestRefusedError):
        details["refusals"] = [
            {"rule_id": r.rule_id, "citation": r.citation, "sentence": r.sentence}
            for r in error.refusals
        ]
    return _plain(BAD_INPUT, "refused", error.message, **details)


def _apology(error: BaseException, reason: str) -> Failure:
    message = (
        f"Sorry, this is a fault of Carematch and not of your input. ({reason}) Please report it "
        f"with the command you gave; {DEBUG_VARIABLE}=1 shows where it happened."
    )
    return _plain(OUR_FAULT, "our_fault", " ".join(message.split()))
