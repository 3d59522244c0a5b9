"""Bookings: capacity taken for good by what a person chose (H14), and given back at the end."""

from __future__ import annotations

from api.acts.choices import covers, mark_chosen
from api.acts.deciding import judge_again, retell, retell_family
from api.acts.endings import (
    OF_THE_PERSON,
    close_enquiries,
    end_as_told,
    ended_with,
    is_still_to_end,
    is_told,
    lose_offers,
)
from api.acts.enquiries import require_askable, require_first_asked, require_searchable
from api.acts.increases import settle_parent
from api.acts.money import as_left
from api.acts.offers import make, own_terms_of, terms_of
from api.acts.promises import book as promise_for_good
from api.acts.requests import is_like, require_state
from api.acts.shortlists import starts_of
from api.acts.standing import require_not_suspended
from api.acts.terms import Judged
from api.errors import BadCallError, ConflictError
from api.schemas.bookings import BookingEnding, BookingState, DirectBooking
from api.schemas.offers import Choice, Terms, VisitStart
from api.schemas.requests import Ending
from api.storage.books import ARRANGED, WAITING
from api.storage.enquiries import shortlist_for
from api.storage.lines import LAST
from api.storage.offers import (
    BOOKED,
    CHOSEN,
    SHORTLISTED,
    note_outcomes,
)
from api.storage.record import Writing
from api.storage.requests import request_row
from api.storage.runs import make_stale
from api.storage.supply import provider_row
from api.supply import Supply
from api.tables import BookingRow, OfferRow, RequestRow, ShortlistRow
from matcher.model import CareRequest
from matcher.option import Option
from matcher.shortlist import Shortlist
from matcher.vocabulary import Outcome, pounds_text

# -- made --------------------------------------------------------------------------------------


def book(writing: Writing, supply: Supply, offer: OfferRow) -> BookingRow:
    """Book what a person chose: capacity, order and request change together or not at all.

    Raises
    ------
    ConflictError
        If nobody has chosen the offer (H14), its price is not approved (H9), it is not what is
        asked for any more, or the request is not waiting or is suspended.
    CapacityTakenError
        If the capacity was promised to somebody else.
    """
    row = request_row(writing.session, offer.request_id)
    require_state(row, WAITING)
    require_not_suspended(row, writing.today)
    _require_chosen(offer)
    judged = judge_again(writing, supply, offer)
    _require_approved(offer, judged)
    retell(writing, offer, judged)
    made = _made(writing, row, offer, judged)
    retell_family(writing, supply, row.request_id)
    return made


def _require_chosen(offer: OfferRow) -> None:
    if offer.state != CHOSEN:
        raise ConflictError(
            f"The offer {offer.offer_id} is {offer.state}: nobody has decided for it (H14).",
            thing=f"offer {offer.offer_id}",
            value=offer.state,
            expected="an offer that is chosen, by whom is recorded",
        )


def _require_approved(offer: OfferRow, judged: Judged) -> None:
    """Refuse a price that needs an approval today and has none, or one for less (H9)."""
    is_covered = offer.approved is True and covers(offer, judged)
    if offer.approved is False or (judged.needs_approval and not is_covered):
        cost = pounds_text(offer.weekly_cost_pence)
        state = "was not approved" if offer.approved is False else "is not approved yet"
        if offer.approved:
            week = pounds_text(judged.family_pence)
            state = f"was approved for less than the {week} that all of the care comes to by now"
        raise ConflictError(
            f"The price of offer {offer.offer_id}, {cost} a week, {state} (H9).",
            thing=f"offer {offer.offer_id}",
            value=offer.weekly_cost_pence,
            expected="another offer, since this price is refused"
            if offer.approved is False
            else "the approval of a budget holder first",
        )


def _made(writing: Writing, row: RequestRow, offer: OfferRow, judged: Judged) -> BookingRow:
    settle_parent(writing, row, judged.start_date)
    commitment = promise_for_good(writing, row.request_id, judged.commitment)
    writing.session.flush()
    booking = BookingRow(
        order_ref=writing.next_order(),
        request_id=row.request_id,
        provider_id=offer.provider_id,
        offer_id=offer.offer_id,
        commitment_id=commitment.commitment_id,
        place=LAST,
        starts_on=judged.start_date,
        weekly_cost_pence=judged.weekly_cost_pence,
        booked_at=writing.now,
        booked_by=writing.actor.holder,
        version=1,
    )
    writing.session.add(booking)
    row.state = ARRANGED
    row.version += 1
    lose_offers(writing, row.request_id, offer.offer_id)
    make_stale(writing, row.request_id)
    offer.state = BOOKED
    offer.version += 1
    note_outcomes(writing, Outcome.ACCEPTED, [offer.provider_id], row.request_id)
    close_enquiries(writing, row.request_id)
    writing.audit(
        "booking.made",
        booking.order_ref,
        request_id=row.request_id,
        provider_id=offer.provider_id,
        offer_id=offer.offer_id,
        starts_on=booking.starts_on,
        weekly_cost_pence=booking.weekly_cost_pence,
        family_pence=judged.family_pence,
        approved_family_pence=offer.approved_family_pence,
    )
    return booking


# -- straight from a shortlist -----------------------------------------------------------------


def book_option(
    writing: Writing, supply: Supply, row: RequestRow, asked: DirectBooking
) -> BookingRow:
    """Book an option of a shortlist that the person takes at once.

    Raises
    ------
    ConflictError
        If the request may not be arranged now, the option is not of the shortlist, needs an
        approval (H9), or is not what it was when it was shown.
    RequestRefusedError
        If the request may not be searched for.
    NotFoundError
        If the request has no such shortlist.
    CapacityTakenError
        If the capacity was promised to somebody else.
    """
    require_searchable(writing, row)
    request = as_left(writing.session, row, writing.today)
    shortlist = shortlist_for(writing.session, asked.shortlist_id, row.request_id)
    _require_same(request, shortlist)
    option = _option_of(shortlist, asked.provider_id)
    require_first_asked(writing, row, request, [option.provider_id])
    require_askable(writing.session, request, provider_row(writing.session, option.provider_id))
    visits = tuple(
        VisitStart(visit_no=visit_no, at_minute=minute)
        for visit_no, minute in starts_of(option).items()
    )
    terms = Terms(start_date=option.start_date, visits=visits)
    try:
        offer = make(writing, supply, request, option.provider_id, terms, source=SHORTLISTED)
    except BadCallError as error:
        raise _outdated(shortlist, error.message) from error
    if offer.weekly_cost_pence != option.weekly_cost_pence:
        cost = pounds_text(offer.weekly_cost_pence)
        raise _outdated(shortlist, f"The option costs {cost} a week today.")
    mark_chosen(writing, offer, Choice(chosen_by=asked.chosen_by, note=asked.note))
    return book(writing, supply, offer)


def _require_same(request: CareRequest, shortlist: ShortlistRow) -> None:
    """Refuse a shortlist that was made for something else than is asked for now."""
    then = CareRequest.model_validate(shortlist.request)
    if not is_like(then, request):
        raise _outdated(shortlist, "The request, or what is left for it, was changed since.")


def _outdated(shortlist: ShortlistRow, why: str) -> ConflictError:
    return ConflictError(
        f"Shortlist {shortlist.shortlist_id} is not of today. {why}",
        thing=f"shortlist {shortlist.shortlist_id}",
        expected="a new shortlist",
    )


def _option_of(shortlist: ShortlistRow, provider_id: str) -> Option:
    options = Shortlist.model_validate(shortlist.document).options
    found = [option for option in options if option.provider_id == provider_id]
    if not found:
        raise ConflictError(
            f"Shortlist {shortlist.shortlist_id} has no option {provider_id!r}.",
            thing="provider_id",
            value=provider_id,
            expected=" or ".join(option.provider_id for option in options) or "another shortlist",
        )
    if found[0].needs_approval:
        raise ConflictError(
            f"The option {provider_id} needs an approval before it is booked (H9).",
            thing="provider_id",
            value=provider_id,
            expected="an offer of it, approved by a budget holder",
        )
    return found[0]


# -- ended -------------------------------------------------------------------------------------


def end_care(writing: Writing, booking: BookingRow, ending: BookingEnding) -> None:
    """End booked care and the request with it; its capacity is free when it has ended (H25).

    Told again before its last day is over, it ends on another day or for another reason.

    Raises
    ------
    ConflictError
        If it has ended already, or other care has its place: then only what ends all care of
        the person ends it sooner.
    BadCallError
        If it would end before it began, or years from now; or if a death is told ahead.
    CapacityTakenError
        If it is put off, and what it takes is somebody else's by then.
    """
    row = request_row(writing.session, booking.request_id)
    is_current = booking.ended_at is None or booking is ended_with(writing.session, row)
    is_of_person = ending.reason in OF_THE_PERSON or (is_current and is_told(row))
    if booking.ended_at is not None and not (is_of_person and is_still_to_end(writing, booking)):
        raise ConflictError(
            f"Booking {booking.order_ref} has ended on {booking.ends_on}.",
            thing=f"booking {booking.order_ref}",
            value=booking.ends_on,
            expected="a booking that runs, or one that people said is to end on a day to come",
        )
    told = Ending(reason=ending.reason, note=ending.note, ends_on=ending.ends_on)
    end_as_told(writing, row, told)


# -- shown -------------------------------------------------------------------------------------


def state_of(
    booking: BookingRow, offer: OfferRow | None, *, for_provider: bool = False
) -> BookingState:
    """Return a booking with the terms that were offered; loaded ones have none.

    Parameters
    ----------
    booking
        The booking.
    offer
        What it was made of.
    for_provider
        Whether its provider asks, which is told nothing that a broker wrote (H7).
    """
    told = own_terms_of if for_provider else terms_of
    return BookingState(
        order_ref=booking.order_ref,
        request_id=booking.request_id,
        provider_id=booking.provider_id,
        offer_id=booking.offer_id,
        terms=None if offer is None else told(offer),
        starts_on=booking.starts_on,
        weekly_cost_pence=booking.weekly_cost_pence,
        booked_at=booking.booked_at,
        booked_by=booking.booked_by,
        version=booking.version,
        ends_on=booking.ends_on,
        ended_at=booking.ended_at,
        end_reason=booking.end_reason,
    )
