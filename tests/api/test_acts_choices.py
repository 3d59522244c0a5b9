"""Tests of choices among several people and offers: who is asked first, who holds, who is out."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api.desk import Desk, ok, refused
from tests.api.offering import (
    HOLDER,
    approved,
    bed_terms,
    booked,
    change_provider,
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
from tests.api.test_acts_requests import new_request

FROME_AT_2400 = {
    "provider_id": "frome",
    "service_type": "homecare",
    "unit": "hour",
    "amount_pence": 2400,
}
TEA_VISIT = {"visit_no": 1, "days": ["mon"], "band": "tea", "minutes": 30}


@pytest.fixture
def increase(desk: Desk) -> str:
    """Give an increase of care that runs at maiden: a visit at tea."""
    body = {"request_id": "I-1", "package": {"visits": [TEA_VISIT]}, "reason": "Needs tea"}
    desk.post("/v1/requests/R-100/increases", body)
    return "I-1"


def at_tea(pence: int = 2505) -> dict[str, Any]:
    """Return an offer for the increase."""
    return terms(pence, visits=[{"visit_no": 1, "at_minute": 17 * 60}])


def told_by_telephone(desk: Desk, provider_id: str, body: Any, request_id: str) -> Any:
    """Return the answer to recording an offer, whatever it is."""
    told = {**body, "provider_id": provider_id, "told_by": "telephone"}
    return desk.call("POST", f"/v1/requests/{request_id}/offers", told)


# -- first refusal -----------------------------------------------------------------------------


def test_nobody_else_offers_before_the_first_refusal(desk: Desk, increase: str) -> None:
    """By telephone neither: the current provider may offer at once, others may not (H17)."""
    refused(told_by_telephone(desk, "portland", at_tea(), increase), 409, "conflict")
    ok(told_by_telephone(desk, "maiden", at_tea(), increase))
    refused(desk.call("POST", f"/v1/requests/{increase}/shortlists", {}), 409, "conflict")


def test_the_current_provider_takes_the_increase(desk: Desk, increase: str) -> None:
    """Its offer is chosen and booked, and the care that runs already goes on."""
    first = enquire(desk, "maiden", request_id=increase)
    made = reply(desk, first, "maiden", at_tea())
    booked(desk, chosen(desk, desk.get(f"/v1/offers/{made['offer_id']}")))
    assert desk.get("/v1/requests/R-100")["state"] == "arranged"
    assert desk.get(f"/v1/requests/{increase}")["state"] == "arranged"
    assert history(desk, increase) == [("maiden", "accepted")]
    assert faults(desk) == []


def test_an_offer_that_stands_keeps_the_market_shut(desk: Desk, increase: str) -> None:
    """The window over, its offer still is the first to be decided on; refused, others come."""
    first = enquire(desk, "maiden", request_id=increase)
    made = reply(desk, first, "maiden", at_tea(2900))
    let_pass(desk, first)
    path = f"/v1/requests/{increase}/enquiries"
    refused(desk.call("POST", path, {"provider_ids": ["frome"]}), 409, "conflict")
    approved(desk, made, approve=False)
    assert not enquire(desk, "frome", request_id=increase)["first_refusal"]


def test_an_offer_withdrawn_opens_the_market(desk: Desk, increase: str) -> None:
    """Once the window is over, an offer that was taken back keeps nobody out."""
    first = enquire(desk, "maiden", request_id=increase)
    made = reply(desk, first, "maiden", at_tea())
    withdrawal = f"/v1/offers/{made['offer_id']}/withdrawal"
    desk.post(withdrawal, {"reason": "Carer has left"}, **own("maiden"))
    path = f"/v1/requests/{increase}/enquiries"
    refused(desk.call("POST", path, {"provider_ids": ["frome"]}), 409, "conflict")
    let_pass(desk, first)
    enquire(desk, "frome", request_id=increase)


def test_silence_opens_the_market_when_the_window_is_over(desk: Desk, increase: str) -> None:
    """No reply in time is an answer too, and is noted."""
    let_pass(desk, enquire(desk, "maiden", request_id=increase))
    enquire(desk, "frome", request_id=increase)
    assert history(desk, increase) == [("maiden", "no_reply")]


# -- several people ----------------------------------------------------------------------------


def test_of_many_who_choose_the_last_bed_one_holds_it(desk: Desk) -> None:
    """Choices race as bookings do: one hold, and clear conflicts for the others."""
    made = []
    for number in range(12):
        desk.post("/v1/requests", new_request(desk, f"N-{number}", like="R-201"))
        made.append(recorded(desk, "poundbury", bed_terms(), f"N-{number}"))

    def choose(offer: Any) -> int:
        path = f"/v1/offers/{offer['offer_id']}/choice"
        return desk.call("PUT", path, {"chosen_by": "family"}, version=1).status_code

    with ThreadPoolExecutor(max_workers=12) as crowd:
        assert Counter(crowd.map(choose, made)) == {200: 1, 409: 11}
    assert [offer for offer in made if holds(desk, offer["request_id"])]
    assert faults(desk) == []


def test_the_next_person_gets_what_the_first_lets_go(desk: Desk) -> None:
    """A bed found unsuitable for one is free for another at once (H15)."""
    desk.post("/v1/requests", new_request(desk, like="R-201"))
    first = chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201"))
    second = recorded(desk, "poundbury", bed_terms(), "N-1")
    path = f"/v1/offers/{first['offer_id']}/unsuitable"
    desk.post(path, {"reason": "Stairs"}, **own("poundbury"))
    booked(desk, chosen(desk, second))
    assert desk.get("/v1/requests/N-1")["provider_id"] == "poundbury"
    assert history(desk, "R-201") == [("poundbury", "unsuitable")]
    assert faults(desk) == []


def test_the_second_option_is_taken_when_the_first_is_unsuitable(desk: Desk) -> None:
    """The rest of a shortlist stays good when one of its homes is out (H15)."""
    change_provider(desk, "frome", rates=[{"place": 0, "line": FROME_AT_2400}])
    made = desk.post("/v1/requests/R-101/shortlists", {})
    first, second = (each["provider_id"] for each in made["shortlist"]["options"])
    offer = recorded(desk, first)
    desk.post(f"/v1/offers/{offer['offer_id']}/unsuitable", {"reason": "Stairs"})
    body = {"shortlist_id": made["shortlist_id"], "chosen_by": "person"}
    path = "/v1/requests/R-101/bookings"
    gone = desk.call("POST", path, {**body, "provider_id": first})
    refused(gone, 409, "conflict")
    assert desk.post(path, {**body, "provider_id": second})["provider_id"] == second
    assert faults(desk) == []


# -- who decides -------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["person", "family", "advocate", "best_interests_decision"])
def test_whoever_decided_is_named(sqlite_desk: Desk, by: str) -> None:
    """The person, or whoever may decide with or for her (H14, H23)."""
    assert chosen(sqlite_desk, recorded(sqlite_desk, "maiden"), by)["chosen_by"] == by


@pytest.mark.parametrize("by", ["broker", "provider", ""])
def test_the_brokerage_does_not_decide(sqlite_desk: Desk, by: str) -> None:
    """No broker and no provider decides for a person (H14)."""
    made = recorded(sqlite_desk, "maiden")
    path = f"/v1/offers/{made['offer_id']}/choice"
    answered = sqlite_desk.call("PUT", path, {"chosen_by": by}, version=1)
    refused(answered, 422, "bad-shape")


@pytest.mark.parametrize(
    "who", [own("maiden"), HOLDER, {"role": "commissioner"}, {"role": "administrator"}]
)
def test_only_brokerage_and_key_worker_record_a_choice(
    sqlite_desk: Desk, who: dict[str, str]
) -> None:
    """Whoever is not with the person does not record what she decided."""
    made = recorded(sqlite_desk, "maiden")
    path = f"/v1/offers/{made['offer_id']}/choice"
    answered = sqlite_desk.call("PUT", path, {"chosen_by": "person"}, version=1, **who)
    refused(answered, 403, "not-allowed")


def test_a_code_to_a_door_is_refused_in_every_text(sqlite_desk: Desk) -> None:
    """Notes and reasons hold no codes, and do not say them again (H8)."""
    made = recorded(sqlite_desk, "maiden")
    code = "key safe code 4711"
    calls = [
        ("PUT", f"/v1/offers/{made['offer_id']}/choice", {"chosen_by": "person", "note": code}),
        ("POST", f"/v1/offers/{made['offer_id']}/unsuitable", {"reason": code}),
        ("POST", f"/v1/offers/{made['offer_id']}/withdrawal", {"reason": code}),
        (
            "POST",
            "/v1/requests/R-101/offers",
            {**terms(note=code), "provider_id": "maiden", "told_by": "telephone"},
        ),
    ]
    for method, path, body in calls:
        answered = sqlite_desk.call(method, path, body, version=1)
        refused(answered, 422, "bad-shape")
        assert "4711" not in answered.text


# -- who may decide ----------------------------------------------------------------------------

DECIDERS = ["family", "advocate", "best_interests_decision"]


def without_capacity(desk: Desk) -> Any:
    """Return an offer for a person who has not the mental capacity to decide."""
    told = {"has_mental_capacity": False, "best_interests_recorded": True}
    desk.post("/v1/requests", new_request(desk, **told))
    return recorded(desk, "maiden", request_id="N-1")


def test_who_cannot_decide_is_not_said_to_have_decided(desk: Desk) -> None:
    """Neither for an offer nor for an option taken at once (H23)."""
    offer = without_capacity(desk)
    path, body = f"/v1/offers/{offer['offer_id']}/choice", {"chosen_by": "person"}
    told = refused(desk.call("PUT", path, body, version=offer["version"]), 409, "conflict")
    assert (told["thing"], told["value"]) == ("chosen_by", "person")
    made = desk.post("/v1/requests/N-1/shortlists", {})
    body |= {"shortlist_id": made["shortlist_id"]}
    body |= {"provider_id": made["shortlist"]["options"][0]["provider_id"]}
    told = refused(desk.call("POST", "/v1/requests/N-1/bookings", body), 409, "conflict")
    assert told["thing"] == "chosen_by"
    assert desk.get("/v1/requests/N-1")["state"] == "waiting"


@pytest.mark.parametrize("by", DECIDERS)
def test_somebody_decides_for_who_cannot(sqlite_desk: Desk, by: str) -> None:
    """An advocate, the family, or a decision in her best interests (H23)."""
    offer = chosen(sqlite_desk, without_capacity(sqlite_desk), by)
    assert offer["chosen_by"] == by
    booked(sqlite_desk, offer)


@pytest.mark.parametrize("by", ["person", *DECIDERS])
def test_who_can_decide_may_have_it_done(sqlite_desk: Desk, by: str) -> None:
    """Whoever has the capacity decides herself, or lets her family or an advocate."""
    assert chosen(sqlite_desk, recorded(sqlite_desk, "maiden"), by)["chosen_by"] == by
