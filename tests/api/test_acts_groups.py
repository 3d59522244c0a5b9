"""Tests of for whom a place is, at the desk: groups asked for, advertised and held against (L4)."""

from __future__ import annotations

from api.tables import ProviderRow
from tests.api.desk import Desk, ok, refused
from tests.api.offering import change_provider, enquire, own
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
    assert "87" not in seen.text.replace(told["enquiry_id"], "")
    assert "woman" not in seen.text


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
