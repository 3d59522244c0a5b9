"""Bodies about providers as a person might paste them: on the sample book they all work."""

from __future__ import annotations

from fastapi.openapi.models import Example

STATE_CAPACITY: dict[str, Example] = {
    "agency": {
        "summary": "An agency has one carer free on weekday mornings, from 07:00 to 11:00",
        "value": {
            "homecare": [
                {
                    "days": ["mon", "tue", "wed", "thu", "fri"],
                    "start_minute": 420,
                    "end_minute": 660,
                    "carers": 1,
                }
            ]
        },
    },
    "care_home": {
        "summary": "A care home has two nursing beds free from a day on",
        "value": {
            "beds": [{"care_type": "nursing", "beds": 2, "available_from": "2026-04-13"}],
        },
    },
}
SET_STATUS: dict[str, Example] = {
    "embargo": {
        "summary": "No new work until further notice",
        "value": {"status": "embargoed", "reason": "Safeguarding enquiry under way"},
    }
}
SET_RATES: dict[str, Example] = {
    "homecare": {
        "summary": "25.60 pounds an hour from a day on",
        "value": {
            "rates": [
                {
                    "service_type": "homecare",
                    "unit": "hour",
                    "amount_pence": 2560,
                    "valid_from": "2026-04-01",
                }
            ]
        },
    },
    "weekends": {
        "summary": "25.60 pounds an hour on weekdays; 28 at weekends and on bank holidays",
        "value": {
            "rates": [
                {
                    "service_type": "homecare",
                    "unit": "hour",
                    "days": ["mon", "tue", "wed", "thu", "fri"],
                    "amount_pence": 2560,
                },
                {
                    "service_type": "homecare",
                    "unit": "hour",
                    "days": ["sat", "sun", "bank_holiday"],
                    "amount_pence": 2800,
                },
            ]
        },
    },
}
TERMS: dict[str, Example] = {
    "agency": {
        "summary": "An agency on the framework",
        "value": {
            "provider_id": "stour",
            "name": "Stour Valley Homecare",
            "kind": "homecare",
            "postcode": "DT1 2NB",
            "services": ["homecare"],
            "contract": "framework",
            "zones": ["dorchester"],
        },
    },
    "care_home": {
        "summary": "A home for older women, also with dementia, that admits at weekends",
        "value": {
            "provider_id": "elms",
            "name": "The Elms",
            "kind": "care_home",
            "postcode": "DT1 2NB",
            "services": ["residential", "residential_dementia"],
            "client_groups": ["older_people", "dementia"],
            "least_age": 65,
            "residents": "women",
            "cqc_rating": "good",
            "cqc_rated_on": "2025-11-20",
            "contract": "framework",
            "admits_at_weekends": True,
        },
    },
}
HAND_BACK: dict[str, Example] = {
    "package": {
        "summary": "An agency gives notice for one package",
        "value": {
            "order_ref": "RUN-000001",
            "last_day": "2026-04-14",
            "kind": "no_capacity",
            "reason": "No carer for the evenings any more",
        },
    }
}
