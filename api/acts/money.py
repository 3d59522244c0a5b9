"""Money: what a budget holder agrees for a family, and what of it is left for one request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from api.acts.requests import care_of, require_arrangeable, require_open
from api.errors import BadCallError, ConflictError, NotAllowedError, stands
from api.schemas.requests import MoneyAgreed
from api.security import Caller
from api.storage.books import ENDED
from api.storage.families import Family, family, held
from api.storage.lines import document_of
from api.storage.record import Writing
from api.tables import RequestRow
from matcher.market import Market
from matcher.model import CareRequest
from matcher.payers import council_pays
from matcher.vocabulary import pounds_text


def as_left(session: Session, row: RequestRow, today: date) -> CareRequest:
    """Return what is asked for, with what of the family's money is left for it at this moment."""
    return family(session, row.request_id, today).left_for(care_of(row))


def lacks_agreement(row: RequestRow, care: CareRequest) -> bool:
    """Say whether the council would pay for what no budget holder has agreed to."""
    return row.money_asked_by is not None and council_pays(care)


def agree(
    writing: Writing, market: Market, row: RequestRow, agreed: MoneyAgreed, caller: Caller
) -> None:
    """Agree who pays what for a person's care and up to which cost: for the whole family at once.

    Nothing that is held or chosen is undone: every price is held against it when it is booked.

    Raises
    ------
    ConflictError
        If the request has ended, or more than the budget runs already.
    BadCallError
        If the council pays, and no budget is stated.
    NotAllowedError
        If the budget is above what the budget holder may decide on.
    MalformedError, IncompleteRequestError
        If a request of the family could not hold that.
    """
    require_open(row)
    changes = agreed.model_dump(mode="json", exclude={"reason"}, exclude_unset=True)
    found = family(writing.session, row.request_id, writing.today)
    members = [each for each in found.members.values() if each.state != ENDED]
    after = {each.request_id: _changed(each, changes) for each in found.members.values()}
    for each in members:
        # Who pays may differ within a family, so each is held against what is agreed.
        require_arrangeable(after[each.request_id], market)
        _require_budget(after[each.request_id], caller)
        _require_enough(each, found, after)
    before = care_of(row)
    for each in members:
        each.document = document_of(after[each.request_id])
        each.money_asked_by = None
        each.money_agreed_by, each.money_agreed_at = writing.actor.holder, writing.now
        each.version += 1
    writing.audit(
        "request.money_agreed",
        row.request_id,
        request_ids=[each.request_id for each in members],
        before={name: before.model_dump(mode="json")[name] for name in changes},
        after=changes,
        budget_pence_per_week=after[row.request_id].personal_budget_pence_per_week,
        limit_pence_per_week=caller.limit_pence_per_week,
        reason=agreed.reason,
    )


def _changed(row: RequestRow, changes: dict[str, Any]) -> CareRequest:
    return stands(CareRequest, row.document | changes, f"Request {row.request_id}")


def _require_budget(care: CareRequest, caller: Caller) -> None:
    """Let a budget holder agree to what he may decide on, and to nothing without an end."""
    if not council_pays(care):
        return
    budget, limit = care.personal_budget_pence_per_week, caller.limit_pence_per_week
    if budget is None:
        raise BadCallError(
            f"No budget is stated for {care.request_id}, for which the council pays.",
            thing="personal_budget_pence_per_week",
            expected="the most that all of the person's care may cost a week",
        )
    if limit is None or budget > limit:
        most = "nothing" if limit is None else f"up to {pounds_text(limit)} a week"
        raise NotAllowedError(
            f"A budget of {pounds_text(budget)} a week for {care.request_id} is not yours to "
            f"agree; you may decide on {most} (H9).",
            thing="personal_budget_pence_per_week",
            value=budget,
            expected="no cost" if limit is None else f"at most {limit}",
        )


def _require_enough(row: RequestRow, found: Family, after: Mapping[str, CareRequest]) -> None:
    care = after[row.request_id]
    budget = care.personal_budget_pence_per_week
    running = found.running_pence(held, after)
    if council_pays(care) and budget is not None and running > budget:
        raise ConflictError(
            f"Care of {pounds_text(running)} a week runs for {row.request_id} and what was asked "
            f"for beside it, more than a budget of {pounds_text(budget)}.",
            thing="personal_budget_pence_per_week",
            value=budget,
            expected=f"at least {running}, or an end of some of the care first",
        )
