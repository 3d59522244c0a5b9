"""More care beside what is arranged, and other care in its place: asked, challenged, settled."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from api.acts import endings, requests
from api.acts.adverts import changed_since
from api.acts.requests import care_of, require_state
from api.errors import ConflictError
from api.schemas.requests import ChangeOfProvider, Increase
from api.storage.books import ARRANGED, ENDED, WAITING
from api.storage.families import CHANGE, INCREASE
from api.storage.increases import first_refusals, offers_by
from api.storage.offers import STANDING
from api.storage.record import Writing
from api.storage.requests import booking_of, children_of, descendants_of, request_row
from api.tables import BookingRow, OfferRow, RequestRow
from matcher.market import Market
from matcher.model import CareRequest, Placement


def increase(writing: Writing, market: Market, parent: RequestRow, asked: Increase) -> RequestRow:
    """Take in more visits than are arranged, of which the current provider is asked first (H17).

    Raises
    ------
    ConflictError
        If no homecare is arranged, or the new id is taken.
    IncompleteRequestError
        If the increase is not complete.
    """
    booking = _arranged(writing, parent)
    care = care_of(parent)
    if not care.is_homecare:
        raise ConflictError(
            f"Request {parent.request_id} is for a bed, which has no visits to increase.",
            thing=f"request {parent.request_id}",
            value=parent.service_type,
            expected="homecare",
        )
    update = {
        "request_id": asked.request_id,
        "package": asked.package,
        "start_by": asked.start_by,
        "current_provider_id": booking.provider_id,
    }
    child = _like(care, writing.today, update)
    return requests.create(
        writing,
        market,
        child,
        parent.key_worker,
        kind=INCREASE,
        parent=parent,
        reasons=asked.model_dump(mode="json", include={"reason"}),
    )


def change_provider(
    writing: Writing, market: Market, parent: RequestRow, asked: ChangeOfProvider
) -> RequestRow:
    """Take in that another provider is needed, once every challenge has its answer (H18).

    Raises
    ------
    ConflictError
        If no care is arranged, the care team does not agree, another is looked for already, or
        the new id is taken.
    """
    booking = _arranged(writing, parent)
    if not asked.care_team_agrees:
        raise ConflictError(
            f"A change of provider for {parent.request_id} needs the care team's agreement: "
            "first see whether other times, another carer or other tasks would do (H18).",
            thing="care_team_agrees",
            value=False,
            expected="true, with a written reason against each of times, carer and tasks",
        )
    _require_no_other_change(writing.session, parent)
    care = care_of(parent)
    current = booking.provider_id
    update = {
        "request_id": asked.request_id,
        "start_by": None,
        "current_provider_id": None,
        "preferred_providers": tuple(p for p in care.preferred_providers if p != current),
        "excluded_providers": tuple(dict.fromkeys((*care.excluded_providers, current))),
        "placement": _anew(care),
    }
    child = _like(care, writing.today, update)
    return requests.create(
        writing,
        market,
        child,
        parent.key_worker,
        kind=CHANGE,
        parent=parent,
        reasons=asked.model_dump(mode="json", exclude={"request_id"}),
    )


def _arranged(writing: Writing, parent: RequestRow) -> BookingRow:
    require_state(parent, ARRANGED)
    booking = booking_of(writing.session, parent.request_id)
    if booking is None:
        raise ConflictError(
            f"No care runs for request {parent.request_id}.",
            thing=f"request {parent.request_id}",
            expected="a request with a booking",
        )
    return booking


def _like(care: CareRequest, today: date, update: Mapping[str, object]) -> CareRequest:
    """Return a request for the same person that waits from today; urgency is told anew (H21)."""
    return care.model_copy(update={"waiting_since": today, "urgent_reason": "", **update})


def _anew(care: CareRequest) -> Placement | None:
    """Return the bed asked for; the dates of the first admission bind no later one."""
    if care.placement is None or not care.is_long_term:
        return care.placement
    return care.placement.model_copy(update={"admit_from": None, "admit_to": None})


def _require_no_other_change(session: Session, parent: RequestRow) -> None:
    for child in children_of(session, parent.request_id):
        if child.kind == CHANGE and child.state == WAITING:
            raise ConflictError(
                f"Another provider is looked for already, by request {child.request_id}.",
                thing=f"request {parent.request_id}",
                value=child.request_id,
                expected="one change of provider at a time: end that one first",
            )


# -- asked first -------------------------------------------------------------------------------


def first_refuser(session: Session, row: RequestRow, now: datetime) -> str | None:
    """Return the provider that must be asked before the market (H17); ``None`` if nobody must.

    The provider whose care is to be increased must, for as long as it gives that care, until it
    has declined, or an enquiry that asks it first has run out without an offer that stands. What
    it was asked before the increase was changed is no answer to what is asked for now.

    Parameters
    ----------
    session
        Where to read.
    row
        The request.
    now
        When it is.
    """
    if row.kind != INCREASE or row.parent_id is None:
        return None
    running = booking_of(session, row.parent_id)
    if running is None or running.provider_id != row.document.get("current_provider_id"):
        return None
    current = running.provider_id
    offers = offers_by(session, row.request_id, current)
    wanted = care_of(row)
    has_offered = any(_stands(offer, wanted) for offer in offers)
    for enquiry, asked in first_refusals(session, row.request_id, current):
        is_over = enquiry.closes_at <= now and not has_offered
        has_refused = asked.declined_at is not None or is_over
        if has_refused and not changed_since(enquiry.advert, wanted):
            return None
    return current


def _stands(offer: OfferRow, wanted: CareRequest) -> bool:
    is_for_this = offer.advert is None or not changed_since(offer.advert, wanted)
    return offer.state in STANDING and offer.approved is not False and is_for_this


def may_go_to_market(session: Session, row: RequestRow, now: datetime) -> bool:
    """Say whether others than the current provider may be asked for a request (H17)."""
    return first_refuser(session, row, now) is None


def require_market_open(session: Session, row: RequestRow, now: datetime) -> None:
    """Refuse to look beyond the current provider before it has had its first refusal (H17).

    Raises
    ------
    ConflictError
        If it has not; with what to do.
    """
    current = first_refuser(session, row, now)
    if current is not None:
        raise ConflictError(
            f"{current} gives the care that {row.request_id} is to increase, so it is asked "
            "first: open an enquiry to it alone, and come back when it has declined or its time "
            "is over (H17).",
            thing=f"request {row.request_id}",
            value=current,
            expected=f"an enquiry with first refusal to {current}",
        )


# -- settled -----------------------------------------------------------------------------------


def settle_parent(writing: Writing, child: RequestRow, starts_on: date) -> None:
    """End the care that a change of provider replaces, the day before the new care starts (H18).

    Of an increase, or where that care has ended already, nothing is to settle. Increases of the
    old care that are arranged go on with the old provider, for the new one has not offered their
    visits and nobody should be without them: a change of provider is asked for each. From now on
    they are beside the care that is to run, and end with it.

    Parameters
    ----------
    writing
        The change that books the child.
    child
        The request that is booked.
    starts_on
        First day of its care.
    """
    if child.kind != CHANGE or child.parent_id is None:
        return
    parent = request_row(writing.session, child.parent_id)
    if parent.state == ENDED:
        return
    endings.replace(writing, parent, starts_on - timedelta(days=1))
    going_on = [
        each
        for each in children_of(writing.session, parent.request_id)
        if each.kind == INCREASE and _goes_on(writing.session, each)
    ]
    for each in going_on:
        each.parent_id = child.request_id
        each.version += 1
    if going_on:
        writing.audit(
            "request.increases_go_on",
            parent.request_id,
            beside=child.request_id,
            request_ids=[each.request_id for each in going_on],
        )


def _goes_on(session: Session, increase: RequestRow) -> bool:
    """Say whether an increase is open, or what has taken its place since."""
    family = [increase, *descendants_of(session, increase.request_id)]
    return any(each.state != ENDED for each in family)
