"""Tests of setting a record up: by several at once, and by a release that is older than it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from alembic import command
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.app import create_app
from api.cli import main
from api.errors import NotReadyError
from api.storage.migrating import (
    config,
    current,
    drift,
    known,
    migrate,
    newest,
    unfit,
)
from api.storage.proving import prove
from api.storage.record import Record
from tests.api.conftest import SAMPLE, settings_at
from tests.api.desk import refused
from tests.api.waiting import PATIENCE, ROOT

AT_ONCE = """
import os, sys, traceback
from api.settings import Settings
from api.storage.record import Record
{prepared}

def act():
    record = Record(Settings(database_url=sys.argv[1]))
{act}

def child():
    try:
        act()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)

children = [os.fork() or child() for _ in range({count})]
sys.exit(sum(os.waitpid(each, 0)[1] != 0 for each in children))
"""
"""Several processes that do the same at the same time, each of which must succeed."""
MIGRATES = (
    "from api.cli.opening import COMMAND_LINE; from api.storage.anchoring import upgrade",
    "    upgrade(record, COMMAND_LINE)",
)
LOADS = (
    """
from pathlib import Path
from api.errors import ConflictError
from api.storage.books import load
from matcher.files import read_book
from matcher.geography import Gazetteer
from matcher.market import Market
gazetteer = Gazetteer()
folder = read_book(Path(sys.argv[2]), gazetteer=gazetteer)
market = Market(folder.book, folder.policy, gazetteer)
""",
    """
    try:
        load(record, folder, market)
        os.write(1, b"loaded\\n")
    except ConflictError as error:
        os.write(1, b"refused: holds a book already\\n" * ("holds a book" in str(error)))
""",
)
NEWER = "9000"


def at_once(what: tuple[str, str], url: str, count: int) -> list[str]:
    """Return what some processes say that do the same at the same time, all with success."""
    program = AT_ONCE.format(prepared=what[0], act=what[1], count=count)
    done = subprocess.run(
        [sys.executable, "-c", program, url, str(SAMPLE)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return sorted(done.stdout.splitlines())


def test_several_who_migrate_at_once_all_succeed(empty_url: str) -> None:
    """As services do that start together: one brings the tables up, the others find them."""
    at_once(MIGRATES, empty_url, 5)
    record = Record(settings_at(empty_url))
    assert current(record.engine) == newest()
    assert drift(record.engine) == []
    record.close()


def test_an_older_record_is_migrated_by_several_at_once(loaded_url: str) -> None:
    """Nobody takes rows that another has just moved, and not vouched for yet, for tampered ones."""
    record = Record(settings_at(loaded_url))
    with record.engine.begin() as connection:
        command.downgrade(config(connection), "0006")
    at_once(MIGRATES, loaded_url, 5)
    assert current(record.engine) == newest()
    with record.snapshot() as session:
        assert prove(session, record.keys).faults == []
    record.close()


def test_of_those_who_load_at_once_one_does(empty_url: str) -> None:
    """One book is loaded, the others are told, and nobody meets a fault."""
    record = Record(settings_at(empty_url))
    migrate(record.engine)
    said = at_once(LOADS, empty_url, 3)
    assert said == ["loaded", *["refused: holds a book already"] * 2]
    with record.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM audit")) == 1
    record.close()


# -- a newer database --------------------------------------------------------------------------


@pytest.fixture
def newer(loaded_url: str) -> str:
    """Give the address of a database that a later release has brought up."""
    record = Record(settings_at(loaded_url))
    with record.engine.begin() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{NEWER}'"))
    record.close()
    return loaded_url


@pytest.mark.parametrize(
    "words", [["migrate"], ["serve"], ["worker"], ["load", str(SAMPLE)], ["audit", "verify"]]
)
def test_a_newer_database_is_told_as_such(
    newer: str, words: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nobody is sent to migrate, which cannot help."""
    monkeypatch.setenv("CAREMATCH_DATABASE_URL", newer)
    monkeypatch.setattr("sys.argv", ["carematch", *words])
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit) as caught:
        main()
    said = " ".join(capfd.readouterr().err.split())
    assert caught.value.code == 2
    assert f"is at migration {NEWER}, newer than this release, which ends at {newest()}" in said
    assert "carematch migrate" not in said


def test_a_service_of_before_is_not_ready_on_a_newer_database(newer: str) -> None:
    """It says why, and not where."""
    client = TestClient(create_app(settings_at(newer)))
    told = refused(client.get("/readyz"), 503, "not-ready")["detail"]
    assert "newer than this release" in told
    assert "://" not in told


def test_a_newer_database_is_left_as_it_is(newer: str) -> None:
    """Whatever it holds is for a later release to know."""
    record = Record(settings_at(newer))
    with pytest.raises(NotReadyError, match="newer"):
        migrate(record.engine)
    assert current(record.engine) == NEWER
    record.close()


@pytest.mark.parametrize("found", known()[1:])
def test_an_older_database_is_to_be_migrated(found: str) -> None:
    """Every migration of before is known as such."""
    assert "carematch migrate" in (unfit(found) or "")


def test_what_is_at_the_newest_is_fit() -> None:
    """And what has no tables is not."""
    assert unfit(newest()) is None
    assert "none" in (unfit(None) or "")
