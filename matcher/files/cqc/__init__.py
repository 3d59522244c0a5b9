"""Import of the Care Quality Commission's register: care homes and homecare agencies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from matcher.errors import MatcherError
from matcher.files.cqc.assumptions import assumed_fees, assumed_vacancies
from matcher.files.cqc.imported import ImportedHomes, LeftOut, LookAlikes
from matcher.files.cqc.ratings import read_ratings
from matcher.files.cqc.sieve import Sieve, Wanted
from matcher.files.cqc.vacancies import with_vacancies
from matcher.geography import Gazetteer
from matcher.model import Book
from matcher.vocabulary import ClientGroup, Contract

__all__ = ["ImportedHomes", "LeftOut", "LookAlikes", "import_register", "imported_book"]


def import_register(
    path: Path,
    *,
    gazetteer: Gazetteer,
    as_of: date,
    authority: str | None = None,
    contract: Contract | None = None,
    client_groups: tuple[ClientGroup, ...] = (),
    ratings: Path | None = None,
    vacancies: Path | None = None,
    assume_vacancies: float | None = None,
    assume_fees: bool = False,
) -> ImportedHomes:
    """Return the care homes and homecare agencies of a CQC register.

    Both layouts are known by their headings, in any order: the "HSCA active locations" workbook
    saved as CSV, and the directory CSV with its preamble. People's names and phone numbers are
    never taken from a row. Left out, with the reason: what is dormant, homes for children only,
    services that are neither homes nor homecare, places that the gazetteer cannot find, and second
    registrations of a place that is kept.

    Parameters
    ----------
    path
        The register.
    gazetteer
        Where postcodes are; also tells the authority where the file has no ``lad`` column.
    as_of
        The day the vacancies are for.
    authority
        Code of the authority to keep, a county's and a former one's included; None keeps all.
    contract
        How the council buys from everybody in the register, which does not say; None takes spot.
    client_groups
        Keeps only places that are registered for people of some of these groups; none keeps all.
    ratings
        A file of ratings, for a register that tells none or older ones.
    vacancies
        A CSV file with the columns of ``bed_capacity.csv``, or wide, a row for each home.
    assume_vacancies
        Share of beds to take as vacant in homes that the vacancies file does not name, such as
        `assumptions.ADMITTABLE_SHARE`; None assumes none.
    assume_fees
        Whether to write national average fees.

    Raises
    ------
    BadInputError
        If a file is of no known layout or a row cannot be read; every fault is listed.
    MatcherError
        If `assume_vacancies` is no share, or `authority` no code that is or was in use.
    """
    if assume_vacancies is not None and not 0 <= assume_vacancies <= 1:
        raise MatcherError(
            f"The share of beds taken as vacant is {assume_vacancies}; a share is from 0 to 1.",
            thing="assume_vacancies",
            value=assume_vacancies,
            expected="a share from 0 to 1",
        )
    wanted = Wanted(
        as_of=as_of,
        authorities=None if authority is None else frozenset(gazetteer.parts_of(authority)),
        contract=contract or Contract.SPOT,
        client_groups=client_groups,
        ratings={} if ratings is None else read_ratings(ratings, as_of),
    )
    sieve = Sieve(path.name, gazetteer, wanted)
    homes = replace(sieve.sift(path), contract_assumed=contract is None)
    if ratings is not None:
        homes = replace(homes, rated_by=ratings.name)
    if vacancies is not None:
        homes = with_vacancies(homes, vacancies, sieve.rows.keys(), as_of)
    if assume_vacancies is not None:
        homes = _with_assumed_vacancies(homes, assume_vacancies, as_of)
    if assume_fees:
        homes = replace(homes, rates=tuple(assumed_fees(homes.providers)))
    return homes


def _with_assumed_vacancies(homes: ImportedHomes, share: float, as_of: date) -> ImportedHomes:
    """Add vacancies to the homes of which none are recorded."""
    recorded = {line.provider_id for line in homes.bed_capacity}
    silent = [home for home in homes.providers if home.provider_id not in recorded]
    assumed = assumed_vacancies(silent, homes.registered_beds, share=share, as_of=as_of)
    return replace(homes, bed_capacity=(*homes.bed_capacity, *assumed))


def imported_book(homes: ImportedHomes, *, council: str, as_of: date, title: str) -> Book:
    """Return a book of an import's providers, vacancies and fees, in which nobody waits yet."""
    return Book(
        title=title,
        council=council,
        as_of=as_of,
        providers=homes.providers,
        rates=homes.rates,
        bed_capacity=homes.bed_capacity,
    )
