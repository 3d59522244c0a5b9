"""Keeping: how long booked capacity stays taken when care ends, ends on another day, or goes on."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from api.acts.promises import place
from api.acts.requests import care_of
from api.clocks import end_of_day
from api.storage.ids import new_id
from api.storage.offers import BOOKED, OVER, offer_row
from api.storage.record import Writing
from api.storage.requests import request_row
from api.storage.supply import BOOKING, RETURN, let_run_out, promise, release
from api.tables import BookingRow, CommitmentRow
from matcher.commitments import Commitment


def end_booking(
    writing: Writing,
    booking: BookingRow,
    ends_on: date,
    reason: str,
    kept_to: date | None = None,
) -> None:
    """End a booking; its capacity is free when its last day is over, or at once (H25).

    The last day is a day of care, and the night after it still takes the bed. Capacity that the
    provider has since counted as taken comes back as a return, until the provider states its
    capacity anew: a bed from the first night after. Carers counted as taken do not come back
    where the last day is not over, for a return has no first day: the provider states anew what
    it has.

    Parameters
    ----------
    writing
        The change.
    booking
        One that has not ended.
    ends_on
        The last day of care.
    reason
        Why it ends.
    kept_to
        The last day on which its capacity is nobody else's; ``ends_on`` when not given.
    """
    booking.ended_at, booking.ends_on, booking.end_reason = writing.now, ends_on, reason
    booking.version += 1
    offer = None if booking.offer_id is None else offer_row(writing.session, booking.offer_id)
    if offer is not None:
        offer.state = OVER
        offer.version += 1
    keep_to(writing, booking, kept_to or ends_on)
    writing.audit("booking.ended", booking.order_ref, ends_on=ends_on, reason=reason)


def end_again(
    writing: Writing, booking: BookingRow, ends_on: date, reason: str, kept_to: date
) -> None:
    """Let a booking that has ended end on another day than was told, or for another reason.

    The parameters are those of :func:`end_booking`.

    Raises
    ------
    CapacityTakenError
        If it would end later, and what it takes is somebody else's by then.
    """
    before = {"ends_on": booking.ends_on, "reason": booking.end_reason}
    keep_to(writing, booking, kept_to)
    booking.ended_at, booking.ends_on, booking.end_reason = writing.now, ends_on, reason
    booking.version += 1
    told = {"ends_on": ends_on, "reason": reason, "before": before}
    writing.audit("booking.end_changed", booking.order_ref, **told)


def go_on(writing: Writing, booking: BookingRow, reason: str) -> None:
    """Let a booking that was to end go on as it was booked.

    Raises
    ------
    CapacityTakenError
        If what it takes is somebody else's from some day on.
    """
    before = {"ends_on": booking.ends_on, "reason": booking.end_reason}
    keep_to(writing, booking, None)
    booking.ended_at = booking.ends_on = booking.end_reason = booking.was_to_end_on = None
    booking.version += 1
    offer = None if booking.offer_id is None else offer_row(writing.session, booking.offer_id)
    if offer is not None:
        offer.state = BOOKED
        offer.version += 1
    writing.audit("booking.reinstated", booking.order_ref, reason=reason, before=before)


def keep_to(writing: Writing, booking: BookingRow, kept_to: date | None) -> None:
    """Keep booked capacity taken until a day is over, or for good; whatever was said before.

    Care of a loaded book takes none.

    Raises
    ------
    CapacityTakenError
        If that is longer than was said before, and somebody else has it by then.
    """
    if booking.commitment_id is None:
        return
    commitment = writing.session.get_one(CommitmentRow, booking.commitment_id)
    is_over = kept_to is not None and kept_to < max(writing.today, booking.starts_on)
    if commitment.released_at is None and (is_over or _lasts(writing, commitment, kept_to)):
        if kept_to is not None:
            _give_back(writing, booking, commitment, kept_to)
    elif not is_over:
        _take_longer(writing, booking, commitment, kept_to)


def _lasts(writing: Writing, commitment: CommitmentRow, kept_to: date | None) -> bool:
    """Say whether a promise that was not given back lasts until a day is over, or for good."""
    if commitment.expires_at is None:
        return True
    return kept_to is not None and _end_of(writing, kept_to) <= commitment.expires_at


def _end_of(writing: Writing, day: date) -> datetime:
    return end_of_day(day, writing.now, writing.today)


def _take_longer(
    writing: Writing, booking: BookingRow, commitment: CommitmentRow, kept_to: date | None
) -> None:
    """Take capacity for longer than was said: anew, where it may be somebody else's by then.

    Carers who have not left yet are still this person's, whoever counts them.
    """
    promised = Commitment.model_validate(commitment.document)
    is_open = commitment.released_at is None and not _has_expired(writing, commitment)
    if is_open and promised.care_type is None:
        let_run_out(writing, commitment, kept_to, _expiry(writing, kept_to))
        return
    if is_open:
        _free(writing, booking, commitment)
    elif commitment.released_at is None:
        release(writing, [commitment])
    nights = [_last_night(writing.session, booking), kept_to if promised.care_type else None]
    last_night = min((night for night in nights if night is not None), default=None)
    whole = promised.model_copy(update={"last_night": last_night})
    row = place(writing, booking.request_id, whole, kind=BOOKING)
    writing.session.flush()  # the booking names it
    if kept_to is not None:
        let_run_out(writing, row, kept_to, _expiry(writing, kept_to))
    booking.commitment_id = row.commitment_id


def _has_expired(writing: Writing, commitment: CommitmentRow) -> bool:
    return commitment.expires_at is not None and commitment.expires_at <= writing.now


def _expiry(writing: Writing, kept_to: date | None) -> datetime | None:
    return None if kept_to is None else _end_of(writing, kept_to)


def _last_night(session: Session, booking: BookingRow) -> date | None:
    """Return the last night of a bed as it was booked; ``None`` of a bed for good, or of carers."""
    nights = care_of(request_row(session, booking.request_id)).stay_nights
    return None if nights is None else booking.starts_on + timedelta(days=nights - 1)


def _give_back(
    writing: Writing, booking: BookingRow, commitment: CommitmentRow, kept_to: date
) -> None:
    """Give capacity back from the day after one; at once if that is over, or care never began."""
    if kept_to >= max(writing.today, booking.starts_on):
        _run_out(writing, booking, commitment, kept_to)
    else:
        _free(writing, booking, commitment)


def _free(writing: Writing, booking: BookingRow, commitment: CommitmentRow) -> None:
    """Give capacity back at once.

    Carers that ran out their notice do not come back where a provider has counted them as taken:
    what it stated then may allow for the end of the notice.
    """
    release(writing, [commitment])
    promised = Commitment.model_validate(commitment.document)
    is_known_to_end = commitment.expires_at is not None and promised.care_type is None
    if commitment.counted_at is not None and not is_known_to_end:
        _return(writing, booking, promised)


def _run_out(
    writing: Writing, booking: BookingRow, commitment: CommitmentRow, last_day: date
) -> None:
    """Keep capacity taken until a day is over, and give it back from then on.

    A provider that counted a bed as taken is given back the nights that are cut off.
    """
    promised = Commitment.model_validate(commitment.document)
    let_run_out(writing, commitment, last_day, _end_of(writing, last_day))
    following = last_day + timedelta(days=1)
    is_cut = promised.first_night is not None and (promised.last_night or following) >= following
    if commitment.counted_at is not None and is_cut:
        _return(writing, booking, promised.model_copy(update={"first_night": following}))


def _return(writing: Writing, booking: BookingRow, promised: Commitment) -> None:
    promise(
        writing,
        booking.request_id,
        promised.model_copy(update={"sign": -1}),
        commitment_id=new_id("rtn", writing.now),
        kind=RETURN,
    )
