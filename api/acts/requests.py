"""Requests: taken in, kept right, suspended, ended, and how each stands by its clocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.acts.adverts import advertised
from api.acts.contradictions import require_sound, waiting_from
from api.errors import BadCallError, ConflictError, stands
from api.schemas.requests import (
    KeyWorkerChange,
    RequestChange,
    RiskRating,
    Suspension,
    Urgency,
)
from api.security import Caller, Role, require_may_say
from api.storage.books import ENDED, RISK_ORDER, WAITING
from api.storage.books import request_row as new_row
from api.storage.holds import holds_of
from api.storage.lines import document_of
from api.storage.offers import CHOSEN, OFFERED, standing_offers
from api.storage.record import Writing
from api.storage.supply import known_providers, release
from api.tables import RequestRow
from matcher.eligibility import Refusal, missing_fields, request_refusals
from matcher.market import Market
from matcher.model import CareRequest
from matcher.shortlist import RequestRefusedError

FIXED = ("request_id", "service_type", "risk", "urgent_reason")
"""Fields of a request that a change does not touch: they have ways of their own."""
FIXED_BESIDE = ("current_provider_id",)
"""The same of an increase or a change of provider: whose care runs is what it says (H17)."""
PASSING = {
    "risk": None,
    "urgent_reason": "",
    "waiting_since": None,
    "preferred_providers": (),
    "excluded_providers": (),
}
"""What of a request may change without making what is shown or offered for it something else."""
PANEL_RULE = "OWN_PANEL"


def care_of(row: RequestRow) -> CareRequest:
    """Return what a row says is asked for."""
    return CareRequest.model_validate(row.document)


def require_arrangeable(request: CareRequest, market: Market) -> None:
    """Take a request in only where nothing is missing and everything is agreed (H1, H2, H23, H24).

    Raises
    ------
    IncompleteRequestError
        With every rule that it breaks and every field that is missing.
    """
    refusals = tuple(
        refusal
        for refusal in request_refusals(request, market.book, market.policy)
        if refusal.rule_id != PANEL_RULE  # listed, never matched (H27)
    )
    if refusals:
        raise IncompleteRequestError(request, refusals, market)


class IncompleteRequestError(RequestRefusedError):
    """A request that may not be taken in, with every reason and every missing field."""

    def __init__(self, request: CareRequest, refusals: tuple[Refusal, ...], market: Market) -> None:
        super().__init__(request.request_id, refusals)
        self.missing = list(missing_fields(request, market.book.services_by_group))


def create(
    writing: Writing,
    market: Market,
    request: CareRequest,
    key_worker: str | None,
    *,
    kind: str = "referral",
    parent: RequestRow | None = None,
    reasons: Mapping[str, Any] | None = None,
) -> RequestRow:
    """Take in a request that is complete and agreed.

    Parameters
    ----------
    writing
        The change.
    market
        Whose policy counts.
    request
        What is asked for.
    key_worker
        Who owns its risk rating (H20).
    kind
        ``referral``, ``increase`` or ``change``.
    parent
        The request whose care an increase or change is of, with the money that was agreed.
    reasons
        The written reasons of those.

    Raises
    ------
    IncompleteRequestError
        If anything is missing or not agreed: everything at once.
    ConflictError
        If the record has a request of that id.
    BadCallError
        If it contradicts itself or the record, or waits from an earlier day.
    NotAllowedError
        If a key worker says that it does.
    """
    request = waiting_from(request, writing.actor.role, writing.today)
    if writing.session.get(RequestRow, request.request_id) is not None:
        raise ConflictError(
            f"The record has a request {request.request_id} already.",
            thing="request_id",
            value=request.request_id,
            expected="an id that is new",
        )
    require_arrangeable(request, market)
    require_sound(request, market, known_providers(writing.session), writing.today)
    request, zone = request.completed, None
    if request.postcode is not None:
        market.locate(request.postcode)
        zone = market.zone_of(request.postcode)
    row = new_row(
        request,
        zone=zone,
        received_at=writing.now,
        kind=kind,
        key_worker=key_worker,
        parent_id=None if parent is None else parent.request_id,
    )
    row.money_asked_by = writing.actor.holder if parent is None else parent.money_asked_by
    if parent is not None:
        row.money_agreed_by, row.money_agreed_at = parent.money_agreed_by, parent.money_agreed_at
    row.reasons = None if reasons is None else dict(reasons)
    if request.urgent_reason:
        row.urgent_by, row.urgent_at = writing.actor.holder, writing.now
    writing.session.add(row)
    writing.session.flush()
    writing.audit("request.created", request.request_id, kind=kind, parent_id=row.parent_id)
    return row


# -- kept right --------------------------------------------------------------------------------


def require_open(row: RequestRow) -> None:
    """Refuse to do more for a request that has ended.

    Raises
    ------
    ConflictError
        If it has.
    """
    if row.state == ENDED:
        raise ConflictError(
            f"Request {row.request_id} has ended ({row.end_reason}).",
            thing=f"request {row.request_id}",
            value=row.state,
            expected="a request that is waiting or arranged",
        )


def require_state(row: RequestRow, state: str) -> None:
    """Refuse what only goes with another state of a request.

    Raises
    ------
    ConflictError
        If it is in another.
    """
    require_open(row)
    if row.state != state:
        raise ConflictError(
            f"Request {row.request_id} is {row.state}.",
            thing=f"request {row.request_id}",
            value=row.state,
            expected=f"a request that is {state}",
        )


def change(writing: Writing, market: Market, row: RequestRow, asked: RequestChange) -> None:
    """Change what is asked for while nobody gives it yet.

    Whatever was held, chosen or approved was so for what was asked for before: who changes more
    than what is passing gives it back, and lets the person choose (H14) and the budget holder
    approve (H9) anew.

    Raises
    ------
    ConflictError
        If care is arranged: then it is an increase or a change of provider.
    NotAllowedError
        If a field is named that is for another role to say.
    BadCallError
        If a field is named that has a way of its own, or it would contradict itself or the record.
    MalformedError
        If the request could not hold that.
    IncompleteRequestError
        If it would not be complete or agreed any more.
    """
    require_state(row, WAITING)
    require_may_say(writing.actor.role, row.request_id, asked.changes)
    fixed_here = FIXED if row.parent_id is None else FIXED + FIXED_BESIDE
    fixed = sorted(set(fixed_here) & asked.changes.keys())
    if fixed:
        raise BadCallError(
            f"{', '.join(fixed)} of a request cannot be changed here.",
            thing=fixed[0],
            expected="other fields; risk and urgency have routes of their own (H20, H21), and "
            "beside care that runs its provider stays (H17)",
        )
    before = care_of(row).completed
    changed = stands(CareRequest, row.document | asked.changes, f"Request {row.request_id}")
    changed = changed.completed
    require_arrangeable(changed, market)
    require_sound(changed, market, known_providers(writing.session), writing.today)
    if changed.postcode is not None:
        market.locate(changed.postcode)
        row.zone = market.zone_of(changed.postcode)
    is_same = is_like(before, changed)
    _let_go(writing, changed, is_same=is_same)
    if not is_same:
        _decide_anew(writing, before)
    row.waiting_since = changed.waiting_since
    _keep(
        writing,
        row,
        changed,
        "request.changed",
        fields=sorted(asked.changes),
        changed=_differences(before, changed),
        reason=asked.reason,
    )


def without(request: CareRequest, provider_id: str) -> dict[str, object]:
    """Return what changes of a request that a provider is excluded from.

    Nobody is preferred and excluded at once: no book could hold that.
    """
    excluded = dict.fromkeys((*request.excluded_providers, provider_id))
    preferred = [each for each in request.preferred_providers if each != provider_id]
    return {"excluded_providers": tuple(excluded), "preferred_providers": tuple(preferred)}


def is_like(one: CareRequest, other: CareRequest) -> bool:
    """Say whether the same is asked for twice, but for what is passing."""
    return one.model_copy(update=PASSING) == other.model_copy(update=PASSING)


def _let_go(writing: Writing, request: CareRequest, *, is_same: bool) -> None:
    """Give back what is held for something else than is asked for now, or at who is excluded."""
    held = holds_of(writing.session, request.request_id, writing.now)
    excluded = request.excluded_providers
    release(writing, [row for row in held if not is_same or row.provider_id in excluded])


def _decide_anew(writing: Writing, before: CareRequest) -> None:
    for offer in standing_offers(writing.session, before.request_id):
        if offer.advert is None:
            # Of long ago: what it was made for was not kept, so it is what was asked for so far.
            offer.advert = advertised(before)
        if offer.state == CHOSEN or offer.approved is not None:
            offer.state = OFFERED
            offer.chosen_by = offer.chosen_at = offer.choice_note = offer.recorded_by = None
            offer.approved = offer.approved_by = offer.approved_at = offer.approval_note = None
            offer.approved_family_pence = None
            offer.version += 1
            writing.audit("offer.to_decide_anew", offer.offer_id, version=offer.version)


def _differences(before: CareRequest, after: CareRequest) -> dict[str, list[object]]:
    """Return what each changed field was and is, without what is told of it in free text."""
    was, now = _without_text(before), _without_text(after)
    return {name: [was[name], value] for name, value in now.items() if was[name] != value}


def _without_text(request: CareRequest) -> dict[str, Any]:
    texts: dict[str, Any] = {"urgent_reason": True, "package": {"visits": {"__all__": {"reason"}}}}
    return request.model_dump(mode="json", exclude=texts)


def rate_risk(writing: Writing, row: RequestRow, rating: RiskRating) -> None:
    """Take over the key worker's risk rating (H20)."""
    require_open(row)
    changed = care_of(row).model_copy(update={"risk": rating.risk})
    before = row.document.get("risk")
    row.risk_order = RISK_ORDER[rating.risk]
    told = {"before": before, "after": rating.risk, "reason": rating.reason}
    _keep(writing, row, changed, "request.risk_rated", **told)


def set_key_worker(writing: Writing, row: RequestRow, told: KeyWorkerChange) -> None:
    """Say whose request it is, and so who rates its risk from now on (H20).

    What is asked for beside it keeps its own key worker.
    """
    require_open(row)
    before, row.key_worker = row.key_worker, told.key_worker
    row.version += 1
    writing.audit(
        "request.key_worker_set",
        row.request_id,
        version=row.version,
        before=before,
        after=told.key_worker,
        reason=told.reason,
    )


def mark_urgent(writing: Writing, row: RequestRow, urgency: Urgency | None) -> None:
    """Record that a request is urgent, who said so and why (H21), or that it is no longer."""
    require_open(row)
    reason = "" if urgency is None else urgency.reason
    changed = care_of(row).model_copy(update={"urgent_reason": reason})
    is_urgent = urgency is not None
    row.urgent_by = writing.actor.holder if is_urgent else None
    row.urgent_at = writing.now if is_urgent else None
    _keep(writing, row, changed, "request.urgent" if is_urgent else "request.not_urgent")


def _keep(
    writing: Writing, row: RequestRow, request: CareRequest, action: str, **detail: object
) -> None:
    row.document = document_of(request)
    row.version += 1
    writing.audit(action, row.request_id, version=row.version, **detail)


def suspend(writing: Writing, row: RequestRow, suspension: Suspension) -> None:
    """Suspend a request from a day on; what is booked for it stays booked (H19).

    Raises
    ------
    ConflictError
        If it is suspended already or has ended.
    BadCallError
        If it would restart before it is suspended.
    """
    require_open(row)
    is_over = row.suspended_until is not None and row.suspended_until <= writing.today
    if row.suspended_from is not None and not is_over:
        raise ConflictError(
            f"Request {row.request_id} is suspended from {row.suspended_from} already.",
            thing=f"request {row.request_id}",
            expected="a request that is not suspended",
        )
    restarts_on = suspension.restarts_on
    if restarts_on is not None and restarts_on <= suspension.suspended_from:
        raise BadCallError(
            f"Care suspended from {suspension.suspended_from} cannot restart on {restarts_on}.",
            thing="restarts_on",
            value=restarts_on,
            expected="a later day",
        )
    row.suspended_from, row.suspended_until = suspension.suspended_from, restarts_on
    row.version += 1
    writing.audit(
        "request.suspended",
        row.request_id,
        version=row.version,
        suspended_from=suspension.suspended_from,
        restarts_on=restarts_on,
        reason=suspension.reason,
    )


def resume(writing: Writing, row: RequestRow) -> None:
    """End a suspension.

    Raises
    ------
    ConflictError
        If the request is not suspended.
    """
    require_open(row)
    if row.suspended_from is None:
        raise ConflictError(
            f"Request {row.request_id} is not suspended.",
            thing=f"request {row.request_id}",
            expected="a request that is suspended",
        )
    row.suspended_from = row.suspended_until = None
    row.version += 1
    writing.audit("request.resumed", row.request_id, version=row.version)


def may_own(caller: Caller) -> str | None:
    """Return the key worker of a request that a caller takes in; nobody where a broker does."""
    return caller.holder if caller.role is Role.KEY_WORKER else None
