"""The postcode: what people type, brought to one spelling or refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from matcher.errors import PostcodeError

# Royal Mail's shapes A9, A99, AA9, AA99, A9A and AA9A, each position with the letters ever in use.
_OUTWARD = (
    r"[A-PR-UWYZ](?:[0-9]{1,2}|[0-9][A-HJKMNPR-Y]"
    r"|[A-HK-Y][0-9](?:[0-9]|[ABEHMNPRV-Y])?)"
)
_INWARD = r"[0-9][ABD-HJLNP-UW-Z]{2}"
_SHAPE = re.compile(rf"{_OUTWARD} {_INWARD}|GIR 0AA")
_OUTWARD_ONLY = re.compile(_OUTWARD)
_SECTOR_ONLY = re.compile(rf"(?:{_OUTWARD})\s+[0-9]")
_AREA = re.compile(r"[A-Z]+")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_MISTAKEN = {"O": "0", "0": "O", "I": "1", "1": "I"}
_SHORTEST, _LONGEST = 5, 7
_SHOWN = 40
_EXPECTED = "a full postcode such as DT1 1XJ"


def are_postcodes(texts: Sequence[str]) -> NDArray[np.bool_]:
    """Say of each of many texts whether it is a postcode in its usual spelling, [texts]."""
    matches = map(_SHAPE.fullmatch, texts)
    return np.fromiter(map(bool, matches), np.bool_, len(texts))


@dataclass(frozen=True, order=True, slots=True)
class Postcode:
    """A full United Kingdom postcode in its usual spelling, such as ``DT1 1XJ``.

    Parameters
    ----------
    text
        Upper case, one space before the last three characters. Use `parse` for what people type.

    Raises
    ------
    PostcodeError
        When the text is not spelt exactly so.
    """

    text: str

    def __post_init__(self) -> None:
        if not (isinstance(self.text, str) and _SHAPE.fullmatch(self.text)):
            raise _refusal(self.text)

    @classmethod
    def parse(cls, text: str) -> Postcode:
        """Read a postcode as people type it: any case, any spacing.

        Raises
        ------
        PostcodeError
            When the text is no full postcode; the message says why and, for a letter typed for a
            digit or a digit for a letter, what was probably meant.
        """
        if not isinstance(text, str):
            raise _refusal(text)
        if _SHAPE.fullmatch(text):
            return cls(text)
        spelling = _respell(_compact(text))
        if not _SHAPE.fullmatch(spelling):
            raise _refusal(text)
        return cls(spelling)

    @property
    def outward(self) -> str:
        """Return the part before the space, ``DT1``: roughly a town or part of one."""
        return self.text[:-4]

    @property
    def sector(self) -> str:
        """Return the outward code and the digit after the space, ``DT1 1``."""
        return self.text[:-2]

    @property
    def area(self) -> str:
        """Return the leading letters, ``DT``."""
        letters = _AREA.match(self.text)
        assert letters is not None  # every accepted shape opens with a letter
        return letters.group()

    def __str__(self) -> str:
        return self.text

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let pydantic fields accept a Postcode or a text, and write a text."""
        return core_schema.no_info_plain_validator_function(
            _validate,
            json_schema_input_schema=core_schema.str_schema(min_length=_SHORTEST),
            serialization=core_schema.plain_serializer_function_ser_schema(
                str, return_schema=core_schema.str_schema()
            ),
        )


def _validate(value: object) -> Postcode:
    """Turn our refusal into the kind of error that pydantic collects."""
    if isinstance(value, Postcode):
        return value
    try:
        return Postcode.parse(value)  # type: ignore[arg-type]  # parse refuses other types itself
    except PostcodeError as error:
        raise PydanticCustomError("postcode", "{reason}", {"reason": str(error)}) from error


def _compact(text: str) -> str:
    """Drop every space, visible or not, and raise to upper case."""
    shown = "".join(text.translate(_INVISIBLE).split())
    # Raising "ß" or "ı" would make ASCII letters out of letters that nobody meant.
    return shown.upper() if shown.isascii() else shown


def _respell(compact: str) -> str:
    """Put the one space where it belongs."""
    return f"{compact[:-3]} {compact[-3:]}"


def _refusal(value: object) -> PostcodeError:
    """Build the error for a value that is no full postcode."""
    if not isinstance(value, str):
        message = f"A postcode must be text, not {type(value).__name__} {value!r}."
    elif not _compact(value):
        message = f"The postcode is empty; {_EXPECTED} is needed."
    else:
        shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}..."
        message = f"{shown!r} is not a postcode: {_reason(value)}."
    return PostcodeError(message, thing="postcode", value=value, expected=_EXPECTED)


def _reason(text: str) -> str:
    """Say in plain words what is wrong with a text that is no postcode."""
    compact = _compact(text)
    if _SHAPE.fullmatch(_respell(compact)):
        return f"the usual spelling is {_respell(compact)}"
    return (
        _wrong_characters(compact)
        or _only_a_part(text, compact)
        or _likely_slip(compact)
        or _wrong_length(compact)
        or _wrong_inward(compact[-3:])
        or f"its first part, {compact[:-3]}, has not the shape of one, such as M1, DT1 or SW1A"
    )


def _wrong_characters(compact: str) -> str | None:
    strangers = [c for c in compact if not (c.isascii() and c.isalnum())]
    if not strangers:
        return None
    return f"it holds {strangers[0]!r}, where only letters, digits and spaces may stand"


def _only_a_part(text: str, compact: str) -> str | None:
    if _SECTOR_ONLY.fullmatch(text.strip().upper()) or _OUTWARD_ONLY.fullmatch(compact):
        part = text.strip().upper()
        return f"{part} is only the first part of one; a full postcode such as DT1 1XJ is needed"
    return None


def _likely_slip(compact: str) -> str | None:
    """Suggest the nearest postcode with letters O, I and digits 0, 1 exchanged."""
    if not _SHORTEST <= len(compact) <= _LONGEST:
        return None
    places = [i for i, c in enumerate(compact) if c in _MISTAKEN]
    for count in range(1, len(places) + 1):
        for chosen in combinations(places, count):
            swapped = "".join(_MISTAKEN[c] if i in chosen else c for i, c in enumerate(compact))
            if _SHAPE.fullmatch(_respell(swapped)):
                return f"letters O, I and digits 0, 1 seem mixed up; try {_respell(swapped)}"
    return None


def _wrong_length(compact: str) -> str | None:
    if len(compact) < _SHORTEST:
        problem = "too short"
    elif len(compact) > _LONGEST:
        problem = "too long"
    else:
        return None
    return (
        f"it is {problem} at {len(compact)} letters and digits;"
        f" a postcode has {_SHORTEST} to {_LONGEST}"
    )


def _wrong_inward(inward: str) -> str | None:
    if not (inward[0].isdigit() and inward[1:].isalpha()):
        return f"its last three characters, {inward}, must be a digit and two letters"
    never = [c for c in inward[1:] if c in "CIKMOV"]
    if never:
        return f"it ends in {inward}, but the last two letters are never {never[0]}"
    return None
