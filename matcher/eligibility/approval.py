"""Why an offer may be ranked but not booked before somebody agrees to its price (H9)."""

from __future__ import annotations

from matcher.enquiry import Enquiry
from matcher.pricing import MINUTES_PER_HOUR, rounded_pence
from matcher.vocabulary import pounds_text


def approval_reasons(enquiry: Enquiry, number: int) -> tuple[str, ...]:
    """Return every reason why a provider's price needs somebody's agreement; empty if none."""
    if not enquiry.needs_approval[number]:
        return ()
    if not enquiry.prices.known[number]:
        name = enquiry.market.providers[number].name
        return (f"{name} has no rate on file: agree a price before booking.",)
    reasons = []
    if enquiry.has_no_ceiling[number]:
        reasons.append("No framework rate is in force to hold the price against (H9).")
    above, over = int(enquiry.above_rate_pence[number]), int(enquiry.over_budget_pence[number])
    if above:
        reasons.append(f"{_above_text(enquiry, above)}; a budget holder must approve (H9).")
    if over:
        needed = _over_text(enquiry, number, over)
        reasons.append(f"{span_text(enquiry, over)} above the personal budget: {needed}.")
    return tuple(reasons)


def _over_text(enquiry: Enquiry, number: int, over_pence: int) -> str:
    """Return what a price above the personal budget takes, beside what was agreed already."""
    if enquiry.request.is_homecare:
        return "a budget holder must approve"
    agreed = int(enquiry.parts.third_party[number])
    if not agreed:
        return "a top-up"
    further = f"a further {span_text(enquiry, over_pence)} of top-up"
    return f"{further} beyond the {pounds_text(agreed)} agreed"


def span_text(enquiry: Enquiry, pence: int) -> str:
    """Return money with what it is for: a week, or a whole stay."""
    span = "a week" if enquiry.request.stay_nights is None else "for the stay"
    return f"{pounds_text(pence)} {span}"


def _above_text(enquiry: Enquiry, above_pence: int) -> str:
    above = span_text(enquiry, above_pence)
    minutes = enquiry.request.package.weekly_minutes
    if not minutes:
        return f"{above} above the framework rate"
    hourly = rounded_pence(above_pence * MINUTES_PER_HOUR, minutes)
    return f"{pounds_text(hourly)} an hour above the framework rate ({above})"
