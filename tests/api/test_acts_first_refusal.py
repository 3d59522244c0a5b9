"""Tests of first refusal of an increase that is changed: an answer is to what was asked (H17)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.desk import Desk, ok, refused
from tests.api.offering import agreed, enquire, let_pass, own, reply
from tests.api.test_acts_increases import OFFER, VISIT, is_open, more

LESS = {**VISIT, "days": ["mon"], "band": "lunch"}


def changed(desk: Desk, **changes: Any) -> None:
    """Change the increase while it waits."""
    version = desk.get("/v1/requests/R-100-more")["version"]
    body = {"changes": changes, "reason": "Told otherwise"}
    ok(desk.call("PATCH", "/v1/requests/R-100-more", body, version=version))


@pytest.mark.parametrize("answer", ["no", "silence"])
def test_what_was_refused_is_not_what_is_asked_for_now(desk: Desk, answer: str) -> None:
    """Who has no carers for two mornings may have one for one lunch: it is asked again (H17)."""
    more(desk)
    for visits in ([VISIT], [LESS]):
        changed(desk, package={"visits": visits})
        assert not is_open(desk)
        path = "/v1/requests/R-100-more/enquiries"
        refused(desk.call("POST", path, {"provider_ids": ["frome"]}), 409, "conflict")
        enquiry = enquire(desk, "maiden", request_id="R-100-more")
        if answer == "no":
            path = f"/v1/enquiries/{enquiry['enquiry_id']}/decline"
            ok(desk.call("POST", path, {"reason": "No carers then"}, **own("maiden")))
        else:
            let_pass(desk, enquiry)
        assert is_open(desk)
    changed(desk, package={"visits": [VISIT]})
    assert is_open(desk)  # which it has refused


def test_what_the_provider_is_not_told_leaves_its_refusal_as_it_is(sqlite_desk: Desk) -> None:
    """It was never asked about money or the wait, so it would be asked the same again (H7)."""
    more(sqlite_desk)
    enquiry = enquire(sqlite_desk, "maiden", request_id="R-100-more")
    path = f"/v1/enquiries/{enquiry['enquiry_id']}/decline"
    ok(sqlite_desk.call("POST", path, {"reason": "No carers then"}, **own("maiden")))
    changed(sqlite_desk, waiting_since="2026-03-31")
    agreed(sqlite_desk, "R-100-more", personal_budget_pence_per_week=20_000)
    assert is_open(sqlite_desk)


def test_an_offer_for_something_else_does_not_keep_the_market_closed(desk: Desk) -> None:
    """Who offered the mornings and says nothing of the lunch has let its turn pass (H17)."""
    more(desk)
    reply(desk, enquire(desk, "maiden", request_id="R-100-more"), "maiden", OFFER)
    changed(desk, package={"visits": [LESS]})
    let_pass(desk, enquire(desk, "maiden", request_id="R-100-more"))
    assert is_open(desk)
