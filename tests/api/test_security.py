"""Tests of API keys: whom they let in, how they are kept, made, listed and revoked."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog
from pydantic import SecretStr
from sqlalchemy import select

from api.errors import NotAllowedError, NotFoundError, NotSignedInError
from api.schemas.keys import EXAMPLES
from api.security import (
    OWNERS,
    Caller,
    Reach,
    Role,
    Rule,
    caller_of,
    hash_secret,
    is_valid,
    new_key,
)
from api.settings import Settings
from api.tables import ApiKeyRow, AuditRow, ReplayRow
from tests.api.desk import Desk, ok, refused, secret_part

ADMINISTRATOR = {"role": "administrator"}
BROKER = {"role": "broker", "holder": "Access to Resource Team"}


def signed_in(desk: Desk, key: str, at: datetime | None = None) -> Caller:
    """Return who a key lets in, now or at another moment."""
    with desk.record.reading() as session:
        return caller_of(session, key, desk.settings, at or desk.record.clock.now())


def with_key(desk: Desk, authorization: str | None) -> Any:
    """Return the answer to a call with an Authorization header, or without."""
    headers = {} if authorization is None else {"Authorization": authorization}
    return desk.client.get("/v1/requests", headers=headers)


def new(desk: Desk, **asked: Any) -> Any:
    """Return a key that an administrator makes."""
    return desk.post("/v1/keys", {**BROKER, **asked}, **ADMINISTRATOR)


# -- who is let in -----------------------------------------------------------------------------


def test_a_key_lets_its_holder_in(desk: Desk) -> None:
    """With its role, provider and limit."""
    key = desk.key(Role.BUDGET_HOLDER, "Head of Service", limit=90_000)
    caller = signed_in(desk, key)
    assert (caller.role, caller.holder) == (Role.BUDGET_HOLDER, "Head of Service")
    assert (caller.provider_id, caller.limit_pence_per_week) == (None, 90_000)
    assert caller.actor.holder == "Head of Service"
    assert signed_in(desk, desk.key(Role.PROVIDER, provider_id="bay")).provider_id == "bay"


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda key: key[:-1],  # a secret that is cut off
        lambda key: key + "A",
        lambda key: key.removesuffix("_" + secret_part(key)),  # no secret at all
        lambda key: key.removesuffix(secret_part(key)),
        lambda key: "cm_0000000000_" + key.split("_", 2)[2],  # a prefix that nobody has
        lambda key: key.replace("cm_", "cx_", 1),  # another scheme
        lambda key: key.split("_", 1)[1],
        lambda key: key.upper(),
        lambda key: "",
        lambda key: "_",
        lambda key: "cm__",
        lambda key: "cm_" + "x" * 5_000,
        lambda key: "cm_%é_x",
    ],
)
def test_no_other_text_lets_anybody_in(sqlite_desk: Desk, spoilt: Any) -> None:
    """Whatever is wrong, it is refused in the same words: they tell nothing of what is known."""
    key = sqlite_desk.key()
    with pytest.raises(NotSignedInError) as caught:
        signed_in(sqlite_desk, spoilt(key))
    assert caught.value.message == "The API key is not known, has expired or was revoked."
    assert caught.value.value is None


def test_the_secret_of_one_key_does_not_open_another(sqlite_desk: Desk) -> None:
    """Prefix and secret belong together."""
    one, other = sqlite_desk.key(Role.BROKER), sqlite_desk.key(Role.ADMINISTRATOR)
    mixed = "_".join([*other.split("_")[:2], one.split("_", 2)[2]])
    with pytest.raises(NotSignedInError):
        signed_in(sqlite_desk, mixed)


def test_a_key_expires_at_its_moment(desk: Desk) -> None:
    """Not before, and in the words of any other refusal."""
    expires_at = desk.record.clock.now() + timedelta(seconds=60)
    key = new(desk, expires_at=expires_at.isoformat())["key"]
    assert signed_in(desk, key, expires_at - timedelta(seconds=1)).role is Role.BROKER
    for late in (0, 1):
        with pytest.raises(NotSignedInError, match="is not known, has expired or was revoked"):
            signed_in(desk, key, expires_at + timedelta(seconds=late))


@pytest.mark.parametrize(
    ("authorization", "detail"),
    [
        (None, "The call has no API key."),
        ("", "The call has no API key."),
        ("Bearer", "The call has no API key."),
        ("Basic YTpi", "The call has no API key."),  # another way to sign in
        ("Bearer cm_1_2", "The API key is not known, has expired or was revoked."),
    ],
)
def test_a_call_without_a_key_is_told_how(
    sqlite_desk: Desk, authorization: str | None, detail: str
) -> None:
    """401 with how to sign in, and nothing about the route."""
    answered = with_key(sqlite_desk, authorization)
    assert refused(answered, 401, "not-signed-in")["detail"] == detail
    assert answered.headers["WWW-Authenticate"] == "Bearer"
    assert "cm_1_2" not in answered.text


# -- how keys are kept -------------------------------------------------------------------------


def test_keys_are_long_and_never_alike() -> None:
    """A prefix to name it by, and 256 bits that nobody guesses."""
    made = [new_key() for _ in range(50)]
    assert len({prefix for _, prefix, _ in made}) == 50
    for key, prefix, secret in made:
        assert key == f"cm_{prefix}_{secret}"
        assert (len(prefix), len(secret)) == (10, 43)


def test_the_hash_needs_the_services_own_secret() -> None:
    """Whoever steals the table cannot even try secrets without it."""
    one = Settings(key_secret=SecretStr("a" * 32))
    other = Settings(key_secret=SecretStr("b" * 32))
    assert hash_secret("x", one) == hash_secret("x", one)
    assert hash_secret("x", one) != hash_secret("x", other)
    assert hash_secret("x", one) != hash_secret("y", one)
    assert len(hash_secret("x", one)) == 64


def test_a_key_made_under_another_secret_opens_nothing(sqlite_desk: Desk) -> None:
    """A changed secret revokes every key at once."""
    key = sqlite_desk.key()
    changed = sqlite_desk.settings.model_copy(update={"key_secret": SecretStr("c" * 32)})
    with sqlite_desk.record.reading() as session, pytest.raises(NotSignedInError):
        caller_of(session, key, changed, sqlite_desk.record.clock.now())


def test_a_key_is_told_once_and_kept_nowhere(desk: Desk) -> None:
    """Not in the table, the audit, the list, the log, nor among answers to be given again."""
    with structlog.testing.capture_logs() as logged:
        answered = desk.call(
            "POST", "/v1/keys", BROKER, headers={"Idempotency-Key": "key-0001"}, **ADMINISTRATOR
        )
    made = ok(answered)
    secret = made["key"].split("_", 2)[2]
    assert answered.status_code == 201
    assert answered.headers["Cache-Control"] == "no-store"
    with desk.record.reading() as session:
        row = session.get(ApiKeyRow, made["prefix"])
        details = [line.detail for line in session.scalars(select(AuditRow))]
        replays = list(session.scalars(select(ReplayRow)))
    assert row is not None
    kept = json.dumps(
        [str(vars(row)), details, logged, desk.get("/v1/keys", **ADMINISTRATOR)], default=str
    )
    assert secret not in kept
    assert replays == []
    assert row.secret_hash not in json.dumps(desk.get("/v1/keys", **ADMINISTRATOR))


# -- made --------------------------------------------------------------------------------------


def test_a_key_that_was_made_works(desk: Desk) -> None:
    """At once, for its role, and the audit names it by its prefix."""
    made = new(desk, role="provider", holder="Weymouth Bay", provider_id="bay")
    assert answer_status(desk, made["key"], "/v1/providers/bay") == 200
    assert answer_status(desk, made["key"], "/v1/providers/maiden") == 404
    assert answer_status(desk, made["key"], "/v1/keys") == 403
    line = desk.get(f"/v1/audit?subject={made['prefix']}", **ADMINISTRATOR)["items"][0]
    assert (line["action"], line["detail"]["holder"]) == ("key.made", "Weymouth Bay")


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_examples_can_be_pasted(sqlite_desk: Desk, name: str) -> None:
    """Every body that the description shows makes a key, on the sample book."""
    body = EXAMPLES[name]["value"]
    assert sqlite_desk.post("/v1/keys", body, **ADMINISTRATOR)["holder"] == body["holder"]


def answer_status(desk: Desk, key: str, path: str) -> int:
    """Return the status of a GET with a key."""
    return desk.client.get(path, headers={"Authorization": f"Bearer {key}"}).status_code


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"role": "provider", "provider_id": "bay"}, 201),
        ({"role": "provider"}, 422),  # of nobody
        ({"provider_id": "bay"}, 422),  # a broker is of no provider
        ({"role": "provider", "provider_id": "nobody"}, 404),
        ({"role": "budget_holder", "limit_pence_per_week": 0}, 201),
        ({"role": "budget_holder"}, 201),
        ({"limit_pence_per_week": 1}, 422),  # only a budget holder approves
        ({"role": "software"}, 422),  # no role of people
        ({"holder": "jo@example.org"}, 422),  # a person, not a post
        ({"holder": ""}, 422),
        ({"holder": "key safe 4711"}, 422),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 400),  # over already
        ({"expires_at": "2999-01-01T00:00:00"}, 422),  # in which time zone?
        ({"expires_at": "2035-01-01T00:00:00+01:00"}, 201),
        ({"expires_at": "2999-01-01T00:00:00+01:00"}, 400),  # more than ten years on
        ({"secret": "mine"}, 422),  # nobody brings a secret
    ],
)
def test_a_key_goes_with_its_role(sqlite_desk: Desk, asked: dict[str, Any], status: int) -> None:
    """What it may not have, and what it must."""
    body = {**BROKER, **asked}
    answered = sqlite_desk.call("POST", "/v1/keys", body, **ADMINISTRATOR)
    assert answered.status_code == status, answered.text


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_only_an_administrator_keeps_keys(sqlite_desk: Desk, role: Role) -> None:
    """Nobody else makes, sees or revokes one."""
    who: dict[str, Any] = {"role": role, "provider_id": "bay" if role is Role.PROVIDER else None}
    refused(sqlite_desk.call("POST", "/v1/keys", BROKER, **who), 403, "not-allowed")
    refused(sqlite_desk.call("GET", "/v1/keys", **who), 403, "not-allowed")
    refused(sqlite_desk.call("DELETE", "/v1/keys/0000000000", **who), 403, "not-allowed")


# -- listed and revoked ------------------------------------------------------------------------


def test_keys_are_listed_by_role_and_holder(desk: Desk) -> None:
    """Page after page, each once, with what it is and not what it opens."""
    for holder in ("Team B", "Team A", "Team C"):
        new(desk, holder=holder)
    everyone = desk.get("/v1/keys", **ADMINISTRATOR)["items"]
    assert [(key["role"], key["holder"]) for key in everyone] == [
        ("administrator", "the administrator"),
        *(("broker", f"Team {letter}") for letter in "ABC"),
    ]
    assert all(key["is_valid"] and "secret_hash" not in key for key in everyone)
    seen, cursor = [], ""
    while cursor is not None:
        page = desk.get(f"/v1/keys?limit=1{cursor and '&cursor=' + cursor}", **ADMINISTRATOR)
        seen += page["items"]
        cursor = page["next"]
    assert seen == everyone


def test_a_revoked_key_opens_nothing_from_then_on(desk: Desk) -> None:
    """At once, and for good; revoking it again changes nothing."""
    made = new(desk)
    assert answer_status(desk, made["key"], "/v1/requests") == 200
    path = f"/v1/keys/{made['prefix']}"
    told = ok(desk.call("DELETE", path, **ADMINISTRATOR))
    assert told["revoked_at"] is not None
    assert not told["is_valid"]
    answered = with_key(desk, f"Bearer {made['key']}")
    detail = refused(answered, 401, "not-signed-in")["detail"]
    assert detail == "The API key is not known, has expired or was revoked."
    again = ok(desk.call("DELETE", path, **ADMINISTRATOR))
    assert again["revoked_at"] == told["revoked_at"]
    lines = desk.get(f"/v1/audit?subject={made['prefix']}", **ADMINISTRATOR)["items"]
    assert [line["action"] for line in lines] == ["key.revoked", "key.made"]
    refused(desk.call("DELETE", "/v1/keys/0000000000", **ADMINISTRATOR), 404, "not-found")


def test_the_last_administrator_stays(desk: Desk) -> None:
    """One that has expired or was revoked does not count as another."""
    own = desk.key(Role.ADMINISTRATOR).split("_")[1]
    refused(desk.call("DELETE", f"/v1/keys/{own}", **ADMINISTRATOR), 409, "conflict")
    other = new(desk, role="administrator", holder="Deputy")
    ok(desk.call("DELETE", f"/v1/keys/{other['prefix']}", **ADMINISTRATOR))
    refused(desk.call("DELETE", f"/v1/keys/{own}", **ADMINISTRATOR), 409, "conflict")
    with desk.record.bare_writing() as session:
        row = session.get(ApiKeyRow, other["prefix"])
        assert row is not None
        row.revoked_at, row.expires_at = None, desk.record.clock.now()
    refused(desk.call("DELETE", f"/v1/keys/{own}", **ADMINISTRATOR), 409, "conflict")
    new(desk, role="administrator", holder="Second deputy")
    ok(desk.call("DELETE", f"/v1/keys/{own}", **ADMINISTRATOR))
    refused(desk.call("GET", "/v1/keys", **ADMINISTRATOR), 401, "not-signed-in")


@pytest.mark.parametrize(
    ("own_days", "others_days", "status"),
    [
        (None, 1, 409),  # tomorrow nobody could make keys any more
        (30, 1, 409),
        (1, 30, 200),
        (30, 30, 200),  # only just as long
        (30, None, 200),
        (-1, None, 200),  # it opens nothing as it is
    ],
)
def test_the_longest_lasting_administrator_stays(
    sqlite_desk: Desk, own_days: int | None, others_days: int | None, status: int
) -> None:
    """A key may go once another is there for as long."""
    now = sqlite_desk.record.clock.now()
    made = {
        holder: new(sqlite_desk, role="administrator", holder=holder)["prefix"]
        for holder in ("own", "other")
    }
    with sqlite_desk.record.bare_writing() as session:
        for row in session.scalars(select(ApiKeyRow).where(ApiKeyRow.prefix.not_in(made.values()))):
            row.expires_at = now + timedelta(hours=1)  # the caller's is there for today
        for prefix, days in zip(made.values(), (own_days, others_days), strict=True):
            session.get_one(ApiKeyRow, prefix).expires_at = (
                None if days is None else now + timedelta(days=days)
            )
    answered = sqlite_desk.call("DELETE", f"/v1/keys/{made['own']}", **ADMINISTRATOR)
    assert answered.status_code == status, answered.text


def test_validity_ends_by_moment_or_by_word(sqlite_desk: Desk) -> None:
    """Either is enough."""
    now = sqlite_desk.record.clock.now()
    later = now + timedelta(seconds=1)
    assert is_valid(ApiKeyRow(), now)
    assert is_valid(ApiKeyRow(expires_at=later), now)
    assert not is_valid(ApiKeyRow(expires_at=now), now)
    assert not is_valid(ApiKeyRow(expires_at=later, revoked_at=now), now)


# -- rules -------------------------------------------------------------------------------------


def test_a_rule_lets_pass_whom_it_names(sqlite_desk: Desk) -> None:
    """With anybody's, or only with one's own; nobody else at all."""
    rule = Rule({Role.BROKER: Reach.ANY, Role.PROVIDER: Reach.OWN})
    bay = Caller("1", "Bay", Role.PROVIDER, "bay")
    with sqlite_desk.record.reading() as session:
        rule.check(Caller("2", "Team", Role.BROKER), {"provider_id": "maiden"}, session)
        rule.check(bay, {"provider_id": "bay"}, session)
        rule.check(bay, {}, session)
        with pytest.raises(NotFoundError, match="no provider 'maiden' that you may see"):
            rule.check(bay, {"provider_id": "maiden"}, session)
        with pytest.raises(NotAllowedError) as caught:
            rule.check(Caller("3", "Head", Role.COMMISSIONER), {"provider_id": "bay"}, session)
    assert caught.value.expected == "broker or provider"


@pytest.mark.parametrize("name", sorted(OWNERS))
@pytest.mark.parametrize("role", [Role.KEY_WORKER, Role.PROVIDER])
def test_what_there_is_not_is_nobodys_own(sqlite_desk: Desk, name: str, role: Role) -> None:
    """An id that names nothing is never owned, in any role that has own things."""
    caller = Caller("1", "somebody", role, "bay" if role is Role.PROVIDER else None)
    with sqlite_desk.record.reading() as session:
        assert not OWNERS[name](session, "nothing", caller)
