"""Every act that the page of states names, as one call or as one step of a worker."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from api.acts import runs
from api.storage.record import SOFTWARE
from api.tables import BookingRow, OfferRow, ProposalRow, RequestRow, RunRow
from matcher.allocation import Allocation, Placed
from matcher.result import Status
from tests.api.desk import Desk
from tests.api.offering import chosen, let_pass, own, recorded, terms
from tests.api.test_acts_increases import OTHER
from tests.api.test_acts_nights import finished
from tests.api.working import take

WHY = {"reason": "As discussed"}
PERSON = {"chosen_by": "person"}
Act = Callable[[Desk, dict[str, str]], Any]
"""Returns an answer, or whether it was done; given the ids of what a state has."""


# -- acts --------------------------------------------------------------------------------------


def calling(method: str, path: str, body: Any = None, **who: Any) -> Act:
    """Return an act that is one call."""

    def act(desk: Desk, ids: dict[str, str]) -> Any:
        return desk.call(
            method, path.format(**ids), body, version=version_for(desk, path, ids), **who
        )

    return act


def version_for(desk: Desk, path: str, ids: dict[str, str]) -> int | None:
    """Return the version that a call must name: of an offer, or of a request."""
    kinds = {"offer": OfferRow, "other": OfferRow, "request": RequestRow}
    for name, table in kinds.items():
        if re.match(rf"/v1/(offers|requests)/{{{name}}}", path):
            with desk.record.reading() as session:
                row = session.get(table, ids[name])
                return 1 if row is None else row.version
    return None


def ending(reason: str, ends_on: str | None) -> dict[str, str]:
    """Return what is said of an end."""
    return {"reason": reason} | ({} if ends_on is None else {"ends_on": ends_on})


def offer_again(desk: Desk, ids: dict[str, str]) -> Any:
    """Let the provider of the offer tell another one by telephone."""
    with desk.record.reading() as session:
        row = session.get(OfferRow, ids["offer"])
        where = "maiden" if row is None else row.provider_id
    body = {**terms(2390), "provider_id": where, "told_by": "telephone"}
    return desk.call("POST", f"/v1/requests/{ids['request']}/offers", body)


def book_other(desk: Desk, ids: dict[str, str]) -> Any:
    """Let the person decide for the other offer, and book that."""
    answered = ACTS["choose another"](desk, ids)
    if not answered.is_success:
        return answered
    return desk.call("POST", f"/v1/offers/{ids['other']}/booking")


def book_in_its_place(desk: Desk, ids: dict[str, str]) -> Any:
    """Book another provider in the place of the one that serves, from a later day on."""
    path = f"/v1/requests/{ids['request']}/changes-of-provider"
    answered = desk.call("POST", path, {**OTHER, "request_id": "C-1"})
    if not answered.is_success:
        return answered
    offer = chosen(desk, recorded(desk, "frome", terms(2400, start_date="2026-04-13"), "C-1"))
    return desk.call("POST", f"/v1/offers/{offer['offer_id']}/booking")


def hand_back(desk: Desk, ids: dict[str, str]) -> Any:
    """Let maiden give the package back with notice."""
    body = {"order_ref": ids["order"], "last_day": "2026-04-20", **WHY}
    return desk.call("POST", "/v1/providers/maiden/hand-backs", body, **own("maiden"))


def book_otherwise(desk: Desk, ids: dict[str, str]) -> bool:
    """Arrange what a night has proposed with whoever has offered by telephone."""
    with desk.record.reading() as session:
        row = session.get(ProposalRow, ids["proposal"])
        placed = None if row is None else Placed.model_validate(row.document)
    if placed is None or desk.get(f"/v1/requests/{placed.request_id}")["state"] != "waiting":
        return False
    visits = [{"visit_no": t.visit_no, "at_minute": t.start_minute} for t in placed.visit_times]
    said = terms(2400, visits=visits, start_date=str(placed.start_date))
    offer = recorded(desk, placed.provider_id, said, placed.request_id)
    return is_done(desk.call("POST", f"/v1/offers/{chosen(desk, offer)['offer_id']}/booking"))


ACTS: dict[str, Act] = {
    "change": calling(
        "PATCH", "/v1/requests/{request}", {"changes": {"needs": ["dementia"]}, **WHY}
    ),
    "end": calling("POST", "/v1/requests/{request}/end", ending("moved_away", "2026-04-28")),
    "end of the person": calling("POST", "/v1/requests/{request}/end", ending("died", None)),
    "reinstate": calling("POST", "/v1/requests/{request}/reinstatement", WHY),
    "end booking": calling("POST", "/v1/bookings/{order}/end", ending("hospital", "2026-04-21")),
    "reinstate booking": calling("POST", "/v1/bookings/{order}/reinstatement", WHY),
    "hand back": hand_back,
    "book otherwise": book_otherwise,
    "book in its place": book_in_its_place,
    "approve": calling(
        "PUT", "/v1/offers/{offer}/approval", {"approve": True, "note": "Yes"}, role="budget_holder"
    ),
    "choose": calling("PUT", "/v1/offers/{offer}/choice", PERSON),
    "choose another": calling("PUT", "/v1/offers/{other}/choice", PERSON),
    "book": calling("POST", "/v1/offers/{offer}/booking"),
    "book another": book_other,
    "offer again": offer_again,
    "withdraw": calling("POST", "/v1/offers/{offer}/withdrawal", WHY),
    "find unsuitable": calling("POST", "/v1/offers/{offer}/unsuitable", WHY),
    "reply": calling("PUT", "/v1/enquiries/{enquiry}/offer", terms(2395), **own("chesil")),
    "decline": calling("POST", "/v1/enquiries/{enquiry}/decline", WHY, **own("chesil")),
    "close": calling("POST", "/v1/enquiries/{enquiry}/closing"),
    "accept": calling("POST", "/v1/proposals/{proposal}/acceptance", {}),
    "accept run": calling("POST", "/v1/allocations/{run}/acceptance", {}),
    "refuse": calling("POST", "/v1/proposals/{proposal}/refusal", WHY),
    "cancel": calling("POST", "/v1/allocations/{run}/cancellation"),
}
STILL: dict[str, Act] = {
    "shortlist": calling("POST", "/v1/requests/{request}/shortlists", {}),
    "enquire": calling("POST", "/v1/requests/{request}/enquiries", {"provider_ids": ["maiden"]}),
    "suspend": calling(
        "POST", "/v1/requests/{request}/suspension", {"suspended_from": "2026-05-01", **WHY}
    ),
    "mark urgent": calling("PUT", "/v1/requests/{request}/urgency", WHY),
    "increase": calling(
        "POST",
        "/v1/requests/{request}/increases",
        {
            "request_id": "I-1",
            "package": {
                "visits": [{"visit_no": 1, "days": ["sun"], "band": "lunch", "minutes": 30}]
            },
            **WHY,
        },
    ),
}
"""Acts that leave every state as it is."""


def is_done(answered: Any) -> bool:
    """Say whether an act was done."""
    return answered if isinstance(answered, bool) else answered.is_success


# -- workers' acts -----------------------------------------------------------------------------


def by_worker(act: Callable[[Any, Any], bool]) -> Act:
    """Return an act of whichever worker has the run."""

    def tried(desk: Desk, ids: dict[str, str]) -> bool:
        with desk.record.writing(SOFTWARE) as writing:
            row = writing.session.get_one(RunRow, ids["run"])
            claimed = runs.Claimed(row.run_id, row.claim or "none", runs.Limits(seconds=1), 0)
            return act(writing, claimed)

    return tried


FOUND_NOTHING: Any = SimpleNamespace(
    status=Status.OPTIMAL,
    inputs_sha256="",
    versions={},
    counts=SimpleNamespace(placed=0, needs_approval=0, unplaced=0),
    model_dump=lambda **_: None,
)
"""What a run has to say that was given nobody."""


def finish(writing: Any, claimed: Any) -> bool:
    """Let the worker end a run as done."""
    return runs.finish(writing, claimed, Allocation(), FOUND_NOTHING, {})


def take_up(desk: Desk, ids: dict[str, str]) -> bool:
    """Let a worker look for work; of a run left behind that may be its end."""

    def state() -> str:
        with desk.record.reading() as session:
            return session.get_one(RunRow, ids["run"]).state

    before = state()
    return take(desk) is not None or state() != before


RUN_ACTS: dict[str, Act] = {
    "cancel": ACTS["cancel"],
    "take up": take_up,
    "finish": by_worker(finish),
    "fail": by_worker(lambda writing, claimed: runs.fail(writing, claimed, "It failed.")),
    "call off": by_worker(runs.call_off),
    "give back": by_worker(runs.give_back),
}


def night_finds(desk: Desk, ids: dict[str, str]) -> bool:
    """Let the next night find the same place for the same person."""
    with desk.record.reading() as session:
        row = session.get_one(ProposalRow, ids["proposal"])
        placed, run = Placed.model_validate(row.document), row.run_id
    finished(desk, run, [placed], Status.OPTIMAL)
    return True


# -- time ----------------------------------------------------------------------------------------


def last_day_passes(desk: Desk, ids: dict[str, str]) -> bool:
    """Let care that is to end have ended a month ago, as was told a month before."""
    with desk.record.bare_writing() as session:
        row = session.get(BookingRow, ids["order"])
        if row is None or row.ended_at is None:
            return False
        request = session.get_one(RequestRow, row.request_id)
        told, ended_together = row.ended_at, request.ended_at == row.ended_at
        row.ended_at, row.ends_on = told - timedelta(days=60), date(2026, 3, 1)
        if ended_together:
            request.ended_at = row.ended_at
    return True


def window_passes(desk: Desk, ids: dict[str, str]) -> bool:
    """Let the time to answer an enquiry be over."""
    let_pass(desk, {"enquiry_id": ids["enquiry"]})
    return True
