"""``carematch allocate``: how it searches - where it sets out from, when it stops, what it says."""

from __future__ import annotations

from pathlib import Path

from matcher.files.results import read_allocation, read_summary
from tests.breaking import SAMPLE
from tests.matcher.cli.conftest import Command

LITTLE = ("--deterministic-time", 0.2)


def values(folder: Path) -> list[int]:
    """Return the values of all stages of an allocation folder."""
    return [stage.value for stage in read_summary(folder).stages]


def test_a_run_sets_out_from_an_earlier_answer(
    carematch: Command, county: Path, tmp_path: Path
) -> None:
    """Started from an allocation of the same book, hardly any time is enough to do as well."""
    first, second = tmp_path / "first", tmp_path / "second"
    assert carematch("allocate", county, "--out", first, *LITTLE).code == 0
    hardly = ("--deterministic-time", 0.01)
    ran = carematch("allocate", county, "--out", second, *hardly, "--start", first)
    assert ran.code == 0, ran.err
    assert "Setting out from" in ran.err
    assert values(second) <= values(first)


def test_a_start_that_is_no_allocation_is_refused(
    carematch: Command, county: Path, tmp_path: Path
) -> None:
    """A folder without an allocation, or one of other people, is named; nothing is written."""
    night, other = tmp_path / "night", tmp_path / "other"
    ran = carematch("allocate", county, "--out", night, "--start", tmp_path)
    assert ran.code == 2
    assert "is no folder that allocate wrote" in " ".join(ran.err.replace("│", " ").split())
    assert carematch("allocate", SAMPLE, "--out", other).code == 0
    ran = carematch("allocate", county, "--out", night, "--start", other)
    assert ran.code == 2
    assert "none of whom waits" in " ".join(ran.err.replace("│", " ").split())
    assert not night.exists()


def test_processes_do_not_change_the_answer(
    carematch: Command, county: Path, tmp_path: Path
) -> None:
    """In the reproducible mode one process and two give the same allocation and stages."""
    one, two = tmp_path / "one", tmp_path / "two"
    assert carematch("allocate", county, "--out", one, *LITTLE).code == 0
    assert carematch("allocate", county, "--out", two, *LITTLE, "--processes", 2).code == 0
    assert read_allocation(one) == read_allocation(two)
    assert read_summary(one).stages == read_summary(two).stages


def test_near_enough_is_noted(carematch: Command, tmp_path: Path) -> None:
    """The gap asked for stands in the summary beside the other limits; a foolish one is refused."""
    out = tmp_path / "night"
    assert carematch("allocate", SAMPLE, "--out", out, "--gap", 0.05).code == 0
    assert read_summary(out).limits.gap == 0.05
    assert carematch("allocate", SAMPLE, "--out", tmp_path / "other", "--gap", 2).code == 2


def test_it_says_how_it_searched(carematch: Command, tmp_path: Path) -> None:
    """The page tells of the largest group, and the summary of every part, the largest first."""
    out = tmp_path / "night"
    page = carematch("allocate", SAMPLE, "--out", out, "--why").out
    how = read_summary(out).how
    assert how
    assert f"largest group, {how[0]}" in " ".join(page.split())
    people = [int(line.split()[0]) for line in how]
    assert people == sorted(people, reverse=True)
