"""Exit codes of every command, and whether faults are to be told at length."""

from __future__ import annotations

import os

DONE, OUR_FAULT, BAD_INPUT, STOPPED = 0, 1, 2, 130
DEBUG_VARIABLE = "CAREMATCH_DEBUG"


def wants_details() -> bool:
    """Say whether the person asked to see where faults happen."""
    return os.environ.get(DEBUG_VARIABLE, "") not in {"", "0"}
