"""Work spread over processes of this machine or of a Dask cluster; none is lost with a process."""

from __future__ import annotations

import logging
import pickle
import queue
import signal
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from matcher import __version__
from matcher.errors import DataSourceError, WorkerLostError

if TYPE_CHECKING:
    from distributed import Client, Future

Item = TypeVar("Item")
Result = TypeVar("Result")
POLL_SECONDS = 0.05
"""How often it is asked here whether to stop."""
ASK_SECONDS = 0.2
"""How often a process at work asks whether it is to stop."""
LAST_WORDS_SECONDS = 2.0
"""How long the messages of work that is done are waited for."""
LOOK_SECONDS = 1.0
"""How often it is looked how many workers there are."""
CONNECT_SECONDS = 30.0
"""How long a cluster may take to answer, or be without any worker."""


@dataclass(frozen=True)
class Channel:
    """How a function reaches whoever waits for its result, from any of its threads.

    Parameters
    ----------
    tell
        Sends a message, which must pickle.
    is_cancelled
        Whether the work was asked to stop.
    """

    tell: Callable[[Any], None]
    is_cancelled: Callable[[], bool]

    @property
    def cancelled(self) -> bool:
        """Whether the work was asked to stop, which is never taken back."""
        return self.is_cancelled()


def spread(
    function: Callable[[Item, Channel], Result],
    items: Iterable[Item],
    *,
    processes: int = 1,
    cluster: str | None = None,
    attempts: int = 3,
    on_message: Callable[[int, Any], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Generator[Result, None, None]:
    """Yield ``function(item, channel)`` of every item, in the order of the items.

    Work goes on only while a result is waited for, and closing the iterator ends it. No more items
    than there are workers are taken up at a time. With one process and no cluster all is done in
    this process. An item whose process died is given to another one, which tells its messages
    again. Asking to stop takes no item away: the function has to look, and to return soon.

    Parameters
    ----------
    function
        A function of a module, in which items, results and messages pickle.
    items
        What to work at, taken one by one as workers become free.
    processes
        Processes of this machine, where no cluster is given.
    cluster
        Address of the scheduler of a Dask cluster that stands, such as ``tcp://10.0.0.5:8786``; how
        connections to it are secured is Dask's own configuration.
    attempts
        How often an item of this machine's processes is begun before it is given up; a cluster has
        its own number.
    on_message
        Called with the place of an item, counted from 0, and a message told of it.
    cancelled
        Whether to ask the work to stop; asked at least every 0.1 seconds.

    Raises
    ------
    WorkerLostError
        If the process of an item died at every attempt, or no worker is left.
    DataSourceError
        If the cluster does not answer.
    ValueError
        If a number is less than 1.
    """
    for name, number in {"processes": processes, "attempts": attempts}.items():
        if number < 1:
            raise ValueError(f"{name} is {number}; it must be at least 1")
    hear, is_cancelled = on_message or (lambda _place, _message: None), cancelled or (lambda: False)
    tasks = enumerate(items)
    if cluster is None and processes == 1:
        return _in_this_process(function, tasks, hear, is_cancelled)
    return _on_workers(function, tasks, _Workers(processes, cluster, attempts), hear, is_cancelled)


def slots_of(processes: int, cluster: str | None) -> int:
    """Return how many items are worked at together: processes here, or threads of a cluster by now.

    Raises
    ------
    DataSourceError
        If the cluster does not answer.
    """
    if cluster is None:
        return processes
    with _Workers(processes, cluster, attempts=1).connected() as client:
        return int(sum(client.nthreads().values()))


def _in_this_process(
    function: Callable[[Any, Channel], Result],
    tasks: Iterable[tuple[int, Any]],
    hear: Callable[[int, Any], None],
    cancelled: Callable[[], bool],
) -> Generator[Result, None, None]:
    asked = threading.Event()

    def is_cancelled() -> bool:
        if not asked.is_set() and cancelled():
            asked.set()
        return asked.is_set()

    for place, item in tasks:
        yield function(item, Channel(partial(hear, place), is_cancelled))


class _Workers(NamedTuple):
    """Which workers: so many processes of this machine, or those of a cluster that stands."""

    processes: int
    cluster: str | None
    attempts: int

    @contextmanager
    def connected(self) -> Iterator[Client]:
        """Connect to the workers, starting those of this machine."""
        from distributed import Client, LocalCluster

        if self.cluster is not None:
            try:
                client = Client(self.cluster, timeout=CONNECT_SECONDS, set_as_default=False)
            except (OSError, ValueError) as error:
                raise DataSourceError(
                    f"The cluster at {self.cluster} does not answer: {error}",
                    thing="cluster",
                    value=self.cluster,
                    expected="the address of a Dask scheduler, such as tcp://10.0.0.5:8786",
                ) from error
            with client:
                _require_this_release(client, self.cluster)
                yield client
            return
        with _interrupts_held():
            own = LocalCluster(
                n_workers=self.processes,
                threads_per_worker=1,
                dashboard_address=None,
                memory_limit=0,
                silence_logs=logging.CRITICAL,
                scheduler_kwargs={"allowed_failures": self.attempts - 1},
            )
        with own, Client(own, set_as_default=False) as client:
            yield client


def _require_this_release(client: Client, address: str) -> None:
    """Refuse a cluster whose workers would not understand what they are given."""
    try:
        found = set(client.run(_release).values()) - {__version__}
    except Exception as error:  # whatever a worker without this package says
        found = {f"none that can be read ({type(error).__name__}: {error})"}
    if found:
        told = ", ".join(sorted(found))
        raise DataSourceError(
            f"The workers of the cluster at {address} run another release: {told}.",
            thing="cluster",
            value=told,
            expected=f"Carematch {__version__} on every worker",
        )


def _release() -> str:
    return __version__


@dataclass
class _Running:
    """An item under way, and whether it has told its last message."""

    future: Future[Any]
    has_told_all: bool = False
    done_at: float | None = None

    def is_over(self) -> bool:
        """Say whether it is done and all that it told was heard, or is waited for no longer."""
        if not self.future.done():
            return False
        self.done_at = self.done_at or time.monotonic()
        waited = time.monotonic() - self.done_at
        return self.has_told_all or self.future.status != "finished" or waited > LAST_WORDS_SECONDS


@dataclass
class _Work:
    """What is under way on some workers."""

    client: Client
    function: Callable[[Any, Channel], Any]
    hear: Callable[[int, Any], None]
    topic: str = field(default_factory=lambda: f"carematch-{uuid.uuid4().hex}")
    running: dict[int, _Running] = field(default_factory=dict)
    said: queue.SimpleQueue[tuple[int, bytes]] = field(default_factory=queue.SimpleQueue)
    slots: int = 0
    looked_at: float = -LOOK_SECONDS
    staffed_at: float = field(default_factory=time.monotonic)

    def look(self, *, to_give: bool) -> None:
        """Look how many items may be under way: as many as the workers have threads.

        Parameters
        ----------
        to_give
            Whether there may be items to give out; else it is looked now and then.

        Raises
        ------
        WorkerLostError
            If there has been no worker for long, or the scheduler is gone.
        """
        now = time.monotonic()
        if not to_give and now - self.looked_at < LOOK_SECONDS:
            return
        try:
            self.slots, self.looked_at = int(sum(self.client.nthreads().values())), now
        except OSError as error:
            raise _lost(f"The scheduler of the cluster is gone: {error}.") from error
        if self.slots:
            self.staffed_at = now
        elif now - self.staffed_at > CONNECT_SECONDS:
            raise _lost(
                f"No worker is left in the cluster, for {CONNECT_SECONDS:.0f} seconds by now."
            )

    def begin(self, place: int, item: Any, *, is_asked: bool) -> None:
        words = (self.function, item, place, self.topic, is_asked)
        future = self.client.submit(_work, *words, key=f"{self.topic}-{place}", pure=False)
        self.running[place] = _Running(future)

    def listen(self) -> None:
        """Hear what was said, or wait a moment for it."""
        with suppress(queue.Empty):
            place, package = self.said.get(timeout=POLL_SECONDS)
            while True:
                if place in self.running and not package:
                    self.running[place].has_told_all = True
                elif place in self.running:
                    self.hear(place, pickle.loads(package))
                place, package = self.said.get_nowait()

    def result(self, place: int) -> Any:
        """Return what came of an item."""
        from distributed import CancelledError, KilledWorker

        try:
            return self.running.pop(place).future.result()
        except CancelledError as error:
            raise _lost(f"The scheduler of the cluster is gone: {error}.") from error
        except KilledWorker as error:
            tried = error.allowed_failures + 1
            raise WorkerLostError(
                f"Item {place} (counted from 0) was given up: the process that worked at it died "
                f"{tried} times. It may need more memory than there is.",
                thing=f"item {place}",
                value=f"{tried} attempts",
                expected="a result",
            ) from error


def _lost(message: str) -> WorkerLostError:
    return WorkerLostError(
        message, thing="cluster", value=0, expected="a scheduler with at least one worker"
    )


def _on_workers(
    function: Callable[[Any, Channel], Any],
    tasks: Iterator[tuple[int, Any]],
    workers: _Workers,
    hear: Callable[[int, Any], None],
    cancelled: Callable[[], bool],
) -> Generator[Any, None, None]:
    from distributed import Event

    with workers.connected() as client:
        work = _Work(client, function, hear)
        client.subscribe_topic(work.topic, lambda event: work.said.put(event[1]))
        stop = Event(work.topic, client=client)
        early: dict[int, Any] = {}
        place, is_asked, is_empty = 0, False, False
        try:
            while True:
                if not is_asked and cancelled():
                    is_asked = True
                    stop.set()
                work.look(to_give=not is_empty)
                while not is_empty and len(work.running) < work.slots:
                    task = next(tasks, None)
                    is_empty = task is None
                    if task is not None:
                        work.begin(*task, is_asked=is_asked)
                if not work.running and is_empty:
                    break
                work.listen()
                for over in [p for p, each in work.running.items() if each.is_over()]:
                    early[over] = work.result(over)
                while place in early:
                    yield early.pop(place)
                    place += 1
        finally:
            with suppress(OSError):  # where the scheduler is gone there is nobody to tell
                stop.set()
                client.cancel([each.future for each in work.running.values()])
                stop.clear()


def _work(
    function: Callable[[Any, Channel], Any], item: Any, place: int, topic: str, is_asked: bool
) -> Any:
    """Work at one item in a process of the workers."""
    from distributed import Event, get_client, get_worker

    worker, asked, over = get_worker(), threading.Event(), threading.Event()
    stop = Event(topic, client=get_client())
    if is_asked:
        asked.set()

    def watch() -> None:
        while not asked.is_set() and not over.wait(ASK_SECONDS):
            if stop.is_set():
                asked.set()

    def tell(message: Any) -> None:
        worker.log_event(topic, (place, pickle.dumps(message)))

    threading.Thread(target=watch, daemon=True).start()
    try:
        return function(item, Channel(tell, asked.is_set))
    finally:
        over.set()
        worker.log_event(topic, (place, b""))


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back meanwhile, and for good from threads and processes started meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
