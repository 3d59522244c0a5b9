"""The referee on for whom a place is: its own reading of the book, beside the rules' (L4)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.allocation import Allocation
from matcher.eligibility import BATCH_RULES, pair_refusals
from matcher.geography import Gazetteer
from matcher.model import CareRequest, Frozen, Placement, Provider
from matcher.referee import Violation, check
from matcher.referee.whom import RECOUNTED
from matcher.vocabulary import ClientGroup, ProviderKind
from tests.builders import (
    enquiry,
    home,
    homecare_request,
    market,
    placement_request,
    provider,
    request,
    respite_request,
)
from tests.proposals import AGENCY, HOME, staying, visiting
from tests.triples import bed_for, home_for


def about(gazetteer: Gazetteer, *things: Frozen) -> list[Violation]:
    """Return what the referee says of whom a place is for, of a plan that names the only pair."""
    asked = next(thing for thing in things if isinstance(thing, CareRequest))
    line = visiting() if asked.is_homecare else staying()
    found = check(market(gazetteer, *things), Allocation(placed=(line,)))
    return [violation for violation in found if violation.rule in RECOUNTED]


@pytest.mark.parametrize(
    ("agency", "asked", "rule", "sentence"),
    [
        ({"status": "closed"}, {}, "STATUS", "is placed with P-1, which is closed"),
        ({"status": "embargoed"}, {}, "STATUS", "is placed with P-1, which is embargoed"),
        (
            {"client_groups": ("autism", "sensory_impairment")},
            {"client_groups": ("mental_health",)},
            "CLIENT_GROUP",
            "belongs to mental_health, but P-1 takes only autism, sensory_impairment",
        ),
        (
            # why: it names an age, and not this one
            {"client_groups": ("dementia", "younger_adults")},
            {"client_groups": ("dementia", "older_people")},
            "CLIENT_GROUP",
            "belongs to older_people, but P-1 takes only dementia, younger_adults",
        ),
        (
            {"most_age": 40},
            {"age": 41},
            "AGE",
            "is aged 41, but P-1 takes people from 0 to 40",
        ),
        (
            # why: the group tells an age, of which the youngest is too young
            {"least_age": 66},
            {"client_groups": ("older_people",)},
            "AGE",
            "is aged 65 to 120, but P-1 takes people from 66",
        ),
        # why: nothing tells of any age
        ({"least_age": 18}, {}, "AGE", "is aged 0 to 120, but P-1 takes people from 18"),
        (
            {"residents": "men"},
            {"gender": "woman"},
            "RESIDENTS",
            "is a woman, but P-1 takes men only",
        ),
        (
            {"residents": "women"},
            {},
            "RESIDENTS",
            "is a person whose gender is not recorded, but P-1 takes women only",
        ),
    ],
)
def test_each_kind_of_broken_plan_has_its_sentence(
    gazetteer: Gazetteer, agency: dict[str, Any], asked: dict[str, Any], rule: str, sentence: str
) -> None:
    """A plan broken in one respect is refused once, with the value and the limit."""
    things = (provider(**agency), *AGENCY[1:], homecare_request(**asked))
    assert about(gazetteer, *things) == [Violation(rule, "R-1", sentence)]


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        (bed_for("older_people", "dementia"), home_for("dementia")),  # which names no age
        (placement_request(), home(client_groups=("older_people",))),  # it sells dementia beds
        (respite_request(), home(client_groups=("older_people",))),
        (bed_for("autism"), home_for(specialisms=("learning_disability",))),  # the same band
        (bed_for("older_people"), home_for(specialisms=("dementia",))),  # a need, no register
        (bed_for("older_people", age=64), home_for(most_age=64)),  # the age itself goes first
        (bed_for("younger_adults"), home_for(least_age=18, most_age=64)),
        (bed_for("older_people", gender="man"), home_for(residents="men")),
    ],
)
def test_what_is_only_just_kept_is_accepted(
    gazetteer: Gazetteer, asked: CareRequest, place: Provider
) -> None:
    """At the limit of each rule the plan stands."""
    assert about(gazetteer, asked, place, *HOME[1:]) == []


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        (placement_request(), home_for("older_people")),  # a bed for dementia
        (respite_request(), home_for("older_people", services=("respite",))),  # so is its stay
        (bed_for("autism"), home_for(specialisms=("mental_health",))),
        (bed_for("dementia"), home_for(specialisms=("autism",))),
    ],
)
def test_what_a_bed_and_old_books_tell_of_groups_is_read(
    gazetteer: Gazetteer, asked: CareRequest, place: Provider
) -> None:
    """The kind of bed tells a group of the person, and a home's specialisms those it takes."""
    assert [v.rule for v in about(gazetteer, asked, place, *HOME[1:])] == ["CLIENT_GROUP"]


def test_a_rule_that_has_fallen_silent_is_heard_from_the_referee(
    gazetteer: Gazetteer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The referee does not learn from the rules what to accept."""
    broken = {"status": "closed", "client_groups": ("autism",), "least_age": 65, "residents": "men"}
    asked = homecare_request(client_groups=("mental_health",), age=30, gender="woman")
    for rule in BATCH_RULES:
        if rule.rule_id in RECOUNTED:
            monkeypatch.setattr(type(rule), "refusal", lambda self, enquiry, number: None)
            monkeypatch.setattr(type(rule), "mask", lambda self, enquiry, standing: standing)
    found = about(gazetteer, provider(**broken), *AGENCY[1:], asked)
    assert {violation.rule for violation in found} == RECOUNTED


GROUPS = st.lists(st.sampled_from(ClientGroup), max_size=3, unique=True)
AGES = st.none() | st.integers(0, 120)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[CareRequest, Provider]:
    """Draw somebody of any group, age and gender, and any provider of what is asked for."""
    person = {
        "client_groups": draw(GROUPS),
        "age": draw(AGES),
        "gender": draw(st.sampled_from([None, "woman", "man"])),
    }
    bed = draw(st.sampled_from(["residential", "nursing_dementia"]))
    asked = draw(
        st.sampled_from(
            [
                homecare_request(**person),
                request(bed, placement=Placement(), personal_budget_pence_per_week=1, **person),
                respite_request(**person),
            ]
        )
    )
    least, most = sorted([draw(st.integers(0, 120)), draw(st.integers(0, 120))])
    is_agency = asked.is_homecare
    sold = ["homecare"] if is_agency else [bed, "respite", "nursing_dementia"]
    return asked, provider(
        kind=ProviderKind.HOMECARE if is_agency else ProviderKind.CARE_HOME,
        services=tuple(dict.fromkeys(sold[: draw(st.integers(1, 3))])),
        client_groups=draw(GROUPS),
        specialisms=tuple(group.value for group in draw(GROUPS)),
        least_age=draw(st.sampled_from([None, least])),
        most_age=draw(st.sampled_from([None, most])),
        residents=draw(st.sampled_from([None, "women", "men"])),
        status=draw(st.sampled_from(["open", "embargoed", "closed"])),
    )


@settings(deadline=None, max_examples=150)
@given(pairs())
def test_rules_and_referee_agree_over_drawn_pairs(
    gazetteer: Gazetteer, pair: tuple[CareRequest, Provider]
) -> None:
    """Each rule that the referee works out anew refuses just where the matcher's own does."""
    asked, one = pair
    told = pair_refusals(enquiry(gazetteer, asked, one), 0, BATCH_RULES)
    line = visiting() if asked.is_homecare else staying(provider_id=one.provider_id)
    found = check(market(gazetteer, asked, one), Allocation(placed=(line,)))
    if any(violation.rule == "INCOMPLETE" for violation in found):
        return
    refused = sorted(refusal.rule_id for refusal in told if refusal.rule_id in RECOUNTED)
    assert sorted(v.rule for v in found if v.rule in RECOUNTED) == refused
