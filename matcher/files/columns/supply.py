"""The files that tell what is on offer: zones, providers, rates and capacity."""

from __future__ import annotations

from matcher import model
from matcher.files import kinds
from matcher.files.columns.column import Column, FileSpec, provider_id_column
from matcher.files.kinds import one_of, some_of
from matcher.vocabulary import (
    CareType,
    ClientGroup,
    Contract,
    CqcRating,
    ProviderKind,
    ProviderStatus,
    RateDay,
    RateUnit,
    Residents,
    ServiceType,
)

_SERVICE = Column("service_type", one_of(ServiceType), "service bought", required=True)
_UNIT = Column("unit", one_of(RateUnit), "what one amount buys", required=True)
_VISIT_MINUTES = Column(
    "visit_minutes", kinds.WHOLE, "for visits of this length only; empty: of any length"
)
_DAYS = Column("days", some_of(RateDay), "for care on these days only; empty: any day")
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
        Column("postcode", kinds.POSTCODE, "where it is; only a closed one may have none"),
        Column("services", some_of(ServiceType), "services it sells", required=True),
        Column("specialisms", kinds.WORDS, "needs it can meet"),
        Column(
            "client_groups",
            some_of(ClientGroup),
            "groups of people it is registered for; empty: not on record, for anybody",
        ),
        Column("least_age", kinds.WHOLE, "youngest age in years it takes; empty: no limit"),
        Column("most_age", kinds.WHOLE, "oldest age in years it takes; empty: no limit"),
        Column("residents", one_of(Residents), "women only or men only; empty: anybody"),
        Column("cqc_rating", one_of(CqcRating), "overall rating; empty: not_yet_rated"),
        Column("cqc_rated_on", kinds.DATE, "day of the rating"),
        Column("contract", one_of(Contract), "how the council buys from it", required=True),
        Column("lot", kinds.WORD, "service category of the framework"),
        Column("zones", kinds.IDS, "zones it serves; empty: not bound to any", names="zones.csv"),
        Column("tier", kinds.WHOLE, "order of asking, 1 first"),
        Column(
            "max_distance_km",
            kinds.KILOMETRES,
            "how far it travels, straight but round water",
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
        Column(
            "lead_days", kinds.WHOLE, "working days it needs before a start; empty: the policy's"
        ),
        Column(
            "admits_at_weekends",
            kinds.YES_NO,
            "whether it takes people on at weekends and on bank holidays; empty: the policy's",
        ),
    ),
    key=("provider_id",),
    required=True,
)

RATES = FileSpec(
    "rates.csv",
    model.Rate,
    "What providers charge",
    (
        provider_id_column("who charges it"),
        _SERVICE,
        _UNIT,
        _VISIT_MINUTES,
        Column("amount_gbp", kinds.RATE, "the rate", "amount_pence", required=True),
        _VALID_FROM,
        _VALID_TO,
        _ASSUMED,
        Column("zone", kinds.ID, "for people in this zone; empty: anywhere", names="zones.csv"),
        _DAYS,
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
        _DAYS,
    ),
)

HOMECARE_CAPACITY = FileSpec(
    "homecare_capacity.csv",
    model.HomecareCapacity,
    "Carers free at the same time for new visits",
    (
        provider_id_column("whose carers they are"),
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
        provider_id_column("whose beds they are"),
        Column("care_type", one_of(CareType), "kind of bed", required=True),
        Column("beds", kinds.WHOLE, "number of beds", required=True),
        Column("available_from", kinds.DATE, "first night", required=True),
        Column("available_to", kinds.DATE, "last night; empty: until further notice"),
        _AS_OF,
        _ASSUMED,
    ),
)
