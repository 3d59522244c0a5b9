"""Tests of the logs as they leave the process: one JSON line each, with nothing personal."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from api.jobs import Worker
from api.logs import set_up_logs, without_texts
from api.settings import Settings
from tests.api.desk import Desk


@pytest.fixture(autouse=True)
def afterwards() -> Iterator[None]:
    """Let other tests find the logs as they were."""
    yield
    structlog.reset_defaults()


def test_a_line_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    """Away from a terminal each line is JSON with its level, its time and what is bound."""
    set_up_logs(Settings())
    structlog.contextvars.bind_contextvars(request_id="abc")
    structlog.get_logger("carematch.call").info("call", status=200)
    structlog.contextvars.clear_contextvars()
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["status"], line["level"]) == ("call", 200, "info")
    assert line["request_id"] == "abc"
    assert line["timestamp"].endswith("Z")


def test_a_fault_is_told_without_its_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it happened is in the log, what was in its variables is not."""
    set_up_logs(Settings())
    postcode = "DT1 1EE"
    try:
        int(f"no number at {len(postcode)}")
    except ValueError:
        structlog.get_logger().exception("fault")
    printed = capsys.readouterr().err
    assert "ValueError" in printed
    assert postcode not in printed


def test_what_is_no_news_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    """Details for developers stay out."""
    set_up_logs(Settings())
    structlog.get_logger().debug("detail")
    assert capsys.readouterr().err == ""


def worked(desk: Desk) -> None:
    """Let a worker fail by an error whose text is about a person."""
    desk.post("/v1/allocations", {"seconds": 1})
    assert Worker(desk.record, desk.gazetteer).work_one()


def test_a_worker_tells_no_more_than_the_service(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kinds of an error and of those behind it, and where: never a text (H7)."""

    def fail(*_: object, **__: object) -> None:
        try:
            int("R-101 lives at DT1 1EE")
        except ValueError as error:
            raise RuntimeError("R-101 has dementia") from error

    monkeypatch.setattr("api.jobs.solve", fail)
    set_up_logs(Settings())
    worked(sqlite_desk)
    printed = capsys.readouterr().err
    assert "dementia" not in printed
    assert "DT1 1EE" not in printed
    lines = [json.loads(line) for line in printed.splitlines()]
    (failed,) = [line for line in lines if line["event"] == "run failed"]
    assert failed["kinds"] == ["RuntimeError", "ValueError"]
    assert failed["places"][-1].startswith("test_logs.py:")
    assert "exc_info" not in failed


@pytest.mark.parametrize("told", [None, False, True])
def test_a_line_without_an_error_stays_as_it_is(told: bool | None) -> None:
    """Nothing is said of an error where there is none."""
    assert without_texts(None, "error", {"event": "fault", "exc_info": told}) == {"event": "fault"}
