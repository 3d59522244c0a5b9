"""Tests of what holds are for: a new search takes nothing from a person who has chosen."""

from __future__ import annotations

from typing import Any

import pytest
from alembic import command
from sqlalchemy import select

from api.storage.migrating import config, migrate
from api.tables import CommitmentRow
from tests.api.desk import Desk, ok, refused
from tests.api.offering import (
    bed_terms,
    booked,
    chosen,
    enquire,
    faults,
    recorded,
    reply,
    terms,
)
from tests.api.test_acts_endings import BED, state_beds
from tests.api.test_acts_proposals import accept, proposed
from tests.api.test_acts_requests import new_request

SOON = bed_terms(start_date="2026-04-12")
WITHDRAWN = {"reason": "As discussed"}


def held(desk: Desk, request_id: str) -> list[tuple[str, str | None]]:
    """Return what a request holds still: at whom, and what for."""
    query = select(CommitmentRow).where(
        CommitmentRow.request_id == request_id,
        CommitmentRow.kind == "hold",
        CommitmentRow.released_at.is_(None),
    )
    with desk.record.reading() as session:
        return sorted((row.provider_id, row.purpose) for row in session.scalars(query))


def told(answer: Any) -> list[tuple[str, str]]:
    """Return which holds a change gave back, as its answer says."""
    return sorted((each["provider_id"], each["purpose"]) for each in answer["given_back"])


def rival(desk: Desk, where: str = "poundbury") -> Any:
    """Return the answer to the choice of the one bed at a home by somebody else."""
    desk.post("/v1/requests", new_request(desk, "N-1", like="R-201"))
    offer = recorded(desk, where, SOON, "N-1")
    path, body = f"/v1/offers/{offer['offer_id']}/choice", {"chosen_by": "person"}
    return desk.call("PUT", path, body, version=offer["version"])


# -- a new search ------------------------------------------------------------------------------


def test_a_shortlist_takes_nothing_from_a_choice(desk: Desk) -> None:
    """The last bed stays hers while she looks at others, and is booked though a rival wants it."""
    offer = chosen(desk, recorded(desk, "poundbury", SOON, "R-201"))
    made = desk.post("/v1/requests/R-201/shortlists", {})
    assert told(made) == []
    assert ("poundbury", "choice") in held(desk, "R-201")
    assert desk.get(f"/v1/offers/{offer['offer_id']}")["held_until"] == offer["held_until"]
    refused(rival(desk), 409, "capacity-taken")
    assert booked(desk, offer)["provider_id"] == "poundbury"
    assert held(desk, "R-201") == []
    assert faults(desk) == []


def test_a_choice_that_a_shortlist_does_not_show_stays_held(desk: Desk) -> None:
    """One option is wanted, and it is not the home she chose: a rival has to look elsewhere."""
    state_beds(desk, 1, "grange")
    offer = chosen(desk, recorded(desk, "grange", SOON, "R-201"))
    made = desk.post("/v1/requests/R-201/shortlists", {"options": 1})
    assert [each["provider_id"] for each in made["shortlist"]["options"]] == ["poundbury"]
    refused(rival(desk, "grange"), 409, "capacity-taken")
    assert booked(desk, offer)["provider_id"] == "grange"
    assert faults(desk) == []


def test_whom_she_chose_is_still_shown_to_her(desk: Desk) -> None:
    """Her own bed does not stand in her way: it is shown, held as before and not twice."""
    before = desk.post("/v1/requests/R-201/shortlists", {})
    chosen(desk, recorded(desk, "poundbury", SOON, "R-201"))
    made = desk.post("/v1/requests/R-201/shortlists", {})
    shown = [[each["provider_id"] for each in m["shortlist"]["options"]] for m in (before, made)]
    assert shown[0] == shown[1]
    assert "poundbury" in shown[1]
    purposes = {each["provider_id"]: each["purpose"] for each in made["holds"]}
    assert purposes == dict.fromkeys(shown[1], "shortlist") | {"poundbury": "choice"}
    assert held(desk, "R-201") == sorted(purposes.items())
    assert faults(desk) == []


def test_a_shortlist_takes_nothing_from_a_proposal(desk: Desk) -> None:
    """What was proposed and accepted is put to her; other options are looked at beside it."""
    offer_id = ok(accept(desk, proposed(desk)["R-201"]))["offer_id"]
    offer = desk.get(f"/v1/offers/{offer_id}")
    made = desk.post("/v1/requests/R-201/shortlists", {})
    assert told(made) == []
    assert (offer["provider_id"], "proposal") in held(desk, "R-201")
    assert desk.get(f"/v1/offers/{offer_id}")["held_until"] == offer["held_until"]
    assert chosen(desk, offer)["state"] == "chosen"
    assert held(desk, "R-201") == [(offer["provider_id"], "choice")]


def test_a_shortlist_takes_the_place_of_the_one_before_and_says_so(desk: Desk) -> None:
    """What the earlier one held is told in the answer to the later one."""
    first = desk.post("/v1/requests/R-201/shortlists", {})
    assert told(first) == []
    second = desk.post("/v1/requests/R-201/shortlists", {"options": 1})
    shown = sorted(each["provider_id"] for each in first["holds"])
    assert told(second) == [(name, "shortlist") for name in shown]
    assert held(desk, "R-201") == [(second["holds"][0]["provider_id"], "shortlist")]


@pytest.mark.parametrize("where", ["maiden", "frome"])
def test_neither_enquiry_nor_offer_takes_anything_from_a_choice(desk: Desk, where: str) -> None:
    """Others are asked and others offer beside it: what she chose stays held for her."""
    offer = chosen(desk, recorded(desk, where))
    other = ({"maiden", "frome"} - {where}).pop()
    enquiry = enquire(desk, other)
    reply(desk, enquiry, other)
    recorded(desk, other)
    desk.post(f"/v1/enquiries/{enquiry['enquiry_id']}/closing")
    assert held(desk, "R-101") == [(where, "choice")]
    assert booked(desk, offer)["provider_id"] == where


# -- what is given back is told ----------------------------------------------------------------


def test_a_choice_takes_the_place_of_all_other_holds_and_says_so(desk: Desk) -> None:
    """Of a shortlist, and of what was chosen before."""
    made = desk.post("/v1/requests/R-101/shortlists", {})
    shown = sorted(each["provider_id"] for each in made["holds"])
    first = chosen(desk, recorded(desk, "maiden"))
    assert told(first) == [(name, "shortlist") for name in shown]
    second = chosen(desk, recorded(desk, "frome"))
    assert told(second) == [("maiden", "choice")]
    assert held(desk, "R-101") == [("frome", "choice")]


def test_an_accepted_proposal_says_what_it_takes_the_place_of(desk: Desk) -> None:
    """A shortlist was made since the night."""
    found = proposed(desk)["R-201"]
    shown = sorted(h["provider_id"] for h in desk.post("/v1/requests/R-201/shortlists")["holds"])
    assert told(ok(accept(desk, found))) == [(name, "shortlist") for name in shown]
    assert held(desk, "R-201") == [(found["provider_id"], "proposal")]


def test_a_changed_or_ended_request_says_what_it_held(desk: Desk) -> None:
    """What was held for something else, and what nobody needs any more."""
    chosen(desk, recorded(desk, "maiden"))
    version = desk.get("/v1/requests/R-101")["version"]
    body = {"changes": {"needs": ["diabetes"]}, "reason": "New"}
    changed = ok(desk.call("PATCH", "/v1/requests/R-101", body, version=version))
    assert told(changed) == [("maiden", "choice")]
    desk.post("/v1/requests/R-101/shortlists", {})
    names = held(desk, "R-101")
    assert told(desk.post("/v1/requests/R-101/end", {"reason": "other"})) == names
    assert told(desk.get("/v1/requests/R-101")) == []


@pytest.mark.parametrize("what", ["withdrawal", "unsuitable"])
def test_who_says_no_holds_nothing_for_her_and_that_is_told(desk: Desk, what: str) -> None:
    """Whatever it was held for at that provider; the others stay."""
    made = desk.post("/v1/requests/R-101/shortlists", {})
    shown = sorted((each["provider_id"], "shortlist") for each in made["holds"])
    offer = recorded(desk, shown[0][0], terms(2400))
    assert told(desk.post(f"/v1/offers/{offer['offer_id']}/{what}", WITHDRAWN)) == shown[:1]
    assert held(desk, "R-101") == shown[1:]


def test_the_lapsed_hold_of_a_choice_is_not_another_shortlists(desk: Desk) -> None:
    """An offer says that it is held only while it is held for its own choice."""
    offer = chosen(desk, recorded(desk, "poundbury", SOON, "R-201"))
    with desk.record.bare_writing() as session:
        for row in session.scalars(select(CommitmentRow).where(CommitmentRow.kind == "hold")):
            row.released_at = desk.record.clock.now()
    state_beds(desk, 1)
    desk.post("/v1/requests/R-201/shortlists", {})
    assert ("poundbury", "shortlist") in held(desk, "R-201")
    assert desk.get(f"/v1/offers/{offer['offer_id']}")["held_until"] is None


def test_a_home_with_fewer_beds_is_not_held_twice(desk: Desk) -> None:
    """Stated anew without a bed, the choice is in doubt, and a shortlist does not fail of it."""
    chosen(desk, recorded(desk, "poundbury", SOON, "R-201"))
    version = desk.get("/v1/providers/poundbury")["version"]
    body = {"beds": [{**BED, "available_to": "2026-04-10"}]}
    ok(desk.call("PUT", "/v1/providers/poundbury/capacity", body, version=version))
    made = desk.post("/v1/requests/R-201/shortlists", {})
    assert "poundbury" not in {each["provider_id"] for each in made["holds"]}
    assert ("poundbury", "choice") in held(desk, "R-201")


# -- holds of an older release -----------------------------------------------------------------


def test_holds_of_an_older_release_say_what_they_are_for(desk: Desk) -> None:
    """By the offer that they stand behind; all others were a shortlist's."""
    desk.post("/v1/requests/R-103/shortlists", {})
    chosen(desk, recorded(desk, "maiden"))
    found = proposed(desk)["R-201"]
    ok(accept(desk, found))
    names = ("R-101", "R-103", "R-201")
    before = {name: held(desk, name) for name in names}
    assert {purpose for each in before.values() for _, purpose in each} == {
        "choice",
        "proposal",
        "shortlist",
    }
    engine = desk.record.engine
    with engine.begin() as connection:
        command.downgrade(config(connection), "0006")
    migrate(engine)
    assert {name: held(desk, name) for name in names} == before
