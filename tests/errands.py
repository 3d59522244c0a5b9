"""What the tests of distributed work give to its processes, which import nothing heavy for it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from matcher.distribute import Channel


def square(item: int, channel: Channel) -> int:
    """Do the least there is to do."""
    return item * item


def sleep_and_return(item: float, channel: Channel) -> float:
    """Take as long as asked."""
    time.sleep(item)
    return item


def pid(item: object, channel: Channel) -> int:
    """Tell in which process an item is worked at."""
    return os.getpid()


def pid_and_sleep(item: float, channel: Channel) -> int:
    """Tell the process at once, and take as long as asked."""
    channel.tell(os.getpid())
    time.sleep(item)
    return os.getpid()


def sleep_telling(item: float, channel: Channel) -> float:
    """Tell the process at once, and take as long as asked."""
    pid_and_sleep(item, channel)
    return item


def span(item: float, channel: Channel) -> tuple[float, float]:
    """Return when an item was begun and when it was done, and tell that it was done."""
    begun = time.monotonic()
    time.sleep(item)
    channel.tell("done")
    return begun, time.monotonic()


def die_once(item: tuple[int, Path], channel: Channel) -> int:
    """Be killed by the first attempt at an odd number, and leave a mark of each attempt."""
    number, folder = item
    attempt = len(list(folder.glob(f"{number}-*")))
    (folder / f"{number}-{attempt}").touch()
    if number % 2 and attempt == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die_always(item: tuple[int, Path], channel: Channel) -> int:
    """Be killed by number 2, and leave a mark of each attempt."""
    number, folder = item
    with (folder / str(number)).open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n")
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def exit_with(item: int, channel: Channel) -> int:
    """Leave the process in good order and without an answer, unless there is a lot of time."""
    if item == 60:
        time.sleep(item)
    sys.exit(item)


def die_later(item: float, channel: Channel) -> float:
    """Answer, and be killed a moment later, in the middle of the next item."""
    if item == 0:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGKILL)).start()
    time.sleep(item)
    return item


def close_everything(item: int, channel: Channel) -> int:
    """Lose the pipe to the parent, and live on: whether the parent lives is still seen."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    os.closerange(3, parent.sentinel)
    os.closerange(parent.sentinel + 1, 100)
    time.sleep(60)
    return item


class TwoWordsError(Exception):
    """An error that pickles and cannot be had back."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


class OneWordError(Exception):
    """An error that comes back with other words."""

    def __init__(self, word: str) -> None:
        super().__init__(f"the word is {word}")


def fail(item: str, channel: Channel) -> str:
    """Fail in the way that is asked for."""
    if item == "local":

        class LocalError(Exception):
            pass

        raise LocalError("known to nobody else")
    if item == "two words":
        raise TwoWordsError("one", "two")
    if item == "one word":
        raise OneWordError("one")
    if item == "bad number":
        raise ValueError("7 is too many") from KeyError("seven")
    return item


def unpicklable(item: int, channel: Channel) -> object:
    """Return what no pipe takes."""
    return lambda: item


class BreaksOnArrival:
    """An item that leaves the parent and cannot be had back in a worker."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return int, ("no number",)


def tell_and_wait(item: int, channel: Channel) -> bool:
    """Say that the work is under way, and go on until asked to stop."""
    channel.tell("under way")
    deadline = time.monotonic() + 20
    while not channel.cancelled and time.monotonic() < deadline:
        time.sleep(0.01)
    return channel.cancelled


def tell_steps(item: int, channel: Channel) -> int:
    """Tell a number of steps one by one."""
    for step in range(20):
        channel.tell((item, step))
    return item


def tell_from_threads(item: int, channel: Channel) -> int:
    """Tell long messages from several threads at once."""
    words = [threading.Thread(target=channel.tell, args=(letter * 100_000,)) for letter in "abcd"]
    for word in words:
        word.start()
    for word in words:
        word.join()
    return item


def tell_the_unpicklable(item: int, channel: Channel) -> int:
    """Tell what no pipe takes."""
    channel.tell(lambda: item)
    return item


def linger(item: int, channel: Channel) -> int:
    """Answer, and keep the process from ending."""
    threading.Thread(target=time.sleep, args=(60,)).start()
    return os.getpid()
