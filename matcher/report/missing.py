"""What a book still lacks before people can be matched, by file and column, and how to add it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import RenderableType

from matcher.files.blank import NOT_SET
from matcher.files.settings import BOOK_FILE
from matcher.model import Book, Provider
from matcher.report.page import facts
from matcher.vocabulary import CqcRating, ProviderKind, ProviderStatus, ServiceType


@dataclass(frozen=True)
class Missing:
    """One thing to fill in.

    Parameters
    ----------
    file, column
        Where it belongs; no column where the whole file is empty.
    found
        What is there and what is not, counted.
    add
        What to add.
    option
        Option of an import that adds it, if one does.
    """

    file: str
    column: str
    found: str
    add: str
    option: str = ""


def missing(book: Book) -> list[Missing]:
    """Return what a book still lacks, what stops everything first.

    Parameters
    ----------
    book
        A book just made, of a register or empty.
    """
    return [*_people(book), *_capacity(book), *_prices(book), *_terms(book)]


def missing_facts(found: list[Missing], *, importing: bool = False) -> RenderableType:
    """Return what is missing, a line for each, with the options of an import that add it."""
    return facts((each.file, _in_words(each, importing=importing)) for each in found)


def _in_words(each: Missing, *, importing: bool) -> str:
    column = f"{each.column}: " if each.column else ""
    option = f" ({each.option})" if importing and each.option else ""
    return f"{column}{each.found}; add {each.add}{option}"


def _people(book: Book) -> Iterator[Missing]:
    if book.council == NOT_SET:
        yield Missing(BOOK_FILE, "council", "not set", "its code, such as E06000059")
    if not book.providers:
        yield Missing("providers.csv", "", "none", "agencies and homes, or import-cqc")
    if not book.requests:
        yield Missing("requests.csv", "", "nobody", "who waits, and their visits in visits.csv")
    elif silent := sum(not r.client_groups for r in book.waiting):
        told = f"{silent:,} of {len(book.waiting):,} say nothing"
        yield Missing("requests.csv", "client_groups", told, "for whom the care is meant")


def _capacity(book: Book) -> Iterator[Missing]:
    told = {line.provider_id for line in book.bed_capacity}
    told |= {line.provider_id for line in book.homecare_capacity}
    homes, agencies = _open(book, ProviderKind.CARE_HOME), _open(book, ProviderKind.HOMECARE)
    if lacking := _without(homes, told):
        yield Missing("bed_capacity.csv", "beds", lacking, "free beds", "--vacancies FILE")
    if lacking := _without(agencies, told):
        yield Missing("homecare_capacity.csv", "carers", lacking, "carers free, by day and time")


def _prices(book: Book) -> Iterator[Missing]:
    priced = {rate.provider_id for rate in book.rates}
    if lacking := _without(list(book.providers), priced):
        yield Missing("rates.csv", "amount_gbp", lacking, "what they charge", "--assume-fees")
    if not book.framework_rates:
        add = "the most that needs no approval"
        yield Missing("framework_rates.csv", "amount_gbp", "none", add)


def _terms(book: Book) -> Iterator[Missing]:
    homes, agencies = _open(book, ProviderKind.CARE_HOME), _open(book, ProviderKind.HOMECARE)
    if agencies and not book.zones:
        yield Missing("zones.csv", "postcodes", "none", "the framework's areas")
    if homes and not any(ServiceType.RESPITE in home.services for home in homes):
        yield Missing("providers.csv", "services", "no home sells respite", "it where taken")
    if silent := [provider for provider in book.providers if not provider.client_groups]:
        found = _part(len(silent), len(book.providers))
        yield Missing("providers.csv", "client_groups", found, "whom each is registered for")
    unrated = [p for p in book.providers if p.cqc_rating is CqcRating.NOT_YET_RATED]
    if unrated:
        found = f"{_part(len(unrated), len(book.providers))} unrated"
        yield Missing("providers.csv", "cqc_rating", found, "the regulator's", "--ratings FILE")


def _open(book: Book, kind: ProviderKind) -> list[Provider]:
    return [p for p in book.providers if p.kind is kind and p.status is ProviderStatus.OPEN]


def _without(providers: list[Provider], told: set[str]) -> str:
    """Return how many providers have nothing on record; empty where all have."""
    lacking = sum(provider.provider_id not in told for provider in providers)
    return f"{_part(lacking, len(providers))} without" if lacking else ""


def _part(number: int, whole: int) -> str:
    return f"all {whole:,}" if number == whole > 1 else f"{number:,} of {whole:,}"
