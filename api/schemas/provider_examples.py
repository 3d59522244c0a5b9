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
    }
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
    }
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
