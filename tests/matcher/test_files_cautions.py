"""What a person should look at although a book can be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.files import read_book
from tests.breaking import SAMPLE, Step, cell, copy_of_sample, gone, row, swap

Place = tuple[str, int, str]


def both(one: Step, other: Step) -> Step:
    """Take one step after another."""
    return lambda folder: (one(folder), other(folder))


CAUTIONS: list[tuple[str, Step, Place, str]] = [
    ("old carers", cell("homecare_capacity.csv", 2, "as_of", "2026-03-03"),
     ("homecare_capacity.csv", 2, "as_of"), "word from maiden on or after 2026-03-04"),
    ("old beds", cell("bed_capacity.csv", 4, "as_of", "2026-03-03"),
     ("bed_capacity.csv", 4, "as_of"), "word from bay"),
    ("short visit", cell("visits.csv", 5, "minutes", "25"), ("visits.csv", 5, "minutes"),
     "at least 30 minutes (L3)"),
    ("no capacity", swap("homecare_capacity.csv", "portland,mon|tue|wed|thu|fri,08:00,09:30",
                         "maiden,mon,12:00,13:00"),
     ("providers.csv", 5, "provider_id"), "rows of capacity"),
    ("no rate", cell("rates.csv", 5, "provider_id", "radipole"),
     ("providers.csv", 5, "provider_id"), "a rate in rates.csv"),
    ("assumed rate", cell("rates.csv", 4, "assumed", "yes"), ("rates.csv", 4, "assumed"),
     "1 of 13 rows are assumed"),
    ("assumed beds", cell("bed_capacity.csv", 3, "assumed", "yes"),
     ("bed_capacity.csv", 3, "assumed"), "1 of 7 rows are assumed"),
    ("groups among specialisms",
     both(cell("providers.csv", 6, "specialisms", "dementia|older_people"),
          cell("providers.csv", 6, "client_groups", "")),
     ("providers.csv", 6, "specialisms"), "such as dementia|older_people; until then"),
    ("window that has passed", both(cell("requests.csv", 13, "admit_from", "2026-03-01"),
                                    cell("requests.csv", 13, "admit_to", "2026-03-31")),
     ("requests.csv", 13, "admit_to"), "a day on or after 2026-04-01"),
    ("sector of another zone's area", row("zones.csv", zone="charminster", postcodes="DT2 9"),
     ("zones.csv", 4, "postcodes"), "zone dorchester holds all of DT2"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("step", "place", "expected"),
    [case[1:] for case in CAUTIONS],
    ids=[case[0] for case in CAUTIONS],
)
def test_caution_names_its_row(tmp_path: Path, step: Step, place: Place, expected: str) -> None:
    """A doubtful fact is one warning on its row, and the book is read all the same."""
    folder = copy_of_sample(tmp_path)
    step(folder)
    (warning,) = read_book(folder).warnings
    assert (warning.file, warning.row, warning.column) == place
    assert expected in warning.expected


@pytest.mark.parametrize(
    "step",
    [
        cell("homecare_capacity.csv", 2, "as_of", "2026-03-04"),  # why: exactly 28 days old
        cell("homecare_capacity.csv", 2, "as_of", ""),  # why: no date is no old date
        cell("visits.csv", 5, "minutes", "30"),  # why: 30 minutes is the least that needs no word
        cell("providers.csv", 5, "status", "closed"),  # why: nothing is expected of it
        row("zones.csv", zone="bridport", postcodes="DT6 3"),  # why: DT6 is nobody else's
    ],
)
def test_facts_up_to_the_limit_need_no_caution(tmp_path: Path, step: Step) -> None:
    """What is only just fresh, long or complete enough is not warned of."""
    folder = copy_of_sample(tmp_path)
    step(folder)
    assert read_book(folder).warnings == ()


def test_old_capacity_is_told_once_a_provider(tmp_path: Path) -> None:
    """Three old rows of one provider are one warning, on the first of them."""
    folder = copy_of_sample(tmp_path)
    for number in (2, 3, 4):
        cell("homecare_capacity.csv", number, "as_of", "2026-01-01")(folder)
    assert [warning.row for warning in read_book(folder).warnings] == [2]


def test_embargoed_home_needs_no_rates(tmp_path: Path) -> None:
    """Without any rates every open provider is warned of, the embargoed one is not."""
    folder = copy_of_sample(tmp_path)
    gone("rates.csv")(folder)
    warned = [warning.value for warning in read_book(folder).warnings]
    assert warned == ["maiden", "chesil", "frome", "portland", "poundbury", "bay", "grange"]


def test_sample_needs_no_caution() -> None:
    """The sample book has nothing doubtful in it."""
    assert read_book(SAMPLE).warnings == ()
