"""Tests of what offers were made for: nobody is booked for what no provider has been told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from alembic import command

from api.storage.checking import ledger_faults
from api.storage.migrating import config, migrate
from api.tables import EnquiryRow, OfferRow
from tests.api.desk import Desk, refused
from tests.api.offering import (
    HOLDER,
    agreed,
    booked,
    chosen,
    enquire,
    faults,
    own,
    recorded,
    reply,
    terms,
)
from tests.api.test_acts_requests_changed import change, read

Offering = Callable[[Desk, str], Any]


def replied(desk: Desk, provider_id: str) -> Any:
    """Return an offer in answer to an enquiry, as the brokerage sees it."""
    return read(desk, reply(desk, enquire(desk, provider_id), provider_id))


@pytest.fixture(params=[replied, recorded], ids=["reply", "telephone"])
def offered(request: pytest.FixtureRequest) -> Offering:
    """Give each way in which a provider offers."""
    made: Offering = request.param
    return made


def choose(desk: Desk, offer: Any) -> Any:
    """Return the answer to choosing an offer as it stands."""
    path, version = f"/v1/offers/{offer['offer_id']}/choice", read(desk, offer)["version"]
    return desk.call("PUT", path, {"chosen_by": "person"}, version=version)


def outdated(answered: Any, offer: Any, *fields: str) -> None:
    """See that an offer is refused for what was changed since, and what to do about it."""
    told = refused(answered, 409, "conflict")
    assert told["thing"] == f"offer {offer['offer_id']}"
    assert told["detail"].endswith(f"Changed since: {', '.join(fields)}.")
    assert "a new enquiry, or its offer recorded again" in told["expected"]


# -- decided on --------------------------------------------------------------------------------


@pytest.mark.parametrize("is_chosen", [False, True])
def test_what_no_provider_was_told_is_not_chosen(
    desk: Desk, offered: Offering, is_chosen: bool
) -> None:
    """Another address and another need are not what the provider gave its word for."""
    made = offered(desk, "maiden")
    if is_chosen:
        chosen(desk, made)
    change(desk, postcode="DT2 8AA", needs=["dementia"])
    outdated(choose(desk, made), made, "needs", "postcode")
    refused(desk.call("POST", f"/v1/offers/{made['offer_id']}/booking"), 409, "conflict")
    assert desk.get("/v1/requests/R-101")["state"] == "waiting"
    assert faults(desk) == []


def test_what_no_provider_was_told_is_not_approved(desk: Desk, offered: Offering) -> None:
    """There is no price to agree to of what was not offered (H9)."""
    made = offered(desk, "frome")
    dear = recorded(desk, "maiden", terms(2700))
    change(desk, languages=["welsh"])
    path, body = f"/v1/offers/{dear['offer_id']}/approval", {"approve": True, "note": "Scarce"}
    outdated(desk.call("PUT", path, body, version=1, **HOLDER), dear, "languages")
    outdated(choose(desk, made), made, "languages")


def test_who_offers_anew_is_booked(desk: Desk, offered: Offering) -> None:
    """Asked for what is needed now, the provider may be taken at its word again."""
    before = offered(desk, "maiden")
    change(desk, needs=["diabetes"])
    again = offered(desk, "maiden")
    assert read(desk, before)["state"] == "replaced"
    booked(desk, chosen(desk, again))
    assert faults(desk) == []


def test_what_is_needed_as_before_was_offered(sqlite_desk: Desk, offered: Offering) -> None:
    """A change that is taken back leaves the offer as good as it was."""
    made = offered(sqlite_desk, "maiden")
    change(sqlite_desk, needs=["diabetes"])
    outdated(choose(sqlite_desk, made), made, "needs")
    change(sqlite_desk, needs=[])
    booked(sqlite_desk, chosen(sqlite_desk, made))


@pytest.mark.parametrize(
    "changes",
    [
        {"waiting_since": "2026-03-01"},
        {"preferred_providers": ["frome"]},
        {"excluded_providers": ["frome"]},
    ],
)
def test_what_no_provider_is_told_makes_no_offer_void(
    sqlite_desk: Desk, offered: Offering, changes: dict[str, Any]
) -> None:
    """Waits and preferences are in no advert (H7), so no word was given for them."""
    made = offered(sqlite_desk, "maiden")
    change(sqlite_desk, **changes)
    booked(sqlite_desk, chosen(sqlite_desk, made))


@pytest.mark.parametrize(
    "money", [{"personal_budget_pence_per_week": 60_000}, {"funding": "joint"}]
)
def test_money_makes_no_offer_void(
    sqlite_desk: Desk, offered: Offering, money: dict[str, Any]
) -> None:
    """Nor is money in an advert: what was offered and chosen stays so, and is judged by it."""
    made = chosen(sqlite_desk, offered(sqlite_desk, "maiden"))
    agreed(sqlite_desk, "R-101", **money)
    assert sqlite_desk.get(f"/v1/offers/{made['offer_id']}") == made
    booked(sqlite_desk, made)


# -- compared ----------------------------------------------------------------------------------


def test_the_comparison_says_what_was_offered_for_something_else(
    sqlite_desk: Desk, offered: Offering
) -> None:
    """It is ranked, with the warning that it cannot be chosen; newer offers have none."""
    old = offered(sqlite_desk, "maiden")
    change(sqlite_desk, needs=["diabetes"])
    recorded(sqlite_desk, "frome", terms(2400))
    items = sqlite_desk.get("/v1/requests/R-101/offers")["items"]
    told = {
        each["offer"]["offer_id"]: warning["sentence"]
        for each in items
        for warning in each["comparison"]["warnings"]
        if warning["rule_id"] == "AS_TOLD"
    }
    assert told.keys() == {old["offer_id"]}
    assert told[old["offer_id"]].endswith("Changed since: needs.")


# -- kept --------------------------------------------------------------------------------------


def test_an_offer_keeps_what_was_advertised(desk: Desk, offered: Offering) -> None:
    """By telephone as by an enquiry: what providers may see of the request, and no more (H7)."""
    made = offered(desk, "maiden")
    asked = enquire(desk, "frome")
    with desk.record.reading() as session:
        advert = session.get_one(EnquiryRow, asked["enquiry_id"]).advert
        assert session.get_one(OfferRow, made["offer_id"]).advert == advert


def test_offers_from_before_their_adverts_were_kept_stay_good(desk: Desk) -> None:
    """Replies are for what their enquiries say, others for the request as it stands."""
    answer, told = replied(desk, "maiden"), recorded(desk, "frome", terms(2400))
    with desk.record.engine.begin() as connection:
        command.downgrade(config(connection), "0003")
    migrate(desk.record.engine)
    with desk.record.reading() as session:
        known = session.get_one(OfferRow, answer["offer_id"]).advert
        assert known is not None
        assert known["postcode"] == "DT1 1EE"
        assert session.get_one(OfferRow, told["offer_id"]).advert is None
    chosen(desk, answer)
    chosen(desk, told)
    change(desk, needs=["diabetes"])
    outdated(choose(desk, answer), answer, "needs")
    outdated(choose(desk, told), told, "needs")
    chosen(desk, recorded(desk, "frome", terms(2400)))
    # Its lines lost what they held of rows on the way down, so only the ledger is whole.
    with desk.record.snapshot() as session:
        assert ledger_faults(session, desk.record.clock.now()) == []


def test_a_reply_to_what_is_not_needed_any_more_is_refused(sqlite_desk: Desk) -> None:
    """The old enquiry takes no new word either: its advert is of before."""
    asked = enquire(sqlite_desk, "maiden")
    change(sqlite_desk, needs=["diabetes"])
    path = f"/v1/enquiries/{asked['enquiry_id']}/offer"
    refused(sqlite_desk.call("PUT", path, terms(), **own("maiden")), 409, "conflict")


def test_a_gap_between_visits_that_nobody_would_choose_is_told(sqlite_desk: Desk) -> None:
    """Visits on each other's heels are offered as they are, with a warning beside the offer."""
    visits = [
        {"visit_no": 1, "days": ["mon"], "band": "morning", "minutes": 30},
        {"visit_no": 2, "days": ["mon"], "band": "lunch", "minutes": 30},
    ]
    change(sqlite_desk, package={"visits": visits})
    for at_minute, gaps in ((630, 1), (480, 0)):
        starts = [{"visit_no": 1, "at_minute": at_minute}, {"visit_no": 2, "at_minute": 690}]
        recorded(sqlite_desk, "maiden", terms(visits=starts))
        told = sqlite_desk.get("/v1/requests/R-101/offers")["items"][0]["comparison"]
        assert [each["rule_id"] for each in told["warnings"]].count("GAP") == gaps
