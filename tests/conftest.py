"""What the tests of several modules share: one gazetteer and the default policy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.geography import Gazetteer
from matcher.policy import Policy, default_policy

MEMORY, ROOM = Path("/dev/shm"), 4 << 30
"""A file system in memory, and how many bytes must be free there for what the tests write."""


def pytest_configure() -> None:
    """Write to memory where there is room: hundreds of databases come and go in little time.

    Whoever has said where temporary files belong is obeyed.
    """
    is_told = {"TMPDIR", "PYTEST_DEBUG_TEMPROOT"} & os.environ.keys()
    if not is_told and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY)


def pytest_xdist_auto_num_workers() -> int:
    """Return one process more than there are cores: many a test waits for a process of its own."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that the test processes running side by side share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session", autouse=True)
def cache_folder(shared_folder: Path) -> Iterator[Path]:
    """Keep postcode tables out of the home folder, and read each but once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAREMATCH_CACHE_DIR", str(shared_folder / "carematch-cache"))
        yield shared_folder / "carematch-cache"


@pytest.fixture(scope="session")
def gazetteer(cache_folder: Path) -> Gazetteer:
    """Give one gazetteer for the session."""
    return Gazetteer(cache_folder)


@pytest.fixture(scope="session")
def policy() -> Policy:
    """Give the policy of a book that brings none of its own."""
    return default_policy()
