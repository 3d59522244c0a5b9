"""Whole books into the record and out of it; what goes in unchanged comes out the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from api.clocks import Clock
from api.errors import ConflictError
from api.storage.chain import FIRST_HASH
from api.storage.engines import go_alone
from api.storage.families import with_what_is_left
from api.storage.lines import LAST, document_of, in_file_order, kept
from api.storage.record import SOFTWARE, Record, Writing, not_loaded
from api.storage.supply import head_of_book, history, left_of, promises
from api.tables import (
    AuditRow,
    BookingRow,
    Document,
    HistoryRow,
    ProviderRow,
    RecordRow,
    RequestRow,
)
from matcher.commitments import Commitment
from matcher.files.book import BookFolder
from matcher.market import Market
from matcher.model import (
    BedCapacity,
    Book,
    CareRequest,
    HomecareCapacity,
    Offered,
    Provider,
    Rate,
    Running,
)
from matcher.vocabulary import Risk

WAITING, ARRANGED, ENDED = "waiting", "arranged", "ended"
RISK_ORDER: Mapping[Risk | None, int] = {Risk.RED: 0, Risk.AMBER: 1, Risk.GREEN: 2, None: 3}
LOADED = "book.loaded"
Line = TypeVar("Line", Rate, HomecareCapacity, BedCapacity)


def holds_book(record: Record) -> bool:
    """Say whether a book has been loaded."""
    with record.reading() as session:
        return session.scalar(select(RecordRow.id)) is not None


def load(record: Record, folder: BookFolder, market: Market) -> None:
    """Fill an empty record with a book.

    Parameters
    ----------
    record
        The record, migrated and still empty.
    folder
        The book as read.
    market
        The same, compiled: it knows the zone of a postcode.

    Raises
    ------
    ConflictError
        If the record holds a book already: it is nobody's to overwrite.
    """
    book, url = folder.book, record.settings.url
    now, today = record.clock.now(), record.clock.today()
    with record.bare_writing() as session:
        go_alone(session.connection())
        if session.scalar(select(RecordRow.id)) is not None:
            raise ConflictError(
                f"The record {url.render_as_string(hide_password=True)} holds a book already; name "
                "an empty database as CAREMATCH_DATABASE_URL.",
                thing="record",
                expected="an empty database",
            )
        row = RecordRow(
            id=1,
            title=book.title,
            council=book.council,
            as_of=book.as_of,
            zones=[document_of(zone) for zone in book.zones],
            framework_rates=[document_of(rate) for rate in book.framework_rates],
            policy_text=folder.policy_text,
            terms_version=1,
            supply_version=1,
            audit_count=0,
            audit_hash=FIRST_HASH,
            audit_key=record.keys.name,
            order_count=0,
        )
        writing = Writing(session, SOFTWARE, row, now, today, record.keys)
        session.add(row)
        session.flush()
        _load_providers(session, book, now)
        _load_requests(session, book, market, record.clock, now)
        session.add_all(_history_row(line) for line in book.history)
        counts = {"providers": len(book.providers), "requests": len(book.requests)}
        writing.audit(LOADED, book.council, as_of=book.as_of, **counts)
        writing.keep()


def _load_providers(session: Session, book: Book, now: datetime) -> None:
    rates = _by_provider(book.rates)
    homecare, beds = _by_provider(book.homecare_capacity), _by_provider(book.bed_capacity)
    session.add_all(
        ProviderRow(
            provider_id=provider.provider_id,
            place=place,
            document=document_of(provider),
            rates=rates[provider.provider_id],
            homecare_capacity=homecare[provider.provider_id],
            bed_capacity=beds[provider.provider_id],
            version=1,
            supply_version=1,
            changed_at=now,
        )
        for place, provider in enumerate(book.providers)
    )
    session.flush()


def _by_provider(lines: Iterable[Line]) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = defaultdict(list)
    for place, line in enumerate(lines):
        found[line.provider_id] += kept([line], [place])
    return found


def _load_requests(
    session: Session, book: Book, market: Market, clock: Clock, now: datetime
) -> None:
    running = {line.request_id: (place, line) for place, line in enumerate(book.running)}
    session.add_all(
        request_row(
            request,
            place=place,
            zone=None if request.postcode is None else market.zone_of(request.postcode),
            state=ARRANGED if request.request_id in running else WAITING,
            received_at=_received(request, clock, now),
        )
        for place, request in enumerate(book.requests)
    )
    session.flush()
    session.add_all(
        BookingRow(
            order_ref=f"RUN-{place + 1:06d}",
            request_id=line.request_id,
            provider_id=line.provider_id,
            place=place,
            starts_on=line.started_on,
            booked_at=now,
            booked_by=SOFTWARE.holder,
            version=1,
        )
        for place, line in running.values()
    )


def _received(request: CareRequest, clock: Clock, now: datetime) -> datetime:
    """Return when a request came in: when work began on the day from which it waits (H22).

    Never after it was loaded, for what is done for it from then on is done for a request that
    has come in.
    """
    if request.waiting_since is None:
        return now
    return min(clock.opening_of(request.waiting_since, now), now)


def request_row(
    request: CareRequest,
    *,
    zone: str | None,
    received_at: datetime,
    place: int = LAST,
    state: str = WAITING,
    kind: str = "referral",
    key_worker: str | None = None,
    parent_id: str | None = None,
) -> RequestRow:
    """Return the row of a request that is new to the record."""
    return RequestRow(
        request_id=request.request_id,
        place=place,
        document=document_of(request),
        state=state,
        risk_order=RISK_ORDER[request.risk],
        waiting_since=request.waiting_since,
        service_type=request.service_type.value,
        zone=zone,
        version=1,
        key_worker=key_worker,
        received_at=received_at,
        parent_id=parent_id,
        kind=kind,
    )


def _history_row(line: Offered) -> HistoryRow:
    return HistoryRow(
        provider_id=line.provider_id,
        offered_on=line.offered_on,
        request_id=line.request_id,
        outcome=line.outcome.value,
    )


# -- out ---------------------------------------------------------------------------------------


def dump(session: Session, now: datetime, today: date) -> tuple[Book, str | None]:
    """Return the record as a book, and the text of its policy.

    Unchanged since it was loaded, the book is the one that was loaded; later it is of today, or of
    the newest day on which something happened where a clock has been put back since.
    Ended requests are left out; capacity is what is left beside everything booked: holds are of
    this record only, and end by themselves.

    Parameters
    ----------
    session
        Where to read.
    now, today
        When it is.

    Raises
    ------
    NotReadyError
        If the record holds no book.
    """
    record = session.scalar(select(RecordRow))
    if record is None:
        raise not_loaded()
    rows = session.scalars(select(ProviderRow).order_by(ProviderRow.place)).all()
    homecare, beds = _capacity(rows, promises(session, now, only_for_good=True))
    whole = {
        "providers": tuple(Provider.model_validate(row.document) for row in rows),
        "rates": in_file_order(Rate, (row.rates for row in rows)),
        "homecare_capacity": homecare,
        "bed_capacity": beds,
        "requests": with_what_is_left(session, _requests(session), today),
        "running": _running(session),
        "history": history(session),
    }
    book = head_of_book(session, record.as_of).model_copy(update=whole)
    if _has_changed(session):
        book = book.model_copy(update={"as_of": max(today, book.newest_day)})
    return book, record.policy_text


def _has_changed(session: Session) -> bool:
    return (session.scalar(select(func.count(AuditRow.number))) or 0) > 1


def _capacity(
    rows: Sequence[ProviderRow], promised: dict[str, list[Commitment]]
) -> tuple[tuple[HomecareCapacity, ...], tuple[BedCapacity, ...]]:
    """Return capacity in the order of its files; of whoever promised any, what is left of it."""
    homecare, beds = [], []
    for row in rows:
        if row.provider_id not in promised:
            homecare.append(row.homecare_capacity)
            beds.append(row.bed_capacity)
            continue
        carers_left, beds_left = left_of([row], promised)
        homecare.append(_in_place_of(row.homecare_capacity, carers_left))
        beds.append(_in_place_of(row.bed_capacity, beds_left))
    return in_file_order(HomecareCapacity, homecare), in_file_order(BedCapacity, beds)


def _in_place_of(documents: list[Document], lines: Sequence[Line]) -> list[Document]:
    place = min((each["place"] for each in documents), default=LAST)
    return kept(lines, [place] * len(lines))


def _requests(session: Session) -> tuple[CareRequest, ...]:
    query = select(RequestRow.document).where(RequestRow.state != ENDED)
    ordered = query.order_by(RequestRow.place, RequestRow.request_id)
    return tuple(CareRequest.model_validate(each) for each in session.scalars(ordered))


def _running(session: Session) -> tuple[Running, ...]:
    query = (
        select(BookingRow)
        .join(RequestRow, RequestRow.request_id == BookingRow.request_id)
        .where(BookingRow.ended_at.is_(None), RequestRow.state != ENDED)
        .order_by(BookingRow.place, BookingRow.order_ref)
    )
    return tuple(
        Running(request_id=row.request_id, provider_id=row.provider_id, started_on=row.starts_on)
        for row in session.scalars(query)
    )


def night_book(session: Session, now: datetime, today: date) -> Book:
    """Return the book that a night's run is given: of today, without whoever is suspended.

    What is held is nobody else's, so capacity is what is left beside holds too.

    Parameters
    ----------
    session
        Where to read.
    now, today
        When it is.
    """
    book, _ = dump(session, now, today)
    ends = RequestRow.suspended_until
    query = select(RequestRow.request_id).where(
        RequestRow.suspended_from <= today, or_(ends.is_(None), ends > today)
    )
    suspended = set(session.scalars(query))
    requests = tuple(
        request
        for request in book.requests
        if request.request_id not in suspended or request.request_id in book.running_provider
    )
    rows = session.scalars(select(ProviderRow).order_by(ProviderRow.place)).all()
    homecare, beds = _capacity(rows, promises(session, now))
    return book.model_copy(
        update={
            "as_of": max(today, book.newest_day),
            "requests": requests,
            "homecare_capacity": homecare,
            "bed_capacity": beds,
        }
    )
