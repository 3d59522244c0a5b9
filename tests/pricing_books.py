"""Hypothesis strategies of books whose price lists are crowded: many rates for the same work."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import strategies as st

from matcher.geography import Postcode
from matcher.model import Book, CareRequest, FrameworkRate, Rate, Zone
from matcher.vocabulary import Day, RateDay, RateUnit, ServiceType
from tests.builders import (
    HERE,
    NEAR,
    WEYMOUTH,
    book,
    day,
    home,
    homecare_request,
    placement_request,
    provider,
    respite_request,
    visit,
)

ZONES = (Zone(zone="inner", postcodes=("DT1 1",)), Zone(zone="outer", postcodes=("DT1", "DT4")))
_HOUR = (ServiceType.HOMECARE, RateUnit.HOUR)
_BEDS = tuple(product(("respite", "nursing_dementia"), (RateUnit.WEEK, RateUnit.NIGHT)))
_VISIT = (ServiceType.HOMECARE, RateUnit.VISIT)
_HOLIDAY = (RateDay.BANK_HOLIDAY, RateDay.MON)
_KEYS: tuple[dict[str, Any], ...] = tuple(
    {"service_type": service, "unit": unit, "visit_minutes": length, "days": days}
    for (service, unit), length, days in (
        *product((_HOUR,), (None, 15, 30, 45), ((), (RateDay.SAT, RateDay.SUN))),
        *product((_VISIT,), (None, 30), ((), (RateDay.MON,))),
        *product(_BEDS, (None,), ((), _HOLIDAY)),
    )
)
_PERIODS: tuple[dict[str, Any], ...] = (
    {},
    {"valid_from": day(0)},
    {"valid_to": day(0)},
    {"valid_from": day(2)},
    {"valid_from": day(12)},
    {"valid_to": day(-1)},
)


@st.composite
def priced_books(draw: st.DrawFn) -> Book:
    """Draw a book of one agency and one home, some of all possible rates, and three requests."""
    pence, period = st.integers(1, 5000), st.sampled_from(_PERIODS)
    amount = st.one_of(pence, pence, st.just("framework"))
    charged = [
        Rate(provider_id=name, zone=zone, amount_pence=draw(amount), **key, **draw(period))
        for name, zone, key in draw(_some(tuple(product(("P-1", "H-1"), (None, "inner"), _KEYS))))
    ]
    limits = [
        FrameworkRate(zone=zone, amount_pence=draw(pence), **key, **draw(period))
        for zone, key in draw(_some(tuple(product((None, "inner", "outer"), _KEYS))))
    ]
    return book(provider(), home(), *ZONES, *charged, *limits, *draw(_asked()))


def _some(things: tuple[Any, ...]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(things), max_size=14, unique_by=repr)


_FUNDINGS: tuple[dict[str, Any], ...] = (
    {},
    {"funding": "self_funded"},
    {"funding": "health"},
    {"funding": "joint", "health_share_percent": 33},
    {"own_contribution_pence_per_week": 4_321},
)
_BED_FUNDINGS: tuple[dict[str, Any], ...] = (
    *_FUNDINGS,
    {"nursing_contribution_pence_per_week": 2_541},
    {"funding": "self_funded", "nursing_contribution_pence_per_week": 2_541},
    {
        "third_party_top_up_pence_per_week": 3_000,
        "nursing_contribution_pence_per_week": 999,
        "own_contribution_pence_per_week": 10_001,
    },
)


@st.composite
def _asked(draw: st.DrawFn) -> list[CareRequest]:
    where: dict[str, Any] = {
        "postcode": Postcode(draw(st.sampled_from([HERE, NEAR, WEYMOUTH, "SP7 8AA"])))
    }
    limits = {"personal_budget_pence_per_week": draw(st.sampled_from([None, 7_000, 20_000]))}
    visits = [
        visit(
            number,
            minutes=draw(st.sampled_from([15, 20, 30, 45])),
            carers=draw(st.integers(1, 2)),
            days=draw(st.sampled_from([(Day.MON,), tuple(Day)[:5], tuple(Day)])),
        )
        for number in range(1, draw(st.integers(1, 3)) + 1)
    ]
    return [
        homecare_request(*visits, request_id="R-1", **where, **draw(st.sampled_from(_FUNDINGS))),
        placement_request("R-2", **where, **limits, **draw(st.sampled_from(_BED_FUNDINGS))),
        respite_request(
            draw(st.sampled_from([1, 3, 7, 10])),
            request_id="R-3",
            **where,
            **limits,
            **draw(st.sampled_from(_BED_FUNDINGS)),
        ),
    ]
