"""Tests of turns: whoever asks for much at once leaves room for the others."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from api.app import CALLS_AT_ONCE
from api.routers import providers
from api.turns import Turns
from tests.api.besieging import wait_for
from tests.api.desk import Desk, ok


class Work:
    """Calls of several callers, each of which goes on until it is let go.

    Parameters
    ----------
    turns
        Which they wait for.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.under_way: list[str] = []
        self.may_end = asyncio.Event()

    async def call(self, who: str) -> None:
        """Work one call."""
        async with self._turns.taken(who):
            self.under_way.append(who)
            await self.may_end.wait()


async def settled() -> None:
    """Let everything go as far as it can by itself."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_one_caller_has_its_turns_and_no_more() -> None:
    """Three are worked, seven stand in line; another caller does not stand behind them."""

    async def play() -> None:
        work = Work(Turns(3))
        calls = [asyncio.create_task(work.call("one")) for _ in range(10)]
        await settled()
        assert work.under_way == ["one"] * 3
        calls.append(asyncio.create_task(work.call("other")))
        await settled()
        assert work.under_way == [*["one"] * 3, "other"]
        work.may_end.set()
        await asyncio.gather(*calls)
        assert work.under_way.count("one") == 10

    asyncio.run(play())


def test_a_turn_is_given_back_whatever_becomes_of_its_call() -> None:
    """A call that fails, one that is cancelled at work, and one that is while it waits."""

    async def play() -> None:
        turns = Turns(1)
        work = Work(turns)

        async def failing() -> None:
            async with turns.taken("one"):
                raise LookupError

        with pytest.raises(LookupError):
            await failing()
        calls = [asyncio.create_task(work.call("one")) for _ in range(2)]
        await settled()
        for call in reversed(calls):
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        last = asyncio.create_task(work.call("one"))
        await settled()
        assert work.under_way == ["one"] * 2
        work.may_end.set()
        await last
        assert not turns._lines  # whoever called once is not remembered for ever

    asyncio.run(play())


def test_a_key_that_reads_much_leaves_room(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve lists asked for at once: some are worked, and what another key asks is answered."""
    may_end, lock, under_way = threading.Event(), threading.Lock(), []
    listed = providers.listed_providers

    def slow(*told: Any, **more: Any) -> Any:
        with lock:
            under_way.append(threading.get_ident())
        assert may_end.wait(60)
        return listed(*told, **more)

    monkeypatch.setattr(providers, "listed_providers", slow)
    ok(sqlite_desk.call("GET", "/v1/requests"))  # both keys are made
    ok(sqlite_desk.call("GET", "/v1/requests", holder="another broker"))
    with ThreadPoolExecutor(12) as threads:
        asked: list[Future[Any]] = [
            threads.submit(sqlite_desk.call, "GET", "/v1/providers") for _ in range(12)
        ]
        try:
            wait_for(lambda: len(under_way) >= CALLS_AT_ONCE)
            for _ in range(3):
                ok(sqlite_desk.call("GET", "/v1/requests", holder="another broker"))
            assert len(under_way) == CALLS_AT_ONCE
        finally:
            may_end.set()
        for each in asked:
            ok(each.result(60))
    assert len(under_way) == 12
