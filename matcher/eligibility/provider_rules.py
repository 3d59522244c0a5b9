"""Rules about what a provider is and on what terms it works: cheap masks over the whole market."""

from __future__ import annotations

import numpy as np

from matcher.eligibility.approval import span_text
from matcher.eligibility.rule import Change, Refusal, Rule
from matcher.enquiry import Enquiry
from matcher.market import Mask, all_of, any_of
from matcher.model import CareRequest, Provider
from matcher.policy import Policy
from matcher.pricing import priced_services
from matcher.vocabulary import (
    Contract,
    CqcRating,
    ProviderKind,
    ProviderStatus,
    km_text,
    pounds_text,
    words_text,
)

RATING_ORDER = (
    CqcRating.INADEQUATE,
    CqcRating.REQUIRES_IMPROVEMENT,
    CqcRating.GOOD,
    CqcRating.OUTSTANDING,
)


def pair_of(enquiry: Enquiry, number: int) -> tuple[CareRequest, Provider]:
    """Return the request and the provider of that number."""
    return enquiry.request, enquiry.market.providers[number]


class Status(Rule):
    """No new work goes to a provider that is closed or under embargo."""

    rule_id = "STATUS"
    citation = "embargo and closure"
    mendable = True

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers that are open."""
        return enquiry.market.is_open

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Say that the provider is embargoed or closed."""
        _, provider = pair_of(enquiry, number)
        if provider.status is ProviderStatus.OPEN:
            return None
        if provider.status is ProviderStatus.CLOSED:
            return self.refuse(f"{provider.name} is closed.")
        change = Change("would do if the embargo is lifted", 1, "embargo")
        return self.refuse(f"{provider.name} is under embargo: no new work.", change)


class Service(Rule):
    """The provider sells the service asked for; respite also needs the kind of bed."""

    rule_id = "SERVICE"
    citation = "service and care type"

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers that sell everything needed."""
        sells = enquiry.market.sells
        return all_of(sells[s] for s in priced_services(enquiry.request))

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Name the services asked for and sold."""
        request, provider = pair_of(enquiry, number)
        lacking = [s for s in priced_services(request) if s not in provider.services]
        if not lacking:
            return None
        return self.refuse(
            f"{provider.name} does not provide {words_text(lacking)}; "
            f"it provides {words_text(provider.services)}."
        )


class Needs(Rule):
    """The provider's specialisms and registered groups cover the person's needs (H11)."""

    rule_id = "NEEDS"
    citation = "H11"

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers with every specialism needed."""
        passes = np.ones(len(enquiry.market), np.bool_)
        for need in enquiry.request.needs:
            passes &= enquiry.market.word_mask("specialism", need)
        return passes

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Name the needs that are not covered."""
        request, provider = pair_of(enquiry, number)
        lacking = [need for need in request.needs if need not in provider.abilities]
        if not lacking:
            return None
        return self.refuse(
            f"{provider.name} has no specialism in {words_text(lacking)}; "
            f"it has {words_text(provider.abilities)}."
        )


class ContractTerms(Rule):
    """The service is bought on a contract that policy allows; nominated homes are let in (L2)."""

    rule_id = "CONTRACT"
    citation = "H10, H11, L2"
    mendable = True
    effort = 3

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers on an allowed contract, and nominated homes."""
        allowed = self._allowed(enquiry.request, enquiry.market.policy)
        on_contract = enquiry.market.on_contract
        return any_of([enquiry.nominated, *(on_contract[c] for c in allowed)])

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Name the provider's contract and those that are allowed."""
        request, provider = pair_of(enquiry, number)
        allowed = self._allowed(request, enquiry.market.policy)
        if provider.contract in allowed or _is_nominated(request, provider):
            return None
        return self.refuse(
            f"{provider.name} is on a {provider.contract} contract; "
            f"{words_text([request.service_type])} is bought on: {words_text(allowed)}.",
            Change(f"would do if a {provider.contract} purchase is allowed", 1, "contract"),
        )

    @staticmethod
    def _allowed(request: CareRequest, policy: Policy) -> tuple[Contract, ...]:
        if request.is_homecare:
            return policy.rules.homecare_contracts.value
        if request.is_respite:
            return policy.rules.respite_contracts.value
        return policy.rules.long_term_contracts.value


class Excluded(Rule):
    """No provider the person excludes, or that found the person unsuitable, is asked (H15)."""

    rule_id = "EXCLUDED"
    citation = "H15"

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers that are not excluded."""
        passes = np.ones(len(enquiry.market), np.bool_)
        market, request = enquiry.market, enquiry.request
        out = {*request.excluded_providers, *market.unsuitable.get(request.request_id, ())}
        for provider_id in out & market.index.keys():
            passes[market.index[provider_id]] = False
        return passes

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Say who excluded whom."""
        request, provider = pair_of(enquiry, number)
        if provider.provider_id in request.excluded_providers:
            return self.refuse(f"{request.request_id} excludes {provider.name}.")
        if provider.provider_id in enquiry.market.unsuitable.get(request.request_id, ()):
            return self.refuse(
                f"{provider.name} has already found {request.request_id} unsuitable for it."
            )
        return None


class Zone(Rule):
    """The person lives in a zone that the provider serves; nominated homes are let in (L2)."""

    rule_id = "ZONE"
    citation = "zones, L2"
    mendable = True
    effort = 2

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers without zones, or with the person's zone among them."""
        market = enquiry.market
        passes = ~market.has_zones | enquiry.nominated
        if enquiry.zone is not None:
            passes |= market.word_mask("zone", enquiry.zone)
        return passes

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Name the person's zone and the provider's."""
        request, provider = pair_of(enquiry, number)
        here = enquiry.zone
        if not provider.zones or here in provider.zones or _is_nominated(request, provider):
            return None
        place = f"zone {here}" if here else f"{request.postcode}, which is in no zone"
        return self.refuse(
            f"{request.request_id} is in {place}; {provider.name} serves "
            f"{', '.join(provider.zones)}.",
            Change(f"would do if {provider.name} also serves {here or 'that postcode'}", 1, "zone"),
        )


class NoFerry(Rule):
    """No water lies between that carers could cross only by ferry or at low tide."""

    rule_id = "WATER"
    citation = "policy ferries_for_homecare"

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers that are reached over land, and all where ferries are taken."""
        return ~enquiry.ways.barred

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Name the water and the crossing by which one goes."""
        _, provider = pair_of(enquiry, number)
        if not enquiry.ways.barred[number]:
            return None
        between = enquiry.ways.between(number)
        water, crossing = next(passage for passage in between if not passage[1].suits_rounds)
        return self.refuse(
            f"{provider.name} is across {water.name} by {crossing.name}, which no carer takes on a "
            "round."
        )


class Radius(Rule):
    """The provider is within the radius; nominated homes are let in (L2)."""

    rule_id = "RADIUS"
    citation = "S11, policy radius, L2"
    mendable = True
    effort = 2

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers within the radius that binds them, and nominated homes."""
        return any_of([enquiry.distance_metres <= enquiry.radius_metres, enquiry.nominated])

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Give the distance, the radius and by how much it is exceeded."""
        request, provider = pair_of(enquiry, number)
        distance = int(enquiry.distance_metres[number])
        own = provider.max_distance_metres
        radius = enquiry.own_radius_metres if own is None else min(own, enquiry.own_radius_metres)
        if distance <= radius or _is_nominated(request, provider):
            return None
        beyond = distance - radius
        # In kilometres with one decimal a few metres would not show.
        text = km_text if beyond >= 100 else "{:,} m".format
        return self.refuse(
            f"{provider.name} is {text(distance)} away{enquiry.way_text(number)}; the radius is "
            f"{text(radius)}.",
            Change(f"{text(beyond)} beyond the radius", beyond, "metres"),
        )


class RatingFloor(Rule):
    """The CQC rating is not below the policy's floor, and Inadequate only where asked for (L5).

    No new work goes to a provider rated Inadequate, unless the person asks for it by name, or
    policy lets such providers in.
    """

    rule_id = "RATING"
    citation = "L5, policy minimum_rating, admit_inadequate"
    mendable = True

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers rated well enough, and unrated ones where policy admits them."""
        policy, rated = enquiry.market.policy, enquiry.market.rated
        passes = any_of(rated[r] for r in CqcRating if r in self._admitted(policy))
        if policy.rules.admit_inadequate.value:
            return passes
        return passes & (~rated[CqcRating.INADEQUATE] | enquiry.asked_for)

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Give the rating and the floor."""
        request, provider = pair_of(enquiry, number)
        policy, rating = enquiry.market.policy, provider.cqc_rating
        if rating not in self._admitted(policy):
            return self._below(provider, policy)
        asked = provider.provider_id in request.preferred_providers
        if rating is not CqcRating.INADEQUATE or asked or policy.rules.admit_inadequate.value:
            return None
        return self.refuse(
            f"{provider.name} is {rated_text(provider)}: no new placements there.",
            Change(
                f"would do if {request.request_id} asks for {provider.name} knowingly", 1, "wish"
            ),
        )

    def _below(self, provider: Provider, policy: Policy) -> Refusal:
        floor = words_text([policy.rules.minimum_rating.value])
        if provider.cqc_rating is CqcRating.NOT_YET_RATED:
            state, change = "not yet rated", "unrated providers are accepted"
        else:
            rating = words_text([provider.cqc_rating])
            state, change = f"rated {rating}", f"a rating of {rating} is accepted"
        return self.refuse(
            f"{provider.name} is {state}; the policy's least rating is {floor}.",
            Change(f"would do if {change}", 1, "rating"),
        )

    @staticmethod
    def _admitted(policy: Policy) -> frozenset[CqcRating]:
        floor = policy.rules.rating_floor
        if floor is None:
            return frozenset(CqcRating)
        rated = frozenset(RATING_ORDER[RATING_ORDER.index(floor) :])
        unrated = policy.rules.admit_unrated.value
        return rated | {CqcRating.NOT_YET_RATED} if unrated else rated


def rated_text(provider: Provider) -> str:
    """Return a provider's rating with its day, for example "rated Good on 2025-02-20"."""
    if provider.cqc_rating is CqcRating.NOT_YET_RATED:
        return "not yet rated"
    rating = words_text([provider.cqc_rating]).capitalize()
    when = provider.cqc_rated_on
    return f"rated {rating}, on a day not recorded" if when is None else f"rated {rating} on {when}"


def rating_warnings(enquiry: Enquiry, number: int) -> tuple[str, ...]:
    """Return what has to be confirmed of a provider rated Inadequate that is let in (L5)."""
    request, provider = pair_of(enquiry, number)
    if provider.cqc_rating is not CqcRating.INADEQUATE:
        return ()
    asked = provider.provider_id in request.preferred_providers
    why = "the person asked for it knowingly" if asked else "the policy lets such providers in"
    return (f"{provider.name} is {rated_text(provider)}; {why}: confirm (L5).",)


class MinimumHours(Rule):
    """The package is large enough for the provider's least weekly hours."""

    rule_id = "MINIMUM_HOURS"
    citation = "minimum weekly hours"
    mendable = True
    effort = 2

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers that take a package of this size."""
        if not enquiry.request.is_homecare:
            return np.ones(len(enquiry.market), np.bool_)
        minutes = enquiry.request.package.weekly_minutes
        return all_of([enquiry.market.min_weekly_minutes <= minutes])

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Give the package's minutes and the provider's least."""
        request, provider = pair_of(enquiry, number)
        least, minutes = provider.min_weekly_minutes or 0, request.package.weekly_minutes
        if not request.is_homecare or minutes >= least:
            return None
        short = least - minutes
        return self.refuse(
            f"{request.request_id} is {minutes:,} minutes a week; {provider.name} takes packages "
            f"from {least:,}.",
            Change(f"{short:,} minutes a week below the provider's least", short, "minutes a week"),
        )


class SpecialistBudget(Rule):
    """A specialist provider must be inside the personal budget (H11)."""

    rule_id = "BUDGET"
    citation = "H11"
    mendable = True
    effort = 3

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return generic providers, and specialist ones not known to exceed the budget."""
        return any_of([~enquiry.market.is_specialist, enquiry.over_budget_pence == 0])

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Give the cost, the budget and the difference."""
        _, provider = pair_of(enquiry, number)
        lots = enquiry.market.policy.rules.specialist_lots.value
        budget, known = enquiry.budget_pence, enquiry.prices.known[number]
        if provider.lot not in lots or budget is None or not known:
            return None
        held = int(enquiry.parts.held[number])
        if held <= budget:
            return None
        over = span_text(enquiry, held - budget)
        return self.refuse(
            f"{provider.name} costs {span_text(enquiry, held)}; the personal budget is "
            f"{pounds_text(budget)}.",
            Change(f"{over} above the personal budget", held - budget, "pence"),
        )


def _is_nominated(request: CareRequest, provider: Provider) -> bool:
    is_home = provider.kind is ProviderKind.CARE_HOME
    return is_home and provider.provider_id in request.preferred_providers
