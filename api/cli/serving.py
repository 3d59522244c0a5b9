"""``carematch serve``: the service with a worker beside it, from a book or a record."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import structlog
import typer
import uvicorn

from api.acts.keys import make_key
from api.app import create_app
from api.cli.opening import COMMAND_LINE, open_record, require_migrated
from api.cli.stopping import end_in_time
from api.connections import Door, room_for, server_of
from api.errors import NotReadyError
from api.logs import set_up_logs
from api.schemas.keys import NewKey
from api.security import Role
from api.settings import LOOPBACK, Mode
from api.storage.anchoring import upgrade
from api.storage.books import holds_book, load
from api.storage.keys import has_keys
from api.storage.providers import first_provider
from api.storage.record import Record
from matcher.cli.books import open_book
from matcher.cli.screen import say

GRACE_SECONDS = 20
"""Seconds for calls under way, and for the worker beside, to end once the service is to stop."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a worker that died is started again: at first, and at most."""
TURN_SECONDS = 0.0005
"""A tenth of what is usual."""
DEMO_LIMIT_PENCE = 200_000
STOPPING = "Stopping: calls under way are answered, and a run under way is given back to the queue."
log = structlog.get_logger("carematch.serve")
LoadBook = Annotated[
    Path | None,
    typer.Option(
        "--load",
        metavar="BOOK",
        help="Set up first whatever is missing: tables, this book, and a key for each role.",
    ),
]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    book: LoadBook = None,
    worker: Annotated[
        bool, typer.Option(help="Whether to work runs as well, in a process beside.")
    ] = True,
) -> None:
    """Serve the record over HTTP, with a worker for the night's runs, until stopped."""
    with open_record(migrated=False) as record:
        require_free(host, port)
        if book is not None:
            set_up(record, book)
        require_migrated(record)
        set_up_logs(record.settings)
        if host not in LOOPBACK:
            say(f"Listening on {host} without encryption: put a server with TLS before it.")
        app = create_app(record.settings, record=record)
        room = room_for(record.settings.most_connections)
        door = Door(record.settings, room, app.state.service.figures)
        config = server_of(app, record.settings, door, host, port)
        config.timeout_graceful_shutdown = GRACE_SECONDS
        say(f"Carematch answers on http://{host}:{port} from {record.settings.shown}.")
        tell_what_is_missing(record)
        take_short_turns()
        ending = threading.Event()
        end_in_time(ending)
        server = Server(config, ending, door)
        with ending_gently(server), worker_beside(is_wanted=worker, ending=ending):
            server.run()


class Server(uvicorn.Server):
    """A server that says at once that it stops, however long it then takes.

    Parameters
    ----------
    config
        How it serves.
    ending
        Set when it is to stop.
    door
        Is looked at again and again, for connections that take too long.
    """

    def __init__(self, config: uvicorn.Config, ending: threading.Event, door: Door) -> None:
        super().__init__(config)
        self._ending, self._door = ending, door

    async def on_tick(self, counter: int) -> bool:
        """End what takes too long, ten times a second."""
        self._door.look(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; a second Ctrl-C waits for no more calls."""
        if not self._ending.is_set():
            self._ending.set()
            say(STOPPING)
        super().handle_exit(sig, frame)


def tell_what_is_missing(record: Record) -> None:
    """Say what the record needs before anybody can call: a book, and an API key."""
    if not holds_book(record):
        say("The record holds no book yet: load one with 'carematch load BOOK'.")
    with record.reading() as session:
        if not has_keys(session):
            say("Nobody can call yet: 'carematch key administrator --holder POST' makes a key.")


def take_short_turns() -> None:
    """Let threads take turns more often: one that reckons keeps the one that answers waiting."""
    sys.setswitchinterval(TURN_SECONDS)


def require_free(host: str, port: int) -> None:
    """Refuse an address that cannot be listened on, before anything else is done.

    Raises
    ------
    NotReadyError
        If somebody listens there already, or there is no such address.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        raise NotReadyError(
            f"Cannot listen on {host}:{port}: {error.strerror}.",
            thing="--host and --port",
            value=f"{host}:{port}",
            expected="an address of this machine and a port that is free",
        ) from error


@contextmanager
def ending_gently(server: Server) -> Iterator[None]:
    """Let a server alone answer to being ended, before it has begun and after it is done too.

    It raises the signal again when it is done.
    """
    before = {
        number: signal.signal(number, server.handle_exit)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def set_up(record: Record, book: Path) -> None:
    """Make the tables, load a book into an empty record, and show a key for each role.

    Raises
    ------
    NotReadyError
        In production, where each of these is a step that somebody takes by itself.
    """
    if record.settings.mode is Mode.PRODUCTION:
        raise NotReadyError(
            "--load is for trying things out: in production run 'carematch migrate', 'load' and "
            "'key', each by itself.",
            thing="--load",
            expected="CAREMATCH_MODE=development",
        )
    upgrade(record, COMMAND_LINE)
    if not holds_book(record):
        opened = open_book(book)
        load(record, opened.folder, opened.market)
        say(f"{opened.folder.book.title} is loaded into {record.settings.shown}.")
    else:
        say(f"{record.settings.shown} holds a book already, which is served; {book} is not loaded.")
    keys = list(first_keys(record))
    if not keys:
        say(
            "Its API keys were shown when they were made; 'carematch key ROLE --holder POST' makes "
            "another."
        )
    if record.settings.day is not None:
        say(f"  export CAREMATCH_DAY={record.settings.day}")
    for role, key in keys:
        say(f"  export {role.upper()}={key}")


def first_keys(record: Record) -> Iterator[tuple[Role, str]]:
    """Make a key for each role where there is none at all yet, and yield them."""
    with record.writing(COMMAND_LINE) as writing:
        if has_keys(writing.session):
            return
        provider_id = first_provider(writing.session)
        for role in Role:
            asked = NewKey(
                role=role,
                holder=f"demonstration {role.replace('_', ' ')}",
                provider_id=provider_id if role is Role.PROVIDER else None,
                limit_pence_per_week=DEMO_LIMIT_PENCE if role is Role.BUDGET_HOLDER else None,
            )
            yield role, make_key(writing, record.settings, asked).key


# -- the worker beside -------------------------------------------------------------------------


@contextmanager
def worker_beside(*, is_wanted: bool, ending: threading.Event | None = None) -> Iterator[None]:
    """Keep a worker process going while the block runs, and end it with it.

    Parameters
    ----------
    is_wanted
        Whether there is to be one.
    ending
        Set when the service is to stop: Ctrl-C ends its worker too, which is then not started
        again.
    """
    if not is_wanted:
        yield
        return
    keeper = Keeper([sys.executable, "-m", "api", "worker", "--beside"], ending=ending)
    keeper.start()
    try:
        yield
    finally:
        keeper.end()


class Keeper:
    """Starts a process, and starts it again whenever it ends, until told to end it.

    Parameters
    ----------
    command
        What to start.
    pause_seconds
        Seconds before it is first started again; longer each time it ends at once.
    ending
        Set when it is not to be started again.
    """

    def __init__(
        self,
        command: list[str],
        pause_seconds: float = FIRST_PAUSE,
        ending: threading.Event | None = None,
    ) -> None:
        self._command, self._pause = command, pause_seconds
        self._ending = ending or threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="worker", daemon=True)
        self._asking = threading.Thread(target=self._ask, name="worker end", daemon=True)

    def start(self) -> None:
        """Start it."""
        self._thread.start()
        self._asking.start()

    @property
    def process_id(self) -> int | None:
        """The process's number; ``None`` while there is none."""
        return None if self._process is None else self._process.pid

    def _keep(self) -> None:
        pause = self._pause
        while not self._ending.is_set():
            # Its input ends when this process does, however that dies.
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE)
            if self._ending.is_set():
                self._process.terminate()
            code = self._process.wait()
            if self._ending.is_set():
                return
            log.warning("worker ended", code=code, restart_seconds=pause)
            self._ending.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _ask(self) -> None:
        # As soon as the service is to stop, so that both take their time side by side.
        self._ending.wait()
        if self._process is not None:
            self._process.terminate()

    def end(self) -> None:
        """End it, gently first: it gives back the run that it works."""
        self._ending.set()
        process = self._process
        if process is not None and process.poll() is None:
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join(GRACE_SECONDS)
