"""The soft criteria, each 0-100 with its reason."""

from __future__ import annotations

from datetime import date

import numpy as np

from matcher.calendar import after_working_days
from matcher.eligibility import span_text
from matcher.enquiry import Enquiry, Starts
from matcher.market import Ints
from matcher.scoring.criterion import Criterion, hundredths
from matcher.vocabulary import (
    GRID_MINUTES,
    CqcRating,
    km_text,
    minute_text,
    pounds_text,
    words_text,
)
from matcher.wish import FULL_SCORE, Wish

DAYS_PER_YEAR = 365.25


class Cost(Criterion):
    """What is held against the lower of framework cost and personal budget (S2, S12).

    50 at the reference; 0 at, and beyond, a policy share above it; 100 that share below. No rate
    on file scores 0. Where the council pays nothing the whole price is compared, with the
    framework cost alone: the same ruler for every home. A stay is compared in all.
    """

    name = "cost"

    def applies(self, enquiry: Enquiry) -> bool:
        """Need a framework rate or a budget to compare with."""
        return bool(self._references(enquiry).any())

    def scores(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Score by the difference from the reference cost."""
        reference = np.maximum(self._references(enquiry)[numbers], 1).astype(np.float64)
        spread = enquiry.market.policy.scoring.cost_spread.value
        cost = enquiry.compared_pence[numbers].astype(np.float64)
        share = 0.5 + 0.5 * (reference - cost) / (spread * reference)
        return np.where(enquiry.prices.known[numbers], hundredths(share), 0)

    def reason(self, enquiry: Enquiry, starts: Starts, number: int) -> str:
        """Give the cost and what it is compared with."""
        if not enquiry.prices.known[number]:
            return "no rate on file"
        cost = span_text(enquiry, int(enquiry.compared_pence[number]))
        reference = int(self._references(enquiry)[number])
        if not reference:
            return f"{cost}; no framework rate or budget to compare with"
        return f"{cost} against {pounds_text(reference)}"

    @staticmethod
    def _references(enquiry: Enquiry) -> Ints:
        """Return what each provider is compared with, [providers]; 0 for nothing."""
        framework = np.maximum(enquiry.prices.framework_bill_pence, 0)
        budget = enquiry.budget_pence
        if not budget:
            return framework
        return np.where(framework > 0, np.minimum(framework, budget), budget)


class Distance(Criterion):
    """Distance as a share of the radius: 100 at the door, 0 at the radius (S11)."""

    name = "distance"

    def scores(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Score by what is left of the radius."""
        radius = max(enquiry.own_radius_metres, 1)
        return hundredths(1.0 - enquiry.distance_metres[numbers] / radius)

    def steps(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Count steps of distance, whatever the radius: less than one counts as none."""
        step = enquiry.market.policy.allocation.step_metres.value
        return enquiry.distance_metres[numbers] // step

    def reason(self, enquiry: Enquiry, starts: Starts, number: int) -> str:
        """Give the distance and the radius."""
        distance = int(enquiry.distance_metres[number])
        way = enquiry.way_text(number)
        return f"{km_text(distance)}{way} of a {km_text(enquiry.own_radius_metres)} radius"


class Quality(Criterion):
    """The CQC rating, fading with age towards what no rating says (S2).

    Full weight while fresh, none once stale, linear in between. A rating without a date counts
    as fresh.
    """

    name = "quality"

    def scores(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Score by rating and age."""
        market, scoring = enquiry.market, enquiry.market.policy.scoring
        base = np.zeros(len(numbers))
        for rating, mask in market.rated.items():
            base[mask[numbers]] = scoring.rating_points(rating)
        rated_on = market.rated_on_day[numbers]
        years = (market.book.as_of.toordinal() - rated_on) / DAYS_PER_YEAR
        fresh, stale = scoring.rating_fresh_years.value, scoring.rating_stale_years.value
        kept = np.clip((stale - years) / (stale - fresh), 0.0, 1.0)
        unrated = scoring.not_yet_rated.value
        faded = unrated + (base - unrated) * np.where(rated_on > 0, kept, 1.0)
        return hundredths(faded / 100)

    def reason(self, enquiry: Enquiry, starts: Starts, number: int) -> str:
        """Give the rating and its date."""
        provider = enquiry.market.providers[number]
        rating = words_text([provider.cqc_rating])
        if provider.cqc_rating is CqcRating.NOT_YET_RATED:
            return rating
        when = provider.cqc_rated_on
        return f"CQC {rating}, {f'rated {when}' if when else 'date not recorded'}"


class Continuity(Criterion):
    """The provider that already cares for the person (S5, H17)."""

    name = "continuity"

    def applies(self, enquiry: Enquiry) -> bool:
        """Need a current provider."""
        return enquiry.request.current_provider_id is not None

    def scores(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Score 100 for the current provider, 0 for all others."""
        current = enquiry.market.index.get(enquiry.request.current_provider_id or "", -1)
        return np.where(numbers == current, FULL_SCORE, 0)

    def reason(self, enquiry: Enquiry, starts: Starts, number: int) -> str:
        """Say whether it is the current provider."""
        current = enquiry.request.current_provider_id
        if current is None:
            return "no current provider"
        same = enquiry.market.providers[number].provider_id == current
        return "current provider" if same else f"current provider is {current}"


class Preference(Criterion):
    """A home or agency the person prefers: the first named 100, each later one less (S9)."""

    name = "preference"

    def applies(self, enquiry: Enquiry) -> bool:
        """Need a preferred provider."""
        return bool(enquiry.request.preferred_providers)

    def scores(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Score by place in the person's list: of n, the first 1, the last 1/n."""
        named = enquiry.request.preferred_providers
        share = np.zeros(len(enquiry.market))
        for place in reversed(range(len(named))):
            number = enquiry.market.index.get(named[place])
            if number is not None:
                share[number] = (len(named) - place) / len(named)
        return hundredths(share[numbers])

    def reason(self, enquiry: Enquiry, starts: Starts, number: int) -> str:
        """Give the place in the list."""
        named = enquiry.request.preferred_providers
        provider_id = enquiry.market.providers[number].provider_id
        if provider_id in named:
            return f"preferred, choice {named.index(provider_id) + 1} of {len(named)}"
        return "not among the preferred" if named else "no preference given"


class Culture(Criterion):
    """Language and gender of carer: half each, or whichever is asked for (S4)."""

    name = "culture"

    def applies(self, enquiry: Enquiry) -> bool:
        """Need a language or a gender of carer."""
        return bool(enquiry.request.languages) or enquiry.request.carer_gender is not None

    def scores(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Score the share of what is asked for that the provider has."""
        parts = [[met for _, met in self._parts(enquiry, int(number))] for number in numbers]
        return hundredths(np.array([sum(p) / max(len(p), 1) for p in parts]))

    def reason(self, enquiry: Enquiry, starts: Starts, number: int) -> str:
        """Say what is met and what is not."""
        parts = self._parts(enquiry, number)
        told = "; ".join(f"{what}: {'yes' if met else 'no'}" for what, met in parts)
        return told or "nothing asked for"

    @staticmethod
    def _parts(enquiry: Enquiry, number: int) -> list[tuple[str, bool]]:
        request, provider = enquiry.request, enquiry.market.providers[number]
        parts = []
        if request.languages:
            spoken = {*provider.languages, "english"}
            parts.append((words_text(request.languages), bool(spoken & set(request.languages))))
        if request.carer_gender is not None:
            female = request.carer_gender.value == "female"
            has = provider.female_carers if female else provider.male_carers
            parts.append((f"{request.carer_gender} carers", has is True))
        return parts


class EarliestStart(Criterion):
    """How soon care could start: 100 by the wanted day, less for each day late (S6).

    0 at the policy's limit. Each day counts in whole hundredths, so that a plan that chooses days
    of admission counts the same.
    """

    name = "earliest_start"

    def wishes(self, enquiry: Enquiry) -> tuple[Wish, ...]:
        """Count days of admission; the first visits of homecare follow from the agency alone."""
        return () if enquiry.request.is_homecare else (self._late(enquiry),)

    def scores(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Score by days after the wanted day."""
        return FULL_SCORE - self._late(enquiry).amounts(starts.start_day[numbers])

    def steps(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Count days late."""
        return self._late(enquiry).in_steps.amounts(starts.start_day[numbers])

    @staticmethod
    def _late(enquiry: Enquiry) -> Wish:
        wanted = enquiry.market.day_number(wanted_start(enquiry))
        days = enquiry.market.policy.scoring.late_days.value
        return Wish(
            visit=0,
            target=max(wanted, 0),
            step=1,
            per_step=-(-FULL_SCORE // days),
            most=FULL_SCORE,
            both_ways=False,
        )

    def reason(self, enquiry: Enquiry, starts: Starts, number: int) -> str:
        """Give the first day and the wanted day."""
        first = enquiry.date_of(int(starts.start_day[number]))
        return f"can start {first}, wanted by {wanted_start(enquiry)}"


def wanted_start(enquiry: Enquiry) -> date:
    """Return the day care is wanted by: that asked for, else the end of the service clock (H22).

    The clock counts working days, as the working hours that its source gives do.
    """
    request, policy = enquiry.request, enquiry.market.policy
    if request.wanted_by is not None:
        return request.wanted_by
    since = request.waiting_since or enquiry.market.book.as_of
    return after_working_days(since, policy.times.service_clock_days.value)


class VisitTimes(Criterion):
    """How near visits are to the times that people would choose, in coarse steps (S7).

    That is the time asked for, or else the ideal of the visit's band. Visits share the marks
    alike; the sum of what each is short of is what the score is short of. Times that do not keep
    the policy's least gap between two visits score 0, unless no agency could keep it.
    """

    name = "visit_times"

    def applies(self, enquiry: Enquiry) -> bool:
        """Need visits."""
        return bool(enquiry.request.package.visits)

    def wishes(self, enquiry: Enquiry) -> tuple[Wish, ...]:
        """Count steps between each visit's start and the best time for it."""
        return enquiry.shape.wishes

    def scores(self, enquiry: Enquiry, starts: Starts, numbers: Ints) -> Ints:
        """Score by what the times of all visits are short of together."""
        short = np.zeros(len(numbers), np.int64)
        for wish in self.wishes(enquiry):
            short += enquiry.added(wish, starts, numbers)
        return FULL_SCORE - short

    def reason(self, enquiry: Enquiry, starts: Starts, number: int) -> str:
        """Give each offered time, the best one where that is another, and a gap not kept."""
        told = []
        for visit, wanted in self._wanted(enquiry):
            offered = int(starts.visit_slots[number, visit]) * GRID_MINUTES
            best = "" if offered == wanted else f" for {minute_text(wanted)}"
            told.append(f"{minute_text(offered)}{best}")
        if enquiry.breaks_gap(starts, np.array([number]))[0]:
            least = enquiry.market.policy.times.least_gap_minutes.value
            told.append(f"the least gap of {least} minutes is not kept")
        return ", ".join(told) or "no visits"

    @staticmethod
    def _wanted(enquiry: Enquiry) -> list[tuple[int, int]]:
        """Return the best time of each visit: position in the package, minute of the day."""
        visits, best = enquiry.request.package.visits, enquiry.shape.target_starts
        return [
            (i, slot * GRID_MINUTES if visit.at_minute is None else visit.at_minute)
            for i, (visit, slot) in enumerate(zip(visits, best, strict=True))
        ]
