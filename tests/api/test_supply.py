"""Tests of the market in memory: always what a market compiled from scratch would be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from threading import Thread
from typing import Any

import numpy as np
import pytest

from api.acts.promises import place
from api.clocks import Clock
from api.errors import NotReadyError
from api.storage import supply as stored
from api.storage.migrating import migrate
from api.storage.record import SOFTWARE, Record
from api.storage.supply import HOLD
from api.supply import Supply, policy_in
from matcher.commitments import Commitment
from matcher.geography import Gazetteer
from matcher.market import Market, PriceList
from matcher.vocabulary import CareType
from tests.api.conftest import settings_at
from tests.api.desk import Desk, ok
from tests.api.offering import booked, chosen, recorded, terms

EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
LUNCH = {"days": EVERY_DAY, "start_minute": 690, "end_minute": 900, "carers": 3}
ASK = "/v1/shortlists"
Change = Callable[[Desk, pytest.MonkeyPatch], None]


class UndoneError(Exception):
    """Undoes a change half-way."""


# -- what is alike -----------------------------------------------------------------------------


def alike(one: Any, other: Any) -> bool:
    """Say whether two compiled things are the same, arrays cell by cell."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[k], other[k]) for k in one)
    if isinstance(one, PriceList):
        days = (0, *one.changes)
        return one.changes == other.changes and all(alike(one.on(d), other.on(d)) for d in days)
    if is_dataclass(one):
        return all(alike(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    return bool(one == other)


def differences(one: Market, other: Market) -> list[str]:
    """Return where two markets differ; the order of capacity lines is no difference."""
    # Shores are made of the places alone, and filled as they are asked.
    skipped = {"book", "gazetteer", "shores", "_requests"}
    names = (vars(one).keys() | vars(other).keys()) - skipped
    found = [n for n in sorted(names) if not alike(vars(one)[n], vars(other)[n])]
    for name in type(one.book).model_fields:
        lines, others = getattr(one.book, name), getattr(other.book, name)
        if name.endswith("capacity"):
            lines, others = sorted(lines, key=repr), sorted(others, key=repr)
        found += [] if lines == others else [f"book.{name}"]
    return found


def supply_of(desk: Desk) -> Supply:
    """Return the supply of the service."""
    found: Supply = desk.app.state.service.supply
    return found


def in_memory(desk: Desk) -> Market:
    """Return the market that the service keeps, brought up to now."""
    with desk.record.reading() as session:
        return supply_of(desk).market(session)


def from_scratch(desk: Desk) -> Market:
    """Return the market compiled anew from the record as it is now."""
    clock = desk.record.clock
    with desk.record.reading() as session:
        book = stored.supply_book(session, clock.now(), clock.today())
        return Market(book, policy_in(session), desk.gazetteer)


def vacancies(market: Market, provider_id: str = "poundbury") -> int:
    """Return how many residential beds a home has after the horizon: those for good."""
    calendar = market.beds[CareType.RESIDENTIAL].of(market.provider_number(provider_id))
    return int(calendar[-1])


def bed() -> Commitment:
    """Build the promise of poundbury's one residential bed, for good."""
    return Commitment(
        provider_id="poundbury", care_type=CareType.RESIDENTIAL, first_night=date(2026, 4, 1)
    )


# -- after every kind of change ----------------------------------------------------------------


def hold(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold options for two people."""
    for request_id in ("R-101", "R-201"):
        desk.post(f"/v1/requests/{request_id}/shortlists", {})


def hold_and_release(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold options, let the market see that, and give them back."""
    hold(desk, monkeypatch)
    in_memory(desk)
    ok(desk.call("POST", "/v1/requests/R-101/end", {"reason": "died"}))


def hold_and_expire(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold options, let the market see that, and let the time pass."""
    hold(desk, monkeypatch)
    in_memory(desk)
    at = desk.record.clock.now() + timedelta(hours=desk.settings.hold_hours)
    monkeypatch.setattr(Clock, "now", lambda self: at)


def book(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Book care."""
    booked(desk, chosen(desk, recorded(desk, "maiden", terms())))


def put(
    desk: Desk, provider_id: str, what: str, body: dict[str, Any], role: str = "broker"
) -> None:
    """Change something of a provider."""
    path = f"/v1/providers/{provider_id}"
    version = desk.get(path)["version"]
    ok(desk.call("PUT", f"{path}/{what}", body, version=version, role=role))


def state_capacity(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a provider state other capacity, beside what it has promised."""
    hold(desk, monkeypatch)
    put(desk, "maiden", "capacity", {"homecare": [LUNCH]})


def state_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the only provider of lunches in Weymouth have none."""
    put(desk, "chesil", "capacity", {"homecare": []})


def set_status(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop new work at a provider."""
    body = {"status": "embargoed", "reason": "Safeguarding"}
    put(desk, "maiden", "status", body, role="commissioner")


def set_rates(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a provider charge more."""
    rate = {"service_type": "homecare", "unit": "hour", "amount_pence": 3100}
    put(desk, "maiden", "rates", {"rates": [rate]}, role="commissioner")


def next_day(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be tomorrow, when bed calendars begin a day later."""
    monkeypatch.setattr(Clock, "today", lambda self: date(2026, 4, 2))


def two_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Change terms and capacity between two looks."""
    set_rates(desk, monkeypatch)
    state_nothing(desk, monkeypatch)
    hold(desk, monkeypatch)


CHANGES: tuple[Change, ...] = (
    hold,
    hold_and_release,
    hold_and_expire,
    book,
    state_capacity,
    state_nothing,
    set_status,
    set_rates,
    next_day,
    two_at_once,
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.__name__)
def test_the_market_is_right_after_every_change(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    """What is brought up to date is what would be compiled anew, and not what was before."""
    before = in_memory(desk)
    assert differences(before, from_scratch(desk)) == []
    change(desk, monkeypatch)
    after = in_memory(desk)
    assert differences(after, from_scratch(desk)) == []
    if change is not hold_and_expire:
        assert differences(after, before)


def test_the_differences_would_show(sqlite_desk: Desk) -> None:
    """One carer or penny more is a difference: the comparison above is no formality."""
    market, other = in_memory(sqlite_desk), from_scratch(sqlite_desk)
    other.carers.free[0, 0, 100] += 1
    other.beds[CareType.NURSING].free[0, -1] += 1
    next(iter(other.price_list.on(0).pence.values()))[0] += 1
    assert differences(market, other) == ["beds", "carers", "price_list"]


def test_other_services_see_it_too(desk: Desk, gazetteer: Gazetteer) -> None:
    """A change that one process makes reaches the memory of another by its version."""
    other = Supply(desk.record.clock, gazetteer)
    with desk.record.reading() as session:
        assert vacancies(other.market(session)) == 1
    desk.post("/v1/requests/R-201/shortlists", {})
    with desk.record.reading() as session:
        assert vacancies(other.market(session)) == 0


def test_a_market_that_is_right_is_kept(sqlite_desk: Desk) -> None:
    """Without a change nothing is compiled again; with one of capacity, terms are not."""
    market = in_memory(sqlite_desk)
    assert in_memory(sqlite_desk) is market
    sqlite_desk.post("/v1/requests/R-201/shortlists", {})
    other = in_memory(sqlite_desk)
    assert other is not market
    assert other.price_list is market.price_list


def test_a_hold_ends_in_memory_on_the_second(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the bed until just before it expires, and no longer from then on."""
    expires_at = desk.record.clock.now() + timedelta(hours=2)
    with desk.record.writing(SOFTWARE) as writing:
        place(writing, "R-201", bed(), kind=HOLD, expires_at=expires_at)
    for moment, free in (
        (expires_at - timedelta(seconds=1), 0),
        (expires_at, 1),
        (expires_at + timedelta(days=1), 1),
    ):
        monkeypatch.setattr(Clock, "now", lambda self, moment=moment: moment)
        assert vacancies(in_memory(desk)) == free


# -- what is not committed ---------------------------------------------------------------------


def test_a_change_sees_itself_and_nobody_else_sees_it(desk: Desk) -> None:
    """Until it is committed, the memory has the market as it was."""
    assert vacancies(in_memory(desk)) == 1
    with desk.record.writing(SOFTWARE) as writing:
        place(writing, "R-201", bed(), kind=HOLD)
        assert vacancies(supply_of(desk).market_within(writing)) == 0
        assert vacancies(in_memory(desk)) == 1
    assert vacancies(in_memory(desk)) == 0


def test_a_change_that_is_undone_is_never_kept(desk: Desk) -> None:
    """What a change saw before it was undone stays nowhere."""
    supply = supply_of(desk)

    def half_a_change() -> None:
        with desk.record.writing(SOFTWARE) as writing:
            place(writing, "R-201", bed(), kind=HOLD)
            writing.terms_changed()
            assert vacancies(supply.market_within(writing)) == 0
            raise UndoneError

    for warm in (False, True):
        if warm:
            in_memory(desk)
        with pytest.raises(UndoneError):
            half_a_change()
        assert vacancies(in_memory(desk)) == 1
    desk.post("/v1/requests/R-101/shortlists", {})
    assert differences(in_memory(desk), from_scratch(desk)) == []


def test_many_readers_beside_changes(desk: Desk) -> None:
    """Readers in several threads only ever see a market as it was at some commit."""
    seen: list[int] = []

    def look() -> None:
        for _ in range(30):
            seen.append(vacancies(in_memory(desk)))

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        desk.post("/v1/requests/R-201/shortlists", {})
    for thread in threads:
        thread.join()
    assert len(seen) == 120
    assert set(seen) <= {0, 1}
    assert vacancies(in_memory(desk)) == 0
    assert differences(in_memory(desk), from_scratch(desk)) == []


def test_without_a_book_there_is_no_market(empty_url: str, gazetteer: Gazetteer) -> None:
    """A record that was only migrated says that it holds no book."""
    record = Record(settings_at(empty_url))
    migrate(record.engine)
    with record.reading() as session:
        with pytest.raises(NotReadyError, match="no book"):
            Supply(record.clock, gazetteer).market(session)
        with pytest.raises(NotReadyError, match="no book"):
            policy_in(session)
    record.close()
