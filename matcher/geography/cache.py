"""A folder of small array files that may be lost, broken or altered at any time without harm."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)

STAMP, DIGEST = "stamp", "digest"
OTHERS_MAY_WRITE = 0o022
Arrays = Mapping[str, NDArray[Any]]
T = TypeVar("T")


def default_cache_dir() -> Path | None:
    """Return the folder for cached reference data.

    ``$CAREMATCH_CACHE_DIR``, else ``$XDG_CACHE_HOME/carematch``, else ``~/.cache/carematch``;
    None where the account has no home folder, as in some containers.
    """
    if own := os.environ.get("CAREMATCH_CACHE_DIR"):
        return Path(own)
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared) / "carematch"
    try:
        return Path.home() / ".cache" / "carematch"
    except RuntimeError:
        return None


class ArrayCache:
    """Named sets of arrays on disk, all carrying one stamp.

    Parameters
    ----------
    folder
        Where the files lie; made when first needed. None keeps nothing on disk.
    stamp
        Version of the format and of the data; files with another stamp do not count.
    """

    def __init__(self, folder: Path | None, stamp: str) -> None:
        self._folder = folder
        self._stamp = stamp

    def load(self, name: str, decode: Callable[[Arrays], T]) -> T | None:
        """Return what `decode` makes of the named arrays, or None when they cannot be had.

        Parameters
        ----------
        name
            File name without its ending.
        decode
            Turns arrays into the wanted thing; raises ValueError or KeyError where they are amiss.
        """
        if self._folder is None:
            return None
        path = self._folder / f"{name}.npz"
        try:
            with path.open("rb") as file:
                require_own(os.fstat(file.fileno()))
                with np.load(file, allow_pickle=False) as held:
                    arrays = {key: held[key] for key in held.files}
            if (stamp := str(arrays[STAMP])) != self._stamp:
                logger.info("Cache %s is of version %s; rebuilding it.", path, stamp)
                return None
            if str(arrays.pop(DIGEST)) != digest_of(arrays):
                logger.info("Cache %s is not as it was written; rebuilding it.", path)
                return None
            return decode(arrays)
        except FileNotFoundError:
            return None
        except Exception as error:  # a damaged file can fail in a dozen ways, all with one answer
            logger.info("Cache %s cannot be read (%s); rebuilding it.", path, error)
            return None

    def save(self, name: str, arrays: Arrays) -> None:
        """Write the named arrays whole or not at all; a folder that refuses is only logged."""
        if self._folder is None:
            return
        try:
            self._folder.mkdir(0o700, parents=True, exist_ok=True)
            self._replace(self._folder / f"{name}.npz", arrays)
        except OSError as error:
            logger.info("Cache folder %s cannot be written (%s).", self._folder, error)

    def _replace(self, path: Path, arrays: Arrays) -> None:
        """Write beside the target, then rename: a reader sees the old file or the new one."""
        handle, draft_name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
        draft = Path(draft_name)
        try:
            with os.fdopen(handle, "wb") as file:
                kept = {**arrays, STAMP: np.array(self._stamp)}
                digest = np.array(digest_of(kept))
                np.savez(file, allow_pickle=False, **kept, **{DIGEST: digest})
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def digest_of(arrays: Arrays) -> str:
    """Return a checksum over the names, shapes and contents of arrays."""
    found = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype} {array.shape} ".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def require_own(found: os.stat_result) -> None:
    """Go on only with a file that nobody but this account can have written.

    Parameters
    ----------
    found
        What the system says of the file.

    Raises
    ------
    PermissionError
        If it is another account's, or others may write to it.
    """
    if not hasattr(os, "geteuid"):  # an account of Windows has no number
        return
    if found.st_uid != os.geteuid() or found.st_mode & OTHERS_MAY_WRITE:
        raise PermissionError("another account owns it or may write to it")
