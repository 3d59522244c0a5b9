"""Capacity promised to people, and what is left of what a provider has stated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from matcher.model import BedCapacity, Carers, Days, Frozen, HomecareCapacity, Id
from matcher.vocabulary import (
    DAYS_PER_WEEK,
    GRID_MINUTES,
    MINUTES_PER_DAY,
    CareType,
    Day,
)

SLOTS = MINUTES_PER_DAY // GRID_MINUTES
Minute = Annotated[int, Field(ge=0, le=MINUTES_PER_DAY)]
Grid = npt.NDArray[np.int64]
MOST_CARERS, MOST_BEDS = 100, 500
"""How many one line of capacity may state."""


class Busy(Frozen):
    """Carers kept busy on some days from one minute to another, travel included."""

    days: Days
    from_minute: Minute
    to_minute: Minute
    carers: Carers


class Commitment(Frozen):
    """What one person is promised of one provider: carers in the week, or a bed for some nights.

    ``last_night`` is ``None`` for a bed for good. ``sign`` is -1 for capacity that a provider
    counted as taken and that has come free since.
    """

    provider_id: Id
    busy: tuple[Busy, ...] = ()
    care_type: CareType | None = None
    first_night: date | None = None
    last_night: date | None = None
    sign: int = 1


def homecare_left(
    lines: Sequence[HomecareCapacity], commitments: Iterable[Commitment]
) -> tuple[HomecareCapacity, ...]:
    """Return one provider's homecare capacity less what it has promised.

    Where more is promised than stated, nothing is left. Unchanged where nothing is promised.

    Parameters
    ----------
    lines
        What the provider stated.
    commitments
        What it has promised since, and what came free of it.
    """
    promised = [each for each in commitments if each.busy]
    if not promised:
        return tuple(lines)
    grid = homecare_grid(lines, promised)
    stated = [line.as_of for line in lines if line.as_of is not None]
    days_of: dict[tuple[int, int, int], list[Day]] = defaultdict(list)
    for day in Day:
        for run in _runs(grid[day.number].tolist()):
            days_of[run].append(day)
    return tuple(
        HomecareCapacity(
            provider_id=promised[0].provider_id,
            days=tuple(days),
            start_minute=first * GRID_MINUTES,
            end_minute=stop * GRID_MINUTES,
            carers=part,
            as_of=max(stated, default=None),
        )
        for (first, stop, carers), days in sorted(days_of.items())
        for part in _parts(carers, MOST_CARERS)
    )


def _parts(count: int, most: int) -> Iterator[int]:
    """Yield counts that one line each may state, no two alike: lines of a book differ."""
    while count > 0:
        part = min(count, most)
        yield part
        count, most = count - part, max(part - 1, 1)


def homecare_grid(lines: Iterable[HomecareCapacity], commitments: Iterable[Commitment]) -> Grid:
    """Return carers stated less carers promised, [7, 288]; negative where too many are promised."""
    grid = np.zeros((DAYS_PER_WEEK, SLOTS), np.int64)
    for line in lines:
        slots = slice(line.start_minute // GRID_MINUTES, line.end_minute // GRID_MINUTES)
        grid[[day.number for day in line.days], slots] += line.carers
    for commitment in commitments:
        for busy in commitment.busy:
            slots = slice(busy.from_minute // GRID_MINUTES, -(-busy.to_minute // GRID_MINUTES))
            grid[[day.number for day in busy.days], slots] -= commitment.sign * busy.carers
    return grid


def _runs(carers: list[int]) -> Iterator[tuple[int, int, int]]:
    """Yield the first slot, the one behind the last, and the carers, of each run with any."""
    first = 0
    for count, run in groupby(carers):
        stop = first + len(list(run))
        if count > 0:
            yield first, stop, count
        first = stop


def beds_left(
    lines: Sequence[BedCapacity], commitments: Iterable[Commitment]
) -> tuple[BedCapacity, ...]:
    """Return one provider's bed capacity less what it has promised, care type by care type.

    Where more is promised than stated, nothing is left. Unchanged where nothing is promised.

    Parameters
    ----------
    lines
        What the provider stated.
    commitments
        What it has promised since.
    """
    promised: dict[CareType, list[Commitment]] = defaultdict(list)
    for commitment in commitments:
        if commitment.care_type is not None:
            promised[commitment.care_type].append(commitment)
    left: list[BedCapacity] = [line for line in lines if line.care_type not in promised]
    for care_type in sorted(promised):
        left += _beds_left(care_type, lines, promised[care_type])
    return tuple(left)


def _beds_left(
    care_type: CareType, lines: Sequence[BedCapacity], promised: list[Commitment]
) -> Iterator[BedCapacity]:
    lines = [line for line in lines if line.care_type is care_type]
    stated = [line.as_of for line in lines if line.as_of is not None]
    for first, last, beds in bed_periods(lines, promised):
        for part in _parts(beds, MOST_BEDS):
            yield BedCapacity(
                provider_id=promised[0].provider_id,
                care_type=care_type,
                beds=part,
                available_from=first,
                available_to=last,
                as_of=max(stated, default=None),
                assumed=any(line.assumed for line in lines),
            )


def bed_periods(
    lines: Iterable[BedCapacity], commitments: Iterable[Commitment]
) -> Iterator[tuple[date, date | None, int]]:
    """Yield each period between changes, with beds stated less beds promised.

    Parameters
    ----------
    lines, commitments
        Of one provider and one care type.

    Yields
    ------
    tuple
        First night, last night (``None`` for ever after) and beds; negative where too many are
        promised.
    """
    changes: dict[date, int] = defaultdict(int)
    for line in lines:
        _add(changes, line.available_from, line.available_to, line.beds)
    for commitment in commitments:
        if commitment.first_night is not None:
            _add(changes, commitment.first_night, commitment.last_night, -commitment.sign)
    nights = sorted(changes)
    following_nights = [*nights[1:], None] if nights else []
    beds = 0
    for night, following in zip(nights, following_nights, strict=True):
        beds += changes[night]
        last = None if following is None else following - timedelta(days=1)
        yield night, last, beds


def _add(changes: dict[date, int], first: date, last: date | None, beds: int) -> None:
    changes[first] += beds
    if last is not None and last < date.max:
        changes[last + timedelta(days=1)] -= beds


def overpromised(
    homecare: Iterable[HomecareCapacity],
    beds: Sequence[BedCapacity],
    commitments: Sequence[Commitment],
) -> bool:
    """Say whether one provider has promised more than it stated, at any time.

    Parameters
    ----------
    homecare, beds
        What the provider stated.
    commitments
        What it has promised since.
    """
    if (homecare_grid(homecare, commitments) < 0).any():
        return True
    for care_type in CareType:
        own = [line for line in beds if line.care_type is care_type]
        promised = [each for each in commitments if each.care_type is care_type]
        if any(count < 0 for _, _, count in bed_periods(own, promised)):
            return True
    return False
