"""Tests of copies of a record in use, and of going on from one, on both databases."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner, Result

from api.cli import app
from api.storage.backup import back_up
from matcher.errors import MatcherError
from matcher.geography import Gazetteer
from tests.api.conftest import settings_at
from tests.api.desk import Desk
from tests.api.postgresql import ACCOUNT, TEMPLATE, Server, binaries

Command = Callable[..., Result]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Give what runs a command on the record at an address."""
    monkeypatch.setenv("COLUMNS", "200")

    def call(url: str, *arguments: object) -> Result:
        monkeypatch.setenv("CAREMATCH_DATABASE_URL", url)
        return CliRunner().invoke(app, [str(each) for each in arguments])

    return call


@pytest.fixture(autouse=True)
def told_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the audit tell of the desks' own keys: each command holds every row against it."""
    monkeypatch.setattr(Desk, "tells_of_keys", True)


def ask_for(desk: Desk, request_id: str) -> None:
    """Put somebody on the list."""
    like = desk.get("/v1/requests/R-101")["request"]
    desk.post("/v1/requests", {**like, "request_id": request_id, "waiting_since": None})


def asked_for(url: str, gazetteer: Gazetteer) -> list[str]:
    """Return who of those is on the list of a record, to which one more is then added."""
    desk = Desk(settings_at(url), gazetteer)
    try:
        listed = desk.get("/v1/requests?limit=100")["items"]
        ask_for(desk, "R-999")
        return sorted(item["request_id"] for item in listed if item["request_id"] > "R-9")
    finally:
        desk.close()


def refusal(result: Result) -> str:
    """Return what somebody is told of a command that was refused."""
    assert isinstance(result.exception, MatcherError), result
    return result.exception.message


def verified(command: Command, url: str) -> int:
    """Return how many audit lines a record holds, all of them sound."""
    checked = command(url, "audit", "verify", "--json")
    assert checked.exit_code == 0, checked.stdout + checked.stderr
    return int(json.loads(checked.stdout)["lines"])


def test_a_copy_holds_what_was_answered_before_it(
    command: Command, sqlite_desk: Desk, tmp_path: Path, gazetteer: Gazetteer
) -> None:
    """The newest changes are in a second file beside the record, yet in the copy; it goes on."""
    url, file = sqlite_desk.settings.database_url.get_secret_value(), tmp_path / "copy.db"
    names = [f"R-90{number}" for number in range(5)]
    for name in names:
        ask_for(sqlite_desk, name)
    plain = tmp_path / "plain.db"
    shutil.copy(url.removeprefix("sqlite:///"), plain)
    assert asked_for(f"sqlite:///{plain}", gazetteer) == []  # why there is a command for it
    made = command(url, "backup", file)
    assert made.exit_code == 0, made.stderr
    lines = verified(command, url)
    assert f"{lines} audit lines" in made.stdout
    assert [path.name for path in tmp_path.glob("*copy.db*")] == ["copy.db"]
    assert list(tmp_path.glob(".*")) == []
    assert file.stat().st_mode & 0o777 == 0o600
    copied = f"sqlite:///{file}"
    assert command(copied, "migrate").exit_code == 0
    assert verified(command, copied) == lines
    assert asked_for(copied, gazetteer) == names
    assert verified(command, copied) == lines + 2  # a key, and the request


def test_a_copy_made_beside_writers_is_of_one_moment(
    command: Command, sqlite_desk: Desk, tmp_path: Path, gazetteer: Gazetteer
) -> None:
    """Changes go on meanwhile; every copy verifies and holds all that was answered before it."""
    url, over = sqlite_desk.settings.database_url.get_secret_value(), Event()
    answered: list[str] = []

    def write_on() -> None:
        while not over.is_set():
            name = f"R-9{len(answered):03}"
            ask_for(sqlite_desk, name)
            answered.append(name)

    copies: dict[Path, list[str]] = {}
    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(write_on)
        try:
            for number in range(4):
                before, file = list(answered), tmp_path / f"copy{number}.db"
                back_up(sqlite_desk.record, file, replaces=False)
                copies[file] = before
        finally:
            over.set()
        writing.result()
    for file, before in copies.items():
        verified(command, f"sqlite:///{file}")
        assert set(asked_for(f"sqlite:///{file}", gazetteer)) >= set(before)
    assert answered
    verified(command, url)


def test_a_copy_takes_no_place_unasked(command: Command, sqlite_desk: Desk, tmp_path: Path) -> None:
    """A file stays unless it may be replaced, a folder always; where none can be, it is said."""
    url, file = sqlite_desk.settings.database_url.get_secret_value(), tmp_path / "copy.db"
    file.write_text("another")
    assert "--replace" in refusal(command(url, "backup", file))
    assert file.read_text() == "another"
    assert command(url, "backup", file, "--replace").exit_code == 0
    verified(command, f"sqlite:///{file}")
    (tmp_path / "folder").mkdir()
    for where in (tmp_path / "folder", tmp_path / "none" / "copy.db", file / "copy.db"):
        assert str(where) in refusal(command(url, "backup", where, "--replace"))
    with pytest.raises(MatcherError, match="itself"):
        back_up(sqlite_desk.record, Path(url.removeprefix("sqlite:///")), replaces=True)


def test_a_damaged_record_is_not_copied_over_a_sound_copy(
    sqlite_desk: Desk, tmp_path: Path
) -> None:
    """A copy of yesterday is worth more than a damaged one of today; no content is repeated."""
    file, source = tmp_path / "copy.db", Path(sqlite_desk.settings.url.database or "")
    back_up(sqlite_desk.record, file, replaces=False)
    sound = file.read_bytes()
    sqlite_desk.close()
    with closing(sqlite3.connect(source)) as held:
        held.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(source.read_bytes())
    middle = len(content) // 4096 // 2 * 4096
    content[middle : middle + 3 * 4096] = os.urandom(3 * 4096)
    source.write_bytes(content)
    with pytest.raises(MatcherError, match=r"damaged|SQLITE") as caught:
        back_up(sqlite_desk.opened(), file, replaces=True)
    assert len(caught.value.message) < 300
    assert file.read_bytes() == sound
    assert list(tmp_path.glob(".*")) == []


@pytest.fixture
def copied_database(
    loaded_server: Server, tmp_path: Path, gazetteer: Gazetteer
) -> Iterator[tuple[str, str]]:
    """Give the address of a record on PostgreSQL in use, and of what was restored from its copy."""
    programs = binaries()
    assert programs is not None
    environment = {**os.environ, "PGHOST": str(loaded_server.socket), "PGUSER": ACCOUNT}

    def tool(*arguments: object) -> None:
        name, *rest = map(str, arguments)
        subprocess.run([programs / name, *rest], check=True, env=environment, capture_output=True)

    with loaded_server.lent(TEMPLATE) as url, loaded_server.lent() as restored:
        file = tmp_path / "copy"
        name, other = (str(make_url(address).database) for address in (url, restored))
        desk = Desk(settings_at(url), gazetteer)
        for number in range(3):
            ask_for(desk, f"R-90{number}")
        tool("pg_dump", "--format=custom", f"--file={file}", name)
        desk.close()
        tool("pg_restore", f"--dbname={other}", "--exit-on-error", file)
        yield url, restored


def test_postgresql_is_copied_by_its_own_tools(
    command: Command, copied_database: tuple[str, str], gazetteer: Gazetteer, tmp_path: Path
) -> None:
    """As the page says: what was restored verifies and goes on; our command says how to copy."""
    url, restored = copied_database
    assert command(restored, "migrate").exit_code == 0
    lines = verified(command, restored)
    assert lines == verified(command, url)
    assert asked_for(restored, gazetteer) == ["R-900", "R-901", "R-902"]
    assert verified(command, restored) == lines + 2  # a key, and the request
    assert "pg_dump" in refusal(command(url, "backup", tmp_path / "copy.db"))
