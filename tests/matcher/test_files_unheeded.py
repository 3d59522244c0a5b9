"""What a book says to no effect is warned of: rates, words, findings and figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.files import read_book
from tests.breaking import Step, cell, copy_of_sample, faults_after, gone, holding, row, swap

Place = tuple[str, int, str]


def figure(day: str) -> Step:
    """Give the book a policy with one figure of its own that holds from a day."""
    text = f'[radius]\nhomecare_miles = {{ value = 9.0, unit = "miles", from = {day}, '
    return holding("policy.toml", (text + "assumed = true }\n").encode())


def framework(service: str, unit: str, **cells: str) -> Step:
    """Add a framework rate."""
    return row("framework_rates.csv", service_type=service, unit=unit, amount_gbp="100.00", **cells)


CAUTIONS: list[tuple[str, Step, Place, str]] = [
    ("framework rate to come", cell("framework_rates.csv", 6, "valid_from", "2026-04-02"),
     ("framework_rates.csv", 0, "service_type"), "H9: nothing to hold prices against"),
    ("framework rate by the hour", framework("nursing", "hour"),
     ("framework_rates.csv", 8, "unit"), "week or night for a bed"),
    ("homecare by the week", cell("rates.csv", 2, "unit", "week"), ("rates.csv", 2, "unit"),
     "hour or visit for homecare"),
    ("bed by length of visit", cell("rates.csv", 8, "visit_minutes", "30"),
     ("rates.csv", 8, "visit_minutes"), "never read"),
    ("need misspelt", cell("requests.csv", 4, "needs", "diabtes"), ("requests.csv", 4, "needs"),
     "did you mean diabetes?"),
    ("language of nobody", cell("requests.csv", 4, "languages", "welsh"),
     ("requests.csv", 4, "languages"), "none lists welsh"),
    ("unsuitable for a stranger", row("history.csv", provider_id="bay", offered_on="2026-03-01",
                                      request_id="R-1", outcome="unsuitable"),
     ("history.csv", 6, "request_id"), "H15: nobody is kept from this home by this line"),
    ("figure to come", figure("2026-04-02"), ("policy.toml", 0, "radius.homecare_miles.from"),
     "holds on 2026-04-01"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "place", "expected"),
    [case[1:] for case in CAUTIONS],
    ids=[case[0] for case in CAUTIONS],
)
def test_what_has_no_effect_is_one_warning(
    tmp_path: Path, step: Step, place: Place, expected: str
) -> None:
    """What nothing meets is told where it stands, and the book is read all the same."""
    folder = copy_of_sample(tmp_path)
    step(folder)
    (warning,) = read_book(folder).warnings
    assert (warning.file, warning.row, warning.column) == place
    assert expected in warning.expected


@pytest.mark.parametrize(
    "step",
    [
        # why: respite in a residential bed is held against the rate of such a bed
        swap("framework_rates.csv", "respite,,night,,145.00,2026-04-01,,\n", ""),
        cell("framework_rates.csv", 6, "valid_to", "2026-04-01"),  # why: in force on the day
        cell("requests.csv", 2, "needs", "gardening"),  # why: that person's care already runs
        row("requests.csv", request_id="R-9", service_type="shared_lives"),  # why: not matched
        framework("nursing", "night"),  # why: beds are bought by the night too
        framework("homecare", "hour", visit_minutes="30"),  # why: a visit has a length
        row("history.csv", provider_id="bay", offered_on="2026-03-01", request_id="R-202",
            outcome="unsuitable"),  # why: it keeps R-202 from the bay
        figure("2026-04-01"),  # why: holds on the day
    ],
)  # fmt: skip
def test_what_is_only_just_heeded_needs_no_warning(tmp_path: Path, step: Step) -> None:
    """What has an effect, or was never to have one, is not warned of."""
    folder = copy_of_sample(tmp_path)
    step(folder)
    assert read_book(folder).warnings == ()


def test_each_service_without_a_rate_is_told_once(tmp_path: Path) -> None:
    """Without any framework rates every service that somebody waits for is named, once."""
    folder = copy_of_sample(tmp_path)
    gone("framework_rates.csv")(folder)
    named = [warning.value for warning in read_book(folder).warnings]
    assert named == ["homecare", "residential", "nursing", "residential_dementia", "respite"]


def test_each_unknown_word_is_told_once(tmp_path: Path) -> None:
    """A word of many requests is one warning, and no misspelling is suggested for another."""
    folder = copy_of_sample(tmp_path)
    for number in (4, 5, 6):
        cell("requests.csv", number, "needs", "hoisting|hoistin")(folder)
    warnings = read_book(folder).warnings
    assert [warning.row for warning in warnings] == [4, 4]
    assert not any("did you mean" in warning.expected for warning in warnings)


def test_unsuitable_without_a_request_is_a_fault(tmp_path: Path) -> None:
    """A finding that names nobody would keep nobody away; other outcomes need no name."""
    (fault,) = faults_after(tmp_path, cell("history.csv", 3, "outcome", "unsuitable"))
    assert (fault.file, fault.row, fault.column) == ("history.csv", 3, "request_id")
    assert "H15" in fault.expected


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("running.xlsx", "running.csv"),
        ("running.csv.txt", "running.csv"),
        ("Running.CSV", "running.csv"),
        ("running (1).csv", "running.csv"),
        ("Framework rates 2026.csv", "framework_rates.csv"),
        ("policy.toml.txt", "policy.toml"),
    ],
)
def test_a_file_under_another_name_is_a_fault(tmp_path: Path, name: str, meant: str) -> None:
    """A file that begins like a book's would be left out in silence, whatever stands beside it."""
    (fault,) = faults_after(tmp_path, holding(name, b"anything"))
    assert (fault.file, fault.value) == (name, name)
    assert f"did you mean {meant}?" in fault.expected


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "policy.pdf",  # why: for reading, and no table
        "runningorder.txt",  # why: another word
        "old running.csv.bak",  # why: begins like no file of a book
        ".~lock.running.csv#",  # why: a spreadsheet program keeps it while the file is open
    ],
)
def test_other_files_may_lie_beside(tmp_path: Path, name: str) -> None:
    """Notes and locks are no part of a book."""
    assert faults_after(tmp_path, holding(name, b"anything")) == ()


def test_a_folder_may_lie_beside(tmp_path: Path) -> None:
    """A folder of older files is no file."""
    assert faults_after(tmp_path, lambda folder: (folder / "requests").mkdir()) == ()


def test_visits_that_nobody_could_make_are_told(tmp_path: Path) -> None:
    """A night stands on its row of visits.csv; the book is read, and the request refused."""
    folder = copy_of_sample(tmp_path)
    cell("visits.csv", 4, "minutes", "540")(folder)
    (warning,) = read_book(folder).warnings
    assert (warning.file, warning.row, warning.column) == ("visits.csv", 4, "minutes")
    assert "of R-101 would end after midnight however early it starts" in warning.expected
