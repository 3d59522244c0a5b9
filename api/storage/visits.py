"""One visit to the record for the small questions of many calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from api.storage.record import Record

Answer = TypeVar("Answer")
Question: TypeAlias = Callable[[Connection], Answer]
_Waiting: TypeAlias = list[tuple[Question[Any], "asyncio.Future[Any]"]]


class Visits:
    """Takes what is asked in one turn of the event loop to the record together.

    A thread and a connection for each question would cost more than the question, and the loop
    itself must never wait for a database. Each is asked after it was put, so learns of everything
    that was committed by then.

    Parameters
    ----------
    record
        Where to ask.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._waiting: dict[asyncio.AbstractEventLoop, _Waiting] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def ask(self, question: Question[Answer]) -> Answer:
        """Return the answer to a question, or raise what it raises.

        Parameters
        ----------
        question
            Asks over a connection; in a thread.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        waiting = self._waiting.setdefault(loop, [])
        waiting.append((question, answer))
        if len(waiting) == 1:
            # Begins in the next turn: whoever asks in this one comes along.
            task = loop.create_task(self._visit(loop))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return await answer

    async def _visit(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting = self._waiting.pop(loop)
        questions = [question for question, _ in waiting]
        outcomes = await run_in_threadpool(self._outcomes, questions)
        for (_, answer), (found, error) in zip(waiting, outcomes, strict=True):
            if answer.cancelled():
                continue
            if error is None:
                answer.set_result(found)
            else:
                answer.set_exception(error)

    def _outcomes(self, questions: Sequence[Question[Any]]) -> list[tuple[Any, Exception | None]]:
        try:
            with self._record.glance() as connection:
                return [_outcome(question, connection) for question in questions]
        except Exception as error:
            return [(None, error)] * len(questions)


def _outcome(
    question: Question[Answer], connection: Connection
) -> tuple[Answer | None, Exception | None]:
    # One call's refusal is no other's.
    try:
        return question(connection), None
    except Exception as error:
        return None, error
