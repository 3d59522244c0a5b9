"""One cache folder and one gazetteer for a session's tests of geography."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.geography import (
    Gazetteer,
)


@pytest.fixture(scope="session")
def cache_dir(shared_folder: Path) -> Path:
    """Give these tests a cache of their own, which none of them spoils."""
    return shared_folder / "geography-cache"


@pytest.fixture(scope="session")
def gazetteer(cache_dir: Path) -> Gazetteer:
    """Give a gazetteer over the session's cache, its tables read once."""
    return Gazetteer(cache_dir)
