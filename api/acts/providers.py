"""Providers: what they state they have free, their terms, rates and status."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from api.acts.zones import require_zones
from api.errors import BadCallError, ConflictError
from api.schemas.providers import (
    Capacity,
    CapacityChange,
    OwnProviderState,
    ProviderLine,
    ProviderState,
    RatesChange,
    StatusChange,
)
from api.storage.lines import document_of, kept, read
from api.storage.providers import next_place, open_bookings, open_promises
from api.storage.record import Writing
from api.storage.supply import BOOKING, HOLD, left_of, promises
from api.tables import ProviderRow
from matcher.commitments import Commitment, overpromised
from matcher.market import Market
from matcher.model import BedCapacity, HomecareCapacity, Provider, Rate
from matcher.vocabulary import ProviderKind, ProviderStatus

OF_AN_AGENCY = "'homecare' and no 'beds', for it is an agency"
OF_A_HOME = "'beds' and no 'homecare', for it is a care home"


def terms_of(row: ProviderRow) -> Provider:
    """Return what a row says of a provider."""
    return Provider.model_validate(row.document)


# -- as they stand -----------------------------------------------------------------------------


def state_of(session: Session, row: ProviderRow, now: datetime) -> ProviderState:
    """Return a provider with what it stated, and what is left of that beside its promises."""
    promised = promises(session, now, [row.provider_id])
    told = _told(session, row, promised)
    return ProviderState(**dict(told), status_reason=row.status_reason)


def own_state_of(session: Session, row: ProviderRow, now: datetime) -> OwnProviderState:
    """Return a provider as it is told of itself: nothing of holds, nor why it has its status."""
    promised = promises(session, now, [row.provider_id], only_for_good=True)
    return _told(session, row, promised)


def _told(
    session: Session, row: ProviderRow, promised: dict[str, list[Commitment]]
) -> OwnProviderState:
    homecare, beds = left_of([row], promised)
    return OwnProviderState(
        provider=terms_of(row),
        rates=read(Rate, row.rates),
        stated=stated_by(row),
        left=Capacity(homecare=tuple(homecare), beds=tuple(beds)),
        open_bookings=open_bookings(session, [row.provider_id])[row.provider_id],
        version=row.version,
        changed_at=row.changed_at,
    )


def stated_by(row: ProviderRow) -> Capacity:
    """Return the capacity that a provider stated last."""
    return Capacity(
        homecare=read(HomecareCapacity, row.homecare_capacity),
        beds=read(BedCapacity, row.bed_capacity),
    )


def lines_of(session: Session, rows: Sequence[ProviderRow]) -> list[ProviderLine]:
    """Return providers as the list shows them."""
    booked = open_bookings(session, [row.provider_id for row in rows])
    return [_line(row, booked[row.provider_id]) for row in rows]


def _line(row: ProviderRow, booked: int) -> ProviderLine:
    terms, stated = terms_of(row), stated_by(row)
    days = [*(line.as_of for line in stated.homecare), *(line.as_of for line in stated.beds)]
    return ProviderLine(
        provider_id=row.provider_id,
        name=terms.name,
        kind=terms.kind,
        postcode=None if terms.postcode is None else str(terms.postcode),
        status=terms.status,
        contract=terms.contract,
        zones=terms.zones,
        cqc_rating=terms.cqc_rating,
        capacity_as_of=max(filter(None, days), default=None),
        open_bookings=booked,
        version=row.version,
    )


# -- capacity ----------------------------------------------------------------------------------


def state_capacity(writing: Writing, row: ProviderRow, stated: CapacityChange) -> list[str]:
    """Replace what a provider has free; what is booked with it so far is allowed for in that.

    Returns
    -------
    list of str
        Ids of the holds that no longer fit: whoever comes last has least claim.

    Raises
    ------
    BadCallError
        If what is stated does not go with the provider's kind.
    """
    _require_kind(terms_of(row), stated)
    homecare = [line.of(row.provider_id, writing.today) for line in stated.homecare or ()]
    beds = [line.of(row.provider_id, writing.today) for line in stated.beds or ()]
    row.homecare_capacity, row.bed_capacity = kept(homecare), kept(beds)
    holds = []
    for promise in open_promises(writing.session, row.provider_id, writing.now):
        if promise.kind == BOOKING:
            promise.counted_at = writing.now
        elif promise.kind == HOLD:
            holds.append(promise)
        else:
            promise.released_at = writing.now
    _changed(writing, row)
    writing.supply_changed(row)
    held = [(each.commitment_id, Commitment.model_validate(each.document)) for each in holds]
    in_doubt = list(_without_room(homecare, beds, held))
    counts = {"homecare_lines": len(homecare), "bed_lines": len(beds)}
    writing.audit(
        "provider.capacity_stated",
        row.provider_id,
        version=row.version,
        **counts,
        holds_in_doubt=in_doubt,
    )
    return in_doubt


def _require_kind(terms: Provider, stated: CapacityChange) -> None:
    is_agency = terms.kind is ProviderKind.HOMECARE
    own, other = (stated.homecare, stated.beds) if is_agency else (stated.beds, stated.homecare)
    if own is None or other:
        raise BadCallError(
            f"{terms.provider_id} is a provider of {terms.kind.value.replace('_', ' ')}.",
            thing=f"capacity of {terms.provider_id}",
            expected=OF_AN_AGENCY if is_agency else OF_A_HOME,
        )


def _without_room(
    homecare: Sequence[HomecareCapacity],
    beds: Sequence[BedCapacity],
    held: Sequence[tuple[str, Commitment]],
) -> Iterator[str]:
    fitting: list[Commitment] = []
    for commitment_id, commitment in held:
        if overpromised(homecare, beds, [*fitting, commitment]):
            yield commitment_id
        else:
            fitting.append(commitment)


# -- terms, rates and status -------------------------------------------------------------------


def create(writing: Writing, market: Market, provider: Provider) -> ProviderRow:
    """Take a provider into the record; what it charges and has free is stated after.

    Raises
    ------
    ConflictError
        If the record has one of that id.
    PostcodeError
        If it is nowhere that can be found.
    BadCallError
        If it names a zone that there is not, or was rated on a day to come.
    """
    if writing.session.get(ProviderRow, provider.provider_id) is not None:
        raise ConflictError(
            f"The record has a provider {provider.provider_id} already.",
            thing="provider_id",
            value=provider.provider_id,
            expected="an id that is new",
        )
    _require_sound(writing, market, provider)
    row = ProviderRow(
        provider_id=provider.provider_id,
        place=next_place(writing.session),
        document=document_of(provider),
        rates=[],
        homecare_capacity=[],
        bed_capacity=[],
        version=1,
        supply_version=writing.record.supply_version,
        changed_at=writing.now,
    )
    writing.session.add(row)
    writing.session.flush()
    writing.terms_changed()
    writing.audit("provider.created", row.provider_id, kind=provider.kind)
    return row


def change_terms(writing: Writing, market: Market, row: ProviderRow, terms: Provider) -> None:
    """Replace a provider's terms; its id and kind stay, and its status has a way of its own.

    Raises
    ------
    BadCallError
        If one of those is another, or a zone or day cannot be.
    PostcodeError
        If it is nowhere that can be found.
    """
    before = terms_of(row)
    for name in ("provider_id", "kind", "status"):
        kept_as = getattr(before, name)
        if getattr(terms, name) != kept_as:
            raise BadCallError(
                f"The {name} of provider {row.provider_id} cannot be changed here.",
                thing=name,
                value=getattr(terms, name),
                expected=str(kept_as),
            )
    _require_sound(writing, market, terms)
    fields = sorted(name for name, value in terms if value != getattr(before, name))
    row.document = document_of(terms)
    terms_changed(writing, row, "provider.terms_changed", fields=fields)


def _require_sound(writing: Writing, market: Market, provider: Provider) -> None:
    if provider.postcode is not None:
        market.locate(provider.postcode)
    require_zones(writing, provider.zones)
    rated_on = provider.cqc_rated_on
    if rated_on is not None and rated_on > writing.today:
        raise BadCallError(
            f"A rating of {rated_on} is not given yet.",
            thing="cqc_rated_on",
            value=rated_on,
            expected=f"a day no later than {writing.today}",
        )


def set_status(writing: Writing, row: ProviderRow, change: StatusChange) -> None:
    """Embargo, close or reopen a provider to new work; who is served by it stays with it.

    Raises
    ------
    BadCallError
        If a provider that is nowhere is opened or embargoed.
    """
    before = terms_of(row)
    if before.postcode is None and change.status is not ProviderStatus.CLOSED:
        raise BadCallError(
            f"Provider {row.provider_id} has no postcode on record, so it stays closed.",
            thing="status",
            value=change.status,
            expected="closed, until its terms have a postcode",
        )
    row.document = document_of(before.model_copy(update={"status": change.status}))
    row.status_reason = change.reason
    told = {"before": before.status, "after": change.status, "reason": change.reason}
    terms_changed(writing, row, "provider.status_changed", **told)


def set_rates(writing: Writing, row: ProviderRow, change: RatesChange) -> None:
    """Replace what a provider charges.

    Raises
    ------
    BadCallError
        If a rate names a zone that there is not.
    """
    require_zones(writing, (rate.zone for rate in change.rates if rate.zone))
    row.rates = kept(rate.of(row.provider_id) for rate in change.rates)
    terms_changed(writing, row, "provider.rates_changed", rates=len(change.rates))


def terms_changed(writing: Writing, row: ProviderRow, action: str, **detail: object) -> None:
    """Note in the audit that what a provider may be asked for is other than before."""
    _changed(writing, row)
    writing.terms_changed()
    writing.audit(action, row.provider_id, version=row.version, **detail)


def _changed(writing: Writing, row: ProviderRow) -> None:
    row.version += 1
    row.changed_at = writing.now
