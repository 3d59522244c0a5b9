"""Tests of what is let go: holds of whoever says no, and proposals of whoever needs no more."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from api.tables import CommitmentRow, OfferRow, ProposalRow
from tests.api.desk import Desk, ok, refused
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
)
from tests.api.test_acts_proposals import KEPT, NOTE, accept, offers, proposed, put
from tests.api.test_acts_requests import new_request

ADMINISTRATOR = {"role": "administrator"}
REASON = {"reason": "No staff"}


def audited(desk: Desk, action: str) -> list[tuple[str, Any]]:
    """Return the audit lines of one kind: of what, and with what detail besides the API key."""
    lines = desk.get("/v1/audit?limit=200", **ADMINISTRATOR)["items"]
    found = [line for line in lines if line["action"] == action]
    for line in found:
        line["detail"].pop("key", None)
    return [(line["subject"], line["detail"]) for line in found]


# -- holds of whoever says no ------------------------------------------------------------------


def test_who_declines_is_held_no_more(desk: Desk) -> None:
    """What a shortlist held there is free at once; at the others, and for others, it stays held."""
    desk.post("/v1/requests", new_request(desk, "N-1"))
    enquiry = enquire(desk, "maiden", "frome")
    for name in ("R-101", "N-1"):
        desk.post(f"/v1/requests/{name}/shortlists", {})
    before = holds(desk, "N-1")
    assert holds(desk) == ["frome", "maiden"]
    path = f"/v1/enquiries/{enquiry['enquiry_id']}/decline"
    desk.post(path, REASON, **own("maiden"))
    assert (holds(desk), holds(desk, "N-1")) == (["frome"], before)
    assert faults(desk) == []


@pytest.mark.parametrize("what", ["withdrawal", "unsuitable"])
@pytest.mark.parametrize("who", [{}, own("maiden")])
def test_whose_offer_comes_to_nothing_is_held_no_more(
    desk: Desk, what: str, who: dict[str, str]
) -> None:
    """Although nobody had chosen it, and whoever says so."""
    offer = recorded(desk, "maiden")
    desk.post("/v1/requests/R-101/shortlists", {})
    assert holds(desk) == ["frome", "maiden"]
    desk.post(f"/v1/offers/{offer['offer_id']}/{what}", REASON, **who)
    assert holds(desk) == ["frome"]
    assert faults(desk) == []


# -- whom the ledger counts --------------------------------------------------------------------


@pytest.mark.parametrize(("who", "lines"), [({}, []), (own("maiden"), [("maiden", "withdrawn")])])
def test_only_its_own_withdrawal_is_held_against_a_provider(
    desk: Desk, who: dict[str, str], lines: list[tuple[str, str]]
) -> None:
    """What a broker takes back is no turn of the provider's (S3); the audit keeps the reason."""
    offer = recorded(desk, "maiden")
    desk.post(f"/v1/offers/{offer['offer_id']}/withdrawal", REASON, **who)
    assert history(desk) == lines
    ((subject, detail),) = audited(desk, "offer.withdrawn")
    assert (subject, detail["reason"]) == (offer["offer_id"], "No staff")


def test_unsuitable_is_noted_whoever_says_so(desk: Desk) -> None:
    """The search goes on without that home, so the ledger has to know (H15)."""
    offer = recorded(desk, "maiden")
    desk.post(f"/v1/offers/{offer['offer_id']}/unsuitable", REASON)
    assert history(desk) == [("maiden", "unsuitable")]


def test_offers_that_are_lost_are_in_the_audit(desk: Desk) -> None:
    """One line for all that lost by one booking, and none where nobody did."""
    won = chosen(desk, reply(desk, enquire(desk, "maiden", "frome"), "maiden"))
    lost = recorded(desk, "frome")
    booked(desk, won)
    assert audited(desk, "offers.lost") == [("R-101", {"offer_ids": [lost["offer_id"]]})]
    booked(desk, chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201")))
    assert len(audited(desk, "offers.lost")) == 1


# -- a bed that came back ----------------------------------------------------------------------


def test_a_bed_handed_back_is_there_for_the_same_person(desk: Desk) -> None:
    """What came back of what a home had counted as taken is free for everybody, her too."""
    order = booked(desk, chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201")))
    path, version = "/v1/providers/poundbury", desk.get("/v1/providers/poundbury")["version"]
    ok(desk.call("PUT", f"{path}/capacity", {"beds": []}, version=version))
    body = {"order_ref": order["order_ref"], "last_day": "2026-04-08", **REASON}
    desk.post(f"{path}/hand-backs", body)
    offer = recorded(desk, "poundbury", bed_terms(start_date="2026-04-09"), "R-201")
    (compared,) = (
        each["comparison"]
        for each in desk.get("/v1/requests/R-201/offers")["items"]
        if each["offer"]["offer_id"] == offer["offer_id"]
    )
    rules = {warning["rule_id"] for warning in compared["warnings"]}
    assert not rules & {"ROOM", "CAPACITY", "BEDS"}
    booked(desk, chosen(desk, offer))
    assert faults(desk) == []


def test_a_booked_bed_is_no_obstacle_to_itself(desk: Desk) -> None:
    """The comparison of what was booked does not say that the home has no bed left for it."""
    booked(desk, chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201")))
    (item,) = desk.get("/v1/requests/R-201/offers")["items"]
    assert "ROOM" not in {each["rule_id"] for each in item["comparison"]["warnings"]}


# -- proposals ---------------------------------------------------------------------------------


def states(desk: Desk, found: dict[str, Any]) -> dict[str, str]:
    """Return how the proposals of a run stand, by request."""
    run_id = next(iter(found.values()))["run_id"]
    listed = desk.get(f"/v1/allocations/{run_id}/proposals")["items"]
    return {each["request_id"]: each["state"] for each in listed}


def test_who_ends_or_is_booked_has_no_open_proposal(desk: Desk) -> None:
    """It is stale from then on, with a line in the audit; all others stay open."""
    found = proposed(desk)
    desk.post("/v1/requests/R-102/end", {"reason": "died"})
    booked(desk, chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201")))
    now = states(desk, found)
    assert (now.pop("R-102"), now.pop("R-201")) == ("stale", "stale")
    assert set(now.values()) == {"open"}
    told = dict(audited(desk, "proposals.stale"))
    ids = {name: {"proposal_ids": [found[name]["proposal_id"]]} for name in ("R-102", "R-201")}
    assert told == ids
    refused(accept(desk, found["R-102"]), 409, "conflict")


def test_a_proposal_that_does_not_fit_leaves_no_trace(desk: Desk) -> None:
    """Among many taken on at once too: no offer is made, and what was held stays held."""
    found = proposed(desk)
    desk.post("/v1/requests/R-102/shortlists", {})
    held = holds(desk, "R-102")
    for provider_id in {each["provider_id"] for each in found.values()}:
        put(desk, provider_id, **{name: [] for name in KEPT})
    run_id = found["R-102"]["run_id"]
    told = desk.post(f"/v1/allocations/{run_id}/acceptance", NOTE)
    assert {each["request_id"] for each in told["not_accepted"]} == set(found)
    assert held == holds(desk, "R-102") != []
    assert offers(desk) == []


def let_hold_expire(desk: Desk) -> None:
    """Let every hold be over."""
    with desk.record.bare_writing() as session:
        over = desk.record.clock.now()
        session.execute(update(CommitmentRow).values(expires_at=over))


def test_a_choice_that_is_held_no_more_is_looked_at_again(desk: Desk) -> None:
    """Who has chosen and was never booked is in the next night's book, and not before."""
    chosen(desk, recorded(desk, "maiden"))
    assert desk.get("/v1/unmet-need")["people_by_reason"]["being_arranged"] == 1
    assert "R-101" not in proposed(desk)
    let_hold_expire(desk)
    assert "being_arranged" not in desk.get("/v1/unmet-need")["people_by_reason"]
    assert "R-101" in proposed(desk)


@pytest.mark.parametrize("is_same", [True, False])
def test_such_a_choice_gives_way_to_another_provider_only(desk: Desk, is_same: bool) -> None:
    """The same is not proposed: its chosen offer stands, and may be booked, or withdrawn first."""
    likely = proposed(desk)["R-101"]["provider_id"]
    other = "frome" if likely == "maiden" else "maiden"
    offer = chosen(desk, recorded(desk, likely if is_same else other))
    let_hold_expire(desk)
    found = proposed(desk)["R-101"]
    assert (found["provider_id"] == likely) is not is_same
    assert accept(desk, found).status_code == 201
    assert found["provider_id"] in holds(desk)
    assert desk.get(f"/v1/offers/{offer['offer_id']}")["state"] == "chosen"
    assert faults(desk) == []


def test_no_proposal_is_left_open_for_who_is_gone(desk: Desk) -> None:
    """Nor any of a run that ends after the person did."""
    found = proposed(desk)
    desk.post("/v1/requests/R-102/end", {"reason": "died"})
    with desk.record.reading() as session:
        query = select(ProposalRow.state).where(ProposalRow.request_id == "R-102")
        assert session.scalars(query).all() == ["stale"]
        assert session.scalars(select(OfferRow)).all() == []
    assert "R-102" not in proposed(desk)
    assert states(desk, found)["R-102"] == "stale"


def test_silence_is_noted_once_a_window_has_passed(desk: Desk) -> None:
    """Whoever opens the next enquiry closes those that have passed."""
    enquiry = enquire(desk, "maiden")
    let_pass(desk, enquiry)
    assert history(desk) == []
    enquire(desk, "frome")
    assert history(desk) == [("maiden", "no_reply")]
