"""Tests of anchors: records of before, other secrets, and upgrades that change rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, text, update
from sqlalchemy.orm import Session

from api.errors import NotReadyError
from api.storage import anchoring
from api.storage.anchoring import AuditFaultsError, anchor, anchor_checked, upgrade
from api.storage.chain import AuditKeys, read_chain
from api.storage.migrating import config, newest
from api.storage.proving import Proof, prove
from api.storage.record import SOFTWARE, Record
from api.storage.seals import SealError, make_seal, read_seal, write_seal
from api.tables import RequestRow
from tests.api.auditing import OTHER_SECRET, SECRET, Lines, signed, write_anew
from tests.api.conftest import settings_at

BEFORE_ROWS = "0005"
Opened = Callable[..., Record]


@pytest.fixture
def opened(loaded_url: str) -> Iterator[Opened]:
    """Give what opens the sample's record with an audit secret, and with those of before."""
    records = []

    def open_with(secret: str | None = SECRET, *former: str) -> Record:
        plain = settings_at(loaded_url)
        records.append(Record(plain if secret is None else signed(plain, secret, *former)))
        return records[-1]

    yield open_with
    for record in records:
        record.close()


def without_rows(lines: Lines) -> Lines:
    """Return lines as they were written before rows were held."""
    for line in lines:
        line.rows = None
    return lines


def proved(record: Record) -> Proof:
    """Return what is found of a record with its own secrets."""
    with record.snapshot() as session:
        return prove(session, record.keys)


def tell(record: Record, name: str = "R-101") -> None:
    """Change a request, with a line."""
    with record.writing(SOFTWARE) as writing:
        writing.session.get_one(RequestRow, name).key_worker = "worker-7"
        writing.audit("request.changed", name)


def behind(record: Record, name: str = "R-103") -> None:
    """Change a request without one."""
    with Session(record.engine) as session, session.begin():
        session.execute(
            update(RequestRow).where(RequestRow.request_id == name).values(key_worker="nobody")
        )


def test_a_record_of_before_is_anchored_when_it_is_upgraded(opened: Opened) -> None:
    """Its lines keep their plain hash; from the anchor on all is signed, and rows are held."""
    record = opened()
    with Session(record.engine) as session, session.begin():
        write_anew(session, without_rows)
    with record.engine.begin() as connection:
        command.downgrade(config(connection), BEFORE_ROWS)
    rows = upgrade(record, SOFTWARE)
    found = proved(record)
    assert (found.faults, found.keyed_from, found.rows) == ([], 2, rows)
    assert "signed from line 2 on" in found.limits[0]
    tell(record)
    assert proved(record).faults == []
    assert upgrade(record, SOFTWARE) is None


def at_version(record: Record, number: str) -> None:
    """Let a database say at which migration it is."""
    with record.engine.begin() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{number}'"))


def test_an_upgrade_vouches_for_what_it_made_of_rows(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that a migration fills anew are no faults after it."""
    record = opened(None)

    def fill_anew(connection: Connection) -> None:
        connection.execute(
            update(RequestRow).where(RequestRow.request_id == "R-103").values(key_worker="nobody")
        )
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{newest()}'"))

    monkeypatch.setattr(anchoring, "bring_up", fill_anew)
    at_version(record, BEFORE_ROWS)
    assert upgrade(record, SOFTWARE) == 1
    assert proved(record).faults == []
    assert proved(record).lines == 2


def test_an_upgrade_finds_what_was_changed_before_it(opened: Opened) -> None:
    """It does not go on, so nobody is vouched for unseen."""
    record = opened(None)
    tell(record)
    at_version(record, BEFORE_ROWS)
    behind(record)
    with pytest.raises(AuditFaultsError, match="Request R-103 is not as line 1"):
        upgrade(record, SOFTWARE)
    assert len(proved(record).faults) == 1


def test_an_upgrade_reads_tables_that_lack_columns(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an older release kept is held with the columns that it had."""
    record = opened(None)

    def add_column(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE requests ADD COLUMN end_reason VARCHAR(200)"))
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{newest()}'"))

    monkeypatch.setattr(anchoring, "bring_up", add_column)
    with record.engine.begin() as connection:
        connection.execute(text("ALTER TABLE requests DROP COLUMN end_reason"))
    at_version(record, BEFORE_ROWS)
    assert upgrade(record, SOFTWARE) is None
    assert proved(record).faults == []


def test_a_service_with_another_secret_changes_nothing(opened: Opened) -> None:
    """Neither with one where the chain has none, nor without, nor with a wrong one."""
    for secret in (SECRET, None):
        other = opened(secret if secret is None else OTHER_SECRET)
        if secret is None:
            anchor(opened(), SOFTWARE)
        before = proved(opened()).lines
        with pytest.raises(NotReadyError, match="carematch audit anchor"):
            tell(other)
        assert proved(opened()).lines == before


def test_a_secret_is_changed_by_an_anchor(opened: Opened) -> None:
    """With the former one set all is checked; without it, what it signed cannot be."""
    anchor(opened(), SOFTWARE)
    tell(opened())
    changed = opened(OTHER_SECRET, SECRET)
    assert "signed with the secret that is set" in proved(changed).faults[0]
    assert anchor_checked(changed, SOFTWARE, as_found=False) == 0
    tell(changed)
    assert proved(changed).faults == []
    (fault,) = proved(opened(OTHER_SECRET)).faults
    assert "nor one of CAREMATCH_FORMER_AUDIT_SECRETS" in fault


def test_a_record_with_faults_is_vouched_for_only_as_found(opened: Opened) -> None:
    """Whoever anchors says that what is found is known; afterwards it is no fault any more."""
    record = opened()
    anchor(record, SOFTWARE)
    behind(record)
    with pytest.raises(AuditFaultsError, match="--as-found"):
        anchor_checked(record, SOFTWARE, as_found=False)
    assert anchor_checked(record, SOFTWARE, as_found=True) == 1
    assert proved(record).faults == []
    assert anchor_checked(record, SOFTWARE, as_found=False) is None


# -- seals -------------------------------------------------------------------------------------


def test_a_seal_is_read_as_it_was_written(opened: Opened, tmp_path: Path) -> None:
    """For its owner only, and never in place of another."""
    record, file = opened(), tmp_path / "tonight.json"
    anchor(record, SOFTWARE)
    with record.snapshot() as session:
        seal = make_seal(session, record.keys, record.clock.now())
    write_seal(seal, file)
    assert read_seal(file) == seal
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SealError, match="replaces nothing"):
        write_seal(seal, file)
    with pytest.raises(SealError, match="cannot be written"):
        write_seal(seal, tmp_path / "no" / "folder.json")


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"number": 0}', b"[1]"])
def test_what_is_no_seal_is_refused(tmp_path: Path, content: bytes) -> None:
    """In words that say what a seal is; so is a file that is not there."""
    file = tmp_path / "seal.json"
    with pytest.raises(SealError, match="cannot be read"):
        read_seal(file)
    file.write_bytes(content)
    with pytest.raises(SealError, match="is no seal"):
        read_seal(file)


@pytest.mark.parametrize(
    ("altered", "expected"),
    [
        ({"number": 1}, "was altered: its signature is wrong"),
        ({"council": "E06000001"}, "is of the record of E06000001"),
        ({"hash": "0" * 64}, "has another hash than when it was sealed"),
        ({"signature": None}, "so anybody may have written it"),
        ({"key_name": "0" * 16}, "is signed with secret 0000000000000000, which is neither"),
    ],
)
def test_a_seal_that_was_altered_is_found(
    opened: Opened, altered: dict[str, object], expected: str
) -> None:
    """Whoever can change it cannot sign it; without a secret to check with nothing is said."""
    record = opened()
    anchor(record, SOFTWARE)
    with record.snapshot() as session:
        seal = make_seal(session, record.keys, record.clock.now())
        other = seal.model_copy(update=altered)
        told = prove(session, record.keys, [other]).faults
        assert any(expected in fault for fault in told), told
        assert prove(session, record.keys, [seal]).faults == []
        assert read_chain(session, AuditKeys()).faults == []
