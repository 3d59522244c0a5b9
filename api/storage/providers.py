"""Queries for providers: the list, their bookings, and their promises one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from api.storage.supply import takes_capacity
from api.tables import BookingRow, CommitmentRow, ProviderRow
from matcher.model import Provider
from matcher.vocabulary import ProviderStatus


@dataclass(frozen=True)
class WantedProviders:
    """Which providers a list is of; what is ``None`` does not narrow it.

    Parameters
    ----------
    kind, status
        As the provider has it.
    zone
        One that the provider names.
    provider_id
        The only one that may be seen.
    """

    kind: str | None = None
    status: str | None = None
    zone: str | None = None
    provider_id: str | None = None


def listed_providers(
    session: Session, wanted: WantedProviders, limit: int, after: str | None
) -> Sequence[ProviderRow]:
    """Return providers in the order of their ids.

    Parameters
    ----------
    session
        Where to read.
    wanted
        Which ones.
    limit
        How many at most.
    after
        The id of the last one that was seen.
    """
    query = select(ProviderRow)
    document = ProviderRow.document
    if wanted.kind is not None:
        query = query.where(document["kind"].as_string() == wanted.kind)
    if wanted.status is not None:
        # A document leaves out what is usual.
        status = func.coalesce(document["status"].as_string(), ProviderStatus.OPEN.value)
        query = query.where(status == wanted.status)
    if wanted.zone is not None:
        # Not by LIKE, which takes capital letters for small ones on SQLite only.
        zones = cast(document["zones"], Text)
        query = query.where(func.replace(zones, f'"{wanted.zone}"', "") != zones)
    if wanted.provider_id is not None:
        query = query.where(ProviderRow.provider_id == wanted.provider_id)
    if after is not None:
        query = query.where(ProviderRow.provider_id > after)
    return session.scalars(query.order_by(ProviderRow.provider_id).limit(limit)).all()


def next_place(session: Session) -> int:
    """Return the place of a provider that is new to the record: behind all others."""
    return (session.scalar(select(func.max(ProviderRow.place))) or 0) + 1


def open_bookings(session: Session, provider_ids: Sequence[str]) -> Mapping[str, int]:
    """Return how many bookings of each provider have not ended."""
    query = (
        select(BookingRow.provider_id, func.count(BookingRow.order_ref))
        .where(BookingRow.provider_id.in_(provider_ids), BookingRow.ended_at.is_(None))
        .group_by(BookingRow.provider_id)
    )
    counted = dict.fromkeys(provider_ids, 0)
    for provider_id, count in session.execute(query):
        counted[provider_id] = count
    return counted


def open_booking(session: Session, provider_id: str, order_ref: str) -> BookingRow | None:
    """Return a booking of a provider that has not ended; ``None`` if there is no such."""
    row = session.get(BookingRow, order_ref)
    if row is None or row.provider_id != provider_id or row.ended_at is not None:
        return None
    return row


def open_promises(session: Session, provider_id: str, now: datetime) -> Sequence[CommitmentRow]:
    """Return the promises of a provider that take capacity at a moment, oldest first."""
    query = select(CommitmentRow).where(
        CommitmentRow.provider_id == provider_id, takes_capacity(now)
    )
    ordered = query.order_by(CommitmentRow.made_at, CommitmentRow.commitment_id)
    return session.scalars(ordered).all()


def terms_of_all(session: Session) -> tuple[Provider, ...]:
    """Return the terms of every provider, in the order of the book."""
    query = select(ProviderRow.document).order_by(ProviderRow.place)
    return tuple(Provider.model_validate(document) for document in session.scalars(query))


def first_provider(session: Session) -> str | None:
    """Return the provider that stands first in the book; ``None`` where there is none."""
    query = select(ProviderRow.provider_id).order_by(ProviderRow.place).limit(1)
    return session.scalar(query)
