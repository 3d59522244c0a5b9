"""Tests of what is read for a market: only what changed, and nothing while others wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from api.storage import supply as stored
from api.storage.offers import note_outcomes
from api.storage.record import SOFTWARE, Actor, Writing
from api.tables import ProviderRow, RequestRow
from matcher.vocabulary import Outcome
from tests.api.desk import Desk
from tests.api.test_supply import (
    ASK,
    Change,
    differences,
    from_scratch,
    hold,
    in_memory,
    set_rates,
    state_nothing,
)


@contextmanager
def reads(desk: Desk) -> Iterator[tuple[list[str], list[str]]]:
    """Give the queries made in the block, and the providers and requests whose rows were read."""
    queries: list[str] = []
    rows: list[str] = []

    def asked(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT"):
            queries.append(statement)

    def loaded(row: Any, _context: Any) -> None:
        rows.append(row.provider_id if isinstance(row, ProviderRow) else row.request_id)

    event.listen(desk.record.engine, "before_cursor_execute", asked)
    for table in (ProviderRow, RequestRow):
        event.listen(table, "load", loaded)
    try:
        yield queries, rows
    finally:
        event.remove(desk.record.engine, "before_cursor_execute", asked)
        for table in (ProviderRow, RequestRow):
            event.remove(table, "load", loaded)


def test_a_shortlist_reads_no_provider_and_no_request(desk: Desk) -> None:
    """With nothing changed, it asks for the caller's key and the versions only."""
    body = {"request": desk.get("/v1/requests/R-101")["request"]}
    desk.post(ASK, body)
    with reads(desk) as (queries, rows):
        desk.post(ASK, body)
    assert [query.rsplit("FROM ", 1)[1].split()[0] for query in queries] == ["api_keys", "record"]
    assert rows == []


@pytest.mark.parametrize("change", [state_nothing, hold], ids=lambda each: each.__name__)
def test_after_a_change_only_those_concerned_are_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    """A shortlist never reads the whole database: only whose capacity is another."""
    # Whom the first of two shortlists holds, the second has taken up itself.
    concerned = {"state_nothing": ["chesil"], "hold": ["poundbury"]}
    body = {"request": desk.get("/v1/requests/R-103")["request"]}
    desk.post(ASK, body)
    change(desk, monkeypatch)
    with reads(desk) as (queries, rows):
        desk.post(ASK, body)
    assert sorted(rows) == concerned[change.__name__]
    assert not [query for query in queries if "FROM requests" in query]
    for query in queries:
        if "FROM providers" in query or "FROM commitments" in query:
            assert "WHERE" in query
    with reads(desk) as (_, rows):
        desk.post(ASK, body)
    assert rows == []


def test_only_terms_read_everybody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates, status and the day compile all providers anew, once, and still no request."""
    body = {"request": desk.get("/v1/requests/R-103")["request"]}
    desk.post(ASK, body)
    set_rates(desk, monkeypatch)
    with reads(desk) as (queries, rows):
        desk.post(ASK, body)
    assert len(rows) == len(set(rows)) == 8
    assert not [query for query in queries if "FROM requests" in query]
    with reads(desk) as (_, rows):
        desk.post(ASK, body)
    assert rows == []


def test_new_lines_of_the_ledger_are_read_alone(desk: Desk) -> None:
    """What became of an offer compiles no terms and reads no provider."""
    body = {"request": desk.get("/v1/requests/R-103")["request"]}
    desk.post(ASK, body)
    before = in_memory(desk)
    with desk.record.writing(SOFTWARE) as writing:
        note_outcomes(writing, Outcome.DECLINED, ["maiden", "frome"], "R-103")
    with reads(desk) as (_, rows):
        desk.post(ASK, body)
    assert rows == []
    market = in_memory(desk)
    assert market.price_list is before.price_list
    assert market.last_offered_day[market.index["frome"]] == market.book.as_of.toordinal()
    assert differences(market, from_scratch(desk)) == []


def test_a_kept_shortlist_compiles_nothing_while_others_wait(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the first one of a process: everybody is read before the record is locked."""
    locked: list[bool] = []
    is_locked = False
    supply_book, writing = stored.supply_book, desk.record.writing

    def counted(*asked: Any) -> Any:
        locked.append(is_locked)
        return supply_book(*asked)

    @contextmanager
    def watched(actor: Actor) -> Iterator[Writing]:
        nonlocal is_locked
        with writing(actor) as found:
            is_locked = True
            yield found
        is_locked = False

    monkeypatch.setattr(stored, "supply_book", counted)
    monkeypatch.setattr(desk.record, "writing", watched)
    for request_id in ("R-101", "R-201", "R-101"):
        desk.post(f"/v1/requests/{request_id}/shortlists", {})
    assert locked == [False]
