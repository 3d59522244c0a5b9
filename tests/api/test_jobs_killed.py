"""Tests of workers that are killed at any moment: no run is lost, and none is done twice."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Sequence
from time import sleep

from sqlalchemy import func, select

from api.acts import runs
from api.storage.chain import verify_chain
from api.storage.checking import ledger_faults
from api.storage.record import SOFTWARE
from api.tables import AuditRow, ProposalRow, RequestRow, RunRow, UnplacedRow
from matcher.files.results import Summary
from matcher.geography import Gazetteer
from matcher.result import Limits
from tests.api.desk import Desk
from tests.api.nursery import Nursery, kill, lives, nursery, wait_for

RUNS = KILLS = 50
LEASE_SECONDS = 0.3
LONGEST_LIFE = 0.2
"""Seconds from taking up a run until the worker is killed, at most: longer than most runs take."""
LIMITS = Limits.reproducible(0.05)
LOOKED_FOR = ("R-102", "R-103", "R-104", "R-201")
"""Few, so that a run takes little time; R-103 and R-104 need what only one of them can have."""
PATIENCE = 120
"""Seconds for the survivor, on a machine that has much else to do."""


def test_no_run_is_lost_or_doubled_when_workers_are_killed(
    desk: Desk, loaded_url: str, gazetteer: Gazetteer
) -> None:
    """Fifty workers are killed at random moments of fifty runs; the last one finishes them all."""
    with desk.record.writing(SOFTWARE) as writing:
        others = RequestRow.request_id.not_in(LOOKED_FOR) & (RequestRow.state == "waiting")
        for row in writing.session.scalars(select(RequestRow).where(others)):
            row.state = "ended"
        asked = [runs.ask(writing, LIMITS, seed).run_id for seed in range(RUNS)]
    chance = random.Random(4)
    with nursery(loaded_url, gazetteer) as workers:
        for _ in range(KILLS):
            killed_at_random(desk, workers, chance)
        survivor = workers.start("work", LEASE_SECONDS)
        wait_for(lambda: left(desk) == 0, PATIENCE)
        os.kill(survivor, signal.SIGTERM)
        wait_for(lambda: not lives(survivor))
    require_each_done_once(desk, asked)


def killed_at_random(desk: Desk, workers: Nursery, chance: random.Random) -> None:
    """Start a worker, and kill it some time after it has taken up a run."""
    started = lines(desk, "run.started")
    child = workers.start("work", LEASE_SECONDS)
    wait_for(lambda: lines(desk, "run.started") > started or left(desk) == 0)
    sleep(chance.uniform(0, LONGEST_LIFE))
    kill(child)


def left(desk: Desk) -> int:
    """Return how many runs have not ended."""
    with desk.record.reading() as session:
        query = select(func.count()).where(RunRow.state.in_(("queued", "running")))
        return session.scalar(query) or 0


def lines(desk: Desk, action: str) -> int:
    """Return how many audit lines there are of an action."""
    with desk.record.reading() as session:
        return session.scalar(select(func.count()).where(AuditRow.action == action)) or 0


def require_each_done_once(desk: Desk, asked: Sequence[str]) -> None:
    """Fail unless every run that was asked for is done, once, with one set of proposals."""
    with desk.record.reading() as session:
        rows = session.scalars(select(RunRow)).all()
        proposals = session.scalars(select(ProposalRow)).all()
        unplaced = session.scalars(select(UnplacedRow.run_id)).all()
        finished = session.scalars(
            select(AuditRow.subject).where(AuditRow.action == "run.finished").order_by("number")
        ).all()
        started = session.scalars(
            select(AuditRow.subject).where(AuditRow.action == "run.started")
        ).all()
        assert verify_chain(session)[1] == []
        assert ledger_faults(session, desk.record.clock.now()) == []
    assert sorted(row.run_id for row in rows) == sorted(asked)
    assert {row.state for row in rows} == {"done"}
    assert sorted(finished) == sorted(asked)
    attempts = Counter(started)
    assert {row.run_id: row.attempts for row in rows} == attempts
    assert attempts.total() > RUNS, "no worker was killed while it worked"
    for row in rows:
        counts = Summary.model_validate(row.summary).counts
        own = [each.request_id for each in proposals if each.run_id == row.run_id]
        assert len(own) == len(set(own)) == counts.placed + counts.needs_approval
    still_open = [each for each in proposals if each.state == "open"]
    assert len({each.request_id for each in still_open}) == len(still_open) > 0
    assert {each.run_id for each in still_open} == {finished[-1]} == set(unplaced)
