"""Stages in their order: the best plan, what is proved of it, and when to stop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.result import Limits, Progress
from matcher.solvers import rounds, stages
from matcher.solvers.packing import Packing, Pick, Plan, ordered_aims
from matcher.solvers.stages import Solved, solve_packing
from tests.packings import best_values, every_plan, is_sound, packing_of, packings, plans

LIMITS = Limits.reproducible(0.5)


@contextmanager
def engine(**constants: object) -> Iterator[None]:
    """Run the engine with other constants, so that small packings take the ways of large ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "LAST_BLOCKS", 1)
        for name, value in constants.items():
            patch.setattr(stages, name, value)
        yield


ONE_BY_ONE = partial(ordered_aims, limit=1)
WAYS: dict[str, dict[str, object]] = {
    "whole": {},
    "whole, stage by stage": {"ordered_aims": ONE_BY_ONE},
    "large": {"SMALL": 0},
    "large, stage by stage": {"SMALL": 0, "ordered_aims": ONE_BY_ONE},
    "large, never whole": {"SMALL": 0, "WHOLE_OPTIONS": 0},
    "large, never whole, stage by stage": {
        "SMALL": 0,
        "WHOLE_OPTIONS": 0,
        "ordered_aims": ONE_BY_ONE,
    },
}
"""Constants under which the engine takes each of its ways."""
PROVING = [name for name in WAYS if "never whole" not in name]


class Listener:
    """Notes all that is told of a run, and holds it against the packing."""

    def __init__(self, packing: Packing) -> None:
        self.packing = packing
        self.told: list[tuple[tuple[int, ...], tuple[int, ...]]] = []

    def __call__(self, plan: Plan, bounds: Sequence[int]) -> None:
        assert is_sound(self.packing, plan)
        self.told.append((self.packing.values(plan), tuple(bounds)))

    def assert_honest(self, best: tuple[int, ...]) -> None:
        """Assert that plans only got better and that no bound ever lay above what is true."""
        values = [value for value, _ in self.told]
        assert values == sorted(values, reverse=True)
        for value, bounds in self.told:
            assert all(bound <= each for bound, each in zip(bounds, value, strict=True))
            for stage, bound in enumerate(bounds):
                # A bound holds for plans that are no worse in the stages before.
                assert value[:stage] != best[:stage] or bound <= best[stage]
                if value[:stage] != best[:stage]:
                    break


def solved(
    packing: Packing, way: str, limits: Limits = LIMITS, start: Plan | None = None
) -> tuple[Solved, Listener]:
    """Return what the engine makes of a packing in one of its ways, and what it told."""
    listener = Listener(packing)
    with engine(**WAYS[way]):
        found = solve_packing(packing, limits=limits, start=start, told=listener)
    assert is_sound(packing, found.plan)
    return found, listener


# -- the best of all ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", PROVING)
@settings(max_examples=25, deadline=None)
@given(packing=packings())
def test_every_stage_is_the_best_and_proved(way: str, packing: Packing) -> None:
    """Whichever way is taken, all stages are those of trying every plan, and known to be."""
    found, listener = solved(packing, way)
    best = best_values(packing)
    assert packing.values(found.plan) == best
    assert tuple(found.bounds) == best
    listener.assert_honest(best)
