"""Tests of care that ends on a day to come: it takes its capacity until then, and no longer."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from api.acts import endings
from api.clocks import LONDON
from api.schemas.requests import Ending, EndReason
from api.storage.record import SOFTWARE
from api.storage.requests import request_row
from api.tables import BookingRow, CommitmentRow
from tests.api.desk import Desk, ok, refused
from tests.api.life import nights, slots_of
from tests.api.offering import bed_terms, booked, chosen, faults, own, recorded, terms
from tests.api.test_acts_endings import (
    BED,
    audited,
    booked_bed,
    booking,
    end,
    promised,
    state_beds,
)
from tests.api.test_acts_increases import OTHER
from tests.api.test_acts_requests import new_request

MOVING = {"reason": "moved_away"}


def nights_left(desk: Desk) -> list[tuple[str, str | None]]:
    """Return from which night to which the home of the tests has a residential bed left."""
    left = desk.get("/v1/providers/poundbury")["left"]["beds"]
    lines = [line for line in left if line["care_type"] == "residential"]
    return sorted((line["available_from"], line["available_to"]) for line in lines)


def take(desk: Desk, request_id: str, first_day: str) -> Any:
    """Return the answer to the choice of a bed from a day on."""
    offer = recorded(desk, "poundbury", bed_terms(start_date=first_day), request_id)
    path, body = f"/v1/offers/{offer['offer_id']}/choice", {"chosen_by": "person"}
    return desk.call("PUT", path, body, version=offer["version"])


def take_carers(desk: Desk, request_id: str) -> Any:
    """Return the answer to the choice of the visits of R-101 by another person."""
    offer = recorded(desk, "maiden", request_id=request_id)
    path, body = f"/v1/offers/{offer['offer_id']}/choice", {"chosen_by": "person"}
    return desk.call("PUT", path, body, version=offer["version"])


def kept(desk: Desk, request_id: str) -> CommitmentRow:
    """Return the booked capacity of a request."""
    query = select(CommitmentRow).where(
        CommitmentRow.request_id == request_id, CommitmentRow.kind == "booking"
    )
    with desk.record.reading() as session:
        return session.scalars(query).one()


def let_days_pass(desk: Desk) -> None:
    """Let the last day of all care that was ended be over."""
    with desk.record.bare_writing() as session:
        for row in session.scalars(select(CommitmentRow)):
            if row.expires_at is not None:
                row.expires_at = desk.record.clock.now() - timedelta(minutes=1)


# -- beds --------------------------------------------------------------------------------------


def test_a_bed_is_free_from_the_day_after(desk: Desk) -> None:
    """The last day of care is slept; the first night after it is anybody's."""
    order = booked_bed(desk)
    end(desk, "R-201", ends_on="2026-04-20", **MOVING)
    assert nights_left(desk) == [("2026-04-01", "2026-04-11"), ("2026-04-21", None)]
    desk.post("/v1/requests", new_request(desk, "N-1", like="R-201"))
    refused(take(desk, "N-1", "2026-04-20"), 409, "capacity-taken")
    assert booked(desk, ok(take(desk, "N-1", "2026-04-21")))["starts_on"] == "2026-04-21"
    assert str(booking(desk, order).ends_on) == "2026-04-20"
    assert faults(desk) == []


def test_a_bed_handed_back_ahead_is_not_given_twice(desk: Desk) -> None:
    """Half a year's notice is half a year in which somebody sleeps there."""
    order = booked_bed(desk)["order_ref"]
    body = {"order_ref": order, "last_day": "2026-09-30", "reason": "Notice of six months"}
    desk.post("/v1/providers/poundbury/hand-backs", body)
    desk.post("/v1/requests", new_request(desk, "N-1", like="R-201"))
    refused(take(desk, "N-1", "2026-09-30"), 409, "capacity-taken")
    ok(take(desk, "N-1", "2026-10-01"))
    assert faults(desk) == []


def test_who_looks_for_another_bed_still_sleeps_in_this_one(desk: Desk) -> None:
    """The bed that was handed back is not free for its own person before it is for others."""
    order = booked_bed(desk)["order_ref"]
    body = {"order_ref": order, "last_day": "2026-04-30", "reason": "A year's notice"}
    desk.post("/v1/providers/poundbury/hand-backs", body)
    refused(take(desk, "R-201", "2026-04-30"), 409, "capacity-taken")
    assert booked(desk, ok(take(desk, "R-201", "2026-05-01")))["starts_on"] == "2026-05-01"
    assert faults(desk) == []


@pytest.mark.parametrize("ends_on", ["2026-04-01", "2026-04-11"])
def test_care_that_never_begins_takes_nothing(sqlite_desk: Desk, ends_on: str) -> None:
    """Called off for today or for a day before the first: nobody will sleep there."""
    booked_bed(sqlite_desk)
    end(sqlite_desk, "R-201", ends_on=ends_on, **MOVING)
    assert promised(sqlite_desk, "R-201") == []
    assert nights_left(sqlite_desk) == [("2026-04-01", None)]


def test_a_bed_counted_as_taken_comes_back_from_the_day_after(desk: Desk) -> None:
    """A home that stated no bed beside this one has it again when its person has gone."""
    booked_bed(desk)
    state_beds(desk, 0)
    end(desk, "R-201", ends_on="2026-04-20", **MOVING)
    assert promised(desk, "R-201") == [("booking", "poundbury"), ("return", "poundbury")]
    assert nights_left(desk) == [("2026-04-21", None)]
    desk.post("/v1/requests", new_request(desk, "N-1", like="R-201"))
    refused(take(desk, "N-1", "2026-04-20"), 409, "capacity-taken")
    ok(take(desk, "N-1", "2026-04-21"))
    assert faults(desk) == []


def test_what_the_home_states_meanwhile_counts(desk: Desk) -> None:
    """Its new figure knows of the end, so the bed neither takes from it nor comes back to it."""
    booked_bed(desk)
    end(desk, "R-201", ends_on="2026-04-20", **MOVING)
    state_beds(desk, 1)
    assert nights_left(desk) == [("2026-04-01", None)]
    let_days_pass(desk)
    assert nights_left(desk) == [("2026-04-01", None)]
    assert faults(desk) == []


# -- carers ------------------------------------------------------------------------------------


def test_carers_are_free_when_the_last_day_is_over(desk: Desk) -> None:
    """Until midnight in London after it they go to whoever still has the care."""
    desk.post("/v1/requests", new_request(desk, "N-1"))
    booked(desk, chosen(desk, recorded(desk, "maiden")))
    end(desk, ends_on="2026-04-20", **MOVING)
    refused(take_carers(desk, "N-1"), 409, "capacity-taken")
    assert faults(desk) == []
    days = timedelta(days=20)  # from the desk's today, and the rest of today with it
    until = datetime.combine(datetime.now(UTC).astimezone(LONDON).date() + days, time(), LONDON)
    assert kept(desk, "R-101").expires_at == until.astimezone(UTC)
    let_days_pass(desk)
    assert booked(desk, ok(take_carers(desk, "N-1")))["request_id"] == "N-1"
    assert faults(desk) == []


def test_carers_whose_care_never_begins_are_free_at_once(desk: Desk) -> None:
    """Called off today, five days before the first of them would come."""
    desk.post("/v1/requests", new_request(desk, "N-1"))
    booked(desk, chosen(desk, recorded(desk, "maiden")))
    end(desk, ends_on="2026-04-01", **MOVING)
    assert promised(desk, "R-101") == []
    ok(take_carers(desk, "N-1"))


def test_carers_counted_as_taken_come_back_when_stated_anew(desk: Desk) -> None:
    """A return has no first day, so none is made: the agency says what it has from then on."""
    booked(desk, chosen(desk, recorded(desk, "maiden")))
    version = desk.get("/v1/providers/maiden")["version"]
    path, body = "/v1/providers/maiden/capacity", {"homecare": []}
    ok(desk.call("PUT", path, body, version=version, **own("maiden")))
    end(desk, ends_on="2026-04-20", **MOVING)
    assert desk.get("/v1/providers/maiden")["left"]["homecare"] == []
    let_days_pass(desk)
    assert desk.get("/v1/providers/maiden")["left"]["homecare"] == []
    assert faults(desk) == []


def test_a_change_of_provider_ends_the_old_care_the_day_before(desk: Desk) -> None:
    """The old agency's carers go on until the new one begins."""
    booked(desk, chosen(desk, recorded(desk, "maiden")))
    body = {
        "request_id": "C-1",
        "why_not_times": "Tried",
        "why_not_carer": "Tried",
        "why_not_tasks": "Right as they are",
        "care_team_agrees": True,
        "reason": "Trust is broken",
    }
    desk.post("/v1/requests/R-101/changes-of-provider", body)
    offer = recorded(desk, "frome", terms(2400, start_date="2026-04-13"), "C-1")
    booked(desk, chosen(desk, offer))
    assert kept(desk, "R-101").expires_at is not None
    assert kept(desk, "C-1").expires_at is None
    desk.post("/v1/requests", new_request(desk, "N-1"))
    refused(take_carers(desk, "N-1"), 409, "capacity-taken")
    assert faults(desk) == []


# -- today is a day of care --------------------------------------------------------------------

TODAY = "2026-04-01"


def in_bed_today(desk: Desk) -> Any:
    """Return the booking of R-201 at poundbury, who sleeps in its one bed from today."""
    offer = recorded(desk, "poundbury", bed_terms(start_date=TODAY), "R-201")
    desk.post("/v1/requests", new_request(desk, "N-1", like="R-201"))
    return booked(desk, chosen(desk, offer))


def is_free_tonight(desk: Desk) -> bool:
    """Say whether the bed at poundbury is anybody's tonight; from tomorrow on it is."""
    answered = take(desk, "N-1", TODAY)
    if not answered.is_success:
        refused(answered, 409, "capacity-taken")
        ok(take(desk, "N-1", "2026-04-02"))
    return answered.is_success


def hand_back_today(desk: Desk, order: Any) -> None:
    """Let the home hand a bed back whose last day is today."""
    body = {"order_ref": order["order_ref"], "last_day": TODAY, "reason": "Cannot meet needs"}
    desk.post("/v1/providers/poundbury/hand-backs", body, **own("poundbury"))


def test_a_bed_handed_back_today_is_slept_in_tonight(desk: Desk) -> None:
    """Who has to leave by tomorrow is not on the street tonight, and nobody shares the bed."""
    hand_back_today(desk, in_bed_today(desk))
    assert not is_free_tonight(desk)
    assert faults(desk) == []


@pytest.mark.parametrize(
    ("ending", "is_free"),
    [
        ({"reason": "moved_away", "ends_on": TODAY}, False),
        ({"reason": "moved_away", "ends_on": "2026-03-31"}, True),  # told late
        ({"reason": "moved_away"}, True),  # it has ended: no last day is given
        ({"reason": "died", "ends_on": TODAY}, True),  # nobody sleeps there any more (H25)
        ({"reason": "died"}, True),
    ],
)
@pytest.mark.parametrize("is_counted", [False, True])
def test_whether_a_bed_is_free_tonight(
    desk: Desk, ending: dict[str, str], is_free: bool, is_counted: bool
) -> None:
    """Only where nobody sleeps in it, whether or not the home counts it as taken."""
    order = in_bed_today(desk)
    if is_counted:
        state_beds(desk, 0)
    # Nobody's care ends before it began, so this one began yesterday.
    with desk.record.bare_writing() as session:
        session.get_one(BookingRow, order["order_ref"]).starts_on = date(2026, 3, 31)
    end(desk, "R-201", **ending)
    assert str(booking(desk, order).ends_on) == ending.get("ends_on", TODAY)
    assert is_free_tonight(desk) is is_free
    assert faults(desk) == []


def test_carers_go_on_to_the_end_of_today_where_others_come_tomorrow(desk: Desk) -> None:
    """The last day of the old care is today; who comes next has its carers when it is over."""
    from_today, from_tomorrow = ({"start_date": day} for day in (TODAY, "2026-04-02"))
    old = booked(desk, chosen(desk, recorded(desk, "maiden", terms(**from_today))))
    desk.post("/v1/requests", new_request(desk, "N-1"))
    desk.post("/v1/requests/R-101/changes-of-provider", {**OTHER, "request_id": "C-1"})
    booked(desk, chosen(desk, recorded(desk, "frome", terms(2400, **from_tomorrow), "C-1")))
    assert str(booking(desk, old).ends_on) == TODAY
    refused(take_carers(desk, "N-1"), 409, "capacity-taken")
    let_days_pass(desk)
    ok(take_carers(desk, "N-1"))
    assert faults(desk) == []


def test_carers_who_are_replaced_from_today_are_free_at_once(desk: Desk) -> None:
    """Their last day was yesterday."""
    booked(desk, chosen(desk, recorded(desk, "maiden", terms(start_date=TODAY))))
    desk.post("/v1/requests", new_request(desk, "N-1"))
    desk.post("/v1/requests/R-101/changes-of-provider", {**OTHER, "request_id": "C-1"})
    booked(desk, chosen(desk, recorded(desk, "frome", terms(2400, start_date=TODAY), "C-1")))
    ok(take_carers(desk, "N-1"))
    assert faults(desk) == []


# -- sooner than was said ----------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["died", "moved_away", "no_longer_needed"])
def test_notice_is_not_waited_for_when_nobody_needs_it(desk: Desk, reason: str) -> None:
    """Who dies while another home is looked for leaves the bed free at once (H25)."""
    order = booked_bed(desk)
    body = {"order_ref": order["order_ref"], "last_day": "2026-05-31", "reason": "Notice"}
    desk.post("/v1/providers/poundbury/hand-backs", body)
    end(desk, "R-201", reason=reason)
    assert promised(desk, "R-201") == []
    assert str(booking(desk, order).ends_on) == "2026-04-01"
    assert nights_left(desk) == [("2026-04-01", None)]
    (line,) = audited(desk, "booking.cut_short")
    assert (line.detail["ends_on"], line.detail["reason"]) == ("2026-04-01", reason)
    assert faults(desk) == []


@pytest.mark.parametrize("is_told_twice", [False, True])
@pytest.mark.parametrize("counts", ["never", "before", "after", "before_and_after"])
def test_a_death_during_notice_frees_a_bed_that_is_counted(
    desk: Desk, counts: str, is_told_twice: bool
) -> None:
    """Whenever the home counted it as taken, and though another end was told meanwhile (H25)."""
    order = booked_bed(desk)
    if counts in {"before", "before_and_after"}:
        state_beds(desk, 0)
    body = {"order_ref": order["order_ref"], "last_day": "2026-06-10", "reason": "Notice"}
    desk.post("/v1/providers/poundbury/hand-backs", body)
    if counts in {"after", "before_and_after"}:
        told = {"beds": [{**BED, "available_from": "2026-06-11"}]}
        version = desk.get("/v1/providers/poundbury")["version"]
        path = "/v1/providers/poundbury/capacity"
        ok(desk.call("PUT", path, told, version=version, **own("poundbury")))
    if is_told_twice:
        shorten(desk, "2026-05-10")
        assert last_night_taken(desk) == "2026-05-10"
    shorten(desk, None)
    assert str(booking(desk, order).ends_on) == "2026-04-01"
    assert last_night_taken(desk) < "2026-04-12"
    desk.post("/v1/requests", new_request(desk, "N-1", like="R-201"))
    booked(desk, ok(take(desk, "N-1", "2026-04-12")))
    assert faults(desk) == []


def last_night_taken(desk: Desk) -> str:
    """Return the last night on which the home of the tests has no residential bed left."""
    left = slots_of(desk.get("/v1/providers/poundbury")["left"])
    return max((n for n in nights() if left["residential", n] < 1), default="")


def shorten(desk: Desk, last_day: str | None) -> None:
    """End care sooner that runs out its notice, as other requests of the person may have it."""
    ending = Ending(
        reason=EndReason.DIED, ends_on=None if last_day is None else date.fromisoformat(last_day)
    )
    with desk.record.writing(SOFTWARE) as writing:
        row = request_row(writing.session, "R-201")
        row.state = "waiting"
        endings.end(writing, row, ending)


def test_a_death_on_the_last_day_frees_the_bed_tonight(desk: Desk) -> None:
    """Nobody sleeps there, though the home was to keep the bed until tomorrow (H25)."""
    order = in_bed_today(desk)
    hand_back_today(desk, order)
    end(desk, "R-201")
    assert promised(desk, "R-201") == []
    assert is_free_tonight(desk)
    (line,) = audited(desk, "booking.cut_short")
    assert line.subject == order["order_ref"]


@pytest.mark.parametrize(
    ("ends_on", "last_night"),
    [("2026-05-10", "2026-05-10"), ("2026-05-31", "2026-05-31"), ("2026-06-30", "2026-05-31")],
)
def test_notice_is_only_ever_shortened(sqlite_desk: Desk, ends_on: str, last_night: str) -> None:
    """To a day before its end; a later one changes nothing of what the home said."""
    order = booked_bed(sqlite_desk)
    body = {"order_ref": order["order_ref"], "last_day": "2026-05-31", "reason": "Notice"}
    sqlite_desk.post("/v1/providers/poundbury/hand-backs", body)
    end(sqlite_desk, "R-201", ends_on=ends_on, **MOVING)
    assert str(booking(sqlite_desk, order).ends_on) == last_night
    assert kept(sqlite_desk, "R-201").document["last_night"] == last_night
    assert faults(sqlite_desk) == []


# -- days that cannot be -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "status"),
    [
        ("2026-04-01", 200),
        ("2027-04-02", 200),  # a year and a day
        ("2027-04-03", 400),
        ("9999-12-31", 400),
    ],
)
def test_care_is_not_ended_years_ahead(sqlite_desk: Desk, day: str, status: int) -> None:
    """Whether by its request, or by its booking; nor is a request that nobody serves yet."""
    order = booked_bed(sqlite_desk)["order_ref"]
    body = {"reason": "other", "ends_on": day}
    calls = ["/v1/requests/R-101/end", f"/v1/bookings/{order}/end"]
    answers = [sqlite_desk.call("POST", path, body) for path in calls]
    assert [each.status_code for each in answers] == [status, status]
    if status == 400:
        told = refused(sqlite_desk.call("POST", "/v1/requests/R-201/end", body), 400, "bad-call")
        assert told["expected"] == "2027-04-02 or an earlier day"
