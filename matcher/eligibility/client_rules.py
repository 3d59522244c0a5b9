"""Rules about for whom a place is: groups, ages, and homes for women or men only (L4)."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from matcher.eligibility.provider_rules import pair_of
from matcher.eligibility.rule import Change, Refusal, Rule
from matcher.enquiry import Enquiry
from matcher.market import Mask, all_of, any_of
from matcher.model import CareRequest, Provider
from matcher.vocabulary import (
    AGE_GROUPS,
    GREATEST_AGE,
    ClientGroup,
    PersonGender,
    Residents,
    words_text,
)

_TAKEN = {Residents.WOMEN: PersonGender.WOMAN, Residents.MEN: PersonGender.MAN}


class ForWhom(Rule):
    """A rule about for whom a place is, which request and provider alone decide (L4)."""

    citation = "L4"
    mendable = True
    effort = 5

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Return why the rule refuses the provider of that number; ``None`` if it does not."""
        return self.of_pair(*pair_of(enquiry, number))

    @abstractmethod
    def of_pair(self, request: CareRequest, provider: Provider) -> Refusal | None:
        """Return why the rule refuses a provider; ``None`` if it does not."""


class ClientGroups(ForWhom):
    """The provider is registered for every group to which the person's care belongs (L4).

    A provider that names a condition and no age may take older people and younger adults with
    that condition. What is not on record refuses nobody, and no wish opens a registration.
    """

    rule_id = "CLIENT_GROUP"

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers registered for all the groups, or with none on record."""
        market = enquiry.market
        ages, conditions = _parted(enquiry.request)
        passes = np.ones(len(market), np.bool_)
        for condition in conditions:
            passes &= market.word_mask("group", condition)
        for age in ages:
            registered = market.word_mask("group", age)
            if conditions:
                named = any_of(market.word_mask("group", each) for each in sorted(AGE_GROUPS))
                registered = registered | ~named
            passes &= registered
        return passes | ~market.has_groups

    def of_pair(self, request: CareRequest, provider: Provider) -> Refusal | None:
        """Name the groups that the provider is not registered for, and those that it is."""
        lacking = _lacking(request, provider)
        if not lacking:
            return None
        held, needed = words_text(sorted(provider.registered_groups)), words_text(lacking)
        return self.refuse(
            f"{provider.name} is not registered for {needed}; it is registered for {held}.",
            Change(
                f"would do if {provider.name} is registered for {needed}", len(lacking), "group"
            ),
        )


def _parted(request: CareRequest) -> tuple[list[ClientGroup], list[ClientGroup]]:
    """Return the groups of a request that tell of an age, and those that tell of a condition."""
    groups = sorted(request.groups)
    ages = [group for group in groups if group in AGE_GROUPS]
    return ages, [group for group in groups if group not in AGE_GROUPS]


def _lacking(request: CareRequest, provider: Provider) -> list[ClientGroup]:
    registered = provider.registered_groups
    if not registered:
        return []
    ages, conditions = _parted(request)
    lacking = [group for group in conditions if group not in registered]
    if not conditions or registered & AGE_GROUPS:
        lacking += [group for group in ages if group not in registered]
    return lacking


class Age(ForWhom):
    """The person is of an age that the provider takes (L4)."""

    rule_id = "AGE"

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers that take every age that the person may have."""
        market = enquiry.market
        youngest, oldest = enquiry.request.ages or (0, GREATEST_AGE)
        return all_of([market.least_age <= youngest, market.most_age >= oldest])

    def of_pair(self, request: CareRequest, provider: Provider) -> Refusal | None:
        """Give the person's age, recorded or not, and the ages that the provider takes."""
        youngest, oldest = request.ages or (0, GREATEST_AGE)
        least = 0 if provider.least_age is None else provider.least_age
        most = GREATEST_AGE if provider.most_age is None else provider.most_age
        if least <= youngest and oldest <= most:
            return None
        taken = _ages_text(least, most)
        if request.age is None:
            return self.refuse(
                f"The age of {request.request_id} is not recorded; {provider.name} takes people "
                f"{taken}.",
                Change(f"would do if recorded as {taken}", 1, "record"),
            )
        beyond = max(least - request.age, request.age - most)
        return self.refuse(
            f"{request.request_id} is {request.age}; {provider.name} takes people {taken}.",
            Change(f"would do if {provider.name} takes people of {request.age}", beyond, "years"),
        )


def _ages_text(least: int, most: int) -> str:
    if most == GREATEST_AGE:
        return f"aged {least} or over"
    return f"aged {most} or under" if least == 0 else f"aged {least} to {most}"


class OnlyResidents(ForWhom):
    """A home for women or for men only takes nobody else (L4)."""

    rule_id = "RESIDENTS"

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers for anybody, and those for the person's gender."""
        only_for = enquiry.market.only_for
        others = [mask for only, mask in only_for.items() if _TAKEN[only] != enquiry.request.gender]
        return ~any_of(others)

    def of_pair(self, request: CareRequest, provider: Provider) -> Refusal | None:
        """Say for whom the home is, and whether the person's gender is another or not recorded."""
        if provider.residents is None or _TAKEN[provider.residents] is request.gender:
            return None
        whom = f"{provider.name} is for {provider.residents} only"
        if request.gender is None:
            return self.refuse(
                f"The gender of {request.request_id} is not recorded; {whom}.",
                Change(f"would do if recorded as a {_TAKEN[provider.residents]}", 1, "record"),
            )
        return self.refuse(f"{request.request_id} is a {request.gender}; {whom}.")


FOR_WHOM_RULES: tuple[ForWhom, ...] = (ClientGroups(), Age(), OnlyResidents())


def for_others(request: CareRequest, provider: Provider) -> Refusal | None:
    """Return why a provider's places are for others than the person; ``None`` where they are not.

    Of several reasons the first.
    """
    found = (rule.of_pair(request, provider) for rule in FOR_WHOM_RULES)
    return next((refusal for refusal in found if refusal is not None), None)
