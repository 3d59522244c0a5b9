"""The files that tell what is asked for, what runs and what was offered."""

from __future__ import annotations

from matcher import model
from matcher.files import kinds
from matcher.files.columns.column import (
    Column,
    FileSpec,
    Values,
    provider_id_column,
    request_id_column,
)
from matcher.files.kinds import one_of, some_of
from matcher.model import Frozen, Id, Visit
from matcher.vocabulary import (
    LONG_TERM_SERVICES,
    CarerGender,
    CareType,
    ClientGroup,
    Funding,
    Outcome,
    PersonGender,
    Risk,
    ServiceType,
    TimeNeed,
)


class VisitLine(Frozen):
    """A row of ``visits.csv``: whose visit it is, and the visit."""

    request_id: Id
    visit: Visit


def _complete_placement(values: Values) -> None:
    """Give every request for a bed a placement, of the care type that its service implies."""
    service = values.get("service_type")
    if service is None or (service is ServiceType.HOMECARE and "placement" not in values):
        return
    placement = values.setdefault("placement", {})
    if service in LONG_TERM_SERVICES:
        placement.setdefault("care_type", CareType(service.value))


REQUESTS = FileSpec(
    "requests.csv",
    model.CareRequest,
    "People waiting, and people whose care runs",
    (
        Column("request_id", kinds.ID, "pseudonymous id of the request", required=True),
        Column("service_type", one_of(ServiceType), "service asked for", required=True),
        Column("care_type", one_of(CareType), "respite: which kind of bed", "placement.care_type"),
        Column("postcode", kinds.POSTCODE, "where the person lives"),
        Column("risk", one_of(Risk), "the key worker's risk rating"),
        Column("waiting_since", kinds.DATE, "day of the referral"),
        Column("urgent_reason", kinds.TEXT, "who says it is urgent and why; empty: not urgent"),
        Column("start_by", kinds.DATE, "day by which care is wanted"),
        Column("funding", one_of(Funding), "who pays"),
        Column(
            "personal_budget_gbp_per_week",
            kinds.POUNDS,
            "what the council will pay",
            "personal_budget_pence_per_week",
        ),
        Column(
            "client_groups",
            some_of(ClientGroup),
            "groups to which the person's care belongs, all of them",
        ),
        Column("age", kinds.WHOLE, "the person's age in whole years"),
        Column(
            "gender",
            one_of(PersonGender),
            "the person's gender, needed only where a home is for women or men only",
        ),
        Column("needs", kinds.WORDS, "needs a provider must be able to meet"),
        Column("languages", kinds.WORDS, "languages the person speaks"),
        Column("carer_gender", one_of(CarerGender), "gender of carer needed"),
        Column("preferred_providers", kinds.IDS, "providers asked for", names="providers.csv"),
        Column("excluded_providers", kinds.IDS, "providers ruled out", names="providers.csv"),
        Column("current_provider_id", kinds.ID, "who cares now", names="providers.csv"),
        Column(
            "max_distance_km", kinds.KILOMETRES, "how far away it may be", "max_distance_metres"
        ),
        Column("nights", kinds.WHOLE, "respite: length of stay", "placement.nights"),
        Column("admit_from", kinds.DATE, "earliest admission", "placement.admit_from"),
        Column(
            "admit_to",
            kinds.DATE,
            "respite: last night by which the whole stay is over;"
            " long-term: latest day of admission",
            "placement.admit_to",
        ),
        Column("plan_signed_off", kinds.YES_NO, "whether the plan is signed off"),
        Column("funding_agreed", kinds.YES_NO, "whether the funding is agreed"),
        Column("has_mental_capacity", kinds.YES_NO, "whether the person has mental capacity"),
        Column(
            "best_interests_recorded", kinds.YES_NO, "whether a best-interests contact is on record"
        ),
        Column("hospital_discharge", kinds.YES_NO, "whether an approved D2A form stands in"),
        Column("respite_nights_left", kinds.WHOLE, "respite: nights left of the allowance"),
        Column(
            "nursing_contribution_gbp_per_week",
            kinds.POUNDS,
            "nursing homes: what the NHS pays towards nursing",
            "nursing_contribution_pence_per_week",
        ),
        Column(
            "health_share_percent", kinds.WHOLE, "joint funding: the NHS's share; empty: none yet"
        ),
        Column(
            "third_party_top_up_gbp_per_week",
            kinds.POUNDS,
            "beds: the most that somebody else has agreed to add",
            "third_party_top_up_pence_per_week",
        ),
        Column(
            "own_contribution_gbp_per_week",
            kinds.POUNDS,
            "what the person pays by the financial assessment, inside the budget",
            "own_contribution_pence_per_week",
        ),
    ),
    key=("request_id",),
    required=True,
    complete=_complete_placement,
)

VISITS = FileSpec(
    "visits.csv",
    VisitLine,
    "The visits of homecare requests, one line for each time of day",
    (
        request_id_column("whose visit it is"),
        Column("visit_no", kinds.WHOLE, "number in the package", "visit.visit_no", required=True),
        Column("days", kinds.DAYS, "days of the week", "visit.days", required=True),
        Column("band", kinds.WORD, "time band of the policy", "visit.band"),
        Column(
            "time_need",
            one_of(TimeNeed),
            "whether the time is a need; empty: none",
            "visit.time_need",
        ),
        Column("at", kinds.START_TIME, "the time needed or preferred", "visit.at_minute"),
        Column(
            "tolerance_minutes",
            kinds.WHOLE,
            "how far from the time a start may be; empty: the policy's",
            "visit.tolerance_minutes",
        ),
        Column(
            "reason", kinds.TEXT, "why the time is critical or the gap prescribed", "visit.reason"
        ),
        Column("minutes", kinds.WHOLE, "length of the visit", "visit.minutes", required=True),
        Column("carers", kinds.WHOLE, "carers at once; empty: 1", "visit.carers"),
        Column(
            "with_visit",
            kinds.WHOLE,
            "number of the visit that this one starts together with",
            "visit.with_visit",
        ),
        Column(
            "after_visit",
            kinds.WHOLE,
            "number of the visit as whose end this one starts",
            "visit.after_visit",
        ),
        Column(
            "gap_from",
            kinds.WHOLE,
            "number of the visit from which a prescribed gap is kept, start to start",
            "visit.gap_from",
        ),
        Column(
            "least_gap_minutes",
            kinds.WHOLE,
            "fewest minutes between the two starts",
            "visit.least_gap_minutes",
        ),
        Column(
            "most_gap_minutes",
            kinds.WHOLE,
            "most minutes between the two starts",
            "visit.most_gap_minutes",
        ),
    ),
    key=("request_id", "visit_no"),
)

RUNNING = FileSpec(
    "running.csv",
    model.Running,
    "Care already running, which no batch may move",
    (
        request_id_column("the request served"),
        provider_id_column("who serves it"),
        Column("started_on", kinds.DATE, "first day of care", required=True),
    ),
    key=("request_id",),
)

HISTORY = FileSpec(
    "history.csv",
    model.Offered,
    "Work offered to providers and what became of it",
    (
        provider_id_column("who was asked"),
        Column("offered_on", kinds.DATE, "day of the offer", required=True),
        Column("request_id", kinds.ID, "the request offered, which may have left the book"),
        Column("outcome", one_of(Outcome), "what became of it", required=True),
    ),
)
