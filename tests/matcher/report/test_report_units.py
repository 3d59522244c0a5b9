"""Units, windows and amounts, in words."""

from __future__ import annotations

import pytest

from matcher.report.night import window_text
from matcher.report.objective import amount_text
from matcher.report.why_page import _unit_text
from matcher.result import CapacityPrice, PriceUnit
from matcher.vocabulary import CareType, ServiceType
from tests.builders import day


@pytest.mark.parametrize(
    ("most_each", "carers", "told"),
    [
        (None, None, "carer hour"),
        (None, 2, "carer hour, 2 carers at once"),
        (3, None, "visit, 3 a carer"),
        (3, 2, "visit, 3 a carer, 2 carers at once"),
    ],
)
def test_units_in_words(most_each: int | None, carers: int | None, told: str) -> None:
    """What a price is for, and for whom it counts."""
    price = CapacityPrice(
        provider_id="P-1",
        care=ServiceType.HOMECARE,
        unit=PriceUnit.VISIT if most_each else PriceUnit.CARER_HOUR,
        most_each=most_each,
        carers=carers,
        points=1.0,
    )
    assert _unit_text(price) == told


def test_windows_in_words() -> None:
    """Days with times, nights from and to, and beds for good."""
    bed = {"provider_id": "H-1", "care": CareType.NURSING.value, "points": 1.0}
    nights = {"first_night": day(0), "last_night": day(6), "unit": PriceUnit.BED_NIGHT}
    assert window_text(CapacityPrice(**bed, **nights)) == "nights 2026-04-01 to 2026-04-07"
    lasting = CapacityPrice(**bed, first_night=day(0), unit=PriceUnit.BED)
    assert window_text(lasting) == "from 2026-04-01 for good"


@pytest.mark.parametrize(
    ("objective", "value", "told"),
    [
        ("above_rate", 4, "£4.00 a week"),
        ("distance", 2, "2 steps"),
        ("unplaced_red", 1, "1 person"),
        ("unplaced_red", 2, "2 people"),
        ("waiting_days", 1, "1 day"),
        ("fit", 125_000, "12.50 points"),
        ("fit", 40, "less than 0.01 points"),
        ("distance_metres", 1200, "1,200"),  # of a former version
    ],
)
def test_amounts_in_words(objective: str, value: int, told: str) -> None:
    """An amount stands with its unit, one and many told apart."""
    assert amount_text(objective, value) == told
