"""Tests of when the requests of a loaded book came in: their clocks start then (H22)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from api.clocks import Clock
from api.storage.books import load
from api.storage.migrating import migrate
from api.storage.record import Record
from api.tables import RequestRow
from matcher.files import BookFolder
from matcher.geography import Gazetteer
from matcher.market import Market
from tests.api.conftest import settings_at


class EarlyClock(Clock):
    """A clock on an early morning in June."""

    def now(self) -> datetime:
        """Return that moment."""
        return datetime(2026, 6, 15, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "received_at"),
    [
        ("2026-06-01", "2026-06-01T08:00+01:00"),  # in summer, where work begins at eight
        ("2026-03-20", "2026-03-20T08:00+00:00"),  # in winter
        ("2026-06-15", "2026-06-15T06:30+01:00"),  # today, before work begins: when it was loaded
        (None, "2026-06-15T06:30+01:00"),
    ],
)
def test_a_loaded_request_came_in_when_work_began(
    empty_url: str, sample: BookFolder, gazetteer: Gazetteer, since: str | None, received_at: str
) -> None:
    """By the clock in London and the council's hours, and never after it was loaded (H22)."""
    record = Record(settings_at(empty_url), EarlyClock(day_start=8))
    migrate(record.engine)
    waiting_since = None if since is None else date.fromisoformat(since)
    request = sample.book.requests[0].model_copy(update={"waiting_since": waiting_since})
    book = sample.book.model_copy(update={"requests": (request,), "running": (), "history": ()})
    folder = BookFolder(book, sample.policy, None, ())
    load(record, folder, Market(book, sample.policy, gazetteer))
    with record.reading() as session:
        found = session.scalars(select(RequestRow.received_at)).one()
    record.close()
    assert found == datetime.fromisoformat(received_at)
