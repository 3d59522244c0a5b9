"""Tests of the migrations: up from nothing, down again, and no drift, on both databases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, text

from api.storage.migrating import config, current, drift, migrate, newest
from api.storage.record import Record
from api.storage.trying import Trial
from api.tables import Base
from tests.api.conftest import settings_at
from tests.api.desk import Desk, refused
from tests.api.working import ask, run_of


@pytest.fixture
def record(empty_url: str) -> Record:
    """Give a record on an empty database."""
    return Record(settings_at(empty_url))


def test_up_from_nothing_gives_the_tables_of_the_code(record: Record) -> None:
    """After all steps the database is what the code expects, to the last column."""
    assert current(record.engine) is None
    migrate(record.engine)
    assert current(record.engine) == newest()
    assert drift(record.engine) == []
    record.close()


def test_drift_is_found(record: Record) -> None:
    """A column more or less than the code has does not go unnoticed."""
    migrate(record.engine)
    with record.engine.begin() as connection:
        connection.execute(text("ALTER TABLE bookings ADD COLUMN forgotten INTEGER"))
        connection.execute(text("DROP INDEX ix_bookings_request_id"))
    found = {each[0] for each in drift(record.engine)}
    assert found == {"remove_column", "add_index"}
    record.close()


def test_each_step_can_be_taken_back(record: Record) -> None:
    """Step by step down to nothing, and up again."""
    migrate(record.engine)
    for _ in range(int(newest())):
        with record.engine.begin() as connection:
            command.downgrade(config(connection), "-1")
    assert set(inspect(record.engine).get_table_names()) <= {"alembic_version"}
    migrate(record.engine)
    assert drift(record.engine) == []
    record.close()


def test_migrating_a_record_in_use_keeps_it(desk: Desk) -> None:
    """The newest tables with a book in them stay as they are."""
    before = desk.get("/v1/requests?limit=200")
    migrate(desk.record.engine)
    assert desk.get("/v1/requests?limit=200") == before


def test_ready_is_only_who_has_the_newest_tables(desk: Desk) -> None:
    """Earlier ones are not enough; once they are there, that is not asked again."""
    assert Trial(desk.record).why_not() is None
    trial = Trial(desk.record)
    with desk.record.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    told = f"The database is at migration 0001, not at {newest()}: run 'carematch migrate'."
    assert trial.why_not() == told
    assert refused(desk.client.get("/readyz"), 503, "not-ready")["detail"] == told
    migrated = {"number": newest()}
    with desk.record.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :number"), migrated)
    assert trial.why_not() is None
    with desk.record.engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    assert trial.why_not() is None


def test_every_table_is_used_by_the_code() -> None:
    """There is no table for show."""
    assert len(Base.metadata.tables) == 16


def test_sqlite_lets_readers_go_on(sqlite_desk: Desk) -> None:
    """The file is made so that reading and writing go side by side."""
    with sqlite_desk.record.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


@pytest.mark.parametrize("was_there", [False, True])
def test_a_record_in_a_file_is_for_its_owner_only(tmp_path: Path, was_there: bool) -> None:
    """Made so, and made so where an older release left it open, with what SQLite puts beside."""
    file = tmp_path / "carematch.db"
    record = Record(settings_at(f"sqlite:///{file}"))
    if was_there:
        migrate(record.engine)
        file.chmod(0o644)
    migrate(record.engine)
    with record.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE more (number INTEGER)")
        found = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    record.close()
    assert found == dict.fromkeys(("carematch.db", "carematch.db-wal", "carematch.db-shm"), 0o600)


def test_evidence_is_kept_through_the_step_that_packs_it(desk: Desk) -> None:
    """Packed, unpacked and packed again it is what a shortlist rested on, in far less space."""
    made = desk.post("/v1/requests/R-101/shortlists", {})
    path = f"/v1/shortlists/{made['shortlist_id']}/evidence"
    before = desk.get(path)
    with desk.record.engine.begin() as connection:
        packed = connection.scalar(text("SELECT length(considered) FROM shortlists"))
        command.downgrade(config(connection), "0004")
    with desk.record.engine.begin() as connection:
        unpacked = connection.scalar(text("SELECT evidence FROM shortlists"))
    lines = json.loads(unpacked) if isinstance(unpacked, str) else unpacked
    assert [line["provider_id"] for line in lines] == [
        line["provider_id"] for line in before["considered"]
    ]
    assert packed is not None
    assert 3 * packed < len(json.dumps(lines))
    migrate(desk.record.engine)
    assert desk.get(path) == before


def test_runs_of_before_are_not_the_nights(desk: Desk) -> None:
    """What people had asked for before keys were noted stays behind the night's own."""
    by_broker = desk.post("/v1/allocations", {})["run_id"]
    own = ask(desk)
    with desk.record.engine.begin() as connection:
        command.downgrade(config(connection), "0004")
    migrate(desk.record.engine)
    assert run_of(desk, by_broker).asked_key is not None
    assert run_of(desk, own).asked_key is None
