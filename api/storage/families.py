"""The money of a family: what the care of one person takes of a budget, all of it together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.storage.lines import in_file_order
from api.storage.offers import CHOSEN
from api.storage.requests import family_of, request_row
from api.storage.supply import head_of_book, provider_rows
from api.tables import BookingRow, OfferRow, RequestRow
from matcher.market import NO_LIMIT
from matcher.model import CareRequest, Rate
from matcher.payers import split
from matcher.tariff import Tariff

INCREASE, CHANGE = "increase", "change"
"""What a request beside another is: more visits, or all of the care with somebody else."""
Worth = Callable[[CareRequest, int], int]
"""What of a weekly price counts."""


def whole(care: CareRequest, pence: int) -> int:
    """Return a weekly price, whoever pays it: what an approval and its limit are of."""
    return pence


def held(care: CareRequest, pence: int, limit_pence: int = int(NO_LIMIT)) -> int:
    """Return what of a weekly price is held against the budget, which may be a limit itself."""
    return int(split(care, np.array([pence]), np.array([limit_pence])).held[0])


class Family:
    """A first request with its increases and changes of provider, and what of their care is paid.

    Parameters
    ----------
    session
        Where to read.
    members
        All its requests.
    today
        Which day it is: of care without a recorded price, what it costs by the rates of that day.
    """

    def __init__(self, session: Session, members: Sequence[RequestRow], today: date) -> None:
        self._session, self._today = session, today
        self.members = {row.request_id: row for row in members}
        self._care = {row.request_id: CareRequest.model_validate(row.document) for row in members}
        booked = select(BookingRow).where(BookingRow.request_id.in_(sorted(self.members)))
        self._bookings = session.scalars(booked.order_by(BookingRow.order_ref)).all()
        self._running = {row.request_id: row for row in self._bookings if row.ended_at is None}
        chosen = select(OfferRow).where(
            OfferRow.request_id.in_(sorted(self.members)), OfferRow.state == CHOSEN
        )
        self._chosen = {offer.request_id: offer for offer in session.scalars(chosen)}

    @property
    def running(self) -> Mapping[str, BookingRow]:
        """The bookings by which care runs until further notice, each by its request."""
        return self._running

    # -- what is left --------------------------------------------------------------------------

    def left_for(self, care: CareRequest, on: date | None = None) -> CareRequest:
        """Return a request with what the family's other care leaves of what was agreed for all.

        Of the budget and of what the person pays towards it goes the care that runs beside it on
        its first day or at any time later, and what those may take that come before it; of nights
        of respite the ones that other stays have had. Where the price of such care is not known,
        nothing is left.

        Parameters
        ----------
        care
            What one of the members asks for, with what was agreed for the whole family.
        on
            Its first day; as soon as it may start when not given.
        """
        row = self.members[care.request_id]
        on = on or max(self._today, care.start_by or self._today)
        update: dict[str, int] = {}
        for name in ("personal_budget_pence_per_week", "own_contribution_pence_per_week"):
            agreed = getattr(care, name)
            if agreed is not None:
                used = self._used(row, on)
                update[name] = 0 if used is None else max(agreed - used, 0)
        if care.respite_nights_left is not None:
            update["respite_nights_left"] = max(care.respite_nights_left - self._nights(row, on), 0)
        return care.model_copy(update=update)

    def week_pence(self, care: CareRequest, pence: int, on: date) -> int:
        """Return what a week of the whole family costs with one more price, whoever pays.

        Beside the care that runs counts what was chosen before; what has no price counts nothing.
        """
        row = self.members[care.request_id]
        others = [each for each in self._before(row) if each.request_id in self._chosen]
        claims = (self._claim(each, whole) or 0 for each in others)
        return pence + sum(claims) + (self._beside(row, on, whole, unknown=0) or 0)

    def running_pence(self, worth: Worth, care: Mapping[str, CareRequest] | None = None) -> int:
        """Return what of the care that runs until further notice counts; unknown prices do not.

        Parameters
        ----------
        worth
            What of a price.
        care
            What the members ask for, where that is about to change.
        """
        known = care or self._care
        return sum(
            worth(known[row.request_id], self._price(row) or 0) for row in self._running.values()
        )

    def _used(self, row: RequestRow, on: date) -> int | None:
        """Return what of the budget is not for a request; ``None`` where it cannot be told."""
        parts = [self._beside(row, on, held)]
        if row.request_id not in self._running:
            parts += [self._claim(each, held) for each in self._before(row)]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

    # -- what runs -----------------------------------------------------------------------------

    def _beside(
        self, row: RequestRow, on: date, worth: Worth, unknown: int | None = None
    ) -> int | None:
        """Return the most that runs beside a request in any week from a day on."""
        replaced = self._replaced(row)
        others = [
            each
            for each in self._bookings
            if each is not replaced
            and each.request_id != row.request_id
            and (each.ends_on is None or each.ends_on >= max(on, each.starts_on))
        ]
        prices = [self._price(each) for each in others]
        if unknown is None and None in prices:
            return None
        parts = [
            (each, worth(self._care[each.request_id], unknown or 0 if pence is None else pence))
            for each, pence in zip(others, prices, strict=True)
        ]
        days = {on, *(each.starts_on for each in others if each.starts_on > on)}
        return max(sum(pence for each, pence in parts if _runs(each, day)) for day in days)

    def _replaced(self, row: RequestRow) -> BookingRow | None:
        """Return the care in whose place a request's would come."""
        return self._running.get(row.parent_id or "") if row.kind == CHANGE else None

    def _price(self, booking: BookingRow) -> int | None:
        """Return a week's price: as booked; of care that ran before the record, by the rates."""
        if booking.weekly_cost_pence is not None:
            return booking.weekly_cost_pence
        care = self._care[booking.request_id]
        return self._tariff.weekly_pence(care, booking.provider_id, self._today)

    @cached_property
    def _tariff(self) -> Tariff:
        rows = provider_rows(self._session, {each.provider_id for each in self._bookings})
        rates = in_file_order(Rate, (row.rates for row in rows))
        head = head_of_book(self._session, self._today)
        return Tariff(head.model_copy(update={"rates": rates}))

    def _nights(self, row: RequestRow, on: date) -> int:
        """Return the nights before a day that the family's other stays have had."""
        had = 0
        for each in self._bookings:
            stay = self._care[each.request_id].stay_nights
            if each.request_id != row.request_id and stay is not None:
                last = min(each.starts_on + timedelta(days=stay), each.ends_on or on, on)
                had += max((last - each.starts_on).days, 0)
        return had

    # -- what comes first ----------------------------------------------------------------------

    def _before(self, row: RequestRow) -> Iterator[RequestRow]:
        """Yield the waiting requests that the budget serves first: chosen first, asked first."""
        for each in self.members.values():
            is_waiting = each.ended_at is None and each.request_id not in self._running
            is_instead = _is_instead(each, row) or _is_instead(row, each)
            if is_waiting and not is_instead and self._turn(each) < self._turn(row):
                yield each

    def _turn(self, row: RequestRow) -> tuple[bool, object, str]:
        offer = self._chosen.get(row.request_id)
        if offer is not None and offer.chosen_at is not None:
            return False, offer.chosen_at, row.request_id
        return True, row.received_at, row.request_id

    def _claim(self, row: RequestRow, worth: Worth) -> int | None:
        """Return the most that a waiting request may cost without an approval of its own.

        That is what was chosen for it, else its price at framework rates (H9).
        """
        care, offer = self._care[row.request_id], self._chosen.get(row.request_id)
        first = max(self._today, care.start_by or self._today)
        pence = self._tariff.limits(care, first)[0] if offer is None else offer.weekly_cost_pence
        if pence is None:
            return None
        replaced = self._replaced(row)
        saved = 0 if replaced is None else self._price(replaced) or 0
        return max(worth(care, pence) - worth(care, saved), 0)


def _is_instead(row: RequestRow, other: RequestRow) -> bool:
    return row.kind == CHANGE and row.parent_id == other.request_id


def _runs(booking: BookingRow, day: date) -> bool:
    return booking.starts_on <= day and (booking.ends_on is None or day <= booking.ends_on)


# -- found -----------------------------------------------------------------------------------------


def family(session: Session, request_id: str, today: date) -> Family:
    """Return the family of one request."""
    return Family(session, family_of(session, request_row(session, request_id)), today)


def families(session: Session, today: date) -> Iterator[Family]:
    """Yield every family of several requests."""
    query = select(RequestRow.request_id, RequestRow.parent_id)
    children = session.execute(query.where(RequestRow.parent_id.is_not(None)))
    parents: dict[str, str] = {child: parent for child, parent in children if parent is not None}
    found: dict[str, set[str]] = defaultdict(set)
    for request_id in parents:
        root = request_id
        while root in parents:
            root = parents[root]
        found[root] |= {root, request_id}
    for root in sorted(found):
        ids = sorted(found[root])
        rows = session.scalars(select(RequestRow).where(RequestRow.request_id.in_(ids)))
        yield Family(session, rows.all(), today)


def with_what_is_left(
    session: Session, requests: Iterable[CareRequest], today: date
) -> tuple[CareRequest, ...]:
    """Return requests, those of a family of several with what it leaves for each."""
    of = {name: each for each in families(session, today) for name in each.members}
    return tuple(
        of[care.request_id].left_for(care) if care.request_id in of else care for care in requests
    )
