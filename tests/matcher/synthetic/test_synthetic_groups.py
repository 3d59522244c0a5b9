"""For whom an invented county's places are, and that its people say to which groups they belong."""

from __future__ import annotations

from collections import Counter
from statistics import mean

import pytest

from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Book, Provider
from matcher.policy import default_policy
from matcher.shortlist import RequestRefusedError, make_shortlist
from matcher.synthetic import CountySpec, generate
from matcher.vocabulary import ClientGroup, ProviderKind, ServiceType

OLDER, YOUNGER = ClientGroup.OLDER_PEOPLE, ClientGroup.YOUNGER_ADULTS


@pytest.fixture(scope="module")
def wide(gazetteer: Gazetteer) -> Book:
    """Give a county with many homes and people waiting for a bed."""
    spec = CountySpec(homes=400, agencies=100, waiting_placements=400, running=0)
    return generate(spec, gazetteer)


def of_kind(book: Book, kind: ProviderKind) -> list[Provider]:
    """Return the providers of a kind."""
    return [provider for provider in book.providers if provider.kind is kind]


def test_a_tenth_of_the_homes_is_not_for_older_people(wide: Book) -> None:
    """As of the beds of the register of 2021; all of them only residential, for adults."""
    homes = of_kind(wide, ProviderKind.CARE_HOME)
    others = [home for home in homes if OLDER not in home.client_groups]
    assert 0.08 <= len(others) / len(homes) <= 0.12
    for home in others:
        assert set(home.services) <= {ServiceType.RESIDENTIAL, ServiceType.RESPITE}
        assert home.least_age == 18
        assert (home.most_age == 64) == (YOUNGER in home.client_groups)
    learning = mean(ClientGroup.LEARNING_DISABILITY in home.client_groups for home in others)
    assert 0.5 <= learning <= 0.9


def test_homes_for_dementia_are_registered_for_it(wide: Book) -> None:
    """Every home sells no more than it is registered for, and lists no group as a specialism."""
    for home in of_kind(wide, ProviderKind.CARE_HOME):
        sells = any("dementia" in service for service in home.services)
        assert (ClientGroup.DEMENTIA in home.client_groups) == sells
        assert not {group.value for group in ClientGroup} & set(home.specialisms)


def test_a_few_homes_are_for_women_or_men_only(wide: Book) -> None:
    """Two in a hundred (assumed); an agency never."""
    homes = of_kind(wide, ProviderKind.CARE_HOME)
    assert 0.003 <= mean(home.residents is not None for home in homes) <= 0.05
    assert all(agency.residents is None for agency in of_kind(wide, ProviderKind.HOMECARE))


def test_agencies_are_for_older_people_and_most_for_younger_adults(wide: Book) -> None:
    """What they can do are groups that they are registered for as well."""
    agencies = of_kind(wide, ProviderKind.HOMECARE)
    assert all(OLDER in agency.client_groups for agency in agencies)
    assert 0.75 <= mean(YOUNGER in agency.client_groups for agency in agencies) <= 0.95
    able = Counter(group for agency in agencies for group in agency.client_groups)
    assert able[ClientGroup.DEMENTIA] > 60


def test_everybody_says_a_group_and_an_age_that_go_together(wide: Book) -> None:
    """Younger adults are under 65; whoever needs a bed for dementia is said to have it."""
    for request in wide.requests:
        assert request.client_groups
        assert request.age is not None
        assert (request.age >= 62) or (OLDER not in request.client_groups)
        assert request.groups == set(request.client_groups)
        assert (request.gender is None) == request.is_homecare


def test_people_of_other_groups_wait_for_beds(wide: Book) -> None:
    """About as many of the residential beds asked for as there are homes for them (assumed)."""
    beds = [r for r in wide.waiting if r.service_type is ServiceType.RESIDENTIAL]
    assert 0.2 <= mean(OLDER not in r.client_groups for r in beds) <= 0.4


def test_nobody_is_offered_a_home_for_others(wide: Book, gazetteer: Gazetteer) -> None:
    """Over the county, options of a person's shortlist are registered for her groups."""
    market = Market(wide, default_policy(), gazetteer)
    shown = 0
    for request in wide.waiting[::10]:
        try:
            options = make_shortlist(market, request).shortlist.options
        except RequestRefusedError:
            continue
        for option in options:
            held = market.providers[market.provider_number(option.provider_id)].registered_groups
            assert request.groups - {OLDER, YOUNGER} <= held
            assert OLDER not in request.groups or OLDER in held
            shown += 1
    assert shown > 30
