"""Tests of what the tables do themselves: moments in UTC, documents as they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from api.tables import HistoryRow, Moment, ReplayRow
from tests.api.desk import Desk

MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 2), max_value=datetime(2100, 1, 1), timezones=st.timezones()
)


@given(MOMENTS)
def test_a_moment_is_the_same_wherever_it_was_told(moment: datetime) -> None:
    """Whatever the time zone, the same moment comes back, in UTC."""
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        kept = Moment().process_bind_param(moment, dialect)
        read = Moment().process_result_value(kept, dialect)
        # In UTC: moments of an hour that the clocks skip or repeat equal none of another zone.
        assert read == moment.astimezone(UTC)
        assert read is not None
        assert read.tzinfo is UTC
        assert Moment().process_result_value(None, dialect) is None


@pytest.mark.parametrize("hours", [-11, 0, 1, 14])
def test_moments_sort_by_when_they_were(desk: Desk, hours: int) -> None:
    """The database compares moments, not how they were written."""
    zone = timezone(timedelta(hours=hours))
    first = datetime(2026, 4, 1, 12, tzinfo=zone)
    with desk.record.bare_writing() as session:
        for number in range(3):
            row = ReplayRow(
                caller="x",
                key=str(number),
                asked_sha256="",
                made_at=first + timedelta(minutes=number),
                body="",
            )
            session.add(row)
    later = select(ReplayRow.key).where(ReplayRow.made_at > first.astimezone(UTC))
    with desk.record.reading() as session:
        assert sorted(session.scalars(later)) == ["1", "2"]


def test_nobody_is_told_of_who_is_not_there(desk: Desk) -> None:
    """A line about an unknown provider is refused by the database itself."""
    from sqlalchemy.exc import IntegrityError

    row = HistoryRow(provider_id="nobody", offered_on=desk.record.clock.today(), outcome="accepted")
    with pytest.raises(IntegrityError), desk.record.bare_writing() as session:
        session.add(row)
