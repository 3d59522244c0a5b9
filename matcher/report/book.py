"""What a book holds: who waits, who offers, what was assumed, and what to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

from rich.console import Group, RenderableType

from matcher.eligibility import request_refusals
from matcher.files import BookFolder
from matcher.files.book_rows import COLUMNS_FILE
from matcher.model import Book, Frozen
from matcher.policy import Policy
from matcher.report.faults import faults_document, faults_table, grouped_faults
from matcher.report.missing import missing, missing_facts
from matcher.report.page import ALERT, BLANK, GOOD, facts, note, page, section
from matcher.report.wording import (
    and_text,
    count_text,
    hours_text,
    long_day_text,
    people_text,
    sentence_text,
    word_text,
)
from matcher.vocabulary import ProviderKind, Risk

MOST_KINDS = 6
"""So many kinds of things to look at stand on the first page."""
MOST_ROWS = 3
"""So many rows of each kind are named there."""
HELD_BACK = {
    "RUNNING": "care runs already",
    "OWN_PANEL": "a panel of its own nominates",
    "NOT_AGREED": "plan or funding not agreed",
    "INCOMPLETE": "something not recorded",
    "CRITICAL_WITHOUT_REASON": "critical time without a reason",
    "VISIT_TOO_SHORT": "visit too short",
    "BAND_UNKNOWN": "time band unknown",
    "VISIT_CROSSES_MIDNIGHT": "visit past midnight",
    "VISITS_NEVER_FIT": "visits that nobody could make as written",
    "RESPITE_ALLOWANCE": "respite beyond the allowance",
    "RESPITE_WINDOW": "respite longer than its window",
}
"""Why a request may not be searched for yet, in a few words."""


class Holdings(Frozen):
    """Counts of everything in a book.

    ``arrangeable`` may be searched for; ``held_back`` counts the reasons why others may not, one
    person perhaps with several. ``assumed_rows`` counts rates and vacancies nobody recorded.
    """

    title: str
    council: str
    as_of: str
    waiting: int
    arrangeable: int
    waiting_by_service: dict[str, int]
    waiting_by_risk: dict[str, int]
    held_back: dict[str, int]
    running: int
    agencies: int
    care_homes: int
    providers_by_status: dict[str, int]
    carer_minutes_free_per_week: int
    beds_free: dict[str, int]
    rates: int
    framework_rates: int
    zones: int
    history: int
    policy: str
    policy_is_own: bool
    assumed_figures: tuple[str, ...]
    assumed_rows: dict[str, int]


def holdings(book: Book, policy: Policy, *, policy_is_own: bool) -> Holdings:
    """Return what a book holds under a policy.

    Parameters
    ----------
    book, policy
        The book and the policy it follows.
    policy_is_own
        Whether the book brings the policy rather than following the default one.
    """
    refusals = [request_refusals(request, book, policy) for request in book.waiting]
    kinds = Counter(provider.kind for provider in book.providers)
    return Holdings(
        title=book.title,
        council=book.council,
        as_of=book.as_of.isoformat(),
        waiting=len(book.waiting),
        arrangeable=sum(not found for found in refusals),
        waiting_by_service=_tally(request.service_type for request in book.waiting),
        waiting_by_risk=_tally(request.risk or "not recorded" for request in book.waiting),
        held_back=_tally(r for found in refusals for r in {refusal.rule_id for refusal in found}),
        running=len(book.running),
        agencies=kinds[ProviderKind.HOMECARE],
        care_homes=kinds[ProviderKind.CARE_HOME],
        providers_by_status=_tally(provider.status for provider in book.providers),
        carer_minutes_free_per_week=sum(
            (line.end_minute - line.start_minute) * line.carers * len(line.days)
            for line in book.homecare_capacity
        ),
        beds_free=_beds(book),
        rates=len(book.rates),
        framework_rates=len(book.framework_rates),
        zones=len(book.zones),
        history=len(book.history),
        policy=f"{policy.title} {policy.version}",
        policy_is_own=policy_is_own,
        assumed_figures=policy.assumed,
        assumed_rows={
            "rates": sum(rate.assumed for rate in book.rates),
            "bed_capacity": sum(line.assumed for line in book.bed_capacity),
        },
    )


def _tally(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(str(word) for word in words).items()))


def _beds(book: Book) -> dict[str, int]:
    beds: Counter[str] = Counter()
    for line in book.bed_capacity:
        beds[str(line.care_type)] += line.beds
    return dict(sorted(beds.items()))


def book_page(folder: BookFolder) -> Group:
    """Return the summary of a book without faults, in two screens, with what to look at."""
    held = holdings(folder.book, folder.policy, policy_is_own=folder.policy_text is not None)
    parts: list[RenderableType] = [*holdings_parts(held)]
    if folder.warnings:
        count = count_text(len(folder.warnings), "thing")
        listed = grouped_faults(folder.warnings, most=MOST_KINDS, rows=MOST_ROWS)
        parts.append(section(f"To look at: {count}", listed))
    parts.append(section("Assumed", facts(_assumed(held))))
    if folder.book.providers and folder.book.requests:
        return page([*parts, note("No faults: the book can be used.", GOOD)])
    parts.append(section("Still to fill in", missing_facts(missing(folder.book))))
    told = f"No faults, but nobody to match yet; {COLUMNS_FILE} of a new book explains the columns."
    return page([*parts, note(told, ALERT)])


def book_evidence(folder: BookFolder) -> Group:
    """Return everything to look at, row by row, and every figure of the policy without a source."""
    held = holdings(folder.book, folder.policy, policy_is_own=folder.policy_text is not None)
    parts: list[RenderableType] = [
        BLANK,
        section("Figures without a source", facts(_figures(held))),
    ]
    if folder.warnings:
        parts.append(section("To look at, row by row", faults_table(folder.warnings)))
    return page(parts)


def book_document(folder: BookFolder) -> dict[str, Any]:
    """Return the summary of a book for a JSON document."""
    held = holdings(folder.book, folder.policy, policy_is_own=folder.policy_text is not None)
    document = held.model_dump(mode="json")
    lacking = [asdict(each) for each in missing(folder.book)]
    told = {"faults": [], "warnings": faults_document(folder.warnings), "missing": lacking}
    return document | told


def holdings_parts(held: Holdings) -> list[RenderableType]:
    """Return who waits and who offers."""
    return [section(_title(held), facts(_told(_demand(held))), BLANK, facts(_told(_supply(held))))]


def _told(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs of which there is anything to tell."""
    return [pair for pair in pairs if pair[1]]


def _title(held: Holdings) -> str:
    return f"{held.title} ({held.council}), {long_day_text(date.fromisoformat(held.as_of))}"


def _demand(held: Holdings) -> list[tuple[str, str]]:
    told = [
        ("Waiting", f"{people_text(held.waiting)}, {held.arrangeable:,} may be searched for"),
        ("For", _listed(held.waiting_by_service)),
        ("Risk", _listed(_urgent_first(held.waiting_by_risk))),
    ]
    if held.held_back:
        told.append(
            (
                "Held back",
                _listed(
                    {
                        HELD_BACK.get(code, word_text(code.lower())): n
                        for code, n in held.held_back.items()
                    }
                ),
            )
        )
    told = [(name, text) for name, text in told if text]
    return [*told, ("Running", f"{count_text(held.running, 'package')} with a provider already")]


def _urgent_first(by_risk: dict[str, int]) -> dict[str, int]:
    known = {str(risk): by_risk[risk] for risk in Risk if risk in by_risk}
    return known | by_risk


def _supply(held: Holdings) -> list[tuple[str, str]]:
    agencies = count_text(held.agencies, "homecare agency", "homecare agencies")
    beds = _listed(held.beds_free) or "none"
    return [
        ("Providers", f"{agencies}, {count_text(held.care_homes, 'care home')}"),
        ("Status", _listed(held.providers_by_status)),
        ("Carers free", f"{hours_text(held.carer_minutes_free_per_week)} a week"),
        ("Beds free", beds),
        ("Rates", f"{held.rates:,} of providers, {held.framework_rates:,} of the framework"),
        ("Zones", f"{held.zones:,}"),
        ("Offers made", f"{held.history:,} on record"),
    ]


def _assumed(held: Holdings) -> list[tuple[str, str]]:
    """Return how much nobody recorded: rows of the book and figures of the policy."""
    rows = {name: number for name, number in held.assumed_rows.items() if number}
    whose = "the book's own" if held.policy_is_own else "the default one"
    rooms = [room.lower() for room, _ in _figures(held)]
    figures = f"{count_text(len(held.assumed_figures), 'figure')} without a source"
    listed = f", on {and_text(rooms)} (--why names each)" if rooms else ""
    return [
        ("The book", _listed(rows) or "nothing"),
        ("The policy", f"{held.policy}, {whose}: {figures}{listed}"),
    ]


def _figures(held: Holdings) -> list[tuple[str, str]]:
    """Return the policy's figures without a source, those on one subject together."""
    by_room: dict[str, list[str]] = {}
    for name in held.assumed_figures:
        room, _, figure = name.partition(".")
        by_room.setdefault(room, []).append(figure)
    return [(sentence_text(room), ", ".join(names)) for room, names in by_room.items()]


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{word_text(name)} {number:,}" for name, number in counts.items())


def written_page(book: Book, policy: Policy, folder: str) -> Group:
    """Return the summary of a book that has just been written."""
    held = holdings(book, policy, policy_is_own=False)
    about = page(holdings_parts(held))
    invented = "Providers, people, rates and vacancies are invented; the postcodes are real."
    return page([about, note(invented, ALERT), note(f"Written to {folder}", GOOD)])
