"""Cautions about what a book says to no effect: rates, words and figures that nothing meets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from matcher.eligibility import unmakeable
from matcher.errors import Fault
from matcher.files.book_rows import BookRows
from matcher.files.cells import suggestion
from matcher.files.rows import Rows, Sourced
from matcher.files.settings import POLICY_FILE
from matcher.model import CareRequest, FrameworkRate, Frozen, Rate
from matcher.policy import Cited, Policy, default_policy
from matcher.vocabulary import (
    BED_UNITS,
    HOMECARE_UNITS,
    PANEL_SERVICES,
    Outcome,
    ServiceType,
    in_force,
)


def unheeded(rows: BookRows, as_of: date, policy: Policy) -> Iterator[Fault]:
    """Yield what stands in a book but can have no effect, or has none where it is needed."""
    yield from _without_framework_rate(rows, as_of)
    yield from _in_an_unread_unit(rows.rates)
    yield from _in_an_unread_unit(rows.framework_rates)
    yield from _words_of_nobody(rows, "needs", "specialisms", "client_groups")
    yield from _words_of_nobody(rows, "languages", "languages")
    yield from _visits_of_nobody(rows, policy)
    yield from _unsuitable_for_a_stranger(rows)
    yield from _figures_to_come(policy, as_of)


def _waiting(rows: BookRows) -> list[Sourced[CareRequest]]:
    running = {line.request_id for line in rows.running.items}
    return [line for line in rows.requests if line.item.request_id not in running]


def _without_framework_rate(rows: BookRows, as_of: date) -> Iterator[Fault]:
    """Name each service that somebody waits for and no framework rate in force is for (H9)."""
    rated = {
        rate.service_type
        for rate in rows.framework_rates.items
        if in_force(rate.valid_from, rate.valid_to, as_of) and not _unread_column(rate)
    }
    told: set[ServiceType] = set()
    for line in _waiting(rows):
        service, care_type = line.item.service_type, line.item.care_type
        # Where respite has no rate of its own, the one of its care type is held against it.
        asked = {service} | ({ServiceType(care_type.value)} if care_type else set())
        if service not in PANEL_SERVICES | told and not asked & rated:
            told.add(service)
            expected = f"a framework rate in force on {as_of} (H9: nothing to hold prices against)"
            yield Fault(rows.framework_rates.spec.file, 0, "service_type", service, expected)


def _in_an_unread_unit(source: Rows[Any]) -> Iterator[Fault]:
    """Name rates in a unit, or for a length of visit, that no price is ever made of."""
    expected = {
        "unit": "hour or visit for homecare, week or night for a bed: any other is never read",
        "visit_minutes": "nothing, because the rate is for a bed: it is never read",
    }
    for line in source:
        if column := _unread_column(line.item):
            yield source.fault(line, column, expected[column])


def _unread_column(rate: Rate | FrameworkRate) -> str:
    """Return the column that keeps a rate from being read; empty where it is read."""
    homecare = rate.service_type is ServiceType.HOMECARE
    if rate.unit not in (HOMECARE_UNITS if homecare else BED_UNITS):
        return "unit"
    return "" if homecare or rate.visit_minutes is None else "visit_minutes"


def _words_of_nobody(rows: BookRows, asked: str, *offered: str) -> Iterator[Fault]:
    """Name each word that waiting people need and no provider lists, once, where it first is."""
    providers = rows.providers.items
    known = {word for item in providers for name in offered for word in getattr(item, name)}
    told: set[str] = set()
    for line in _waiting(rows):
        for word in getattr(line.item, asked):
            if word not in known | told:
                told.add(word)
                hint = suggestion(word, sorted(known))
                where = " or ".join(offered)
                expected = f"{asked} that a provider lists in {where}; none lists {word}{hint}"
                yield rows.requests.fault(line, asked, expected)


def _visits_of_nobody(rows: BookRows, policy: Policy) -> Iterator[Fault]:
    """Name visits that nobody could make as they are written, however many carers are free."""
    waiting = {line.item.request_id for line in _waiting(rows)}
    line_of = {(line.item.request_id, line.item.visit.visit_no): line for line in rows.visits}
    for request in rows.whole_requests:
        if request.request_id in waiting:
            for found in unmakeable(request, policy):
                line = line_of[request.request_id, found.visit.visit_no]
                expected = f"visits that somebody could make. {found.sentence.rstrip('.')}"
                yield rows.visits.fault(line, "minutes", expected)


def _unsuitable_for_a_stranger(rows: BookRows) -> Iterator[Fault]:
    """Name findings of unsuitable about requests that the book does not hold (H15)."""
    held = {request.request_id for request in rows.requests.items}
    for line in rows.history:
        if line.item.outcome is Outcome.UNSUITABLE and line.item.request_id not in held:
            yield rows.history.fault(
                line,
                "request_id",
                "a request of the book (H15: nobody is kept from this home by this line)",
            )


def _figures_to_come(policy: Policy, as_of: date) -> Iterator[Fault]:
    """Name the book's own figures of policy that hold only from a later day."""
    usual = _cited(default_policy())
    for name, figure in _cited(policy).items():
        if figure.holds_from > as_of and figure != usual.get(name):
            expected = f"a figure that holds on {as_of}, the book's as_of; it is used all the same"
            yield Fault(POLICY_FILE, 0, f"{name}.from", f"{figure.holds_from}", expected)


def _cited(policy: Policy) -> dict[str, Cited]:
    """Return every figure and band of a policy by its dotted name."""
    named: dict[str, Cited] = {f"bands.{name}": band for name, band in policy.bands.items()}
    for room, settings in policy:
        if isinstance(settings, Frozen):
            named |= {f"{room}.{name}": figure for name, figure in settings}
    return named
