"""Tests that nobody has two providers for good, whatever is taken back or told again."""

from __future__ import annotations

from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection

from api.storage import anchoring
from api.storage.anchoring import upgrade
from api.storage.holds import SHORTLIST
from api.storage.migrating import bring_up, config, current
from api.storage.proving import prove
from api.storage.record import SOFTWARE
from matcher.vocabulary import Day
from tests.api.desk import DAY, Desk, ok, refused
from tests.api.offering import (
    at,
    bed_terms,
    booked,
    change_provider,
    chosen,
    faults,
    own,
    recorded,
    terms,
)
from tests.api.test_acts_endings import promised
from tests.api.test_acts_endings_family import replaced
from tests.api.test_acts_holds import SOON, held
from tests.api.test_acts_proposals import accept, proposed

WHY = {"reason": "It is otherwise after all"}
FIRST = "RUN-000001"
ROOMY = {
    "provider_id": "maiden",
    "as_of": DAY,
    "days": [day.value for day in Day],
    "start_minute": 6 * 60,
    "end_minute": 23 * 60,
    "carers": 9,
}
"""Carers all day, every day."""


def reinstate(desk: Desk, order: str) -> Any:
    """Return the answer to the reinstatement of a booking."""
    return desk.call("POST", f"/v1/bookings/{order}/reinstatement", WHY)


def order_of(desk: Desk, request_id: str) -> str:
    """Return the order by which a request is served."""
    items = desk.get("/v1/bookings")["items"]
    return next(each["order_ref"] for each in items if each["request_id"] == request_id)


def give_notice(desk: Desk, provider: str, order: str, last_day: str) -> Any:
    """Return the answer to a provider that gives a package back."""
    body = {"order_ref": order, "last_day": last_day, "reason": "No carer"}
    return desk.call("POST", f"/v1/providers/{provider}/hand-backs", body, **own(provider))


# -- taken back --------------------------------------------------------------------------------


def test_a_change_that_was_called_off_is_not_reinstated(desk: Desk) -> None:
    """Its place is taken again by the care that was there before."""
    replaced(desk)
    other = order_of(desk, "R-100-other")
    ok(reinstate(desk, FIRST))
    told = refused(reinstate(desk, other), 409, "conflict")
    assert "was beside R-100, which is arranged" in told["detail"]
    assert promised(desk, "R-100-other") == []
    assert faults(desk) == []


@pytest.mark.parametrize("how", ["given back", "ended for a later day"])
def test_what_was_to_come_in_its_place_is_given_up_whole(desk: Desk, how: str) -> None:
    """Also where it had an end already: nothing stays promised beside the first care."""
    replaced(desk)
    if how == "given back":
        ok(give_notice(desk, "frome", order_of(desk, "R-100-other"), "2026-05-20"))
    else:
        body = {"reason": "other", "ends_on": "2026-05-28"}
        ok(desk.call("POST", "/v1/requests/R-100-other/end", body))
    ok(reinstate(desk, FIRST))
    assert promised(desk, "R-100-other") == []
    assert desk.get("/v1/requests/R-100")["state"] == "arranged"
    assert faults(desk) == []


def test_of_two_that_gave_it_back_one_keeps_it(desk: Desk) -> None:
    """The second had not begun, so what it promised is free once the first stays."""
    first = booked(desk, chosen(desk, recorded(desk, "maiden")))["order_ref"]
    ok(give_notice(desk, "maiden", first, "2026-04-28"))
    second = booked(desk, chosen(desk, recorded(desk, "frome", terms(2400))))["order_ref"]
    ok(give_notice(desk, "frome", second, "2026-05-20"))
    ok(reinstate(desk, first))
    assert len(promised(desk, "R-101")) == 1
    assert faults(desk) == []


# -- told again --------------------------------------------------------------------------------


def test_a_provider_tells_its_notice_again(desk: Desk) -> None:
    """Sooner or later than was said: the care ends, and is looked for, by the day told last."""
    order = booked(desk, chosen(desk, recorded(desk, "maiden")))["order_ref"]
    ok(give_notice(desk, "maiden", order, "2026-04-28"))
    for last_day, following in (("2026-04-20", "2026-04-21"), ("2026-05-05", "2026-05-06")):
        told = ok(give_notice(desk, "maiden", order, last_day))
        assert told["last_day"] == last_day
        assert desk.get(f"/v1/bookings/{order}")["ends_on"] == last_day
        assert desk.get("/v1/requests/R-101")["request"]["start_by"] == following
    refused(give_notice(desk, "frome", order, "2026-04-20"), 404, "not-found")
    assert faults(desk) == []


def test_notice_is_cut_short_once_another_begins_sooner(desk: Desk) -> None:
    """It can be brought forward to the day before, never put off over the other's first day."""
    order = booked(desk, chosen(desk, recorded(desk, "maiden")))["order_ref"]
    ok(give_notice(desk, "maiden", order, "2026-04-28"))
    sooner = terms(2400, start_date="2026-04-14")
    booked(desk, chosen(desk, recorded(desk, "frome", sooner)))
    ok(give_notice(desk, "maiden", order, "2026-04-13"))
    told = refused(give_notice(desk, "maiden", order, "2026-04-20"), 400, "bad-call")
    assert told["expected"] == "a day before 2026-04-14"
    assert desk.get(f"/v1/bookings/{order}")["ends_on"] == "2026-04-13"
    assert faults(desk) == []


# -- holds -------------------------------------------------------------------------------------


def test_those_accepted_together_say_what_is_held_no_more(desk: Desk) -> None:
    """A shortlist's options were held for R-201; her accepted proposal takes their place."""
    found = proposed(desk)
    desk.post("/v1/requests/R-201/shortlists", {})
    run_id = found["R-201"]["run_id"]
    told = desk.post(f"/v1/allocations/{run_id}/acceptance", {})
    assert {each["purpose"] for each in told["given_back"]} == {SHORTLIST}


def test_a_direct_booking_says_which_choice_it_gives_up(desk: Desk) -> None:
    """What she had chosen elsewhere is not held any more, and that is told."""
    chosen(desk, recorded(desk, "frome", terms(2400)))
    made = desk.post("/v1/requests/R-101/shortlists", {})
    body = {
        "shortlist_id": made["shortlist_id"],
        "provider_id": "maiden",
        "chosen_by": "person",
    }
    told = desk.post("/v1/requests/R-101/bookings", body)
    gone = {(each["provider_id"], each["purpose"]) for each in told["given_back"]}
    assert ("frome", "choice") in gone
    assert all(provider != "maiden" for provider, _ in gone)


def test_what_is_held_says_of_which_day_it_is(desk: Desk) -> None:
    """A choice holds the home's one bed from a later day than the option that is shown."""
    chosen(desk, recorded(desk, "poundbury", bed_terms(start_date="2026-04-25"), "R-201"))
    made = desk.post("/v1/requests/R-201/shortlists", {})
    (option,) = (e for e in made["shortlist"]["options"] if e["provider_id"] == "poundbury")
    (hold,) = (e for e in made["holds"] if e["provider_id"] == "poundbury")
    assert option["start_date"] < "2026-04-25"
    assert hold["purpose"] == "choice"
    assert "2026-04-25" in hold["promised"]
    assert faults(desk) == []


def test_another_time_than_what_is_held_is_held_too(desk: Desk) -> None:
    """Carers enough for both: the option's times are hers until she says which she wants."""
    change_provider(desk, "maiden", homecare_capacity=[{"place": 0, "line": ROOMY}])
    starts = at(7 * 60, 21 * 60)
    chosen(desk, recorded(desk, "maiden", terms(2400, visits=starts)))
    made = desk.post("/v1/requests/R-101/shortlists", {})
    (hold,) = (e for e in made["holds"] if e["provider_id"] == "maiden")
    assert hold["purpose"] == SHORTLIST
    assert ("maiden", "choice") in held(desk, "R-101")
    assert faults(desk) == []


def test_a_replaced_proposal_holds_nothing(desk: Desk) -> None:
    """The provider's own offer takes its place: what was held for the other is free."""
    found = proposed(desk)["R-201"]
    ok(accept(desk, found))
    assert held(desk, "R-201") != []
    recorded(desk, found["provider_id"], SOON, "R-201")
    assert held(desk, "R-201") == []


def test_nothing_is_proposed_beside_an_accepted_proposal(desk: Desk) -> None:
    """One law for the night and for whoever accepts: what is held for her stands in the way."""
    found = proposed(desk)["R-201"]
    later = proposed(desk)["R-201"]
    ok(accept(desk, later))
    told = refused(accept(desk, found), 409, "conflict")
    assert "superseded" in told["detail"] or "held for R-201" in told["detail"]


# -- upgraded ----------------------------------------------------------------------------------


def test_nobody_sees_rows_that_are_moved_and_not_vouched_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration and the line that vouches for what it made of rows are seen together."""
    chosen(desk, recorded(desk, "poundbury", SOON, "R-201"))
    record = desk.record
    with record.engine.begin() as connection:
        command.downgrade(config(connection), "0006")
    seen: list[str | None] = []

    def moved(connection: Connection) -> None:
        bring_up(connection)
        if record.engine.dialect.name == "sqlite":  # elsewhere whoever looks waits
            seen.append(current(record.engine))

    monkeypatch.setattr(anchoring, "bring_up", moved)
    assert upgrade(record, SOFTWARE, as_found=True)  # going back lost what 0008 had kept
    assert seen in ([], ["0006"])
    with record.snapshot() as session:
        assert prove(session, record.keys).faults == []
