"""Tests of how requests stand: their clocks, their wait, and whether they may be searched for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from api.acts.standing import is_suspended, require_not_suspended
from api.clocks import LONDON
from api.errors import ConflictError
from api.storage.requests import request_row
from api.tables import BookingRow, EnquiryRow, RequestRow, ShortlistRow
from tests.api.desk import Desk, ok
from tests.api.offering import booked, chosen, enquire, recorded, terms
from tests.api.test_acts_requests import new_request

RECEIVED = datetime(2026, 4, 1, 9, tzinfo=UTC)
"""Wednesday at 10 in London; Good Friday, the weekend and Easter Monday follow on the third day."""
DUE = {
    "respond": datetime(2026, 4, 8, 9, tzinfo=UTC),  # 24 working hours: Wed, Thu, Tue, Wed
    "find_homecare": datetime(2026, 4, 8, 9, tzinfo=UTC),
    "service_received": datetime(2026, 4, 16, 9, tzinfo=UTC),  # 72: nine working days later
}
SECOND = timedelta(seconds=1)
TODAY, TOMORROW, YESTERDAY = date(2026, 4, 1), date(2026, 4, 2), date(2026, 3, 31)


def put(desk: Desk, request_id: str = "R-101", **values: Any) -> None:
    """Change what the record says of a request, behind everybody's back."""
    with desk.record.bare_writing() as session:
        row = request_row(session, request_id)
        for name, value in values.items():
            setattr(row, name, value)


def clocks(desk: Desk, request_id: str = "R-101") -> dict[str, Any]:
    """Return the clocks of a request by their names."""
    found = desk.get(f"/v1/requests/{request_id}")["clocks"]
    return {each["name"]: each for each in found}


def moment(told: str | None) -> datetime | None:
    """Return a moment of an answer."""
    return None if told is None else datetime.fromisoformat(told)


def line(desk: Desk, request_id: str = "R-101", state: str = "waiting") -> Any:
    """Return the line of a request on the list."""
    lines = desk.get(f"/v1/requests?limit=200&state={state}")["items"]
    return next(each for each in lines if each["request_id"] == request_id)


def move(desk: Desk, table: type[Any], column: str, at: date) -> None:
    """Let the one row of a table that is of R-101 have been made at another moment or day."""
    with desk.record.bare_writing() as session:
        rows = session.query(table).filter(table.request_id == "R-101").all()
        for row in rows:
            setattr(row, column, at)


# -- due ---------------------------------------------------------------------------------------


def test_clocks_are_due_by_working_hours(sqlite_desk: Desk) -> None:
    """Over Easter, hour by hour: no clock runs at night, at a weekend or on a holiday (H22)."""
    put(sqlite_desk, received_at=RECEIVED)
    found = clocks(sqlite_desk)
    assert {name: moment(each["due_at"]) for name, each in found.items()} == DUE
    assert {name: each["working_hours"] for name, each in found.items()} == {
        "respond": 24,
        "find_homecare": 24,
        "service_received": 72,
    }


def test_a_bed_has_no_clock_to_find_homecare(sqlite_desk: Desk) -> None:
    """Only to respond, and until the service is received."""
    put(sqlite_desk, "R-201", received_at=RECEIVED)
    assert list(clocks(sqlite_desk, "R-201")) == ["respond", "service_received"]


def test_a_request_received_at_night_is_due_from_the_morning(sqlite_desk: Desk) -> None:
    """A referral of the evening is as old as one of the next morning."""
    dues = []
    for received in (datetime(2026, 4, 8, 18, tzinfo=UTC), datetime(2026, 4, 9, 8, tzinfo=UTC)):
        put(sqlite_desk, received_at=received)
        dues.append(clocks(sqlite_desk)["respond"]["due_at"])
    assert dues[0] == dues[1]


# -- done --------------------------------------------------------------------------------------


def test_nothing_is_done_at_first(desk: Desk) -> None:
    """A request that nobody has looked into has every clock running, late or not."""
    desk.post("/v1/requests", new_request(desk))
    found = clocks(desk, "N-1")
    assert [each["done_at"] for each in found.values()] == [None] * 3
    assert not any(each["is_late"] for each in found.values())
    put(desk, received_at=RECEIVED)
    assert all(each["is_late"] for each in clocks(desk).values())  # long ago


def test_a_shortlist_is_a_response(desk: Desk) -> None:
    """Whoever looks for options has responded, and has found nothing yet."""
    made = desk.post("/v1/requests/R-101/shortlists", {})
    found = clocks(desk)
    assert moment(found["respond"]["done_at"]) == moment(made["made_at"])
    assert found["find_homecare"]["done_at"] is None


def test_an_enquiry_is_a_response(desk: Desk) -> None:
    """Whoever asks providers has responded too."""
    asked = enquire(desk, "maiden")
    assert moment(clocks(desk)["respond"]["done_at"]) == moment(asked["opened_at"])


@pytest.mark.parametrize("first", ["shortlist", "enquiry"])
def test_the_first_of_both_counts(desk: Desk, first: str) -> None:
    """A request is responded to once, whatever came after."""
    put(desk, received_at=RECEIVED)
    desk.post("/v1/requests/R-101/shortlists", {})
    desk.post("/v1/requests/R-101/shortlists", {})
    enquire(desk, "maiden")
    early, late = RECEIVED, RECEIVED + timedelta(hours=1)
    move(desk, ShortlistRow, "made_at", early if first == "shortlist" else late)
    move(desk, EnquiryRow, "opened_at", early if first == "enquiry" else late)
    assert moment(clocks(desk)["respond"]["done_at"]) == early


def test_another_requests_response_is_none(desk: Desk) -> None:
    """Each request has clocks of its own, in the list too."""
    desk.post("/v1/requests/R-103/shortlists", {})
    assert clocks(desk)["respond"]["done_at"] is None
    assert line(desk)["next_clock"]["name"] in {"respond", "find_homecare"}
    assert line(desk, "R-103")["next_clock"]["name"] == "find_homecare"


def test_a_booking_stops_every_clock_but_one(desk: Desk) -> None:
    """Care that is booked was responded to and found, even straight from a telephone; no more."""
    order = booked(desk, chosen(desk, recorded(desk, "maiden")))
    found = clocks(desk)
    assert found.pop("service_received")["done_at"] is None
    done = {moment(each["done_at"]) for each in found.values()}
    assert done == {moment(order["booked_at"])}
    assert line(desk, state="arranged")["next_clock"]["name"] == "service_received"


def test_a_service_is_received_when_its_care_starts(desk: Desk) -> None:
    """In the first working hour of its first day, however long before that it was booked (H22)."""
    order = booked(desk, chosen(desk, recorded(desk, "maiden")))  # five days ahead
    booked_at = datetime(2026, 4, 8, 14, tzinfo=UTC)
    starts_at = datetime(2026, 4, 13, 9, tzinfo=LONDON)
    put(desk, received_at=RECEIVED)
    move(desk, BookingRow, "booked_at", booked_at)
    found = clocks(desk)
    assert moment(found["find_homecare"]["done_at"]) == booked_at
    assert moment(found["service_received"]["done_at"]) == starts_at
    assert not found["service_received"]["is_late"]
    assert order["starts_on"] == "2026-04-06"  # days count from the desk's today
    assert line(desk, state="arranged")["next_clock"] is None


def test_care_that_starts_late_is_late_although_it_is_booked(sqlite_desk: Desk) -> None:
    """While it has not started, and for ever after (H22)."""
    far = {"start_date": "2026-06-30"}
    booked(sqlite_desk, chosen(sqlite_desk, recorded(sqlite_desk, "maiden", terms(**far))))
    put(sqlite_desk, received_at=sqlite_desk.record.clock.now())
    assert not clocks(sqlite_desk)["service_received"]["is_late"]  # its time is not over yet
    put(sqlite_desk, received_at=RECEIVED)
    found = clocks(sqlite_desk)["service_received"]
    assert (found["done_at"], found["is_late"]) == (None, True)
    move(sqlite_desk, BookingRow, "booked_at", RECEIVED)
    found = clocks(sqlite_desk)["service_received"]
    assert moment(found["done_at"]) == datetime(2026, 6, 30, 9, tzinfo=LONDON)
    assert found["is_late"]


def test_a_response_counts_before_the_booking(desk: Desk) -> None:
    """It is not moved to when the care was booked."""
    made = desk.post("/v1/requests/R-101/shortlists", {})
    order = booked(desk, chosen(desk, recorded(desk, "maiden")))
    found = clocks(desk)
    assert moment(found["respond"]["done_at"]) == moment(made["made_at"])
    assert moment(found["find_homecare"]["done_at"]) == moment(order["booked_at"])


def test_a_package_that_is_handed_back_is_to_be_found_again(desk: Desk) -> None:
    """Its clocks run again, for nobody serves it."""
    order = booked(desk, chosen(desk, recorded(desk, "maiden")))
    body = {"order_ref": order["order_ref"], "last_day": "2026-04-20", "reason": "No staff"}
    desk.post("/v1/providers/maiden/hand-backs", body, role="provider", provider_id="maiden")
    assert clocks(desk)["find_homecare"]["done_at"] is None


def test_who_has_ended_has_no_clocks(desk: Desk) -> None:
    """Nothing is due for them any more."""
    desk.post("/v1/requests/R-101/end", {"reason": "died"})
    assert clocks(desk) == {}
    assert line(desk, state="ended")["next_clock"] is None


# -- late --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "is_late"), [(-SECOND, False), (0 * SECOND, False), (SECOND, True)]
)
def test_late_is_after_the_due_moment(sqlite_desk: Desk, after: timedelta, is_late: bool) -> None:
    """Done before, at, and just after the moment; what is done in time stays in time."""
    put(sqlite_desk, received_at=RECEIVED)
    sqlite_desk.post("/v1/requests/R-101/shortlists", {})
    move(sqlite_desk, ShortlistRow, "made_at", DUE["respond"] + after)
    assert clocks(sqlite_desk)["respond"]["is_late"] is is_late


def test_found_in_time_is_in_time_for_ever(sqlite_desk: Desk) -> None:
    """A booking before the due moment is not late however long ago that is."""
    put(sqlite_desk, received_at=RECEIVED)
    booked(sqlite_desk, chosen(sqlite_desk, recorded(sqlite_desk, "maiden")))
    move(sqlite_desk, BookingRow, "booked_at", DUE["find_homecare"] + SECOND)
    move(sqlite_desk, BookingRow, "starts_on", date(2026, 4, 9))  # eight days later, on the 16th
    found = clocks(sqlite_desk)
    late = {name: each["is_late"] for name, each in found.items()}
    assert late == {"respond": True, "find_homecare": True, "service_received": False}


# -- waited ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "days"),
    [(TODAY, 0), (YESTERDAY, 1), (TOMORROW, 0), (date(2025, 4, 1), 365), (None, None)],
)
def test_days_waited_are_whole_and_never_negative(
    sqlite_desk: Desk, since: date | None, days: int | None
) -> None:
    """From today, from yesterday, from a day that is yet to come, for a year, and unknown."""
    put(sqlite_desk, waiting_since=since)
    assert sqlite_desk.get("/v1/requests/R-101")["waited_days"] == days
    assert line(sqlite_desk)["waited_days"] == days


def test_only_who_waits_waits(desk: Desk) -> None:
    """Neither who is served nor who has ended."""
    assert desk.get("/v1/requests/R-100")["waited_days"] is None
    desk.post("/v1/requests/R-103/end", {"reason": "moved_away"})
    assert desk.get("/v1/requests/R-103")["waited_days"] is None


# -- suspended ---------------------------------------------------------------------------------

SPANS = [
    (None, None, False),
    (TODAY, None, True),  # from today
    (YESTERDAY, None, True),
    (TOMORROW, None, False),  # not yet
    (YESTERDAY, TOMORROW, True),  # restarts tomorrow
    (YESTERDAY, TODAY, False),  # restarts today
    (TOMORROW, date(2026, 4, 9), False),
]


@pytest.mark.parametrize(("starts", "ends", "suspended"), SPANS)
def test_a_suspension_has_two_ends(starts: date | None, ends: date | None, suspended: bool) -> None:
    """It holds from its first day to the day before the restart (H19)."""
    row = RequestRow(request_id="R-1", suspended_from=starts, suspended_until=ends)
    assert is_suspended(row, TODAY) is suspended
    if suspended:
        with pytest.raises(ConflictError, match="R-1 is suspended from") as caught:
            require_not_suspended(row, TODAY)
        assert "resume" in str(caught.value.expected)
    else:
        require_not_suspended(row, TODAY)


@pytest.mark.parametrize(("starts", "ends", "suspended"), SPANS)
def test_the_record_says_the_same_everywhere(
    desk: Desk, starts: date | None, ends: date | None, suspended: bool
) -> None:
    """The request, the list, unmet need and the night's book agree on who is suspended."""
    before = desk.get("/v1/unmet-need")["people"]
    put(desk, suspended_from=starts, suspended_until=ends)
    assert desk.get("/v1/requests/R-101")["may_be_searched"] is not suspended
    assert line(desk)["is_suspended"] is suspended
    assert desk.get("/v1/unmet-need")["people"] == before - suspended
    answered = desk.call("POST", "/v1/requests/R-101/shortlists", {})
    assert answered.status_code == (409 if suspended else 201)


def test_a_suspension_that_is_over_is_in_nobodys_way(desk: Desk) -> None:
    """One that ended by itself can be followed by another; one that lasts cannot (H19)."""
    path = "/v1/requests/R-101/suspension"
    over = {"suspended_from": "2026-03-20", "restarts_on": "2026-04-01", "reason": "Hospital"}
    ok(desk.call("POST", path, over))
    told = ok(desk.call("POST", path, {"suspended_from": "2026-04-01", "reason": "Hospital again"}))
    assert (told["suspended_from"], told["restarts_on"]) == ("2026-04-01", None)
    assert not told["may_be_searched"]
    assert desk.call("POST", path, over).status_code == 409


# -- searched ----------------------------------------------------------------------------------


def test_who_may_be_searched_for(desk: Desk) -> None:
    """Whoever waits and lacks nothing; not who is served, lacks something or has ended."""
    booked(desk, chosen(desk, recorded(desk, "maiden")))
    desk.post("/v1/requests/R-103/end", {"reason": "died"})
    found = {
        name: desk.get(f"/v1/requests/{name}")["may_be_searched"]
        for name in ("R-100", "R-101", "R-103", "R-104", "R-107", "R-201")
    }
    assert found == {
        "R-100": False,  # served
        "R-101": False,  # served by now
        "R-103": False,  # ended
        "R-104": True,
        "R-107": False,  # lacks nearly everything
        "R-201": True,
    }


def test_what_is_missing_is_named(sqlite_desk: Desk) -> None:
    """Field by field, so that somebody can ask for it (H2)."""
    assert sqlite_desk.get("/v1/requests/R-101")["missing"] == []
    missing = sqlite_desk.get("/v1/requests/R-107")["missing"]
    assert {"funding", "plan_signed_off", "funding_agreed", "visits"} <= set(missing)
    assert not {"postcode", "risk", "waiting_since"} & set(missing)


def test_a_short_visit_is_warned_of(sqlite_desk: Desk) -> None:
    """It may still be arranged."""
    usual = sqlite_desk.get("/v1/requests/R-101")
    assert usual["warnings"] == []
    visit = {**usual["request"]["package"]["visits"][0], "minutes": 15}
    body = {"changes": {"package": {"visits": [visit]}}, "reason": "Only tablets"}
    told = ok(sqlite_desk.call("PATCH", "/v1/requests/R-101", body, version=1))
    assert told["may_be_searched"]
    assert len(told["warnings"]) == 1


# -- on the list -------------------------------------------------------------------------------


def test_urgent_is_who_was_marked_or_came_so(sqlite_desk: Desk) -> None:
    """R-102 came urgent in the book; R-101 is urgent for as long as somebody says so (H21)."""
    assert line(sqlite_desk, "R-102")["is_urgent"]
    assert not line(sqlite_desk)["is_urgent"]
    ok(sqlite_desk.call("PUT", "/v1/requests/R-101/urgency", {"reason": "Fell"}))
    assert line(sqlite_desk)["is_urgent"]
    for name in ("R-101", "R-102"):
        ok(sqlite_desk.call("DELETE", f"/v1/requests/{name}/urgency"))
        assert not line(sqlite_desk, name)["is_urgent"]


def test_the_next_clock_is_the_one_due_first(desk: Desk) -> None:
    """Of those that still run, as the request itself tells them."""
    put(desk, received_at=RECEIVED)
    desk.post("/v1/requests/R-101/shortlists", {})
    shown = line(desk)["next_clock"]
    assert shown == clocks(desk)["find_homecare"]
    assert moment(shown["due_at"]) == DUE["find_homecare"]


def test_list_and_request_tell_the_same(desk: Desk) -> None:
    """Of everybody, in what both of them tell."""
    for shown in desk.get("/v1/requests?limit=200")["items"]:
        told = desk.get(f"/v1/requests/{shown['request_id']}")
        for name in ("state", "version", "waited_days"):
            assert shown[name] == told[name]
        for name in ("risk", "waiting_since", "service_type"):
            assert shown[name] == told["request"][name]
