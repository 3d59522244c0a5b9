"""Tests of clocks: working hours over nights, weekends, bank holidays and clock changes (H22)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import clocks
from api.clocks import (
    LONDON,
    SLOW_SECONDS,
    TOLD_FOR_SECONDS,
    Clock,
    DatabaseClock,
    end_of_day,
    is_working_day,
)

CLOCK = Clock()
moments = st.datetimes(
    min_value=datetime(2020, 1, 1), max_value=datetime(2035, 12, 31), timezones=st.just(UTC)
)
spans = st.floats(min_value=0, max_value=200, allow_nan=False)


def london(text: str) -> datetime:
    """Return a moment by a clock in London."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


def after(text: str, hours: float, clock: Clock = CLOCK) -> str:
    """Return, by a clock in London, when so many working hours have passed."""
    found = clock.after_working_hours(london(text), hours)
    assert found.tzinfo is UTC
    return found.astimezone(LONDON).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-04-13 10:00", 1, "2026-04-13 11:00"),  # within a Monday
        ("2026-04-13 10:00", 7, "2026-04-13 17:00"),  # only just that day
        ("2026-04-13 10:00", 7.5, "2026-04-14 09:30"),  # the rest of it on the next
        ("2026-04-13 10:00", 24, "2026-04-16 10:00"),  # three working days
        ("2026-04-13 10:00", 72, "2026-04-24 10:00"),  # nine, over a weekend
        ("2026-04-13 07:00", 1, "2026-04-13 10:00"),  # waits for the morning
        ("2026-04-13 19:00", 1, "2026-04-14 10:00"),  # waits for the next one
        ("2026-04-13 17:00", 1, "2026-04-14 10:00"),  # the day is over on the hour
        ("2026-04-13 16:59", 0, "2026-04-13 16:59"),  # no hours take no time
    ],
)
def test_hours_are_counted_on_working_days(start: str, hours: float, end: str) -> None:
    """Eight hours a day, from nine to five."""
    assert after(start, hours) == end


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-04-10 16:00", "2026-04-13 10:00"),  # Friday afternoon: one hour then, one on Monday
        ("2026-04-11 12:00", "2026-04-13 11:00"),  # Saturday
        ("2026-04-12 23:59", "2026-04-13 11:00"),  # Sunday night
    ],
)
def test_weekends_do_not_count(start: str, end: str) -> None:
    """A clock that starts at a weekend waits for Monday morning."""
    assert after(start, 2) == end


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-04-02 16:00", "2026-04-07 10:00"),  # Good Friday and Easter Monday
        ("2026-05-01 16:00", "2026-05-05 10:00"),  # early May
        ("2026-12-24 16:00", "2026-12-29 10:00"),  # Boxing Day on a Saturday moves to Monday
        ("2027-12-31 16:00", "2028-01-04 10:00"),  # New Year's Day on a Saturday, in another year
    ],
)
def test_bank_holidays_do_not_count(start: str, end: str) -> None:
    """Bank holidays of England are no working days, wherever they fall."""
    assert after(start, 2) == end


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-04-01", True),  # the Wednesday of the sample book
        ("2026-04-03", False),  # Good Friday
        ("2026-04-04", False),  # a Saturday
        ("2026-04-06", False),  # Easter Monday, no bank holiday in Scotland
        ("2026-11-30", True),  # St Andrew's Day, which is one only there
        ("2026-03-17", True),  # St Patrick's Day, which is one only in Northern Ireland
    ],
)
def test_which_days_are_working_days(day: str, works: bool) -> None:
    """Those from Monday to Friday that are no bank holiday in England."""
    assert is_working_day(date.fromisoformat(day)) is works


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-27 16:00", "2026-03-30 10:00"),  # the clocks go forward on Sunday 29 March
        ("2026-10-23 16:00", "2026-10-26 10:00"),  # and back on Sunday 25 October
    ],
)
def test_working_hours_follow_the_clock_on_the_wall(start: str, end: str) -> None:
    """Offices open at nine by the clock, before and after it changes."""
    assert after(start, 2) == end


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 3, 29), 23),  # one hour short
        (date(2026, 10, 25), 25),  # one hour long
        (date(2026, 4, 1), 24),
    ],
)
def test_a_day_around_the_clock_has_the_hours_that_it_has(
    day: date, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where work goes on day and night, the short day is short and the long one long."""
    monkeypatch.setattr("api.clocks.is_working_day", lambda day: True)
    midnight = datetime(day.year, day.month, day.day, tzinfo=LONDON)
    found = Clock(day_start=0, day_end=24).after_working_hours(midnight, hours)
    assert found.astimezone(LONDON).replace(tzinfo=None) == datetime(
        day.year, day.month, day.day
    ) + timedelta(days=1)


def test_other_office_hours_count_otherwise() -> None:
    """Hours of a working day are settings of the council."""
    assert after("2026-04-13 08:00", 10, Clock(day_start=8, day_end=18)) == "2026-04-13 18:00"
    assert after("2026-04-13 08:00", 10, Clock(day_start=8, day_end=17)) == "2026-04-14 09:00"


@given(moments, spans)
def test_a_clock_ends_within_working_hours(moment: datetime, hours: float) -> None:
    """Whenever it starts and however long it runs, it ends on a working day from nine to five."""
    found = CLOCK.after_working_hours(moment, hours)
    there = found.astimezone(LONDON)
    assert found >= moment
    assert is_working_day(there.date())
    opens = there.replace(hour=9, minute=0, second=0, microsecond=0)
    assert opens <= there <= opens.replace(hour=17)


@given(moments, spans, spans)
def test_more_hours_never_end_sooner(moment: datetime, fewer: float, more: float) -> None:
    """A longer clock ends no earlier than a shorter one."""
    fewer, more = sorted((fewer, more))
    assert CLOCK.after_working_hours(moment, fewer) <= CLOCK.after_working_hours(moment, more)


@given(moments, moments, spans)
def test_a_later_start_never_ends_sooner(one: datetime, other: datetime, hours: float) -> None:
    """Who asks later is not answered earlier."""
    first, second = sorted((one, other))
    assert CLOCK.after_working_hours(first, hours) <= CLOCK.after_working_hours(second, hours)


@given(moments, st.integers(0, 100), st.integers(0, 100))
def test_hours_add_up(moment: datetime, some: int, rest: int) -> None:
    """Some hours, and the rest from there on, are all of them together."""
    on_the_way = CLOCK.after_working_hours(moment, some)
    apart = CLOCK.after_working_hours(on_the_way, rest)
    assert apart == CLOCK.after_working_hours(moment, some + rest)


def test_today_is_the_day_that_is_set() -> None:
    """Demonstrations with an old book take its day for today; the hour stays the real one."""
    day = date(2026, 4, 1)
    assert Clock(day).today() == day
    assert abs(Clock(day).now() - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("moment", "today"),
    [
        (datetime(2026, 7, 1, 22, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 1, 23, 0, tzinfo=UTC), date(2026, 7, 2)),  # past midnight in London
        (datetime(2026, 12, 1, 23, 59, tzinfo=UTC), date(2026, 12, 1)),  # not in winter
    ],
)
def test_today_begins_at_midnight_in_london(
    moment: datetime, today: date, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In summer the day begins an hour before it does in UTC."""
    monkeypatch.setattr(Clock, "now", lambda self: moment)
    assert Clock().today() == today


@pytest.mark.parametrize(
    ("day", "over"),
    [
        (date(2026, 7, 1), "2026-07-02T00:00+01:00"),  # today
        (date(2026, 7, 3), "2026-07-04T00:00+01:00"),
        (date(2026, 10, 25), "2026-10-26T00:00+00:00"),  # the day on which summer time ends
    ],
)
def test_a_day_is_over_at_midnight_in_london(day: date, over: str) -> None:
    """Not at midnight in UTC, and not a number of hours from now."""
    now, today = datetime(2026, 7, 1, 12, tzinfo=UTC), date(2026, 7, 1)
    assert end_of_day(day, now, today) == datetime.fromisoformat(over)


def test_days_to_come_count_from_the_day_that_is_set() -> None:
    """Where an old day stands for today, ten days on are ten real days on."""
    now = datetime(2026, 7, 1, 22, 59, tzinfo=UTC)
    found = end_of_day(date(2024, 4, 11), now, date(2024, 4, 1))
    assert found == datetime(2026, 7, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "start", "opens"),
    [
        (date(2026, 6, 1), 9, "2026-06-01T09:00+01:00"),  # summer time
        (date(2026, 12, 1), 9, "2026-12-01T09:00+00:00"),
        (date(2026, 3, 29), 9, "2026-03-29T09:00+01:00"),  # summer time begins in that night
        (date(2026, 10, 25), 9, "2026-10-25T09:00+00:00"),  # and ends in that one
        (date(2026, 6, 1), 7, "2026-06-01T07:00+01:00"),  # where work begins at seven
        (date(2026, 4, 3), 9, "2026-04-03T09:00+01:00"),  # Good Friday: a day all the same
    ],
)
def test_a_day_opens_with_its_first_working_hour(day: date, start: int, opens: str) -> None:
    """By the clock in London and the council's setting, whatever the season."""
    found = Clock(day_start=start).opening_of(day, datetime(2026, 1, 1, tzinfo=UTC))
    assert found == datetime.fromisoformat(opens)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("day", "opens"),
    [
        (date(2024, 4, 1), "2026-07-02T09:00+01:00"),  # today
        (date(2024, 3, 22), "2026-06-22T09:00+01:00"),
        (date(2024, 4, 11), "2026-07-12T09:00+01:00"),
    ],
)
def test_a_day_opens_as_far_from_the_day_that_is_set(day: date, opens: str) -> None:
    """Where an old day stands for today, ten days on or back are ten real days on or back."""
    said_at = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)  # past midnight in London
    found = Clock(date(2024, 4, 1)).opening_of(day, said_at)
    assert found == datetime.fromisoformat(opens)


class Passing:
    """Seconds that pass as a test says."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Passing:
    """Give the clock that nobody sets, to be moved by the test."""
    found = Passing()
    monkeypatch.setattr(clocks, "elapsed", found)
    return found


def test_the_clock_of_the_database_counts(passing: Passing) -> None:
    """However the machine's own is set, then or later."""
    clock, noon = Clock(), datetime(2026, 4, 1, 12, tzinfo=UTC)
    assert clock.seconds_ahead is None
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)  # nobody was asked yet
    clock.database.tell(noon, passing())
    assert clock.now() == noon
    assert clock.today() == date(2026, 4, 1)
    passing.seconds += 12 * 3600
    assert clock.now() == noon + timedelta(hours=12)
    assert clock.today() == date(2026, 4, 2)  # London's
    assert clock.seconds_ahead is not None
    assert clock.seconds_ahead > 0


def test_the_database_is_asked_again_in_a_while(passing: Passing) -> None:
    """At once, and whenever its last answer is old."""
    told = DatabaseClock()
    assert told.is_asked_for
    told.tell(datetime(2026, 4, 1, tzinfo=UTC), passing())
    assert not told.is_asked_for
    passing.seconds += TOLD_FOR_SECONDS
    assert not told.is_asked_for  # only just not
    passing.seconds += 0.5
    assert told.is_asked_for


@pytest.mark.parametrize(
    ("took", "believed"), [(0.0, True), (SLOW_SECONDS, True), (SLOW_SECONDS + 0.5, False)]
)
def test_an_answer_that_took_long_tells_no_time(
    passing: Passing, took: float, believed: bool
) -> None:
    """A database that was stopped meanwhile told a moment nobody knows how long ago."""
    told, first = DatabaseClock(), datetime(2026, 4, 1, tzinfo=UTC)
    told.tell(first, passing())
    asked_at = passing()
    passing.seconds += took
    told.tell(first + timedelta(days=1), asked_at)
    expected = first + timedelta(seconds=took) + (timedelta(days=1) if believed else timedelta())
    assert told.now() == expected
