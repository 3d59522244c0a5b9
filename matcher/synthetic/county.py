"""A whole synthetic county: one book from one spec."""

from __future__ import annotations

from matcher.geography import Gazetteer
from matcher.model import Book
from matcher.policy import default_policy
from matcher.synthetic import figures
from matcher.synthetic.capacity import draw_capacity
from matcher.synthetic.chance import Dice
from matcher.synthetic.choices import offer_choices
from matcher.synthetic.ledger import draw_history
from matcher.synthetic.money import agency_rates, framework_rates, home_rates, set_ceilings
from matcher.synthetic.people import County, draw_people
from matcher.synthetic.places import lay_out
from matcher.synthetic.providers import draw_agencies, draw_beds, draw_homes
from matcher.synthetic.spec import CountySpec


def generate(spec: CountySpec, gazetteer: Gazetteer) -> Book:
    """Return an invented book of care on real postcodes; the same spec gives the same book.

    Figures follow published ones where there are any, see :mod:`matcher.synthetic.figures`.
    People, providers, rates and vacancies are invented. Times fit the default policy's bands.

    Parameters
    ----------
    spec
        Size, place, day and seed.
    gazetteer
        Where postcodes are.

    Raises
    ------
    MatcherError
        When no postcode carries the council's code.
    """
    policy = default_policy()
    places = lay_out(spec, gazetteer)
    ceilings = set_ceilings(places, spec.as_of)
    agencies = draw_agencies(spec, places)
    homes = draw_homes(spec, places)
    sizes = Dice(spec, "sizes").lognormal(1.0, figures.AGENCY_SIZE_SIGMA, spec.agencies).tolist()
    choices = offer_choices(places, agencies, sizes, homes.providers)
    people = draw_people(County(spec, places, ceilings, policy.bands, choices))
    served = {line.request_id for line in people.running}
    waiting = [request for request in people.requests if request.request_id not in served]
    dice = Dice(spec, "rates")
    rates = agency_rates(dice, agencies, ceilings) + home_rates(dice, homes.providers, ceilings)
    return Book(
        title=spec.title or f"Synthetic county {spec.council}, seed {spec.seed}",
        council=spec.council,
        as_of=spec.as_of,
        zones=places.zones,
        providers=(*agencies, *homes.providers),
        rates=tuple(rates),
        framework_rates=framework_rates(ceilings),
        homecare_capacity=draw_capacity(
            spec, policy, places, agencies=agencies, sizes=sizes, waiting=waiting
        ),
        bed_capacity=draw_beds(spec, homes),
        requests=people.requests,
        running=people.running,
        history=draw_history(spec, places, choices, people, homes.providers),
    )
