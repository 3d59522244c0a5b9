"""Near misses: the refused providers that one or two small changes would admit."""

from __future__ import annotations

from itertools import islice

import numpy as np
import numpy.typing as npt

from matcher.eligibility import CAPACITY_RULE, RULES, Change, Refusal, Verdict
from matcher.enquiry import Enquiry
from matcher.market import Ints
from matcher.model import Frozen

MOST_CHANGES = 2
"""A near miss needs no more changes than this."""
MOST_LOOKED_AT = 50
"""Near misses are sought among so many refused providers, those nearest to being admitted."""


class NearMiss(Frozen):
    """A provider that a small change would admit.

    ``more_capacity`` says that it would need more carers or beds than it has: others, who would
    only have to agree to something, stand before it.
    """

    provider_id: str
    name: str
    distance_metres: int
    reasons: tuple[str, ...]
    changes: tuple[str, ...]
    more_capacity: bool = False


def near_misses(verdict: Verdict) -> tuple[NearMiss, ...]:
    """Return the refused providers that the fewest changes would admit, the easiest first.

    Of changes as easy for a broker, those of the nearest provider come first.

    Only providers for whom every refusal names a change within the policy's limits, and no more
    than two of them. Capacity is asked of all of them, also of those that a cheaper rule refuses.
    More capacity than a provider has is a change only where nothing else stands against it.
    """
    enquiry = verdict.enquiry
    most = enquiry.market.policy.shortlist.near_misses.value
    found: list[NearMiss] = []
    full: list[tuple[int, Refusal]] = []
    judged, numbers = _nearly_admitted(verdict)
    for number in numbers.tolist():
        refusals = _refusals(judged, number)
        changes = [r.change for r in refusals if r.change and _is_small(enquiry, r.change)]
        if len(changes) == len(refusals):
            found.append(_near_miss(enquiry, number, refusals, changes))
        elif len(refusals) == 1 and refusals[0].rule_id == CAPACITY_RULE.rule_id:
            full.append((number, refusals[0]))
        if len(found) == most:
            break
    fuller = (_fuller(enquiry, number, refusal) for number, refusal in full)
    return (*found, *islice((miss for miss in fuller if miss), most - len(found)))


def _refusals(judged: Verdict, number: int) -> tuple[Refusal, ...]:
    """Return why a provider is refused, without asking how much more capacity it would need."""
    enquiry = judged.enquiry
    found = (
        CAPACITY_RULE.without_more(enquiry, number)
        if rule is CAPACITY_RULE
        else rule.refusal(enquiry, number)
        for rule in judged.failed_rules(number)
    )
    return tuple(refusal for refusal in found if refusal is not None)


def _fuller(enquiry: Enquiry, number: int, refusal: Refusal) -> NearMiss | None:
    """Return a full provider that a little more capacity would let in; the slowest to find out."""
    more = CAPACITY_RULE.addition(enquiry, number)
    if more is None or not _is_small(enquiry, more):
        return None
    return _near_miss(enquiry, number, (refusal,), [more], more_capacity=True)


def _is_small(enquiry: Enquiry, change: Change) -> bool:
    most = enquiry.market.policy.shortlist.most_change(change.unit)
    return most is None or change.size <= most


def _nearly_admitted(verdict: Verdict) -> tuple[Verdict, Ints]:
    """Return the providers refused by one or two rules that may name a change, best first.

    Beside them what the rules say of them, capacity included.
    """
    enquiry, failed = verdict.enquiry, verdict.failed
    hopeless = sum(1 << bit for bit, rule in enumerate(RULES) if not rule.mendable)
    near = (failed > 0) & ((failed & np.uint32(hopeless)) == 0)
    near &= np.bitwise_count(failed) <= MOST_CHANGES
    # Those too far away are left out at once: asking every rule of each would be slow.
    most = enquiry.market.policy.shortlist.most_change("metres")
    if most is not None:
        near &= enquiry.distance_metres - enquiry.radius_metres <= most
    looked_at = _by_refusals(enquiry, failed, np.flatnonzero(near))[:MOST_LOOKED_AT]
    asked = np.zeros(len(failed), np.bool_)
    asked[looked_at] = True
    full = asked & ~enquiry.starts(asked).possible
    failed = failed | full.astype(np.uint32) << np.uint32(RULES.index(CAPACITY_RULE))
    again = _by_refusals(enquiry, failed, looked_at)
    again = again[np.bitwise_count(failed[again]) <= MOST_CHANGES]
    return Verdict(enquiry, failed), again[~CAPACITY_RULE.hopeless(enquiry, again)]


def _by_refusals(enquiry: Enquiry, failed: npt.NDArray[np.uint32], places: Ints) -> Ints:
    """Return providers by the number of rules that refuse them, then effort, then distance."""
    bits = failed[places, None] >> np.arange(len(RULES), dtype=np.uint32) & 1
    hardest = (bits * np.array([rule.effort for rule in RULES])).max(axis=1, initial=0)
    keys = enquiry.distance_metres[places], hardest, np.bitwise_count(failed[places])
    return places[np.lexsort(keys)]


def _near_miss(
    enquiry: Enquiry,
    number: int,
    refusals: tuple[Refusal, ...],
    changes: list[Change],
    *,
    more_capacity: bool = False,
) -> NearMiss:
    provider = enquiry.market.providers[number]
    return NearMiss(
        provider_id=provider.provider_id,
        name=provider.name,
        distance_metres=int(enquiry.distance_metres[number]),
        reasons=tuple(r.sentence for r in refusals),
        changes=tuple(change.sentence for change in changes),
        more_capacity=more_capacity,
    )
