"""Now and today, and the clocks of brokerage in working hours with bank holidays (H22)."""

from __future__ import annotations

import time as timing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from matcher.calendar import is_working_day

TOLD_FOR_SECONDS, SLOW_SECONDS = 15.0, 1.0
"""So long the database's clock is believed before it is asked again, and an answer may take."""
LONDON = ZoneInfo("Europe/London")
RESPOND_HOURS, FIND_HOURS, SERVICE_HOURS = 24, 24, 72
"""Working hours to respond to a referral, to find homecare, and until the service is received, as
Calderdale publishes them (H22); those to collate replies are a setting."""


class DatabaseClock:
    """The clock of the database, by which processes agree however their machines' clocks differ.

    Asked once in a while; between, its time goes on by a clock of this machine that nobody can set.
    """

    def __init__(self) -> None:
        self._told: tuple[datetime, float] | None = None

    @property
    def is_asked_for(self) -> bool:
        """Whether it has to be asked again."""
        return self._told is None or elapsed() - self._told[1] > TOLD_FOR_SECONDS

    def tell(self, moment: datetime, asked_at: float) -> None:
        """Take over what it told.

        Parameters
        ----------
        moment
            What it told.
        asked_at
            When it was asked, as `elapsed` says. An answer that took long may be of any moment
            between, so it counts only where there is none yet.
        """
        if self._told is None or elapsed() - asked_at <= SLOW_SECONDS:
            self._told = moment.astimezone(UTC), asked_at

    def now(self) -> datetime | None:
        """Return its moment; ``None`` where it was never asked: SQLite has none of its own."""
        if self._told is None:
            return None
        moment, asked_at = self._told
        return moment + timedelta(seconds=elapsed() - asked_at)


def elapsed() -> float:
    """Return seconds on a clock that nobody sets, and that goes on while the machine sleeps."""
    if hasattr(timing, "CLOCK_BOOTTIME"):
        return timing.clock_gettime(timing.CLOCK_BOOTTIME)
    return timing.monotonic()


@dataclass(frozen=True)
class Clock:
    """Tells what day and moment it is, and counts working hours.

    Parameters
    ----------
    day
        Stands for today where it is not the real day; the time of day stays the real one.
    day_start, day_end
        First and last hour of a working day, in London.
    database
        The database's clock, which counts where there is one.
    """

    day: date | None = None
    day_start: int = 9
    day_end: int = 17
    database: DatabaseClock = field(default_factory=DatabaseClock, compare=False)

    def now(self) -> datetime:
        """Return this moment, in UTC."""
        return self.database.now() or self.own()

    def own(self) -> datetime:
        """Return this moment by the clock of this machine, in UTC."""
        return datetime.now(UTC)

    @property
    def seconds_ahead(self) -> float | None:
        """How far this machine's clock is ahead of the database's; ``None`` where that has none."""
        told = self.database.now()
        return None if told is None else (self.own() - told).total_seconds()

    def today(self) -> date:
        """Return the day that everything counts from, in London."""
        return self.now().astimezone(LONDON).date() if self.day is None else self.day

    def after_working_hours(self, moment: datetime, hours: float) -> datetime:
        """Return the moment by which so many working hours have passed, in UTC.

        Parameters
        ----------
        moment
            When the clock starts; outside working hours it waits for the next working hour.
        hours
            Working hours, not negative.
        """
        at, left = moment.astimezone(LONDON), timedelta(hours=hours)
        while True:
            opens, closes = self._hours_of(at.date())
            at = max(at, opens)
            # Compared as moments: a working day may lose or gain an hour by the clock.
            room = closes.astimezone(UTC) - at.astimezone(UTC)
            if is_working_day(at.date()) and at < closes:
                if left <= room:
                    return at.astimezone(UTC) + left
                left -= room
            at = datetime.combine(at.date() + timedelta(days=1), time(), LONDON)

    def opening_of(self, day: date, said_at: datetime) -> datetime:
        """Return the first working hour of a day, in UTC, whether anybody works on it or not.

        Where another day stands for today, moments are real all the same: days count from today.

        Parameters
        ----------
        day
            The day.
        said_at
            When the day was said.
        """
        if self.day is not None:
            day = said_at.astimezone(LONDON).date() + (day - self.day)
        opens, _ = self._hours_of(day)
        return opens.astimezone(UTC)

    def _hours_of(self, day: date) -> tuple[datetime, datetime]:
        midnight = datetime.combine(day, time(), LONDON)
        return midnight + timedelta(hours=self.day_start), midnight + timedelta(hours=self.day_end)


def end_of_day(day: date, now: datetime, today: date) -> datetime:
    """Return the midnight in London by which a day is over, in UTC.

    Where another day stands for today, moments are real all the same: days count from today.
    """
    following = now.astimezone(LONDON).date() + (day - today) + timedelta(days=1)
    return datetime.combine(following, time(), LONDON).astimezone(UTC)
