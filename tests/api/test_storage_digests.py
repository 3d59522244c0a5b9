"""Tests of what digests cover: every table and column, but those listed with a reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Column, Date, Integer, select, update
from sqlalchemy.orm import Session

from api.storage.anchoring import anchor
from api.storage.chain import read_chain
from api.storage.digests import HELD, LEFT_OUT, NOUNS, UNTOLD, Held
from api.storage.proving import row_faults
from api.storage.record import SOFTWARE
from api.tables import Base, Moment, Packed, RequestRow
from tests.api.attacks import KEYS, lived, session
from tests.api.auditing import proof
from tests.api.desk import Desk

__all__ = ["lived", "session"]
"""Fixtures of all attacks."""


def test_every_table_is_held_or_excused_and_has_a_name() -> None:
    """A table that is added is held; it needs a word by which faults call its rows."""
    tables = Base.metadata.tables
    assert HELD.keys() | UNTOLD.keys() == tables.keys()
    assert HELD.keys() & UNTOLD.keys() == set()
    assert NOUNS.keys() == HELD.keys()


def test_every_excuse_is_of_a_column_and_gives_a_reason() -> None:
    """A column that is added is held; one that is left out is there, no key, and says why."""
    for table, columns in LEFT_OUT.items():
        known = Base.metadata.tables[table].columns
        for name, reason in columns.items():
            assert not known[name].primary_key
            assert len(reason.split()) > 4
    held = {name: {c.name for c in each.columns.values()} for name, each in HELD.items()}
    for table, names in held.items():
        assert names | LEFT_OUT.get(table, {}).keys() == {
            *Base.metadata.tables[table].columns.keys()
        }


def another(session: Session, column: Column[Any], value: Any) -> Any:
    """Return another value that a column may hold; the same where there is none."""
    kind = column.type
    for key in column.foreign_keys:
        others = session.scalars(select(key.column).where(key.column != value).limit(1)).all()
        return others[0] if others else (None if column.nullable else value)
    if isinstance(kind, Moment):
        return (value or datetime(2026, 4, 1).astimezone()) + timedelta(microseconds=1)
    if isinstance(kind, Date):
        return (value or date(2026, 4, 1)) + timedelta(days=1)
    plain = {
        JSON: {"other": [1]},
        Packed: [{"other": 1}],
        Boolean: not value,
        Integer: 2 if value == 1 else 1,
    }
    return next((made for of, made in plain.items() if isinstance(kind, of)), f"{value or ''}x")


def changes(session: Session, held: Held) -> Iterator[tuple[str, Any, list[Any]]]:
    """Yield each column of one row that can be another, with what it is made to be."""
    named = [column.label(name) for name, column in held.columns.items()]
    row = session.execute(select(*named).limit(1)).one()
    this = [key == getattr(row, key.name) for key in held.table.primary_key]
    for name, column in held.columns.items():
        value = getattr(row, name)
        other = another(session, column, value)
        if not column.primary_key and other != value:
            yield name, other, this


@pytest.mark.parametrize("table", HELD)
def test_each_column_of_each_table_is_held(session: Session, table: str) -> None:
    """One that is another by the least that it can be is found, and named."""
    held, chain = HELD[table], read_chain(session, KEYS)
    tried = 0
    for name, other, row in list(changes(session, held)):
        with session.begin_nested() as point:
            changed = {held.columns[name]: other}
            session.execute(update(held.table).where(*row).values(changed))
            (told,) = row_faults(session, chain)[1]
            assert f"{name} is " in told
            point.rollback()
        tried += 1
    assert tried >= len(held.columns) - len(held.table.primary_key) - 3


@pytest.mark.parametrize("table", LEFT_OUT)
def test_what_is_left_out_is_not_held(session: Session, table: str) -> None:
    """Otherwise a lease that is renewed would be a fault."""
    held, chain = HELD[table], read_chain(session, KEYS)
    for name in LEFT_OUT[table]:
        column = held.table.columns[name]
        value = session.scalar(select(column).limit(1))
        session.execute(update(held.table).values({name: another(session, column, value)}))
    assert row_faults(session, chain)[1] == []


def test_rows_are_changed_one_by_one(desk: Desk) -> None:
    """A statement that changes many would leave no digests, so it is refused."""
    with (
        pytest.raises(LookupError, match="Rows of requests"),
        desk.record.writing(SOFTWARE) as writing,
    ):
        writing.session.execute(update(RequestRow).values(state="ended"))
    with desk.record.reading() as session:
        states = Counter(session.scalars(select(RequestRow.state)))
    assert states["ended"] == 0


def test_a_change_without_a_line_gets_one(desk: Desk) -> None:
    """Whatever was forgotten to be told is told at least as changed; a failed change is not."""
    anchor(desk.record, SOFTWARE)
    with desk.record.writing(SOFTWARE) as writing:
        writing.session.get_one(RequestRow, "R-101").key_worker = "worker-7"
    assert proof(desk).faults == []
    with desk.record.reading() as session:
        told = read_chain(session, desk.record.keys)
    assert told.rows["requests/R-101"][0] == told.lines
