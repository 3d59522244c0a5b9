"""Proposing: the one law of what a night may propose to whom, and of what may be accepted."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from api.acts.increases import require_market_open
from api.acts.offers import held_for
from api.acts.requests import require_state, without
from api.acts.standing import require_not_suspended
from api.errors import ConflictError
from api.storage.books import WAITING
from api.storage.holds import PROPOSAL, holds_of
from api.storage.offers import CHOSEN, standing_offers
from api.storage.requests import request_row
from api.supply import policy_in
from api.tables import OfferRow, RequestRow
from matcher.market import soonest_start
from matcher.model import Book, CareRequest, Rate
from matcher.policy import Policy
from matcher.pricing import priced_services
from matcher.tariff import Tariff
from matcher.vocabulary import AT_FRAMEWORK, ServiceType

ONE_WEEK = timedelta(days=6)
"""From the soonest day of care to the last on which a week's first visit can be."""


def require_looked_for(session: Session, row: RequestRow, now: datetime, today: date) -> None:
    """Refuse to propose anything to whom nobody looks for a provider now.

    A choice that is not held any more is no obstacle: nobody is left out of every night to come
    because a choice was never booked.

    Parameters
    ----------
    session
        Where to read.
    row
        The request.
    now, today
        When it is.

    Raises
    ------
    ConflictError
        If the request is not waiting or is suspended (H19), its current provider has first
        refusal (H17), or what the person chose, or an accepted proposal, is held for her (H14).
    """
    require_state(row, WAITING)
    require_not_suspended(row, today)
    require_market_open(session, row, now)
    for offer in _chosen(session, row.request_id):
        if held_for(session, offer, now) is not None:
            raise _chosen_already(offer)
    for hold in holds_of(session, row.request_id, now, [PROPOSAL]):
        raise ConflictError(
            f"{hold.provider_id} is held for {row.request_id} by an accepted proposal.",
            thing=f"request {row.request_id}",
            value=hold.provider_id,
            expected="a request for which nothing is held",
        )


def require_new_to(session: Session, row: RequestRow, provider_id: str) -> None:
    """Refuse to propose the very provider that the person has chosen: that is booked, or not.

    Raises
    ------
    ConflictError
        If she has.
    """
    for offer in _chosen(session, row.request_id):
        if offer.provider_id == provider_id:
            raise _chosen_already(offer)


def _chosen(session: Session, request_id: str) -> list[OfferRow]:
    offers = standing_offers(session, request_id)
    return [offer for offer in offers if offer.state == CHOSEN]


def _chosen_already(offer: OfferRow) -> ConflictError:
    return ConflictError(
        f"An offer for {offer.request_id} is {offer.state} already.",
        thing=f"request {offer.request_id}",
        value=offer.offer_id,
        expected="a request for which nothing is chosen yet",
    )


def may_propose(
    session: Session, row: RequestRow, provider_id: str, now: datetime, today: date
) -> bool:
    """Say whether a proposal of one provider for a request could be accepted as things stand."""
    try:
        require_looked_for(session, row, now, today)
        require_new_to(session, row, provider_id)
    except ConflictError:
        return False
    return True


def proposable(session: Session, book: Book, now: datetime, today: date) -> Book:
    """Return a book without whom nothing may be proposed to, and without what nobody may accept.

    Left out of a request's providers are whom the person has chosen already, and those that have
    no rate on file for it: a proposal says what it costs (H16). Care that runs stays as it is.
    """
    unpriced = _Unpriced(book, policy_in(session))
    requests = []
    for request in book.requests:
        if request.request_id in book.running_provider:
            requests.append(request)
            continue
        row = request_row(session, request.request_id)
        try:
            require_looked_for(session, row, now, today)
        except ConflictError:
            continue
        chosen = [offer.provider_id for offer in _chosen(session, request.request_id)]
        requests.append(_shut(request, [*chosen, *unpriced.of(request)]))
    return book.model_copy(update={"requests": tuple(requests)})


def _shut(request: CareRequest, provider_ids: Collection[str]) -> CareRequest:
    for provider_id in provider_ids:
        request = request.model_copy(update=without(request, provider_id))
    return request


class _Unpriced:
    """Which providers of a book have no price for some care."""

    def __init__(self, book: Book, policy: Policy) -> None:
        self._book, self._policy, self._tariff = book, policy, Tariff(book)
        self._providers = {each.provider_id: each for each in book.providers}
        self._in_doubt: dict[ServiceType, list[str]] = {}

    def of(self, request: CareRequest) -> Iterator[str]:
        """Yield the providers of what a request asks for that have no price for it.

        On the day by which care is to start, and in the week in which it can start there.
        """
        as_of = self._book.as_of
        for provider_id in self._doubtful(request):
            soonest = soonest_start(self._providers[provider_id], self._policy, as_of)
            days = max(as_of, request.start_by or as_of), soonest, soonest + ONE_WEEK
            if any(self._tariff.weekly_pence(request, provider_id, day) is None for day in days):
                yield provider_id

    def _doubtful(self, request: CareRequest) -> list[str]:
        """Return the sellers of a service without a rate for it wherever, whenever, how long."""
        service = request.service_type
        if service not in self._in_doubt:
            named = set(priced_services(request)[:1])
            priced = {
                rate.provider_id
                for rate in self._book.rates
                if rate.service_type in named and self._is_plain(rate)
            }
            self._in_doubt[service] = [
                each.provider_id
                for each in self._book.providers
                if service in each.services and each.provider_id not in priced
            ]
        return self._in_doubt[service]

    def _is_plain(self, rate: Rate) -> bool:
        has_begun = rate.valid_from is None or rate.valid_from <= self._book.as_of
        terms = (rate.zone, rate.visit_minutes, rate.valid_to, *rate.days)
        return has_begun and rate.amount_pence != AT_FRAMEWORK and not any(terms)
