"""Rules about who the carers are: the language they speak and their gender (S4)."""

from __future__ import annotations

import numpy as np

from matcher.eligibility.provider_rules import pair_of
from matcher.eligibility.rule import Change, Refusal, Rule
from matcher.enquiry import Enquiry
from matcher.market import Mask, any_of
from matcher.vocabulary import CarerGender, words_text

ASSUMED_LANGUAGE = "english"
"""Every provider is taken to speak it, listed or not."""


class Languages(Rule):
    """The agency speaks one of the person's languages, where policy requires it (S4).

    For a care home it stays a preference: homes seldom have languages on record, and a rule would
    leave people without any home.
    """

    rule_id = "LANGUAGE"
    citation = "S4, policy languages_required"
    mendable = True

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers that speak one of the languages."""
        passes = np.ones(len(enquiry.market), np.bool_)
        if not self._applies(enquiry):
            return passes
        spoken = [enquiry.market.word_mask("language", w) for w in enquiry.request.languages]
        return any_of(spoken)

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Name the languages needed and spoken."""
        request, provider = pair_of(enquiry, number)
        if not self._applies(enquiry) or set(request.languages) & set(provider.languages):
            return None
        needed = words_text(request.languages)
        return self.refuse(
            f"{request.request_id} needs {needed}; {provider.name} lists "
            f"{words_text(provider.languages)}.",
            Change(f"would do if {provider.name} has a carer who speaks {needed}", 1, "language"),
        )

    @staticmethod
    def _applies(enquiry: Enquiry) -> bool:
        languages = enquiry.request.languages
        required = enquiry.market.policy.rules.languages_required.value
        asked = bool(languages) and ASSUMED_LANGUAGE not in languages
        return required and asked and enquiry.request.is_homecare


class Gender(Rule):
    """The agency has carers of the gender the person needs, where policy requires it (S4).

    For a care home it stays a preference, as languages do.
    """

    rule_id = "CARER_GENDER"
    citation = "S4, policy carer_gender_required"
    mendable = True

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers known to have such carers."""
        gender = self._needed(enquiry)
        if gender is None:
            return np.ones(len(enquiry.market), np.bool_)
        market = enquiry.market
        return market.female_carers if gender is CarerGender.FEMALE else market.male_carers

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Say whether such carers are lacking or merely not on record."""
        gender = self._needed(enquiry)
        if gender is None:
            return None
        _, provider = pair_of(enquiry, number)
        female = gender is CarerGender.FEMALE
        known = provider.female_carers if female else provider.male_carers
        if known:
            return None
        state = "has none" if known is False else "has none on record"
        return self.refuse(
            f"{enquiry.request.request_id} needs {gender} carers; {provider.name} {state}.",
            Change(f"would do if {provider.name} confirms {gender} carers", 1, "carer gender"),
        )

    @staticmethod
    def _needed(enquiry: Enquiry) -> CarerGender | None:
        required = enquiry.market.policy.rules.carer_gender_required.value
        applies = required and enquiry.request.is_homecare
        return enquiry.request.carer_gender if applies else None
