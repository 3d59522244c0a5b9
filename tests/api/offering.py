"""What tests of enquiries, offers and bookings share: asking, offering, choosing at a desk."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from api.storage.chain import verify_chain
from api.storage.checking import ledger_faults
from api.storage.record import Actor
from api.tables import CommitmentRow, EnquiryRow, HistoryRow, ProviderRow
from tests.api.desk import Desk, ok

MORNING, BED = 8 * 60, 20 * 60 + 30
"""Starts within the windows of both visits of R-101, free at maiden and at frome."""
HOLDER = {"role": "budget_holder"}
WORKER = {"role": "key_worker", "holder": "worker-7"}


def own(provider_id: str) -> dict[str, str]:
    """Return who calls for a provider."""
    return {"role": "provider", "holder": f"{provider_id} office", "provider_id": provider_id}


def terms(pence: int = 2505, **other: Any) -> dict[str, Any]:
    """Return an offer for R-101: both visits, from the week after, by the hour."""
    return {
        "visits": [{"visit_no": 1, "at_minute": MORNING}, {"visit_no": 2, "at_minute": BED}],
        "start_date": "2026-04-06",
        "rate": {"unit": "hour", "amount_pence": pence},
        **other,
    }


def bed_terms(pence: int = 94_000, **other: Any) -> dict[str, Any]:
    """Return an offer of a bed by the week."""
    rate = {"unit": "week", "amount_pence": pence}
    return {"start_date": "2026-04-06", "rate": rate, **other}


def enquire(desk: Desk, *provider_ids: str, request_id: str = "R-101", **other: Any) -> Any:
    """Return an enquiry opened to some providers."""
    body = {"provider_ids": list(provider_ids), **other}
    return desk.post(f"/v1/requests/{request_id}/enquiries", body)


def reply(desk: Desk, enquiry: Any, provider_id: str, body: Any = None) -> Any:
    """Return what a provider offers in answer to an enquiry."""
    path = f"/v1/enquiries/{enquiry['enquiry_id']}/offer"
    return ok(desk.call("PUT", path, body or terms(), **own(provider_id)))


def recorded(desk: Desk, provider_id: str, body: Any = None, request_id: str = "R-101") -> Any:
    """Return an offer that a provider told a broker."""
    told = {**(body or terms()), "provider_id": provider_id, "told_by": "telephone"}
    return desk.post(f"/v1/requests/{request_id}/offers", told)


def approved(desk: Desk, offer: Any, *, approve: bool = True, **who: Any) -> Any:
    """Return an offer on whose price a budget holder decided."""
    path, body = f"/v1/offers/{offer['offer_id']}/approval", {"approve": approve, "note": "Scarce"}
    return ok(desk.call("PUT", path, body, version=offer["version"], **{**HOLDER, **who}))


def chosen(desk: Desk, offer: Any, by: str = "person", **who: Any) -> Any:
    """Return an offer for which somebody decided."""
    path, body = f"/v1/offers/{offer['offer_id']}/choice", {"chosen_by": by}
    return ok(desk.call("PUT", path, body, version=offer["version"], **who))


def agreed(desk: Desk, request_id: str, *, limit: int = 200_000, **money: Any) -> Any:
    """Return a request for which a budget holder agreed the money."""
    path = f"/v1/requests/{request_id}"
    body, version = {"reason": "As planned", **money}, desk.get(path)["version"]
    return ok(desk.call("PUT", f"{path}/money", body, version=version, limit=limit, **HOLDER))


def booked(desk: Desk, offer: Any) -> Any:
    """Return the booking of an offer, for which the money is agreed where it was not yet."""
    request_id = offer["request_id"]
    if desk.get(f"/v1/requests/{request_id}")["money_asked_by"] is not None:
        agreed(desk, request_id)
    return desk.post(f"/v1/offers/{offer['offer_id']}/booking")


def history(desk: Desk, request_id: str = "R-101") -> list[tuple[str, str]]:
    """Return what the fairness ledger says of a request: provider and outcome."""
    query = select(HistoryRow).where(HistoryRow.request_id == request_id)
    with desk.record.reading() as session:
        rows = session.scalars(query.order_by(HistoryRow.line_id)).all()
    return [(row.provider_id, row.outcome) for row in rows]


def holds(desk: Desk, request_id: str = "R-101") -> list[str]:
    """Return at which providers a request still holds capacity."""
    query = select(CommitmentRow).where(
        CommitmentRow.request_id == request_id,
        CommitmentRow.kind == "hold",
        CommitmentRow.released_at.is_(None),
    )
    with desk.record.reading() as session:
        return sorted(row.provider_id for row in session.scalars(query))


def let_pass(desk: Desk, enquiry: Any) -> None:
    """Let the window of an enquiry be over."""
    with desk.record.bare_writing() as session:
        row = session.get_one(EnquiryRow, enquiry["enquiry_id"])
        row.closes_at = desk.record.clock.now() - timedelta(minutes=1)


def change_provider(desk: Desk, provider_id: str, **changes: Any) -> None:
    """Change columns of a provider, and let the market know."""
    with desk.record.writing(desk_actor()) as writing:
        row = writing.session.get_one(ProviderRow, provider_id)
        for name, value in changes.items():
            setattr(row, name, value)
        writing.supply_changed(row)
        writing.terms_changed()


def desk_actor() -> Actor:
    """Return who changes things behind the desk."""
    return Actor("the tests", "tests")


def in_hours(hours: float, of: datetime) -> str:
    """Return a moment some hours later, as a call says it."""
    return (of + timedelta(hours=hours)).isoformat()


def faults(desk: Desk) -> list[str]:
    """Return what is wrong with the ledger and the audit chain."""
    with desk.record.snapshot() as session:
        _, broken = verify_chain(session)
        return broken + ledger_faults(session, desk.record.clock.now())


def at(*starts: int) -> list[dict[str, int]]:
    """Return visits numbered in order at some minutes."""
    return [{"visit_no": n, "at_minute": minute} for n, minute in enumerate(starts, start=1)]
