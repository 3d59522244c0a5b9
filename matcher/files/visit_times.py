"""Checks of visits against the policy's bands and against each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations

from matcher.errors import Fault
from matcher.files.book_rows import BookRows
from matcher.files.cells import suggestion
from matcher.files.columns import VisitLine
from matcher.files.rows import Rows, Sourced
from matcher.model import Visit, leader_of, link_faults
from matcher.policy import Policy
from matcher.vocabulary import TimeNeed

Line = Sourced[VisitLine]


def visit_faults(rows: BookRows, policy: Policy) -> Iterator[Fault]:
    """Yield every fault of a visit's band and time, and of two visits that must collide."""
    packages: dict[str, list[Line]] = defaultdict(list)
    for line in rows.visits:
        yield from _band_faults(rows.visits, line, policy)
        packages[line.item.request_id].append(line)
    tolerance = policy.times.critical_tolerance_minutes.value
    for lines in packages.values():
        yield from _link_faults(rows.visits, lines)
        yield from _clashes(rows.visits, lines, tolerance)


def _band_faults(visits: Rows[VisitLine], line: Line, policy: Policy) -> Iterator[Fault]:
    visit = line.item.visit
    if visit.band is None:
        return
    band = policy.bands.get(visit.band)
    if band is None:
        known = ", ".join(policy.bands)
        hint = suggestion(visit.band, policy.bands)
        yield visits.fault(line, "band", f"a band of the policy: {known}{hint}")
    elif visit.at_minute is not None and not (
        band.start_minute <= visit.at_minute <= band.end_minute
    ):
        yield visits.fault(line, "at", f"a time inside the band {visit.band}, {band}")


def _link_faults(visits: Rows[VisitLine], lines: list[Line]) -> Iterator[Fault]:
    """Yield the faults of columns that name another visit of the package."""
    by_no = {line.item.visit.visit_no: line for line in lines}
    for fault in link_faults(tuple(line.item.visit for line in by_no.values())):
        yield visits.fault(by_no[fault.visit_no], fault.field, fault.expected)


def _clashes(visits: Rows[VisitLine], lines: list[Line], tolerance: int) -> Iterator[Fault]:
    """Fault the later of two lines that are alike or whose critical times must overlap."""
    told: set[int] = set()
    by_no = {line.item.visit.visit_no: line.item.visit for line in lines}
    for earlier, later in combinations(lines, 2):
        if later.row in told:
            continue
        one, other = earlier.item.visit, later.item.visit
        if one.visit_no == other.visit_no:
            continue  # a number told twice has its own fault
        if alike(one, other):
            told.add(later.row)
            yield visits.fault(
                later,
                "visit_no",
                f"a visit unlike row {earlier.row}; two carers at once are carers = 2",
            )
        elif must_overlap(one, other, tolerance) and not linked(one, other, by_no):
            told.add(later.row)
            yield visits.fault(
                later, "at", f"a time that leaves room for the critical visit in row {earlier.row}"
            )


def alike(one: Visit, other: Visit) -> bool:
    """Say whether two visits differ in nothing but their numbers."""
    return one.model_copy(update={"visit_no": other.visit_no}) == other


def linked(one: Visit, other: Visit, by_no: Mapping[int, Visit]) -> bool:
    """Say whether two visits of a package are linked, so that one fixes the time of the other."""
    return leader_of(one, by_no) == leader_of(other, by_no)


def must_overlap(one: Visit, other: Visit, tolerance: int) -> bool:
    """Say whether two critical visits on one day overlap however they are moved."""
    if not set(one.days) & set(other.days):
        return False
    first, second = _starts(one, tolerance), _starts(other, tolerance)
    if first is None or second is None:
        return False
    one_goes_first = first[0] + one.minutes <= second[1]
    other_goes_first = second[0] + other.minutes <= first[1]
    return not (one_goes_first or other_goes_first)


def _starts(visit: Visit, tolerance: int) -> tuple[int, int] | None:
    """Return the earliest and latest start of a critical visit, in minutes of the day."""
    if visit.time_need is not TimeNeed.CRITICAL or visit.at_minute is None:
        return None
    either_side = tolerance if visit.tolerance_minutes is None else visit.tolerance_minutes
    return visit.at_minute - either_side, visit.at_minute + either_side
