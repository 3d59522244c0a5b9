"""Allocation folders: written, read back, and refused where they are not what they seem."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.allocation import (
    Allocation,
    Placed,
    PlacementStatus,
    Unplaced,
    UnplacedReason,
    VisitTime,
)
from matcher.errors import BadInputError, MatcherError
from matcher.files.results import (
    PLACEMENTS,
    RESULT_FILES,
    UNPLACED,
    VISIT_TIMES,
    is_allocation_folder,
    read_allocation,
    read_summary,
    summarise,
    write_allocation,
)
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.policy import Policy
from matcher.referee import check
from matcher.result import Limits, Method, Result, Stage, Status
from matcher.solvers import solve
from tests import builders
from tests.builders import AS_OF
from tests.draws import texts

Step = Callable[[Path], object]


@pytest.fixture
def market(gazetteer: Gazetteer) -> Market:
    """Give a market with a person for an agency, one for a bed, and one for nobody."""
    return builders.market(
        gazetteer,
        builders.provider(),
        builders.hours(),
        builders.hourly(),
        builders.ceiling(),
        builders.home(),
        builders.beds(),
        builders.weekly(),
        builders.homecare_request(builders.visit(), builders.visit(2, "bed"), request_id="R-1"),
        builders.placement_request("R-2"),
        builders.placement_request("R-3"),
    )


@pytest.fixture
def result(market: Market) -> Result:
    """Give today's way of placing those people."""
    return solve(market, method=Method.TODAY)


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


# -- there and back ----------------------------------------------------------------------------


def test_what_is_read_back_is_what_was_written(
    market: Market, result: Result, tmp_path: Path
) -> None:
    """Every line survives the files, and the referee accepts what is read back."""
    write_allocation(tmp_path / "night", market, result)
    again = read_allocation(tmp_path / "night")
    assert again == result.allocation
    assert len(again.placed) == 2
    assert check(market, again) == ()


def test_the_columns_are_those_of_the_contract(
    market: Market, result: Result, tmp_path: Path
) -> None:
    """Other tools rely on these names and their order."""
    write_allocation(tmp_path / "night", market, result)
    headers = {
        path.name: path.read_text("utf-8").splitlines()[0]
        for path in (tmp_path / "night").glob("*.csv")
    }
    assert headers == {
        "placements.csv": "request_id,provider_id,status,weekly_cost_gbp,stay_cost_gbp,"
        "council_gbp,health_gbp,third_party_gbp,own_gbp,distance_km,travel_minutes,start_date,"
        "scarcity_price,cqc_rating,cqc_rated_on,reasons",
        "visit_times.csv": "request_id,visit_no,days,start,minutes,carers,travel_minutes,"
        "provider_id",
        "unplaced.csv": "request_id,reason,detail,nearest_miss",
        "prices.csv": "provider_id,care,days,from,to,first_night,last_night,unit,most_each,price,"
        "carers",
    }


def test_money_has_two_decimals_and_distance_three(
    market: Market, result: Result, tmp_path: Path
) -> None:
    """Figures are written exactly: pence as pounds, metres as kilometres."""
    write_allocation(tmp_path / "night", market, result)
    homecare, bed = _rows(tmp_path / "night" / PLACEMENTS.file)
    assert homecare["distance_km"] == "0.780"
    assert bed["weekly_cost_gbp"] == "1000.00"
    assert bed["scarcity_price"] == ""
    times = _rows(tmp_path / "night" / VISIT_TIMES.file)
    assert [line["visit_no"] for line in times] == ["1", "2"]
    assert times[0]["days"] == "mon|tue|wed|thu|fri|sat|sun"


def test_the_summary_counts_and_compares(market: Market, result: Result, tmp_path: Path) -> None:
    """The head holds counts, costs, stages and today's way, and can be read back."""
    summary = write_allocation(tmp_path / "night", market, result, today=result)
    assert read_summary(tmp_path / "night") == summary
    counts = summary.counts
    assert (counts.waiting, counts.arrangeable) == (3, 3)
    assert counts.placed + counts.needs_approval + counts.unplaced == 3
    assert sum(counts.unplaced_by_reason.values()) == counts.unplaced == 1
    assert summary.today is not None
    assert summary.today.counts == counts
    assert summary.inputs_sha256 == result.inputs_sha256
    document = json.loads((tmp_path / "night" / "summary.json").read_text("utf-8"))
    for key in ("status", "stages", "counts", "seconds", "seed", "versions", "inputs_sha256"):
        assert key in document
    assert {"name", "unit", "value", "bound"} == set(document["stages"][0])


def _invented(allocation: Allocation) -> Result:
    return Result(
        method=Method.EXACT,
        status=Status.FEASIBLE,
        allocation=allocation,
        stages=(Stage(name="unplaced_red", unit="people", value=1, bound=None),),
        arrangeable=3,
        seconds=1.0,
        seed=0,
        limits=Limits(),
        policy_version="p",
        software_version="s",
        solver_version=None,
        inputs_sha256="0",
    )


def test_costs_are_summed_by_status(market: Market) -> None:
    """What awaits approval is not counted with what may be offered, and no rate adds nothing."""
    pence = {PlacementStatus.PROPOSED: 10_001, PlacementStatus.NEEDS_APPROVAL: 25}
    lines = [
        Placed(
            request_id=f"R-{number}",
            provider_id="P-1",
            status=status,
            start_date=AS_OF,
            weekly_cost_pence=cost,
            distance_metres=0,
            travel_minutes=0,
        )
        for number, (status, cost) in enumerate(
            [*pence.items(), (PlacementStatus.NEEDS_APPROVAL, None)], start=1
        )
    ]
    summary = summarise(market, _invented(Allocation(placed=tuple(lines))))
    assert summary.weekly_cost_gbp == 100.01
    assert summary.weekly_cost_needs_approval_gbp == 0.25
    assert (summary.counts.placed, summary.counts.needs_approval) == (1, 2)


_CELL = texts(min_size=1) | st.sampled_from(["=1+1", "+x", "-x", "@x", "'=x", "''", "a | b", "|"])
_PENCE = st.none() | st.integers(0, 10_000_000)


@st.composite
def _placed(draw: st.DrawFn) -> Placed:
    homecare = draw(st.booleans())
    starts = draw(st.tuples(*[st.integers(0, 287)] * 2)) if homecare else ()
    return Placed(
        request_id="R-1" if homecare else "R-2",
        provider_id="P-1",
        status=draw(st.sampled_from(PlacementStatus)),
        start_date=draw(st.dates(date(2026, 1, 1), date(2027, 1, 1))),
        visit_times=tuple(
            VisitTime(visit_no=number, start_minute=slot * 5)
            for number, slot in enumerate(starts, start=1)
        ),
        weekly_cost_pence=draw(_PENCE),
        distance_metres=draw(st.integers(0, 2_000_000)),
        travel_minutes=draw(st.integers(0, 200)),
        scarcity_points=draw(st.none() | st.integers(0, 10_000).map(lambda n: n / 100)),
        reasons=tuple(draw(st.lists(_CELL, max_size=3))),
    )


@settings(max_examples=40, deadline=None)
@given(placed=_placed(), detail=_CELL, nearest=st.just("") | _CELL)
def test_any_line_survives_the_files(
    placed: Placed, detail: str, nearest: str, gazetteer: Gazetteer
) -> None:
    """Whatever stands in a line, also what a spreadsheet would run, comes back as it was."""
    market = builders.market(
        gazetteer,
        builders.provider(),
        builders.homecare_request(builders.visit(), builders.visit(2, "bed")),
        builders.placement_request("R-2"),
        builders.placement_request("R-3"),
    )
    left = Unplaced(
        request_id="R-3", reason=UnplacedReason.NO_CAPACITY, detail=detail, nearest_miss=nearest
    )
    allocation = Allocation(placed=(placed,), unplaced=(left,))
    with tempfile.TemporaryDirectory() as folder:
        night = Path(folder) / "night"
        write_allocation(night, market, _invented(allocation))
        assert read_allocation(night) == allocation
        for row in (*_rows(night / PLACEMENTS.file), *_rows(night / UNPLACED.file)):
            assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())


# -- folders -----------------------------------------------------------------------------------


def test_only_an_allocation_is_replaced(market: Market, result: Result, tmp_path: Path) -> None:
    """An earlier answer gives way; a folder with anything else in it does not."""
    night = tmp_path / "night"
    for _ in range(2):
        write_allocation(night, market, result)
    assert is_allocation_folder(night)
    assert {path.name for path in night.iterdir()} == RESULT_FILES
    (night / "notes.txt").write_text("call back")
    assert not is_allocation_folder(night)
    with pytest.raises(MatcherError, match="holds other things"):
        write_allocation(night, market, result)
    assert (night / "notes.txt").exists()


def test_a_failed_write_leaves_the_earlier_answer(
    market: Market, result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk fills up half way, what stood there before stands there still."""
    night = tmp_path / "night"
    write_allocation(night, market, result)
    before = {path.name: path.read_bytes() for path in night.iterdir()}
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name == UNPLACED.file:
            raise OSError(28, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(MatcherError, match="No space left on device"):
        write_allocation(night, market, result, today=result)
    assert {path.name: path.read_bytes() for path in night.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["night"]


def test_a_file_is_no_allocation_folder(tmp_path: Path) -> None:
    """Neither a file nor an absent folder nor an empty one is an allocation."""
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    for name in ("file", "empty", "absent"):
        assert not is_allocation_folder(tmp_path / name)


# -- reading what was changed ------------------------------------------------------------------


def _cell(file: str, row: int, column: str, value: str) -> Step:
    def step(folder: Path) -> None:
        records = list(csv.reader(io.StringIO((folder / file).read_text("utf-8"))))
        records[row - 1][records[0].index(column)] = value
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(records)
        (folder / file).write_text(text.getvalue(), "utf-8")

    return step


@pytest.mark.parametrize(
    ("step", "told"),
    [
        # a visit of somebody who is not placed
        (_cell("visit_times.csv", 2, "request_id", "R-3"), "a request_id of placements.csv"),
        # another provider than the placement's
        (_cell("visit_times.csv", 2, "provider_id", "H-1"), "P-1, as in placements.csv"),
        (_cell("visit_times.csv", 2, "start", "7.30"), "a time"),  # no time
        (_cell("placements.csv", 2, "status", "booked"), "proposed"),  # nothing is ever booked
        (_cell("placements.csv", 2, "distance_km", "near"), "kilometres"),  # no number
        (_cell("placements.csv", 2, "request_id", ""), "an id"),  # nobody
        (_cell("unplaced.csv", 2, "reason", "dunno"), "one of"),  # no such code
        (lambda folder: (folder / "unplaced.csv").unlink(), "no such file"),  # a file is lost
        # a file of another kind
        (lambda folder: (folder / "placements.csv").write_text("a,b\n"), "a header row"),
    ],
)
def test_every_fault_is_named(
    step: Step, told: str, market: Market, result: Result, tmp_path: Path
) -> None:
    """A changed folder is refused, with the fault and what was expected."""
    write_allocation(tmp_path / "night", market, result)
    step(tmp_path / "night")
    with pytest.raises(BadInputError, match=told):
        read_allocation(tmp_path / "night")


@pytest.mark.parametrize(
    "text",
    [
        None,  # lost
        "",  # empty
        "{}",  # no summary
        "[",  # no JSON
    ],
)
def test_a_summary_that_is_none_is_refused(
    text: str | None, market: Market, result: Result, tmp_path: Path
) -> None:
    """A missing or damaged summary is bad input, not a traceback."""
    write_allocation(tmp_path / "night", market, result)
    path = tmp_path / "night" / "summary.json"
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadInputError, match=r"summary\.json"):
        read_summary(tmp_path / "night")


def test_exact_answers_carry_their_bounds(market: Market, policy: Policy, tmp_path: Path) -> None:
    """What the solver proved is in the files."""
    result = solve(market, limits=Limits(seconds=2))
    write_allocation(tmp_path / "night", market, result)
    stages = read_summary(tmp_path / "night").stages
    assert [stage.name for stage in stages] == list(policy.allocation.order.value)
    assert all(stage.bound is not None for stage in stages)
