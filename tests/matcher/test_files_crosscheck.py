"""Contradictions between the rows of a book: each is one fault on the row that makes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.errors import BadInputError
from matcher.files import read_book
from matcher.geography import Gazetteer
from tests.breaking import (
    Step,
    cell,
    copy_of_sample,
    faults_after,
    gone,
    heading,
    holding,
    row,
    swap,
    without,
)

Place = tuple[str, int, str]
CRITICAL = {
    "days": "mon",
    "band": "",
    "time_need": "critical",
    "minutes": "30",
    "reason": "Insulin",
}


def steps(*several: Step) -> Step:
    """Make one breaking step of several."""
    return lambda folder: [step(folder) for step in several]


def visit(request_id: str, number: str, **cells: str) -> Step:
    """Add a visit to the sample."""
    plain = {"days": "mon", "band": "lunch", "minutes": "30"}
    return row("visits.csv", **(plain | {"request_id": request_id, "visit_no": number} | cells))


def rate(valid_from: str, valid_to: str) -> Step:
    """Add a rate of Maiden Castle Homecare, whose first one starts on 1 April 2026."""
    return row(
        "rates.csv",
        provider_id="maiden",
        service_type="homecare",
        unit="hour",
        amount_gbp="25.50",
        valid_from=valid_from,
        valid_to=valid_to,
    )


CONTRADICTIONS: list[tuple[str, Step, Place, str, str]] = [
    # Told twice
    ("zone twice", row("zones.csv", zone="weymouth", postcodes="DT6"), ("zones.csv", 4, "zone"),
     "weymouth", "row 3 tells it too"),
    ("provider twice", row("providers.csv", provider_id="maiden", name="Maiden", kind="homecare",
                           postcode="DT1 1XJ", services="homecare", contract="spot"),
     ("providers.csv", 10, "provider_id"), "maiden", "row 2 tells it too"),
    ("request twice", row("requests.csv", request_id="R-107", service_type="homecare"),
     ("requests.csv", 14, "request_id"), "R-107", "row 9 tells it too"),
    ("visit number twice", cell("visits.csv", 4, "visit_no", "1"), ("visits.csv", 4, "visit_no"),
     "1", "row 3 tells it too"),
    ("running twice", row("running.csv", request_id="R-100", provider_id="frome",
                          started_on="2026-01-01"),
     ("running.csv", 3, "request_id"), "R-100", "row 2 tells it too"),
    ("area in two zones", cell("zones.csv", 3, "postcodes", "DT3|DT2"),
     ("zones.csv", 3, "postcodes"), "DT3|DT2", "DT2 is in zone dorchester too"),
    # Naming nobody
    ("provider's zone", cell("providers.csv", 2, "zones", "dorchester|waymouth"),
     ("providers.csv", 2, "zones"), "dorchester|waymouth", "did you mean weymouth?"),
    ("framework zone", cell("framework_rates.csv", 2, "zone", "north"),
     ("framework_rates.csv", 2, "zone"), "north", "zones.csv holds; it has no north"),
    ("care running for nobody", cell("running.csv", 2, "request_id", "R-1000"),
     ("running.csv", 2, "request_id"), "R-1000", "did you mean R-100?"),
    ("visit to nobody", cell("visits.csv", 2, "request_id", "S-1"),
     ("visits.csv", 2, "request_id"), "S-1", "requests.csv holds"),
    # In the wrong place
    ("carers of a home", cell("homecare_capacity.csv", 2, "provider_id", "bay"),
     ("homecare_capacity.csv", 2, "provider_id"), "bay", "bed_capacity.csv"),
    ("beds of an agency", cell("bed_capacity.csv", 4, "provider_id", "frome"),
     ("bed_capacity.csv", 4, "provider_id"), "frome", "homecare_capacity.csv"),
    ("visit to a home", visit("R-201", "1"), ("visits.csv", 12, "request_id"), "R-201",
     "this one asks for residential"),
    ("care type against the service", cell("requests.csv", 10, "care_type", "nursing"),
     ("requests.csv", 10, "care_type"), "nursing", "residential or nothing"),
    ("nights of homecare", cell("requests.csv", 3, "nights", "7"), ("requests.csv", 3, "nights"),
     "7", "homecare is asked for"),
    ("admission to homecare", cell("requests.csv", 3, "admit_from", "2026-04-08"),
     ("requests.csv", 3, "admit_from"), "2026-04-08", "homecare is asked for"),
    ("bed for homecare", cell("requests.csv", 3, "care_type", "nursing"),
     ("requests.csv", 3, "care_type"), "nursing", "homecare is asked for"),
    ("preferred and excluded", cell("requests.csv", 3, "excluded_providers", "frome|maiden"),
     ("requests.csv", 3, "excluded_providers"), "frome|maiden", "such as maiden"),
    # Days
    ("waiting since tomorrow", cell("requests.csv", 3, "waiting_since", "02/04/2026"),
     ("requests.csv", 3, "waiting_since"), "02/04/2026", "no later than 2026-04-01"),
    ("carers of tomorrow", cell("homecare_capacity.csv", 2, "as_of", "2026-04-02"),
     ("homecare_capacity.csv", 2, "as_of"), "2026-04-02", "no later than 2026-04-01"),
    ("beds of tomorrow", cell("bed_capacity.csv", 2, "as_of", "2026-04-02"),
     ("bed_capacity.csv", 2, "as_of"), "2026-04-02", "no later than 2026-04-01"),
    ("rated tomorrow", cell("providers.csv", 2, "cqc_rated_on", "2026-04-02"),
     ("providers.csv", 2, "cqc_rated_on"), "2026-04-02", "no later than 2026-04-01"),
    ("offered tomorrow", cell("history.csv", 2, "offered_on", "2026-04-02"),
     ("history.csv", 2, "offered_on"), "2026-04-02", "no later than 2026-04-01"),
    ("rate backwards", cell("rates.csv", 2, "valid_to", "2026-03-31"),
     ("rates.csv", 2, "valid_to"), "2026-03-31", "on or after 2026-04-01"),
    ("framework rate backwards", cell("framework_rates.csv", 2, "valid_to", "2026-03-31"),
     ("framework_rates.csv", 2, "valid_to"), "2026-03-31", "on or after 2026-04-01"),
    ("rates on one day", rate("", "2026-04-01"), ("rates.csv", 15, "valid_from"), "",
     "row 2 is in force then too"),
    ("rate inside another", rate("2027-01-01", "2027-02-01"), ("rates.csv", 15, "valid_from"),
     "2027-01-01", "row 2 is in force then too"),
    ("framework rate twice", cell("framework_rates.csv", 3, "zone", "dorchester"),
     ("framework_rates.csv", 3, "valid_from"), "2026-04-01", "row 2 is in force then too"),
    # Visits
    ("unknown band", cell("visits.csv", 3, "band", "mornings"), ("visits.csv", 3, "band"),
     "mornings", "morning, lunch, tea, bed (did you mean morning?)"),
    ("time outside its band", cell("visits.csv", 4, "at", "22:05"), ("visits.csv", 4, "at"),
     "22:05", "inside the band bed, 19:00-22:00"),
    ("line twice", visit("R-105", "2", days="mon|wed|fri", band="morning", time_need="none",
                         minutes="45", carers="1"),
     ("visits.csv", 12, "visit_no"), "2", "two carers at once are carers = 2"),
    # Both at 08:00, 15 minutes either side: whichever goes first has only half an hour.
    ("critical times collide",
     steps(cell("visits.csv", 5, "minutes", "35"),
           visit("R-102", "3", **CRITICAL | {"at": "08:00", "minutes": "35"})),
     ("visits.csv", 12, "at"), "08:00", "critical visit in row 5"),
    ("critical times without play",
     steps(cell("visits.csv", 5, "tolerance_minutes", "0"),
           visit("R-102", "3", **CRITICAL | {"at": "08:25", "tolerance_minutes": "0"})),
     ("visits.csv", 12, "at"), "08:25", "critical visit in row 5"),
    ("linked with nobody", cell("visits.csv", 3, "with_visit", "9"),
     ("visits.csv", 3, "with_visit"), "9", "the number of a visit of the same package"),
    ("follows itself", cell("visits.csv", 3, "after_visit", "1"),
     ("visits.csv", 3, "after_visit"), "1", "another visit than itself"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "place", "value", "expected"),
    [case[1:] for case in CONTRADICTIONS],
    ids=[case[0] for case in CONTRADICTIONS],
)
def test_contradiction_is_one_fault_on_its_row(
    tmp_path: Path, step: Step, place: Place, value: str, expected: str
) -> None:
    """A contradiction is told on the row that makes it, with the raw cell, and nothing else is."""
    faults = faults_after(tmp_path, step)
    assert [(fault.file, fault.row, fault.column) for fault in faults] == [place]
    assert faults[0].value == value
    assert expected in faults[0].expected


ONLY_JUST_KEPT: list[tuple[str, Step]] = [
    ("waiting since today", cell("requests.csv", 3, "waiting_since", "2026-04-01")),
    ("booked from tomorrow", cell("running.csv", 2, "started_on", "2026-04-02")),
    ("rates on following days", rate("", "2026-03-31")),
    ("rate of one day", cell("rates.csv", 2, "valid_to", "2026-04-01")),
    ("rate for another length", steps(rate("", ""), cell("rates.csv", 15, "visit_minutes", "30"))),
    ("time at the end of its band", cell("visits.csv", 4, "at", "22:00")),
    ("time with no band", cell("visits.csv", 5, "band", "")),
    ("critical times with just enough room", visit("R-102", "3", **CRITICAL | {"at": "08:00"})),
    ("critical times on other days",
     steps(cell("visits.csv", 5, "days", "tue"),
           visit("R-102", "3", **CRITICAL | {"at": "08:00", "minutes": "60"}))),
    ("preferred times may collide", visit("R-101", "3", band="bed", time_need="preferred",
                                          at="20:30")),
    ("ledger of a request that has left", cell("history.csv", 2, "request_id", "R-001")),
    ("another care type of respite", cell("requests.csv", 13, "care_type", "nursing")),
    ("current provider excluded", cell("requests.csv", 2, "excluded_providers", "maiden")),
    ("visit below the least length", cell("visits.csv", 2, "minutes", "10")),
    ("files of another kind",
     steps(holding("appointments.csv", b"\xff"), holding("zone.txt", b"\xff"))),
    ("optional files absent",
     steps(*(gone(file) for file in ("running.csv", "history.csv", "rates.csv", "visits.csv",
                                     "homecare_capacity.csv", "bed_capacity.csv")))),
    ("optional columns absent",
     steps(without("providers.csv", "lead_days", "tier", "zones", "cqc_rating"),
           without("requests.csv", "hospital_discharge", "care_type", "nights"))),
]  # fmt: skip


@pytest.mark.parametrize(
    "step", [case[1] for case in ONLY_JUST_KEPT], ids=[case[0] for case in ONLY_JUST_KEPT]
)
def test_what_is_only_just_right_is_accepted(tmp_path: Path, step: Step) -> None:
    """A book that goes up to a limit but not beyond has no faults."""
    assert faults_after(tmp_path, step) == ()


# Each step makes a file or row unreadable that other rows depend on.
UNREADABLE: list[tuple[str, Step, list[Place]]] = [
    ("providers without a header", swap("providers.csv", "provider_id", "ref"),
     [("providers.csv", 1, "provider_id"), ("providers.csv", 1, "ref")]),
    ("a provider's row", cell("providers.csv", 2, "tier", "first"), [("providers.csv", 2, "tier")]),
    ("a request's row", cell("requests.csv", 2, "nights", "?"), [("requests.csv", 2, "nights")]),
    ("a provider without an id", cell("providers.csv", 2, "provider_id", "?"),
     [("providers.csv", 2, "provider_id")]),
    ("the policy", steps(holding("policy.toml", b"x"), cell("visits.csv", 2, "band", "noon")),
     [("policy.toml", 0, "")]),
    ("the day", steps(swap("book.toml", "2026-04-01", "0"),
                      cell("requests.csv", 3, "waiting_since", "2030-01-01")),
     [("book.toml", 0, "as_of")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "places"),
    [case[1:] for case in UNREADABLE],
    ids=[case[0] for case in UNREADABLE],
)
def test_nobody_is_blamed_for_what_cannot_be_read(
    tmp_path: Path, step: Step, places: list[Place]
) -> None:
    """Rows that depend on something unreadable are not called wrong because of it."""
    faults = faults_after(tmp_path, step)
    assert [(fault.file, fault.row, fault.column) for fault in faults] == places


def test_unknown_ids_are_told_beside_an_unknown_column(tmp_path: Path) -> None:
    """A strange heading does not hide that another file names nobody."""
    faults = faults_after(
        tmp_path,
        heading("requests.csv", "risk", "shade"),
        cell("visits.csv", 2, "request_id", "nobody"),
    )
    assert [(fault.file, fault.column) for fault in faults] == [
        ("requests.csv", "shade"),
        ("visits.csv", "request_id"),
    ]


def test_each_of_three_colliding_lines_is_told_once(tmp_path: Path) -> None:
    """A line that collides with two others has one fault."""
    faults = faults_after(
        tmp_path,
        visit("R-107", "1"),
        visit("R-107", "2"),
        visit("R-107", "3"),
    )
    assert [(fault.row, fault.column) for fault in faults] == [(13, "visit_no"), (14, "visit_no")]


def test_gazetteer_judges_every_postcode(tmp_path: Path) -> None:
    """With a gazetteer a postcode that cannot be placed is a fault; without one it is not."""
    folder = copy_of_sample(tmp_path)
    # why: the directory has no DT1 8QQ, and the Isle of Man has no place on the National Grid
    cell("providers.csv", 2, "postcode", "DT1 8QQ")(folder)
    cell("requests.csv", 3, "postcode", "IM1 1AA")(folder)
    assert read_book(folder).book.providers[0].postcode.text == "DT1 8QQ"
    with pytest.raises(BadInputError) as caught:
        read_book(folder, gazetteer=Gazetteer())
    faults = caught.value.faults
    assert [(fault.file, fault.row, fault.column) for fault in faults] == [
        ("providers.csv", 2, "postcode"),
        ("requests.csv", 3, "postcode"),
    ]
    assert "DT1 8QQ" in faults[0].expected
    assert "IM1 1AA" in faults[1].expected
