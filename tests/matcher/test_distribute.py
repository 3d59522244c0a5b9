"""Work spread over processes and clusters: each item once, in order, and stopped like here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cluster import standing
from matcher import distribute
from matcher.distribute import spread
from matcher.errors import DataSourceError, WorkerLostError
from tests.errands import (
    die_always,
    die_once,
    fail,
    pid_and_sleep,
    sleep_and_return,
    square,
    tell_and_wait,
    tell_from_threads,
    tell_steps,
    tell_the_unpicklable,
)

ROOT = Path(__file__).parents[2]
SECONDS = 30


def wait_for(condition: Callable[[], bool]) -> bool:
    """Wait until something holds, and say whether it came to that in time."""
    until = time.monotonic() + SECONDS
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    return condition()


def is_alive(process: int) -> bool:
    """Say whether a process is there and not only waiting to be forgotten."""
    try:
        state = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


# -- results -----------------------------------------------------------------------------------


@pytest.mark.parametrize("processes", [1, 2])
def test_results_do_not_depend_on_the_number_of_processes(processes: int) -> None:
    """One result an item, in the order of the items, though the first takes longest."""
    assert list(spread(square, range(7), processes=processes)) == [0, 1, 4, 9, 16, 25, 36]
    items = [0.3, 0.0, 0.1, 0.0]
    assert list(spread(sleep_and_return, items, processes=processes)) == items


@pytest.mark.parametrize("processes", [1, 2])
def test_no_items_give_no_results(processes: int) -> None:
    """Nothing is asked for."""
    assert list(spread(square, [], processes=processes)) == []


def test_one_process_is_this_one_and_reads_in_no_dask() -> None:
    """What is done here needs no other process, and no library for it."""
    program = (
        "import os, sys\n"
        "from matcher.distribute import spread\n"
        "from tests.errands import pid\n"
        "assert set(spread(pid, range(3))) == {os.getpid()}\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    heavy = {"dask", "distributed", "ortools", "pandas", "numpy", "pydantic"}
    assert heavy & set(done.stdout.split()) == set()


def test_items_are_taken_up_as_workers_become_free() -> None:
    """Of many items no more than two are under way, in two processes, neither of them this one."""
    taken: list[int] = []
    told: list[int] = []

    def items() -> Iterator[float]:
        for number in range(6):
            taken.append(number)
            assert len(taken) - len(told) <= 2
            yield 0.05

    pids = list(
        spread(pid_and_sleep, items(), processes=2, on_message=lambda place, _: told.append(place))
    )
    assert len(pids) == len(told) == 6
    assert len(set(pids)) == 2
    assert os.getpid() not in pids


@pytest.mark.parametrize("name", ["processes", "attempts"])
def test_numbers_below_one_are_refused_at_once(name: str) -> None:
    """Before anything is asked of the iterator."""
    numbers: dict[str, Any] = {"processes": 2, name: 0}
    with pytest.raises(ValueError, match=f"{name} is 0; it must be at least 1"):
        spread(square, [1, 2], **numbers)


# -- messages and stopping ---------------------------------------------------------------------


@pytest.mark.parametrize("processes", [1, 2])
def test_messages_come_in_order_and_with_their_item(processes: int) -> None:
    """Every message of every item, told of its place, in the order it was sent."""
    told: dict[int, list[tuple[int, int]]] = {}
    results = spread(
        tell_steps,
        [10, 11, 12],
        processes=processes,
        on_message=lambda place, message: told.setdefault(place, []).append(message),
    )
    assert list(results) == [10, 11, 12]
    assert told == {place: [(10 + place, step) for step in range(20)] for place in range(3)}


def test_messages_of_several_threads_do_not_mix() -> None:
    """A solver tells from its own threads; long messages arrive whole."""
    told: dict[int, list[str]] = {0: [], 1: []}
    results = spread(
        tell_from_threads,
        [1, 2],
        processes=2,
        on_message=lambda place, message: told[place].append(message),
    )
    assert list(results) == [1, 2]
    for messages in told.values():
        assert sorted(messages) == [letter * 100_000 for letter in "abcd"]


def test_an_error_of_the_listener_ends_the_work() -> None:
    """Whatever the listener raises is raised here, and is never taken for a lost process."""

    def refuse(place: int, message: object) -> None:
        raise EOFError("I do not want to know")

    with pytest.raises(EOFError, match="I do not want to know"):
        list(spread(tell_steps, [1, 2], processes=2, on_message=refuse))


@pytest.mark.parametrize("processes", [1, 2])
def test_asking_to_stop_reaches_work_under_way_and_is_not_taken_back(processes: int) -> None:
    """Items under way see it, and so do those begun later, though it was asked for only once."""
    under_way: list[int] = []
    asked: list[bool] = []

    def stop() -> bool:
        asked.append(len(under_way) >= processes and not any(asked))
        return asked[-1]

    results = spread(
        tell_and_wait,
        range(3),
        processes=processes,
        on_message=lambda place, _: under_way.append(place),
        cancelled=stop,
    )
    assert list(results) == [True, True, True]


# -- processes that die, and errors ------------------------------------------------------------


def test_what_a_killed_process_was_at_is_done_again(tmp_path: Path) -> None:
    """Each odd item needs two attempts, each even one a single one, and all have one result."""
    items = [(number, tmp_path) for number in range(4)]
    assert list(spread(die_once, items, processes=2)) == [0, 1, 2, 3]
    marks = sorted(path.name for path in tmp_path.iterdir())
    assert marks == ["0-0", "1-0", "1-1", "2-0", "3-0", "3-1"]


def test_an_item_that_kills_every_process_is_given_up(tmp_path: Path) -> None:
    """After exactly three attempts in three processes, by an error that names it."""
    results = spread(die_always, [(n, tmp_path) for n in range(4)], processes=2)
    with pytest.raises(WorkerLostError, match=r"Item 2 .* died 3 times") as caught:
        list(results)
    assert len(set((tmp_path / "2").read_text("utf-8").split())) == 3
    assert (caught.value.thing, caught.value.value) == ("item 2", "3 attempts")
    assert "memory" in caught.value.message


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_comes_back_as_it_was_raised(processes: int) -> None:
    """Its kind, its words and what led to it are the same wherever the work is done."""
    with pytest.raises(ValueError, match=r"^7 is too many$") as caught:
        list(spread(fail, ["", "bad number"], processes=processes))
    assert isinstance(caught.value.__cause__, KeyError)


def test_what_does_not_travel_is_an_error_and_costs_no_process() -> None:
    """A message that does not pickle is told of as an error of the function."""
    with pytest.raises(Exception, match="lambda"):
        list(spread(tell_the_unpicklable, [1, 2], processes=2))


# -- what is left behind -----------------------------------------------------------------------


@pytest.mark.parametrize("fails", [False, True])
def test_an_early_end_leaves_no_process(fails: bool) -> None:
    """Whoever wants no more results, or has an error, waits for nobody who is still at work."""
    pids: list[int] = []
    begun = time.monotonic()
    items: list[Any] = ["no time" if fails else 0, 60, 60]
    results = spread(pid_and_sleep, items, processes=2, on_message=lambda _, pid: pids.append(pid))
    if fails:
        with pytest.raises(TypeError):
            next(results)
    else:
        assert next(results) in pids
    results.close()
    assert pids
    assert wait_for(lambda: not any(is_alive(each) for each in pids))
    assert time.monotonic() - begun < SECONDS


def test_processes_do_not_outlive_their_parent() -> None:
    """When the parent is killed, a process in the middle of an item ends by itself."""
    program = (
        "from matcher.distribute import spread\n"
        "from tests.errands import pid_and_sleep\n"
        "tell = lambda place, pid: print(pid, flush=True)\n"
        "if __name__ == '__main__':\n"
        "    list(spread(pid_and_sleep, [60, 60], processes=2, on_message=tell))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    ) as parent:
        assert parent.stdout is not None
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        assert all(is_alive(each) for each in pids)
        parent.kill()
    assert wait_for(lambda: not any(is_alive(each) for each in pids))


def test_processes_do_not_heed_ctrl_c() -> None:
    """It is for this process to decide whether the work goes on."""
    under_way: list[int] = []

    def interrupt() -> bool:
        for process in set(under_way):
            os.kill(process, signal.SIGINT)
        return False

    results = spread(
        pid_and_sleep,
        [0.3, 0.3],
        processes=2,
        attempts=1,
        on_message=lambda _, pid: under_way.append(pid),
        cancelled=interrupt,
    )
    assert set(results) == set(under_way)


# -- a cluster that stands ---------------------------------------------------------------------


def test_a_cluster_gives_the_same_results_though_a_worker_is_killed(tmp_path: Path) -> None:
    """A scheduler and two workers by Dask's commands; one is killed in the middle of an item."""
    with standing(tmp_path, 2) as (address, (_, *workers)):
        victims = {worker.pid: worker for worker in workers}

        def kill_one(place: int, process: int) -> None:
            if place == 2 and len(victims) == 2:
                victims.pop(process).kill()

        items = [0.0, 0.1, 0.5, 0.1, 0.0]
        results = spread(pid_and_sleep, items, cluster=address, on_message=kill_one)
        pids = list(results)
        assert len(pids) == len(items)
        assert set(pids[2:]) == set(victims)
        # The cluster stands for the next who comes.
        assert list(spread(square, range(4), cluster=address)) == [0, 1, 4, 9]


def test_a_cluster_without_workers_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever for a worker that does not come."""
    monkeypatch.setattr(distribute, "CONNECT_SECONDS", 1.0)
    with standing(tmp_path, 0) as (address, _), pytest.raises(WorkerLostError, match="No worker"):
        list(spread(square, [1, 2], cluster=address))


@pytest.mark.parametrize("which", [0, 1])
def test_a_cluster_that_is_lost_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    """Its scheduler or its only worker is killed when every item is given out already."""
    monkeypatch.setattr(distribute, "CONNECT_SECONDS", 1.0)
    with standing(tmp_path, 1) as (address, processes):
        results = spread(
            pid_and_sleep, [60], cluster=address, on_message=lambda *_: processes[which].kill()
        )
        with pytest.raises(WorkerLostError, match=r"is gone|No worker is left"):
            next(results)


def test_a_cluster_of_another_release_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its workers would not understand what they are given."""
    with standing(tmp_path, 1) as (address, _):
        monkeypatch.setattr(distribute, "__version__", "99.0")
        with pytest.raises(DataSourceError, match="run another release"):
            list(spread(square, [1, 2], cluster=address))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1"])
def test_a_cluster_that_does_not_answer_is_told_of(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address where nobody listens, and what is no address."""
    monkeypatch.setattr(distribute, "CONNECT_SECONDS", 0.5)
    with pytest.raises(DataSourceError, match=f"The cluster at {address} does not answer"):
        list(spread(square, [1, 2], cluster=address))
