"""Tests of a database that is damaged, full, locked or can only be read: told as what it is."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import structlog.testing
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlalchemy.exc import IntegrityError as RefusedError

from api.app import make_service
from api.cli import main
from api.errors import UnansweredError
from api.storage.outages import is_lock_timeout, outage_of
from api.storage.record import SOFTWARE, Record
from api.storage.trying import Trial
from api.tables import RecordRow, RequestRow
from matcher.geography import Gazetteer
from tests.api.desk import Desk, ok, refused
from tests.api.waiting import impatient

SECRET = "Mrs Pike 4711"
"""What stands in a damaged cell, and nobody wants to read elsewhere."""
URGENT = {"reason": "The family carer is in hospital"}
PATH = "/v1/requests/R-101/urgency"
Spoil = Callable[[Path], None]


@pytest.fixture
def file(sqlite_desk: Desk, tmp_path: Path) -> Path:
    """Give the file of a record, with all that was written in it and nobody's lock on it."""
    sqlite_desk.record.close()
    return tmp_path / "book.db"


@contextmanager
def desk_at(url: str, gazetteer: Gazetteer, spoilt: Callable[[], None]) -> Iterator[Desk]:
    """Give a desk on a record that is spoilt after it was opened, and its key made."""
    desk = Desk(impatient(url), gazetteer)
    desk.key()
    desk.record.close()
    spoilt()
    try:
        yield desk
    finally:
        desk.close()


def require_told(desk: Desk, told: str, *, reads: bool) -> None:
    """Fail unless everybody is told what is wrong, and nothing of where it is or what it holds."""
    with structlog.testing.capture_logs() as lines:
        answers = [desk.call("PUT", PATH, URGENT), desk.client.get("/readyz")]
        read = desk.call("GET", "/v1/requests")
    if reads:
        ok(read)
    else:
        answers.append(read)
    for answered, kind in zip(answers, ("unanswered", "not-ready", "unanswered"), strict=False):
        assert told in refused(answered, 503, kind)["detail"]
        assert "book.db" not in answered.text
        assert SECRET not in answered.text
    assert answers[0].headers["Retry-After"]
    assert "the record does not answer" in [line["event"] for line in lines]
    assert SECRET not in str(lines)


# -- a file of SQLite --------------------------------------------------------------------------


def executed(*statements: str) -> Spoil:
    """Return what changes a file behind the service's back."""

    def spoil(file: Path) -> None:
        with closing(sqlite3.connect(file)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()

    return spoil


def overwritten(file: Path) -> None:
    """Write over all pages but the first."""
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(4096)
        opened.write((SECRET.encode() * size)[: size - 4096])


def cut_off(file: Path) -> None:
    """Cut a file off after its first page."""
    os.truncate(file, 5000)


def no_database(file: Path) -> None:
    """Put something else in the place of a file."""
    file.write_text(SECRET * 1000)


def taken_away(file: Path) -> None:
    """Put a folder in the place of a file, which nobody can open as one."""
    file.unlink()
    file.mkdir()


BYTES_NO_TEXT = f"UPDATE record SET title = CAST(x'ff' || '{SECRET}' AS TEXT)"
SPOILT: dict[str, tuple[Spoil, str]] = {
    "overwritten": (overwritten, "is damaged"),
    "cut off": (cut_off, "is damaged"),
    "no database": (no_database, "is not a SQLite database"),
    "taken away": (taken_away, "cannot be opened"),
    "a table gone": (executed("PRAGMA foreign_keys = OFF", "DROP TABLE requests"), "lacks a table"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_file_is_told_as_such(file: Path, gazetteer: Gazetteer, how: str) -> None:
    """By every call, and by readiness: it is no fault of ours, and no caller's."""
    spoil, told = SPOILT[how]

    def spoilt() -> None:
        for beside in ("-wal", "-shm"):
            Path(f"{file}{beside}").unlink(missing_ok=True)
        spoil(file)

    with desk_at(f"sqlite:///{file}", gazetteer, spoilt) as desk:
        require_told(desk, told, reads=False)


CELLS = {
    "bytes that are no text": BYTES_NO_TEXT,
    "no day": f"UPDATE record SET as_of = '{SECRET}'",
    "no document": f"UPDATE requests SET document = '{SECRET}'",
}


@pytest.mark.parametrize("what", CELLS)
def test_a_damaged_cell_is_not_printed(
    file: Path,
    what: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Neither on a terminal nor in an answer or a log (H7)."""
    executed(CELLS[what])(file)
    record = Record(impatient(f"sqlite:///{file}"))

    def read() -> None:
        with record.reading() as session:
            session.scalars(select(RecordRow)).all()
            session.scalars(select(RequestRow)).all()

    with pytest.raises(UnansweredError) as caught:
        read()
    record.close()
    assert caught.value.told == "is damaged"
    assert SECRET not in f"{caught.value} {caught.value.reason}"
    monkeypatch.setenv("CAREMATCH_DATABASE_URL", f"sqlite:///{file}")
    monkeypatch.setattr("sys.argv", ["carematch", "dump", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capfd.readouterr()
    assert ended.value.code == 2
    assert "is damaged" in " ".join(printed.err.split())
    assert SECRET not in printed.err + printed.out


def test_a_file_that_can_only_be_read_is_not_ready(file: Path, gazetteer: Gazetteer) -> None:
    """Reads are answered, and who watches is told before anybody wants to change something."""
    settings = impatient(f"sqlite:///file:{file}?mode=ro&uri=true")
    with (
        desk_at(f"sqlite:///{file}", gazetteer, lambda: None) as desk,
        closing(Record(settings)) as record,
    ):
        desk.app.state.service = make_service(settings, record, gazetteer)
        require_told(desk, "can only be read", reads=True)


def test_a_full_disk_is_not_ready(file: Path, tmp_path: Path, gazetteer: Gazetteer) -> None:
    """Told as such, and all is well once there is room again."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be made here (it takes an administrator)")
    try:
        held, filler = disk / "book.db", disk / "filler"
        held.write_bytes(file.read_bytes())

        with closing(Desk(impatient(f"sqlite:///{held}"), gazetteer)) as desk:
            desk.key()
            with suppress(OSError), filler.open("wb", buffering=0) as opened:
                while opened.write(b"0" * 4096):
                    pass
            require_told(desk, "has no room left", reads=True)
            filler.unlink()
            assert Trial(desk.record).why_not() is None
            ok(desk.call("PUT", PATH, URGENT))
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_file_in_the_old_mode_that_somebody_has_is_busy(file: Path, gazetteer: Gazetteer) -> None:
    """There a change keeps readers waiting: for a while only, and all are told to try again."""
    executed("PRAGMA journal_mode = DELETE")(file)
    with (
        desk_at(f"sqlite:///{file}", gazetteer, lambda: None) as desk,
        closing(sqlite3.connect(file, isolation_level=None)) as other,
    ):
        other.execute("BEGIN EXCLUSIVE")
        for method, path, body in (("GET", "/v1/requests", None), ("PUT", PATH, URGENT)):
            answered = desk.call(method, path, body)
            refused(answered, 503, "busy")
            assert answered.headers["Retry-After"]
        refused(desk.client.get("/readyz"), 503, "not-ready")
        other.execute("ROLLBACK")
        ok(desk.call("PUT", PATH, URGENT))


# -- PostgreSQL --------------------------------------------------------------------------------


@pytest.mark.parametrize("loaded_url", ["postgresql"], indirect=True)
def test_a_server_that_can_only_be_read_is_not_ready(loaded_url: str, gazetteer: Gazetteer) -> None:
    """As a standby that became none, or one without room for its log."""
    name = loaded_url.partition("@/")[2].partition("?")[0]

    def spoilt() -> None:
        with psycopg.connect(loaded_url, autocommit=True) as connection:
            setting = f"ALTER DATABASE {name} SET default_transaction_read_only = on"
            connection.execute(setting.encode())

    with desk_at(loaded_url, gazetteer, spoilt) as desk:
        require_told(desk, "can only be read", reads=True)


@pytest.mark.parametrize("loaded_url", ["postgresql"], indirect=True)
def test_a_server_that_lost_a_table_is_not_ready(loaded_url: str, gazetteer: Gazetteer) -> None:
    """Whoever restored a part of it only has to know."""

    def spoilt() -> None:
        with psycopg.connect(loaded_url, autocommit=True) as connection:
            connection.execute("DROP TABLE requests CASCADE")

    with desk_at(loaded_url, gazetteer, spoilt) as desk:
        require_told(desk, "lacks a table", reads=False)


# -- the kinds of error ------------------------------------------------------------------------

OURS = ("0A000", "21000", "22P02", "23505", "25001", "42601", "42703", "P0001")
OUTAGES = (
    *("08006", "25006", "25P03", "28P01", "3D000", "42501", "53100", "53200", "53300"),
    *("54000", "55000", "57014", "57P01", "57P05", "58030", "72000", "F0000", "XX000", "XX001"),
)
LOCKS = ("40001", "40P01", "55P03")


def of_postgresql(code: str, said: str = "so it is") -> DBAPIError:
    """Return an error as it comes from PostgreSQL with a code."""
    kind = type("Told", (psycopg.Error,), {"sqlstate": code})
    return DatabaseError("SELECT", {}, kind(f"{said}\nDETAIL: {SECRET}"))


OF_OUR_TABLES = [
    ("23514", 'new row for relation "offers" violates check constraint "positive"'),
    ("23502", 'null value in column "x" of relation "offers" violates not-null constraint'),
    ("42703", 'column "x" of relation "offers" does not exist'),
    ("42P01", 'relation "nowhere" does not exist'),
]


@pytest.mark.parametrize(("code", "said"), OF_OUR_TABLES)
def test_a_fault_of_ours_that_names_a_table_is_no_outage(code: str, said: str) -> None:
    """Only a table that is not there is one."""
    assert outage_of(of_postgresql(code, said)) is None


@pytest.mark.parametrize(
    "said",
    [
        'relation "offers" does not exist',
        'relation "public.offers" does not exist',
        "Relation »offers« existiert nicht",  # a server that speaks another language
    ],
)
def test_a_table_that_is_not_there_is_an_outage(said: str) -> None:
    """Whatever the language that the server speaks."""
    outage = outage_of(of_postgresql("42P01", said))
    assert outage is not None
    assert (outage.told, outage.reason) == ("lacks a table", "no table offers")


def of_sqlite(code: int, name: str = "SQLITE_SOMETHING") -> DBAPIError:
    """Return an error as it comes from SQLite with a code."""
    error = sqlite3.OperationalError("so it is")
    error.sqlite_errorcode, error.sqlite_errorname = code, name
    return DatabaseError("SELECT", {}, error)


@pytest.mark.parametrize("code", OURS)
def test_a_wrong_statement_stays_a_fault_of_ours(code: str) -> None:
    """It would not be better later."""
    error = of_postgresql(code)
    assert outage_of(error) is None
    assert not is_lock_timeout(error)


@pytest.mark.parametrize("code", OUTAGES)
def test_whatever_else_a_server_says_is_an_outage(code: str) -> None:
    """Without what it adds, which may repeat what stands in a row."""
    outage = outage_of(of_postgresql(code))
    assert outage is not None
    assert code in outage.reason
    assert SECRET not in str(outage)


@pytest.mark.parametrize("code", LOCKS)
def test_what_comes_right_by_doing_it_again_is_busy(code: str) -> None:
    """Others were first."""
    assert is_lock_timeout(of_postgresql(code))


def test_every_kind_of_sqlite_is_judged() -> None:
    """Wrong statements are ours, locks are busy, and all else is an outage: none is forgotten."""
    ours = {*("ERROR", "CONSTRAINT", "MISMATCH", "MISUSE", "RANGE", "TOOBIG")}
    locks = {"BUSY", "LOCKED"}
    outages = {*("CANTOPEN", "CORRUPT", "FULL", "IOERR", "NOTADB", "PERM", "READONLY", "PROTOCOL")}
    outages |= {*("NOMEM", "INTERRUPT", "INTERNAL", "NOLFS", "AUTH", "SCHEMA", "ABORT", "FORMAT")}
    for name in ours | locks | outages:
        code = getattr(sqlite3, f"SQLITE_{name}")
        for more in (0, 3 << 8):  # of what it is, which changes nothing
            error = of_sqlite(code | more)
            assert is_lock_timeout(error) == (name in locks), name
            if name not in locks:
                assert (outage_of(error) is None) == (name in ours), name


def test_errors_of_our_own_are_not_taken_for_damage(sqlite_desk: Desk) -> None:
    """Whatever goes wrong in our code beside an open record is ours."""

    def go_wrong(kind: type[Exception]) -> None:
        with sqlite_desk.record.reading() as session:
            session.execute(text("SELECT 1"))
            raise kind(SECRET)

    for kind in (ValueError, TypeError, KeyError):
        with pytest.raises(kind):
            go_wrong(kind)
    with pytest.raises(RefusedError), sqlite_desk.record.writing(SOFTWARE) as writing:
        writing.session.execute(text("INSERT INTO record SELECT * FROM record"))
