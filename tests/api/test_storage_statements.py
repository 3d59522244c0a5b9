"""Tests of lists: however many lines one shows, it asks the database the same few questions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, inspect

from api.storage.runs import newest_runs
from api.storage.shortlists import listed
from tests.api.desk import Desk
from tests.api.offering import bed_terms, booked, chosen, enquire, own, recorded, reply

ADMINISTRATOR = {"role": "administrator"}
OFFERED = (("poundbury", "R-201", "person"), ("grange", "R-203", "best_interests_decision"))
"""Who may offer a bed to whom, and who then decides."""


@contextmanager
def statements(desk: Desk) -> Iterator[list[str]]:
    """Give the statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(desk.record.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(desk.record.engine, "before_cursor_execute", note)


@pytest.fixture
def busy_desk(sqlite_desk: Desk) -> Desk:
    """Give a desk with at least two lines on every list."""
    for _ in range(2):
        sqlite_desk.post("/v1/requests/R-101/shortlists", {"options": 1})
        sqlite_desk.post("/v1/allocations", {})
    for request_id in ("R-101", "R-104"):
        enquire(sqlite_desk, "frome", request_id=request_id)
    reply(sqlite_desk, enquire(sqlite_desk, "frome"), "frome")
    recorded(sqlite_desk, "maiden")
    for provider_id, request_id, by in OFFERED:
        offer = recorded(sqlite_desk, provider_id, bed_terms(), request_id=request_id)
        booked(sqlite_desk, chosen(sqlite_desk, offer, by))
    return sqlite_desk


def told(desk: Desk, path: str, limit: int, **who: Any) -> tuple[int, int]:
    """Return how many lines a list shows, and how many statements that takes."""
    desk.key(**who)
    with statements(desk) as sent:
        lines = desk.get(f"{path}{'&' if '?' in path else '?'}limit={limit}", **who)["items"]
    return len(lines), len(sent)


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("/v1/requests", {}),
        ("/v1/requests?state=arranged", {}),
        ("/v1/requests/R-101/shortlists", {}),
        ("/v1/bookings", {}),
        ("/v1/offers", {}),
        ("/v1/enquiries", {}),
        ("/v1/enquiries", own("frome")),
        ("/v1/allocations", {}),
        ("/v1/providers", {}),
        ("/v1/audit", ADMINISTRATOR),
        ("/v1/keys", ADMINISTRATOR),
    ],
)
def test_a_longer_list_takes_no_more_statements(
    busy_desk: Desk, path: str, who: dict[str, Any]
) -> None:
    """One line or all of them: the same questions."""
    busy_desk.key()
    one, few = told(busy_desk, path, 1, **who)
    many, as_few = told(busy_desk, path, 100, **who)
    assert one == 1 < many
    assert as_few == few <= 10


def test_what_is_chosen_takes_no_more_statements(sqlite_desk: Desk) -> None:
    """What is held for each is asked for all at once, and is each one's own."""
    until = []
    for provider_id, request_id, by in OFFERED:
        offer = recorded(sqlite_desk, provider_id, bed_terms(), request_id=request_id)
        until.append(chosen(sqlite_desk, offer, by)["held_until"])
    assert told(sqlite_desk, "/v1/offers", 1)[1] == told(sqlite_desk, "/v1/offers", 9)[1]
    assert [each["held_until"] for each in sqlite_desk.get("/v1/offers")["items"]] == until


def test_bookings_show_their_own_offers(busy_desk: Desk) -> None:
    """Each its own terms where it was offered here; none where it ran before."""
    lines = busy_desk.get("/v1/bookings?limit=100")["items"]
    for line in lines:
        assert line == busy_desk.get(f"/v1/bookings/{line['order_ref']}")
    assert {line["terms"] is None for line in lines} == {False, True}


def test_adverts_are_listed_as_they_are_read(busy_desk: Desk) -> None:
    """With the provider's own answer to each."""
    lines = busy_desk.get("/v1/enquiries", **own("frome"))["items"]
    for line in lines:
        assert line == busy_desk.get(f"/v1/enquiries/{line['enquiry_id']}", **own("frome"))
    assert {line["offer"] is None for line in lines} == {False, True}


def test_lists_leave_what_is_heavy_where_it_is(busy_desk: Desk) -> None:
    """Neither the files of runs nor the evidence of shortlists is read to list them."""
    with busy_desk.record.reading() as session:
        for run in newest_runs(session, 5, None):
            assert "files" in inspect(run).unloaded
        for shortlist in listed(session, "R-101", 5, None):
            assert {"evidence", "request"} <= inspect(shortlist).unloaded
