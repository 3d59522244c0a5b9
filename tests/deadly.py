"""Details of a packing that kill the process that first looks at them: for tests of losses."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matcher.solvers.model import PackingModel
from matcher.solvers.packing import Ints, Packing, Pick


@dataclass(frozen=True)
class Deadly:
    """Nothing to decide; but the first process to model options dies, as if out of memory.

    Parameters
    ----------
    marker
        A file that says that one has died already.
    stages
        How many stages there are.
    """

    marker: Path
    stages: int = 1

    @property
    def most_extra(self) -> Ints:
        """Nothing is added to any stage."""
        return np.zeros(self.stages, np.int64)

    def extra(self, pick: Pick) -> Mapping[int, int]:
        """Return nothing."""
        return {}

    def model(self, packing: Packing, options: Sequence[int]) -> PackingModel:
        """Return the plain model, from the second time on."""
        if not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return PackingModel(packing, options)
