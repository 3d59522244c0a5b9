"""A morning at the council: many do many things at once, while machines die, stop and tell lies."""

from __future__ import annotations

import os
import random
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import httpx2
from sqlalchemy import select

from api.tables import AuditRow, BookingRow, CommitmentRow, RecordRow, RequestRow, RunRow
from matcher.geography import Gazetteer
from tests.api.desk import Desk
from tests.api.nursery import Nursery, kill, nursery, wait_for
from tests.api.offering import bed_terms, faults
from tests.api.test_bookings_killed import widen

ACTS, CLIENTS, SERVERS, WORKERS = 500, 8, 3, 2
KILLED_AT, STOPPED_AT = ACTS // 4, ACTS // 2
STOPPED_SECONDS = 3.0
PATIENCE = 60.0
"""Seconds for which a caller tries again: longer than any of this should take."""
USUAL = frozenset({200, 201, 202, 400, 409, 412})
LIMITS = {"seconds": 1, "deterministic_time": 0.05}


@dataclass
class Servers:
    """Servers on one record, some of which may not answer.

    Parameters
    ----------
    ports, children
        Where each listens, and its process.
    """

    ports: list[int]
    children: list[int]
    is_well: list[bool] = field(default_factory=lambda: [True] * SERVERS)

    def start_workers(self, children: Nursery) -> list[int]:
        """Start workers, which end with the servers, and return their processes."""
        found = [children.start("work", 1.0) for _ in range(WORKERS)]
        self.children += found
        return found

    def address(self, number: int) -> str:
        """Return where a server answers."""
        return f"http://127.0.0.1:{self.ports[number]}"

    def well(self) -> list[str]:
        """Return where those answer that are neither dead nor stopped."""
        return [self.address(number) for number in range(SERVERS) if self.is_well[number]]


@contextmanager
def serving(children: Nursery) -> Iterator[Servers]:
    """Give three servers, one of them on a machine whose clock is an hour fast."""
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(SERVERS)]
    ports = [each.getsockname()[1] for each in listening]
    for each in listening:
        each.close()
    ahead = [0, 0, 1]
    found = Servers(
        ports, [children.start("serve", *each) for each in zip(ports, ahead, strict=True)]
    )
    try:
        for port in ports:
            wait_for(lambda port=port: answers(f"http://127.0.0.1:{port}/readyz"))
        yield found
    finally:
        for child in found.children:
            kill(child)


def answers(url: str) -> bool:
    """Say whether a server answers, and that it is ready."""
    try:
        return httpx2.get(url, timeout=PATIENCE).is_success
    except httpx2.ConnectError:
        return False


class Told:
    """What callers were told, all together."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.acts = 0
        self.statuses: Counter[int] = Counter()
        self.created: set[str] = set()
        self.orders: dict[str, str] = {}
        self.runs: set[str] = set()

    def answered(self, status: int) -> None:
        """Count an act that was answered."""
        with self.lock:
            self.acts += 1
            self.statuses[status] += 1


class Client:
    """Somebody who calls whichever server answers, each act once however often it is sent."""

    def __init__(self, key: str, holder: str, servers: Servers, told: Told, number: int) -> None:
        self._key, self._holder, self._servers, self._told = key, holder, servers, told
        self._chance = random.Random(number)
        self._name, self._people = f"M-{number}", 0
        self._http = httpx2.Client(timeout=PATIENCE / 6)

    def act(
        self, method: str, path: str, body: Any, version: int | None = None, key: str = ""
    ) -> Any:
        """Return what an act is answered: its document where it was done, ``None`` otherwise."""
        headers = {
            "Authorization": f"Bearer {key or self._key}",
            "Idempotency-Key": str(uuid4()),
        }
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        until = monotonic() + PATIENCE
        while True:
            assert monotonic() < until, f"{method} {path} was never answered."
            address = self._servers.address(self._chance.randrange(SERVERS))
            try:
                answer = self._http.request(method, address + path, json=body, headers=headers)
            except httpx2.TransportError:
                sleep(0.02)
                continue
            if answer.status_code == 503:
                assert "retry-after" in answer.headers
                sleep(0.05)
                continue
            assert answer.status_code in USUAL, answer.text
            self._told.answered(answer.status_code)
            return answer.json() if answer.is_success else None

    def go_on(self, like: dict[str, Any]) -> None:
        """Do one thing after another until all have done enough between them."""
        with self._http:
            while self._told.acts < ACTS:
                self._people += 1
                self._serve({**like, "request_id": f"{self._name}-{self._people}"})

    def _serve(self, request: dict[str, Any]) -> None:
        """See somebody through from the list to a bed, or some of the way."""
        name, path = request["request_id"], f"/v1/requests/{request['request_id']}"
        if self.act("POST", "/v1/requests", request) is None:
            return
        self._told.created.add(name)
        self.act("PUT", f"{path}/money", {"reason": "As planned"}, 1, self._holder)
        if self._chance.random() < 0.1:
            run = self.act("POST", "/v1/allocations", LIMITS)
            self._told.runs |= {run["run_id"]} if run else set()
        way = self._chance.choice((self._by_offer, self._from_shortlist))
        order = way(path)
        if order is None:
            return
        with self._told.lock:
            assert order["order_ref"] not in self._told.orders
            self._told.orders[order["order_ref"]] = name
        if self._chance.random() < 0.5:
            body = {"reason": "moved_away", "ends_on": "2026-04-30"}
            self.act("POST", f"/v1/bookings/{order['order_ref']}/end", body, order["version"])

    def _by_offer(self, path: str) -> Any:
        offer = self.act(
            "POST",
            f"{path}/offers",
            bed_terms() | {"provider_id": "poundbury"} | {"told_by": "telephone"},
        )
        if offer is None:
            return None
        where = f"/v1/offers/{offer['offer_id']}"
        self.act("PUT", f"{where}/choice", {"chosen_by": "person"}, offer["version"])
        return self.act("POST", f"{where}/booking", None)

    def _from_shortlist(self, path: str) -> Any:
        made = self.act("POST", f"{path}/shortlists", {})
        if made is None or not made["shortlist"]["options"]:
            return None
        chosen = {
            "provider_id": made["shortlist"]["options"][0]["provider_id"],
            "chosen_by": "person",
        }
        return self.act(
            "POST", f"{path}/bookings", {**chosen, "shortlist_id": made["shortlist_id"]}
        )


def watch(servers: Servers, key: str, over: Event) -> list[float]:
    """Return how long health, readiness and a read took at every server that is well."""
    took = []
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(timeout=PATIENCE / 6, headers=headers) as client:
        while not over.wait(0.05):
            for address in servers.well():
                for path in ("/healthz", "/readyz", "/v1/requests/R-100"):
                    began = monotonic()
                    try:
                        answer = client.get(address + path)
                    except httpx2.TransportError:
                        assert address not in servers.well()
                        continue
                    took.append(monotonic() - began)
                    # On a busy machine it may say that it is not ready, but not be silent.
                    usual = {200, 503} if path == "/readyz" else {200}
                    assert answer.status_code in usual or address not in servers.well()
    return took


def disturb(servers: Servers, told: Told, working: list[int]) -> None:
    """Kill one server and one worker in the middle of it, and stop another server for a while."""
    wait_for(lambda: told.acts >= KILLED_AT, PATIENCE)
    servers.is_well[0] = False
    kill(servers.children[0])
    kill(working[0])
    wait_for(lambda: told.acts >= STOPPED_AT, PATIENCE)
    servers.is_well[1] = False
    os.kill(servers.children[1], signal.SIGSTOP)
    sleep(STOPPED_SECONDS)
    os.kill(servers.children[1], signal.SIGCONT)


def test_nothing_is_lost_or_doubled_in_a_morning_of_mishaps(
    desk: Desk, loaded_url: str, gazetteer: Gazetteer, record_property: Any
) -> None:
    """Of three servers one is killed, one stopped, and one has a wrong clock; a worker dies too."""
    widen(desk)
    like = desk.get("/v1/requests/R-201")["request"] | {"waiting_since": None}
    told, over, key, holder = Told(), Event(), desk.key(), desk.key("budget_holder")
    with nursery(loaded_url, gazetteer) as children, serving(children) as servers:
        working = servers.start_workers(children)
        with ThreadPoolExecutor(CLIENTS + 2) as crowd:
            watching = crowd.submit(watch, servers, key, over)
            disturbing = crowd.submit(disturb, servers, told, working)
            clients = [Client(key, holder, servers, told, number) for number in range(CLIENTS)]
            going = [crowd.submit(client.go_on, like) for client in clients]
            try:
                for each in [*going, disturbing]:
                    each.result()
            finally:
                over.set()
            took = watching.result()
        wait_for(lambda: not runs_left(desk), PATIENCE)
    record_property("longest_read_seconds", round(max(took), 3))
    assert told.acts >= ACTS
    assert sum(told.statuses[status] for status in (200, 201, 202)) > ACTS / 2
    require_agreement(desk, told)


def runs_left(desk: Desk) -> int:
    """Return how many runs have not ended."""
    with desk.record.reading() as session:
        states = session.scalars(select(RunRow.state)).all()
    return sum(state in {"queued", "running"} for state in states)


def require_agreement(desk: Desk, told: Told) -> None:
    """Fail unless the record holds all that was answered, once, and agrees with itself."""
    assert faults(desk) == []
    with desk.record.reading() as session:
        people = session.scalars(
            select(RequestRow.request_id).where(RequestRow.request_id.like("M-%"))
        ).all()
        ordered = session.scalars(select(BookingRow).where(BookingRow.request_id.like("M-%"))).all()
        made = session.scalars(select(AuditRow.subject).where(AuditRow.action == "booking.made"))
        made_of = Counter(made.all())
        count = session.scalars(select(RecordRow.order_count)).one()
        runs = set(session.scalars(select(RunRow.run_id)).all())
        taken = session.scalars(
            select(CommitmentRow.request_id).where(CommitmentRow.kind == "booking")
        ).all()
    orders = {row.order_ref: row.request_id for row in ordered}
    assert told.created == set(people)
    assert told.orders == orders
    assert made_of == Counter(orders.keys())
    assert count == len(orders)
    assert Counter(taken) == Counter(orders.values())
    assert set(Counter(orders.values()).values()) == {1}
    assert told.runs == runs
