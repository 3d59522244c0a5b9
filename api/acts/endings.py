"""Endings: of a request and its search, of a booking, and what they give back and when (H25)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from api.acts.keeping import end_again, end_booking, keep_to
from api.acts.requests import require_open
from api.clocks import LONDON
from api.errors import BadCallError
from api.schemas.requests import Ending, EndReason
from api.storage.books import ENDED
from api.storage.enquiries import invitations_of, replies_to
from api.storage.offers import LOST, note_outcomes, standing_offers
from api.storage.record import Writing
from api.storage.requests import (
    booking_of,
    descendants_of,
    ended_bookings,
    family_of,
    open_enquiries,
    promises_of,
)
from api.storage.runs import make_stale
from api.storage.supply import HOLD, release
from api.tables import BookingRow, EnquiryRow, RequestRow
from matcher.vocabulary import Outcome

LONGEST_NOTICE = timedelta(days=366)
OF_THE_PERSON = frozenset({EndReason.DIED, EndReason.MOVED_AWAY})
"""Reasons that are the person's, and so end every request of her care, not only one."""
REPLACED, CALLED_OFF = "replaced", "called_off"
"""The reasons of ends that nobody tells: other care comes in its place, or will not come."""
HANDED_BACK = "handed_back"
"""The reason of the end of a booking that its provider gives back: its request waits again."""
NOT_TOLD = frozenset({REPLACED, CALLED_OFF})


@dataclass(frozen=True)
class _End:
    """How care ends.

    Parameters
    ----------
    reason
        Why.
    last_day
        Its last day.
    kept_to
        The last day on which its capacity is nobody else's; yesterday if it is free at once.
    note
        What else was said of it.
    """

    reason: str
    last_day: date
    kept_to: date
    note: str = ""


def _told(writing: Writing, ending: Ending) -> _End:
    """Return how care ends that somebody says is to end.

    The last day is a day of care, and today is one like any other: somebody may sleep there
    tonight. Who has died does not, and who gives no last day says that the care is over.
    """
    last_day = ending.ends_on or writing.today
    is_over = ending.ends_on is None or ending.reason is EndReason.DIED
    kept_to = _yesterday(writing) if is_over and last_day == writing.today else last_day
    return _End(ending.reason.value, last_day, kept_to, ending.note)


def _yesterday(writing: Writing) -> date:
    return writing.today - timedelta(days=1)


def end(writing: Writing, row: RequestRow, ending: Ending) -> None:
    """End a request: its search closes, and all it held is free at once (H25).

    Booked care keeps its capacity until its last day is over, where one is given and it is not
    the day of a death. A person who died or has moved away ends every request of her care;
    whatever else ends care ends what was asked for beside it. An end that is still to come may be
    told again: care then ends on the day told last, and nothing changes where that is the same.

    Raises
    ------
    ConflictError
        If all of it has ended already.
    CapacityTakenError
        If it is put off, and what it takes is somebody else's by then.
    """
    ended = ended_together(writing.session, row, ending.reason)
    _require_something_to_end(writing, row, ended, ending.reason)
    told, before = _told(writing, ending), row.ended_at
    for each in ended:
        if each.state != ENDED:
            _end_one(writing, each, told)
        elif is_told(each) and is_to_come(writing, each):
            # Beside what is told of, care that was to end on another day is only ended sooner.
            _end_again(writing, each, told, only_sooner=each.ended_at != before)
        _cut_short(writing, each, told)


def _require_something_to_end(
    writing: Writing, row: RequestRow, ended: list[RequestRow], reason: str
) -> None:
    """Refuse an end of what is over; only what ends all care is told of what was replaced, too."""
    if reason in OF_THE_PERSON:
        is_left = any(each.state != ENDED or is_to_come(writing, each) for each in ended)
    else:
        is_left = row.state != ENDED or (is_told(row) and is_to_come(writing, row))
    if not is_left:
        require_open(row)


def is_told(row: RequestRow) -> bool:
    """Say whether people said why a request has ended; other care may have taken its place."""
    return row.end_reason not in NOT_TOLD


def is_to_come(writing: Writing, row: RequestRow) -> bool:
    """Say whether any care of a request still runs out its last days, or was ended today only."""
    bookings = ended_bookings(writing.session, row.request_id)
    return any(is_still_to_end(writing, booking) for booking in bookings)


def is_still_to_end(writing: Writing, booking: BookingRow) -> bool:
    """Say whether the last day of care is not over, or its end was told today."""
    if booking.ends_on is None or booking.ended_at is None:
        return False
    told_on = booking.ended_at.astimezone(LONDON).date()
    return booking.ends_on >= writing.today or told_on == writing.now.astimezone(LONDON).date()


def ended_with(session: Session, row: RequestRow) -> BookingRow | None:
    """Return the booking that ended when its request did; ``None`` where none ran then."""
    for booking in ended_bookings(session, row.request_id):
        if booking.ended_at == row.ended_at:
            return booking
    return None


def _end_again(writing: Writing, row: RequestRow, told: _End, *, only_sooner: bool) -> None:
    """Let a request that has ended end for another reason, or its care on another day."""
    booking = ended_with(writing.session, row)
    last_day = None if booking is None else booking.ends_on
    if only_sooner and (last_day is None or told.kept_to >= last_day):
        return
    is_same_day = last_day is None or last_day == told.last_day
    if is_same_day and row.end_reason == told.reason:
        if booking is not None:
            keep_to(writing, booking, told.kept_to)
        return
    before = {"reason": row.end_reason, "ended_at": row.ended_at}
    row.ended_at, row.end_reason = writing.now, told.reason
    row.version += 1
    writing.audit(
        "request.end_changed",
        row.request_id,
        version=row.version,
        reason=told.reason,
        note=told.note,
        before=before,
    )
    if booking is not None:
        end_again(writing, booking, told.last_day, told.reason, told.kept_to)


def _cut_short(writing: Writing, row: RequestRow, told: _End) -> None:
    """End care sooner that runs out its notice, for nobody needs it any more.

    It never ends later than was said before; that day is kept, in case this end is taken back.
    """
    own = ended_with(writing.session, row) if is_told(row) else None
    for booking in ended_bookings(writing.session, row.request_id):
        first = booking.was_to_end_on or booking.ends_on
        if booking is own or first is None or first < writing.today:
            continue
        last_day = min(first, told.last_day)
        kept_to = min(first, max(told.kept_to, _yesterday(writing)))
        was_to_end_on = first if kept_to < first else None
        if booking.was_to_end_on == was_to_end_on is None:
            continue
        keep_to(writing, booking, kept_to)
        if (booking.ends_on, booking.was_to_end_on) == (last_day, was_to_end_on):
            continue
        booking.ends_on, booking.was_to_end_on = last_day, was_to_end_on
        booking.version += 1
        told_of = {"ends_on": last_day, "reason": told.reason, "before": first}
        writing.audit("booking.cut_short", booking.order_ref, **told_of)


def replace(writing: Writing, row: RequestRow, last_day: date | None = None) -> None:
    """End a request in whose place other care, or another search for it, comes (H18).

    What was asked for beside it goes on.

    Parameters
    ----------
    writing
        The change.
    row
        The request.
    last_day
        The last day of its care, where any runs.

    Raises
    ------
    ConflictError
        If it has ended already.
    """
    require_open(row)
    last_day = last_day or writing.today
    _end_one(writing, row, _End(REPLACED, last_day, kept_to=last_day))


def ended_together(session: Session, row: RequestRow, reason: str) -> list[RequestRow]:
    """Return which requests end with one for some reason; that one first."""
    if reason in OF_THE_PERSON:
        return family_of(session, row)
    return [row, *descendants_of(session, row.request_id)]


def _end_one(writing: Writing, row: RequestRow, told: _End) -> None:
    close_enquiries(writing, row.request_id)
    lose_offers(writing, row.request_id)
    make_stale(writing, row.request_id)
    held = promises_of(writing.session, row.request_id)
    # A return is no promise to the person, but capacity that the provider has back.
    release(writing, [each for each in held if each.kind == HOLD])
    booking = booking_of(writing.session, row.request_id)
    if booking is not None:
        end_booking(writing, booking, told.last_day, told.reason, told.kept_to)
    row.state, row.ended_at, row.end_reason = ENDED, writing.now, told.reason
    row.version += 1
    writing.audit(
        "request.ended", row.request_id, version=row.version, reason=told.reason, note=told.note
    )


def call_off(writing: Writing, row: RequestRow) -> None:
    """End a request for other care that is not to come: what was there before it goes on."""
    told = _End(CALLED_OFF, last_day=writing.today, kept_to=_yesterday(writing))
    _end_one(writing, row, told)


def end_as_told(writing: Writing, row: RequestRow, ending: Ending) -> None:
    """End a request as somebody says, whose care ends on a day that can be.

    Raises
    ------
    ConflictError
        If it has ended already, and its care too.
    BadCallError
        If its care would end before it began, or years from now; or if a death is told ahead.
    CapacityTakenError
        If its end is put off, and what it takes is somebody else's by then.
    """
    ended = ended_together(writing.session, row, ending.reason)
    _require_something_to_end(writing, row, ended, ending.reason)
    if ending.ends_on is not None:
        _require_last_day(writing, ended, ending.reason, ending.ends_on)
    end(writing, row, ending)


def _require_last_day(
    writing: Writing, ended: list[RequestRow], reason: EndReason, ends_on: date
) -> None:
    """Refuse a last day before the first; care that has not begun may be called off today."""
    has_died = reason is EndReason.DIED
    latest = writing.today if has_died else writing.today + LONGEST_NOTICE
    if ends_on > latest:
        raise BadCallError(
            f"Nobody can have died on {ends_on} already."
            if has_died
            else f"Care cannot be ended on {ends_on} already.",
            thing="ends_on",
            value=ends_on,
            expected=f"{latest} or an earlier day",
        )
    session = writing.session
    bookings = [booking_of(session, each.request_id) or ended_with(session, each) for each in ended]
    starts = [booking.starts_on for booking in bookings if booking is not None]
    if starts and ends_on < (first := min(*starts, writing.today)):
        raise BadCallError(
            f"Care that starts on {min(starts)} cannot have ended on {ends_on}.",
            thing="ends_on",
            value=ends_on,
            expected=f"{first} or a later day",
        )


def lose_offers(writing: Writing, request_id: str, winner: str | None = None) -> None:
    """Let the offers for a request that still stand be lost, all but the one that is booked.

    Whoever offered and was not chosen keeps its turn: the ledger gets no line of it (S3).
    """
    standing = standing_offers(writing.session, request_id)
    lost = [offer for offer in standing if offer.offer_id != winner]
    for offer in lost:
        offer.state = LOST
        offer.version += 1
    if lost:
        offer_ids = [offer.offer_id for offer in lost]
        writing.audit("offers.lost", request_id, offer_ids=offer_ids)


def close_enquiries(writing: Writing, request_id: str) -> None:
    """Close every enquiry that is still open for a request."""
    for enquiry in open_enquiries(writing.session, request_id):
        close_enquiry(writing, enquiry)


def close_enquiry(writing: Writing, enquiry: EnquiryRow, *, has_run: bool = False) -> None:
    """Close an enquiry; whoever let its whole window pass without a word is noted as silent.

    Parameters
    ----------
    writing
        The change.
    enquiry
        One that nobody has closed.
    has_run
        Whether silence counts although the window has not passed: a broker has waited enough.
    """
    enquiry.closed_at = writing.now
    silent: list[str] = []
    if has_run or enquiry.closes_at <= writing.now:
        replied = replies_to(writing.session, enquiry.enquiry_id)
        silent = [
            each.provider_id
            for each in invitations_of(writing.session, enquiry.enquiry_id)
            if each.declined_at is None and each.provider_id not in replied
        ]
        note_outcomes(writing, Outcome.NO_REPLY, silent, enquiry.request_id)
    writing.audit(
        "enquiry.closed", enquiry.enquiry_id, request_id=enquiry.request_id, silent=silent
    )
