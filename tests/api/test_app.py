"""Tests of the service put together: what it refuses to start with, and what it starts with."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from api.settings import Mode, Settings, UnsafeSettingsError
from api.storage.migrating import migrate
from api.storage.record import Record
from tests.api.conftest import settings_at
from tests.api.desk import DAY, Desk, refused

SECRET = "a secret of the council's own, long enough"
SAFE = {
    "mode": Mode.PRODUCTION,
    "key_secret": SecretStr(SECRET),
    "audit_secret": SecretStr(SECRET[::-1].replace(" ", "-")),
}


def production(**other: object) -> Settings:
    """Return safe settings of production, with others where told."""
    return Settings.model_validate({**SAFE, **other})


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"key_secret": SecretStr("short")}, "CAREMATCH_KEY_SECRET"),  # could be guessed
        ({"day": DAY}, "CAREMATCH_DAY"),  # clocks would stand still
        ({"calls_per_minute": 0}, "CAREMATCH_CALLS_PER_MINUTE"),  # anybody could flood it
        ({"database_url": SecretStr("sqlite://")}, "CAREMATCH_DATABASE_URL"),  # lost at the end
    ],
)
def test_production_does_not_start_unsafely(other: dict[str, object], named: str) -> None:
    """Each unsafe setting by itself keeps the service from starting, by its name."""
    with pytest.raises(UnsafeSettingsError, match=named):
        create_app(production(**other))


def test_all_that_is_unsafe_is_told_at_once() -> None:
    """Somebody who sets the service up mends everything in one go."""
    settings = production(day=DAY, calls_per_minute=0, key_secret=SecretStr("x"))
    with pytest.raises(UnsafeSettingsError) as caught:
        create_app(settings)
    told = caught.value.message
    assert all(name in told for name in ("KEY_SECRET", "CAREMATCH_DAY", "CALLS_PER_MINUTE"))
    assert "x;" not in told


def test_production_starts_safely(sqlite_desk: Desk) -> None:
    """With safe settings it answers, and shows nobody its routes as a page."""
    url = sqlite_desk.settings.database_url
    with TestClient(create_app(production(database_url=url))) as client:
        assert client.get("/readyz").json() == {"status": "ready", "clock_ahead_seconds": None}
        assert client.get("/docs").status_code == 404
        assert client.get("/redoc").status_code == 404


def test_an_empty_database_is_alive_but_not_ready(empty_url: str) -> None:
    """Before tables and a book there is nothing to serve, and each call says what to run."""
    settings = settings_at(empty_url)
    client = TestClient(create_app(settings))
    assert client.get("/healthz").json() == {"status": "alive"}
    told = refused(client.get("/readyz"), 503, "not-ready")["detail"]
    assert "carematch migrate" in told
    record = Record(settings)
    migrate(record.engine)
    record.close()
    refused(client.get("/readyz"), 503, "not-ready")


def test_the_description_knows_the_problem_document(sqlite_desk: Desk) -> None:
    """Every refusal of every route refers to one schema, which is there."""
    document = sqlite_desk.client.get("/v1/openapi.json").json()
    assert {"type", "title", "status", "detail"} <= set(
        document["components"]["schemas"]["Problem"]["required"]
    )
    for methods in document["paths"].values():
        for operation in methods.values():
            assert {"401", "403", "429"} <= operation["responses"].keys()
