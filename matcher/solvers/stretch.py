"""A stretch of one carer's day: which visits she can do there, and when she would start each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from matcher.solvers.packing import Ints
from matcher.solvers.timing import Mask

MOST_STATES, MOST_TRIED = 50_000, 2_000_000
"""Sets of kinds of visits in one stretch beyond which nobody lists them all, and ways to add a
visit that may be tried at a step."""


class TooManyError(ValueError):
    """There are more sets than may be listed."""


class _Level(NamedTuple):
    """Sets of so many visits that one carer can do, and how they may end.

    ``sets`` ``[sets, visits]`` kinds, ascending. ``owner`` ``[ways]`` the set of each way, also
    ascending, and ``ends`` ``[ways, lines]`` the position from which she is free again.
    """

    sets: Ints
    owner: Ints
    ends: Ints


@dataclass(frozen=True, eq=False)
class Stretch:
    """Visits of some kinds that lie in one stretch of the day, for one carer at a time.

    Parameters
    ----------
    nexts
        ``[kinds, positions + 1]`` the first position, from each on, at which a visit of the kind
        may begin to keep her busy; the number of positions where there is none.
    lengths
        ``[kinds]`` for how many positions it keeps her busy.
    days
        ``[kinds, lines]`` on which calendars it takes place.
    """

    nexts: Ints
    lengths: Ints
    days: Mask

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def positions(self) -> int:
        """How many positions there are; one more stands for never."""
        return int(self.nexts.shape[1]) - 1

    def moves(self) -> Ints:
        """Return the set that each set becomes with one more visit of each kind.

        ``[sets, kinds + 1]``, -1 where she cannot do that visit as well.

        Set 0 holds no visit. The last column is for no visit at all: it leaves a set as it is.

        Raises
        ------
        TooManyError
            If there are more sets than may be listed.
        """
        levels = list(self._levels())
        sizes = np.cumsum([0, *(len(level.sets) for level in levels)])
        moves = np.full((sizes[-1], len(self) + 1), -1, np.int64)
        moves[:, -1] = np.arange(len(moves))
        for number, (level, larger) in enumerate(pairwise(levels)):
            places = _places(larger.sets, _joined(level.sets, len(self)), len(self))
            found = places.reshape(len(level.sets), len(self))
            inside = slice(sizes[number], sizes[number + 1])
            moves[inside, :-1] = np.where(found < 0, -1, found + sizes[number + 1])
        return moves

    def _levels(self) -> Iterator[_Level]:
        """Yield the sets of no visit, of one, of two and so on."""
        nothing = np.zeros((1, 0), np.int64)
        level = _Level(nothing, np.zeros(1, np.int64), np.zeros((1, self.days.shape[1]), np.int64))
        total = 0
        while len(level.sets):
            total += len(level.sets)
            if total > MOST_STATES:
                raise TooManyError(f"more than {MOST_STATES:,} sets of visits in one stretch")
            yield level
            level = self._larger(level)

    def _larger(self, level: _Level) -> _Level:
        """Return the sets of one more visit: whichever is done last, the others can be done."""
        if len(level.owner) * len(self) > MOST_TRIED:
            raise TooManyError(f"more than {MOST_TRIED:,} ways to try in one stretch")
        candidates = self._candidates(level.sets)
        size = candidates.shape[1]
        owners, ends = [np.zeros(0, np.int64)], [np.zeros((0, self.days.shape[1]), np.int64)]
        possible = np.ones(len(candidates), np.bool_)
        first = np.searchsorted(level.owner, np.arange(len(level.sets) + 1))
        for last in range(size):
            others = _places(level.sets, np.delete(candidates, last, axis=1), len(self))
            possible &= others >= 0
            number = np.flatnonzero(others >= 0)
            ways = first[others[number] + 1] - first[others[number]]
            owner = np.repeat(number, ways)
            within = np.arange(len(owner)) - np.repeat(np.cumsum(ways) - ways, ways)
            before = level.ends[first[others[owner]] + within]
            after = self._after(before, candidates[owner, last])
            in_time = (after <= self.positions).all(axis=1)
            owners.append(owner[in_time])
            ends.append(after[in_time])
        ways = _distinct(np.column_stack([np.concatenate(owners), np.concatenate(ends)]))
        ways = ways[possible[ways[:, 0]]]
        kept, owner = np.unique(ways[:, 0], return_inverse=True)
        return _Level(candidates[kept], owner, ways[:, 1:])

    def _candidates(self, sets: Ints) -> Ints:
        """Return every set with one more visit of its last kind or a later one, in order."""
        last = sets[:, -1] if sets.shape[1] else np.zeros(len(sets), np.int64)
        more = np.tile(np.arange(len(self)), len(sets))
        wider = np.column_stack([np.repeat(sets, len(self), axis=0), more])
        return wider[more >= np.repeat(last, len(self))]

    def _after(self, ends: Ints, kind: Ints) -> Ints:
        """Return where she is free again after one more visit; beyond the last where too late."""
        days = self.days[kind]
        free = np.where(days, ends, 0).max(axis=1)
        begin = self.nexts[kind, free]
        done = np.where(begin < self.positions, begin + self.lengths[kind], self.positions + 1)
        return np.where(days, done[:, None], ends)

    def begins(self, kinds: list[int]) -> list[int] | None:
        """Return where each of some visits begins to keep her busy; ``None`` if not all can.

        Parameters
        ----------
        kinds
            The kind of each visit.
        """
        ends = (0,) * self.days.shape[1]
        order = self._order(tuple(sorted(kinds)), ends, set())
        if order is None:
            return None
        begins: dict[int, list[int]] = {}
        for kind in order:
            ends, begin = self._done(kind, ends)
            begins.setdefault(kind, []).append(begin)
        return [begins[kind].pop() for kind in kinds]

    def _order(
        self, left: tuple[int, ...], ends: tuple[int, ...], failed: set[tuple[tuple[int, ...], ...]]
    ) -> list[int] | None:
        """Return an order in which visits that are left can be done; ``None`` if there is none.

        Parameters
        ----------
        left
            The kinds of the visits, ascending.
        ends
            Where she is free again, by calendar.
        failed
            What was found to have no order before.
        """
        if not left:
            return []
        if (left, ends) in failed:
            return None
        for place, kind in enumerate(left):
            after, _ = self._done(kind, ends)
            if (place and kind == left[place - 1]) or max(after) > self.positions:
                continue
            order = self._order(left[:place] + left[place + 1 :], after, failed)
            if order is not None:
                return [kind, *order]
        failed.add((left, ends))
        return None

    def _done(self, kind: int, ends: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
        """Return where she is free again after one more visit, and where that begins."""
        after = self._after(np.array([ends]), np.array([kind]))[0].tolist()
        first_day = int(self.days[kind].argmax())
        return tuple(after), after[first_day] - int(self.lengths[kind])


def _joined(sets: Ints, kinds: int) -> Ints:
    """Return every set with a visit of every kind besides, [sets x kinds, visits + 1]."""
    more = np.tile(np.arange(kinds), len(sets))[:, None]
    return np.sort(np.concatenate([np.repeat(sets, kinds, axis=0), more], axis=1), axis=1)


def _distinct(rows: Ints) -> Ints:
    """Return rows in ascending order, each once."""
    ordered = rows[np.lexsort(rows.T[::-1])]
    is_new = np.ones(len(ordered), np.bool_)
    is_new[1:] = (np.diff(ordered, axis=0) != 0).any(axis=1)
    return ordered[is_new]


def _places(sets: Ints, wanted: Ints, kinds: int) -> Ints:
    """Return the place of each wanted set among sets in ascending order; -1 where it is not."""
    codes, sought = _codes(sets, kinds), _codes(wanted, kinds)
    place = np.minimum(np.searchsorted(codes, sought), len(codes) - 1)
    return np.where(codes[place] == sought, place, -1)


def _codes(sets: Ints, kinds: int) -> Ints:
    """Return a number for each set, in the sets' own order.

    Raises
    ------
    TooManyError
        If sets hold so many visits that the numbers do not fit.
    """
    if (kinds + 1) ** sets.shape[1] > np.iinfo(np.int64).max:
        raise TooManyError(f"sets of {sets.shape[1]} visits in one stretch")
    weights = kinds ** np.arange(sets.shape[1] - 1, -1, -1, dtype=np.int64)
    return np.asarray(sets @ weights, np.int64)
