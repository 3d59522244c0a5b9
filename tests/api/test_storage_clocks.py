"""Tests of processes whose machines' clocks are wrong, and of clocks that are put back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from api.acts import runs
from api.acts.promises import give_back
from api.clocks import Clock
from api.storage.books import dump
from api.storage.record import SOFTWARE, Record
from api.storage.runs import is_work_left
from matcher.files import read_book, write_book
from matcher.geography import Gazetteer
from tests.api.conftest import settings_at
from tests.api.desk import Desk, ok
from tests.api.offering import bed_terms, booked, chosen, faults, holds, recorded
from tests.api.postgresql import TEMPLATE, Server
from tests.api.working import ask, run_of, take, wait_for

Opened = Callable[[timedelta], Desk]


@dataclass(frozen=True)
class WrongClock(Clock):
    """The clock of a machine that is set wrong."""

    wrong: list[timedelta] = field(default_factory=list)

    def own(self) -> datetime:
        """Return what this machine takes for this moment."""
        return super().own() + sum(self.wrong, timedelta())


class WrongDesk(Desk):
    """A desk on a machine whose clock is set wrong."""

    def opened(self) -> Record:
        """Return the record, with that clock."""
        self.clock = WrongClock(day=self.settings.day)
        return Record(self.settings, self.clock)


@contextmanager
def openings(url: str, gazetteer: Gazetteer) -> Iterator[Opened]:
    """Give what opens a desk on one record, on a machine whose clock is so far ahead."""
    desks: list[WrongDesk] = []

    def opening(ahead: timedelta) -> Desk:
        desks.append(WrongDesk(settings_at(url), gazetteer))
        desks[-1].clock.wrong.append(ahead)
        return desks[-1]

    yield opening
    for desk in desks:
        desk.close()


@pytest.fixture
def opened(loaded_url: str, gazetteer: Gazetteer) -> Iterator[Opened]:
    """Give what opens desks on one record, on both databases."""
    with openings(loaded_url, gazetteer) as found:
        yield found


@pytest.fixture
def opened_far(loaded_server: Server, gazetteer: Gazetteer) -> Iterator[Opened]:
    """Give what opens desks on one record on PostgreSQL: those of SQLite are on one machine."""
    with loaded_server.lent(TEMPLATE) as url, openings(url, gazetteer) as found:
        yield found


def add_rival(desk: Desk) -> None:
    """Put somebody on the list who asks for what R-201 asks for."""
    like = desk.get("/v1/requests/R-201")["request"]
    desk.post("/v1/requests", {**like, "request_id": "R-802", "waiting_since": None})


def shown_to_rival(desk: Desk) -> list[str]:
    """Return which homes a new shortlist offers to that person."""
    made = desk.post("/v1/requests/R-802/shortlists", {})
    return [option["provider_id"] for option in made["shortlist"]["options"]]


DAYS = [timedelta(days=1), timedelta(days=400), -timedelta(days=1), timedelta(hours=1)]


@pytest.mark.parametrize("ahead", DAYS)
def test_a_run_is_not_kept_by_a_dead_worker_whose_clock_was_wrong(
    opened: Opened, ahead: timedelta
) -> None:
    """Once its lease is over, or if that is longer than any may be, another takes it up."""
    wrong, right = opened(ahead), opened(timedelta())
    run_id = ask(right)
    assert take(wrong, lease_seconds=30) is not None  # and dies
    later = right.record.clock.now() + timedelta(seconds=31)
    if right.record.engine.dialect.name == "sqlite" and ahead == timedelta(hours=1):
        later += ahead  # as long as any lease may be
    with right.record.reading() as session:
        assert is_work_left(session, later)
    assert run_of(right, run_id).attempts == 1


@pytest.mark.parametrize("ahead", [timedelta(hours=25), -timedelta(hours=25)])
def test_a_lease_is_respected_by_processes_whose_clocks_differ(
    opened_far: Opened, ahead: timedelta
) -> None:
    """By the database's clock; who is not ready by it, and by how much, is told."""
    wrong, right = opened_far(ahead), opened_far(timedelta())
    ask(right)
    assert take(right) is not None
    assert take(wrong) is None
    wait_for(lambda: wrong.client.get("/readyz").is_success)
    told = ok(wrong.client.get("/readyz"))["clock_ahead_seconds"]
    assert told == pytest.approx(ahead.total_seconds(), abs=60)


def test_a_server_whose_clock_is_fast_sells_nothing_that_is_held(opened_far: Opened) -> None:
    """The last bed is held for whoever chose it, whatever day a server takes it to be."""
    wrong, right = opened_far(timedelta(hours=25)), opened_far(timedelta())
    first = recorded(right, "poundbury", bed_terms(), request_id="R-201")
    add_rival(right)
    chosen(right, first)
    assert holds(right, "R-201") == ["poundbury"]
    assert "poundbury" not in shown_to_rival(wrong)
    with right.record.writing(SOFTWARE) as writing:
        give_back(writing, "R-201")
    assert "poundbury" in shown_to_rival(wrong)


def test_holds_hold_again_where_a_clock_was_put_back(
    sqlite_desk: Desk, gazetteer: Gazetteer
) -> None:
    """The market in memory is of a later moment than the change, and must not say otherwise."""
    desk = WrongDesk(settings_at(sqlite_desk.settings.database_url.get_secret_value()), gazetteer)
    add_rival(desk)
    chosen(desk, recorded(desk, "poundbury", bed_terms(), request_id="R-201"))
    desk.clock.wrong.append(timedelta(hours=25))
    desk.get("/v1/unmet-need")  # has the market made, on which the bed is free
    desk.clock.wrong.append(-timedelta(hours=25))
    assert "poundbury" not in shown_to_rival(desk)
    desk.close()


@pytest.mark.parametrize("back", [timedelta(hours=30), timedelta(days=500)])
def test_a_clock_that_is_put_back_spoils_nothing(
    sqlite_desk: Desk, gazetteer: Gazetteer, tmp_path: Path, back: timedelta
) -> None:
    """What happened on a day that is yet to come is dumped, read, and no fault of the ledger."""
    url = sqlite_desk.settings.database_url.get_secret_value()
    desk = WrongDesk(settings_at(url).model_copy(update={"day": None}), gazetteer)
    body = {**desk.get("/v1/requests/R-201")["request"], "request_id": "R-801"}
    new = {"waiting_since": None, "start_by": None}
    desk.post("/v1/requests", {**body, **new})
    desk.clock.wrong.append(-back)
    for number in range(2):
        desk.post("/v1/requests", {**body, "request_id": f"R-80{2 + number}", **new})
        assert faults(desk) == []
        with desk.record.snapshot() as session:
            book, policy_text = dump(session, desk.clock.now(), desk.clock.today())
        write_book(tmp_path / f"out{number}", book, policy_text=policy_text)
        assert read_book(tmp_path / f"out{number}").book == book
    assert desk.clock.today() < book.as_of
    ask(desk)
    assert take(desk) is not None
    with desk.record.snapshot() as session:
        night = runs.book_for(session, desk.clock.now(), desk.clock.today())
    assert night.as_of == book.as_of
    desk.close()


def test_a_hold_that_had_expired_stays_so_in_the_ledger(
    sqlite_desk: Desk, gazetteer: Gazetteer
) -> None:
    """The bed was sold after the hold had lapsed; then the clock was put back to before that."""
    desk = WrongDesk(settings_at(sqlite_desk.settings.database_url.get_secret_value()), gazetteer)
    first = recorded(desk, "poundbury", bed_terms(), request_id="R-201")
    add_rival(desk)
    chosen(desk, first)
    desk.clock.wrong.append(timedelta(days=3))
    second = recorded(desk, "poundbury", bed_terms(), request_id="R-802")
    chosen(desk, second)
    booked(desk, second)
    assert faults(desk) == []
    desk.clock.wrong.append(-timedelta(days=3))
    assert faults(desk) == []
    desk.close()
