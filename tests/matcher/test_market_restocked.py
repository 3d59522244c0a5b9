"""A market with other capacity of some providers: as if compiled from scratch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import UnknownIdError
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import BedCapacity, Book, HomecareCapacity
from matcher.policy import Policy
from matcher.vocabulary import CareType, Outcome, ProviderKind
from tests import strategies
from tests.builders import beds, home, hours, market, offered, provider


@st.composite
def restockings(
    draw: st.DrawFn,
) -> tuple[Book, set[str], list[HomecareCapacity], list[BedCapacity]]:
    """Draw a book, and other capacity of some of its providers."""
    book = draw(strategies.books(max_requests=1))
    names = [each.provider_id for each in book.providers]
    changed = draw(st.sets(st.sampled_from(names)))
    homecare: list[HomecareCapacity] = []
    vacancies: list[BedCapacity] = []
    for each in book.providers:
        if each.provider_id not in changed:
            continue
        if each.kind is ProviderKind.HOMECARE:
            lines = strategies.homecare_capacity(each.provider_id)
            homecare += draw(st.lists(lines, max_size=2))
        else:
            nights = strategies.bed_capacity(each.provider_id)
            vacancies += draw(st.lists(nights, max_size=2))
    return book, changed, homecare, vacancies


@settings(max_examples=40, deadline=None)
@given(restockings())
def test_restocked_is_compiled_from_scratch(
    gazetteer: Gazetteer,
    policy: Policy,
    drawn: tuple[Book, set[str], list[HomecareCapacity], list[BedCapacity]],
) -> None:
    """Provider by provider, carers and beds are those of a market made of the changed book."""
    book, changed, homecare, vacancies = drawn
    restocked = Market(book, policy, gazetteer).restocked(changed, homecare, vacancies)
    kept = [line for line in book.homecare_capacity if line.provider_id not in changed]
    stayed = [line for line in book.bed_capacity if line.provider_id not in changed]
    update = {
        "homecare_capacity": (*kept, *homecare),
        "bed_capacity": (*stayed, *vacancies),
    }
    scratch = Market(book.model_copy(update=update), policy, gazetteer)
    assert restocked.book == scratch.book
    assert restocked.assumed_beds == scratch.assumed_beds
    for number in range(len(scratch)):
        assert (restocked.carers.of(number) == scratch.carers.of(number)).all()
        for care_type in CareType:
            ours, theirs = restocked.beds[care_type], scratch.beds[care_type]
            assert (ours.of(number) == theirs.of(number)).all()


def test_other_providers_are_untouched(gazetteer: Gazetteer) -> None:
    """Only whom the change is of has other capacity; terms and places are the very same."""
    things = (provider("P-1"), provider("P-2"), home("H-1"))
    before = market(gazetteer, *things, hours("P-1"), hours("P-2"), beds("H-1"))
    after = before.restocked({"P-1"}, [hours("P-1", carers=4)], [])
    one, other, house = (before.index[name] for name in ("P-1", "P-2", "H-1"))
    assert after.carers.of(one).max() == 4
    assert (after.carers.of(other) == before.carers.of(other)).all()
    assert (after.beds[beds().care_type].of(house) == before.beds[beds().care_type].of(house)).all()
    assert after.shores is before.shores
    assert after.price_list is before.price_list


def test_the_market_itself_stays_as_it_was(gazetteer: Gazetteer) -> None:
    """Whoever still searches the old one is not disturbed."""
    before = market(gazetteer, provider("P-1"), hours("P-1", carers=2))
    kept = before.carers.free.copy()
    before.restocked({"P-1"}, [], [])
    assert (before.carers.free == kept).all()
    assert len(before.book.homecare_capacity) == 1


def test_whoever_states_nothing_any_more_has_nothing(gazetteer: Gazetteer) -> None:
    """And whoever had nothing may have something."""
    before = market(gazetteer, provider("P-1"), provider("P-2"), hours("P-1"))
    after = before.restocked({"P-1", "P-2"}, [hours("P-2")], [])
    assert not after.carers.of(0).any()
    assert after.carers.of(1).any()
    assert np.array_equal(after.carers.row, [-1, 0])


def test_nobody_changed_is_nothing_changed(gazetteer: Gazetteer) -> None:
    """An empty change is the same supply."""
    before = market(gazetteer, provider("P-1"), hours("P-1"))
    after = before.restocked(set(), [], [])
    assert after.book == before.book
    assert (after.carers.free == before.carers.free).all()


def test_capacity_of_a_stranger_is_refused(gazetteer: Gazetteer) -> None:
    """A line names a provider that the market has."""
    before = market(gazetteer, provider("P-1"))
    with pytest.raises(UnknownIdError, match="no provider 'P-9'"):
        before.restocked({"P-9"}, [hours("P-9")], [])


def test_another_ledger_is_compiled_from_scratch(gazetteer: Gazetteer) -> None:
    """Fairness is that of the new ledger; everything else is the very same, the old one kept."""
    lines = (
        offered("P-1", 3),
        offered("P-2", 9),
        offered("P-1", 1, request_id="R-1", outcome=Outcome.UNSUITABLE),
    )
    things = (provider("P-1"), provider("P-2"), hours("P-1"))
    before = market(gazetteer, *things, lines[0])
    after = before.with_history(lines)
    scratch = market(gazetteer, *things, *lines)
    assert after.book == scratch.book
    assert after.last_offered_day.tolist() == scratch.last_offered_day.tolist()
    assert after.recent_offers.tolist() == scratch.recent_offers.tolist() == [2, 1]
    assert after.unsuitable == scratch.unsuitable != {}
    assert after.carers is before.carers
    assert before.recent_offers.tolist() == [1, 0]
    with pytest.raises(UnknownIdError, match="no provider 'P-9'"):
        before.with_history([offered("P-9", 1)])
