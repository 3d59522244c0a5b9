"""Tests of the service's commands on the record: what they do, print and refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from typer.testing import CliRunner, Result

from api.cli import app
from api.security import caller_of
from api.settings import Settings, UnsafeSettingsError
from api.storage.migrating import newest
from api.storage.record import Record
from api.tables import ApiKeyRow, RecordRow
from matcher.cli import entry
from matcher.files import read_book
from tests.api.conftest import SAMPLE
from tests.api.desk import DAY, public_part, secret_part

Command = Callable[..., Result]


@pytest.fixture
def command(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Give what runs a command on an empty database, on the sample book's day."""
    monkeypatch.setenv("CAREMATCH_DATABASE_URL", empty_url)
    monkeypatch.setenv("CAREMATCH_DAY", DAY)
    monkeypatch.setenv("COLUMNS", "100")

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(app, [str(each) for each in arguments])

    return call


def run(arguments: list[str]) -> int:
    """Run a command of the service as the command line does, and return its exit code."""
    return entry.run(arguments, app)


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_book_comes_out_as_it_went_in(command: Command, tmp_path: Path) -> None:
    """Loading and dumping changes nothing: the same book, and the same files as a copy of it."""
    assert command("migrate").exit_code == 0
    assert command("load", SAMPLE).exit_code == 0
    assert command("dump", tmp_path / "out").exit_code == 0
    assert read_book(tmp_path / "out").book == read_book(SAMPLE).book
    once = files_of(tmp_path / "out")
    assert command("dump", tmp_path / "out", "--replace").exit_code == 0
    assert files_of(tmp_path / "out") == once


def test_each_step_says_what_it_did(command: Command) -> None:
    """With --json, each command prints one document."""
    migrated = json.loads(command("migrate", "--json").stdout)
    assert (migrated["before"], migrated["after"]) == (None, newest())
    loaded = json.loads(command("load", SAMPLE, "--json").stdout)
    assert loaded["requests"] == 12
    verified = json.loads(command("audit", "verify", "--json").stdout)
    assert (verified["lines"], verified["faults"], verified["keyed_from"]) == (1, [], None)
    assert verified["rows"] > loaded["providers"] + loaded["requests"]
    assert [told.split()[:2] for told in verified["limits"]] == [
        ["No", "CAREMATCH_AUDIT_SECRET"],
        ["No", "seal"],
    ]


def test_migrating_twice_changes_nothing(command: Command) -> None:
    """A database with the newest tables is left as it is."""
    command("migrate")
    again = json.loads(command("migrate", "--json").stdout)
    assert again["before"] == again["after"] == newest()


@pytest.mark.parametrize(
    "arguments",
    [
        ("migrate",),
        ("load", SAMPLE),
        ("dump", "out"),
        ("audit", "verify"),
        ("key", "broker", "--holder", "a desk"),
        ("nightly", "--seconds", "1"),
        ("worker",),
        ("serve",),
    ],
)
def test_no_command_works_on_production_unsafely(
    command: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    """Keys hashed with the secret that everybody knows would open the record to everybody."""
    monkeypatch.setenv("CAREMATCH_MODE", "production")
    monkeypatch.delenv("CAREMATCH_DATABASE_URL")
    result = command(*arguments)
    assert result.exit_code != 0
    assert isinstance(result.exception, UnsafeSettingsError)
    assert "CAREMATCH_KEY_SECRET" in result.exception.message
    assert "CAREMATCH_DATABASE_URL: not set" in result.exception.message


def test_nothing_is_done_before_migrating(command: Command) -> None:
    """An empty database is not guessed at: the command says what to run."""
    result = command("load", SAMPLE)
    assert "carematch migrate" in str(result.exception)


def test_a_loaded_record_is_not_overwritten(command: Command) -> None:
    """A second book is refused, and the first stays."""
    command("migrate")
    command("load", SAMPLE)
    assert "holds a book already" in str(command("load", SAMPLE).exception)


def test_a_folder_is_only_replaced_when_told_to(command: Command, tmp_path: Path) -> None:
    """A dump does not overwrite a book by itself."""
    command("migrate")
    command("load", SAMPLE)
    command("dump", tmp_path / "out")
    assert "--replace" in str(command("dump", tmp_path / "out").exception)


def test_a_key_is_printed_once_and_works(command: Command, empty_url: str) -> None:
    """The printed key is the caller's; the record keeps only a hash of its secret."""
    command("migrate")
    command("load", SAMPLE)
    made = command("key", "provider", "--holder", "Maiden Castle", "--provider", "maiden")
    key = made.stdout.strip()
    assert key.startswith("cm_")
    record = Record(Settings())
    with record.reading() as session:
        caller = caller_of(session, key, record.settings, record.clock.now())
        kept = session.execute(select(*ApiKeyRow.__table__.columns)).one()
    record.close()
    assert (caller.role, caller.provider_id) == ("provider", "maiden")
    assert public_part(key) in str(kept)
    assert secret_part(key) not in str(kept)


def test_a_limit_is_in_pounds_on_the_command_line(command: Command) -> None:
    """A budget holder's limit is given in pounds and kept in pence."""
    command("migrate")
    command("load", SAMPLE)
    made = command("key", "budget_holder", "--holder", "Finance", "--limit", "900", "--json")
    assert json.loads(made.stdout)["limit_pence_per_week"] == 90_000


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("CAREMATCH_DAY", "yesterday", "CAREMATCH_DAY"),  # no date
        ("CAREMATCH_HOLD_HOURS", "0", "CAREMATCH_HOLD_HOURS"),  # a hold that holds nothing
        ("CAREMATCH_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x", "does not answer"),
    ],
)
def test_what_cannot_be_used_is_named(
    variable: str,
    value: str,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Bad settings and a silent database end with exit code 2 and one plain sentence."""
    monkeypatch.setenv("CAREMATCH_DAY", DAY)
    monkeypatch.setenv(variable, value)
    assert run(["audit", "verify"]) == 2
    printed = capfd.readouterr()
    assert told in printed.err
    assert "Traceback" not in printed.err


def test_a_record_without_a_book_proves_nothing(
    command: Command, capfd: pytest.CaptureFixture[str]
) -> None:
    """Tables that were just made are not told as an audit that is as it was written."""
    command("migrate")
    assert run(["audit", "verify"]) == 2
    assert "holds no book yet" in capfd.readouterr().err


def test_a_record_whose_row_is_gone_is_told_as_a_fault(
    command: Command, empty_url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is not taken for one that was never loaded: there are lines of it."""
    command("migrate")
    command("load", SAMPLE)
    record = Record(Settings())
    with record.bare_writing() as session:
        session.execute(delete(RecordRow))
    record.close()
    assert run(["audit", "verify"]) == 2
    printed = " ".join(capfd.readouterr().err.split())
    assert "The row of the record, which says how many lines there are, is missing." in printed


@pytest.mark.parametrize(
    "arguments", [("migrate",), ("audit", "verify"), ("load", str(SAMPLE)), ("serve",)]
)
def test_a_file_that_is_no_database_is_told_plainly(
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The input's fault, in a sentence without statements or links; the file stays as it is."""
    file = tmp_path / "notes.db"
    file.write_text("Dear all,\n" * 1000)
    monkeypatch.setenv("CAREMATCH_DATABASE_URL", f"sqlite:///{file}")
    monkeypatch.setenv("COLUMNS", "200")
    assert run(arguments) == 2
    assert f"{file} is not a SQLite database." in " ".join(capfd.readouterr().err.split())
    assert file.read_text().startswith("Dear all")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("broker", "--holder", "Desk", "--limit", "5"), "a --limit for the role budget_holder"),
        (("provider", "--holder", "Bay"), "a --provider for the role provider"),
        (("broker", "--holder", "a@b.example"), "--holder: a post or an organisation"),
    ],
)
def test_a_key_is_refused_by_the_names_of_the_options(
    command: Command, arguments: tuple[str, ...], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever types --limit does not look for the name that a program would give it."""
    command("migrate")
    command("load", SAMPLE)
    assert run(["key", *arguments]) == 2
    printed = " ".join(capfd.readouterr().err.split())
    assert told in printed
    assert "limit_pence_per_week" not in printed
    assert "provider_id" not in printed


@pytest.mark.parametrize("words", [["audit"], ["key"], ["dump"], ["load"]])
def test_what_is_missing_is_told_on_its_lines(
    words: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """How to use a command stands on lines of its own, without a broken character between."""
    assert run(words) == 2
    printed = capfd.readouterr().err
    assert printed.startswith("Usage: carematch")
    assert "\ufffd" not in printed


def test_a_misspelt_file_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking about a file that is not there leaves nothing behind."""
    monkeypatch.setenv("CAREMATCH_DATABASE_URL", f"sqlite:///{tmp_path / 'mispelt.db'}")
    assert run(["audit", "verify"]) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "address",
    [
        "carematch.db",  # a file without the form of an address
        "sqlite://carematch.db",  # one slash too few
        "mysql://host/name",  # a kind of database that is not served
    ],
)
def test_an_address_that_is_none_is_told_with_what_would_be_one(
    address: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A wrong address is the input's fault, and the right forms are shown."""
    monkeypatch.setenv("CAREMATCH_DATABASE_URL", address)
    assert run(["migrate"]) == 2
    printed = " ".join(capfd.readouterr().err.split())
    assert "CAREMATCH_DATABASE_URL" in printed
    assert "sqlite:///FILE" in printed
