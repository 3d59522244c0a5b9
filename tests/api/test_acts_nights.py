"""Tests of nights that do not go as planned: cut short, left behind, or with much to clear up."""

from __future__ import annotations

import pytest

from api.acts import runs
from api.nights import clear_up, nightly
from api.storage import runs as stored
from api.storage.record import SOFTWARE
from matcher.allocation import Allocation, Placed
from matcher.files.results import Summary
from matcher.result import Status
from tests.api.desk import Desk
from tests.api.offering import enquire, faults, history, let_pass
from tests.api.test_acts_proposals import proposed
from tests.api.test_acts_releases import audited
from tests.api.working import LIMITS, ask, open_proposals, run_of, take


def finished(desk: Desk, like: str, found: list[Placed], status: Status) -> str:
    """Return a run that ended with some proposals, in other things like another."""
    run_id = ask(desk)
    claimed = take(desk)
    assert claimed is not None
    summary = Summary.model_validate(run_of(desk, like).summary)
    ended = summary.model_copy(update={"status": status})
    with desk.record.writing(SOFTWARE) as writing:
        assert runs.finish(writing, claimed, Allocation(placed=tuple(found)), ended, {})
    return run_id


@pytest.mark.parametrize("names", [(), ("R-102",), ("R-102", "R-201")])
def test_a_night_cut_short_takes_nothing_from_the_one_before(
    desk: Desk, names: tuple[str, ...]
) -> None:
    """Only for whom it found somebody its proposals stand in place of the earlier ones."""
    first = proposed(desk)
    before = first["R-102"]["run_id"]
    placed = [Placed.model_validate(first[name]["placed"]) for name in names]
    run_id = finished(desk, before, placed, Status.CANCELLED)
    expected = dict.fromkeys(first, before) | dict.fromkeys(names, run_id)
    assert open_proposals(desk) == expected
    ((_, detail), *_) = audited(desk, "run.finished")
    assert detail["superseded"] == len(names)


@pytest.mark.parametrize("status", [Status.OPTIMAL, Status.FEASIBLE])
def test_a_whole_night_stands_in_place_of_the_one_before(desk: Desk, status: Status) -> None:
    """Whatever it found, proved to be best or not."""
    first = proposed(desk)
    placed = Placed.model_validate(first["R-102"]["placed"])
    run_id = finished(desk, first["R-102"]["run_id"], [placed], status)
    assert open_proposals(desk) == {"R-102": run_id}


def test_what_came_too_late_is_in_the_audit(desk: Desk) -> None:
    """Somebody ended while the run went on: her proposal is stale from the first."""
    first = proposed(desk)
    placed = Placed.model_validate(first["R-102"]["placed"])
    desk.post("/v1/requests/R-102/end", {"reason": "died"})
    run_id = finished(desk, first["R-102"]["run_id"], [placed], Status.OPTIMAL)
    (late,) = desk.get(f"/v1/allocations/{run_id}/proposals")["items"]
    assert late["state"] == "stale"
    ((subject, detail), *_) = audited(desk, "run.finished")
    assert (subject, detail["stale"]) == (run_id, [late["proposal_id"]])


def test_a_run_cancelled_after_its_worker_died_is_in_the_audit(desk: Desk) -> None:
    """Asked to stop is one line, and that it did stop another."""
    run_id = ask(desk)
    take(desk, lease_seconds=-1)
    desk.post(f"/v1/allocations/{run_id}/cancellation")
    assert take(desk) is None
    assert run_of(desk, run_id).state == stored.CANCELLED
    assert audited(desk, "run.left_behind") == [(run_id, {"attempts": 1})]
    assert faults(desk) == []


def test_the_night_closes_what_has_passed(desk: Desk) -> None:
    """Who let the whole window pass is noted as silent, though nobody opened another enquiry."""
    passed, going_on = enquire(desk, "maiden"), enquire(desk, "frome", request_id="R-103")
    let_pass(desk, passed)
    night = nightly(desk.record, desk.gazetteer, LIMITS, 0)
    assert night.enquiries_closed == 1
    assert history(desk) == [("maiden", "no_reply")]
    assert [subject for subject, _ in audited(desk, "enquiry.closed")] == [passed["enquiry_id"]]
    assert desk.get(f"/v1/enquiries/{going_on['enquiry_id']}")["is_open"]


def test_nothing_is_cleared_up_twice(desk: Desk) -> None:
    """The second time there is nothing to close and nothing to note."""
    let_pass(desk, enquire(desk, "maiden"))
    assert clear_up(desk.record).enquiries_closed == 1
    assert clear_up(desk.record) == (0, 0, 0)
    assert history(desk) == [("maiden", "no_reply")]
