"""Hypothesis strategies of contests: small books in which people compete for too little."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from matcher.geography import Postcode
from matcher.model import Book, CareRequest, Frozen, Placement, Visit
from matcher.policy import Policy
from matcher.scoring import CRITERIA
from matcher.vocabulary import CqcRating, Day, Risk, TimeNeed
from tests.builders import (
    NEAR,
    NURSING_DEMENTIA,
    OUT_OF_TOWN,
    beds,
    book,
    ceiling,
    council_policy,
    day,
    home,
    homecare_request,
    hourly,
    hours,
    minute,
    offered,
    placement_request,
    provider,
    respite_request,
    visit,
    weekly,
)

BANDS = {"early": ("07:00", "07:15"), "late": ("16:00", "16:10")}
"""Four and three possible starts, so that every allocation can be tried."""
AGENCIES, HOMES = ("P-1", "P-2", "P-3"), ("H-1", "H-2", "H-3")
_WEEK = tuple(Day)
_DAYS = (_WEEK, _WEEK, _WEEK[:5], _WEEK[5:], (Day.MON,), (Day.MON, Day.WED, Day.FRI))
_EARLY = (("06:45", "07:30"), ("06:55", "08:00"), ("06:50", "16:20"))
_LATE = (("15:55", "16:30"), ("15:45", "17:00"))
_PENCE = (None, 2300, 2500, 2600, 3100)
_FEES = (None, 90_000, 100_000, 110_000)


def orders() -> st.SearchStrategy[tuple[str, ...]]:
    """Draw the published order or any other, those of unplaced people first.

    Other orders also have criteria of the score as objectives of their own.
    """
    published = council_policy().allocation.order.value
    own = st.lists(st.sampled_from([c.name for c in CRITERIA]), unique=True, max_size=3)
    return st.just(published) | st.tuples(st.permutations(published[:4]), own).flatmap(
        lambda drawn: st.permutations([*published[4:], *drawn[1]]).map(
            lambda rest: (*drawn[0], *rest)
        )
    )


def policies(**figures: Any) -> st.SearchStrategy[Policy]:
    """Draw a policy with few starts in each band and its objectives in some order."""
    return orders().map(
        lambda order: council_policy(bands=BANDS, allocation__order=order, **figures)
    )


@st.composite
def agencies(draw: st.DrawFn, name: str) -> list[Frozen]:
    """Draw an agency with one or two carers in the morning, perhaps also in the afternoon."""
    pick = st.sampled_from
    things: list[Frozen] = [
        provider(
            name,
            postcode=Postcode(draw(pick([NEAR, OUT_OF_TOWN]))),
            lead_days=draw(pick([None, 0, 4])),
            admits_at_weekends=draw(st.booleans()),
            cqc_rating=draw(pick(CqcRating)),
        )
    ]
    windows = [draw(pick(_EARLY)), *draw(st.lists(pick(_LATE), max_size=1))]
    carers = st.integers(1, 2)
    things += [
        hours(name, start, end, draw(carers), days=draw(pick(_DAYS[:3]))) for start, end in windows
    ]
    things += [hourly(name, pence) for pence in [draw(pick(_PENCE))] if pence is not None]
    things += [offered(name) for _ in range(draw(st.integers(0, 2)))]
    return things


@st.composite
def homes(draw: st.DrawFn, name: str) -> list[Frozen]:
    """Draw a care home with one or two beds, from some night on or until some night."""
    pick = st.sampled_from
    postcode = Postcode(draw(pick([NEAR, OUT_OF_TOWN])))
    things: list[Frozen] = [
        home(
            name,
            postcode=postcode,
            lead_days=draw(pick([None, 0, 5])),
            admits_at_weekends=draw(st.booleans()),
        ),
    ]
    for _ in range(draw(st.integers(1, 2))):
        first = draw(st.integers(-3, 10))
        last = draw(pick([None, first + 3, first + 12]))
        until = None if last is None else day(last)
        things.append(
            beds(name, draw(pick([1, 1, 2])), available_from=day(first), available_to=until)
        )
    things += [weekly(name, fee) for fee in [draw(pick(_FEES))] if fee is not None]
    return things


@st.composite
def people(draw: st.DrawFn, name: str, *, bed: bool) -> CareRequest:
    """Draw a request with everything recorded, for homecare or for a bed."""
    pick = st.sampled_from
    named = HOMES if bed else AGENCIES
    common: dict[str, Any] = {
        "risk": draw(pick(Risk)),
        "waiting_since": day(-draw(st.integers(0, 12))),
        "start_by": draw(pick([None, day(0), day(5), day(9)])),
        "preferred_providers": draw(pick([(), named[:1], named[1::-1]])),
        "excluded_providers": draw(pick([(), (), named[2:]])),
        "current_provider_id": draw(pick([None, named[0]])),
        "personal_budget_pence_per_week": draw(pick([95_000, 120_000])),
    }
    if not bed:
        return homecare_request(*draw(packages()), request_id=name, **common)
    first, spare = draw(st.integers(0, 9)), draw(st.integers(0, 4))
    if draw(st.booleans()):
        placement = Placement(
            admit_from=draw(pick([None, day(first)])), admit_to=day(first + spare)
        )
        return placement_request(name, placement=placement, **common)
    nights = draw(st.integers(1, 6))
    return respite_request(nights, first, first + nights - 1 + spare, name, **common)


@st.composite
def packages(draw: st.DrawFn) -> list[Visit]:
    """Draw one or two visits, with or without a time, a second carer, a link or a gap."""
    drawn = [draw(visits(n, band)) for n, band in enumerate(draw(_band_choices()), start=1)]
    return draw(_bound(*drawn)) if len(drawn) == 2 else drawn


@st.composite
def _bound(draw: st.DrawFn, first: Visit, second: Visit) -> list[Visit]:
    """Draw two visits with a link or a gap between them; carers without end could make both."""
    bound = draw(st.sampled_from([None, None, "with_visit", "after_visit", "gap"]))
    free = {"time_need": TimeNeed.NONE, "at_minute": None, "reason": "", "tolerance_minutes": None}
    if bound is None:
        return [first, second]
    if bound != "gap":
        link = {bound: 1, "days": first.days, "band": first.band}
        first = first.model_copy(update={**free, "minutes": 15})
        return [first, second.model_copy(update={**free, **link})]
    if first.band == second.band or not {*first.days} & {*second.days}:
        return [first, second]
    least, most = draw(st.sampled_from([(540, None), (None, 540), (535, 545)]))
    gap = {"gap_from": 1, "least_gap_minutes": least, "most_gap_minutes": most}
    return [
        first.model_copy(update=free),
        second.model_copy(update={**free, **gap, "reason": "as prescribed"}),
    ]


def _band_choices() -> st.SearchStrategy[list[str]]:
    return st.sampled_from([["early"], ["early"], ["late"], ["early", "late"], ["early", "early"]])


@st.composite
def visits(draw: st.DrawFn, number: int, band: str) -> Visit:
    """Draw a visit in a band."""
    pick = st.sampled_from
    need = draw(pick(TimeNeed))
    at = minute(BANDS[band][0]) + draw(pick([-5, 0, 10]))
    told = need is not TimeNeed.NONE
    return visit(
        number,
        band,
        days=draw(pick(_DAYS)),
        minutes=draw(pick([15, 15, 20, 30])),
        carers=draw(pick([1, 1, 2])),
        time_need=need,
        at_minute=at if told else None,
        tolerance_minutes=draw(pick([0, 5])) if told else None,
        reason="insulin" if need is TimeNeed.CRITICAL else "",
    )


@st.composite
def contests(
    draw: st.DrawFn, *, most_people: int = 6, most_providers: int = 3, beds_too: bool = True
) -> Book:
    """Draw a book of some people and fewer carers and beds than they need."""
    supply = [draw(agencies(name)) for name in AGENCIES[: draw(st.integers(1, most_providers))]]
    if beds_too:
        supply += [draw(homes(name)) for name in HOMES[: draw(st.integers(1, most_providers))]]
    count = draw(st.integers(1, most_people))
    kinds = st.booleans() if beds_too else st.just(value=False)
    asked = [draw(people(f"R-{n}", bed=draw(kinds))) for n in range(1, count + 1)]
    rates = [ceiling(), ceiling(100_000, service_type=NURSING_DEMENTIA.value, unit="week")]
    known = draw(st.sampled_from([rates, rates, rates[:1], []]))
    return book(*(thing for things in supply for thing in things), *asked, *known)


WIDE_BANDS = {"early": ("07:00", "09:00"), "late": ("16:00", "17:00")}
"""Many possible starts, so that visits of one band may keep the least gap or break it."""


@st.composite
def varied_contests(draw: st.DrawFn) -> Book:
    """Draw a contest in which prices change on some day and some providers are specialist ones."""
    drawn = draw(contests())
    specialist = draw(st.sets(st.sampled_from([p.provider_id for p in drawn.providers])))
    rates = []
    for rate in drawn.rates:
        turns = day(draw(st.integers(-2, 16)))
        later = max(rate.amount_pence or 0, 1) + draw(st.sampled_from([-500, 0, 20_000]))
        before = rate.model_copy(update={"valid_to": turns})
        after = rate.model_copy(
            update={"valid_from": turns + timedelta(days=1), "amount_pence": later}
        )
        rates += draw(st.sampled_from([[rate], [before], [after], [before, after]]))
    return drawn.model_copy(
        update={
            "rates": tuple(rates),
            "providers": tuple(
                p.model_copy(update={"lot": "specialist"} if p.provider_id in specialist else {})
                for p in drawn.providers
            ),
        }
    )
