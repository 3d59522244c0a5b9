"""Who sells the service and is not offered: one line each, nearest first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from matcher.eligibility import RULES, Verdict
from matcher.eligibility.provider_rules import Service
from matcher.report.page import QUIET, cut, listing, note, section, table
from matcher.report.wording import count_text, few_words, of_it, sentence_text, would_do
from matcher.shortlist import Search
from matcher.vocabulary import km_text

MOST_NAMED = 4
"""So many stand on the first page."""
NAME_WIDTH = 30
_SERVICE_BIT = next(bit for bit, rule in enumerate(RULES) if isinstance(rule, Service))


def sellers_out(verdict: Verdict) -> list[int]:
    """Return the numbers of the providers that are refused, nearest first.

    Of those that sell the service, or are asked for by name.
    """
    failed, metres = verdict.failed, verdict.enquiry.distance_metres
    meant = ((failed >> np.uint32(_SERVICE_BIT) & 1) == 0) | verdict.enquiry.asked_for
    numbers = np.flatnonzero(meant & (failed > 0))
    return [int(number) for number in numbers[np.argsort(metres[numbers], kind="stable")]]


def outsiders_brief(search: Search) -> Group:
    """Return the nearest providers that are not offered, each with its main reason.

    Those asked for stand first, then those that a small change would let in, with that change.
    Where nobody can start the reasons are the answer, and are told to their end.
    """
    verdict, metres = search.verdict, search.verdict.enquiry.distance_metres
    providers = verdict.enquiry.market.providers
    misses = search.shortlist.near_misses
    nearly = {m.provider_id: would_do(m.changes).replace(m.name, "it") for m in misses}
    out = sellers_out(verdict)
    asked = verdict.enquiry.asked_for
    out.sort(key=lambda n: (not asked[n], providers[n].provider_id not in nearly))
    shown = cut if search.shortlist.options else Text
    rows = [
        (
            _short(providers[number].name),
            km_text(int(metres[number])),
            shown(nearly.get(providers[number].provider_id) or main_reason(verdict, number)),
        )
        for number in out[:MOST_NAMED]
    ]
    parts: list[RenderableType] = [listing(rows, right=(1,))]
    if len(out) > MOST_NAMED:
        more = count_text(len(out) - MOST_NAMED, "other")
        parts.append(note(f"and {more} (--why names all)", QUIET))
    if not out:
        parts = [note("Nobody else on file sells this service.")]
    groups = ["those asked for"] if asked[out].any() else []
    groups += ["those that a small change would let in"] if nearly else []
    order = ", ".join([*groups, "then nearest first"])
    return section(f"Not offered: {order}" if groups else "Not offered, nearest first", *parts)


def _short(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 1]}…"


def main_reason(verdict: Verdict, number: int) -> str:
    """Return the first reason why a provider is refused, in a few words.

    A change that is an amount says it best: ``2.4 km beyond the radius``.
    """
    first = verdict.refusals(number)[0]
    amount = would_do([first.change.sentence]) if first.change else "would do"
    if not amount.startswith("would do"):
        return amount
    return few_words(first.sentence, verdict.enquiry.market.providers[number].name)


def outsiders_part(search: Search) -> Group:
    """Return everybody that sells the service and is refused, with every reason and its rule."""
    verdict = search.verdict
    out = sellers_out(verdict)
    answer = search.shortlist
    elsewhere = answer.considered - answer.eligible - len(out)
    told = (
        f"{count_text(answer.considered, 'provider')} looked at: {answer.eligible:,} could start, "
        f"{len(out):,} sell the service and are out, {elsewhere:,} do not sell it."
    )
    parts: list[RenderableType] = [note(told)]
    if out:
        columns = ("Provider", "Away", "Why, and what would have to change", "Rule")
        rows = _rows(verdict, out)
        parts.append(table(columns, rows, right=("Away",), whole=("Rule",)))
    return section("Who is out, and by which rule", *parts)


def _rows(verdict: Verdict, numbers: list[int]) -> Iterator[tuple[str, str, str, str]]:
    enquiry = verdict.enquiry
    for number in numbers:
        provider = enquiry.market.providers[number]
        name, away = provider.name, km_text(int(enquiry.distance_metres[number]))
        for refusal in verdict.refusals(number):
            told = f"{sentence_text(of_it(refusal.sentence, provider.name))}."
            if refusal.change:
                told += f" {sentence_text(would_do([refusal.change.sentence]))}."
            yield name, away, told, refusal.rule_id
            name = away = ""
