"""Empty books: they can be read as they are, and say of every column what it is for."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from matcher.errors import MatcherError
from matcher.files import is_book_folder, read_book, write_book
from matcher.files.blank import NOT_SET, blank_book, blank_texts, columns_text, write_blank_book
from matcher.files.columns import FILES
from matcher.policy import default_document, default_policy, parse_policy
from tests.builders import AS_OF, provider


def test_an_empty_book_is_a_book(tmp_path: Path) -> None:
    """It is read without faults, is nobody's yet, and follows the default policy."""
    book = blank_book(council=None, as_of=AS_OF, title=None)
    write_blank_book(tmp_path / "new", book)
    found = read_book(tmp_path / "new")
    assert found.book == book
    assert found.book.council == NOT_SET
    assert found.policy == default_policy()
    assert is_book_folder(tmp_path / "new")


def test_a_title_and_a_council_are_written_as_they_are(tmp_path: Path) -> None:
    """Quotation marks and other letters included."""
    book = blank_book(council="E10000019", as_of=AS_OF, title='Über "alles" \\ #1')
    write_blank_book(tmp_path / "new", book)
    assert read_book(tmp_path / "new").book == book


def test_nothing_is_ever_replaced(tmp_path: Path) -> None:
    """Not even another empty book, in which somebody may have written."""
    book = blank_book(council=None, as_of=AS_OF, title=None)
    write_blank_book(tmp_path / "new", book)
    with pytest.raises(MatcherError, match="not replaced"):
        write_blank_book(tmp_path / "new", book)


def test_every_file_has_its_header_and_no_row() -> None:
    """All columns, in the order of the description."""
    texts = blank_texts(blank_book(council=None, as_of=AS_OF, title=None))
    for spec in FILES:
        assert texts[spec.file] == ",".join(column.name for column in spec.columns) + "\n"


def test_every_column_is_explained() -> None:
    """The page has a section for each file and a line for each column; no cell breaks its table."""
    sections = columns_text().split("\n## ")[1:]
    assert [text.partition("\n")[0] for text in sections] == [spec.file for spec in FILES]
    for spec, text in zip(FILES, sections, strict=True):
        lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
        assert [line.split(" | ")[0].strip("|* ") for line in lines] == list(spec.by_name)
        assert all(len(re.findall(r"(?<!\\)\|", line)) == 4 for line in lines)
        for column, line in zip(spec.columns, lines, strict=True):
            assert column.required == line.startswith("| **")


def _usual_lines() -> list[str]:
    text = resources.files("matcher").joinpath("default_policy.toml").read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_every_usual_figure_stands_there_as_a_comment() -> None:
    """Nothing has an effect, and with the marks taken away it is the default policy."""
    text = blank_texts(blank_book(council=None, as_of=AS_OF, title=None))["policy.toml"]
    assert tomllib.loads(text) == {}
    lines = text.splitlines()
    usual = [line for line in _usual_lines() if not re.match(r"(title|version) =", line)]
    assert [line for line in usual if f"# {line}" not in lines] == []
    taken_up = "\n".join(line[2:] if line[2:] in usual else line for line in lines)
    assert {**default_document(), **tomllib.loads(taken_up)} == default_document()
    assert len(tomllib.loads(taken_up)) == len(default_document()) - 2
    assert parse_policy(taken_up) == default_policy()


def test_the_page_of_columns_is_no_stranger_to_a_book(tmp_path: Path) -> None:
    """A book with the page may be replaced as any other, and then the page is gone."""
    write_blank_book(tmp_path / "new", blank_book(council=None, as_of=AS_OF, title=None))
    book = blank_book(council="E06000059", as_of=AS_OF, title="Filled in")
    write_book(tmp_path / "new", book.model_copy(update={"providers": (provider(),)}))
    assert read_book(tmp_path / "new").book.providers
    assert not (tmp_path / "new" / "columns.md").exists()
