"""Tests of waiting for the record: as long as is set, told plainly, and by nobody else noticed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from time import monotonic, sleep

import psycopg
import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from api.errors import BusyError
from api.jobs import UNANSWERED, Worker
from api.settings import Settings
from api.storage.engines import CONNECTIONS, make_engine
from api.storage.record import (
    RETRY_SECONDS,
    SOFTWARE,
    Record,
)
from matcher.geography import Gazetteer
from tests.api.conftest import settings_at
from tests.api.desk import Desk, ok, refused
from tests.api.working import wait_for

SECONDS = 0.3
URGENT = {"reason": "The family carer is in hospital"}
PATH = "/v1/requests/R-101/urgency"
FEW = 3
MOST_THREADS = 40
"""Threads that the framework answers with."""


def hurried(url: str, seconds: float = SECONDS) -> Settings:
    """Return settings of a service that waits for a moment only."""
    return settings_at(url).model_copy(update={"lock_seconds": seconds})


@pytest.fixture
def hurried_desk(loaded_url: str, gazetteer: Gazetteer) -> Iterator[Desk]:
    """Give a desk that waits for a moment only, on SQLite and on PostgreSQL."""
    found = Desk(hurried(loaded_url), gazetteer)
    found.key()
    yield found
    found.close()


# -- for its turn ------------------------------------------------------------------------------


def test_a_change_waits_as_long_as_is_set(hurried_desk: Desk) -> None:
    """Then it is told that the record is busy, and when to come again; nothing was done."""
    with hurried_desk.record.writing(SOFTWARE):
        began = monotonic()
        answered = hurried_desk.call("PUT", PATH, URGENT)
        waited = monotonic() - began
    refused(answered, 503, "busy")
    assert answered.headers["Retry-After"] == str(RETRY_SECONDS)
    assert SECONDS * 0.9 <= waited < 20
    assert hurried_desk.get("/v1/requests/R-101")["urgent_by"] is None


def test_a_turn_that_comes_in_time_is_taken(loaded_url: str, gazetteer: Gazetteer) -> None:
    """Whoever stands in line for less than that notices nothing."""
    desk, answers = Desk(hurried(loaded_url, 20), gazetteer), []
    desk.key()
    thread = threading.Thread(target=lambda: answers.append(desk.call("PUT", PATH, URGENT)))
    with desk.record.writing(SOFTWARE):
        thread.start()
        sleep(SECONDS)
    thread.join()
    ok(answers[0])
    desk.close()


def test_who_only_reads_does_not_wait(hurried_desk: Desk) -> None:
    """A change under way keeps nobody from looking."""
    with hurried_desk.record.writing(SOFTWARE):
        hurried_desk.get("/v1/requests/R-101")


def test_other_errors_of_a_database_stay_what_they_are(hurried_desk: Desk) -> None:
    """A fault is not called busy, for it would not be better later."""
    with pytest.raises(OperationalError), hurried_desk.record.reading():
        raise OperationalError("SELECT", {}, Exception("no such table: nowhere"))


def test_a_worker_waits_and_tries_again(hurried_desk: Desk) -> None:
    """To it, a record that is busy is one that does not answer."""
    hurried_desk.post("/v1/allocations", {"seconds": 1})
    worker = Worker(hurried_desk.record, hurried_desk.gazetteer)
    with hurried_desk.record.writing(SOFTWARE), pytest.raises(UNANSWERED):
        worker.work_one()
    assert worker.work_one()


# -- for a connection --------------------------------------------------------------------------


def test_a_call_waits_for_a_connection_as_long(hurried_desk: Desk) -> None:
    """With none free, whoever needs one is told the same; whether it lives needs none."""
    with ExitStack() as stack:
        for _ in range(CONNECTIONS + hurried_desk.settings.most_waiting):
            stack.enter_context(hurried_desk.record.glance())
        refused(hurried_desk.call("GET", "/v1/requests"), 503, "busy")
        refused(hurried_desk.client.get("/readyz"), 503, "not-ready")
        ok(hurried_desk.client.get("/healthz"))
    hurried_desk.get("/v1/requests")


@pytest.mark.parametrize("door", ["reading", "snapshot", "bare_writing"])
def test_every_door_tells_it(hurried_desk: Desk, door: str) -> None:
    """Reading or writing, with a session or without."""
    with ExitStack() as stack:
        for _ in range(CONNECTIONS + hurried_desk.settings.most_waiting):
            stack.enter_context(hurried_desk.record.glance())
        with pytest.raises(BusyError), getattr(hurried_desk.record, door)() as session:
            session.execute(text("SELECT 1"))


def test_a_record_in_memory_has_a_pool_of_its_own() -> None:
    """There is nothing to wait for."""
    with make_engine(hurried("sqlite://")).connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_so_many_may_wait_and_no_more(loaded_url: str, gazetteer: Gazetteer) -> None:
    """One more is told at once to try again, and who only reads is answered all the while."""
    settings = hurried(loaded_url, 20).model_copy(update={"most_waiting": FEW})
    desk = Desk(settings, gazetteer)
    headers = {"Authorization": f"Bearer {desk.key()}"}
    answers: list[Response] = []
    with TestClient(desk.app) as client:

        def change() -> None:
            answers.append(client.put(PATH, json=URGENT, headers=headers))

        threads = [threading.Thread(target=change) for _ in range(MOST_THREADS + 5)]
        # As another process has it, for that is in no line of this one.
        other = Record(settings)
        with other.writing(SOFTWARE):
            for thread in threads:
                thread.start()
            wait_for(lambda: len(answers) == len(threads) - FEW)
            for answer in answers:
                refused(answer, 503, "busy")
                assert answer.headers["Retry-After"] == str(RETRY_SECONDS)
            ok(client.get("/v1/requests/R-101", headers=headers))
            ok(client.get("/readyz"))
            ok(client.get("/healthz"))
            assert len(answers) == len(threads) - FEW
        for thread in threads:
            thread.join()
        for answer in answers[-FEW:]:
            ok(answer)
        ok(client.put(PATH, json=URGENT, headers=headers))
    other.close()
    desk.close()


# -- what a transaction sees -------------------------------------------------------------------


@pytest.mark.parametrize("loaded_url", ["postgresql"], indirect=True)
def test_levels_are_ours_whatever_the_server_is_set_to(loaded_url: str) -> None:
    """Changes see what was kept before them, one after another; a snapshot sees one moment."""
    name = loaded_url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(loaded_url, autocommit=True) as connection:
        setting = "SET default_transaction_isolation = 'repeatable read'"
        connection.execute(f"ALTER DATABASE {name} {setting}".encode())
    record, level = Record(hurried(loaded_url)), text("SHOW transaction_isolation")
    with record.snapshot() as session:
        assert session.scalar(level) == "repeatable read"
    with record.reading() as session:
        assert session.scalar(level) == "read committed"
    with record.writing(SOFTWARE) as writing:
        assert writing.session.scalar(level) == "read committed"
        assert writing.session.scalar(text("SHOW lock_timeout")) == "300ms"
    with record.reading() as session:
        assert session.scalar(text("SHOW lock_timeout")) == "0"
    record.close()
