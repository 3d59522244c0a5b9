"""Hypothesis strategies for promises of capacity, and what they come to, counted slot by slot."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from matcher.commitments import Busy, Commitment
from matcher.model import BedCapacity, HomecareCapacity
from matcher.vocabulary import CareType
from tests import strategies

Ints = npt.NDArray[np.int64]
FIRST_NIGHT = strategies.AS_OF - timedelta(days=100)
NIGHTS = 300
"""Nights that are counted one by one: all that the strategies draw, and some after them."""


@st.composite
def visits_promised(
    draw: st.DrawFn, signs: tuple[int, ...] = (1,), provider_id: str = "p1"
) -> Commitment:
    """Draw carers that one person is promised, travel to them included."""
    busy = []
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, 1430))
        busy.append(
            Busy(
                days=draw(strategies.days()),
                from_minute=start,
                to_minute=draw(st.integers(start + 1, min(start + 120, 1440))),
                carers=draw(st.integers(1, 2)),
            )
        )
    return Commitment(provider_id=provider_id, busy=tuple(busy), sign=draw(st.sampled_from(signs)))


@st.composite
def beds_promised(
    draw: st.DrawFn, signs: tuple[int, ...] = (1,), provider_id: str = "p1"
) -> Commitment:
    """Draw a bed that one person is promised, for some nights or for good."""
    first = draw(strategies.dates(-40, 60))
    nights = draw(st.none() | st.integers(0, 40))
    return Commitment(
        provider_id=provider_id,
        care_type=draw(st.sampled_from(CareType)),
        first_night=first,
        last_night=None if nights is None else first + timedelta(days=nights),
        sign=draw(st.sampled_from(signs)),
    )


# -- counted one by one ------------------------------------------------------------------------


def carers_stated(lines: Iterable[HomecareCapacity]) -> Ints:
    """Return the carers that lines state in each slot of five minutes of the week."""
    grid = np.zeros((7, 288), np.int64)
    for line in lines:
        for day in line.days:
            for slot in range(288):
                if line.start_minute <= slot * 5 < line.end_minute:
                    grid[day.number, slot] += line.carers
    return grid


def carers_promised(commitments: Iterable[Commitment]) -> Ints:
    """Return the carers that promises keep busy in some part of each slot."""
    grid = np.zeros((7, 288), np.int64)
    for commitment in commitments:
        for busy in commitment.busy:
            for day in busy.days:
                for slot in range(288):
                    if busy.from_minute < slot * 5 + 5 and slot * 5 < busy.to_minute:
                        grid[day.number, slot] += commitment.sign * busy.carers
    return grid


def beds_stated(lines: Iterable[BedCapacity], care_type: CareType) -> Ints:
    """Return the beds of one care type that lines state, night by night."""
    beds = np.zeros(NIGHTS, np.int64)
    for line in lines:
        if line.care_type is care_type:
            beds += line.beds * _covered(line.available_from, line.available_to)
    return beds


def beds_taken(commitments: Iterable[Commitment], care_type: CareType) -> Ints:
    """Return the beds of one care type that promises take, night by night."""
    beds = np.zeros(NIGHTS, np.int64)
    for commitment in commitments:
        if commitment.care_type is care_type and commitment.first_night is not None:
            beds += commitment.sign * _covered(commitment.first_night, commitment.last_night)
    return beds


def _covered(first: date, last: date | None) -> Ints:
    nights = [FIRST_NIGHT + timedelta(days=number) for number in range(NIGHTS)]
    return np.array([first <= night <= (last or date.max) for night in nights], np.int64)
