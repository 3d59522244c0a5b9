"""What pages must not keep silent: stays' totals, wishes unmet, top-ups too small, tied visits."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.eligibility import approval_reasons
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import CareRequest, Frozen, Visit
from matcher.report.pair import explain_pair, pair_evidence, pair_page
from matcher.report.request import request_brief, request_part
from matcher.report.shortlist import shortlist_evidence, shortlist_page
from matcher.report.why import explain_place
from matcher.report.why_page import why_evidence, why_page
from matcher.shortlist import make_shortlist
from tests import builders
from tests.builders import day, minute, visit
from tests.matcher.report.printed import one_line
from tests.matcher.report.test_report_why import night_of

BY_NIGHT = {"service_type": "respite", "unit": "night"}


def page_of(market: Market, request: CareRequest) -> str:
    """Return the first page of a shortlist in one line."""
    return one_line(shortlist_page(market, make_shortlist(market, request.request_id)))


# -- the price of what is bought ---------------------------------------------------------------


def test_a_stay_is_priced_as_a_whole_on_every_page(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Five nights at 130 pounds are 650: the row, the pair and the plan say so, none 910 a week."""
    stay = builders.respite_request(5)
    things = (builders.home(), builders.beds(), builders.weekly(pence=13_000, **BY_NIGHT), stay)
    night = night_of(gazetteer, tmp_path, *things)
    market = night.market
    first = page_of(market, stay)
    assert "Provider CQC 5 nights Away" in first
    assert "£650.00" in first
    pair = explain_pair(market, "R-1", "H-1")
    why = explain_place(night, "R-1")
    pages = [first, one_line(pair_page(market, pair)), one_line(why_page(market, why))]
    pages += [one_line(pair_evidence(market, pair)), one_line(why_evidence(market, why))]
    pages.append(one_line(shortlist_evidence(market, make_shortlist(market, "R-1"))))
    assert all("£650.00" in text for text in pages)
    assert not any("£910.00" in text for text in pages)


def test_a_rise_within_a_stay_is_named_beside_its_total(gazetteer: Gazetteer) -> None:
    """Two nights at 100 pounds and one at 110, with what a week costs before and after."""
    rates = (
        builders.weekly(pence=10_000, valid_to=day(8), **BY_NIGHT),
        builders.weekly(pence=11_000, valid_from=day(9), **BY_NIGHT),
    )
    stay = builders.respite_request(3, first=7, last=9)
    text = page_of(builders.market(gazetteer, builders.home(), builders.beds(), *rates, stay), stay)
    assert "3 nights Away" in text
    assert "£310.00" in text
    rise = "Each night at its day's rate: £700.00 a week until 9 April 2026, then £770.00."
    assert rise in text


def test_care_without_an_end_is_priced_by_the_week(gazetteer: Gazetteer) -> None:
    """A bed for good and visits at home have a weekly price as before."""
    bed = builders.placement_request()
    market = builders.market(gazetteer, builders.home(), builders.beds(), builders.weekly(), bed)
    assert "Provider CQC A week Away" in page_of(market, bed)


# -- who is asked for --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (builders.home("H-9", status="closed"), "Home H-9 is closed"),
        (builders.home("H-9", status="embargoed"), "Home H-9 is under embargo"),
        (builders.home("H-9"), "Home H-9 has no nursing dementia vacancy on record"),
        (builders.home("H-9", status="closed", services=("residential",)), "Home H-9 is closed"),
    ],
)
def test_a_wish_that_cannot_be_met_is_told(
    wanted: Frozen, told: str, gazetteer: Gazetteer, tmp_path: Path
) -> None:
    """Who is placed elsewhere reads on every page what became of the home asked for by name."""
    asked = builders.placement_request(preferred_providers=("H-9",))
    other = (builders.home(), builders.beds(), builders.weekly())
    night = night_of(gazetteer, tmp_path, *other, wanted, asked)
    placed = explain_place(night, "R-1")
    assert placed.placed is not None
    assert placed.placed.provider_id == "H-1"
    assert any(
        reason.startswith(f"R-1 asks for Home H-9: {told}") for reason in placed.placed.reasons
    )
    assert f"R-1 asks for Home H-9: {told}" in one_line(why_page(night.market, placed))
    first = page_of(night.market, asked)
    assert "Not offered: those asked for" in first
    is_closed = "closed" in told
    assert ("Asks for Home H-9, which is closed" in first) is is_closed


def test_a_wish_that_is_met_needs_no_word(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Nothing is said of the home chosen, nor of one asked for that could take the person too."""
    asked = builders.placement_request(preferred_providers=("H-1", "H-2"))
    homes = [
        thing
        for name in ("H-1", "H-2")
        for thing in (builders.home(name), builders.beds(name), builders.weekly(name))
    ]
    night = night_of(gazetteer, tmp_path, *homes, asked)
    placed = explain_place(night, "R-1").placed
    assert placed is not None
    assert not any("asks for" in reason for reason in placed.reasons)


def test_who_waits_is_told_of_the_wish_too(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Nobody else has a bed, and the home asked for has closed."""
    asked = builders.placement_request(preferred_providers=("H-9",))
    night = night_of(gazetteer, tmp_path, builders.home("H-9", status="closed"), asked)
    unplaced = explain_place(night, "R-1").unplaced
    assert unplaced is not None
    assert unplaced.detail.endswith("R-1 asks for Home H-9: Home H-9 is closed.")


# -- top-ups -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agreed", "reasons"),
    [
        (None, ("£150.00 a week above the personal budget: a top-up.",)),
        (
            14_999,  # a penny short
            (
                "£0.01 a week above the personal budget: a further £0.01 a week of top-up beyond "
                "the £149.99 agreed.",
            ),
        ),
        (15_000, ()),  # only just enough
        (
            10_000,
            (
                "£50.00 a week above the personal budget: a further £50.00 a week of top-up "
                "beyond the £100.00 agreed.",
            ),
        ),
    ],
)
def test_a_top_up_too_small_names_the_difference(
    agreed: int | None, reasons: tuple[str, ...], gazetteer: Gazetteer
) -> None:
    """A home at 1,150 pounds, a budget of 1,000: what is lacking is told to the penny."""
    asked = builders.placement_request(third_party_top_up_pence_per_week=agreed)
    found = builders.enquiry(gazetteer, asked, builders.home(), builders.weekly(pence=115_000))
    assert approval_reasons(found, 0) == reasons


def test_a_stays_further_top_up_is_of_the_stay(gazetteer: Gazetteer) -> None:
    """14 nights at 1,150 pounds a week: of 300 pounds above, 200 are agreed."""
    stay = builders.respite_request(14, 7, 40, third_party_top_up_pence_per_week=10_000)
    found = builders.enquiry(gazetteer, stay, builders.home(), builders.weekly(pence=115_000))
    assert approval_reasons(found, 0) == (
        "£100.00 for the stay above the personal budget: a further £100.00 for the stay of top-up "
        "beyond the £200.00 agreed.",
    )


# -- visits that are tied ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("visits", "told"),
    [
        (
            (visit(1, minutes=60), visit(2, with_visit=1)),
            "morning 60 min, morning 30 min (starts with morning 60 min)",
        ),
        (
            (visit(1, "lunch"), visit(2, "tea", after_visit=1)),
            "lunch 30 min, tea 30 min (right after lunch)",
        ),
        (
            (
                visit(1, "morning"),
                visit(2, "tea", gap_from=1, least_gap_minutes=240, reason="insulin"),
            ),
            "morning 30 min, tea 30 min (at least 4 h from morning)",
        ),
        (
            (
                visit(1, "tea"),
                visit(
                    2,
                    "bed",
                    gap_from=1,
                    least_gap_minutes=90,
                    most_gap_minutes=180,
                    reason="insulin",
                ),
            ),
            "bed 30 min (at least 1 h 30 and at most 3 h from tea)",
        ),
        (
            (visit(1), visit(2), visit(3, "lunch", gap_from=2, most_gap_minutes=300, reason="x")),
            "lunch 30 min (at most 5 h from visit 2)",  # two alike: only the number tells them
        ),
        (
            (
                visit(
                    1, None, time_need="critical", at_minute=minute("09:00"), reason="for a dose"
                ),
                visit(2, "lunch", gap_from=1, least_gap_minutes=180, reason="for a dose"),
            ),
            "lunch 30 min (at least 3 h from 09:00)",
        ),
    ],
)
def test_ties_between_visits_stand_in_the_request(
    visits: tuple[Visit, ...], told: str, gazetteer: Gazetteer
) -> None:
    """Who reads what is asked for reads what binds the times, on the first page and behind it."""
    asked = builders.homecare_request(*visits)
    market = builders.market(gazetteer, asked)
    assert told in one_line(request_brief(market, asked))
    tie = told.partition("(")[2].rstrip(")")
    assert f"; {tie}" in one_line(request_part(market, asked))


def test_visits_without_ties_have_no_brackets(gazetteer: Gazetteer) -> None:
    """Most packages have none, and their line stays short."""
    asked = builders.homecare_request(visit(1), visit(2, "lunch"))
    assert "(" not in one_line(request_brief(builders.market(gazetteer, asked), asked))
