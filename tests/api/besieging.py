"""A service in a process of its own, attacked with bare sockets from several addresses."""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from api.cli.serving import first_keys
from api.security import Role
from api.storage.record import Record
from tests.api.conftest import settings_at
from tests.api.desk import DAY

SECONDS = 60
"""Until a service has started, an answer has come or a connection has ended, at most."""
GONE = select.POLLHUP | select.POLLERR | select.POLLRDHUP
ENDED = (ConnectionError, TimeoutError)


@dataclass(frozen=True)
class Besieged:
    """A service that listens.

    Parameters
    ----------
    port
        On the loopback.
    log
        What it writes to standard error.
    key
        A broker's.
    process_id
        Its process.
    """

    port: int
    log: Path
    key: str
    process_id: int

    def connected(self, source: str = "127.0.0.1") -> socket.socket:
        """Return a new connection from an address of the loopback."""
        return socket.create_connection(
            ("127.0.0.1", self.port), timeout=SECONDS, source_address=(source, 0)
        )

    def answer(
        self,
        path: str = "/healthz",
        *headers: str,
        method: str = "GET",
        source: str = "127.0.0.1",
        body: bytes = b"",
    ) -> str:
        """Return the whole answer to one call on a connection of its own."""
        with self.connected(source) as connection:
            try:
                connection.sendall(head(method, path, "Connection: close", *headers) + body)
            except ConnectionError:
                return ""
            return heard(connection)

    def signed(self) -> str:
        """Return the header that signs a call in."""
        return f"Authorization: Bearer {self.key}"

    def handles(self) -> int:
        """Return how many handles it has open."""
        return sum(1 for _ in Path(f"/proc/{self.process_id}/fd").iterdir())


def head(method: str, path: str, *headers: str) -> bytes:
    """Return the line and headers of a call."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: here", *headers, "", ""]).encode()


def heard(connection: socket.socket) -> str:
    """Return all that comes until the other side ends the connection."""
    said = b""
    try:
        while part := connection.recv(65_536):
            said += part
    except ENDED:
        pass
    return said.decode("latin-1")


def status_of(answer: str) -> int:
    """Return the status of an answer; 0 where the connection ended without one.

    A connection that nobody took may have been made to itself, and hears what it said.
    """
    return int(answer.split(" ", 2)[1]) if answer.startswith("HTTP/") else 0


def is_ended(connection: socket.socket) -> bool:
    """Say whether the other side has ended a connection, whatever is still to be read."""
    poll = select.poll()
    poll.register(connection, GONE)
    return bool(poll.poll(0))


def wait_for(is_so: Callable[[], bool], meanwhile: Callable[[], object] = lambda: None) -> None:
    """Wait until something is so, doing something again and again, and fail if it takes long."""
    until = monotonic() + SECONDS
    while not is_so():
        assert monotonic() < until, "It took too long."
        meanwhile()
        sleep(0.02)


@contextmanager
def besieged(file: Path, folder: Path, handles: int = 1_024, **settings: str) -> Iterator[Besieged]:
    """Give a service on a copy of a record, in a process that may have so many handles."""
    copied = Path(shutil.copy(file, folder / "served.db"))
    url = f"sqlite:///{copied}"
    record = Record(settings_at(url))
    key = dict(first_keys(record))[Role.BROKER]
    record.close()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = {**os.environ, "CAREMATCH_DATABASE_URL": url, "CAREMATCH_DAY": DAY, **settings}
    limited = f'ulimit -n {handles}; exec "$@"'
    words = [sys.executable, "-m", "api", "serve", "--no-worker", "--port", str(port)]
    log = folder / "said"
    with log.open("w") as said:
        process = subprocess.Popen(
            ["sh", "-c", limited, "sh", *words], env=environment, stderr=said
        )
    service = Besieged(port, log, key, process.pid)
    try:
        wait_for(lambda: answers(service))
        yield service
    finally:
        process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def answers(service: Besieged) -> bool:
    """Say whether a service answers by now."""
    try:
        return status_of(service.answer("/readyz")) == 200
    except ENDED:
        return False
