"""Slots of a day as the bits of an int: slot 0 the lowest."""

from __future__ import annotations

import numpy as np

from matcher.timetable.shape import SLOTS_PER_DAY, BoolArray

FULL_DAY = (1 << SLOTS_PER_DAY) - 1
"""Every slot of one day."""


def bits_of(slots: BoolArray) -> int:
    """Return the bits of the slots that are true, [slots]."""
    return int.from_bytes(np.packbits(slots, bitorder="little").tobytes(), "little")


def slots_of(mask: int) -> list[int]:
    """Return the positions of the set bits, ascending."""
    slots = []
    while mask:
        low = mask & -mask
        slots.append(low.bit_length() - 1)
        mask ^= low
    return slots


def bits_between(first: int, last: int) -> int:
    """Return the bits of slots from a first to a last, both included; none if out of order."""
    return ((1 << (last + 1)) - 1) >> first << first if first <= last else 0


def lowest(mask: int) -> int:
    """Return the position of the lowest set bit; at least one is set."""
    return (mask & -mask).bit_length() - 1


def room_for(room: int, span: int) -> int:
    """Return where an unbroken run of so many set bits begins, by doubling the run looked at."""
    done = 1
    while done < span:
        step = min(done, span - done)
        room &= room >> step
        done += step
    return room


def spread(begins: int, span: int) -> int:
    """Return every slot that some beginning would keep busy."""
    done = 1
    while done < span:
        step = min(done, span - done)
        begins |= begins << step
        done += step
    return begins
