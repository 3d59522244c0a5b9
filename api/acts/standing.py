"""How a request stands: what has become of it, by which clocks, and whether it may be searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from api.acts.money import as_left
from api.acts.requests import care_of
from api.clocks import FIND_HOURS, RESPOND_HOURS, SERVICE_HOURS, Clock
from api.errors import ConflictError
from api.schemas.requests import DueClock, RequestLine, RequestState, RequestStatus
from api.storage.books import ARRANGED, ENDED, WAITING
from api.storage.requests import (
    Wanted,
    booking_of,
    bookings_that_run,
    first_responses,
    with_the_closed,
)
from api.tables import BookingRow, RequestRow
from matcher.closures import Displaced, displaced_from
from matcher.eligibility import missing_fields, request_refusals, request_warnings
from matcher.market import Market
from matcher.model import Provider
from matcher.vocabulary import Risk, ServiceType


def is_suspended(row: RequestRow, today: date) -> bool:
    """Say whether care is suspended on a day: a known restart ends it by itself."""
    if row.suspended_from is None or today < row.suspended_from:
        return False
    return row.suspended_until is None or today < row.suspended_until


def require_not_suspended(row: RequestRow, today: date) -> None:
    """Refuse to search for care that is suspended (H19).

    Raises
    ------
    ConflictError
        If it is.
    """
    if is_suspended(row, today):
        raise ConflictError(
            f"Request {row.request_id} is suspended from {row.suspended_from}.",
            thing=f"request {row.request_id}",
            value=row.suspended_from,
            expected="a request that is not suspended: resume it first",
        )


def state_of(session: Session, row: RequestRow, clock: Clock, market: Market) -> RequestState:
    """Return a request with what has become of it."""
    request = care_of(row)
    left = as_left(session, row, clock.today())
    booking = booking_of(session, row.request_id)
    refusals = request_refusals(left, market.book, market.policy)
    suspended = is_suspended(row, clock.today())
    return RequestState(
        request=request,
        state=RequestStatus(row.state),
        kind=row.kind,
        version=row.version,
        key_worker=row.key_worker,
        received_at=row.received_at,
        waited_days=_waited(row, clock),
        clocks=clocks_of(session, [row], clock)[row.request_id],
        urgent_by=row.urgent_by,
        urgent_at=row.urgent_at,
        suspended_from=row.suspended_from,
        restarts_on=row.suspended_until,
        parent_id=row.parent_id,
        provider_id=None if booking is None else booking.provider_id,
        order_ref=None if booking is None else booking.order_ref,
        money_asked_by=row.money_asked_by,
        money_agreed_by=row.money_agreed_by,
        money_agreed_at=row.money_agreed_at,
        budget_left_pence_per_week=left.personal_budget_pence_per_week,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        may_be_searched=row.state == WAITING and not refusals and not suspended,
        missing=list(missing_fields(request, market.book.services_by_group)),
        warnings=list(request_warnings(request, market.policy)),
    )


def _waited(row: RequestRow, clock: Clock) -> int | None:
    if row.waiting_since is None or row.state != WAITING:
        return None
    return max((clock.today() - row.waiting_since).days, 0)


def clocks_of(
    session: Session, rows: Sequence[RequestRow], clock: Clock
) -> dict[str, list[DueClock]]:
    """Return the clocks of requests: to respond, to find homecare, until care is received (H22).

    A booking stops the first two; the third runs until the day on which the booked care starts.
    """
    responded = first_responses(session, [row.request_id for row in rows])
    arranged = [row.request_id for row in rows if row.state == ARRANGED]
    bookings = bookings_that_run(session, arranged) if arranged else {}
    found = {}
    for row in rows:
        booking = bookings.get(row.request_id)
        booked_at = None if booking is None else booking.booked_at
        hours = {"respond": (RESPOND_HOURS, responded.get(row.request_id) or booked_at)}
        if row.service_type == ServiceType.HOMECARE:
            hours["find_homecare"] = (FIND_HOURS, booked_at)
        started_at = None if booking is None else _started(booking, clock)
        hours["service_received"] = (SERVICE_HOURS, started_at)
        found[row.request_id] = [
            _due(row, clock, name, *each) for name, each in hours.items() if row.state != ENDED
        ]
    return found


def _started(booking: BookingRow, clock: Clock) -> datetime | None:
    """Return when booked care started; ``None`` where its first working hour is yet to come."""
    starts_at = clock.opening_of(booking.starts_on, booking.booked_at)
    return starts_at if starts_at <= clock.now() else None


def _due(
    row: RequestRow, clock: Clock, name: str, hours: float, done_at: datetime | None
) -> DueClock:
    due_at = clock.after_working_hours(row.received_at, hours)
    return DueClock(
        name=name,
        working_hours=hours,
        due_at=due_at,
        done_at=done_at,
        is_late=(done_at or clock.now()) > due_at,
    )


def displaced_beside(session: Session, wanted: Wanted) -> list[Displaced]:
    """Return who has to be placed anew, beside a list of people who wait; none beside others.

    Parameters
    ----------
    session
        Where to read.
    wanted
        Which requests are listed.
    """
    if wanted.state != WAITING:
        return []
    return [
        displaced_from(
            row.request_id,
            Provider.model_validate(document),
            homecare=row.service_type == ServiceType.HOMECARE,
        )
        for row, document in with_the_closed(session, replace(wanted, state=ARRANGED))
    ]


def line_of(row: RequestRow, clocks: Sequence[DueClock], clock: Clock) -> RequestLine:
    """Return a request as the list shows it."""
    running = sorted((c for c in clocks if c.done_at is None), key=lambda each: each.due_at)
    risk = row.document.get("risk")
    return RequestLine(
        request_id=row.request_id,
        service_type=ServiceType(row.service_type),
        risk=None if risk is None else Risk(risk),
        waiting_since=row.waiting_since,
        waited_days=_waited(row, clock),
        zone=row.zone,
        state=RequestStatus(row.state),
        version=row.version,
        is_urgent=row.urgent_by is not None or bool(row.document.get("urgent_reason")),
        is_suspended=is_suspended(row, clock.today()),
        next_clock=running[0] if running else None,
    )
