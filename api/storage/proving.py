"""Whether the record is what its audit says: the chain, every row against its line, the guards."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import String, Text, select
from sqlalchemy.orm import Session

from api.storage.chain import AuditKeys, Chain, line_text, moment_text, read_chain
from api.storage.digests import HELD, NOUNS, Columns, Digest, Held, keys_of, rows_of
from api.storage.guards import guard_faults
from api.storage.seals import Seal, seal_faults
from api.tables import AuditRow

MOST_SHOWN = 40
"""Characters of a value that a fault shows; longer ones may be what somebody wrote of a person."""
HIDDEN = {"secret_hash"}
UNREADABLE = (ValueError, TypeError, zlib.error)
"""What values give that are not of the kind of their column: SQLite takes any."""
NO_VALUE = "for what stands in one of its columns is no value of that column"
OUTSIDE = "It was changed outside the service, by somebody who can write to the database."
NO_SECRET = (
    "No CAREMATCH_AUDIT_SECRET is set. Whoever can write to the database can write the whole chain "
    "anew so that it agrees with what was changed; only changes by somebody who did not are found."
)
NO_SEAL = (
    "No seal was given. That the whole database was put back to an earlier state of its own, or "
    "written anew by somebody who has the audit secret, is found only against a seal kept "
    "elsewhere."
)
SEAL_ENDS = (
    "A seal proves the lines up to its own, {number}. What was written later is proved only by the "
    "audit secret, so seal again."
)


@dataclass(frozen=True)
class Proof:
    """What was found of the audit and of what it vouches for.

    Parameters
    ----------
    lines
        How many audit lines there are.
    rows
        How many rows were held against them.
    keyed_from
        From which line on the chain is signed with a secret; ``None`` if it is not.
    faults
        What is wrong, a sentence each.
    limits
        What could not be proved, and why, a sentence each.
    """

    lines: int
    rows: int
    keyed_from: int | None
    faults: list[str]
    limits: list[str]


def prove(session: Session, keys: AuditKeys, seals: Sequence[Seal] = ()) -> Proof:
    """Hold the whole record against its audit.

    Needs a session that sees one moment, for changes may be made meanwhile.

    Parameters
    ----------
    session
        Where to read.
    keys
        The audit secrets that are known.
    seals
        Heads of the chain that were kept elsewhere.
    """
    try:
        chain = read_chain(session, keys)
    except UNREADABLE:
        fault = f"An audit line cannot be read, {NO_VALUE}, so no row was checked. {OUTSIDE}"
        return Proof(0, 0, None, [fault, *guard_faults(session)], [])
    rows, of_rows = row_faults(session, chain)
    held_to_seals = [fault for seal in seals for fault in seal_faults(session, keys, seal)]
    faults = [*chain.faults, *of_rows, *guard_faults(session), *held_to_seals]
    limits = list(_limits(chain, seals))
    return Proof(chain.lines, rows, chain.keyed_from, faults, limits)


# -- rows against lines ------------------------------------------------------------------------


def row_faults(
    session: Session, chain: Chain, there: Columns | None = None
) -> tuple[int, list[str]]:
    """Return how many rows there are, and which are not as the newest line about them says.

    Parameters
    ----------
    session
        Where to read.
    chain
        What was found of the lines.
    there
        The columns that the database has, where it may not have the newest.
    """
    found, others, unreadable = 0, [], []
    left = dict(chain.rows)
    for held in HELD.values() if chain.rows else ():
        for name, row, digest in _named_rows(session, held, there):
            found += 1
            number, kept = left.pop(name, (None, None))
            if digest is None:
                unreadable.append(f"{_noun(name)} cannot be read, {NO_VALUE}. {OUTSIDE}")
            elif digest != kept:
                others.append((held, row, number, kept))
    gone = {name: number for name, (number, kept) in left.items() if kept is not None}
    numbers = {number for _, _, number, _ in others if number} | set(gone.values())
    told = _lines_told(session, numbers)
    faults = [_row_fault(held, row, number, kept, told) for held, row, number, kept in others]
    faults += [
        f"{_noun(name)} is gone from the database. {told[number]} was the last to tell of it, and "
        "none tells that it was taken out. It was deleted outside the service."
        for name, number in sorted(gone.items())
    ]
    return found, unreadable + faults


def _named_rows(
    session: Session, held: Held, there: Columns | None
) -> Iterator[tuple[str, Any, str | None]]:
    """Yield every row of a table by the name that lines have for it, with its digest.

    A row that cannot be read has no digest.
    """
    seen = set()
    try:
        for row in rows_of(session, held, there):
            digest = str(held.digest(row))
            seen.add(held.name(row))
            yield held.name(row), row, digest
    except UNREADABLE:
        # One cell is not to hide what else was done: all others are read one by one.
        for key in keys_of(session, held):
            if held.name(key) not in seen:
                yield held.name(key), *_row_with(session, held, there, key)


def _row_with(
    session: Session, held: Held, there: Columns | None, key: Any
) -> tuple[Any, str | None]:
    try:
        row = next(rows_of(session, held, there, key), None)
        return row, None if row is None else str(held.digest(row))
    except UNREADABLE:
        return None, None


def _row_fault(
    held: Held, row: Any, number: int | None, kept: str | None, told: Mapping[int, str]
) -> str:
    noun = _noun(held.name(row))
    if number is None:
        return (
            f"{noun} stands in the database, but no audit line tells of it{_shown(held, row)}. It "
            "was put in outside the service, or the line about it was taken out."
        )
    if kept is None:
        return (
            f"{noun} stands in the database, although {_lower(told[number])} took it out. It was "
            "put back outside the service."
        )
    columns = held.changed(row, Digest.of(kept))
    what = ", ".join(_value_text(held, row, name) for name in columns) or "which, cannot be told"
    return f"{noun} is not as {_lower(told[number])} left it: {what}. {OUTSIDE}"


def _lines_told(session: Session, numbers: Collection[int]) -> Mapping[int, str]:
    query = select(AuditRow).where(AuditRow.number.in_(sorted(numbers)))
    found = {line.number: line_text(line) for line in session.scalars(query)}
    return {number: found.get(number, f"Line {number}") for number in numbers}


def _noun(name: str) -> str:
    table, _, key = name.partition("/")
    noun = NOUNS.get(table, f"Row of {table}")
    return noun if table == "record" else f"{noun} {key.replace('/', ' of ')}"


def _shown(held: Held, row: Any) -> str:
    words = ("role", "holder", "provider_id", "request_id", "state", "weekly_cost_pence")
    told = [f"{each} {getattr(row, each)}" for each in words if each in held.columns]
    return f" ({', '.join(told)})" if told else ""


def _value_text(held: Held, row: Any, name: str) -> str:
    """Return a column that is another now, with its value where it is short and no secret."""
    value, kind = getattr(row, name), held.columns[name].type
    if value is None:
        return f"{name} is now empty"
    is_text = isinstance(kind, String) and not isinstance(kind, Text)
    is_short = not isinstance(value, str) or (is_text and len(value) <= MOST_SHOWN)
    if name in HIDDEN or isinstance(value, dict | list) or not is_short:
        return f"{name} is another now"
    shown = moment_text(value) if isinstance(value, datetime) else value
    return f"{name} is now {shown.isoformat() if isinstance(shown, date) else shown}"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


# -- what is not proved ------------------------------------------------------------------------


def _limits(chain: Chain, seals: Sequence[Seal]) -> Iterator[str]:
    if not chain.rows and chain.lines:
        yield (
            "No audit line keeps digests of rows yet, so only the chain itself was checked: run "
            "'carematch migrate'."
        )
    if chain.keys.current is None:
        yield NO_SECRET
        if chain.unchecked:
            yield (
                f"{chain.unchecked:,} lines are signed with a secret that is not set here: whether "
                "they say what was written was not checked."
            )
    elif chain.keyed_from is not None and chain.keyed_from > 1:
        moment = moment_text(chain.keyed_at) if chain.keyed_at else ""
        yield (
            f"The chain is signed from line {chain.keyed_from} on, of {moment}. Lines before it "
            "are proved only to stand as they stood then."
        )
    if not seals:
        yield NO_SEAL
    elif max(seal.number for seal in seals) < chain.lines:
        yield SEAL_ENDS.format(number=max(seal.number for seal in seals))
