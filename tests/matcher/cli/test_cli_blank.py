"""The command that writes an empty book, and what check says of one."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.files import read_book
from tests.matcher.cli.conftest import Command


def test_an_empty_book_says_what_to_fill_in(carematch: Command, tmp_path: Path) -> None:
    """Council, providers and people first, in one screen; so does check, kindly."""
    folder = tmp_path / "new"
    ran = carematch("new", folder)
    assert ran.code == 0, ran.err
    for told in ("book.toml", "not set", "providers.csv", "requests.csv", "columns.md"):
        assert told in ran.out
    assert len(ran.out.splitlines()) <= 24
    checked = carematch("check", folder)
    assert checked.code == 0
    assert "nobody to match yet" in " ".join(checked.out.split())
    assert "requests.csv" in checked.out
    assert len(checked.out.splitlines()) <= 48
    missing = carematch("check", folder, "--json").document["missing"]
    assert [each["file"] for each in missing][:3] == ["book.toml", "providers.csv", "requests.csv"]


def test_what_is_said_on_the_line_stands_in_the_book(carematch: Command, tmp_path: Path) -> None:
    """Council, day and title; then the council is not missing."""
    folder = tmp_path / "new"
    options = ("--council", "E10000019", "--as-of", "2026-04-01", "--title", "Ours")
    ran = carematch("new", folder, *options, "--json")
    assert "book.toml" not in {each["file"] for each in ran.document["missing"]}
    assert "requests.csv" in ran.document["files"]
    book = read_book(folder).book
    assert (book.title, book.council, f"{book.as_of}") == ("Ours", "E10000019", "2026-04-01")


@pytest.mark.parametrize("council", ["Dorset", "E06000095", "a b"])
def test_a_council_that_is_none_is_refused(
    carematch: Command, tmp_path: Path, council: str
) -> None:
    """With exit code 2, and nothing is written."""
    ran = carematch("new", tmp_path / "new", "--council", council)
    assert ran.code == 2
    assert "E06000059" in " ".join(ran.err.split())
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_in_use_is_left_alone(carematch: Command, tmp_path: Path) -> None:
    """Whatever is in it."""
    (tmp_path / "notes.txt").write_text("mine")
    ran = carematch("new", tmp_path)
    assert ran.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
