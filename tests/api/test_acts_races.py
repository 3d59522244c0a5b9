"""Tests of races: however many want the last bed at once, one person gets it."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Thread
from time import sleep

import httpx2
import uvicorn
from httpx2 import Response
from sqlalchemy import select

from api.acts import choices, offers
from api.acts.requests import care_of
from api.schemas.offers import Choice, Decider, OfferedRate, RecordedOffer
from api.storage.books import request_row as new_row
from api.storage.lines import document_of
from api.tables import BookingRow, CommitmentRow, RecordRow, RequestRow, ShortlistRow
from matcher.model import CareRequest
from matcher.shortlist import Shortlist, make_shortlist
from matcher.vocabulary import RateUnit
from tests.api.desk import Desk
from tests.api.offering import bed_terms, chosen, desk_actor, faults, recorded
from tests.api.working import wait_for

RACERS = 200
HOME = "poundbury"
"""Has one residential bed in the sample book."""
Call = tuple[str, dict[str, str] | None]


def waiting_for_the_bed(desk: Desk) -> list[Call]:
    """Return the calls of people who all want the last bed, by two ways of booking it.

    Everyone's choice is a day old, so that all holds have lapsed: half of them by an offer, half
    by a shortlist.
    """
    market = desk.app.state.service.supply
    with desk.record.writing(desk_actor()) as writing:
        like = care_of(writing.session.get_one(RequestRow, "R-201"))
        found = make_shortlist(market.market(writing.session), like).shortlist
        assert HOME in [option.provider_id for option in found.options]
        calls: list[Call] = []
        for number in range(RACERS):
            request = like.model_copy(update={"request_id": f"N-{number}"})
            row = new_row(request, zone=None, received_at=writing.now)
            writing.session.add(row)
            writing.session.flush()
            if number % 2:
                writing.session.add(shortlist_row(desk, request, found))
                asked = {"provider_id": HOME, "chosen_by": "person"}
                body = {**asked, "shortlist_id": f"sho-{request.request_id}"}
                calls.append((f"/v1/requests/{request.request_id}/bookings", body))
                continue
            told = RecordedOffer(
                provider_id=HOME,
                told_by="telephone",
                start_date=writing.today,
                rate=OfferedRate(unit=RateUnit.WEEK, amount_pence=94_000),
            )
            offer = offers.record(writing, market, row, told)
            choices.mark_chosen(writing, offer, Choice(chosen_by=Decider.PERSON))
            calls.append((f"/v1/offers/{offer.offer_id}/booking", None))
    return calls


def shortlist_row(desk: Desk, request: CareRequest, like: Shortlist) -> ShortlistRow:
    """Return a shortlist of yesterday, of which nothing is held any more."""
    shortlist = like.model_copy(update={"request_id": request.request_id})
    return ShortlistRow(
        shortlist_id=f"sho-{request.request_id}",
        request_id=request.request_id,
        made_at=desk.record.clock.now(),
        made_by="the broker",
        inputs_sha256="0" * 64,
        request=document_of(request),
        document=shortlist.model_dump(mode="json"),
        evidence=[],
        hold_ids=[],
    )


@contextmanager
def served(desk: Desk) -> Iterator[str]:
    """Give the address at which a web server answers for the desk."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=RACERS)
    config = uvicorn.Config(desk.app, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        wait_for(lambda: server.started)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def raced(desk: Desk, calls: list[Call]) -> list[Response]:
    """Return the answers to calls that are all made at once, each over a connection of its own.

    Who finds the line full comes again.
    """
    together = Barrier(len(calls))
    headers = {"Authorization": f"Bearer {desk.key()}"}
    as_many = httpx2.Limits(max_connections=len(calls), max_keepalive_connections=0)

    def call(client: httpx2.Client, path: str, body: dict[str, str] | None) -> Response:
        together.wait(timeout=60)
        while True:
            answer = client.post(path, json=body)
            if answer.status_code != 503:
                return answer
            assert "retry-after" in answer.headers  # the line is full, and nothing was done
            sleep(2.0)

    with (
        served(desk) as address,
        httpx2.Client(base_url=address, headers=headers, limits=as_many, timeout=120) as client,
        ThreadPoolExecutor(max_workers=len(calls)) as crowd,
    ):
        started = [crowd.submit(call, client, *each) for each in calls]
        return [each.result(timeout=120) for each in started]


def test_the_last_bed_is_booked_once(desk: Desk) -> None:
    """Of 200 who book at once one gets the bed and 199 are told that it is gone."""
    answers = raced(desk, waiting_for_the_bed(desk))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: RACERS - 1}
    lost = [answer.json()["type"] for answer in answers if answer.status_code == 409]
    assert set(lost) == {"urn:carematch:problem:capacity-taken"}
    [order] = [answer.json() for answer in answers if answer.status_code == 201]
    with desk.record.reading() as session:
        bookings = session.scalars(select(BookingRow).where(BookingRow.provider_id == HOME)).all()
        commitments = session.scalars(
            select(CommitmentRow).where(CommitmentRow.provider_id == HOME)
        ).all()
        arranged = session.scalars(
            select(RequestRow.request_id).where(
                RequestRow.request_id.like("N-%"), RequestRow.state == "arranged"
            )
        ).all()
        record = session.scalars(select(RecordRow)).one()
    assert [each.order_ref for each in bookings] == [order["order_ref"]] == ["IPO-000001"]
    assert [(each.kind, each.request_id) for each in commitments] == [
        ("booking", order["request_id"])
    ]
    assert list(arranged) == [order["request_id"]]
    assert record.order_count == 1
    assert faults(desk) == []


def test_one_person_is_booked_once(desk: Desk) -> None:
    """Of twenty calls for the same offer one books it, and the others find it booked."""
    offer = chosen(desk, recorded(desk, HOME, bed_terms(), "R-201"))
    answers = raced(desk, [(f"/v1/offers/{offer['offer_id']}/booking", None)] * 20)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
    assert faults(desk) == []
