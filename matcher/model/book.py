"""The book: people waiting and capacity on offer at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Any, Self

from matcher.model.demand import CareRequest
from matcher.model.fields import Frozen, Id, Name
from matcher.model.supply import BedCapacity, FrameworkRate, HomecareCapacity, Provider, Rate, Zone
from matcher.vocabulary import Outcome, ServiceType


class Running(Frozen):
    """Care already running, which no batch may move (H18)."""

    request_id: Id
    provider_id: Id
    started_on: date


class Offered(Frozen):
    """One line of the fairness ledger: work offered to a provider and what became of it."""

    provider_id: Id
    offered_on: date
    request_id: Id | None = None
    outcome: Outcome


class Book(Frozen):
    """People waiting and capacity on offer at one moment."""

    title: Name
    council: Id
    as_of: date
    zones: tuple[Zone, ...] = ()
    providers: tuple[Provider, ...] = ()
    rates: tuple[Rate, ...] = ()
    framework_rates: tuple[FrameworkRate, ...] = ()
    homecare_capacity: tuple[HomecareCapacity, ...] = ()
    bed_capacity: tuple[BedCapacity, ...] = ()
    requests: tuple[CareRequest, ...] = ()
    running: tuple[Running, ...] = ()
    history: tuple[Offered, ...] = ()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy, with some fields changed; what is derived from them is derived anew."""
        copied = super().model_copy(update=update, deep=deep)
        for derived in ("running_provider", "services_by_group", "waiting"):
            copied.__dict__.pop(derived, None)
        return copied

    @property
    def newest_day(self) -> date:
        """The newest day on which it says that something happened; none may lie after its own."""
        days = [
            *(each.cqc_rated_on for each in self.providers),
            *(each.as_of for each in self.homecare_capacity),
            *(each.as_of for each in self.bed_capacity),
            *(each.waiting_since for each in self.requests),
            *(each.offered_on for each in self.history),
        ]
        return max((day for day in days if day is not None), default=date.min)

    @cached_property
    def running_provider(self) -> dict[str, str]:
        """Provider id of each request whose care already runs."""
        return {line.request_id: line.provider_id for line in self.running}

    @cached_property
    def services_by_group(self) -> frozenset[ServiceType]:
        """Services that somebody sells to some groups only: who asks has to say his (L4, H2)."""
        sellers = (each for each in self.providers if each.registered_groups)
        return frozenset(service for each in sellers for service in each.services)

    @cached_property
    def waiting(self) -> tuple[CareRequest, ...]:
        """Requests still without care, in the order of their ids."""
        waiting = (r for r in self.requests if r.request_id not in self.running_provider)
        return tuple(sorted(waiting, key=lambda request: request.request_id))
