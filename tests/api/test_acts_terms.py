"""Tests of terms: priced as the tariff would, fitting as the timetable would, promised whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from api.acts.requests import care_of
from api.acts.terms import Standpoint, judge, market_of, require_fitting
from api.errors import BadCallError, ConflictError
from api.schemas.offers import OfferedRate, Terms, VisitStart
from api.tables import ProviderRow, RequestRow
from matcher.enquiry import Enquiry
from matcher.model import CareRequest, HomecarePackage, Placement, Rate, Visit
from matcher.policy import default_policy
from matcher.tariff import Tariff
from matcher.timetable import compile_package
from matcher.vocabulary import GRID_MINUTES, CareType, Day, RateUnit, ServiceType
from tests.api.desk import DAY, Desk

TODAY = date.fromisoformat(DAY)
POLICY = default_policy()
BY_HOUR = OfferedRate(unit=RateUnit.HOUR, amount_pence=2505)
ON_A_DESK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def standpoint(sqlite_desk: Desk) -> Iterator[Standpoint]:
    """Give where terms are judged from: the sample book on its day."""
    clock, supply = sqlite_desk.record.clock, sqlite_desk.app.state.service.supply
    with sqlite_desk.record.reading() as session:
        yield Standpoint(session, supply, clock.now(), clock.today())


def asked(session: Session, request_id: str = "R-101") -> CareRequest:
    """Return what a request of the sample book asks for."""
    return care_of(session.get_one(RequestRow, request_id))


def package(*visits: Visit) -> CareRequest:
    """Return a request for some visits."""
    return CareRequest(
        request_id="N-1",
        service_type=ServiceType.HOMECARE,
        package=HomecarePackage(visits=visits),
    )


def visit(number: int = 1, band: str = "morning", minutes: int = 30, carers: int = 1) -> Visit:
    """Return a visit in a band on Mondays."""
    return Visit(visit_no=number, days=(Day.MON,), band=band, minutes=minutes, carers=carers)


def offered(*minutes: int, **other: object) -> Terms:
    """Return terms with visits at some minutes of the day."""
    visits = [{"visit_no": n, "at_minute": at} for n, at in enumerate(minutes, start=1)]
    return Terms.model_validate({"visits": visits, "start_date": TODAY, "rate": BY_HOUR, **other})


VISITS = st.lists(
    st.builds(
        visit,
        band=st.sampled_from(sorted(POLICY.bands)),
        minutes=st.integers(3, 24).map(lambda slots: slots * 5),
        carers=st.integers(1, 2),
    ),
    min_size=1,
    max_size=4,
).map(lambda found: [v.model_copy(update={"visit_no": n}) for n, v in enumerate(found, start=1)])


# -- priced ------------------------------------------------------------------------------------


@ON_A_DESK
@given(visits=VISITS, pence=st.integers(1, 9_999))
def test_the_cost_is_the_tariffs(standpoint: Standpoint, visits: list[Visit], pence: int) -> None:
    """An offered rate comes to what the referee's own arithmetic says (H6)."""
    request = asked(standpoint.session).model_copy(
        update={"package": HomecarePackage(visits=tuple(visits))}
    )
    terms = offered(rate=OfferedRate(unit=RateUnit.HOUR, amount_pence=pence))
    market = market_of(standpoint, request, {"maiden": terms})
    rate = Rate(
        provider_id="maiden",
        service_type=ServiceType.HOMECARE,
        unit=RateUnit.HOUR,
        amount_pence=pence,
    )
    tariff = Tariff(market.book.model_copy(update={"rates": (rate,)}))
    assert int(Enquiry(market, request).prices.weekly_pence[0]) == tariff.weekly_pence(
        request, "maiden", terms.start_date
    )


def test_an_offer_without_a_rate_is_at_the_rates_on_file(standpoint: Standpoint) -> None:
    """What stands on file counts where nothing else is said, and without it nothing is priced."""
    request, terms = asked(standpoint.session), offered(480, 1230, rate=None)
    judged = judge(standpoint, request, "frome", terms)
    assert judged.weekly_cost_pence == 23_975  # 8.75 hours at 27.40
    assert judged.needs_approval
    standpoint.session.get_one(ProviderRow, "frome").rates = []
    with pytest.raises(ConflictError, match="no rate on file"):
        judge(standpoint, request, "frome", terms)


def test_only_the_asked_providers_are_in_the_market(standpoint: Standpoint) -> None:
    """A comparison reads its own providers, not the county."""
    terms = offered(480, 1230)
    market = market_of(standpoint, asked(standpoint.session), {"maiden": terms, "frome": terms})
    assert [provider.provider_id for provider in market.providers] == ["frome", "maiden"]
    assert {line.provider_id for line in market.book.history} <= {"frome", "maiden"}


@pytest.mark.parametrize(
    ("unit", "pence", "expected"),
    [(RateUnit.WEEK, 101_500, 101_500), (RateUnit.NIGHT, 14_500, 101_500)],
)
def test_respite_is_priced_by_either_unit(
    standpoint: Standpoint, unit: RateUnit, pence: int, expected: int
) -> None:
    """A rate for the stay itself goes before what is on file for the bed."""
    request = asked(standpoint.session, "R-204")
    rate = OfferedRate(unit=unit, amount_pence=pence)
    terms = Terms(start_date=date(2026, 4, 13), rate=rate)
    assert judge(standpoint, request, "grange", terms).weekly_cost_pence == expected


# -- fitting -----------------------------------------------------------------------------------


@given(visits=VISITS, data=st.data())
def test_whatever_lies_in_its_window_fits(visits: list[Visit], data: st.DataObject) -> None:
    """One visit alone fits exactly at the starts that the timetable allows (H4)."""
    request = package(visits[0])
    shape = compile_package(request.package, POLICY)
    first, last = int(shape.first_slot[0]), int(shape.last_slot[0])
    slot = data.draw(st.integers(0, 287))
    terms = offered(slot * GRID_MINUTES)
    ends_today = slot * GRID_MINUTES + visits[0].minutes <= 24 * 60
    if first <= slot <= last and ends_today:
        require_fitting(request, terms, POLICY, TODAY)
    else:
        with pytest.raises(BadCallError, match="cannot start at"):
            require_fitting(request, terms, POLICY, TODAY)


@given(gap=st.integers(-12, 12))
def test_visits_follow_one_another(gap: int) -> None:
    """One visit ends before, or as, the other begins."""
    request = package(visit(1), visit(2))
    terms = offered(8 * 60, 8 * 60 + 30 + gap * GRID_MINUTES)
    if gap >= 0 or gap <= -12:
        require_fitting(request, terms, POLICY, TODAY)
    else:
        with pytest.raises(BadCallError, match="at the same time"):
            require_fitting(request, terms, POLICY, TODAY)


DOSE = {"gap_from": 1, "least_gap_minutes": 240, "most_gap_minutes": 270}


@pytest.mark.parametrize(
    ("more", "at", "fits"),
    [
        ({"with_visit": 1}, 8 * 60, True),
        ({"with_visit": 1}, 8 * 60 + 5, False),  # the second carer would come late
        ({"after_visit": 1}, 8 * 60 + 30, True),
        ({"after_visit": 1}, 8 * 60 + 35, False),  # five minutes after the first one's end
        ({"band": "lunch", **DOSE}, 12 * 60, True),  # only just
        ({"band": "lunch", **DOSE}, 12 * 60 - 5, False),
        ({"band": "lunch", **DOSE}, 12 * 60 + 35, False),
    ],
)
def test_links_and_prescribed_gaps_hold_for_offers(
    more: dict[str, object], at: int, fits: bool
) -> None:
    """A provider's own times keep what a plan of ours would have to keep."""
    second = Visit.model_validate({**visit(2).model_dump(), "reason": "as prescribed", **more})
    request = package(visit(1), second)
    if fits:
        require_fitting(request, offered(8 * 60, at), POLICY, TODAY)
        return
    with pytest.raises(BadCallError, match="Visit 2 "):
        require_fitting(request, offered(8 * 60, at), POLICY, TODAY)


def test_visits_on_other_days_do_not_meet() -> None:
    """Monday's visit and Tuesday's may be at the same time."""
    tuesday = visit(2).model_copy(update={"days": (Day.TUE,)})
    require_fitting(package(visit(1), tuesday), offered(480, 480), POLICY, TODAY)


@pytest.mark.parametrize(
    "numbers", [[], [1], [1, 1, 2], [1, 2, 3], [2, 3]]
)  # none, too few, one twice, too many, another one
def test_every_visit_is_offered_once(numbers: list[int]) -> None:
    """What is offered are the visits that are asked for, each once."""
    starts = tuple(VisitStart(visit_no=n, at_minute=480) for n in numbers)
    with pytest.raises(BadCallError, match="every visit exactly once"):
        require_fitting(package(visit(1), visit(2, "bed")), offered(visits=starts), POLICY, TODAY)


@given(days=st.integers(-400, 800))
def test_care_starts_within_the_horizon(days: int) -> None:
    """From today on, for about a year."""
    terms = offered(480, start_date=TODAY + timedelta(days=days))
    if 0 <= days <= POLICY.allocation.bed_horizon_days.value:
        require_fitting(package(visit()), terms, POLICY, TODAY)
    else:
        with pytest.raises(BadCallError, match="cannot start on"):
            require_fitting(package(visit()), terms, POLICY, TODAY)


@given(nights=st.integers(1, 20), day=st.integers(-3, 25))
def test_every_night_of_respite_is_within_its_dates(nights: int, day: int) -> None:
    """No night before the first day asked for, none after the last (H13)."""
    first, last = TODAY + timedelta(days=5), TODAY + timedelta(days=20)
    placement = Placement(
        care_type=CareType.RESIDENTIAL, nights=nights, admit_from=first, admit_to=last
    )
    request = CareRequest(request_id="N-1", service_type=ServiceType.RESPITE, placement=placement)
    starts_on = TODAY + timedelta(days=day)
    rate = OfferedRate(unit=RateUnit.NIGHT, amount_pence=14_500)
    terms = Terms(start_date=starts_on, rate=rate)
    last_night = starts_on + timedelta(days=nights - 1)
    if first <= starts_on and last_night <= last:
        require_fitting(request, terms, POLICY, TODAY)
    else:
        with pytest.raises(BadCallError, match="cannot start on"):
            require_fitting(request, terms, POLICY, TODAY)


# -- promised ----------------------------------------------------------------------------------


def test_travel_is_part_of_what_is_promised(standpoint: Standpoint) -> None:
    """A carer is busy from when she sets out until the visit ends."""
    request = asked(standpoint.session)
    judged = judge(standpoint, request, "maiden", offered(480, 1230))
    terms = offered(480, 1230)
    travel = int(
        Enquiry(market_of(standpoint, request, {"maiden": terms}), request).travel_minutes[0]
    )
    assert travel > 0
    assert [(busy.from_minute, busy.to_minute) for busy in judged.commitment.busy] == [
        (480 - travel, 480 + 45),
        (1230 - travel, 1230 + 30),
    ]


def test_a_stay_is_promised_to_its_last_night(standpoint: Standpoint) -> None:
    """A bed for good has no last night; a stay of fourteen has its fourteenth."""
    rate = OfferedRate(unit=RateUnit.WEEK, amount_pence=94_000)
    home, stay = asked(standpoint.session, "R-201"), asked(standpoint.session, "R-204")
    terms = Terms(start_date=date(2026, 4, 13), rate=rate)
    assert judge(standpoint, home, "poundbury", terms).commitment.last_night is None
    promised = judge(standpoint, stay, "grange", terms).commitment
    assert (promised.first_night, promised.last_night) == (date(2026, 4, 13), date(2026, 4, 26))
