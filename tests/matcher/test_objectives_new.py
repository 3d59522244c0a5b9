"""An objective is one thing: written and registered in this one file, it works everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.allocation import Placed
from matcher.enquiry import Enquiry, Starts
from matcher.errors import BadInputError
from matcher.files.results import summarise
from matcher.geography import Gazetteer
from matcher.market import Ints, Market
from matcher.model import Frozen
from matcher.objectives import OBJECTIVES, Objective, known, ordered, read_policy_text
from matcher.policy import Policy
from matcher.report.allocation import allocation_evidence
from matcher.result import Limits, Result, Status
from matcher.shortlist import make_shortlist
from matcher.solvers import solve
from matcher.vocabulary import GRID_MINUTES
from matcher.wish import Wish
from tests.builders import ceiling, homecare_request, hourly, hours, market, provider
from tests.matcher.report.printed import one_line

TEN = 10 * 60


class BeforeTen(Objective):
    """5 for each first visit before ten o'clock, and 1 for an agency with a long name."""

    name = "before_ten"
    title = "Visits before ten"
    unit = "points"
    drawback = "comes before ten"

    def of_placed(self, enquiry: Enquiry, placed: Placed | None) -> int:
        """Count the line proposed."""
        if placed is None:
            return 0
        early = sum(time.start_minute < TEN for time in placed.visit_times[:1])
        return 5 * early + self._long(enquiry, enquiry.market.provider_number(placed.provider_id))

    def fixed(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Count names."""
        return np.array([self._long(enquiry, int(number)) for number in numbers], np.int64)

    def wishes(self, enquiry: Enquiry) -> tuple[Wish, ...]:
        """Wish for ten or later: one step of the whole morning either side of two in the day."""
        slot = TEN // GRID_MINUTES
        return (Wish(0, 2 * slot, slot + 1, 5, 5, both_ways=True),)

    @staticmethod
    def _long(enquiry: Enquiry, number: int) -> int:
        return int(len(enquiry.market.providers[number].name) > len("Agency P-1"))


ORDER = ("unplaced_red", "unplaced_amber", "unplaced_green", "without_offer", "before_ten", "fit")
SUPPLY: tuple[Frozen, ...] = (
    *(provider("P-1", name="Agency of a long name"), hours("P-1"), hourly("P-1", 2000)),
    *(provider("P-2"), hours("P-2"), hourly("P-2", 2400)),
    ceiling(),
)


@pytest.fixture
def policy(monkeypatch: pytest.MonkeyPatch) -> Policy:
    """Register the objective, and give a council's policy that names it."""
    monkeypatch.setitem(OBJECTIVES, BeforeTen.name, BeforeTen())
    listed = ", ".join(f'"{name}"' for name in ORDER)
    cited = 'unit = "objectives", from = 2026-04-01, assumed = true'
    return read_policy_text(f"allocation.order = {{ value = [{listed}], {cited} }}")


def solved(supply: Market) -> Result:
    """Return the proved best plan."""
    result = solve(supply, limits=Limits.reproducible())
    assert result.status is Status.OPTIMAL
    return result


def test_it_is_named_in_an_order_and_followed(gazetteer: Gazetteer, policy: Policy) -> None:
    """The dearer agency has the shorter name, and the visit is put at ten or later."""
    supply = market(gazetteer, *SUPPLY, homecare_request(), policy=policy)
    result = solved(supply)
    (line,) = result.allocation.placed
    assert line.provider_id == "P-2"
    stage = next(stage for stage in result.stages if stage.name == "before_ten")
    assert stage.value == stage.bound == (5 if line.visit_times[0].start_minute < TEN else 0) == 0


def test_the_shortlist_ranks_by_it(gazetteer: Gazetteer, policy: Policy) -> None:
    """The cheaper agency scores more, goes behind, and says why."""
    supply = market(gazetteer, *SUPPLY, homecare_request(), policy=policy)
    first, second = make_shortlist(supply, "R-1").shortlist.options
    assert (first.provider_id, second.provider_id) == ("P-2", "P-1")
    assert second.total > first.total
    assert second.ranking_note == (
        "Ranked below Agency P-2 although its score is higher: it comes before ten."
    )


def test_pages_and_documents_show_it(gazetteer: Gazetteer, policy: Policy) -> None:
    """Its title stands among the aims, its name and unit in the document."""
    supply = market(gazetteer, *SUPPLY, homecare_request(), policy=policy)
    summary = summarise(supply, solved(supply))
    assert "Visits before ten 0 proved" in one_line(allocation_evidence(summary))
    stages = summary.model_dump(mode="json")["stages"]
    told = next(stage for stage in stages if stage["name"] == "before_ten")
    assert (told["unit"], told["value"]) == ("points", 0)


def test_it_is_unknown_where_it_is_not_registered(policy: Policy) -> None:
    """Once taken out again, an order that names it is refused: nothing counts as nought."""
    assert ordered(policy)[4].name == "before_ten"
    del OBJECTIVES["before_ten"]
    with pytest.raises(BadInputError, match="before_ten"):
        ordered(policy)
    assert "before_ten" not in known()


def test_a_method_forgotten_is_no_objective() -> None:
    """What does not say how it depends on times cannot be made, let alone registered."""

    class Half(Objective):
        name = "half"

        def of_placed(self, enquiry: Enquiry, placed: Placed | None) -> int:
            return 0

    with pytest.raises(TypeError, match="abstract"):
        Half()  # type: ignore[abstract]
