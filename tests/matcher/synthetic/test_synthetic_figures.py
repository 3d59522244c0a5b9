"""Tests that a synthetic county is believable: its figures are those of the field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from statistics import mean, median

import pytest

from matcher.geography import Gazetteer
from matcher.model import Book, CareRequest
from matcher.policy import default_policy
from matcher.synthetic import CountySpec, generate
from matcher.synthetic.capacity import demand, travel_minutes, windows
from matcher.synthetic.figures import WEEKDAYS
from matcher.synthetic.places import lay_out
from matcher.synthetic.providers import draw_homes
from matcher.vocabulary import (
    Contract,
    CqcRating,
    Outcome,
    ProviderKind,
    RateUnit,
    Risk,
    ServiceType,
    TimeNeed,
)


def homecare(requests: Iterable[CareRequest]) -> list[CareRequest]:
    """Return the requests for visits at home."""
    return [request for request in requests if request.is_homecare]


# -- believable: figures from the domain notes, with generous tolerance -------------------------


def test_hours_a_package(crowd: Book) -> None:
    """Median about 11.5 hours a week, mean about 14 (ADASS 2024/25), never above 60."""
    hours = [r.package.weekly_minutes / 60 for r in homecare(crowd.requests)]
    assert 9 <= median(hours) <= 13
    assert 11 <= mean(hours) <= 16
    assert max(hours) <= 60


def test_visit_lengths(crowd: Book) -> None:
    """Visits of 15/30/45/60 minutes are 1.6/72/18/8 % (Torbay 2022)."""
    counts: Counter[int] = Counter()
    for request in homecare(crowd.requests):
        for visit in request.package.visits:
            counts[visit.minutes] += len(visit.days)
    share = {length: times / counts.total() for length, times in counts.items()}
    assert set(share) == {15, 30, 45, 60}
    assert share[15] < 0.03
    assert 0.60 <= share[30] <= 0.78
    assert 0.13 <= share[45] <= 0.27
    assert 0.05 <= share[60] <= 0.15


def test_bands_and_calls(crowd: Book) -> None:
    """Morning/lunch/tea/bed take 40/22/20/18 % of calls; calls a day 30/20/20/30 % (assumed)."""
    bands: Counter[str | None] = Counter()
    calls: Counter[int] = Counter()
    for request in homecare(crowd.requests):
        calls[len(request.package.visits)] += 1
        for visit in request.package.visits:
            bands[visit.band] += len(visit.days)
    wanted = {"morning": 0.40, "lunch": 0.22, "tea": 0.20, "bed": 0.18}
    for band, share in wanted.items():
        assert bands[band] / bands.total() == pytest.approx(share, abs=0.04)
    for number, share in {1: 0.30, 2: 0.20, 3: 0.20, 4: 0.30}.items():
        assert calls[number] / calls.total() == pytest.approx(share, abs=0.02)


def test_double_handed_packages(crowd: Book) -> None:
    """Two carers in 15 % of packages and about a quarter of hours (assumed)."""
    packages = [request.package for request in homecare(crowd.requests)]
    double = [p for p in packages if any(visit.carers == 2 for visit in p.visits)]
    assert len(double) / len(packages) == pytest.approx(0.15, abs=0.01)
    hours = sum(p.weekly_minutes for p in double) / sum(p.weekly_minutes for p in packages)
    assert 0.20 <= hours <= 0.36


def test_times_asked_for(crowd: Book) -> None:
    """A time is asked for in 12 % of visits, half of them true needs (assumed)."""
    needs = Counter(v.time_need for r in homecare(crowd.requests) for v in r.package.visits)
    assert needs[TimeNeed.CRITICAL] / needs.total() == pytest.approx(0.06, abs=0.015)
    assert needs[TimeNeed.PREFERRED] / needs.total() == pytest.approx(0.06, abs=0.015)


def test_risk_and_waiting(crowd: Book) -> None:
    """Red/amber/green 15/35/50 % (assumed); median wait 12-13 days (survey)."""
    risks = Counter(request.risk for request in crowd.requests)
    for risk, share in {Risk.RED: 0.15, Risk.AMBER: 0.35, Risk.GREEN: 0.50}.items():
        assert risks[risk] / risks.total() == pytest.approx(share, abs=0.04)
    waits = [(crowd.as_of - r.waiting_since).days for r in crowd.waiting if r.waiting_since]
    assert 10 <= median(waits) <= 15
    assert 90 < max(waits) <= 180


def test_some_requests_cannot_be_arranged(crowd: Book) -> None:
    """A few per cent lack a fact (H2) and a few are not signed off or funded (H1)."""
    complete = [
        None not in (r.funding, r.risk, r.has_mental_capacity)
        and (r.has_mental_capacity or r.best_interests_recorded)
        for r in crowd.waiting
    ]
    agreed = [r.plan_signed_off and r.funding_agreed for r in crowd.waiting]
    assert 0.02 <= 1 - mean(map(bool, complete)) <= 0.07
    assert 0.01 <= 1 - mean(map(bool, agreed)) <= 0.06


def test_placements(crowd: Book) -> None:
    """Dementia 50-60 % of placements (assumed); respite 15 %, its stay inside its window."""
    beds = [r for r in crowd.waiting if r.care_type is not None]
    dementia = mean("dementia" in (r.care_type or "") for r in beds)
    assert 0.48 <= dementia <= 0.62
    respite = [r for r in beds if r.is_respite]
    assert 0.12 <= len(respite) / len(beds) <= 0.19
    for request in respite:
        stay = request.placement
        assert stay is not None
        assert stay.nights in {7, 10, 14}
        assert stay.admit_from
        assert stay.admit_to
        assert (stay.admit_to - stay.admit_from).days >= (stay.nights or 0)


def test_ratings(crowd: Book) -> None:
    """Agencies: 54 % good or better, 37 % unrated (CQC counts, July 2024); homes as in Dorset."""
    of = {
        kind: Counter(p.cqc_rating for p in crowd.providers if p.kind is kind)
        for kind in ProviderKind
    }
    agencies, homes = of[ProviderKind.HOMECARE], of[ProviderKind.CARE_HOME]
    fine = agencies[CqcRating.GOOD] + agencies[CqcRating.OUTSTANDING]
    assert fine / agencies.total() == pytest.approx(0.54, abs=0.02)
    assert agencies[CqcRating.NOT_YET_RATED] / agencies.total() == pytest.approx(0.37, abs=0.02)
    assert homes[CqcRating.OUTSTANDING] / homes.total() == pytest.approx(0.06, abs=0.01)
    assert homes[CqcRating.INADEQUATE] / homes.total() == pytest.approx(0.01, abs=0.005)
    for provider in crowd.providers:
        rated = provider.cqc_rating is not CqcRating.NOT_YET_RATED
        assert (provider.cqc_rated_on is not None) == rated


def test_homes_and_their_vacancies(gazetteer: Gazetteer) -> None:
    """Sizes 14/61/25 % and a third nursing (Dorset plan); 10.8 % admittable (gov.uk, July 2025)."""
    spec = CountySpec()
    homes = draw_homes(spec, lay_out(spec, gazetteer))
    small = sum(beds < 20 for beds in homes.beds)
    large = sum(beds >= 50 for beds in homes.beds)
    assert (small, large) == (14, 25)
    assert 3_000 <= sum(homes.beds) <= 4_300
    nursing = sum(ServiceType.NURSING in home.services for home in homes.providers)
    assert 28 <= nursing <= 38
    vacant = sum(row.beds for row in generate(spec, gazetteer).bed_capacity)
    assert vacant / sum(homes.beds) == pytest.approx(0.108, abs=0.015)


def test_fees(county: Book) -> None:
    """Sixteen of 100 homes take the framework rate, 956 and 1,089 pounds a week (DHSC 2025-26)."""
    ceiling = {
        rate.service_type: rate.amount_pence
        for rate in county.framework_rates
        if rate.unit is RateUnit.WEEK
    }
    assert ceiling[ServiceType.RESIDENTIAL] == 95_600
    assert ceiling[ServiceType.NURSING] == 108_900
    over = {
        (rate.provider_id, rate.amount_pence - ceiling[rate.service_type])
        for rate in county.rates
        if rate.unit is RateUnit.WEEK
    }
    assert len(over) == 100  # one top-up a home
    assert sum(pence == 0 for _, pence in over) == 16
    assert all(pence == 0 or 5_000 <= pence <= 30_000 for _, pence in over)


def test_hourly_rates(county: Book) -> None:
    """Framework about 25.05 pounds an hour (DHSC); some agencies above it, none below cost."""
    ceilings = {
        rate.zone: rate.amount_pence
        for rate in county.framework_rates
        if rate.unit is RateUnit.HOUR and rate.visit_minutes is None
    }
    assert mean(ceilings.values()) == pytest.approx(2505, rel=0.03)
    assert len(set(ceilings.values())) == 2  # town and country
    zones = {provider.provider_id: provider.zones for provider in county.providers}
    hourly = [
        (rate.amount_pence, max(ceilings[zone] for zone in zones[rate.provider_id]))
        for rate in county.rates
        if rate.unit is RateUnit.HOUR and rate.visit_minutes is None
    ]
    assert len(hourly) == 60
    above = sum(pence > ceiling for pence, ceiling in hourly)
    assert 6 <= above <= 30
    assert all(2271 <= pence <= 3214 for pence, _ in hourly)


def test_budgets_cover_the_framework_rate(county: Book) -> None:
    """Budgets are set from framework rates: never below, and at most a quarter above."""
    ceilings = {
        (rate.service_type, rate.zone): rate.amount_pence for rate in county.framework_rates
    }
    for request in county.waiting:
        ceiling = ceilings.get((request.service_type, None))
        if ceiling is not None:
            budget = request.personal_budget_pence_per_week
            assert budget is not None
            assert ceiling <= budget <= ceiling + 20_000


@pytest.mark.parametrize("share", [0.5, 0.85, 1.2])
def test_morning_capacity_is_the_share_asked_for(gazetteer: Gazetteer, share: float) -> None:
    """Free morning minutes under contract are the share of the need; mornings are tightest."""
    book = generate(
        CountySpec(seed=5, waiting_homecare=600, running=0, capacity_share=share), gazetteer
    )
    policy = default_policy()
    contracted = {p.provider_id for p in book.providers if p.contract is not Contract.SPOT}
    ratio = {}
    for window in windows(policy.bands):
        need = demand(book.waiting, window.band, WEEKDAYS, travel_minutes(policy))
        free = sum(
            row.carers * (row.end_minute - row.start_minute)
            for row in book.homecare_capacity
            if row.provider_id in contracted
            and row.days == WEEKDAYS
            and window.start_minute <= row.start_minute < window.end_minute
        )
        ratio[window.band] = free / need
    assert ratio["morning"] == pytest.approx(share, rel=0.08)
    assert min(ratio, key=lambda band: ratio[band]) == "morning"


def test_some_zones_are_short(county: Book, gazetteer: Gazetteer) -> None:
    """Free capacity beside people differs between zones, which is what an optimiser is for."""
    served = Counter(
        {
            zone.zone: sum(
                row.carers * len(row.days) * (row.end_minute - row.start_minute)
                for row in county.homecare_capacity
                for provider in county.providers
                if provider.provider_id == row.provider_id and zone.zone in provider.zones
            )
            for zone in county.zones
        }
    )
    places = lay_out(CountySpec(), gazetteer)
    people = Counter(places.zone_name(row) for row in range(len(places.postcodes)))
    supply = sorted(served[zone] / people[zone] for zone in people)
    assert supply[0] < 0.75 * supply[-1]


def test_offers(crowd: Book) -> None:
    """Between 35 and 60 % of offers are accepted (assumed)."""
    outcomes = Counter(line.outcome for line in crowd.history if line.request_id is None)
    assert 0.40 <= outcomes[Outcome.ACCEPTED] / outcomes.total() <= 0.55
    assert set(outcomes) == {Outcome.ACCEPTED, Outcome.DECLINED, Outcome.NO_REPLY}
    # Who was found unsuitable is told with the person, so that it keeps that pair apart (H15).
    found = [line for line in crowd.history if line.outcome is Outcome.UNSUITABLE]
    assert found
    assert all(line.request_id for line in found)
