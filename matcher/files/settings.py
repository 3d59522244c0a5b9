"""A book's two TOML files: what the book is called and describes, and its policy."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from matcher.errors import BadInputError, Fault
from matcher.files.cells import CellError, read_date, shown, suggestion
from matcher.files.plain_files import read_plain_file
from matcher.model import Book
from matcher.objectives import read_policy_text
from matcher.policy import Policy, default_policy

BOOK_FILE = "book.toml"
POLICY_FILE = "policy.toml"
MAX_TOML_BYTES = 1024 * 1024
_EXPECTED = {
    "title": "a title of at most 200 characters in quotation marks",
    "council": 'the council\'s authority code in quotation marks, such as "E06000059"',
    "as_of": "the day the book describes, such as 2026-04-01",
}


@dataclass(frozen=True)
class PolicyFile:
    """What a book says about policy.

    Parameters
    ----------
    policy
        The policy to follow; None where the file has faults.
    text
        The file as it stands; None where the book brings none.
    """

    policy: Policy | None
    text: str | None


def read_head(folder: Path) -> tuple[Book | None, date | None, list[Fault]]:
    """Return the book without its rows, the day it describes, and the faults of ``book.toml``.

    The day is returned also where another key is at fault, so that dates can be checked against it.
    """
    document, faults = _read_document(folder / BOOK_FILE)
    if document is None:
        return None, None, faults
    faults += _key_faults(document)
    head = {key: document[key] for key in _EXPECTED if key in document}
    if "as_of" in head:
        head["as_of"] = day = _day(head["as_of"], faults)
    else:
        day = None
    told = {fault.column for fault in faults}
    try:
        book = Book.model_validate(head)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            key = str(detail["loc"][0])
            if key in head and key not in told:
                reason = detail["msg"] if detail["type"] == "value_error" else ""
                faults.append(_fault(key, head[key], reason.removeprefix("Value error, ")))
        return None, day, faults
    return book, day, faults


def _read_document(path: Path) -> tuple[dict[str, Any] | None, list[Fault]]:
    try:
        text = read_plain_file(path, max_bytes=MAX_TOML_BYTES)
        return tomllib.loads(text), []
    except BadInputError as error:
        return None, list(error.faults)
    except (ValueError, RecursionError) as error:
        return None, [_no_toml(path.name, error)]


def _no_toml(file: str, error: Exception) -> Fault:
    return Fault(file, 0, "", shown(error), 'TOML, such as title = "A title"')


def _key_faults(document: dict[str, Any]) -> list[Fault]:
    """Fault keys nobody knows and keys that are missing, a misspelt one only once."""
    missing = [key for key in _EXPECTED if key not in document]
    faults = []
    for key in document:
        if key not in _EXPECTED:
            hint = suggestion(key, missing)
            missing = [name for name in missing if f" {name}?" not in hint]
            expected = f"one of {', '.join(_EXPECTED)}{hint}"
            faults.append(Fault(BOOK_FILE, 0, shown(key), shown(key), expected))
    return faults + [_fault(key, "no such key") for key in missing]


def _day(value: object, faults: list[Fault]) -> date | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    try:
        if isinstance(value, str):
            return read_date(value.strip())
    except CellError as error:
        faults.append(_fault("as_of", value, str(error)))
    else:
        faults.append(_fault("as_of", value))
    return None


def _fault(key: str, value: object, expected: str = "") -> Fault:
    return Fault(BOOK_FILE, 0, key, shown(value), expected or _EXPECTED[key])


def read_policy(folder: Path) -> tuple[PolicyFile, list[Fault]]:
    """Return the book's policy, the default one where it brings none, and the faults in it."""
    path = folder / POLICY_FILE
    if not (path.exists() or path.is_symlink()):
        return PolicyFile(default_policy(), None), []
    try:
        text = read_plain_file(path, max_bytes=MAX_TOML_BYTES)
        return PolicyFile(read_policy_text(text, POLICY_FILE), text), []
    except BadInputError as error:
        return PolicyFile(None, None), list(error.faults)
    except (ValueError, RecursionError) as error:
        return PolicyFile(None, None), [_no_toml(POLICY_FILE, error)]


def head_text(book: Book) -> str:
    """Return ``book.toml`` for a book."""
    # A JSON string is a TOML string: both escape quotation marks and backslashes alike.
    title, council = (json.dumps(text, ensure_ascii=False) for text in (book.title, book.council))
    return f"title = {title}\ncouncil = {council}\nas_of = {book.as_of.isoformat()}\n"
