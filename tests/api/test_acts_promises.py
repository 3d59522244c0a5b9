"""Tests of promises: what a provider promises for a request, and never more than it has."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from api.acts.promises import book, commitment_for, give_back, place, told
from api.errors import BadCallError, CapacityTakenError, NotFoundError
from api.storage.record import SOFTWARE
from api.storage.supply import BOOKING, HOLD, provider_row
from api.tables import CommitmentRow
from matcher.commitments import Busy, Commitment
from matcher.model import CareRequest, HomecarePackage, Placement, Visit
from matcher.vocabulary import CareType, Day, ServiceType
from tests.api.desk import Desk
from tests.api.offering import holds

START = date(2026, 4, 6)
WEEK = tuple(Day)


def care(*visits: Visit, request_id: str = "N-1") -> CareRequest:
    """Build a request for homecare."""
    return CareRequest(
        request_id=request_id,
        service_type=ServiceType.HOMECARE,
        package=HomecarePackage(visits=visits),
    )


def visit(number: int = 1, minutes: int = 30, carers: int = 1) -> Visit:
    """Build a visit on every morning."""
    return Visit(visit_no=number, days=WEEK, band="morning", minutes=minutes, carers=carers)


def busy(start: str, end: str, carers: int = 1) -> Busy:
    """Build the time on every day in which carers are busy."""
    minutes = [int(text[:2]) * 60 + int(text[3:]) for text in (start, end)]
    return Busy(days=WEEK, from_minute=minutes[0], to_minute=minutes[1], carers=carers)


def morning(start: str, end: str, carers: int = 1, provider_id: str = "maiden") -> Commitment:
    """Build a promise of carers at maiden, which has one from 07:00 to 11:00."""
    return Commitment(provider_id=provider_id, busy=(busy(start, end, carers),))


def bed(first: str = "2026-04-01", last: str | None = None, where: str = "poundbury") -> Commitment:
    """Build a promise of a residential bed; poundbury has one from 1 April on."""
    return Commitment(
        provider_id=where,
        care_type=CareType.RESIDENTIAL,
        first_night=date.fromisoformat(first),
        last_night=None if last is None else date.fromisoformat(last),
    )


def placed(desk: Desk, commitment: Commitment, request_id: str = "R-201") -> None:
    """Promise something in a change of its own."""
    with desk.record.writing(SOFTWARE) as writing:
        place(writing, request_id, commitment, kind=BOOKING)


def refused_place(desk: Desk, commitment: Commitment) -> CapacityTakenError:
    """Return the error of a promise that must not be made."""
    with pytest.raises(CapacityTakenError) as caught:
        placed(desk, commitment, "R-202")
    return caught.value


# -- what is promised --------------------------------------------------------------------------


def test_carers_are_busy_from_when_they_set_out() -> None:
    """Each visit takes its carers for the way there and for itself."""
    request = care(visit(1, 45), visit(2, 30, carers=2))
    made = commitment_for(request, "maiden", START, {1: 480, 2: 1230}, travel_minutes=10)
    assert made == Commitment(
        provider_id="maiden", busy=(busy("07:50", "08:45"), busy("20:20", "21:00", carers=2))
    )
    assert told(made) == (
        "1 carer every day from 07:50 to 08:45; 2 carers every day from 20:20 to 21:00"
    )


@pytest.mark.parametrize(
    ("start", "begins"),
    [
        (20, 10),  # the way fits into the day
        (10, 0),  # the way only just fits
        (5, 0),  # part of the way is the day before, where nothing is counted
        (0, 0),
    ],
)
def test_the_way_to_a_visit_does_not_reach_into_the_day_before(start: int, begins: int) -> None:
    """Busy time is cut off at midnight."""
    made = commitment_for(care(visit()), "maiden", START, {1: start}, travel_minutes=10)
    assert (made.busy[0].from_minute, made.busy[0].to_minute) == (begins, start + 30)


@pytest.mark.parametrize(
    ("starts", "value"),
    [
        ({}, None),  # no start at all
        ({2: 480}, None),  # a start of another visit
        ({1: 1415}, "23:35"),  # ends five minutes after midnight
    ],
)
def test_a_visit_needs_a_start_at_which_it_ends_that_day(
    starts: dict[int, int], value: str | None
) -> None:
    """A visit without a start, or over midnight, cannot be promised."""
    with pytest.raises(BadCallError) as caught:
        commitment_for(care(visit()), "maiden", START, starts, travel_minutes=5)
    assert caught.value.value == value
    assert caught.value.expected == "a time from 00:00 to 23:30"


def test_a_visit_may_end_at_midnight() -> None:
    """The last start is the one at which the visit ends with the day."""
    made = commitment_for(care(visit()), "maiden", START, {1: 1410}, travel_minutes=5)
    assert made.busy[0].to_minute == 1440


def test_a_bed_is_promised_for_good() -> None:
    """A long-term placement has no last night."""
    request = CareRequest(request_id="N-1", service_type=ServiceType.NURSING)
    made = commitment_for(request, "bay", START, {}, travel_minutes=0)
    assert (made.care_type, made.first_night, made.last_night) == (CareType.NURSING, START, None)
    assert told(made) == "a nursing bed from 2026-04-06 for good"


@pytest.mark.parametrize(("nights", "last"), [(1, START), (14, date(2026, 4, 19))])
def test_respite_is_promised_for_its_nights(nights: int, last: date) -> None:
    """Of one night, the first is the last; the length of stay counts nights, not days (H13)."""
    placement = Placement(care_type=CareType.RESIDENTIAL, nights=nights)
    request = CareRequest(request_id="N-1", service_type=ServiceType.RESPITE, placement=placement)
    assert commitment_for(request, "grange", START, {}, 0).last_night == last


# -- never more than there is ------------------------------------------------------------------


def test_the_last_bed_is_promised_once(desk: Desk) -> None:
    """One bed can be promised, a second one not; and the error names nobody else."""
    placed(desk, bed())
    error = refused_place(desk, bed())
    assert error.thing == "capacity of poundbury"
    assert error.value == "a residential bed from 2026-04-01 for good"
    assert "R-201" not in f"{error.message} {error.value} {error.expected}"


@pytest.mark.parametrize(
    ("first", "last", "is_free"),
    [
        ("2026-04-01", "2026-04-09", True),  # over before the other stay begins
        ("2026-04-01", "2026-04-10", False),  # one night both
        ("2026-04-16", None, True),  # begins the night after the other stay's last
        ("2026-04-15", None, False),  # begins on the other stay's last night
        ("2026-03-31", "2026-04-09", False),  # a night before there is a bed at all
    ],
)
def test_a_bed_is_shared_by_nights(
    sqlite_desk: Desk, first: str, last: str | None, is_free: bool
) -> None:
    """Two stays share a bed exactly where they have no night in common."""
    placed(sqlite_desk, bed("2026-04-10", "2026-04-15"))
    if is_free:
        placed(sqlite_desk, bed(first, last), "R-202")
    else:
        refused_place(sqlite_desk, bed(first, last))


@pytest.mark.parametrize(
    ("start", "end", "is_free"),
    [
        ("08:30", "09:00", True),  # begins as the other ends
        ("08:25", "09:00", False),  # five minutes too early
        ("07:30", "08:00", True),  # ends as the other begins
        ("07:30", "08:05", False),  # five minutes too late
        ("10:30", "11:00", True),  # ends with what was stated
        ("10:30", "11:05", False),  # five minutes beyond it
    ],
)
def test_a_carer_is_shared_by_minutes(
    sqlite_desk: Desk, start: str, end: str, is_free: bool
) -> None:
    """Two visits share a carer exactly where they do not overlap."""
    placed(sqlite_desk, morning("08:00", "08:30"))
    if is_free:
        placed(sqlite_desk, morning(start, end), "R-202")
    else:
        refused_place(sqlite_desk, morning(start, end))


def test_a_promise_of_more_carers_than_there_are_is_refused(sqlite_desk: Desk) -> None:
    """Frome has two carers in the morning: two can be promised, three not."""
    refused_place(sqlite_desk, morning("08:00", "08:30", carers=3, provider_id="frome"))
    placed(sqlite_desk, morning("08:00", "08:30", carers=2, provider_id="frome"))


def test_what_was_stated_away_binds_only_its_own_time(desk: Desk) -> None:
    """A provider that states less than it has promised may still promise what it has elsewhere."""
    with desk.record.writing(SOFTWARE) as writing:
        place(writing, "R-101", morning("08:00", "08:30"), kind=HOLD, expires_at=later(desk))
    stated = {
        "homecare": [
            {"days": list(WEEK), "start_minute": 1140, "end_minute": 1350, "carers": 1},
        ]
    }
    version = desk.get("/v1/providers/maiden")["version"]
    answered = desk.call("PUT", "/v1/providers/maiden/capacity", stated, version=version)
    assert answered.is_success, answered.text
    placed(desk, morning("20:00", "20:30"), "R-102")
    refused_place(desk, morning("08:30", "09:00"))


def later(desk: Desk) -> datetime:
    """Return a moment in an hour."""
    return desk.record.clock.now() + timedelta(hours=1)


def test_a_hold_that_has_expired_takes_nothing(desk: Desk) -> None:
    """What was held until now is free from now on."""
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    with desk.record.writing(SOFTWARE) as writing:
        place(writing, "R-201", bed(), kind=HOLD, expires_at=long_ago)
    placed(desk, bed(), "R-202")


def test_nothing_is_promised_of_a_provider_that_is_not_there(sqlite_desk: Desk) -> None:
    """A provider that the record lacks promises nothing."""
    with pytest.raises(NotFoundError, match="nowhere"):
        placed(sqlite_desk, bed(where="nowhere"))


def test_a_refused_promise_undoes_the_whole_change(desk: Desk) -> None:
    """What was promised before in the same change is undone with it."""

    def three_of_two() -> None:
        with desk.record.writing(SOFTWARE) as writing:
            for where, request_id in (("radipole", "R-201"), ("poundbury", "R-201")):
                place(writing, request_id, bed(where=where), kind=BOOKING)
            place(writing, "R-202", bed(), kind=BOOKING)

    with pytest.raises(CapacityTakenError):
        three_of_two()
    with desk.record.reading() as session:
        assert session.scalars(select(CommitmentRow)).all() == []


# -- in place of what is held ------------------------------------------------------------------


def test_a_booking_takes_the_place_of_the_persons_own_holds(desk: Desk) -> None:
    """Who holds the last bed can book it, and holds nothing anywhere afterwards."""
    desk.post("/v1/requests/R-201/shortlists", {})
    assert holds(desk, "R-201") == ["poundbury"]
    refused_place(desk, bed())
    with desk.record.writing(SOFTWARE) as writing:
        row = book(writing, "R-201", bed())
        assert row.kind == BOOKING
        assert row.expires_at is None
    assert holds(desk, "R-201") == []
    refused_place(desk, bed())


def test_giving_back_leaves_others_alone(desk: Desk) -> None:
    """Only the request's own holds are released, and no booking."""
    with desk.record.writing(SOFTWARE) as writing:
        place(writing, "R-101", morning("08:00", "08:30"), kind=HOLD, expires_at=later(desk))
        place(writing, "R-102", morning("08:30", "09:00"), kind=HOLD, expires_at=later(desk))
        place(writing, "R-101", bed(), kind=BOOKING)
    with desk.record.writing(SOFTWARE) as writing:
        give_back(writing, "R-101")
    assert holds(desk, "R-101") == []
    assert holds(desk, "R-102") == ["maiden"]
    refused_place(desk, bed())
    placed(desk, morning("08:00", "08:30"), "R-103")


def test_every_promise_moves_the_supplys_version(sqlite_desk: Desk) -> None:
    """Whoever keeps the market in memory learns of it."""
    with sqlite_desk.record.reading() as session:
        before = provider_row(session, "poundbury").supply_version
    placed(sqlite_desk, bed())
    with sqlite_desk.record.reading() as session:
        assert provider_row(session, "poundbury").supply_version == before + 1
