"""A brokerage at work: the app on a database of its own, and whoever calls it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from api.app import create_app, make_service
from api.security import Caller, Role, hash_secret, new_key
from api.settings import Settings
from api.storage.record import SOFTWARE, Record
from api.tables import ApiKeyRow
from matcher.geography import Gazetteer

DAY = "2026-04-01"
"""The day of the sample book."""
USUAL_LIMIT = 200_000
"""Pence a week up to which the tests' budget holder may approve."""


_IDLE: list[FastAPI] = []


@dataclass
class Desk:
    """The app with one client for each caller.

    Parameters
    ----------
    settings
        Of the service; the database holds the sample book.
    gazetteer
        Where postcodes are.
    """

    portal: ClassVar[BlockingPortal | None] = None
    """The event loop of all desks, as a server has one; without it each call starts its own."""
    tells_of_keys: ClassVar[bool] = False
    """Whether the audit tells of the desk's own keys, as it does of everybody else's."""
    settings: Settings
    gazetteer: Gazetteer
    record: Record = field(init=False)
    app: FastAPI = field(init=False)
    client: TestClient = field(init=False)
    _keys: dict[tuple[object, ...], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.record = self.opened()
        # Setting up routes takes longer than most tests, so apps are used again.
        self.app = _IDLE.pop() if _IDLE else create_app(self.settings, record=self.record)
        self.app.state.service = make_service(self.settings, self.record, self.gazetteer)
        self.app.middleware_stack = None
        self.client = TestClient(self.app, raise_server_exceptions=True)
        self.client.portal = self.portal

    def opened(self) -> Record:
        """Return the record that the settings name."""
        return Record(self.settings)

    def key(
        self,
        role: Role | str = Role.BROKER,
        holder: str | None = None,
        provider_id: str | None = None,
        limit: int | None = USUAL_LIMIT,
    ) -> str:
        """Return the API key of a holder in a role, made when first asked for."""
        who = (str(role), holder, provider_id, limit)
        if who not in self._keys:
            key, prefix, secret = new_key()
            row = ApiKeyRow(
                prefix=prefix,
                secret_hash=hash_secret(secret, self.settings),
                role=str(role),
                holder=holder or f"the {role}",
                provider_id=provider_id,
                limit_pence_per_week=limit if role == Role.BUDGET_HOLDER else None,
                made_at=self.record.clock.now(),
            )
            self._keep(row)
            self._keys[who] = key
        return self._keys[who]

    def _keep(self, row: ApiKeyRow) -> None:
        if self.tells_of_keys:
            with self.record.writing(SOFTWARE) as writing:
                writing.session.add(row)
                writing.audit("key.made", row.prefix)
            return
        with self.record.bare_writing() as session:
            session.add(row)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: Role | str = Role.BROKER,
        holder: str | None = None,
        provider_id: str | None = None,
        limit: int | None = USUAL_LIMIT,
        version: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Return the answer to a call of a holder in a role.

        Parameters
        ----------
        method, path, body
            The call; the body as JSON.
        role, holder, provider_id, limit
            Who calls.
        version
            Sent as If-Match.
        headers
            Further headers.
        """
        key = self.key(role, holder, provider_id, limit)
        sent = {"Authorization": f"Bearer {key}", **(headers or {})}
        if version is not None:
            sent["If-Match"] = f'"{version}"'
        if body is None:
            return self.client.request(method, path, headers=sent)
        return self.client.request(method, path, headers=sent, json=body)

    def get(self, path: str, **who: Any) -> Any:
        """Return what a GET is answered, which must succeed."""
        return ok(self.call("GET", path, **who))

    def post(self, path: str, body: Any = None, **who: Any) -> Any:
        """Return what a POST is answered, which must succeed."""
        return ok(self.call("POST", path, body, **who))

    def close(self) -> None:
        """Let go of everything."""
        self.client.close()
        self.record.close()
        _IDLE.append(self.app)


def ok(response: Response) -> Any:
    """Return what a call that succeeded is answered."""
    assert response.is_success, f"{response.status_code}: {response.text}"
    return response.json()


def public_part(key: str) -> str:
    """Return the part of an API key that may be known, by which the audit tells it from others."""
    return key.split("_")[1]


def secret_part(key: str) -> str:
    """Return the part of an API key that nobody else may know, in which there may be "_", too."""
    return key.split("_", 2)[2]


def refused(response: Response, status: int, kind: str) -> dict[str, Any]:
    """Return the problem document of a call that must be refused in one way."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"] == f"urn:carematch:problem:{kind}", problem
    assert problem["status"] == status
    assert problem["request_id"] == response.headers["X-Request-Id"]
    return problem


__all__ = ["DAY", "Caller", "Desk", "ok", "public_part", "refused", "secret_part"]
