"""Tests of changes of a request: what they make void, what they leave, and what is kept of them."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from api.tables import AuditRow
from tests.api.desk import Desk, ok, public_part, refused
from tests.api.offering import (
    HOLDER,
    WORKER,
    approved,
    bed_terms,
    booked,
    chosen,
    faults,
    holds,
    recorded,
    terms,
)
from tests.api.test_acts_increases import MORE, OTHER
from tests.api.test_acts_requests import new_request

ADMINISTRATOR = {"role": "administrator"}
PATH = "/v1/requests/R-101"


def change(desk: Desk, request_id: str = "R-101", **changes: Any) -> Any:
    """Return a request of which something is changed."""
    path = f"/v1/requests/{request_id}"
    body = {"changes": changes, "reason": "New assessment"}
    return ok(desk.call("PATCH", path, body, version=desk.get(path)["version"]))


def read(desk: Desk, offer: Any) -> Any:
    """Return an offer as it stands."""
    return desk.get(f"/v1/offers/{offer['offer_id']}")


def book(desk: Desk, offer: Any) -> Any:
    """Return the answer to booking an offer."""
    return desk.call("POST", f"/v1/offers/{offer['offer_id']}/booking")


def audited(desk: Desk, action: str) -> AuditRow:
    """Return the one audit line of an action."""
    with desk.record.reading() as session:
        return session.scalars(select(AuditRow).where(AuditRow.action == action)).one()


# -- decided anew ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"needs": ["dementia"]},
        {"languages": ["welsh"]},
        {"postcode": "DT1 2PY"},
        {"start_by": "2026-04-03"},
    ],
)
def test_a_choice_is_for_what_was_asked_for(sqlite_desk: Desk, changes: dict[str, Any]) -> None:
    """When something else is needed, nobody has decided for the offer any more (H14)."""
    made = chosen(sqlite_desk, recorded(sqlite_desk, "maiden"))
    change(sqlite_desk, **changes)
    now = read(sqlite_desk, made)
    assert (now["state"], now["chosen_by"], now["chosen_at"]) == ("offered", None, None)
    assert (now["version"], now["held_until"]) == (made["version"] + 1, None)
    refused(book(sqlite_desk, made), 409, "conflict")
    path, body = f"/v1/offers/{made['offer_id']}/choice", {"chosen_by": "person"}
    stale = sqlite_desk.call("PUT", path, body, version=made["version"])
    refused(stale, 412, "stale")
    assert audited(sqlite_desk, "offer.to_decide_anew").subject == made["offer_id"]


@pytest.mark.parametrize(
    "changes",
    [
        {"preferred_providers": ["frome"]},
        {"excluded_providers": ["frome"]},
        {"waiting_since": "2026-03-01"},
    ],
)
def test_what_is_passing_leaves_the_choice(sqlite_desk: Desk, changes: dict[str, Any]) -> None:
    """Whom the person would rather have or not says nothing of the care that she has chosen."""
    made = chosen(sqlite_desk, recorded(sqlite_desk, "maiden"))
    change(sqlite_desk, **changes)
    assert read(sqlite_desk, made) == made
    booked(sqlite_desk, made)


def test_what_is_passing_leaves_what_is_held(desk: Desk) -> None:
    """The bed that somebody has chosen is hers although since when she waits was put right."""
    made = chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201"))
    change(desk, "R-201", waiting_since="2026-03-01")
    assert read(desk, made)["held_until"] == made["held_until"] is not None
    desk.post("/v1/requests", new_request(desk, like="R-201"))
    other = recorded(desk, "poundbury", bed_terms(), "N-1")
    path, body = f"/v1/offers/{other['offer_id']}/choice", {"chosen_by": "person"}
    refused(desk.call("PUT", path, body, version=1), 409, "capacity-taken")
    booked(desk, made)
    assert faults(desk) == []


def test_nothing_stays_held_at_who_is_excluded(desk: Desk) -> None:
    """Of a shortlist's options only those stay held that may still be taken."""
    desk.post("/v1/requests/R-101/shortlists", {})
    first, *others = holds(desk)
    assert others
    change(desk, excluded_providers=[first])
    assert holds(desk) == others
    change(desk, needs=["diabetes"])
    assert holds(desk) == []


def test_a_choice_made_again_is_booked(desk: Desk) -> None:
    """Once the person has decided for the offer as things are now, it goes on."""
    made = chosen(desk, recorded(desk, "maiden"))
    change(desk, max_distance_metres=30_000)
    booked(desk, chosen(desk, read(desk, made)))
    assert faults(desk) == []


def test_an_approval_is_for_what_was_asked_for(desk: Desk) -> None:
    """A price that was agreed for other care is agreed anew, or refused this time (H9)."""
    made = approved(desk, chosen(desk, recorded(desk, "frome", terms(2740))))
    change(desk, max_distance_metres=30_000)
    now = read(desk, made)
    assert (now["approved"], now["approved_by"], now["approval_note"]) == (None, None, None)
    again = chosen(desk, now)
    assert "H9" in refused(book(desk, again), 409, "conflict")["detail"]
    path, body = f"/v1/offers/{made['offer_id']}/approval", {"approve": False, "note": "Too dear"}
    ok(desk.call("PUT", path, body, version=again["version"], **HOLDER))
    refused(book(desk, again), 409, "conflict")


def test_an_offer_that_nobody_decided_on_stays_as_it_is(sqlite_desk: Desk) -> None:
    """There is nothing to be void; and what its provider was told it may be chosen for."""
    made = recorded(sqlite_desk, "maiden")
    change(sqlite_desk, max_distance_metres=30_000)
    assert read(sqlite_desk, made) == made
    booked(sqlite_desk, chosen(sqlite_desk, made))


# -- whose care runs ---------------------------------------------------------------------------


@pytest.mark.parametrize("request_id", ["R-100-more", "R-100-other"])
@pytest.mark.parametrize("provider_id", [None, "frome"])
def test_first_refusal_is_not_changed_away(
    sqlite_desk: Desk, request_id: str, provider_id: str | None
) -> None:
    """Whose care an increase is of is what runs, whoever would rather not ask it (H17)."""
    sqlite_desk.post("/v1/requests/R-100/increases", MORE)
    sqlite_desk.post("/v1/requests/R-100/changes-of-provider", OTHER)
    path = f"/v1/requests/{request_id}"
    body = {"changes": {"current_provider_id": provider_id}, "reason": "Would rather not"}
    told = refused(sqlite_desk.call("PATCH", path, body, version=1), 400, "bad-call")
    assert told["thing"] == "current_provider_id"
    answered = sqlite_desk.call("POST", "/v1/requests/R-100-more/shortlists", {})
    refused(answered, 409, "conflict")


def test_who_served_a_person_before_may_be_told_of_a_referral(sqlite_desk: Desk) -> None:
    """A request that is of no other care has no such rule."""
    assert change(sqlite_desk, current_provider_id="frome")["version"] == 2


# -- kept --------------------------------------------------------------------------------------


def test_the_audit_has_what_was_and_what_is(desk: Desk) -> None:
    """Of each field that changed, with the reason; and of nothing else."""
    change(desk, needs=["diabetes"], languages=[], postcode="DT1 2PY")
    assert audited(desk, "request.changed").detail == {
        "version": 2,
        "fields": ["languages", "needs", "postcode"],
        "changed": {"needs": [[], ["diabetes"]], "postcode": ["DT1 1EE", "DT1 2PY"]},
        "reason": "New assessment",
        "key": public_part(desk.key()),
    }


def test_the_audit_has_no_reasons_of_visits(sqlite_desk: Desk) -> None:
    """Times and lengths are kept, what is told of them in free text is not."""
    visits = sqlite_desk.get(PATH)["request"]["package"]["visits"]
    visits[0] |= {"minutes": 60, "reason": "Takes her tablets with breakfast"}
    change(sqlite_desk, package={"visits": visits})
    detail = audited(sqlite_desk, "request.changed").detail
    before, after = detail["changed"]["package"]
    assert after["visits"][0]["minutes"] == 60 != before["visits"][0]["minutes"]
    assert "tablets" not in str(detail)


def test_the_audit_has_why_a_risk_is_rated(sqlite_desk: Desk) -> None:
    """With the rating before and after (H20)."""
    owned(sqlite_desk)
    body = {"risk": "red", "reason": "Fell twice"}
    ok(sqlite_desk.call("PUT", f"{PATH}/risk", body, version=2, **WORKER))
    assert audited(sqlite_desk, "request.risk_rated").detail == {
        "version": 3,
        "before": "amber",
        "after": "red",
        "reason": "Fell twice",
        "key": public_part(sqlite_desk.key(**WORKER)),
    }


# -- its key worker ----------------------------------------------------------------------------


def owned(desk: Desk, holder: str = "worker-7", version: int = 1) -> Any:
    """Return R-101 once a key worker owns it."""
    body = {"key_worker": holder, "reason": "The referral came from the hospital"}
    return ok(desk.call("PUT", f"{PATH}/key-worker", body, version=version))


def test_a_request_without_a_key_worker_is_given_one(desk: Desk) -> None:
    """Until then nobody can rate its risk, from then on that key worker can (H20)."""
    body = {"risk": "red", "reason": "Fell twice"}
    refused(desk.call("PUT", f"{PATH}/risk", body, version=1, **WORKER), 404, "not-found")
    assert owned(desk)["key_worker"] == "worker-7"
    told = ok(desk.call("PUT", f"{PATH}/risk", body, version=2, **WORKER))
    assert told["request"]["risk"] == "red"
    assert audited(desk, "request.key_worker_set").detail == {
        "version": 2,
        "before": None,
        "after": "worker-7",
        "reason": "The referral came from the hospital",
        "key": public_part(desk.key()),
    }


def test_a_request_has_one_key_worker(desk: Desk) -> None:
    """Whoever had it before does not reach it any more."""
    owned(desk)
    desk.get(PATH, **WORKER)
    owned(desk, "worker-8", version=2)
    refused(desk.call("GET", PATH, **WORKER), 404, "not-found")
    desk.get(PATH, role="key_worker", holder="worker-8")


def test_a_key_worker_does_not_take_a_request_over(sqlite_desk: Desk) -> None:
    """Only brokers say whose it is, of the newest version, of a request that is not over."""
    body = {"key_worker": "worker-7", "reason": "Mine"}
    path = f"{PATH}/key-worker"
    refused(sqlite_desk.call("PUT", path, body, version=1, **WORKER), 403, "not-allowed")
    refused(sqlite_desk.call("PUT", path, body, version=2), 412, "stale")
    refused(sqlite_desk.call("PUT", path, body), 428, "version-needed")
    person = {**body, "key_worker": "jane@council.example"}
    refused(sqlite_desk.call("PUT", path, person, version=1), 422, "bad-shape")
    sqlite_desk.post(f"{PATH}/end", {"reason": "died"})
    refused(sqlite_desk.call("PUT", path, body, version=2), 409, "conflict")
