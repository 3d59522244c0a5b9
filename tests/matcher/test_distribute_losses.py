"""Work spread over processes that die, fail or are left: nothing is lost, and none stays."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from matcher import distribute
from matcher.distribute import Channel, RemoteError, map_supervised
from matcher.errors import WorkerLostError
from tests.errands import (
    BreaksOnArrival,
    close_everything,
    die_always,
    die_later,
    die_once,
    exit_with,
    fail,
    linger,
    pid,
    pid_and_sleep,
    sleep_and_return,
    sleep_telling,
    tell_the_unpicklable,
    unpicklable,
)

ROOT = Path(__file__).parents[2]


def is_alive(process: int) -> bool:
    """Return whether there is a process with an id that is not only waiting to be buried."""
    with suppress(ProcessLookupError, FileNotFoundError):
        return ") Z " not in Path(f"/proc/{process}/stat").read_text("utf-8")
    return False


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Return whether something comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    assert multiprocessing.active_children() == []


# -- processes that die ------------------------------------------------------------------------


def test_what_a_killed_process_was_at_is_done_by_another(tmp_path: Path) -> None:
    """Each odd item needs two attempts, each even one a single one, and all have one result."""
    items = [(number, tmp_path) for number in range(4)]
    assert list(map_supervised(die_once, items, processes=2)) == [0, 1, 2, 3]
    marks = sorted(path.name for path in tmp_path.iterdir())
    assert marks == ["0-0", "1-0", "1-1", "2-0", "3-0", "3-1"]


def test_an_item_that_kills_every_process_is_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """After exactly three attempts in three processes, by an error that names it."""
    results = map_supervised(die_always, [(n, tmp_path) for n in range(4)], processes=2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(WorkerLostError, match="Attempt 3 of 3 at item 2") as caught:
        list(results)
    assert len(set((tmp_path / "2").read_text("utf-8").split())) == 3
    assert (caught.value.thing, caught.value.value) == ("item 2", "signal 9 (Killed)")
    assert "memory" in caught.value.message
    assert [record.message.partition(" at ")[0] for record in caplog.records] == [
        "Attempt 1 of 3",
        "Attempt 2 of 3",
        "Attempt 3 of 3",
    ]


def test_a_process_that_exits_without_an_answer_is_lost_too() -> None:
    """One attempt is one attempt, and the exit code is told."""
    results = map_supervised(exit_with, [7, 60], processes=2, attempts=1)
    with pytest.raises(WorkerLostError, match="exit code 7 before it answered"):
        next(results)


def test_a_process_killed_after_its_answer_loses_only_the_next_item() -> None:
    """What was answered is not asked again."""
    items = [0.0, 0.4, 0.0, 0.4]
    assert list(map_supervised(die_later, items, processes=2)) == items


@pytest.mark.parametrize(
    "sent",
    [
        b"",  # dead between two messages
        b"\0\0",  # dead in the middle of a length
        b"\0\0\0\x64half a message of 100 bytes",  # dead in the middle of a message
    ],
)
def test_half_a_message_is_none(sent: bytes) -> None:
    """What a process had not sent whole when it died is not taken for an answer."""
    ours, theirs = multiprocessing.Pipe()
    os.write(theirs.fileno(), sent)
    theirs.close()
    worker = distribute._Worker(multiprocessing.Process(), ours, distribute._Task(0, None))
    assert worker.hear() is None


def test_a_process_that_cannot_be_reached_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that lost its pipe and lives on is as good as dead."""
    monkeypatch.setattr(distribute, "GRACE_SECONDS", 0.1)
    begun = time.monotonic()
    with pytest.raises(WorkerLostError, match=r"signal 9 \(Killed\)"):
        list(map_supervised(close_everything, [1, 2], processes=2, attempts=1))
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("seed", [1, 2])
def test_killing_processes_from_outside_loses_nothing(seed: int) -> None:
    """Whichever process is killed and whenever, each item has its one result."""
    chance, begun, killed = random.Random(seed), [], []

    def kill_now_and_then(place: int, process: int) -> None:
        begun.append(place)
        if len(begun) in {3, 11, 19}:
            victim = chance.choice(multiprocessing.active_children())
            victim.kill()
            killed.append(victim.pid)

    items = [0.01 + place / 10_000 for place in range(24)]
    results = map_supervised(
        sleep_telling, items, processes=2, attempts=9, on_message=kill_now_and_then
    )
    assert list(results) == items
    assert len(set(killed)) == 3
    assert set(begun) == set(range(24))
    assert 24 <= len(begun) <= 24 + len(killed)


# -- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_comes_back_as_it_was_raised(processes: int) -> None:
    """Its kind and words are the same wherever the work is done."""
    with pytest.raises(ValueError, match=r"^7 is too many$"):
        list(map_supervised(fail, ["", "bad number"], processes=processes))


def test_an_error_brings_its_traceback() -> None:
    """The cause says where in the worker it was raised, and what led to it."""
    results = map_supervised(fail, ["bad number", ""], processes=2)
    with pytest.raises(ValueError, match="7 is too many") as caught:
        list(results)
    assert isinstance(caught.value.__cause__, RemoteError)
    text = str(caught.value.__cause__)
    assert "in fail" in text
    assert "KeyError: 'seven'" in text
    assert list(results) == []  # the work is over


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("local", "LocalError: known to nobody else"),  # does not pickle
        ("two words", "TwoWordsError: one two"),  # does not come out of the pickle
        ("one word", "OneWordError: the word is one"),  # comes out with other words
    ],
)
def test_an_error_that_does_not_pickle_comes_back_in_words(item: str, words: str) -> None:
    """Kind and message are told, and the traceback is there."""
    with pytest.raises(RuntimeError, match=f"{words}$") as caught:
        list(map_supervised(fail, [item, ""], processes=2))
    assert "in fail" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ("bad number", ValueError),  # comes out of a pipe as it went in
        ("local", RuntimeError),
        ("two words", RuntimeError),
        ("one word", RuntimeError),
    ],
)
def test_what_a_process_sends_of_an_error_can_be_read(item: str, kind: type[Exception]) -> None:
    """Whatever the error, its package opens here; the words and the traceback are in it."""
    package = pickle.dumps((0, fail, item))
    said, error, text = pickle.loads(distribute._reply(package, print, ctypes.c_bool(False)))
    assert (said, type(error)) == ("error", kind)
    assert str(error).rpartition(": ")[2] in text


@pytest.mark.parametrize("function", [unpicklable, tell_the_unpicklable])
def test_what_does_not_pickle_is_an_error_of_the_function(
    function: Callable[[int, Channel], object],
) -> None:
    """A result or message that no pipe takes is told of, and costs no process its life."""
    with pytest.raises(Exception, match="lambda") as caught:
        list(map_supervised(function, [1, 2], processes=2))
    assert isinstance(caught.value.__cause__, RemoteError)


def test_an_item_that_does_not_arrive_is_told_of() -> None:
    """An error of unpickling comes back like any other, at the first attempt."""
    with pytest.raises(ValueError, match="invalid literal for int") as caught:
        list(map_supervised(pid, [BreaksOnArrival(), BreaksOnArrival()], processes=2))
    assert isinstance(caught.value.__cause__, RemoteError)


def test_an_item_that_does_not_leave_is_told_of() -> None:
    """An item that does not pickle is an error in this process."""
    with pytest.raises(Exception, match="lambda"):
        list(map_supervised(pid, [lambda: 1, lambda: 2], processes=2))


# -- what is left behind -----------------------------------------------------------------------


def test_closing_early_ends_every_process() -> None:
    """Whoever wants no more results has no process left, busy or not."""
    pids: list[int] = []
    results = map_supervised(
        pid_and_sleep, [0, 60, 60], processes=2, on_message=lambda _, pid: pids.append(pid)
    )
    assert next(results) in pids
    assert wait_for(lambda: len(multiprocessing.active_children()) == 2)
    results.close()
    assert multiprocessing.active_children() == []
    assert not any(is_alive(each) for each in pids)


def test_an_error_ends_every_process() -> None:
    """The item that goes on in the other process is not waited for."""
    begun = time.monotonic()
    items: list[Any] = [60, "no time"]
    with pytest.raises(TypeError):
        list(map_supervised(sleep_and_return, items, processes=2))
    assert multiprocessing.active_children() == []
    assert time.monotonic() - begun < 20


def test_a_process_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that the function left running holds nothing up for long."""
    monkeypatch.setattr(distribute, "GRACE_SECONDS", 0.2)
    pids = list(map_supervised(linger, range(3), processes=2, tasks_per_process=1))
    assert len(set(pids)) == 3
    assert not any(is_alive(each) for each in pids)


def test_processes_do_not_outlive_their_parent() -> None:
    """When the parent is killed, a process in the middle of an item ends by itself."""
    program = (
        "from matcher.distribute import map_supervised\n"
        "from tests.errands import pid_and_sleep\n"
        "tell = lambda place, pid: print(pid, flush=True)\n"
        "list(map_supervised(pid_and_sleep, [60, 60], processes=2, on_message=tell))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as parent:
        assert parent.stdout is not None
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        assert all(is_alive(each) for each in pids)
        parent.kill()
    assert wait_for(lambda: not any(is_alive(each) for each in pids))


def test_a_process_leaves_as_soon_as_its_parent_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for the end of the parent, and for nothing after it."""
    steps: list[object] = []

    class Parent(multiprocessing.Process):
        def join(self, timeout: float | None = None) -> None:
            steps.append("the parent is gone")

    monkeypatch.setattr(os, "_exit", steps.append)
    distribute._leave_with(Parent())
    assert steps == ["the parent is gone", 1]


def test_the_module_is_light_to_import() -> None:
    """A process that starts for one item loads no solver and no tables before it needs them."""
    program = "import sys, matcher.distribute; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, cwd=ROOT
    )
    assert not {"ortools", "pandas", "numpy", "pydantic"} & set(loaded.stdout.decode().split())
