"""Queries for what providers have free: what they stated, less what they have promised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from api.storage.finding import found
from api.storage.lines import document_of, read
from api.storage.owners import At
from api.storage.record import Writing, not_loaded
from api.tables import CommitmentRow, HistoryRow, ProviderRow, RecordRow
from matcher.commitments import Commitment, beds_left, homecare_left
from matcher.model import (
    BedCapacity,
    Book,
    FrameworkRate,
    HomecareCapacity,
    Offered,
    Provider,
    Rate,
    Zone,
)
from matcher.vocabulary import Outcome

HOLD, BOOKING, RETURN = "hold", "booking", "return"
"""A promise for a time; one for good; and what came free of capacity counted as taken."""


@dataclass(frozen=True)
class Versions:
    """Which state of the supply something is of.

    Parameters
    ----------
    terms
        Of policy, zones, rates and providers' terms.
    supply
        Of capacity and promises.
    ledger
        Of the fairness ledger: its last line.
    """

    terms: int
    supply: int
    ledger: int


_VERSIONS = select(
    RecordRow.__table__.c.terms_version,
    RecordRow.__table__.c.supply_version,
    select(func.coalesce(func.max(HistoryRow.__table__.c.line_id), 0)).scalar_subquery(),
)
"""Built once: every call that needs the market asks it."""


def versions(at: At) -> Versions | None:
    """Return the newest versions; ``None`` where no book is loaded."""
    row = at.execute(_VERSIONS).first()
    return None if row is None else Versions(*row)


def takes_capacity(now: datetime) -> ColumnElement[bool]:
    """Return the condition of promises that take capacity at a moment."""
    return and_(
        CommitmentRow.released_at.is_(None),
        CommitmentRow.counted_at.is_(None),
        or_(CommitmentRow.expires_at.is_(None), CommitmentRow.expires_at > now),
    )


def promises(
    session: Session,
    now: datetime,
    provider_ids: Collection[str] | None = None,
    *,
    besides: str | None = None,
    only_for_good: bool = False,
) -> dict[str, list[Commitment]]:
    """Return the promises that take capacity, by provider.

    Parameters
    ----------
    session
        Where to read.
    now
        At which moment: holds that have expired take none.
    provider_ids
        Of whom; of all when not given.
    besides
        A request whose own holds and booking take nothing: they are what it would be given. What
        it gave back is the provider's all the same.
    only_for_good
        Whether holds take nothing at all.
    """
    query = select(CommitmentRow).where(takes_capacity(now)).order_by(CommitmentRow.commitment_id)
    if provider_ids is not None:
        query = query.where(CommitmentRow.provider_id.in_(sorted(provider_ids)))
    if besides is not None:
        is_others = CommitmentRow.request_id != besides
        query = query.where(or_(is_others, CommitmentRow.kind == RETURN))
    if only_for_good:
        query = query.where(CommitmentRow.kind != HOLD)
    found: dict[str, list[Commitment]] = defaultdict(list)
    for row in session.scalars(query):
        found[row.provider_id].append(Commitment.model_validate(row.document))
    return found


def next_expiry(session: Session, now: datetime) -> datetime | None:
    """Return when the next hold expires; ``None`` if there is none."""
    query = (
        select(CommitmentRow.expires_at)
        .where(takes_capacity(now), CommitmentRow.expires_at.is_not(None))
        .order_by(CommitmentRow.expires_at)
        .limit(1)
    )
    return session.scalar(query)


def expired_between(session: Session, since: datetime, now: datetime) -> set[str]:
    """Return the providers of holds that expired after one moment and by another."""
    query = select(CommitmentRow.provider_id).where(
        CommitmentRow.released_at.is_(None),
        CommitmentRow.expires_at > since,
        CommitmentRow.expires_at <= now,
    )
    return set(session.scalars(query))


def changed_since(session: Session, known: Versions) -> set[str]:
    """Return the providers whose capacity or promises changed since a version."""
    query = select(ProviderRow.provider_id).where(ProviderRow.supply_version > known.supply)
    return set(session.scalars(query))


def provider_rows(session: Session, provider_ids: Collection[str]) -> Sequence[ProviderRow]:
    """Return some providers, in the order of their ids."""
    query = select(ProviderRow).where(ProviderRow.provider_id.in_(sorted(provider_ids)))
    return session.scalars(query.order_by(ProviderRow.provider_id)).all()


def known_providers(session: Session) -> set[str]:
    """Return the ids of all providers of the record."""
    return set(session.scalars(select(ProviderRow.provider_id)))


def provider_row(session: Session, provider_id: str) -> ProviderRow:
    """Return one provider.

    Raises
    ------
    NotFoundError
        If the record has no such provider.
    """
    return found(session.get(ProviderRow, provider_id), "provider", provider_id)


def left_of(
    rows: Iterable[ProviderRow], promised: dict[str, list[Commitment]]
) -> tuple[list[HomecareCapacity], list[BedCapacity]]:
    """Return what providers have left of what they stated."""
    homecare: list[HomecareCapacity] = []
    beds: list[BedCapacity] = []
    for row in rows:
        own = promised.get(row.provider_id, [])
        homecare += homecare_left(read(HomecareCapacity, row.homecare_capacity), own)
        beds += beds_left(read(BedCapacity, row.bed_capacity), own)
    return homecare, beds


def head_of_book(session: Session, as_of: date) -> Book:
    """Return the book without anybody in it: its title, its day, its zones and its ceilings.

    Raises
    ------
    NotReadyError
        If no book has been loaded.
    """
    record = session.scalar(select(RecordRow))
    if record is None:
        raise not_loaded()
    return Book(
        title=record.title,
        council=record.council,
        as_of=as_of,
        zones=tuple(Zone.model_validate(zone) for zone in record.zones),
        framework_rates=tuple(
            FrameworkRate.model_validate(rate) for rate in record.framework_rates
        ),
    )


def supply_book(session: Session, now: datetime, as_of: date, since: date | None = None) -> Book:
    """Return the supply as a book without requests: what a market is compiled from.

    Parameters
    ----------
    session
        Where to read.
    now, as_of
        When it is.
    since
        From which day on the fairness ledger counts; all of it when not given.
    """
    rows = session.scalars(select(ProviderRow).order_by(ProviderRow.place)).all()
    ledger = history(session, since)
    return _filled(head_of_book(session, as_of), rows, promises(session, now), ledger)


def part_of_book(
    session: Session,
    provider_ids: Collection[str],
    now: datetime,
    as_of: date,
    *,
    besides: str,
) -> Book:
    """Return some providers as a book, with what they have left beside everyone else's promises.

    Parameters
    ----------
    session
        Where to read.
    provider_ids
        Which providers.
    now, as_of
        When it is.
    besides
        The request whose own holds and booking take nothing.
    """
    rows = provider_rows(session, provider_ids)
    promised = promises(session, now, provider_ids, besides=besides)
    ledger = history(session, provider_ids=provider_ids)
    return _filled(head_of_book(session, as_of), rows, promised, ledger)


def _filled(
    head: Book,
    rows: Sequence[ProviderRow],
    promised: dict[str, list[Commitment]],
    ledger: tuple[Offered, ...],
) -> Book:
    """Return a book's head with providers, what they have left, and the ledger about them."""
    homecare, beds = left_of(rows, promised)
    supply = {
        "providers": tuple(Provider.model_validate(row.document) for row in rows),
        "rates": tuple(rate for row in rows for rate in read(Rate, row.rates)),
        "homecare_capacity": tuple(homecare),
        "bed_capacity": tuple(beds),
        "history": ledger,
    }
    return head.model_copy(update=supply)


def history(
    session: Session, since: date | None = None, provider_ids: Collection[str] | None = None
) -> tuple[Offered, ...]:
    """Return the fairness ledger, oldest entry first.

    Parameters
    ----------
    session
        Where to read.
    since
        Of the lines before, only those that still count: the last of each provider, and whom it
        found unsuitable; all lines when not given.
    provider_ids
        About whom; about all when not given.
    """
    query = select(HistoryRow).order_by(HistoryRow.line_id)
    if provider_ids is not None:
        query = query.where(HistoryRow.provider_id.in_(sorted(provider_ids)))
    if since is not None:
        last = select(HistoryRow.provider_id, func.max(HistoryRow.offered_on))
        is_last = tuple_(HistoryRow.provider_id, HistoryRow.offered_on).in_(
            last.group_by(HistoryRow.provider_id)
        )
        is_unsuitable = HistoryRow.outcome == Outcome.UNSUITABLE.value
        query = query.where(or_(HistoryRow.offered_on >= since, is_unsuitable, is_last))
    return tuple(_offered(row) for row in session.scalars(query))


def _offered(row: HistoryRow) -> Offered:
    return Offered.model_validate(
        {
            "provider_id": row.provider_id,
            "offered_on": row.offered_on,
            "request_id": row.request_id,
            "outcome": row.outcome,
        }
    )


# -- promising ---------------------------------------------------------------------------------


def promise(
    writing: Writing,
    request_id: str,
    commitment: Commitment,
    *,
    commitment_id: str,
    kind: str,
    expires_at: datetime | None = None,
    purpose: str | None = None,
) -> CommitmentRow:
    """Write down capacity that a person is promised.

    Parameters
    ----------
    writing
        The change.
    request_id
        For which request.
    commitment
        What is promised.
    commitment_id
        Id of the promise.
    kind
        ``hold``, ``booking`` or ``return``.
    expires_at, purpose
        When a hold ends by itself, and what it is for.
    """
    provider = provider_row(writing.session, commitment.provider_id)
    row = CommitmentRow(
        commitment_id=commitment_id,
        provider_id=commitment.provider_id,
        request_id=request_id,
        kind=kind,
        purpose=purpose,
        document=document_of(commitment),
        made_at=writing.now,
        expires_at=expires_at,
    )
    writing.session.add(row)
    _note(writing, provider, kind)
    return row


def release(writing: Writing, rows: Iterable[CommitmentRow]) -> None:
    """Give back promised capacity at once."""
    for row in rows:
        row.released_at = writing.now
        if row.kind == HOLD:
            writing.given_back.append(row)
        _note(writing, provider_row(writing.session, row.provider_id), row.kind)


def let_run_out(
    writing: Writing, row: CommitmentRow, last_day: date | None, expires_at: datetime | None
) -> None:
    """Let booked capacity stay taken for some days more: a bed until the last of them is slept.

    Carers may stay taken for good again, where no last day is given.

    Parameters
    ----------
    writing
        The change.
    row
        The promise.
    last_day
        The last day of care, and of a bed the last night.
    expires_at
        The end of that day, when carers come free by themselves.
    """
    commitment = Commitment.model_validate(row.document)
    if commitment.first_night is not None and last_day is not None:
        last = min(commitment.last_night or last_day, last_day)
        row.document = document_of(commitment.model_copy(update={"last_night": last}))
    row.expires_at = expires_at
    _note(writing, provider_row(writing.session, row.provider_id), row.kind)


def _note(writing: Writing, provider: ProviderRow, kind: str) -> None:
    writing.supply_changed(provider)
    if kind != HOLD:
        # What a provider states next must allow for every booking, so it has to know of this one.
        provider.version += 1
