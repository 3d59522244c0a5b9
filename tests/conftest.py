"""What the tests of several modules share: one gazetteer and the default policy."""

from __future__ import annotations

import os

import pytest

from matcher.geography import Gazetteer
from matcher.policy import Policy, default_policy


def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than there are cores: many a test waits for a process of its own."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    """Give one gazetteer for the session, its cache away from the home folder.

    Test processes running side by side share the cache, so that it is built once.
    """
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    return Gazetteer(shared / "carematch-cache")


@pytest.fixture(scope="session")
def policy() -> Policy:
    """Give the policy of a book that brings none of its own."""
    return default_policy()
