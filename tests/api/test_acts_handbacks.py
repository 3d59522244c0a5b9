"""Tests of hand-backs: for what cause, what becomes of the search, and clocks that start anew."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from api.storage.requests import request_row
from api.tables import AuditRow
from tests.api.desk import Desk, refused
from tests.api.offering import bed_terms, booked, chosen, faults, history, own, recorded
from tests.api.test_acts_endings import promised, shown
from tests.api.test_acts_increases import MORE, OTHER

NOTICE = {"order_ref": "RUN-000001", "last_day": "2026-04-14", "reason": "No carer on Sundays"}


def hand_back(desk: Desk, order: Any, **other: Any) -> Any:
    """Return what a home is answered that hands a person's bed back."""
    told = {**NOTICE, "order_ref": order["order_ref"], **other}
    return desk.post("/v1/providers/poundbury/hand-backs", told, **own("poundbury"))


def in_poundbury(desk: Desk) -> Any:
    """Return the booking of R-201 at the home that she prefers."""
    return booked(desk, chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201")))


def audited(desk: Desk, action: str) -> AuditRow:
    """Return the one audit line of an action."""
    with desk.record.reading() as session:
        return session.scalars(select(AuditRow).where(AuditRow.action == action)).one()


# -- for what cause ----------------------------------------------------------------------------


def test_who_finds_a_person_unsuitable_is_looked_to_no_more(desk: Desk) -> None:
    """Neither shown nor asked nor preferred, and the ledger has the reason (H15)."""
    order = in_poundbury(desk)
    hand_back(desk, order, kind="unsuitable", reason="Needs nursing", last_day="2026-04-06")
    request = desk.get("/v1/requests/R-201")["request"]
    assert "poundbury" in request["excluded_providers"]
    assert "poundbury" not in request["preferred_providers"]
    assert history(desk, "R-201")[-1] == ("poundbury", "unsuitable")
    assert "poundbury" not in shown(desk, "R-201")
    body = {**bed_terms(), "provider_id": "poundbury", "told_by": "telephone"}
    refused(desk.call("POST", "/v1/requests/R-201/offers", body), 409, "conflict")
    assert audited(desk, "provider.handed_back").detail["kind"] == "unsuitable"
    assert audited(desk, "request.waits_again").detail["provider_excluded"] == "poundbury"
    assert faults(desk) == []


@pytest.mark.parametrize("kind", [{}, {"kind": "other"}, {"kind": "no_capacity"}])
def test_any_other_cause_rules_nobody_out(desk: Desk, kind: dict[str, str]) -> None:
    """Who has no staff today may have some in May; unless told otherwise nobody is ruled out."""
    order = in_poundbury(desk)
    hand_back(desk, order, **kind)
    assert desk.get("/v1/requests/R-201")["request"]["excluded_providers"] == []
    assert history(desk, "R-201")[-1] == ("poundbury", "withdrawn")
    recorded(desk, "poundbury", bed_terms(start_date="2026-04-15"), "R-201")


def test_a_cause_that_nobody_knows_is_none(sqlite_desk: Desk) -> None:
    """The causes are a closed list."""
    body = {**NOTICE, "kind": "tired of it"}
    answered = sqlite_desk.call("POST", "/v1/providers/maiden/hand-backs", body)
    refused(answered, 422, "bad-shape")
    assert sqlite_desk.get("/v1/requests/R-100")["state"] == "arranged"


def test_a_booked_offer_is_handed_back_not_found_unsuitable(sqlite_desk: Desk) -> None:
    """Its home is told the way that ends the care too; one that is only offered goes on (H15)."""
    order = in_poundbury(sqlite_desk)
    path, body = f"/v1/offers/{order['offer_id']}/unsuitable", {"reason": "Needs nursing"}
    told = refused(sqlite_desk.call("POST", path, body, **own("poundbury")), 409, "conflict")
    assert "hands the package back" in told["detail"]
    assert told["expected"].endswith("/v1/providers/poundbury/hand-backs")
    assert sqlite_desk.get("/v1/requests/R-201")["state"] == "arranged"
    offer = recorded(sqlite_desk, "maiden")
    sqlite_desk.post(f"/v1/offers/{offer['offer_id']}/unsuitable", body)


# -- clocks ------------------------------------------------------------------------------------


def test_the_clocks_start_anew(desk: Desk) -> None:
    """The person waits from today, so nobody is late for what was done long ago (H22)."""
    before = desk.get("/v1/requests/R-100")["received_at"]
    desk.post("/v1/providers/maiden/hand-backs", NOTICE)
    told = desk.get("/v1/requests/R-100")
    received = datetime.fromisoformat(told["received_at"])
    assert abs((datetime.now(UTC) - received).total_seconds()) < 60
    assert {clock["name"]: clock["is_late"] for clock in told["clocks"]} == {
        "respond": False,
        "find_homecare": False,
        "service_received": False,
    }
    kept = audited(desk, "request.waits_again").detail["received_at_before"]
    assert datetime.fromisoformat(kept) == datetime.fromisoformat(before)


def test_what_was_looked_for_before_is_no_response_now(desk: Desk) -> None:
    """A shortlist of the first search does not stop the clock of the second; a new one does."""

    def responded() -> bool:
        clocks = desk.get("/v1/requests/R-201")["clocks"]
        return next(c["done_at"] for c in clocks if c["name"] == "respond") is not None

    shown(desk, "R-201")
    assert responded()
    hand_back(desk, in_poundbury(desk))
    assert not responded()
    shown(desk, "R-201")
    assert responded()


# -- a change of provider under way ------------------------------------------------------------


def test_there_is_one_search_for_one_person(desk: Desk) -> None:
    """Whoever was looked for in the provider's place is looked for by the request itself now."""
    desk.post("/v1/requests/R-100/changes-of-provider", OTHER)
    shown(desk, "R-100-other")
    desk.post("/v1/providers/maiden/hand-backs", NOTICE)
    told = desk.get("/v1/requests/R-100-other")
    assert (told["state"], told["end_reason"]) == ("ended", "replaced")
    assert promised(desk, "R-100-other") == []
    parent = desk.get("/v1/requests/R-100")
    assert parent["state"] == "waiting"
    assert parent["request"]["excluded_providers"] == ["maiden"]  # as the change had it (H18)
    assert faults(desk) == []


def test_a_search_for_more_care_goes_on(desk: Desk) -> None:
    """An increase is not in the place of the care that was handed back."""
    desk.post("/v1/requests/R-100/increases", MORE)
    desk.post("/v1/providers/maiden/hand-backs", NOTICE)
    assert desk.get("/v1/requests/R-100-more")["state"] == "waiting"
    assert desk.get("/v1/requests/R-100")["request"]["excluded_providers"] == []


def test_a_change_that_was_given_up_is_not_ended_twice(sqlite_desk: Desk) -> None:
    """It keeps its reason, and rules nobody out any more."""
    sqlite_desk.post("/v1/requests/R-100/changes-of-provider", OTHER)
    sqlite_desk.post("/v1/requests/R-100-other/end", {"reason": "declined_by_person"})
    sqlite_desk.post("/v1/providers/maiden/hand-backs", NOTICE)
    assert sqlite_desk.get("/v1/requests/R-100-other")["end_reason"] == "declined_by_person"
    with sqlite_desk.record.reading() as session:
        assert "excluded_providers" not in request_row(session, "R-100").document
