"""Tests of proposals at the desk: listed, taken on as offers while they fit, or refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from api.acts import runs
from api.clocks import Clock
from api.jobs import Worker
from api.storage.chain import verify_chain
from api.storage.checking import ledger_faults
from api.storage.record import SOFTWARE
from api.tables import CommitmentRow, OfferRow, ProposalRow, ProviderRow, RequestRow
from matcher.result import Limits
from tests.api.desk import DAY, Desk, ok, refused

NOTE = {"note": "Family agrees"}
KEPT = ("homecare_capacity", "bed_capacity")


def proposed(desk: Desk) -> dict[str, Any]:
    """Return the open proposals of a run just worked, by request."""
    with desk.record.writing(SOFTWARE) as writing:
        run_id = runs.ask(writing, Limits.reproducible(0.05), 1).run_id
    assert Worker(desk.record, desk.gazetteer).work_one()
    found = desk.get(f"/v1/allocations/{run_id}/proposals")["items"]
    return {each["request_id"]: each for each in found}


def accept(desk: Desk, proposal: Any, body: Any = NOTE) -> Any:
    """Return the answer to the acceptance of a proposal."""
    return desk.call("POST", f"/v1/proposals/{proposal['proposal_id']}/acceptance", body)


def offers(desk: Desk) -> list[OfferRow]:
    """Return all offers."""
    with desk.record.reading() as session:
        return list(session.scalars(select(OfferRow).order_by(OfferRow.offer_id)))


def open_holds(desk: Desk, request_id: str) -> list[CommitmentRow]:
    """Return what a request holds."""
    with desk.record.reading() as session:
        query = select(CommitmentRow).where(
            CommitmentRow.request_id == request_id, CommitmentRow.released_at.is_(None)
        )
        return list(session.scalars(query))


def put(desk: Desk, provider_id: str, **values: Any) -> None:
    """Change what the record says of a provider, behind everybody's back."""
    with desk.record.writing(SOFTWARE) as writing:
        row = writing.session.get(ProviderRow, provider_id)
        assert row is not None
        for name, value in values.items():
            setattr(row, name, value)
        writing.supply_changed(row)
        writing.terms_changed()


# -- listed ------------------------------------------------------------------------------------


def test_proposals_are_listed_the_riskiest_first(desk: Desk) -> None:
    """Everyone proposed for is listed once, page after page, red before amber before green."""
    found = proposed(desk)
    seen, cursor = [], ""
    while cursor is not None:
        page = desk.get(f"/v1/proposals?limit=2{cursor and '&cursor=' + cursor}")
        seen += page["items"]
        cursor = page["next"]
    assert sorted(each["request_id"] for each in seen) == sorted(found)
    with desk.record.reading() as session:
        order = dict(session.execute(select(RequestRow.request_id, RequestRow.risk_order)).all())
    risks = [order[each["request_id"]] for each in seen]
    assert risks == sorted(risks)
    assert len(set(risks)) > 1
    assert {each["state"] for each in seen} == {"open"}
    assert all(each["placed"]["provider_id"] == each["provider_id"] for each in seen)
    refused(desk.call("GET", "/v1/proposals?cursor=WyJ4Il0"), 400, "bad-call")


def test_a_key_worker_sees_her_own(desk: Desk) -> None:
    """Others' proposals are not listed, and not found."""
    found = proposed(desk)
    own = next(iter(found))
    other = next(each for each in found if each != own)
    who = {"role": "key_worker", "holder": "worker-7"}
    with desk.record.bare_writing() as session:
        mine = update(RequestRow).where(RequestRow.request_id == own)
        session.execute(mine.values(key_worker="worker-7"))
    listed = desk.get("/v1/proposals", **who)["items"]
    assert [each["request_id"] for each in listed] == [own]
    assert desk.get(f"/v1/proposals/{found[own]['proposal_id']}", **who) == found[own]
    path = f"/v1/proposals/{found[other]['proposal_id']}"
    refused(desk.call("GET", path, **who), 404, "not-found")
    path = f"/v1/proposals/{found[own]['proposal_id']}/acceptance"
    refused(desk.call("POST", path, NOTE, **who), 403, "not-allowed")


def test_who_has_ended_is_not_listed(sqlite_desk: Desk) -> None:
    """Nobody is shown a proposal for somebody who no longer waits."""
    found = proposed(sqlite_desk)
    ended = next(iter(found))
    sqlite_desk.post(f"/v1/requests/{ended}/end", {"reason": "died"})
    listed = sqlite_desk.get("/v1/proposals")["items"]
    assert {each["request_id"] for each in listed} == found.keys() - {ended}
    refused(accept(sqlite_desk, found[ended]), 409, "conflict")


# -- accepted ----------------------------------------------------------------------------------


@pytest.mark.parametrize("request_id", ["R-102", "R-201", "R-204"])
def test_an_accepted_proposal_is_an_offer_with_a_hold(desk: Desk, request_id: str) -> None:
    """Visits, a bed for good and a stay alike: offered and held, and nothing is booked (H14)."""
    found = proposed(desk)[request_id]
    answered = accept(desk, found)
    assert answered.status_code == 201
    told = answered.json()
    assert (told["state"], told["decided_by"]) == ("accepted", "the broker")
    assert told["reason"] == "Family agrees"
    assert answered.headers["Location"] == f"/v1/offers/{told['offer_id']}"
    (offer,) = offers(desk)
    assert (offer.offer_id, offer.proposal_id) == (told["offer_id"], found["proposal_id"])
    assert (offer.state, offer.source, offer.chosen_by) == ("offered", "proposal", None)
    assert offer.weekly_cost_pence == found["placed"]["weekly_cost_pence"]
    assert offer.needs_approval == (found["placed"]["status"] == "needs_approval")
    assert bool(offer.approval_reasons) == offer.needs_approval
    assert offer.document["start_date"] == found["placed"]["start_date"]
    (hold,) = open_holds(desk, request_id)
    assert (hold.kind, hold.provider_id) == ("hold", found["provider_id"])
    hours = timedelta(hours=desk.settings.hold_hours)
    assert hold.expires_at == hold.made_at + hours
    assert desk.get(f"/v1/requests/{request_id}")["state"] == "waiting"


def test_a_proposal_is_accepted_once(desk: Desk) -> None:
    """The second acceptance is refused; the same call sent twice is answered as the first."""
    found = proposed(desk)["R-102"]
    path = f"/v1/proposals/{found['proposal_id']}/acceptance"
    key = {"Idempotency-Key": "accept-0001"}
    first = desk.call("POST", path, NOTE, headers=key)
    again = desk.call("POST", path, NOTE, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Location"] == first.headers["Location"]
    refused(desk.call("POST", path, NOTE), 409, "conflict")
    assert len(offers(desk)) == 1


def test_taken_capacity_is_not_taken_again(desk: Desk) -> None:
    """Whoever was promised the bed first has it; the proposal stays open for better times."""
    found = proposed(desk)["R-201"]
    rival = desk.get("/v1/requests/R-201")["request"] | {"request_id": "N-1", "waiting_since": None}
    desk.post("/v1/requests", rival)
    desk.post("/v1/requests/N-1/shortlists", {})
    told = refused(accept(desk, found), 409, "capacity-taken")
    assert "N-1" not in told["detail"]
    assert open_holds(desk, "R-201") == []
    assert offers(desk) == []
    assert desk.get(f"/v1/proposals/{found['proposal_id']}")["state"] == "open"


def test_own_holds_stand_in_nobodys_way(desk: Desk) -> None:
    """What a shortlist holds for the same person is given back for what she accepts."""
    found = proposed(desk)["R-201"]
    desk.post("/v1/requests/R-201/shortlists", {})
    assert len(open_holds(desk, "R-201")) == 1
    assert accept(desk, found).status_code == 201
    (hold,) = open_holds(desk, "R-201")
    assert hold.commitment_id.startswith("hld-")


def test_an_embargo_stands_in_the_way(desk: Desk) -> None:
    """A provider that was closed to new work since is no option any more."""
    found = proposed(desk)["R-201"]
    with desk.record.reading() as session:
        row = session.get(ProviderRow, found["provider_id"])
        assert row is not None
        document = row.document | {"status": "embargoed"}
    put(desk, found["provider_id"], document=document)
    told = refused(accept(desk, found), 409, "conflict")
    assert "embargo" in told["detail"]


@pytest.mark.parametrize(
    ("changes", "is_kept"),
    [
        ({"start_by": "2026-04-20"}, True),  # nothing that the proposal rests on
        ({"languages": ["polish"]}, False),  # nobody there speaks it
        ({"package": {"visits": []}}, None),  # cannot even be waited with
    ],
)
def test_a_changed_request_is_looked_at_again(
    sqlite_desk: Desk, changes: dict[str, Any], is_kept: bool | None
) -> None:
    """What is asked for now counts, not what the run once read."""
    found = proposed(sqlite_desk)["R-102"]
    body = {"changes": changes, "reason": "Reviewed"}
    changed = sqlite_desk.call("PATCH", "/v1/requests/R-102", body, version=1)
    assert changed.is_success == (is_kept is not None)
    answered = accept(sqlite_desk, found)
    assert answered.status_code == (409 if is_kept is False else 201)


def test_a_suspended_request_is_not_arranged(sqlite_desk: Desk) -> None:
    """Nothing is offered to somebody who is in hospital (H19)."""
    found = proposed(sqlite_desk)["R-102"]
    suspended = {"suspended_from": "2026-03-30", "reason": "Hospital"}
    sqlite_desk.post("/v1/requests/R-102/suspension", suspended)
    refused(accept(sqlite_desk, found), 409, "conflict")


def test_a_chosen_offer_is_the_end_of_proposals(sqlite_desk: Desk) -> None:
    """Once the person has chosen, no other offer is put before her (H14)."""
    found = proposed(sqlite_desk)
    accept(sqlite_desk, found["R-102"])
    again = proposed(sqlite_desk)
    assert "R-102" not in again  # somebody is arranging it already
    with sqlite_desk.record.bare_writing() as session:
        session.execute(update(OfferRow).values(state="chosen"))
        session.execute(update(ProposalRow).values(state="open"))
        session.execute(update(CommitmentRow).values(purpose="choice"))
    told = refused(accept(sqlite_desk, found["R-102"]), 409, "conflict")
    assert "chosen" in told["detail"]


def test_a_price_that_was_lost_is_no_offer(sqlite_desk: Desk) -> None:
    """Without a rate on file there is nothing to offer (H16)."""
    found = proposed(sqlite_desk)["R-201"]
    put(sqlite_desk, found["provider_id"], rates=[])
    told = refused(accept(sqlite_desk, found), 409, "conflict")
    assert "no rate on file" in told["detail"]
    assert offers(sqlite_desk) == []
    assert open_holds(sqlite_desk, "R-201") == []


def test_the_next_morning_counts_from_then(sqlite_desk: Desk) -> None:
    """A proposal of the night before starts at the first day that is left."""
    found = proposed(sqlite_desk)["R-102"]
    sqlite_desk.record.clock = Clock(date.fromisoformat(DAY) + timedelta(days=1))
    assert accept(sqlite_desk, found).status_code == 201
    (offer,) = offers(sqlite_desk)
    then = date.fromisoformat(found["placed"]["start_date"])
    assert offer.document["start_date"] == (then + timedelta(days=1)).isoformat()


# -- accepted together -------------------------------------------------------------------------


def test_all_proposals_of_a_run_are_accepted_at_once(desk: Desk) -> None:
    """Each becomes an offer with its hold: the referee saw that they fit beside each other."""
    found = proposed(desk)
    run_id = next(iter(found.values()))["run_id"]
    told = desk.post(f"/v1/allocations/{run_id}/acceptance", NOTE)
    assert told["not_accepted"] == []
    assert {each["request_id"] for each in told["accepted"]} == set(found)
    assert len(offers(desk)) == len(found)
    assert all(len(open_holds(desk, request_id)) == 1 for request_id in found)
    assert desk.get("/v1/proposals")["items"] == []
    again = desk.post(f"/v1/allocations/{run_id}/acceptance", NOTE)
    assert again == {"accepted": [], "not_accepted": [], "given_back": []}
    with desk.record.reading() as session:
        assert verify_chain(session)[1] == []


def test_those_that_no_longer_fit_are_told(desk: Desk) -> None:
    """One that has ended is stale already, one without capacity stays open, the others go on."""
    found = proposed(desk)
    run_id = found["R-102"]["run_id"]
    desk.post("/v1/requests/R-102/end", {"reason": "moved_away"})
    put(desk, found["R-201"]["provider_id"], bed_capacity=[])
    told = desk.post(f"/v1/allocations/{run_id}/acceptance", NOTE)
    reasons = {each["request_id"]: each["reason"] for each in told["not_accepted"]}
    assert "R-102" not in reasons
    assert "no longer fits" in reasons["R-201"]
    gone = {"R-102", "R-201"} | reasons.keys()
    assert {each["request_id"] for each in told["accepted"]} == found.keys() - gone
    states = {
        each["request_id"]: each["state"]
        for each in desk.get(f"/v1/allocations/{run_id}/proposals")["items"]
    }
    assert (states["R-102"], states["R-201"]) == ("stale", "open")
    refused(desk.call("POST", "/v1/allocations/run-none/acceptance", NOTE), 404, "not-found")


# -- refused -----------------------------------------------------------------------------------


def test_a_refused_proposal_keeps_the_reason(desk: Desk) -> None:
    """It is refused once, for a reason, and can no longer be accepted."""
    found = proposed(desk)["R-102"]
    path = f"/v1/proposals/{found['proposal_id']}/refusal"
    refused(desk.call("POST", path, {"reason": ""}), 422, "bad-shape")
    told = desk.post(path, {"reason": "Family knows the agency"})
    assert (told["state"], told["reason"]) == ("refused", "Family knows the agency")
    assert told["offer_id"] is None
    refused(desk.call("POST", path, {"reason": "Again"}), 409, "conflict")
    refused(accept(desk, found), 409, "conflict")
    assert "R-102" not in {each["request_id"] for each in desk.get("/v1/proposals")["items"]}


def test_a_proposal_that_is_not_there_is_not_found(sqlite_desk: Desk) -> None:
    """Whatever is asked of it."""
    path = "/v1/proposals/prp-none"
    refused(sqlite_desk.call("GET", path), 404, "not-found")
    refused(sqlite_desk.call("POST", f"{path}/acceptance", {}), 404, "not-found")
    refused(sqlite_desk.call("POST", f"{path}/refusal", {"reason": "No"}), 404, "not-found")


def test_nothing_at_all_fits_into_nothing(sqlite_desk: Desk) -> None:
    """With all capacity gone every proposal is told off, and the ledger stays as it was."""
    found = proposed(sqlite_desk)
    for provider_id in {each["provider_id"] for each in found.values()}:
        put(sqlite_desk, provider_id, **{name: [] for name in KEPT})
    run_id = found["R-102"]["run_id"]
    told = sqlite_desk.post(f"/v1/allocations/{run_id}/acceptance", {})
    assert told["accepted"] == []
    assert {each["request_id"] for each in told["not_accepted"]} == set(found)
    assert offers(sqlite_desk) == []


# -- and then ----------------------------------------------------------------------------------


def test_an_accepted_proposal_goes_the_way_of_any_offer(desk: Desk) -> None:
    """Chosen by the person and booked: the hold becomes the booking, and the ledger agrees."""
    offer_id = accept(desk, proposed(desk)["R-201"]).json()["offer_id"]
    shown = desk.get(f"/v1/offers/{offer_id}")
    assert shown["held_until"] is not None
    chosen = {"chosen_by": "person"}
    assert desk.call("PUT", f"/v1/offers/{offer_id}/choice", chosen, version=1).is_success
    desk.post(f"/v1/offers/{offer_id}/booking")
    assert desk.get("/v1/requests/R-201")["state"] == "arranged"
    assert [row.kind for row in open_holds(desk, "R-201")] == ["booking"]
    with desk.record.snapshot() as session:
        assert ledger_faults(session, desk.record.clock.now()) == []


def test_a_withdrawn_proposal_gives_its_capacity_back(desk: Desk) -> None:
    """What was held for an offer that came to nothing is free at once."""
    offer_id = accept(desk, proposed(desk)["R-201"]).json()["offer_id"]
    ended = desk.call("POST", f"/v1/offers/{offer_id}/withdrawal", {"reason": "Bed closed"})
    assert ended.is_success, ended.text
    assert open_holds(desk, "R-201") == []


def test_nothing_has_to_be_said_to_accept(sqlite_desk: Desk) -> None:
    """A note may be given and need not: a call without a body is one without a note."""
    found = proposed(sqlite_desk)
    proposal = found["R-102"]
    told = ok(accept(sqlite_desk, proposal, None))
    assert (told["state"], told["reason"]) == ("accepted", None)
    rest = sqlite_desk.post(f"/v1/allocations/{proposal['run_id']}/acceptance")
    assert "R-102" not in {each["request_id"] for each in rest["accepted"]}
    assert rest["accepted"]


def test_nothing_has_to_be_said_to_ask_for_a_run(sqlite_desk: Desk) -> None:
    """Without a body it takes as long as is set up."""
    told = sqlite_desk.post("/v1/allocations")
    assert told["limits"]["seconds"] == sqlite_desk.settings.run_seconds
