"""How two releases' plans are judged, on a book small enough to follow by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import releases
from benchmarks.releases import for_everybody, judged, shown
from matcher.files import read_book
from matcher.files.results import write_allocation
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.objectives import arrangeable
from matcher.result import Limits
from matcher.shortlist import make_shortlist
from matcher.solvers import solve
from matcher.vocabulary import ClientGroup
from tests import builders

LIMITS = Limits.reproducible(2.0)


@pytest.fixture
def alone(gazetteer: Gazetteer) -> Market:
    """One person at amber risk, and one agency that can serve her."""
    request = builders.homecare_request()
    return builders.market(
        gazetteer,
        request,
        builders.provider(),
        builders.hours(),
        builders.hourly(),
        builders.ceiling(),
    )


def test_a_plan_is_worth_the_scores_that_shortlists_show(tmp_path: Path, alone: Market) -> None:
    """Somebody placed with the first option counts by risk, and by that option's total."""
    write_allocation(tmp_path / "plan", alone, solve(alone, limits=LIMITS))
    found = judged(arrangeable(alone), tmp_path / "plan")
    first = make_shortlist(alone, "R-1").shortlist.options[0]
    assert found["placed"] == {"red": 0, "amber": 1, "green": 0}
    assert found["score_of_placed"] == first.total
    assert found["offers"] == 1
    assert found["rated_inadequate"] == 0
    assert found["proved"] == found["stages"] == len(found["proved_stages"])


def test_offers_that_await_approval_are_not_placed(tmp_path: Path, gazetteer: Gazetteer) -> None:
    """An offer above the rate counts as an offer, and its score is left out."""
    things = (builders.homecare_request(), builders.provider(), builders.hours())
    dear = builders.market(gazetteer, *things, builders.hourly(pence=3000), builders.ceiling())
    write_allocation(tmp_path / "plan", dear, solve(dear, limits=LIMITS))
    found = judged(arrangeable(dear), tmp_path / "plan")
    assert found["placed"] == {"red": 0, "amber": 0, "green": 0}
    assert (found["offers"], found["score_of_placed"]) == (1, 0)


def test_people_who_may_not_be_searched_for_are_left_out(tmp_path: Path, alone: Market) -> None:
    """A line about somebody whom this release would not search for is not counted."""
    write_allocation(tmp_path / "plan", alone, solve(alone, limits=LIMITS))
    assert judged({}, tmp_path / "plan")["offers"] == 0


def test_an_older_book_is_made_one_for_everybody() -> None:
    """Every provider then takes every group, and everybody says which is theirs."""
    book = read_book(Path("data/sample")).book
    told = for_everybody(book)
    assert {provider.client_groups for provider in told.providers} == {tuple(ClientGroup)}
    assert all(request.client_groups for request in told.requests)
    assert len(told.providers) == len(book.providers)


def test_releases_stand_side_by_side() -> None:
    """Each plan of each county is a line of the table."""
    plan = {
        "placed": {"red": 1, "amber": 2, "green": 3},
        "offers": 7,
        "score_of_placed": 480.5,
        "rated_inadequate": 0,
        "stages": 13,
        "proved": 5,
    }
    told = shown([{"seed": 4, "plans": {"before": plan, "after": plan}}])
    assert "| 4 | before | 1 | 2 | 3 | 7 | 480 | 0 | 5 of 13 |" in told
    assert told.count("\n") == 3


def test_a_release_is_asked_by_its_own_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in the release's folder with its code before any that is installed."""
    asked = []
    monkeypatch.setattr(
        releases.subprocess, "run", lambda *words, **how: asked.append((words, how))
    )
    releases._carematch(Path("older"), "check", "book")
    [((words,), how)] = asked
    assert words[1:] == ["-m", "matcher", "check", "book"]
    assert how["cwd"] == Path("older")
    assert how["env"]["PYTHONPATH"] == "older"
