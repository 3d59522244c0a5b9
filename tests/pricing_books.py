"""Hypothesis strategies of books whose price lists are crowded: many rates for the same work."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import strategies as st

from matcher.geography import Postcode
from matcher.model import Book, CareRequest, FrameworkRate, Rate, Zone
from matcher.vocabulary import Day, RateUnit, ServiceType
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
_KEYS: tuple[dict[str, Any], ...] = tuple(
    {"service_type": service, "unit": unit, "visit_minutes": length}
    for (service, unit), length in (
        *product((_HOUR,), (None, 15, 30, 45)),
        *product(_BEDS, (None,)),
    )
)
_PERIODS: tuple[dict[str, Any], ...] = (
    {},
    {"valid_from": day(0)},
    {"valid_to": day(0)},
    {"valid_from": day(1)},
    {"valid_to": day(-1)},
)


@st.composite
def priced_books(draw: st.DrawFn) -> Book:
    """Draw a book of one agency and one home, some of all possible rates, and three requests."""
    pence, period = st.integers(1, 5000), st.sampled_from(_PERIODS)
    charged = [
        Rate(provider_id=name, amount_pence=draw(pence), **key, **draw(period))
        for name, key in draw(_subset(tuple(product(("P-1", "H-1"), _KEYS))))
    ]
    limits = [
        FrameworkRate(zone=zone, amount_pence=draw(pence), **key, **draw(period))
        for zone, key in draw(_subset(tuple(product((None, "inner", "outer"), _KEYS))))
    ]
    return book(provider(), home(), *ZONES, *charged, *limits, *draw(_asked()))


def _subset(things: tuple[Any, ...]) -> st.SearchStrategy[list[Any]]:
    flags = st.lists(st.booleans(), min_size=len(things), max_size=len(things))
    return flags.map(lambda kept: [t for t, keep in zip(things, kept, strict=True) if keep])


@st.composite
def _asked(draw: st.DrawFn) -> list[CareRequest]:
    where: dict[str, Any] = {
        "postcode": Postcode(draw(st.sampled_from([HERE, NEAR, WEYMOUTH, "SP7 8AA"])))
    }
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
        homecare_request(*visits, request_id="R-1", **where),
        placement_request("R-2", **where),
        respite_request(request_id="R-3", **where),
    ]
