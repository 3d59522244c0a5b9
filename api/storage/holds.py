"""Queries for holds: what a request has of capacity for a time, where, and what for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.storage.supply import HOLD, takes_capacity
from api.tables import CommitmentRow

SHORTLIST, CHOICE, PROPOSAL = "shortlist", "choice", "proposal"
"""What a hold is for: an option shown, what a person chose, or a proposal taken on."""
OF_OFFERS = (CHOICE, PROPOSAL)
"""What holds are for that stand behind an offer: no new search takes them from the person."""


def holds_of(
    session: Session, request_id: str, now: datetime, purposes: Collection[str] | None = None
) -> Iterator[CommitmentRow]:
    """Yield the holds that a request still has: all, or those for some purposes."""
    query = select(CommitmentRow).where(
        CommitmentRow.request_id == request_id, CommitmentRow.kind == HOLD, takes_capacity(now)
    )
    if purposes is not None:
        query = query.where(CommitmentRow.purpose.in_(sorted(purposes)))
    yield from session.scalars(query.order_by(CommitmentRow.commitment_id))


def offer_holds(
    session: Session, request_ids: Collection[str], now: datetime
) -> dict[tuple[str, str, str], CommitmentRow]:
    """Return the holds behind offers for some requests, by request, provider and purpose."""
    query = select(CommitmentRow).where(
        CommitmentRow.request_id.in_(sorted(request_ids)),
        CommitmentRow.kind == HOLD,
        CommitmentRow.purpose.in_(OF_OFFERS),
        takes_capacity(now),
    )
    rows = session.scalars(query.order_by(CommitmentRow.commitment_id))
    return {(row.request_id, row.provider_id, row.purpose or ""): row for row in rows}
