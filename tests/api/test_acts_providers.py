"""Tests of providers at the desk: read, embargoed, priced, taken in and handed back to."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from api.schemas import provider_examples as examples
from api.tables import BookingRow, HistoryRow
from tests.api.desk import Desk, ok, refused
from tests.api.offering import booked, chosen, faults, recorded

COMMISSIONER = {"role": "commissioner"}
ADMINISTRATOR = {"role": "administrator"}
MAIDEN = {"role": "provider", "provider_id": "maiden"}
CHESIL = {"role": "provider", "provider_id": "chesil"}
RUNNING = {"order_ref": "RUN-000001", "last_day": "2026-04-14", "reason": "No carer on Sundays"}


def terms_like(desk: Desk, like: str, **other: Any) -> Any:
    """Return the terms of a provider, some of them changed."""
    return {**desk.get(f"/v1/providers/{like}")["provider"], **other}


def listed(desk: Desk, query: str = "", **who: Any) -> list[str]:
    """Return the ids of the providers on a list."""
    page = desk.get(f"/v1/providers{query}", **who)
    return [line["provider_id"] for line in page["items"]]


def test_examples_can_be_pasted(desk: Desk) -> None:
    """Every body that the description shows does what it says, on the sample book."""
    path = "/v1/providers"
    for number, name in enumerate(("maiden", "bay")):
        body = list(examples.STATE_CAPACITY.values())[number]["value"]
        ok(desk.call("PUT", f"{path}/{name}/capacity", body, version=1))
    status = examples.SET_STATUS["embargo"]["value"]
    ok(desk.call("PUT", f"{path}/maiden/status", status, **COMMISSIONER))
    for version, rates in enumerate(examples.SET_RATES.values(), start=3):
        body = rates["value"]
        ok(desk.call("PUT", f"{path}/maiden/rates", body, version=version, **COMMISSIONER))
    for each in examples.TERMS.values():
        terms = each["value"]
        desk.post(path, terms, **ADMINISTRATOR)
        own = f"{path}/{terms['provider_id']}/terms"
        ok(desk.call("PUT", own, terms, version=1, **COMMISSIONER))
    desk.post(f"{path}/maiden/hand-backs", examples.HAND_BACK["package"]["value"], **MAIDEN)


# -- read --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "bay chesil frome grange maiden portland poundbury radipole"),
        ("?kind=homecare", "chesil frome maiden portland"),
        ("?status=open", "bay chesil frome grange maiden portland poundbury"),
        ("?status=embargoed", "radipole"),
        ("?status=closed", ""),
        ("?zone=dorchester", "frome maiden"),
        ("?zone=Dorchester", ""),  # ids are what they are, capitals and all
        ("?zone=dorcheste", ""),  # a part of a zone is no zone
        ("?kind=homecare&zone=weymouth&status=open", "chesil portland"),
    ],
)
def test_the_list_is_narrowed(desk: Desk, query: str, expected: str) -> None:
    """By kind, status and a zone that the provider names, by id and on both databases."""
    assert listed(desk, query) == expected.split()


def test_the_list_comes_in_pages(desk: Desk) -> None:
    """Page after page gives every provider once."""
    seen, cursor = [], ""
    while cursor is not None:
        page = desk.get(f"/v1/providers?limit=3{cursor and '&cursor=' + cursor}")
        seen += [line["provider_id"] for line in page["items"]]
        cursor = page["next"]
    assert seen == listed(desk)
    refused(desk.call("GET", "/v1/providers?cursor=WzFd"), 400, "bad-call")


def test_a_line_says_what_a_broker_looks_for(sqlite_desk: Desk) -> None:
    """When capacity was stated, how many are served, whether new work may be placed."""
    lines = {line["provider_id"]: line for line in sqlite_desk.get("/v1/providers")["items"]}
    assert lines["maiden"] == {
        "provider_id": "maiden",
        "name": "Maiden Castle Homecare",
        "kind": "homecare",
        "postcode": "DT1 1XJ",
        "status": "open",
        "contract": "framework",
        "zones": ["dorchester"],
        "cqc_rating": "good",
        "capacity_as_of": "2026-03-30",
        "open_bookings": 1,
        "version": 1,
    }


def test_a_provider_sees_itself_only(desk: Desk) -> None:
    """On the list and one by one: as if there were nobody else (H7)."""
    assert listed(desk, **MAIDEN) == ["maiden"]
    assert listed(desk, "?zone=weymouth", **MAIDEN) == []
    assert desk.get("/v1/providers/maiden", **MAIDEN)["provider"]["name"] != ""
    mine = refused(desk.call("GET", "/v1/providers/chesil", **MAIDEN), 404, "not-found")
    nobodys = refused(desk.call("GET", "/v1/providers/cheese", **MAIDEN), 404, "not-found")
    assert mine["detail"].replace("chesil", "cheese") == nobodys["detail"]


def test_a_provider_is_read_with_its_rates_and_capacity(sqlite_desk: Desk) -> None:
    """Terms, rates, what it stated and when, what is left, and its version as ETag."""
    answered = sqlite_desk.call("GET", "/v1/providers/poundbury", role="budget_holder")
    found = ok(answered)
    assert answered.headers["ETag"] == '"1"'
    assert [rate["amount_pence"] for rate in found["rates"]] == [94_000, 101_000]
    assert [line["as_of"] for line in found["stated"]["beds"]] == ["2026-03-31"] * 2
    assert found["left"] == found["stated"]
    assert found["open_bookings"] == 0
    refused(sqlite_desk.call("GET", "/v1/providers/nobody"), 404, "not-found")


def test_a_key_worker_sees_no_provider(sqlite_desk: Desk) -> None:
    """What a provider charges and has free is the brokerage's business."""
    refused(sqlite_desk.call("GET", "/v1/providers", role="key_worker"), 403, "not-allowed")


# -- status ------------------------------------------------------------------------------------


def test_an_embargo_stops_new_work_and_keeps_the_old(desk: Desk) -> None:
    """The market sees it at once, who is served stays served, and the reason is kept."""
    before = desk.get("/v1/providers/maiden")
    change = {"status": "embargoed", "reason": "Safeguarding enquiry"}
    told = desk.call("PUT", "/v1/providers/maiden/status", change, **COMMISSIONER).json()
    assert told["provider"] == {**before["provider"], "status": "embargoed"}
    assert told["status_reason"] == "Safeguarding enquiry"
    assert told["open_bookings"] == 1
    assert told["version"] == before["version"] + 1
    with desk.record.reading() as session:
        market = desk.app.state.service.supply.market(session)
    assert not market.is_open[market.index["maiden"]]
    assert listed(desk, "?status=embargoed") == ["maiden", "radipole"]


def test_an_embargo_is_lifted(desk: Desk) -> None:
    """With a reason of its own."""
    lifted = {"status": "open", "reason": "All actions done"}
    ok(desk.call("PUT", "/v1/providers/radipole/status", lifted, **COMMISSIONER))
    assert listed(desk, "?status=embargoed") == []


@pytest.mark.parametrize("role", ["broker", "budget_holder", "administrator", "key_worker"])
def test_only_a_commissioner_sets_the_status(sqlite_desk: Desk, role: str) -> None:
    """Nobody else, and never without a reason."""
    change = {"status": "closed", "reason": "Closing"}
    path = "/v1/providers/maiden/status"
    refused(sqlite_desk.call("PUT", path, change, role=role), 403, "not-allowed")
    silent = sqlite_desk.call("PUT", path, {"status": "closed", "reason": " "}, **COMMISSIONER)
    refused(silent, 422, "bad-shape")


# -- rates -------------------------------------------------------------------------------------


def test_rates_are_replaced(desk: Desk) -> None:
    """All of them, for the version that was read; the market prices by them at once."""
    rates = {"rates": [{"service_type": "homecare", "unit": "hour", "amount_pence": 2_600}]}
    path = "/v1/providers/maiden/rates"
    refused(desk.call("PUT", path, rates, **COMMISSIONER), 428, "version-needed")
    refused(desk.call("PUT", path, rates, version=9, **COMMISSIONER), 412, "stale")
    told = ok(desk.call("PUT", path, rates, version=1, **COMMISSIONER))
    assert [rate["amount_pence"] for rate in told["rates"]] == [2_600]
    with desk.record.reading() as session:
        market = desk.app.state.service.supply.market(session)
    column = next(iter(market.price_list.on(0).pence.values()))
    assert column[market.index["maiden"]] == 2_600
    refused(desk.call("PUT", path, rates, version=2), 403, "not-allowed")


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ({"valid_to": "2026-04-30"}, {"valid_from": "2026-05-01"}, 200),  # one after the other
        ({"valid_to": "2026-04-30"}, {"valid_from": "2026-04-30"}, 422),  # both on one day
        ({}, {}, 422),
        ({}, {"visit_minutes": 30}, 200),  # for another length of visit
        ({"valid_from": "2026-05-01"}, {"valid_to": "2026-05-01"}, 422),  # in any order
        ({"valid_from": "2026-05-01", "valid_to": "2026-04-30"}, {"unit": "week"}, 422),
    ],
)
def test_there_is_one_rate_a_day(
    sqlite_desk: Desk, first: dict[str, Any], second: dict[str, Any], status: int
) -> None:
    """Two rates for the same on one day would leave the price to chance."""
    usual = {"service_type": "homecare", "unit": "hour", "amount_pence": 2_600}
    body = {"rates": [{**usual, **first}, {**usual, **second}]}
    path = "/v1/providers/maiden/rates"
    answered = sqlite_desk.call("PUT", path, body, version=1, **COMMISSIONER)
    assert answered.status_code == status


# -- terms -------------------------------------------------------------------------------------


def test_a_provider_is_taken_in(desk: Desk) -> None:
    """With an id that is new and a place on the map; it stands in the market from then on."""
    body = terms_like(desk, "maiden", provider_id="stour", name="Stour Homecare", zones=[])
    answered = desk.call("POST", "/v1/providers", body, **ADMINISTRATOR)
    assert answered.status_code == 201, answered.text
    assert answered.headers["Location"] == "/v1/providers/stour"
    assert answered.json()["stated"] == {"homecare": [], "beds": []}
    refused(desk.call("POST", "/v1/providers", body, **ADMINISTRATOR), 409, "conflict")
    refused(desk.call("POST", "/v1/providers", body, **COMMISSIONER), 403, "not-allowed")
    with desk.record.reading() as session:
        assert "stour" in desk.app.state.service.supply.market(session).index


@pytest.mark.parametrize(
    ("field", "value", "status", "kind"),
    [
        ("postcode", "JE1 0BD", 400, "bad-postcode"),  # nowhere on the map
        ("postcode", "Dorchester", 422, "bad-shape"),
        ("zones", ["atlantis"], 400, "bad-call"),  # no such zone of the framework
        ("cqc_rated_on", "2026-04-02", 400, "bad-call"),  # tomorrow
    ],
)
def test_terms_that_cannot_be_are_refused(
    sqlite_desk: Desk, field: str, value: object, status: int, kind: str
) -> None:
    """Of a new provider and of an old one alike; today's rating is only just old enough."""
    body = terms_like(sqlite_desk, "maiden", **{field: value})
    changed = sqlite_desk.call("PUT", "/v1/providers/maiden/terms", body, version=1, **COMMISSIONER)
    refused(changed, status, kind)
    new = {**body, "provider_id": "stour"}
    refused(sqlite_desk.call("POST", "/v1/providers", new, **ADMINISTRATOR), status, kind)


def test_terms_are_changed_whole(desk: Desk) -> None:
    """What is not named is what is usual; the audit names the fields that changed."""
    body = terms_like(desk, "frome", lead_days=None, cqc_rated_on="2026-04-01")
    path = "/v1/providers/frome/terms"
    told = ok(desk.call("PUT", path, body, version=1, **COMMISSIONER))
    assert told["provider"]["lead_days"] is None
    assert told["version"] == 2
    line = desk.get("/v1/audit?subject=frome", **ADMINISTRATOR)["items"][0]
    assert line["action"] == "provider.terms_changed"
    assert line["detail"]["fields"] == ["cqc_rated_on", "lead_days"]
    refused(desk.call("PUT", path, body, version=1, **COMMISSIONER), 412, "stale")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("provider_id", "stour"),
        ("kind", "care_home"),
        ("status", "closed"),  # by its own way, with a reason
    ],
)
def test_some_terms_have_ways_of_their_own(sqlite_desk: Desk, field: str, value: str) -> None:
    """Who a provider is stays; an embargo is no change in passing."""
    body = terms_like(sqlite_desk, "maiden", **{field: value})
    answered = sqlite_desk.call(
        "PUT", "/v1/providers/maiden/terms", body, version=1, **COMMISSIONER
    )
    assert refused(answered, 400, "bad-call")["thing"] == field


# -- hand-backs --------------------------------------------------------------------------------


def test_a_package_handed_back_waits_again(desk: Desk) -> None:
    """The booking ends on its last day, and the person waits from today for the day after."""
    answered = desk.call("POST", "/v1/providers/maiden/hand-backs", RUNNING, **MAIDEN)
    assert answered.status_code == 201
    assert answered.json() == {
        "order_ref": "RUN-000001",
        "provider_id": "maiden",
        "request_id": "R-100",
        "last_day": "2026-04-14",
        "waiting_since": "2026-04-01",
    }
    request = desk.get("/v1/requests/R-100")
    assert (request["state"], request["order_ref"], request["waited_days"]) == ("waiting", None, 0)
    assert request["request"]["waiting_since"] == "2026-04-01"
    assert request["request"]["start_by"] == "2026-04-15"
    assert request["request"]["current_provider_id"] is None
    assert "R-100" in [line["request_id"] for line in desk.get("/v1/requests")["items"]]
    assert desk.get("/v1/providers/maiden")["open_bookings"] == 0


def test_a_hand_back_stands_in_the_ledger(desk: Desk) -> None:
    """As withdrawn, with its reason, in the market and in the audit."""
    desk.post("/v1/providers/maiden/hand-backs", RUNNING)
    with desk.record.reading() as session:
        query = select(HistoryRow).where(HistoryRow.outcome == "withdrawn")
        line = session.scalars(query).one()
        market = desk.app.state.service.supply.market(session)
    assert (line.provider_id, line.request_id) == ("maiden", "R-100")
    assert line.reason == RUNNING["reason"]
    assert market.last_offered_day[market.index["maiden"]] == line.offered_on.toordinal()
    told = desk.get("/v1/audit?subject=maiden", **ADMINISTRATOR)["items"][0]
    assert (told["action"], told["actor"]) == ("provider.handed_back", "the broker")


def test_care_never_counted_as_free_does_not_come_back_by_itself(desk: Desk) -> None:
    """Care that ran before the record began: the provider states its capacity anew."""
    before = desk.get("/v1/providers/maiden")
    desk.post("/v1/providers/maiden/hand-backs", RUNNING)
    after = desk.get("/v1/providers/maiden")
    assert after["left"] == before["left"]
    assert after["version"] == before["version"] + 1


def test_nobody_hands_back_what_is_not_its_own(desk: Desk) -> None:
    """Another's order, one that there is not, and one that has ended are all not there."""
    path = "/v1/providers/chesil/hand-backs"
    refused(desk.call("POST", path, RUNNING, **CHESIL), 404, "not-found")
    refused(desk.call("POST", path, RUNNING), 404, "not-found")
    refused(desk.call("POST", path, RUNNING, **MAIDEN), 404, "not-found")
    path = "/v1/providers/maiden/hand-backs"
    unknown = {**RUNNING, "order_ref": "RUN-000002"}
    refused(desk.call("POST", path, unknown, **MAIDEN), 404, "not-found")
    desk.post(path, RUNNING, **MAIDEN)
    refused(desk.call("POST", "/v1/providers/chesil/hand-backs", RUNNING), 404, "not-found")
    with desk.record.bare_writing() as session:
        row = session.get_one(BookingRow, RUNNING["order_ref"])
        assert row.ended_at is not None
        row.ended_at, row.ends_on = row.ended_at - timedelta(days=60), date(2026, 3, 1)
    refused(desk.call("POST", path, RUNNING, **MAIDEN), 404, "not-found")
    refused(desk.call("POST", path, RUNNING, **COMMISSIONER), 403, "not-allowed")


@pytest.mark.parametrize(
    ("last_day", "status"),
    [
        ("2026-04-01", 201),  # today
        ("2025-11-03", 201),  # the first day, told late
        ("2025-11-02", 400),  # before care began
        ("2027-04-02", 201),  # a year's notice
        ("2027-04-03", 400),
        ("9999-12-31", 400),
    ],
)
def test_the_last_day_is_a_day_of_care(sqlite_desk: Desk, last_day: str, status: int) -> None:
    """Not before the first, and not beyond any notice that anybody gives."""
    body = {**RUNNING, "last_day": last_day}
    answered = sqlite_desk.call("POST", "/v1/providers/maiden/hand-backs", body)
    assert answered.status_code == status


def test_a_package_given_back_is_arranged_anew(desk: Desk) -> None:
    """After a hand-back the person waits again, and the next offer is booked like the first."""
    first = booked(desk, chosen(desk, recorded(desk, "maiden")))
    body = {"order_ref": first["order_ref"], "last_day": "2026-04-20", "reason": "No carers left"}
    desk.post("/v1/providers/maiden/hand-backs", body)
    assert desk.get("/v1/requests/R-101")["state"] == "waiting"
    assert desk.get(f"/v1/offers/{first['offer_id']}")["state"] == "over"
    again = booked(desk, chosen(desk, recorded(desk, "frome")))
    assert again["provider_id"] == "frome"
    assert faults(desk) == []
