"""What a run is given and gives back: limits that compose, stages that know their proof."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from matcher.result import Limits, Progress, Report, Stage


def test_reproducible_limits_leave_the_clock_out() -> None:
    """One worker and a limit of work, no seconds: the same answer wherever it runs."""
    limits = Limits.reproducible()
    assert (limits.seconds, limits.deterministic_time, limits.workers) == (None, 20.0, 1)
    assert Limits.reproducible(1.5).deterministic_time == 1.5


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": 0},  # why: no time at all is no run
        {"seconds": -1},  # why: time does not run backwards
        {"deterministic_time": 0},  # why: no work at all
        {"workers": 0},  # why: nobody to do it
        {"workers": 65},  # why: more than any machine here has
        {"gap": 1.0},  # why: as far from the best as can be is no limit
        {"gap": -0.01},  # why: nothing is nearer than the best
        {"gaps": 0.01},  # why: no such limit
    ],
)
def test_limits_that_make_no_sense(wrong: dict[str, float]) -> None:
    """A limit out of range, or one that does not exist, is refused."""
    with pytest.raises(ValidationError):
        Limits.model_validate(wrong)


@pytest.mark.parametrize(
    ("bound", "proved"),
    [
        (3, True),
        (2, False),  # why: a better value is not ruled out
        (None, False),  # why: nothing is known
        (0, False),  # why: nought is a bound like any other, not a proof
    ],
)
def test_a_stage_is_proved_at_its_bound(bound: int | None, proved: bool) -> None:
    """A stage is proved exactly when its bound is its value."""
    stage = Stage(name="unplaced_red", unit="people", value=3, bound=bound)
    assert stage.proved is proved


def test_a_stage_at_nought_is_proved_by_nought() -> None:
    """A value of nought with a bound of nought is proved, without a bound it is not."""
    stage = Stage(name="unplaced_red", unit="people", value=0, bound=0)
    assert stage.proved
    assert not stage.model_copy(update={"bound": None}).proved


def test_progress_does_nothing_unless_overridden() -> None:
    """The plain listener takes every word, and remembers only that it was cancelled."""
    progress = Progress()
    progress.started(3, 9, 1)
    progress.part_started(0, 3)
    progress.reported(Report(stages=(), placed=0, seconds=0.0))
    progress.part_done(0, 3, 2)
    assert not progress.cancelled
    progress.cancel()
    progress.cancel()
    assert progress.cancelled


@pytest.mark.parametrize(
    ("value", "bound", "gap"),
    [
        (4, 3, 0.25),
        (4, 4, 0.0),
        (0, 0, 0.0),  # why: nothing to divide by
        (0, -3, 3.0),  # why: nothing to divide by, and yet a gap
        (-4, -5, 0.25),  # why: a value below nought has a size too
        (4, None, None),  # why: nothing is known
    ],
)
def test_a_gap_is_a_share_of_the_value(value: int, bound: int | None, gap: float | None) -> None:
    """The gap is told as a share of the value, whatever its sign, and only where known."""
    stage = Stage(name="unplaced_red", unit="people", value=value, bound=bound)
    assert stage.gap == gap


@pytest.mark.parametrize(
    ("bounds", "under_way"),
    [
        ((3, 3, 3), None),
        ((3, 2, 3), 1),
        ((2, 1, 0), 0),
        ((3, 3, None), 2),  # why: nothing known is nothing proved
    ],
)
def test_a_report_names_the_stage_under_way(
    bounds: tuple[int | None, ...], under_way: int | None
) -> None:
    """The first stage that is not proved is the one under way."""
    order = ("unplaced_red", "unplaced_amber", "unplaced_green")
    stages = tuple(
        Stage(name=name, unit="people", value=3, bound=bound)
        for name, bound in zip(order, bounds, strict=True)
    )
    report = Report(stages=stages, placed=1, seconds=0.5)
    assert report.under_way == (None if under_way is None else stages[under_way])
