"""How many shortlists the service gives in a second, beside an empty route of the same process.

Run ``python -m benchmarks.service``. One server process and one client process, on the county book
in a SQLite file, over the loopback. Appends a line to ``results/service.jsonl``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

from api.acts.keys import make_key
from api.app import create_app
from api.cli.serving import Server, take_short_turns
from api.connections import Door, server_of
from api.logs import set_up_logs
from api.schemas.keys import NewKey
from api.security import Role
from api.settings import Settings
from api.storage.books import load
from api.storage.migrating import migrate
from api.storage.record import SOFTWARE, Record
from benchmarks.ledger import record as keep
from benchmarks.measuring import table
from matcher.eligibility import request_refusals
from matcher.files.book import BookFolder
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import CareRequest
from matcher.policy import default_policy
from matcher.synthetic import CountySpec, generate

COUNTY = CountySpec(agencies=60, homes=125, waiting_homecare=120)
CONNECTIONS = 8
WARM_UP, EACH, MANY = 200, 2_000, 20_000
"""Calls before anything is measured, for each figure, and for the memory."""
ROUNDS = 5
BOOKED_EACH = 3
"""Of so many kept shortlists one is followed by a booking."""
RUN_SECONDS = 30.0
"""Of the allocation that goes on beside shortlists."""
START_SECONDS = 60.0
BARE, BARE_ON_LOOP = "/bare", "/bare-on-loop"
"""Empty routes as most write them, answered by a thread, and as asynchronous functions."""
JSON = {"Content-Type": "application/json"}


def bare_app() -> FastAPI:
    """Return an app with routes that do nothing."""
    app = FastAPI()

    @app.get(BARE)
    def nothing() -> dict[str, str]:
        return {}

    @app.get(BARE_ON_LOOP)
    async def nothing_on_loop() -> dict[str, str]:
        return {}

    return app


def beside(app: ASGIApp, bare: ASGIApp) -> ASGIApp:
    """Return an app that answers from the bare one where the path says so."""

    async def either(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = bare if scope.get("path") in {BARE, BARE_ON_LOOP} else app
        await chosen(scope, receive, send)

    return either


def settings_at(path: Path) -> Settings:
    """Return the settings of a service on a file, on the county's day."""
    return Settings(
        database_url=SecretStr(f"sqlite:///{path}"), day=COUNTY.as_of, calls_per_minute=0
    )


def serve(path: Path, port: int) -> None:
    """Serve a file until ended: the server process."""
    settings = settings_at(path)
    set_up_logs(settings)
    take_short_turns()
    app = create_app(settings)
    door = Door(settings, settings.most_connections, app.state.service.figures)
    config = server_of(beside(app, bare_app()), settings, door, "127.0.0.1", port)
    Server(config, threading.Event(), door).run()


@dataclass(frozen=True)
class Prepared:
    """A record with the county's book, a broker's key, and whom shortlists are asked for."""

    path: Path
    key: str
    requests: tuple[CareRequest, ...]

    @cached_property
    def bodies(self) -> list[bytes]:
        """Calls for a shortlist of each request, as of any other."""
        return [
            json.dumps({"request": request.model_dump(mode="json")}).encode()
            for request in self.requests
        ]


def prepare(folder: Path) -> Prepared:
    """Return a new record with the county's book."""
    gazetteer = Gazetteer()
    book = generate(COUNTY, gazetteer)
    policy = default_policy()
    market = Market(book, policy, gazetteer)
    path = folder / "county.db"
    record = Record(settings_at(path))
    migrate(record.engine)
    load(record, BookFolder(book, policy, None, ()), market)
    with record.writing(SOFTWARE) as writing:
        asked = NewKey(role=Role.BROKER, holder="benchmark")
        key = make_key(writing, record.settings, asked).key
    record.close()
    requests = (each for each in book.waiting if not request_refusals(each, book, policy))
    return Prepared(path, key, tuple(requests))


# -- the client --------------------------------------------------------------------------------


class Client:
    """Sends the same kinds of call over a few connections, each waiting for its answer.

    Parameters
    ----------
    port
        Of the server on the loopback.
    key
        The broker's.
    """

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"

    def call(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return a call as it goes over the wire."""
        kind = "Content-Type: application/json\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\n{self._head}{kind}Content-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, call: bytes
    ) -> tuple[int, bytes]:
        writer.write(call)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = next(
            int(line.split(":")[1])
            for line in head.split("\r\n")
            if line.lower().startswith("content-length:")
        )
        return int(head.split(" ", 2)[1]), await reader.readexactly(length)

    async def _one(self, calls: Iterator[bytes], seconds: list[float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        for call in calls:
            began = monotonic()
            status, body = await self._answer(reader, writer, call)
            seconds.append(monotonic() - began)
            if status not in {200, 201, 202}:
                raise RuntimeError(f"{status}: {body.decode()[:300]}")
        writer.close()

    async def _all(self, calls: Sequence[bytes], connections: int) -> tuple[float, list[float]]:
        shared, seconds = iter(calls), list[float]()
        began = monotonic()
        await asyncio.gather(*(self._one(shared, seconds) for _ in range(connections)))
        return monotonic() - began, seconds

    def run(
        self, calls: Sequence[bytes], connections: int = CONNECTIONS
    ) -> tuple[float, list[float]]:
        """Return how long calls took together, and each of them, in seconds."""
        return asyncio.run(self._all(calls, connections))

    def ask(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        """Return the document that one call is answered."""

        async def once() -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            _, answer = await self._answer(reader, writer, self.call(method, path, body))
            writer.close()
            return answer

        found: dict[str, Any] = json.loads(asyncio.run(once()))
        return found


@contextmanager
def process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that ends with the block; its log lines go to a file, as they would."""
    with tempfile.TemporaryFile() as log:
        started = subprocess.Popen(
            [sys.executable, *arguments], env={**os.environ, **environment}, stderr=log
        )
        try:
            yield started
        finally:
            started.send_signal(signal.SIGTERM)
            started.wait(30)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def await_ready(client: Client) -> None:
    """Wait until the server answers.

    Raises
    ------
    TimeoutError
        If it does not.
    """
    until = monotonic() + START_SECONDS
    while monotonic() < until:
        try:
            client.run([client.call("GET", "/readyz")], 1)
        except (OSError, RuntimeError, asyncio.IncompleteReadError):
            sleep(0.1)
        else:
            return
    raise TimeoutError(f"The server does not answer within {START_SECONDS:g} s.")


def resident_mb(process_id: int) -> float:
    """Return the memory that a process holds, MB."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def share(seconds: Sequence[float], percent: int) -> float:
    """Return the time that so many percent of calls took at most, milliseconds."""
    return round(statistics.quantiles(seconds, n=100)[percent - 1] * 1000, 2)


# -- figures -----------------------------------------------------------------------------------


def figures(client: Client, bodies: Sequence[bytes], server_id: int) -> dict[str, Any]:
    """Return throughput beside the empty route, latencies, and memory over many calls."""

    def shortlists(count: int) -> list[bytes]:
        chosen = [bodies[number % len(bodies)] for number in range(count)]
        return [client.call("POST", "/v1/shortlists", body) for body in chosen]

    bare, on_loop = ([client.call("GET", path)] * EACH for path in (BARE, BARE_ON_LOOP))
    for calls in (shortlists(WARM_UP), bare[:WARM_UP], on_loop[:WARM_UP]):
        client.run(calls)
    ratios, ratios_on_loop, times = [], [], list[float]()
    for _ in range(ROUNDS):
        bare_took, _ = client.run(bare)
        took, seconds = client.run(shortlists(EACH))
        on_loop_took, _ = client.run(on_loop)
        ratios.append(bare_took / took)
        ratios_on_loop.append(on_loop_took / took)
        times += seconds
    before = resident_mb(server_id)
    client.run(shortlists(MANY))
    after = resident_mb(server_id)
    alone = client.run(shortlists(EACH))[1]
    run = client.ask("POST", "/v1/allocations", json.dumps({"seconds": RUN_SECONDS}).encode())
    path = f"/v1/allocations/{run['run_id']}"
    while client.ask("GET", path)["state"] == "queued":
        sleep(0.2)
    sleep(2.0)
    beside_run = client.run(shortlists(EACH))[1]
    state = client.ask("GET", path)["state"]
    return {
        "throughput_ratio": round(statistics.median(ratios), 3),
        "throughput_ratio_on_loop": round(statistics.median(ratios_on_loop), 3),
        "p50_ms": share(times, 50),
        "p95_ms": share(times, 95),
        "p99_ms": share(times, 99),
        "p99_over_p50": round(share(times, 99) / share(times, 50), 2),
        "memory_mb": [before, after],
        "calls": MANY,
        "p95_beside_run_ratio": round(share(beside_run, 95) / share(alone, 95), 2),
        "run_state_at_end": state,
        "connections": CONNECTIONS,
    }


def kept_figures(client: Client, prepared: Prepared) -> dict[str, Any]:
    """Return how long shortlists that are kept take one by one, with bookings between them.

    Each is a change of the record that holds its options; each booking changes capacity and the
    fairness ledger, so that the market is never the one that was in memory.
    """
    alone = client.run([client.call("POST", "/v1/shortlists", b) for b in prepared.bodies], 1)[1]
    seconds, booked = [], 0
    for number, request in enumerate(prepared.requests):
        path = f"/v1/requests/{request.request_id}"
        began = monotonic()
        made = client.ask("POST", f"{path}/shortlists", b"{}")
        seconds.append(monotonic() - began)
        free = [each for each in made["shortlist"]["options"] if not each["needs_approval"]]
        if number % BOOKED_EACH == 0 and free:
            taken = {"provider_id": free[0]["provider_id"], "chosen_by": "person"}
            body = {"shortlist_id": made["shortlist_id"], **taken}
            booked += "order_ref" in client.ask(
                "POST", f"{path}/bookings", json.dumps(body).encode()
            )
    return {
        "kept_p50_ms": share(seconds, 50),
        "kept_p95_ms": share(seconds, 95),
        "kept_over_any_p50": round(share(seconds, 50) / share(alone, 50), 2),
        "booked_between": booked,
    }


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", nargs=2, metavar=("FILE", "PORT"), help="be the server")
    chosen = parser.parse_args()
    if chosen.serve:
        serve(Path(chosen.serve[0]), int(chosen.serve[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        prepared, port = prepare(Path(folder)), free_port()
        client = Client(port, prepared.key)
        environment = {
            "CAREMATCH_DATABASE_URL": f"sqlite:///{prepared.path}",
            "CAREMATCH_DAY": str(COUNTY.as_of),
        }
        serving = ("-m", "benchmarks.service", "--serve", str(prepared.path), str(port))
        with process(*serving) as server, process("-m", "api", "worker", **environment):
            await_ready(client)
            row = figures(client, prepared.bodies, server.pid) | kept_figures(client, prepared)
    keep("service", {"instance": f"county, {len(prepared.requests)} requests", **row})
    print(table(list(row), [[str(value) for value in row.values()]]))


if __name__ == "__main__":
    main()
