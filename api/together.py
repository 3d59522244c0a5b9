"""Work of many calls done together, by one thread at a time each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeAlias, TypeVar

from starlette.concurrency import run_in_threadpool

Place = TypeVar("Place")
Answer = TypeVar("Answer")
_Outcome: TypeAlias = tuple[Any, Exception | None]


class Together(Generic[Place]):
    """Takes what is asked in one turn of the event loop to the place of its answers together.

    A thread for each question would cost more than a small question, and several that reckon at
    once keep each other from it; the loop itself must never wait for a database or a long search.
    Each question is asked after it was put, so learns of everything that was committed by then.

    Parameters
    ----------
    opened
        Opens the place where questions are answered, once for all that come together.
    """

    def __init__(self, opened: Callable[[], AbstractContextManager[Place]]) -> None:
        self._opened = opened
        self._waiting: dict[
            asyncio.AbstractEventLoop, list[tuple[Callable[[Place], Any], asyncio.Future[Any]]]
        ] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def ask(self, question: Callable[[Place], Answer]) -> Answer:
        """Return the answer to a question, or raise what it raises.

        Parameters
        ----------
        question
            Is asked in a thread, at the place that was opened.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        waiting = self._waiting.setdefault(loop, [])
        waiting.append((question, answer))
        if len(waiting) == 1:
            # Begins in the next turn: whoever asks in this one comes along.
            task = loop.create_task(self._go(loop))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return await answer

    async def _go(self, loop: asyncio.AbstractEventLoop) -> None:
        asked = self._waiting.pop(loop)
        questions = [question for question, _ in asked]
        try:
            outcomes = await run_in_threadpool(self._outcomes, questions)
        except Exception as error:  # no thread was to be had
            outcomes = [(None, error)] * len(asked)
        for (_, answer), (found, failure) in zip(asked, outcomes, strict=True):
            if answer.cancelled():
                continue
            if failure is None:
                answer.set_result(found)
            else:
                answer.set_exception(failure)

    def _outcomes(self, questions: Sequence[Callable[[Place], Any]]) -> list[_Outcome]:
        outcomes: list[_Outcome] = []
        while left := len(questions) - len(outcomes):
            is_open = False
            try:
                with self._opened() as place:
                    is_open = True
                    for question in questions[-left:]:
                        outcomes.append((question(place), None))
            except Exception as error:
                # A failure leaves the place, which tells it as it tells its own, and spoils no
                # other question: those after it find the place opened anew.
                left = len(questions) - len(outcomes)
                outcomes += [(None, error)] * (min(left, 1) if is_open else left)
        return outcomes
