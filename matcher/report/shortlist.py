"""A shortlist: the options, why the others are out, and who decides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from matcher.eligibility import RULES
from matcher.market import Market
from matcher.near_miss import NearMiss
from matcher.option import Option
from matcher.report.option import option_part
from matcher.report.page import ALERT, BLANK, QUIET, WRONG, note, notes, page, section, table
from matcher.report.request import request_part
from matcher.report.wording import count_text
from matcher.shortlist import NO_AFFORDABLE_OPTION, Search, Shortlist
from matcher.vocabulary import km_text, pounds_text

WHO_DECIDES = (
    "Carematch ranks and proposes; people decide. Nothing is booked by this list: the person and "
    "their worker choose, and above-rate offers wait for a budget holder (H9, H14)."
)
RULE_TITLES = {rule.rule_id: (rule.__doc__ or "").partition("\n")[0] for rule in RULES}
"""Each rule in one sentence."""


def shortlist_page(market: Market, search: Search) -> Group:
    """Return everything a broker needs to put options before a person."""
    answer = search.shortlist
    request = market.request(answer.request_id)
    budget = request.personal_budget_pence_per_week
    parts: list[RenderableType] = [request_part(market, request), *_alerts(answer)]
    if answer.options:
        parts.append(_at_a_glance(answer.options))
    parts += [option_part(option, budget) for option in answer.options]
    if answer.near_misses:
        parts.append(_near_misses(answer.near_misses))
    parts += [_refusals(answer), note(WHO_DECIDES), _origin(answer)]
    return page(parts)


def shortlist_document(search: Search) -> dict[str, Any]:
    """Return the shortlist with the evidence of every provider, for a JSON document."""
    document = search.shortlist.model_dump(mode="json")
    document["evidence"] = [line.model_dump(mode="json") for line in search.evidence()]
    return document


def _alerts(answer: Shortlist) -> Iterable[RenderableType]:
    if answer.affordability == NO_AFFORDABLE_OPTION:
        yield Text(f"  {NO_AFFORDABLE_OPTION}", style=WRONG)
    if answer.notes:
        yield notes(answer.notes, ALERT)
    if answer.warnings:
        yield notes([f"Warning: {warning}" for warning in answer.warnings])
    if answer.notes or answer.warnings:
        yield BLANK


def _at_a_glance(options: Iterable[Option]) -> Group:
    rows = [
        (
            str(option.rank),
            option.name,
            f"{option.total:.2f}",
            "?" if option.weekly_cost_pence is None else pounds_text(option.weekly_cost_pence),
            km_text(option.distance_metres),
            str(option.start_date),
            Text("approval", style=ALERT) if option.needs_approval else "as it is",
        )
        for option in options
    ]
    columns = ("", "Provider", "Score", "A week", "Away", "From", "Booking")
    figures = ("", "Score", "A week", "Away")
    return section("Options", table(columns, rows, right=figures, whole=("From", "Booking")))


def _near_misses(misses: Iterable[NearMiss]) -> Group:
    rows = [
        (miss.name, km_text(miss.distance_metres), " ".join(miss.reasons), "; ".join(miss.changes))
        for miss in misses
    ]
    columns = ("Provider", "Away", "Why not", "What would admit it")
    return section("Near misses", table(columns, rows, right=("Away",)))


def _refusals(answer: Shortlist) -> Group:
    out = answer.considered - answer.eligible
    told = (
        f"{count_text(answer.considered, 'provider')} considered: {answer.eligible:,} could start, "
        f"{out:,} are out. One provider may be refused by several rules."
    )
    parts: list[RenderableType] = [note(told)]
    if answer.refused_by:
        rows = [
            (f"{count:,}", rule, RULE_TITLES[rule]) for rule, count in answer.refused_by.items()
        ]
        columns = ("Refused", "Rule", "What it asks")
        parts += [BLANK, table(columns, rows, right=("Refused",), whole=("Rule",))]
    return section("Who is out, and why", *parts)


def _origin(answer: Shortlist) -> RenderableType:
    return note(
        f"Book as of {answer.as_of}; {answer.policy_version}; carematch "
        f"{answer.software_version}, seed {answer.seed}.",
        QUIET,
    )
