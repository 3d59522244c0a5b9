"""Writing a folder whole or not at all, for nobody but its owner to read."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from matcher.errors import MatcherError

OWN_FOLDER, OWN_FILE = 0o700, 0o600
"""Whom a folder and its files are open to: a book tells where people live."""


@contextmanager
def whole_folder(path: Path, *, replaces: Callable[[Path], bool]) -> Iterator[Path]:
    """Yield an empty folder that takes the given name once everything in it has been written.

    If anything fails on the way the draft is removed and what stood there before stands there
    still. Only its owner may open the folder and what is in it.

    Parameters
    ----------
    path
        The folder to write. Missing folders above it are made.
    replaces
        Whether a folder that already stands there, and is not empty, may be replaced.

    Raises
    ------
    MatcherError
        If something stands there that may not be replaced, or the disk refuses.
    """
    target = path.resolve()
    try:
        require_replaceable(target, replaces)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = _beside(target, "part")
        draft.mkdir(OWN_FOLDER)
        try:
            yield draft
            _settle(draft)
            require_replaceable(target, replaces)
            _put_in_place(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from error


def require_replaceable(target: Path, replaces: Callable[[Path], bool]) -> None:
    """Accept a folder to write, or stop before any work is done for it.

    Raises
    ------
    MatcherError
        If something stands there that may not be replaced.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise MatcherError(
            f"{target} is a file, so no folder of that name can be written.",
            thing=str(target),
            expected="a new name or an empty folder",
        )
    if any(target.iterdir()) and not replaces(target):
        raise MatcherError(
            f"The folder {target} holds other things and is not replaced;"
            " choose a new name or an empty folder.",
            thing=str(target),
            expected="a new name or an empty folder",
        )


def no_folder(folder: Path) -> bool:
    """Say that a folder may not be replaced, whatever it holds."""
    return False


def require_writable(path: Path, replaces: Callable[[Path], bool]) -> Path:
    """Return a folder's full path once it is known that the folder can be written.

    A folder is made for a moment where the disk must take one, so that nobody learns only after
    minutes of work that it does not.

    Raises
    ------
    MatcherError
        If something stands there that may not be replaced, or the disk refuses.
    """
    try:
        target = path.resolve()
        require_replaceable(target, replaces)
        place = target
        while not place.parent.exists():
            place = place.parent
        trial = _beside(place, "part")
        trial.mkdir()
        trial.rmdir()
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unwritable(path, reason) from error
    return target


def _unwritable(path: Path, reason: str) -> MatcherError:
    return MatcherError(f"The folder {path} could not be written: {reason}.", thing=str(path))


def _beside(target: Path, ending: str) -> Path:
    """Return an unused name on the same disk, so that a rename can move it into place."""
    return target.with_name(f".{target.name}.{secrets.token_hex(6)}.{ending}")


def _settle(folder: Path) -> None:
    """Have the disk take everything, so that a power cut cannot leave names without contents."""
    for file in sorted(folder.rglob("*")):
        file.chmod(OWN_FOLDER if file.is_dir() else OWN_FILE)
        if file.is_file():
            with file.open("rb") as written:
                os.fsync(written.fileno())


def _put_in_place(draft: Path, target: Path) -> None:
    """Rename the draft; a folder in its way steps aside first and comes back if that fails."""
    if not target.exists():
        draft.rename(target)
        return
    aside = _beside(target, "old")
    target.rename(aside)
    try:
        draft.rename(target)
    except BaseException:
        with suppress(OSError):
            aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)
