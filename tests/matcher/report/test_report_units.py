"""Units of priced capacity, in words."""

from __future__ import annotations

import pytest

from matcher.report.why import _unit_text
from matcher.result import CapacityPrice, PriceUnit
from matcher.vocabulary import ServiceType


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
