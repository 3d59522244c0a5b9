"""Tests of for whom a place is, at the desk: groups asked for, advertised and held against (L4)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.schemas.provider_examples import TERMS
from api.storage.books import dump
from api.tables import ProviderRow
from matcher.files import read_book, write_book
from matcher.model import Provider
from tests.api.desk import Desk, ok, refused
from tests.api.offering import change_provider, chosen, enquire, own, recorded
from tests.api.test_acts_proposals import proposed
from tests.api.test_acts_requests import new_request

GROUPS = ["older_people", "dementia"]


def retell(desk: Desk, provider_id: str, **terms: object) -> None:
    """Change some terms of a provider, and let the market know."""
    with desk.record.reading() as session:
        document = session.get_one(ProviderRow, provider_id).document
    change_provider(desk, provider_id, document={**document, **terms})


def test_a_group_is_asked_for_where_somebody_is_registered_for_some(sqlite_desk: Desk) -> None:
    """A request that was whole before lacks its group from then on, and is told so (H2)."""
    assert sqlite_desk.get("/v1/requests/R-101")["missing"] == []
    retell(sqlite_desk, "frome", client_groups=GROUPS)
    found = sqlite_desk.get("/v1/requests/R-101")
    assert found["missing"] == ["client_groups"]
    assert not found["may_be_searched"]
    told = refused(
        sqlite_desk.call("POST", "/v1/requests", new_request(sqlite_desk)), 409, "request-refused"
    )
    assert told["missing"] == ["client_groups"]
    asked = {"provider_ids": ["maiden"]}
    answered = sqlite_desk.call("POST", "/v1/requests/R-101/enquiries", asked)
    assert "client_groups" in refused(answered, 409, "request-refused")["detail"]


def test_a_request_with_its_group_is_taken_in(sqlite_desk: Desk) -> None:
    """Whoever says the group goes on, and who is for others is out of the list."""
    retell(sqlite_desk, "frome", client_groups=["mental_health"])
    body = new_request(sqlite_desk, client_groups=GROUPS, preferred_providers=["frome"])
    assert sqlite_desk.call("POST", "/v1/requests", body).status_code == 201
    answered = sqlite_desk.call("POST", "/v1/shortlists", {"request": body})
    options = [option["provider_id"] for option in answered.json()["options"]]
    assert options
    assert "frome" not in options


def test_providers_are_told_the_groups_and_nothing_more_of_the_person(sqlite_desk: Desk) -> None:
    """The advert says for whom the place is to be, never how old or of which gender (H7)."""
    body = new_request(sqlite_desk, client_groups=GROUPS, age=87, gender="woman")
    assert sqlite_desk.call("POST", "/v1/requests", body).status_code == 201
    told = enquire(sqlite_desk, "maiden", request_id="N-1")
    seen = sqlite_desk.call("GET", f"/v1/enquiries/{told['enquiry_id']}", **own("maiden"))
    assert ok(seen)["advert"]["client_groups"] == ["dementia", "older_people"]
    assert '"age"' not in seen.text
    assert re.search(r":87\b", seen.text) is None
    assert "woman" not in seen.text


@pytest.mark.parametrize(
    ("terms", "rule_id"),
    [
        ({"client_groups": ["mental_health"]}, "CLIENT_GROUP"),
        ({"least_age": 18, "most_age": 64}, "AGE"),
        ({"residents": "men"}, "RESIDENTS"),
    ],
)
def test_who_is_for_others_is_neither_asked_nor_chosen(
    sqlite_desk: Desk, terms: dict[str, object], rule_id: str
) -> None:
    """Whether it was so when asked, or came to be so after it had offered (L4)."""
    body = new_request(sqlite_desk, client_groups=GROUPS, age=87, gender="woman")
    assert sqlite_desk.call("POST", "/v1/requests", body).status_code == 201
    offer = recorded(sqlite_desk, "maiden", request_id="N-1")
    retell(sqlite_desk, "maiden", **terms)
    path, choice = f"/v1/offers/{offer['offer_id']}/choice", {"chosen_by": "person"}
    answered = sqlite_desk.call("PUT", path, choice, version=offer["version"])
    assert refused(answered, 409, "conflict")["value"] == rule_id
    asked = {"provider_ids": ["maiden"]}
    answered = sqlite_desk.call("POST", "/v1/requests/N-1/enquiries", asked)
    assert "is for others" in refused(answered, 409, "conflict")["detail"]
    compared = sqlite_desk.get("/v1/requests/N-1/offers")["items"][0]["comparison"]
    assert rule_id in [warning["rule_id"] for warning in compared["warnings"]]


def test_another_group_makes_an_offer_stale(sqlite_desk: Desk) -> None:
    """The provider offered for other people than the person turns out to be one of (H7, H14)."""
    body = new_request(sqlite_desk, client_groups=["older_people"])
    assert sqlite_desk.call("POST", "/v1/requests", body).status_code == 201
    offer = chosen(sqlite_desk, recorded(sqlite_desk, "maiden", request_id="N-1"))
    changed = {"changes": {"client_groups": GROUPS}, "reason": "New diagnosis"}
    ok(sqlite_desk.call("PATCH", "/v1/requests/N-1", changed, version=1))
    offer = sqlite_desk.get(f"/v1/offers/{offer['offer_id']}")
    assert offer["state"] == "offered"
    path, choice = f"/v1/offers/{offer['offer_id']}/choice", {"chosen_by": "person"}
    answered = sqlite_desk.call("PUT", path, choice, version=offer["version"])
    assert "client_groups" in refused(answered, 409, "conflict")["detail"]


@pytest.mark.parametrize("changes", [{"age": 40}, {"gender": "man"}])
def test_another_age_or_gender_lets_the_person_choose_anew(
    sqlite_desk: Desk, changes: dict[str, object]
) -> None:
    """No provider was told of either, so its offer stands; the choice was for somebody else."""
    body = new_request(sqlite_desk, age=87, gender="woman")
    assert sqlite_desk.call("POST", "/v1/requests", body).status_code == 201
    offer = chosen(sqlite_desk, recorded(sqlite_desk, "maiden", request_id="N-1"))
    asked = {"changes": changes, "reason": "Recorded wrongly"}
    ok(sqlite_desk.call("PATCH", "/v1/requests/N-1", asked, version=1))
    offer = sqlite_desk.get(f"/v1/offers/{offer['offer_id']}")
    assert offer["state"] == "offered"
    assert chosen(sqlite_desk, offer)["state"] == "chosen"


@pytest.mark.parametrize(("rating", "status"), [("requires_improvement", 201), ("inadequate", 409)])
def test_a_proposal_is_accepted_with_the_rating_of_today(
    sqlite_desk: Desk, rating: str, status: int
) -> None:
    """Another rating since the night is no obstacle, unless nobody is placed there now (L5)."""
    found = proposed(sqlite_desk)["R-102"]
    terms = {"cqc_rating": rating, "cqc_rated_on": "2026-03-31"}
    retell(sqlite_desk, found["placed"]["provider_id"], **terms)
    path = f"/v1/proposals/{found['proposal_id']}/acceptance"
    answered = sqlite_desk.call("POST", path, {"note": ""})
    assert answered.status_code == status, answered.text
    if status == 409:
        assert answered.json()["value"] == "RATING"


def test_for_whom_a_place_is_and_who_pays_come_out_of_the_record(
    sqlite_desk: Desk, tmp_path: Path
) -> None:
    """What is said over HTTP of a home, its rates and a person stands in the book dumped of it."""
    home = TERMS["care_home"]["value"]
    sqlite_desk.post("/v1/providers", home, role="administrator")
    rates = {
        "rates": [
            {"service_type": "residential", "unit": "week", "amount_pence": "framework"},
            {"service_type": "respite", "unit": "night", "days": ["sat"], "amount_pence": 15_000},
        ]
    }
    path = f"/v1/providers/{home['provider_id']}/rates"
    ok(sqlite_desk.call("PUT", path, rates, version=1, role="commissioner"))
    person = {"client_groups": GROUPS, "age": 87, "gender": "woman"}
    payers = {
        "funding": "joint",
        "health_share_percent": 40,
        "own_contribution_pence_per_week": 5_000,
    }
    body = new_request(sqlite_desk, **person, **payers)
    assert sqlite_desk.call("POST", "/v1/requests", body).status_code == 201
    with sqlite_desk.record.snapshot() as session:
        told = dump(session, sqlite_desk.record.clock.now(), sqlite_desk.record.clock.today())
    write_book(tmp_path / "out", told[0], policy_text=told[1])
    book = read_book(tmp_path / "out").book
    by_id = {each.provider_id: each for each in book.providers}
    assert by_id[home["provider_id"]] == Provider.model_validate(home)
    kept = {rate.amount_pence for rate in book.rates if rate.provider_id == home["provider_id"]}
    assert kept == {"framework", 15_000}
    (found,) = [each for each in book.requests if each.request_id == "N-1"]
    assert found.model_dump(mode="json", include=set(person | payers)) == {
        **person,
        **payers,
    }


def test_an_offer_says_the_rating_too(sqlite_desk: Desk) -> None:
    """Of a provider rated Inadequate, asked for or not, what has to be confirmed (L5)."""
    retell(sqlite_desk, "maiden", cqc_rating="inadequate", cqc_rated_on="2026-01-10")
    retell(sqlite_desk, "frome", cqc_rating="inadequate", cqc_rated_on=None)
    for each in ("maiden", "frome"):
        recorded(sqlite_desk, each)
    items = sqlite_desk.get("/v1/requests/R-101/offers")["items"]
    compared = {each["offer"]["provider_id"]: each["comparison"] for each in items}
    ratings = {
        name: [
            warning["sentence"] for warning in each["warnings"] if warning["rule_id"] == "RATING"
        ]
        for name, each in compared.items()
    }
    assert "the person asked for it knowingly" in ratings["maiden"][0]
    assert len(ratings["frome"]) == 1
    assert "the policy lets such providers in" not in ratings["frome"][0]
    assert compared["maiden"]["cqc_rated_on"] == "2026-01-10"


def test_an_option_says_the_rating_and_its_day(sqlite_desk: Desk) -> None:
    """And what has to be confirmed with the person first (L5)."""
    retell(sqlite_desk, "maiden", cqc_rating="inadequate", cqc_rated_on="2026-01-10")
    body = new_request(sqlite_desk, preferred_providers=["maiden"])
    found = sqlite_desk.call("POST", "/v1/shortlists", {"request": body}).json()
    by_id = {option["provider_id"]: option for option in found["options"]}
    assert by_id["maiden"]["cqc_rating"] == "inadequate"
    assert by_id["maiden"]["cqc_rated_on"] == "2026-01-10"
    assert "the person asked for it knowingly" in by_id["maiden"]["warnings"][0]
    others = new_request(sqlite_desk, preferred_providers=[])
    found = sqlite_desk.call("POST", "/v1/shortlists", {"request": others}).json()
    assert "maiden" not in [option["provider_id"] for option in found["options"]]
