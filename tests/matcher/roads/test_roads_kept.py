"""Tests of the memory of drives: asked for once, forgotten after a month, lost without harm."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from matcher.roads import KeptRoads, Leg, RoutingError, RoutingServer, ServerKind
from matcher.roads.kept import FILE, KEPT_SECONDS, REST_SECONDS
from tests.matcher.roads.stub import osrm, serving

HERE, THERE, ELSEWHERE = (369_300, 90_700), (367_900, 79_100), (380_000, 90_000)


def test_a_drive_is_asked_for_once_until_it_is_old(tmp_path: Path) -> None:
    """A second run asks nothing; a month later it asks again; new places alone are asked for."""
    now = [1_000_000.0]
    with serving(osrm) as stub:
        kept = KeptRoads(RoutingServer(ServerKind.OSRM, stub.url), tmp_path, lambda: now[0])
        first = kept.legs([THERE, THERE], HERE)
        assert kept.legs([THERE], HERE) == [Leg(600, 8000)] == first[1:]
        assert len(stub.asked) == 1
        kept.legs([THERE, ELSEWHERE], HERE)
        assert [query["sources"] for _, query, _ in stub.asked] == ["1", "1"]
        now[0] += KEPT_SECONDS + 1
        kept.legs([THERE], HERE)
        assert len(stub.asked) == 3
    assert kept.name == "an OSRM server"


def test_that_no_road_leads_there_is_remembered_too(tmp_path: Path) -> None:
    """A place that cannot be reached is not asked for again and again."""
    nowhere = {"code": "Ok", "durations": [[None]], "distances": [[None]]}
    with serving(lambda path, query, body: (200, nowhere)) as stub:
        kept = KeptRoads(RoutingServer(ServerKind.OSRM, stub.url), tmp_path)
        assert kept.legs([THERE], HERE) == kept.legs([THERE], HERE) == [None]
    assert len(stub.asked) == 1


def test_servers_do_not_share_what_they_said(tmp_path: Path) -> None:
    """Another server, or another kind, has its own figures; nothing of an address is on disk."""
    with serving(osrm) as one, serving(osrm) as other:
        for stub in (one, other):
            KeptRoads(RoutingServer(ServerKind.OSRM, stub.url), tmp_path).legs([THERE], HERE)
        assert [len(one.asked), len(other.asked)] == [1, 1]
    assert b"127.0.0.1" not in (tmp_path / FILE).read_bytes()


@pytest.mark.parametrize("broken", ["damaged", "no folder", "a file where the folder should be"])
def test_a_memory_that_cannot_be_used_is_done_without(tmp_path: Path, broken: str) -> None:
    """The server is asked each time, and the answer is the same."""
    folder: Path | None = tmp_path
    if broken == "damaged":
        (tmp_path / FILE).write_bytes(b"no database" * 100)
    elif broken == "no folder":
        folder = None
    else:
        folder = tmp_path / "taken"
        folder.write_text("")
    with serving(osrm) as stub:
        kept = KeptRoads(RoutingServer(ServerKind.OSRM, stub.url), folder)
        assert kept.legs([THERE], HERE) == kept.legs([THERE], HERE) == [Leg(600, 8000)]
    assert len(stub.asked) == 2


def test_what_is_remembered_needs_no_server(tmp_path: Path) -> None:
    """With the server gone a known drive is still known, and an unknown one is a fault."""
    with serving(osrm) as stub:
        server = RoutingServer(ServerKind.OSRM, stub.url, answer_seconds=0.5)
        KeptRoads(server, tmp_path).legs([THERE], HERE)
    kept = KeptRoads(server, tmp_path)
    assert kept.legs([THERE], HERE) == [Leg(600, 8000)]
    with pytest.raises(RoutingError):
        kept.legs([ELSEWHERE], HERE)


def test_a_server_that_failed_is_left_alone_for_a_minute(tmp_path: Path) -> None:
    """Who asks meanwhile is told the same at once, except of what is remembered; then it is tried.

    Else everybody who waits for an answer would wait for a server that does not answer.
    """
    now, works = [1_000_000.0], [True]

    def answer(path: str, query: dict[str, str], body: object) -> tuple[int, object]:
        return osrm(path, query, body) if works[0] else (404, {})

    with serving(answer) as stub:
        kept = KeptRoads(RoutingServer(ServerKind.OSRM, stub.url), tmp_path, lambda: now[0])
        kept.legs([THERE], HERE)
        works[0] = False
        for _ in range(2):
            with pytest.raises(RoutingError, match="status 404"):
                kept.legs([ELSEWHERE], HERE)
        assert kept.legs([THERE], HERE) == [Leg(600, 8000)]
        assert len(stub.asked) == 2
        works[0] = True
        now[0] += REST_SECONDS
        assert kept.legs([ELSEWHERE], HERE) == [Leg(600, 8000)]


@pytest.mark.parametrize(
    "altered",
    ["seconds = 6", "metres = metres + 60000", "seconds = null", "asked_at = asked_at + 9"],
)
def test_a_drive_that_was_altered_on_disk_is_asked_for_again(tmp_path: Path, altered: str) -> None:
    """The memory is believed only where it is as it was written."""
    with serving(osrm) as stub:
        kept = KeptRoads(RoutingServer(ServerKind.OSRM, stub.url), tmp_path)
        first = kept.legs([THERE], HERE)
        with closing(sqlite3.connect(tmp_path / FILE)) as memory, memory:
            memory.execute(f"update leg set {altered}")
        assert kept.legs([THERE], HERE) == first
        assert len(stub.asked) == 2


def test_a_memory_that_others_may_write_is_done_without(tmp_path: Path) -> None:
    """It is for its owner only when made, and not read once others may have written to it."""
    with serving(osrm) as stub:
        kept = KeptRoads(RoutingServer(ServerKind.OSRM, stub.url), tmp_path)
        kept.legs([THERE], HERE)
        assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
        (tmp_path / FILE).chmod(0o666)
        kept.legs([THERE], HERE)
        assert len(stub.asked) == 2
