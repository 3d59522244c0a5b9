"""The nouns: what each refuses, and what each works out."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from matcher.model import (
    BedCapacity,
    CareRequest,
    Frozen,
    HomecareCapacity,
    HomecarePackage,
    Placement,
    Provider,
    Running,
    Visit,
)
from matcher.vocabulary import CareType, Day, ServiceType, TimeNeed
from tests.builders import (
    AS_OF,
    NURSING_DEMENTIA,
    beds,
    book,
    day,
    home,
    homecare_request,
    hours,
    placement_request,
    provider,
    request,
    respite_request,
    timed_visit,
    visit,
)


def refused(thing: Frozen, **changes: Any) -> str:
    """Return why a thing with some fields changed is refused."""
    kept = {name: getattr(thing, name) for name in type(thing).model_fields}
    with pytest.raises(ValidationError) as caught:
        type(thing)(**{**kept, **changes})
    return str(caught.value)


def test_nouns_are_frozen_and_refuse_fields_they_do_not_know() -> None:
    """Nothing is changed in place and nothing slips in unnoticed."""
    with pytest.raises(ValidationError, match="frozen"):
        provider().name = "Other"  # type: ignore[misc]
    assert "Extra inputs" in refused(provider(), phone="01305 000000")


@pytest.mark.parametrize(
    ("thing", "changes", "why"),
    [
        (provider(), {"provider_id": "a b"}, "String should match"),  # a space in an id
        (provider(), {"provider_id": ""}, "String should match"),
        (provider(), {"specialisms": ("Dementia",)}, "String should match"),  # words are lower case
        (provider(), {"name": "=cmd"}, "formula"),
        (provider(), {"name": "x" * 501}, "should have at most"),
        (provider(), {"tier": 0}, "greater than or equal to 1"),
        (provider(), {"client_groups": ("elderly",)}, "'older_people', 'younger_adults'"),
        (provider(), {"least_age": 121}, "less than or equal to 120"),
        (provider(), {"least_age": 66, "most_age": 65}, "a most_age not below least_age"),
        (provider(), {"residents": "female"}, "'women' or 'men'"),
        (provider(), {"lead_days": 366}, "less than or equal to 365"),
        (provider(), {"max_distance_metres": -1}, "greater than or equal to 0"),
        (hours(), {"days": ()}, "at least 1 item"),
        (hours(), {"days": ("mon", "mon")}, "each day named once"),
        (hours(), {"start_minute": 421}, "a multiple of 5 minutes"),
        (hours(), {"end_minute": 420}, "an end later than the start"),  # as early as the start
        (hours(), {"end_minute": 1_445}, "less than or equal to 1440"),  # past midnight
        (hours(), {"carers": -1}, "greater than or equal to 0"),
        (beds(), {"available_to": day(-1)}, "on or after available_from"),
        (visit(), {"minutes": 32}, "a multiple of 5 minutes"),
        (visit(), {"minutes": 0}, "greater than or equal to 5"),
        (visit(), {"carers": 5}, "less than or equal to 4"),
        (visit(), {"at_minute": 480}, "a time_need of preferred or critical"),  # a time unexplained
        (visit(), {"time_need": "preferred"}, "a time in 'at', because time_need is preferred"),
        (visit(), {"time_need": "critical"}, "a time in 'at', because time_need is critical"),
        (visit(), {"band": None}, "a band, unless the time is critical"),
        (
            timed_visit(TimeNeed.PREFERRED, "08:00"),
            {"band": None},  # a wish is met inside a band (H4)
            "a band, unless the time is critical",
        ),
        (
            Placement(admit_from=day(1)),
            {"admit_to": day(0)},
            "an admit_to on or after admit_from",
        ),
        (Placement(), {"nights": 0}, "greater than or equal to 1"),
        (homecare_request(), {"personal_budget_pence_per_week": -1}, "greater than or equal to 0"),
        (homecare_request(), {"client_groups": ("old",)}, "'older_people', 'younger_adults'"),
        (homecare_request(), {"age": -1}, "greater than or equal to 0"),
        (homecare_request(), {"gender": "female"}, "'woman' or 'man'"),  # that is a carer's
        (homecare_request(), {"service_type": "nursing"}, "no visits, because nursing is asked"),
        (homecare_request(), {"postcode": "DT1"}, "postcode"),
        (HomecarePackage(), {"visits": (visit(1), visit(1, "tea"))}, "each visit_no once"),
        (visit(), {"gap_from": 2}, "gap_from and a least or a most gap"),  # how long?
        (visit(), {"least_gap_minutes": 60}, "gap_from and a least or a most gap"),  # from what?
        (
            visit(),
            {"gap_from": 2, "least_gap_minutes": 60, "most_gap_minutes": 55},
            "a most gap not below the least",
        ),
        (visit(), {"gap_from": 2, "least_gap_minutes": 61}, "a multiple of 5 minutes"),
        (
            placement_request(),
            {"placement": Placement(nights=7)},  # a bed for good has no last night
            "no nights, because nursing_dementia is asked for",
        ),
        (
            homecare_request(),
            {"placement": Placement(nights=1)},  # nobody stays the night where they live
            "no nights, because homecare is asked for",
        ),
    ],
)
def test_what_cannot_be_is_refused(thing: Frozen, changes: dict[str, Any], why: str) -> None:
    """Each message says what was expected."""
    assert why in refused(thing, **changes)


MONDAY = {"days": ("mon",)}
FOUR_HOURS = {"gap_from": 1, "least_gap_minutes": 240}


@pytest.mark.parametrize(
    ("visits", "why"),
    [
        ((visit(1), visit(2, with_visit=3)), "visit 2, in with_visit, the number of a visit"),
        ((visit(1), visit(2, after_visit=2)), "visit 2, in after_visit, another visit than itself"),
        (
            (visit(1), visit(2, "tea", with_visit=1, after_visit=1)),
            "visit 2, in after_visit, nothing, because with_visit is given",
        ),
        (
            (visit(1, with_visit=2), visit(2, with_visit=1)),  # which of them leads?
            "visit 1, in with_visit, a visit that does not lead back to this one",
        ),
        (
            (visit(1, **MONDAY), visit(2, with_visit=1)),  # whom would it start with on Tuesday?
            "visit 2, in with_visit, a visit that takes place on all these days",
        ),
        (
            (visit(1), visit(2, after_visit=1), visit(3, after_visit=1)),
            "visit 3, in after_visit, a visit that no other one follows",
        ),
        (
            (visit(1), visit(2, after_visit=1, **FOUR_HOURS)),  # the link fixes the gap already
            "visit 2, in gap_from, a visit that is not linked with this one",
        ),
        (
            (visit(1, **MONDAY), visit(2, days=("tue",), **FOUR_HOURS)),
            "visit 2, in gap_from, a visit on one of the same days",
        ),
    ],
)
def test_links_that_cannot_be_are_refused(visits: tuple[Visit, ...], why: str) -> None:
    """Each message names the visit, the column and what would do."""
    assert why in refused(HomecarePackage(), visits=visits)


def test_carers_stay_on_from_one_visit_to_the_next() -> None:
    """Of two carers both stay for a call of two, one for a call of one; nobody where no link is."""
    package = HomecarePackage(
        visits=(
            *(visit(1, carers=2), visit(2, after_visit=1), visit(3, after_visit=2, carers=2)),
            *(visit(4, with_visit=3), visit(5, "tea")),
        )
    )
    staying = [package.carers_staying(each) for each in package.visits]
    assert staying == [0, 1, 1, 0, 0]


def test_what_only_just_can_be_is_kept() -> None:
    """Limits are inclusive."""
    assert isinstance(hours(start="00:00", end="24:00", carers=100), HomecareCapacity)
    assert isinstance(beds(available_to=AS_OF), BedCapacity)
    assert Placement(admit_from=AS_OF, admit_to=AS_OF).admit_to == AS_OF
    assert timed_visit(TimeNeed.CRITICAL, "08:00", band=None).band is None
    assert isinstance(provider("a" * 64, tier=9, lead_days=365), Provider)


def test_days_and_visits_are_put_in_order() -> None:
    """However they were typed."""
    assert visit(days=("sun", "mon")).days == (Day.MON, Day.SUN)
    package = HomecarePackage(visits=(visit(2), visit(1)))
    assert [line.visit_no for line in package.visits] == [1, 2]


def test_weekly_minutes_are_length_times_days_times_carers() -> None:
    """H6: 30 minutes daily is 210; 45 by two on three days is 270."""
    double = Visit(visit_no=2, band="tea", days=("mon", "wed", "fri"), minutes=45, carers=2)
    assert visit().weekly_minutes == 210
    assert double.weekly_minutes == 270
    assert HomecarePackage(visits=(visit(), double)).weekly_minutes == 480
    assert HomecarePackage().weekly_minutes == 0


@pytest.mark.parametrize(
    ("asked", "homecare", "respite", "long_term", "care_type"),
    [
        (homecare_request(), True, False, False, None),
        (homecare_request(placement=Placement(care_type="nursing")), True, False, False, None),
        (placement_request(), False, False, True, NURSING_DEMENTIA),
        (placement_request(placement=None), False, False, True, NURSING_DEMENTIA),
        (request(ServiceType.NURSING), False, False, True, CareType.NURSING),
        (respite_request(), False, True, False, NURSING_DEMENTIA),
        (request(ServiceType.RESPITE), False, True, False, None),
        (request(ServiceType.EXTRA_CARE), False, False, False, None),
    ],
)
def test_a_request_knows_what_it_asks_for(
    asked: CareRequest,
    homecare: bool,
    respite: bool,
    long_term: bool,
    care_type: CareType | None,
) -> None:
    """A bed for good is named by its service, a stay's by its placement, a visit needs none."""
    assert (asked.is_homecare, asked.is_respite, asked.is_long_term) == (
        *(homecare, respite, long_term),
    )
    assert asked.care_type is care_type


def test_who_waits_is_everyone_whose_care_does_not_run() -> None:
    """In the order of ids, whatever the order of the file."""
    running = Running(request_id="R-2", provider_id="H-1", started_on=AS_OF)
    asked = [placement_request(f"R-{number}") for number in (3, 2, 1)]
    supply = book(home(), running, *asked)
    assert [request.request_id for request in supply.waiting] == ["R-1", "R-3"]
    assert supply.running_provider == {"R-2": "H-1"}


def test_nights_are_for_respite_and_respite_may_yet_lack_them() -> None:
    """One night is kept; not recorded is a gap on the waiting list, not a fault (H2, H13)."""
    for nights in (1, None):
        stay = Placement(care_type=NURSING_DEMENTIA, nights=nights)
        assert request(ServiceType.RESPITE, placement=stay).placement == stay
    window = Placement(admit_from=day(1), admit_to=day(2))
    assert placement_request(placement=window).placement == window


def test_a_copied_book_works_out_anew_who_waits() -> None:
    """What was derived before the copy belongs to the first book only."""
    first = book(provider(), homecare_request(request_id="R-1"), homecare_request(request_id="R-2"))
    assert [line.request_id for line in first.waiting] == ["R-1", "R-2"]
    assert first.running_provider == {}
    started = Running(request_id="R-1", provider_id="P-1", started_on=AS_OF)
    second = first.model_copy(update={"running": (started,)})
    assert second.running_provider == {"R-1": "P-1"}
    assert [line.request_id for line in second.waiting] == ["R-2"]
    assert [line.request_id for line in first.waiting] == ["R-1", "R-2"]
    assert [line.request_id for line in second.model_copy(update={"running": ()}).waiting] == [
        *("R-1", "R-2")
    ]


@pytest.mark.parametrize(
    ("thing", "name", "word"),
    [
        (homecare_request(), "needs", "need_{}"),
        (homecare_request(), "languages", "language_{}"),
        (homecare_request(), "preferred_providers", "P-{}"),
        (homecare_request(), "excluded_providers", "P-{}"),
        (provider(), "languages", "language_{}"),
        (provider(), "specialisms", "need_{}"),
        (provider(), "zones", "Z-{}"),
    ],
)
def test_lists_end_somewhere(thing: Frozen, name: str, word: str) -> None:
    """Fifty of anything are plenty; one more is a mistake, and would cost everybody time."""
    told = thing.model_dump(mode="json")
    fifty = [word.format(number) for number in range(50)]
    assert len(getattr(type(thing).model_validate({**told, name: fifty}), name)) == 50
    assert "at most 50" in refused(thing, **{name: [*fifty, word.format(50)]})


def test_a_week_has_sixty_visits_at_most() -> None:
    """Each with its days: more than anybody's care has."""
    visits = [visit(number) for number in range(1, 62)]
    assert len(HomecarePackage(visits=tuple(visits[:60])).visits) == 60
    with pytest.raises(ValidationError, match="at most 60"):
        HomecarePackage(visits=tuple(visits))
