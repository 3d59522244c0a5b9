"""Tests of unmet need: who still waits, for what, where, when and why (H29)."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from sqlalchemy import update

from api.acts.unmet_need import csv_of
from api.nights import nightly
from api.schemas.unmet_need import UnmetCell, UnmetNeed
from api.tables import RequestRow
from matcher.allocation import UnplacedReason
from matcher.result import Limits
from tests.api.desk import DAY, Desk, refused
from tests.api.test_acts_requests import new_request

COMMISSIONER = {"role": "commissioner"}


def need(desk: Desk, query: str = "") -> Any:
    """Return what the commissioner reads."""
    return desk.get(f"/v1/unmet-need{query}", **COMMISSIONER)


def cells_for(found: Any, **wanted: Any) -> list[Any]:
    """Return the cells that are of something."""
    return [
        cell
        for cell in found["cells"]
        if all(cell[name] == value for name, value in wanted.items())
    ]


def test_before_any_run_nobody_has_looked(desk: Desk) -> None:
    """Everyone who waits is counted, with what the record itself says against a search."""
    found = need(desk)
    assert found["as_of"] == DAY
    assert found["people"] == 11
    assert found["people_by_reason"] == {"incomplete": 1, "not_yet_allocated": 10}


def test_a_cell_holds_people_visits_minutes_and_beds(desk: Desk) -> None:
    """R-106 needs two carers every morning for 45 minutes; R-201 needs one bed (H6)."""
    found = need(desk, "?service_type=homecare&zone=dorchester")
    (cell,) = cells_for(found, day="sun", window="bed", risk="amber", reason="not_yet_allocated")
    # 30 minutes of one carer and of two.
    assert (cell["people"], cell["visits_a_week"], cell["minutes_a_week"]) == (2, 2, 90)
    assert cell["beds"] == 0
    (bed,) = cells_for(need(desk), service_type="residential")
    assert (bed["day"], bed["window"], bed["beds"]) == (None, "bed", 1)
    assert (bed["people"], bed["visits_a_week"], bed["minutes_a_week"]) == (1, 0, 0)


def test_one_person_stands_in_every_cell_that_she_needs(sqlite_desk: Desk) -> None:
    """People may not be added up over cells, minutes may: R-101 needs two visits a day."""
    found = need(sqlite_desk)
    everything = sum(cell["people"] for cell in found["cells"])
    assert everything > found["people"]
    minutes = sum(cell["minutes_a_week"] for cell in found["cells"])
    asked = [sqlite_desk.get(f"/v1/requests/R-10{n}")["request"]["package"] for n in range(1, 8)]
    assert minutes == sum(
        visit["minutes"] * visit.get("carers", 1) * len(visit["days"])
        for package in asked
        for visit in package["visits"]
    )


def test_nobody_is_lost_for_want_of_visits(sqlite_desk: Desk) -> None:
    """A request whose visits are not recorded stands in a cell without a time."""
    (cell,) = cells_for(need(sqlite_desk), reason="incomplete")
    assert (cell["day"], cell["window"], cell["people"]) == (None, None, 1)
    assert cell["visits_a_week"] == cell["beds"] == 0


def test_after_a_run_the_reasons_are_the_runs(desk: Desk) -> None:
    """Those it placed are proposed; the others have its coded reason."""
    night = nightly(desk.record, desk.gazetteer, Limits.reproducible(0.05), 1)
    found = need(desk)
    by_reason = found["people_by_reason"]
    assert sum(by_reason.values()) == found["people"] == 11
    proposed = by_reason.get("proposed", 0) + by_reason.get("needs_approval", 0)
    assert proposed == night.proposals
    assert by_reason.get("needs_approval", 0) == night.needs_approval
    told = desk.get(f"/v1/allocations/{night.run_id}")["summary"]["counts"]["unplaced_by_reason"]
    assert {each: by_reason[each] for each in told} == told
    assert "not_yet_allocated" not in by_reason


def test_new_requests_have_not_been_looked_at(sqlite_desk: Desk) -> None:
    """Whoever comes in after the night's run waits for the next one."""
    nightly(sqlite_desk.record, sqlite_desk.gazetteer, Limits.reproducible(0.05), 1)
    sqlite_desk.post("/v1/requests", new_request(sqlite_desk))
    assert need(sqlite_desk)["people_by_reason"]["not_yet_allocated"] == 1


def test_a_panel_of_its_own_is_its_own_reason(sqlite_desk: Desk) -> None:
    """Extra care is listed and never matched (H27)."""
    body = new_request(sqlite_desk, service_type="extra_care", package={"visits": []})
    sqlite_desk.post("/v1/requests", body)
    (cell,) = cells_for(need(sqlite_desk), service_type="extra_care")
    assert (cell["reason"], cell["window"], cell["beds"]) == ("own_panel", "bed", 1)


def test_who_is_being_arranged_says_so(sqlite_desk: Desk) -> None:
    """While options are held for somebody, the gap is not the market's."""
    sqlite_desk.post("/v1/requests/R-201/shortlists", {})
    (cell,) = cells_for(need(sqlite_desk), service_type="residential")
    assert cell["reason"] == "being_arranged"


def test_suspended_and_ended_requests_need_nothing(desk: Desk) -> None:
    """Only those count who could be given care today (H19, H25)."""
    desk.post("/v1/requests/R-101/end", {"reason": "died"})
    suspended = {"suspended_from": "2026-03-30", "reason": "Hospital"}
    desk.post("/v1/requests/R-102/suspension", suspended)
    desk.post("/v1/requests/R-103/suspension", {**suspended, "restarts_on": DAY})
    found = need(desk)
    assert found["people"] == 9
    assert cells_for(found, risk="green", window="lunch")  # R-103 restarts today


def test_it_narrows_to_a_service_and_a_zone(desk: Desk) -> None:
    """What is not asked for is not counted."""
    whole = need(desk)
    parts = [need(desk, f"?service_type={each}") for each in ("homecare", "residential")]
    assert [part["people"] for part in parts] == [7, 1]
    zones = [need(desk, f"?zone={each}") for each in ("dorchester", "weymouth")]
    assert sum(part["people"] for part in zones) == whole["people"]
    assert need(desk, "?zone=nowhere")["cells"] == []


def test_a_critical_time_without_a_band_has_a_window(sqlite_desk: Desk) -> None:
    """It stands in the band that it lies in, or under its own time where none holds it."""
    for number, at in ((1, 8 * 60), (2, 3 * 60)):
        visit = {
            "visit_no": 1,
            "days": ["mon"],
            "time_need": "critical",
            "at_minute": at,
            "reason": "Medicine",
            "minutes": 30,
        }
        body = new_request(sqlite_desk, f"N-{number}", risk="red", package={"visits": [visit]})
        sqlite_desk.post("/v1/requests", body)
    windows = {cell["window"] for cell in cells_for(need(sqlite_desk), risk="red", day="mon")}
    assert "03:00" in windows
    assert "morning" in windows


def test_places_without_a_zone_and_people_without_a_rating_count(sqlite_desk: Desk) -> None:
    """What is not known is empty, and nobody is left out for it."""
    with sqlite_desk.record.bare_writing() as session:
        one = update(RequestRow).where(RequestRow.request_id == "R-107")
        session.execute(one.values(zone=None))
    (cell,) = cells_for(need(sqlite_desk), zone=None)
    assert cell["risk"] == "green"
    assert need(sqlite_desk)["people"] == 11


# -- who and how -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "accept", "is_csv"),
    [
        ("", None, False),
        ("?format=csv", None, True),
        ("", "text/csv", True),
        ("?format=json", "text/csv", False),  # what is said outright counts
        ("", "application/json", False),
        ("", "*/*", False),
    ],
)
def test_it_comes_as_json_or_csv(
    sqlite_desk: Desk, query: str, accept: str | None, is_csv: bool
) -> None:
    """By the query or by what the caller accepts."""
    headers = {} if accept is None else {"Accept": accept}
    answered = sqlite_desk.call("GET", f"/v1/unmet-need{query}", headers=headers, **COMMISSIONER)
    kind = "text/csv; charset=utf-8" if is_csv else "application/json"
    assert answered.headers["content-type"] == kind


def test_the_file_holds_the_same_cells(desk: Desk) -> None:
    """Row for row, with nothing where nothing is known."""
    found = need(desk)
    answered = desk.call("GET", "/v1/unmet-need?format=csv", **COMMISSIONER)
    rows = list(csv.DictReader(io.StringIO(answered.text)))
    assert rows == [
        {name: "" if value is None else str(value) for name, value in cell.items()}
        for cell in found["cells"]
    ]
    refused(desk.call("GET", "/v1/unmet-need?format=xml", **COMMISSIONER), 422, "bad-shape")


def test_no_cell_reads_as_a_formula() -> None:
    """A spreadsheet that opens the file runs nothing that somebody wrote into a name."""
    cell = UnmetCell(
        zone="=1+1",
        day=None,
        window=None,
        service_type="homecare",
        risk=None,
        reason="no_capacity",
        people=1,
        visits_a_week=0,
        minutes_a_week=0,
        beds=0,
    )
    found = UnmetNeed(as_of=DAY, people=1, people_by_reason={}, cells=[cell])
    assert csv_of(found).splitlines()[1] == "'=1+1,,,homecare,,no_capacity,1,0,0,0"


@pytest.mark.parametrize("role", ["key_worker", "budget_holder", "provider"])
def test_it_is_for_those_who_plan(sqlite_desk: Desk, role: str) -> None:
    """Nobody else reads the whole council's gaps."""
    who = {"role": role, "provider_id": "maiden" if role == "provider" else None}
    refused(sqlite_desk.call("GET", "/v1/unmet-need", **who), 403, "not-allowed")


def test_every_reason_of_a_run_has_its_gap() -> None:
    """A reason that is new to the solver is new to the commissioner too."""
    gaps = set(UnmetNeed.model_json_schema()["$defs"]["Gap"]["enum"])
    assert {reason.value for reason in UnplacedReason} < gaps
