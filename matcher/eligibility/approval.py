"""Why an offer may be ranked but not booked before somebody agrees to its price (H9)."""

from __future__ import annotations

from matcher.enquiry import Enquiry
from matcher.pricing import MINUTES_PER_HOUR, rounded_pence
from matcher.vocabulary import pounds_text


def approval_reasons(enquiry: Enquiry, number: int) -> tuple[str, ...]:
    """Return every reason why a provider's price needs somebody's agreement; empty if none."""
    name = enquiry.market.providers[number].name
    if not enquiry.prices.known[number]:
        return (f"{name} has no rate on file: agree a price before booking.",)
    reasons = []
    if enquiry.has_no_ceiling:
        reasons.append("No framework rate is in force to hold the price against (H9).")
    above, over = int(enquiry.above_rate_pence[number]), int(enquiry.over_budget_pence[number])
    if above:
        reasons.append(f"{_above_text(enquiry, above)}; a budget holder must approve (H9).")
    if over:
        who = "a budget holder must approve" if enquiry.request.is_homecare else "a top-up"
        reasons.append(f"{pounds_text(over)} a week above the personal budget: {who}.")
    return tuple(reasons)


def _above_text(enquiry: Enquiry, above_pence: int) -> str:
    weekly = f"{pounds_text(above_pence)} a week"
    minutes = enquiry.request.package.weekly_minutes
    if not minutes:
        return f"{weekly} above the framework rate"
    hourly = rounded_pence(above_pence * MINUTES_PER_HOUR, minutes)
    return f"{pounds_text(hourly)} an hour above the framework rate ({weekly})"
