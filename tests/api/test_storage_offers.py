"""Tests of the queries for enquiries, offers and bookings: whose, which, and in what order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from api.errors import NotFoundError
from api.storage import bookings, enquiries, offers, supply
from api.storage.record import Writing
from api.storage.supply import Versions, versions
from api.tables import HistoryRow, InvitationRow, OfferRow
from matcher.vocabulary import Outcome
from tests.api.desk import Desk
from tests.api.offering import (
    HOLDER,
    approved,
    bed_terms,
    booked,
    chosen,
    desk_actor,
    enquire,
    let_pass,
    own,
    recorded,
    reply,
    terms,
)
from tests.api.test_acts_requests import new_request


@pytest.mark.parametrize(
    ("find", "name"),
    [
        (enquiries.enquiry_row, "enquiry"),
        (offers.offer_row, "offer"),
        (bookings.booking_row, "booking"),
    ],
)
def test_what_is_not_there_is_named(sqlite_desk: Desk, find: Any, name: str) -> None:
    """A missing thing is told by its noun and its id."""
    with sqlite_desk.record.reading() as session, pytest.raises(NotFoundError) as told:
        find(session, "gone")
    assert (told.value.thing, told.value.value) == (name, "gone")
    assert "gone" in told.value.message


# -- enquiries ---------------------------------------------------------------------------------


def test_enquiries_are_open_until_closed_or_over(desk: Desk) -> None:
    """Three enquiries: one open, one closed by a broker, one whose window has passed."""
    still, closed, over = (enquire(desk, each) for each in ("maiden", "frome", "maiden"))
    desk.post(f"/v1/enquiries/{closed['enquiry_id']}/closing")
    let_pass(desk, over)
    now = desk.record.clock.now()
    with desk.record.reading() as session:
        everything = enquiries.listed(session, now, 10, None)
        only_open = enquiries.listed(session, now, 10, None, only_open=True)
        passed = enquiries.passed(session, now)
        later = enquiries.passed(session, now + timedelta(days=60))
    ids = [each["enquiry_id"] for each in (over, closed, still)]
    assert [row.enquiry_id for row in everything] == sorted(ids, reverse=True)
    assert [row.enquiry_id for row in only_open] == [still["enquiry_id"]]
    assert [row.enquiry_id for row in passed] == [over["enquiry_id"]]
    assert {row.enquiry_id for row in later} == {over["enquiry_id"], still["enquiry_id"]}


def test_answers_are_counted_for_each_enquiry(desk: Desk) -> None:
    """Asked, offered and declined are of the enquiry, not of the request."""
    first, second = enquire(desk, "maiden", "frome"), enquire(desk, "maiden")
    reply(desk, first, "maiden")
    decline = f"/v1/enquiries/{first['enquiry_id']}/decline"
    desk.post(decline, {"reason": "Full"}, **own("frome"))
    one, other = first["enquiry_id"], second["enquiry_id"]
    with desk.record.reading() as session:
        asked, offered, declined = enquiries.answers_of(session, [one, other])
        invited = enquiries.invitations_of(session, one)
        replies = enquiries.replies_to(session, one)
        nothing = enquiries.answers_of(session, [])
    assert (asked[one], offered[one], declined[one]) == (2, 1, 1)
    assert (asked[other], offered[other], declined[other]) == (1, 0, 0)
    assert [row.provider_id for row in invited] == ["frome", "maiden"]
    assert list(replies) == ["maiden"]
    assert [dict(each) for each in nothing] == [{}, {}, {}]


def test_an_invitation_is_of_one_provider(sqlite_desk: Desk) -> None:
    """Who is not asked has none."""
    told = enquire(sqlite_desk, "maiden")
    with sqlite_desk.record.reading() as session:
        found = enquiries.invitation_of(session, told["enquiry_id"], "maiden")
        with pytest.raises(NotFoundError):
            enquiries.invitation_of(session, told["enquiry_id"], "frome")
        count = session.scalar(select(func.count()).select_from(InvitationRow))
    assert found.declined_at is None
    assert count == 1


# -- offers ------------------------------------------------------------------------------------


def test_standing_offers_are_those_that_may_be_booked(desk: Desk) -> None:
    """Offered and chosen ones stand; replaced and withdrawn ones do not."""
    recorded(desk, "maiden", terms(2400))
    mine = recorded(desk, "maiden")
    gone = recorded(desk, "frome", terms(2400))
    desk.post(f"/v1/offers/{gone['offer_id']}/withdrawal", {"reason": "No staff"})
    other = chosen(desk, recorded(desk, "frome", terms(2300)))
    with desk.record.reading() as session:
        everybody = offers.standing_offers(session, "R-101")
        of_one = offers.standing_offers(session, "R-101", "maiden")
        nobody = offers.standing_offers(session, "R-103")
    assert {row.offer_id for row in everybody} == {mine["offer_id"], other["offer_id"]}
    assert [row.offer_id for row in of_one] == [mine["offer_id"]]
    assert list(nobody) == []


def test_a_booking_leads_back_to_its_offer(desk: Desk) -> None:
    """Care that ran before this record has none."""
    order = booked(desk, chosen(desk, recorded(desk, "maiden")))
    with desk.record.reading() as session:
        found = bookings.offer_behind(session, bookings.booking_row(session, order["order_ref"]))
        loaded = bookings.offer_behind(session, bookings.booking_row(session, "RUN-000001"))
    assert found is not None
    assert found.offer_id == order["offer_id"]
    assert loaded is None


def test_outcomes_are_noted_together(desk: Desk) -> None:
    """They make a new version of the ledger, and of nothing else; without a line none."""

    def note(writing: Writing, *provider_ids: str) -> None:
        offers.note_outcomes(writing, Outcome.NO_REPLY, provider_ids, "R-101", "Silence")

    before = newest(desk)
    with desk.record.writing(desk_actor()) as writing:
        note(writing)
    assert newest(desk) == before
    with desk.record.writing(desk_actor()) as writing:
        note(writing, "maiden", "frome")
        note(writing, "chesil")
    assert newest(desk) == replace(before, ledger=before.ledger + 3)
    with desk.record.reading() as session:
        query = select(HistoryRow).where(HistoryRow.reason == "Silence").order_by("line_id")
        lines = [(row.provider_id, str(row.offered_on)) for row in session.scalars(query)]
    assert lines == [(each, "2026-04-01") for each in ("maiden", "frome", "chesil")]


def newest(desk: Desk) -> Versions:
    """Return the newest versions of the supply."""
    with desk.record.reading() as session:
        found = versions(session)
    assert found is not None
    return found


def test_only_unsuitable_outcomes_make_unsuitable(desk: Desk) -> None:
    """A decline or silence keeps nobody out; being found unsuitable does, for that person (H15)."""
    with desk.record.writing(desk_actor()) as writing:
        offers.note_outcomes(writing, Outcome.DECLINED, ["maiden"], "R-101")
        offers.note_outcomes(writing, Outcome.UNSUITABLE, ["frome"], "R-101")
    with desk.record.reading() as session:
        assert offers.unsuitable_for(session, "R-101") == {"frome"}
        assert offers.unsuitable_for(session, "R-103") == set()


def test_a_part_of_the_book_is_as_the_whole_but_for_own_promises(desk: Desk) -> None:
    """Others' promises are taken off, the person's own are not, and nobody else is in it."""
    desk.post("/v1/requests", new_request(desk, like="R-201"))
    chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201"))
    now, today = desk.record.clock.now(), desk.record.clock.today()
    with desk.record.reading() as session:
        mine, others = (
            supply.part_of_book(session, ["poundbury"], now, today, besides=request_id)
            for request_id in ("R-201", "N-1")
        )
        empty = supply.part_of_book(session, [], now, today, besides="N-1")
    assert [provider.provider_id for provider in mine.providers] == ["poundbury"]
    assert {line.provider_id for line in mine.bed_capacity} == {"poundbury"}
    [own] = [line for line in mine.bed_capacity if line.care_type == "residential"]
    assert own.available_to is None
    residential = [line for line in others.bed_capacity if line.care_type == "residential"]
    # The one bed is free until the day on which it is promised.
    assert [str(line.available_to) for line in residential] == ["2026-04-05"]
    assert (empty.providers, empty.rates, empty.bed_capacity) == ((), (), ())
    assert empty.framework_rates == mine.framework_rates != ()
    assert empty.as_of == today


def test_replies_are_of_an_enquiry_and_a_provider(desk: Desk) -> None:
    """The same provider answers two enquiries apart; the first answer is then replaced."""
    first, second = enquire(desk, "maiden"), enquire(desk, "maiden")
    one, other = reply(desk, first, "maiden"), reply(desk, second, "maiden", terms(2400))
    with desk.record.reading() as session:
        found = [offers.reply_of(session, each["enquiry_id"], "maiden") for each in (first, second)]
        none = offers.reply_of(session, first["enquiry_id"], "frome")
        states = dict(session.execute(select(OfferRow.offer_id, OfferRow.state)).all())
    assert [row.offer_id for row in found if row] == [one["offer_id"], other["offer_id"]]
    assert none is None
    assert states == {one["offer_id"]: "replaced", other["offer_id"]: "offered"}


def test_what_awaits_approval_is_on_the_budget_holders_desk(desk: Desk) -> None:
    """A budget holder finds what waits for him, page by page, and nothing that is settled."""
    dear = recorded(desk, "frome", terms(2740))
    recorded(desk, "maiden")
    path = "/v1/offers?awaits_approval=true"
    listed = desk.get(path, **HOLDER)
    assert [each["offer_id"] for each in listed["items"]] == [dear["offer_id"]]
    approved(desk, dear)
    assert desk.get(path, **HOLDER)["items"] == []
    first = desk.get("/v1/offers?limit=1")
    rest = desk.get(f"/v1/offers?limit=1&cursor={first['next']}")
    assert len({each["offer_id"] for each in first["items"] + rest["items"]}) == 2
    assert rest["next"] is None
