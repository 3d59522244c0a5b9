"""API keys over HTTP: made, listed, revoked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Response

from api.acts import keys
from api.dependencies import Allow, ChangesOf, ServiceOf
from api.guarding import GuardedRoute
from api.schemas.keys import EXAMPLES, KeyLine, KeyList, MadeKey, NewKey
from api.schemas.pages import PageOf
from api.security import Caller, Reach, Role, Rule
from api.storage import keys as stored
from matcher.model import Id

router = APIRouter(prefix="/v1/keys", tags=["keys"], route_class=GuardedRoute)
MAY_KEEP_KEYS = Allow(Rule({Role.ADMINISTRATOR: Reach.ANY}))
KeyKeeper = Annotated[Caller, Depends(MAY_KEEP_KEYS)]


@router.post("", status_code=201)
def make_key(
    *,
    caller: KeyKeeper,
    service: ServiceOf,
    response: Response,
    body: Annotated[NewKey, Body(openapi_examples=EXAMPLES)],
) -> MadeKey:
    """Make an API key and tell it, this once: only a keyed hash of its secret is kept.

    An Idempotency-Key is not heeded here, for the answer is not kept to be given again.
    """
    with service.record.writing(caller.actor) as writing:
        made = keys.make_key(writing, service.settings, body)
    response.headers["Location"] = f"/v1/keys/{made.prefix}"
    return made


@router.get("")
def list_keys(*, caller: KeyKeeper, service: ServiceOf, page: PageOf) -> KeyList:
    """List all keys by role and holder, the revoked and expired ones too."""
    now = service.record.clock.now()
    with service.record.reading() as session:
        rows = stored.listed_keys(session, page.wanted, page.key((str, str, str)))
    shown, following = page.cut(rows, stored.sort_key)
    return KeyList(items=[keys.line_of(row, now) for row in shown], next=following)


@router.delete("/{prefix}")
def revoke_key(*, caller: KeyKeeper, changes: ChangesOf, prefix: Id) -> KeyLine:
    """Revoke a key at once; of an administrator only where another lasts as long."""
    return changes.make(KeyLine, lambda writing: keys.revoke(writing, prefix))
