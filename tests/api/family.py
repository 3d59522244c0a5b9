"""What tests of money share: one person's care, more of it, and other care in its place."""

from __future__ import annotations

from typing import Any

from tests.api.desk import DAY, Desk, ok
from tests.api.offering import (
    agreed,
    booked,
    change_provider,
    chosen,
    recorded,
)
from tests.api.test_acts_increases import OTHER

RATE = 2505
"""Pence an hour: the framework rate, and so the dearest that needs nobody's approval."""
HOUR_EACH_DAY = 5 * RATE
"""Pence a week of an hour from Monday to Friday."""
WEEK = ("mon", "tue", "wed", "thu", "fri")
AGENCIES = ("maiden", "frome")


def widen(desk: Desk) -> None:
    """Let two agencies have room for everybody, so that only money is short."""
    line = {"days": [*WEEK, "sat", "sun"], "start_minute": 420, "end_minute": 1320, "carers": 40}
    for provider_id in AGENCIES:
        stated = [{"place": 0, "line": {"provider_id": provider_id, "as_of": DAY, **line}}]
        change_provider(desk, provider_id, homecare_capacity=stated)


def visits(days: int = 5, minutes: int = 60) -> dict[str, Any]:
    """Return a package of one visit in the morning of some days."""
    visit = {"visit_no": 1, "days": list(WEEK[:days]), "band": "morning", "minutes": minutes}
    return {"visits": [visit]}


def referral(desk: Desk, request_id: str = "N-1", **other: Any) -> Any:
    """Return a request for an hour each working day, of which nobody has agreed the money."""
    like = desk.get("/v1/requests/R-101")["request"]
    usual = {"waiting_since": None, "start_by": None, "package": visits(), "needs": []}
    return desk.post("/v1/requests", {**like, **usual, "request_id": request_id, **other})


def terms_of(pence: int = RATE, start: str = "2026-04-06") -> dict[str, Any]:
    """Return an offer by the hour."""
    rate = {"unit": "hour", "amount_pence": pence}
    return {
        "visits": [{"visit_no": 1, "at_minute": 540}],
        "start_date": start,
        "rate": rate,
    }


def offer(desk: Desk, request_id: str, provider_id: str = "maiden", pence: int = RATE) -> Any:
    """Return what a provider offers."""
    return recorded(desk, provider_id, terms_of(pence), request_id)


def arranged(desk: Desk, budget: int, request_id: str = "N-1", pence: int = RATE) -> Any:
    """Return the booking of an hour each working day at maiden, within an agreed budget."""
    widen(desk)
    referral(desk, request_id, personal_budget_pence_per_week=budget)
    agreed(desk, request_id)
    return booked(desk, chosen(desk, offer(desk, request_id, pence=pence)))


def more(desk: Desk, request_id: str, beside: str = "N-1", **package: int) -> Any:
    """Return an increase that waits."""
    body = {"request_id": request_id, "package": visits(**package), "reason": "Needs more help"}
    return desk.post(f"/v1/requests/{beside}/increases", body)


def elsewhere(desk: Desk, request_id: str, beside: str = "N-1") -> Any:
    """Return a change of provider that waits."""
    body = {**OTHER, "request_id": request_id}
    return desk.post(f"/v1/requests/{beside}/changes-of-provider", body)


def week_of(desk: Desk, *request_ids: str) -> int:
    """Return what the care that runs for some requests costs a week, as it was booked."""
    items = desk.get("/v1/bookings?limit=200")["items"]
    running = [each for each in items if each["ended_at"] is None]
    return sum(each["weekly_cost_pence"] for each in running if each["request_id"] in request_ids)


def left(desk: Desk, request_id: str) -> int:
    """Return what is left of the budget for a request."""
    found: int = desk.get(f"/v1/requests/{request_id}")["budget_left_pence_per_week"]
    return found


def book(desk: Desk, made: Any) -> Any:
    """Return the answer to a booking that is asked for."""
    return desk.call("POST", f"/v1/offers/{made['offer_id']}/booking")


def again(desk: Desk, made: Any) -> Any:
    """Return an offer as it stands now."""
    return ok(desk.call("GET", f"/v1/offers/{made['offer_id']}"))
