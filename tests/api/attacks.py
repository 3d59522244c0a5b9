"""What attacks on the record share: a signed record where much was done, and changes that undo."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.storage.chain import AuditKey, AuditKeys
from api.storage.proving import prove
from api.storage.seals import Seal, make_seal
from matcher.geography import Gazetteer
from tests.api.auditing import SECRET, live, signed_desk
from tests.api.conftest import DATABASES, settings_at
from tests.api.desk import Desk
from tests.api.postgresql import TEMPLATE

Attack = Callable[[Session], None]
KEYS = AuditKeys(AuditKey(SECRET))
BED, ENDED = "IPO-000001", "IPO-000002"


@pytest.fixture(scope="module", params=DATABASES)
def lived(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, gazetteer: Gazetteer
) -> Iterator[Desk]:
    """Give a signed record where much was done, on SQLite and on PostgreSQL."""

    @contextmanager
    def copied() -> Iterator[str]:
        path = tmp_path_factory.mktemp("lived") / "book.db"
        shutil.copy(request.getfixturevalue("loaded_file"), path)
        yield f"sqlite:///{path}"

    is_file = request.param == "sqlite"
    lent = copied() if is_file else request.getfixturevalue("loaded_server").lent(TEMPLATE)
    with lent as url:
        desk = signed_desk(settings_at(url), gazetteer)
        live(desk)
        yield desk
        desk.close()


@pytest.fixture
def session(lived: Desk) -> Iterator[Session]:
    """Give a transaction that goes past the service, and is undone."""
    with Session(lived.record.engine, expire_on_commit=False) as given:
        yield given
        given.rollback()


@pytest.fixture
def seal(session: Session, lived: Desk) -> Seal:
    """Give a seal of the record as it is right."""
    return make_seal(session, KEYS, lived.record.clock.now())


def found(session: Session, *seals: Seal, keys: AuditKeys = KEYS) -> list[str]:
    """Return every fault."""
    session.flush()
    return prove(session, keys, seals).faults


def first(session: Session, kind: Any, *where: Any) -> Any:
    """Return one row of a table."""
    return session.scalars(select(kind).where(*where).limit(1)).one()


def changing(kind: Any, column: str, value: Any, *where: Any) -> Attack:
    """Return an attack that changes one column of one row."""

    def attack(session: Session) -> None:
        row = first(session, kind, *where)
        before = getattr(row, column)
        setattr(row, column, value(before) if callable(value) else value)
        assert getattr(row, column) != before

    return attack


def a_later(moment: Any) -> Any:
    """Return a day, or a moment, somewhat later."""
    return moment + timedelta(days=7)
