"""Queries for API keys: the list, and who could still give out others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select, tuple_
from sqlalchemy.orm import Session

from api.tables import ApiKeyRow

ORDER = (ApiKeyRow.role, ApiKeyRow.holder, ApiKeyRow.prefix)


def sort_key(row: ApiKeyRow) -> tuple[str, str, str]:
    """Return by what the list is sorted: role, then holder, then prefix."""
    return row.role, row.holder, row.prefix


def listed_keys(
    session: Session, limit: int, after: tuple[str, str, str] | None
) -> Sequence[ApiKeyRow]:
    """Return keys in the order of the list.

    Parameters
    ----------
    session
        Where to read.
    limit
        How many at most.
    after
        The sort key of the last one that was seen.
    """
    query = select(ApiKeyRow)
    if after is not None:
        query = query.where(tuple_(*ORDER) > tuple_(*after))
    return session.scalars(query.order_by(*ORDER).limit(limit)).all()


def has_keys(session: Session) -> bool:
    """Say whether any key was ever made."""
    return session.scalar(select(ApiKeyRow.prefix).limit(1)) is not None


def lasts_another(session: Session, key: ApiKeyRow, now: datetime) -> bool:
    """Say whether another valid key of the same role may be used for as long as a key.

    Parameters
    ----------
    session
        Where to read.
    key
        The key.
    now
        When it is.
    """
    lasts_as_long: ColumnElement[bool] = ApiKeyRow.expires_at.is_(None)
    if key.expires_at is not None:
        until = max(key.expires_at, now)
        lasts_as_long = or_(lasts_as_long, ApiKeyRow.expires_at >= until)
    query = select(ApiKeyRow.prefix).where(
        ApiKeyRow.role == key.role,
        ApiKeyRow.prefix != key.prefix,
        ApiKeyRow.revoked_at.is_(None),
        lasts_as_long,
    )
    return session.scalar(query.limit(1)) is not None
