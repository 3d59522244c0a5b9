"""Tests of who says what of money and waits: who asks, who agrees, who states an earlier day."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from api.security import SAYS, Role
from api.tables import AuditRow, RequestRow
from tests.api.desk import DAY, Desk, ok, refused
from tests.api.family import HOUR_EACH_DAY, arranged, book, more, offer, referral, widen
from tests.api.offering import HOLDER, agreed, chosen, faults
from tests.api.test_acts_money import BUDGET, WORKER

# -- agreed ------------------------------------------------------------------------------------


def test_money_is_agreed_for_the_whole_family(desk: Desk) -> None:
    """Said at one request it is so at all that are open, and in the audit with what it was."""
    arranged(desk, BUDGET)
    more(desk, "M-1")
    more(desk, "M-2")
    told = agreed(desk, "M-2", personal_budget_pence_per_week=40_000)
    assert (told["money_agreed_by"], told["version"]) == ("the budget_holder", 2)
    for name in ("N-1", "M-1", "M-2"):
        found = desk.get(f"/v1/requests/{name}")
        assert found["request"]["personal_budget_pence_per_week"] == 40_000
    with desk.record.reading() as session:
        query = select(AuditRow).where(AuditRow.action == "request.money_agreed")
        line = session.scalars(query.order_by(AuditRow.number)).all()[-1]
    assert line.detail["before"] == {"personal_budget_pence_per_week": BUDGET}
    assert line.detail["after"] == {"personal_budget_pence_per_week": 40_000}
    assert sorted(line.detail["request_ids"]) == ["M-1", "M-2", "N-1"]
    assert line.detail["reason"] == "As planned"


@pytest.mark.parametrize(
    ("money", "limit", "status", "kind"),
    [
        ({"personal_budget_pence_per_week": 30_001}, 30_000, 403, "not-allowed"),
        ({"personal_budget_pence_per_week": 1}, None, 403, "not-allowed"),
        ({"personal_budget_pence_per_week": None}, 30_000, 400, "bad-call"),
        ({"personal_budget_pence_per_week": HOUR_EACH_DAY - 1}, 30_000, 409, "conflict"),
        ({"third_party_top_up_pence_per_week": 1}, 30_000, 422, "bad-shape"),  # homecare
        ({"health_share_percent": 50}, 30_000, 422, "bad-shape"),  # the council's alone
        ({"personal_budget": 1}, 30_000, 422, "bad-shape"),
    ],
)
def test_what_money_cannot_be_agreed(
    sqlite_desk: Desk, money: dict[str, Any], limit: int | None, status: int, kind: str
) -> None:
    """Above the limit, without an end, below what runs, or what the care cannot have."""
    arranged(sqlite_desk, BUDGET)
    before = sqlite_desk.get("/v1/requests/N-1")
    who = {**HOLDER, "limit": limit, "version": before["version"]}
    body = {"reason": "Review", **money}
    refused(sqlite_desk.call("PUT", "/v1/requests/N-1/money", body, **who), status, kind)
    assert sqlite_desk.get("/v1/requests/N-1") == before


def test_what_the_council_does_not_pay_needs_no_agreement(sqlite_desk: Desk) -> None:
    """Whoever pays for herself is nobody's budget; a change to that is a budget holder's to say."""
    widen(sqlite_desk)
    referral(sqlite_desk, funding="self_funded", personal_budget_pence_per_week=None)
    made = chosen(sqlite_desk, offer(sqlite_desk, "N-1", pence=4000))
    assert not made["needs_approval"]
    ok(book(sqlite_desk, made))
    assert faults(sqlite_desk) == []


# -- who may say what --------------------------------------------------------------------------


@pytest.mark.parametrize("field", sorted(SAYS))
@pytest.mark.parametrize("role", [Role.BROKER, Role.KEY_WORKER])
def test_a_field_is_changed_by_the_role_whose_it_is(
    sqlite_desk: Desk, field: str, role: Role
) -> None:
    """The others are told whose it is, and by which route; nothing is changed."""
    with sqlite_desk.record.bare_writing() as session:
        session.get_one(RequestRow, "R-101").key_worker = "worker-7"
    says, route = SAYS[field]
    value = {"waiting_since": "2026-03-01", "funding": "joint"}.get(field, 1)
    body = {"changes": {field: value}, "reason": "Would like it so"}
    who: dict[str, Any] = WORKER if role is Role.KEY_WORKER else {"role": role}
    before = sqlite_desk.get("/v1/requests/R-101")
    answered = sqlite_desk.call("PATCH", "/v1/requests/R-101", body, version=1, **who)
    if role is says:
        assert ok(answered)["request"][field] == value
        return
    told = refused(answered, 403, "not-allowed")
    assert (told["thing"], told["expected"]) == (field, says)
    assert route.format("R-101") in told["detail"]
    assert sqlite_desk.get("/v1/requests/R-101") == before


@pytest.mark.parametrize("role", [each for each in Role if each is not Role.BUDGET_HOLDER])
def test_only_a_budget_holder_agrees_the_money(sqlite_desk: Desk, role: Role) -> None:
    """A broker asks and books, a key worker asks; neither spends."""
    with sqlite_desk.record.bare_writing() as session:
        session.get_one(RequestRow, "R-101").key_worker = "worker-7"
    provider_id = "maiden" if role is Role.PROVIDER else None
    who = {"role": role, "holder": "worker-7", "provider_id": provider_id, "version": 1}
    body = {"personal_budget_pence_per_week": 50_000, "reason": "Needed"}
    answered = sqlite_desk.call("PUT", "/v1/requests/R-101/money", body, **who)
    assert refused(answered, 403, "not-allowed")["expected"] == "budget_holder"


@pytest.mark.parametrize(
    ("who", "since", "status"),
    [
        (WORKER, None, 201),
        (WORKER, DAY, 201),
        (WORKER, "2026-03-01", 403),
        ({}, None, 201),
        ({}, "2026-03-31", 400),
        ({}, "2026-04-02", 400),
    ],
)
def test_a_wait_begins_when_the_request_comes_in(
    desk: Desk, who: dict[str, Any], since: str | None, status: int
) -> None:
    """Nobody comes to stand ahead of others by what the one who asks writes down (S1)."""
    like = desk.get("/v1/requests/R-101")["request"]
    body = {**like, "request_id": "N-1", "waiting_since": since}
    answered = desk.call("POST", "/v1/requests", body, **who)
    assert answered.status_code == status, answered.text
    if status == 201:
        assert answered.json()["request"]["waiting_since"] == DAY
    else:
        assert "broker" in answered.json()["detail"] or since == "2026-04-02"
        refused(desk.call("GET", "/v1/requests/N-1"), 404, "not-found")


def test_an_earlier_day_is_a_brokers_with_the_reason(desk: Desk) -> None:
    """It is in the audit with both days, and ranks the person from then on."""
    referral(desk)
    body = {"changes": {"waiting_since": "2026-03-01"}, "reason": "Asked for at the hospital"}
    told = ok(desk.call("PATCH", "/v1/requests/N-1", body, version=1))
    assert told["waited_days"] == 31
    with desk.record.reading() as session:
        line = session.scalars(select(AuditRow).where(AuditRow.action == "request.changed")).one()
    assert line.detail["changed"] == {"waiting_since": [DAY, "2026-03-01"]}
    assert (line.role, line.detail["reason"]) == ("broker", "Asked for at the hospital")
