"""The nights of some councils on one process, and on a cluster one worker of which is killed.

Run ``python -m benchmarks.cluster --councils 10``. A scheduler and two workers are started by
Dask's own commands, on the loopback; the answers have to be the same ones. Appends a line to
``results/nation.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

from benchmarks.ledger import ROOT, record
from benchmarks.measuring import table
from benchmarks.nation import Night, Row, large_authorities, nation, solve_council, total
from matcher.distribute import slots_of, spread
from matcher.geography import Gazetteer
from matcher.result import Limits

START_SECONDS = 30.0
"""How long workers may take to join."""
Running = subprocess.Popen[bytes]


@contextmanager
def _dask(command: str, *words: str) -> Iterator[Running]:
    """Run one of Dask's own commands while the block runs."""
    line = [sys.executable, "-m", f"distributed.cli.dask_{command}", *words]
    # Nobody reads what they log, and a pipe that nobody reads would stop them once it is full.
    with subprocess.Popen(line, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def standing(folder: Path, workers: int) -> Iterator[tuple[str, list[Running]]]:
    """Run a scheduler and workers as a council would; yield its address, it and the workers.

    Parameters
    ----------
    folder
        Where workers may write.
    workers
        How many, of one thread each.

    Raises
    ------
    RuntimeError
        If they do not join in time.
    """
    known, until = folder / "scheduler.json", monotonic() + START_SECONDS
    with ExitStack() as stack:
        words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        started = [stack.enter_context(_dask("scheduler", *words, "--scheduler-file", str(known)))]
        _await(known.exists, until)
        address = json.loads(known.read_text("utf-8"))["address"]
        each = ("--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory", str(folder))
        started += [stack.enter_context(_dask("worker", address, *each)) for _ in range(workers)]
        _await(lambda: slots_of(1, address) >= workers, until)
        yield address, started


def _await(holds: Callable[[], bool], until: float) -> None:
    while not holds():
        if monotonic() > until:
            raise RuntimeError("The cluster did not stand in time.")
        sleep(0.1)


def answers(rows: Sequence[Row]) -> list[Any]:
    """Return what must not depend on where a council was worked at."""
    return [(row["council"], row["placed"], row["stages"]) for row in rows]


def measure(councils: int, work: float) -> Row:
    """Return whether one process and a cluster that lost a worker agree, and how long each took.

    Raises
    ------
    RuntimeError
        If they do not agree.
    """
    limits = Limits.reproducible(work)
    nights = [Night(spec, limits) for spec in nation(councils, large_authorities(Gazetteer()))]
    began = monotonic()
    here = list(spread(solve_council, nights))
    alone = monotonic() - began
    with TemporaryDirectory() as folder, standing(Path(folder), 2) as (address, processes):
        began, there = monotonic(), []
        for row in spread(solve_council, nights, cluster=address):
            there.append(row)
            if len(there) == councils // 3:
                processes[1].kill()
        together = monotonic() - began
    if answers(here) != answers(there):
        raise RuntimeError("One process and the cluster do not agree.")
    return {
        "instance": f"{councils} councils, one process and a cluster that lost one of two workers",
        "councils": councils,
        "limits": limits.model_dump(exclude_none=True),
        "seed": "the number of the council",
        "equal": True,
        "processes_of_the_cluster": len({row["process"] for row in there}),
        **total(here),
        "seconds_alone": round(alone, 1),
        "seconds_together": round(together, 1),
    }


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--councils", type=int, default=10)
    parser.add_argument("--work-per-council", type=float, default=2.0)
    chosen = parser.parse_args()
    row = measure(chosen.councils, chosen.work_per_council)
    record("nation", row)
    heads = ("councils", "placed", "one process, s", "cluster, s", "the same answers")
    figures = (row["councils"], row["placed"], row["seconds_alone"], row["seconds_together"], "yes")
    print(table(heads, [figures]))


if __name__ == "__main__":
    main()
