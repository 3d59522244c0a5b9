"""Promises: what a person is promised of a provider, held or booked, and never more than it has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from api.errors import BadCallError, CapacityTakenError
from api.schemas.holds import GivenBack
from api.storage.holds import holds_of
from api.storage.ids import new_id
from api.storage.record import Writing
from api.storage.supply import (
    BOOKING,
    HOLD,
    left_of,
    promise,
    promises,
    provider_row,
    release,
)
from api.tables import CommitmentRow
from matcher.commitments import Busy, Commitment, overpromised
from matcher.model import CareRequest, Visit
from matcher.vocabulary import MINUTES_PER_DAY, days_text, minute_text, words_text

NOUNS = {HOLD: "hld", BOOKING: "bkg"}
"""With which word the id of a promise begins."""


def commitment_for(
    request: CareRequest,
    provider_id: str,
    start_date: date,
    starts: Mapping[int, int],
    travel_minutes: int,
) -> Commitment:
    """Return what a provider promises when it takes a request on.

    Parameters
    ----------
    request
        What is asked for.
    provider_id
        Who promises.
    start_date
        First day of care; of a bed, the first night.
    starts
        Homecare: for each ``visit_no`` the minute of the day at which the visit starts.
    travel_minutes
        Homecare: minutes to reach each visit, in which its carers are busy too.

    Raises
    ------
    BadCallError
        If a visit has no start, or would not end on the day on which it starts.
    """
    if request.is_homecare:
        visits = request.package.visits
        busy = tuple(
            part
            for visit in visits
            for part in _busy(visit, request.package.carers_staying(visit), starts, travel_minutes)
        )
        return Commitment(provider_id=provider_id, busy=busy)
    nights = request.stay_nights
    return Commitment(
        provider_id=provider_id,
        care_type=request.care_type,
        first_night=start_date,
        last_night=None if nights is None else start_date + timedelta(days=nights - 1),
    )


def _busy(
    visit: Visit, staying: int, starts: Mapping[int, int], travel_minutes: int
) -> Iterator[Busy]:
    """Yield the carers of a visit who stay on from the one before, and those who travel to it."""
    start = starts.get(visit.visit_no)
    if start is None or not 0 <= start <= MINUTES_PER_DAY - visit.minutes:
        raise BadCallError(
            f"Visit {visit.visit_no} of {visit.minutes} minutes has no start at which it ends on "
            "the same day.",
            thing=f"start of visit {visit.visit_no}",
            value=None if start is None else minute_text(start),
            expected=f"a time from 00:00 to {minute_text(MINUTES_PER_DAY - visit.minutes)}",
        )
    for carers, travel in ((staying, 0), (visit.carers - staying, travel_minutes)):
        if carers:
            yield Busy(
                days=visit.days,
                from_minute=max(start - travel, 0),
                to_minute=start + visit.minutes,
                carers=carers,
            )


# -- made --------------------------------------------------------------------------------------


def place(
    writing: Writing,
    request_id: str,
    commitment: Commitment,
    *,
    kind: str,
    expires_at: datetime | None = None,
    purpose: str | None = None,
) -> CommitmentRow:
    """Promise capacity that is left, and note it in the ledger.

    What the same request holds counts as taken: release it first, or use :func:`book`.

    Parameters
    ----------
    writing
        The change.
    request_id
        For which request.
    commitment
        What is promised.
    kind
        ``hold`` or ``booking``.
    expires_at, purpose
        When a hold ends by itself, and what it is for.

    Raises
    ------
    CapacityTakenError
        If the provider would then have promised more than it stated.
    NotFoundError
        If the record has no such provider.
    """
    require_room(writing, commitment)
    return promise(
        writing,
        request_id,
        commitment,
        commitment_id=new_id(NOUNS[kind], writing.now),
        kind=kind,
        expires_at=expires_at,
        purpose=purpose,
    )


def book(writing: Writing, request_id: str, commitment: Commitment) -> CommitmentRow:
    """Promise capacity for good in place of all that the request holds anywhere.

    Raises
    ------
    CapacityTakenError
        If the provider would then have promised more than it stated.
    NotFoundError
        If the record has no such provider.
    """
    give_back(writing, request_id)
    return place(writing, request_id, commitment, kind=BOOKING)


def give_back(
    writing: Writing,
    request_id: str,
    provider_id: str | None = None,
    purposes: Collection[str] | None = None,
) -> None:
    """Give back what a request holds: at one provider or at all, for some purposes or for any."""
    held = holds_of(writing.session, request_id, writing.now, purposes)
    release(writing, [row for row in held if provider_id in {None, row.provider_id}])


def given_back(writing: Writing) -> list[GivenBack]:
    """Return which holds a change gave back, as its answer tells them."""
    return [
        GivenBack(
            provider_id=row.provider_id,
            purpose=row.purpose,
            promised=told(Commitment.model_validate(row.document)),
        )
        for row in writing.given_back
    ]


def require_room(writing: Writing, commitment: Commitment, besides: str | None = None) -> None:
    """Refuse a promise for which a provider has not enough left.

    Only what is promised is judged: a provider that has since stated less than it has promised
    at one time may still promise what it has at another.

    Parameters
    ----------
    writing
        The change.
    commitment
        What would be promised.
    besides
        A request whose own holds take nothing, for they are given back first.

    Raises
    ------
    CapacityTakenError
        If it has not; in words that say nothing of who has it.
    NotFoundError
        If the record has no such provider.
    """
    provider_id = commitment.provider_id
    provider = provider_row(writing.session, provider_id)
    promised = promises(writing.session, writing.now, [provider_id], besides=besides)
    homecare, beds = left_of([provider], promised)
    if overpromised(homecare, beds, [commitment]):
        raise CapacityTakenError(
            f"{provider_id} has not enough left of what is needed: {told(commitment)}.",
            thing=f"capacity of {provider_id}",
            value=told(commitment),
            expected="capacity that is still free: make a new shortlist",
        )


def told(commitment: Commitment) -> str:
    """Return what is promised, in a broker's words."""
    if commitment.care_type is not None:
        until = "for good" if commitment.last_night is None else f"to {commitment.last_night}"
        bed = words_text([commitment.care_type])
        return f"a {bed} bed from {commitment.first_night} {until}"
    return "; ".join(_busy_told(commitment.busy))


def _busy_told(busy: Iterable[Busy]) -> Iterator[str]:
    for each in busy:
        carers = "1 carer" if each.carers == 1 else f"{each.carers} carers"
        times = f"{minute_text(each.from_minute)} to {minute_text(each.to_minute)}"
        yield f"{carers} {days_text(each.days)} from {times}"
