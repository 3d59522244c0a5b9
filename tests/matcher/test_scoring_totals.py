"""Totals that a reader can recompute from what is printed, and points short of the best."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from matcher.eligibility import judge
from matcher.enquiry import Enquiry
from matcher.geography import Gazetteer, Postcode
from matcher.market import Market
from matcher.model import Book, CareRequest, Frozen
from matcher.option import Option, describe_option
from matcher.policy import Policy
from matcher.scoring import (
    CRITERIA,
    applied,
    score,
    total_score,
)
from matcher.shortlist import make_shortlist
from matcher.vocabulary import ServiceType
from tests.builders import (
    HERE,
    beds,
    ceiling,
    council_policy,
    day,
    enquiry,
    home,
    homecare_request,
    hourly,
    hours,
    placement_request,
    provider,
    visit,
    weekly,
)
from tests.serving_books import serving_books

AN_HOUR_A_WEEK = visit(minutes=60, days=("mon",))


def option_of(asked: Enquiry) -> Option:
    """Return the only provider of a market as an option."""
    starts = judge(asked).starts
    assert starts.possible.tolist() == [True]
    scores = score(asked, starts, np.array([0]))
    return describe_option(asked, starts, scores, 0, rank=1)


def scored(asked: Enquiry, name: str) -> tuple[float, int, str]:
    """Return score, weight and reason of one criterion at the only provider."""
    (line,) = [line for line in option_of(asked).criteria if line.name == name]
    return line.score, line.weight, line.reason


def homecare(
    gazetteer: Gazetteer,
    request: CareRequest,
    *things: Frozen,
    policy: Policy | None = None,
    **terms: Any,
) -> Enquiry:
    """Return the enquiry of a request at one agency with room all day."""
    return enquiry(gazetteer, request, provider(**terms), hours(), *things, policy=policy)


# -- totals --------------------------------------------------------------------------------------


def test_a_total_is_the_weighted_mean_of_what_applies(gazetteer: Gazetteer) -> None:
    """Cost 40 x 25, distance 100 x 20, quality 80 x 20, start 100 x 5, times 100 x 10, of 80."""
    request = homecare_request(AN_HOUR_A_WEEK)
    supply = (hourly(pence=2_100), ceiling(2_000))
    option = option_of(homecare(gazetteer, request, *supply, postcode=Postcode(HERE)))
    weights = {line.name: line.weight for line in option.criteria}
    assert {name for name, weight in weights.items() if weight} == {
        *("cost", "distance", "quality", "earliest_start", "visit_times")
    }
    assert option.total == 76.25  # 6,100 over 80


@pytest.mark.parametrize(
    ("weighted", "weight", "total"),
    [
        (510_000, 70, 72.86),
        (0, 70, 0.0),
        (700_000, 70, 100.0),
        (1, 2, 0.01),  # half a hundredth goes up
        (100_5, 10, 1.01),  # 1.005 goes up, though no float holds it
        (0, 0, 0.0),  # nothing weighs
    ],
)
def test_a_total_is_rounded_to_two_decimals_halves_up(
    weighted: int, weight: int, total: float
) -> None:
    """Whole numbers all the way, so that no float's noise decides a half."""
    assert total_score(weighted, weight) == total


def test_nothing_to_weigh_gives_nought(gazetteer: Gazetteer) -> None:
    """A policy that weighs continuity alone has nothing to say of somebody without it."""
    names = [criterion.name for criterion in CRITERIA if criterion.name != "continuity"]
    only = council_policy(**{f"weights__{name}": 0 for name in names})
    asked = homecare(gazetteer, homecare_request(), policy=only)
    assert option_of(asked).total == 0.0


def recomputed(option: Option) -> Decimal:
    """Return an option's total as a reader would work it out from the printed numbers."""
    lines = [(Decimal(str(line.score)), line.weight) for line in option.criteria]
    weight = sum(weight for _, weight in lines)
    total = sum((points * weight for points, weight in lines), Decimal(0))
    mean = total / weight if weight else Decimal(0)
    return mean.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(book=serving_books())
def test_a_reader_recomputes_every_total_from_the_printed_numbers(
    book: Book, gazetteer: Gazetteer
) -> None:
    """Scores have two decimals, weights are whole, and the total is exactly theirs."""
    for request in book.requests:
        search = make_shortlist(Market(book, council_policy(), gazetteer), request.request_id)
        for option in search.shortlist.options:
            assert [line.name for line in option.criteria] == [c.name for c in CRITERIA]
            for line in option.criteria:
                assert 0 <= line.score <= 100
                assert Decimal(str(line.score)) == round(Decimal(str(line.score)), 2)
                assert line.reason
            assert Decimal(str(option.total)) == recomputed(option)


# -- for the allocation --------------------------------------------------------------------------


def test_criteria_that_apply_come_with_their_weights(gazetteer: Gazetteer) -> None:
    """What a request gives nothing to judge of is left out."""
    request = homecare_request(AN_HOUR_A_WEEK, current_provider_id="P-9")
    asked = homecare(gazetteer, request, hourly(pence=2_100), ceiling(2_000))
    told = {criterion.name: weight for criterion, weight in applied(asked)}
    expected = {"cost": 25, "distance": 20, "quality": 20, "continuity": 10, "earliest_start": 5}
    assert told == {**expected, "visit_times": 10}


def test_a_bed_is_scored_by_the_same_criteria(gazetteer: Gazetteer) -> None:
    """Visits aside, a home is judged like an agency: fee, distance, rating, start."""
    fee = ceiling(100_000, service_type=ServiceType.NURSING_DEMENTIA, unit="week")
    asked = enquiry(gazetteer, placement_request(), home(), beds(), weekly(pence=110_000), fee)
    assert scored(asked, "cost") == (30.0, 25, "£1,100.00 a week against £1,000.00")
    assert scored(asked, "earliest_start")[2] == f"can start {day(3)}, wanted by {day(15)}"
    assert option_of(asked).travel_minutes == 0
