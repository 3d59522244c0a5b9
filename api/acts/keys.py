"""API keys: made and told once, revoked at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from api.errors import BadCallError, ConflictError
from api.schemas.keys import KeyLine, MadeKey, NewKey
from api.security import Role, hash_secret, is_valid, new_key, not_found
from api.settings import Settings
from api.storage.keys import lasts_another
from api.storage.record import Writing
from api.storage.supply import provider_row
from api.tables import ApiKeyRow

LONGEST_DAYS = 3_652
"""Days after which a key expires at the latest, where it expires at all: ten years."""


def make_key(writing: Writing, settings: Settings, asked: NewKey) -> MadeKey:
    """Make an API key; only a keyed hash of its secret is kept.

    Parameters
    ----------
    writing
        The change.
    settings
        With the secret that keys are hashed with.
    asked
        Whose it is to be.

    Raises
    ------
    NotFoundError
        If it is to be of a provider that the record has not.
    BadCallError
        If it would have expired already, or only more than ten years from now.
    """
    if asked.provider_id is not None:
        provider_row(writing.session, asked.provider_id)
    if asked.expires_at is not None and asked.expires_at <= writing.now:
        raise BadCallError(
            f"The key would have expired already, at {asked.expires_at.isoformat()}.",
            thing="expires_at",
            value=asked.expires_at.isoformat(),
            expected="a moment that is still to come, or none",
        )
    latest = writing.now + timedelta(days=LONGEST_DAYS)
    if asked.expires_at is not None and asked.expires_at > latest:
        raise BadCallError(
            f"The key would expire at {asked.expires_at.isoformat()}, more than ten years from "
            "now.",
            thing="expires_at",
            value=asked.expires_at.isoformat(),
            expected=f"a moment until {latest.date()}, or none",
        )
    key, prefix, secret = new_key()
    row = ApiKeyRow(
        prefix=prefix,
        secret_hash=hash_secret(secret, settings),
        role=asked.role.value,
        made_at=writing.now,
        **asked.model_dump(exclude={"role"}),
    )
    writing.session.add(row)
    writing.audit("key.made", prefix, **asked.model_dump(mode="json", exclude_none=True))
    return MadeKey(key=key, **line_of(row, writing.now).model_dump())


def revoke(writing: Writing, prefix: str) -> KeyLine:
    """Revoke a key: from now on it opens nothing. One that was revoked already stays as it is.

    Raises
    ------
    NotFoundError
        If there is no such key.
    ConflictError
        If nobody could make or revoke keys any more, or not for as long.
    """
    row = writing.session.get(ApiKeyRow, prefix)
    if row is None:
        raise not_found("key", prefix)
    if row.revoked_at is None:
        _require_another_administrator(writing, row)
        row.revoked_at = writing.now
        writing.audit("key.revoked", prefix, role=row.role, holder=row.holder)
    return line_of(row, writing.now)


def _require_another_administrator(writing: Writing, row: ApiKeyRow) -> None:
    if row.role != Role.ADMINISTRATOR or not is_valid(row, writing.now):
        return
    if not lasts_another(writing.session, row, writing.now):
        raise ConflictError(
            f"No other valid key of an administrator lasts as long as {row.prefix}.",
            thing="prefix",
            value=row.prefix,
            expected="another administrator's key made first, which lasts as long",
        )


def line_of(row: ApiKeyRow, now: datetime) -> KeyLine:
    """Return a key as the list shows it."""
    return KeyLine(
        prefix=row.prefix,
        role=Role(row.role),
        holder=row.holder,
        provider_id=row.provider_id,
        limit_pence_per_week=row.limit_pence_per_week,
        made_at=row.made_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        is_valid=is_valid(row, now),
    )
