"""Running the command line inside the test process, on small books."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from matcher.cli import run
from matcher.files import write_book
from matcher.geography import Gazetteer
from matcher.synthetic import CountySpec, generate

SMALL = CountySpec(
    agencies=8,
    homes=8,
    waiting_homecare=10,
    waiting_placements=4,
    running=6,
    zones=3,
    history_days=20,
)


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it has to be."""
        return json.loads(self.out)


Command = Callable[..., Ran]


@pytest.fixture
def carematch(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Give a function that runs one command and returns what it printed."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("CAREMATCH_DEBUG", raising=False)

    def command(*arguments: object) -> Ran:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return command


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Path:
    """Give the folder of a small synthetic county."""
    folder = tmp_path_factory.mktemp("county") / "book"
    write_book(folder, generate(SMALL, Gazetteer(cache_folder)))
    return folder
