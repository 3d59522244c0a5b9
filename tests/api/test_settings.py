"""Tests of what may be set, and of what production refuses to start with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from api.app import create_app
from api.settings import (
    DEVELOPMENT_SECRET,
    SHORTEST_SECRET,
    Mode,
    Settings,
    UnsafeSettingsError,
    is_postgresql,
    settings_of_environment,
)
from matcher.cli.failures import DEBUG_VARIABLE
from matcher.geography import default_cache_dir

SAFE: dict[str, Any] = {
    "mode": Mode.PRODUCTION,
    "key_secret": "s" * SHORTEST_SECRET,
    "database_url": "postgresql://carematch:secret@db.example/carematch",
}
"""All that production needs; everything else is safe by default."""


def production(**other: Any) -> Settings:
    """Return settings of production, some of them changed."""
    return Settings.model_validate({**SAFE, **other})


def test_production_starts_with_safe_settings() -> None:
    """PostgreSQL with a password or a SQLite file, a secret just long enough, a limit."""
    production().require_safe()
    production(database_url="sqlite:///carematch.db", calls_per_minute=1).require_safe()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"key_secret": DEVELOPMENT_SECRET}, "CAREMATCH_KEY_SECRET"),
        ({"key_secret": "s" * (SHORTEST_SECRET - 1)}, "CAREMATCH_KEY_SECRET"),
        ({"key_secret": ""}, "CAREMATCH_KEY_SECRET"),
        ({"day": "2026-04-01"}, "CAREMATCH_DAY"),  # today would not be today
        ({"calls_per_minute": 0}, "CAREMATCH_CALLS_PER_MINUTE"),
        ({"database_url": "postgresql://carematch@db/carematch"}, "CAREMATCH_DATABASE_URL"),
        ({"database_url": "postgresql://carematch:secret@db"}, "CAREMATCH_DATABASE_URL"),
        ({"database_url": "sqlite://"}, "CAREMATCH_DATABASE_URL"),  # gone with the process
        ({"database_url": "sqlite:///:memory:"}, "CAREMATCH_DATABASE_URL"),
    ],
)
def test_production_refuses_what_is_unsafe(changed: dict[str, Any], named: str) -> None:
    """Each names the variable; the very same is fine for trying things out."""
    settings = production(**changed)
    with pytest.raises(UnsafeSettingsError, match=named):
        settings.require_safe()
    settings.model_copy(update={"mode": Mode.DEVELOPMENT}).require_safe()


def test_everything_unsafe_is_told_at_once() -> None:
    """And no secret is told with it."""
    settings = production(
        key_secret="short-secret",
        day="2026-04-01",
        calls_per_minute=0,
        database_url="postgresql://somebody@db/carematch",
    )
    with pytest.raises(UnsafeSettingsError) as caught:
        settings.require_safe()
    told = caught.value.message
    assert all(name in told for name in ("KEY_SECRET", "DAY", "CALLS_PER_MINUTE", "DATABASE_URL"))
    assert "short-secret" not in told
    assert "somebody" not in told


def test_the_service_does_not_start_unsafe() -> None:
    """The app itself refuses, however it is started, before it opens the database."""
    with pytest.raises(UnsafeSettingsError):
        create_app(production(key_secret=DEVELOPMENT_SECRET))


def test_secrets_are_not_shown() -> None:
    """Neither as text nor as JSON."""
    settings = production()
    for shown in (str(settings), repr(settings), settings.model_dump_json()):
        assert "secret@" not in shown
        assert SAFE["key_secret"] not in shown


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by its name with CAREMATCH_ before it; nothing else is heeded."""
    monkeypatch.setenv("CAREMATCH_HOLD_HOURS", "48")
    monkeypatch.setenv("CAREMATCH_MODE", "production")
    monkeypatch.setenv("HOLD_HOURS", "12")
    settings = Settings()
    assert (settings.hold_hours, settings.mode) == (48, Mode.PRODUCTION)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hold_hours", 0),
        ("day_end", 25),
        ("most_body_bytes", 999),
        ("calls_per_minute", -1),
        ("lease_seconds", 0),
        ("lock_seconds", 0),
        ("mode", "test"),
    ],
)
def test_figures_have_bounds(name: str, value: object) -> None:
    """What cannot be is refused where it is set."""
    with pytest.raises(ValidationError):
        Settings.model_validate({name: value})


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://a:b@host/name", "postgresql+psycopg"),
        ("postgresql+psycopg://a:b@host/name", "postgresql+psycopg"),
        ("sqlite:///a.db", "sqlite"),
    ],
)
def test_the_driver_is_ours_to_choose(given: str, used: str) -> None:
    """An address names the database; by which driver it is reached is no setting."""
    url = Settings(database_url=SecretStr(given)).url
    assert url.drivername == used
    assert is_postgresql(url) == given.startswith("postgresql")
    assert url.password == ("b" if is_postgresql(url) else None)


@pytest.mark.parametrize(
    ("start", "end", "is_day"), [(9, 17, True), (16, 17, True), (17, 17, False), (18, 17, False)]
)
def test_a_day_ends_after_it_starts(start: int, end: int, is_day: bool) -> None:
    """A working day without an hour would never let a clock run out."""
    told = {"day_start": start, "day_end": end}
    if is_day:
        assert Settings.model_validate(told).day_end == end
    else:
        with pytest.raises(ValidationError, match="later than the day's start"):
            Settings.model_validate(told)


def test_a_late_start_is_told_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where only the start was set, with the variable that does not go with it."""
    monkeypatch.setenv("CAREMATCH_DAY_START", "20")
    with pytest.raises(UnsafeSettingsError) as caught:
        settings_of_environment()
    expected = "  CAREMATCH_DAY_END: an hour later than the day's start, 20"
    assert caught.value.message.splitlines()[1:] == [expected]


def test_a_start_that_is_wrong_by_itself_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end is then not compared with it."""
    monkeypatch.setenv("CAREMATCH_DAY_START", "24")
    with pytest.raises(UnsafeSettingsError) as caught:
        settings_of_environment()
    assert "CAREMATCH_DAY_END" not in caught.value.message


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CAREMATCH_MOD", "CAREMATCH_MODE"),
        ("CAREMATCH_KEYSECRET", "CAREMATCH_KEY_SECRET"),
        ("carematch_databse_url", "CAREMATCH_DATABASE_URL"),
        ("CAREMATCH_XYZZY", "CAREMATCH_RUN_SECONDS"),
    ],
)
def test_a_mistyped_setting_is_refused(
    name: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or production would start as development; its value may be a secret, so is not shown."""
    monkeypatch.setenv(name, "a-secret")
    for starting in (settings_of_environment, create_app):
        with pytest.raises(UnsafeSettingsError, match=f"{name}: expected .*{meant}") as caught:
            starting()
        assert "a-secret" not in str(caught.value)


def test_what_the_matcher_reads_is_no_mistake(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where it keeps what it may lose, and whether it tells where a fault is."""
    monkeypatch.setenv(DEBUG_VARIABLE, "1")
    monkeypatch.setenv("CAREMATCH_CACHE_DIR", str(tmp_path))
    assert default_cache_dir() == tmp_path
    assert settings_of_environment().mode is Mode.DEVELOPMENT
