"""Tests of the cache on disk, sound, damaged, unwritable and shared."""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.geography import (
    Gazetteer,
    Location,
    Postcode,
    default_cache_dir,
    tables,
)
from matcher.geography.cache import ArrayCache


@pytest.fixture
def isle_cache(tmp_path: Path) -> Path:
    """Give a fresh cache folder that holds Shetland's small letter Z."""
    Gazetteer(tmp_path).locate(Postcode("ZE1 0AA"))
    return tmp_path


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"CAREMATCH_CACHE_DIR": "own", "XDG_CACHE_HOME": "xdg", "HOME": "home"}, "own"),
        ({"XDG_CACHE_HOME": "xdg", "HOME": "home"}, "xdg/carematch"),
        (
            {"CAREMATCH_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": "home"},
            "home/.cache/carematch",
        ),
    ],
)
def test_the_default_folder_follows_the_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str
) -> None:
    """Our own variable wins, then XDG's, then the home folder; empty means unset."""
    for name in ("CAREMATCH_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert default_cache_dir() == Path(expected)


def test_an_account_without_a_home_goes_without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no home folder nothing is kept on disk and answers are the same."""

    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("CAREMATCH_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert default_cache_dir() is None
    assert Gazetteer().locate(Postcode("ZE1 0AA")).authority == "S12000027"


def test_the_default_folder_is_used_when_none_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gazetteer without arguments caches in the folder that the environment names."""
    monkeypatch.setenv("CAREMATCH_CACHE_DIR", str(tmp_path / "new" / "folder"))
    Gazetteer().locate(Postcode("ZE1 0AA"))
    assert [f.name for f in (tmp_path / "new" / "folder").iterdir()] == ["postcodes-Z.npz"]


def _forbid_rebuilding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "matcher.geography.gazetteer.read_letter", lambda letter: pytest.fail("rebuilt")
    )


def test_a_sound_cache_is_read_without_the_data_package(
    isle_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the letter asked for is cached, and its file alone answers the next time."""
    assert [f.name for f in isle_cache.iterdir()] == ["postcodes-Z.npz"]
    _forbid_rebuilding(monkeypatch)
    assert Gazetteer(str(isle_cache)).locate(Postcode("ZE1 0AA")).authority == "S12000027"


def _held(path: Path) -> dict[str, Any]:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def _rewrite(path: Path, **changes: Any) -> None:
    """Write the file anew with some arrays changed, and those given as None left out."""
    arrays = _held(path) | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-2000])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _garbage(path: Path) -> None:
    path.write_bytes(b"not an archive" * 100)


def _flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _other_format(path: Path) -> None:
    _rewrite(path, stamp=np.array(f"0/{tables.data_version()}"))


def _other_data(path: Path) -> None:
    _rewrite(path, stamp=np.array("1/1999.1.0"))


def _no_stamp(path: Path) -> None:
    _rewrite(path, stamp=None)


def _column_lost(path: Path) -> None:
    _rewrite(path, northings=None)


def _column_short(path: Path) -> None:
    _rewrite(path, eastings=_held(path)["eastings"][:-1])


def _column_of_another_type(path: Path) -> None:
    _rewrite(path, eastings=_held(path)["eastings"].astype(np.float64))


def _column_flat(path: Path) -> None:
    _rewrite(path, keys=np.uint64(7))


def _out_of_order(path: Path) -> None:
    _rewrite(path, keys=_held(path)["keys"][::-1])


def _authority_out_of_range(path: Path) -> None:
    _rewrite(path, authority_rows=_held(path)["authority_rows"] + np.int16(100))


def _authority_negative(path: Path) -> None:
    _rewrite(path, authority_rows=_held(path)["authority_rows"] - np.int16(2))


def _pickled(path: Path) -> None:
    _rewrite(path, keys=np.array([{"run": "me"}], dtype=object))


@pytest.mark.parametrize(
    "damage",
    [
        _truncate,
        _empty,
        _garbage,
        _flip_a_byte,
        _other_format,
        _other_data,
        _no_stamp,
        _column_lost,
        _column_short,
        _column_of_another_type,
        _column_flat,
        _out_of_order,
        _authority_out_of_range,
        _authority_negative,
        _pickled,
    ],
)
def test_a_damaged_cache_file_is_rebuilt(
    isle_cache: Path,
    damage: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever befell the file, the answer is right, the log says so, and the file is sound."""
    path = isle_cache / "postcodes-Z.npz"
    expected = Gazetteer(isle_cache).locate(Postcode("ZE1 0AA"))
    damage(path)
    with caplog.at_level(logging.INFO, logger="matcher.geography"):
        assert Gazetteer(isle_cache).locate(Postcode("ZE1 0AA")) == expected
    assert "rebuilding it" in caplog.text
    assert all(record.levelno == logging.INFO for record in caplog.records)
    _forbid_rebuilding(monkeypatch)
    assert Gazetteer(isle_cache).locate(Postcode("ZE1 0AA")) == expected


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_damage_gives_the_right_arrays_or_none(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bytes changed or cut anywhere never give wrong arrays and never raise."""
    folder = tmp_path_factory.mktemp("damaged")
    cache = ArrayCache(folder, "1/1")
    column = np.arange(40, dtype=np.int32)
    cache.save("a", {"column": column})
    path = folder / "a.npz"
    content = bytearray(path.read_bytes())
    spot = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[spot] ^= data.draw(st.integers(1, 255))
    else:
        del content[spot:]
    path.write_bytes(content)
    read = cache.load("a", lambda arrays: arrays["column"])
    assert read is None or np.array_equal(read, column)


@pytest.mark.parametrize("below", ["", "deeper/still"])  # the folder itself, and one above it
def test_a_folder_that_cannot_be_written_only_logs(
    tmp_path: Path, below: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With a file in the folder's place nothing is cached, and the answer is the same."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    with caplog.at_level(logging.INFO, logger="matcher.geography"):
        found = Gazetteer(blocked / below).locate(Postcode("ZE1 0AA"))
    assert found.authority == "S12000027"
    assert "cannot be written" in caplog.text
    assert blocked.read_text() == "a file"


def test_a_full_disk_leaves_the_old_file_and_no_draft(
    isle_cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A write that fails half-way neither harms the old file nor leaves a draft behind."""
    before = (isle_cache / "postcodes-Z.npz").read_bytes()

    def full(file: object, **_: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with caplog.at_level(logging.INFO, logger="matcher.geography"):
        Gazetteer(isle_cache)._cache.save("postcodes-Z", {})
    assert "No space left" in caplog.text
    assert [f.name for f in isle_cache.iterdir()] == ["postcodes-Z.npz"]
    assert (isle_cache / "postcodes-Z.npz").read_bytes() == before


def _build_again_and_again(folder: str, meeting: str) -> list[Location]:
    """Rebuild one letter many times in a process of its own, once the other is there too."""
    Path(meeting, str(os.getpid())).touch()
    for _ in range(2000):  # at most ten seconds, should the other never come
        if len(list(Path(meeting).iterdir())) == 2:
            break
        time.sleep(0.005)
    answers = []
    for _ in range(40):
        Gazetteer(folder)._cache.save("postcodes-Z", tables.read_letter("Z").arrays())
        answers.append(Gazetteer(folder).locate(Postcode("ZE1 0AA")))
    return answers


def test_two_processes_may_build_one_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two writers and readers of one file never see half of it and leave one sound file."""
    folder, meeting = tmp_path / "cache", tmp_path / "meeting"
    meeting.mkdir()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        jobs = [pool.submit(_build_again_and_again, str(folder), str(meeting)) for _ in range(2)]
        answers = {answer for job in jobs for answer in job.result(timeout=60)}
    assert [f.name for f in folder.iterdir()] == ["postcodes-Z.npz"]
    _forbid_rebuilding(monkeypatch)
    assert answers == {Gazetteer(folder).locate(Postcode("ZE1 0AA"))}


def test_one_postcode_moved_in_the_cache_is_found(tmp_path: Path) -> None:
    """A cache that is sound to read but not as it was written is made anew."""
    place = Gazetteer(tmp_path).locate(Postcode("ZE1 0AA"))
    (file,) = tmp_path.glob("*.npz")
    with np.load(file, allow_pickle=False) as held:
        arrays = {name: held[name].copy() for name in held.files}
    moved = [name for name, array in arrays.items() if array.dtype == np.int32]
    for name in moved:
        arrays[name] += 60_000
    assert moved
    np.savez(file, allow_pickle=False, **arrays)
    assert Gazetteer(tmp_path).locate(Postcode("ZE1 0AA")) == place


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_cache_that_others_may_write_is_not_read(tmp_path: Path, mode: int) -> None:
    """Whoever else may write to a file may have put anything there, checksum and all."""
    cache = ArrayCache(tmp_path, "v1")
    cache.save("known", {"numbers": np.arange(3)})
    assert cache.load("known", lambda arrays: int(arrays["numbers"][1])) == 1
    (tmp_path / "known.npz").chmod(mode)
    assert cache.load("known", lambda arrays: int(arrays["numbers"][1])) is None


def test_a_cache_of_another_account_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder for temporary things may hold files that somebody else put there first."""
    cache = ArrayCache(tmp_path, "v1")
    cache.save("known", {"numbers": np.arange(3)})
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert cache.load("known", lambda arrays: int(arrays["numbers"][1])) is None


def test_the_cache_is_for_its_owner_only(tmp_path: Path) -> None:
    """Which postcodes are asked for says where people live, down to the letter."""
    cache = ArrayCache(tmp_path / "cache", "v1")
    cache.save("known", {"numbers": np.arange(3)})
    assert (tmp_path / "cache").stat().st_mode & 0o077 == 0
    assert (tmp_path / "cache" / "known.npz").stat().st_mode & 0o077 == 0
