"""Bodies as a person might paste them, one for each route; on the sample book they all work."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

CARE: Mapping[str, Any] = MappingProxyType(
    {
        "request_id": "R-301",
        "service_type": "homecare",
        "postcode": "DT1 1EE",
        "risk": "amber",
        "waiting_since": "2026-04-01",
        "start_by": "2026-04-10",
        "funding": "council",
        "personal_budget_pence_per_week": 30_000,
        "client_groups": ["older_people"],
        "age": 84,
        "gender": "woman",
        "plan_signed_off": True,
        "funding_agreed": True,
        "has_mental_capacity": True,
        "package": {
            "visits": [
                {"visit_no": 1, "days": ["mon", "wed", "fri"], "band": "morning", "minutes": 45}
            ]
        },
    }
)
"""A homecare request in which nothing is missing."""
TERMS: Mapping[str, Any] = MappingProxyType(
    {
        "visits": [{"visit_no": 1, "at_minute": 480}],
        "start_date": "2026-04-06",
        "rate": {"unit": "hour", "amount_pence": 2505},
        "needs_assessment": False,
    }
)
REASON = "The round has no room after Easter"
EXAMPLES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "create_request": CARE,
        "change_request": {"changes": {"needs": ["dementia"]}, "reason": "New diagnosis"},
        "rate_risk": {"risk": "red", "reason": "Had a fall on Sunday"},
        "agree_money": {
            "personal_budget_pence_per_week": 30_000,
            "reason": "As the plan of 1 April says",
        },
        "set_key_worker": {
            "key_worker": "Adult Care Team West",
            "reason": "The referral came from the hospital",
        },
        "mark_urgent": {"reason": "The family carer is in hospital"},
        "suspend_request": {
            "suspended_from": "2026-04-08",
            "restarts_on": "2026-04-15",
            "reason": "In hospital for a week",
        },
        "end_request": {"reason": "no_longer_needed", "note": "Recovered after reablement"},
        "reinstate_request": {"reason": "She comes home from hospital after all"},
        "increase_care": {
            "request_id": "R-100-more",
            "package": {
                "visits": [
                    {"visit_no": 1, "days": ["sat", "sun"], "band": "morning", "minutes": 30}
                ]
            },
            "reason": "The daughter is away at weekends",
        },
        "change_provider": {
            "request_id": "R-100-other",
            "why_not_times": "Other times were offered and did not help",
            "why_not_carer": "Two other carers were tried",
            "why_not_tasks": "The tasks are as planned",
            "care_team_agrees": True,
            "reason": "Trust has broken down",
        },
        "find_options": {"request": dict(CARE)},
        "make_shortlist": {"options": 3},
        "open_enquiry": {"provider_ids": ["maiden", "frome"]},
        "make_offer": TERMS,
        "decline_enquiry": {"reason": REASON},
        "record_offer": {**TERMS, "provider_id": "frome", "told_by": "Telephone, the manager"},
        "approve_offer": {"approve": True, "note": "Nobody else can start this week"},
        "choose_offer": {"chosen_by": "person", "note": "Knows the agency from before"},
        "find_unsuitable": {"reason": "Needs nursing that the home does not give"},
        "withdraw_offer": {"reason": REASON},
        "book_option": {
            "shortlist_id": "shl-01kn3x8w3gq7m2r5t9v4",
            "provider_id": "maiden",
            "chosen_by": "family",
        },
        "end_booking": {"ends_on": "2026-04-30", "reason": "moved_away"},
        "reinstate_booking": {"reason": "The new agency cannot begin; the old one stays"},
        "ask_for_run": {"seconds": 60},
        "accept_run": {"note": "Agreed at the morning meeting"},
        "accept_proposal": {"note": "The person knows of it"},
        "refuse_proposal": {"reason": "The family looks after her until May"},
    }
)
"""By the name of a route's function, a body for it."""
