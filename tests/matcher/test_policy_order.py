"""The order of objectives: whatever a council prefers, people come first."""

from __future__ import annotations

import pytest

from matcher.errors import BadInputError, Fault
from matcher.objectives import ordered, read_policy_text
from matcher.policy import parse_policy

CITED = 'unit = "objectives", from = 2026-04-01, assumed = true'


def test_an_order_that_forgets_people_is_refused() -> None:
    """Without the people left out among the objectives, nobody need be placed at all."""
    text = (
        '[allocation]\norder = { value = ["distance", "unplaced_red"], unit = "objectives", '
        "from = 2026-04-01, assumed = true }"
    )
    with pytest.raises(BadInputError) as caught:
        read_policy_text(text)
    (fault,) = caught.value.faults
    assert fault.column.startswith("allocation.order")
    assert "unplaced_amber, unplaced_green, without_offer" in fault.expected


def fault_of(*names: str) -> Fault | None:
    """Return the fault of an order of objectives, if it has one."""
    listed = ", ".join(f'"{name}"' for name in names)
    try:
        policy = read_policy_text(f"allocation.order = {{ value = [{listed}], {CITED} }}")
    except BadInputError as error:
        (fault,) = error.faults
        return fault
    assert policy.allocation.order.value == names
    return None


RED, AMBER, GREEN = "unplaced_red", "unplaced_amber", "unplaced_green"
OFFER, WAIT = "without_offer", "waiting_days"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ((), "names each given once"),  # nothing to go by
        ((RED, AMBER, GREEN, OFFER, RED), "names each given once"),
        ((RED, AMBER, GREEN, WAIT), "an order that also names without_offer"),
        ((RED, GREEN, OFFER), "an order that also names unplaced_amber"),
        (
            ("distance", RED, AMBER, GREEN, OFFER),  # distance before people
            "people unplaced before distance",
        ),
        (
            (RED, "above_rate", AMBER, "tier_steps", GREEN, OFFER),
            "people unplaced before above_rate, tier_steps",  # pounds before some people
        ),
    ],
)
def test_an_order_that_puts_anything_before_people_is_refused(
    order: tuple[str, ...], expected: str
) -> None:
    """Everyone is named once, and before everything but days waited."""
    fault = fault_of(*order)
    assert fault is not None
    assert fault.column.startswith("allocation.order")
    assert expected in fault.expected


@pytest.mark.parametrize(
    "order",
    [
        (RED, AMBER, GREEN, OFFER),
        (GREEN, AMBER, RED, "distance", OFFER),  # offers may come last
        (WAIT, RED, OFFER, AMBER, GREEN, "specialist_use"),
    ],
)
def test_an_order_with_people_first_is_kept(order: tuple[str, ...]) -> None:
    """People of each risk in any order, and days waited and offers among them."""
    assert fault_of(*order) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fitt", "did you mean fit?"),
        ("unknown_thing", "one of unplaced_red, "),
        ("distance_metres", "fit, which counts it as the shortlist does; on its own: distance"),
        ("preferred_minutes", "on its own: visit_times"),
        ("value_points", "on its own: cost or quality"),
    ],
)
def test_an_objective_that_does_not_exist_is_refused(name: str, expected: str) -> None:
    """A misspelt name is told the nearest, one of a former version what to write instead."""
    fault = fault_of(RED, AMBER, GREEN, OFFER, name)
    assert fault is not None
    assert (fault.file, fault.column, fault.value) == (
        "policy.toml",
        "allocation.order.value",
        name,
    )
    assert expected in fault.expected


def test_an_order_that_nobody_checked_is_refused_when_it_is_followed() -> None:
    """A policy that came another way than by a file is held against the list all the same."""
    policy = parse_policy(f'allocation.order = {{ value = ["unplaced_red"], {CITED} }}')
    with pytest.raises(BadInputError, match="unplaced_amber"):
        ordered(policy)
