"""How time, memory and gap grow with size: plots of what stands in the ledgers, and nothing else.

Run ``python -m benchmarks.growth`` after ``nights`` and ``nation``. Of each size and method the
latest run counts.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.ledger import RESULTS, runs
from benchmarks.nights import best_bounds, gaps

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = "0.02"
"""The gap of which the time is plotted, as the ledger names it."""
Row = dict[str, Any]
Points = list[tuple[float, float]]


def latest(rows: Sequence[Row], *names: str) -> list[Row]:
    """Return the latest run that succeeded of each combination of some facts."""
    newest = {tuple(row[name] for name in names): row for row in rows if not row.get("failed")}
    return list(newest.values())


def lines_of(rows: Sequence[Row], x: str, y: Callable[[Row], float | None]) -> dict[str, Points]:
    """Return the points of every method, by size; runs of which ``y`` is unknown are left out."""
    lines: dict[str, Points] = defaultdict(list)
    for row in rows:
        value = y(row)
        if value is not None:
            lines[row.get("method", "ours")].append((row[x], value))
    return {method: sorted(points) for method, points in lines.items()}


def time_to_gap(row: Row) -> tuple[float, bool]:
    """Return the seconds to the gap and true, or those until the end and false."""
    reached = row["seconds_to_gap"].get(GAP)
    return (row["seconds"], False) if reached is None else (reached, True)


def _draw(axes: Axes, title: str, unit: str, lines: dict[str, Points], x: str = "people") -> None:
    for method, points in lines.items():
        axes.plot(*zip(*points, strict=True), marker="o", label=method)
    axes.set(title=title, xlabel=x, ylabel=unit, xscale="log")
    sizes = sorted({size for points in lines.values() for size, _ in points})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.set_xticks([], minor=True)
    axes.set_ylim(bottom=0)
    axes.grid(visible=True, alpha=0.3)
    if len(lines) > 1:
        axes.legend()


def _draw_times(axes: Axes, rows: Sequence[Row]) -> None:
    """Draw our time to the gap; hollow where the run ended before it was reached."""
    ours = sorted((row["people"], *time_to_gap(row)) for row in rows if row["method"] == "ours")
    _draw(axes, "Time to a gap of 2 %", "seconds", {"ours": [(x, y) for x, y, _ in ours]})
    ended = [(x, y) for x, y, reached in ours if not reached]
    if ended:
        axes.plot(*zip(*ended, strict=True), "oC0", mfc="white", zorder=3, label="ended before")
        axes.legend()


def plot_nights(rows: Sequence[Row], path: Path) -> None:
    """Draw time, memory and both gaps of tight nights by the people waiting.

    Parameters
    ----------
    rows
        The ledger of nights.
    path
        Where to; its ending is the format.
    """
    best = best_bounds(rows)
    newest = latest(rows, "instance", "method")

    def gap(row: Row, of: int) -> float | None:
        share = gaps(row, best.get(row["fingerprint"], 0))[of]
        return None if share is None else 100 * share

    figure, panels = _panels(2, 2)
    _draw_times(panels[0], newest)
    memory = lines_of(newest, "people", lambda row: row["peak_mb"])
    _draw(panels[1], "Peak memory", "MB", memory)
    for place, noun in enumerate(("placed", "unplaced")):
        lines = lines_of(newest, "people", lambda row, of=place: gap(row, of))
        _draw(panels[2 + place], f"Gap of the weight {noun}", "%", lines)
    _save(figure, path)


def plot_nation(rows: Sequence[Row], path: Path) -> None:
    """Draw time, gap and memory of the nation by the councils in it.

    Parameters
    ----------
    rows
        The ledger of the nation.
    path
        Where to; its ending is the format.
    """
    newest = latest(rows, "instance")
    figure, panels = _panels(1, 3)
    shown = (
        ("From books to checked results", "seconds", lambda row: row["busiest_process_seconds"]),
        ("Gap of the weight placed", "%", lambda row: 100 * row["gap"]),
        ("Memory of the largest worker", "MB", lambda row: row["largest_worker_mb"]),
    )
    for axes, (title, unit, y) in zip(panels, shown, strict=True):
        _draw(axes, title, unit, lines_of(newest, "councils", y), "councils")
    _save(figure, path)


def _panels(rows: int, columns: int) -> tuple[Any, list[Axes]]:
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "benchmarks"  # the same ledger makes the same file
    from matplotlib import pyplot

    figure, grid = pyplot.subplots(
        rows, columns, figsize=(5 * columns, 3.6 * rows), squeeze=False, layout="constrained"
    )
    return figure, list(grid.flat)


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    print("drawn", path)


def main() -> None:
    """Draw what there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", choices=("svg", "png"), default="svg")
    parser.add_argument("--out", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    for question, plot in (("nights", plot_nights), ("nation", plot_nation)):
        rows = [row for row in runs(question) if not row.get("failed")]
        if rows:
            plot(rows, chosen.out / f"growth_{question}.{chosen.format}")
        else:
            print(f"No runs of {question} yet: python -m benchmarks.{question}")


if __name__ == "__main__":
    main()
