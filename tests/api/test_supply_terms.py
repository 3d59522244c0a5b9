"""Tests of what a request is judged by alone, and of how much of the ledger a market is made of."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from api.acts import standing
from api.errors import NotReadyError
from api.storage import supply as stored
from api.storage.migrating import migrate
from api.storage.record import Record
from api.storage.requests import request_row
from api.supply import Supply, policy_in
from api.tables import HistoryRow
from matcher.market import Market
from matcher.vocabulary import Outcome
from tests.api.conftest import settings_at
from tests.api.desk import DAY, Desk, ok

TODAY = date.fromisoformat(DAY)
CHANGES: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("GET", "", None),
    ("PATCH", "", {"changes": {"languages": ["polish"]}, "reason": "Her daughter told us"}),
    ("PUT", "/urgency", {"reason": "The family carer is in hospital"}),
    ("DELETE", "/urgency", None),
    ("POST", "/suspension", {"suspended_from": "2026-04-08", "reason": "Away"}),
    ("DELETE", "/suspension", None),
    ("POST", "/end", {"reason": "died"}),
)


@pytest.mark.parametrize(("method", "rest", "body"), CHANGES)
def test_a_request_is_changed_without_a_look_at_the_supply(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch, method: str, rest: str, body: Any
) -> None:
    """A county's market takes longer to compile than any change may take."""
    version = 1
    if (method, rest) == ("DELETE", "/suspension"):
        version = sqlite_desk.post("/v1/requests/R-101/suspension", CHANGES[4][2])["version"]

    def fail(*_: object) -> None:
        raise AssertionError("The whole market is compiled.")

    monkeypatch.setattr(stored, "supply_book", fail)
    ok(sqlite_desk.call(method, f"/v1/requests/R-101{rest}", body, version=version))


def test_a_request_is_taken_in_without_a_look_at_the_supply(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is named must be of the record, and that is asked of the record."""
    asked = sqlite_desk.get("/v1/requests/R-101")["request"]
    monkeypatch.setattr(stored, "supply_book", None)
    asked["waiting_since"] = None
    body = {**asked, "request_id": "N-1", "preferred_providers": ["maiden"]}
    sqlite_desk.post("/v1/requests", body)
    unknown = {**body, "request_id": "N-2", "preferred_providers": ["nobody"]}
    assert sqlite_desk.call("POST", "/v1/requests", unknown).status_code == 400


def test_a_request_stands_the_same_by_either_market(desk: Desk) -> None:
    """All that is said of it comes of policy, zones and terms, which both have."""
    supply: Supply = desk.app.state.service.supply
    clock = desk.record.clock
    with desk.record.reading() as session:
        whole, terms = supply.market(session), supply.terms(session)
        assert whole.providers == terms.providers
        assert terms.book.rates == terms.book.bed_capacity == ()
        for line in desk.get("/v1/requests?limit=200")["items"]:
            row = request_row(session, line["request_id"])
            by_terms = standing.state_of(session, row, clock, terms)
            assert by_terms == standing.state_of(session, row, clock, whole)
            postcode = by_terms.request.postcode
            assert postcode is None or terms.zone_of(postcode) == whole.zone_of(postcode)


def test_without_a_book_there_are_no_terms(empty_url: str) -> None:
    """Whoever asks is told what to do."""
    record = Record(settings_at(empty_url))
    migrate(record.engine)
    with record.reading() as session, pytest.raises(NotReadyError, match="carematch load"):
        Supply(record.clock).terms(session)
    record.close()


# -- the ledger --------------------------------------------------------------------------------


def line(provider_id: str, days_ago: int, outcome: Outcome, **other: str) -> HistoryRow:
    """Build a line of the ledger."""
    day = TODAY - timedelta(days=days_ago)
    return HistoryRow(provider_id=provider_id, offered_on=day, outcome=outcome.value, **other)


def test_old_lines_of_the_ledger_count_only_where_they_matter(desk: Desk) -> None:
    """The market is the same without the rest: turns, last offers, who found whom unsuitable."""
    with desk.record.reading() as session:
        days = policy_in(session).allocation.fairness_days.value
    with desk.record.bare_writing() as session:
        session.add_all(
            [
                *(line("maiden", days + more, Outcome.ACCEPTED) for more in (1, 200, 400)),
                line("frome", 900, Outcome.DECLINED),
                line("frome", 800, Outcome.UNSUITABLE, request_id="R-101"),
                line("chesil", days, Outcome.ACCEPTED),  # only just within
                line("chesil", days + 1, Outcome.ACCEPTED),
            ]
        )
    with desk.record.reading() as session:
        now, policy = desk.record.clock.now(), policy_in(session)
        since = TODAY - timedelta(days=days)
        whole = stored.supply_book(session, now, TODAY)
        less = stored.supply_book(session, now, TODAY, since)
    assert len(less.history) <= len(whole.history) - 4
    of_all, of_less = (Market(book, policy, desk.gazetteer) for book in (whole, less))
    assert np.array_equal(of_all.last_offered_day, of_less.last_offered_day)
    assert np.array_equal(of_all.recent_offers, of_less.recent_offers)
    assert of_all.unsuitable == of_less.unsuitable
    assert "frome" in of_less.unsuitable["R-101"]
