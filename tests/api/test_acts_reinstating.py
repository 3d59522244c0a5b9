"""Tests of ends that are told again or taken back: what is to come is not final before its day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from api.tables import BookingRow, RequestRow
from tests.api.desk import Desk, ok, refused
from tests.api.offering import bed_terms, booked, chosen, faults, own, recorded, terms
from tests.api.test_acts_endings import audited, booked_bed, booking, end, promised, state_beds
from tests.api.test_acts_endings_ahead import (
    hand_back_today,
    in_bed_today,
    is_free_tonight,
    kept,
    let_days_pass,
    nights_left,
    take,
    take_carers,
)
from tests.api.test_acts_endings_family import arranged_beside, replaced, states
from tests.api.test_acts_increases import MORE, OTHER
from tests.api.test_acts_requests import new_request

WHY = {"reason": "It is otherwise after all"}
NOTICE = {"reason": "moved_away", "ends_on": "2026-04-28"}
BEDS = {"care_type": "residential", "beds": 1, "available_from": "2026-04-01"}


def reinstated(desk: Desk, what: str) -> Any:
    """Return what is reinstated: a request or a booking."""
    return desk.post(f"/v1/{what}/reinstatement", WHY)


def not_reinstated(desk: Desk, what: str, kind: str = "conflict") -> Any:
    """Return why something is not reinstated."""
    return refused(desk.call("POST", f"/v1/{what}/reinstatement", WHY), 409, kind)


def rival_takes(desk: Desk, first_day: str) -> Any:
    """Return the answer to another person's choice of the bed at poundbury from a day on."""
    if desk.call("GET", "/v1/requests/N-1").status_code == 404:
        desk.post("/v1/requests", new_request(desk, "N-1", like="R-201"))
    return take(desk, "N-1", first_day)


# -- told again --------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["request", "booking"])
@pytest.mark.parametrize("is_counted", [False, True])
def test_who_dies_on_the_second_day_of_notice_leaves_the_bed(
    desk: Desk, by: str, is_counted: bool
) -> None:
    """Whoever tells it where: the bed is free tonight, and what was told before is kept (H25)."""
    order = in_bed_today(desk)
    if is_counted:
        state_beds(desk, 0)
    end(desk, "R-201", **NOTICE)
    assert nights_left(desk) == [("2026-04-29", None)]
    path = "requests/R-201" if by == "request" else f"bookings/{order['order_ref']}"
    ok(desk.call("POST", f"/v1/{path}/end", {"reason": "died", "ends_on": "2026-04-01"}))
    told = desk.get("/v1/requests/R-201")
    assert (told["state"], told["end_reason"]) == ("ended", "died")
    row = booking(desk, order)
    assert (str(row.ends_on), row.end_reason) == ("2026-04-01", "died")
    assert is_free_tonight(desk)
    (line,) = audited(desk, "booking.end_changed")
    assert line.detail["before"] == {"ends_on": "2026-04-28", "reason": "moved_away"}
    assert faults(desk) == []


def test_a_death_is_never_told_ahead(desk: Desk) -> None:
    """Neither of care that runs nor in place of another end; a late one is."""
    order = in_bed_today(desk)["order_ref"]
    for path in ("requests/R-201", f"bookings/{order}"):
        for day in ("2026-04-02", "2027-01-26"):
            body = {"reason": "died", "ends_on": day}
            told = refused(desk.call("POST", f"/v1/{path}/end", body), 400, "bad-call")
            assert told["expected"] == "2026-04-01 or an earlier day"
    end(desk, "R-201", **NOTICE)
    body = {"reason": "died", "ends_on": "2026-04-20"}
    refused(desk.call("POST", "/v1/requests/R-201/end", body), 400, "bad-call")
    assert desk.get("/v1/requests/R-201")["end_reason"] == "moved_away"


@pytest.mark.parametrize("is_counted", [False, True])
@pytest.mark.parametrize("last_day", ["2026-04-14", "2026-05-20"])
def test_an_end_is_brought_forward_or_put_off(desk: Desk, last_day: str, is_counted: bool) -> None:
    """The bed is hers to the day told last, whether or not the home counts it as taken."""
    booked_bed(desk)
    if is_counted:
        state_beds(desk, 0)
    end(desk, "R-201", **NOTICE)
    end(desk, "R-201", reason="hospital", ends_on=last_day)
    refused(rival_takes(desk, last_day), 409, "capacity-taken")
    following = {"2026-04-14": "2026-04-15", "2026-05-20": "2026-05-21"}[last_day]
    booked(desk, ok(rival_takes(desk, following)))
    assert desk.get("/v1/requests/R-201")["end_reason"] == "hospital"
    assert faults(desk) == []


def test_an_end_is_not_put_off_into_somebody_elses_nights(desk: Desk) -> None:
    """Brought forward it still is, and put off up to them."""
    booked_bed(desk)
    end(desk, "R-201", **NOTICE)
    booked(desk, ok(rival_takes(desk, "2026-05-10")))
    path, body = "/v1/requests/R-201/end", {"reason": "other"}
    refused(desk.call("POST", path, {**body, "ends_on": "2026-05-10"}), 409, "capacity-taken")
    ok(desk.call("POST", path, {**body, "ends_on": "2026-05-09"}))
    ok(desk.call("POST", path, {**body, "ends_on": "2026-04-20"}))
    ok(desk.call("POST", path, {"reason": "died"}))
    assert nights_left(desk) == [("2026-04-01", "2026-05-09")]
    assert faults(desk) == []


def test_carers_stay_to_the_day_told_last(desk: Desk) -> None:
    """Put off, and then taken back: they are hers until they have left."""
    desk.post("/v1/requests", new_request(desk, "N-1"))
    booked(desk, chosen(desk, recorded(desk, "maiden")))
    end(desk, **NOTICE)
    first = kept(desk, "R-101").expires_at
    end(desk, reason="moved_away", ends_on="2026-05-28")
    later = kept(desk, "R-101").expires_at
    assert first is not None
    assert later is not None
    assert (later - first).days == 30
    reinstated(desk, "requests/R-101")
    assert kept(desk, "R-101").expires_at is None
    let_days_pass(desk)
    refused(take_carers(desk, "N-1"), 409, "capacity-taken")
    assert faults(desk) == []


def test_a_death_told_of_any_request_ends_what_still_runs(desk: Desk) -> None:
    """Of one that was replaced: its last days, and the care that was to follow (H25)."""
    replaced(desk)
    end(desk, "R-100")
    told = desk.get("/v1/requests/R-100-other")
    assert (told["state"], told["end_reason"]) == ("ended", "died")
    assert str(booking(desk, {"order_ref": "RUN-000001"}).ends_on) == "2026-04-01"
    assert desk.get("/v1/requests/R-100")["end_reason"] == "replaced"
    assert faults(desk) == []


def test_what_is_over_is_over(desk: Desk) -> None:
    """Once its last day has passed, and was not told today, an end is history."""
    order = booked_bed(desk)["order_ref"]
    end(desk, "R-201", **NOTICE)
    over(desk, order)
    for path in ("requests/R-201", f"bookings/{order}"):
        body = {"reason": "died", "ends_on": "2026-04-01"}
        refused(desk.call("POST", f"/v1/{path}/end", body), 409, "conflict")
        assert "new request" in not_reinstated(desk, path)["expected"]


def over(desk: Desk, order_ref: str) -> None:
    """Let a booking have ended last month, as was told a month before."""
    with desk.record.bare_writing() as session:
        row = session.get_one(BookingRow, order_ref)
        assert row.ended_at is not None
        row.ends_on, told = date(2026, 3, 1), row.ended_at - timedelta(days=60)
        row.ended_at = told
        session.get_one(RequestRow, row.request_id).ended_at = told


# -- taken back --------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["request", "booking"])
@pytest.mark.parametrize("counts", ["never", "before", "after"])
def test_an_end_is_taken_back_before_its_day(desk: Desk, by: str, counts: str) -> None:
    """The bed is hers for good again, and all stands as it stood, with its trace in the audit."""
    order = booked_bed(desk)
    before = desk.get("/v1/requests/R-201")
    if counts == "before":
        state_beds(desk, 0)
    end(desk, "R-201", **NOTICE)
    if counts == "after":
        told = {"beds": [{**BEDS, "available_from": "2026-04-29"}]}
        version = desk.get("/v1/providers/poundbury")["version"]
        ok(desk.call("PUT", "/v1/providers/poundbury/capacity", told, version=version))
    reference = order["order_ref"]
    reinstated(desk, "requests/R-201" if by == "request" else f"bookings/{reference}")
    after = desk.get("/v1/requests/R-201")
    assert {**after, "version": 0} == {**before, "version": 0}
    row = booking(desk, order)
    assert (row.ends_on, row.ended_at, row.end_reason) == (None, None, None)
    assert desk.get(f"/v1/offers/{order['offer_id']}")["state"] == "booked"
    refused(rival_takes(desk, "2026-05-20"), 409, "capacity-taken")
    (line,) = audited(desk, "booking.reinstated")
    assert line.detail["before"]["ends_on"] == "2026-04-28"
    assert line.detail["reason"] == WHY["reason"]
    assert faults(desk) == []


def test_a_bed_that_was_taken_meanwhile_is_not_taken_back(desk: Desk) -> None:
    """Nothing changes, and the end still stands."""
    order = booked_bed(desk)
    end(desk, "R-201", **NOTICE)
    booked(desk, ok(rival_takes(desk, "2026-04-29")))
    before = desk.get("/v1/requests/R-201")
    not_reinstated(desk, "requests/R-201", "capacity-taken")
    assert desk.get("/v1/requests/R-201") == before
    assert str(booking(desk, order).ends_on) == "2026-04-28"
    assert faults(desk) == []


@pytest.mark.parametrize("is_counted", [False, True])
def test_a_death_told_of_the_wrong_person_is_taken_back(desk: Desk, is_counted: bool) -> None:
    """The same day, although the bed was free at once; if nobody has it yet."""
    in_bed_today(desk)
    if is_counted:
        state_beds(desk, 0)
    end(desk, "R-201", ends_on="2026-04-01")
    reinstated(desk, "requests/R-201")
    assert not is_free_tonight_at_all(desk)
    assert promised(desk, "R-201") in (
        [("booking", "poundbury")],
        [("booking", "poundbury"), ("return", "poundbury")],
    )
    assert faults(desk) == []


def is_free_tonight_at_all(desk: Desk) -> bool:
    """Say whether the bed at poundbury is anybody's, tonight or later."""
    return any(take(desk, "N-1", day).is_success for day in ("2026-04-01", "2026-05-20"))


def test_who_waited_waits_again(desk: Desk) -> None:
    """Nothing ran, so that is so on any day; what was held and offered is everybody's."""
    desk.post("/v1/requests/R-101/shortlists", {})
    recorded(desk, "maiden")
    end(desk)
    told = reinstated(desk, "requests/R-101")
    assert (told["state"], told["end_reason"], told["ended_at"]) == ("waiting", None, None)
    assert promised(desk, "R-101") == []
    booked(desk, chosen(desk, recorded(desk, "maiden", terms(2400))))
    assert faults(desk) == []


def test_a_death_taken_back_restores_all_of_her_care(desk: Desk) -> None:
    """What runs, what runs out until other care begins, that care, and what is beside it."""
    arranged_beside(desk)
    replaced(desk)
    before, rows = states(desk), desk.get("/v1/bookings?only_running=false")["items"]
    end(desk, "R-100-more")
    assert set(states(desk).values()) == {"ended"}
    reinstated(desk, "requests/R-100-other")
    assert states(desk) == before
    for row, was in zip(desk.get("/v1/bookings?only_running=false")["items"], rows, strict=True):
        assert {**row, "version": 0} == {**was, "version": 0}
    assert faults(desk) == []


def test_notice_that_was_cut_short_runs_on(desk: Desk) -> None:
    """She was to leave in May; told to move in April; and then did not move."""
    order = booked_bed(desk)
    body = {"order_ref": order["order_ref"], "last_day": "2026-05-31", "reason": "Notice"}
    desk.post("/v1/providers/poundbury/hand-backs", body)
    end(desk, "R-201", **NOTICE)
    end(desk, "R-201", reason="moved_away", ends_on="2026-05-10")
    assert str(booking(desk, order).ends_on) == "2026-05-10"
    reinstated(desk, "requests/R-201")
    assert str(booking(desk, order).ends_on) == "2026-05-31"
    assert desk.get("/v1/requests/R-201")["state"] == "waiting"
    refused(rival_takes(desk, "2026-05-31"), 409, "capacity-taken")
    ok(rival_takes(desk, "2026-06-01"))
    assert faults(desk) == []


def test_what_is_beside_does_not_come_back_alone(desk: Desk) -> None:
    """More visits, or another search, beside care that has ended: that comes back first."""
    desk.post("/v1/requests/R-100/increases", MORE)
    desk.post("/v1/requests/R-100/changes-of-provider", OTHER)
    end(desk, "R-100", reason="no_longer_needed")
    for name in ("R-100-more", "R-100-other"):
        told = not_reinstated(desk, f"requests/{name}")
        assert "R-100" in told["expected"]
    reinstated(desk, "requests/R-100")
    assert states(desk) == {"R-100": "arranged", "R-100-more": "waiting", "R-100-other": "waiting"}
    assert faults(desk) == []


def test_a_search_does_not_come_back_beside_another(desk: Desk) -> None:
    """One change of provider at a time (H18)."""
    desk.post("/v1/requests/R-100/changes-of-provider", OTHER)
    end(desk, "R-100-other", reason="other")
    desk.post("/v1/requests/R-100/changes-of-provider", {**OTHER, "request_id": "C-2"})
    not_reinstated(desk, "requests/R-100-other")
    end(desk, "C-2", reason="other")
    assert reinstated(desk, "requests/R-100-other")["state"] == "waiting"


@pytest.mark.parametrize("request_id", ["R-101", "R-100"])
def test_what_has_not_ended_is_not_reinstated(sqlite_desk: Desk, request_id: str) -> None:
    """Neither a search nor care that runs."""
    not_reinstated(sqlite_desk, f"requests/{request_id}")
    not_reinstated(sqlite_desk, "bookings/RUN-000001")


def test_a_key_worker_takes_back_her_own(sqlite_desk: Desk) -> None:
    """As she may end it, she may say that it was a mistake."""
    worker = {"role": "key_worker", "holder": "worker-7"}
    sqlite_desk.post("/v1/requests", new_request(sqlite_desk, "N-1"), **worker)
    end(sqlite_desk, "N-1")
    colleague = {**worker, "holder": "worker-8"}
    path = "/v1/requests/N-1/reinstatement"
    refused(sqlite_desk.call("POST", path, WHY, **colleague), 404, "not-found")
    assert sqlite_desk.post(path, WHY, **worker)["state"] == "waiting"


# -- a change that falls through, and notice taken back ----------------------------------------


def test_a_change_that_falls_through_is_called_off(desk: Desk) -> None:
    """The first booking goes on; the second gives its carers back; increases are beside it."""
    arranged_beside(desk)
    replaced(desk)
    reinstated(desk, "bookings/RUN-000001")
    expected = {"R-100": "arranged", "R-100-more": "arranged", "R-100-other": "ended"}
    assert states(desk) == expected
    assert desk.get("/v1/requests/R-100-other")["end_reason"] == "called_off"
    assert desk.get("/v1/requests/R-100-more")["parent_id"] == "R-100"
    assert promised(desk, "R-100-other") == []
    assert desk.get("/v1/requests/R-100")["provider_id"] == "maiden"
    desk.post("/v1/requests/R-100/changes-of-provider", {**OTHER, "request_id": "C-2"})
    not_reinstated(desk, "requests/R-100-other")
    assert faults(desk) == []


def test_a_change_of_beds_that_falls_through_leaves_the_first_bed(desk: Desk) -> None:
    """The bed that was to be left is hers for good again, if nobody else has it by then."""
    order = in_bed_today(desk)
    desk.post("/v1/requests/R-201/changes-of-provider", {**OTHER, "request_id": "C-1"})
    state_beds(desk, 1, "grange")
    offer = recorded(desk, "grange", bed_terms(start_date="2026-04-20"), "C-1")
    booked(desk, chosen(desk, offer))
    assert nights_left(desk) == [("2026-04-20", None)]
    not_reinstated(desk, "requests/R-201")  # nobody told an end of it
    reinstated(desk, f"bookings/{order['order_ref']}")
    assert nights_left(desk) == []
    assert promised(desk, "C-1") == []
    assert faults(desk) == []


def test_care_that_has_begun_in_its_place_is_not_called_off(desk: Desk) -> None:
    """Then there is other care, and another change of provider to ask for."""
    replaced(desk)
    (order,) = desk.get("/v1/bookings")["items"]
    with desk.record.bare_writing() as session:
        session.get_one(BookingRow, order["order_ref"]).starts_on = date(2026, 4, 1)
    told = not_reinstated(desk, "bookings/RUN-000001")
    assert "has begun on 2026-04-01" in told["detail"]
    assert desk.get("/v1/requests/R-100-other")["state"] == "arranged"


def test_notice_is_taken_back(desk: Desk) -> None:
    """The home keeps her after all: her search closes, and she has her bed."""
    order = in_bed_today(desk)
    hand_back_today(desk, order)
    desk.post("/v1/requests/R-201/shortlists", {})
    reinstated(desk, f"bookings/{order['order_ref']}")
    told = desk.get("/v1/requests/R-201")
    assert (told["state"], told["provider_id"]) == ("arranged", "poundbury")
    assert promised(desk, "R-201") == [("booking", "poundbury")]
    assert nights_left(desk) == []
    assert faults(desk) == []


def test_who_is_found_unsuitable_is_not_kept(desk: Desk) -> None:
    """That is no notice but a finding (H15)."""
    order = in_bed_today(desk)
    body = {"order_ref": order["order_ref"], "last_day": "2026-04-20", "reason": "Needs nursing"}
    desk.post("/v1/providers/poundbury/hand-backs", {**body, "kind": "unsuitable"})
    not_reinstated(desk, f"bookings/{order['order_ref']}")


def test_who_has_another_provider_by_now_has_that(desk: Desk) -> None:
    """Until it is given back: nobody is served twice."""
    order = booked(desk, chosen(desk, recorded(desk, "maiden")))
    body = {"order_ref": order["order_ref"], "last_day": "2026-04-20", "reason": "No staff"}
    desk.post("/v1/providers/maiden/hand-backs", body, **own("maiden"))
    other = booked(desk, chosen(desk, recorded(desk, "frome", terms(2400))))
    not_reinstated(desk, f"bookings/{order['order_ref']}")
    refused(end_of(desk, order, "no_longer_needed"), 409, "conflict")
    again = {**body, "order_ref": other["order_ref"]}
    desk.post("/v1/providers/frome/hand-backs", again, **own("frome"))
    reinstated(desk, f"bookings/{order['order_ref']}")
    assert desk.get("/v1/requests/R-101")["provider_id"] == "maiden"
    assert faults(desk) == []


def end_of(desk: Desk, order: Any, reason: str) -> Any:
    """Return the answer to the end of a booking."""
    body = {"reason": reason, "ends_on": "2026-04-10"}
    return desk.call("POST", f"/v1/bookings/{order['order_ref']}/end", body)
