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
from matcher.cli.codes import DEBUG_VARIABLE
from matcher.geography import default_cache_dir

SAFE: dict[str, Any] = {
    "mode": Mode.PRODUCTION,
    "key_secret": "12345678" * (SHORTEST_SECRET // 8),
    "audit_secret": "abcdefgh" * (SHORTEST_SECRET // 8),
    "database_url": "postgresql://carematch:secret@db.example/carematch?sslmode=verify-full",
}
"""All that production needs; everything else is safe by default."""


def production(**other: Any) -> Settings:
    """Return settings of production, some of them changed."""
    return Settings.model_validate({**SAFE, **other})


def test_production_starts_with_safe_settings() -> None:
    """PostgreSQL with a password or a SQLite file, a secret just long enough, a limit."""
    production().require_safe()
    production(database_url="sqlite:////srv/carematch.db", calls_per_minute=1).require_safe()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://a:b@db.example/c?sslmode=verify-full",
        "postgresql://a:b@db.example/c?sslmode=require",
        "postgresql://a:b@db.example/c?sslmode=disable",  # somebody has thought of it
        "postgresql://a:b@127.0.0.1/c",
        "postgresql://a:b@[::1]:5433/c",
        "postgresql://a:b@/c?host=/run/postgresql",
        "postgresql://a:b@/c",
    ],
)
def test_what_goes_to_the_database_is_encrypted_or_said_not_to_be(address: str) -> None:
    """Within one machine nothing has to be said."""
    production(database_url=address).require_safe()


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602])
def test_production_refuses_a_file_that_everybody_may_open(tmp_path: Path, mode: int) -> None:
    """It holds where people live; a group of backup's own is the council's to choose."""
    file = tmp_path / "carematch.db"
    file.touch()
    file.chmod(0o640)
    production(database_url=f"sqlite:///{file}").require_safe()
    file.chmod(mode)
    with pytest.raises(UnsafeSettingsError, match="chmod 600"):
        production(database_url=f"sqlite:///{file}").require_safe()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"key_secret": DEVELOPMENT_SECRET}, "CAREMATCH_KEY_SECRET"),
        ({"key_secret": ("12345678" * 4)[:-1]}, "CAREMATCH_KEY_SECRET"),
        ({"key_secret": "s" * 100}, "1 of them different"),  # guessed by trying every letter
        ({"key_secret": "1234567" * 5}, "7 of them different"),
        ({"key_secret": ""}, "CAREMATCH_KEY_SECRET"),
        ({"audit_secret": None}, "CAREMATCH_AUDIT_SECRET: not set"),
        ({"audit_secret": ("abcdefgh" * 4)[:-1]}, "CAREMATCH_AUDIT_SECRET: 31 characters"),
        ({"audit_secret": "s" * 100}, "CAREMATCH_AUDIT_SECRET: 100 characters, 1 of them"),
        ({"audit_secret": SAFE["key_secret"]}, "CAREMATCH_AUDIT_SECRET: the same"),
        ({"day": "2026-04-01"}, "CAREMATCH_DAY"),  # today would not be today
        ({"calls_per_minute": 0}, "CAREMATCH_CALLS_PER_MINUTE"),
        ({"database_url": "postgresql://carematch@db/carematch"}, "CAREMATCH_DATABASE_URL"),
        ({"database_url": "postgresql://carematch:secret@db"}, "CAREMATCH_DATABASE_URL"),
        ({"database_url": "postgresql://a:b@db.example/c"}, "TLS"),
        ({"database_url": "postgresql://a:b@db.example/c?sslmode=prefer"}, "TLS"),  # or without
        ({"database_url": "postgresql://a:b@/c?host=/run,db.example"}, "TLS"),
        ({"database_url": "postgresql://a:b@localhost/c?hostaddr=10.0.0.1"}, "TLS"),
        ({"database_url": "sqlite://"}, "CAREMATCH_DATABASE_URL"),  # gone with the process
        ({"database_url": "sqlite:///:memory:"}, "CAREMATCH_DATABASE_URL"),
        ({"database_url": "sqlite:///carematch.db"}, "depends on the folder"),
    ],
)
def test_production_refuses_what_is_unsafe(changed: dict[str, Any], named: str) -> None:
    """Each names the variable; the very same is fine for trying things out."""
    settings = production(**changed)
    with pytest.raises(UnsafeSettingsError, match=named):
        settings.require_safe()
    settings.model_copy(update={"mode": Mode.DEVELOPMENT}).require_safe()


def test_production_takes_no_database_by_default() -> None:
    """A record that was forgotten to be named would be made anew, empty, in whatever folder."""
    told = {name: value for name, value in SAFE.items() if name != "database_url"}
    with pytest.raises(UnsafeSettingsError, match="CAREMATCH_DATABASE_URL: not set"):
        Settings.model_validate(told).require_safe()


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
        ("lease_seconds", "inf"),
        ("lease_seconds", "nan"),
        ("run_seconds", "inf"),  # a run that never ends
        ("run_seconds", "1e300"),  # nor would this one
        ("lock_seconds", "inf"),
        ("lock_seconds", "nan"),
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


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:p@ss-word@host/name",
        "postgresql://user:p@ss:word@host/name",  # the word is no port either
        "postgresql+psycopg://us@er:pass-word@host/name",
        "postgresql://user:pa/ss-word@@host/name",
        "postgres://user:word@host/name?application_name=pass@word",
    ],
)
def test_a_second_at_sign_is_told_without_a_word_of_what_is_there(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the password ends is not to be known then, so none of it is shown as a host."""
    monkeypatch.setenv("CAREMATCH_DATABASE_URL", address)
    with pytest.raises(UnsafeSettingsError, match="%40") as caught:
        settings_of_environment()
    for piece in ("ss-word", "ss:", "er:", "word@", "host"):
        assert piece not in caught.value.message.replace("the host", "")


def test_a_port_that_is_no_number_is_told_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """In our words, and without what was met there."""
    monkeypatch.setenv("CAREMATCH_DATABASE_URL", "postgresql://user:secret@host:543x/name")
    with pytest.raises(UnsafeSettingsError, match="a port that is no number") as caught:
        settings_of_environment()
    assert "543x" not in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://user:secret@host:1/name", "postgresql://user:***@host:1/name"),
        ("postgresql://user:p%40secret@host/name", "postgresql://user:***@host/name"),
        ("postgresql://host/name?user=a&password=secret", "postgresql://host/name"),
        ("sqlite:////srv/a@b.db", "sqlite:////srv/a@b.db"),
    ],
)
def test_where_the_record_is_is_shown_as_it_was_set(address: str, shown: str) -> None:
    """By the driver that was written, not ours, and without the password wherever it stands."""
    assert Settings(database_url=SecretStr(address)).shown == shown
