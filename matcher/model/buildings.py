"""Whether two registrations may be of one building: its postcode, and nearly one name."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Sequence

from matcher.geography import Postcode
from matcher.model.supply import Provider
from matcher.vocabulary import ProviderKind

_ALIKE = 0.8
"""How alike what two names do not share must be, as a share of its letters *(assumed)*."""
_EVERY_HOME = re.compile(
    r"\b(the|and|care|nursing|residential|rest|home|homes|centre|limited|ltd|llp|plc)\b"
)
_NUMBERS = re.compile(r"\b(\d+[a-z]?|[a-z]|i{1,3}|iv|vi{0,3})\b")


def registrations(providers: Sequence[Provider]) -> dict[str, tuple[str, ...]]:
    """Return for each provider the ids of all that may be the same building, its own among them.

    Care homes of one postcode and nearly one name are one building; each agency stands alone.

    Parameters
    ----------
    providers
        Providers, in the order in which those of a building are told.
    """
    at: dict[Postcode, list[list[Provider]]] = defaultdict(list)
    buildings = []
    for provider in providers:
        is_home = provider.kind is ProviderKind.CARE_HOME
        there = at[provider.postcode] if is_home and provider.postcode is not None else []
        same = next((each for each in there if nearly_one_name(each[0].name, provider.name)), None)
        if same is None:
            there.append(same := [])
            buildings.append(same)
        same.append(provider)
    return {
        provider.provider_id: tuple(each.provider_id for each in building)
        for building in buildings
        for provider in building
    }


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
