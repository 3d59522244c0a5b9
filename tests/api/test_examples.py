"""Tests of the examples: each is of a route that there is, and is taken as it stands."""

from __future__ import annotations

from typing import Any

import pytest

from api.app import create_app, rules_of
from api.examples import EXAMPLES
from api.security import Rule
from tests.api.conftest import settings_at
from tests.api.desk import Desk, ok
from tests.api.offering import HOLDER
from tests.api.test_acts_requests import WORKER

ROUTES = {
    route.name: (min(route.methods), route.path, rule)
    for route, rule in rules_of(create_app(settings_at("sqlite://")))
}


def test_every_example_is_of_a_route() -> None:
    """No example outlives its route."""
    assert EXAMPLES.keys() <= ROUTES.keys()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_is_of_the_right_shape(name: str, sqlite_desk: Desk) -> None:
    """Whatever is not there to be acted on, the body itself is taken."""
    method, path, rule = ROUTES[name]
    assert isinstance(rule, Rule)
    role = min(rule.reach)
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    answered = sqlite_desk.call(
        method,
        path.format(**dict.fromkeys(names, "X-1")),
        dict(EXAMPLES[name]),
        role=role,
        provider_id="maiden" if role == "provider" else None,
        version=1,
    )
    assert answered.status_code != 422, answered.text
    assert answered.status_code < 500, answered.text


def test_the_examples_are_a_story(sqlite_desk: Desk) -> None:
    """Pasted one after another they take a referral to a booking and to its end."""

    def paste(name: str, **ids: str) -> Any:
        method, path, _ = ROUTES[name]
        role = {
            "make_offer": {"role": "provider", "provider_id": "maiden"},
            "rate_risk": WORKER,
            "agree_money": HOLDER,
        }
        body = dict(EXAMPLES[name])
        who = role.get(name, {})
        if name == "create_request":
            who = WORKER
        version = {"make_offer": None, "agree_money": 2}.get(name, 1)
        return ok(sqlite_desk.call(method, path.format(**ids), body, version=version, **who))

    paste("find_options")
    paste("create_request")
    paste("rate_risk", request_id="R-301")
    assert paste("agree_money", request_id="R-301")["budget_left_pence_per_week"] == 30_000
    assert paste("make_shortlist", request_id="R-301")["shortlist"]["options"]
    enquiry = paste("open_enquiry", request_id="R-301")
    offer = paste("make_offer", enquiry_id=enquiry["enquiry_id"])
    paste("record_offer", request_id="R-301")
    assert paste("choose_offer", offer_id=offer["offer_id"])["state"] == "chosen"
    order = sqlite_desk.post(f"/v1/offers/{offer['offer_id']}/booking")
    assert order["provider_id"] == "maiden"
    assert paste("end_booking", order_ref=order["order_ref"])["ends_on"] == "2026-04-30"
