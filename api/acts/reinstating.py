"""Reinstating: an end that was told is taken back before its day, and care goes on as booked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy.orm import Session

from api.acts.endings import (
    CALLED_OFF,
    call_off,
    close_enquiries,
    ended_together,
    ended_with,
    is_still_to_end,
    is_told,
    lose_offers,
)
from api.acts.keeping import end_again, go_on, keep_to
from api.acts.promises import give_back
from api.acts.requests import care_of
from api.errors import ConflictError
from api.storage.books import ARRANGED, ENDED, WAITING
from api.storage.families import CHANGE, INCREASE
from api.storage.lines import document_of
from api.storage.offers import unsuitable_for
from api.storage.record import Writing
from api.storage.requests import booking_of, children_of, ended_bookings, request_row
from api.storage.runs import make_stale
from api.tables import BookingRow, RequestRow


def reinstate(writing: Writing, row: RequestRow, reason: str) -> None:
    """Take back that a request has ended, with all that ended in the same change.

    Booked care goes on as if nobody had told an end, and so does notice that the end cut short;
    who waited waits again. What was held, offered and asked for her is not: that was everybody's
    to take.

    Raises
    ------
    ConflictError
        If it has not ended, other care took its place, its care is over, or what it is beside
        has ended too.
    CapacityTakenError
        If what its care takes is somebody else's by now.
    """
    if row.state != ENDED:
        raise _refused(row, f"Request {row.request_id} has not ended.", "a request that has ended")
    if not is_told(row):
        raise _refused(
            row,
            f"Request {row.request_id} is {row.end_reason}: nobody told an end of it.",
            "the reinstatement of its booking, before other care begins",
        )
    scope = ended_together(writing.session, row, row.end_reason or "")
    together = [each for each in scope if each.state == ENDED and each.ended_at == row.ended_at]
    _require_place(writing.session, row, together)
    for each in together:
        _reinstate_one(writing, each, reason)
    for each in scope:
        _lengthen(writing, each)


def _reinstate_one(writing: Writing, row: RequestRow, reason: str) -> None:
    booking = ended_with(writing.session, row)
    if booking is not None:
        _require_to_come(writing, booking)
        go_on(writing, booking, reason)
    _stands_again(writing, row, WAITING if booking is None else ARRANGED, reason)


def _stands_again(writing: Writing, row: RequestRow, state: str, reason: str) -> None:
    before = {"state": row.state, "ended_at": row.ended_at, "reason": row.end_reason}
    row.state, row.ended_at, row.end_reason = state, None, None
    row.version += 1
    writing.audit(
        "request.reinstated",
        row.request_id,
        version=row.version,
        state=state,
        reason=reason,
        before=before,
    )


def _lengthen(writing: Writing, row: RequestRow) -> None:
    """Let notice that was cut short run on to the day on which it was to end."""
    for booking in ended_bookings(writing.session, row.request_id):
        first = booking.was_to_end_on
        if first is None:
            continue
        before = booking.ends_on
        booking.ends_on, booking.was_to_end_on = first, None
        booking.version += 1
        keep_to(writing, booking, first)
        told = {"ends_on": first, "reason": booking.end_reason, "before": before}
        writing.audit("booking.end_changed", booking.order_ref, **told)


def _require_place(session: Session, row: RequestRow, together: list[RequestRow]) -> None:
    """Refuse to reinstate what is beside care that has ended, or in whose place other care is.

    Raises
    ------
    ConflictError
        If it is so.
    """
    if row.parent_id is None:
        return
    parent = request_row(session, row.parent_id)
    if parent in together:
        return
    if row.kind == CHANGE and ended_with(session, row) is not None:
        has_place = parent.state == ENDED
    elif row.kind == CHANGE:
        others = [each for each in children_of(session, parent.request_id) if each is not row]
        is_looked_for = any(each.kind == CHANGE and each.state == WAITING for each in others)
        has_place = parent.state == ARRANGED and not is_looked_for
    else:
        has_place = parent.state != ENDED
    if not has_place:
        raise _refused(
            row,
            f"Request {row.request_id} was beside {parent.request_id}, which is {parent.state}.",
            f"a new request beside {parent.request_id}, or its reinstatement first",
        )


# -- notice called off -------------------------------------------------------------------------


def reinstate_booking(writing: Writing, booking: BookingRow, reason: str) -> None:
    """Let a booking that was to end go on: its notice, or the care in its place, is called off.

    Raises
    ------
    ConflictError
        If it has no end, its last day is over, care in its place has begun, or its request has
        another provider.
    CapacityTakenError
        If what it takes is somebody else's from some day on.
    """
    row = request_row(writing.session, booking.request_id)
    if booking.ended_at is None:
        raise _refused(row, f"Booking {booking.order_ref} runs.", "a booking that is to end")
    if row.state == ENDED and is_told(row):
        reinstate(writing, row, reason)
        return
    _require_to_come(writing, booking)
    if row.state == ENDED:
        _require_place(writing.session, row, [])
        _call_off_changes(writing, row, booking)
    else:
        _call_off_notice(writing, row, booking)
        _call_off_bookings(writing, row, row, booking)
    go_on(writing, booking, reason)
    _stands_again(writing, row, ARRANGED, reason)


def _call_off_changes(writing: Writing, row: RequestRow, booking: BookingRow) -> None:
    """End what was to come in the place of some care; its increases are beside that care again."""
    _call_off_bookings(writing, row, row, booking)
    for change in _changes_of(writing.session, row):
        current = booking_of(writing.session, change.request_id)
        if current is not None and current.starts_on <= writing.today:
            raise _refused(
                row,
                f"Care in its place has begun on {current.starts_on}, by order "
                f"{current.order_ref}.",
                f"a change of provider beside {change.request_id}",
            )
        _call_off_bookings(writing, row, change, booking)
        for beside in children_of(writing.session, change.request_id):
            if beside.kind == INCREASE:
                beside.parent_id = row.request_id
                beside.version += 1
        if change.state != ENDED:
            call_off(writing, change)


def _call_off_bookings(
    writing: Writing, row: RequestRow, other: RequestRow, booking: BookingRow
) -> None:
    """Call off care that was ended before it began, and would run beside what is reinstated.

    Care that its provider gave back, or that was to end on a later day, still has its days to
    come: without this they would stay promised for somebody who is served already.

    Parameters
    ----------
    writing
        The change.
    row, booking
        What is reinstated.
    other
        The request whose care is called off: the same, or a change of provider that came of it.
    """
    for each in ended_bookings(writing.session, other.request_id):
        last = each.ends_on
        if each is booking or last is None or last < max(writing.today, booking.starts_on):
            continue
        if each.starts_on <= writing.today:
            raise _refused(
                row,
                f"Care by order {each.order_ref} in its place has begun and runs until {last}.",
                f"an end of {each.order_ref} that is over first",
            )
        yesterday = writing.today - timedelta(days=1)
        if last >= each.starts_on:
            end_again(writing, each, writing.today, CALLED_OFF, yesterday)


def _changes_of(session: Session, row: RequestRow) -> Iterator[RequestRow]:
    """Yield the changes of provider that came of a request, one after another."""
    for child in children_of(session, row.request_id):
        if child.kind == CHANGE:
            yield child
            yield from _changes_of(session, child)


def _call_off_notice(writing: Writing, row: RequestRow, booking: BookingRow) -> None:
    """End the search of a request whose provider keeps it after all."""
    if row.state != WAITING:
        raise _refused(
            row,
            f"Request {row.request_id} has another provider by now.",
            "a request that waits since its provider gave it back",
        )
    if booking.provider_id in unsuitable_for(writing.session, row.request_id):
        raise _refused(
            row,
            f"{booking.provider_id} has found {row.request_id} unsuitable for it (H15).",
            "another provider",
        )
    give_back(writing, row.request_id)
    close_enquiries(writing, row.request_id)
    lose_offers(writing, row.request_id)
    make_stale(writing, row.request_id)
    request = care_of(row)
    others = [each for each in request.excluded_providers if each != booking.provider_id]
    row.document = document_of(request.model_copy(update={"excluded_providers": tuple(others)}))


def _require_to_come(writing: Writing, booking: BookingRow) -> None:
    if not is_still_to_end(writing, booking):
        raise ConflictError(
            f"The care of {booking.order_ref} was over on {booking.ends_on}.",
            thing=f"booking {booking.order_ref}",
            value=booking.ends_on,
            expected="a booking whose last day is not over: take in a new request",
        )


def _refused(row: RequestRow, told: str, expected: str) -> ConflictError:
    return ConflictError(
        told, thing=f"request {row.request_id}", value=row.state, expected=expected
    )
