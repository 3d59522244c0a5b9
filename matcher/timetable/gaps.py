"""What is said of visits of one person that lie nearer or further apart than they should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from matcher.model import Visit, leader_of
from matcher.policy import Policy
from matcher.vocabulary import Day


def gap_warnings(
    visits: Sequence[Visit], starts: Mapping[int, int], policy: Policy
) -> tuple[str, ...]:
    """Return a sentence for each two visits, one after the other on a day, with a gap amiss.

    Linked visits and those between which a gap is prescribed are left out: they are as asked for.

    Parameters
    ----------
    visits
        The visits of one package.
    starts
        For each ``visit_no`` the minute of the day at which it starts.
    policy
        Whose least and most gap they should keep.
    """
    by_no = {visit.visit_no: visit for visit in visits}
    told: dict[tuple[int, int], str] = {}
    in_order = sorted(visits, key=lambda visit: (starts[visit.visit_no], visit.visit_no))
    # Days with the very same visits are looked at once.
    days = {tuple(visit.visit_no for visit in in_order if day in visit.days) for day in Day}
    for numbers in days:
        for one, other in pairwise(by_no[number] for number in numbers):
            if leader_of(one, by_no) == leader_of(other, by_no) or _prescribed(one, other):
                continue
            minutes = starts[other.visit_no] - starts[one.visit_no] - one.minutes
            amiss = _amiss(minutes, policy)
            if amiss is not None:
                told[one.visit_no, other.visit_no] = (
                    f"{_name(other)} starts {minutes} minutes after {_name(one)} ends: {amiss}"
                )
    return tuple(told[pair] for pair in sorted(told))


def _prescribed(one: Visit, other: Visit) -> bool:
    return one.gap_from == other.visit_no or other.gap_from == one.visit_no


def _amiss(minutes: int, policy: Policy) -> str | None:
    least, most = policy.times.least_gap_minutes.value, policy.times.most_gap_minutes.value
    if minutes < least:
        return f"less than the least gap of {least} minutes"
    return f"more than the most gap of {most} minutes" if minutes > most else None


def _name(visit: Visit) -> str:
    return f"{visit.band} visit {visit.visit_no}" if visit.band else f"visit {visit.visit_no}"
