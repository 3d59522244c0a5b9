"""Enquiries: a request advertised to some providers for a time, declined, closed and shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from api.acts.adverts import advertised
from api.acts.endings import close_enquiry
from api.acts.increases import may_go_to_market, require_market_open
from api.acts.money import as_left
from api.acts.promises import give_back
from api.acts.requests import care_of, require_state
from api.acts.standing import require_not_suspended
from api.errors import BadCallError, ConflictError
from api.schemas.enquiries import Asking, Decline
from api.storage.books import WAITING
from api.storage.enquiries import invitation_of, passed, shortlist_for
from api.storage.ids import new_id
from api.storage.offers import note_outcomes, reply_of, standing_offers, unsuitable_for
from api.storage.providers import terms_of_all
from api.storage.record import Writing
from api.storage.supply import part_of_book, provider_row
from api.supply import policy_in
from api.tables import EnquiryRow, InvitationRow, ProviderRow, RequestRow
from matcher.eligibility import for_others, request_refusals
from matcher.model import CareRequest, Provider
from matcher.pricing import priced_services
from matcher.shortlist import RequestRefusedError, Shortlist
from matcher.vocabulary import Outcome, ProviderStatus, words_text

LONGEST_DAYS = 90
"""Days that an enquiry may at most be open."""


# -- opened ------------------------------------------------------------------------------------


def open_enquiry(
    writing: Writing, row: RequestRow, asked: Asking, usual_closes_at: datetime
) -> EnquiryRow:
    """Advertise a request to some providers until a moment.

    Parameters
    ----------
    writing
        The change.
    row
        The request.
    asked
        Whom, and until when.
    usual_closes_at
        Until when where that is not said (H22).

    Raises
    ------
    ConflictError
        If the request is not waiting or is suspended, its current provider has first refusal, or
        somebody asked takes no new work or is excluded.
    RequestRefusedError
        If the request may not be searched for.
    BadCallError
        If the enquiry would close in the past, be open for too long, or leave whoever is asked
        first (H17) less than the usual time.
    NotFoundError
        If a provider or the shortlist is not in the record.
    """
    close_passed(writing)
    request = require_searchable(writing, row)
    provider_ids = _asked(writing.session, row, asked)
    first_refusal = _has_first_refusal(writing, row, request, provider_ids)
    for provider_id in provider_ids:
        require_askable(writing.session, request, provider_row(writing.session, provider_id))
    closes_at = _closes_at(asked.closes_at, usual_closes_at, writing.now)
    if first_refusal:
        _require_usual_time(closes_at, usual_closes_at)
    enquiry = EnquiryRow(
        enquiry_id=new_id("enq", writing.now),
        request_id=row.request_id,
        shortlist_id=asked.shortlist_id,
        opened_at=writing.now,
        opened_by=writing.actor.holder,
        closes_at=closes_at,
        first_refusal=first_refusal,
        advert=advertised(request),
    )
    writing.session.add(enquiry)
    writing.session.flush()
    writing.session.add_all(
        InvitationRow(enquiry_id=enquiry.enquiry_id, provider_id=each) for each in provider_ids
    )
    writing.audit(
        "enquiry.opened",
        enquiry.enquiry_id,
        request_id=row.request_id,
        asked=provider_ids,
        closes_at=enquiry.closes_at,
        first_refusal=first_refusal,
    )
    return enquiry


def require_searchable(writing: Writing, row: RequestRow) -> CareRequest:
    """Return what is asked for by a request that may be searched for now (H1, H2, H19).

    Raises
    ------
    ConflictError
        If it is not waiting or is suspended.
    RequestRefusedError
        If anything is missing or not agreed.
    """
    require_state(row, WAITING)
    require_not_suspended(row, writing.today)
    request = care_of(row)
    session = writing.session
    head = part_of_book(session, [], writing.now, writing.today, besides=row.request_id)
    # Who sells it to some groups only decides whether the person's has to be known (L4).
    book = head.model_copy(update={"providers": terms_of_all(session)})
    left = as_left(session, row, writing.today)
    refusals = request_refusals(left, book, policy_in(session))
    if refusals:
        raise RequestRefusedError(request.request_id, refusals)
    return request


def _asked(session: Session, row: RequestRow, asked: Asking) -> list[str]:
    if asked.shortlist_id is None:
        return sorted(asked.provider_ids or ())
    kept = shortlist_for(session, asked.shortlist_id, row.request_id)
    options = Shortlist.model_validate(kept.document).options
    if not options:
        raise ConflictError(
            f"Shortlist {asked.shortlist_id} has no options to ask.",
            thing=f"shortlist {asked.shortlist_id}",
            expected="a shortlist with options, or provider_ids",
        )
    return sorted(option.provider_id for option in options)


def _has_first_refusal(
    writing: Writing, row: RequestRow, request: CareRequest, provider_ids: Sequence[str]
) -> bool:
    """Say whether the current provider is asked before the market, and nobody else is (H17)."""
    require_first_asked(writing, row, request, provider_ids)
    return not may_go_to_market(writing.session, row, writing.now)


def require_first_asked(
    writing: Writing, row: RequestRow, request: CareRequest, provider_ids: Sequence[str]
) -> None:
    """Let nobody but the current provider come in before it has had its first refusal (H17).

    Raises
    ------
    ConflictError
        If somebody else would.
    """
    if list(provider_ids) != [request.current_provider_id]:
        require_market_open(writing.session, row, writing.now)


def require_askable(session: Session, request: CareRequest, row: ProviderRow) -> None:
    """Refuse providers that take no new work, sell something else, are for others or excluded.

    Raises
    ------
    ConflictError
        If a provider is closed or under embargo, does not provide the service, has its places
        for others (L4), is excluded, or has found the person unsuitable before (H15).
    """
    provider = Provider.model_validate(row.document)
    others = for_others(request, provider)
    lacking = [s for s in priced_services(request) if s not in provider.services]
    if provider.status is not ProviderStatus.OPEN:
        value, why = str(provider.status), f"is {provider.status}: no new work goes to it"
    elif lacking:
        value, why = words_text(provider.services), f"does not provide {words_text(lacking)}"
    elif others is not None:
        value, why = others.rule_id, f"is for others: {others.sentence.rstrip('.')} (L4)"
    elif provider.provider_id in request.excluded_providers:
        value, why = "excluded", f"is excluded by {request.request_id} (H15)"
    elif provider.provider_id in unsuitable_for(session, request.request_id):
        value, why = "unsuitable", f"has found {request.request_id} unsuitable for it (H15)"
    else:
        return
    raise ConflictError(
        f"{provider.provider_id} {why}.",
        thing=f"provider {provider.provider_id}",
        value=value,
        expected="a provider that may take the request on",
    )


def _closes_at(asked: datetime | None, usual: datetime, now: datetime) -> datetime:
    if asked is None:
        return usual
    if not now < asked <= now + timedelta(days=LONGEST_DAYS):
        raise BadCallError(
            "An enquiry closes at a moment that is still to come.",
            thing="closes_at",
            value=asked.isoformat(),
            expected=f"a moment within the next {LONGEST_DAYS} days",
        )
    return asked


def _require_usual_time(closes_at: datetime, usual: datetime) -> None:
    if closes_at < usual:
        raise BadCallError(
            "The provider that is asked first has the usual time to answer (H17).",
            thing="closes_at",
            value=closes_at.isoformat(),
            expected=f"{usual.isoformat()} or later",
        )


# -- answered and closed -----------------------------------------------------------------------


def is_open(enquiry: EnquiryRow, now: datetime) -> bool:
    """Say whether an enquiry may still be answered."""
    return enquiry.closed_at is None and now < enquiry.closes_at


def require_answerable(writing: Writing, enquiry: EnquiryRow, provider_id: str) -> InvitationRow:
    """Return the invitation of a provider that may still answer an enquiry.

    Raises
    ------
    NotFoundError
        If the enquiry does not ask it.
    ConflictError
        If the enquiry has closed, or the provider has declined.
    """
    invitation = invitation_of(writing.session, enquiry.enquiry_id, provider_id)
    if not is_open(enquiry, writing.now):
        raise ConflictError(
            "The enquiry has closed.",
            thing=f"enquiry {enquiry.enquiry_id}",
            value=(enquiry.closed_at or enquiry.closes_at).isoformat(),
            expected="an enquiry that is open",
        )
    if invitation.declined_at is not None:
        raise ConflictError(
            "You have declined this enquiry.",
            thing=f"enquiry {enquiry.enquiry_id}",
            value=invitation.declined_at.isoformat(),
            expected="an enquiry that you have not declined",
        )
    return invitation


def decline(writing: Writing, enquiry: EnquiryRow, provider_id: str, declined: Decline) -> None:
    """Record that a provider does not offer; what was held at it for the person is free at once.

    Raises
    ------
    ConflictError
        If the enquiry has closed, the provider has declined or answered it with an offer already,
        or another offer of it for the same person stands.
    """
    invitation = require_answerable(writing, enquiry, provider_id)
    if reply_of(writing.session, enquiry.enquiry_id, provider_id) is not None:
        raise ConflictError(
            "You have made an offer, which stands until it is withdrawn.",
            thing=f"enquiry {enquiry.enquiry_id}",
            expected="an enquiry without an offer of yours: withdraw the offer instead",
        )
    _require_nothing_offered(writing.session, enquiry, provider_id)
    invitation.declined_at, invitation.decline_reason = writing.now, declined.reason
    give_back(writing, enquiry.request_id, provider_id)
    note_outcomes(writing, Outcome.DECLINED, [provider_id], enquiry.request_id, declined.reason)
    writing.audit("enquiry.declined", enquiry.enquiry_id, provider_id=provider_id)


def _require_nothing_offered(session: Session, enquiry: EnquiryRow, provider_id: str) -> None:
    """Refuse to hear yes and no at once, for what stands may be chosen and booked (H14).

    An advert does not say whose it is (H7): the provider may not know that it has offered before.
    """
    standing = standing_offers(session, enquiry.request_id, provider_id)
    if standing:
        offer_id = standing[0].offer_id
        raise ConflictError(
            f"Your offer {offer_id} is for the same person, and stands until it is withdrawn.",
            thing=f"enquiry {enquiry.enquiry_id}",
            value=offer_id,
            expected=f"a decline after the withdrawal of offer {offer_id}",
        )


def close(writing: Writing, enquiry: EnquiryRow) -> None:
    """Close an enquiry before its time; whoever said nothing is noted as silent.

    Raises
    ------
    ConflictError
        If it is closed already.
    """
    if enquiry.closed_at is not None:
        raise ConflictError(
            f"Enquiry {enquiry.enquiry_id} is closed already.",
            thing=f"enquiry {enquiry.enquiry_id}",
            value=enquiry.closed_at.isoformat(),
            expected="an enquiry that is open",
        )
    close_enquiry(writing, enquiry, has_run=True)


def close_passed(writing: Writing) -> int:
    """Close every enquiry whose window has passed, note the silent, and return how many."""
    enquiries = passed(writing.session, writing.now)
    for enquiry in enquiries:
        close_enquiry(writing, enquiry)
    return len(enquiries)
