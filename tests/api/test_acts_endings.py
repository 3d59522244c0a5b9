"""Tests of endings: whatever the reason, all that a request had is free at once (H25)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from api.schemas.requests import EndReason
from api.tables import AuditRow, BookingRow, CommitmentRow, HistoryRow
from tests.api.desk import Desk, ok, refused
from tests.api.life import nights, slots_of
from tests.api.offering import (
    bed_terms,
    booked,
    chosen,
    enquire,
    faults,
    history,
    holds,
    let_pass,
    own,
    recorded,
    reply,
    terms,
)
from tests.api.test_acts_increases import MORE, OTHER
from tests.api.test_acts_requests import new_request

REASONS = [each.value for each in EndReason]
BED = {"care_type": "residential", "beds": 1, "available_from": "2026-04-01"}
DIED = {"reason": "died"}


def end(desk: Desk, request_id: str = "R-101", **body: Any) -> Any:
    """Return a request that is ended."""
    return desk.post(f"/v1/requests/{request_id}/end", {**DIED, **body})


def booked_bed(desk: Desk, request_id: str = "R-201", where: str = "poundbury") -> Any:
    """Return the booking of a bed."""
    offer = recorded(desk, where, bed_terms(start_date="2026-04-12"), request_id)
    return booked(desk, chosen(desk, offer))


def state_beds(desk: Desk, beds: int, where: str = "poundbury") -> None:
    """Let a home state how many beds it has free from today."""
    version = desk.get(f"/v1/providers/{where}")["version"]
    body = {"beds": [{**BED, "beds": beds}] if beds else []}
    ok(desk.call("PUT", f"/v1/providers/{where}/capacity", body, version=version, **own(where)))


def beds_left(desk: Desk, where: str = "poundbury") -> int:
    """Return the residential beds that a home has left for good."""
    left = desk.get(f"/v1/providers/{where}")["left"]["beds"]
    return sum(
        line["beds"]
        for line in left
        if line["care_type"] == "residential" and line["available_to"] is None
    )


def shown(desk: Desk, request_id: str) -> list[str]:
    """Return whom a new shortlist shows."""
    made = desk.post(f"/v1/requests/{request_id}/shortlists", {})
    return [option["provider_id"] for option in made["shortlist"]["options"]]


def states(desk: Desk, request_id: str = "R-101") -> dict[str, str]:
    """Return the state of each provider's newest offer for a request, whether it is over or not."""
    items = desk.get(f"/v1/requests/{request_id}/offers")["items"]
    return {each["offer"]["provider_id"]: each["offer"]["state"] for each in items}


def promised(desk: Desk, request_id: str) -> list[tuple[str, str]]:
    """Return what a request is promised still: kind and provider."""
    query = select(CommitmentRow).where(
        CommitmentRow.request_id == request_id, CommitmentRow.released_at.is_(None)
    )
    with desk.record.reading() as session:
        return sorted((row.kind, row.provider_id) for row in session.scalars(query))


def booking(desk: Desk, order: Any) -> BookingRow:
    """Return a booking as the record has it."""
    with desk.record.reading() as session:
        return session.get_one(BookingRow, order["order_ref"])


def audited(desk: Desk, action: str) -> list[AuditRow]:
    """Return the audit lines of an action, oldest first."""
    query = select(AuditRow).where(AuditRow.action == action).order_by(AuditRow.number)
    with desk.record.reading() as session:
        return list(session.scalars(query))


# -- every reason ------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", REASONS)
def test_whatever_the_reason_all_is_free_at_once(desk: Desk, reason: str) -> None:
    """Holds, an enquiry, and offers of somebody who waits: nothing of it is left."""
    desk.post("/v1/requests/R-101/shortlists", {})
    enquiry = enquire(desk, "maiden", "frome")
    reply(desk, enquiry, "maiden")
    assert holds(desk) != []
    told = end(desk, reason=reason)
    assert (told["state"], told["end_reason"]) == ("ended", reason)
    assert promised(desk, "R-101") == []
    assert not desk.get(f"/v1/enquiries/{enquiry['enquiry_id']}")["is_open"]
    assert states(desk) == {"maiden": "lost"}
    assert faults(desk) == []


@pytest.mark.parametrize("reason", REASONS)
def test_whatever_the_reason_booked_care_ends(desk: Desk, reason: str) -> None:
    """With the day and the reason, and a bed given up today is free in the same second."""
    order = booked_bed(desk)
    assert beds_left(desk) == 0
    end(desk, "R-201", reason=reason, ends_on="2026-04-01")
    row = booking(desk, order)
    assert (row.end_reason, str(row.ends_on)) == (reason, "2026-04-01")
    assert row.ended_at is not None
    assert beds_left(desk) == 1
    assert states(desk, "R-201") == {"poundbury": "over"}
    assert faults(desk) == []


@pytest.mark.parametrize("is_counted", [False, True])
def test_a_bed_is_slept_in_until_its_last_night(desk: Desk, is_counted: bool) -> None:
    """Free before the first and after the last, whether or not the home counts it as taken."""
    booked_bed(desk)
    if is_counted:
        state_beds(desk, 0)
    end(desk, "R-201", reason="moved_away", ends_on="2026-04-20")
    left = slots_of(desk.get("/v1/providers/poundbury")["left"])
    free = {str(night) for (kind, night), count in left.items() if kind == "residential" and count}
    taken = sorted(set(nights()) - free)
    first = "2026-04-01" if is_counted else "2026-04-12"
    assert (taken[0], taken[-1]) == (first, "2026-04-20")
    assert faults(desk) == []


def test_a_reason_that_nobody_knows_is_none(sqlite_desk: Desk) -> None:
    """The reasons are counted later, so they are a closed list."""
    answered = sqlite_desk.call("POST", "/v1/requests/R-101/end", {"reason": "tired of it"})
    refused(answered, 422, "bad-shape")
    assert sqlite_desk.get("/v1/requests/R-101")["state"] == "waiting"


def test_the_reason_and_the_note_are_in_the_audit(sqlite_desk: Desk) -> None:
    """Whoever asks later finds who ended it and why."""
    end(sqlite_desk, reason="hospital", note="For months")
    (line,) = audited(sqlite_desk, "request.ended")
    assert (line.subject, line.actor, line.role) == ("R-101", "the broker", "broker")
    assert line.detail["reason"] == "hospital"
    assert line.detail["note"] == "For months"


def test_without_a_day_care_ends_today(sqlite_desk: Desk) -> None:
    """The desk's today, not the machine's."""
    order = booked_bed(sqlite_desk)
    end(sqlite_desk, "R-201")
    assert str(booking(sqlite_desk, order).ends_on) == "2026-04-01"
    assert audited(sqlite_desk, "booking.cut_short") == []  # no notice ran


@pytest.mark.parametrize(
    ("day", "status"),
    [
        ("2026-03-31", 400),  # neither has it begun nor is it called off so early
        ("2026-04-01", 200),  # called off today
        ("2026-04-12", 200),
    ],
)
def test_care_does_not_end_before_it_began(sqlite_desk: Desk, day: str, status: int) -> None:
    """Whether the request is ended or its booking: the same days are refused."""
    order = booked_bed(sqlite_desk)["order_ref"]
    body = {"reason": "moved_away", "ends_on": day}
    answered = sqlite_desk.call("POST", "/v1/requests/R-201/end", body)
    assert answered.status_code == status, answered.text
    if status == 400:
        told = refused(answered, 400, "bad-call")
        other = refused(
            sqlite_desk.call("POST", f"/v1/bookings/{order}/end", body), 400, "bad-call"
        )
        assert {**told, "request_id": ""} == {**other, "request_id": ""}
        assert sqlite_desk.get("/v1/requests/R-201")["state"] == "arranged"


# -- free for the next one ---------------------------------------------------------------------


def test_a_bed_that_is_given_up_is_shown_to_the_next(desk: Desk) -> None:
    """The next shortlist, in the same second, has the bed that an ending freed."""
    desk.post("/v1/requests", new_request(desk, "N-1", like="R-201"))
    booked_bed(desk)
    assert "poundbury" not in shown(desk, "N-1")
    end(desk, "R-201")
    assert "poundbury" in shown(desk, "N-1")


def test_a_hold_that_is_given_up_is_shown_to_the_next(desk: Desk) -> None:
    """So is one that was only held."""
    desk.post("/v1/requests", new_request(desk, "N-1", like="R-201"))
    assert "poundbury" in shown(desk, "R-201")
    assert "poundbury" not in shown(desk, "N-1")
    end(desk, "R-201", reason="declined_by_person")
    assert "poundbury" in shown(desk, "N-1")


def test_carers_who_are_given_up_can_be_booked_at_once(desk: Desk) -> None:
    """The same visits of the same carer, whom two cannot have."""
    desk.post("/v1/requests", new_request(desk, "N-1"))
    booked(desk, chosen(desk, recorded(desk, "maiden")))
    offer = recorded(desk, "maiden", request_id="N-1")
    path, body = f"/v1/offers/{offer['offer_id']}/choice", {"chosen_by": "person"}
    answered = desk.call("PUT", path, body, version=offer["version"])
    refused(answered, 409, "capacity-taken")
    end(desk)
    assert booked(desk, chosen(desk, offer))["request_id"] == "N-1"
    assert faults(desk) == []


# -- counted capacity comes back ---------------------------------------------------------------


def test_a_bed_counted_as_taken_comes_back(desk: Desk) -> None:
    """A home that stated no bed beside the booked one has that one again when it ends."""
    booked_bed(desk)
    state_beds(desk, 0)
    assert beds_left(desk) == 0
    end(desk, "R-201")
    assert promised(desk, "R-201") == [("return", "poundbury")]
    assert beds_left(desk) == 1


def test_a_bed_that_came_back_is_booked_again_once(desk: Desk) -> None:
    """By the next person, and by nobody after that."""
    for name in ("N-1", "N-2"):
        desk.post("/v1/requests", new_request(desk, name, like="R-201"))
    booked_bed(desk)
    state_beds(desk, 0)
    end(desk, "R-201")
    booked_bed(desk, "N-1")
    offer = recorded(desk, "poundbury", bed_terms(start_date="2026-04-12"), "N-2")
    path, body = f"/v1/offers/{offer['offer_id']}/choice", {"chosen_by": "person"}
    refused(desk.call("PUT", path, body, version=offer["version"]), 409, "capacity-taken")
    assert faults(desk) == []


def test_what_came_back_is_over_when_the_home_states_anew(desk: Desk) -> None:
    """Its new figure knows of the bed already, so nothing is counted twice."""
    booked_bed(desk)
    state_beds(desk, 0)
    end(desk, "R-201")
    state_beds(desk, 1)
    assert beds_left(desk) == 1
    assert promised(desk, "R-201") == []


def test_what_was_not_counted_does_not_come_back(desk: Desk) -> None:
    """A booking since the last statement is only given back: nothing is added to it."""
    state_beds(desk, 2)
    booked_bed(desk)
    assert beds_left(desk) == 1
    end(desk, "R-201")
    assert promised(desk, "R-201") == []
    assert beds_left(desk) == 2


def test_care_that_ran_before_the_record_frees_nothing(desk: Desk) -> None:
    """Nobody counted it as free, so its provider states anew what it has."""
    before = desk.get("/v1/providers/maiden")["left"]
    end(desk, "R-100")
    assert desk.get("/v1/providers/maiden")["left"] == before
    assert promised(desk, "R-100") == []


# -- enquiries and the ledger ------------------------------------------------------------------


def test_nobody_loses_a_turn_by_an_ending(desk: Desk) -> None:
    """Who offered, who was still asked and who was held has no line in the ledger of it (S3)."""
    reply(desk, enquire(desk, "maiden", "frome"), "maiden")
    recorded(desk, "chesil", terms(2400))
    end(desk, reason="no_longer_needed")
    assert history(desk) == []


def test_who_let_the_window_pass_is_silent_all_the_same(desk: Desk) -> None:
    """An ending after the window is over does not hide who never answered."""
    enquiry = enquire(desk, "maiden", "frome")
    reply(desk, enquiry, "maiden")
    let_pass(desk, enquiry)
    end(desk)
    assert history(desk) == [("frome", "no_reply")]


def test_a_provider_cannot_answer_what_has_ended(desk: Desk) -> None:
    """Neither by an offer nor by declining, and is not told why (H7)."""
    enquiry = enquire(desk, "maiden")
    end(desk)
    path = f"/v1/enquiries/{enquiry['enquiry_id']}"
    told = refused(desk.call("PUT", f"{path}/offer", terms(), **own("maiden")), 409, "conflict")
    assert "died" not in str(told)
    body = {"reason": "No staff"}
    refused(desk.call("POST", f"{path}/decline", body, **own("maiden")), 409, "conflict")


def test_an_accepted_offer_stays_in_the_ledger(desk: Desk) -> None:
    """That the care ended later takes nothing back from who gave it."""
    booked_bed(desk)
    end(desk, "R-201")
    assert history(desk, "R-201") == [("poundbury", "accepted")]


# -- beside and in its place -------------------------------------------------------------------


def test_what_was_asked_for_beside_ends_too(desk: Desk) -> None:
    """An increase and a change are of the same care, and lose what they hold."""
    desk.post("/v1/requests/R-100/increases", MORE)
    desk.post("/v1/requests/R-100/changes-of-provider", OTHER)
    desk.post("/v1/requests/R-100-other/shortlists", {})
    end(desk, "R-100", reason="moved_away", note="To Poole")
    for name in ("R-100-more", "R-100-other"):
        told = desk.get(f"/v1/requests/{name}")
        assert (told["state"], told["end_reason"]) == ("ended", "moved_away")
        assert promised(desk, name) == []
    assert faults(desk) == []


def test_what_ended_before_keeps_its_reason(desk: Desk) -> None:
    """An increase that was given up is not ended twice."""
    desk.post("/v1/requests/R-100/increases", MORE)
    end(desk, "R-100-more", reason="declined_by_person")
    end(desk, "R-100")
    told = desk.get("/v1/requests/R-100-more")
    assert told["end_reason"] == "declined_by_person"
    assert [line.subject for line in audited(desk, "request.ended")] == ["R-100-more", "R-100"]


def test_the_end_of_what_is_beside_leaves_the_care(desk: Desk) -> None:
    """Who wants no more visits keeps those that run."""
    desk.post("/v1/requests/R-100/increases", MORE)
    end(desk, "R-100-more", reason="no_longer_needed")
    told = desk.get("/v1/requests/R-100")
    assert (told["state"], told["provider_id"]) == ("arranged", "maiden")


@pytest.mark.parametrize("reason", REASONS)
def test_only_what_is_the_persons_ends_all_of_her_care(desk: Desk, reason: str) -> None:
    """Told of an increase, a death or a move ends the care beside it too; nothing else does."""
    desk.post("/v1/requests/R-100/increases", MORE)
    end(desk, "R-100-more", reason=reason)
    told = desk.get("/v1/requests/R-100")
    is_hers = reason in {"died", "moved_away"}
    assert told["state"] == ("ended" if is_hers else "arranged")
    assert told["end_reason"] == (reason if is_hers else None)
    assert faults(desk) == []


# -- an end is an end --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "end", DIED),
        ("POST", "shortlists", {}),
        ("POST", "enquiries", {"provider_ids": ["maiden"]}),
        ("POST", "offers", {**terms(), "provider_id": "maiden", "told_by": "telephone"}),
        ("PATCH", "", {"changes": {"needs": []}, "reason": "New"}),
        ("PUT", "urgency", {"reason": "Fell"}),
        ("DELETE", "urgency", None),
        ("POST", "suspension", {"suspended_from": "2026-04-01", "reason": "Hospital"}),
        ("DELETE", "suspension", None),
        ("POST", "increases", MORE),
        ("POST", "changes-of-provider", OTHER),
    ],
)
def test_nothing_more_is_done(sqlite_desk: Desk, method: str, path: str, body: Any) -> None:
    """For a request that has ended, whoever tries what; and the refusal says so."""
    told = end(sqlite_desk)
    where = f"/v1/requests/R-101/{path}".rstrip("/")
    answered = sqlite_desk.call(method, where, body, version=told["version"])
    problem = refused(answered, 409, "conflict")
    assert problem["detail"] == "Request R-101 has ended (died)."
    assert sqlite_desk.get("/v1/requests/R-101") == told
    with sqlite_desk.record.reading() as session:
        lines = session.scalars(select(HistoryRow.line_id).where(HistoryRow.request_id == "R-101"))
        assert lines.all() == []
