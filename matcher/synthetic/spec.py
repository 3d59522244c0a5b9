"""What may be chosen about a synthetic county."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

from matcher.errors import MatcherError

_LIMITS = {"seed": (0, 2**63 - 1), "zones": (1, 200), "history_days": (0, 3650)}
_USUAL_LIMITS = (0, 1_000_000)
_MOST_CAPACITY = 10.0
_EARLIEST, _LATEST = date(2010, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True)
class CountySpec:
    """Size, place, day and seed of a synthetic county; the same spec gives the same book.

    The default sizes are those of a county's book in the domain notes.

    Parameters
    ----------
    council
        Local authority code on whose postcodes everything stands.
    seed
        A whole number from 0.
    as_of
        The day the book describes.
    agencies, homes
        Homecare agencies and care homes.
    waiting_homecare, waiting_placements
        People waiting for homecare, and for a bed (long-term, respite or a panel's service).
    running
        Homecare packages already running.
    capacity_share
        Carer minutes free on a morning as a share of what the waiting list needs then, travel
        included; the other bands have somewhat more. Mornings are the bottleneck.
    zones
        Zones of the framework; fewer where the authority has fewer postcode sectors.
    history_days
        How far back the ledger of offers reaches.
    title
        The book's title; None makes one.

    Raises
    ------
    MatcherError
        When a number is out of range, or when somebody has to run the running care and there is
        no agency.
    """

    council: str = "E06000059"
    seed: int = 0
    as_of: date = date(2026, 4, 1)
    agencies: int = 60
    homes: int = 100
    waiting_homecare: int = 120
    waiting_placements: int = 40
    running: int = 1300
    capacity_share: float = 0.85
    zones: int = 8
    history_days: int = 120
    title: str | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.type == "int":
                self._check_count(field.name)
        if not 0 < self.capacity_share <= _MOST_CAPACITY:
            raise _refusal("capacity_share", self.capacity_share, "a share above 0 and up to 10")
        if not _EARLIEST <= self.as_of <= _LATEST:
            raise _refusal("as_of", self.as_of, f"a day from {_EARLIEST} to {_LATEST}")
        if self.running and not self.agencies:
            raise _refusal("agencies", 0, "at least 1, because running care has a provider")

    def _check_count(self, name: str) -> None:
        value = getattr(self, name)
        least, most = _LIMITS.get(name, _USUAL_LIMITS)
        if not isinstance(value, int) or not least <= value <= most:
            raise _refusal(name, value, f"a whole number from {least} to {most:,}")


def _refusal(name: str, value: object, expected: str) -> MatcherError:
    return MatcherError(
        f"A county cannot have {name} = {value}; expected {expected}.",
        thing=name,
        value=value,
        expected=expected,
    )
