"""What the tests of distributed work give to its processes, which import nothing heavy for it."""

from __future__ import annotations

import os
import signal
import threading
import time
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


def fail(item: str, channel: Channel) -> str:
    """Fail in the way that is asked for."""
    if item == "bad number":
        raise ValueError("7 is too many") from KeyError("seven")
    return item


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
