"""Tests of what becomes of offers: approved, chosen, unsuitable, withdrawn, lost."""

from __future__ import annotations

from typing import Any

import pytest

from api.tables import ProviderRow
from tests.api.desk import Desk, refused
from tests.api.offering import (
    BED,
    HOLDER,
    approved,
    at,
    bed_terms,
    booked,
    change_provider,
    chosen,
    enquire,
    faults,
    history,
    holds,
    own,
    recorded,
    reply,
    terms,
)
from tests.api.test_acts_requests import new_request

WEEK_AT_2505 = 21_924
"""Pence for 525 minutes a week at 25.05 an hour: 8.75 hours, 219.1875, rounded half up."""


@pytest.mark.parametrize(
    ("limit", "is_kept"), [(25_000, True), (23_625, True), (23_624, False), (None, False)]
)
def test_a_budget_holder_decides_within_his_limit(
    sqlite_desk: Desk, limit: int | None, is_kept: bool
) -> None:
    """Up to the limit and not a penny above; without one, nothing (H9)."""
    made = recorded(sqlite_desk, "maiden", terms(2700))
    assert made["weekly_cost_pence"] == 23_625
    path = f"/v1/offers/{made['offer_id']}/approval"
    body = {"approve": True, "note": "No cheaper one"}
    answered = sqlite_desk.call("PUT", path, body, version=1, limit=limit, **HOLDER)
    if not is_kept:
        told = refused(answered, 403, "not-allowed")
        assert told["value"] == "23625"
        return
    now = sqlite_desk.get(f"/v1/offers/{made['offer_id']}")
    assert (now["approved"], now["approved_by"]) == (True, "the budget_holder")
    assert now["approved_at"] is not None
    assert now["approval_note"] == "No cheaper one"


def test_an_approval_is_given_once_and_of_a_version(desk: Desk) -> None:
    """Nobody decides twice, on what needs no decision, or on what was not seen."""
    made = recorded(desk, "maiden", terms(2700))
    path, body = f"/v1/offers/{made['offer_id']}/approval", {"approve": False, "note": "Too dear"}
    refused(desk.call("PUT", path, body, **HOLDER), 428, "version-needed")
    refused(desk.call("PUT", path, body, version=2, **HOLDER), 412, "stale")
    refused(desk.call("PUT", path, body, version=1), 403, "not-allowed")
    told = approved(desk, made, approve=False)
    assert told["approved"] is False
    refused(desk.call("PUT", path, body, version=told["version"], **HOLDER), 409, "conflict")
    cheap = recorded(desk, "frome", terms(2400))
    path = f"/v1/offers/{cheap['offer_id']}/approval"
    refused(desk.call("PUT", path, body, version=1, **HOLDER), 409, "conflict")


# -- chosen ------------------------------------------------------------------------------------


def test_a_choice_says_who_decided_and_holds_the_capacity(desk: Desk) -> None:
    """Who decided and who recorded it stand beside each other; all other holds are let go (H14)."""
    desk.post("/v1/requests/R-101/shortlists", {})
    assert len(holds(desk)) > 1
    told = chosen(desk, recorded(desk, "maiden"), "best_interests_decision")
    assert (told["state"], told["chosen_by"]) == ("chosen", "best_interests_decision")
    assert told["recorded_by"] == "the broker"
    assert told["held_until"] is not None
    assert holds(desk) == ["maiden"]
    assert faults(desk) == []


def test_a_later_choice_takes_the_place_of_an_earlier_one(desk: Desk) -> None:
    """One offer of a request is chosen; the one before is an offer again."""
    first, second = recorded(desk, "maiden"), recorded(desk, "frome")
    chosen(desk, first)
    chosen(desk, second, "family")
    before = desk.get(f"/v1/offers/{first['offer_id']}")
    assert (before["state"], before["chosen_by"], before["held_until"]) == ("offered", None, None)
    assert holds(desk) == ["frome"]
    again = chosen(desk, before)
    assert again["state"] == "chosen"
    assert chosen(desk, again)["chosen_by"] == "person"
    assert faults(desk) == []


def test_what_somebody_else_holds_cannot_be_chosen(desk: Desk) -> None:
    """The last bed is held for one person at a time."""
    desk.post("/v1/requests", new_request(desk, like="R-201"))
    mine, other = (recorded(desk, "poundbury", bed_terms(), each) for each in ("R-201", "N-1"))
    chosen(desk, mine)
    path = f"/v1/offers/{other['offer_id']}/choice"
    refused(desk.call("PUT", path, {"chosen_by": "person"}, version=1), 409, "capacity-taken")
    assert desk.get(f"/v1/offers/{other['offer_id']}")["state"] == "offered"
    desk.post(f"/v1/offers/{mine['offer_id']}/withdrawal", {"reason": "Chose another home"})
    chosen(desk, other)


def test_times_beyond_capacity_cannot_be_held(desk: Desk) -> None:
    """A provider states what it has before it is held to it."""
    made = recorded(desk, "maiden", terms(visits=at(10 * 60 + 30, BED)))  # its morning ends at 11
    path = f"/v1/offers/{made['offer_id']}/choice"
    refused(desk.call("PUT", path, {"chosen_by": "person"}, version=1), 409, "capacity-taken")


# -- come to nothing ---------------------------------------------------------------------------


def test_an_unsuitable_home_is_left_out_from_then_on(desk: Desk) -> None:
    """The reason is kept, the bed is free, and the next shortlist goes without that home (H15)."""
    told = chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201"))
    path = f"/v1/offers/{told['offer_id']}/unsuitable"
    seen = desk.post(path, {"reason": "Cannot meet needs at night"}, **own("poundbury"))
    assert seen["state"] == "unsuitable"
    assert holds(desk, "R-201") == []
    assert history(desk, "R-201") == [("poundbury", "unsuitable")]
    now = desk.get("/v1/requests/R-201")
    assert now["request"]["excluded_providers"] == ["poundbury"]
    assert now["version"] == 2
    made = desk.post("/v1/requests/R-201/shortlists", {})
    assert "poundbury" not in [each["provider_id"] for each in made["shortlist"]["options"]]
    refused(desk.call("POST", path, {"reason": "Again"}), 409, "conflict")
    asked = {"provider_ids": ["poundbury"]}
    refused(desk.call("POST", "/v1/requests/R-201/enquiries", asked), 409, "conflict")
    [only] = desk.get("/v1/requests/R-201/offers")["items"]
    assert only["comparison"] is None
    assert only["offer"]["unsuitable_reason"] == "Cannot meet needs at night"
    assert faults(desk) == []


def test_an_offer_is_withdrawn_for_good(desk: Desk) -> None:
    """What was held is free at once, and the answer to that enquiry stays withdrawn."""
    told = enquire(desk, "maiden", "frome")
    made = chosen(desk, desk_offer(desk, reply(desk, told, "maiden")))
    path = f"/v1/offers/{made['offer_id']}/withdrawal"
    refused(desk.call("POST", path, {"reason": "No"}, **own("frome")), 404, "not-found")
    refused(desk.call("POST", path, {"reason": "No"}, **HOLDER), 403, "not-allowed")
    seen = desk.post(path, {"reason": "Carer has left"}, **own("maiden"))
    assert seen["state"] == "withdrawn"
    assert holds(desk) == []
    assert history(desk) == [("maiden", "withdrawn")]
    refused(desk.call("POST", path, {"reason": "Again"}, **own("maiden")), 409, "conflict")
    again = f"/v1/enquiries/{told['enquiry_id']}/offer"
    version = seen["version"]
    refused(desk.call("PUT", again, terms(), version=version, **own("maiden")), 409, "conflict")
    refused(desk.call("POST", f"/v1/offers/{made['offer_id']}/booking"), 409, "conflict")


def desk_offer(desk: Desk, offer: Any) -> Any:
    """Return an offer as the brokerage sees it."""
    return desk.get(f"/v1/offers/{offer['offer_id']}")


def test_an_end_leaves_no_offer_standing(desk: Desk) -> None:
    """When the request ends, its offers are lost without a line against anybody (H25)."""
    made = chosen(desk, recorded(desk, "maiden"))
    desk.post("/v1/requests/R-101/end", {"reason": "died"})
    assert desk_offer(desk, made)["state"] == "lost"
    refused(
        desk.call("POST", f"/v1/offers/{made['offer_id']}/withdrawal", {"reason": "No"}),
        409,
        "conflict",
    )
    assert history(desk) == []
    assert faults(desk) == []


# -- not recorded ------------------------------------------------------------------------------


def test_only_who_may_take_it_on_is_recorded(sqlite_desk: Desk) -> None:
    """Under embargo nothing new is offered, by telephone neither."""
    recorded(sqlite_desk, "maiden")
    with sqlite_desk.record.reading() as session:
        document = session.get_one(ProviderRow, "maiden").document
    change_provider(sqlite_desk, "maiden", document={**document, "status": "embargoed"})
    body = {**terms(), "provider_id": "maiden", "told_by": "telephone"}
    refused(sqlite_desk.call("POST", "/v1/requests/R-101/offers", body), 409, "conflict")
    made = sqlite_desk.get("/v1/requests/R-101/offers")["items"][0]
    assert "STATUS" in {each["rule_id"] for each in made["comparison"]["warnings"]}
    path = f"/v1/offers/{made['offer']['offer_id']}/choice"
    refused(sqlite_desk.call("PUT", path, {"chosen_by": "person"}, version=1), 409, "conflict")


def test_nothing_is_offered_once_care_is_arranged(desk: Desk) -> None:
    """A booking ends the comparing: later offers are refused, the others are lost."""
    other = recorded(desk, "frome", terms(2400))
    booked(desk, chosen(desk, recorded(desk, "maiden")))
    assert desk_offer(desk, other)["state"] == "lost"
    body = {**terms(), "provider_id": "frome", "told_by": "telephone"}
    refused(desk.call("POST", "/v1/requests/R-101/offers", body), 409, "conflict")
    items = desk.get("/v1/requests/R-101/offers")["items"]
    assert {each["offer"]["state"] for each in items} == {"booked", "lost"}
    assert all(each["comparison"] for each in items)
