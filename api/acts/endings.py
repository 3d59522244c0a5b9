"""Endings: of a request and its search, of a booking, and what they give back and when (H25)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from api.acts.requests import require_open
from api.clocks import end_of_day
from api.errors import BadCallError
from api.schemas.requests import Ending, EndReason
from api.storage.books import ENDED
from api.storage.enquiries import invitations_of, replies_to
from api.storage.ids import new_id
from api.storage.offers import LOST, OVER, note_outcomes, offer_row, standing_offers
from api.storage.record import Writing
from api.storage.requests import (
    booking_of,
    descendants_of,
    family_of,
    open_enquiries,
    promises_of,
    running_out,
)
from api.storage.runs import make_stale
from api.storage.supply import HOLD, RETURN, let_run_out, promise, release
from api.tables import BookingRow, CommitmentRow, EnquiryRow, RequestRow
from matcher.commitments import Commitment
from matcher.vocabulary import Outcome

LONGEST_NOTICE = timedelta(days=366)
OF_THE_PERSON = frozenset({EndReason.DIED, EndReason.MOVED_AWAY})
"""Reasons that are the person's, and so end every request of her care, not only one."""
REPLACED = "replaced"
"""The reason of an end that nobody tells: other care comes in its place, or another search."""


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
    whatever else ends care ends what was asked for beside it.

    Raises
    ------
    ConflictError
        If it has ended already.
    """
    require_open(row)
    told = _told(writing, ending)
    for each in _ended_with(writing.session, row, ending.reason):
        if each.state != ENDED:
            _end_one(writing, each, told)
        _cut_short(writing, each.request_id, told)


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


def _ended_with(session: Session, row: RequestRow, reason: EndReason) -> list[RequestRow]:
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


def end_as_told(writing: Writing, row: RequestRow, ending: Ending) -> None:
    """End a request as somebody says, whose care ends on a day that can be.

    Raises
    ------
    ConflictError
        If it has ended already.
    BadCallError
        If its care would end before it began, or years from now.
    """
    require_open(row)
    if ending.ends_on is not None:
        _require_last_day(writing, row, ending.reason, ending.ends_on)
    end(writing, row, ending)


def _require_last_day(writing: Writing, row: RequestRow, reason: EndReason, ends_on: date) -> None:
    """Refuse a last day before the first; care that has not begun may be called off today."""
    ended = _ended_with(writing.session, row, reason)
    bookings = [booking_of(writing.session, each.request_id) for each in ended]
    starts = [booking.starts_on for booking in bookings if booking is not None]
    latest = writing.today + LONGEST_NOTICE
    if ends_on > latest:
        raise BadCallError(
            f"Care cannot be ended on {ends_on} already.",
            thing="ends_on",
            value=ends_on,
            expected=f"{latest} or an earlier day",
        )
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
    commitment = _taken_by(writing.session, booking)
    if commitment is not None:
        _give_back(writing, booking, commitment, kept_to or ends_on)
    writing.audit("booking.ended", booking.order_ref, ends_on=ends_on, reason=reason)


def _taken_by(session: Session, booking: BookingRow) -> CommitmentRow | None:
    if booking.commitment_id is None:
        return None
    commitment = session.get(CommitmentRow, booking.commitment_id)
    return None if commitment is None or commitment.released_at is not None else commitment


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
    let_run_out(writing, commitment, last_day, end_of_day(last_day, writing.now, writing.today))
    following = last_day + timedelta(days=1)
    is_cut = promised.first_night is not None and (promised.last_night or following) >= following
    if commitment.counted_at is not None and is_cut:
        _return(writing, booking, promised.model_copy(update={"first_night": following}))


def _cut_short(writing: Writing, request_id: str, told: _End) -> None:
    """End care that runs out its notice sooner, for nobody needs it any more."""
    kept_to = max(told.kept_to, _yesterday(writing))
    for booking in running_out(writing.session, request_id, kept_to):
        commitment = _taken_by(writing.session, booking)
        if commitment is None and booking.ends_on == told.last_day:
            continue
        booking.ends_on = told.last_day
        booking.version += 1
        if commitment is not None:
            _give_back(writing, booking, commitment, kept_to)
        writing.audit(
            "booking.cut_short", booking.order_ref, ends_on=told.last_day, reason=told.reason
        )


def _return(writing: Writing, booking: BookingRow, promised: Commitment) -> None:
    promise(
        writing,
        booking.request_id,
        promised.model_copy(update={"sign": -1}),
        commitment_id=new_id("rtn", writing.now),
        kind=RETURN,
    )
