"""How a package becomes windows, lengths, carers and days."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from matcher.errors import UnknownIdError
from matcher.model import HomecarePackage, Visit
from matcher.policy import default_policy
from matcher.timetable import PackageShape, compile_package
from matcher.vocabulary import Day, TimeNeed

# morning 07:00-10:30, lunch 11:30-14:00; tolerance 15 minutes.
POLICY = default_policy()


def visit(number: int, band: str | None, **more: Any) -> Visit:
    """Build a visit of half an hour on every day unless told otherwise."""
    return Visit(**{"visit_no": number, "band": band, "minutes": 30, "days": tuple(Day), **more})


def critical(number: int, at_minute: int, **more: Any) -> Visit:
    """Build a visit whose time is a need."""
    return visit(number, None, time_need=TimeNeed.CRITICAL, at_minute=at_minute, **more)


def shape_of(*visits: Visit) -> PackageShape:
    """Compile visits under the default policy."""
    return compile_package(HomecarePackage(visits=visits), POLICY)


def clocks(starts: np.ndarray[Any, Any]) -> list[str]:
    """Return start slots as times of day."""
    return [f"{s // 12:02d}:{s % 12 * 5:02d}" for s in starts]


def test_compile_takes_the_band_for_none_and_preferred_and_the_need_for_critical() -> None:
    """A soft time keeps the band's window; a critical time makes its own, band or not (H4, H5)."""
    shape = shape_of(
        visit(3, "lunch"),
        visit(1, "morning", time_need=TimeNeed.PREFERRED, at_minute=510),
        critical(2, 750, tolerance_minutes=10, carers=2, minutes=45).model_copy(
            update={"band": "morning"}
        ),
        critical(4, 480),
    )
    assert len(shape) == 4
    assert shape.visit_nos == (1, 2, 3, 4)
    # 07:00-10:30; 12:30 +- 10; 11:30-14:00; 08:00 +- the policy's 15.
    assert clocks(shape.first_slot) == ["07:00", "12:20", "11:30", "07:45"]
    assert clocks(shape.last_slot) == ["10:30", "12:40", "14:00", "08:15"]
    assert shape.length_slots.tolist() == [6, 9, 6, 6]
    assert [[use.carers for use in uses] for uses in shape.uses] == [[1], [2], [1], [1]]
    assert shape.is_critical.tolist() == [False, True, False, True]
    # What was asked for; without that, the ideal of the band.
    assert clocks(shape.target_slot) == ["08:30", "12:30", "12:30", "08:00"]


@pytest.mark.parametrize(
    ("at", "tolerance", "window"),
    [
        (600, 12, ["09:50", "10:10"]),  # 12 minutes are 2 whole slots: never beyond the tolerance
        (600, 0, ["10:00", "10:00"]),
        (5, 30, ["00:00", "00:35"]),  # clipped to the day
        (1430, 30, ["23:20", "23:55"]),
    ],
)
def test_critical_window_is_on_the_grid_and_in_the_day(
    at: int, tolerance: int, window: list[str]
) -> None:
    """A critical window never exceeds its tolerance nor leaves the day."""
    shape = shape_of(critical(1, at, tolerance_minutes=tolerance))
    assert clocks(np.concatenate([shape.first_slot, shape.last_slot])) == window


def test_unknown_band_is_named() -> None:
    """A band that the policy lacks is refused with the bands there are."""
    with pytest.raises(UnknownIdError, match=r"Visit 7 names the band 'brunch'; .*lunch, morning"):
        shape_of(visit(7, "brunch"))


def test_days_with_the_same_visits_are_folded() -> None:
    """Days on which exactly the same visits take place form one group; empty days none."""
    weekdays = tuple(Day)[:5]
    shape = shape_of(visit(1, "morning", days=weekdays), visit(2, "lunch", days=(Day.MON, Day.SAT)))
    assert shape.day_groups == ((0,), (1, 2, 3, 4), (5,))
    assert shape.unit_groups == ((0, 1), (0, 2))
