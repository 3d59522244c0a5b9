"""What an import took from a register, what it left out, what was assumed and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType

from matcher.files.cqc import ImportedHomes
from matcher.model import Book
from matcher.report.missing import missing, missing_facts
from matcher.report.page import ALERT, BLANK, GOOD, facts, note, page, section, table
from matcher.report.wording import and_text, count_text
from matcher.vocabulary import CqcRating, ProviderKind

MOST_REASONS = 10
MOST_NAMED = 3


def register_page(homes: ImportedHomes, book: Book, folder: str) -> Group:
    """Return the account of an import: every row read is kept or left out with a reason."""
    parts: list[RenderableType] = [section("Import of the CQC register", facts(_facts(homes)))]
    if homes.left_out:
        parts.append(section("Left out", _reasons(homes)))
    if told := [*assumptions(homes), *cautions(homes)]:
        parts += [*(note(text, ALERT) for text in told), BLANK]
    if lacking := missing(book):
        listed = missing_facts(lacking, importing=True)
        parts.append(section("Still missing before people can be matched", listed))
    return page([*parts, note(f"Written to {folder}", GOOD)])


def register_document(homes: ImportedHomes, book: Book, folder: str) -> dict[str, Any]:
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
        "vacancies_of_other_kinds": dict(homes.vacancies_other),
        "rates": len(homes.rates),
        "rated_by": homes.rated_by or None,
        "kept_as": dict(homes.kept_as),
        "look_alikes": [asdict(group) for group in homes.look_alikes],
        "ratings_inherited": list(homes.inherited),
        "homecare_dropped": list(homes.homecare_dropped),
        "assumptions": list(assumptions(homes)),
        "cautions": list(cautions(homes)),
        "missing": [asdict(each) for each in missing(book)],
    }


def assumptions(homes: ImportedHomes) -> list[str]:
    """Return in words everything that the register does not say and the import filled in."""
    told = []
    if homes.contract_assumed:
        contracts = sorted({provider.contract for provider in homes.providers})
        told = [f"Assumed: every contract is {name} (say --contract)." for name in contracts]
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


def cautions(homes: ImportedHomes) -> list[str]:
    """Return in words what a person should look at although the import is whole."""
    return [*_of_ratings(homes), *_of_homes(homes), *_of_vacancies(homes)]


def _of_ratings(homes: ImportedHomes) -> Iterator[str]:
    unrated = sum(home.cqc_rating is CqcRating.NOT_YET_RATED for home in homes.providers)
    if not homes.rated_by:
        yield (
            f"This register tells no ratings: all {unrated:,} stand as not yet rated, an"
            " Inadequate one too. Give the regulator's with --ratings FILE."
        )
    elif unrated:
        yield f"No rating is published of {unrated:,} of {len(homes.providers):,} places kept."
    if homes.inherited:
        places = count_text(len(homes.inherited), "place")
        yield f"Ratings of an earlier registration: of {places}, {_some(homes.inherited)}."


def _of_homes(homes: ImportedHomes) -> Iterator[str]:
    for group in homes.look_alikes[:MOST_NAMED]:
        yield (
            f"Two registrations of one building? {' and '.join(group.provider_ids)},"
            f" {group.names[0]}, {group.postcode}: if so, leave one out of the book."
        )
    more = len(homes.look_alikes) - MOST_NAMED
    if more > 0:
        yield f"So may be {count_text(more, 'other pair')}; --json lists them."
    if homes.homecare_dropped:
        count = count_text(len(homes.homecare_dropped), "home")
        yield (
            f"Of {count} only the home is taken, not its homecare: {_some(homes.homecare_dropped)}."
        )


def _of_vacancies(homes: ImportedHomes) -> Iterator[str]:
    if homes.vacancies_twice:
        rows = count_text(homes.vacancies_twice, "row")
        yield f"{rows} of vacancies told of a second registration: not counted twice."
    if homes.vacancies_other:
        beds = sum(homes.vacancies_other.values())
        kinds = and_text(sorted(homes.vacancies_other))
        yield (
            f"{count_text(beds, 'vacancy', 'vacancies')} not taken, of kinds that no book"
            f" tells apart: {kinds}."
        )


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    return shown if more <= 0 else f"{shown} and {more} more"


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
    """Return a reason without the row, the id or the postcode that it names."""
    if reason.startswith("It is listed twice"):
        return "It is listed twice."
    if reason.startswith("It is a second registration"):
        return "It is a second registration of a place that is kept."
    if reason.startswith("It "):
        return reason
    return "Its postcode cannot be placed."
