"""Pages about requests, options, shortlists and pairs."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from matcher.eligibility import RULES
from matcher.geography import Gazetteer, Postcode
from matcher.market import Market
from matcher.model import Book, CareRequest, Placement, Visit
from matcher.option import CriterionScore, OfferedVisit, Option
from matcher.policy import Policy
from matcher.report.option import option_notes, option_part, price_text, score_table, times_text
from matcher.report.pair import explain_pair, pair_evidence, pair_page
from matcher.report.request import request_brief, request_part
from matcher.report.shortlist import (
    MOST_ALERTS,
    RULE_TITLES,
    shortlist_document,
    shortlist_evidence,
    shortlist_page,
)
from matcher.shortlist import make_shortlist
from matcher.vocabulary import CareType, Day, ServiceType, TimeNeed
from tests import builders
from tests.builders import AS_OF, HERE
from tests.matcher.report.printed import one_line, printed

RED, AMBER, GREEN = "unplaced_red", "unplaced_amber", "unplaced_green"


def _market(book: Book, policy: Policy, gazetteer: Gazetteer) -> Market:
    return Market(book, policy, gazetteer)


def _book(*requests: CareRequest, **tables: object) -> Book:
    return Book.model_validate(
        {"title": "A book", "council": "E06000059", "as_of": AS_OF, "requests": requests} | tables
    )


@pytest.mark.parametrize(
    ("nights", "window", "told"),
    [
        (7, (AS_OF, date(2026, 4, 30)), "bed for 7 nights, between Wed 1 Apr and Thu 30 Apr"),
        (7, (None, date(2026, 4, 30)), "bed for 7 nights, over by Thu 30 Apr"),
        (None, (AS_OF, None), "bed for good from Wed 1 Apr"),
        (None, (None, date(2026, 4, 30)), "bed for good, by Thu 30 Apr"),
        (None, (None, None), "bed for good"),
    ],
)
def test_a_stay_says_in_which_days_it_lies(
    policy: Policy,
    gazetteer: Gazetteer,
    nights: int | None,
    window: tuple[date | None, date | None],
    told: str,
) -> None:
    """A stay lies between two days and is not as long as they are apart (H13)."""
    first, last = window
    bed = Placement(care_type=CareType.RESIDENTIAL, nights=nights, admit_from=first, admit_to=last)
    service = ServiceType.RESIDENTIAL if nights is None else ServiceType.RESPITE
    asked = CareRequest(request_id="R-1", service_type=service, placement=bed)
    text = one_line(request_brief(_market(_book(asked), policy, gazetteer), asked))
    assert text.endswith(told)


# -- requests ----------------------------------------------------------------------------------


def _request_text(request: CareRequest, policy: Policy, gazetteer: Gazetteer) -> str:
    return one_line(request_part(_market(_book(request), policy, gazetteer), request))


def _visit(number: int, **changes: object) -> Visit:
    usual: dict[str, object] = {"visit_no": number, "days": tuple(Day), "minutes": 30}
    return Visit.model_validate({**usual, "band": "morning", **changes})


def test_a_package_shows_when_each_visit_is_wanted(policy: Policy, gazetteer: Gazetteer) -> None:
    """Bands, preferred times and critical times each read differently (H4, H5)."""
    critical = {"band": None, "time_need": TimeNeed.CRITICAL, "at_minute": 480, "reason": "insulin"}
    visits = [
        _visit(1),
        _visit(2, time_need=TimeNeed.PREFERRED, at_minute=540),
        _visit(3, **critical),
        _visit(4, **critical | {"tolerance_minutes": 5, "reason": ""}),
        _visit(5, band="midnight", days=(Day.MON,), carers=2),
    ]
    request = CareRequest.model_validate(
        {"request_id": "R-1", "service_type": "homecare", "package": {"visits": visits}}
    )
    text = _request_text(request, policy, gazetteer)
    assert "morning 07:00-10:30 30" in text
    assert "morning 07:00-10:30, 09:00 preferred" in text
    assert "08:00, at most 15 min away: a need (insulin)" in text
    assert "08:00, at most 5 min away: a need 30" in text
    assert "midnight 30 2" in text  # a band that the policy does not have is shown all the same
    assert "15 h of care in 29 visits a week" in text
    assert "since when is not recorded" in text
    assert "Lives at not recorded" in text
    brief = one_line(request_brief(_market(_book(request), policy, gazetteer), request))
    assert brief == (
        "R-1: homecare 15 h a week in 29 visits: every day morning 30 min, morning (best 09:00) "
        "30 min, at 08:00 (critical) 30 min, at 08:00 (critical) 30 min; mon midnight 30 min with "
        "2 carers"
    )


def test_wishes_and_limits_are_shown(policy: Policy, gazetteer: Gazetteer) -> None:
    """Whatever the request says of needs, wishes and limits stands in its headline."""
    request = CareRequest(
        request_id="R-1",
        service_type=ServiceType.RESPITE,
        postcode=Postcode(HERE),
        waiting_since=AS_OF - timedelta(days=1),
        urgent_reason="Carer in hospital since Monday",
        needs=("peg_feed", "dementia"),
        languages=("polish",),
        carer_gender="female",
        preferred_providers=("H-1",),
        excluded_providers=("H-2",),
        current_provider_id="H-3",
        max_distance_metres=8000,
        personal_budget_pence_per_week=95_600,
        start_by=AS_OF,
        placement=Placement(
            care_type=CareType.NURSING, nights=7, admit_from=AS_OF, admit_to=date(2026, 4, 30)
        ),
    )
    text = _request_text(request, policy, gazetteer)
    for told in (
        *("1 day, since 2026-03-31; to start by 2026-04-01", "Carer in hospital", "peg feed"),
        *("Speaks polish", "Carers female only", "H-1", "H-2", "H-3", "8.0 km", "£956.00 a week"),
        "nursing, 7 nights, from Wed 2026-04-01, to Thu 2026-04-30",
    ):
        assert told in text


@pytest.mark.parametrize(
    ("service", "placement", "expected"),
    [
        (ServiceType.NURSING, None, "Request R-1: nursing"),  # no bed described at all
        (ServiceType.NURSING, Placement(), "nursing, for good"),
        (ServiceType.RESPITE, Placement(), "kind not recorded, for good"),
    ],
)
def test_beds_are_described_as_far_as_they_are_recorded(
    service: ServiceType,
    placement: Placement | None,
    expected: str,
    policy: Policy,
    gazetteer: Gazetteer,
) -> None:
    """What is not recorded is called so and not made up."""
    request = CareRequest(request_id="R-1", service_type=service, placement=placement)
    assert expected in _request_text(request, policy, gazetteer)


# -- options -----------------------------------------------------------------------------------


def _option(**changes: object) -> Option:
    usual: dict[str, object] = {
        "rank": 1,
        "provider_id": "P-1",
        "name": "Agency [P-1]",
        "postcode": HERE,
        "needs_approval": False,
        "approval_reasons": (),
        "nominated": False,
        "weekly_cost_pence": 20_000,
        "framework_pence": 21_000,
        "above_rate_pence": 0,
        "over_budget_pence": 0,
        "distance_metres": 1_234,
        "travel_minutes": 5,
        "start_date": AS_OF,
        "visits": (),
        "criteria": (),
        "total": 0.0,
        "last_offered": None,
    }
    return Option.model_validate(usual | changes)


def _score(name: str, score: float, weight: int) -> CriterionScore:
    return CriterionScore(name=name, score=score, weight=weight, reason="because")


def test_an_option_shows_price_place_and_booking() -> None:
    """Cost stands beside framework and budget, and approval is never hidden."""
    asked = builders.homecare_request(personal_budget_pence_per_week=25_000)
    fine = one_line(option_part(_option(), asked))
    assert "Agency [P-1] (P-1)" in fine
    assert "£200.00 a week; framework £210.00 a week; personal budget £250.00 a week" in fine
    assert "may be offered as it is" in fine
    assert "no offer on record" in fine
    dear = _option(needs_approval=True, approval_reasons=("Too dear.",), last_offered=AS_OF)
    text = one_line(option_part(dear, builders.homecare_request(), "ranked 2 of 3"))
    assert "NEEDS APPROVAL: Too dear." in text
    assert "0.00 of 100, ranked 2 of 3" in text
    assert "on 2026-04-01" in text
    assert "budget" not in text


def test_what_has_to_be_known_of_an_option_stands_under_the_table() -> None:
    """Options with the same remark share a line; a way round water and a rank are explained."""
    dear = {"needs_approval": True, "approval_reasons": ("£9.00 above (H9); who must agree.",)}
    note = "Ranked below Inn although its score is higher: it is dearer."
    options = [
        _option(**dear),
        _option(rank=2, **dear, way="by the Humber Bridge", price_notes=("Paid by: NHS £9.00.",)),
        _option(rank=3, ranking_note=note, warnings=("Rated inadequate (L5).",)),
    ]
    remarks = option_notes(options)
    assert remarks is not None
    lines = [" ".join(line.split()) for line in printed(remarks).splitlines()]
    assert lines == [
        "1, 2 approval: £9.00 above",
        "2 Paid by: NHS £9.00.",
        "2 1.2 km is the way by the Humber Bridge",
        f"3 {note}",
        "3 Rated inadequate.",
    ]
    assert option_notes([_option()]) is None


def test_what_is_not_on_file_is_said() -> None:
    """Neither a missing rate nor a missing ceiling becomes a figure."""
    text = price_text(
        _option(weekly_cost_pence=None, framework_pence=None), builders.homecare_request()
    )
    assert text == "not on file; framework not on file"


def test_nominated_homes_are_marked() -> None:
    """A home that the person named says so (L2)."""
    assert "the person asked for this home (L2)" in one_line(
        option_part(_option(nominated=True), builders.homecare_request())
    )


def test_times_show_how_far_they_can_move() -> None:
    """A visit with room shows from when to when; one without says so (S8)."""
    visit = OfferedVisit(
        visit_no=1,
        days=tuple(Day),
        start="08:00",
        earliest="07:30",
        latest="09:00",
        minutes=30,
        carers=1,
    )
    fixed = visit.model_copy(update={"visit_no": 2, "earliest": "08:00", "latest": "08:00"})
    text = one_line(option_part(_option(visits=(visit, fixed)), builders.homecare_request()))
    assert "07:30 to 09:00" in text
    assert "at that time only" in text
    assert "5 min travel a visit" in text


def test_offered_times_stand_in_the_order_of_the_day() -> None:
    """Days are named only where a visit does not take place on all of them; carers where two."""
    visit = OfferedVisit(
        visit_no=1,
        days=tuple(Day),
        start="12:30",
        earliest="12:30",
        latest="12:30",
        minutes=30,
        carers=1,
    )
    early = visit.model_copy(update={"start": "07:45", "carers": 2})
    assert times_text([visit, early]) == "07:45 (2 carers), 12:30"
    weekend = visit.model_copy(update={"days": (Day.SAT, Day.SUN), "start": "08:00"})
    assert times_text([visit, weekend]) == "sat, sun 08:00; every day 12:30"


def test_a_total_is_the_weighted_mean_of_what_counts() -> None:
    """Only criteria with a weight enter the sum; the others are named apart."""
    scores = [_score("cost", 50.0, 25), _score("quality", 80.0, 20), _score("culture", 0.0, 0)]
    text = one_line(score_table(scores, 63.33))
    assert "1,250.00" in text
    assert "1,600.00" in text
    assert "2,850.00 / 45 = 63.33" in text
    assert "Not counted, nothing to judge: culture." in text


def test_a_policy_that_weighs_nothing_here_scores_nothing() -> None:
    """Without any weight there is no division to show."""
    assert "nothing to score" in one_line(score_table([_score("culture", 0.0, 0)], 0.0))


# -- shortlists and pairs ----------------------------------------------------------------------


@pytest.fixture
def market(policy: Policy, gazetteer: Gazetteer) -> Market:
    """Give a market of two homes, one of them dear and out of the way, for one person."""
    far = builders.home("H-2", postcode=Postcode(builders.SHAFTESBURY), max_distance_metres=30_000)
    request = builders.placement_request(personal_budget_pence_per_week=90_000)
    tables = builders.book(
        builders.home(),
        far,
        builders.beds(),
        builders.beds("H-2"),
        builders.weekly(),
        builders.weekly("H-2", 80_000),
        request,
    )
    return Market(tables, policy, gazetteer)


def test_a_shortlist_says_who_is_nearly_in_and_who_decides(market: Market) -> None:
    """The small change that would let one more in is told; L1 is said plainly."""
    (request,) = market.book.waiting
    search = make_shortlist(market, request.request_id)
    text = one_line(shortlist_page(market, search))
    assert "NO_AFFORDABLE_OPTION" in text
    assert "Not offered: those that a small change would let in, then nearest" in text
    assert "beyond the radius" in text
    assert "people decide" in text
    behind = one_line(shortlist_evidence(market, search))
    assert "2 providers looked at: 1 could start, 1 sell the service and are out" in behind
    document = shortlist_document(search)
    assert [line["provider_id"] for line in document["evidence"]] == ["H-1", "H-2"]


def test_a_shortlist_of_nobody_has_no_table_of_options(
    policy: Policy, gazetteer: Gazetteer
) -> None:
    """Without an option the page still says so, and what to look at."""
    book = builders.book(builders.respite_request(respite_nights_left=None))
    market = Market(book, policy, gazetteer)
    search = make_shortlist(market, book.requests[0].request_id)
    page = one_line(shortlist_page(market, search))
    assert "Nobody can start." in page
    assert "Booking" not in page
    assert "Respite nights left are not recorded" in page
    assert "Nobody else on file sells this service." in page
    assert "0 providers looked at" in one_line(shortlist_evidence(market, search))


def test_many_cautions_are_counted_on_the_first_page(policy: Policy, gazetteer: Gazetteer) -> None:
    """A package of many short visits has its first warnings on the page, the others behind."""
    visits = [builders.visit(number, minutes=20) for number in range(1, 8)]
    market = builders.market(gazetteer, builders.homecare_request(*visits), policy=policy)
    search = make_shortlist(market, market.book.requests[0].request_id)
    cautions = len(search.shortlist.notes) + len(search.shortlist.warnings)
    assert cautions > MOST_ALERTS
    page = one_line(shortlist_page(market, search))
    assert f"and {cautions - MOST_ALERTS} more (--why)" in page
    assert page.count("lasts 20 minutes") < 7
    assert one_line(shortlist_evidence(market, search)).count("lasts 20 minutes") == 7


def test_every_rule_has_a_sentence() -> None:
    """Each rule's own first sentence is what pages say it asks."""
    assert set(RULE_TITLES) == {rule.rule_id for rule in RULES}
    assert all(title.endswith(".") for title in RULE_TITLES.values())


def test_a_pair_is_ranked_among_the_eligible(market: Market) -> None:
    """An eligible pair has its rank; a refused one with room has an offer but no rank."""
    (request,) = market.book.waiting
    near = explain_pair(market, request.request_id, "H-1")
    far = explain_pair(market, request.request_id, "H-2")
    assert (near.eligible, near.ranked_among) == (True, 1)
    assert near.offer is not None
    assert near.offer.rank == 1
    assert not far.eligible
    assert far.offer is not None
    assert far.offer.rank == 0
    assert one_line(pair_page(market, near)).startswith("Home H-1 could take R-1 from ")
    assert "1st of 1, once its price is approved." in one_line(pair_page(market, near))
    assert "1st of 1" in one_line(pair_evidence(market, near))
    text = one_line(pair_page(market, far))
    assert text.startswith("Home H-2 cannot take R-1: it is ")
    assert "Why not, and what would have to change" in text
    behind = one_line(pair_evidence(market, far))
    assert f"1 of {len(RULES)} rules refuse it" in behind
    assert "has room" in behind
    assert "of 100" not in behind
