"""What an option tells, and the near misses shown when there are too few."""

from __future__ import annotations

from typing import Any

from matcher.geography import Gazetteer, Postcode
from matcher.market import Market
from matcher.model import Frozen
from matcher.option import Option
from matcher.shortlist import Shortlist, make_shortlist
from matcher.vocabulary import TimeNeed
from tests.builders import (
    HERE,
    SHAFTESBURY,
    WEYMOUTH,
    beds,
    council_policy,
    day,
    home,
    homecare_request,
    hourly,
    hours,
    market,
    offered,
    placement_request,
    provider,
    rank_ids,
    timed_visit,
    visit,
)


def answer_of(supply: Market) -> Shortlist:
    """Return the shortlist of R-1."""
    return make_shortlist(supply, "R-1").shortlist


def agency(provider_id: str = "P-1", **terms: Any) -> list[Frozen]:
    """Return an agency with room."""
    return [provider(provider_id, **terms), hours(provider_id)]


def only_option(supply: Market) -> Option:
    """Return the one option of R-1."""
    (option,) = answer_of(supply).options
    return option


# -- what an option tells ------------------------------------------------------------------------


def test_an_option_tells_who_when_where_and_at_what_price(gazetteer: Gazetteer) -> None:
    """H16: cost, times and earliest start, with how far each visit could move (S8)."""
    request = homecare_request(
        timed_visit(TimeNeed.PREFERRED, "08:00", days=("sun", "mon")), visit(2, "bed", carers=2)
    )
    supply = [provider(lead_days=3), hours(end="21:00"), hourly(pence=2_000), offered(days_ago=4)]
    option = only_option(market(gazetteer, request, *supply))
    assert (option.provider_id, option.name, option.postcode) == ("P-1", "Agency P-1", "DT1 2NB")
    # 30 minutes on two days, 30 minutes by two carers on seven: 8 hours at 20 pounds.
    assert option.weekly_cost_pence == 16_000
    assert (option.distance_metres, option.travel_minutes) == (780, 5)
    assert option.start_date == day(3)  # Saturday; the bed visit is every day
    assert option.last_offered == day(-4)
    assert not option.nominated
    morning, bed = option.visits
    assert (morning.start, morning.earliest, morning.latest) == ("08:00", "07:05", "10:30")
    assert (bed.start, bed.earliest, bed.latest) == ("20:30", "19:00", "20:30")
    assert [day.value for day in morning.days] == ["mon", "sun"]
    assert (bed.minutes, bed.carers) == (30, 2)


def test_care_starts_on_the_first_visit_day_after_the_notice(gazetteer: Gazetteer) -> None:
    """Two days' notice from Wednesday is Friday; the package's first day after it is Monday."""
    request = homecare_request(visit(days=("mon", "wed")))
    assert only_option(market(gazetteer, request, *agency())).start_date == day(5)


def test_a_home_has_no_visits_and_no_travel(gazetteer: Gazetteer) -> None:
    """A bed is offered from a date; an unknown price is None."""
    option = only_option(market(gazetteer, placement_request(), home(), beds()))
    assert (option.visits, option.travel_minutes) == ((), 0)
    assert option.start_date == day(3)
    assert option.weekly_cost_pence is None
    assert option.framework_pence is None


def test_a_nominated_home_is_offered_from_out_of_area_and_off_contract(
    gazetteer: Gazetteer,
) -> None:
    """L2: Shaftesbury is out of reach for everybody who did not ask for it."""
    far = [home(postcode=Postcode(SHAFTESBURY), contract="spot"), beds()]
    policy = council_policy(rules__long_term_contracts=["block"], radius__care_home_miles=5.0)
    assert answer_of(market(gazetteer, placement_request(), *far, policy=policy)).options == ()
    chosen = placement_request(preferred_providers=("H-1",))
    assert only_option(market(gazetteer, chosen, *far, policy=policy)).nominated


# -- near misses ---------------------------------------------------------------------------------


def test_near_misses_are_shown_when_options_run_short(gazetteer: Gazetteer) -> None:
    """Each with the reasons and the changes; a provider that no change admits is left out."""
    supply = [
        *agency(),
        *(provider("P-2", status="embargoed"), hours("P-2")),
        *(provider("P-3", status="closed"), hours("P-3")),
    ]
    answer = answer_of(market(gazetteer, homecare_request(), *supply))
    assert rank_ids(answer.options) == ["P-1"]
    (miss,) = answer.near_misses
    assert (miss.provider_id, miss.name, miss.distance_metres) == ("P-2", "Agency P-2", 780)
    assert miss.reasons == ("Agency P-2 is under embargo: no new work.",)
    assert miss.changes == ("would do if the embargo is lifted",)
    assert answer.notes == (
        "1 of 3 options: nobody else can start, but a small change would help.",
    )
    assert answer.refused_by == {"STATUS": 2}


def test_no_near_misses_are_shown_beside_enough_options(gazetteer: Gazetteer) -> None:
    """They are for a broker who has too few."""
    three = [*agency("P-1"), *agency("P-2"), *agency("P-3")]
    supply = market(gazetteer, homecare_request(), *three, *agency("P-9", status="embargoed"))
    assert answer_of(supply).near_misses == ()


def test_a_near_miss_would_really_be_admitted(gazetteer: Gazetteer) -> None:
    """Capacity is asked even of those a cheaper rule refuses: a full agency is no near miss."""
    supply = [
        provider("P-1", status="embargoed"),
        *(provider("P-2", status="embargoed"), hours("P-2", start="10:30", end="11:05")),
        *(provider("P-3", status="embargoed", postcode=Postcode(WEYMOUTH)), hours("P-3")),
    ]
    answer = answer_of(market(gazetteer, homecare_request(visit(1, "lunch")), *supply))
    assert rank_ids(answer.near_misses) == ["P-3", "P-2"]
    assert answer.near_misses[1].changes == (
        "would do if the embargo is lifted",
        "would do if the lunch visit may start at 10:35",
    )


def test_near_misses_stand_by_number_of_changes_then_by_distance(gazetteer: Gazetteer) -> None:
    """One change far away goes before two near by, three are too many, and five are enough."""
    gone: dict[str, Any] = {"status": "embargoed"}
    far, door = Postcode(WEYMOUTH), Postcode(HERE)
    supply = [
        provider("A-far", **gone, postcode=far),
        provider("A-near", **gone),
        provider("B-two", **gone, postcode=door, min_weekly_minutes=9_000),
        provider("C-three", **gone, min_weekly_minutes=9_000, max_distance_metres=0),
    ]
    rooms = [hours(agency.provider_id) for agency in supply]
    answer = answer_of(market(gazetteer, homecare_request(), *supply, *rooms))
    assert rank_ids(answer.near_misses) == ["A-near", "A-far", "B-two"]
    figure = council_policy(shortlist__near_misses=2)
    two = answer_of(market(gazetteer, homecare_request(), *supply, *rooms, policy=figure))
    assert rank_ids(two.near_misses) == ["A-near", "A-far"]
