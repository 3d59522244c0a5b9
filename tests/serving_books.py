"""Hypothesis strategies for books in which most pairs are eligible: for judging and ranking."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from matcher.model import BedCapacity, Book, CareRequest, HomecareCapacity, Offered, Provider
from matcher.vocabulary import (
    GRID_MINUTES,
    LONG_TERM_SERVICES,
    CareType,
    Contract,
    Day,
    Outcome,
    ProviderKind,
    ProviderStatus,
    ServiceType,
)
from tests.drawn_money import rates
from tests.draws import dates, some
from tests.strategies import books, providers, requests

_WELCOMING: dict[str, object] = {
    "status": ProviderStatus.OPEN,
    "services": tuple(sorted({*LONG_TERM_SERVICES, ServiceType.RESPITE})),
    "specialisms": ("bariatric", "dementia", "diabetes", "peg_feed"),
    "contract": Contract.FRAMEWORK,
    "zones": (),
    "max_distance_metres": None,
    "min_weekly_minutes": None,
    "languages": ("bsl", "english", "polish"),
    "female_carers": True,
    "male_carers": True,
}
_AGREED: dict[str, object] = {
    "plan_signed_off": True,
    "funding_agreed": True,
    "has_mental_capacity": True,
}


@st.composite
def welcoming_providers(draw: st.DrawFn, provider_id: str, kind: ProviderKind) -> Provider:
    """Draw an agency or a home that takes nearly anybody, but for up to two of its terms."""
    drawn = draw(providers(provider_id, kind))
    kept = {*draw(some(sorted(_WELCOMING))), *(["services"] if kind == "homecare" else [])}
    changes = {name: value for name, value in _WELCOMING.items() if name not in kept}
    changes["lot"] = draw(st.sampled_from([None, "generic", "specialist"]))
    return drawn.model_copy(update=changes)


@st.composite
def _roomy_capacity(draw: st.DrawFn, provider: Provider) -> HomecareCapacity:
    return HomecareCapacity(
        provider_id=provider.provider_id,
        days=tuple(Day),
        start_minute=draw(st.integers(72, 100)) * GRID_MINUTES,
        end_minute=draw(st.integers(240, 288)) * GRID_MINUTES,
        carers=draw(st.sampled_from([0, 1, 2, 3, 4])),
    )


@st.composite
def _arrangeable(draw: st.DrawFn, request_id: str, provider_ids: Sequence[str]) -> CareRequest:
    service = draw(
        st.sampled_from([ServiceType.HOMECARE, *LONG_TERM_SERVICES, ServiceType.RESPITE])
    )
    drawn = draw(requests(request_id, provider_ids, gaps=False, service=service))
    placement = drawn.placement
    if placement is not None and placement.nights is not None:
        placement = placement.model_copy(update={"nights": min(placement.nights, 7)})
    near = draw(st.sampled_from([None, None, drawn.max_distance_metres]))
    out = draw(st.sampled_from([(), (), drawn.excluded_providers]))
    changes = {"placement": placement, "max_distance_metres": near, "excluded_providers": out}
    return drawn.model_copy(update={**changes, **_AGREED})


@st.composite
def serving_books(draw: st.DrawFn, *, max_providers: int = 6, max_requests: int = 2) -> Book:
    """Draw a book of requests that may be searched for and providers that mostly can serve."""
    book = draw(books(max_providers=1, max_requests=0))
    count = draw(st.integers(min(3, max_providers), max_providers))
    names = [f"p{n + 1}" for n in range(count)]
    asked = tuple(
        draw(_arrangeable(f"r{n + 1}", names)) for n in range(draw(st.integers(1, max_requests)))
    )
    wanted = {request.is_homecare for request in asked}
    kinds = [kind for kind in ProviderKind if (kind is ProviderKind.HOMECARE) in wanted]
    supply = [draw(welcoming_providers(name, draw(st.sampled_from(kinds)))) for name in names]
    homes = [p.provider_id for p in supply if p.kind is ProviderKind.CARE_HOME]
    return book.model_copy(
        update={
            "requests": asked,
            "running": (),
            "providers": tuple(supply),
            "rates": tuple(rate for provider in supply for rate in draw(rates(provider))),
            "homecare_capacity": tuple(
                draw(_roomy_capacity(p)) for p in supply if p.kind is ProviderKind.HOMECARE
            ),
            "bed_capacity": tuple(
                BedCapacity(
                    provider_id=name,
                    care_type=care_type,
                    beds=draw(st.integers(0, 2)),
                    available_from=draw(dates(-5, 5)),
                )
                for name in homes
                for care_type in CareType
            ),
            "history": tuple(draw(st.lists(_offers(names), max_size=4))),
        }
    )


@st.composite
def _offers(draw: st.DrawFn, names: Sequence[str]) -> Offered:
    return Offered(
        provider_id=draw(st.sampled_from(names)),
        offered_on=draw(dates(-120, 0)),
        request_id=draw(st.sampled_from([None, "r1", "gone"])),
        outcome=draw(st.sampled_from(Outcome)),
    )
