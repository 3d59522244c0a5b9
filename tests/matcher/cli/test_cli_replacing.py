"""Commands that write a book never replace one unasked: it may hold a council's own rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.matcher.cli.conftest import Ran

TINY = (
    *("--agencies", 3, "--homes", 2, "--waiting-homecare", 2, "--waiting-placements", 1),
    *("--running", 0),
)


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_book_is_replaced_only_when_told(carematch: Callable[..., Ran], tmp_path: Path) -> None:
    """Generating into a book's folder is refused and changes nothing, until ``--replace``."""
    out = tmp_path / "book"
    assert carematch("generate", "--out", out, *TINY).code == 0
    own = out / "policy.toml"
    own.write_text('title = "Our own"\n', "utf-8")
    before = contents(out)
    refused = carematch("generate", "--out", out, *TINY, "--seed", 1)
    assert refused.code == 2
    assert "not replaced" in refused.err
    assert contents(out) == before
    assert carematch("generate", "--out", out, *TINY, "--seed", 1, "--replace").code == 0
    assert contents(out) != before


@pytest.mark.parametrize("replace", [(), ("--replace",)])
def test_other_folders_are_never_replaced(
    carematch: Callable[..., Ran], tmp_path: Path, replace: tuple[str, ...]
) -> None:
    """Holiday photos stay where they are, ``--replace`` or not."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "beach.jpg").write_bytes(b"sand")
    ran = carematch("generate", "--out", tmp_path / "photos", *TINY, *replace)
    assert ran.code == 2
    assert contents(tmp_path / "photos") == {"beach.jpg": b"sand"}
