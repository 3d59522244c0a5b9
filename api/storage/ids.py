"""Ids that sort by when they were made, and cannot be guessed."""

from __future__ import annotations

import secrets
from datetime import datetime

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter that reads like a digit."""
TIME_LETTERS, CHANCE_LETTERS = 10, 10


def new_id(noun: str, now: datetime) -> str:
    """Return an id: the noun, the millisecond, and enough chance.

    Parameters
    ----------
    noun
        A short word for what it is of, for example ``enq``.
    now
        When it is made.
    """
    milliseconds = int(now.timestamp() * 1000)
    letters = ""
    for _ in range(TIME_LETTERS):
        milliseconds, last = divmod(milliseconds, len(ALPHABET))
        letters = ALPHABET[last] + letters
    return f"{noun}-{letters}{''.join(secrets.choice(ALPHABET) for _ in range(CHANCE_LETTERS))}"
