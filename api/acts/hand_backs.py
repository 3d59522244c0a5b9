"""Hand-backs: a provider gives a package back, and the request waits again (H15)."""

from __future__ import annotations

from datetime import date, timedelta

from api.acts.endings import HANDED_BACK, LONGEST_NOTICE, is_still_to_end, replace
from api.acts.keeping import end_again, end_booking
from api.acts.providers import terms_changed
from api.acts.requests import care_of, without
from api.errors import BadCallError
from api.schemas.providers import HandBack, HandBackKind, HandedBack
from api.security import not_found
from api.storage.books import WAITING
from api.storage.families import CHANGE
from api.storage.lines import document_of
from api.storage.offers import note_outcomes
from api.storage.providers import open_booking
from api.storage.record import Writing
from api.storage.requests import booking_of, children_of, request_row
from api.tables import BookingRow, ProviderRow
from matcher.vocabulary import Outcome


def hand_back(writing: Writing, row: ProviderRow, asked: HandBack) -> HandedBack:
    """Take a package back from its provider: its care ends, and the request waits again.

    Care that ran before the record began was never counted as free, so its capacity does not
    come back by itself: the provider states its capacity anew. Whoever finds the person
    unsuitable is not looked to again for her (H15). Told again before the last day is over, the
    care ends on the day told last, and nothing else changes.

    Raises
    ------
    NotFoundError
        If it is no order of this provider, or has ended.
    BadCallError
        If its last day would be before its first, or is years away, or is not before care by
        another provider.
    CapacityTakenError
        If its last day is put off, and what it takes is somebody else's by then.
    """
    booking = open_booking(writing.session, row.provider_id, asked.order_ref)
    if booking is None:
        return _tell_again(writing, row, asked)
    _require_last_day(writing, booking, asked.last_day)
    is_unsuitable = asked.kind is HandBackKind.UNSUITABLE
    outcome = Outcome.UNSUITABLE if is_unsuitable else Outcome.WITHDRAWN
    end_booking(writing, booking, asked.last_day, HANDED_BACK)
    was_being_replaced = _end_changes(writing, booking.request_id)
    _wait_again(writing, booking, asked.last_day, excluded=is_unsuitable or was_being_replaced)
    note_outcomes(writing, outcome, [row.provider_id], booking.request_id, asked.reason)
    terms_changed(
        writing,
        row,
        "provider.handed_back",
        order_ref=asked.order_ref,
        request_id=booking.request_id,
        last_day=asked.last_day,
        kind=asked.kind,
        reason=asked.reason,
    )
    return _handed_back(writing, booking)


def _handed_back(writing: Writing, booking: BookingRow) -> HandedBack:
    row = request_row(writing.session, booking.request_id)
    return HandedBack(
        order_ref=booking.order_ref,
        provider_id=booking.provider_id,
        request_id=booking.request_id,
        last_day=booking.ends_on or writing.today,
        waiting_since=row.waiting_since or writing.today,
    )


def _tell_again(writing: Writing, row: ProviderRow, asked: HandBack) -> HandedBack:
    """Let care that its provider gave back end on another day than was told."""
    booking = writing.session.get(BookingRow, asked.order_ref)
    if (
        booking is None
        or booking.provider_id != row.provider_id
        or booking.end_reason != HANDED_BACK
        or not is_still_to_end(writing, booking)
    ):
        raise not_found("order", asked.order_ref)
    _require_last_day(writing, booking, asked.last_day)
    following = booking_of(writing.session, booking.request_id)
    is_later = booking.ends_on is not None and asked.last_day > booking.ends_on
    if is_later and following is not None and asked.last_day >= following.starts_on:
        raise BadCallError(
            f"Care by {following.order_ref} begins on {following.starts_on}.",
            thing="last_day",
            value=asked.last_day,
            expected=f"a day before {following.starts_on}",
        )
    if asked.last_day != booking.ends_on:
        end_again(writing, booking, asked.last_day, HANDED_BACK, asked.last_day)
        booking.was_to_end_on = None
        _put_off_start(writing, booking, asked.last_day)
    return _handed_back(writing, booking)


def _put_off_start(writing: Writing, booking: BookingRow, last_day: date) -> None:
    """Let a request that waits since its care was given back be for care from the day after."""
    row = request_row(writing.session, booking.request_id)
    if row.state == WAITING:
        start_by = last_day + timedelta(days=1)
        row.document = document_of(care_of(row).model_copy(update={"start_by": start_by}))
        row.version += 1
        writing.audit("request.changed", row.request_id, version=row.version, start_by=start_by)


def _require_last_day(writing: Writing, booking: BookingRow, last_day: date) -> None:
    first = min(booking.starts_on, writing.today)
    latest = writing.today + LONGEST_NOTICE
    if not first <= last_day <= latest:
        raise BadCallError(
            f"Order {booking.order_ref} cannot be handed back from {last_day}.",
            thing="last_day",
            value=last_day,
            expected=f"a day from {first} to {latest}",
        )


def _end_changes(writing: Writing, request_id: str) -> bool:
    """End the search for another provider, for the request itself waits again; say if it was on."""
    waiting = [
        child
        for child in children_of(writing.session, request_id)
        if child.kind == CHANGE and child.state == WAITING
    ]
    for child in waiting:
        replace(writing, child)
    return bool(waiting)


def _wait_again(writing: Writing, booking: BookingRow, last_day: date, *, excluded: bool) -> None:
    """Put a request back on the list, for care from the day after; the provider is its no more.

    It comes in anew, so its clocks start anew (H22); the audit keeps when it first came in.
    """
    row = request_row(writing.session, booking.request_id)
    request, provider_id = care_of(row), booking.provider_id
    changes: dict[str, object] = {
        "waiting_since": writing.today,
        "start_by": last_day + timedelta(days=1),
    }
    if request.current_provider_id == provider_id:
        changes["current_provider_id"] = None
    if excluded:
        changes |= without(request, provider_id)
    row.document = document_of(request.model_copy(update=changes))
    row.state, row.waiting_since = WAITING, writing.today
    before, row.received_at = row.received_at, writing.now
    row.version += 1
    told = {"received_at_before": before, "provider_excluded": provider_id if excluded else None}
    writing.audit("request.waits_again", row.request_id, version=row.version, **told)
