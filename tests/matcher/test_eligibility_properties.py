"""What holds for every rule on any book: masks and sentences agree, and changes keep their word."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.eligibility import (
    CAPACITY_RULE,
    RULES,
    TERM_RULES,
    Refusal,
    approval_reasons,
    judge,
    pair_refusals,
    request_refusals,
)
from matcher.enquiry import Enquiry
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import Book, CareRequest, Provider
from matcher.policy import Policy, default_policy
from matcher.vocabulary import PersonGender, ProviderStatus, Residents
from tests.builders import council_policy
from tests.serving_books import serving_books
from tests.strategies import books

POLICIES = st.sampled_from(
    [
        default_policy(),
        council_policy(
            rules__minimum_rating="good",
            rules__admit_unrated=False,
            radius__homecare_miles=7.0,
            allocation__bed_horizon_days=28,
        ),
        council_policy(rules__languages_required=False, rules__carer_gender_required=False),
    ]
)
FULL = st.one_of(serving_books(), books(gaps=False))
quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def enquiries(book: Book, policy: Policy, gazetteer: Gazetteer) -> list[Enquiry]:
    """Return every request of a book that may be searched for, put to its market."""
    market = Market(book, policy, gazetteer)
    return [
        Enquiry(market, request)
        for request in book.requests
        if not request_refusals(request, book, policy)
    ]


@quick
@given(book=FULL, policy=POLICIES)
def test_a_mask_and_its_sentence_agree_for_every_pair(
    book: Book, policy: Policy, gazetteer: Gazetteer
) -> None:
    """Asked of everyone, each rule's mask is true exactly where its sentence is silent.

    Generic-first is left to the next test: it asks who satisfied all other rules.
    """
    for asked in enquiries(book, policy, gazetteer):
        everyone = np.ones(len(asked.market), np.bool_)
        for rule in (*TERM_RULES, CAPACITY_RULE):
            silent = [rule.refusal(asked, i) is None for i in range(len(asked.market))]
            assert rule.mask(asked, everyone).tolist() == silent, rule.rule_id


@quick
@given(book=FULL, policy=POLICIES)
def test_judging_everyone_agrees_with_judging_each_pair(
    book: Book, policy: Policy, gazetteer: Gazetteer
) -> None:
    """The same providers are eligible, and the same rules refuse the others.

    Judging everyone asks capacity only of those whom every cheaper rule admits.
    """
    for asked in enquiries(book, policy, gazetteer):
        verdict = judge(asked)
        for number in range(len(asked.market)):
            alone = pair_refusals(asked, number)
            assert bool(verdict.eligible[number]) == (alone == ())
            by_terms = any(r.rule_id in {t.rule_id for t in TERM_RULES} for r in alone)
            expected = [r for r in alone if not (by_terms and r.rule_id == "CAPACITY")]
            assert list(verdict.refusals(number)) == expected
            assert [rule.rule_id for rule in verdict.failed_rules(number)] == [
                refusal.rule_id for refusal in expected
            ]


@quick
@given(book=FULL, policy=POLICIES)
def test_a_refusal_names_the_thing_and_a_change_comes_only_from_rules_that_mend(
    book: Book, policy: Policy, gazetteer: Gazetteer
) -> None:
    """Every sentence ends like one and names the provider; every change has a size above nought."""
    mendable = {rule.rule_id for rule in RULES if rule.mendable}
    for asked in enquiries(book, policy, gazetteer):
        for number, provider in enumerate(asked.market.providers):
            for refusal in pair_refusals(asked, number):
                assert provider.name in refusal.sentence
                assert refusal.sentence.endswith(".")
                if refusal.change is not None:
                    assert refusal.rule_id in mendable
                    assert refusal.change.size > 0
                    assert refusal.change.sentence


@quick
@given(book=FULL, policy=POLICIES)
def test_price_needs_agreement_exactly_where_a_reason_is_given(
    book: Book, policy: Policy, gazetteer: Gazetteer
) -> None:
    """The flag and the sentences of H9 cannot part."""
    for asked in enquiries(book, policy, gazetteer):
        for number in range(len(asked.market)):
            assert bool(asked.needs_approval[number]) == bool(approval_reasons(asked, number))


@quick
@given(book=FULL, policy=POLICIES)
def test_starts_respect_lead_time_and_window(
    book: Book, policy: Policy, gazetteer: Gazetteer
) -> None:
    """Nobody starts before the notice a provider needs, nor outside the days asked for."""
    for asked in enquiries(book, policy, gazetteer):
        verdict = judge(asked)
        for number in np.flatnonzero(verdict.eligible).tolist():
            start, lead = int(verdict.starts.start_day[number]), asked.market.lead_days[number]
            assert start >= lead
            placement = asked.request.placement
            if asked.request.is_homecare:
                weekdays = {d.number for v in asked.request.package.visits for d in v.days}
                assert asked.date_of(start).weekday() in weekdays
            elif placement and placement.admit_from and placement.admit_to and placement.nights:
                last_night = start + placement.nights - 1
                assert placement.admit_from <= asked.date_of(start)
                assert asked.date_of(last_night) <= placement.admit_to


OF_THE_RECORD = ("AGE", "RESIDENTS", "RATING")
"""Rules whose changes, but for a floor of ratings, are granted by what is recorded of a person."""


def recorded(request: CareRequest, provider: Provider) -> dict[str, object]:
    """Return what would be recorded of a person whom a provider takes, who asks for it."""
    women_only = provider.residents is Residents.WOMEN
    return {
        "age": provider.most_age if provider.least_age is None else provider.least_age,
        "gender": PersonGender.WOMAN if women_only else PersonGender.MAN,
        "preferred_providers": (*request.preferred_providers, provider.provider_id),
    }


def mended(book: Book, asked: Enquiry, provider: Provider, refusal: Refusal) -> Book | None:
    """Return the book once a refusal's smallest change is granted; None if that is no book's."""
    changes: dict[str, object] = {}
    request = asked.request
    if refusal.rule_id == "RADIUS":
        changes["max_distance_metres"] = None
    elif refusal.rule_id == "STATUS":
        changes["status"] = ProviderStatus.OPEN
    elif refusal.rule_id == "ZONE" and asked.zone:
        changes["zones"] = (*provider.zones, asked.zone)
    elif refusal.rule_id == "LANGUAGE":
        changes["languages"] = (*provider.languages, *request.languages)
    elif refusal.rule_id == "CARER_GENDER":
        changes |= {"female_carers": True, "male_carers": True}
    elif refusal.rule_id == "MINIMUM_HOURS" and refusal.change:
        least = provider.min_weekly_minutes or 0
        changes["min_weekly_minutes"] = least - refusal.change.size
    elif refusal.rule_id == "CLIENT_GROUP":
        changes["client_groups"] = (*provider.registered_groups, *request.groups)
    elif refusal.rule_id not in OF_THE_RECORD:
        return None
    better = provider.model_copy(update=changes)
    others = tuple(p for p in book.providers if p.provider_id != provider.provider_id)
    asks = book.requests
    if refusal.rule_id in OF_THE_RECORD:
        told = request.model_copy(update=recorded(request, provider))
        asks = tuple(told if r.request_id == request.request_id else r for r in asks)
    if refusal.rule_id == "RADIUS" and refusal.change:
        metres = int(asked.radius_metres[asked.market.index[provider.provider_id]])
        metres += refusal.change.size
        better = provider.model_copy(update={"max_distance_metres": metres})
        farther = request.model_copy(update={"max_distance_metres": metres})
        asks = tuple(farther if r.request_id == request.request_id else r for r in asks)
    return book.model_copy(update={"providers": (*others, better), "requests": asks})


@quick
@given(book=FULL)
def test_a_change_granted_admits_the_pair_under_its_rule(book: Book, gazetteer: Gazetteer) -> None:
    """What is called the smallest change that would admit a pair does admit it.

    The policy's own radius is made wide, so that only what the change names stands in the way.
    """
    policy = council_policy(radius__homecare_miles=900.0, radius__care_home_miles=900.0)
    for asked in enquiries(book, policy, gazetteer):
        for number, provider in enumerate(asked.market.providers):
            for refusal in pair_refusals(asked, number):
                after = mended(book, asked, provider, refusal) if refusal.change else None
                if after is None:
                    continue
                market = Market(after, policy, gazetteer)
                again = Enquiry(market, market.request(asked.request.request_id))
                left = pair_refusals(again, market.provider_number(provider.provider_id))
                assert refusal.rule_id not in {r.rule_id for r in left}


@quick
@given(book=FULL)
def test_the_radius_change_is_the_smallest(book: Book, gazetteer: Gazetteer) -> None:
    """Distance is the radius plus the change, to the metre; the text rounds it."""
    radius = next(rule for rule in RULES if rule.rule_id == "RADIUS")
    for asked in enquiries(book, default_policy(), gazetteer):
        for number in range(len(asked.market)):
            refusal = radius.refusal(asked, number)
            if refusal is None or refusal.change is None:
                continue
            bound = int(asked.radius_metres[number])
            assert bound + refusal.change.size == int(asked.distance_metres[number])
            told = re.match(r"([\d.,]+) (km|m) beyond the radius", refusal.change.sentence)
            assert told is not None
            metres = float(told[1].replace(",", "")) * (1000 if told[2] == "km" else 1)
            assert abs(metres - refusal.change.size) <= 50
