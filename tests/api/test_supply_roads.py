"""Tests of road times in the service: its shortlists, offers and nights go by the same drives."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from api.tables import CommitmentRow
from matcher.geography import Gazetteer
from tests.api.conftest import settings_at
from tests.api.desk import Desk
from tests.api.offering import faults, recorded
from tests.api.test_acts_proposals import proposed
from tests.matcher.roads.stub import Answer, Stub, serving

FROM_A_SERVER = "Travel minutes of homecare are road times from an OSRM server."
FAULT = (
    "The routing server (osrm) answered with status 503. Where road times are missing, travel is "
    "worked out from the distance."
)
Opening = Callable[[Callable[..., Answer]], tuple[Desk, Stub]]


def slow(path: str, query: dict[str, str], body: Any) -> Answer:
    """Answer that every drive takes 25 minutes for 4 km, wherever it goes."""
    count = len(query["sources"].split(";"))
    return 200, {"code": "Ok", "durations": [[1500]] * count, "distances": [[4000]] * count}


def out_of_order(path: str, query: dict[str, str], body: Any) -> Answer:
    """Answer that there is no answer now."""
    return 503, {}


@pytest.fixture
def opening(
    tmp_path: Path, loaded_file: Path, gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Opening]:
    """Give what opens a desk whose environment names a routing server that answers as told."""
    with ExitStack() as stack:

        def opened(answer: Callable[..., Answer]) -> tuple[Desk, Stub]:
            stub = stack.enter_context(serving(answer))
            monkeypatch.setenv("CAREMATCH_ROUTING_URL", stub.url)
            monkeypatch.setenv("CAREMATCH_ROUTING_KIND", "osrm")
            monkeypatch.setenv("CAREMATCH_CACHE_DIR", str(tmp_path / "cache"))
            shutil.copy(loaded_file, tmp_path / "book.db")
            desk = Desk(settings_at(f"sqlite:///{tmp_path / 'book.db'}"), gazetteer)
            stack.callback(desk.close)
            return desk, stub

        yield opened


def asked_of(desk: Desk, request_id: str = "R-101") -> dict[str, Any]:
    """Return a request of the record as a shortlist asks for it."""
    care: dict[str, Any] = desk.get(f"/v1/requests/{request_id}")["request"]
    return {"request": care}


def test_shortlists_offers_and_nights_go_by_the_same_drives(opening: Opening) -> None:
    """Tried, kept, offered and proposed in the night: 25 minutes; each drive is asked for once."""
    desk, stub = opening(slow)
    tried = desk.post("/v1/shortlists", asked_of(desk))
    kept = desk.post("/v1/requests/R-101/shortlists")["shortlist"]
    for shortlist in (tried, kept):
        assert {option["travel_minutes"] for option in shortlist["options"]} == {25}
        assert FROM_A_SERVER in shortlist["notes"]
    calls = len(stub.asked)
    desk.post("/v1/shortlists", asked_of(desk))
    recorded(desk, "maiden")
    assert len(stub.asked) == calls
    night = proposed(desk)
    at_home = [each for name, each in night.items() if name.startswith("R-1")]
    assert {each["placed"]["travel_minutes"] for each in at_home} == {25}


def test_a_proposal_is_accepted_with_the_drives_it_was_found_with(opening: Opening) -> None:
    """What is held for the person is what the night held, travel and all."""
    desk, _ = opening(slow)
    found = proposed(desk)["R-102"]
    desk.post(f"/v1/proposals/{found['proposal_id']}/acceptance", {})
    with desk.record.reading() as session:
        (row,) = session.query(CommitmentRow).filter_by(request_id="R-102", kind="hold")
    (busy, *_), (time, *_) = row.document["busy"], found["placed"]["visit_times"]
    assert time["start_minute"] - busy["from_minute"] == 25
    assert faults(desk) == []


def test_the_evidence_tells_which_drives_counted(opening: Opening) -> None:
    """Other drives make other inputs; homes, to which nobody drives, are not concerned."""
    desk, _ = opening(slow)
    made = {each: desk.post(f"/v1/requests/{each}/shortlists") for each in ("R-101", "R-201")}
    told = {
        each: desk.get(f"/v1/shortlists/{record['shortlist_id']}/evidence")["made"]["detail"]
        for each, record in made.items()
    }
    assert len(told["R-101"]["roads_sha256"]) == 64
    assert "roads_sha256" not in told["R-201"]


def test_a_server_that_fails_is_said_and_left_alone_for_a_while(opening: Opening) -> None:
    """Travel goes by distance, with a caution; the next to ask does not wait for it again."""
    desk, stub = opening(out_of_order)
    shortlists = [desk.post("/v1/shortlists", asked_of(desk)) for _ in range(2)]
    assert shortlists[0]["options"] == shortlists[1]["options"]
    assert all(FAULT in each["notes"] for each in shortlists)
    assert FROM_A_SERVER not in shortlists[0]["notes"]
    assert len(stub.asked) == 2  # the first call, and once more at once


def test_without_a_server_the_market_is_as_it_is(sqlite_desk: Desk) -> None:
    """Nothing is asked, copied or said."""
    supply = sqlite_desk.app.state.service.supply
    with sqlite_desk.record.reading() as session:
        market = supply.market(session)
    assert supply.roads is None
    assert market.roads is None
