"""Tests of asking together: one connection for those who do, and each answer its own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import current_thread

import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError, OperationalError

from api.acts import shortlists
from api.errors import BusyError
from api.routers.shortlists import FEW_VISITS
from api.schemas.shortlists import ShortlistAsked
from api.storage.record import SOFTWARE, Record
from api.storage.supply import versions
from api.supply import Supply
from api.together import Together
from matcher.market import Market
from matcher.shortlist import Shortlist
from tests.api.conftest import settings_at
from tests.api.desk import Desk


class CountedRecord(Record):
    """A record that counts the visits to it, and can have no connection free."""

    visits, is_busy = 0, False

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """Give a connection, or none."""
        self.visits += 1
        if self.is_busy:
            raise BusyError("busy", 1)
        with super().glance() as connection:
            yield connection


@pytest.fixture
def record(sqlite_desk: Desk) -> Iterator[CountedRecord]:
    """Give a counted record of the sample book."""
    found = CountedRecord(sqlite_desk.settings, sqlite_desk.record.clock)
    yield found
    found.close()


def number(wanted: int) -> Callable[[Connection], int]:
    """Return a question whose answer is a number."""

    def asked(connection: Connection) -> int:
        return int(connection.scalar(text("SELECT :wanted"), {"wanted": wanted}) or 0)

    return asked


def odd(connection: Connection) -> int:
    """Refuse to answer."""
    raise ValueError("odd")


async def together(*asking: Awaitable[object]) -> list[object]:
    """Return what each gets, errors among it."""
    return await asyncio.gather(*asking, return_exceptions=True)


def test_those_who_ask_together_share_a_visit(record: CountedRecord) -> None:
    """Each gets the answer to its own question."""
    visits = Together(record.glance)

    async def asking() -> list[object]:
        return await together(*(visits.ask(number(each)) for each in range(20)))

    assert asyncio.run(asking()) == list(range(20))
    assert record.visits == 1


def test_who_asks_later_makes_a_visit_of_its_own(record: CountedRecord, sqlite_desk: Desk) -> None:
    """Its answer knows of what was committed before it asked."""
    visits = Together(record.glance)

    async def asking() -> tuple[int, int]:
        first = await visits.ask(versions)
        with sqlite_desk.record.writing(SOFTWARE) as writing:
            writing.terms_changed()
        then = await visits.ask(versions)
        assert first is not None
        assert then is not None
        return first.terms, then.terms

    first, then = asyncio.run(asking())
    assert then == first + 1
    assert record.visits == 2


def test_one_refusal_is_no_other_callers(record: CountedRecord) -> None:
    """Whoever asks beside it is answered."""
    visits = Together(record.glance)

    async def asking() -> list[object]:
        return await together(visits.ask(number(1)), visits.ask(odd), visits.ask(number(3)))

    first, refusal, last = asyncio.run(asking())
    assert (first, last) == (1, 3)
    assert isinstance(refusal, ValueError)


def test_without_a_connection_each_is_told(record: CountedRecord) -> None:
    """Nobody waits for ever, and the next visit is made as if nothing had been."""
    visits = Together(record.glance)

    async def asking() -> list[object]:
        return await together(visits.ask(number(1)), visits.ask(number(2)))

    record.is_busy = True
    assert [type(each) for each in asyncio.run(asking())] == [BusyError, BusyError]
    record.is_busy = False
    assert asyncio.run(asking()) == [1, 2]


def test_a_failed_question_spoils_no_other(desk: Desk) -> None:
    """Where an error ends the transaction, those after it ask in another."""
    visits = Together(desk.record.glance)

    def wrong(connection: Connection) -> int:
        return int(connection.scalar(text("SELECT nothing")) or 0)

    async def asking() -> list[object]:
        return await together(visits.ask(number(1)), visits.ask(wrong), visits.ask(number(3)))

    first, failure, last = asyncio.run(asking())
    assert (first, last) == (1, 3)
    assert isinstance(failure, DatabaseError)


def test_a_failure_is_told_as_the_place_tells_it(record: CountedRecord) -> None:
    """A database that is lost in the middle is no fault of ours; those after it ask again."""
    visits = Together(record.glance)

    def lost(_connection: Connection) -> int:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise OperationalError("SELECT", {}, error)

    async def asking() -> list[object]:
        return await together(visits.ask(number(1)), visits.ask(lost), visits.ask(number(3)))

    with pytest.raises(Exception, match="so try again") as caught, record.glance() as place:
        lost(place)
    first, failure, last = asyncio.run(asking())
    assert (first, last) == (1, 3)
    assert type(failure) is caught.type


def test_without_a_thread_each_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for what will never be asked."""
    searches = Together[None](nullcontext)

    async def none(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    async def asking() -> list[object]:
        asked = together(searches.ask(lambda _: 1), searches.ask(lambda _: 2))
        return await asyncio.wait_for(asked, 5)

    monkeypatch.setattr("api.together.run_in_threadpool", none)
    assert [type(each) for each in asyncio.run(asking())] == [RuntimeError, RuntimeError]


def test_who_goes_away_takes_nobody_along(record: CountedRecord) -> None:
    """Also if it was the first to ask."""
    visits = Together(record.glance)

    async def asking() -> list[object]:
        first = asyncio.create_task(visits.ask(number(1)))
        second = asyncio.create_task(visits.ask(number(2)))
        await asyncio.sleep(0)
        first.cancel()
        return await together(first, second)

    gone, answered = asyncio.run(asking())
    assert isinstance(gone, asyncio.CancelledError)
    assert answered == 2
    assert record.visits == 1


def test_event_loops_do_not_meet(record: CountedRecord) -> None:
    """A loop that ended leaves nothing behind for the next."""
    visits = Together(record.glance)
    for each in range(3):
        assert asyncio.run(visits.ask(number(each))) == each
    assert record.visits == 3


def test_a_record_that_cannot_be_opened_is_told_to_all(tmp_path: Path) -> None:
    """The error of the database reaches whoever asked."""
    visits = Together(Record(settings_at(f"sqlite:///{tmp_path}/nowhere/at.db")).glance)
    with pytest.raises(Exception, match="cannot be opened"):
        asyncio.run(visits.ask(number(1)))


def test_calls_that_come_together_are_each_judged(desk: Desk) -> None:
    """A valid key, none and one of a role that may not: each as if it had come alone."""
    body = {"request": desk.get("/v1/requests/R-101")["request"]}
    provider = desk.key("provider", "the provider")
    calls = {
        200: {"Authorization": f"Bearer {desk.key()}"},
        401: {"Authorization": "Bearer cm_unknown_key"},
        403: {"Authorization": f"Bearer {provider}"},
    }

    async def asking() -> list[object]:
        transport = ASGITransport(app=desk.app)
        async with AsyncClient(transport=transport, base_url="http://desk") as client:
            return await together(
                *(
                    client.post("/v1/shortlists", json=body, headers=headers)
                    for headers in calls.values()
                )
            )

    answers = asyncio.run(asking())
    assert [each.status_code for each in answers if isinstance(each, Response)] == list(calls)


@pytest.mark.parametrize(("visits", "is_aside"), [(1, False), (FEW_VISITS, False), (7, True)])
def test_a_long_search_leaves_the_event_loop_alone(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch, visits: int, is_aside: bool
) -> None:
    """Whoever asks meanwhile whether the service lives is answered."""
    found: list[str] = []
    find = shortlists.find

    def noted(supply: Supply, market: Market, asked: ShortlistAsked) -> Shortlist:
        found.append(current_thread().name)
        return find(supply, market, asked)

    monkeypatch.setattr(shortlists, "find", noted)
    request = sqlite_desk.get("/v1/requests/R-101")["request"]
    lines = [
        {"visit_no": number, "days": ["mon"], "band": "morning", "minutes": 15}
        for number in range(1, visits + 1)
    ]
    body = {"request": {**request, "package": {"visits": lines}}}
    answered = sqlite_desk.post("/v1/shortlists", body)
    assert answered["request_id"] == "R-101"
    assert [name.startswith("AnyIO worker thread") for name in found] == [is_aside]
