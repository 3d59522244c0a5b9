"""Codes of local authorities: what a county is made of, and what became of former ones.

The table beside this file, ``authorities.csv``, holds facts about England as they stood in November
2025: codes, names, the county of each district, and the successors of codes that have ended. Its
sources are the Office for National Statistics' Code History Database and its look-up from local
authority districts to counties, both under the Open Government Licence v3.0.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib import resources

from matcher.errors import MatcherError

_SUGGESTED = 3
_KINDS = re.compile(r"\b(the|county|city|borough|district|metropolitan|council|of|london)\b")


@dataclass(frozen=True)
class Authority:
    """One code of the table.

    Parameters
    ----------
    name
        What the authority is or was called.
    parts
        The authorities that postcodes carry today: itself, a county's districts, or the
        successors of one that has ended.
    is_current
        Whether the code is still in use.
    """

    name: str
    parts: tuple[str, ...]
    is_current: bool


@cache
def _table() -> dict[str, Authority]:
    """Return every code of the table."""
    text = resources.files("matcher.geography").joinpath("authorities.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    districts: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["county"]:
            districts[row["county"]].append(row["code"])
    return {
        row["code"]: Authority(
            row["name"],
            tuple(row["successors"].split("|") if ended else districts[row["code"]])
            or (row["code"],),
            is_current=not ended,
        )
        for row in rows
        for ended in [bool(row["successors"])]
    }


def authority_name(code: str) -> str | None:
    """Return what an English authority is or was called; None where the table has no such code."""
    known = _table().get(code)
    return None if known is None else known.name


def parts_of(code: str) -> tuple[str, ...] | None:
    """Return the codes that postcodes carry today for what a code means or meant, sorted.

    Itself for a district or a unitary authority, its districts for a county, and for a code that
    has ended its successors. None where the table, which is of England, has no such code.
    """
    known = _table().get(code)
    return None if known is None else known.parts


def unknown_authority(code: str, known: Collection[str]) -> MatcherError:
    """Return the error for a code that no postcode carries and the table does not hold.

    Parameters
    ----------
    code
        The code asked for, or whatever stands in its place, such as a name.
    known
        The codes that postcodes carry.
    """
    near = _of_that_name(code) or _like_it(code, known)
    hint = f" Close codes are {', '.join(map(_named, near))}." if near else ""
    return MatcherError(
        f"Local authority {code!r} has no postcodes on the National Grid;"
        f" a code such as E06000059 (Dorset) is expected.{hint}",
        thing="local authority",
        value=code,
        expected="a local authority code such as E06000059",
    )


def _like_it(code: str, known: Collection[str]) -> list[str]:
    codes = sorted({*known, *_table()})
    return difflib.get_close_matches(code.strip().upper(), codes, n=_SUGGESTED)


def _of_that_name(text: str) -> list[str]:
    """Return the codes in use of authorities called nearly as the text says."""
    codes: dict[str, list[str]] = defaultdict(list)
    for code, authority in _table().items():
        if authority.is_current:
            codes[_plain(authority.name)].append(code)
    names = difflib.get_close_matches(_plain(text), codes, n=_SUGGESTED, cutoff=0.8)
    return [code for name in names for code in codes[name]][:_SUGGESTED]


def _plain(name: str) -> str:
    """Return a name without the words that say what kind of authority it is."""
    return " ".join(_KINDS.sub(" ", name.casefold()).split())


def _named(code: str) -> str:
    name = authority_name(code)
    return code if name is None else f"{code} ({name})"
