"""Generic services first when everyone is served at once (H12), worked out by hand."""

from __future__ import annotations

from matcher.geography import Gazetteer
from matcher.model import Frozen
from matcher.referee import check
from matcher.result import Limits, Result, Status
from matcher.solvers import solve
from tests.builders import ceiling, day, homecare_request, hourly, hours, market, provider

NEED = {"needs": ("epilepsy",)}
ABLE = {"specialisms": ("epilepsy",)}


def agency(name: str, **changes: object) -> tuple[Frozen, ...]:
    """Build an agency with room for one half-hour visit and its travel each morning."""
    return (
        provider(name, **changes),
        hours(name, start="07:00", end="07:40", carers=1),
        hourly(name),
    )


def best(gazetteer: Gazetteer, *things: Frozen) -> Result:
    """Return the proved best allocation of a book of things."""
    supply = market(gazetteer, *things, ceiling())
    result = solve(supply, limits=Limits.reproducible())
    assert result.status is Status.OPTIMAL
    assert check(supply, result.allocation) == ()
    return result


def who(result: Result) -> dict[str, str]:
    """Return who serves whom."""
    return {line.request_id: line.provider_id for line in result.allocation.placed}


def stage(result: Result, name: str) -> int:
    """Return the value of one stage."""
    return next(each.value for each in result.stages if each.name == name)


def test_the_generic_agency_goes_before_the_specialist_one(gazetteer: Gazetteer) -> None:
    """One person, both could serve: the generic one does, though the other's id comes first."""
    result = best(gazetteer, *agency("P-1", lot="specialist"), *agency("P-2"), homecare_request())
    assert who(result) == {"R-1": "P-2"}
    assert stage(result, "specialist_use") == 0


def test_nobody_is_left_out_beside_a_free_specialist(gazetteer: Gazetteer) -> None:
    """Two people, one generic place, one specialist place: both are served.

    Each could be served alone by the generic agency, so the use of the specialist counts once,
    and the proposal records that generic services were considered first.
    """
    asked = [homecare_request(request_id=name) for name in ("R-1", "R-2")]
    result = best(gazetteer, *agency("P-1"), *agency("P-2", lot="specialist"), *asked)
    assert set(who(result).values()) == {"P-1", "P-2"}
    assert stage(result, "unplaced_amber") == 0
    assert stage(result, "specialist_use") == 1
    (line,) = (line for line in result.allocation.placed if line.provider_id == "P-2")
    assert any("generic services were considered first" in reason for reason in line.reasons)
    assert any("others waiting need them" in reason for reason in line.reasons)


def test_a_need_only_a_specialist_meets_counts_for_nothing(gazetteer: Gazetteer) -> None:
    """Where no generic agency has the specialism, using the specialist one is no second best."""
    result = best(
        gazetteer,
        *agency("P-1"),
        *agency("P-2", lot="specialist", **ABLE),
        homecare_request(**NEED),
    )
    assert who(result) == {"R-1": "P-2"}
    assert stage(result, "specialist_use") == 0
    (line,) = result.allocation.placed
    assert any("none can serve" in reason for reason in line.reasons)


def test_a_specialist_place_is_kept_for_who_needs_it(gazetteer: Gazetteer) -> None:
    """The generic agency takes the person it can, although that one waits longer (S1).

    R-1 could be served by either, R-2 only by the specialist: both are placed.
    """
    result = best(
        gazetteer,
        *agency("P-1"),
        *agency("P-2", lot="specialist", **ABLE),
        homecare_request(request_id="R-1", waiting_since=day(-30)),
        homecare_request(request_id="R-2", waiting_since=day(-1), **NEED),
    )
    assert who(result) == {"R-1": "P-1", "R-2": "P-2"}
    assert stage(result, "specialist_use") == 0


def test_one_more_generic_agency_never_hurts(gazetteer: Gazetteer) -> None:
    """Two specialists serve two people; a generic agency beside them makes nothing worse.

    Before, no generic one could serve, so nothing counts against the specialists; after, one
    person moves to the generic agency and the other's specialist counts once.
    """
    asked = [homecare_request(request_id=name) for name in ("R-1", "R-2")]
    specialists = (*agency("P-1", lot="specialist"), *agency("P-2", lot="specialist"))
    before = best(gazetteer, *specialists, *asked)
    after = best(gazetteer, *specialists, *agency("P-3"), *asked)
    assert stage(before, "unplaced_amber") == stage(after, "unplaced_amber") == 0
    assert stage(before, "specialist_use") == 0
    assert stage(after, "specialist_use") == 1
