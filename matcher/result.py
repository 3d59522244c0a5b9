"""What a run is given and gives back: limits, progress, stages with bounds, and the result."""

from __future__ import annotations

import threading
from datetime import date
from enum import StrEnum

from pydantic import Field

from matcher.allocation import Allocation
from matcher.model import Frozen
from matcher.vocabulary import Day, ServiceType


class Limits(Frozen):
    """When a run stops; limits compose, whichever is met first.

    Parameters
    ----------
    seconds
        Wall-clock seconds for the whole run. Never promises the same answer twice.
    deterministic_time
        Solver work units for each component; with ``workers`` 1 and the same seed, the answer is
        the same wherever the run takes place.
    gap
        Share of a value by which it may differ from its bound: nearer is near enough.
    workers
        Threads for the solver; ``None`` for one a core.
    """

    seconds: float | None = Field(default=60.0, gt=0)
    deterministic_time: float | None = Field(default=None, gt=0)
    gap: float | None = Field(default=None, ge=0, lt=1)
    workers: int | None = Field(default=None, ge=1, le=64)

    @classmethod
    def reproducible(cls, deterministic_time: float = 20.0) -> Limits:
        """Return limits under which the same book and seed give the same answer anywhere."""
        return cls(seconds=None, deterministic_time=deterministic_time, workers=1)


class Progress:
    """What a run tells while it goes on; every method does nothing unless overridden.

    A run may be cancelled from another thread or a signal handler with :meth:`cancel`: it stops
    soon and keeps the best answer found.
    """

    def __init__(self) -> None:
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Ask the run to stop and keep the best answer found."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether the run was asked to stop."""
        return self._cancelled.is_set()

    def started(self, requests: int, options: int, parts: int) -> None:
        """Tell how many requests and options there are, in how many independent parts."""

    def part_started(self, part: int, requests: int) -> None:
        """Tell that a part is being solved."""

    def reported(self, report: Report) -> None:
        """Tell what is known by now; called at least every second, not always by one thread."""

    def part_done(self, part: int, requests: int, placed: int) -> None:
        """Tell that a part is solved, and how many of its requests are placed."""


class Method(StrEnum):
    """How an allocation is found."""

    TODAY = "today"
    EXACT = "exact"


class Status(StrEnum):
    """What is known of an answer."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    CANCELLED = "cancelled"
    BASELINE = "baseline"


class Stage(Frozen):
    """One objective of the published order: its value, and what no answer can beat.

    ``bound`` holds while no independent part of the book does worse in a stage before; ``None``
    when none is known.
    """

    name: str
    unit: str
    value: int
    bound: int | None

    @property
    def proved(self) -> bool:
        """Whether the value is proved to be the best possible after the stages before it."""
        return self.bound is not None and self.bound == self.value

    @property
    def gap(self) -> float | None:
        """By which share of itself the value may differ from the best; ``None`` if not known."""
        if self.bound is None:
            return None
        return (self.value - self.bound) / max(abs(self.value), 1)


class Report(Frozen):
    """What is known while a run goes on.

    Parameters
    ----------
    stages
        Every stage with its value and bound by now.
    placed
        How many may be offered a place as it is.
    seconds
        Seconds since the run began.
    """

    stages: tuple[Stage, ...]
    placed: int
    seconds: float

    @property
    def under_way(self) -> Stage | None:
        """The first stage that is not proved yet; ``None`` when all are."""
        return next((stage for stage in self.stages if not stage.proved), None)


class PriceUnit(StrEnum):
    """What a price of capacity is for."""

    CARER_HOUR = "carer_hour"
    VISIT = "visit"
    BED_NIGHT = "bed_night"
    STAY = "stay"
    BED = "bed"


class CapacityPrice(Frozen):
    """What a unit more of some scarce capacity would bring to everyone who waits.

    A point is one person at green risk left unplaced; the policy's weights say how many points a
    person at another risk is. Prices are those of a linear relaxation, and where people need two
    scarce windows at once one split of several, so they guide, and prove nothing of any one person.

    Parameters
    ----------
    provider_id, care
        Whose capacity, and for which care: homecare, or a kind of bed.
    days, from_minute, to_minute
        Homecare: the window, the same on all of these days, on which a unit is needed at once.
    first_night, last_night
        Beds: the nights; no last night stands for all that follow.
    unit
        A carer for an hour, a visit, a bed for a night, a stay, or a bed for good.
    most_each
        Visits and stays: only those so long that one carer or bed has room for no more than so
        many of them count, and a longer one may count several times.
    carers
        Double-ups: how many carers at once make a unit, for which only they count; otherwise one
        carer makes a unit.
    points
        The price of a unit.
    """

    provider_id: str
    care: ServiceType
    days: tuple[Day, ...] = ()
    from_minute: int | None = None
    to_minute: int | None = None
    first_night: date | None = None
    last_night: date | None = None
    unit: PriceUnit
    most_each: int | None = None
    carers: int | None = None
    points: float


class Result(Frozen):
    """An allocation that the referee accepted, with the proof of how good it is.

    ``how`` says for each independent part, the largest first, how many people it has and what
    was done. ``prices`` are those of all capacity found to be scarce.
    """

    method: Method
    status: Status
    allocation: Allocation
    stages: tuple[Stage, ...]
    how: tuple[str, ...] = ()
    arrangeable: int
    seconds: float
    seed: int
    limits: Limits
    policy_version: str
    software_version: str
    solver_version: str | None
    inputs_sha256: str
    prices: tuple[CapacityPrice, ...] = ()
