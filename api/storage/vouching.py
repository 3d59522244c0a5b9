"""Which rows a change touches, and what its audit lines keep of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

from api.storage.digests import HELD
from api.tables import AuditRow, Base

Digests = Mapping[str, str | None]
"""Of each row by name what a line keeps of it; ``None`` for one that was taken out."""


class Touched:
    """The rows that one change makes, changes or takes out, seen as they are written.

    Parameters
    ----------
    session
        The transaction of the change.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[str, Base | None] = {}
        event.listen(session, "after_flush", self._note)
        event.listen(session, "do_orm_execute", _refuse_at_a_stroke)

    def digests(self) -> Digests:
        """Return what is to be kept of each row that was touched since this was last asked."""
        self._session.flush()
        rows, self._rows = self._rows, {}
        return {
            name: None if row is None else str(HELD[row.__tablename__].digest(row))
            for name, row in rows.items()
        }

    def _note(self, session: Session, _flushing: UOWTransaction) -> None:
        changed = [row for row in session.dirty if _is_held_otherwise(row)]
        left: list[tuple[Base, Base | None]] = [(row, row) for row in (*session.new, *changed)]
        left += [(row, None) for row in session.deleted]
        for row, after in left:
            held = HELD.get(row.__tablename__)
            if held is not None:
                self._rows[held.name(row)] = after


def _is_held_otherwise(row: Base) -> bool:
    """Say whether a row's change is of a column that is held against the audit."""
    held = HELD.get(row.__tablename__)
    return held is not None and not held.columns.keys().isdisjoint(inspect(row).committed_state)


def _refuse_at_a_stroke(asked: ORMExecuteState) -> None:
    """Refuse to change many rows by one statement: no digest would be made of them."""
    if asked.is_update or asked.is_delete:
        changed = "" if asked.bind_mapper is None else asked.bind_mapper.class_.__tablename__
        if changed in HELD:
            raise LookupError(f"Rows of {changed} are changed one by one.")


def share(digests: Digests, lines: Sequence[AuditRow]) -> None:
    """Let each digest stand in the newest line about its row, or else in the last line."""
    about = {line.subject: line for line in lines}
    for name, digest in digests.items():
        line = about.get(name.rpartition("/")[2], lines[-1])
        line.rows = line.rows or {}
        line.rows[name] = digest
