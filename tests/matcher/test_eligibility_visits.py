"""Visits that nobody could make as they are written are refused, with the reason."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.allocation import UnplacedReason
from matcher.eligibility import request_refusals
from matcher.geography import Gazetteer
from matcher.model import CareRequest, Visit
from matcher.policy import default_policy
from matcher.solvers import solve
from matcher.timetable import compile_package, never_fits
from matcher.vocabulary import Day, TimeNeed
from tests.builders import (
    book,
    council_policy,
    homecare_request,
    hourly,
    hours,
    market,
    provider,
    timed_visit,
    visit,
)

CRITICAL = TimeNeed.CRITICAL
LATE = council_policy(bands={"morning": ("07:00", "10:00"), "bed": ("20:00", "23:30")})


def reasons(asked: CareRequest) -> list[str]:
    """Return the sentences against a request under the default policy."""
    return [refusal.sentence for refusal in request_refusals(asked, book(asked), default_policy())]


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (visit(1, "bed", minutes=300), []),  # from seven until midnight sharp
        (visit(1, "bed", minutes=305), ["VISIT_CROSSES_MIDNIGHT"]),  # why: five minutes past it
        (visit(1, "bed", minutes=540), ["VISIT_CROSSES_MIDNIGHT"]),  # why: a waking night
        (timed_visit(CRITICAL, "23:30", minutes=30), []),
        (timed_visit(CRITICAL, "23:45", minutes=30), []),  # a quarter of an hour early will do
        (
            timed_visit(CRITICAL, "23:45", minutes=35),
            ["VISIT_CROSSES_MIDNIGHT"],
        ),  # why: it will not
    ],
)
def test_a_visit_ends_on_its_own_day(late: Visit, expected: list[str]) -> None:
    """A visit that could end by midnight is asked for; a night is told to be none (H29)."""
    asked = homecare_request(late)
    found = request_refusals(asked, book(asked), default_policy())
    assert [refusal.rule_id for refusal in found] == expected


def test_the_sentence_names_the_visit() -> None:
    """Which visit, how long, and what is wrong with it."""
    asked = homecare_request(visit(1), visit(2, "bed", minutes=540))
    assert reasons(asked) == [
        "Visit 2 (bed, 540 minutes) of R-1 would end after midnight however early it starts; a "
        "visit has to end on the day on which it starts."
    ]


@pytest.mark.parametrize(
    ("visits", "told"),
    [
        # Two hours and a half of starts and an hour at the end: four hours and a half fit.
        ((visit(1, "tea", minutes=150), visit(2, "tea", minutes=60)), None),
        # why: the later of two visits of three hours would start at 19:00, after tea
        (
            (visit(1, "tea", minutes=180), visit(2, "tea", minutes=180)),
            "Visit 1 (tea, 180 minutes) and visit 2 (tea, 180 minutes)",
        ),
        # why: of three visits of 80 minutes each the third would start at 18:40
        (
            tuple(visit(n, "tea", minutes=80) for n in (1, 2, 3)),
            "Visit 1 (tea, 80 minutes), visit 2 (tea, 80 minutes) and visit 3 (tea, 80 minutes)",
        ),
        # why: an hour at 08:00 and another at 08:15, a quarter of an hour either side
        (
            (
                timed_visit(CRITICAL, "08:00", 1, minutes=60),
                timed_visit(CRITICAL, "08:15", 2, minutes=60),
                visit(3, "lunch"),
            ),
            "Visit 1 (critical at 08:00, 60 minutes) and visit 2 (critical at 08:15, 60 minutes)",
        ),
        # why: nobody is there at midnight sharp who first has to travel
        ((timed_visit(CRITICAL, "00:00", 1, tolerance_minutes=0),), "Visit 1 (critical at 00:00"),
    ],
)
def test_visits_fit_at_one_door(visits: tuple[Visit, ...], told: str | None) -> None:
    """However many carers are free, one visit ends before the next starts (H29)."""
    found = reasons(homecare_request(*visits))
    assert len(found) == (told is not None)
    assert told is None or found[0].startswith(told)


def test_visits_on_days_of_their_own_never_meet() -> None:
    """What cannot be made on one day can on two."""
    monday, tuesday = visit(1, "tea", minutes=180), visit(2, "tea", minutes=180)
    days = {"days": (Day.MON,)}
    assert reasons(homecare_request(monday.model_copy(update=days), tuesday)) != []
    others = {"days": (Day.TUE, Day.WED)}
    apart = homecare_request(monday.model_copy(update=days), tuesday.model_copy(update=others))
    assert reasons(apart) == []


def test_an_unknown_band_is_the_reason_alone() -> None:
    """Nothing is said of times that are not known."""
    asked = homecare_request(visit(1, "supper", minutes=540))
    (refusal,) = request_refusals(asked, book(asked), default_policy())
    assert refusal.rule_id == "BAND_UNKNOWN"


def test_a_night_is_never_called_missing_capacity(gazetteer: Gazetteer) -> None:
    """An agency free day and night: the night is not arrangeable as written, whoever is free."""
    supply = (provider(), hours(start="00:00", end="24:00"), hourly())
    asked = homecare_request(visit(1, "bed", minutes=540))
    (line,) = solve(market(gazetteer, *supply, asked)).allocation.unplaced
    assert line.reason is UnplacedReason.NOT_ARRANGEABLE
    assert "after midnight" in line.detail
    assert "(H29)" in line.detail


def test_visits_that_fit_somewhere_are_never_said_not_to() -> None:
    """A package that one agency has times for is possible, also with the least room."""
    package = homecare_request(visit(1), visit(2), visit(3, "bed", minutes=180)).package
    shape = compile_package(package, LATE)
    assert not never_fits(shape, 1)
    assert never_fits(shape, 300)  # nobody travels for a whole day
    assert np.asarray(shape.first_slot).size == 3
