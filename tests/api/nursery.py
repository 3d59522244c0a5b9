"""A process that starts others on one record at once, so that many may be killed in little time.

It imports everything, opens the app and reads the market before it forks. No thread of its own
goes on, and no connection stays open, so its children may go on from there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import uvicorn
from fastapi.testclient import TestClient

from api.app import create_app
from api.clocks import Clock
from api.jobs import Worker
from api.logs import set_up_logs
from api.storage.record import Record
from api.storage.runs import run_book
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.policy import default_policy
from matcher.result import Limits
from matcher.solvers import solve
from tests.api.conftest import settings_at
from tests.api.desk import ok

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 30
"""Longer than a process should need for anything that a test waits for."""


class Nursery:
    """The process from without: starts children and kills them.

    Parameters
    ----------
    url
        Of the record.
    gazetteer
        Whose cache the children use.
    """

    def __init__(self, url: str, gazetteer: Gazetteer) -> None:
        command = [sys.executable, "-m", "tests.api.nursery", url, str(gazetteer._cache_dir or "")]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def start(self, what: str, *told: Any) -> int:
        """Start a child that works or books, and return its number."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([what, *told]), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def end(self) -> None:
        """End the process; its children are the test's to end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(SECONDS)


def _environment() -> dict[str, str]:
    # Nothing may go on beside a fork, and whoever is killed has no coverage to tell of.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    return {**kept, "OPENBLAS_NUM_THREADS": "1"}


@contextmanager
def nursery(url: str, gazetteer: Gazetteer) -> Iterator[Nursery]:
    """Give a nursery on one record."""
    found = Nursery(url, gazetteer)
    try:
        yield found
    finally:
        found.end()


def kill(child: int) -> None:
    """Kill a child as kill -9 does, and see that it is gone."""
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    wait_for(lambda: not lives(child))


def lives(child: int) -> bool:
    """Say whether a child is still there."""
    try:
        os.kill(child, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Wait until something is so, and fail if it takes too long."""
    until = monotonic() + seconds
    while not condition():
        assert monotonic() < until, "It took too long."
        sleep(0.005)


# -- within ------------------------------------------------------------------------------------


def work(record: Record, gazetteer: Gazetteer, _client: TestClient, lease_seconds: float) -> None:
    """Work runs until stopped or killed."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    # However often its workers are killed, a run is not to be given up for that here.
    update = {"lease_seconds": lease_seconds, "most_attempts": 1000}
    worker = Worker(record, gazetteer, record.settings.model_copy(update=update))
    worker.work_until(stop, idle_seconds=0.02)


def book(
    _record: Record, _gazetteer: Gazetteer, client: TestClient, key: str, holder: str, told: str
) -> None:
    """Book one person after another until killed, and write down what was answered.

    A budget holder agrees the money for each.
    """
    client.headers["Authorization"] = f"Bearer {key}"
    agreeing = {"Authorization": f"Bearer {holder}", "If-Match": '"1"'}
    answered = os.open(told, os.O_WRONLY | os.O_APPEND)
    with client:
        like, new = ok(client.get("/v1/requests/R-201"))["request"], {"waiting_since": None}
        for number in count(1):
            request_id = f"N-{os.getpid()}-{number}"
            ok(client.post("/v1/requests", json={**like, **new, "request_id": request_id}))
            agreed = {"reason": "As planned"}
            path = f"/v1/requests/{request_id}/money"
            ok(client.put(path, json=agreed, headers=agreeing))
            order_ref = _booked(client, request_id, by_offer=number % 2 == 0)
            os.write(answered, f"{order_ref} {request_id}\n".encode())
            if number % 3 == 0:
                body = {"ends_on": "2026-04-30", "reason": "moved_away"}
                ok(client.post(f"/v1/bookings/{order_ref}/end", json=body))


def serve(
    _record: Record, _gazetteer: Gazetteer, client: TestClient, port: int, hours_ahead: float
) -> None:
    """Answer over HTTP until ended or killed, on a machine whose clock is so far ahead."""
    own = Clock.own
    Clock.own = lambda clock: own(clock) + timedelta(hours=hours_ahead)  # type: ignore[method-assign]
    config = uvicorn.Config(client.app, port=port, log_config=None, access_log=False)
    uvicorn.Server(config).run()


def _booked(client: TestClient, request_id: str, *, by_offer: bool) -> str:
    """Book straight from a shortlist, or what was offered by telephone and chosen."""
    path = f"/v1/requests/{request_id}"
    if by_offer:
        rate = {"unit": "week", "amount_pence": 94_000}
        offered = {"provider_id": "poundbury", "told_by": "telephone", "rate": rate}
        body = {**offered, "start_date": "2026-04-06"}
        offer_id = ok(client.post(f"{path}/offers", json=body))["offer_id"]
        chosen = f"/v1/offers/{offer_id}/choice"
        ok(client.put(chosen, json={"chosen_by": "person"}, headers={"If-Match": '"1"'}))
        return str(ok(client.post(f"/v1/offers/{offer_id}/booking"))["order_ref"])
    shortlist = ok(client.post(f"{path}/shortlists", json={}))
    taken = {"provider_id": "poundbury", "chosen_by": "person"}
    body = {**taken, "shortlist_id": shortlist["shortlist_id"]}
    return str(ok(client.post(f"{path}/bookings", json=body))["order_ref"])


def main() -> None:
    """Fork a child for each line, and tell its number."""
    url, cache = sys.argv[1:]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are gone at once
    settings, gazetteer = settings_at(url), Gazetteer(Path(cache) if cache else None)
    set_up_logs(settings)
    record = Record(settings)
    app = create_app(settings, record=record, gazetteer=gazetteer)
    client = TestClient(app)
    # What every child would do first; then all connections go, for each child has its own.
    ok(client.get("/healthz"))
    with record.reading() as session:
        app.state.service.supply.market(session)
        waiting = run_book(session, record.clock.now(), record.clock.today())
    solve(Market(waiting, default_policy(), gazetteer), limits=Limits.reproducible(0.05))
    record.close()
    threads = len(list(Path("/proc/self/task").iterdir()))
    assert threads == 1, f"{threads} threads would not live on in the children"
    acts = {"work": work, "book": book, "serve": serve}
    for line in sys.stdin:
        what, *told = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                silence = os.open(os.devnull, os.O_RDWR)
                for stream in (0, 1):  # the numbers' own
                    os.dup2(silence, stream)
                acts[what](record, gazetteer, client, *told)
            finally:
                os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
