"""Invented names: a word, what the place is, and its number, so that none is a real firm's."""

from __future__ import annotations

from matcher.vocabulary import ProviderKind

_WORDS = (
    "Acorn", "Bluebell", "Bramble", "Cowslip", "Curlew", "Dovetail", "Elder", "Fern", "Foxglove",
    "Gorse", "Hazel", "Heron", "Juniper", "Kestrel", "Lapwing", "Linnet", "Mallow", "Marlpit",
    "Nettle", "Osier", "Plover", "Quince", "Rowan", "Sorrel", "Teasel", "Thistle", "Wagtail",
    "Whinchat", "Yarrow",
)  # fmt: skip


def provider_id(kind: ProviderKind, number: int, count: int) -> str:
    """Return an id such as ``A-017`` for an agency or ``H-042`` for a home, one of `count`."""
    letter = "A" if kind is ProviderKind.HOMECARE else "H"
    return f"{letter}-{_padded(number, count, 3)}"


def provider_name(kind: ProviderKind, number: int, count: int) -> str:
    """Return a name such as ``Kestrel Agency 017`` or ``Fern House 042``, one of `count`."""
    noun = "Agency" if kind is ProviderKind.HOMECARE else "House"
    return f"{_WORDS[number * 7 % len(_WORDS)]} {noun} {_padded(number, count, 3)}"


def request_id(number: int, count: int) -> str:
    """Return a pseudonymous id such as ``R-00042``, one of `count`."""
    return f"R-{_padded(number, count, 5)}"


def _padded(number: int, count: int, least: int) -> str:
    """Return a number with zeros before it, so that texts sort as the numbers do."""
    return f"{number:0{max(least, len(str(count)))}d}"
