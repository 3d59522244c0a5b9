"""What the referee judges: the book and policy beside an allocation, read plainly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from matcher.allocation import Allocation, Placed
from matcher.market import Market
from matcher.model import CareRequest, Provider, Visit
from matcher.tariff import Tariff


@dataclass(frozen=True)
class Violation:
    """One rule that an allocation breaks.

    Parameters
    ----------
    rule
        Short code of the rule.
    subject
        The request or provider it concerns.
    sentence
        What is wrong, with the value and the limit.
    """

    rule: str
    subject: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.rule} {self.subject}: {self.sentence}"


@dataclass
class Case:
    """An allocation beside the book and the policy that it is held against.

    Parameters
    ----------
    market
        The compiled book and policy; of it only what cannot be counted again from the book is used.
    allocation
        Placed and unplaced requests.
    """

    market: Market
    allocation: Allocation
    tariff: Tariff = field(init=False)
    requests: dict[str, CareRequest] = field(init=False)
    providers: dict[str, Provider] = field(init=False)

    def __post_init__(self) -> None:
        book = self.market.book
        self.tariff = Tariff(book)
        self.requests = {request.request_id: request for request in book.requests}
        self.providers = {
            provider.provider_id: provider for provider in book.providers if provider.postcode
        }

    def timed_visits(self, placed: Placed) -> Iterator[tuple[Visit, int]]:
        """Yield each visit of somebody placed with the minute of the day at which it starts."""
        starts = {time.visit_no: time.start_minute for time in placed.visit_times}
        for visit in self.requests[placed.request_id].package.visits:
            yield visit, starts[visit.visit_no]
