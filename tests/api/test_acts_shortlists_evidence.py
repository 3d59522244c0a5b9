"""Tests of the evidence that a shortlist keeps: the pack that an Ombudsman would ask for."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

import pytest

from api.tables import ShortlistRow
from tests.api.desk import Desk, ok, refused
from tests.api.offering import booked, chosen, faults, recorded, terms

WORKER = {"role": "key_worker", "holder": "worker-7"}
ASK = "/v1/shortlists"


def made(desk: Desk, request_id: str = "R-101", body: Any = None, **who: Any) -> Any:
    """Return a shortlist made for a request of the record."""
    return desk.post(f"/v1/requests/{request_id}/shortlists", body or {}, **who)


def shown(record: Any) -> list[str]:
    """Return who is shown by a shortlist, in rank order."""
    return [option["provider_id"] for option in record["shortlist"]["options"]]


def test_the_pack_has_everyone_with_every_reason(desk: Desk) -> None:
    """Of every provider it says that it could serve, with its score, or each rule against it."""
    record = made(desk)
    pack = desk.get(f"/v1/shortlists/{record['shortlist_id']}/evidence")
    considered = {each["provider_id"]: each for each in pack["considered"]}
    assert len(considered) == len(pack["considered"]) == record["shortlist"]["considered"] == 8
    for provider_id, each in considered.items():
        assert each["eligible"] is (provider_id in shown(record))
        assert bool(each["refusals"]) is not each["eligible"]
    for option in pack["shortlist"]["options"]:
        assert option["total"] == considered[option["provider_id"]]["total"]
        assert all(score["reason"] for score in option["criteria"])
    assert pack["policy_version"] == record["shortlist"]["policy_version"]
    assert pack["software_version"]
    assert pack["made"]["actor"] == "the broker"


def test_the_hash_can_be_computed_again(desk: Desk) -> None:
    """From what the pack says, anybody can prove that nothing of the inputs was changed since."""
    record = made(desk, body={"options": 2, "seed": 5})
    pack = desk.get(f"/v1/shortlists/{record['shortlist_id']}/evidence")
    with desk.record.reading() as session:
        row = session.get_one(ShortlistRow, record["shortlist_id"])
    names = ("policy_sha256", "terms_version", "supply_version", "as_of", "options", "seed")
    inputs = {"request": row.request, **{name: pack["made"]["detail"][name] for name in names}}
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == pack["inputs_sha256"]


@pytest.mark.parametrize("body", [{"seed": 1}, {"options": 2}])
def test_other_inputs_have_another_hash(sqlite_desk: Desk, body: dict[str, int]) -> None:
    """The hash tells one set of inputs from another."""
    assert made(sqlite_desk)["inputs_sha256"] != made(sqlite_desk, body=body)["inputs_sha256"]


def test_the_pack_keeps_the_request_as_it_was(desk: Desk) -> None:
    """What is changed later does not change what was searched for."""
    record = made(desk)
    change = {"changes": {"needs": ["dementia"]}, "reason": "New assessment"}
    ok(desk.call("PATCH", "/v1/requests/R-101", change, version=1))
    pack = desk.get(f"/v1/shortlists/{record['shortlist_id']}/evidence")
    assert pack["request"]["needs"] == []
    assert [h["state"] for h in pack["holds"]] == ["released", "released"]


def test_the_pack_tells_what_was_chosen_and_booked(desk: Desk) -> None:
    """Later offers show how far they came and who decided, never their terms."""
    record = made(desk)
    offer = chosen(desk, recorded(desk, "maiden", terms()), by="family")
    path = f"/v1/shortlists/{record['shortlist_id']}/evidence"
    pack = desk.get(path)
    assert [(o["provider_id"], o["state"]) for o in pack["offers"]] == [("maiden", "chosen")]
    assert pack["offers"][0]["chosen_by"] == "family"
    assert set(pack["offers"][0]) == {
        "offer_id",
        "provider_id",
        "state",
        "made_at",
        "chosen_by",
        "chosen_at",
    }
    assert [h["state"] for h in pack["holds"]] == ["chosen", "released"]
    booked(desk, offer)
    assert [o["state"] for o in desk.get(path)["offers"]] == ["booked"]
    assert faults(desk) == []


def test_offers_made_before_are_no_later_choice(sqlite_desk: Desk) -> None:
    """The pack of a shortlist tells what came of it, not what was there before."""
    recorded(sqlite_desk, "maiden", terms())
    record = made(sqlite_desk)
    pack = sqlite_desk.get(f"/v1/shortlists/{record['shortlist_id']}/evidence")
    assert pack["offers"] == []


def test_the_first_shortlist_answers_the_referral(desk: Desk) -> None:
    """The clock for a response stops when somebody looks into the request (H22)."""
    record = made(desk)
    clocks = {c["name"]: c for c in desk.get("/v1/requests/R-101")["clocks"]}
    done_at = datetime.fromisoformat(clocks["respond"]["done_at"])
    assert done_at == datetime.fromisoformat(record["made_at"])
    assert clocks["find_homecare"]["done_at"] is None


@pytest.mark.parametrize("path", ["/v1/shortlists/sho-1", "/v1/shortlists/sho-1/evidence"])
def test_what_is_not_in_the_record_is_not_found(sqlite_desk: Desk, path: str) -> None:
    """There is no shortlist of an id that was never given."""
    refused(sqlite_desk.call("GET", path), 404, "not-found")
