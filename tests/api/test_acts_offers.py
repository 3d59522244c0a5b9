"""Tests of offers: priced here, replaced, compared, approved, chosen, and come to nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.desk import Desk, ok, refused
from tests.api.offering import (
    BED,
    HOLDER,
    MORNING,
    agreed,
    approved,
    at,
    bed_terms,
    chosen,
    enquire,
    faults,
    let_pass,
    own,
    recorded,
    reply,
    terms,
)
from tests.api.test_acts_requests import WORKER, new_request

WEEK_AT_2505 = 21_924
"""Pence for 525 minutes a week at 25.05 an hour: 8.75 hours, 219.1875, rounded half up."""


def minute_of(text: str) -> int:
    """Return a time as written in a shortlist as a minute of the day."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


# -- made --------------------------------------------------------------------------------------


def test_a_reply_is_priced_here(desk: Desk) -> None:
    """The weekly cost follows from visits and rate, whoever says what (H6)."""
    made = reply(desk, enquire(desk, "maiden"), "maiden")
    assert made["weekly_cost_pence"] == WEEK_AT_2505
    assert (made["state"], made["version"]) == ("offered", 1)
    seen = desk.call("GET", f"/v1/offers/{made['offer_id']}")
    assert not ok(seen)["needs_approval"]
    assert seen.headers["ETag"] == '"1"'
    assert faults(desk) == []


def test_a_bed_is_priced_by_week_or_night(desk: Desk) -> None:
    """Seven nights are a week (H6)."""
    by_week = recorded(desk, "poundbury", bed_terms(95_600), "R-201")
    assert by_week["weekly_cost_pence"] == 95_600
    night = bed_terms(rate={"unit": "night", "amount_pence": 13_600})
    assert recorded(desk, "poundbury", night, "R-201")["weekly_cost_pence"] == 95_200


@pytest.mark.parametrize(
    ("pence", "needs_approval"),
    [(2000, False), (2505, False), (2506, True)],  # below, at and above the framework rate
)
def test_above_the_framework_rate_needs_approval(
    sqlite_desk: Desk, pence: int, needs_approval: bool
) -> None:
    """At the framework rate nobody need agree; a penny above, somebody must (H9)."""
    made = recorded(sqlite_desk, "maiden", terms(pence))
    assert made["needs_approval"] is needs_approval
    assert bool(made["approval_reasons"]) is needs_approval


def test_above_the_budget_needs_approval(sqlite_desk: Desk) -> None:
    """Within the framework rate but above the personal budget is above all the same."""
    agreed(sqlite_desk, "R-101", personal_budget_pence_per_week=WEEK_AT_2505)
    assert not recorded(sqlite_desk, "maiden")["needs_approval"]
    agreed(sqlite_desk, "R-101", personal_budget_pence_per_week=WEEK_AT_2505 - 1)
    assert recorded(sqlite_desk, "maiden")["needs_approval"]


@pytest.mark.parametrize(
    ("other", "is_kept"),
    [
        ({"visits": at(7 * 60, BED)}, True),  # the band's first minute
        ({"visits": at(10 * 60 + 30, BED)}, True),  # and its last
        ({"visits": at(7 * 60 - 5, BED)}, False),  # before it
        ({"visits": at(10 * 60 + 35, BED)}, False),  # after it
        ({"visits": at(MORNING)}, False),  # a visit is missing
        ({"visits": at(MORNING, BED, BED)}, False),  # a visit that is not asked for
        ({"visits": [*at(MORNING, BED), *at(MORNING)]}, False),  # a visit twice
        ({"start_date": "2026-04-01"}, True),  # today
        ({"start_date": "2026-03-31"}, False),  # yesterday
        ({"start_date": "9999-12-31"}, False),  # no day that anybody plans for
        ({"rate": {"unit": "week", "amount_pence": 100}}, False),  # homecare is by the hour
        ({"rate": {"unit": "hour", "amount_pence": 10_000_000}}, False),  # no such price
    ],
)
def test_an_offer_meets_what_is_asked_for(
    sqlite_desk: Desk, other: dict[str, Any], is_kept: bool
) -> None:
    """Every visit once and in its band, from today on, by the hour (H4)."""
    body = {**terms(), **other, "provider_id": "maiden", "told_by": "e-mail"}
    answered = sqlite_desk.call("POST", "/v1/requests/R-101/offers", body)
    if is_kept:
        assert answered.status_code == 201, answered.text
    else:
        refused(answered, 400, "bad-call")


@pytest.mark.parametrize(
    "visit",
    [
        {"visit_no": 1, "at_minute": 481},  # off the 5-minute grid
        {"visit_no": 1, "at_minute": 1440},  # tomorrow
        {"visit_no": 0, "at_minute": 480},  # no such number
    ],
)
def test_times_are_on_the_grid(sqlite_desk: Desk, visit: dict[str, int]) -> None:
    """A start is a multiple of five minutes within the day."""
    path = f"/v1/enquiries/{enquire(sqlite_desk, 'maiden')['enquiry_id']}/offer"
    body = terms(visits=[visit])
    refused(sqlite_desk.call("PUT", path, body, **own("maiden")), 422, "bad-shape")


@pytest.mark.parametrize(("minute", "is_kept"), [(465, True), (495, True), (460, False)])
def test_a_critical_time_is_met(sqlite_desk: Desk, minute: int, is_kept: bool) -> None:
    """Fifteen minutes either side of a critical time, and no more (H5)."""
    visits = [{"visit_no": 1, "at_minute": minute}, {"visit_no": 2, "at_minute": 17 * 60}]
    body = {**terms(visits=visits), "provider_id": "maiden", "told_by": "telephone"}
    answered = sqlite_desk.call("POST", "/v1/requests/R-102/offers", body)
    assert answered.is_success is is_kept, answered.text


def test_one_visit_at_a_time(sqlite_desk: Desk) -> None:
    """Two visits on the same day do not overlap at the door, and may follow one another."""
    visit = {"days": ["mon"], "band": "morning"}
    visits = [{**visit, "visit_no": n, "minutes": minutes} for n, minutes in ((1, 60), (2, 45))]
    sqlite_desk.post("/v1/requests", new_request(sqlite_desk, package={"visits": visits}))
    recorded(sqlite_desk, "frome", terms(visits=at(480, 540)), "N-1")
    body = {**terms(visits=at(480, 535)), "provider_id": "frome", "told_by": "telephone"}
    refused(sqlite_desk.call("POST", "/v1/requests/N-1/offers", body), 400, "bad-call")


@pytest.mark.parametrize(
    ("day", "is_kept"), [("2026-04-12", False), ("2026-04-17", True), ("2026-04-18", False)]
)
def test_respite_lies_within_its_window(sqlite_desk: Desk, day: str, is_kept: bool) -> None:
    """Fourteen nights between 13 and 30 April are offered from the 13th to the 17th (H13)."""
    rate = {"unit": "night", "amount_pence": 14_000}
    told = {"provider_id": "grange", "told_by": "telephone"}
    body = {**bed_terms(start_date=day, rate=rate), **told}
    answered = sqlite_desk.call("POST", "/v1/requests/R-204/offers", body)
    assert answered.is_success is is_kept, answered.text


# -- replaced ----------------------------------------------------------------------------------


def test_an_offer_is_replaced_with_its_version(desk: Desk) -> None:
    """While the enquiry is open a provider may think better of it, and loses no change."""
    told = enquire(desk, "maiden")
    path = f"/v1/enquiries/{told['enquiry_id']}/offer"
    early = desk.call("PUT", path, terms(), version=1, **own("maiden"))
    refused(early, 412, "stale")  # there is nothing to replace yet
    first = ok(desk.call("PUT", path, terms(2600), **own("maiden")))
    refused(desk.call("PUT", path, terms(), **own("maiden")), 428, "version-needed")
    refused(desk.call("PUT", path, terms(), version=7, **own("maiden")), 412, "stale")
    second = desk.call("PUT", path, terms(2505), version=1, **own("maiden"))
    assert ok(second)["offer_id"] == first["offer_id"]
    assert second.headers["ETag"] == '"2"'
    assert second.json()["weekly_cost_pence"] == WEEK_AT_2505


def test_a_changed_price_is_approved_anew(desk: Desk) -> None:
    """What was agreed of one price says nothing of another (H9)."""
    made = reply(desk, told := enquire(desk, "maiden"), "maiden", terms(2600))
    agreed = approved(desk, made)
    path = f"/v1/enquiries/{told['enquiry_id']}/offer"
    ok(desk.call("PUT", path, terms(2700), version=agreed["version"], **own("maiden")))
    now = desk.get(f"/v1/offers/{made['offer_id']}")
    assert (now["approved"], now["approved_by"], now["needs_approval"]) == (None, None, True)
    assert approved(desk, now)["approved"]


def test_a_chosen_offer_is_not_replaced(desk: Desk) -> None:
    """What somebody decided for stays as it was decided for (H14)."""
    made = reply(desk, told := enquire(desk, "maiden"), "maiden")
    version = chosen(desk, made)["version"]
    path = f"/v1/enquiries/{told['enquiry_id']}/offer"
    again = desk.call("PUT", path, terms(2400), version=version, **own("maiden"))
    refused(again, 409, "conflict")
    told_by = {**terms(2400), "provider_id": "maiden", "told_by": "telephone"}
    refused(desk.call("POST", "/v1/requests/R-101/offers", told_by), 409, "conflict")


def test_a_recorded_offer_takes_the_place_of_an_earlier_one(desk: Desk) -> None:
    """One offer of a provider counts: the newest."""
    earlier = reply(desk, enquire(desk, "maiden"), "maiden", terms(2400))
    later = recorded(desk, "maiden")
    assert desk.get(f"/v1/offers/{earlier['offer_id']}")["state"] == "replaced"
    items = desk.get("/v1/requests/R-101/offers")["items"]
    assert [(each["offer"]["offer_id"], bool(each["comparison"])) for each in items] == [
        (later["offer_id"], True),
        (earlier["offer_id"], False),
    ]


def test_after_the_window_nothing_is_replaced(sqlite_desk: Desk) -> None:
    """An offer stands as it was when the enquiry closed."""
    told = enquire(sqlite_desk, "maiden")
    made = reply(sqlite_desk, told, "maiden")
    let_pass(sqlite_desk, told)
    path = f"/v1/enquiries/{told['enquiry_id']}/offer"
    again = sqlite_desk.call("PUT", path, terms(), version=1, **own("maiden"))
    refused(again, 409, "conflict")
    assert sqlite_desk.get(f"/v1/offers/{made['offer_id']}")["state"] == "offered"


def test_a_provider_is_not_told_why_it_is_not_wanted(desk: Desk) -> None:
    """A request that was changed is not offered for as it was, and no id slips out (H7)."""
    told = enquire(desk, "maiden", "frome")
    change = {"changes": {"excluded_providers": ["frome"]}, "reason": "The person's wish"}
    ok(desk.call("PATCH", "/v1/requests/R-101", change, version=1))
    path = f"/v1/enquiries/{told['enquiry_id']}/offer"
    answered = desk.call("PUT", path, terms(), **own("frome"))
    refused(answered, 409, "conflict")
    assert "R-101" not in answered.text
    assert "exclu" not in answered.text
    reply(desk, told, "maiden")


def test_an_advert_that_is_outdated_is_not_offered_for(desk: Desk) -> None:
    """Once something else is needed, replies to the old advert mean nothing."""
    told = enquire(desk, "maiden")
    change = {"changes": {"needs": ["dementia"]}, "reason": "Diagnosis"}
    ok(desk.call("PATCH", "/v1/requests/R-101", change, version=1))
    path = f"/v1/enquiries/{told['enquiry_id']}/offer"
    refused(desk.call("PUT", path, terms(), **own("maiden")), 409, "conflict")


# -- who sees what -----------------------------------------------------------------------------


def test_a_provider_sees_no_rank_and_no_budget(desk: Desk) -> None:
    """Its own offer, what became of it, and nothing that says how it stands (H7)."""
    made = reply(desk, enquire(desk, "maiden", "frome"), "maiden", terms(9000))
    path = f"/v1/offers/{made['offer_id']}"
    seen = desk.call("GET", path, **own("maiden"))
    assert set(ok(seen)) == {
        "offer_id",
        "enquiry_id",
        "source",
        "state",
        "version",
        "terms",
        "weekly_cost_pence",
        "made_at",
    }
    assert "budget" not in seen.text
    assert "R-101" not in seen.text
    refused(desk.call("GET", path, **own("frome")), 404, "not-found")
    refused(desk.call("GET", "/v1/requests/R-101/offers", **own("maiden")), 403, "not-allowed")


def test_a_key_worker_compares_for_her_own(desk: Desk) -> None:
    """A key worker sees the offers for her own request only, and may record the choice."""
    desk.call("POST", "/v1/requests", new_request(desk), **WORKER)
    made = recorded(desk, "maiden", request_id="N-1")
    other = {"role": "key_worker", "holder": "worker-8"}
    assert len(desk.get("/v1/requests/N-1/offers", **WORKER)["items"]) == 1
    refused(desk.call("GET", "/v1/requests/N-1/offers", **other), 404, "not-found")
    path = f"/v1/offers/{made['offer_id']}"
    refused(desk.call("GET", path, **other), 404, "not-found")
    assert chosen(desk, made, "advocate", **WORKER)["recorded_by"] == "worker-7"


# -- compared ----------------------------------------------------------------------------------


def test_offers_are_ranked_as_shortlists_are(desk: Desk) -> None:
    """The same times, day and price come to the same total by the same criteria."""
    made = desk.post("/v1/requests/R-101/shortlists", {})
    options = made["shortlist"]["options"]
    rates = {"maiden": 2505, "frome": 2740, "chesil": 2460}
    for option in reversed(options):
        visits = [
            {"visit_no": each["visit_no"], "at_minute": minute_of(each["start"])}
            for each in option["visits"]
        ]
        body = terms(rates[option["provider_id"]], visits=visits, start_date=option["start_date"])
        recorded(desk, option["provider_id"], body)
    compared = desk.get("/v1/requests/R-101/offers", **HOLDER)["items"]
    assert len(compared) == len(options) > 1
    for each, option in zip(compared, options, strict=True):
        assert each["offer"]["provider_id"] == option["provider_id"]
        comparison = each["comparison"]
        alike = comparison.keys() & option.keys() - {"warnings"}
        assert alike >= {"rank", "total", "criteria", "cqc_rating", "paid_by", "price_notes"}
        assert {name: comparison[name] for name in alike} == {name: option[name] for name in alike}
        assert each["offer"]["weekly_cost_pence"] == option["weekly_cost_pence"]
        assert each["offer"]["needs_approval"] == option["needs_approval"]
        assert comparison["warnings"] == []


def test_a_cheaper_offer_ranks_higher(sqlite_desk: Desk) -> None:
    """What is offered counts, not what is on file."""
    recorded(sqlite_desk, "maiden", terms(4000))
    recorded(sqlite_desk, "frome", terms(1500))
    first = sqlite_desk.get("/v1/requests/R-101/offers")["items"][0]["offer"]
    recorded(sqlite_desk, "maiden", terms(1500))
    recorded(sqlite_desk, "frome", terms(4000))
    then = sqlite_desk.get("/v1/requests/R-101/offers")["items"][0]["offer"]
    assert (first["provider_id"], then["provider_id"]) == ("frome", "maiden")


def test_what_speaks_against_an_offer_is_told(desk: Desk) -> None:
    """Rules are warnings here: a broker sees zone, capacity and room, and decides."""
    recorded(desk, "chesil", terms())
    [only] = desk.get("/v1/requests/R-101/offers")["items"]
    rules = {each["rule_id"] for each in only["comparison"]["warnings"]}
    assert rules == {"ZONE", "CAPACITY", "ROOM"}


def test_own_holds_do_not_speak_against_an_offer(desk: Desk) -> None:
    """What is held for the person herself is no capacity that she lacks."""
    chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201"))
    [only] = desk.get("/v1/requests/R-201/offers")["items"]
    assert only["comparison"]["warnings"] == []
    other = new_request(desk, like="R-201")
    desk.post("/v1/requests", other)
    recorded(desk, "poundbury", bed_terms(), "N-1")
    [only] = desk.get("/v1/requests/N-1/offers")["items"]
    assert {each["rule_id"] for each in only["comparison"]["warnings"]} == {"CAPACITY", "ROOM"}


def test_an_offer_that_is_outdated_is_marked(desk: Desk) -> None:
    """After the request was changed an old offer is listed, with a warning."""
    recorded(desk, "maiden")
    visit = {"visit_no": 1, "days": ["mon"], "band": "tea", "minutes": 30}
    change = {"changes": {"package": {"visits": [visit]}}, "reason": "Less is needed"}
    ok(desk.call("PATCH", "/v1/requests/R-101", change, version=1))
    [only] = desk.get("/v1/requests/R-101/offers")["items"]
    assert "AS_ASKED" in {each["rule_id"] for each in only["comparison"]["warnings"]}
    path = f"/v1/offers/{only['offer']['offer_id']}/choice"
    refused(desk.call("PUT", path, {"chosen_by": "person"}, version=1), 409, "conflict")
