"""Why there, and who took the capacity: answers about one person in a plan, worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.allocation import Placed, UnplacedReason
from matcher.errors import BadInputError, MatcherError, UnknownIdError
from matcher.files.results import write_allocation
from matcher.geography import Gazetteer, Postcode
from matcher.market import Market
from matcher.model import CareRequest, Frozen, Running
from matcher.policy import default_policy
from matcher.report.night import Night, read_night
from matcher.report.why import Why, WhyNot, explain_place, why_document
from matcher.report.why_page import why_evidence, why_page
from matcher.result import Limits, Method, PriceUnit
from matcher.solvers import solve
from matcher.synthetic import CountySpec, generate
from matcher.vocabulary import Day, ServiceType
from tests import builders
from tests.builders import OUT_OF_TOWN, day
from tests.matcher.report.printed import one_line, printed

COUNTY = CountySpec(agencies=10, homes=8, waiting_homecare=40, waiting_placements=20, running=5)
HOUR = (
    builders.provider(),
    builders.hours(start="07:00", end="08:00", carers=1),
    builders.hourly(),
    builders.ceiling(),
)
"""One carer for an hour a day: room for one visit of 45 minutes."""
FAR = (
    builders.provider("P-2", postcode=Postcode(OUT_OF_TOWN)),
    builders.hours("P-2", start="07:00", end="08:00", carers=1),
    builders.hourly("P-2"),
)
"""The same again, five kilometres away."""
BED = (builders.home(), builders.beds(), builders.weekly())


def asks(request_id: str, risk: str = "amber", days_waited: int = 3, **more: object) -> CareRequest:
    """Build a request for 45 minutes every morning."""
    return builders.homecare_request(
        builders.visit(minutes=45),
        request_id=request_id,
        risk=risk,
        waiting_since=day(-days_waited),
        **more,
    )


def night_of(
    gazetteer: Gazetteer, folder: Path, *things: Frozen, method: Method = Method.EXACT
) -> Night:
    """Place everyone of a book of things, write it, and read it back."""
    market = builders.market(gazetteer, *things)
    result = solve(market, method=method, limits=Limits.reproducible())
    write_allocation(folder / "night", market, result)
    return read_night(folder / "night", market)


def page_of(night: Night, why: Why) -> str:
    """Return the words of the page and of all behind it."""
    return f"{one_line(why_page(night.market, why))} {one_line(why_evidence(night.market, why))}"


# -- placed ------------------------------------------------------------------------------------


def test_a_specialist_goes_behind_a_generic_service_with_room(
    gazetteer: Gazetteer, tmp_path: Path
) -> None:
    """P-1 begins late, the specialist would not: P-1 is offered all the same, and that is said.

    R-2 could take P-1's only carer too, but has an agency of her own.
    """
    slow = (builders.provider(lead_days=20), builders.hourly())
    generic = (*slow, builders.hours(start="07:00", end="08:00", carers=1))
    special = (builders.provider("P-2", lot="specialist"), *FAR[1:])
    own = (builders.provider("P-3"), builders.hours("P-3"), builders.hourly("P-3"))
    asked = (asks("R-1", excluded_providers=("P-3",)), asks("R-2"))
    night = night_of(gazetteer, tmp_path, *generic, *special, *own, builders.ceiling(), *asked)
    why = explain_place(night, "R-1")
    assert why.placed is not None
    assert why.placed.provider_id == "P-1"
    (other,) = why.others
    assert (other.provider_id, other.why_not) == ("P-2", WhyNot.WORSE)
    assert "a generic one with room goes first (H12)" in other.sentence


def test_the_nearer_is_chosen_and_the_farther_would_be_worse(
    gazetteer: Gazetteer, tmp_path: Path
) -> None:
    """One person, two agencies alike but for the way: why there is told by the distance."""
    night = night_of(gazetteer, tmp_path, *HOUR, *FAR, asks("R-1"))
    why = explain_place(night, "R-1")
    assert why.placed is not None
    assert (why.placed.provider_id, why.could_serve) == ("P-1", 2)
    (other,) = why.others
    assert (other.provider_id, other.why_not) == ("P-2", WhyNot.WORSE)
    assert other.sentence == (
        "Agency P-2 would be worse in its score by 3.45 points, most of it distance."
    )
    assert other.holders == ()
    assert other.scarcity_points == 0
    ranks = {standing.objective: standing.rank for standing in why.standings}
    assert set(ranks.values()) == {1}
    assert list(ranks) == list(night.market.policy.allocation.order.value)


def test_the_nearer_is_taken_by_somebody(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Two people, one of whom only the near agency may serve: the other learns who is there."""
    bound = asks("R-1", "red", 9, excluded_providers=("P-2",))
    night = night_of(gazetteer, tmp_path, *HOUR, *FAR, bound, asks("R-2"))
    why = explain_place(night, "R-2")
    (other,) = why.others
    assert (other.provider_id, other.why_not) == ("P-1", WhyNot.TAKEN)
    assert other.sentence == (
        "Agency P-1 would be better in its score by 3.45 points, most of it distance, but what it "
        "has free is taken by R-1."
    )
    (holder,) = other.holders
    assert (holder.request_id, holder.risk, holder.waiting_days) == ("R-1", "red", 9)
    assert holder.holds.startswith("every day 07:")
    fit = next(s for s in why.standings if s.objective == "fit")
    assert (fit.rank, fit.value - fit.best) == (2, 34_540)


def test_dearer_capacity_says_by_how_many_points(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Two only the near agency may serve fight for it: it is dear, the far one is not."""
    bound = [asks(f"R-{n}", "red", 9, excluded_providers=("P-2",)) for n in (1, 3)]
    night = night_of(gazetteer, tmp_path, *HOUR, *FAR, *bound, asks("R-2"))
    why = explain_place(night, "R-2")
    (other,) = why.others
    assert other.why_not is WhyNot.DEARER
    assert other.sentence.endswith(", which is worth more to all who wait: 4.00 against 0.00.")
    assert other.scarcity_points == 4
    (use,) = other.uses
    assert use.points == 4
    assert use.units == 0.83  # 45 minutes and 5 of travel
    text = page_of(night, why)
    assert text.startswith("R-2 is proposed to Agency P-2 from ")
    for told in (
        "Why Agency P-2",
        "nobody else needs it",
        "every day 07:00-08:00",
        "carer hour",
        "4.00",
    ):
        assert told in text


def test_an_offer_above_the_rate_needs_approval_first(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """A dear agency next door is passed over because a budget holder would have to agree (H9)."""
    near = HOUR[0], HOUR[1], builders.hourly(pence=3100), HOUR[3]
    why = explain_place(night_of(gazetteer, tmp_path, *near, *FAR, asks("R-1")), "R-1")
    (other,) = why.others
    assert (other.why_not, other.needs_approval) == (WhyNot.NEEDS_APPROVAL, True)
    assert "needs approval before it may be offered: £6.00 an hour above" in other.sentence
    assert "taken" not in other.sentence


def test_two_alike_are_told_apart_by_nothing(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Where another would do as well in every objective, that is what is said."""
    twin = builders.provider("P-9"), builders.hours("P-9", "07:00", "08:00", 1)
    night = night_of(gazetteer, tmp_path, *HOUR, *twin, builders.hourly("P-9"), asks("R-1"))
    (other,) = explain_place(night, "R-1").others
    assert other.why_not is WhyNot.AS_GOOD
    assert other.sentence.endswith("as good in all: the one chosen was drawn by lot.")


def test_a_plan_that_could_be_better_says_so(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Today's way sends the second in line far away although a better plan has room."""
    things = (*HOUR, *FAR, asks("R-1", "red"))
    market = builders.market(gazetteer, *things)
    result = solve(market, limits=Limits.reproducible())
    far = solve(builders.market(gazetteer, *FAR, HOUR[3], things[-1]), limits=Limits.reproducible())
    worse = result.model_copy(update={"allocation": far.allocation})
    write_allocation(tmp_path / "night", market, worse)
    (other,) = explain_place(read_night(tmp_path / "night", market), "R-1").others
    assert other.why_not is WhyNot.OPEN
    assert "has room and would be better" in other.sentence
    assert "not proved the best" in other.sentence


# -- unplaced ----------------------------------------------------------------------------------


def test_the_unplaced_learn_who_holds_what_they_need(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Red goes before green: green is told who is there, how long they waited, and the price."""
    people = asks("R-1", "red", 2), asks("R-2", "green", 30)
    night = night_of(gazetteer, tmp_path, *HOUR, *people)
    why = explain_place(night, "R-2")
    assert why.placed is None
    assert why.unplaced is not None
    assert why.unplaced.reason is UnplacedReason.CAPACITY_TAKEN
    assert (why.risk, why.waiting_days, why.standings) == ("green", 30, ())
    (other,) = why.others
    assert other.why_not is WhyNot.TAKEN
    assert [holder.request_id for holder in other.holders] == ["R-1"]
    assert other.scarcity_points is not None
    assert 1 <= other.scarcity_points <= 4
    text = page_of(night, why)
    for told in ("Why nobody", "R-1 red 2 days", "Who has what they have free", "A worth of 1"):
        assert told in text
    first = one_line(why_page(night.market, why))
    assert first.startswith("R-2 has no place: the room goes to others in this plan.")
    assert "Who is there R-1 red, waited 2 days: every day 07:" in first
    assert "worth" not in first.removesuffix("what room is worth: --why")


def test_only_visits_that_are_in_the_way_are_named(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Who comes in the evening, or on other days, holds nothing that a weekday morning needs."""
    evening = builders.homecare_request(
        builders.visit(band="bed", minutes=45), request_id="R-3", risk="red"
    )
    weekend = builders.homecare_request(
        builders.visit(days=(Day.SAT, Day.SUN), minutes=45), request_id="R-4", risk="red"
    )
    weekdays = [
        builders.homecare_request(
            builders.visit(days=tuple(Day)[:5], minutes=45), request_id=name, risk=risk
        )
        for name, risk in (("R-1", "red"), ("R-2", "green"))
    ]
    late = builders.hours(start="19:00", end="22:45", carers=1)
    night = night_of(gazetteer, tmp_path, *HOUR, late, evening, weekend, *weekdays)
    (other,) = explain_place(night, "R-2").others
    assert [holder.request_id for holder in other.holders] == ["R-1"]
    assert other.holders[0].holds.startswith("mon-fri 07:")


def test_beds_are_held_by_those_of_the_same_nights(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """The last bed for good has a holder; a guest who leaves before is none."""
    people = [
        builders.placement_request("R-1", risk="red"),
        builders.placement_request("R-2", risk="green"),
    ]
    night = night_of(gazetteer, tmp_path, *BED, *people)
    why = explain_place(night, "R-2")
    (other,) = why.others
    assert [(h.request_id, h.holds) for h in other.holders] == [
        ("R-1", "a bed from 2026-04-04 for good")
    ]
    (use,) = other.uses
    assert (use.price.unit, use.units) == (PriceUnit.BED, 1)
    assert "from 2026-04-01 for good" in page_of(night, why)


def test_respite_nights_are_told_in_number(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """A guest holds so many nights, and the price is that of a night."""
    respite = builders.ceiling(100_000, service_type="respite", unit="week")
    fee = builders.weekly(service_type="respite")
    stays = [
        builders.respite_request(7, 7, 14, name, risk=risk)
        for name, risk in (("R-1", "red"), ("R-2", "green"))
    ]
    night = night_of(gazetteer, tmp_path, *BED, respite, fee, *stays)
    why = explain_place(night, "R-2")
    (other,) = why.others
    assert other.holders[0].holds in {
        "a bed from 2026-04-08 for 7 nights",
        "a bed from 2026-04-09 for 7 nights",
    }
    assert other.uses[0].units == 7
    assert "nights 2026-04-08 to 2026-04-15" in page_of(night, why)


def test_without_options_the_nearest_miss_stands(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Where nobody could serve there is no list, only the reason and what comes nearest."""
    far = asks("R-1", excluded_providers=("P-1",))
    night = night_of(gazetteer, tmp_path, *HOUR, far)
    why = explain_place(night, "R-1")
    assert (why.could_serve, why.others) == (0, ())
    assert why.unplaced is not None
    assert why.unplaced.reason is UnplacedReason.NO_SUITABLE_PROVIDER
    text = page_of(night, why)
    assert "no_suitable_provider: no suitable provider" in text
    assert "0 providers alone" in text
    assert "Who could serve" not in text
    assert "Nearest: " in one_line(why_page(night.market, why))


def test_what_may_not_be_searched_for_says_so(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """An incomplete request has its missing fields in the answer, and nobody is asked."""
    bare = CareRequest(request_id="R-1", service_type=ServiceType.HOMECARE)
    night = night_of(gazetteer, tmp_path, *HOUR, bare)
    why = explain_place(night, "R-1")
    assert why.unplaced is not None
    assert why.unplaced.reason is UnplacedReason.INCOMPLETE
    assert why.waiting_days is None
    assert "recorded: postcode" in page_of(night, why)


# -- points that are not known -----------------------------------------------------------------


def test_todays_way_prices_nothing(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Without a relaxation there are no points: unknown is not nought."""
    people = asks("R-1", "red", 2), asks("R-2", "green", 30)
    night = night_of(gazetteer, tmp_path, *HOUR, *people, method=Method.TODAY)
    why = explain_place(night, "R-1")
    (other,) = why.others
    assert (other.scarcity_points, other.uses) == (None, ())
    assert [holder.request_id for holder in other.holders] == ["R-2"]
    assert "was not worked out" in page_of(night, explain_place(night, "R-2"))


# -- whose allocation --------------------------------------------------------------------------


def test_one_provider_can_be_asked_about(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Kept to a provider, the answer speaks of no other."""
    third = builders.provider("P-3"), builders.hours("P-3", "07:00", "08:00", 1)
    night = night_of(gazetteer, tmp_path, *HOUR, *FAR, *third, builders.hourly("P-3"), asks("R-1"))
    assert len(explain_place(night, "R-1").others) == 2
    kept = explain_place(night, "R-1", "P-2").others
    assert [other.provider_id for other in kept] == ["P-2"]
    assert explain_place(night, "R-1", "P-1").others == ()


def test_an_allocation_of_another_book_is_refused(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """The digest tells a plan of this book from that of another, and from another policy's."""
    night_of(gazetteer, tmp_path, *HOUR, asks("R-1"))
    other = builders.market(gazetteer, *HOUR, asks("R-1", "red"))
    strict = builders.council_policy(allocation__weight_red=5)
    again = builders.market(gazetteer, *HOUR, asks("R-1"), policy=strict)
    for market in (other, again):
        with pytest.raises(BadInputError, match="inputs_sha256"):
            read_night(tmp_path / "night", market)


def test_an_allocation_that_breaks_a_rule_is_refused(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """What was changed by hand passes the referee or is not spoken of."""
    night = night_of(gazetteer, tmp_path, *HOUR, asks("R-1"))
    path = tmp_path / "night" / "placements.csv"
    path.write_text(path.read_text("utf-8").replace(",0.780,", ",0.100,"), "utf-8")
    with pytest.raises(BadInputError, match="every rule kept"):
        read_night(tmp_path / "night", night.market)


def test_running_care_and_unknown_ids_are_refused(gazetteer: Gazetteer, tmp_path: Path) -> None:
    """Nobody is placed whose care runs, and an id that is none is called unknown."""
    running = Running(request_id="R-9", provider_id="P-1", started_on=day(-30))
    night = night_of(gazetteer, tmp_path, *HOUR, asks("R-1"), asks("R-9"), running)
    with pytest.raises(MatcherError, match="Care for R-9 already runs with Agency P-1"):
        explain_place(night, "R-9")
    with pytest.raises(UnknownIdError, match="R-7"):
        explain_place(night, "R-7")


# -- the page ----------------------------------------------------------------------------------


def test_many_holders_are_cut_on_the_page_and_not_in_the_document(
    gazetteer: Gazetteer, tmp_path: Path
) -> None:
    """A page lists some and counts the rest; a sentence names fewer; the document has all."""
    crowd = builders.hours(start="07:00", end="08:00", carers=10)
    people = [asks(f"R-{n:02}", "red") for n in range(10)]
    night = night_of(gazetteer, tmp_path, HOUR[0], crowd, *HOUR[2:], *people, asks("R-99", "green"))
    why = explain_place(night, "R-99")
    (other,) = why.others
    assert len(other.holders) == 10
    assert "R-00, R-01, R-02, R-03 and 6 others" in other.sentence
    text = page_of(night, why)
    assert "P-1: 2 others" in text
    assert "R-07 red" in text
    assert "R-08 red" not in text
    assert len(why_document(why)["others"][0]["holders"]) == 10


@pytest.mark.parametrize("width", [80, 110])
def test_a_county_is_explained_to_the_last_person(
    width: int, gazetteer: Gazetteer, tmp_path: Path
) -> None:
    """Of everybody in a county: taken capacity has holders, points agree, and pages fit."""
    market = Market(generate(COUNTY, gazetteer), default_policy(), gazetteer)
    result = solve(market, limits=Limits(seconds=2))
    write_allocation(tmp_path / "night", market, result)
    night = read_night(tmp_path / "night", market)
    for request in market.book.waiting:
        why = explain_place(night, request.request_id)
        for page in (why_page(market, why), why_evidence(market, why)):
            assert all(len(line) <= width for line in printed(page, width).splitlines())
        assert len(printed(why_page(market, why), width).splitlines()) <= 48
        taken = [o for o in why.others if o.why_not in {WhyNot.TAKEN, WhyNot.DEARER}]
        assert all(other.holders for other in taken)
        assert request.request_id not in {h.request_id for o in taken for h in o.holders}
        if isinstance(why.placed, Placed):
            told = sum(use.points for use in why.uses)
            assert told == pytest.approx(why.placed.scarcity_points, abs=0.1)
            assert all(1 <= s.rank <= why.could_serve and s.best <= s.value for s in why.standings)
