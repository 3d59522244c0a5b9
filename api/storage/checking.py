"""Whether the ledger is as it must be: nothing promised twice, every booking with its capacity."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.storage.books import ARRANGED, ENDED
from api.storage.lines import read
from api.storage.offers import BOOKED, CHOSEN
from api.storage.overspending import overspent
from api.storage.supply import BOOKING, HOLD
from api.tables import AuditRow, BookingRow, CommitmentRow, OfferRow, ProviderRow, RequestRow
from matcher.commitments import Commitment, overpromised
from matcher.model import BedCapacity, HomecareCapacity


def ledger_faults(session: Session, now: datetime) -> list[str]:
    """Return what is wrong with promises, bookings, offers and requests; empty when all is right.

    Needs a session that sees one moment, for bookings may be made meanwhile.

    Parameters
    ----------
    session
        Where to read.
    now
        At which moment: holds that have expired take nothing. A hold that had expired when the
        record was last changed stays expired where the clock has been put back since.
    """
    now = max(now, session.scalar(select(func.max(AuditRow.at))) or now)
    running = session.scalars(
        select(BookingRow).where(BookingRow.ended_at.is_(None)).order_by(BookingRow.order_ref)
    ).all()
    promised = session.scalars(
        select(CommitmentRow)
        .where(CommitmentRow.released_at.is_(None))
        .order_by(CommitmentRow.commitment_id)
    ).all()
    return [
        *_promised_too_much(session, promised, now),
        *_bookings_without_capacity(running, promised),
        *_capacity_without_booking(session, running, promised),
        *_holds_without_end(promised),
        *_requests_that_disagree(session, running),
        *_offers_that_disagree(session),
        *overspent(session, now.date()),
    ]


def _promised_too_much(
    session: Session, promised: Sequence[CommitmentRow], now: datetime
) -> Iterator[str]:
    """Yield each provider that has promised more than it stated, at any time.

    A provider may state less than is held of it: such a hold is in doubt, and no fault.
    """
    own: dict[str, list[CommitmentRow]] = defaultdict(list)
    for row in promised:
        if row.counted_at is None and (row.expires_at is None or row.expires_at > now):
            own[row.provider_id].append(row)
    for provider in session.scalars(select(ProviderRow).order_by(ProviderRow.provider_id)):
        taken = [
            Commitment.model_validate(row.document)
            for row in own[provider.provider_id]
            if row.kind != HOLD or row.made_at > provider.changed_at
        ]
        homecare = read(HomecareCapacity, provider.homecare_capacity)
        beds = read(BedCapacity, provider.bed_capacity)
        if overpromised(homecare, beds, taken):
            yield f"Provider {provider.provider_id} has promised more than it stated."


def _bookings_without_capacity(
    running: Sequence[BookingRow], promised: Sequence[CommitmentRow]
) -> Iterator[str]:
    """Yield each booking that takes no capacity; those of a loaded book need none."""
    known = {row.commitment_id: row for row in promised}
    for booking in running:
        if booking.commitment_id is None and booking.offer_id is None:
            continue
        taken = known.get(booking.commitment_id or "")
        if taken is None or taken.kind != BOOKING or taken.expires_at is not None:
            yield f"Booking {booking.order_ref} has no capacity at {booking.provider_id}."
        elif (taken.provider_id, taken.request_id) != (booking.provider_id, booking.request_id):
            yield (
                f"Booking {booking.order_ref} takes the capacity of {taken.provider_id} for "
                f"{taken.request_id}."
            )


def _capacity_without_booking(
    session: Session, running: Sequence[BookingRow], promised: Sequence[CommitmentRow]
) -> Iterator[str]:
    """Yield capacity that is taken for good without a booking, or by several.

    What runs out by itself is of care that was ended for a later day.
    """
    taken = Counter(booking.commitment_id for booking in running)
    query = select(BookingRow.commitment_id).where(BookingRow.ended_at.is_not(None))
    running_out = Counter(session.scalars(query))
    for row in promised:
        if row.kind == BOOKING and row.expires_at is not None:
            if running_out[row.commitment_id] != 1:
                yield f"Capacity {row.commitment_id} of {row.provider_id} runs out unasked."
        elif row.kind == BOOKING and taken[row.commitment_id] != 1:
            yield (
                f"Capacity {row.commitment_id} of {row.provider_id} is taken for good by "
                f"{taken[row.commitment_id]} bookings."
            )


def _holds_without_end(promised: Sequence[CommitmentRow]) -> Iterator[str]:
    """Yield each hold that would never end by itself."""
    for row in promised:
        if row.kind == HOLD and row.expires_at is None:
            yield f"Hold {row.commitment_id} at {row.provider_id} never expires."


def _requests_that_disagree(session: Session, running: Sequence[BookingRow]) -> Iterator[str]:
    """Yield each request that is arranged without one booking, or not arranged with any."""
    counts = Counter(booking.request_id for booking in running)
    query = select(RequestRow.request_id, RequestRow.state).order_by(RequestRow.request_id)
    states: dict[str, str] = dict(session.execute(query).all())
    for request_id, state in states.items():
        expected = 1 if state == ARRANGED else 0
        if counts[request_id] != expected:
            yield f"Request {request_id} is {state} with {counts[request_id]} running bookings."
    held = select(CommitmentRow.request_id).where(
        CommitmentRow.released_at.is_(None), CommitmentRow.kind == HOLD
    )
    for request_id in sorted(set(session.scalars(held))):
        if states.get(request_id) == ENDED:
            yield f"Request {request_id} has ended and still holds capacity."


def _offers_that_disagree(session: Session) -> Iterator[str]:
    """Yield each request with several chosen offers, and each booked offer without its order."""
    query = select(OfferRow).where(OfferRow.state.in_((CHOSEN, BOOKED)))
    orders = set(session.scalars(select(BookingRow.offer_id)))
    settled: dict[str, list[str]] = defaultdict(list)
    for offer in session.scalars(query.order_by(OfferRow.offer_id)):
        settled[offer.request_id].append(offer.offer_id)
        if (offer.state == BOOKED) != (offer.offer_id in orders):
            yield f"Offer {offer.offer_id} is {offer.state}, which its orders do not bear out."
    for request_id, offer_ids in settled.items():
        if len(offer_ids) > 1:
            yield f"Request {request_id} has {len(offer_ids)} offers chosen or booked."
