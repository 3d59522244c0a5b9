"""What is said of runs and their proposals: asked for, under way, done, accepted, refused."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from api.schemas.holds import GivenBack
from api.schemas.requests import Reason
from matcher.allocation import Placed
from matcher.files.results import Summary
from matcher.model import Frozen, Text
from matcher.result import Limits, Report, Stage, Status

MOST_SECONDS = 3600.0
MOST_SEED = 2**31 - 1


class RunStatus(StrEnum):
    """How far a run has come.

    A run that is cancelled while it runs ends as ``done`` with what was found until then, and its
    summary's status says ``cancelled``; ``cancelled`` is one that nothing was found for.
    """

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RunFile(StrEnum):
    """A file of an allocation folder."""

    SUMMARY = "summary.json"
    PLACEMENTS = "placements.csv"
    VISIT_TIMES = "visit_times.csv"
    UNPLACED = "unplaced.csv"
    PRICES = "prices.csv"


class RunAsked(Frozen):
    """When a run is to stop, whichever comes first; nothing needs to be given.

    Parameters
    ----------
    seconds
        Wall-clock seconds; the service's own setting when neither these nor
        ``deterministic_time`` are given.
    deterministic_time
        Solver work for each independent part, by one worker: the same book and seed then give
        the same answer.
    gap
        Near enough: stop an objective once its value is within this share of its bound.
    seed
        The solver's seed.
    """

    seconds: Annotated[float, Field(gt=0, le=MOST_SECONDS)] | None = None
    deterministic_time: Annotated[float, Field(gt=0, le=MOST_SECONDS)] | None = None
    gap: Annotated[float, Field(ge=0, lt=1)] | None = None
    seed: Annotated[int, Field(ge=0, le=MOST_SEED)] = 0

    def limits(self, usual_seconds: float) -> Limits:
        """Return the limits that this comes to.

        Parameters
        ----------
        usual_seconds
            Seconds for a run that nothing else is said of.
        """
        if self.deterministic_time is None:
            seconds = usual_seconds if self.seconds is None else self.seconds
            return Limits(seconds=seconds, gap=self.gap)
        return Limits(
            seconds=self.seconds,
            deterministic_time=self.deterministic_time,
            gap=self.gap,
            workers=1,
        )


class RunProgress(BaseModel):
    """What is known of a run by now; value, bound and gap are of the stage under way.

    Parameters
    ----------
    stage, value, bound, gap
        The first objective of the published order that is not proved yet; ``None`` when all are.
    placed
        How many may be offered a place as it is.
    seconds
        Seconds since the solving began.
    stages
        Every stage with its value and bound.
    """

    stage: str | None
    value: int | None
    bound: int | None
    gap: float | None
    placed: int
    seconds: float
    stages: tuple[Stage, ...]

    @classmethod
    def of(cls, report: Report) -> RunProgress:
        """Return a solver's report as a run shows it."""
        under_way = report.under_way
        return cls(
            stage=under_way and under_way.name,
            value=under_way and under_way.value,
            bound=under_way and under_way.bound,
            gap=under_way and under_way.gap,
            placed=report.placed,
            seconds=round(report.seconds, 1),
            stages=report.stages,
        )


class RunState(BaseModel):
    """A run with what has become of it."""

    run_id: str
    state: RunStatus
    asked_at: datetime
    asked_by: str
    limits: Limits
    seed: int
    attempts: int
    cancel_asked: bool
    started_at: datetime | None
    finished_at: datetime | None
    progress: RunProgress | None
    summary: Summary | None
    files: list[RunFile]
    failure: str | None


class RunLine(BaseModel):
    """A run on the list, shortly."""

    run_id: str
    state: RunStatus
    asked_at: datetime
    asked_by: str
    finished_at: datetime | None
    status: Status | None
    placed: int | None
    needs_approval: int | None
    unplaced: int | None


class RunList(BaseModel):
    """One page of runs, the newest first."""

    items: list[RunLine]
    next: str | None


# -- proposals ---------------------------------------------------------------------------------


class ProposalStatus(StrEnum):
    """What became of a proposal.

    ``superseded`` by those of a later run; ``stale`` because its request no longer waits.
    """

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    STALE = "stale"


class ProposalState(BaseModel):
    """One placement that a run proposes; accepted, it is an offer and not a booking (H14)."""

    proposal_id: str
    run_id: str
    request_id: str
    provider_id: str
    state: ProposalStatus
    placed: Placed
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None
    offer_id: str | None
    given_back: list[GivenBack] = []
    """What was held for the person besides, and is not any more since it was accepted."""


class ProposalList(BaseModel):
    """One page of proposals, the riskiest people first."""

    items: list[ProposalState]
    next: str | None


class Acceptance(Frozen):
    """That a proposal is taken on as an offer, and why if there is more to say."""

    note: Text = ""


class ProposalRefusal(Frozen):
    """Why a proposal is not taken on."""

    reason: Reason


class NotAccepted(BaseModel):
    """A proposal that no longer fits, and why."""

    proposal_id: str
    request_id: str
    reason: str


class Accepted(BaseModel):
    """What became of the open proposals of a run that were accepted together."""

    accepted: list[ProposalState]
    not_accepted: list[NotAccepted]
    given_back: list[GivenBack] = []
    """What was held for these people besides, and is not any more."""
