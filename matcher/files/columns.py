"""What each file of a book holds, told once: used to read, to write and to describe the files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from matcher import model
from matcher.files import kinds
from matcher.files.kinds import Kind, one_of, some_of
from matcher.model import Frozen, Id, Visit
from matcher.vocabulary import (
    LONG_TERM_SERVICES,
    CarerGender,
    CareType,
    Contract,
    CqcRating,
    Funding,
    Outcome,
    ProviderKind,
    ProviderStatus,
    RateUnit,
    Risk,
    ServiceType,
    TimeNeed,
)

Values = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One column of one file.

    Parameters
    ----------
    name
        Its heading.
    kind
        How its cells are read, written and described.
    meaning
        What it says, in a few words.
    path
        Dotted path of the field it fills; the heading itself where empty.
    required
        Whether a row without it means nothing.
    names
        File whose rows its ids name, for the description.
    """

    name: str
    kind: Kind
    meaning: str
    path: str = ""
    required: bool = False
    names: str = ""

    @cached_property
    def field(self) -> tuple[str, ...]:
        """The path of the field it fills, part by part."""
        return tuple((self.path or self.name).split("."))

    def text_of(self, item: Frozen) -> str:
        """Return the cell that a noun's field is written as; empty where it is not given."""
        value: Any = item
        for part in self.field:
            if value is None:
                return ""
            value = getattr(value, part)
        return "" if value is None else self.kind.write(value)


@dataclass(frozen=True)
class FileSpec:
    """One file of a book: the noun that each row tells of, and its columns."""

    file: str
    item: type[Frozen]
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    required: bool = False
    complete: Callable[[Values], None] | None = None

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Its columns by heading."""
        return {column.name: column for column in self.columns}

    @cached_property
    def by_field(self) -> dict[tuple[str, ...], Column]:
        """Its columns by the path of the field they fill."""
        return {column.field: column for column in self.columns}

    @property
    def required_names(self) -> tuple[str, ...]:
        """The headings that must be there."""
        return tuple(column.name for column in self.columns if column.required)

    def text_of(self, items: Iterable[Frozen]) -> str:
        """Return the file that some nouns are written as, header first."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(column.name for column in self.columns)
        for item in items:
            writer.writerow(column.text_of(item) for column in self.columns)
        return text.getvalue()


class VisitLine(Frozen):
    """A row of ``visits.csv``: whose visit it is, and the visit."""

    request_id: Id
    visit: Visit


def _complete_placement(values: Values) -> None:
    """Give every request for a bed a placement, of the care type that its service implies."""
    service = values.get("service_type")
    if service is None or (service is ServiceType.HOMECARE and "placement" not in values):
        return
    placement = values.setdefault("placement", {})
    if service in LONG_TERM_SERVICES:
        placement.setdefault("care_type", CareType(service.value))


def _provider_id(meaning: str) -> Column:
    return Column("provider_id", kinds.ID, meaning, required=True, names="providers.csv")


def _request_id(meaning: str) -> Column:
    return Column("request_id", kinds.ID, meaning, required=True, names="requests.csv")


_SERVICE = Column("service_type", one_of(ServiceType), "service bought", required=True)
_UNIT = Column("unit", one_of(RateUnit), "what one amount buys", required=True)
_VISIT_MINUTES = Column(
    "visit_minutes", kinds.WHOLE, "for visits of this length only; empty: of any length"
)
_AMOUNT = Column("amount_gbp", kinds.POUNDS, "the rate", "amount_pence", required=True)
_VALID_FROM = Column("valid_from", kinds.DATE, "first day in force; empty: always was")
_VALID_TO = Column("valid_to", kinds.DATE, "last day in force; empty: until further notice")
_ASSUMED = Column("assumed", kinds.YES_NO, "whether the figure is assumed rather than recorded")
_AS_OF = Column("as_of", kinds.DATE, "day on which the provider said so")

ZONES = FileSpec(
    "zones.csv",
    model.Zone,
    "Areas of the framework",
    (
        Column("zone", kinds.ID, "name of the area", required=True),
        Column("postcodes", kinds.AREAS, "outward codes or sectors it is made of", required=True),
    ),
    key=("zone",),
)

PROVIDERS = FileSpec(
    "providers.csv",
    model.Provider,
    "Agency branches and care homes",
    (
        Column("provider_id", kinds.ID, "id of the branch or home", required=True),
        Column("name", kinds.TEXT, "name of the branch or home", required=True),
        Column("kind", one_of(ProviderKind), "agency or care home", required=True),
        Column("postcode", kinds.POSTCODE, "where the branch or home is", required=True),
        Column("services", some_of(ServiceType), "services it sells", required=True),
        Column("specialisms", kinds.WORDS, "needs it can meet"),
        Column("cqc_rating", one_of(CqcRating), "overall rating; empty: not_yet_rated"),
        Column("cqc_rated_on", kinds.DATE, "day of the rating"),
        Column("contract", one_of(Contract), "how the council buys from it", required=True),
        Column("lot", kinds.WORD, "service category of the framework"),
        Column("zones", kinds.IDS, "zones it serves; empty: not bound to any", names="zones.csv"),
        Column("tier", kinds.WHOLE, "order of asking, 1 first"),
        Column(
            "max_distance_km",
            kinds.KILOMETRES,
            "how far it travels, in a straight line",
            "max_distance_metres",
        ),
        Column("status", one_of(ProviderStatus), "whether it gets new work; empty: open"),
        Column(
            "min_weekly_hours",
            kinds.HOURS,
            "smallest package it takes on",
            "min_weekly_minutes",
        ),
        Column("languages", kinds.WORDS, "languages its carers speak"),
        Column("female_carers", kinds.YES_NO, "whether it has female carers; empty: unknown"),
        Column("male_carers", kinds.YES_NO, "whether it has male carers; empty: unknown"),
        Column("lead_days", kinds.WHOLE, "days it needs before a start; empty: the policy's"),
    ),
    key=("provider_id",),
    required=True,
)

RATES = FileSpec(
    "rates.csv",
    model.Rate,
    "What providers charge",
    (
        _provider_id("who charges it"),
        _SERVICE,
        _UNIT,
        _VISIT_MINUTES,
        _AMOUNT,
        _VALID_FROM,
        _VALID_TO,
        _ASSUMED,
    ),
)

FRAMEWORK_RATES = FileSpec(
    "framework_rates.csv",
    model.FrameworkRate,
    "Ceilings above which a budget holder must approve",
    (
        _SERVICE,
        Column("zone", kinds.ID, "zone it holds in; empty: every zone", names="zones.csv"),
        _UNIT,
        _VISIT_MINUTES,
        _AMOUNT,
        _VALID_FROM,
        _VALID_TO,
    ),
)

HOMECARE_CAPACITY = FileSpec(
    "homecare_capacity.csv",
    model.HomecareCapacity,
    "Carers free at the same time for new visits",
    (
        _provider_id("whose carers they are"),
        Column("days", kinds.DAYS, "days of the week", required=True),
        Column("start", kinds.START_TIME, "from this time", "start_minute", required=True),
        Column("end", kinds.END_TIME, "until this time", "end_minute", required=True),
        Column("carers", kinds.WHOLE, "carers free at the same time", required=True),
        _AS_OF,
    ),
)

BED_CAPACITY = FileSpec(
    "bed_capacity.csv",
    model.BedCapacity,
    "Admittable vacancies",
    (
        _provider_id("whose beds they are"),
        Column("care_type", one_of(CareType), "kind of bed", required=True),
        Column("beds", kinds.WHOLE, "number of beds", required=True),
        Column("available_from", kinds.DATE, "first night", required=True),
        Column("available_to", kinds.DATE, "last night; empty: until further notice"),
        _AS_OF,
        _ASSUMED,
    ),
)

REQUESTS = FileSpec(
    "requests.csv",
    model.CareRequest,
    "People waiting, and people whose care runs",
    (
        Column("request_id", kinds.ID, "pseudonymous id of the request", required=True),
        Column("service_type", one_of(ServiceType), "service asked for", required=True),
        Column("care_type", one_of(CareType), "respite: which kind of bed", "placement.care_type"),
        Column("postcode", kinds.POSTCODE, "where the person lives"),
        Column("risk", one_of(Risk), "the key worker's risk rating"),
        Column("waiting_since", kinds.DATE, "day of the referral"),
        Column("urgent_reason", kinds.TEXT, "who says it is urgent and why; empty: not urgent"),
        Column("start_by", kinds.DATE, "day by which care is wanted"),
        Column("funding", one_of(Funding), "who pays"),
        Column(
            "personal_budget_gbp_per_week",
            kinds.POUNDS,
            "what the council will pay",
            "personal_budget_pence_per_week",
        ),
        Column("needs", kinds.WORDS, "needs a provider must be able to meet"),
        Column("languages", kinds.WORDS, "languages the person speaks"),
        Column("carer_gender", one_of(CarerGender), "gender of carer needed"),
        Column("preferred_providers", kinds.IDS, "providers asked for", names="providers.csv"),
        Column("excluded_providers", kinds.IDS, "providers ruled out", names="providers.csv"),
        Column("current_provider_id", kinds.ID, "who cares now", names="providers.csv"),
        Column(
            "max_distance_km", kinds.KILOMETRES, "how far away it may be", "max_distance_metres"
        ),
        Column("nights", kinds.WHOLE, "respite: length of stay", "placement.nights"),
        Column("admit_from", kinds.DATE, "earliest admission", "placement.admit_from"),
        Column(
            "admit_to",
            kinds.DATE,
            "respite: last night by which the whole stay is over;"
            " long-term: latest day of admission",
            "placement.admit_to",
        ),
        Column("plan_signed_off", kinds.YES_NO, "whether the plan is signed off"),
        Column("funding_agreed", kinds.YES_NO, "whether the funding is agreed"),
        Column("has_mental_capacity", kinds.YES_NO, "whether the person has mental capacity"),
        Column(
            "best_interests_recorded", kinds.YES_NO, "whether a best-interests contact is on record"
        ),
        Column("hospital_discharge", kinds.YES_NO, "whether an approved D2A form stands in"),
        Column("respite_nights_left", kinds.WHOLE, "respite: nights left of the allowance"),
    ),
    key=("request_id",),
    required=True,
    complete=_complete_placement,
)

VISITS = FileSpec(
    "visits.csv",
    VisitLine,
    "The visits of homecare requests, one line for each time of day",
    (
        _request_id("whose visit it is"),
        Column("visit_no", kinds.WHOLE, "number in the package", "visit.visit_no", required=True),
        Column("days", kinds.DAYS, "days of the week", "visit.days", required=True),
        Column("band", kinds.WORD, "time band of the policy", "visit.band"),
        Column(
            "time_need",
            one_of(TimeNeed),
            "whether the time is a need; empty: none",
            "visit.time_need",
        ),
        Column("at", kinds.START_TIME, "the time needed or preferred", "visit.at_minute"),
        Column(
            "tolerance_minutes",
            kinds.WHOLE,
            "how far from the time a start may be; empty: the policy's",
            "visit.tolerance_minutes",
        ),
        Column("reason", kinds.TEXT, "why the time is critical", "visit.reason"),
        Column("minutes", kinds.WHOLE, "length of the visit", "visit.minutes", required=True),
        Column("carers", kinds.WHOLE, "carers at once; empty: 1", "visit.carers"),
    ),
    key=("request_id", "visit_no"),
)

RUNNING = FileSpec(
    "running.csv",
    model.Running,
    "Care already running, which no batch may move",
    (
        _request_id("the request served"),
        _provider_id("who serves it"),
        Column("started_on", kinds.DATE, "first day of care", required=True),
    ),
    key=("request_id",),
)

HISTORY = FileSpec(
    "history.csv",
    model.Offered,
    "Work offered to providers and what became of it",
    (
        _provider_id("who was asked"),
        Column("offered_on", kinds.DATE, "day of the offer", required=True),
        Column("request_id", kinds.ID, "the request offered, which may have left the book"),
        Column("outcome", one_of(Outcome), "what became of it", required=True),
    ),
)

FILES = (
    ZONES,
    PROVIDERS,
    RATES,
    FRAMEWORK_RATES,
    HOMECARE_CAPACITY,
    BED_CAPACITY,
    REQUESTS,
    VISITS,
    RUNNING,
    HISTORY,
)
"""Every CSV file of a book, in the order of its description."""
