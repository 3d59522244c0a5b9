"""What an objective is: a sum over people of what each adds, placed or not; less is better."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from matcher.allocation import Placed
from matcher.enquiry import Enquiry, Starts
from matcher.market import Ints
from matcher.wish import Wish


class Objective(ABC):
    """One published objective: its words, and what people add to it in whole numbers.

    Parameters
    ----------
    name
        How policies and files call it.
    title
        What it counts, in a broker's words.
    unit
        What its values are a number of.
    drawback
        What is said of an option that another goes before for it.
    people_first
        Whether it counts people left without a place or an offer, whom nothing cheaper may go
        before: no order leaves such a one out.
    """

    name: str
    title: str
    unit: str
    drawback: str
    people_first: bool = False

    @abstractmethod
    def of_placed(self, enquiry: Enquiry, placed: Placed | None) -> int:
        """Return what one person adds, with the provider proposed or without any."""

    @abstractmethod
    def fixed(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Return what each candidate would add, leaving out what depends on times chosen, [n].

        Parameters
        ----------
        enquiry
            The request and the market.
        starts
            When each candidate could start if nobody else waited.
        numbers
            The candidates: every provider that could serve the person alone.
        """

    @abstractmethod
    def wishes(self, enquiry: Enquiry) -> tuple[Wish, ...]:
        """Return what start times, or the day of admission to a bed, add besides."""

    def of_candidates(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Return all that each candidate would add if nobody else waited, [n]."""
        added = self.fixed(enquiry, starts, numbers)
        for wish in self.wishes(enquiry):
            added = added + enquiry.added(wish, starts, numbers)
        return np.asarray(added, np.int64)

    def mostly(self, enquiry: Enquiry, better: Placed, worse: Placed) -> str:
        """Return what makes most of the difference between two lines; empty where nothing does.

        Parameters
        ----------
        enquiry
            The request and the market.
        better, worse
            Two ways to serve the person, of which the first adds less.
        """
        return ""

    def text(self, value: int) -> str:
        """Return a value in its unit."""
        return f"{value:,}"

    def amount_text(self, value: int) -> str:
        """Return a value with its unit, for a sentence."""
        single = "person" if self.unit == "people" else self.unit.removesuffix("s")
        return f"{self.text(value)} {single if value == 1 else self.unit}"

    def difference_text(self, amount: int) -> str:
        """Return by how much one of two is better or worse, for a sentence that says which."""
        return f'"{self.title}" by {self.amount_text(amount)}'


class Timeless(Objective):
    """An objective to which times chosen add nothing."""

    def wishes(self, enquiry: Enquiry) -> tuple[Wish, ...]:
        """Return nothing."""
        return ()


def number_of(enquiry: Enquiry, placed: Placed) -> int:
    """Return the number of the provider proposed."""
    return enquiry.market.provider_number(placed.provider_id)
