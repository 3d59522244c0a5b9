"""What times add by whole steps: against a plain count, one by one and many at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.wish import Wish

WISHES = st.builds(
    Wish,
    visit=st.just(0),
    target=st.integers(0, 30),
    step=st.integers(1, 6),
    per_step=st.integers(1, 9),
    most=st.integers(1, 40),
    both_ways=st.booleans(),
)


@pytest.mark.parametrize(
    ("time", "amount"),
    [
        (90, 0),
        (92, 0),  # two slots away: less than a step of three
        (93, 4),
        (86, 4),
        (98, 8),
        (99, 10),  # three steps, but no more than the most
        (200, 10),
    ],
)
def test_a_time_adds_by_whole_steps_up_to_the_most(time: int, amount: int) -> None:
    """Less than a step adds nothing, each whole step the same, and no time more than the most."""
    assert Wish(0, 90, 3, 4, 10, both_ways=True).amount(time) == amount


def test_a_time_before_its_target_may_count_nothing() -> None:
    """A day wanted by is missed by later days alone."""
    wish = Wish(0, 9, 1, 5, 100, both_ways=False)
    assert [wish.amount(day) for day in (0, 9, 10, 12)] == [0, 0, 5, 15]


@given(WISHES, st.integers(0, 40), st.integers(1, 100))
def test_many_times_add_what_each_adds_alone_and_a_weight_goes_in_front(
    wish: Wish, last: int, weight: int
) -> None:
    """Scores count arrays and plans single times: both are the same whole numbers."""
    times = np.arange(last + 1)
    alone = [wish.amount(time) for time in times.tolist()]
    assert wish.amounts(times).tolist() == alone
    assert wish.times(weight).amounts(times).tolist() == [weight * amount for amount in alone]
    assert max(alone) <= wish.most
