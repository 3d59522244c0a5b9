"""The order of objectives: whatever a council prefers, people come first."""

from __future__ import annotations

import pytest

from matcher.errors import BadInputError, Fault
from matcher.policy import Objective, parse_policy

CITED = 'unit = "objectives", from = 2026-04-01, assumed = true'


def test_an_order_that_forgets_people_is_refused() -> None:
    """Without the people left out among the objectives, nobody need be placed at all."""
    text = (
        '[allocation]\norder = { value = ["distance_metres", "unplaced_red"], unit = "objectives", '
        "from = 2026-04-01, assumed = true }"
    )
    with pytest.raises(BadInputError) as caught:
        parse_policy(text)
    (fault,) = caught.value.faults
    assert fault.column.startswith("allocation.order")
    assert "unplaced_amber, unplaced_green, without_offer" in fault.expected


def ordered(*names: Objective) -> Fault | None:
    """Return the fault of an order of objectives, if it has one."""
    listed = ", ".join(f'"{name.value}"' for name in names)
    try:
        policy = parse_policy(f"allocation.order = {{ value = [{listed}], {CITED} }}")
    except BadInputError as error:
        (fault,) = error.faults
        return fault
    assert policy.allocation.order.value == names
    return None


RED, AMBER, GREEN = Objective.UNPLACED_RED, Objective.UNPLACED_AMBER, Objective.UNPLACED_GREEN
OFFER, WAIT = Objective.WITHOUT_OFFER, Objective.WAITING_DAYS


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ((), "objectives each named once"),  # nothing to go by
        ((RED, AMBER, GREEN, OFFER, RED), "objectives each named once"),
        ((RED, AMBER, GREEN, WAIT), "an order that also names without_offer"),
        ((RED, GREEN, OFFER), "an order that also names unplaced_amber"),
        (
            (Objective.DISTANCE_METRES, RED, AMBER, GREEN, OFFER),  # metres before people
            "people unplaced before distance_metres",
        ),
        (
            (RED, Objective.ABOVE_RATE_PENCE, AMBER, Objective.TIER_STEPS, GREEN, OFFER),
            "people unplaced before above_rate_pence, tier_steps",  # pence before some people
        ),
    ],
)
def test_an_order_that_puts_anything_before_people_is_refused(
    order: tuple[Objective, ...], expected: str
) -> None:
    """Everyone is named once, and before everything but days waited."""
    fault = ordered(*order)
    assert fault is not None
    assert fault.column.startswith("allocation.order")
    assert expected in fault.expected


@pytest.mark.parametrize(
    "order",
    [
        (RED, AMBER, GREEN, OFFER),
        (GREEN, AMBER, RED, Objective.DISTANCE_METRES, OFFER),  # offers may come last
        (WAIT, RED, OFFER, AMBER, GREEN, Objective.SPECIALIST_USE),
    ],
)
def test_an_order_with_people_first_is_kept(order: tuple[Objective, ...]) -> None:
    """People of each risk in any order, and days waited and offers among them."""
    assert ordered(*order) is None
