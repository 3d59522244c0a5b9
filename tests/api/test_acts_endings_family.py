"""Tests of who ends with whom: one person's care, its increases and its changes of provider."""

from __future__ import annotations

from typing import Any

import pytest

from api.acts.increases import CHANGE
from api.storage.books import ENDED
from api.storage.record import SOFTWARE
from api.storage.requests import ended_bookings, family_of, request_row
from tests.api.desk import Desk, ok, refused
from tests.api.offering import booked, chosen, faults, recorded
from tests.api.test_acts_endings import audited, end, promised
from tests.api.test_acts_increases import MORE, OFFER, OTHER

FAMILY = ("R-100", "R-100-more", "R-100-other")
ALL_WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def states(desk: Desk) -> dict[str, str]:
    """Return how each request of the family stands."""
    return {name: desk.get(f"/v1/requests/{name}")["state"] for name in FAMILY}


def arranged_beside(desk: Desk) -> None:
    """Book more care at maiden beside what runs there."""
    desk.post("/v1/requests/R-100/increases", MORE)
    booked(desk, chosen(desk, recorded(desk, "maiden", OFFER, "R-100-more")))


def replaced(desk: Desk) -> None:
    """Book frome in maiden's place from the 20th on."""
    desk.post("/v1/requests/R-100/changes-of-provider", OTHER)
    lines = [{"days": ALL_WEEK, "start_minute": 600, "end_minute": 840, "carers": 1}]
    path, version = "/v1/providers/frome/capacity", desk.get("/v1/providers/frome")["version"]
    ok(desk.call("PUT", path, {"homecare": lines}, version=version))
    visits = [{"visit_no": 1, "at_minute": 11 * 60 + 40}]
    body: dict[str, Any] = {**OFFER, "visits": visits, "start_date": "2026-04-20"}
    booked(desk, chosen(desk, recorded(desk, "frome", body, "R-100-other")))


@pytest.fixture
def family_desk(desk: Desk) -> Desk:
    """Give a desk with a person whose care was replaced, and whose increase goes on."""
    arranged_beside(desk)
    replaced(desk)
    return desk


def test_an_increase_goes_on_when_the_care_is_replaced(family_desk: Desk) -> None:
    """The new provider has not offered those visits, and nobody should be without them."""
    expected = {"R-100": "ended", "R-100-more": "arranged", "R-100-other": "arranged"}
    assert states(family_desk) == expected
    (line,) = audited(family_desk, "request.increases_go_on")
    told = line.detail
    assert (line.subject, told["beside"], told["request_ids"]) == (
        "R-100",
        "R-100-other",
        ["R-100-more"],
    )
    assert faults(family_desk) == []


@pytest.mark.parametrize("reason", ["no_longer_needed", "declined_by_person", "hospital", "other"])
def test_an_increase_that_goes_on_ends_with_the_care_beside_it(
    family_desk: Desk, reason: str
) -> None:
    """It is beside what runs now: its carers do not go on to visit who needs nobody (H25)."""
    assert family_desk.get("/v1/requests/R-100-more")["parent_id"] == "R-100-other"
    end(family_desk, "R-100-other", reason=reason)
    assert set(states(family_desk).values()) == {"ended"}
    assert promised(family_desk, "R-100-more") == []
    assert family_desk.get("/v1/bookings")["items"] == []
    assert faults(family_desk) == []


def test_a_search_for_more_goes_on_beside_the_new_care(desk: Desk) -> None:
    """An increase that nobody gives yet waits on when the care is replaced, and ends with it."""
    desk.post("/v1/requests/R-100/increases", MORE)
    replaced(desk)
    told = desk.get("/v1/requests/R-100-more")
    assert (told["state"], told["parent_id"], told["version"]) == ("waiting", "R-100-other", 2)
    end(desk, "R-100-other", reason="no_longer_needed")
    assert desk.get("/v1/requests/R-100-more")["end_reason"] == "no_longer_needed"


def test_an_increase_that_was_given_up_stays_where_it_was(sqlite_desk: Desk) -> None:
    """What has ended is history, and is not told otherwise."""
    sqlite_desk.post("/v1/requests/R-100/increases", MORE)
    end(sqlite_desk, "R-100-more", reason="other")
    told = sqlite_desk.get("/v1/requests/R-100-more")
    replaced(sqlite_desk)
    assert sqlite_desk.get("/v1/requests/R-100-more") == told
    assert audited(sqlite_desk, "request.increases_go_on") == []


def test_what_took_an_increases_place_ends_with_the_care_beside_it(desk: Desk) -> None:
    """Its provider was changed before that of the care: it goes on all the same, and ends."""
    for name in ("R-100-more", "R-100-less"):
        desk.post("/v1/requests/R-100/increases", {**MORE, "request_id": name})
    with desk.record.writing(SOFTWARE) as writing:
        # As a change of the increase's provider leaves them.
        old, new = (request_row(writing.session, f"R-100-{each}") for each in ("more", "less"))
        new.parent_id, new.kind = old.request_id, CHANGE
        old.state, old.end_reason = ENDED, "replaced"
    replaced(desk)
    assert desk.get("/v1/requests/R-100-more")["parent_id"] == "R-100-other"
    end(desk, "R-100-other", reason="no_longer_needed")
    assert desk.get("/v1/requests/R-100-less")["state"] == ENDED


@pytest.mark.parametrize(
    ("path", "body"),
    [("requests/R-100", {}), ("bookings/RUN-000001", {"ends_on": "2026-04-20"})],
)
def test_nobody_says_that_care_is_replaced(
    sqlite_desk: Desk, path: str, body: dict[str, str]
) -> None:
    """That is so when other care is booked in its place; what people may say is listed (H18)."""
    answered = sqlite_desk.call("POST", f"/v1/{path}/end", {**body, "reason": "replaced"})
    told = refused(answered, 422, "bad-shape")
    assert told["fields"][0]["where"] == "body.reason"
    assert "'died'" in str(told["fields"])
    assert sqlite_desk.get("/v1/requests/R-100")["state"] == "arranged"


@pytest.mark.parametrize("reason", ["died", "moved_away"])
@pytest.mark.parametrize("told_of", ["R-100-more", "R-100-other"])
def test_what_ends_for_the_person_ends_everywhere(
    family_desk: Desk, told_of: str, reason: str
) -> None:
    """Whichever of her requests is told of it: nobody goes to a house where she is not (H25)."""
    end(family_desk, told_of, reason=reason)
    assert set(states(family_desk).values()) == {"ended"}
    for name in FAMILY:
        assert promised(family_desk, name) == []
    assert family_desk.get("/v1/bookings")["items"] == []
    assert family_desk.get("/v1/requests/R-100")["end_reason"] == "replaced"  # as it was
    assert faults(family_desk) == []


def test_the_old_care_does_not_run_on_after_a_death(family_desk: Desk) -> None:
    """It was to end the day before the new care began; now it has ended today."""
    with family_desk.record.reading() as session:
        (old,) = ended_bookings(session, "R-100")
    assert str(old.ends_on) == "2026-04-19"
    end(family_desk, "R-100-other")
    with family_desk.record.reading() as session:
        (old,) = ended_bookings(session, "R-100")
    assert str(old.ends_on) == "2026-04-01"


@pytest.mark.parametrize("reason", ["no_longer_needed", "declined_by_person", "hospital", "other"])
def test_what_ends_for_another_reason_ends_there(family_desk: Desk, reason: str) -> None:
    """Fewer visits are no end of all care; what concerns one request leaves its siblings."""
    end(family_desk, "R-100-more", reason=reason)
    assert states(family_desk)["R-100-more"] == "ended"
    assert states(family_desk)["R-100-other"] == "arranged"
    assert faults(family_desk) == []


def test_a_death_told_of_an_increase_ends_the_care(desk: Desk) -> None:
    """From below as well as from above."""
    desk.post("/v1/requests/R-100/increases", MORE)
    end(desk, "R-100-more")
    told = desk.get("/v1/requests/R-100")
    assert (told["state"], told["end_reason"]) == ("ended", "died")
    assert faults(desk) == []


def test_the_last_day_may_be_before_an_increase_began(sqlite_desk: Desk) -> None:
    """A death that is told late ends each of her bookings; none may end before all began."""
    arranged_beside(sqlite_desk)  # from 6 April; the care runs since November
    path, body = "/v1/requests/R-100-more/end", {"reason": "died", "ends_on": "2025-11-02"}
    refused(sqlite_desk.call("POST", path, body), 400, "bad-call")
    ok(sqlite_desk.call("POST", path, {**body, "ends_on": "2025-11-03"}))
    assert sqlite_desk.get("/v1/requests/R-100")["state"] == "ended"


def test_a_family_is_everybody_once(family_desk: Desk) -> None:
    """Whoever asks comes first; who has no family is one alone."""
    with family_desk.record.reading() as session:
        found = {
            name: [each.request_id for each in family_of(session, request_row(session, name))]
            for name in (*FAMILY, "R-101")
        }
    assert found["R-100"] == ["R-100", "R-100-other", "R-100-more"]
    assert found["R-100-other"] == ["R-100-other", "R-100", "R-100-more"]
    assert found["R-100-more"] == ["R-100-more", "R-100", "R-100-other"]
    assert found["R-101"] == ["R-101"]
