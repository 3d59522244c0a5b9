"""The chain of audit lines: how each is hashed, with which secret, and whether all of them hold."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from api.errors import NotReadyError
from api.settings import Settings
from api.tables import AuditRow, RecordRow

FIRST_HASH = "0" * 64
"""What the first line of the audit chain follows."""
ANCHORED = "audit.anchored"
"""The action of a line that vouches for every line before it and every row, as found then."""
NAME_DIGITS = 16

Line = AuditRow | Row[Any]


@dataclass(frozen=True)
class AuditKey:
    """What lines and seals are signed with, made of one secret.

    Parameters
    ----------
    secret
        The secret; it is in no database.
    """

    secret: str = field(repr=False)
    _own: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def name(self) -> str:
        """By what lines say which secret they are signed with; it does not give the secret away."""
        return self.sign("name", "")[:NAME_DIGITS]

    def sign(self, what: str, text: str) -> str:
        """Return the signature (HMAC with SHA-256) of a text; each kind has a key of its own."""
        if what not in self._own:
            label = f"carematch audit {what}".encode()
            self._own[what] = hmac.digest(self.secret.encode(), label, "sha256")
        return hmac.digest(self._own[what], text.encode(), "sha256").hex()


@dataclass(frozen=True)
class AuditKeys:
    """The secret that lines are signed with now, and those of before.

    Parameters
    ----------
    current
        ``None`` where none is set: lines are then hashed without a secret.
    former
        Those that were replaced; only read with.
    """

    current: AuditKey | None = None
    former: tuple[AuditKey, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> AuditKeys:
        """Return the secrets that are set."""
        secret = settings.audit_secret
        current = None if secret is None else AuditKey(secret.get_secret_value())
        former = settings.former_audit_secrets.get_secret_value().split()
        return cls(current, tuple(AuditKey(each) for each in former))

    @property
    def name(self) -> str | None:
        """The name of the current secret; ``None`` where none is set."""
        return None if self.current is None else self.current.name

    @property
    def by_name(self) -> Mapping[str, AuditKey]:
        """All secrets by name."""
        own = () if self.current is None else (self.current,)
        return {key.name: key for key in (*own, *self.former)}

    def as_of(self, name: str | None) -> AuditKeys:
        """Return the same secrets as they were when lines were signed with that of a name."""
        known = self.by_name
        return AuditKeys(known.get(name or ""), tuple(known.values()))

    def head(self, number: int, line_hash: str) -> str | None:
        """Return the signature of where the chain ends; ``None`` without a secret."""
        return None if self.current is None else self.current.sign("head", f"{number} {line_hash}")


def line_hash(line: Line, key: AuditKey | None = None) -> str:
    """Return the hash of an audit line over all that it says and the hash before it.

    Lines of before rows were held say nothing of rows, and are hashed as they were then.

    Parameters
    ----------
    line
        The line.
    key
        What it is signed with; a plain SHA-256 when not given.
    """
    told = {
        "number": line.number,
        "at": line.at.isoformat(),
        "actor": line.actor,
        "role": line.role,
        "action": line.action,
        "subject": line.subject,
        "detail": line.detail,
        "previous_hash": line.previous_hash,
    }
    later = {"rows": line.rows, "key_name": line.key_name}
    told.update((name, value) for name, value in later.items() if value is not None)
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest() if key is None else key.sign("line", text)


def require_signed(record: RecordRow, keys: AuditKeys) -> None:
    """Refuse to add to a chain that is signed with another secret than the one that is set.

    Raises
    ------
    NotReadyError
        If it is, or if only one of the two has a secret.
    """
    if record.audit_key != keys.name:
        was = f"signed with secret {record.audit_key}" if record.audit_key else "not signed"
        now = f"CAREMATCH_AUDIT_SECRET is {keys.name}" if keys.name else "none is set"
        raise NotReadyError(
            f"The audit of this record is {was}, and {now}. Set the secret that it is signed with; "
            "only if it is to be signed with another from now on, run 'carematch audit anchor'.",
            thing="CAREMATCH_AUDIT_SECRET",
            value=keys.name,
            expected=record.audit_key,
        )


def moment_text(moment: datetime) -> str:
    """Return a moment as faults tell it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def line_text(line: Line) -> str:
    """Return which line it is, in words that its reader can look up."""
    what = f"{line.action} of {line.subject}, {moment_text(line.at)}, by {line.actor} ({line.role})"
    return f"Line {line.number} ({what})"


@dataclass
class Chain:
    """What was found of the chain, from its first line to the last.

    Parameters
    ----------
    keys
        The secrets that are known.
    lines
        How many there are.
    end
        The hash of the last.
    rows
        Of each row of which lines tell, the number of the newest of them, and what it keeps.
    keyed_from, keyed_at
        From which line on the chain is signed, and the moment of that line.
    key_name
        What the last line is signed with.
    unchecked
        How many lines are signed with a secret that is not set here.
    faults
        What is wrong, a sentence each.
    """

    keys: AuditKeys
    lines: int = 0
    end: str = FIRST_HASH
    rows: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    keyed_from: int | None = None
    keyed_at: datetime | None = None
    key_name: str | None = None
    unchecked: int = 0
    faults: list[str] = field(default_factory=list)
    _text: str = "the beginning"

    def take(self, line: Line, known: Mapping[str, AuditKey]) -> None:
        """Hold the next line against those before it."""
        self.faults += [*self._out_of_line(line), *self._otherwise_signed(line, known)]
        if line.rows is not None:
            self.rows.update({name: (line.number, kept) for name, kept in line.rows.items()})
        if line.key_name is not None and self.keyed_from is None:
            self.keyed_from, self.keyed_at = line.number, line.at
        self.lines, self.end, self.key_name = line.number, line.hash, line.key_name
        self._text = line_text(line)

    def _out_of_line(self, line: Line) -> Iterator[str]:
        if line.number != self.lines + 1:
            missing = f"Line {self.lines + 1} is"
            if line.number > self.lines + 2:
                missing = f"Lines {self.lines + 1} to {line.number - 1} are"
            yield (
                f"{missing} missing: after {_low(self._text)} comes {_low(line_text(line))}. Lines "
                "are numbered without a gap, so what stood there was taken out."
            )
        if line.previous_hash != self.end:
            yield (
                f"{line_text(line)} does not follow the line before it, {_low(self._text)}: it "
                "names another hash. One was taken out, put in or written anew between them."
            )

    def _otherwise_signed(self, line: Line, known: Mapping[str, AuditKey]) -> Iterator[str]:
        name = line.key_name
        if name != self.key_name and not ((line.action == ANCHORED and name) or line.number == 1):
            was, now = (
                f"with secret {n}" if n else "without a secret" for n in (self.key_name, name)
            )
            yield (
                f"{line_text(line)} is signed {now}, the line before it {was}. Only a line "
                f"'{ANCHORED}' changes that: what was written there did not come from the service."
            )
        key = None if name is None else known.get(name)
        if name is not None and key is None:
            self.unchecked += 1
            if self.keys.current is not None and name != self.key_name:
                yield (
                    f"{line_text(line)} is signed with secret {name}, which is neither "
                    "CAREMATCH_AUDIT_SECRET nor one of CAREMATCH_FORMER_AUDIT_SECRETS: this line, "
                    "and those after it with the same, cannot be checked."
                )
        elif not hmac.compare_digest(line_hash(line, key), line.hash):
            yield (
                f"{line_text(line)} is not what was written: what it says now does not give its "
                "hash. Its moment, actor, role, action, subject, detail or rows were changed, or "
                "it was written by somebody without the secret."
            )


def _low(text: str) -> str:
    return text[0].lower() + text[1:]


def read_chain(session: Session, keys: AuditKeys) -> Chain:
    """Return what is found of the chain, read line by line.

    Needs a session that sees one moment, for lines may be added meanwhile.
    """
    chain, known = Chain(keys), keys.by_name
    query = select(AuditRow.__table__).order_by(AuditRow.number)
    for line in session.execute(query).yield_per(500):
        chain.take(line, known)
    chain.faults += _end_faults(chain, session.scalar(select(RecordRow)))
    return chain


def _end_faults(chain: Chain, record: RecordRow | None) -> Iterator[str]:
    if record is None:
        if chain.lines:
            yield "The row of the record, which says how many lines there are, is missing."
        return
    if record.audit_count > chain.lines:
        yield (
            f"The chain ends at line {chain.lines}, but line {record.audit_count} was written: the "
            "lines after it were taken off."
        )
    elif record.audit_count < chain.lines:
        yield (
            f"The chain ends at line {chain.lines}, but line {record.audit_count} was the last "
            "written: those after it were added, or the record's count was set back."
        )
    elif record.audit_hash != chain.end:
        yield (
            f"The record holds another hash of line {chain.lines} than the line itself: one of the "
            "two was written anew."
        )
    yield from _signed_end_faults(chain, record)


def _signed_end_faults(chain: Chain, record: RecordRow) -> Iterator[str]:
    keys = chain.keys
    if record.audit_key != chain.key_name and chain.lines:
        named = (f"secret {n}" if n else "no secret" for n in (chain.key_name, record.audit_key))
        yield "The last line is signed with {}, and the record says {}.".format(*named)
    if keys.current is None:
        return
    if record.audit_key != keys.name:
        yield (
            f"The chain is not signed with the secret that is set, {keys.name}. If it was, by an "
            "earlier check or seal, it was replaced as a whole; if it never was, run "
            "'carematch audit anchor'."
        )
    elif record.audit_head != keys.head(record.audit_count, record.audit_hash):
        yield (
            f"The record's signature of its last line, {record.audit_count}, is wrong: somebody "
            "without the secret set where the chain ends, so lines after it may be cut off."
        )


def verify_chain(session: Session, keys: AuditKeys | None = None) -> tuple[int, list[str]]:
    """Return how many audit lines there are, and what is wrong with the chain of them."""
    chain = read_chain(session, AuditKeys() if keys is None else keys)
    return chain.lines, chain.faults
