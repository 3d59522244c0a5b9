"""What the service's tests share: the sample book loaded on both databases, and a desk on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from pydantic import SecretStr
from sqlalchemy import Dialect, Engine

from api import readiness
from api.settings import Settings
from api.storage import record
from api.storage.books import load
from api.storage.migrating import migrate
from api.storage.record import Record
from matcher.files import BookFolder, read_book
from matcher.geography import Gazetteer
from matcher.market import Market
from tests.api.desk import DAY, Desk
from tests.api.postgresql import TEMPLATE, Server, binaries, running

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
DATABASES = ("sqlite", "postgresql")
NO_SERVER = "no PostgreSQL server is installed (CI installs one)"


def settings_at(url: str) -> Settings:
    """Return settings of a service at one database, on the sample book's day."""
    return Settings(database_url=SecretStr(url), day=date.fromisoformat(DAY), calls_per_minute=0)


def fill(url: str, folder: BookFolder, gazetteer: Gazetteer) -> None:
    """Bring an empty database's tables up, and load a book into it."""
    filled = Record(settings_at(url))
    migrate(filled.engine)
    load(filled, folder, Market(folder.book, folder.policy, gazetteer))
    filled.close()


@pytest.fixture(scope="session", autouse=True)
def event_loop_of_desks() -> Iterator[None]:
    """Give all desks one event loop: starting one for each call takes longer than most calls."""
    with start_blocking_portal() as Desk.portal:
        yield
    Desk.portal = None


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> Iterator[None]:
    """Let engines of one kind share what each compiles: every test makes an engine of its own.

    They share the dialect too, as what was compiled is found again by it; but only one that has
    met its database, and so knows what it needs to know of that.
    """
    make_engine = record.make_engine
    dialects: dict[tuple[str, str], Dialect] = {}
    compiled: dict[object, object] = {}

    def sharing(settings: Settings) -> Engine:
        engine = make_engine(settings)
        kind = engine.dialect.name, engine.dialect.driver
        known = dialects.get(kind)
        if known is None or known.server_version_info is None:
            dialects[kind] = engine.dialect
        else:
            engine.dialect = known
        engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "make_engine", sharing)
        yield


@pytest.fixture(scope="session", autouse=True)
def readiness_in_its_own_time() -> Iterator[None]:
    """Let readiness be tried whenever it is asked for, on a machine that has much else to do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readiness, "FRESH_SECONDS", 0)
        patch.setattr(readiness, "ANSWER_SECONDS", 30)
        yield


@pytest.fixture(scope="session")
def sample(gazetteer: Gazetteer) -> BookFolder:
    """Give the sample book."""
    return read_book(SAMPLE, gazetteer=gazetteer)


@pytest.fixture(scope="session")
def loaded_file(
    tmp_path_factory: pytest.TempPathFactory, sample: BookFolder, gazetteer: Gazetteer
) -> Path:
    """Give a SQLite file that holds the sample book, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "loaded.db"
    fill(f"sqlite:///{path}", sample, gazetteer)
    return path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a PostgreSQL server."""
    if binaries() is None:
        if os.environ.get("CI"):
            pytest.fail(NO_SERVER)
        pytest.skip(NO_SERVER)
    with running(tmp_path_factory.mktemp("postgresql") / "server") as found:
        yield found


@pytest.fixture(scope="session")
def loaded_server(server: Server, sample: BookFolder, gazetteer: Gazetteer) -> Server:
    """Give a PostgreSQL server with a template that holds the sample book."""
    fill(server.create(TEMPLATE), sample, gazetteer)
    return server


@pytest.fixture(params=DATABASES)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of an empty database, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: Server = request.getfixturevalue("server")
    with server.lent() as url:
        yield url


@pytest.fixture(params=DATABASES)
def loaded_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database with the sample book, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("loaded_file"), tmp_path / "book.db")
        yield f"sqlite:///{tmp_path / 'book.db'}"
        return
    server: Server = request.getfixturevalue("loaded_server")
    with server.lent(TEMPLATE) as url:
        yield url


@pytest.fixture
def desk(loaded_url: str, gazetteer: Gazetteer) -> Iterator[Desk]:
    """Give a desk on the sample book, on SQLite and on PostgreSQL."""
    found = Desk(settings_at(loaded_url), gazetteer)
    yield found
    found.close()


@pytest.fixture
def sqlite_desk(tmp_path: Path, loaded_file: Path, gazetteer: Gazetteer) -> Iterator[Desk]:
    """Give a desk on the sample book on SQLite only, for what no database can change."""
    shutil.copy(loaded_file, tmp_path / "book.db")
    found = Desk(settings_at(f"sqlite:///{tmp_path / 'book.db'}"), gazetteer)
    yield found
    found.close()
