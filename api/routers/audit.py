"""The audit over HTTP: who changed what, and whether every line is still as it was written."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.dependencies import Allow, ServiceOf
from api.guarding import GuardedRoute
from api.schemas.audit import AuditLine, AuditList, Verification
from api.schemas.pages import PageOf
from api.security import Caller, Reach, Role, Rule
from api.storage.audit import audit_lines
from api.storage.proving import prove
from matcher.model import Id

router = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=GuardedRoute)
MAY_AUDIT = Allow(Rule({Role.ADMINISTRATOR: Reach.ANY}))
Auditor = Annotated[Caller, Depends(MAY_AUDIT)]


@router.get("")
def list_audit(
    *,
    caller: Auditor,
    service: ServiceOf,
    page: PageOf,
    subject: Annotated[Id | None, Query(description="The id of what was changed.")] = None,
) -> AuditList:
    """List every change, the newest first, or those of one subject."""
    with service.record.reading() as session:
        rows = audit_lines(session, page.wanted, page.only_key(int), subject)
    shown, following = page.cut(rows, lambda row: (row.number,))
    return AuditList(
        items=[AuditLine.model_validate(row, from_attributes=True) for row in shown],
        next=following,
    )


@router.get("/verification")
def verify_audit(*, caller: Auditor, service: ServiceOf) -> Verification:
    """Check the chain line by line, and hold every row against the newest line about it."""
    with service.record.snapshot() as session:
        proof = prove(session, service.record.keys)
    return Verification.model_validate(proof, from_attributes=True)
