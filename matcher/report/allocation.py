"""A plan for everyone waiting: who has a place, who has none and why, and what is proved of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from matcher.files.costs import Costs
from matcher.files.results import Summary
from matcher.files.risks import RiskCounts
from matcher.report.objective import title_of, value_text
from matcher.report.page import (
    ALERT,
    BLANK,
    GOOD,
    facts,
    heading,
    listing,
    note,
    page,
    section,
    table,
)
from matcher.report.people import REASONS
from matcher.report.wording import (
    and_text,
    long_day_text,
    people_text,
    sentence_text,
    some_text,
    word_text,
)
from matcher.result import Stage, Status
from matcher.vocabulary import Risk

WHO_DECIDES = (
    "Every line is a proposal: nobody is booked, and care that already runs stays as it is."
)
TODAY = "Today's way"
MOST_DISPLACED = 5
"""So many people are named whose provider has closed; summary.json has all."""
MOST_AIMS = 3
"""So many aims are named that are not proved."""
STATUSES = {
    Status.OPTIMAL: "no better plan exists by any of its aims: that is proved",
    Status.FEASIBLE: "the best found in the time given",
    Status.CANCELLED: "stopped early; the best found until then",
    Status.BASELINE: "today's way: first come, first served, to the nearest free provider",
}
UNPRICED_STAGE = "unpriced_offers"
UNPLACED_STAGES = tuple(f"unplaced_{risk.value}" for risk in (Risk.RED, Risk.AMBER, Risk.GREEN))


def allocation_page(
    summary: Summary,
    folder: str,
    *,
    book: str = "BOOK",
    people: Sequence[RenderableType] = (),
) -> Group:
    """Return what a plan achieves: who is placed where, who is not and why, cost, proof, files.

    Parameters
    ----------
    summary
        The head of the allocation.
    folder, book
        Where the allocation and its book are, for the commands to give next.
    people
        Who is placed and who is not, which stands first.
    """
    parts: list[RenderableType] = [_headed(summary, BLANK), *people]
    if summary.displaced:
        parts.append(section("To be found another place", _displaced(summary)))
    parts += [section("By risk", *_figures(summary))]
    told = [_proof_of_aims(summary), WHO_DECIDES] if summary.counts.arrangeable else []
    parts += [note(text) for text in (*told, f"Written to {folder}")]
    explain = f"carematch explain {book} REQUEST --allocation {folder}"
    return page([*parts, facts([("Why", explain), ("Aims, proof", "--why")])])


def _displaced(summary: Summary) -> RenderableType:
    """Return whose provider has closed: the plan leaves running care as it is (H18)."""
    told = [each.sentence for each in summary.displaced]
    return note(f"{some_text(told, MOST_DISPLACED)}.", ALERT)


def outcome_part(summary: Summary) -> Group:
    """Return how many have a place, by risk and beside today's way, and what that costs."""
    return _headed(summary, BLANK, *_figures(summary), BLANK)


def _headed(summary: Summary, *more: RenderableType) -> Group:
    title = f"Plan of {long_day_text(summary.as_of)}: {summary.title}"
    return page([heading(title), note(in_a_sentence(summary), GOOD), *more])


def _figures(summary: Summary) -> list[RenderableType]:
    cost = [note(_cost(summary))] if summary.counts.arrangeable else []
    return [_by_risk(summary), *cost]


def _by_risk(summary: Summary) -> RenderableType:
    """Return how many of each risk have a place, wait for approval or have none."""
    counts = summary.counts
    all_of = RiskCounts(
        placed=counts.placed, needs_approval=counts.needs_approval, unplaced=counts.unplaced
    )
    today = None if summary.today is None else summary.today.counts
    columns = ["", "Waiting", "Placed", "Needs approval", "No place"]
    rows = []
    for name, each in {**counts.by_risk, "all": all_of}.items():
        row = [word_text(name), each.waiting, each.placed, each.needs_approval, each.unplaced]
        if today is not None:
            before = today.placed if name == "all" else today.by_risk.get(name, RiskCounts()).placed
            row.append(before)
        rows.append([cell if isinstance(cell, str) else f"{cell:,}" for cell in row])
    if today is not None:
        columns.append("Placed by today's way")
    return table(columns, rows, right=columns[1:])


def _cost(summary: Summary) -> str:
    placed = summary.costs.get("placed", Costs(weekly_gbp=summary.weekly_cost_gbp))
    told = f"Costs {_gbp(summary.weekly_cost_gbp)} a week for those placed"
    if placed.council_weekly_gbp < placed.weekly_gbp:
        told += f" ({_gbp(placed.council_weekly_gbp)} of it the council's)"
    if placed.stays_gbp:
        told += f", stays {_gbp(placed.stays_gbp)} in all"
    if summary.counts.needs_approval:
        told += f", {_gbp(summary.weekly_cost_needs_approval_gbp)} more once approved"
    unpriced = sum(stage.value for stage in summary.stages if stage.name == UNPRICED_STAGE)
    if unpriced:
        told += f" and {people_text(unpriced)} at a price yet to be agreed"
    if summary.today is not None:
        told += f"; by today's way {_gbp(summary.today.weekly_cost_gbp)}"
    return f"{told}."


def _gbp(pounds: float) -> str:
    return f"£{pounds:,.2f}"


def _proof_of_aims(summary: Summary) -> str:
    """Say what kind of answer this is, and which aims are not proved to be met best."""
    status = f"{sentence_text(STATUSES[summary.status])}."
    if summary.status in {Status.OPTIMAL, Status.BASELINE}:
        return status
    loose = [
        title_of(stage.name).lower()
        for stage in summary.stages
        if not stage.proved and stage.name not in UNPLACED_STAGES
    ]
    if not loose:
        return status
    return f"{status} Not proved to be the best possible: {some_text(loose, MOST_AIMS)}."


# -- behind --why ------------------------------------------------------------------------------


def allocation_evidence(summary: Summary) -> Group:
    """Return why people have no place, how good a plan is by each aim, and how it was searched."""
    reasons = sorted(summary.counts.unplaced_by_reason.items(), key=lambda each: -each[1])
    rows = [(f"{number:,}", REASONS[reason]) for reason, number in reasons]
    why = [section("Why people have no place", listing(rows, right=(0,)))] if rows else []
    return page(
        [
            BLANK,
            *why,
            section("What the plan aims at, most important first; less is better", _aims(summary)),
            section("How it was found", facts(_found(summary))),
        ]
    )


def _found(summary: Summary) -> list[tuple[str, str]]:
    how = [("Search", f"largest group, {summary.how[0]}")] if summary.how else []
    versions = ", ".join(f"{name} {version}" for name, version in summary.versions.items())
    return [
        ("Answer", STATUSES[summary.status]),
        *how,
        ("Took", f"{summary.seconds:.1f} seconds, seed {summary.seed}"),
        ("Made with", versions),
    ]


def _aims(summary: Summary) -> RenderableType:
    """Return every aim with the best possible, beside today's value where that is known."""
    figures = ["This plan", "Best possible"]
    rows: list[list[str | Text]] = [
        [title_of(stage.name), value_text(stage.name, stage.value), _best_text(stage)]
        for stage in summary.stages
    ]
    if summary.today is not None:
        figures.append(TODAY)
        today = {stage.name: value_text(stage.name, stage.value) for stage in summary.today.stages}
        for stage, row in zip(summary.stages, rows, strict=True):
            row.append(today[stage.name])
    return table(("Aim", *figures), rows, right=figures)


def _best_text(stage: Stage) -> Text:
    """Return what no plan can beat; a figure of nought tells nobody anything unless it is met."""
    if stage.proved:
        return Text("proved", style=GOOD)
    told = f"at least {value_text(stage.name, stage.bound)}" if stage.bound else "not proved"
    return Text(told)


def in_a_sentence(summary: Summary) -> str:
    """Return what the allocation achieves against today's way and against the best possible."""
    if not summary.counts.arrangeable:
        return "Nobody who waits may be searched for yet."
    return " ".join(part for part in (_against_today(summary), _proof(summary)) if part)


def _against_today(summary: Summary) -> str:
    counts, today = summary.counts, summary.today
    placed = f"{counts.placed:,} of {people_text(counts.arrangeable)} who may be searched for"
    have = f"{placed} {'has' if counts.placed == 1 else 'have'} a place they may be offered"
    if today is None:
        return f"{have}."
    more = counts.placed - today.counts.placed
    than = f"{_difference(more)} than" if more else "as many as"
    return f"{have}, {than} by today's way{_differences(summary.stages, today.stages)}."


def _difference(more: int) -> str:
    return f"{abs(more):,} {'more' if more > 0 else 'fewer'}"


def _differences(stages: Sequence[Stage], today: Sequence[Stage]) -> str:
    """Say at which risk more or fewer are placed than by today's way."""
    before = {stage.name: stage.value for stage in today}
    changes = [
        f"{_difference(before[stage.name] - stage.value)} at {_colour(stage)} risk"
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
    told = [f"{_room(stage):,} more at {_colour(stage)} risk" for stage in loose if stage.bound]
    silent = [_colour(stage) for stage in loose if not stage.bound]
    parts = [f"At most {and_text(told)} could be placed by any plan."] if told else []
    if silent:
        parts.append(f"Whether more could be placed at {and_text(silent)} risk is not proved.")
    return " ".join(parts)


def _room(stage: Stage) -> int:
    return stage.value - (stage.bound or 0)


def _colour(stage: Stage) -> str:
    return stage.name.removeprefix("unplaced_")
