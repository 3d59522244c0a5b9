"""Hand builders of small books on real Dorset postcodes: name what matters, the rest is usual."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from matcher.enquiry import Enquiry
from matcher.geography import Gazetteer, Postcode
from matcher.market import Market
from matcher.model import (
    BedCapacity,
    Book,
    CareRequest,
    FrameworkRate,
    Frozen,
    HomecareCapacity,
    HomecarePackage,
    Offered,
    Placement,
    Provider,
    Rate,
    RateAmount,
    Running,
    Visit,
    Zone,
)
from matcher.policy import Policy, default_document, default_policy
from matcher.timetable import PackageShape, compile_package
from matcher.vocabulary import CareType, Day, Outcome, RateUnit, ServiceType, TimeNeed

AS_OF = date(2026, 4, 1)
"""A Wednesday."""
HERE = "DT1 1XJ"
"""Where people live unless told otherwise: Dorchester."""
NEAR = "DT1 2NB"
"""780 m from ``HERE``: where providers are unless told otherwise."""
NEAR_METRES = 780
OUT_OF_TOWN, OUT_OF_TOWN_METRES = "DT2 7AA", 4949
WEYMOUTH, WEYMOUTH_METRES = "DT4 0AA", 11_707
SHAFTESBURY, SHAFTESBURY_METRES = "SP7 8AA", 36_589

NURSING_DEMENTIA = CareType.NURSING_DEMENTIA
_TABLE_OF = {
    Zone: "zones",
    Provider: "providers",
    Rate: "rates",
    FrameworkRate: "framework_rates",
    HomecareCapacity: "homecare_capacity",
    BedCapacity: "bed_capacity",
    CareRequest: "requests",
    Running: "running",
    Offered: "history",
}


def minute(text: str) -> int:
    """Return a time of day such as 07:30 as a minute of the day."""
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def day(number: int) -> date:
    """Return the date so many days after the book's day."""
    return AS_OF + timedelta(days=number)


# -- supply ------------------------------------------------------------------------------------


def provider(provider_id: str = "P-1", **changes: Any) -> Provider:
    """Build a homecare agency on the framework, rated good, near by, to which any day will do."""
    usual: dict[str, Any] = {
        "name": f"Agency {provider_id}",
        "kind": "homecare",
        "postcode": Postcode(NEAR),
        "services": ("homecare",),
        "cqc_rating": "good",
        "cqc_rated_on": AS_OF,
        "contract": "framework",
        "admits_at_weekends": True,
    }
    return Provider(provider_id=provider_id, **{**usual, **changes})


def home(provider_id: str = "H-1", **changes: Any) -> Provider:
    """Build a care home that sells nursing dementia care and respite."""
    usual = {
        "name": f"Home {provider_id}",
        "kind": "care_home",
        "services": ("nursing_dementia", "respite"),
    }
    return provider(provider_id, **{**usual, **changes})


def hours(
    provider_id: str = "P-1", start: str = "07:00", end: str = "23:00", carers: int = 2, **more: Any
) -> HomecareCapacity:
    """Build carers free every day between two times."""
    usual = {"days": tuple(Day), "start_minute": minute(start), "end_minute": minute(end)}
    return HomecareCapacity(provider_id=provider_id, carers=carers, **{**usual, **more})


def beds(provider_id: str = "H-1", count: int = 1, **changes: Any) -> BedCapacity:
    """Build vacant nursing dementia beds from the book's day on."""
    usual = {"care_type": NURSING_DEMENTIA, "available_from": AS_OF}
    return BedCapacity(provider_id=provider_id, beds=count, **{**usual, **changes})


def hourly(provider_id: str = "P-1", pence: RateAmount = 2500, **changes: Any) -> Rate:
    """Build an hourly homecare rate."""
    usual = {"service_type": ServiceType.HOMECARE, "unit": RateUnit.HOUR}
    return Rate(provider_id=provider_id, amount_pence=pence, **{**usual, **changes})


def weekly(provider_id: str = "H-1", pence: int = 100_000, **changes: Any) -> Rate:
    """Build a weekly fee for nursing dementia care."""
    usual = {"service_type": ServiceType.NURSING_DEMENTIA, "unit": RateUnit.WEEK}
    return Rate(provider_id=provider_id, amount_pence=pence, **{**usual, **changes})


def ceiling(pence: int = 2500, **changes: Any) -> FrameworkRate:
    """Build a framework rate: an hour of homecare in every zone."""
    usual = {"service_type": ServiceType.HOMECARE, "unit": RateUnit.HOUR}
    return FrameworkRate(amount_pence=pence, **{**usual, **changes})


def offered(provider_id: str = "P-1", days_ago: int = 10, **changes: Any) -> Offered:
    """Build a line of the fairness ledger."""
    usual = {"offered_on": day(-days_ago), "outcome": Outcome.ACCEPTED}
    return Offered(provider_id=provider_id, **{**usual, **changes})


# -- demand ------------------------------------------------------------------------------------


def visit(visit_no: int = 1, band: str | None = "morning", **changes: Any) -> Visit:
    """Build a half-hour visit by one carer, every day."""
    usual: dict[str, Any] = {"days": tuple(Day), "minutes": 30}
    return Visit(visit_no=visit_no, band=band, **{**usual, **changes})


def timed_visit(need: TimeNeed, at: str, visit_no: int = 1, **changes: Any) -> Visit:
    """Build a visit that has a time, with a reason where the time is critical."""
    reason = "insulin before breakfast" if need is TimeNeed.CRITICAL else ""
    told = {"time_need": need, "at_minute": minute(at), "reason": reason}
    return visit(visit_no, **{**told, **changes})


def request(service: ServiceType, request_id: str = "R-1", **changes: Any) -> CareRequest:
    """Build a request with everything agreed and recorded."""
    usual: dict[str, Any] = {
        "postcode": Postcode(HERE),
        "risk": "amber",
        "waiting_since": AS_OF,
        "funding": "council",
        "plan_signed_off": True,
        "funding_agreed": True,
        "has_mental_capacity": True,
    }
    return CareRequest(request_id=request_id, service_type=service, **{**usual, **changes})


def homecare_request(*visits: Visit, request_id: str = "R-1", **changes: Any) -> CareRequest:
    """Build a request for homecare: one morning visit unless visits are given."""
    package = HomecarePackage(visits=visits or (visit(),))
    return request(ServiceType.HOMECARE, request_id, package=package, **changes)


def placement_request(request_id: str = "R-1", **changes: Any) -> CareRequest:
    """Build a request for a nursing dementia bed for good, with a budget of 1,000 pounds a week."""
    usual = {"personal_budget_pence_per_week": 100_000, "placement": Placement()}
    return request(ServiceType.NURSING_DEMENTIA, request_id, **{**usual, **changes})


def respite_request(
    nights: int = 7, first: int = 7, last: int = 20, request_id: str = "R-1", **changes: Any
) -> CareRequest:
    """Build a request for nights of respite between two days, both included."""
    placement = Placement(
        care_type=NURSING_DEMENTIA, nights=nights, admit_from=day(first), admit_to=day(last)
    )
    usual = {"personal_budget_pence_per_week": 100_000, "respite_nights_left": 28}
    return request(ServiceType.RESPITE, request_id, placement=placement, **{**usual, **changes})


# -- wholes ------------------------------------------------------------------------------------


def book(*things: Frozen, **changes: Any) -> Book:
    """Build a book of things, each put in the table of its kind."""
    tables: dict[str, list[Frozen]] = {}
    for thing in things:
        tables.setdefault(_TABLE_OF[type(thing)], []).append(thing)
    usual = {"title": "Built by hand", "council": "E06000059", "as_of": AS_OF}
    return Book(**{**usual, **tables, **changes})


def council_policy(bands: dict[str, tuple[str, str]] | None = None, **figures: Any) -> Policy:
    """Build the default policy with figures changed, named ``room__figure``, or other bands."""
    document = default_document()
    for name, value in figures.items():
        room, figure = name.split("__")
        document[room][figure] = {**document[room][figure], "value": value}
    if bands is not None:
        cited = {"from": AS_OF, "assumed": True}
        document["bands"] = {
            name: {"start": start, "end": end, **cited} for name, (start, end) in bands.items()
        }
    return Policy.model_validate(document)


def early_policy() -> Policy:
    """Build the default policy with each band best at its beginning, and no gaps asked for."""
    document = council_policy(times__least_gap_minutes=0).model_dump(by_alias=True)
    for band in document["bands"].values():
        band["ideal"] = band["start"]
    return Policy.model_validate(document)


def early_shape(*visits: Visit, policy: Policy | None = None) -> PackageShape:
    """Compile visits without links so that those without a time are put as early as can be."""
    package = HomecarePackage(visits=visits)
    shape = compile_package(package, policy or early_policy())
    asked = [visit.at_minute is not None for visit in package.visits]
    early = np.where(asked, shape.target_slot, shape.first_slot)
    return replace(shape, target_slot=early, wishes=())


def market(gazetteer: Gazetteer, *things: Frozen, policy: Policy | None = None) -> Market:
    """Build the market of a book of things."""
    return Market(book(*things), policy or default_policy(), gazetteer)


def enquiry(gazetteer: Gazetteer, *things: Frozen, policy: Policy | None = None) -> Enquiry:
    """Build the enquiry of the first request among things."""
    supply = market(gazetteer, *things, policy=policy)
    return Enquiry(supply, supply.book.requests[0])


def rank_ids(lines: Iterable[Any]) -> list[str]:
    """Return the provider ids of options, near misses or evidence, in their order."""
    return [line.provider_id for line in lines]
