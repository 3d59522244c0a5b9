"""Every noun of the page of states: how each state comes about, and every act to try in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from api.acts.endings import is_to_come
from api.storage.record import SOFTWARE
from api.storage.requests import ended_bookings, request_row
from api.tables import BookingRow, RunRow
from tests.api.acting import (
    ACTS,
    RUN_ACTS,
    STILL,
    Act,
    book_in_its_place,
    is_done,
    last_day_passes,
    night_finds,
    window_passes,
)
from tests.api.desk import Desk
from tests.api.offering import booked, chosen, enquire, recorded, terms
from tests.api.test_acts_proposals import proposed
from tests.api.working import ask

Setup = Callable[[Desk], dict[str, str]]


@dataclass(frozen=True)
class Noun:
    """A thing with states: how each comes about, what may be tried, and how it stands after."""

    setups: Mapping[str, Setup]
    acts: Mapping[str, Act]
    state: Callable[[Desk, dict[str, str]], str]


# -- how states come about ---------------------------------------------------------------------


def with_choice(desk: Desk) -> dict[str, str]:
    """Let R-101 have an enquiry, an offer that is chosen and another beside it."""
    enquiry = enquire(desk, "maiden", "frome", "chesil")
    other = recorded(desk, "frome", terms(2400))
    offer = chosen(desk, recorded(desk, "maiden"))
    ids = {"request": "R-101", "enquiry": enquiry["enquiry_id"], "offer": offer["offer_id"]}
    return {**ids, "other": other["offer_id"], "order": "none"}


def with_offer(desk: Desk) -> dict[str, str]:
    """Return the same, with the eye on the offer that is not chosen."""
    ids = with_choice(desk)
    return {**ids, "offer": ids["other"], "other": ids["offer"]}


def with_booking(desk: Desk) -> dict[str, str]:
    """Let R-101 be served by maiden."""
    ids = with_choice(desk)
    offer = desk.get(f"/v1/offers/{ids['offer']}")
    return {**ids, "order": booked(desk, offer)["order_ref"]}


def then(before: Setup, act: str) -> Setup:
    """Return how a state comes about by one more act."""

    def setup(desk: Desk) -> dict[str, str]:
        ids = before(desk)
        assert is_done(ACTS[act](desk, ids)), act
        return ids

    return setup


def over(desk: Desk) -> dict[str, str]:
    """Let the care of R-101 have ended a month ago."""
    ids = then(with_booking, "end")(desk)
    assert last_day_passes(desk, ids)
    return ids


def replaced_care(desk: Desk) -> dict[str, str]:
    """Let other care be booked in the place of maiden's, from a later day on."""
    ids = with_booking(desk)
    assert is_done(book_in_its_place(desk, ids))
    return ids


def with_proposal(desk: Desk) -> dict[str, str]:
    """Let a night have proposed a place for R-102."""
    found = proposed(desk)["R-102"]
    ids = {"request": "R-102", "proposal": found["proposal_id"], "run": found["run_id"]}
    return {**ids, "order": "none", "offer": "none", "enquiry": "none", "other": "none"}


def with_run(desk: Desk) -> dict[str, str]:
    """Let a run wait in the queue."""
    return {"run": ask(desk)}


def superseded_proposal(desk: Desk) -> dict[str, str]:
    """Let a later night have found the same for R-102."""
    ids = with_proposal(desk)
    assert night_finds(desk, ids)
    return ids


def called_off(desk: Desk) -> dict[str, str]:
    """Let care that was to come in the place of maiden's be called off."""
    ids = replaced_care(desk)
    assert is_done(ACTS["reinstate booking"](desk, ids))
    with desk.record.reading() as session:
        query = select(BookingRow.order_ref).where(BookingRow.request_id == "C-1")
        return {**ids, "request": "C-1", "order": session.scalars(query).one()}


def given_back(desk: Desk) -> dict[str, str]:
    """Let maiden have given its notice, and others be asked and offer."""
    ids = then(with_booking, "hand back")(desk)
    enquiry = enquire(desk, "maiden", "frome", "chesil")
    offer = recorded(desk, "frome", terms(2400))
    return {**ids, "enquiry": enquiry["enquiry_id"], "offer": offer["offer_id"], "other": "none"}


def left_behind(*, attempts: int, cancel_asked: bool) -> Setup:
    """Return how a run comes to be whose worker fell silent."""

    def setup(desk: Desk) -> dict[str, str]:
        ids = run_after(desk, "take up")
        with desk.record.bare_writing() as session:
            row = session.get_one(RunRow, ids["run"])
            row.lease_until = desk.record.clock.now() - timedelta(minutes=1)
            row.attempts, row.cancel_asked = attempts, cancel_asked
        return ids

    return setup


# -- how things stand --------------------------------------------------------------------------


def request_state(desk: Desk, ids: dict[str, str]) -> str:
    """Return how a request stands; of one that has ended, what of its care is to come."""
    with desk.record.writing(SOFTWARE) as writing:
        row = request_row(writing.session, ids["request"])
        if row.state != "ended":
            return row.state
        if is_to_come(writing, row):
            return "ending"
        return "over" if ended_bookings(writing.session, row.request_id) else "ended"


def booking_state(desk: Desk, ids: dict[str, str]) -> str:
    """Return whether care runs, is to end, or is over."""
    with desk.record.reading() as session:
        row = session.get_one(BookingRow, ids["order"])
        if row.ends_on is None:
            return "running"
        return "ending" if row.ends_on >= desk.record.clock.today() else "over"


def offer_state(desk: Desk, ids: dict[str, str]) -> str:
    """Return how far an offer has come."""
    return str(desk.get(f"/v1/offers/{ids['offer']}")["state"])


def enquiry_state(desk: Desk, ids: dict[str, str]) -> str:
    """Return whether an enquiry may be answered."""
    is_open = desk.get(f"/v1/enquiries/{ids['enquiry']}")["is_open"]
    return "open" if is_open else "closed"


def proposal_state(desk: Desk, ids: dict[str, str]) -> str:
    """Return what became of a proposal."""
    return str(desk.get(f"/v1/proposals/{ids['proposal']}")["state"])


def run_state(desk: Desk, ids: dict[str, str]) -> str:
    """Return how far a run has come."""
    return str(desk.get(f"/v1/allocations/{ids['run']}")["state"])


def some(*names: str) -> dict[str, Act]:
    """Return some acts by name."""
    return {name: ACTS[name] for name in names}


OF_CARE = ("end", "end of the person", "reinstate", "end booking", "reinstate booking", "hand back")
OF_OFFERS = ("approve", "choose", "choose another", "book", "book another", "withdraw")
AGAIN = ("find unsuitable", "offer again", "change", "book in its place")
NOUNS = {
    "Request": Noun(
        {
            "waiting": with_choice,
            "waiting, given back": then(with_booking, "hand back"),
            "arranged": with_booking,
            "ending": then(with_booking, "end"),
            "ending, replaced": replaced_care,
            "ended": then(with_choice, "end of the person"),
            "over": over,
        },
        {
            **some("change", "book", "book in its place", *OF_CARE),
            **STILL,
            "last day passes": last_day_passes,
        },
        request_state,
    ),
    "Booking": Noun(
        {
            "running": with_booking,
            "ending": then(with_booking, "end"),
            "ending, replaced": replaced_care,
            "ending, given back": then(with_booking, "hand back"),
            "ending, called off": called_off,
            "over": over,
        },
        {**some("book in its place", *OF_CARE), "last day passes": last_day_passes},
        booking_state,
    ),
    "Offer": Noun(
        {
            "offered": with_offer,
            "offered, given back": given_back,
            "chosen": with_choice,
            "booked": with_booking,
            "lost": then(with_offer, "book another"),
            "replaced": then(with_offer, "offer again"),
            "withdrawn": then(with_choice, "withdraw"),
            "unsuitable": then(with_choice, "find unsuitable"),
            "over": then(with_booking, "end"),
        },
        some(*OF_OFFERS, *AGAIN, *OF_CARE),
        offer_state,
    ),
    "Enquiry": Noun(
        {
            "open": with_choice,
            "open, given back": given_back,
            "closed": then(with_choice, "close"),
        },
        {
            **some("reply", "decline", "close", "book", "change", *OF_CARE),
            "window passes": window_passes,
        },
        enquiry_state,
    ),
    "Proposal": Noun(
        {
            "open": with_proposal,
            "accepted": then(with_proposal, "accept"),
            "refused": then(with_proposal, "refuse"),
            "stale": then(with_proposal, "end"),
            "superseded": lambda desk: (
                (night_finds(desk, ids := with_proposal(desk)) and ids) or {}
            ),
        },
        {
            **some("accept", "accept run", "refuse", "book otherwise", *OF_CARE),
            "next night": night_finds,
        },
        proposal_state,
    ),
    "Run": Noun(
        {
            "queued": with_run,
            "running": lambda desk: (
                (RUN_ACTS["take up"](desk, ids := with_run(desk)) and ids) or {}
            ),
            "running, left behind": left_behind(attempts=1, cancel_asked=False),
            "running, left behind too often": left_behind(attempts=99, cancel_asked=False),
            "running, to be cancelled": left_behind(attempts=1, cancel_asked=True),
            "done": lambda desk: {"run": with_proposal(desk)["run"]},
            "failed": lambda desk: run_after(desk, "take up", "fail"),
            "cancelled": lambda desk: run_after(desk, "cancel"),
        },
        RUN_ACTS,
        run_state,
    ),
}


def run_after(desk: Desk, *acts: str) -> dict[str, str]:
    """Return a run to which some things were done."""
    ids = with_run(desk)
    for act in acts:
        assert is_done(RUN_ACTS[act](desk, ids))
    return ids
