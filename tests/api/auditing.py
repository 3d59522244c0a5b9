"""What the tests of the audit share: a desk where much was done, and hands that tamper with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session, undefer

from api.settings import Settings
from api.storage.anchoring import anchor
from api.storage.chain import FIRST_HASH, AuditKey, line_hash
from api.storage.guards import SQLITE
from api.storage.proving import Proof, prove
from api.storage.record import SOFTWARE, UNTOLD_CHANGE, Record
from api.storage.seals import Seal
from api.tables import AuditRow, RecordRow
from matcher.geography import Gazetteer
from tests.api.desk import Desk
from tests.api.offering import (
    bed_terms,
    booked,
    chosen,
    enquire,
    own,
    recorded,
)
from tests.api.working import worker

SECRET, OTHER_SECRET = "audit-secret-of-the-tests-0123456789", "stolen-or-made-up-9876543210-abcdef"
Lines = list[SimpleNamespace]


def proof(desk: Desk, *seals: Seal) -> Proof:
    """Return what is found of a desk's whole record."""
    with desk.record.snapshot() as session:
        return prove(session, desk.record.keys, seals)


def lines_without_an_act(desk: Desk) -> Sequence[int]:
    """Return the audit lines of changes that came without a line of their own."""
    query = select(AuditRow.number).where(AuditRow.action == UNTOLD_CHANGE)
    with desk.record.reading() as session:
        return session.scalars(query).all()


def signed(settings: Settings, secret: str = SECRET, *former: str) -> Settings:
    """Return settings with an audit secret, and those of before."""
    told = {"audit_secret": SecretStr(secret), "former_audit_secrets": SecretStr(" ".join(former))}
    return settings.model_copy(update=told)


class ToldDesk(Desk):
    """A desk whose audit tells of its own keys as well."""

    tells_of_keys = True


def signed_desk(settings: Settings, gazetteer: Gazetteer) -> Desk:
    """Return a desk whose audit is signed from its second line on."""
    own_settings = signed(settings)
    record = Record(own_settings)
    anchor(record, SOFTWARE)
    record.close()
    return ToldDesk(own_settings, gazetteer)


def live(desk: Desk) -> None:
    """Do something of everything: booked and ended, asked and declined, shown, and a run."""
    booked(desk, chosen(desk, recorded(desk, "poundbury", bed_terms(), "R-201")))
    booked(desk, chosen(desk, recorded(desk, "maiden")))
    desk.post("/v1/bookings/IPO-000002/end", {"reason": "moved_away", "ends_on": "2026-04-20"})
    desk.post("/v1/requests/R-203/shortlists", {})
    asked = enquire(desk, "maiden", "frome", request_id="R-103")
    path = f"/v1/enquiries/{asked['enquiry_id']}/decline"
    desk.post(path, {"reason": "No room"}, **own("frome"))
    desk.post("/v1/allocations", {"deterministic_time": 0.02})
    assert worker(desk).work_one()


# -- tampering ---------------------------------------------------------------------------------


@contextmanager
def unguarded(session: Session) -> Iterator[None]:
    """Take the database's guards of the audit off, and put them back as if nothing had been."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    off = [f"DROP TRIGGER {name}" for name in SQLITE]
    on = list(SQLITE.values())
    if not is_sqlite:
        off, on = (
            [f"ALTER TABLE audit {each} TRIGGER audit_only_grows"] for each in ("DISABLE", "ENABLE")
        )
    for statement in off:
        session.execute(text(statement))
    yield
    session.flush()
    for statement in on:
        session.execute(text(statement))


def write_anew(
    session: Session,
    change: Callable[[Lines], Lines],
    key: AuditKey | None = None,
    *,
    first: int = 1,
    key_name: str | None = None,
) -> None:
    """Write the whole chain anew after a change of its lines, and let the record say so.

    Parameters
    ----------
    session
        The transaction of whoever tampers.
    change
        What becomes of the lines.
    key
        With what lines are hashed.
    first
        From which line on they are hashed anew.
    key_name
        By which secret they say they are signed; none when not given.
    """
    rows = session.scalars(select(AuditRow).order_by(AuditRow.number).options(undefer("*"))).all()
    names = [column.name for column in AuditRow.__table__.columns]
    lines = change([SimpleNamespace(**{n: getattr(row, n) for n in names}) for row in rows])
    end = FIRST_HASH
    for number, line in enumerate(lines, start=1):
        if number >= first:
            line.number, line.previous_hash, line.key_name = number, end, key_name
            line.hash = line_hash(line, key if key_name else None)  # type: ignore[arg-type]
        end = line.hash
    with unguarded(session):
        session.execute(text("DELETE FROM audit"))
        session.expunge_all()
        session.add_all(AuditRow(**vars(line)) for line in lines)
        session.flush()
    told: dict[str, Any] = {"audit_count": len(lines), "audit_hash": end}
    if key_name is None:
        told |= {"audit_key": None, "audit_head": None}
    elif key is not None:
        head = key.sign("head", f"{len(lines)} {end}")
        told |= {"audit_key": key_name, "audit_head": head}
    session.execute(update(RecordRow).values(**told))
    session.expire_all()
