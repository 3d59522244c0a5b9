"""Start times of a packing that kill the process that first looks at them: for tests of losses."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matcher.solvers.instance.assignment import Ints, Packing
from matcher.solvers.instance.calendars import Timing


@dataclass(frozen=True, eq=False)
class Deadly(Timing):
    """No times to decide; but the first process to ask about them dies, as if out of memory.

    Parameters
    ----------
    marker
        A file that says that one has died already.
    """

    marker: Path = Path("died")

    @property
    def most_extra(self) -> Ints:  # type: ignore[override]
        """Nothing is added to any stage, from the second time on."""
        if not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return np.zeros(self.stages, np.int64)


def deadly(packing: Packing, marker: Path) -> Deadly:
    """Return start times for a packing that has none."""
    nowhere = np.zeros((0, 1), np.bool_)
    domains = (nowhere,) * len(packing)
    return Deadly(domains, (), {}, {}, packing.request, packing.stages, marker=marker)
