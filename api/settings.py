"""What may be set about the service, from the environment only, and what production refuses."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import TypeAlias

from pydantic import Field, FiniteFloat, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from matcher.errors import MatcherError

DEVELOPMENT_SECRET = "only-for-development"  # refused in production
LASTING = "sqlite:////ABSOLUTE/FILE or postgresql://USER:PASSWORD@HOST/NAME"
ADDRESSES = f"sqlite:///FILE, {LASTING}"
PREFIX = "CAREMATCH_"
NO_SETTINGS = ("CACHE_DIR", "DEBUG", "ROUTING_KIND", "ROUTING_URL")
"""Variables of that prefix that the matcher reads, not the service."""
SHORTEST_SECRET, FEWEST_CHARACTERS = 32, 8
"""Characters that a secret must have in production, and how many different ones."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
TOLD_MODES = ("verify-full", "verify-ca", "require", "disable")
"""Ways to say for certain whether what goes to PostgreSQL is encrypted; others leave it open."""
OTHERS = 0o007
LONGEST_LEASE, LONGEST_RUN = 3_600.0, 86_400.0

Network: TypeAlias = IPv4Network | IPv6Network


class Mode(StrEnum):
    """Whether real people's care depends on this service."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class UnsafeSettingsError(MatcherError):
    """Settings with which the service must not start in production, all of them listed."""


class Settings(BaseSettings):
    """Everything that may be set, each as an environment variable ``CAREMATCH_<NAME>``.

    Parameters
    ----------
    mode
        ``development`` or ``production``; production refuses unsafe settings at the start.
    database_url
        Where the book of record is: a SQLite file (``sqlite:///file``, with a fourth slash for an
        absolute path) or PostgreSQL (``postgresql://user:password@host/name``, with ``@`` and
        other signs in the password percent-encoded). Production needs it set, the path of a file
        absolute and the file closed to others, and for PostgreSQL on another machine
        ``?sslmode=verify-full`` at the end, or any other that says for certain.
    key_secret
        What API keys are hashed with; in production at least 32 characters, 8 of them different.
    audit_secret
        What audit lines and seals are signed with; in production needed, at least 32 characters,
        8 of them different, and another than the key secret.
    former_audit_secrets
        Audit secrets of before, with spaces between them, with which earlier lines are checked.
    day
        The day that the service takes for today, for demonstrations with an old book; the real
        day when not given. Refused in production.
    hold_hours
        Hours for which an option shown, or a choice made, keeps its capacity for the person.
    offer_hours
        Working hours for which an enquiry is open to replies unless told otherwise (H22).
    day_start, day_end
        First and last working hour of a working day, the first before the last (H22).
    most_body_bytes
        Bytes that the body of a request may have.
    calls_per_minute
        Calls that one API key, or one address without a valid key, may make in a minute; 0 for no
        limit.
    trusted_proxies
        Addresses or networks of the servers before this one, with commas between, of which it is
        believed for whom they call (``X-Forwarded-For``); nobody is believed unless named here.
    most_connections
        Connections that may be open at once; half of the handles that a process may have is the
        most.
    address_connections
        Connections that may be open at once from one address other than a trusted proxy's.
    caller_seconds
        Seconds that a caller may take to send a call's headers, to send its body (and a second
        more for each 10,000 bytes of that), and to take in the answer.
    idle_seconds
        Seconds for which a connection without a call stays open.
    lock_seconds
        Seconds that a call waits for its turn at the record before it is told to try again.
    most_waiting
        Changes that one process makes or lets wait for their turn; one more is told at once to
        try again, so that those who only read have threads and connections of their own.
    connect_seconds
        Seconds that PostgreSQL may take to accept a connection, or to say that one still stands.
    answer_seconds
        Seconds that the database may take over one statement before it counts as away.
    change_seconds
        Seconds for which a change under way may keep all others waiting while its process does
        nothing: PostgreSQL then undoes it.
    lease_seconds
        Seconds after which a run whose worker fell silent is taken up by another.
    most_attempts
        Times that a run is taken up before it is given up as failed.
    run_seconds
        Seconds that a run may take unless its own limits say otherwise.
    cluster
        Address of the scheduler of a Dask cluster that stands, such as ``tcp://10.0.0.5:8786``, to
        which runs deal out their independent parts; none where they are worked at here.
    key_runs
        Runs that one API key may have waiting or under way at once.
    key_run_seconds
        Seconds that these may take by their limits, all together.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    mode: Mode = Mode.DEVELOPMENT
    database_url: SecretStr = SecretStr("sqlite:///carematch.db")
    key_secret: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    audit_secret: SecretStr | None = None
    former_audit_secrets: SecretStr = SecretStr("")
    day: date | None = None
    hold_hours: int = Field(default=24, ge=1, le=24 * 28)
    offer_hours: int = Field(default=72, ge=1, le=400)
    day_start: int = Field(default=9, ge=0, le=23)
    day_end: int = Field(default=17, ge=1, le=24, validate_default=True)
    most_body_bytes: int = Field(default=1_000_000, ge=1_000, le=100_000_000)
    calls_per_minute: int = Field(default=1_200, ge=0)
    trusted_proxies: str = ""
    most_connections: int = Field(default=500, ge=10, le=100_000)
    address_connections: int = Field(default=100, ge=1, le=100_000)
    caller_seconds: FiniteFloat = Field(default=20.0, ge=0.1, le=3_600)
    idle_seconds: FiniteFloat = Field(default=15.0, ge=0.1, le=3_600)
    lock_seconds: FiniteFloat = Field(default=60.0, ge=0.001, le=3_600)
    most_waiting: int = Field(default=20, ge=1, le=200)
    connect_seconds: FiniteFloat = Field(default=5.0, ge=0.1, le=60)
    answer_seconds: FiniteFloat = Field(default=30.0, ge=0.1, le=3_600)
    change_seconds: FiniteFloat = Field(default=20.0, ge=0.1, le=3_600)
    lease_seconds: FiniteFloat = Field(default=30.0, gt=0, le=LONGEST_LEASE)
    most_attempts: int = Field(default=3, ge=1, le=20)
    cluster: str | None = None
    run_seconds: FiniteFloat = Field(default=60.0, gt=0, le=LONGEST_RUN)
    key_runs: int = Field(default=5, ge=1, le=1_000)
    key_run_seconds: FiniteFloat = Field(default=3_600.0, gt=0, le=7 * LONGEST_RUN)

    @field_validator("day_end")
    @classmethod
    def _after_its_start(cls, day_end: int, known: ValidationInfo) -> int:
        # A start that is wrong by itself is not among what is known.
        if day_end <= known.data.get("day_start", 0):
            raise ValueError(f"an hour later than the day's start, {known.data['day_start']}")
        return day_end

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_known(cls, value: str) -> str:
        try:
            networks_of(value)
        except ValueError as error:
            raise ValueError(f"{error}; expected addresses or networks, as 10.0.0.7") from None
        return value

    @field_validator("audit_secret")
    @classmethod
    def _is_one_word(cls, value: SecretStr | None) -> SecretStr | None:
        # Former ones are told apart by the spaces between them.
        if value is not None and value.get_secret_value().split() != [value.get_secret_value()]:
            raise ValueError("empty, or with a space in it; expected one word")
        return value

    @field_validator("database_url")
    @classmethod
    def _address_is_known(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if text.startswith("postgres") and text.count("@") > 1:
            # Whatever stands before the last one may be of the password, so is not looked at.
            raise ValueError(
                "more than one '@'; expected one, before the host: in a user name, a password or "
                "anything else, '@' is written %40, ':' %3A, '/' %2F and '%' %25"
            )
        try:
            url = make_url(text)
        except ArgumentError:
            raise ValueError(f"no address of a database; expected {ADDRESSES}") from None
        except ValueError:
            # Its message repeats what it met, which may be of the password.
            raise ValueError(f"a port that is no number; expected {ADDRESSES}") from None
        if not (is_postgresql(url) or url.get_backend_name() == "sqlite"):
            raise ValueError(f"another kind of database; expected {ADDRESSES}")
        if url.get_backend_name() == "sqlite" and url.host:
            raise ValueError(f"a SQLite file after two slashes; expected {ADDRESSES}")
        return value

    @cached_property
    def url(self) -> URL:
        """The database's address, with the driver that this service uses."""
        url = make_url(self.database_url.get_secret_value())
        return url.set(drivername="postgresql+psycopg") if is_postgresql(url) else url

    @property
    def shown(self) -> str:
        """Where the record is, as it was set, without anything that may be secret."""
        text, _, _ = self.database_url.get_secret_value().partition("?")
        # A path is shown as it was written, and holds no password.
        return make_url(text).render_as_string() if is_postgresql(self.url) else text

    @cached_property
    def proxies(self) -> tuple[Network, ...]:
        """The networks of the proxies that are trusted."""
        return networks_of(self.trusted_proxies)

    def require_safe(self) -> None:
        """Refuse to go on with settings that production must not have.

        Raises
        ------
        UnsafeSettingsError
            With every setting that is unsafe, and what it should be.
        """
        found = list(self._unsafe()) if self.mode is Mode.PRODUCTION else []
        if found:
            raise UnsafeSettingsError(
                "These settings are unsafe in production, so the service does not start:\n"
                + "\n".join(f"  {line}" for line in found),
                thing="settings",
                expected="safe settings, or CAREMATCH_MODE=development",
            )

    def _unsafe(self) -> Iterator[str]:
        yield from self._unsafe_secrets()
        if self.day is not None:
            yield f"CAREMATCH_DAY: {self.day}; expected none, so that today is today"
        if not self.calls_per_minute:
            yield "CAREMATCH_CALLS_PER_MINUTE: 0; expected a limit of at least 1"
        yield from self._unsafe_database()

    def _unsafe_secrets(self) -> Iterator[str]:
        key, audit = self.key_secret.get_secret_value(), self.audit_secret
        is_set = key != DEVELOPMENT_SECRET
        yield from _too_weak("CAREMATCH_KEY_SECRET", key if is_set else None)
        secret = None if audit is None else audit.get_secret_value()
        yield from _too_weak("CAREMATCH_AUDIT_SECRET", secret)
        if is_set and secret == key:
            yield (
                "CAREMATCH_AUDIT_SECRET: the same as CAREMATCH_KEY_SECRET; expected another, so "
                "that whoever learns one has not learnt both"
            )

    def _unsafe_database(self) -> Iterator[str]:
        name = self.url.database
        if "database_url" not in self.model_fields_set:
            yield f"CAREMATCH_DATABASE_URL: not set; expected {LASTING}"
        elif name in {None, "", ":memory:"}:
            yield "CAREMATCH_DATABASE_URL: no file or database; expected one that lasts"
        elif not (is_postgresql(self.url) or Path(name).is_absolute()):
            yield (
                "CAREMATCH_DATABASE_URL: a file that depends on the folder one is in; expected "
                "sqlite:////ABSOLUTE/FILE, with four slashes"
            )
        if is_postgresql(self.url):
            yield from self._unsafe_server()
        elif name and is_open_to_others(Path(name)):
            yield (
                f"CAREMATCH_DATABASE_URL: {name} may be read by everybody on this machine; "
                "expected a file of the service's own (chmod 600)"
            )

    def _unsafe_server(self) -> Iterator[str]:
        if not self.url.password:
            yield "CAREMATCH_DATABASE_URL: no password; expected one for PostgreSQL"
        if self.url.query.get("sslmode") not in TOLD_MODES and not all(map(is_near, self._hosts)):
            yield (
                "CAREMATCH_DATABASE_URL: PostgreSQL on another machine, and not said whether by "
                "TLS; expected ?sslmode=verify-full at its end, or sslmode=disable where the "
                "network between is safe by itself"
            )

    @property
    def _hosts(self) -> list[str]:
        # Both places may name several, and an address may be given beside a name.
        query = self.url.query
        named = [self.url.host, query.get("host"), query.get("hostaddr")]
        texts = [",".join(text) if isinstance(text, tuple) else text for text in named if text]
        return [host for text in texts for host in text.split(",")]


def is_open_to_others(file: Path) -> bool:
    """Say whether there is such a file and any account on this machine may read or change it."""
    try:
        return bool(file.stat().st_mode & OTHERS) and os.name == "posix"
    except OSError:
        return False  # opening it says what is amiss


def is_near(host: str) -> bool:
    """Say whether a database's host is this machine: its own address, or a socket's folder."""
    return host in LOOPBACK or host.startswith(("/", "@"))


def networks_of(text: str) -> tuple[Network, ...]:
    """Return the addresses and networks that a text names, with commas between them.

    Raises
    ------
    ValueError
        If one is none.
    """
    return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())


def is_among(address: str, networks: Iterable[Network]) -> bool:
    """Say whether an address is one of some networks'."""
    try:
        known = ip_address(address)
    except ValueError:
        return False  # a socket in the file system has none
    return any(known in each for each in networks)


def _too_weak(name: str, secret: str | None) -> Iterator[str]:
    told = "not set"
    if secret is not None:
        told = f"{len(secret)} characters, {len(set(secret))} of them different"
        if len(secret) >= SHORTEST_SECRET and len(set(secret)) >= FEWEST_CHARACTERS:
            return
    yield (
        f"{name}: {told}; expected a secret of your own of at least {SHORTEST_SECRET} characters, "
        f"{FEWEST_CHARACTERS} of them different"
    )


def is_postgresql(url: URL) -> bool:
    """Say whether an address is of a PostgreSQL database."""
    return url.get_backend_name() in {"postgresql", "postgres"}


def settings_of_environment() -> Settings:
    """Return the settings that the environment makes.

    Raises
    ------
    UnsafeSettingsError
        If a variable cannot be what it is set to, naming it and what was expected; the value is
        not repeated, for it may be a secret. Also if there is no such setting: a mistyped
        ``CAREMATCH_MODE`` must not start production as development.
    """
    _require_known(os.environ)
    try:
        return Settings()
    except ValidationError as error:
        faults = [
            f"  CAREMATCH_{str(item['loc'][0]).upper()}: "
            + item["msg"].removeprefix("Value error, ")
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise UnsafeSettingsError(
            "These settings cannot be used:\n" + "\n".join(faults), thing="settings"
        ) from None


def _require_known(variables: Iterable[str]) -> None:
    # In any case, as settings are.
    given = {name: name.upper().removeprefix(PREFIX) for name in sorted(variables)}
    known = [*(name.upper() for name in Settings.model_fields), *NO_SETTINGS]
    faults = []
    for name, short in given.items():
        if name.upper().startswith(PREFIX) and short not in known:
            meant = get_close_matches(short, known, n=1) or known
            faults.append(f"  {name}: expected {' or '.join(PREFIX + each for each in meant)}")
    if faults:
        raise UnsafeSettingsError(
            "There are no such settings:\n" + "\n".join(faults), thing="settings"
        )
