"""One cache folder and one gazetteer for a session's tests of geography."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.geography import (
    Gazetteer,
)


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give all tests of a session one cache folder away from the home folder."""
    return tmp_path_factory.mktemp("carematch-cache")


@pytest.fixture(scope="session")
def gazetteer(cache_dir: Path) -> Gazetteer:
    """Give a gazetteer over the session's cache, its tables read once."""
    return Gazetteer(cache_dir)
