"""Choices: which offer is approved, who decided for it, and when it comes to nothing after all."""

from __future__ import annotations

from datetime import timedelta

from api.acts.deciding import judge_again, retell
from api.acts.offers import require_standing
from api.acts.promises import give_back, place
from api.acts.requests import care_of, require_state, without
from api.acts.standing import require_not_suspended
from api.acts.terms import Judged
from api.errors import ConflictError, NotAllowedError
from api.schemas.offers import Approval, Choice, Decider
from api.security import Caller, Role
from api.storage.books import WAITING
from api.storage.holds import CHOICE
from api.storage.lines import document_of
from api.storage.offers import (
    BOOKED,
    CHOSEN,
    OFFERED,
    UNSUITABLE,
    WITHDRAWN,
    note_outcomes,
    standing_offers,
)
from api.storage.record import Writing
from api.storage.requests import request_row
from api.storage.supply import HOLD
from api.supply import Supply
from api.tables import OfferRow, RequestRow
from matcher.vocabulary import Outcome, pounds_text


def approve(
    writing: Writing, supply: Supply, offer: OfferRow, approval: Approval, caller: Caller
) -> None:
    """Record whether a budget holder agrees to the price of an offer (H9).

    Raises
    ------
    ConflictError
        If the offer does not stand, needs no approval, was decided on already, or was made for
        something else than is asked for now.
    NotAllowedError
        If it costs more than the budget holder may decide on.
    """
    require_standing(offer)
    judged = judge_again(writing, supply, offer)
    if offer.approved is False or (offer.approved and covers(offer, judged)):
        told = "approved" if offer.approved else "refused"
        raise ConflictError(
            f"The price of offer {offer.offer_id} was {told} already by {offer.approved_by}.",
            thing=f"offer {offer.offer_id}",
            value=told,
            expected="an offer that is not decided on, or one that was changed since",
        )
    if not (offer.needs_approval or judged.needs_approval):
        raise ConflictError(
            f"Offer {offer.offer_id} needs no approval.",
            thing=f"offer {offer.offer_id}",
            value=pounds_text(offer.weekly_cost_pence),
            expected="an offer above the framework rate or the budget",
        )
    _require_within_limit(offer, judged.family_pence, caller)
    if judged.needs_approval:
        offer.needs_approval = True
        offer.approval_reasons = list(judged.approval_reasons)
    offer.approved_family_pence = judged.family_pence if approval.approve else None
    offer.approved, offer.approval_note = approval.approve, approval.note
    offer.approved_by, offer.approved_at = writing.actor.holder, writing.now
    offer.version += 1
    writing.audit(
        "offer.approved" if approval.approve else "offer.not_approved",
        offer.offer_id,
        version=offer.version,
        weekly_cost_pence=offer.weekly_cost_pence,
        family_pence=judged.family_pence,
        limit_pence_per_week=caller.limit_pence_per_week,
    )


def covers(offer: OfferRow, judged: Judged) -> bool:
    """Say whether an approval is of as much as a week of the family would cost by now (H9).

    One of before weeks were kept with it is of the offer's own price.
    """
    approved = offer.approved_family_pence
    return judged.family_pence <= (offer.weekly_cost_pence if approved is None else approved)


def _require_within_limit(offer: OfferRow, family_pence: int, caller: Caller) -> None:
    """Let a budget holder decide within his limit only; who has none decides on nothing (H9).

    The limit is of all that a person's care costs a week, or it would be none for who divides it.
    """
    limit = caller.limit_pence_per_week
    if limit is not None and family_pence <= limit:
        return
    cost = pounds_text(offer.weekly_cost_pence)
    if family_pence > offer.weekly_cost_pence:
        cost += f", and all of the person's care {pounds_text(family_pence)}"
    most = "nothing" if limit is None else f"up to {pounds_text(limit)} a week"
    raise NotAllowedError(
        f"Offer {offer.offer_id} costs {cost} a week; you may decide on {most} (H9).",
        thing="weekly_cost_pence",
        value=family_pence,
        expected="no cost" if limit is None else f"at most {limit}",
    )


# -- chosen ------------------------------------------------------------------------------------


def choose(
    writing: Writing, supply: Supply, offer: OfferRow, choice: Choice, hold_hours: int
) -> None:
    """Record who decided for an offer (H14), and hold its capacity in place of all other holds.

    Raises
    ------
    ConflictError
        If the offer does not stand or was made for something else than is asked for now, its
        request is not waiting or is suspended, or the person has not the mental capacity to
        decide (H23).
    CapacityTakenError
        If the capacity was promised to somebody else.
    """
    row = request_row(writing.session, offer.request_id)
    require_free_to_choose(writing, row, offer)
    judged = judge_again(writing, supply, offer)
    retell(writing, offer, judged)
    mark_chosen(writing, offer, choice)
    give_back(writing, row.request_id)
    expires_at = writing.now + timedelta(hours=hold_hours)
    promised = judged.commitment
    place(writing, row.request_id, promised, kind=HOLD, expires_at=expires_at, purpose=CHOICE)


def require_free_to_choose(writing: Writing, row: RequestRow, offer: OfferRow) -> None:
    """Refuse a choice where there is nothing to decide any more.

    Raises
    ------
    ConflictError
        If the offer does not stand, or its request is not waiting or is suspended.
    """
    require_standing(offer)
    require_state(row, WAITING)
    require_not_suspended(row, writing.today)


def mark_chosen(writing: Writing, offer: OfferRow, choice: Choice) -> None:
    """Let one offer be the chosen one of its request; another that was is offered again.

    Raises
    ------
    ConflictError
        If the person is said to have decided who has not the mental capacity to (H23).
    """
    request = care_of(request_row(writing.session, offer.request_id))
    if choice.chosen_by is Decider.PERSON and request.has_mental_capacity is False:
        raise ConflictError(
            f"Who needs {request.request_id} has not the mental capacity to decide for an offer.",
            thing="chosen_by",
            value=choice.chosen_by,
            expected="family, advocate or best_interests_decision (H23)",
        )
    for other in standing_offers(writing.session, offer.request_id):
        if other.state == CHOSEN and other.offer_id != offer.offer_id:
            other.state = OFFERED
            other.chosen_by = other.chosen_at = other.choice_note = other.recorded_by = None
            other.version += 1
            writing.audit("offer.not_chosen", other.offer_id, version=other.version)
    offer.state = CHOSEN
    offer.chosen_by, offer.chosen_at = choice.chosen_by.value, writing.now
    offer.choice_note, offer.recorded_by = choice.note, writing.actor.holder
    offer.version += 1
    writing.audit(
        "offer.chosen",
        offer.offer_id,
        version=offer.version,
        request_id=offer.request_id,
        provider_id=offer.provider_id,
        chosen_by=choice.chosen_by,
    )


# -- come to nothing ---------------------------------------------------------------------------


def find_unsuitable(writing: Writing, offer: OfferRow, reason: str) -> None:
    """Record that a provider finds the person unsuitable: the search goes on without it (H15).

    Raises
    ------
    ConflictError
        If the offer does not stand; of one that is booked, the package is handed back.
    """
    if offer.state == BOOKED:
        raise ConflictError(
            f"The offer {offer.offer_id} is booked: its provider hands the package back (H15).",
            thing=f"offer {offer.offer_id}",
            value=offer.state,
            expected="a hand-back of the kind 'unsuitable' at /v1/providers/"
            f"{offer.provider_id}/hand-backs",
        )
    _undo(writing, offer, UNSUITABLE)
    note_outcomes(writing, Outcome.UNSUITABLE, [offer.provider_id], offer.request_id, reason)
    offer.unsuitable_reason = reason
    row = request_row(writing.session, offer.request_id)
    request = care_of(row)
    changed = request.model_copy(update=without(request, offer.provider_id))
    row.document = document_of(changed)
    row.version += 1
    writing.audit(
        "request.provider_excluded",
        row.request_id,
        version=row.version,
        provider_id=offer.provider_id,
    )


def withdraw(writing: Writing, offer: OfferRow, reason: str) -> None:
    """Record that an offer is taken back; the ledger counts it only where the provider did so (S3).

    Raises
    ------
    ConflictError
        If the offer does not stand.
    """
    _undo(writing, offer, WITHDRAWN, reason=reason)
    if writing.actor.role == Role.PROVIDER:
        note_outcomes(writing, Outcome.WITHDRAWN, [offer.provider_id], offer.request_id, reason)


def _undo(writing: Writing, offer: OfferRow, state: str, **told: str) -> None:
    """End an offer that stands, and give back all that its person holds at the provider."""
    require_standing(offer)
    give_back(writing, offer.request_id, offer.provider_id)
    offer.state = state
    offer.version += 1
    writing.audit(
        f"offer.{state}",
        offer.offer_id,
        version=offer.version,
        request_id=offer.request_id,
        provider_id=offer.provider_id,
        **told,
    )
