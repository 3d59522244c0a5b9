"""Rules in triples: trivially kept, broken with a sentence and a change, and only just kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from matcher.eligibility import RULES, Change, Refusal
from matcher.enquiry import Enquiry
from matcher.geography import Gazetteer
from matcher.model import CareRequest, Frozen, Placement, Provider
from matcher.policy import Policy
from matcher.vocabulary import ServiceType
from tests.builders import enquiry, home, homecare_request, placement_request, provider, request


def said(rule_id: str, asked: Enquiry, provider_id: str | None = None) -> Refusal | None:
    """Return what one rule says of one pair, after checking that its mask says the same."""
    rule = next(rule for rule in RULES if rule.rule_id == rule_id)
    number = 0 if provider_id is None else asked.market.provider_number(provider_id)
    refusal = rule.refusal(asked, number)
    everyone = np.ones(len(asked.market), np.bool_)
    assert bool(rule.mask(asked, everyone)[number]) == (refusal is None)
    return refusal


@dataclass(frozen=True)
class Triple:
    """Three books for one rule, each a request and the only provider, and what breaking it says."""

    rule_id: str
    kept: tuple[Frozen, ...]
    broken: tuple[Frozen, ...]
    just: tuple[Frozen, ...]
    sentence: str
    change: Change | None = None
    policy: Policy | None = None

    def hold(self, gazetteer: Gazetteer) -> None:
        """Hold the rule against all three books."""
        assert said(self.rule_id, enquiry(gazetteer, *self.kept, policy=self.policy)) is None
        refusal = said(self.rule_id, enquiry(gazetteer, *self.broken, policy=self.policy))
        assert refusal is not None
        assert refusal.sentence == self.sentence
        assert refusal.change == self.change
        assert refusal.rule_id == self.rule_id
        assert refusal.citation
        assert said(self.rule_id, enquiry(gazetteer, *self.just, policy=self.policy)) is None


def bed_for(*groups: str, **changes: Any) -> CareRequest:
    """Build a request for a residential bed for somebody of some groups."""
    usual: dict[str, Any] = {
        "client_groups": groups,
        "personal_budget_pence_per_week": 100_000,
        "placement": Placement(),
    }
    return request(ServiceType.RESIDENTIAL, **{**usual, **changes})


def home_for(*groups: str, **changes: Any) -> Provider:
    """Build a residential home that is registered for some groups."""
    return home(**{"services": ("residential",), "client_groups": groups, **changes})


CLIENT_TRIPLES = (
    Triple(
        "CLIENT_GROUP",
        kept=(bed_for("older_people"), home_for()),  # nothing on record refuses nobody
        broken=(bed_for("older_people"), home_for("learning_disability", "autism")),
        just=(bed_for("older_people"), home_for("learning_disability", "older_people")),
        sentence="Home H-1 is not registered for older people; it is registered for autism, "
        "learning disability.",
        change=Change("would do if Home H-1 is registered for older people", 1, "group"),
    ),
    Triple(
        "CLIENT_GROUP",  # older people are not for that people with dementia
        kept=(bed_for("older_people", "dementia"), home_for("dementia", "older_people")),
        broken=(bed_for("older_people", "dementia"), home_for("older_people")),
        just=(bed_for("older_people", "dementia"), home_for("dementia")),  # which names no age
        sentence="Home H-1 is not registered for dementia; it is registered for older people.",
        change=Change("would do if Home H-1 is registered for dementia", 1, "group"),
    ),
    Triple(
        "CLIENT_GROUP",  # one that names an age keeps to it
        kept=(bed_for("younger_adults"), home_for("younger_adults")),
        broken=(
            bed_for("older_people", "learning_disability"),
            home_for("younger_adults", "mental_health"),
        ),
        just=(bed_for("older_people", "autism"), home_for("autism", "mental_health")),
        sentence="Home H-1 is not registered for learning disability, older people; it is "
        "registered for mental health, younger adults.",
        change=Change(
            "would do if Home H-1 is registered for learning disability, older people", 2, "group"
        ),
    ),
    Triple(
        "CLIENT_GROUP",  # agencies as well as homes
        kept=(homecare_request(client_groups=("mental_health",)), provider()),
        broken=(
            homecare_request(client_groups=("mental_health",)),
            provider(client_groups=("older_people", "dementia")),
        ),
        just=(
            homecare_request(client_groups=("mental_health",)),
            provider(client_groups=("older_people", "mental_health")),
        ),
        sentence="Agency P-1 is not registered for mental health; it is registered for dementia, "
        "older people.",
        change=Change("would do if Agency P-1 is registered for mental health", 1, "group"),
    ),
    Triple(
        "CLIENT_GROUP",  # a bed for dementia says so itself, of the person and of the home
        kept=(placement_request(), home(client_groups=("older_people",))),
        broken=(placement_request(), home_for("older_people")),
        just=(placement_request(), home_for("dementia")),
        sentence="Home H-1 is not registered for dementia; it is registered for older people.",
        change=Change("would do if Home H-1 is registered for dementia", 1, "group"),
    ),
    Triple(
        "AGE",
        kept=(bed_for(), home_for()),
        broken=(bed_for(age=61), home_for(least_age=65)),
        just=(bed_for(age=65), home_for(least_age=65)),
        sentence="R-1 is 61; Home H-1 takes people aged 65 or over.",
        change=Change("would do if Home H-1 takes people of 61", 4, "years"),
    ),
    Triple(
        "AGE",
        kept=(bed_for(age=18), home_for(most_age=120)),
        broken=(bed_for(age=67), home_for(most_age=64)),
        just=(bed_for(age=64), home_for(least_age=18, most_age=64)),
        sentence="R-1 is 67; Home H-1 takes people aged 64 or under.",
        change=Change("would do if Home H-1 takes people of 67", 3, "years"),
    ),
    Triple(
        "AGE",  # no age is recorded, but the group tells one
        kept=(bed_for("older_people"), home_for(least_age=65)),
        broken=(bed_for("older_people"), home_for(least_age=55, most_age=80)),
        just=(bed_for("younger_adults"), home_for(least_age=18, most_age=64)),
        sentence="The age of R-1 is not recorded; Home H-1 takes people aged 55 to 80.",
        change=Change("would do if recorded as aged 55 to 80", 1, "record"),
    ),
    Triple(
        "RESIDENTS",
        kept=(bed_for(gender="man"), home_for()),
        broken=(bed_for(gender="man"), home_for(residents="women")),
        just=(bed_for(gender="woman"), home_for(residents="women")),
        sentence="R-1 is a man; Home H-1 is for women only.",
    ),
    Triple(
        "RESIDENTS",
        kept=(bed_for(), home_for()),
        broken=(bed_for(), home_for(residents="men")),
        just=(bed_for(gender="man"), home_for(residents="men")),
        sentence="The gender of R-1 is not recorded; Home H-1 is for men only.",
        change=Change("would do if recorded as a man", 1, "record"),
    ),
)
"""Of the rules about for whom a place is."""
