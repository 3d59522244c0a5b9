"""Tests of a database, or another process, that stands still: nobody waits for it for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from api import readiness
from api.errors import BusyError, UnansweredError
from api.settings import Settings
from api.storage.engines import CONNECTIONS, take_time
from api.storage.record import RETRY_SECONDS, SOFTWARE, Record
from api.storage.trying import Trial
from matcher.files import BookFolder
from matcher.geography import Gazetteer
from tests.api.conftest import NO_SERVER, fill
from tests.api.desk import DAY, Desk, ok, refused
from tests.api.postgresql import TEMPLATE, Server, binaries, running
from tests.api.waiting import PATIENCE, Aside, impatient, paused_in_a_change
from tests.api.working import ask, take, wait_for

URGENT = {"reason": "The family carer is in hospital"}
PATH = "/v1/requests/R-101/urgency"
MANY = 45
"""More than there are threads."""


@pytest.fixture(scope="module")
def still_server(
    tmp_path_factory: pytest.TempPathFactory, sample: BookFolder, gazetteer: Gazetteer
) -> Iterator[Server]:
    """Give a PostgreSQL server of this file's own, which may be stopped."""
    if binaries() is None:
        pytest.skip(NO_SERVER)
    with running(tmp_path_factory.mktemp("still") / "server") as found:
        fill(found.create(TEMPLATE), sample, gazetteer)
        yield found


@pytest.fixture
def url(still_server: Server) -> Iterator[str]:
    """Give the address of a database with the sample book on it."""
    with still_server.lent(TEMPLATE) as found:
        yield found


# -- a server that stands still ----------------------------------------------------------------


def test_a_call_does_not_wait_for_a_server_that_stands_still(
    still_server: Server, url: str, gazetteer: Gazetteer
) -> None:
    """Reads and changes are told to try again, and done as soon as it goes on."""
    desk = Desk(impatient(url), gazetteer)
    desk.get("/v1/requests/R-101")  # over a connection that is then kept
    with Aside() as aside:
        with still_server.stopped():
            for method, path, body in (("GET", "/v1/requests", None), ("PUT", PATH, URGENT)):
                answered = aside.within(lambda m=method, p=path, b=body: desk.call(m, p, b))
                refused(answered, 503, "unanswered")
                assert answered.headers["Retry-After"] == str(RETRY_SECONDS)
        ok(desk.call("PUT", PATH, URGENT))
    desk.close()


@pytest.mark.parametrize("door", ["reading", "snapshot", "writing"])
def test_a_server_that_stops_in_the_middle_is_given_up(
    still_server: Server, url: str, door: str
) -> None:
    """Also after the first answer; what was changed is undone."""
    record = Record(impatient(url))
    writer = (SOFTWARE,) if door == "writing" else ()

    def visit() -> None:
        with getattr(record, door)(*writer) as found:
            session = getattr(found, "session", found)
            session.execute(text("SELECT count(*) FROM audit"))
            with still_server.stopped():
                session.execute(text("SELECT count(*) FROM audit"))

    with Aside() as aside, pytest.raises(UnansweredError) as caught:
        aside.within(visit)
    assert "said nothing for" in caught.value.reason
    with record.writing(SOFTWARE) as writing:
        assert writing.session.scalar(text("SELECT 1")) == 1
    record.close()


def test_it_is_told_whether_it_is_ready_while_all_others_wait(
    still_server: Server, url: str, gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a thread of its own: all others wait for a server that stands still."""
    patient = dict.fromkeys(("answer_seconds", "connect_seconds", "lock_seconds"), PATIENCE)
    desk = Desk(impatient(url, **patient), gazetteer)
    ok(desk.client.get("/readyz"))
    monkeypatch.setattr(readiness, "ANSWER_SECONDS", 0.5)
    desk.key()
    with Aside(MANY) as aside:
        with still_server.stopped():
            waiting = [aside.submit(desk.call, "GET", "/v1/requests") for _ in range(MANY)]
            wait_for(lambda: desk.record.engine.pool.checkedout() > CONNECTIONS)  # type: ignore[attr-defined]
            told = refused(desk.client.get("/readyz"), 503, "not-ready")
            ok(desk.client.get("/healthz"))
            assert "does not answer" in told["detail"]
            assert not any(each.done() for each in waiting)
        for each in waiting:
            each.result(PATIENCE)
    monkeypatch.undo()
    wait_for(lambda: desk.client.get("/readyz").is_success)
    desk.close()


def test_what_takes_long_is_ended_by_the_server(url: str) -> None:
    """It is told as an outage; the connection is as good as before."""
    record = Record(impatient(url))
    with pytest.raises(UnansweredError) as caught, record.reading() as session:
        session.execute(text("SELECT pg_sleep(60)"))
    assert caught.value.told == "takes too long over an answer"
    with record.reading() as session:
        assert session.scalar(text("SHOW statement_timeout")) == "300ms"
    record.close()


def test_a_migration_may_take_long(url: str) -> None:
    """Nobody waits for its answer, and a large table takes its time."""
    record = Record(impatient(url))
    with record.engine.begin() as connection:
        take_time(connection)
        connection.execute(text("SELECT pg_sleep(0.5)"))
    record.close()


def test_what_the_address_says_counts(url: str) -> None:
    """Whoever runs the server may know better."""
    record = Record(impatient(f"{url}&options=-c%20statement_timeout%3D7s"))
    with record.reading() as session:
        assert session.scalar(text("SHOW statement_timeout")) == "7s"
    record.close()


def test_a_night_ends_whatever_the_server_does(
    still_server: Server, url: str, gazetteer: Gazetteer
) -> None:
    """Asked to end while it waits for a server that stands still."""
    desk = Desk(impatient(url), gazetteer)
    ask(desk)
    assert take(desk, lease_seconds=10 * PATIENCE)
    told = {"DATABASE_URL": url, "DAY": DAY, "CONNECT_SECONDS": "0.3", "ANSWER_SECONDS": "0.3"}
    environment = {**os.environ, **{f"CAREMATCH_{name}": value for name, value in told.items()}}
    command = [sys.executable, "-m", "api", "nightly"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as night:
        try:
            assert night.stderr is not None
            assert "is worked first" in night.stderr.readline()
            with still_server.stopped():
                night.send_signal(signal.SIGTERM)
                night.wait(PATIENCE)
        finally:
            night.kill()
    desk.close()


# -- a process that stands still in a change -----------------------------------------------------


def test_postgresql_ends_a_change_that_stands_still(url: str) -> None:
    """Others have their turn; whoever was held still is told that nothing was kept."""
    record = Record(impatient(url, lock_seconds=float(PATIENCE)))
    with paused_in_a_change(url, change_seconds=0.5) as paused:
        with record.writing(SOFTWARE) as writing:
            count = writing.record.audit_count
        assert Trial(record).why_not() is None
    assert paused.returncode != 0
    with record.writing(SOFTWARE) as writing:
        assert writing.record.audit_count == count
    record.close()


def test_on_sqlite_a_change_that_stands_still_is_told(tmp_path: Path, sqlite_desk: Desk) -> None:
    """Nobody can take its lock away, so whoever watches is told; it is made when it goes on."""
    settings: Settings = impatient(f"sqlite:///{tmp_path / 'book.db'}", change_seconds=0.2)
    record = Record(settings)
    trial = Trial(record)
    with record.reading() as session:
        before = session.scalar(text("SELECT audit_count FROM record"))
    with paused_in_a_change(settings.database_url.get_secret_value(), 0.2) as paused:
        assert trial.why_not() is None  # for now, it is a change as any other
        with pytest.raises(BusyError), record.writing(SOFTWARE):
            pass
        wait_for(lambda: "A change keeps all others waiting" in str(trial.why_not()))
        with record.reading() as session:
            assert session.scalar(text("SELECT audit_count FROM record")) == before
    assert paused.returncode == 0
    assert trial.why_not() is None
    with record.writing(SOFTWARE) as writing:
        assert writing.record.audit_count == before + 1
    record.close()
