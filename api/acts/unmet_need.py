"""Unmet need: what everybody who waits still needs, where, when and why not (H29)."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from api.acts.requests import care_of
from api.acts.standing import is_suspended
from api.schemas.unmet_need import BED_WINDOW, Gap, UnmetCell, UnmetNeed
from api.storage import runs as stored
from api.tables import RequestRow
from matcher.allocation import Placed, UnplacedReason
from matcher.eligibility import request_refusals
from matcher.files.results import guarded
from matcher.market import Market
from matcher.model import CareRequest, Visit
from matcher.policy import Policy
from matcher.solvers.instance.read_back import REASON_OF_REFUSAL
from matcher.vocabulary import Day, Risk, ServiceType, minute_text


class Place(NamedTuple):
    """What a cell is of."""

    zone: str | None
    day: Day | None
    window: str | None
    service_type: ServiceType
    risk: Risk | None
    reason: Gap


class Need(NamedTuple):
    """What one line of a request needs at one time."""

    day: Day | None
    window: str | None
    visits: int
    minutes: int
    beds: int


def unmet_need(
    session: Session,
    market: Market,
    now: datetime,
    today: date,
    *,
    service_type: ServiceType | None = None,
    zone: str | None = None,
) -> UnmetNeed:
    """Return what everybody who waits still needs; who is suspended needs nothing now (H19).

    Parameters
    ----------
    session
        Where to read.
    market
        Whose policy counts.
    now, today
        When it is.
    service_type, zone
        What to narrow it to.
    """
    reason_of = _Reasons(session, market, now)
    people: dict[Place, int] = Counter()
    sums: dict[Place, list[int]] = defaultdict(lambda: [0, 0, 0])
    by_reason: dict[Gap, int] = Counter()
    for row in stored.waiting_requests(session):
        is_asked_for = service_type in {None, row.service_type} and zone in {None, row.zone}
        if not is_asked_for or is_suspended(row, today):
            continue
        request = care_of(row)
        reason = reason_of(row, request)
        by_reason[reason] += 1
        touched = set()
        for need in _needs(request, market.policy):
            kind = (request.service_type, request.risk, reason)
            place = Place(row.zone, need.day, need.window, *kind)
            touched.add(place)
            sums[place] = [a + b for a, b in zip(sums[place], need[2:], strict=True)]
        for place in touched:
            people[place] += 1
    return UnmetNeed(
        as_of=today,
        people=sum(by_reason.values()),
        people_by_reason={gap: by_reason[gap] for gap in Gap if by_reason[gap]},
        cells=[_cell(place, people[place], *sums[place]) for place in sorted(people, key=_order)],
    )


def _cell(place: Place, people: int, visits: int, minutes: int, beds: int) -> UnmetCell:
    return UnmetCell(
        **place._asdict(), people=people, visits_a_week=visits, minutes_a_week=minutes, beds=beds
    )


def _order(place: Place) -> tuple[str, int, str, str, int, str]:
    day = -1 if place.day is None else place.day.number
    risk = len(Risk) if place.risk is None else list(Risk).index(place.risk)
    return place.zone or "", day, place.window or "", place.service_type, risk, place.reason


# -- what is needed ----------------------------------------------------------------------------


def _needs(request: CareRequest, policy: Policy) -> Iterator[Need]:
    """Yield what a request needs; one line without a time where that is not recorded (H29)."""
    if not request.is_homecare:
        yield Need(None, BED_WINDOW, 0, 0, 1)
    elif not request.package.visits:
        yield Need(None, None, 0, 0, 0)
    for visit in request.package.visits:
        window = _window(visit, policy)
        for day in visit.days:
            yield Need(day, window, 1, visit.minutes * visit.carers, 0)


def _window(visit: Visit, policy: Policy) -> str:
    """Return a visit's band; of a critical time without one, the first band that it lies in."""
    if visit.band is not None or visit.at_minute is None:
        return visit.band or ""
    bands = sorted(policy.bands.items(), key=lambda each: (each[1].start_minute, each[0]))
    for name, band in bands:
        if band.start_minute <= visit.at_minute <= band.end_minute:
            return name
    return minute_text(visit.at_minute)


# -- why ---------------------------------------------------------------------------------------


class _Reasons:
    """Says why each request still waits.

    What the record says of the request today comes before what a run once found.
    """

    def __init__(self, session: Session, market: Market, now: datetime) -> None:
        self._market = market
        self._arranged: Collection[str] = stored.being_arranged(session, now)
        self._unplaced: Mapping[str, str] = stored.unplaced_reasons(session)
        self._proposed = {
            row.request_id: Placed.model_validate(row.document).status
            for row, _ in stored.proposals(session, only_open=True)
        }

    def __call__(self, row: RequestRow, request: CareRequest) -> Gap:
        """Return the coded reason of one request."""
        refusals = request_refusals(request, self._market.book, self._market.policy)
        if refusals:
            rule_id = refusals[0].rule_id
            return Gap(REASON_OF_REFUSAL.get(rule_id, UnplacedReason.NOT_ARRANGEABLE).value)
        if row.request_id in self._arranged:
            return Gap.BEING_ARRANGED
        proposed = self._proposed.get(row.request_id)
        if proposed is not None:
            return Gap(proposed.value)
        return Gap(self._unplaced.get(row.request_id, Gap.NOT_YET_ALLOCATED))


# -- as a file ---------------------------------------------------------------------------------


def csv_of(need: UnmetNeed) -> str:
    """Return the cells as a CSV file, header first; no cell reads as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(UnmetCell.model_fields)
    for cell in need.cells:
        values = cell.model_dump(mode="json").values()
        writer.writerow("" if value is None else guarded(str(value)) for value in values)
    return text.getvalue()
