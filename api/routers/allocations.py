"""Runs over HTTP: the night's allocation asked for, watched, cancelled, and its files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.acts import proposals, runs
from api.dependencies import Allow, ChangesOf, ServiceOf
from api.errors import NotFoundError
from api.guarding import GuardedRoute
from api.schemas.pages import PageOf
from api.schemas.runs import (
    Acceptance,
    Accepted,
    ProposalList,
    RunAsked,
    RunFile,
    RunList,
    RunState,
)
from api.security import BROKER, STAFF, Caller, Reach, Role, Rule
from api.storage import runs as stored
from api.storage.record import Writing
from matcher.model import Id

router = APIRouter(prefix="/v1/allocations", tags=["allocations"], route_class=GuardedRoute)
MAY_READ = Allow(Rule(STAFF))
MAY_ASK = Allow(Rule(BROKER | {Role.COMMISSIONER: Reach.ANY}))
MAY_ACCEPT = Allow(Rule(BROKER))
Reader = Annotated[Caller, Depends(MAY_READ)]
Asker = Annotated[Caller, Depends(MAY_ASK)]
Acceptor = Annotated[Caller, Depends(MAY_ACCEPT)]
PLAIN_ACCEPTANCE, USUAL_RUN = Acceptance(), RunAsked()
"""What calls without a body say."""
MEDIA_TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


@router.post("", status_code=202)
def ask_for_run(
    *,
    caller: Asker,
    service: ServiceOf,
    changes: ChangesOf,
    response: Response,
    body: RunAsked = USUAL_RUN,
) -> RunState:
    """Ask for everyone waiting to be placed at once; a worker takes the runs one after another.

    The night's own run goes first, and one key may have some runs at once only.

    What it finds are proposals, never bookings (H14), and care that runs is never moved (H18).
    """
    limits = body.limits(service.settings.run_seconds)

    def act(writing: Writing) -> RunState:
        runs.require_room(writing, limits, service.settings)
        return runs.state_of(runs.ask(writing, limits, body.seed))

    answered = changes.make(RunState, act)
    response.headers["Location"] = f"/v1/allocations/{answered.run_id}"
    return answered


@router.get("")
def list_runs(*, caller: Reader, service: ServiceOf, page: PageOf) -> RunList:
    """List the runs, the newest first."""
    with service.record.reading() as session:
        rows = stored.newest_runs(session, page.wanted, page.only_key(str))
    shown, following = page.cut(rows, lambda row: (row.run_id,))
    return RunList(items=[runs.line_of(row) for row in shown], next=following)


@router.get("/{run_id}")
def read_run(*, caller: Reader, service: ServiceOf, run_id: Id) -> RunState:
    """Read how far a run has come: what it knows while it runs, and what it found when done."""
    with service.record.reading() as session:
        return runs.state_of(stored.read_run(session, run_id))


@router.post("/{run_id}/cancellation")
def cancel_run(*, caller: Asker, changes: ChangesOf, run_id: Id) -> RunState:
    """Cancel a run: at once where it waits; one that runs soon stops and keeps what it found."""

    def act(writing: Writing) -> RunState:
        row = stored.run_row(writing.session, run_id)
        runs.cancel(writing, row)
        return runs.state_of(row)

    return changes.make(RunState, act)


@router.get(
    "/{run_id}/files/{name}",
    response_class=Response,
    responses={200: {"content": {"application/json": {}, "text/csv": {}}}},
)
def read_file(*, caller: Reader, service: ServiceOf, run_id: Id, name: RunFile) -> Response:
    """Give a file of a run's allocation folder as ``carematch allocate`` would write it."""
    with service.record.reading() as session:
        row = stored.read_run(session, run_id)
    text = (row.files or {}).get(name.value)
    if text is None:
        raise NotFoundError(
            f"Run {run_id} is {row.state} and has no files.",
            thing=f"run {run_id}",
            value=row.state,
            expected="a run that is done",
        )
    return Response(text, media_type=MEDIA_TYPES[name.value.rpartition(".")[2]])


@router.get("/{run_id}/proposals")
def list_proposals_of_run(
    *, caller: Reader, service: ServiceOf, page: PageOf, run_id: Id
) -> ProposalList:
    """List what a run proposes and what became of each, the riskiest people first."""
    with service.record.reading() as session:
        stored.read_run(session, run_id)
        return proposals.listed(session, page, run_id=run_id)


@router.post("/{run_id}/acceptance")
def accept_run(
    *,
    caller: Acceptor,
    service: ServiceOf,
    changes: ChangesOf,
    run_id: Id,
    body: Acceptance = PLAIN_ACCEPTANCE,
) -> Accepted:
    """Accept every open proposal of a run at once: each becomes an offer with its capacity held.

    Those that no longer fit are told with the reason and are left as they are.
    """
    hours = service.settings.hold_hours

    def act(writing: Writing) -> Accepted:
        stored.read_run(writing.session, run_id)
        return proposals.accept_all(writing, service.supply, run_id, body.note, hours)

    return changes.make(Accepted, act)
