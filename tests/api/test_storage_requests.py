"""Tests of the queries for requests: narrowed, in order, page by page while others change them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from api.errors import NotFoundError
from api.storage import requests as stored
from api.storage.requests import NEVER, Wanted, sort_key
from api.tables import CommitmentRow, EnquiryRow, RequestRow, ShortlistRow
from tests.api.desk import Desk
from tests.api.offering import booked, chosen, enquire, recorded, terms
from tests.api.test_acts_increases import MORE, OTHER
from tests.api.test_acts_requests import new_request

WORKER = {"role": "key_worker", "holder": "worker-7"}
NAMES = ("a-1", "A-1", "a_1", "B-2", "b.2", "Z", "z", "0", "10", "9")
"""Ids that databases sort in ways of their own."""
RISKS = ("red", "amber", "green")


def names(
    desk: Desk, wanted: Wanted | None = None, limit: int = 500, after: Any = None
) -> list[str]:
    """Return who is on the list."""
    with desk.record.reading() as session:
        rows = stored.listed(session, wanted or Wanted(), limit, after)
        return [row.request_id for row in rows]


def rows(desk: Desk) -> list[RequestRow]:
    """Return every request, in no order."""
    with desk.record.reading() as session:
        return list(session.query(RequestRow))


def put(desk: Desk, request_id: str, **values: Any) -> None:
    """Change what the record says of a request, behind everybody's back."""
    with desk.record.bare_writing() as session:
        row = stored.request_row(session, request_id)
        for name, value in values.items():
            setattr(row, name, value)


def crowd(desk: Desk, count: int, seed: int = 1) -> None:
    """Let many wait, of any risk and since any day or none, several of them alike."""
    dice = random.Random(seed)
    with desk.record.bare_writing() as session:
        like = stored.request_row(session, "R-101")
        columns = [c.name for c in RequestRow.__table__.columns]
        for number in range(count):
            values = {name: getattr(like, name) for name in columns}
            name = NAMES[number] if number < len(NAMES) else f"C-{number}"
            days = dice.choice([None, 0, 1, 1, 2, 30])
            since = None if days is None else date(2026, 3, 31) - timedelta(days=days)
            values |= {
                "request_id": name,
                "document": {**like.document, "request_id": name},
                "risk_order": dice.randrange(4),
                "waiting_since": since,
            }
            session.add(RequestRow(**values))


# -- one ---------------------------------------------------------------------------------------


def test_who_is_not_there_is_not_found(desk: Desk) -> None:
    """By the id as it was asked for, whatever it looks like."""
    with desk.record.reading() as session:
        assert stored.request_row(session, "R-101").request_id == "R-101"
        for name in ("R-999", "r-101", "R-101 ", "", "R-10_", "%"):
            with pytest.raises(NotFoundError) as caught:
                stored.request_row(session, name)
            assert caught.value.value == name


# -- narrowed ----------------------------------------------------------------------------------

NARROW: dict[str, tuple[Wanted, Callable[[RequestRow], bool]]] = {
    "all": (Wanted(), lambda row: True),
    "waiting": (Wanted(state="waiting"), lambda row: row.state == "waiting"),
    "arranged": (Wanted(state="arranged"), lambda row: row.state == "arranged"),
    "ended": (Wanted(state="ended"), lambda row: row.state == "ended"),
    "homecare": (Wanted(service_type="homecare"), lambda row: row.service_type == "homecare"),
    "zone": (Wanted(zone="weymouth"), lambda row: row.zone == "weymouth"),
    "another case": (Wanted(zone="Weymouth"), lambda row: False),
    "worker": (Wanted(key_worker="worker-7"), lambda row: row.key_worker == "worker-7"),
    "red": (Wanted(risk_order=0), lambda row: row.risk_order == 0),
    "nobody": (Wanted(state="waiting", zone="mars"), lambda row: False),
    "both": (
        Wanted(state="waiting", service_type="homecare", risk_order=1, zone="dorchester"),
        lambda row: (
            (row.state, row.service_type, row.risk_order, row.zone)
            == ("waiting", "homecare", 1, "dorchester")
        ),
    ),
}


@pytest.mark.parametrize("name", NARROW)
def test_the_list_is_narrowed_by_what_is_asked(desk: Desk, name: str) -> None:
    """By one thing or several together; what is not asked for does not narrow it."""
    wanted, fits = NARROW[name]
    put(desk, "R-103", state="ended")
    put(desk, "R-104", key_worker="worker-7")
    expected = {row.request_id for row in rows(desk) if fits(row)}
    assert set(names(desk, wanted)) == expected
    if name not in {"another case", "nobody"}:
        assert expected != set()


# -- in order ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_riskiest_and_longest_waiting_come_first(desk: Desk, seed: int) -> None:
    """Who has no risk recorded comes after green, and who has no day after all days (S1)."""
    crowd(desk, 40, seed)
    known = {row.request_id: row for row in rows(desk)}
    found = [known[name] for name in names(desk)]
    assert len(found) == len(known)
    order = [(row.risk_order, row.waiting_since or NEVER) for row in found]
    assert order == sorted(order)


def test_the_sort_key_says_where_a_request_stands(desk: Desk) -> None:
    """Taken as the place to go on from, it gives all that come after, and nothing else."""
    crowd(desk, 30)
    known = {row.request_id: row for row in rows(desk)}
    found = names(desk)
    for place, name in enumerate(found):
        assert names(desk, after=sort_key(known[name])) == found[place + 1 :]


def test_a_key_that_is_nobodys_is_a_place_all_the_same(desk: Desk) -> None:
    """Who was last on a page may have moved since."""
    found = names(desk)
    assert names(desk, after=(-1, date.min, "")) == found
    assert names(desk, after=(3, NEVER, "zzzz")) == []
    reds = [row.request_id for row in rows(desk) if row.risk_order == 0]
    assert names(desk, after=(0, NEVER, "zzzz")) == [n for n in found if n not in reds]


@pytest.mark.parametrize("limit", [1, 5, 12, 13])
def test_no_more_come_than_are_asked_for(desk: Desk, limit: int) -> None:
    """The first of the list, and all twelve where more are asked for."""
    assert names(desk, limit=limit) == names(desk)[:limit]


# -- page by page ------------------------------------------------------------------------------


def pages(desk: Desk, limit: int, query: str = "") -> Iterator[list[str]]:
    """Yield the waiting list page by page, each when it is asked for."""
    cursor: str | None = ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        page = desk.get(f"/v1/requests?limit={limit}{query}{more}")
        assert 0 < len(page["items"]) <= limit
        yield [each["request_id"] for each in page["items"]]
        cursor = page["next"]


@pytest.mark.parametrize("limit", [1, 3, 7, 50, 51, 52, 200])
def test_pages_give_everybody_once(desk: Desk, limit: int) -> None:
    """Whatever the ids are like and however many are alike, on pages of any length."""
    crowd(desk, 40)
    whole = names(desk, Wanted(state="waiting"))
    assert len(whole) == 51
    found = list(pages(desk, limit))
    assert [name for page in found for name in page] == whole
    assert [len(page) for page in found[:-1]] == [limit] * (len(found) - 1)


def test_a_page_that_is_just_full_has_no_next(desk: Desk) -> None:
    """Nobody is sent on to an empty page."""
    count = len(names(desk, Wanted(state="waiting")))
    assert desk.get(f"/v1/requests?limit={count}")["next"] is None
    assert desk.get(f"/v1/requests?limit={count - 1}")["next"] is not None


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_pages_stay_right_while_others_work(desk: Desk, seed: int) -> None:
    """Whoever waits all the while is seen once, whoever else comes, goes or is rated meanwhile."""
    dice = random.Random(seed)
    crowd(desk, 24, seed)
    steady = set(names(desk, Wanted(state="waiting")))
    seen: list[str] = []
    for number, page in enumerate(pages(desk, 4)):
        seen += page
        gone = dice.choice(sorted(steady))
        desk.post(f"/v1/requests/{gone}/end", {"reason": "other"})
        steady.discard(gone)
        risk = dice.choice(RISKS)
        desk.post("/v1/requests", new_request(desk, f"N-{number}", risk=risk), **WORKER)
        version = desk.get(f"/v1/requests/N-{number}")["version"]
        rating = {"risk": dice.choice(RISKS), "reason": "Seen again"}
        path = f"/v1/requests/N-{number}/risk"
        assert desk.call("PUT", path, rating, version=version, **WORKER).is_success
    assert steady <= set(seen)
    assert len([name for name in seen if name in steady]) == len(steady)


def test_the_last_of_a_page_may_go(desk: Desk) -> None:
    """The next page goes on from where it stood."""
    whole = names(desk, Wanted(state="waiting"))
    seen = []
    for page in pages(desk, 2):
        seen += page
        desk.post(f"/v1/requests/{page[-1]}/end", {"reason": "died"})
    assert seen == whole


def test_a_narrowed_list_has_pages_of_its_own(desk: Desk) -> None:
    """The cursor holds the place, and the call what to narrow it to."""
    crowd(desk, 20)
    found = [name for page in pages(desk, 2, "&risk=amber") for name in page]
    assert found == names(desk, Wanted(state="waiting", risk_order=1))


# -- what has become of each -------------------------------------------------------------------


def test_the_first_response_is_the_earliest_look(desk: Desk) -> None:
    """By a shortlist or an enquiry, of those that are asked for, and of nobody without any."""
    for name in ("R-101", "R-103", "R-101"):
        desk.post(f"/v1/requests/{name}/shortlists", {})
    enquire(desk, "maiden")
    enquire(desk, "frome", request_id="R-102")
    with desk.record.reading() as session:
        found = stored.first_responses(session, ["R-101", "R-102", "R-104", "R-999"])
        assert stored.first_responses(session, []) == {}
        made = [r.made_at for r in session.query(ShortlistRow).filter_by(request_id="R-101")]
        opened = session.query(EnquiryRow).filter_by(request_id="R-102").one().opened_at
    assert found == {"R-101": min(made), "R-102": opened}


def test_only_care_that_runs_is_a_requests_booking(desk: Desk) -> None:
    """Not what was handed back; and what was booked after that."""

    def running() -> str | None:
        with desk.record.reading() as session:
            booking = stored.booking_of(session, "R-101")
        return None if booking is None else booking.order_ref

    assert running() is None
    first = booked(desk, chosen(desk, recorded(desk, "maiden")))["order_ref"]
    assert running() == first
    body = {"order_ref": first, "last_day": "2026-04-05", "reason": "No staff"}
    desk.post("/v1/providers/maiden/hand-backs", body, role="provider", provider_id="maiden")
    assert running() is None
    second = booked(
        desk, chosen(desk, recorded(desk, "frome", terms(2400, start_date="2026-04-10")))
    )
    assert running() == second["order_ref"] != first


def test_promises_are_what_was_not_given_back(desk: Desk) -> None:
    """Held or booked, whether or not a hold has run out by itself."""

    def kinds() -> list[tuple[str, str]]:
        with desk.record.reading() as session:
            return [(row.kind, row.provider_id) for row in stored.promises_of(session, "R-101")]

    assert kinds() == []
    offer = chosen(desk, recorded(desk, "maiden"))
    assert kinds() == [("hold", "maiden")]
    with desk.record.bare_writing() as session:
        session.execute(update(CommitmentRow).values(expires_at=CommitmentRow.made_at))
    assert kinds() == [("hold", "maiden")]
    booked(desk, offer)
    assert ("booking", "maiden") in kinds()


def test_enquiries_are_open_until_somebody_closes_them(desk: Desk) -> None:
    """Of one request only, the oldest first."""
    made = [enquire(desk, name)["enquiry_id"] for name in ("maiden", "frome")]
    enquire(desk, "chesil", request_id="R-103")
    with desk.record.reading() as session:
        assert [r.enquiry_id for r in stored.open_enquiries(session, "R-101")] == made
    desk.post(f"/v1/enquiries/{made[0]}/closing")
    with desk.record.reading() as session:
        assert [r.enquiry_id for r in stored.open_enquiries(session, "R-101")] == made[1:]


def test_offers_come_in_the_order_in_which_they_were_made(desk: Desk) -> None:
    """All of them, also those that were replaced."""
    made = [recorded(desk, name)["offer_id"] for name in ("maiden", "frome", "maiden")]
    with desk.record.reading() as session:
        found = stored.offers_of(session, "R-101")
        assert stored.offers_of(session, "R-102") == []
    assert [(row.offer_id, row.state) for row in found] == [
        (made[0], "replaced"),
        (made[1], "offered"),
        (made[2], "offered"),
    ]


def test_children_are_what_was_asked_for_beside(desk: Desk) -> None:
    """By id, whether they have ended or not, and not the children of others."""
    desk.post("/v1/requests/R-100/changes-of-provider", OTHER)
    desk.post("/v1/requests/R-100/increases", MORE)
    desk.post("/v1/requests/R-100-more/end", {"reason": "other"})
    with desk.record.reading() as session:
        found = [row.request_id for row in stored.children_of(session, "R-100")]
        assert stored.children_of(session, "R-101") == []
    assert found == ["R-100-more", "R-100-other"]
