"""What a book holds: who waits, who offers, what was assumed, and what to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from rich.console import Group, RenderableType

from matcher.eligibility import request_refusals
from matcher.files import BookFolder
from matcher.model import Book, Frozen
from matcher.policy import Policy
from matcher.report.faults import faults_document, faults_table
from matcher.report.page import ALERT, BLANK, GOOD, facts, note, page, section
from matcher.report.wording import count_text, hours_text, people_text, word_text
from matcher.vocabulary import ProviderKind

MOST_WARNINGS = 10


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
    """Return the summary of a book without faults, with its warnings."""
    held = holdings(folder.book, folder.policy, policy_is_own=folder.policy_text is not None)
    parts = holdings_parts(held)
    if folder.warnings:
        count = count_text(len(folder.warnings), "warning")
        listed = faults_table(folder.warnings, most=MOST_WARNINGS)
        parts.append(section(f"{count}: the book can be used, but look at these", listed))
    return page([*parts, note("No faults: the book can be used.", GOOD)])


def book_document(folder: BookFolder) -> dict[str, Any]:
    """Return the summary of a book for a JSON document."""
    held = holdings(folder.book, folder.policy, policy_is_own=folder.policy_text is not None)
    document = held.model_dump(mode="json")
    return document | {"faults": [], "warnings": faults_document(folder.warnings)}


def holdings_parts(held: Holdings) -> list[RenderableType]:
    """Return the sections of a book's summary."""
    title = f"{held.title} ({held.council}), as of {held.as_of}"
    return [
        section(title, facts(_demand(held)), BLANK, facts(_supply(held))),
        section("Assumed", *_assumed(held)),
    ]


def _demand(held: Holdings) -> list[tuple[str, str]]:
    told = [
        ("Waiting", f"{people_text(held.waiting)}, {held.arrangeable:,} may be searched for"),
        ("For", _listed(held.waiting_by_service)),
        ("Risk", _listed(held.waiting_by_risk)),
    ]
    if held.held_back:
        told.append(("Held back by", _listed(held.held_back)))
    return [*told, ("Running", f"{count_text(held.running, 'package')} with a provider already")]


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
        ("Ledger", count_text(held.history, "offer")),
    ]


def _assumed(held: Holdings) -> list[RenderableType]:
    """Return what nobody recorded: rows of the book and figures of the policy."""
    rows = {name: number for name, number in held.assumed_rows.items() if number}
    whose = "the book's own" if held.policy_is_own else "the default one"
    figures = f"{count_text(len(held.assumed_figures), 'figure')} without a source"
    by_room: dict[str, list[str]] = {}
    for name in held.assumed_figures:
        room, _, figure = name.partition(".")
        by_room.setdefault(room, []).append(figure.replace("_", " "))
    told = [(room.capitalize(), ", ".join(names)) for room, names in by_room.items()]
    return [
        facts([("Rows of the book", _listed(rows) or "none")]),
        facts([("Policy", f"{held.policy}, {whose}: {figures}")]),
        BLANK,
        facts(told),
    ]


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{word_text(name)} {number:,}" for name, number in counts.items())


def written_page(book: Book, policy: Policy, folder: str) -> Group:
    """Return the summary of a book that has just been written."""
    held = holdings(book, policy, policy_is_own=False)
    title = f"{held.title} ({held.council}), as of {held.as_of}"
    about = section(title, facts(_demand(held)), BLANK, facts(_supply(held)))
    invented = "Providers, people, rates and vacancies are invented; the postcodes are real."
    return page([about, note(invented, ALERT), note(f"Written to {folder}", GOOD)])
