"""Who may do what: API keys, roles, and the rule that every route declares."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row

from api.errors import NotAllowedError, NotFoundError, NotSignedInError
from api.settings import Settings
from api.storage.owners import (
    At,
    is_asked,
    key_row,
    key_worker_of,
    provider_of,
    request_of,
)
from api.storage.record import Actor
from api.tables import ApiKeyRow
from matcher.model import ID_PATTERN

SCHEME = "cm"
PREFIX_BYTES, SECRET_BYTES = 5, 32
NO_KEY = "give an API key as 'Authorization: Bearer cm_...'"


class Role(StrEnum):
    """What a caller is to the brokerage."""

    BROKER = "broker"
    KEY_WORKER = "key_worker"
    BUDGET_HOLDER = "budget_holder"
    COMMISSIONER = "commissioner"
    PROVIDER = "provider"
    ADMINISTRATOR = "administrator"


class Reach(StrEnum):
    """Whether a role may do something with anybody's, or only with its own."""

    ANY = "any"
    OWN = "own"


@dataclass(frozen=True)
class Caller:
    """Who calls, by a valid API key.

    Parameters
    ----------
    prefix
        The public part of the key.
    holder
        The post or organisation that holds it: never a person's name.
    role
        In which role.
    provider_id
        The provider that the key is of; ``None`` for all others.
    limit_pence_per_week
        Up to which weekly cost a budget holder may approve.
    """

    prefix: str
    holder: str
    role: Role
    provider_id: str | None = None
    limit_pence_per_week: int | None = None

    @property
    def actor(self) -> Actor:
        """Return who the audit names."""
        return Actor(self.holder, self.role, self.prefix)


# -- keys --------------------------------------------------------------------------------------


def new_key() -> tuple[str, str, str]:
    """Return a new API key, and its prefix and secret."""
    prefix = secrets.token_hex(PREFIX_BYTES)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    return f"{SCHEME}_{prefix}_{secret}", prefix, secret


def hash_secret(secret: str, settings: Settings) -> str:
    """Return the keyed hash of a secret: a fast one does, for secrets are long and random."""
    key = settings.key_secret.get_secret_value().encode()
    return hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()


def caller_of(at: At, key: str, settings: Settings, now: datetime) -> Caller:
    """Return who holds an API key.

    Raises
    ------
    NotSignedInError
        If it is none, is not known, has expired or was revoked: always in the same words.
    """
    scheme, _, rest = key.partition("_")
    prefix, _, secret = rest.partition("_")
    is_key = scheme == SCHEME and prefix.isalnum() and bool(secret)
    row = key_row(at, prefix) if is_key else None
    # Compared even where no such key is known, so that the time taken tells nothing.
    known = row.secret_hash if row is not None else hash_secret("", settings)
    is_right = hmac.compare_digest(known.encode(), hash_secret(secret, settings).encode())
    if row is None or not is_right or not is_valid(row, now):
        raise NotSignedInError(
            "The API key is not known, has expired or was revoked.", thing="key", expected=NO_KEY
        )
    return Caller(row.prefix, row.holder, Role(row.role), row.provider_id, row.limit_pence_per_week)


def is_valid(row: ApiKeyRow | Row[Any], now: datetime) -> bool:
    """Say whether a key may still be used."""
    return row.revoked_at is None and (row.expires_at is None or now < row.expires_at)


Owner = Callable[[At, str, Caller], bool]


# -- who says what -----------------------------------------------------------------------------

SAYS: Mapping[str, tuple[Role, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "funding",
                "personal_budget_pence_per_week",
                "nursing_contribution_pence_per_week",
                "health_share_percent",
                "third_party_top_up_pence_per_week",
                "own_contribution_pence_per_week",
                "respite_nights_left",
            ),
            (Role.BUDGET_HOLDER, "PUT /v1/requests/{}/money"),
        ),
        "waiting_since": (Role.BROKER, "PATCH /v1/requests/{}"),
    }
)
"""By the name of a request's field, the only role that may change it, and by which route."""


def require_may_say(role: str, request_id: str, fields: Iterable[str]) -> None:
    """Refuse to change fields of a request that are for another role to say.

    Raises
    ------
    NotAllowedError
        With the first such field, and the role that may.
    """
    for name in sorted(fields):
        says, route = SAYS.get(name, (role, ""))
        if says != role:
            who = says.replace("_", " ")
            raise NotAllowedError(
                f"The role {role} may not change {name} of {request_id}: that is for a {who} to "
                f"say, by {route.format(request_id)}.",
                thing=name,
                value=role,
                expected=str(says),
            )


# -- what is whose -----------------------------------------------------------------------------


def owns_request(at: At, request_id: str, caller: Caller) -> bool:
    """Say whether a request is the key worker's own."""
    is_worker = caller.role is Role.KEY_WORKER
    return is_worker and key_worker_of(at, request_id) == caller.holder


def owns_provider(at: At, provider_id: str, caller: Caller) -> bool:
    """Say whether a provider record is the calling provider's own."""
    return caller.provider_id == provider_id


def owns_enquiry(at: At, enquiry_id: str, caller: Caller) -> bool:
    """Say whether an enquiry asks the calling provider, or is of the key worker's request."""
    if caller.role is Role.PROVIDER:
        return is_asked(at, enquiry_id, caller.provider_id)
    return owns_request(at, request_of(at, "enquiries", enquiry_id), caller)


def of_own_request(table: str) -> Owner:
    """Return who says whether a line of a table is for the key worker's own request.

    An offer or a booking may also be the calling provider's own.
    """

    def owns(at: At, name: str, caller: Caller) -> bool:
        if caller.role is Role.PROVIDER:
            found = provider_of(at, table, name)
            return found is not None and found == caller.provider_id
        return owns_request(at, request_of(at, table, name), caller)

    return owns


OWNERS: Mapping[str, Owner] = MappingProxyType(
    {
        "request_id": owns_request,
        "provider_id": owns_provider,
        "shortlist_id": of_own_request("shortlists"),
        "enquiry_id": owns_enquiry,
        "offer_id": of_own_request("offers"),
        "order_ref": of_own_request("bookings"),
        "proposal_id": of_own_request("proposals"),
    }
)
"""By the name of a path's parameter, who owns what it names."""


class Rule:
    """Who may call a route: each role that may, and whether with anybody's or only its own.

    Where the path names nothing, ``OWN`` means that the answer holds the caller's own only, and
    the route sees to that itself.

    Parameters
    ----------
    reach
        Each role that may call, with its reach; all others may not.
    """

    def __init__(self, reach: Mapping[Role, Reach]) -> None:
        self.reach = MappingProxyType(dict(reach))

    @property
    def told(self) -> str:
        """Who may call, in a sentence for the description of the route."""
        who = (
            f"{role.replace('_', ' ')} (own only)" if reach is Reach.OWN else role.replace("_", " ")
            for role, reach in self.reach.items()
        )
        return f"May be called by: {', '.join(who)}."

    def check(self, caller: Caller, path: Mapping[str, str], at: At) -> None:
        """Let the call pass, or not.

        Raises
        ------
        NotAllowedError
            If the role may not make it at all.
        NotFoundError
            If it names what is not the caller's own: as if that did not exist.
        """
        reach = self.reach.get(caller.role)
        if reach is None:
            raise NotAllowedError(
                f"The role {caller.role} may not do this.",
                thing="role",
                value=str(caller.role),
                expected=" or ".join(sorted(self.reach)),
            )
        if reach is Reach.OWN:
            for name, value in path.items():
                # Asked before the route has looked at its path: a NUL must not reach a database.
                is_id = re.fullmatch(ID_PATTERN, value) is not None
                if not is_id or not OWNERS[name](at, value, caller):
                    raise not_found(name.removesuffix("_id"), value)


def not_found(noun: str, name: str) -> NotFoundError:
    """Return the error of something that is not in the record, or not the caller's to see."""
    return NotFoundError(f"There is no {noun} {name!r} that you may see.", thing=noun, value=name)


ALWAYS = "always"
"""Marks the few of these that are never refused: whoever watches the service asks them."""
OPEN = "open"
"""Marks the few routes that need no key: whether the service lives, and its description."""
BROKER = {Role.BROKER: Reach.ANY}
STAFF = dict.fromkeys(
    (Role.BROKER, Role.BUDGET_HOLDER, Role.COMMISSIONER, Role.ADMINISTRATOR), Reach.ANY
)
OWN_WORK = {Role.KEY_WORKER: Reach.OWN}
OWN_PROVIDER = {Role.PROVIDER: Reach.OWN}
