"""Tests of the service's commands on the record: what they do, print and refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from api.settings import Settings, UnsafeSettingsError
from api.storage.migrating import newest
from api.storage.record import Record
from matcher.cli.entry import run
from matcher.files import read_book
from tests.api.conftest import SAMPLE
from tests.api.desk import DAY

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
    assert json.loads(command("audit", "verify", "--json").stdout) == {"lines": 1, "faults": []}


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
    result = command(*arguments)
    assert result.exit_code != 0
    assert isinstance(result.exception, UnsafeSettingsError)
    assert "CAREMATCH_KEY_SECRET" in result.exception.message


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
    secret = key.rpartition("_")[2]
    record = Record(Settings())
    with record.reading() as session:
        from api.security import caller_of

        caller = caller_of(session, key, record.settings, record.clock.now())
    record.close()
    assert (caller.role, caller.provider_id) == ("provider", "maiden")
    assert secret not in str(record.settings)


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
        ("CAREMATCH_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x", "cannot be used"),
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
