"""Whether any care was booked for more than was agreed, without an approval that covers it (H9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.storage.families import families, held, whole
from api.storage.offers import BOOKED
from api.tables import BookingRow, OfferRow, RequestRow
from matcher.model import CareRequest
from matcher.payers import council_pays
from matcher.vocabulary import pounds_text


def overspent(session: Session, today: date) -> Iterator[str]:
    """Yield each price, and each family's week, that was booked without the approval it needed.

    Counted is care that runs until further notice at the price at which it was booked here: what
    ran before the record has none, and of a stay or of an approval of before families were
    counted together it cannot be told.
    """
    offers = _booked(session)
    for offer in offers.values():
        if offer.needs_approval and offer.approved is not True:
            yield f"Offer {offer.offer_id} is booked without the approval that it needs."
    rows = {row.request_id: row for row in session.scalars(select(RequestRow))}
    running = {
        booking.request_id: booking
        for booking in session.scalars(select(BookingRow).where(BookingRow.ended_at.is_(None)))
        if booking.offer_id is not None and booking.weekly_cost_pence is not None
    }
    several = [sorted(each.members) for each in families(session, today)]
    alone = running.keys() - {name for names in several for name in names}
    for names in (*several, *([name] for name in sorted(alone))):
        together = [running[name] for name in names if name in running]
        if together:
            yield from _of_family([rows[each.request_id] for each in together], together, offers)


def _booked(session: Session) -> Mapping[str, OfferRow]:
    query = select(OfferRow).where(OfferRow.state == BOOKED).order_by(OfferRow.offer_id)
    return {offer.offer_id: offer for offer in session.scalars(query)}


def _of_family(
    rows: Sequence[RequestRow], bookings: Sequence[BookingRow], offers: Mapping[str, OfferRow]
) -> Iterator[str]:
    care = [CareRequest.model_validate(row.document) for row in rows]
    first = care[0]
    budget = 0 if rows[0].money_asked_by is not None else first.personal_budget_pence_per_week
    if budget is None or first.stay_nights is not None or not council_pays(first):
        return
    prices = [booking.weekly_cost_pence or 0 for booking in bookings]
    week = sum(map(whole, care, prices))
    used = sum(held(each, pence, budget) for each, pence in zip(care, prices, strict=True))
    approvals = [
        offer.approved_family_pence
        for offer in (offers.get(booking.offer_id or "") for booking in bookings)
        if offer is not None and offer.approved
    ]
    if used > budget and None not in approvals and max([0, *filter(None, approvals)]) < week:
        names = ", ".join(row.request_id for row in rows)
        yield (
            f"The care of {names} comes to {pounds_text(week)} a week, of which "
            f"{pounds_text(used)} is held against {pounds_text(budget)} agreed, and no approval "
            "covers it."
        )
