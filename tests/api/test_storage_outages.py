"""Tests of a database that is not there: callers are told to try again, who runs it is told why."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import structlog.testing
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from api.app import make_service
from api.errors import UnansweredError
from api.jobs import LONGEST_PAUSE, Silence, Worker
from api.settings import Settings
from api.storage.outages import outage_of
from api.storage.record import RETRY_SECONDS, SOFTWARE, Record
from matcher.geography import Gazetteer
from tests.api.conftest import settings_at
from tests.api.desk import Desk, refused

GONE = ("postgresql://nobody:pass-word@127.0.0.1:1/gone", "sqlite:////nowhere/at/all/gone.db")
"""Where nobody listens, and a file in a folder that is not there."""


@pytest.fixture(params=GONE)
def away(request: pytest.FixtureRequest) -> Settings:
    """Give settings of a service whose database is not there, of either kind."""
    url: str = request.param
    return settings_at(url)


@pytest.fixture
def deserted(sqlite_desk: Desk, away: Settings, gazetteer: Gazetteer) -> Iterator[Desk]:
    """Give a desk whose database has gone after its key was made."""
    sqlite_desk.key()
    record = Record(away)
    sqlite_desk.app.state.service = make_service(away, record, gazetteer)
    yield sqlite_desk
    record.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/requests"), ("POST", "/v1/allocations"), ("POST", "/v1/shortlists")],
)
def test_a_call_is_told_to_try_again(deserted: Desk, method: str, path: str) -> None:
    """It is no fault of ours or of the caller's; where the database is, is not the caller's."""
    with structlog.testing.capture_logs() as lines:
        answered = deserted.call(method, path, {} if method == "POST" else None)
    told = refused(answered, 503, "unanswered")
    assert answered.headers["Retry-After"] == str(RETRY_SECONDS)
    assert "gone" not in answered.text
    warned = next(line for line in lines if line["event"] == "the record does not answer")
    assert "gone" in warned["database"]
    assert warned["reason"]
    assert "pass-word" not in str(lines)
    assert told["expected"] == "a database that answers"


def test_whether_it_is_ready_is_answered_all_the_same(deserted: Desk) -> None:
    """It lives, and is not ready."""
    assert deserted.client.get("/healthz").status_code == 200
    refused(deserted.client.get("/readyz"), 503, "not-ready")


@pytest.mark.parametrize("door", ["reading", "snapshot", "bare_writing"])
def test_every_door_tells_where_and_why(away: Settings, door: str) -> None:
    """Reading or writing."""
    record = Record(away)
    with pytest.raises(UnansweredError) as caught, getattr(record, door)() as session:
        session.execute(text("SELECT 1"))
    record.close()
    assert caught.value.database == away.shown
    assert "refused" in caught.value.reason or "unable to open" in caught.value.reason
    assert "\n" not in caught.value.reason


@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
def test_a_server_that_shuts_down_is_an_outage(empty_url: str) -> None:
    """What is under way then is not kept, and is told so; the next visit finds the server again."""
    record = Record(Settings(database_url=SecretStr(empty_url)))
    with pytest.raises(UnansweredError, match="try again"), record.bare_writing() as session:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with record.reading() as session:
        assert session.scalar(text("SELECT 1")) == 1
    record.close()


def test_a_wrong_question_is_no_outage(desk: Desk) -> None:
    """A fault of ours stays one: a table that is not there does not come by waiting."""
    with pytest.raises((OperationalError, ProgrammingError)) as caught:  # noqa: SIM117
        with desk.record.reading() as session:
            session.execute(text("SELECT 1 FROM nowhere"))
    assert outage_of(caught.value) is None


# -- the worker --------------------------------------------------------------------------------


def test_a_worker_tells_once_where_and_why(away: Settings, gazetteer: Gazetteer) -> None:
    """One short line for a long outage, without secrets or places in the code."""
    record, stop = Record(away), threading.Event()
    threading.Timer(0.3, stop.set).start()
    with structlog.testing.capture_logs() as lines:
        Worker(record, gazetteer).work_until(stop, idle_seconds=0.01)
    record.close()
    (line,) = lines
    assert line.keys() == {"event", "log_level", "database", "reason"}
    assert line["database"] == away.shown
    assert "pass-word" not in str(line)


def test_a_record_is_asked_ever_more_seldom(sqlite_desk: Desk) -> None:
    """And, once it answers, told so and asked as often as before."""
    silence, error = Silence(1.0), UnansweredError("a", "b", 1)
    with structlog.testing.capture_logs() as lines:
        pauses = [silence.goes_on(error) for _ in range(7)]
        silence.ends()
        silence.ends()
        again = silence.goes_on(error)
    assert pauses == [1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE]
    assert again == 1
    events = [line["event"] for line in lines]
    away, back = "the record does not answer", "the record answers again"
    assert events == [away, back, away]


def test_a_change_on_a_record_that_is_back_is_made(desk: Desk) -> None:
    """The doors of a database that answers let everything through."""
    with desk.record.writing(SOFTWARE) as writing:
        writing.audit("record.looked_at", "record")
