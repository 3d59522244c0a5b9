"""People whose provider has closed are listed, and never moved."""

from __future__ import annotations

from matcher.closures import Displaced, displaced
from matcher.files.results import summarise
from matcher.geography import Gazetteer
from matcher.model import Running
from matcher.report.allocation import allocation_page
from matcher.result import Method
from matcher.solvers import solve
from tests.builders import (
    AS_OF,
    beds,
    book,
    home,
    homecare_request,
    market,
    placement_request,
    provider,
    weekly,
)
from tests.matcher.report.printed import one_line


def runs(request_id: str, provider_id: str) -> Running:
    """Return a line of running care."""
    return Running(request_id=request_id, provider_id=provider_id, started_on=AS_OF)


CLOSED = (home("H-1", status="closed", name="Old House"), runs("R-1", "H-1"), placement_request())


def test_who_lives_in_a_closed_home_is_listed() -> None:
    """The sentence names the person and the home; other running care is left alone."""
    other = (home("H-2"), runs("R-2", "H-2"), placement_request("R-2"))
    (line,) = displaced(book(*CLOSED, *other))
    sentence = "R-1 lives at Old House, which is closed"
    assert line == Displaced(request_id="R-1", provider_id="H-1", sentence=sentence)


def test_packages_of_a_closed_agency_are_listed_too() -> None:
    """Nobody lives at an agency."""
    agency = provider(status="closed", name="Old Homecare")
    (line,) = displaced(book(agency, runs("R-1", "P-1"), homecare_request()))
    assert line.sentence == "R-1 has care from Old Homecare, which is closed"


def test_an_embargo_ends_no_care() -> None:
    """New work stops under an embargo; what runs goes on."""
    home_under_embargo = home(status="embargoed")
    assert displaced(book(home_under_embargo, runs("R-1", "H-1"), placement_request())) == ()


def test_a_plan_names_them_and_moves_nobody(gazetteer: Gazetteer) -> None:
    """A free bed elsewhere goes to who waits; who lives in the closed home is listed (H18)."""
    free = (home("H-2", name="New House"), beds("H-2", 2), weekly("H-2"))
    supply = market(gazetteer, *CLOSED, *free, placement_request("R-2"))
    result = solve(supply, method=Method.TODAY)
    assert [line.request_id for line in result.allocation.placed] == ["R-2"]
    summary = summarise(supply, result)
    assert [each.request_id for each in summary.displaced] == ["R-1"]
    page = one_line(allocation_page(summary, "night"))
    assert "To be found another place" in page
    assert "R-1 lives at Old House, which is closed." in page
