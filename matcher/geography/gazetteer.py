"""The gazetteer: from postcodes to the grid, loading only the letters that are asked for."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.errors import PostcodeError
from matcher.geography.authorities import parts_of, unknown_authority
from matcher.geography.cache import ArrayCache, Arrays, default_cache_dir
from matcher.geography.location import Location, Locations
from matcher.geography.postcode import Postcode
from matcher.geography.tables import (
    LETTERS,
    LetterTable,
    data_version,
    edition_name,
    pack,
    read_letter,
    unpack,
)

# Raise it whenever the arrays on disk change their names, types or meaning.
CACHE_FORMAT = 1
_LISTED = 20
_NORTHERN_IRELAND = "BT"


@dataclass(frozen=True, eq=False)
class AuthorityPostcodes:
    """All postcodes of one local authority that have a grid reference, sorted.

    Terminated postcodes are among them: see `Gazetteer`.

    Parameters
    ----------
    authority
        Local authority code, such as ``E06000059`` for Dorset.
    postcodes
        Its postcodes in text order.
    eastings_metres, northings_metres
        Read-only int32 arrays of grid references in metres, one a postcode.
    """

    authority: str
    postcodes: tuple[Postcode, ...]
    eastings_metres: NDArray[np.int32]
    northings_metres: NDArray[np.int32]

    def __post_init__(self) -> None:
        for array in (self.eastings_metres, self.northings_metres):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.postcodes)


class Gazetteer:
    """Postcodes with their grid references and local authorities.

    It holds every postcode of the ONS Postcode Directory, live and terminated alike: the data
    package does not say which are which, so neither can the gazetteer. Channel Islands, Isle of
    Man and Northern Ireland postcodes are known but have no place on the National Grid.

    Tables are read when a first letter is first asked for, kept in memory, and kept on disk for
    the next process. One gazetteer may serve many threads.

    Parameters
    ----------
    cache_dir
        Folder for cached tables; None takes the default (see `default_cache_dir`).

    Raises
    ------
    DataSourceError
        When the postcode data package is not installed.
    """

    def __init__(self, cache_dir: Path | str | None = None) -> None:
        self._cache_dir = cache_dir
        folder = default_cache_dir() if cache_dir is None else Path(cache_dir)
        version = data_version()
        self._cache = ArrayCache(folder, f"{CACHE_FORMAT}/{version}")
        self._edition = edition_name(version)
        self._tables: dict[str, LetterTable] = {}
        self._loading = threading.RLock()

    def __reduce__(self) -> tuple[type[Gazetteer], tuple[Path | str | None]]:
        """Travel to another process as the cache folder alone; it reads its own tables there."""
        return type(self), (self._cache_dir,)

    @property
    def edition(self) -> str:
        """Return the name of the directory in use, to be shown with results."""
        return self._edition

    def locate(self, postcode: Postcode, *, approximate: bool = False) -> Location:
        """Return where a postcode is.

        Parameters
        ----------
        postcode
            The postcode to find.
        approximate
            Whether a postcode that is unknown or has no grid reference may be placed at the mean
            of its outward code's postcodes.

        Raises
        ------
        PostcodeError
            When the postcode is not in the directory or has no place on the National Grid, and,
            with `approximate`, its outward code has none either.
        """
        table = self._table(postcode.text[0])
        row = int(table.find(pack([postcode.text]))[0])
        if row >= 0 and table.on_grid[row]:
            east, north = int(table.eastings[row]), int(table.northings[row])
            return Location(postcode, east, north, table.authority_of(row), approximate=False)
        middle = table.centroid(postcode.outward) if approximate else None
        if middle is None:
            reason = self._reason(postcode, known=row >= 0, approximate=approximate)
            raise PostcodeError(
                f"{postcode} {reason}.", thing=f"postcode {postcode}", value=str(postcode)
            )
        authority = table.authority_of(row) if row >= 0 else None
        return Location(postcode, *middle, authority, approximate=True)

    def locate_many(self, postcodes: Sequence[Postcode], *, approximate: bool = False) -> Locations:
        """Return where many postcodes are, in their order.

        Parameters
        ----------
        postcodes
            The postcodes to find; repeats are allowed.
        approximate
            As for `locate`.

        Raises
        ------
        PostcodeError
            When any cannot be placed; the message lists the first 20. Ask `missing` for all.
        """
        found = self._find_all(postcodes, approximate=approximate)
        if not found.placed.all():
            raise _listing(self._reasons(found, approximate=approximate))
        return Locations(found.postcodes, found.eastings, found.northings, found.approximate)

    def missing(
        self, postcodes: Sequence[Postcode], *, approximate: bool = False
    ) -> dict[Postcode, str]:
        """Return the postcodes that cannot be placed, each with the reason as a half-sentence.

        ``f"{postcode} {reason}."`` makes a sentence. Parameters are those of `locate_many`; the
        order is that of first appearance.
        """
        return self._reasons(
            self._find_all(postcodes, approximate=approximate), approximate=approximate
        )

    def authorities(self) -> tuple[str, ...]:
        """Return the codes of all local authorities with postcodes on the National Grid, sorted.

        The first call ever reads the whole directory, a few seconds; later calls read its index.
        """
        return tuple(sorted(self._letters_of))

    def postcodes_of(self, authority: str) -> AuthorityPostcodes:
        """Return every postcode of a local authority that has a grid reference.

        Parameters
        ----------
        authority
            Code of an authority, such as ``E06000059`` for Dorset: a county's means its districts,
            a former one its successors.

        Raises
        ------
        MatcherError
            As `parts_of`.
        """
        pairs = self._rows_of(authority)
        keys = np.concatenate([table.keys[found] for table, found in pairs])
        return AuthorityPostcodes(
            authority,
            tuple(Postcode(text) for text in unpack(keys)),
            np.concatenate([table.eastings[found] for table, found in pairs]),
            np.concatenate([table.northings[found] for table, found in pairs]),
        )

    def postcode_count(self, authority: str) -> int:
        """Return how many postcodes of a local authority have a grid reference.

        Raises
        ------
        MatcherError
            As `postcodes_of`, which takes far longer.
        """
        return sum(len(rows) for _, rows in self._rows_of(authority))

    def parts_of(self, authority: str) -> tuple[str, ...]:
        """Return the codes that postcodes carry for an authority: see `authorities.parts_of`.

        Raises
        ------
        MatcherError
            When the code is none that is or was in use; the message suggests some.
        """
        parts = parts_of(authority)
        if parts is None and authority in self._letters_of:
            parts = (authority,)
        if parts is None:
            raise unknown_authority(authority, self.authorities())
        return parts

    def _rows_of(self, authority: str) -> list[tuple[LetterTable, NDArray[np.intp]]]:
        found: dict[str, list[NDArray[np.intp]]] = defaultdict(list)
        for part in self.parts_of(authority):
            for letter in self._letters_of.get(part, ""):
                found[letter].append(self._table(letter).rows_of(part))
        if not found:
            raise unknown_authority(authority, self.authorities())
        return [
            (self._table(letter), np.sort(np.concatenate(rows)))
            for letter, rows in sorted(found.items())
        ]

    def _table(self, letter: str) -> LetterTable:
        """Return a letter's table, from memory, else from disk, else from the data package."""
        with self._loading:
            if letter not in self._tables:
                self._tables[letter] = self._read(letter)
            return self._tables[letter]

    def _read(self, letter: str) -> LetterTable:
        name = f"postcodes-{letter}"
        table = self._cache.load(name, LetterTable.from_arrays)
        if table is None:
            table = read_letter(letter)
            self._cache.save(name, table.arrays())
        return table

    @cached_property
    def _letters_of(self) -> dict[str, str]:
        """Return the first letters, in order, under which each authority has postcodes."""
        with self._loading:
            index = self._cache.load("authorities", _decode_index)
            if index is None:
                index = self._scan()
                self._cache.save("authorities", _encode_index(index))
            return index

    def _scan(self) -> dict[str, str]:
        """Go through all letters, keeping in memory only those that were there before."""
        index: dict[str, str] = {}
        for letter in LETTERS:
            table = self._tables.get(letter) or self._read(letter)
            for code in table.authorities():
                index[code] = index.get(code, "") + letter
        return index

    def _find_all(self, postcodes: Sequence[Postcode], *, approximate: bool) -> _Found:
        """Look up many postcodes, one vectorised search for each first letter among them."""
        texts = [postcode.text for postcode in postcodes]
        found = _Found.nothing(tuple(postcodes))
        keys, initials = pack(texts), np.array([text[0] for text in texts], dtype="U1")
        for letter in np.unique(initials).tolist():
            found.fill(self._table(letter), np.flatnonzero(initials == letter), keys)
        if approximate:
            self._approximate(found)
        return found

    def _approximate(self, found: _Found) -> None:
        """Place what has no grid reference at the middle of its outward code."""
        middles: dict[str, tuple[int, int] | None] = {}
        for place in np.flatnonzero(~found.placed).tolist():
            outward = found.postcodes[place].outward
            if outward not in middles:
                middles[outward] = self._table(outward[0]).centroid(outward)
            if (middle := middles[outward]) is not None:
                found.eastings[place], found.northings[place] = middle
                found.placed[place] = found.approximate[place] = True

    def _reasons(self, found: _Found, *, approximate: bool) -> dict[Postcode, str]:
        return {
            found.postcodes[place]: self._reason(
                found.postcodes[place], known=bool(found.known[place]), approximate=approximate
            )
            for place in np.flatnonzero(~found.placed).tolist()
        }

    def _reason(self, postcode: Postcode, *, known: bool, approximate: bool) -> str:
        """Say why a postcode has no place, as the rest of a sentence that it opens."""
        if postcode.area == _NORTHERN_IRELAND:
            return "is in Northern Ireland, which is not on the National Grid of Great Britain"
        if known:
            reason = f"has no grid reference in the {self._edition}"
        else:
            reason = f"is not in the {self._edition}, neither as live nor as terminated"
        return f"{reason}; nor has {postcode.outward} a place" if approximate else reason


@dataclass(frozen=True, eq=False)
class _Found:
    """Answers under way: one row a postcode, in the order asked."""

    postcodes: tuple[Postcode, ...]
    eastings: NDArray[np.int32]
    northings: NDArray[np.int32]
    known: NDArray[np.bool_]
    placed: NDArray[np.bool_]
    approximate: NDArray[np.bool_]

    @classmethod
    def nothing(cls, postcodes: tuple[Postcode, ...]) -> _Found:
        size = len(postcodes)
        whole, flags = np.zeros((2, size), np.int32), np.zeros((3, size), np.bool_)
        return cls(postcodes, whole[0], whole[1], flags[0], flags[1], flags[2])

    def fill(self, table: LetterTable, places: NDArray[np.intp], keys: NDArray[np.uint64]) -> None:
        """Look up the postcodes at some places in one letter's table."""
        rows = table.find(keys[places])
        places, rows = places[rows >= 0], rows[rows >= 0]
        self.known[places] = True
        self.placed[places] = table.on_grid[rows]
        self.eastings[places], self.northings[places] = table.eastings[rows], table.northings[rows]


def _listing(reasons: dict[Postcode, str]) -> PostcodeError:
    """Build one error for many postcodes."""
    shown = [f"{postcode} {reason}" for postcode, reason in list(reasons.items())[:_LISTED]]
    more = len(reasons) - len(shown)
    message = "; ".join(shown) + (f"; and {more} more." if more else ".")
    if len(reasons) > 1:
        message = f"{len(reasons)} postcodes cannot be placed: {message}"
    return PostcodeError(message, thing="postcodes", value=[str(code) for code in reasons])


def _encode_index(index: dict[str, str]) -> dict[str, NDArray[np.bytes_]]:
    """Return the authority index as arrays."""
    return {"codes": np.array(list(index), "S"), "letters": np.array(list(index.values()), "S")}


def _decode_index(arrays: Arrays) -> dict[str, str]:
    """Return the authority index from arrays, refusing letters that no postcode begins with."""
    codes, letters = arrays["codes"].tolist(), arrays["letters"].tolist()
    index = {c.decode(): i.decode() for c, i in zip(codes, letters, strict=True)}
    if not index or any(not i or not set(i) <= set(LETTERS) for i in index.values()):
        raise ValueError("authority index out of range")
    return index
