"""What each row of the record is held to: which of its columns an audit line vouches for."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Column, Table, null, select
from sqlalchemy.orm import Mapper, Session

from api.tables import Base

UNTOLD: Mapping[str, str] = {
    "audit": "the lines themselves, each held by the chain",
    "replays": "answers to be given again to a call that is sent twice; they decide nothing",
}
"""Tables of which no line tells, each with the reason."""
END_OF_CHAIN = "says where the chain ends, and is held against it by itself"
LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    "record": {
        "terms_version": "counts changes of terms, for what is kept in memory",
        "supply_version": "counts changes of supply, for what is kept in memory",
        "order_count": "counts orders; an order number given twice is refused by the database",
        "audit_count": END_OF_CHAIN,
        "audit_hash": END_OF_CHAIN,
        "audit_key": END_OF_CHAIN,
        "audit_head": END_OF_CHAIN,
    },
    "providers": {"supply_version": "says when memory has to take the provider up anew"},
    "runs": {
        "claim": "which worker has it, renewed without a decision",
        "lease_until": "until when a worker has it, renewed every few seconds",
        "progress": "how far it has come, told every few seconds",
    },
}
"""Columns that change without a decision, by table, each with the reason; all others are held."""
NOUNS: Mapping[str, str] = {
    "record": "The terms of the record",
    "providers": "Provider",
    "requests": "Request",
    "commitments": "Hold or booked capacity",
    "shortlists": "Shortlist",
    "enquiries": "Enquiry",
    "invitations": "Invitation",
    "offers": "Offer",
    "bookings": "Booking",
    "history": "Line of the fairness ledger",
    "runs": "Run",
    "proposals": "Proposal",
    "unplaced": "Reason for not placing",
    "api_keys": "API key",
}
"""What people call one row of each table of which lines tell."""
CHECK_DIGITS = 4
"""Digits by which each column of a digest is found again: enough to name it, not to prove it."""


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"A column holds a {type(value).__name__}, of which no digest is made.")


_text_of = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain).encode


@dataclass(frozen=True)
class Digest:
    """What an audit line keeps of a row: enough to tell later whether it is still the same.

    Parameters
    ----------
    whole
        SHA-256 over every column that is held and not empty, as 64 hexadecimal digits.
    checks
        Four hexadecimal digits for each of these columns, empty ones too, in the order of the
        table: they name the column that is another now.
    """

    whole: str
    checks: str

    def __str__(self) -> str:
        return f"{self.whole} {self.checks}"

    @classmethod
    def of(cls, kept: str) -> Digest:
        """Return a digest that a line keeps."""
        whole, _, checks = kept.partition(" ")
        return cls(whole, checks)


@dataclass(frozen=True)
class Held:
    """A table whose rows are held against the audit.

    Parameters
    ----------
    table
        The table.
    mapper
        By which names its rows have its columns.
    """

    table: Table
    mapper: Mapper[Any]

    @cached_property
    def columns(self) -> Mapping[str, Column[Any]]:
        """The columns that are held, by name: all but those that are left out with a reason."""
        left_out = LEFT_OUT.get(self.table.name, {})
        named = {self.mapper.get_property_by_column(each).key: each for each in self.table.columns}
        return {name: column for name, column in named.items() if name not in left_out}

    @cached_property
    def _of_key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.table.primary_key)

    def name(self, row: Any) -> str:
        """Return by what name lines tell of a row: its table, and its key."""
        return "/".join((self.table.name, *(str(getattr(row, each)) for each in self._of_key)))

    def digest(self, row: Any) -> Digest:
        """Return the digest of a row; an empty column counts like one that is not there."""
        whole, checks = hashlib.sha256(), []
        for name in self.columns:
            value = getattr(row, name)
            text = b"" if value is None else f"{name}={_text_of(value)}\n".encode()
            whole.update(text)
            checks.append(f"{zlib.crc32(text) & 0xFFFF:04x}")
        return Digest(whole.hexdigest(), "".join(checks))

    def changed(self, row: Any, kept: Digest) -> list[str]:
        """Return the columns in which a row is another than its digest says.

        Empty where that cannot be told: the table has other columns by now, or none differs in
        its check digits.
        """
        now, before = self.digest(row).checks, kept.checks
        if len(now) != len(before):
            return []
        starts = range(0, len(now), CHECK_DIGITS)
        pairs = zip(self.columns, starts, strict=True)
        end = CHECK_DIGITS
        return [name for name, at in pairs if now[at : at + end] != before[at : at + end]]


_MAPPERS = {each.class_.__tablename__: each for each in Base.registry.mappers}
HELD: Mapping[str, Held] = {
    table.name: Held(table, _MAPPERS[table.name])
    for table in Base.metadata.sorted_tables
    if table.name not in UNTOLD
}
"""Every table whose rows are held against the audit, by name."""


Columns = Mapping[str, Collection[str]]


def held_rows(session: Session, there: Columns | None = None) -> Iterator[tuple[Held, Any]]:
    """Yield every row that is held against the audit, with its table.

    Parameters
    ----------
    session
        Where to read.
    there
        The columns of each table that the database has, where it may not have the newest; one
        that it has not is read as empty.
    """
    for held in HELD.values():
        for row in rows_of(session, held, there):
            yield held, row


def keys_of(session: Session, held: Held) -> list[Any]:
    """Return the key of every row of one table, as rows of nothing else."""
    return list(session.execute(select(*held.table.primary_key.columns)))


def rows_of(
    session: Session, held: Held, there: Columns | None = None, key: Any = None
) -> Iterator[Any]:
    """Yield every row of one table as `held_rows` does, or the one with a key."""
    own = {each.name for each in held.table.columns}
    known = own if there is None else there.get(held.table.name)
    if known is not None:
        found = (
            (each if each.name in known else null()).label(key)
            for key, each in held.columns.items()
        )
        query = select(*found).select_from(held.table)
        if key is not None:
            columns = held.table.primary_key.columns
            query = query.where(*(each == value for each, value in zip(columns, key, strict=True)))
        yield from session.execute(query).yield_per(500)
