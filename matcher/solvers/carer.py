"""One carer's rounds: what she can do in each stretch of her day, and so all she could take on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from matcher.solvers.catalogue import NONE, Catalogue
from matcher.solvers.packing import Ints, Pick
from matcher.solvers.stretch import Stretch, TooManyError
from matcher.solvers.timing import Mask, Task, Timeline, Visit, have_room, visits_in

MOST_ROUNDS = 200_000
"""Rounds of one block beyond which they are not listed."""
MOST_TRIED = 4
"""Times as many sets may be tried at a step."""


class _Sets(NamedTuple):
    """Rounds of so many options: the round that each extends, and by which option, ascending.

    ``states`` ``[rounds, stretches]`` what each stretch holds.
    """

    parent: Ints
    option: Ints
    states: Ints


@dataclass(frozen=True, eq=False)
class Carer:
    """A block in which one carer does everything.

    Parameters
    ----------
    options
        The options of the block.
    stretches
        The stretches of her day that no visit leaves.
    kinds
        ``[options, stretches]`` the kind of each option's visit there; the number of kinds of the
        stretch where it has none.
    visits, starts
        ``[options, stretches]`` the number of that visit, and the position of the calendar at
        which it starts when it begins to keep her busy at once.
    """

    options: Ints
    stretches: tuple[Stretch, ...]
    kinds: Ints
    visits: Ints
    starts: Ints

    @cached_property
    def catalogue(self) -> Catalogue:
        """All her rounds.

        Raises
        ------
        TooManyError
            If there are too many to list.
        """
        levels = list(self._levels([stretch.moves() for stretch in self.stretches]))
        return Catalogue(
            tuple(level.parent.astype(np.int32) for level in levels),
            tuple(level.option.astype(np.int32) for level in levels),
        )

    def _levels(self, moves: list[Ints]) -> Iterator[_Sets]:
        """Yield her rounds of one option, of two and so on."""
        number = np.arange(len(self.options))
        nothing = np.zeros((len(number), len(moves)), np.int64)
        level = self._possible(_Sets(np.full(len(number), NONE), number, nothing), moves)
        total = 0
        while len(level.option):
            total += len(level.option)
            if total > MOST_ROUNDS:
                raise TooManyError(f"more than {MOST_ROUNDS:,} rounds")
            yield level
            level = self._possible(_extended(level), moves)

    def _possible(self, level: _Sets, moves: list[Ints]) -> _Sets:
        """Return those rounds that she can do, with what each stretch then holds.

        Parameters
        ----------
        level
            Rounds to try, with what stretches hold before the last option.
        moves
            What one more visit leads to, by stretch.
        """
        places, held = np.arange(len(level.option)), np.zeros((0, len(level.option)), np.int64)
        for stretch, move in enumerate(moves):
            before = level.states[places, stretch]
            after = move[before, self.kinds[level.option[places], stretch]]
            can = after >= 0
            places, held = places[can], np.vstack([held[:, can], after[can]])
        return _Sets(level.parent[places], level.option[places], held.T)

    def picks(self, chosen: Sequence[int]) -> tuple[Pick, ...]:
        """Return one of her rounds with times.

        Parameters
        ----------
        chosen
            The places of its options.

        Raises
        ------
        ValueError
            If she cannot do them all.
        """
        times: dict[int, dict[int, int]] = {place: {} for place in chosen}
        for number, stretch in enumerate(self.stretches):
            here = [place for place in chosen if self.kinds[place, number] < len(stretch)]
            begins = stretch.begins([int(self.kinds[place, number]) for place in here])
            if begins is None:
                raise ValueError(f"one carer cannot do options {self.options[chosen].tolist()}")
            for place, begin in zip(here, begins, strict=True):
                start = begin + int(self.starts[place, number])
                times[place][int(self.visits[place, number])] = start
        return tuple(
            Pick(int(self.options[place]), tuple(own[visit] for visit in sorted(own)))
            for place, own in sorted(times.items())
        )


def _extended(level: _Sets) -> _Sets:
    """Return rounds of one option more to try: two that differ in their last option, joined."""
    count = len(level.parent)
    groups = np.flatnonzero(np.diff(level.parent, prepend=NONE - 1))
    sizes = np.diff(groups, append=count)
    later = np.repeat(groups + sizes, sizes) - np.arange(count) - 1
    if later.sum() > MOST_TRIED * MOST_ROUNDS:
        raise TooManyError(f"more than {MOST_TRIED * MOST_ROUNDS:,} rounds to try")
    parent = np.repeat(np.arange(count), later)
    beside = np.arange(len(parent)) - np.repeat(np.cumsum(later) - later, later) + parent + 1
    return _Sets(parent, level.option[beside], level.states[parent])


# -- from calendars ------------------------------------------------------------------------------


def carer_of(lines: Sequence[Timeline], domains: Sequence[Mask], options: Ints) -> Carer | None:
    """Return the one carer of a block; ``None`` where there are more, or too many rounds to list.

    Parameters
    ----------
    lines
        The calendars of the block.
    domains
        For each option of the packing ``[visits, positions]``: where each of its times may lie.
    options
        The options of the block.
    """
    if any(not line.days or line.profile.max(initial=0) > 1 for line in lines):
        return None
    visits = visits_in(lines)
    edges = _edges(visits)
    place = {option: number for number, option in enumerate(options.tolist())}
    shape = (len(options), len(edges))
    kinds, number_of, starts = (np.full(shape, NONE, np.int64) for _ in range(3))
    stretches = []
    for number, (first, stop) in enumerate(edges):
        here = [visit for visit in visits if first <= visit.task.first < stop]
        owners = [place[visit.task.option] for visit in here]
        if len(set(owners)) < len(owners):
            return None
        stretch, kind = _stretch(here, lines, domains, range(first, stop))
        stretches.append(stretch)
        kinds[:, number] = len(stretch)
        kinds[owners, number] = kind
        number_of[owners, number] = [visit.task.visit for visit in here]
        starts[owners, number] = [first + visit.task.lead for visit in here]
    carer = Carer(options, tuple(stretches), kinds, number_of, starts)
    try:
        carer.catalogue  # noqa: B018 - listed here, or not at all
    except TooManyError:
        return None
    return carer


def _edges(visits: Iterable[Visit]) -> list[tuple[int, int]]:
    """Return the stretches of the day that no visit leaves, ascending: from, and up to before."""
    edges: list[tuple[int, int]] = []
    for first, stop in sorted((visit.task.first, visit.task.stop) for visit in visits):
        if edges and first < edges[-1][1]:
            edges[-1] = (edges[-1][0], max(stop, edges[-1][1]))
        else:
            edges.append((first, stop))
    return edges


def _stretch(
    visits: list[Visit], lines: Sequence[Timeline], domains: Sequence[Mask], within: range
) -> tuple[Stretch, Ints]:
    """Return a stretch with its visits sorted into kinds, and the kind of each, [visits]."""
    rows = np.zeros((len(visits), len(within) + len(lines) + 1), np.int64)
    for row, (task, days) in zip(rows, visits, strict=True):
        row[: len(within)] = _may_begin(task, domains, [lines[day] for day in days])[within]
        row[[len(within) + day for day in days]] = 1
        row[-1] = task.length or 0
    kinds, kind = np.unique(rows, axis=0, return_inverse=True)
    begins, days_on = kinds[:, : len(within)] > 0, kinds[:, len(within) : -1] > 0
    never = np.full((len(kinds), 1), len(within))
    ahead = np.where(begins, np.arange(len(within)), len(within))
    nexts = np.minimum.accumulate(np.hstack([ahead, never])[:, ::-1], axis=1)[:, ::-1]
    return Stretch(nexts, kinds[:, -1], days_on), kind


def _may_begin(task: Task, domains: Sequence[Mask], lines: Sequence[Timeline]) -> Mask:
    """Return where a visit may begin to keep its carer busy, [positions]."""
    starts = np.flatnonzero(domains[task.option][task.visit])
    roomy = starts[have_room(task, starts, [line.profile for line in lines])]
    may = np.zeros(len(lines[0].profile), np.bool_)
    may[roomy - task.lead] = True
    return may
