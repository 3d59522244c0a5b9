"""What a hard rule is: a mask over the market; for one pair, a sentence and a smallest change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from matcher.enquiry import Enquiry
from matcher.market import Mask


@dataclass(frozen=True)
class Change:
    """The smallest change that would admit a pair under one rule.

    Parameters
    ----------
    sentence
        The change in plain words, for example "1.4 km beyond the radius".
    size, unit
        How large it is, to put near misses in order within one rule.
    """

    sentence: str
    size: int
    unit: str


@dataclass(frozen=True)
class Refusal:
    """Why a rule forbids something, with the facts, and what would admit it.

    Parameters
    ----------
    rule_id
        The rule's code, for example ``RADIUS``.
    citation
        The numbered rule of the domain or the policy figure behind it.
    sentence
        One plain sentence with the thing, the value and the limit.
    change
        The smallest change that would satisfy this rule; ``None`` when there is none to offer.
    """

    rule_id: str
    citation: str
    sentence: str
    change: Change | None = None


class Rule(ABC):
    """A hard rule about one request and one provider.

    ``mendable`` says whether its refusals may name a smallest change, and ``effort`` how much that
    asks of a broker: 1 to agree another time or day, 2 to ask the provider for more than it offers,
    3 to have the council's terms waived, 4 to give way on what the person needs or is owed, 5 to
    have a provider registered for others.
    """

    rule_id: ClassVar[str]
    citation: ClassVar[str]
    mendable: ClassVar[bool] = False
    effort: ClassVar[int] = 4

    @abstractmethod
    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return which providers satisfy the rule, [providers].

        Parameters
        ----------
        enquiry
            The request and the market.
        standing
            The providers that satisfied every earlier rule. Costly rules judge only these, and
            say true of all others.
        """

    @abstractmethod
    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Return why the rule refuses the provider of that number; ``None`` if it does not."""

    def refuse(self, sentence: str, change: Change | None = None) -> Refusal:
        """Return a refusal by this rule."""
        return Refusal(self.rule_id, self.citation, sentence, change)
