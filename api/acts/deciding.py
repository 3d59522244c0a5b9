"""Deciding: what an offer is looked at for again whenever somebody decides on it."""

from __future__ import annotations

from api.acts.adverts import changed_since
from api.acts.enquiries import require_askable
from api.acts.offers import terms_of
from api.acts.requests import care_of
from api.acts.terms import Judged, judge, within
from api.errors import BadCallError, ConflictError
from api.storage.offers import standing_offers
from api.storage.record import Writing
from api.storage.requests import family_of, request_row
from api.storage.supply import provider_row
from api.supply import Supply
from api.tables import OfferRow
from matcher.model import CareRequest
from matcher.shortlist import RequestRefusedError
from matcher.vocabulary import pounds_text


def judge_again(writing: Writing, supply: Supply, offer: OfferRow) -> Judged:
    """Return what an offer comes to today, if what is asked for is still what it was made for.

    Raises
    ------
    ConflictError
        If anything of the request that providers are told was changed since, the first day has
        passed, it would cost something else, or the provider takes no new work any more.
    """
    request = care_of(request_row(writing.session, offer.request_id))
    provider = provider_row(writing.session, offer.provider_id)
    require_askable(writing.session, request, provider)
    changed = told_otherwise(offer, request)
    if changed:
        raise _outdated(offer, f"Changed since: {', '.join(changed)}.")
    terms, at = terms_of(offer), within(writing, supply)
    try:
        judged = judge(at, request, offer.provider_id, terms)
    except BadCallError as error:
        raise _outdated(offer, error.message) from error
    if judged.weekly_cost_pence != offer.weekly_cost_pence:
        cost = pounds_text(judged.weekly_cost_pence)
        raise _outdated(offer, f"It would cost {cost} a week today.")
    return judged


def retell(writing: Writing, offer: OfferRow, judged: Judged) -> None:
    """Keep with an offer whether it needs an approval as things stand, and why (H9)."""
    told = list(judged.approval_reasons)
    if offer.approval_reasons != told:
        offer.needs_approval, offer.approval_reasons = judged.needs_approval, told
        offer.version += 1
        writing.audit(
            "offer.retold", offer.offer_id, version=offer.version, needs_approval=bool(told)
        )


def retell_family(writing: Writing, supply: Supply, request_id: str) -> None:
    """Tell of every offer that stands for a person's care what it is by what was just settled.

    Those that are of something else than is asked for now stay as they are.
    """
    for row in family_of(writing.session, request_row(writing.session, request_id)):
        for offer in standing_offers(writing.session, row.request_id):
            try:
                judged = judge_again(writing, supply, offer)
            except (ConflictError, BadCallError, RequestRefusedError):
                continue
            retell(writing, offer, judged)


def told_otherwise(offer: OfferRow, request: CareRequest) -> list[str]:
    """Return the names of what a provider was told otherwise than it is asked for now.

    Money, risk and whom the person would rather have are not among them, for nobody tells a
    provider of those (H7). Where it is not known what was told, nothing is.
    """
    return [] if offer.advert is None else changed_since(offer.advert, request)


def _outdated(offer: OfferRow, why: str) -> ConflictError:
    return ConflictError(
        f"The offer {offer.offer_id} was made for something else than is asked for now. {why}",
        thing=f"offer {offer.offer_id}",
        expected=f"a reply of {offer.provider_id} to a new enquiry, or its offer recorded again, "
        "for the request as it is",
    )
