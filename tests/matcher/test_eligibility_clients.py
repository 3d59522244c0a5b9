"""For whom a place is: groups, ages, women or men only; asked for, and read in old books (L4)."""

from __future__ import annotations

import pytest

from matcher.eligibility import missing_fields, request_refusals
from matcher.geography import Gazetteer, Postcode
from matcher.market import Market
from matcher.model import Book
from matcher.policy import default_policy
from matcher.shortlist import RequestRefusedError, Search, make_shortlist
from matcher.vocabulary import ClientGroup, ServiceType
from tests.builders import (
    OUT_OF_TOWN,
    SHAFTESBURY,
    beds,
    book,
    enquiry,
    home,
    homecare_request,
    hourly,
    hours,
    placement_request,
    provider,
    rank_ids,
    request,
    respite_request,
    weekly,
)
from tests.triples import CLIENT_TRIPLES, Triple, bed_for, home_for, said

RESIDENTIAL = {"care_type": "residential"}
SOLD = {"service_type": "residential"}


def search(gazetteer: Gazetteer, *things: object) -> Search:
    """Return the shortlist of the one request among things."""
    return make_shortlist(Market(book(*things), default_policy(), gazetteer), "R-1")  # type: ignore[arg-type]


def two_homes(other: str, *groups: str) -> tuple[object, ...]:
    """Give a bed at the nearest home, for another group, and at one out of town for groups."""
    near = home_for(other, provider_id="NEAR", name="Near Home")
    far = home_for(*groups, provider_id="FAR", name="Far Home", postcode=Postcode(OUT_OF_TOWN))
    names = ("NEAR", "FAR")
    return (
        *(near, far),
        *(beds(name, **RESIDENTIAL) for name in names),
        *(weekly(name, **SOLD) for name in names),
    )


@pytest.mark.parametrize("case", CLIENT_TRIPLES, ids=lambda case: case.rule_id)
def test_each_rule_is_kept_broken_and_only_just_kept(case: Triple, gazetteer: Gazetteer) -> None:
    """The rule is silent where kept, and where broken says the thing, the value and the limit."""
    case.hold(gazetteer)


def test_the_nearest_home_is_out_where_it_is_for_others(gazetteer: Gazetteer) -> None:
    """A home for mental health next door is no place for an older person, and says why."""
    found = search(gazetteer, bed_for("older_people"), *two_homes("mental_health", "older_people"))
    assert rank_ids(found.shortlist.options) == ["FAR"]
    evidence = {line.provider_id: line.refusals for line in found.evidence()}
    assert evidence["NEAR"] == (
        "Near Home is not registered for older people; it is registered for mental health.",
    )
    (missed,) = found.shortlist.near_misses
    assert missed.changes == ("would do if Near Home is registered for older people",)


def test_a_wish_does_not_open_a_registration(gazetteer: Gazetteer) -> None:
    """L2 lets a nominated home in out of area; whom it is registered for is law."""
    wished = bed_for("older_people", preferred_providers=("H-1",), gender="man")
    asked = enquiry(gazetteer, wished, home_for("autism", residents="women", most_age=64))
    assert asked.nominated.all()
    for rule_id in ("CLIENT_GROUP", "AGE", "RESIDENTS"):
        assert said(rule_id, asked) is not None


def test_near_misses_of_a_registration_come_last(gazetteer: Gazetteer) -> None:
    """A home that is too far by a little is named before one next door that is for others."""
    near = home_for("autism", provider_id="NEAR")
    far = home_for("older_people", provider_id="FAR", postcode=Postcode(SHAFTESBURY))
    rooms = [beds(name, **RESIDENTIAL) for name in ("NEAR", "FAR")]
    asked = bed_for("older_people", max_distance_metres=30_000)
    missed = search(gazetteer, asked, near, far, *rooms).shortlist.near_misses
    assert rank_ids(missed) == ["FAR", "NEAR"]


# -- asked for (H2) ----------------------------------------------------------------------------


def test_a_group_is_asked_for_where_a_seller_is_registered_for_some() -> None:
    """Nobody sells to some only, somebody does, and the group is told."""
    silent, told = bed_for(), bed_for("older_people")
    policy = default_policy()
    assert request_refusals(silent, book(silent, home_for()), policy) == ()
    (refusal,) = request_refusals(silent, book(silent, home_for("autism")), policy)
    assert refusal.rule_id == "INCOMPLETE"
    assert refusal.sentence == "R-1 cannot be arranged until these are recorded: client_groups."
    assert request_refusals(told, book(told, home_for("autism")), policy) == ()


def test_who_sells_something_else_does_not_decide() -> None:
    """Homecare is not asked for a group because of homes, nor the reverse."""
    homecare = homecare_request()
    assert request_refusals(homecare, book(homecare, home_for("autism")), default_policy()) == ()
    agency = provider(client_groups=("autism",))
    assert missing_fields(homecare, book(agency).services_by_group) == ("client_groups",)
    assert missing_fields(bed_for(), book(agency).services_by_group) == ()


def test_a_bed_for_dementia_tells_the_group_itself() -> None:
    """A kind of bed that is for dementia needs no second word for it, for good or for respite."""
    of_home = book(home(client_groups=("dementia",))).services_by_group
    assert of_home == {ServiceType.NURSING_DEMENTIA, ServiceType.RESPITE}
    assert missing_fields(placement_request(), of_home) == ()
    assert missing_fields(respite_request(), of_home) == ()


def test_services_with_a_panel_are_not_asked() -> None:
    """They are never matched, so nothing hangs on it (H27)."""
    asked = request(ServiceType.EXTRA_CARE, personal_budget_pence_per_week=1)
    assert missing_fields(asked, frozenset(ServiceType)) == ()


def test_a_book_with_other_providers_asks_anew() -> None:
    """What is derived of a book's providers is not kept when they change."""
    first = book(home_for())
    assert first.services_by_group == frozenset()
    changed = first.model_copy(update={"providers": (home_for("autism"),)})
    assert changed.services_by_group == {ServiceType.RESIDENTIAL}


# -- what a provider is registered for ---------------------------------------------------------


@pytest.mark.parametrize(
    ("specialisms", "groups"),
    [
        ((), ()),
        (("diabetes", "peg_feed"), ()),
        (("dementia", "diabetes"), ()),  # a need that it can meet, not all it is registered for
        (("older_people", "dementia", "diabetes"), ("dementia", "older_people")),
        (("learning_disability",), ("autism", "learning_disability")),  # one band of the register
    ],
)
def test_specialisms_of_homes_in_old_books_are_their_groups(
    specialisms: tuple[str, ...], groups: tuple[str, ...]
) -> None:
    """Only where no groups are on record, and only of homes: an agency's were always needs."""
    old = home_for(specialisms=specialisms)
    assert old.registered_groups == set(groups)
    new = home_for("mental_health", specialisms=specialisms)
    assert new.registered_groups == {ClientGroup.MENTAL_HEALTH}
    assert provider(specialisms=specialisms).registered_groups == frozenset()


def old_book(*groups: str) -> Book:
    """Build a book as it was written before homes had groups: a bed next door and one farther."""
    near = home_for(provider_id="NEAR", specialisms=("learning_disability",))
    far = home_for(
        provider_id="FAR",
        specialisms=("older_people", "dementia"),
        postcode=Postcode(OUT_OF_TOWN),
    )
    names = ("NEAR", "FAR")
    rooms = [beds(name, **RESIDENTIAL) for name in names]
    return book(bed_for(*groups), near, far, *rooms, *(weekly(name, **SOLD) for name in names))


def test_an_old_book_offers_nobody_a_home_for_others(gazetteer: Gazetteer) -> None:
    """Its person is asked for the group first; once told, the home for others is out."""
    with pytest.raises(RequestRefusedError, match="client_groups"):
        make_shortlist(Market(old_book(), default_policy(), gazetteer), "R-1")
    told = make_shortlist(Market(old_book("older_people"), default_policy(), gazetteer), "R-1")
    assert rank_ids(told.shortlist.options) == ["FAR"]


def test_a_group_is_a_need_that_can_be_met(gazetteer: Gazetteer) -> None:
    """A need by the name of a group is met by who is registered for it (H11)."""
    asked = homecare_request(needs=("sensory_impairment", "diabetes"))
    able = provider(specialisms=("diabetes",), client_groups=("sensory_impairment",))
    assert said("NEEDS", enquiry(gazetteer, asked, able, hours(), hourly())) is None
