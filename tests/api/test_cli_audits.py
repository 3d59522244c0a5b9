"""Tests of ``carematch audit``: verifying, sealing and changing the secret at the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session
from typer.testing import CliRunner, Result

from api.cli import app
from api.storage.record import Record
from api.tables import ProviderRow
from matcher.errors import MatcherError
from tests.api.auditing import OTHER_SECRET, SECRET
from tests.api.conftest import settings_at
from tests.api.desk import DAY

Command = Callable[..., Result]


@pytest.fixture
def command(loaded_url: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Give what runs ``carematch audit`` on the sample's record, unsigned so far."""
    monkeypatch.setenv("CAREMATCH_DATABASE_URL", loaded_url)
    monkeypatch.setenv("CAREMATCH_DAY", DAY)
    monkeypatch.setenv("COLUMNS", "1000")

    def call(*arguments: object, **secrets: str) -> Result:
        for name, value in secrets.items():
            monkeypatch.setenv(f"CAREMATCH_{name}", value)
        return CliRunner().invoke(app, ["audit", *(str(each) for each in arguments)])

    return call


def done(result: Result) -> str:
    """Return what a command that was done has printed, however its lines were broken."""
    assert result.exit_code == 0, result.exception
    return " ".join(result.stdout.split())


def refusal(result: Result) -> str:
    """Return why a command was refused."""
    assert isinstance(result.exception, MatcherError), result.stdout
    return result.exception.message


def test_a_record_is_signed_sealed_and_signed_anew(command: Command, tmp_path: Path) -> None:
    """Each step says what it did, and the seal of before holds the chain after it."""
    assert "Not proved: No CAREMATCH_AUDIT_SECRET is set" in done(command("verify"))
    file = tmp_path / "seal.json"
    assert "It is not signed" in done(command("seal", file))
    assert "run 'carematch audit anchor'" in refusal(command("verify", AUDIT_SECRET=SECRET))
    assert "vouches for 0 rows more" in done(command("anchor"))
    assert "vouches for every row" in done(command("anchor"))
    sealed = tmp_path / "signed.json"
    assert "up to line 2 is sealed" in done(command("seal", sealed))
    assert "Not proved: No seal" not in done(command("verify", "--seal", sealed))
    assert "anybody may have written it" in refusal(command("verify", "--seal", file))
    secrets = {"AUDIT_SECRET": OTHER_SECRET, "FORMER_AUDIT_SECRETS": SECRET}
    told = json.loads(done(command("anchor", "--json", **secrets)))
    assert told["vouched"] == 0
    found = json.loads(done(command("verify", "--json", "--seal", sealed)))
    assert (found["lines"], found["keyed_from"], found["faults"]) == (3, 2, [])
    assert any("up to its own, 2" in limit for limit in found["limits"])
    assert json.loads(done(command("seal")))["number"] == 3


def test_what_is_wrong_is_neither_sealed_nor_vouched_for(
    command: Command, loaded_url: str, tmp_path: Path
) -> None:
    """A rate raised behind the audit stops both, until somebody says that it is known."""
    record = Record(settings_at(loaded_url))
    with Session(record.engine) as session, session.begin():
        maiden = ProviderRow.provider_id == "maiden"
        session.execute(update(ProviderRow).where(maiden).values(rates=[]))
    record.close()
    file = tmp_path / "seal.json"
    for arguments in (["verify"], ["seal", file], ["anchor"]):
        assert "Provider maiden is not as line 1" in refusal(command(*arguments))
    assert not file.exists()
    assert "vouches for 1 row more" in done(command("anchor", "--as-found"))
    done(command("verify"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["verify", "seal.json"], "takes no FILE; 'carematch audit seal' does"),
        (["seal", "--seal", "seal.json"], "takes no --seal; 'carematch audit verify' does"),
        (["verify", "--as-found"], "takes no --as-found; 'carematch audit anchor' does"),
        (["verify", "--seal", "nowhere.json"], "nowhere.json cannot be read"),
    ],
)
def test_what_does_not_fit_is_refused(
    command: Command, arguments: list[str], expected: str
) -> None:
    """Nothing that was asked for is left out without a word."""
    assert expected in refusal(command(*arguments))
