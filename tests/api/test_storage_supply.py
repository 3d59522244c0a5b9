"""Tests of the capacity ledger: what is stated, promised, counted and left, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from api.acts.keeping import end_booking
from api.errors import NotFoundError
from api.storage import supply as stored
from api.storage.holds import holds_of
from api.storage.record import SOFTWARE
from api.storage.supply import BOOKING, HOLD, RETURN, promise, release
from api.tables import BookingRow, CommitmentRow
from matcher.commitments import Busy, Commitment
from matcher.market import Market
from matcher.policy import default_policy
from matcher.vocabulary import CareType, Day
from tests.api.desk import Desk, ok, refused

POUNDBURY = {"role": "provider", "provider_id": "poundbury"}
MORNING = {"days": ["mon", "tue"], "start_minute": 420, "end_minute": 660, "carers": 2}
BED = {"care_type": "residential", "beds": 1, "available_from": "2026-04-01"}


def bed(care_type: str = "residential", provider_id: str = "poundbury") -> Commitment:
    """Build the promise of a bed for good from the book's day on."""
    return Commitment(
        provider_id=provider_id, care_type=CareType(care_type), first_night=date(2026, 4, 1)
    )


def made(
    desk: Desk,
    name: str,
    kind: str = HOLD,
    commitment: Commitment | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Promise something to somebody, and return the promise's id."""
    with desk.record.writing(SOFTWARE) as writing:
        promise(
            writing,
            "R-201",
            commitment or bed(),
            commitment_id=name,
            kind=kind,
            expires_at=expires_at,
        )
    return name


def kept(desk: Desk, name: str) -> CommitmentRow:
    """Return a promise as the record has it."""
    with desk.record.reading() as session:
        row = session.get(CommitmentRow, name)
    assert row is not None
    return row


def beds_free(desk: Desk, provider_id: str = "poundbury") -> int:
    """Return the residential beds that the market sees today."""
    with desk.record.reading() as session:
        market = desk.app.state.service.supply.market(session)
    free = market.beds[CareType.RESIDENTIAL].of(market.index[provider_id])
    return int(free[0])


def state(desk: Desk, body: Any, of: str = "poundbury", **who: Any) -> Any:
    """Return the answer to a statement of all that a provider has free, of the newest version."""
    path = f"/v1/providers/{of}"
    version = who.pop("version", None) or desk.get(path)["version"]
    return desk.call("PUT", f"{path}/capacity", body, version=version, **who)


# -- promised ----------------------------------------------------------------------------------


def test_what_is_held_is_not_free(desk: Desk) -> None:
    """From the moment it is held until it is given back, in the market and beside the record."""
    assert beds_free(desk) == 1
    made(desk, "hld-1")
    assert beds_free(desk) == 0
    found = desk.get("/v1/providers/poundbury")
    assert [line["care_type"] for line in found["left"]["beds"]] == ["residential_dementia"]
    assert len(found["stated"]["beds"]) == 2
    with desk.record.writing(SOFTWARE) as writing:
        release(writing, list(holds_of(writing.session, "R-201", writing.now)))
    assert beds_free(desk) == 1


@pytest.mark.parametrize(("seconds", "free"), [(-1, 1), (0, 1), (3600, 0), (None, 0)])
def test_a_hold_ends_by_itself(desk: Desk, seconds: int | None, free: int) -> None:
    """At its moment, not before; a promise without one stays."""
    now = desk.record.clock.now()
    made(desk, "hld-1", expires_at=None if seconds is None else now + timedelta(seconds=seconds))
    assert beds_free(desk) == free


def test_the_market_in_memory_forgets_a_hold_when_it_expires(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without anybody changing anything: time alone gives the bed back."""
    now = desk.record.clock.now()
    made(desk, "hld-1", expires_at=now + timedelta(hours=1))
    assert beds_free(desk) == 0
    later = now + timedelta(hours=1)
    monkeypatch.setattr(type(desk.record.clock), "now", lambda self: later)
    assert beds_free(desk) == 1


def test_next_and_past_expiries_are_found(desk: Desk) -> None:
    """The next one of those still open; and whose passed between two moments, ends included."""
    now = desk.record.clock.now()
    soon, late = now + timedelta(hours=1), now + timedelta(hours=2)
    made(desk, "hld-1", expires_at=late)
    made(desk, "hld-2", commitment=bed(provider_id="bay"), expires_at=soon)
    made(desk, "bkg-1", BOOKING, bed("residential_dementia"))
    with desk.record.reading() as session:
        assert stored.next_expiry(session, now) == soon
        assert stored.next_expiry(session, soon) == late
        assert stored.next_expiry(session, late) is None
        assert stored.expired_between(session, now, soon) == {"bay"}
        assert stored.expired_between(session, soon, late) == {"poundbury"}
        assert stored.expired_between(session, late, late) == set()


def test_only_whose_promises_changed_is_compiled_anew(desk: Desk) -> None:
    """Each change has a version, and each provider the one of its last change."""
    with desk.record.reading() as session:
        before = stored.versions(session)
    assert before is not None
    made(desk, "hld-1")
    made(desk, "hld-2", commitment=bed(provider_id="bay"))
    with desk.record.reading() as session:
        after = stored.versions(session)
        assert after == replace(before, supply=before.supply + 2)
        assert stored.changed_since(session, before) == {"bay", "poundbury"}
        between = replace(before, supply=before.supply + 1)
        assert stored.changed_since(session, between) == {"bay"}
        assert stored.changed_since(session, after) == set()


def test_the_market_in_memory_is_the_one_of_the_record(desk: Desk) -> None:
    """After changes one by one it is what compiling everything would give."""
    beds_free(desk)
    morning = Busy(days=(Day.MON,), from_minute=430, to_minute=475, carers=1)
    made(desk, "bkg-1", BOOKING, Commitment(provider_id="maiden", busy=(morning,)))
    made(desk, "hld-1")
    ok(state(desk, {"homecare": [MORNING]}, of="frome"))
    with desk.record.reading() as session:
        kept_right = desk.app.state.service.supply.market(session)
        now = desk.record.clock.now()
        book = stored.supply_book(session, now, desk.record.clock.today())
    scratch = Market(book, default_policy(), desk.gazetteer)
    for number in range(len(scratch)):
        assert (kept_right.carers.of(number) == scratch.carers.of(number)).all()
        for care_type in CareType:
            ours, theirs = kept_right.beds[care_type], scratch.beds[care_type]
            assert (ours.of(number) == theirs.of(number)).all()


def test_nobody_promises_for_a_stranger(desk: Desk) -> None:
    """A provider that the record lacks is not there to promise anything; nothing is kept."""
    with pytest.raises(NotFoundError, match="no provider 'nobody'"):
        made(desk, "hld-1", commitment=bed(provider_id="nobody"))
    with desk.record.reading() as session:
        assert session.get(CommitmentRow, "hld-1") is None


# -- stated anew -------------------------------------------------------------------------------


def test_a_home_states_its_vacancies_anew(desk: Desk) -> None:
    """All of them, as of today; the market and the audit see it at once."""
    body = {"beds": [{**BED, "beds": 3}]}
    told = ok(state(desk, body, **POUNDBURY))
    line = {**BED, "beds": 3, "provider_id": "poundbury", "as_of": "2026-04-01"}
    expected = {**line, "available_to": None, "assumed": False}
    assert told["stated"] == {"homecare": [], "beds": [expected]}
    assert told["version"] == 2
    assert beds_free(desk) == 3
    audit = desk.get("/v1/audit?subject=poundbury", role="administrator")["items"][0]
    assert (audit["action"], audit["actor"]) == ("provider.capacity_stated", "the provider")


def test_an_agency_states_its_carers_anew(desk: Desk) -> None:
    """Lines for the same time add up; a broker may state for it."""
    other = {**MORNING, "days": ["mon"], "carers": 1}
    told = ok(state(desk, {"homecare": [MORNING, other]}, of="maiden"))
    assert len(told["left"]["homecare"]) == 2
    with desk.record.reading() as session:
        market = desk.app.state.service.supply.market(session)
    free = market.carers.of(market.index["maiden"])
    assert free[:3, 84].tolist() == [3, 2, 0]


def test_what_is_booked_is_allowed_for_in_what_is_stated(desk: Desk) -> None:
    """A booking takes from the figure before it, and not from the one after it."""
    made(desk, "bkg-1", BOOKING)
    assert beds_free(desk) == 0
    told = ok(state(desk, {"beds": [BED]}))
    assert told["left"]["beds"] == told["stated"]["beds"]
    assert beds_free(desk) == 1
    assert kept(desk, "bkg-1").counted_at is not None
    assert kept(desk, "bkg-1").released_at is None


def test_what_came_back_is_counted_once(desk: Desk) -> None:
    """Care counted as taken comes back when it ends, until the provider states it as free."""
    made(desk, "bkg-1", BOOKING)
    ok(state(desk, {"beds": []}))
    assert beds_free(desk) == 0
    with desk.record.writing(SOFTWARE) as writing:
        booking = BookingRow(
            order_ref="IPO-9",
            request_id="R-201",
            provider_id="poundbury",
            commitment_id="bkg-1",
            place=0,
            starts_on=writing.today,
            booked_at=writing.now,
            booked_by="the broker",
            version=1,
        )
        writing.session.add(booking)
        writing.session.flush()
        yesterday = writing.today - timedelta(days=1)
        end_booking(writing, booking, writing.today, "died", kept_to=yesterday)
    assert beds_free(desk) == 1  # though the home stated none
    ok(state(desk, {"beds": [BED]}))
    assert beds_free(desk) == 1
    with desk.record.reading() as session:
        returns = session.scalars(select(CommitmentRow).where(CommitmentRow.kind == RETURN))
        assert [row.released_at is not None for row in returns] == [True]


def test_what_is_held_stays_held_and_is_named_where_there_is_no_room(desk: Desk) -> None:
    """The first hold fits, the second does not, the third fits only just beside the first."""
    ok(state(desk, {"beds": [{**BED, "beds": 3}]}))
    for name in ("hld-1", "hld-2"):
        made(desk, name)
    dementia = {**BED, "care_type": "residential_dementia"}
    made(desk, "hld-3", commitment=bed("residential_dementia"))
    told = ok(state(desk, {"beds": [BED, dementia]}))
    assert told["holds_in_doubt"] == ["hld-2"]
    assert told["left"]["beds"] == []
    assert beds_free(desk) == 0
    assert all(kept(desk, f"hld-{n}").released_at is None for n in (1, 2, 3))
    again = ok(state(desk, {"beds": [{**BED, "beds": 2}, dementia]}))
    assert again["holds_in_doubt"] == []


def test_a_hold_that_has_expired_is_in_nobodys_doubt(desk: Desk) -> None:
    """Only what still takes capacity can be too much."""
    made(desk, "hld-1", expires_at=desk.record.clock.now() - timedelta(seconds=1))
    assert ok(state(desk, {"beds": []}))["holds_in_doubt"] == []


@pytest.mark.parametrize(
    ("kind", "is_seen"),
    [(HOLD, False), (BOOKING, True), (RETURN, True)],
)
def test_a_provider_states_with_every_booking_in_sight(
    desk: Desk, kind: str, is_seen: bool
) -> None:
    """A booking or its end makes what was read stale: the figure would not allow for it."""
    version = desk.get("/v1/providers/poundbury")["version"]
    made(desk, "promise-1", kind)
    answered = state(desk, {"beds": [BED]}, version=version)
    if is_seen:
        refused(answered, 412, "stale")
        assert kept(desk, "promise-1").counted_at is None
    else:
        ok(answered)


def test_a_booking_given_back_makes_what_was_read_stale(desk: Desk) -> None:
    """Else a home would leave out the bed that has just come free."""
    made(desk, "bkg-1", BOOKING)
    version = desk.get("/v1/providers/poundbury")["version"]
    with desk.record.writing(SOFTWARE) as writing:
        release(writing, [row for row in [writing.session.get(CommitmentRow, "bkg-1")] if row])
    refused(state(desk, {"beds": []}, version=version), 412, "stale")


def test_a_statement_says_which_version_it_is_of(sqlite_desk: Desk) -> None:
    """Without one it is refused."""
    answered = sqlite_desk.call("PUT", "/v1/providers/poundbury/capacity", {"beds": []})
    refused(answered, 428, "version-needed")


@pytest.mark.parametrize(
    ("provider_id", "body", "status"),
    [
        ("maiden", {"homecare": []}, 200),  # nothing is free
        ("maiden", {"homecare": [], "beds": []}, 200),  # an agency has no beds, and says so
        ("maiden", {}, 400),  # says nothing: that is not 'nothing is free'
        ("maiden", {"beds": []}, 400),
        ("maiden", {"homecare": [], "beds": [BED]}, 400),  # beds of an agency
        ("poundbury", {"beds": [BED], "homecare": [MORNING]}, 400),  # carers of a home
        ("poundbury", {"homecare": None, "beds": [BED]}, 200),
        ("poundbury", {"beds": [BED, BED]}, 422),  # a line twice is no two lines
        ("poundbury", {"beds": [BED, {**BED, "beds": 2}]}, 200),  # these add up
        ("poundbury", {"beds": [{**BED, "available_to": "2026-03-31"}]}, 422),
        ("poundbury", {"beds": [{**BED, "available_to": "2026-04-01"}]}, 200),  # one night
        ("poundbury", {"beds": [{**BED, "as_of": "2026-01-01"}]}, 422),  # the day is ours to say
        ("maiden", {"homecare": [{**MORNING, "end_minute": 420}]}, 422),
        ("maiden", {"homecare": [{**MORNING, "end_minute": 425}]}, 200),
        ("maiden", {"homecare": [{**MORNING, "end_minute": 426}]}, 422),  # off the grid
    ],
)
def test_lines_go_with_the_kind_of_provider(
    sqlite_desk: Desk, provider_id: str, body: Any, status: int
) -> None:
    """An agency states carers, a home beds, and each always says all of it."""
    assert state(sqlite_desk, body, of=provider_id).status_code == status


def test_the_most_that_may_be_stated_is_held_by_the_market(sqlite_desk: Desk) -> None:
    """As many lines of as many as there may be, with one promised: nothing runs over."""
    beds = [{**BED, "beds": 500 - n} for n in range(40)]
    told = ok(state(sqlite_desk, {"beds": beds}))
    total = sum(line["beds"] for line in beds)
    assert beds_free(sqlite_desk) == total
    made(sqlite_desk, "hld-1")
    assert beds_free(sqlite_desk) == total - 1
    one_more = {"beds": [*beds, {**BED, "beds": 460}]}
    refused(state(sqlite_desk, one_more, version=told["version"]), 422, "bad-shape")


def test_nobody_states_for_another(sqlite_desk: Desk) -> None:
    """A provider for itself, a broker for all, nobody else."""
    body = {"beds": []}
    bay = {"role": "provider", "provider_id": "bay"}
    refused(state(sqlite_desk, body, **bay), 404, "not-found")
    for role in ("commissioner", "administrator", "budget_holder", "key_worker"):
        refused(state(sqlite_desk, body, role=role), 403, "not-allowed")
