"""The book of England: every real care home with a live postcode, and generated agencies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypeVar

from matcher.files.cqc import ImportedHomes, import_register
from matcher.files.cqc.assumptions import ADMITTABLE_SHARE
from matcher.geography import Gazetteer
from matcher.model import Book, Frozen
from matcher.synthetic import CountySpec, generate

REGISTER = Path(__file__).parents[2] / "shared" / "data" / "uk" / "care_homes_england_2021.csv"
AS_OF = date(2026, 4, 1)
AGENCIES = 12_500
Line = TypeVar("Line", bound=Frozen)
BY_PROVIDER = ("rates", "homecare_capacity", "bed_capacity")


def england(gazetteer: Gazetteer, register: Path = REGISTER, *, agencies: int = AGENCIES) -> Book:
    """Return one book of all England: real homes, generated agencies, a few people everywhere.

    Parameters
    ----------
    gazetteer
        Where postcodes are.
    register
        The care-home register; vacancies and fees are assumed.
    agencies
        Generated agencies, spread evenly over the English authorities.
    """
    homes = import_register(
        register,
        gazetteer=gazetteer,
        as_of=AS_OF,
        assume_vacancies=ADMITTABLE_SHARE,
        assume_fees=True,
    )
    councils = [code for code in gazetteer.authorities() if code.startswith("E")]
    spec = CountySpec(as_of=AS_OF, homes=0, waiting_homecare=2, waiting_placements=1, running=0)
    books = []
    for number, council in enumerate(councils):
        share = agencies * (number + 1) // len(councils) - agencies * number // len(councils)
        books.append(_renamed(generate(replace(spec, council=council, agencies=share), gazetteer)))
    return _merged(books, homes)


def _merged(books: list[Book], homes: ImportedHomes) -> Book:
    def all_of(name: str) -> tuple[Frozen, ...]:
        return tuple(line for book in books for line in getattr(book, name))

    return Book.model_validate(
        {
            "title": "England",
            "council": "E92000001",
            "as_of": AS_OF,
            "zones": all_of("zones"),
            "providers": (*all_of("providers"), *homes.providers),
            "rates": (*all_of("rates"), *homes.rates),
            "framework_rates": books[0].framework_rates and _without_zone(books[0]),
            "homecare_capacity": all_of("homecare_capacity"),
            "bed_capacity": (*all_of("bed_capacity"), *homes.bed_capacity),
            "requests": all_of("requests"),
        }
    )


def _without_zone(book: Book) -> tuple[Frozen, ...]:
    seen = {}
    for rate in book.framework_rates:
        key = (rate.service_type, rate.unit, rate.visit_minutes)
        seen.setdefault(key, rate.model_copy(update={"zone": None}))
    return tuple(seen.values())


def _renamed(book: Book) -> Book:
    """Return a council's book with its code before every id, so that councils can be joined."""
    prefix = f"{book.council}-"

    def with_prefix(line: Line, *names: str) -> Line:
        return line.model_copy(update={name: prefix + getattr(line, name) for name in names})

    providers = [
        with_prefix(p, "provider_id").model_copy(
            update={"zones": tuple(prefix + zone for zone in p.zones)}
        )
        for p in book.providers
    ]
    requests = [
        with_prefix(r, "request_id").model_copy(
            update={
                "preferred_providers": (),
                "excluded_providers": (),
                "current_provider_id": None,
            }
        )
        for r in book.requests
    ]
    changed = {
        name: tuple(with_prefix(line, "provider_id") for line in getattr(book, name))
        for name in BY_PROVIDER
    }
    zones = tuple(with_prefix(zone, "zone") for zone in book.zones)
    return book.model_copy(
        update={
            "providers": tuple(providers),
            "requests": tuple(requests),
            "zones": zones,
            "running": (),
            "history": (),
            **changed,
        }
    )
