"""Tests of runs at the desk: asked for, watched, cancelled, and what they leave behind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.acts import runs
from api.jobs import Worker
from api.schemas.runs import RunAsked, RunProgress
from api.storage.chain import verify_chain
from api.storage.record import SOFTWARE
from matcher.result import Report, Stage
from tests.api.desk import Desk, ok, refused

QUICK = {"deterministic_time": 0.05, "seed": 1}
"""Limits under which the sample book is solved in no time, and always alike."""
COMMISSIONER = {"role": "commissioner"}


def worker(desk: Desk) -> Worker:
    """Return a worker on the desk's record."""
    return Worker(desk.record, desk.gazetteer)


def done(desk: Desk, **limits: Any) -> Any:
    """Return a run that was asked for and worked."""
    run = desk.post("/v1/allocations", {**QUICK, **limits})
    assert worker(desk).work_one()
    return desk.get(f"/v1/allocations/{run['run_id']}")


def test_a_run_is_asked_for_and_waits(desk: Desk) -> None:
    """Asking answers at once, with where to look; nothing is solved within the call."""
    answered = desk.call("POST", "/v1/allocations", {"seconds": 5, "seed": 7}, **COMMISSIONER)
    assert answered.status_code == 202
    run = answered.json()
    assert answered.headers["Location"] == f"/v1/allocations/{run['run_id']}"
    assert (run["state"], run["attempts"], run["seed"]) == ("queued", 0, 7)
    assert run["limits"]["seconds"] == 5
    assert run["summary"] is run["progress"] is run["failure"] is None
    assert run["files"] == []
    assert desk.get(answered.headers["Location"]) == run


def test_a_run_has_the_usual_seconds(sqlite_desk: Desk) -> None:
    """Where nothing is said, the service's own setting counts."""
    run = sqlite_desk.post("/v1/allocations", {})
    assert run["limits"]["seconds"] == sqlite_desk.settings.run_seconds


def test_solver_work_alone_is_reproducible(sqlite_desk: Desk) -> None:
    """A run limited by solver work has one worker and no clock, so that it can be repeated."""
    run = sqlite_desk.post("/v1/allocations", {"deterministic_time": 2})
    assert run["limits"] == {
        "seconds": None,
        "deterministic_time": 2,
        "gap": None,
        "workers": 1,
    }


@pytest.mark.parametrize(
    "body",
    [
        {"seconds": 3600.1},  # nobody waits for longer than an hour
        {"seconds": 0},  # no time is no limit
        {"gap": 1},  # any answer would do
        {"seed": -1},  # the solver takes none
        {"workers": 4},  # not the caller's to say
    ],
)
def test_limits_that_cannot_be_are_refused(sqlite_desk: Desk, body: dict[str, Any]) -> None:
    """What cannot be a limit is told by its field."""
    refused(sqlite_desk.call("POST", "/v1/allocations", body), 422, "bad-shape")


def test_the_longest_run_is_an_hour(sqlite_desk: Desk) -> None:
    """An hour is only just allowed."""
    assert sqlite_desk.post("/v1/allocations", {"seconds": 3600})["limits"]["seconds"] == 3600


@pytest.mark.parametrize("role", ["key_worker", "budget_holder", "provider", "administrator"])
def test_only_brokers_and_commissioners_ask(sqlite_desk: Desk, role: str) -> None:
    """Nobody else sets off a run or cancels one."""
    who = {"role": role, "provider_id": "maiden" if role == "provider" else None}
    refused(sqlite_desk.call("POST", "/v1/allocations", QUICK, **who), 403, "not-allowed")
    run = sqlite_desk.post("/v1/allocations", QUICK)
    path = f"/v1/allocations/{run['run_id']}/cancellation"
    refused(sqlite_desk.call("POST", path, **who), 403, "not-allowed")


def test_a_run_asked_for_twice_is_one(desk: Desk) -> None:
    """With an idempotency key the second call is answered as the first was."""
    key = {"Idempotency-Key": "night-0001"}
    first = desk.call("POST", "/v1/allocations", QUICK, headers=key)
    again = desk.call("POST", "/v1/allocations", QUICK, headers=key)
    assert again.status_code == 202
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert len(desk.get("/v1/allocations")["items"]) == 1


def test_runs_are_listed_in_pages_the_newest_first(desk: Desk) -> None:
    """Page after page gives each run once."""
    with desk.record.writing(SOFTWARE) as writing:
        limits = RunAsked(seconds=5).limits(60)
        asked = sorted(runs.ask(writing, limits, seed).run_id for seed in range(5))
    seen, cursor = [], ""
    while cursor is not None:
        page = desk.get(f"/v1/allocations?limit=2{cursor and '&cursor=' + cursor}")
        seen += [line["run_id"] for line in page["items"]]
        cursor = page["next"]
    assert seen == asked[::-1]


def test_a_done_run_tells_what_it_found(desk: Desk) -> None:
    """The summary holds status, stages with bounds, counts, cost, means and versions."""
    run = done(desk)
    assert (run["state"], run["attempts"], run["failure"]) == ("done", 1, None)
    summary = run["summary"]
    assert summary["status"] == "optimal"
    assert all(stage["bound"] == stage["value"] for stage in summary["stages"])
    counts = summary["counts"]
    assert counts["placed"] + counts["needs_approval"] + counts["unplaced"] == counts["waiting"]
    assert counts["waiting"] == 11
    assert summary["weekly_cost_gbp"] > 0
    assert summary["how"]
    assert summary["as_of"] == "2026-04-01"
    assert len(summary["inputs_sha256"]) == 64
    assert set(summary["versions"]) == {"carematch", "policy", "solver"}
    assert summary["today"]["status"] == "baseline"
    line = desk.get("/v1/allocations")["items"][0]
    assert (line["status"], line["placed"]) == ("optimal", counts["placed"])


def test_the_files_are_those_of_the_command_line(desk: Desk) -> None:
    """Each file of the allocation folder can be fetched, and they agree with each other."""
    run = done(desk)
    path = f"/v1/allocations/{run['run_id']}/files"
    assert run["files"] == [
        "summary.json",
        "placements.csv",
        "visit_times.csv",
        "unplaced.csv",
        "prices.csv",
    ]
    answered = {name: desk.call("GET", f"{path}/{name}") for name in run["files"]}
    assert json.loads(answered["summary.json"].text) == run["summary"]
    assert answered["summary.json"].headers["content-type"] == "application/json"
    assert answered["unplaced.csv"].headers["content-type"] == "text/csv; charset=utf-8"
    counts = run["summary"]["counts"]
    placements = answered["placements.csv"].text.splitlines()
    assert placements[0].startswith("request_id,provider_id,status,")
    assert len(placements) - 1 == counts["placed"] + counts["needs_approval"]
    assert len(answered["unplaced.csv"].text.splitlines()) - 1 == counts["unplaced"]
    refused(desk.call("GET", f"{path}/rates.csv"), 422, "bad-shape")


def test_a_run_without_an_answer_has_no_files(sqlite_desk: Desk) -> None:
    """What is not there yet is not found, and says so."""
    run = sqlite_desk.post("/v1/allocations", QUICK)
    path = f"/v1/allocations/{run['run_id']}/files/summary.json"
    told = refused(sqlite_desk.call("GET", path), 404, "not-found")
    assert told["value"] == "queued"
    for missing in ("", "/files/summary.json", "/proposals"):
        answered = sqlite_desk.call("GET", f"/v1/allocations/run-none{missing}")
        refused(answered, 404, "not-found")


def test_a_queued_run_is_cancelled_at_once(desk: Desk) -> None:
    """Nobody works a run that was cancelled while it waited, and it is cancelled once."""
    run = desk.post("/v1/allocations", QUICK)
    path = f"/v1/allocations/{run['run_id']}/cancellation"
    cancelled = desk.post(path)
    assert cancelled["state"] == "cancelled"
    assert cancelled["finished_at"] is not None
    assert not worker(desk).work_one()
    refused(desk.call("POST", path), 409, "conflict")


def test_a_running_run_is_asked_to_stop(desk: Desk) -> None:
    """Cancelling a run that somebody works marks it, however often it is said."""
    run = desk.post("/v1/allocations", QUICK)
    with desk.record.writing(SOFTWARE) as writing:
        claimed = runs.claim(writing, 30, 3)
    assert claimed is not None
    path = f"/v1/allocations/{run['run_id']}/cancellation"
    for _ in range(2):
        told = ok(desk.call("POST", path))
        assert (told["state"], told["cancel_asked"]) == ("running", True)


def test_a_done_run_cannot_be_cancelled(desk: Desk) -> None:
    """An end is an end."""
    run = done(desk)
    path = f"/v1/allocations/{run['run_id']}/cancellation"
    told = refused(desk.call("POST", path), 409, "conflict")
    assert told["value"] == "done"


def test_every_step_is_in_the_audit(desk: Desk) -> None:
    """Asked, started and finished are lines of the chain, with what the run was of."""
    run = done(desk)
    with desk.record.reading() as session:
        count, faults = verify_chain(session)
    assert faults == []
    assert count == 4  # the book loaded, and the three steps
    assert run["summary"]["inputs_sha256"]


def test_progress_tells_of_the_stage_under_way() -> None:
    """Value, bound and gap are those of the first stage that is not proved."""
    first, second = (
        Stage(name=name, unit="people", value=value, bound=bound)
        for name, value, bound in zip(("unplaced_red", "fit"), (3, 8), (3, 6), strict=True)
    )
    told = RunProgress.of(Report(stages=(first, second), placed=4, seconds=1.26))
    assert (told.stage, told.value, told.bound, told.gap) == (second.name, 8, 6, 0.25)
    assert (told.placed, told.seconds) == (4, 1.3)
    proved = RunProgress.of(Report(stages=(first,), placed=4, seconds=0))
    assert (proved.stage, proved.value, proved.bound, proved.gap) == (None, None, None, None)


def test_the_figures_count_runs_and_the_list(desk: Desk) -> None:
    """Prometheus is told how many wait, and how many runs are in each state."""
    done(desk)
    desk.post("/v1/allocations", QUICK)
    text = desk.call("GET", "/metrics", role="administrator").text
    assert 'carematch_runs{state="done"} 1.0' in text
    assert 'carematch_runs{state="queued"} 1.0' in text
    assert 'carematch_runs{state="failed"} 0.0' in text
    assert "carematch_requests_waiting 11.0" in text
