"""Seals: where the chain of audit lines ended at a moment, signed, to be kept elsewhere."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.storage.chain import AuditKeys, line_text, moment_text
from api.tables import AuditRow, RecordRow
from matcher.errors import MatcherError

Hexadecimal = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class SealError(MatcherError):
    """A file that is no seal, or a seal that cannot be written."""


class Seal(BaseModel):
    """Where the chain ended: whatever is done to the lines up to there is found against it.

    Parameters
    ----------
    council
        Whose record it is.
    number, hash
        The last line, and its hash.
    sealed_at
        When it was sealed.
    key_name, signature
        With which audit secret it is signed, and the signature; ``None`` without a secret.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    council: str
    number: int = Field(ge=1)
    hash: Hexadecimal
    sealed_at: AwareDatetime
    key_name: str | None = None
    signature: Hexadecimal | None = None

    def said(self) -> str:
        """Return what is signed: everything but the signature."""
        return json.dumps(self.model_dump(mode="json", exclude={"signature"}), sort_keys=True)

    def text(self) -> str:
        """Return the seal as a file holds it."""
        return self.model_dump_json(indent=2) + "\n"


def make_seal(session: Session, keys: AuditKeys, now: datetime) -> Seal:
    """Return a seal of the chain as it ends now."""
    record = session.scalars(select(RecordRow)).one()
    seal = Seal(
        council=record.council,
        number=record.audit_count,
        hash=record.audit_hash,
        sealed_at=now,
        key_name=keys.name,
    )
    if keys.current is None:
        return seal
    return seal.model_copy(update={"signature": keys.current.sign("seal", seal.said())})


def write_seal(seal: Seal, file: Path) -> None:
    """Write a seal to a new file, which only its owner may read.

    Raises
    ------
    SealError
        If there is such a file already, or it cannot be written.
    """
    try:
        with file.open("x", encoding="utf-8") as opened:
            file.chmod(0o600)
            opened.write(seal.text())
    except FileExistsError:
        raise SealError(
            f"{file} is there already; a seal replaces nothing.",
            thing=str(file),
            expected="the name of a file that is not there yet",
        ) from None
    except OSError as error:
        raise SealError(
            f"{file} cannot be written: {error.strerror}.",
            thing=str(file),
            expected="a folder in which a file can be made",
        ) from None


def read_seal(file: Path) -> Seal:
    """Return the seal that a file holds.

    Raises
    ------
    SealError
        If it cannot be read, or is no seal, naming each field that is wrong.
    """
    expected = "a file that 'carematch audit seal' wrote"
    try:
        return Seal.model_validate_json(file.read_bytes())
    except OSError as error:
        why = f"{file} cannot be read: {error.strerror}."
        raise SealError(why, thing=str(file), expected=expected) from None
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}"
            for each in error.errors(include_url=False, include_input=False)
        ]
        why = f"{file} is no seal: {'; '.join(faults)}."
        raise SealError(why, thing=str(file), expected=expected) from None


def seal_faults(session: Session, keys: AuditKeys, seal: Seal) -> Iterator[str]:
    """Yield where the chain is not what a seal says it was."""
    named = f"The seal of {moment_text(seal.sealed_at)}"
    yield from _signature_faults(keys, seal, named)
    council = session.scalar(select(RecordRow.council))
    if council != seal.council:
        yield f"{named} is of the record of {seal.council}; this is the record of {council}."
    line = session.scalar(select(AuditRow).where(AuditRow.number == seal.number))
    if line is None:
        last = session.scalar(select(AuditRow.number).order_by(AuditRow.number.desc()).limit(1))
        yield (
            f"{named} says that line {seal.number} was written, and the chain ends at line "
            f"{last or 0}. The lines after it were taken off, or an earlier copy of the database "
            "was put back."
        )
    elif line.hash != seal.hash:
        yield (
            f"{line_text(line)} has another hash than when it was sealed, {seal.hash}. The chain "
            "up to there was written anew, or an earlier copy was put back and went on."
        )


def _signature_faults(keys: AuditKeys, seal: Seal, named: str) -> Iterator[str]:
    if keys.current is None:
        return
    if seal.key_name is None or seal.signature is None:
        yield f"{named} is not signed, so anybody may have written it; an audit secret is set."
        return
    key = keys.by_name.get(seal.key_name)
    if key is None:
        yield (
            f"{named} is signed with secret {seal.key_name}, which is neither "
            "CAREMATCH_AUDIT_SECRET nor one of CAREMATCH_FORMER_AUDIT_SECRETS."
        )
    elif not hmac.compare_digest(key.sign("seal", seal.said()), seal.signature):
        yield f"{named} was altered: its signature is wrong."
