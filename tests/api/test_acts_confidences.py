"""Tests of what providers are not told: ranks, holds, brokers' words, and what is over (H7)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.desk import Desk, ok
from tests.api.offering import (
    bed_terms,
    booked,
    chosen,
    enquire,
    own,
    recorded,
    reply,
    terms,
)
from tests.api.test_acts_proposals import accept, proposed

COMMISSIONER = {"role": "commissioner"}
BROKERS_WORDS = {"note": "The son is difficult"}


def made(desk: Desk, request_id: str = "R-101") -> Any:
    """Return a shortlist, whose options are held."""
    return desk.post(f"/v1/requests/{request_id}/shortlists", {})


def stated(desk: Desk, of: str, body: Any, **who: Any) -> Any:
    """Return the answer to a provider's new capacity."""
    path = f"/v1/providers/{of}"
    version = desk.get(path)["version"]
    return ok(desk.call("PUT", f"{path}/capacity", body, version=version, **who))


# -- ranks and holds ---------------------------------------------------------------------------


def test_a_provider_does_not_see_that_it_is_held(desk: Desk) -> None:
    """On a shortlist or not, its capacity reads the same to itself; brokers see what is left."""
    path = "/v1/providers/maiden"
    before, all_left = desk.get(path, **own("maiden")), desk.get(path)["left"]
    made(desk)
    assert desk.get(path, **own("maiden")) == before
    assert desk.get(path)["left"] != all_left


def test_a_provider_sees_what_is_left_beside_its_bookings(desk: Desk) -> None:
    """What it has booked since it stated its capacity is subtracted for it too."""
    path = "/v1/providers/maiden"
    before = desk.get(path, **own("maiden"))
    booked(desk, chosen(desk, recorded(desk, "maiden")))
    after = desk.get(path, **own("maiden"))
    assert after["stated"] == before["stated"]
    assert after["left"] != before["left"]
    assert after["left"] == desk.get(path)["left"]


def test_only_brokers_are_told_of_holds_in_doubt(desk: Desk) -> None:
    """A provider that states less is answered as if nothing were held of it."""
    made(desk)
    told = stated(desk, "maiden", {"homecare": []}, **own("maiden"))
    assert "holds_in_doubt" not in told
    assert told == desk.get("/v1/providers/maiden", **own("maiden"))
    assert len(stated(desk, "maiden", {"homecare": []})["holds_in_doubt"]) == 1


def test_the_id_of_a_hold_says_nothing(desk: Desk) -> None:
    """Neither the shortlist nor the rank can be read from it, and the record knows both."""
    record = made(desk)
    (held,) = stated(desk, "frome", {"homecare": []})["holds_in_doubt"]
    assert held.startswith("hld-")
    assert record["shortlist_id"].removeprefix("sho-") not in held
    assert "-" not in held.removeprefix("hld-")
    options = record["shortlist"]["options"]
    ranked = [(hold["rank"], hold["provider_id"]) for hold in record["holds"]]
    assert ranked == [(option["rank"], option["provider_id"]) for option in options]
    assert desk.get(f"/v1/shortlists/{record['shortlist_id']}")["holds"] == record["holds"]


# -- brokers' words ----------------------------------------------------------------------------


def test_what_a_broker_wrote_of_an_offer_is_the_brokers(desk: Desk) -> None:
    """Neither the note nor by whom it was told is shown to the provider, and both to brokers."""
    offer = recorded(desk, "maiden", terms(**BROKERS_WORDS))
    path = f"/v1/offers/{offer['offer_id']}"
    seen = desk.get(path, **own("maiden"))["terms"]
    assert (seen["note"], seen["told_by"]) == ("", "")
    assert seen["visits"] == offer["terms"]["visits"]
    assert desk.get(path)["terms"]["note"] == BROKERS_WORDS["note"]
    assert desk.get(path)["terms"]["told_by"] == "telephone"


def test_a_providers_own_note_is_its_own(desk: Desk) -> None:
    """What it wrote itself in answer to an enquiry it may read again."""
    offer = reply(desk, enquire(desk, "maiden"), "maiden", terms(note="From Monday"))
    seen = desk.get(f"/v1/offers/{offer['offer_id']}", **own("maiden"))
    assert seen == offer
    assert seen["terms"]["note"] == "From Monday"


def test_the_note_of_an_acceptance_is_the_brokers(desk: Desk) -> None:
    """A proposal taken on is an offer whose note was written by the brokerage."""
    told = accept(desk, proposed(desk)["R-102"], BROKERS_WORDS).json()
    path = f"/v1/offers/{told['offer_id']}"
    assert desk.get(path)["terms"]["note"] == BROKERS_WORDS["note"]
    assert desk.get(path, **own(told["provider_id"]))["terms"]["note"] == ""


def test_a_booking_keeps_brokers_words_too(desk: Desk) -> None:
    """Read alone or on the list, and seen by a broker in full."""
    order = booked(desk, chosen(desk, recorded(desk, "maiden", terms(**BROKERS_WORDS))))
    path = f"/v1/bookings/{order['order_ref']}"
    listed = desk.get("/v1/bookings", **own("maiden"))["items"]
    (line,) = (each for each in listed if each["order_ref"] == order["order_ref"])
    assert line == desk.get(path, **own("maiden"))
    assert (line["terms"]["note"], line["terms"]["told_by"]) == ("", "")
    assert line["terms"]["visits"] == order["terms"]["visits"]
    assert desk.get(path)["terms"] == order["terms"]
    assert order["terms"]["note"] == BROKERS_WORDS["note"]


def test_why_a_provider_is_under_embargo_is_not_told_to_it(desk: Desk) -> None:
    """It sees that it is; the reason is for the brokerage."""
    body = {"status": "embargoed", "reason": "Safeguarding enquiry"}
    ok(desk.call("PUT", "/v1/providers/maiden/status", body, **COMMISSIONER))
    seen = desk.get("/v1/providers/maiden", **own("maiden"))
    assert seen["provider"]["status"] == "embargoed"
    assert "status_reason" not in seen
    assert desk.get("/v1/providers/maiden")["status_reason"] == "Safeguarding enquiry"


# -- what is over ------------------------------------------------------------------------------


def advert_seen(desk: Desk, enquiry: Any, provider_id: str) -> Any:
    """Return an enquiry as a provider sees it."""
    return desk.get(f"/v1/enquiries/{enquiry['enquiry_id']}", **own(provider_id))


def test_who_has_ended_is_not_advertised_any_more(desk: Desk) -> None:
    """Of somebody who died a provider may read its own answer, and nothing else."""
    enquiry = enquire(desk, "maiden", "frome")
    offer = reply(desk, enquiry, "maiden")
    assert advert_seen(desk, enquiry, "maiden")["advert"] is not None
    desk.post("/v1/requests/R-101/end", {"reason": "died"})
    seen = advert_seen(desk, enquiry, "maiden")
    assert (seen["advert"], seen["is_open"]) == (None, False)
    assert seen["offer"]["offer_id"] == offer["offer_id"]
    assert seen["offer"]["state"] == "lost"
    assert advert_seen(desk, enquiry, "frome")["offer"] is None
    assert "DT" not in str(advert_seen(desk, enquiry, "frome"))
    assert desk.get(f"/v1/enquiries/{enquiry['enquiry_id']}")["advert"] is not None


def test_only_whoever_gives_the_care_still_sees_the_advert(desk: Desk) -> None:
    """Once it is arranged, the others see that it is closed."""
    enquiry = enquire(desk, "maiden", "frome")
    offers = {name: reply(desk, enquiry, name) for name in ("maiden", "frome")}
    won = desk.get(f"/v1/offers/{offers['maiden']['offer_id']}")
    booked(desk, chosen(desk, won))
    assert advert_seen(desk, enquiry, "maiden")["advert"] == enquiry["advert"]
    assert advert_seen(desk, enquiry, "frome")["advert"] is None


def test_a_closed_enquiry_of_somebody_who_waits_is_read(desk: Desk) -> None:
    """While the search goes on, what was asked may be read again."""
    enquiry = enquire(desk, "maiden")
    desk.post(f"/v1/enquiries/{enquiry['enquiry_id']}/closing")
    seen = advert_seen(desk, enquiry, "maiden")
    assert (seen["advert"], seen["is_open"]) == (enquiry["advert"], False)


# -- states by name ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("RequestStatus", {"waiting", "arranged", "ended"}),
        (
            "OfferStatus",
            {"offered", "chosen", "booked", "lost", "replaced", "withdrawn", "unsuitable", "over"},
        ),
    ],
)
def test_states_are_told_in_the_description(sqlite_desk: Desk, name: str, values: set[str]) -> None:
    """Whoever writes a client can read which states there are."""
    assert set(sqlite_desk.app.openapi()["components"]["schemas"][name]["enum"]) == values


def test_each_state_is_one_of_those(sqlite_desk: Desk) -> None:
    """The states that a bed's offer passes through are answered as before."""
    offer = recorded(sqlite_desk, "poundbury", bed_terms(), "R-201")
    order = booked(sqlite_desk, chosen(sqlite_desk, offer))
    path = f"/v1/offers/{offer['offer_id']}"
    assert (offer["state"], sqlite_desk.get(path)["state"]) == ("offered", "booked")
    body = {"ends_on": "2026-05-01", "reason": "moved_away"}
    sqlite_desk.post(f"/v1/bookings/{order['order_ref']}/end", body)
    assert sqlite_desk.get(path)["state"] == "over"
    assert sqlite_desk.get("/v1/requests/R-201")["state"] == "ended"
