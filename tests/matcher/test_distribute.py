"""Work spread over processes: each item once, in order, told of and stopped like here."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from matcher.distribute import map_supervised
from tests.errands import (
    pid,
    pid_and_sleep,
    sleep_and_return,
    sleep_telling,
    span,
    square,
    tell_and_wait,
    tell_from_threads,
    tell_steps,
)


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    assert multiprocessing.active_children() == []


# -- results -----------------------------------------------------------------------------------


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_results_do_not_depend_on_the_number_of_processes(processes: int) -> None:
    """One result an item, in the order of the items."""
    results = map_supervised(square, range(7), processes=processes)
    assert list(results) == [0, 1, 4, 9, 16, 25, 36]


def test_order_is_kept_when_the_first_item_is_the_slowest() -> None:
    """Results that came before their turn wait for it."""
    items = [0.6, 0.0, 0.1, 0.0, 0.05]
    assert list(map_supervised(sleep_and_return, items, processes=2)) == items


@pytest.mark.parametrize("processes", [1, 2])
def test_no_items_give_no_results(processes: int) -> None:
    """Nothing is asked for and nothing is started."""
    assert list(map_supervised(square, [], processes=processes)) == []


@pytest.mark.parametrize(
    ("items", "processes"),
    [
        (range(3), 1),  # one process is this one
        (range(1), 4),  # one item needs no other
    ],
)
def test_a_process_is_not_started_for_nothing(items: range, processes: int) -> None:
    """One process or one item is worked at here."""
    assert set(map_supervised(pid, items, processes=processes)) == {os.getpid()}


def test_more_processes_than_items_are_not_started() -> None:
    """Two items have two processes, neither of them this one."""
    pids = set(map_supervised(pid_and_sleep, [0.3, 0.3], processes=5))
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_never_more_items_in_flight_than_processes() -> None:
    """An item is taken up when another is done, and no more than two overlap."""
    done: list[int] = []
    ahead: list[int] = []

    def items() -> Iterator[float]:
        for taken in range(1, 9):
            ahead.append(taken - len(done))
            yield 0.05

    results = map_supervised(
        span, items(), processes=2, on_message=lambda place, _: done.append(place)
    )
    spans = list(results)
    assert len(spans) == len(done) == len(ahead) == 8
    assert max(ahead) == 2
    for begun, _ in spans:
        assert sum(other <= begun < end for other, end in spans) <= 2


@pytest.mark.parametrize("tasks_per_process", [1, 2])
def test_processes_are_replaced_after_their_share(tasks_per_process: int) -> None:
    """No process works at more items than it may."""
    pids = Counter(map_supervised(pid, range(5), processes=2, tasks_per_process=tasks_per_process))
    assert pids.total() == 5
    assert max(pids.values()) <= tasks_per_process


def test_without_a_share_processes_are_kept() -> None:
    """Six items, and no more than two processes."""
    assert len(set(map_supervised(pid, range(6), processes=2))) <= 2


@pytest.mark.parametrize("name", ["processes", "attempts", "tasks_per_process"])
def test_numbers_below_one_are_refused_at_once(name: str) -> None:
    """Before anything is asked of the iterator."""
    numbers: dict[str, Any] = {"processes": 2, name: 0}
    with pytest.raises(ValueError, match=f"{name} is 0; it must be at least 1"):
        map_supervised(square, [1, 2], **numbers)


# -- messages and stopping ---------------------------------------------------------------------


@pytest.mark.parametrize("processes", [1, 3])
def test_messages_come_in_order_and_with_their_item(processes: int) -> None:
    """Every message of every item, told of its place, in the order it was sent."""
    told: dict[int, list[tuple[int, int]]] = {}
    items = [10, 11, 12, 13]
    results = map_supervised(
        tell_steps,
        items,
        processes=processes,
        on_message=lambda place, message: told.setdefault(place, []).append(message),
    )
    assert list(results) == items
    assert told == {place: [(10 + place, step) for step in range(20)] for place in range(4)}


def test_messages_of_several_threads_do_not_mix() -> None:
    """A solver tells from its own threads; long messages arrive whole."""
    told: dict[int, list[str]] = {0: [], 1: []}
    results = map_supervised(
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
        list(map_supervised(tell_steps, [1, 2], processes=2, on_message=refuse))


@pytest.mark.parametrize("processes", [1, 2])
def test_asking_to_stop_reaches_work_under_way(processes: int) -> None:
    """Both items see it, and it is asked for only once they have begun."""
    under_way: list[int] = []
    results = map_supervised(
        tell_and_wait,
        [0, 1],
        processes=processes,
        on_message=lambda place, _: under_way.append(place),
        cancelled=lambda: len(under_way) >= processes,
    )
    assert list(results) == [True, True]


@pytest.mark.parametrize("processes", [1, 2])
def test_asking_to_stop_is_not_taken_back(processes: int) -> None:
    """Items begun after a request that is over see it still."""
    answers = iter([True])
    results = map_supervised(
        tell_and_wait, range(3), processes=processes, cancelled=lambda: next(answers, False)
    )
    assert list(results) == [True, True, True]


def test_whether_to_stop_is_asked_ten_times_a_second() -> None:
    """Also while nothing else happens."""
    asked: list[float] = []

    def never() -> bool:
        asked.append(time.monotonic())
        return False

    list(map_supervised(sleep_and_return, [0.5, 0.5], processes=2, cancelled=never))
    gaps = [later - sooner for sooner, later in itertools.pairwise(asked)]
    assert sorted(gaps)[len(gaps) // 2] <= 0.1


@pytest.mark.parametrize("can_hold", [True, False])
def test_processes_do_not_heed_ctrl_c(can_hold: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is for this process to decide; where the system can, from their first breath."""
    if not can_hold:
        monkeypatch.delattr(signal, "pthread_sigmask")  # as on Windows
    under_way: list[int] = []

    def interrupt() -> bool:
        for process in multiprocessing.active_children() if can_hold or len(under_way) > 1 else []:
            os.kill(process.pid or 0, signal.SIGINT)
        return False

    results = map_supervised(
        sleep_telling,
        [0.3, 0.3],
        processes=2,
        attempts=1,
        on_message=lambda place, _: under_way.append(place),
        cancelled=interrupt,
    )
    assert list(results) == [0.3, 0.3]
