"""Whether visits can be made at all, were there carers without end."""

from __future__ import annotations

import numpy as np

from matcher.timetable.search import Search
from matcher.timetable.shape import SLOTS_PER_DAY, PackageShape
from matcher.vocabulary import DAYS_PER_WEEK

WITHOUT_END = 999
"""More carers than any package needs at once."""


def never_fits(shape: PackageShape, travel_slots: int) -> bool:
    """Say whether no capacity whatever would let all visits of a package be made.

    Where the search is cut short that is not known, and not said.

    Parameters
    ----------
    shape
        The package.
    travel_slots
        The least travel to reach a visit that anybody needs, slots.
    """
    best = shape.target_slot.clip(shape.first_slot, shape.last_slot).astype(np.int64)
    inside = (best >= shape.first_slot) & (best >= travel_slots)
    inside &= best + shape.length_slots <= SLOTS_PER_DAY
    if inside.all() and shape.keeps_apart(tuple(best.tolist())):
        return False  # found at once, as for nearly every package
    free = np.full((DAYS_PER_WEEK, SLOTS_PER_DAY), WITHOUT_END, dtype=np.int16)
    search = Search(free, shape, travel_slots)
    places = search.placed(tuple(sorted(search.kind_of)), search.levels)
    return places is None and search.states_left > 0
