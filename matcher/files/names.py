"""Whether two names may be of one home."""

from __future__ import annotations

import difflib
import re

_ALIKE = 0.8
"""How alike what two names do not share must be, as a share of its letters *(assumed)*."""
_EVERY_HOME = re.compile(
    r"\b(the|and|care|nursing|residential|rest|home|homes|centre|limited|ltd|llp|plc)\b"
)
_NUMBERS = re.compile(r"\b(\d+[a-z]?|[a-z]|i{1,3}|iv|vi{0,3})\b")


def nearly_one_name(one: str, other: str) -> bool:
    """Say whether two names may be of one home, whatever legal forms and kinds they add.

    Parameters
    ----------
    one, other
        Names of two homes of one postcode.
    """
    first, second = _bare(one), _bare(other)
    if sorted(_NUMBERS.findall(first)) != sorted(_NUMBERS.findall(second)):
        return False
    # What both share, such as the owner's name, says nothing of whether they are one.
    ours = [word for word in first.split() if word not in second.split()]
    theirs = [word for word in second.split() if word not in first.split()]
    if not ours or not theirs:
        return len(ours + theirs) <= 1
    spelt = difflib.SequenceMatcher(None, " ".join(ours), " ".join(theirs), autojunk=False)
    return spelt.ratio() >= _ALIKE


def _bare(name: str) -> str:
    """Return a name in small letters without what many homes are called alike."""
    words = re.sub(r"[^a-z0-9]+", " ", name.casefold().replace("'", ""))
    bare = " ".join(_EVERY_HOME.sub(" ", words).split())
    return bare or " ".join(words.split())
