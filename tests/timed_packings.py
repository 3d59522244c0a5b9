"""Small packings whose options have start times: drawn at random, and tried out time by time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from matcher.solvers.instance.assignment import Ints, Packing, Pick
from matcher.solvers.instance.calendars import Door, Task, Timeline, Timing
from matcher.solvers.instance.capacity_rows import window_rows
from matcher.wish import Wish
from tests.packings import packing_of

SLOTS = 8


@dataclass(frozen=True)
class TimedPacking:
    """A packing of one visit a request, with what is needed to try it out.

    Parameters
    ----------
    packing
        The packing, its details a :class:`Timing`.
    lengths, demands
        How long the visit of each option keeps how many busy, [options].
    profiles
        What is free in each block, by its number, [slots].
    """

    packing: Packing
    lengths: tuple[int, ...]
    demands: tuple[int, ...]
    profiles: dict[int, Ints]

    @property
    def timing(self) -> Timing:
        """The details."""
        assert isinstance(self.packing.details, Timing)
        return self.packing.details

    def is_sound(self, picks: Iterable[Pick]) -> bool:
        """Say whether picks start where they may and keep every calendar, slot by slot."""
        free = {block: profile.copy() for block, profile in self.profiles.items()}
        for pick in picks:
            (start,) = pick.details
            if not self.timing.domains[pick.option][0, start]:
                return False
            block = int(self.packing.block[pick.option])
            free[block][start : start + self.lengths[pick.option]] -= self.demands[pick.option]
        return all((left >= 0).all() for left in free.values())

    def every_plan(self, requests: Iterable[int], blocks: Iterable[int]) -> Iterator[list[Pick]]:
        """Yield every sound set of picks of some requests in some blocks."""
        inside, open_ = {*blocks}, [*requests]
        sound: list[list[Pick]] = [[]]
        for request in open_:
            ways = [
                Pick(option, (start,))
                for option in self.packing.options_of[request].tolist()
                if int(self.packing.block[option]) in inside
                for start in np.flatnonzero(self.timing.domains[option][0]).tolist()
            ]
            sound += [[*plan, way] for plan in sound for way in ways if self.is_sound([*plan, way])]
        yield from sound

    def best_values(self) -> tuple[int, ...]:
        """Return the values of the best plan, stage after stage."""
        return min(
            tuple((self.packing.without + self.packing.value_of(picks)).tolist())
            for picks in self.every_plan(self.packing.requests, self.packing.blocks)
        )


@st.composite
def timed_packings(
    draw: st.DrawFn, *, most_requests: int = 4, most_free: int = 2, most_wishes: int = 1
) -> TimedPacking:
    """Draw visits of one to three slots that compete for carers in up to two blocks."""
    stages = draw(st.integers(1, 2))
    profiles = {
        block: np.array(
            draw(st.lists(st.integers(0, most_free), min_size=SLOTS, max_size=SLOTS)), np.int64
        )
        for block in (1, 4)[: draw(st.integers(1, 2))]
    }
    options: list[tuple[int, int, list[int]]] = []
    domains, wishes, lengths, demands = [], {}, [], []
    for request in range(0, 2 * draw(st.integers(1, most_requests)), 2):
        length, demand = draw(st.integers(1, 3)), draw(st.integers(1, 2))
        for block in draw(st.lists(st.sampled_from([*profiles]), min_size=1, unique=True)):
            starts = draw(st.sets(st.integers(0, SLOTS - length), min_size=1, max_size=3))
            domains.append(np.isin(np.arange(SLOTS), [*starts])[None, :])
            first = draw(st.integers(-12, 2))
            options.append((request, block, [first, *(draw(st.integers(-3, 6)),) * (stages - 1)]))
            lengths.append(length)
            demands.append(demand)
        wishes[request] = tuple(draw(st.lists(_wishes(stages), max_size=most_wishes)))
    rough = packing_of(options, [], [draw(st.integers(0, 20)) for _ in range(stages)])
    timing = Timing(
        domains=tuple(domains),
        lines=tuple(_lines(options, domains, lengths, demands, profiles)),
        doors={request: Door((1,), ()) for request in rough.requests},
        wishes=wishes,
        request=rough.request,
        stages=stages,
    )
    rows = [(row.coefficients, row.limit) for row in window_rows(timing.lines)]
    packing = replace(packing_of(options, rows, rough.without.tolist()), details=timing)
    return TimedPacking(packing, tuple(lengths), tuple(demands), profiles)


def _wishes(stages: int) -> st.SearchStrategy[tuple[int, Wish]]:
    return st.tuples(
        st.integers(0, stages - 1),
        st.builds(
            Wish,
            visit=st.just(0),
            target=st.integers(-1, SLOTS + 1),
            step=st.integers(1, 3),
            per_step=st.integers(1, 5),
            most=st.integers(1, 20),
            both_ways=st.booleans(),
        ),
    )


def _lines(
    options: Sequence[tuple[int, int, Sequence[int]]],
    domains: Sequence[np.ndarray],
    lengths: Sequence[int],
    demands: Sequence[int],
    profiles: dict[int, Ints],
) -> Iterator[Timeline]:
    for block, profile in profiles.items():
        tasks = []
        for number, (_, own, _) in enumerate(options):
            if own == block:
                starts = np.flatnonzero(domains[number][0])
                length, stop = lengths[number], int(starts[-1]) + lengths[number]
                first, demand = int(starts[0]), demands[number]
                tasks.append(Task(number, 0, first, stop, 0, length, demand, length))
        if tasks:
            yield Timeline(block, (0,), profile, tuple(tasks))
