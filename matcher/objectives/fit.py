"""How well people are served: the shortlist's own score summed, or one criterion of it in steps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from matcher import scoring
from matcher.allocation import Placed
from matcher.enquiry import Enquiry, Starts
from matcher.market import Ints
from matcher.objectives.objective import Objective, number_of
from matcher.scoring import FULL_SCORE, Criterion, applied, score
from matcher.vocabulary import GRID_MINUTES, words_text
from matcher.wish import Wish


class Fit(Objective):
    """Weight x (100 - score) summed over the criteria, exactly as the shortlist counts them.

    In hundredths of a point, without any further rounding: to make it least for one person is to
    choose the best score of the shortlist.
    """

    name = "fit"
    title = "Fit: points short of the best score"
    unit = "points"
    drawback = "has the lower score"

    def of_placed(self, enquiry: Enquiry, placed: Placed | None) -> int:
        """Score the one provider at the times proposed."""
        if placed is None:
            return 0
        numbers = np.array([number_of(enquiry, placed)])
        scores = score(enquiry, _starts_of(enquiry, placed), numbers)
        return int(scores.weights.sum()) * FULL_SCORE - int(scores.weighted[0])

    def fixed(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Score by the criteria that do not depend on times chosen."""
        short = np.zeros(len(numbers), np.int64)
        for criterion, weight in applied(enquiry):
            if not criterion.wishes(enquiry):
                short += weight * (FULL_SCORE - criterion.scores(enquiry, starts, numbers))
        return short

    def wishes(self, enquiry: Enquiry) -> tuple[Wish, ...]:
        """Weigh what times are short of full marks."""
        return tuple(
            wish.times(weight)
            for criterion, weight in applied(enquiry)
            for wish in criterion.wishes(enquiry)
        )

    def mostly(self, enquiry: Enquiry, better: Placed, worse: Placed) -> str:
        """Return the criterion that tells the two scores most apart."""
        one, other = (
            score(
                enquiry.beginning(enquiry.market.day_number(line.start_date)),
                _starts_of(enquiry, line),
                np.array([number_of(enquiry, line)]),
            )
            for line in (better, worse)
        )
        lead = one.weights * (one.hundredths - other.hundredths)[:, 0]
        return words_text([scoring.CRITERIA[int(lead.argmax())].name])

    def difference_text(self, amount: int) -> str:
        """Return by how many points one of two scores is better or worse."""
        return f"its score by {self.amount_text(amount)}"

    def text(self, value: int) -> str:
        """Return a hundredth of the weighted points: points of a score if weights come to 100."""
        told = f"{value / FULL_SCORE:,.2f}"
        return "less than 0.01" if value and told == "0.00" else told


class Split(Objective):
    """One criterion alone, in the coarse steps that policy publishes.

    Parameters
    ----------
    criterion
        The criterion.
    """

    unit = "steps"

    def __init__(self, criterion: Criterion) -> None:
        self._criterion = criterion
        words = words_text([criterion.name])
        self.name = criterion.name
        self.title = f"{words.capitalize()}, steps short of the best"
        self.drawback = f"is worse in {words}"

    def of_placed(self, enquiry: Enquiry, placed: Placed | None) -> int:
        """Count the steps of the one provider at the times proposed."""
        if placed is None or not self._criterion.applies(enquiry):
            return 0
        numbers, starts = np.array([number_of(enquiry, placed)]), _starts_of(enquiry, placed)
        return int(self._criterion.steps(enquiry, starts, numbers)[0])

    def fixed(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Count the steps of every candidate, unless times chosen decide."""
        if not self._criterion.applies(enquiry) or self.wishes(enquiry):
            return np.zeros(len(numbers), np.int64)
        return self._criterion.steps(enquiry, starts, numbers)

    def wishes(self, enquiry: Enquiry) -> tuple[Wish, ...]:
        """Count the steps that times chosen are away."""
        return tuple(self._in_steps(enquiry))

    def _in_steps(self, enquiry: Enquiry) -> Iterator[Wish]:
        if self._criterion.applies(enquiry):
            yield from (wish.in_steps for wish in self._criterion.wishes(enquiry))


def _starts_of(enquiry: Enquiry, placed: Placed) -> Starts:
    """Return one provider's times as proposed, in the form that criteria read."""
    market, number = enquiry.market, number_of(enquiry, placed)
    start = {time.visit_no: time.start_minute // GRID_MINUTES for time in placed.visit_times}
    slots = [start[visit.visit_no] for visit in enquiry.request.package.visits]
    return Starts.of_one(len(market), number, slots, market.day_number(placed.start_date))
