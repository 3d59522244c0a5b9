"""What is said of the audit: its lines, and whether the chain of them holds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel


class AuditLine(BaseModel):
    """One change as it was written down, with the hash that chains it to the one before."""

    number: int
    at: datetime
    actor: str
    role: str
    action: str
    subject: str
    detail: dict[str, Any]
    previous_hash: str
    hash: str


class AuditList(BaseModel):
    """One page of the audit, the newest line first."""

    items: list[AuditLine]
    next: str | None


class Verification(BaseModel):
    """What was found of the audit and of what it vouches for, and what could not be proved."""

    lines: int
    rows: int
    keyed_from: int | None
    faults: list[str]
    limits: list[str]
