"""Rules about a request alone: what must be true before anyone is searched for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from matcher.closures import running_text
from matcher.eligibility.rule import Refusal
from matcher.eligibility.visit_rules import can_be_made
from matcher.model import Book, CareRequest
from matcher.policy import Policy
from matcher.vocabulary import (
    PANEL_SERVICES,
    Funding,
    ServiceType,
    TimeNeed,
    minute_text,
)

RequestRule = Callable[[CareRequest, Book, Policy], Iterator[Refusal]]


def request_refusals(request: CareRequest, book: Book, policy: Policy) -> tuple[Refusal, ...]:
    """Return every reason why a request may not be searched for; empty when it may."""
    return tuple(refusal for rule in REQUEST_RULES for refusal in rule(request, book, policy))


def request_warnings(request: CareRequest, policy: Policy) -> tuple[str, ...]:
    """Return what a broker should look at although it forbids nothing (L3, H13)."""
    limit = policy.times.visit_warning_minutes.value
    short = [v for v in request.package.visits if v.minutes < limit]
    warnings = [
        f"Visit {v.visit_no} lasts {v.minutes} minutes; under {limit} minutes needs a reason (L3)."
        for v in short
    ]
    if request.funding is Funding.JOINT and request.health_share_percent is None:
        warnings.append("The NHS's share is not recorded: until then the council is to pay it all.")
    if request.is_respite and request.respite_nights_left is None:
        warnings.append("Respite nights left are not recorded: confirm the allowance (H13).")
    return tuple(warnings)


def not_running(request: CareRequest, book: Book, policy: Policy) -> Iterator[Refusal]:
    """Refuse a request whose care already runs: a change of provider is challenged first (H18)."""
    sentence = running_text(book, request.request_id)
    if sentence is not None:
        yield Refusal("RUNNING", "H18", sentence)


def own_panel(request: CareRequest, book: Book, policy: Policy) -> Iterator[Refusal]:
    """Refuse services that have an admission panel of their own (H27)."""
    if request.service_type in PANEL_SERVICES:
        service = request.service_type.replace("_", " ")
        yield Refusal(
            "OWN_PANEL",
            "H27",
            f"{request.request_id} asks for {service}, which its own panel nominates for; "
            "it is listed but never matched here.",
        )


def signed_off(request: CareRequest, book: Book, policy: Policy) -> Iterator[Refusal]:
    """Search only for work whose plan is signed off and whose funding is agreed (H1).

    An approved discharge-to-assess form stands in for the plan (H24).
    """
    plan = True if request.hospital_discharge else request.plan_signed_off
    gates = {"plan signed off": plan, "funding agreed": request.funding_agreed}
    for name, value in gates.items():
        if value is False:
            yield Refusal("NOT_AGREED", "H1", f"{request.request_id} does not yet have its {name}.")


def complete(request: CareRequest, book: Book, policy: Policy) -> Iterator[Refusal]:
    """Refuse a request with anything missing, listing everything that is (H2, H23)."""
    missing = missing_fields(request, book.services_by_group)
    if missing:
        yield Refusal(
            "INCOMPLETE",
            "H2",
            f"{request.request_id} cannot be arranged until these are recorded: "
            + ", ".join(missing)
            + ".",
        )


def missing_fields(
    request: CareRequest, services_by_group: Collection[ServiceType]
) -> tuple[str, ...]:
    """Return the names of every column still needed before a request can be arranged (H2).

    A person without mental capacity needs the best-interests contact on record (H23); a
    council-funded placement needs a budget to be held against (L1); respite needs its bed,
    length and window (H13). Where somebody sells the service to some groups only, it has to be
    known to which the person's care belongs (L4).

    Parameters
    ----------
    request
        What is asked for.
    services_by_group
        The services so sold: :attr:`matcher.model.Book.services_by_group`.
    """
    needed: dict[str, object] = {
        "postcode": request.postcode,
        "risk": request.risk,
        "waiting_since": request.waiting_since,
        "funding": request.funding,
        "plan_signed_off": True if request.hospital_discharge else request.plan_signed_off,
        "funding_agreed": request.funding_agreed,
        "has_mental_capacity": request.has_mental_capacity,
    }
    if request.has_mental_capacity is False:
        needed["best_interests_recorded"] = request.best_interests_recorded or None
    if request.is_homecare:
        needed["visits"] = request.package.visits or None
    elif request.funding in {Funding.COUNCIL, Funding.JOINT}:
        needed["personal_budget_gbp_per_week"] = request.personal_budget_pence_per_week
    if request.service_type in services_by_group and request.service_type not in PANEL_SERVICES:
        needed["client_groups"] = request.groups or None
    if request.is_respite:
        placement = request.placement
        for name in ("care_type", "nights", "admit_from", "admit_to"):
            needed[name] = getattr(placement, name) if placement else None
    return tuple(name for name, value in needed.items() if value is None)


def critical_reason(request: CareRequest, book: Book, policy: Policy) -> Iterator[Refusal]:
    """Refuse a critical time without a recorded reason (H5)."""
    for visit in request.package.visits:
        if visit.time_need is TimeNeed.CRITICAL and not visit.reason:
            at = minute_text(visit.at_minute or 0)
            yield Refusal(
                "CRITICAL_WITHOUT_REASON",
                "H5",
                f"Visit {visit.visit_no} of {request.request_id} is critical at {at} but no "
                "reason is recorded; without one it is an expectation, not a need.",
            )


def gap_reason(request: CareRequest, book: Book, policy: Policy) -> Iterator[Refusal]:
    """Refuse a prescribed gap without a recorded reason: it binds like a critical time (H5)."""
    for visit in request.package.visits:
        if visit.gap_from is not None and not visit.reason:
            yield Refusal(
                "GAP_WITHOUT_REASON",
                "H5",
                f"Visit {visit.visit_no} of {request.request_id} has a prescribed gap from visit "
                f"{visit.gap_from} but no reason is recorded; without one it is not prescribed.",
            )


def visit_length(request: CareRequest, book: Book, policy: Policy) -> Iterator[Refusal]:
    """Refuse a visit shorter than the least length (L3)."""
    least = policy.times.visit_minimum_minutes.value
    for visit in request.package.visits:
        if visit.minutes < least:
            yield Refusal(
                "VISIT_TOO_SHORT",
                "L3",
                f"Visit {visit.visit_no} of {request.request_id} lasts {visit.minutes} minutes; "
                f"the least is {least}.",
            )


def known_bands(request: CareRequest, book: Book, policy: Policy) -> Iterator[Refusal]:
    """Refuse a visit in a band that the policy does not have, unless its time is critical (H4)."""
    for visit in request.package.visits:
        if visit.time_need is not TimeNeed.CRITICAL and visit.band not in policy.bands:
            yield Refusal(
                "BAND_UNKNOWN",
                "H4",
                f"Visit {visit.visit_no} of {request.request_id} is in the band {visit.band}; "
                f"the policy has {', '.join(sorted(policy.bands))}.",
            )


def respite_terms(request: CareRequest, book: Book, policy: Policy) -> Iterator[Refusal]:
    """Refuse respite beyond the allowance or longer than its window (H13)."""
    placement = request.placement
    if not request.is_respite or placement is None or placement.nights is None:
        return
    left = request.respite_nights_left
    if left is not None and placement.nights > left:
        yield Refusal(
            "RESPITE_ALLOWANCE",
            "H13",
            f"{request.request_id} asks for {placement.nights} nights; the allowance has {left} "
            "left.",
        )
    if placement.admit_from and placement.admit_to:
        window = (placement.admit_to - placement.admit_from).days + 1
        if placement.nights > window:
            yield Refusal(
                "RESPITE_WINDOW",
                "H13",
                f"{request.request_id} asks for {placement.nights} nights inside a window of "
                f"{window} ({placement.admit_from} to {placement.admit_to}).",
            )


REQUEST_RULES: tuple[RequestRule, ...] = (
    not_running,
    own_panel,
    signed_off,
    complete,
    critical_reason,
    gap_reason,
    visit_length,
    known_bands,
    can_be_made,
    respite_terms,
)
"""Rules about a request alone, in the order in which their reasons are listed."""
