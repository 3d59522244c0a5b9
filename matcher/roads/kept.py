"""Drives kept on disk for a month, so that a server is asked for each of them once."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from matcher.geography.cache import require_own
from matcher.roads.server import RoutingServer
from matcher.roads.table import Leg, Point, RoutingError

logger = logging.getLogger(__name__)

FILE = "roads-2.sqlite"
"""Raise its number whenever the table changes."""
KEPT_SECONDS = 30 * 24 * 3600
REST_SECONDS = 60.0
"""So long a server that did not answer is left alone, so that nobody else waits for it."""
BUSY_SECONDS = 5.0
_TABLE = """create table if not exists leg (
    server text, from_east int, from_north int, to_east int, to_north int,
    seconds int, metres int, asked_at int, checksum text,
    primary key (server, from_east, from_north, to_east, to_north)
) without rowid"""
_KEEP = "insert or replace into leg values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_FIND = """select seconds, metres, asked_at, checksum from leg
    where server = ? and from_east = ? and from_north = ?
    and to_east = ? and to_north = ? and asked_at > ?"""


class KeptRoads:
    """A routing server with a memory on disk that may be lost at any time.

    Parameters
    ----------
    server
        Asked for what is not remembered.
    folder
        Where the memory is; None remembers nothing.
    now
        The time in seconds; the system's unless given.
    """

    def __init__(
        self, server: RoutingServer, folder: Path | None, now: Callable[[], float] = time.time
    ) -> None:
        self._server = server
        self._folder = folder
        self._now = now
        self._failed: RoutingError | None = None
        self._rests_until = 0.0
        self._key = f"{server.kind} {hashlib.sha256(server.url.encode()).hexdigest()}"

    @property
    def name(self) -> str:
        """What to call the source of the figures."""
        return self._server.name

    def legs(self, there: Sequence[Point], here: Point) -> list[Leg | None]:
        """Return the drives from many places to one, None where no road leads.

        Raises
        ------
        RoutingError
            If the server has to be asked and does not answer, or did not a moment ago.
        """
        kept = self._find(there, here)
        wanted = sorted(set(there) - kept.keys())
        if wanted:
            asked = dict(zip(wanted, self._ask(wanted, here), strict=True))
            self._keep(asked, here)
            kept |= asked
        return [kept[place] for place in there]

    def _ask(self, wanted: Sequence[Point], here: Point) -> list[Leg | None]:
        if self._failed is not None and self._now() < self._rests_until:
            raise self._failed
        try:
            return self._server.legs(wanted, here)
        except RoutingError as error:
            self._failed, self._rests_until = error, self._now() + REST_SECONDS
            raise

    def _find(self, there: Sequence[Point], here: Point) -> dict[Point, Leg | None]:
        since = int(self._now()) - KEPT_SECONDS
        try:
            with self._memory() as memory:
                rows = {
                    place: memory.execute(_FIND, (self._key, *place, *here, since)).fetchone()
                    for place in set(there)
                }
        except (OSError, sqlite3.Error) as error:
            logger.info("Road times kept in %s cannot be read (%s).", self._folder, error)
            return {}
        # What is not as it was written is asked for again.
        sound = {
            place: row[:2]
            for place, row in rows.items()
            if row and row[3] == self._checksum(place, here, *row[:3])
        }
        return {place: None if leg[0] is None else Leg(*leg) for place, leg in sound.items()}

    def _keep(self, asked: dict[Point, Leg | None], here: Point) -> None:
        now = int(self._now())
        drives = {
            place: (*((leg.seconds, leg.metres) if leg else (None, None)), now)
            for place, leg in asked.items()
        }
        rows = [
            (self._key, *place, *here, *drive, self._checksum(place, here, *drive))
            for place, drive in drives.items()
        ]
        try:
            with self._memory() as memory:
                memory.executemany(_KEEP, rows)
        except (OSError, sqlite3.Error) as error:
            logger.info("Road times cannot be kept in %s (%s).", self._folder, error)

    def _checksum(self, place: Point, here: Point, *drive: int | None) -> str:
        told = (self._key, *place, *here, *drive)
        return hashlib.sha256(repr(told).encode()).hexdigest()

    @contextmanager
    def _memory(self) -> Iterator[sqlite3.Connection]:
        if self._folder is None:
            raise FileNotFoundError("no cache folder")
        self._folder.mkdir(0o700, parents=True, exist_ok=True)
        path = self._folder / FILE
        if not path.exists():
            path.touch(0o600)  # where people live is for nobody else to read
        # Not opened to be looked at: closing it would end the locks of others in this process.
        require_own(path.stat())
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as memory, memory:
            memory.execute(_TABLE)
            yield memory
