"""From the visits of a package to its shape: links become units, bands and times windows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from matcher.errors import UnknownIdError
from matcher.model import HomecarePackage, Visit, leader_of
from matcher.policy import Policy, TimeBand
from matcher.timetable.shape import SLOTS_PER_DAY, BoolArray, Gap, IntArray, PackageShape, Use
from matcher.vocabulary import GRID_MINUTES, TimeNeed
from matcher.wish import FULL_SCORE, Wish


def compile_package(package: HomecarePackage, policy: Policy) -> PackageShape:
    """Return the shape of a package under a policy's bands, tolerance and gaps (H4, H5).

    Raises
    ------
    UnknownIdError
        If a visit names a band that the policy does not have.
    """
    visits = package.visits
    by_no = {visit.visit_no: visit for visit in visits}
    leaders = [leader_of(visit, by_no) for visit in visits]
    units = [*dict.fromkeys(leaders)]
    unit_of = tuple(units.index(leader) for leader in leaders)
    offsets = tuple(_offset(visit, by_no) for visit in visits)
    windows = [_window(visit, policy) for visit in visits]
    members: dict[int, list[int]] = defaultdict(list)
    for place, unit in enumerate(unit_of):
        members[unit].append(place)
    every = [members[unit] for unit in range(len(units))]
    asked = [_asked(visits, offsets, own) for own in every]
    target = [
        _ideal([by_no[leader or 0] for leader in units], asked, unit, policy)
        if time is None
        else time
        for unit, time in enumerate(asked)
    ]
    return PackageShape(
        visit_nos=tuple(by_no),
        unit_of=unit_of,
        offset_slots=offsets,
        first_slot=_slots([max(windows[v][0] - offsets[v] for v in own) for own in every]).clip(0),
        last_slot=_slots([min(windows[v][1] - offsets[v] for v in own) for own in every]),
        target_slot=_slots(target),
        is_critical=_flags(
            [any(visits[v].time_need is TimeNeed.CRITICAL for v in own) for own in every]
        ),
        uses=tuple(
            tuple(use for v in own for use in _uses(package, visits[v], offsets[v]))
            for own in every
        ),
        gaps=tuple(_gaps(visits, unit_of, offsets)),
        soft_gap_slots=-(-policy.times.least_gap_minutes.value // GRID_MINUTES),
        wishes=tuple(
            _wishes(
                [
                    target[unit] + offset
                    if visit.at_minute is None
                    else visit.at_minute // GRID_MINUTES
                    for visit, unit, offset in zip(visits, unit_of, offsets, strict=True)
                ],
                policy,
            )
        ),
    )


def _wishes(best: list[int], policy: Policy) -> Iterator[Wish]:
    """Yield what visits are short of full marks together, by how far each is from its best slot.

    Visits weigh alike. Within one step of policy of its time a visit is short of nothing; then it
    is short of the same for each whole step, and of all its marks at the policy's span.
    """
    scoring, count = policy.scoring, len(best)
    steps = -(-scoring.preferred_span_minutes.value // scoring.time_step_minutes.value)
    for visit, target in enumerate(best):
        # Marks that do not go into the visits without a rest are dealt out: all of them count.
        own = FULL_SCORE * (visit + 1) // count - FULL_SCORE * visit // count
        yield Wish(
            visit=visit,
            target=target,
            step=scoring.time_step_minutes.value // GRID_MINUTES,
            per_step=-(-own // steps),
            most=own,
            both_ways=True,
        )


def _slots(values: list[int]) -> IntArray:
    return np.array(values, dtype=np.int16)


def _flags(values: list[bool]) -> BoolArray:
    return np.array(values, dtype=np.bool_)


def _offset(visit: Visit, by_no: dict[int, Visit]) -> int:
    """Return the slots from the start of the visit at the head of the links to that of a visit."""
    slots = 0
    while True:
        if visit.with_visit is not None:
            visit = by_no[visit.with_visit]
        elif visit.after_visit is not None:
            visit = by_no[visit.after_visit]
            slots += visit.minutes // GRID_MINUTES
        else:
            return slots


def _asked(visits: Sequence[Visit], offsets: Sequence[int], own: list[int]) -> int | None:
    """Return the start of a unit that the first time asked for in it means; ``None`` without."""
    for v in own:
        at_minute = visits[v].at_minute
        if at_minute is not None:
            return at_minute // GRID_MINUTES - offsets[v]
    return None


def _ideal(leaders: list[Visit], asked: list[int | None], unit: int, policy: Policy) -> int:
    """Return the best start of a unit for which no time was asked.

    The band's ideal time. Where several such units of a day share a band they would fight for it:
    the band is cut into equal parts, one for each, and each has the middle of its own.
    """
    own = leaders[unit]
    band = _band(own, policy)
    mates = [
        other
        for other, leader in enumerate(leaders)
        if asked[other] is None and leader.band == own.band and {*leader.days} & {*own.days}
    ]
    if len(mates) == 1:
        return band.best_minute // GRID_MINUTES
    parts, width = 2 * len(mates), band.end_minute - band.start_minute
    middle = band.start_minute + width * (2 * mates.index(unit) + 1) // parts
    return middle // GRID_MINUTES


def _uses(package: HomecarePackage, visit: Visit, offset: int) -> Iterator[Use]:
    days = tuple(day.number for day in visit.days)
    length, staying = visit.minutes // GRID_MINUTES, package.carers_staying(visit)
    if staying:
        yield Use(days, staying, offset, length, travels=False)
    if visit.carers > staying:
        yield Use(days, visit.carers - staying, offset, length)


def _gaps(visits: Sequence[Visit], unit_of: Sequence[int], offsets: Sequence[int]) -> Iterator[Gap]:
    place_of = {visit.visit_no: place for place, visit in enumerate(visits)}
    for place, visit in enumerate(visits):
        if visit.gap_from is not None:
            other = place_of[visit.gap_from]
            least, most = visit.least_gap_minutes, visit.most_gap_minutes
            yield Gap(
                one=unit_of[place],
                other=unit_of[other],
                shift=offsets[other] - offsets[place],
                least=None if least is None else least // GRID_MINUTES,
                most=None if most is None else most // GRID_MINUTES,
            )


def _band(visit: Visit, policy: Policy) -> TimeBand:
    band = policy.bands.get(visit.band or "")
    if band is None:
        raise UnknownIdError(
            f"Visit {visit.visit_no} names the band {visit.band!r}; "
            f"the policy has {', '.join(sorted(policy.bands))}.",
            thing=f"visit {visit.visit_no}",
            value=visit.band,
            expected="one of " + ", ".join(sorted(policy.bands)),
        )
    return band


def _window(visit: Visit, policy: Policy) -> tuple[int, int]:
    if visit.time_need is TimeNeed.CRITICAL and visit.at_minute is not None:
        tolerance = visit.tolerance_minutes
        if tolerance is None:
            tolerance = policy.times.critical_tolerance_minutes.value
        start, end = visit.at_minute - tolerance, visit.at_minute + tolerance
    else:
        band = _band(visit, policy)
        start, end = band.start_minute, band.end_minute
    # Rounded inwards, so that a tolerance off the grid is never exceeded.
    return max(-(-start // GRID_MINUTES), 0), min(end // GRID_MINUTES, SLOTS_PER_DAY - 1)
