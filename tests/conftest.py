"""What the tests of several modules share: one gazetteer and the default policy."""

from __future__ import annotations

import pytest

from matcher.geography import Gazetteer
from matcher.policy import Policy, default_policy


@pytest.fixture(scope="session")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    """Give one gazetteer for the session, its cache away from the home folder."""
    return Gazetteer(tmp_path_factory.mktemp("carematch-cache"))


@pytest.fixture(scope="session")
def policy() -> Policy:
    """Give the policy of a book that brings none of its own."""
    return default_policy()
