"""Tests of who may ask for how many runs, and of the night's own going before them."""

from __future__ import annotations

from typing import Any

import pytest

from api.acts import runs
from api.nights import nightly
from api.settings import Settings
from api.storage.record import Actor
from tests.api.desk import Desk, ok, refused
from tests.api.working import LIMITS, ask, run_of, take, worker

MOST, SECONDS = Settings().key_runs, Settings().key_run_seconds
RUNS = "/v1/allocations"


def asked(desk: Desk, body: dict[str, Any], **who: Any) -> Any:
    """Return the answer to a call for a run."""
    return desk.call("POST", RUNS, body, **who)


def test_a_key_has_some_runs_at_once(desk: Desk) -> None:
    """One too many is refused and not written down; another key's are its own."""
    for _ in range(MOST):
        ok(asked(desk, {"seconds": 1}))
    told = refused(asked(desk, {"seconds": 1}), 409, "conflict")
    assert f"has {MOST} runs" in told["detail"]
    ok(asked(desk, {"seconds": 1}, holder="another broker"))
    assert len(desk.get(RUNS)["items"]) == MOST + 1


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ({"seconds": SECONDS}, {"seconds": 0.5}, 409),
        ({"seconds": SECONDS - 60}, {}, 202),  # the usual 60 seconds, only just
        ({"seconds": SECONDS - 59}, {}, 409),
        ({"deterministic_time": SECONDS}, {}, 409),  # without a limit by the clock
        ({"deterministic_time": SECONDS, "seconds": 1}, {}, 202),
    ],
)
def test_a_keys_runs_take_some_time_together(
    sqlite_desk: Desk, first: dict[str, float], second: dict[str, float], status: int
) -> None:
    """However few they are; a run that waits counts by the limits that it was given."""
    ok(asked(sqlite_desk, first))
    assert asked(sqlite_desk, second).status_code == status


def test_a_run_under_way_counts_until_it_ends(desk: Desk) -> None:
    """Cancelled or done, it makes room for the next."""
    ids = [ok(asked(desk, {"deterministic_time": 0.05}))["run_id"] for _ in range(MOST)]
    assert take(desk) is not None
    refused(asked(desk, {"seconds": 1}), 409, "conflict")
    desk.post(f"{RUNS}/{ids[-1]}/cancellation", None)
    ok(asked(desk, {"deterministic_time": 0.05}))
    refused(asked(desk, {"seconds": 1}), 409, "conflict")


def test_a_call_sent_again_is_no_other_run(sqlite_desk: Desk) -> None:
    """It is answered as it was first, though there is no room for another."""
    key = {"Idempotency-Key": "the-last-run"}
    for _ in range(MOST - 1):
        ok(asked(sqlite_desk, {}))
    first = ok(asked(sqlite_desk, {}, headers=key))
    assert ok(asked(sqlite_desk, {}, headers=key)) == first
    refused(asked(sqlite_desk, {}), 409, "conflict")


def test_the_nights_run_goes_first(desk: Desk) -> None:
    """Before all that people asked for earlier, which stay in line behind it."""
    before = [ok(asked(desk, {"seconds": 600}))["run_id"] for _ in range(3)]
    said: list[str] = []
    night = nightly(desk.record, desk.gazetteer, LIMITS, 0, tell=said.append)
    assert night.state == "done"
    assert said == [f"Run {night.run_id} is worked here."]
    assert {run_of(desk, each).state for each in before} == {"queued"}


def test_runs_of_keys_follow_by_age(desk: Desk) -> None:
    """Whoever's they are; and no name of a post makes a run the night's."""
    named = Actor("carematch", "broker", "0123456789")
    ids = [ok(asked(desk, {"deterministic_time": 0.05}, holder=each))["run_id"] for each in "ab"]
    with desk.record.writing(named) as writing:
        ids.append(runs.ask(writing, LIMITS, 0).run_id)
    own = ask(desk)
    worked = []
    while (taken := worked_next(desk)) is not None:
        worked.append(taken)
    assert worked == [own, *ids]


def worked_next(desk: Desk) -> str | None:
    """Return which run is worked next, and see it through."""
    waiting = {each["run_id"] for each in desk.get(RUNS)["items"] if each["state"] == "queued"}
    if not worker(desk).work_one():
        return None
    left = {each["run_id"] for each in desk.get(RUNS)["items"] if each["state"] == "queued"}
    (done,) = waiting - left
    return str(done)
