"""An allocation of everyone waiting: its stages, its proof, and today's way beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from matcher.allocation import UnplacedReason
from matcher.files.results import Measures, Summary
from matcher.policy import Objective
from matcher.report.objective import TITLES, gap_text, value_text
from matcher.report.page import BLANK, GOOD, QUIET, facts, note, page, section, table
from matcher.report.wording import and_text, people_text
from matcher.result import Stage, Status

WHO_DECIDES = (
    "Every line is a proposal: nobody is booked, and nothing that already runs is moved (H14, H18)."
)
TODAY = "Today's way"
REASONS = {
    UnplacedReason.OWN_PANEL: "a panel of its own nominates",
    UnplacedReason.NOT_AGREED: "plan or funding not agreed yet",
    UnplacedReason.INCOMPLETE: "something is not recorded yet",
    UnplacedReason.NOT_ARRANGEABLE: "may not be searched for as recorded",
    UnplacedReason.NO_SUITABLE_PROVIDER: "no suitable provider",
    UnplacedReason.NO_CAPACITY: "suitable providers, but none with room",
    UnplacedReason.CAPACITY_TAKEN: "the room goes to others in this plan",
}
STATUSES = {
    Status.OPTIMAL: "proved best possible in every objective",
    Status.FEASIBLE: "the best found in the time given",
    Status.CANCELLED: "stopped early; the best found until then",
    Status.BASELINE: "today's way: first come, first served, to the nearest free provider",
}
UNPLACED_STAGES = (
    Objective.UNPLACED_RED,
    Objective.UNPLACED_AMBER,
    Objective.UNPLACED_GREEN,
)


def allocation_page(summary: Summary, folder: str) -> Group:
    """Return what an allocation achieves, how close to the best possible, and where it is."""
    parts: list[RenderableType] = [
        section(f"Allocation: {summary.title}", facts(_facts(summary)), BLANK, _outcome(summary)),
        section("Objectives, most important first", _stages(summary)),
    ]
    reasons = summary.counts.unplaced_by_reason
    if reasons:
        parts.append(section("Not placed", _reasons(reasons.items())))
    parts.append(note(in_a_sentence(summary), GOOD))
    return page([*parts, note(WHO_DECIDES), note(f"Written to {folder}", QUIET)])


def _facts(summary: Summary) -> list[tuple[str, str]]:
    counts = summary.counts
    how = [("Search", f"largest part, {summary.how[0]}")] if summary.how else []
    return [
        ("As of", str(summary.as_of)),
        ("Waiting", f"{people_text(counts.waiting)}, {counts.arrangeable:,} may be searched for"),
        ("Answer", STATUSES[summary.status]),
        *how,
        ("Took", f"{summary.seconds:.1f} seconds, seed {summary.seed}"),
    ]


def _outcome(summary: Summary) -> RenderableType:
    """Return the counts and costs, beside today's way where that is known."""
    columns: list[tuple[str, Measures]] = [("This plan", summary)]
    if summary.today is not None:
        columns.append((TODAY, summary.today))

    def row(name: str, *values: str) -> Sequence[str]:
        return (name, *values)

    rows = [
        row("Placed", *(f"{m.counts.placed:,}" for _, m in columns)),
        row("Offer awaits approval", *(f"{m.counts.needs_approval:,}" for _, m in columns)),
        row("Without an offer", *(f"{m.counts.unplaced:,}" for _, m in columns)),
        row("Cost a week, those placed", *(f"£{m.weekly_cost_gbp:,.2f}" for _, m in columns)),
        row(
            "Cost a week, awaiting approval",
            *(f"£{m.weekly_cost_needs_approval_gbp:,.2f}" for _, m in columns),
        ),
    ]
    names = [name for name, _ in columns]
    return table(("", *names), rows, right=names)


def _stages(summary: Summary) -> RenderableType:
    """Return every stage with its bound and gap, beside today's value where that is known."""
    figures = ["Value", "Bound", "Gap"]
    rows = [_stage_cells(stage) for stage in summary.stages]
    if summary.today is not None:
        figures.append(TODAY)
        today = {stage.name: value_text(stage.name, stage.value) for stage in summary.today.stages}
        for stage, row in zip(summary.stages, rows, strict=True):
            row.append(today[stage.name])
    return table(("Objective, less is better", *figures), rows, right=figures)


def _stage_cells(stage: Stage) -> list[str | Text]:
    bound = "" if stage.bound is None else value_text(stage.name, stage.bound)
    gap = Text(gap_text(stage), style=GOOD if stage.proved else "")
    return [TITLES[stage.name], value_text(stage.name, stage.value), bound, gap]


def _reasons(reasons: Iterable[tuple[UnplacedReason, int]]) -> RenderableType:
    ordered = sorted(reasons, key=lambda item: (-item[1], item[0]))
    rows = [(f"{number:,}", reason.value, REASONS[reason]) for reason, number in ordered]
    return table(("People", "Reason", "In words"), rows, right=("People",), whole=("Reason",))


def in_a_sentence(summary: Summary) -> str:
    """Return what the allocation achieves against today's way and against the best possible."""
    return " ".join(part for part in (_against_today(summary), _proof(summary)) if part)


def _against_today(summary: Summary) -> str:
    counts, today = summary.counts, summary.today
    placed = f"{counts.placed:,} of {people_text(counts.arrangeable)} that may be searched for"
    have = f"{placed} {'has' if counts.placed == 1 else 'have'} a place they may be offered"
    if today is None:
        return f"{have}."
    more = counts.placed - today.counts.placed
    than = f"{_difference(more)} than" if more else "as many as"
    return f"{have}, {than} by today's way{_by_risk(summary.stages, today.stages)}."


def _difference(more: int) -> str:
    return f"{abs(more):,} {'more' if more > 0 else 'fewer'}"


def _by_risk(stages: Sequence[Stage], today: Sequence[Stage]) -> str:
    """Say at which risk more or fewer are placed than by today's way."""
    before = {stage.name: stage.value for stage in today}
    changes = [
        f"{_difference(before[stage.name] - stage.value)} at {_risk(stage)}"
        for stage in stages
        if stage.name in UNPLACED_STAGES and before.get(stage.name, stage.value) != stage.value
    ]
    return f" ({and_text(changes)})" if changes else ""


def _proof(summary: Summary) -> str:
    """Say for each risk how many more could be placed at most, given those before it."""
    stages = [stage for stage in summary.stages if stage.name in UNPLACED_STAGES]
    if not stages or any(stage.bound is None for stage in stages):
        return ""
    loose = [stage for stage in stages if not stage.proved]
    if not loose:
        return "Risk by risk, no plan can place more: that is proved."
    told = and_text([f"{_room(stage):,} more at {_risk(stage)}" for stage in loose])
    return f"At most {told} could be placed by any plan as good for the risks before it."


def _room(stage: Stage) -> int:
    return stage.value - (stage.bound or 0)


def _risk(stage: Stage) -> str:
    return f"{stage.name.value.removeprefix('unplaced_')} risk"
