"""Capacity promised and what is left of it: exactly the difference, at every time."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.commitments import (
    Busy,
    Commitment,
    bed_periods,
    beds_left,
    homecare_grid,
    homecare_left,
    overpromised,
)
from matcher.geography import Gazetteer
from matcher.model import BedCapacity, HomecareCapacity
from matcher.vocabulary import CareType, Day
from tests import promises, strategies
from tests.builders import NURSING_DEMENTIA, beds, day, home, hours, market, minute, provider

BOTH_WAYS = (1, 1, -1)
homecare_lines = st.lists(strategies.homecare_capacity(), max_size=4)
bed_lines = st.lists(strategies.bed_capacity(), max_size=5)
visits_promised = st.lists(promises.visits_promised(), max_size=4)
beds_promised = st.lists(promises.beds_promised(), max_size=5)


def visit_promised(
    start: str = "08:00", end: str = "09:00", carers: int = 1, sign: int = 1
) -> Commitment:
    """Build the promise of carers every day between two times."""
    busy = Busy(days=tuple(Day), from_minute=minute(start), to_minute=minute(end), carers=carers)
    return Commitment(provider_id="P-1", busy=(busy,), sign=sign)


def bed_promised(first: int = 0, last: int | None = None, sign: int = 1) -> Commitment:
    """Build the promise of a nursing dementia bed between two days, or for good."""
    return Commitment(
        provider_id="H-1",
        care_type=NURSING_DEMENTIA,
        first_night=day(first),
        last_night=None if last is None else day(last),
        sign=sign,
    )


# -- carers ------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(homecare_lines, st.lists(promises.visits_promised(BOTH_WAYS), max_size=4))
def test_carers_left_are_those_stated_less_those_promised(
    lines: list[HomecareCapacity], promised: list[Commitment]
) -> None:
    """Slot by slot, with nothing left where more is promised than stated."""
    expected = promises.carers_stated(lines) - promises.carers_promised(promised)
    assert (homecare_grid(lines, promised) == expected).all()
    left = promises.carers_stated(homecare_left(lines, promised))
    assert (left == np.maximum(expected, 0)).all()


@settings(max_examples=40, deadline=None)
@given(homecare_lines, visits_promised)
def test_no_more_carers_are_left_than_were_stated(
    lines: list[HomecareCapacity], promised: list[Commitment]
) -> None:
    """Whatever is promised, never is there more than before."""
    left = promises.carers_stated(homecare_left(lines, promised))
    assert (left <= promises.carers_stated(lines)).all()


@given(homecare_lines, bed_lines)
def test_nothing_promised_is_nothing_changed(
    homecare: list[HomecareCapacity], vacancies: list[BedCapacity]
) -> None:
    """Line by line: without promises, and with promises of the other kind only."""
    assert homecare_left(homecare, []) == tuple(homecare)
    assert beds_left(vacancies, []) == tuple(vacancies)
    assert homecare_left(homecare, [bed_promised()]) == tuple(homecare)
    assert beds_left(vacancies, [visit_promised()]) == tuple(vacancies)


@settings(max_examples=40, deadline=None)
@given(homecare_lines, visits_promised, st.randoms(use_true_random=False))
def test_the_order_of_promises_does_not_matter(
    lines: list[HomecareCapacity], promised: list[Commitment], random: Random
) -> None:
    """What is left is the same in whatever order it was promised."""
    shuffled = list(promised)
    random.shuffle(shuffled)
    assert homecare_left(lines, shuffled) == homecare_left(lines, promised)


@settings(max_examples=40, deadline=None)
@given(homecare_lines, visits_promised)
def test_what_came_back_is_there_as_if_never_promised(
    lines: list[HomecareCapacity], promised: list[Commitment]
) -> None:
    """Promises and their returns undo each other."""
    back = [each.model_copy(update={"sign": -1}) for each in promised]
    left = homecare_left(lines, [*promised, *back])
    assert (promises.carers_stated(left) == promises.carers_stated(lines)).all()


def test_carers_left_are_as_of_the_newest_statement() -> None:
    """A provider that never said when is of no day."""
    lines = [hours(as_of=day(-3)), hours(as_of=day(-1)), hours()]
    assert {line.as_of for line in homecare_left(lines, [visit_promised()])} == {day(-1)}
    assert {line.as_of for line in homecare_left([hours()], [visit_promised()])} == {None}


def test_days_that_are_alike_share_a_line() -> None:
    """One promise every day cuts one line into three."""
    left = homecare_left([hours(carers=2)], [visit_promised()])
    assert [(line.start_minute, line.end_minute, line.carers) for line in left] == [
        (minute("07:00"), minute("08:00"), 2),
        (minute("08:00"), minute("09:00"), 1),
        (minute("09:00"), minute("23:00"), 2),
    ]
    assert all(line.days == tuple(Day) for line in left)


@pytest.mark.parametrize(
    ("first", "last", "busy"),
    [
        ("08:00", "08:30", 6),  # on the grid
        ("08:01", "08:30", 6),  # begins within a slot: the whole slot is busy
        ("08:00", "08:31", 7),  # ends within one
        ("08:04", "08:06", 2),
    ],
)
def test_a_slot_begun_is_a_slot_busy(first: str, last: str, busy: int) -> None:
    """Travel does not keep to the grid; nobody else is sent within the same five minutes."""
    left = homecare_grid([hours(carers=1)], [visit_promised(first, last)])
    assert (left[0] == 0).sum() == 96 + busy  # 07:00 to 23:00 is all but 96 slots


def test_more_carers_than_one_line_may_state_are_told_in_several() -> None:
    """No carer is lost, and no line stands twice: a book may hold each line once."""
    lines = [hours(carers=100), hours(carers=100, as_of=day(0)), hours(carers=60)]
    left = homecare_left(lines, [visit_promised("07:00", "23:00")])
    assert [line.carers for line in left] == [100, 99, 60]
    exactly = homecare_left(lines[:2], [visit_promised("07:00", "07:05")])
    assert [line.carers for line in exactly if line.start_minute == minute("07:05")] == [100, 99, 1]


def test_carers_come_back_to_who_states_none() -> None:
    """A provider that is full gets back what it counted as taken (H25)."""
    left = homecare_left([], [visit_promised(sign=-1)])
    assert [(line.provider_id, line.start_minute, line.carers) for line in left] == [
        ("P-1", minute("08:00"), 1)
    ]
    assert homecare_left([], [visit_promised()]) == ()


# -- beds --------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(bed_lines, st.lists(promises.beds_promised(BOTH_WAYS), max_size=5))
def test_beds_left_are_those_stated_less_those_promised(
    lines: list[BedCapacity], promised: list[Commitment]
) -> None:
    """Night by night and for ever after, each care type for itself."""
    left = beds_left(lines, promised)
    for care_type in CareType:
        stated = promises.beds_stated(lines, care_type)
        expected = stated - promises.beds_taken(promised, care_type)
        assert (promises.beds_stated(left, care_type) == np.maximum(expected, 0)).all()


@settings(max_examples=40, deadline=None)
@given(bed_lines, beds_promised)
def test_no_more_beds_are_left_than_were_stated(
    lines: list[BedCapacity], promised: list[Commitment]
) -> None:
    """Whatever is promised, never is there more than before."""
    left = beds_left(lines, promised)
    for care_type in CareType:
        before = promises.beds_stated(lines, care_type)
        assert (promises.beds_stated(left, care_type) <= before).all()


@settings(max_examples=40, deadline=None)
@given(bed_lines, beds_promised)
def test_periods_follow_each_other(lines: list[BedCapacity], promised: list[Commitment]) -> None:
    """Each begins the night after the one before, and the last one has no end."""
    for care_type in CareType:
        own = [line for line in lines if line.care_type is care_type]
        taken = [each for each in promised if each.care_type is care_type]
        periods = list(bed_periods(own, taken))
        for (_, last, _), (first, _, _) in pairwise(periods):
            assert last is not None
            assert (first - last).days == 1
        assert [last for _, last, _ in periods[-1:]] in ([], [None])


def test_a_respite_stay_cuts_a_vacancy_in_two() -> None:
    """Before it and after it the bed is free."""
    left = beds_left([beds(assumed=True)], [bed_promised(7, 20)])
    assert [(line.available_from, line.available_to, line.beds) for line in left] == [
        (day(0), day(6), 1),
        (day(21), None, 1),
    ]
    assert all(line.assumed for line in left)


def test_more_beds_than_one_line_may_state_are_told_in_several() -> None:
    """Homes of one record may state several lines for the same nights."""
    left = beds_left([beds(count=500), beds(count=300)], [bed_promised()])
    assert [line.beds for line in left] == [500, 299]


def test_a_bed_comes_back_to_a_home_that_is_full() -> None:
    """A home that states no vacancy gets back the bed that it counted as taken (H25)."""
    left = beds_left([], [bed_promised(3, sign=-1)])
    assert [
        (line.provider_id, line.care_type, line.available_from, line.beds) for line in left
    ] == [("H-1", NURSING_DEMENTIA, day(3), 1)]


def test_a_vacancy_to_the_end_of_time_has_no_end() -> None:
    """The last day that there is stands for ever after."""
    assert list(bed_periods([beds(available_to=date.max)], [])) == [(day(0), None, 1)]


# -- too much ----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(homecare_lines, bed_lines, visits_promised, beds_promised)
def test_too_much_is_promised_where_less_than_nothing_is_left(
    homecare: list[HomecareCapacity],
    vacancies: list[BedCapacity],
    visits: list[Commitment],
    stays: list[Commitment],
) -> None:
    """At any slot of the week, or on any night in any kind of bed; and only then."""
    short = (promises.carers_stated(homecare) < promises.carers_promised(visits)).any() or any(
        (promises.beds_stated(vacancies, kind) < promises.beds_taken(stays, kind)).any()
        for kind in CareType
    )
    assert overpromised(homecare, vacancies, [*visits, *stays]) == short


@pytest.mark.parametrize(
    ("promised", "is_too_much"),
    [
        ([visit_promised()], False),
        ([visit_promised(), visit_promised()], False),  # both carers: only just kept
        ([visit_promised(carers=2), visit_promised("08:55", "09:30")], True),  # a third for 5 min
        ([visit_promised(carers=2), visit_promised("09:00", "09:30")], False),
        ([visit_promised("06:59", "07:30")], True),  # on the way before anybody is free
        ([visit_promised(carers=2), visit_promised(), visit_promised(sign=-1)], False),
    ],
)
def test_carers_are_promised_up_to_the_last(promised: list[Commitment], is_too_much: bool) -> None:
    """Two carers from 07:00 to 23:00, and not one more."""
    assert overpromised([hours(carers=2)], [], promised) == is_too_much


@pytest.mark.parametrize(
    ("promised", "is_too_much"),
    [
        ([bed_promised()], False),  # the last bed
        ([bed_promised(), bed_promised()], True),
        ([bed_promised(0, 6), bed_promised(7)], False),  # one after the other
        ([bed_promised(0, 7), bed_promised(7)], True),  # one night together
        ([bed_promised(-1, 3)], True),  # a night before it is free
    ],
)
def test_beds_are_promised_up_to_the_last(promised: list[Commitment], is_too_much: bool) -> None:
    """One bed from today for good, and not one night twice."""
    assert overpromised([], [beds()], promised) == is_too_much


# -- compiled ----------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(homecare_lines, visits_promised)
def test_the_market_sees_the_carers_that_are_left(
    gazetteer: Gazetteer, lines: list[HomecareCapacity], promised: list[Commitment]
) -> None:
    """Lines of what is left compile to what was stated less what was promised."""
    supply = market(gazetteer, provider("p1"), *homecare_left(lines, promised))
    expected = promises.carers_stated(lines) - promises.carers_promised(promised)
    assert (supply.carers.of(0) == np.maximum(expected, 0)).all()


@settings(max_examples=25, deadline=None)
@given(bed_lines, beds_promised)
def test_the_market_sees_the_beds_that_are_left(
    gazetteer: Gazetteer, lines: list[BedCapacity], promised: list[Commitment]
) -> None:
    """Every night from today on, as far as the strategies reach."""
    supply = market(gazetteer, home("p1"), *beds_left(lines, promised))
    today = (day(0) - promises.FIRST_NIGHT).days
    for care_type in CareType:
        stated = promises.beds_stated(lines, care_type)
        expected = (stated - promises.beds_taken(promised, care_type))[today : today + 100]
        assert (supply.beds[care_type].of(0)[:100] == np.maximum(expected, 0)).all()
