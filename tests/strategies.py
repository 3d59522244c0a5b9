"""Hypothesis strategies for small valid books: every book drawn can be written and read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import strategies as st

from matcher.eligibility import unmakeable
from matcher.model import (
    BedCapacity,
    Book,
    CareRequest,
    HomecareCapacity,
    HomecarePackage,
    Offered,
    Placement,
    Provider,
    Running,
    Visit,
)
from matcher.policy import Policy, default_policy, parse_policy
from matcher.vocabulary import (
    GRID_MINUTES,
    LONG_TERM_SERVICES,
    CarerGender,
    CareType,
    ClientGroup,
    Contract,
    CqcRating,
    Outcome,
    PersonGender,
    ProviderKind,
    ProviderStatus,
    Residents,
    Risk,
    ServiceType,
    TimeNeed,
)
from tests.drawn_money import ZONES, framework_rates, payers, rates
from tests.draws import AS_OF, dates, days, maybe, postcodes, seldom, some, texts

COUNCIL = "E06000059"
VISIT_MINUTES = (15, 30, 45, 60)
_BANDS = default_policy().bands
_WORDS = ("dementia", "diabetes", "peg_feed", "bariatric")
CLIENT_GROUPS = (
    ClientGroup.OLDER_PEOPLE,
    ClientGroup.DEMENTIA,
    ClientGroup.AUTISM,
    ClientGroup.YOUNGER_ADULTS,
)
_LANGUAGES = ("english", "polish", "bsl")
_TOLD = maybe(dates(-40, 0))


@st.composite
def providers(
    draw: st.DrawFn, provider_id: str = "p1", kind: ProviderKind | None = None
) -> Provider:
    """Draw an agency or a care home."""
    kind = draw(st.sampled_from(ProviderKind)) if kind is None else kind
    agency = kind is ProviderKind.HOMECARE
    sold = [ServiceType.HOMECARE] if agency else [*sorted(LONG_TERM_SERVICES), ServiceType.RESPITE]
    return Provider(
        provider_id=provider_id,
        name=draw(texts(min_size=1)),
        kind=kind,
        postcode=draw(postcodes()),
        services=draw(seldom(some(sold, max_size=5))) or tuple(sold),
        specialisms=draw(st.just(_WORDS) | some(_WORDS, max_size=3)),
        client_groups=draw(seldom(some(CLIENT_GROUPS, max_size=3))) or (),
        least_age=draw(seldom(st.sampled_from([18, 65]))),
        most_age=draw(seldom(st.sampled_from([65, 120]))),
        residents=draw(seldom(st.sampled_from(Residents))),
        cqc_rating=draw(st.sampled_from(CqcRating)),
        cqc_rated_on=draw(maybe(dates(-4000, 0))),
        contract=draw(st.sampled_from(Contract)),
        lot=draw(st.sampled_from([None, "generic", "specialist"])),
        zones=draw(seldom(some([zone.zone for zone in ZONES]))) or (),
        tier=draw(maybe(st.integers(1, 3))),
        max_distance_metres=draw(seldom(st.integers(1, 60_000))),
        status=draw(seldom(st.sampled_from(ProviderStatus))) or ProviderStatus.OPEN,
        min_weekly_minutes=draw(maybe(st.integers(0, 600))),
        languages=draw(some(_LANGUAGES)),
        female_carers=draw(maybe(st.booleans())),
        male_carers=draw(maybe(st.booleans())),
        lead_days=draw(maybe(st.integers(0, 14))),
        admits_at_weekends=draw(maybe(st.booleans())),
    )


@st.composite
def former_providers(draw: st.DrawFn, provider_id: str = "gone") -> Provider:
    """Draw a closed provider that is nowhere: one that left the register, known by its id."""
    gone = {"status": ProviderStatus.CLOSED, "postcode": None}
    return draw(providers(provider_id)).model_copy(update=gone)


@st.composite
def homecare_capacity(
    draw: st.DrawFn, provider_id: str = "p1", told: st.SearchStrategy[date | None] = _TOLD
) -> HomecareCapacity:
    """Draw carers free on some days between two times, as told on a day of its own or given."""
    steps = 24 * 60 // GRID_MINUTES
    start = draw(st.integers(72, steps - 12))
    end = draw(st.integers(start + 6, steps))
    return HomecareCapacity(
        provider_id=provider_id,
        days=draw(days()),
        start_minute=start * GRID_MINUTES,
        end_minute=end * GRID_MINUTES,
        carers=draw(st.integers(0, 3)),
        as_of=draw(told),
    )


@st.composite
def bed_capacity(
    draw: st.DrawFn, provider_id: str = "p1", told: st.SearchStrategy[date | None] = _TOLD
) -> BedCapacity:
    """Draw vacancies of one kind of bed, as told on a day of their own or given."""
    first = draw(dates(-30, 30))
    return BedCapacity(
        provider_id=provider_id,
        care_type=draw(st.sampled_from(CareType)),
        beds=draw(st.integers(0, 3)),
        available_from=first,
        available_to=draw(maybe(st.integers(0, 60).map(lambda n: first + timedelta(days=n)))),
        as_of=draw(told),
        assumed=draw(st.booleans()),
    )


@st.composite
def visits(draw: st.DrawFn, visit_no: int = 1, band: str = "morning") -> Visit:
    """Draw a visit in a band of the default policy."""
    window = _BANDS[band]
    need = draw(st.sampled_from(TimeNeed))
    told = need is not TimeNeed.NONE
    steps = st.integers(window.start_minute // GRID_MINUTES, window.end_minute // GRID_MINUTES)
    return Visit(
        visit_no=visit_no,
        days=draw(days()),
        band=None if need is TimeNeed.CRITICAL and draw(st.booleans()) else band,
        time_need=need,
        at_minute=draw(steps) * GRID_MINUTES if told else None,
        # At least 15 either side, so that critical visits in neighbouring bands never collide.
        tolerance_minutes=draw(st.sampled_from([None, 15, 30])) if told else None,
        reason=draw(texts(min_size=1)) if need is TimeNeed.CRITICAL else "",
        minutes=draw(st.sampled_from(VISIT_MINUTES)),
        carers=draw(st.sampled_from([1, 1, 2])),
    )


@st.composite
def packages(draw: st.DrawFn, *, gaps: bool = True) -> HomecarePackage:
    """Draw a package of at most one visit in each band; with gaps also one without visits."""
    bands = sorted(_BANDS)
    chosen = draw(some(bands, max_size=4).filter(lambda drawn: gaps or drawn))
    drawn = [draw(visits(number, band)) for number, band in enumerate(chosen, start=1)]
    bound = HomecarePackage(visits=tuple(draw(_bound(drawn))))
    return bound if gaps or _can_be_made(bound) else HomecarePackage(visits=tuple(drawn))


def _can_be_made(package: HomecarePackage) -> bool:
    asked = CareRequest(request_id="r1", service_type=ServiceType.HOMECARE, package=package)
    return not any(unmakeable(asked, default_policy()))


@st.composite
def _bound(draw: st.DrawFn, drawn: list[Visit]) -> list[Visit]:
    """Draw visits with a companion to one of them, or with a prescribed gap between two."""
    more = draw(st.sampled_from(["", "", "with_visit", "after_visit", "gap"]))
    if not drawn or not more:
        return drawn
    one = draw(st.sampled_from(drawn))
    if more != "gap":
        changed = {"visit_no": len(drawn) + 1, "days": one.days[: draw(st.integers(1, 7))]}
        carers = draw(st.sampled_from([1, 2]))
        free = {"time_need": TimeNeed.NONE, "at_minute": None, "tolerance_minutes": None}
        new = {more: one.visit_no, "carers": carers, "minutes": 15, "reason": "", **free}
        # The band is left wide enough for both: a companion of a critical visit is timed by it.
        if one.time_need is TimeNeed.CRITICAL:
            return drawn
        return [*drawn, one.model_copy(update=changed | new)]
    others = [other for other in drawn if other != one and {*other.days} & {*one.days}]
    if not others:
        return drawn
    gap = {"gap_from": draw(st.sampled_from(others)).visit_no, "reason": "as prescribed"}
    limits = draw(st.sampled_from([(120, None), (None, 300), (180, 360)]))
    bound = one.model_copy(
        update=gap | {"least_gap_minutes": limits[0], "most_gap_minutes": limits[1]}
    )
    return [bound if visit == one else visit for visit in drawn]


@st.composite
def placements(draw: st.DrawFn, service: ServiceType, *, gaps: bool = True) -> Placement:
    """Draw a bed asked for; the service decides its care type unless it is respite."""
    if service is not ServiceType.RESPITE:
        return Placement(care_type=CareType(service) if service in LONG_TERM_SERVICES else None)
    first = draw(dates(0, 30))
    return Placement(
        care_type=draw(maybe(st.sampled_from(CareType), gaps=gaps)),
        nights=draw(maybe(st.integers(1, 28), gaps=gaps)),
        admit_from=draw(maybe(st.just(first), gaps=gaps)),
        admit_to=draw(maybe(st.just(first + timedelta(days=7)), gaps=gaps)),
    )


@st.composite
def requests(
    draw: st.DrawFn,
    request_id: str = "r1",
    provider_ids: Sequence[str] = (),
    *,
    gaps: bool = True,
    service: ServiceType | None = None,
) -> CareRequest:
    """Draw a request; without gaps it has all that must be known before it can be arranged."""
    if service is None:
        wanted = [ServiceType.HOMECARE, ServiceType.HOMECARE, *ServiceType]
        service = draw(st.sampled_from(wanted))
    homecare = service is ServiceType.HOMECARE
    named = draw(st.permutations(provider_ids)) if provider_ids else []
    split = draw(st.integers(0, len(named)))
    agreed = st.booleans() if gaps else st.just(value=True)
    placement = None if homecare else draw(placements(service, gaps=gaps))
    care_type = placement.care_type if placement else None
    return CareRequest(
        request_id=request_id,
        service_type=service,
        postcode=draw(maybe(postcodes(), gaps=gaps)),
        risk=draw(maybe(st.sampled_from(Risk), gaps=gaps)),
        waiting_since=draw(maybe(dates(-90, 0), gaps=gaps)),
        urgent_reason=draw(texts()),
        start_by=draw(maybe(dates(0, 30), gaps=gaps)),
        client_groups=draw(
            some(CLIENT_GROUPS, max_size=2).filter(lambda groups: gaps or bool(groups))
        ),
        age=draw(maybe(st.integers(18, 100))),
        gender=draw(maybe(st.sampled_from(PersonGender))),
        needs=draw(seldom(some(_WORDS))) or (),
        languages=draw(seldom(some(_LANGUAGES))) or (),
        carer_gender=draw(seldom(st.sampled_from(CarerGender))) if homecare else None,
        preferred_providers=tuple(named[:split][:2]),
        excluded_providers=tuple(named[split:][: draw(st.sampled_from([0, 0, 1]))]),
        current_provider_id=draw(maybe(st.sampled_from(named))) if named else None,
        max_distance_metres=draw(seldom(st.integers(1, 60_000))),
        plan_signed_off=draw(maybe(agreed, gaps=gaps)),
        funding_agreed=draw(maybe(agreed, gaps=gaps)),
        has_mental_capacity=draw(maybe(agreed, gaps=gaps)),
        best_interests_recorded=draw(maybe(st.booleans(), gaps=gaps)),
        hospital_discharge=draw(maybe(st.booleans())),
        respite_nights_left=draw(maybe(st.integers(28, 60), gaps=gaps)),
        package=draw(packages(gaps=gaps)) if homecare else HomecarePackage(),
        placement=placement,
        **draw(payers(service, care_type, gaps=gaps)),
    )


@st.composite
def books(
    draw: st.DrawFn, *, max_providers: int = 6, max_requests: int = 6, gaps: bool = True
) -> Book:
    """Draw a small valid book; without gaps every request can be arranged."""
    supply = [draw(providers(f"p{n + 1}")) for n in range(draw(st.integers(1, max_providers)))]
    supply += draw(st.lists(former_providers(), max_size=1))
    names = [provider.provider_id for provider in supply]
    agencies = [p.provider_id for p in supply if p.kind is ProviderKind.HOMECARE]
    homes = [p.provider_id for p in supply if p.kind is ProviderKind.CARE_HOME]
    asked = [
        draw(requests(f"r{n + 1}", names, gaps=gaps))
        for n in range(draw(st.integers(0, max_requests)))
    ]
    served = draw(seldom(some([request.request_id for request in asked]))) or () if asked else ()
    # One snapshot of all capacity, and no row of it twice: rows of one as_of add up.
    told = st.just(draw(_TOLD))
    return Book(
        title=draw(texts(min_size=1)),
        council=COUNCIL,
        as_of=AS_OF,
        zones=ZONES,
        providers=tuple(supply),
        rates=tuple(rate for provider in supply for rate in draw(rates(provider))),
        framework_rates=draw(framework_rates()),
        homecare_capacity=tuple(
            row
            for name in agencies
            for row in draw(st.lists(homecare_capacity(name, told), unique=True, max_size=2))
        ),
        bed_capacity=tuple(
            row
            for name in homes
            for row in draw(st.lists(bed_capacity(name, told), unique=True, max_size=2))
        ),
        requests=tuple(asked),
        running=tuple(
            Running(
                request_id=name,
                provider_id=draw(st.sampled_from(names)),
                started_on=draw(dates(-200, 0)),
            )
            for name in served
        ),
        history=tuple(draw(st.lists(_offers(names), max_size=3))),
    )


@st.composite
def _offers(draw: st.DrawFn, names: Sequence[str]) -> Offered:
    outcome = draw(st.sampled_from(Outcome))
    named = outcome is Outcome.UNSUITABLE  # who was found unsuitable has to be told
    return Offered(
        provider_id=draw(st.sampled_from(names)),
        offered_on=draw(dates(-120, 0)),
        request_id=draw(st.sampled_from(["r1", "gone"] if named else [None, "r1", "gone"])),
        outcome=outcome,
    )


@st.composite
def policy_texts(draw: st.DrawFn) -> str:
    """Draw a ``policy.toml`` that changes a few figures of the default policy."""
    figures = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "radius.homecare_miles": st.integers(1, 30).map(float),
                "times.critical_tolerance_minutes": st.sampled_from([15, 20, 30]),
                "times.homecare_lead_days": st.integers(0, 5),
                "times.admit_at_weekends": st.sampled_from(["true", "false"]),
                "times.least_gap_minutes": st.sampled_from([5, 90]),
                "times.most_gap_minutes": st.sampled_from([240, 1440]),
                "travel.ferries_for_homecare": st.sampled_from(["true", "false"]),
                "rules.admit_inadequate": st.sampled_from(["true", "false"]),
                "rules.minimum_rating": st.sampled_from(["none", "good"]).map('"{}"'.format),
                "rules.tiers_in_order": st.sampled_from(["true", "false"]),
                "weights.cost": st.integers(0, 100),
                "weights.distance": st.integers(0, 100),
                "weights.visit_times": st.integers(0, 100),
                "scoring.time_step_minutes": st.sampled_from([5, 30]),
            },
        )
    )
    lines = [f'title = "Drawn policy of {len(figures)} figures"']
    lines += [
        f'{name} = {{ value = {value}, unit = "as usual", from = 2026-04-01, assumed = true }}'
        for name, value in figures.items()
    ]
    return "\n".join(lines) + "\n"


def policies() -> st.SearchStrategy[Policy]:
    """Draw the default policy with a few figures changed."""
    return policy_texts().map(parse_policy)
