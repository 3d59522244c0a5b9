"""Pages about books, registers and allocations."""

from __future__ import annotations

from datetime import date

from matcher.allocation import UnplacedReason
from matcher.errors import Fault
from matcher.files import BookFolder
from matcher.files.cqc import ImportedHomes, LeftOut
from matcher.files.results import Counts, Measures, Summary
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Book, CareRequest
from matcher.policy import Objective, Policy
from matcher.report.allocation import allocation_page, in_a_sentence
from matcher.report.book import MOST_WARNINGS, book_page, holdings
from matcher.report.demo import command_line, next_steps
from matcher.report.register import MOST_REASONS, assumptions, register_page
from matcher.result import Limits, Method, Stage, Status
from matcher.vocabulary import ServiceType
from tests import builders
from tests.builders import AS_OF
from tests.matcher.report.printed import one_line

RED, AMBER, GREEN = Objective.UNPLACED_RED, Objective.UNPLACED_AMBER, Objective.UNPLACED_GREEN


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
    assert "warning" not in text


def test_a_page_shows_some_warnings_and_counts_all(policy: Policy) -> None:
    """A long list of warnings is cut, with the number of those not shown."""
    warnings = tuple(Fault("visits.csv", row, "minutes", "15", "30") for row in range(2, 20))
    text = one_line(book_page(BookFolder(builders.book(), policy, None, warnings)))
    assert "18 warnings" in text
    assert f"and {18 - MOST_WARNINGS} more" in text
    assert "Beds free none" in text


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


def _measures(red: int, amber: int, green: int, bound: int | None = None) -> dict[str, object]:
    values = {RED: red, AMBER: amber, GREEN: green}
    stages = tuple(
        Stage(name=name, unit="people", value=value, bound=bound and min(bound, value))
        for name, value in values.items()
    )
    unplaced = red + amber + green
    counts = Counts(
        waiting=20,
        arrangeable=20,
        placed=20 - unplaced,
        needs_approval=0,
        unplaced=unplaced,
        unplaced_by_reason={UnplacedReason.NO_CAPACITY: unplaced} if unplaced else {},
    )
    return {
        "status": Status.FEASIBLE,
        "stages": stages,
        "counts": counts,
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
        "15 of 20 people that may be searched for have a place they may be offered, 2 more than "
        "by today's way (2 more at red risk, 1 more at amber risk and 1 fewer at green risk). "
        "Risk by risk, no plan can place more: that is proved."
    )
    same = in_a_sentence(_summary(today, **_measures(3, 3, 1)))
    assert same.endswith("as many as by today's way.")
    fewer = in_a_sentence(_summary(today, **_measures(3, 3, 2)))
    assert "1 fewer than by today's way (1 fewer at green risk)" in fewer


def test_the_sentence_never_claims_a_proof_that_is_not_there() -> None:
    """With a gap the room is told for that risk; without bounds nothing is claimed."""
    gap = in_a_sentence(_summary(None, **_measures(1, 4, 5, bound=4)))
    assert "At most 1 more at green risk could be placed by any plan as good" in gap
    assert gap.startswith("10 of 20 people")
    assert "Risk by risk" not in in_a_sentence(_summary(None, **_measures(1, 4, 5)))
    single = _measures(0, 0, 19, bound=None)
    assert "1 of 20 people that may be searched for has a place" in in_a_sentence(
        _summary(None, **single)
    )


def test_a_page_without_todays_way_or_losses() -> None:
    """Nothing is compared that was not computed, and nobody is listed who is placed."""
    text = one_line(allocation_page(_summary(None, **_measures(0, 0, 0, bound=None)), "out"))
    assert "Not placed" not in text
    assert "£12.50" in text
    assert "Today's way" not in text


def test_the_demo_says_what_comes_next() -> None:
    """Commands are shown as they are typed, with the folders they need."""
    assert "$ carematch check demo" in one_line(command_line("check demo"))
    told = one_line(next_steps("carematch", "a", "b", date(2026, 4, 1)))
    assert "carematch explain a REQUEST PROVIDER" in told
    assert "CAREMATCH_DAY=2026-04-01 carematch serve --load a" in told
