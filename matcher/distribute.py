"""A supervised pool of processes: one that dies is replaced, and no result is lost or doubled."""

from __future__ import annotations

import ctypes
import itertools
import logging
import multiprocessing
import os
import pickle
import signal
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple, TypeVar

from matcher.errors import WorkerLostError

Item = TypeVar("Item")
Result = TypeVar("Result")
SPAWN = multiprocessing.get_context("spawn")  # a fork would break in a parent that has threads
POLL_SECONDS = 0.05
"""The parent looks this often whether to stop."""
GRACE_SECONDS = 5.0
"""A process with nothing more to do may take this long to end before it is killed."""
logger = logging.getLogger(__name__)


class RemoteError(Exception):
    """The traceback of an error in a worker, as text: the cause of the error raised here."""


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


def map_supervised(
    function: Callable[[Item, Channel], Result],
    items: Iterable[Item],
    *,
    processes: int,
    attempts: int = 3,
    on_message: Callable[[int, Any], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    tasks_per_process: int | None = None,
) -> Generator[Result, None, None]:
    """Yield ``function(item, channel)`` of every item, in the order of the items.

    Work goes on only while a result is waited for, and closing the iterator ends every process.
    No more items than processes are taken up at a time; the only results kept are those that came
    before their turn. With one process or one item, all is done in this process. An item whose
    process died is given to a fresh one, which tells its messages again. Asking to stop takes no
    item away: the function has to look, and to return soon.

    Parameters
    ----------
    function
        A function of a module, in which items, results and messages pickle.
    items
        What to work at, taken one by one as processes become free.
    processes
        Most processes at a time.
    attempts
        How often an item is given to a process before it is given up.
    on_message
        Called with the place of an item, counted from 0, and a message told of it.
    cancelled
        Whether to ask the work to stop; asked at least every 0.1 seconds.
    tasks_per_process
        Items after which a process is replaced; ``None`` for never.

    Raises
    ------
    WorkerLostError
        If the process of an item died at every attempt.
    ValueError
        If a number is less than 1.

    Notes
    -----
    An error of the function is raised here, with its traceback in the worker as its cause (a
    :class:`RemoteError`); one that does not pickle comes as a ``RuntimeError`` of its words.
    """
    numbers = {"processes": processes, "attempts": attempts, "tasks_per_process": tasks_per_process}
    for name, number in numbers.items():
        if number is not None and number < 1:
            raise ValueError(f"{name} is {number}; it must be at least 1")
    hear, is_cancelled = on_message or (lambda _place, _message: None), cancelled or (lambda: False)
    rest = iter(items)
    first = tuple(itertools.islice(rest, 2))
    tasks = (_Task(*numbered) for numbered in enumerate(itertools.chain(first, rest)))
    if processes == 1 or len(first) < 2:
        return _in_this_process(function, tasks, hear, is_cancelled)
    pool = _Pool(function, tasks, processes, attempts, hear, is_cancelled, tasks_per_process)
    return pool.results()


class _Task(NamedTuple):
    place: int
    item: Any
    attempt: int = 1


def _in_this_process(
    function: Callable[[Any, Channel], Result],
    tasks: Iterator[_Task],
    hear: Callable[[int, Any], None],
    cancelled: Callable[[], bool],
) -> Generator[Result, None, None]:
    asked = threading.Event()

    def is_cancelled() -> bool:
        if not asked.is_set() and cancelled():
            asked.set()
        return asked.is_set()

    for task in tasks:
        yield function(task.item, Channel(partial(hear, task.place), is_cancelled))


@dataclass(eq=False)
class _Worker:
    """A process, this end of the pipe to it, and its task until it is told to leave."""

    process: BaseProcess
    connection: Connection
    task: _Task
    tasks_done: int = 0
    leave_by: float | None = None

    def hear(self) -> bytes | None:
        """Return what it said next; ``None`` when it will say no more."""
        try:
            return self.connection.recv_bytes() if self.connection.poll() else None
        except (EOFError, OSError):
            return None

    def leave(self) -> None:
        self.connection.close()
        self.leave_by = time.monotonic() + GRACE_SECONDS

    def end(self) -> str:
        """Wait for its end, kill it when that takes long, and return how it ended."""
        self.connection.close()
        give_up = time.monotonic() + GRACE_SECONDS
        while self.process.is_alive() and time.monotonic() < give_up:  # join may heed no timeout
            time.sleep(0.005)
        self.process.kill()
        self.process.join()
        code = self.process.exitcode or 0
        self.process.close()
        return f"signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"exit code {code}"


@dataclass
class _Pool:
    function: Callable[[Any, Channel], Any]
    tasks: Iterator[_Task]
    processes: int
    attempts: int
    on_message: Callable[[int, Any], None]
    cancelled: Callable[[], bool]
    tasks_per_process: int | None
    workers: list[_Worker] = field(default_factory=list)
    early: dict[int, Any] = field(default_factory=dict)
    # Not an Event: a worker killed while it looks at one keeps its lock for ever.
    flag: ctypes.c_bool = field(default_factory=partial(SPAWN.RawValue, ctypes.c_bool, False))

    def results(self) -> Generator[Any, None, None]:
        try:
            place = 0
            while place in self.early or self._staff():
                if place in self.early:
                    yield self.early.pop(place)
                    place += 1
                else:
                    self._step()
        finally:
            for busy in (worker for worker in self.workers if worker.leave_by is None):
                busy.process.terminate()
            for worker in self.workers:
                worker.end()

    def _staff(self) -> bool:
        """Start processes for the items that wait, and return whether there are any processes."""
        while len(self.workers) < self.processes and (task := next(self.tasks, None)):
            self._start(task)
        return bool(self.workers)

    def _start(self, task: _Task) -> None:
        ours, theirs = SPAWN.Pipe()
        process = SPAWN.Process(target=_work, args=(theirs, self.flag), daemon=True)
        with _interrupts_held():
            process.start()
            self.workers.append(_Worker(process, ours, task))
        theirs.close()

    def _step(self) -> None:
        """Wait a moment for something to happen, and see to it."""
        self.flag.value = self.flag.value or self.cancelled()
        handles: dict[Any, _Worker] = {each.process.sentinel: each for each in self.workers}
        handles |= {each.connection: each for each in self.workers if each.leave_by is None}
        for worker in dict.fromkeys(handles[handle] for handle in wait(handles, POLL_SECONDS)):
            package = worker.hear()
            if package is None:
                self._bury(worker)
            else:
                self._take(worker, *pickle.loads(package))
        for worker in self.workers:
            if worker.leave_by is not None and worker.leave_by < time.monotonic():
                worker.process.kill()

    def _take(self, worker: _Worker, said: str, *facts: Any) -> None:
        match said:
            case "ready":
                self._give(worker, worker.task)
            case "message":
                self.on_message(*facts)
            case "result":
                (self.early[worker.task.place],) = facts
                worker.tasks_done += 1
                is_used_up = worker.tasks_done == self.tasks_per_process
                task = None if is_used_up else next(self.tasks, None)
                self._give(worker, task) if task else worker.leave()
            case _:
                raise facts[0] from RemoteError(facts[1])

    def _give(self, worker: _Worker, task: _Task) -> None:
        worker.task = task
        with suppress(BrokenPipeError, ConnectionResetError):  # it died: its end is seen later
            worker.connection.send((task.place, self.function, task.item))

    def _bury(self, worker: _Worker) -> None:
        """See to a process that is over: the task it had not done goes to a fresh one."""
        self.workers.remove(worker)
        (place, item, attempt), ending = worker.task, worker.end()
        if worker.leave_by is not None:
            return
        tried = f"Attempt {attempt} of {self.attempts} at item {place} (counted from 0)"
        message = f"{tried}: its process ended with {ending} before it answered."
        logger.warning(message)
        if attempt == self.attempts:
            message += " It may need more memory than there is."
            raise WorkerLostError(message, thing=f"item {place}", value=ending, expected="a result")
        self._start(_Task(place, item, attempt + 1))


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back meanwhile, and for good from a process started meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(connection: Connection, flag: ctypes.c_bool) -> None:
    """Work in a fresh process at one item after the other until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides whether to stop
    parent = multiprocessing.parent_process()
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    lock = threading.Lock()

    def say(package: bytes) -> None:
        with lock:
            connection.send_bytes(package)

    with suppress(EOFError, OSError):
        say(pickle.dumps(("ready",)))
        while True:
            say(_reply(connection.recv_bytes(), say, flag))


def _leave_with(parent: BaseProcess) -> None:
    """Leave when the parent is gone, even in the middle of an item."""
    parent.join()
    os._exit(1)


def _reply(package: bytes, say: Callable[[bytes], None], flag: ctypes.c_bool) -> bytes:
    try:
        place, function, item = pickle.loads(package)
        channel = Channel(
            lambda message: say(pickle.dumps(("message", place, message))), lambda: flag.value
        )
        return pickle.dumps(("result", function(item, channel)))
    except Exception as error:
        text = "".join(traceback.format_exception(error))
        return pickle.dumps(("error", _portable(error), text))


def _portable(error: Exception) -> Exception:
    """Return an error that leaves a pipe as it entered it: itself, or else its words."""
    with suppress(Exception):
        copy = pickle.loads(pickle.dumps(error))
        if type(copy) is type(error) and str(copy) == str(error):
            return error
    return RuntimeError("".join(traceback.format_exception_only(error)).strip())
