"""The referee: says of any allocation whether it keeps every rule, by plain recomputation.

Nothing here knows a solver, and nothing here trusts the compiled arrays for what can be counted
again from the book: capacity, beds, prices, distance and travel are worked out anew, slot by
slot and night by night, and so is for whom a place is and whether its provider is open.
"""

from __future__ import annotations

from collections.abc import Iterator

from matcher.allocation import Allocation, Placed
from matcher.enquiry import Enquiry
from matcher.errors import RefereeError
from matcher.market import Market
from matcher.referee.capacity import beds_suffice, carers_suffice
from matcher.referee.case import Case, Violation
from matcher.referee.figures import figures_are_right, rating_is_right, status_is_right
from matcher.referee.when import (
    gaps_are_kept,
    links_are_kept,
    one_visit_at_a_time,
    starts_in_windows,
    starts_on_a_day_possible,
    visits_all_timed,
)
from matcher.referee.who import (
    everyone_once,
    known_ids,
    pair_is_eligible,
    request_may_be_placed,
)
from matcher.referee.whom import (
    age_is_taken,
    gender_is_taken,
    groups_are_taken,
    provider_is_open,
)


def check(market: Market, allocation: Allocation) -> tuple[Violation, ...]:
    """Return every rule that an allocation breaks; empty when it may be shown to people.

    Parameters
    ----------
    market
        The compiled book and policy.
    allocation
        Placed and unplaced requests.
    """
    return tuple(_violations(Case(market, allocation)))


def require(market: Market, allocation: Allocation) -> None:
    """Accept an allocation, or stop.

    Raises
    ------
    RefereeError
        If any rule is broken, listing the first ten.
    """
    violations = check(market, allocation)
    if violations:
        listed = "\n".join(f"  {violation}" for violation in violations[:10])
        raise RefereeError(
            f"The referee refused the allocation, {len(violations)} rules broken:\n{listed}",
            thing="allocation",
            value=len(violations),
            expected="no broken rule",
        )


def _violations(case: Case) -> Iterator[Violation]:
    yield from everyone_once(case)
    known = []
    for placed in case.allocation.placed:
        unknown = list(known_ids(case, placed))
        yield from unknown
        if not unknown:
            known.append(placed)
    for placed in known:
        yield from request_may_be_placed(case, placed)
        yield from visits_all_timed(case, placed)
    sound = [p for p in known if _is_sound(case, p)]
    for placed in sound:
        asked = Enquiry(case.market, case.requests[placed.request_id])
        enquiry = asked.beginning(case.market.day_number(placed.start_date))
        yield from provider_is_open(case, placed)
        yield from groups_are_taken(case, placed)
        yield from age_is_taken(case, placed)
        yield from gender_is_taken(case, placed)
        yield from pair_is_eligible(case, enquiry, placed)
        yield from starts_in_windows(case, placed)
        yield from one_visit_at_a_time(case, placed)
        yield from links_are_kept(case, placed)
        yield from gaps_are_kept(case, placed)
        yield from starts_on_a_day_possible(case, placed)
        yield from figures_are_right(case, placed)
        yield from rating_is_right(case, placed)
        yield from status_is_right(case, placed)
    yield from carers_suffice(case, sound)
    yield from beds_suffice(case, sound)


def _is_sound(case: Case, placed: Placed) -> bool:
    """Whether the later rules can be asked at all: the earlier ones have spoken if not."""
    may = not list(request_may_be_placed(case, placed))
    return may and not list(visits_all_timed(case, placed))


__all__ = ["Violation", "check", "require"]
