"""Pages about books, registers and allocations."""

from __future__ import annotations

import re
from datetime import date

import pytest

from matcher.allocation import Allocation, Placed, Unplaced, UnplacedReason
from matcher.errors import Fault
from matcher.files import BookFolder
from matcher.files.cqc import ImportedHomes, LeftOut
from matcher.files.results import Counts, Measures, Summary
from matcher.files.risks import RiskCounts
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Book, CareRequest
from matcher.policy import Policy
from matcher.report.allocation import (
    allocation_evidence,
    allocation_page,
    in_a_sentence,
)
from matcher.report.book import MOST_KINDS, book_evidence, book_page, holdings
from matcher.report.demo import command_line, next_steps
from matcher.report.objective import title_of
from matcher.report.people import MOST_PEOPLE, placed_part, waiting_part, why_waiting
from matcher.report.register import MOST_REASONS, assumptions, register_page
from matcher.result import Limits, Method, Stage, Status
from matcher.vocabulary import ServiceType
from tests import builders
from tests.builders import AS_OF
from tests.matcher.report.printed import one_line, printed

RED, AMBER, GREEN = "unplaced_red", "unplaced_amber", "unplaced_green"


def _market(book: Book, policy: Policy, gazetteer: Gazetteer) -> Market:
    return Market(book, policy, gazetteer)


def _book(*requests: CareRequest, **tables: object) -> Book:
    return Book.model_validate(
        {"title": "A book", "council": "E06000059", "as_of": AS_OF, "requests": requests} | tables
    )


# -- books and registers -----------------------------------------------------------------------


def test_holdings_count_and_name_assumptions(policy: Policy) -> None:
    """Everything in the book is counted; assumed rows and figures are named."""
    book = builders.book(
        builders.provider(),
        builders.hours(carers=2, start="07:00", end="09:00"),
        builders.home(status="embargoed"),
        builders.beds(count=3, assumed=True),
        builders.weekly(assumed=True),
        CareRequest(request_id="R-1", service_type=ServiceType.HOMECARE),
    )
    held = holdings(book, policy, policy_is_own=True)
    assert held.carer_minutes_free_per_week == 2 * 120 * 7
    assert held.beds_free == {"nursing_dementia": 3}
    assert held.assumed_rows == {"rates": 1, "bed_capacity": 1}
    assert held.waiting_by_risk == {"not recorded": 1}
    assert held.held_back == {"INCOMPLETE": 1}
    assert held.arrangeable == 0
    text = one_line(book_page(BookFolder(book, policy, "own", ())))
    assert "rates 1, bed capacity 1" in text
    assert "the book's own" in text
    assert "To look at" not in text
    assert "something not recorded 1" in text
    assert "cost_spread" in one_line(book_evidence(BookFolder(book, policy, "own", ())))


def test_what_to_look_at_is_told_by_kind(policy: Policy) -> None:
    """Of each kind the page has the number, what was expected, and the first few rows."""
    warnings = tuple(
        Fault("visits.csv", row, "minutes", "15", "30 or more") for row in range(2, 20)
    )
    old = tuple(
        Fault("bed_capacity.csv", row, "as_of", "2025-12-01", f"word from H-{row} on or after")
        for row in (4, 9)
    )
    folder = BookFolder(builders.book(), policy, None, (*old, *warnings))
    text = one_line(book_page(folder))
    assert "To look at: 20 things" in text
    assert (
        "18 Expected 30 or more: visits.csv, minutes, rows 2 (15), 3 (15), 4 (15) and 15 others"
        in text
    )
    assert (
        "2 Expected word from H-4 on or after: bed_capacity.csv, as_of, rows 4 (2025-12-01) and 9"
        in text
    )
    assert "Beds free none" in text
    assert "H-9" not in text
    assert "word from H-9 on or after" in one_line(book_evidence(folder))


def test_kinds_beyond_the_first_are_counted(policy: Policy) -> None:
    """Many kinds are cut with the number of those not shown; behind --why each row stands."""
    names = [chr(ord("a") + number) for number in range(MOST_KINDS + 2)]
    warnings = tuple(Fault("rates.csv", 0, name, "x", "another word") for name in names)
    folder = BookFolder(builders.book(), policy, None, warnings)
    assert "and 2 others of 2 kinds" in one_line(book_page(folder))
    assert one_line(book_evidence(folder)).count("another word") == MOST_KINDS + 2


def _homes(**changes: object) -> ImportedHomes:
    usual: dict[str, object] = {
        "layout": "a layout",
        "read": 1,
        "elsewhere": 0,
        "providers": (builders.home(contract="spot"),),
        "left_out": (),
        "registered_beds": {},
    }
    return ImportedHomes(**(usual | changes))  # type: ignore[arg-type]


def test_an_import_without_losses_has_no_list_of_them() -> None:
    """Nothing left out means nothing listed, and the contract is named as assumed."""
    homes = _homes()
    text = one_line(register_page(homes, builders.book(), "out"))
    assert "Locations Why" not in text
    assert assumptions(homes) == ["Assumed: every contract is spot (say --contract)."]


def test_many_reasons_are_cut_with_their_number() -> None:
    """The commonest reasons are shown with counts, the others counted."""
    lost = [LeftOut(row, f"1-{row}", f"It is strange in way {row}.") for row in range(2, 15)]
    lost += [LeftOut(99, "1-99", "It is listed twice, first in row 2.")] * 2
    lost += [LeftOut(100, "1-100", "DT1 1ZZ is not in the directory.")]
    homes = _homes(left_out=tuple(lost), vacancies_elsewhere=2)
    text = one_line(register_page(homes, builders.book(), "out"))
    assert "2 It is listed twice." in text
    assert f"and {15 - MOST_REASONS} other reasons" in text
    assert "2 rows of vacancies" in text


# -- allocations -------------------------------------------------------------------------------


def _counts(unplaced: int, **own: int) -> Counts:
    usual = {"waiting": 20, "arrangeable": 20, "placed": 20 - unplaced, "needs_approval": 0}
    reasons = {UnplacedReason.NO_CAPACITY: unplaced} if unplaced else {}
    told = {**usual, "unplaced": unplaced, "unplaced_by_reason": reasons, **own}
    return Counts.model_validate(told)


def _measures(red: int, amber: int, green: int, bound: int | None = None) -> dict[str, object]:
    values = {RED: red, AMBER: amber, GREEN: green}
    stages = tuple(
        Stage(name=name, unit="people", value=value, bound=bound and min(bound, value))
        for name, value in values.items()
    )
    unplaced = red + amber + green
    return {
        "status": Status.FEASIBLE,
        "stages": stages,
        "counts": _counts(unplaced),
        "weekly_cost_gbp": 12.5,
        "weekly_cost_needs_approval_gbp": 0.0,
        "seconds": 1.0,
    }


def _summary(today: Measures | None, **own: object) -> Summary:
    return Summary.model_validate(
        {
            **own,
            "title": "A book",
            "council": "E06000059",
            "as_of": AS_OF,
            "method": Method.EXACT,
            "seed": 0,
            "limits": Limits(),
            "versions": {},
            "inputs_sha256": "0",
            "today": today,
        }
    )


def test_the_sentence_says_by_how_much_and_at_which_risk() -> None:
    """More, fewer and as many are told apart, overall and risk by risk."""
    today = Measures.model_validate(_measures(3, 3, 1))
    text = in_a_sentence(_summary(today, **_measures(1, 2, 2, bound=2)))
    assert text == (
        "15 of 20 people who may be searched for have a place they may be offered, 2 more than "
        "by today's way (2 more at red risk, 1 more at amber risk and 1 fewer at green risk). "
        "Risk by risk, no plan can place more: that is proved."
    )
    same = in_a_sentence(_summary(today, **_measures(3, 3, 1)))
    assert same.endswith("as many as by today's way.")
    fewer = in_a_sentence(_summary(today, **_measures(3, 3, 2)))
    assert "1 fewer than by today's way (1 fewer at green risk)" in fewer


def test_a_plan_for_nobody_claims_nothing() -> None:
    """Where nobody may be searched for no count, cost or proof is told: only that."""
    own = _measures(0, 0, 20)
    own["counts"] = _counts(20, arrangeable=0)
    summary = _summary(None, **own)
    assert in_a_sentence(summary) == "Nobody who waits may be searched for yet."
    page = one_line(allocation_page(summary, "out"))
    assert "Costs" not in page
    assert "proved" not in page


def test_a_price_yet_to_be_agreed_is_not_told_as_nothing() -> None:
    """Offers without a rate on file are counted beside the cost (H9)."""
    own = _measures(0, 0, 1)
    own["counts"] = _counts(1, placed=18, needs_approval=1)
    own["stages"] = (Stage(name="unpriced_offers", unit="people", value=1, bound=1),)
    page = one_line(allocation_page(_summary(None, **own), "out"))
    assert "£0.00 more once approved and 1 person at a price yet to be agreed." in page


def test_the_sentence_never_claims_a_proof_that_is_not_there() -> None:
    """With a gap the room is told for that risk; without bounds nothing is claimed."""
    gap = in_a_sentence(_summary(None, **_measures(1, 4, 5, bound=4)))
    assert gap.endswith("At most 1 more at green risk could be placed by any plan.")
    nought = in_a_sentence(_summary(None, **_measures(1, 4, 5, bound=0)))
    assert nought.endswith(
        "Whether more could be placed at red, amber and green risk is not proved."
    )
    assert gap.startswith("10 of 20 people")
    assert "Risk by risk" not in in_a_sentence(_summary(None, **_measures(1, 4, 5)))
    single = _measures(0, 0, 19, bound=None)
    assert "1 of 20 people who may be searched for has a place" in in_a_sentence(
        _summary(None, **single)
    )


def test_a_page_without_todays_way_or_losses() -> None:
    """Nothing is compared that was not computed, and nobody is listed who is placed."""
    text = one_line(allocation_page(_summary(None, **_measures(0, 0, 0, bound=None)), "out"))
    assert "none with room" not in text
    assert "£12.50" in text
    assert "Today's way" not in text


def test_reasons_are_counted_behind_the_page() -> None:
    """The commonest stands first; the first page gives the commands that tell more."""
    counts = {UnplacedReason.OWN_PANEL: 1, UnplacedReason.NO_CAPACITY: 4}
    own = _measures(0, 0, 5)
    own["counts"] = _counts(5).model_copy(update={"unplaced_by_reason": counts})
    summary = _summary(None, **own)
    told = "4 suitable providers, but none with room 1 a panel of its own nominates"
    assert told in one_line(allocation_evidence(summary))
    text = one_line(allocation_page(summary, "out", book="mine"))
    assert "carematch explain mine REQUEST --allocation out" in text


def waits(request_id: str, risk: str | None, days: int) -> CareRequest:
    """Return somebody who has waited so many days."""
    since = builders.day(-days)
    return builders.homecare_request(request_id=request_id, risk=risk, waiting_since=since)


def left_out(request_id: str, reason: str = "no_capacity", **told: str) -> Unplaced:
    """Return a line of somebody without a place."""
    usual = {"detail": f"{request_id} has none (H2)."}
    return Unplaced.model_validate({"request_id": request_id, "reason": reason, **usual, **told})


def test_people_are_named_red_before_green_and_by_their_wait(gazetteer: Gazetteer) -> None:
    """Whoever is in most danger, then whoever waits longest, is named first."""
    people = [waits("R-1", "green", 9), waits("R-2", "red", 1), waits("R-3", "red", 5)]
    market = builders.market(gazetteer, *people, waits("R-4", None, 50))
    lines = tuple(left_out(f"R-{n}") for n in (1, 2, 3, 4))
    part = waiting_part(market, Allocation(unplaced=lines))
    assert part is not None
    found = re.findall(r"R-\d +(?:red|green|no risk)", printed(part))
    assert [" ".join(each.split()) for each in found] == [
        *("R-3 red", "R-2 red", "R-1 green", "R-4 no risk"),
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (left_out("R-1", nearest_miss="Inn: 1.2 km away"), "no room; Inn: 1.2 km away"),
        (left_out("R-1", "no_suitable_provider", nearest_miss="x"), "nobody suitable; x"),
        (left_out("R-1"), "suitable providers, but none with room"),
        (left_out("R-1", "capacity_taken"), "the room goes to others in this plan"),
        (
            left_out("R-1", "incomplete", detail="R-1 lacks its start_by (H2)."),
            "lacks its start by",
        ),
    ],
)
def test_why_somebody_waits_is_a_line(line: Unplaced, told: str) -> None:
    """What is lacking, or what would come nearest, without codes, ids and names of columns."""
    assert why_waiting(line) == told


def test_who_is_placed_where_stands_in_a_line(gazetteer: Gazetteer) -> None:
    """With first day and price; approval and stays are said; the rest is in the file."""
    stay = builders.respite_request(3, request_id="R-9", risk="red")
    people = [waits(f"R-{n}", "green", n) for n in range(1, MOST_PEOPLE + 2)]
    market = builders.market(gazetteer, builders.home(name="Inn"), stay, *people)
    usual = {
        "provider_id": "H-1",
        "status": "proposed",
        "start_date": builders.day(5),
        "weekly_cost_pence": 70_000,
        "distance_metres": 0,
        "travel_minutes": 0,
    }
    approval = {"status": "needs_approval", "stay_cost_pence": 30_000}
    lines = [usual | {"request_id": each.request_id} for each in people]
    lines.append(usual | {"request_id": "R-9"} | approval)
    placed = tuple(Placed.model_validate(line) for line in lines)
    part = placed_part(market, Allocation(placed=placed))
    assert part is not None
    text = one_line(part)
    assert text.startswith(
        "Placed R-9 red Mon 6 Apr, £300.00 for 3 nights Inn, once approved R-6 green Mon 6 Apr, "
        "£700.00 a week Inn R-5 green"
    )
    assert text.endswith("and 2 more in placements.csv")
    assert "R-1 " not in text


def test_nobody_is_no_list(gazetteer: Gazetteer) -> None:
    """A heading with nobody under it says nothing."""
    market = builders.market(gazetteer)
    assert placed_part(market, Allocation()) is None
    assert waiting_part(market, Allocation()) is None


def test_risks_stand_one_a_line_beside_today() -> None:
    """Each risk has its counts and today's; a summary without them has the line of all alone."""
    own = _measures(1, 0, 0)
    counts = own["counts"]
    assert isinstance(counts, Counts)
    by_risk = {"red": RiskCounts(placed=3, needs_approval=2, unplaced=1)}
    own["counts"] = counts.model_copy(update={"by_risk": by_risk})
    text = one_line(allocation_page(_summary(Measures.model_validate(own), **own), "out"))
    assert "red 6 3 2 1 3 all 20 19 0 1 19" in text
    bare = one_line(allocation_page(_summary(None, **_measures(1, 0, 0)), "out"))
    assert "No place ─" in re.sub("─+", "─", bare)
    assert "all 20 19 0 1 Costs" in bare


def test_aims_that_are_not_proved_are_named_in_words() -> None:
    """The first few stand on the page; what is proved of all is said too, and never more."""
    loose = [
        Stage(name=name, unit="x", value=5, bound=bound)
        for name, bound in [
            ("waiting_days", 5),  # proved
            ("without_offer", 3),
            ("clock_breaches", 0),  # nought tells nobody anything
        ]
    ]
    summary = _summary(None, **_measures(0, 0, 0) | {"stages": tuple(loose)})
    text = one_line(allocation_page(summary, "out"))
    first, second = (title_of(stage.name).lower() for stage in loose[1:])
    assert f"Not proved to be the best possible: {first} and {second}." in text
    behind = one_line(allocation_evidence(summary))
    assert f"{title_of('waiting_days')} 5 proved" in behind
    assert f"{title_of('without_offer')} 5 at least 3" in behind
    assert f"{title_of('clock_breaches')} 5 not proved" in behind
    best = _summary(None, **_measures(0, 0, 0) | {"status": Status.OPTIMAL})
    assert "No better plan exists" in one_line(allocation_page(best, "out"))
    people = _summary(None, **_measures(3, 2, 1, bound=1))
    told = one_line(allocation_page(people, "out"))
    assert "best possible" not in told  # the sentence has said it already
    assert "The best found in the time given. Every" in told


def test_the_demo_says_what_comes_next() -> None:
    """Commands are shown as they are typed, with the folders they need."""
    assert "$ carematch check demo" in one_line(command_line("check demo"))
    told = one_line(next_steps("carematch", "a", "b", date(2026, 4, 1)))
    assert "carematch explain a REQUEST PROVIDER" in told
    assert "CAREMATCH_DAY=2026-04-01 carematch serve --load a" in told
