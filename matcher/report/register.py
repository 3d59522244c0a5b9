"""What an import took from a register, what it left out, and what was assumed."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType

from matcher.files.cqc import ImportedHomes
from matcher.report.page import ALERT, GOOD, facts, note, page, section, table
from matcher.report.wording import count_text
from matcher.vocabulary import ProviderKind

MOST_REASONS = 10


def register_page(homes: ImportedHomes, folder: str) -> Group:
    """Return the account of an import: every row read is kept or left out with a reason."""
    parts: list[RenderableType] = [section("Import of the CQC register", facts(_facts(homes)))]
    if homes.left_out:
        parts.append(section("Left out", _reasons(homes)))
    parts += [note(text, ALERT) for text in assumptions(homes)]
    return page([*parts, note(f"Written to {folder}", GOOD)])


def register_document(homes: ImportedHomes, folder: str) -> dict[str, Any]:
    """Return the account with every location left out, for a JSON document."""
    return {
        "folder": folder,
        "layout": homes.layout,
        "read": homes.read,
        "kept": len(homes.providers),
        "elsewhere": homes.elsewhere,
        "left_out": [asdict(line) for line in homes.left_out],
        "vacancies": sum(line.beds for line in homes.bed_capacity),
        "vacancies_elsewhere": homes.vacancies_elsewhere,
        "rates": len(homes.rates),
        "assumptions": list(assumptions(homes)),
    }


def assumptions(homes: ImportedHomes) -> list[str]:
    """Return in words everything that the register does not say and the import filled in."""
    contracts = sorted({provider.contract for provider in homes.providers})
    told = [f"Assumed: every contract is {name}; the register does not say." for name in contracts]
    assumed = [line for line in homes.bed_capacity if line.assumed]
    if assumed:
        beds, places = sum(line.beds for line in assumed), {line.provider_id for line in assumed}
        told.append(
            f"Assumed: {count_text(beds, 'vacancy', 'vacancies')} in "
            f"{count_text(len(places), 'home')}, a share of their registered beds."
        )
    if homes.rates:
        told.append(f"Assumed: {count_text(len(homes.rates), 'fee')}, national averages.")
    return told


def _facts(homes: ImportedHomes) -> list[tuple[str, str]]:
    kinds = Counter(provider.kind for provider in homes.providers)
    agencies = count_text(kinds[ProviderKind.HOMECARE], "homecare agency", "homecare agencies")
    kept = f"{count_text(kinds[ProviderKind.CARE_HOME], 'care home')}, {agencies}"
    told = [
        ("Layout", homes.layout),
        ("Read", count_text(homes.read, "location")),
        ("Kept", f"{len(homes.providers):,}: {kept}"),
        ("Left out", f"{len(homes.left_out):,}"),
        ("Elsewhere", f"{count_text(homes.elsewhere, 'location')} of other authorities"),
        ("Vacancies", f"{sum(line.beds for line in homes.bed_capacity):,}"),
    ]
    if homes.vacancies_elsewhere:
        rows = count_text(homes.vacancies_elsewhere, "row")
        told.append(("Unused", f"{rows} of vacancies in homes that are not kept"))
    return told


def _reasons(homes: ImportedHomes) -> RenderableType:
    counts = Counter(_kind_of(line.reason) for line in homes.left_out)
    rows = [(f"{number:,}", reason) for reason, number in counts.most_common(MOST_REASONS)]
    others = len(counts) - len(rows)
    listed = table(("Locations", "Why"), rows, right=("Locations",))
    more = [note(f"... and {count_text(others, 'other reason')}; --json lists all.")]
    return page([listed, *(more if others else [])])


def _kind_of(reason: str) -> str:
    """Return a reason without the row or the postcode that it names."""
    if reason.startswith("It is listed twice"):
        return "It is listed twice."
    if reason.startswith("It is "):
        return reason
    return "Its postcode cannot be placed."
