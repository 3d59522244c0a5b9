"""Zones of the framework that providers and rates may name."""

from __future__ import annotations

from collections.abc import Iterable

from api.errors import BadCallError
from api.storage.record import Writing


def require_zones(writing: Writing, named: Iterable[str]) -> None:
    """Refuse a zone that the framework does not have.

    Raises
    ------
    BadCallError
        If one of those named is none of its zones.
    """
    zones = {zone["zone"] for zone in writing.record.zones}
    unknown = [zone for zone in named if zone not in zones]
    if unknown:
        raise BadCallError(
            f"The framework has no zone {unknown[0]!r}.",
            thing="zones",
            value=unknown[0],
            expected=" or ".join(sorted(zones)) or "no zones",
        )
