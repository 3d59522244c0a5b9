"""Limits, progress and stages: what a run is given and gives back."""

from __future__ import annotations

import threading

import pytest
from pydantic import ValidationError

from matcher.policy import Objective
from matcher.result import Limits, Progress, Stage


def _stage(value: int, bound: int | None) -> Stage:
    return Stage(name=Objective.UNPLACED_RED, unit="people", value=value, bound=bound)


@pytest.mark.parametrize(
    ("value", "bound", "proved"),
    [
        (0, 0, True),  # trivially: nobody is left out, and fewer is impossible
        (3, 3, True),  # only just: value and bound meet
        (3, 2, False),  # one person might still be placed
        (3, None, False),  # nothing is known, so nothing is proved
        (0, None, False),  # not even here is a missing bound taken for zero
    ],
)
def test_a_stage_is_proved_only_where_value_and_bound_meet(
    value: int, bound: int | None, proved: bool
) -> None:
    """Absence of a bound proves nothing."""
    assert _stage(value, bound).proved is proved


def test_reproducible_limits_know_no_clock() -> None:
    """One worker and solver work only: a wall clock would promise nothing."""
    limits = Limits.reproducible(3.0)
    assert limits.seconds is None
    assert (limits.deterministic_time, limits.workers) == (3.0, 1)


@pytest.mark.parametrize(
    "limits",
    [
        {"seconds": 0},  # no time at all
        {"seconds": -1},  # less than none
        {"deterministic_time": 0},  # no work at all
        {"workers": 0},  # nobody to do it
        {"workers": 65},  # more than the limit
        {"minutes": 1},  # no such limit
    ],
)
def test_limits_without_sense_are_refused(limits: dict[str, float]) -> None:
    """A limit that allows nothing, or that nobody knows, is an error."""
    with pytest.raises(ValidationError):
        Limits.model_validate(limits)


def test_progress_hears_everything_and_does_nothing() -> None:
    """Whoever overrides nothing is told of everything without effect."""
    progress = Progress()
    progress.started(1, 2, 3)
    progress.part_started(0, 1)
    progress.improved(Objective.UNPLACED_RED, 1, None)
    progress.part_done(0, 1, 1)
    assert not progress.cancelled


def test_a_run_can_be_cancelled_from_another_thread() -> None:
    """Cancelling is seen by whoever asks, and stays."""
    progress = Progress()
    thread = threading.Thread(target=progress.cancel)
    thread.start()
    thread.join()
    assert progress.cancelled
    progress.cancel()
    assert progress.cancelled
