"""Folders are written whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from matcher.errors import MatcherError
from matcher.files import is_book_folder, read_book, whole_folder, write_book
from matcher.model import Book
from tests.breaking import SAMPLE, copy_of_sample


@pytest.fixture
def book() -> Book:
    """Return the sample book under another title."""
    return read_book(SAMPLE).book.model_copy(update={"title": "Another"})


@pytest.fixture
def standing(tmp_path: Path) -> Path:
    """Return a folder that holds a book and nothing else."""
    folder = copy_of_sample(tmp_path)
    (folder / "README.md").unlink()
    return folder


def _state(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_new_folder_is_written(tmp_path: Path, book: Book) -> None:
    """A book is written under a new name, with the folders above it, and nothing is left beside."""
    write_book(tmp_path / "deep" / "down", book)
    assert read_book(tmp_path / "deep" / "down").book == book
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["down"]


def test_a_folder_is_for_its_owner_only(tmp_path: Path, book: Book) -> None:
    """A book tells where people live, so nobody else on the machine may open it."""
    (tmp_path / "empty").mkdir(0o755)
    for name in ("new", "empty"):
        write_book(tmp_path / name, book)
        written = [tmp_path / name, *(tmp_path / name).rglob("*")]
        assert len(written) > 2
        assert [path.name for path in written if path.stat().st_mode & 0o077] == []


def test_empty_folder_is_filled(tmp_path: Path, book: Book) -> None:
    """An empty folder may be written into."""
    assert not is_book_folder(tmp_path / "empty")
    (tmp_path / "empty").mkdir()
    assert not is_book_folder(tmp_path / "empty")
    write_book(tmp_path / "empty", book)
    assert is_book_folder(tmp_path / "empty")


def test_book_replaces_a_book(standing: Path, book: Book) -> None:
    """A folder that holds a book is replaced by the new one, file for file."""
    (standing / "policy.toml").write_text('title = "Old"')
    write_book(standing, book)
    assert read_book(standing).book == book
    assert not (standing / "policy.toml").exists()
    assert [path.name for path in standing.parent.iterdir()] == ["book"]


@pytest.mark.parametrize("stranger", ["notes.txt", "README.md"])
def test_folder_with_other_things_is_kept(standing: Path, book: Book, stranger: str) -> None:
    """A folder that holds anything but a book is not replaced."""
    (standing / stranger).write_text("mine")
    before = _state(standing.parent)
    with pytest.raises(MatcherError, match="holds other things"):
        write_book(standing, book)
    assert _state(standing.parent) == before


def test_folder_without_a_book_is_kept(tmp_path: Path, book: Book) -> None:
    """Files named like a book's do not make a book without book.toml."""
    (tmp_path / "zones.csv").write_text("zone,postcodes\n")
    with pytest.raises(MatcherError, match="holds other things"):
        write_book(tmp_path, book)
    assert [path.name for path in tmp_path.iterdir()] == ["zones.csv"]


def test_file_in_the_way_is_kept(tmp_path: Path, book: Book) -> None:
    """A file of the name is refused and kept."""
    (tmp_path / "book").write_text("mine")
    with pytest.raises(MatcherError, match="is a file"):
        write_book(tmp_path / "book", book)
    assert (tmp_path / "book").read_text() == "mine"


class _PowerCutError(BaseException):
    """Stand-in for whatever stops a process in the middle."""


@pytest.mark.parametrize("survived", [0, 1, 5])
def test_crash_while_writing_changes_nothing(
    standing: Path, book: Book, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    """If the process stops after a few files, the old book stands and no draft is left."""
    before = _state(standing.parent)
    whole, count = Path.write_bytes, 0

    def stopping(path: Path, data: bytes) -> int:
        nonlocal count
        count += 1
        if count > survived:
            whole(path, data[: len(data) // 2])
            raise _PowerCutError
        return whole(path, data)

    monkeypatch.setattr(Path, "write_bytes", stopping)
    with pytest.raises(_PowerCutError):
        write_book(standing, book)
    assert _state(standing.parent) == before


def test_crash_while_renaming_brings_the_old_book_back(
    standing: Path, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the new folder cannot take its place, the old one returns to it."""
    before = _state(standing.parent)
    rename = Path.rename

    def refusing(path: Path, target: Path) -> Path:
        if path.suffix == ".part":
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refusing)
    with pytest.raises(MatcherError, match="No space left on device"):
        write_book(standing, book)
    assert _state(standing.parent) == before


def test_disk_that_refuses_is_told_as_such(tmp_path: Path, book: Book) -> None:
    """An operating system's refusal is told with the folder's name."""
    (tmp_path / "file").write_text("")
    with pytest.raises(MatcherError, match=r"could not be written") as caught:
        write_book(tmp_path / "file" / "book", book)
    assert str(tmp_path) in str(caught.value)


def test_folder_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    """What somebody else puts under the name during the writing is not replaced."""

    def write_while_others_do(target: Path) -> None:
        with whole_folder(target, replaces=lambda folder: False):
            target.mkdir()
            (target / "theirs.txt").write_text("theirs")

    with pytest.raises(MatcherError, match="holds other things"):
        write_while_others_do(tmp_path / "results")
    assert [path.name for path in tmp_path.rglob("*")] == ["results", "theirs.txt"]


def test_other_folders_can_be_written_too(tmp_path: Path) -> None:
    """Any folder can be written whole, folders inside it included."""
    with whole_folder(tmp_path / "results", replaces=lambda folder: False) as draft:
        (draft / "inner").mkdir()
        (draft / "inner" / "a.txt").write_text("a")
        assert not (tmp_path / "results").exists()
    assert (tmp_path / "results" / "inner" / "a.txt").read_text() == "a"
