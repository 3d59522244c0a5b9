"""One gazetteer for the tests of register imports."""

from __future__ import annotations

import pytest

from matcher.geography import Gazetteer


@pytest.fixture(scope="session")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    """Give one gazetteer with a cache away from the home folder."""
    return Gazetteer(tmp_path_factory.mktemp("cache"))
