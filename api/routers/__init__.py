"""The routes, one file a noun."""

from api.routers import (
    allocations,
    audit,
    bookings,
    enquiries,
    increases,
    keys,
    offers,
    operations,
    proposals,
    providers,
    requests,
    shortlists,
    unmet_need,
)

ROUTERS = (
    operations.router,
    requests.router,
    increases.router,
    shortlists.router,
    enquiries.router,
    offers.router,
    bookings.router,
    allocations.router,
    proposals.router,
    unmet_need.router,
    providers.router,
    keys.router,
    audit.router,
)

__all__ = ["ROUTERS"]
