"""Invented names: a plain word, what the place is, and its number, so that none is a real firm's."""

from __future__ import annotations

from matcher.vocabulary import ProviderKind

_WORDS = (
    "Acorn", "Bluebell", "Bramble", "Cowslip", "Curlew", "Dovetail", "Elder", "Fern", "Foxglove",
    "Gorse", "Hazel", "Heron", "Juniper", "Kestrel", "Lapwing", "Linnet", "Mallow", "Marlpit",
    "Nettle", "Osier", "Plover", "Quince", "Rowan", "Sorrel", "Teasel", "Thistle", "Wagtail",
    "Whinchat", "Yarrow",
)  # fmt: skip


def provider_id(kind: ProviderKind, number: int) -> str:
    """Return an id such as ``A-017`` for an agency or ``H-042`` for a home."""
    letter = "A" if kind is ProviderKind.HOMECARE else "H"
    return f"{letter}-{number:03d}"


def provider_name(kind: ProviderKind, number: int) -> str:
    """Return a name such as ``Kestrel Agency 017`` or ``Fern House 042``; unique by its number."""
    noun = "Agency" if kind is ProviderKind.HOMECARE else "House"
    return f"{_WORDS[number * 7 % len(_WORDS)]} {noun} {number:03d}"


def request_id(number: int) -> str:
    """Return a pseudonymous id such as ``R-00042``."""
    return f"R-{number:05d}"
