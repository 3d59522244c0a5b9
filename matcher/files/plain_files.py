"""Reading one text file of a folder, or saying why it cannot be read."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from matcher.errors import BadInputError, Fault
from matcher.files.cells import shown

MAX_FILE_BYTES = 200 * 1024 * 1024
_SAVE_AS = 'a file saved as "CSV UTF-8" (in Excel: Save As, type "CSV UTF-8")'
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LEGACY = "cp1252"
_AROUND = 20
_NUMBERS = re.compile(r"\d(?:[ -]?\d){2,}")


def read_plain_file(path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> str:
    """Return the text of a UTF-8 file, without the mark that Excel puts at its start.

    Raises
    ------
    BadInputError
        If there is no such file, or it is no regular file, too large, or not UTF-8 text.
    """
    data = _read_bytes(path, max_bytes)
    if problem := _not_text(data):
        raise _refusal(path, problem, _SAVE_AS)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInputError([_wrong_encoding(path.name, data, error)]) from error


def _read_bytes(path: Path, max_bytes: int) -> bytes:
    try:
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode):
            raise _refusal(path, _what_it_is(facts.st_mode), "a regular file")
        if facts.st_size > max_bytes:
            limit = f"a file of at most {max_bytes:,} bytes"
            raise _refusal(path, f"{facts.st_size:,} bytes", limit)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise _refusal(path, "no such file", "a file of this name") from error
    except OSError as error:
        reason = shown(error.strerror or error)
        raise _refusal(path, reason, "a file that can be opened") from error


def _refusal(path: Path, met: str, expected: str) -> BadInputError:
    return BadInputError([Fault(path.name, 0, "", met, expected)])


def _what_it_is(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    return "a folder" if stat.S_ISDIR(mode) else "a device or pipe"


def _not_text(data: bytes) -> str:
    if data.startswith(_WORKBOOKS):
        return "an Excel workbook"
    if data.startswith(_UTF_16_MARKS):
        return "text encoded as UTF-16"
    if b"\0" not in data:
        return ""
    # Half of the bytes of western text in UTF-16 are zeros, always the same half.
    halves = data[0:2000:2], data[1:2000:2]
    zeros = [half.count(0) / max(len(half), 1) for half in halves]
    return "text encoded as UTF-16" if max(zeros) > 0.8 and min(zeros) < 0.2 else "binary data"


def _wrong_encoding(file: str, data: bytes, error: UnicodeDecodeError) -> Fault:
    """Name the old Windows encoding where the bytes make sense in it, with the place."""
    line = data.count(b"\n", 0, error.start) + 1
    nearby = data[max(0, error.start - _AROUND) : error.start + _AROUND]
    try:
        words = nearby.decode(_LEGACY)
    except UnicodeDecodeError:
        return Fault(file, 0, "", f"binary data on line {line}", _SAVE_AS)
    passage = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    # The passage is cut out, so what would tell that a number is a door code may be gone (H8).
    passage = _NUMBERS.sub("...", passage)
    met = shown(f"text encoded as Windows-1252 or Latin-1, line {line}: {passage}")
    return Fault(file, 0, "", met, _SAVE_AS)
