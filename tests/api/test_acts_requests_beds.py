"""Tests of requests for beds: taken in over HTTP as a book would hold them, so dumped unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.storage.books import dump
from matcher.files import read_book, write_book
from matcher.model import CareRequest
from tests.api.desk import Desk, ok, refused

RESPITE = {"nights": 5, "admit_from": "2026-04-10", "admit_to": "2026-04-30"}
REQUEST = {
    "request_id": "R-900",
    "postcode": "DT1 1EE",
    "risk": "amber",
    "waiting_since": "2026-04-01",
    "start_by": "2026-04-10",
    "funding": "council",
    "personal_budget_pence_per_week": 120_000,
    "plan_signed_off": True,
    "funding_agreed": True,
    "has_mental_capacity": True,
    "client_groups": ["older_people"],
}
VISITS = {"visits": [{"visit_no": 1, "days": ["mon"], "band": "morning", "minutes": 45}]}
ASKED = [
    {"service_type": "residential"},
    {"service_type": "nursing", "placement": None},
    {"service_type": "residential_dementia", "placement": {}},
    {"service_type": "residential", "placement": {"care_type": "residential"}},
    {"service_type": "nursing_dementia", "placement": {"admit_from": "2026-04-20"}},
    {"service_type": "respite", "placement": {**RESPITE, "care_type": "nursing"}},
    {"service_type": "homecare", "package": VISITS},
    {"service_type": "homecare", "package": VISITS, "placement": {}},
]


def read_back(desk: Desk, folder: Path) -> CareRequest:
    """Return the request as it is in the record's book, written and read again."""
    with desk.record.snapshot() as session:
        book, policy = dump(session, desk.record.clock.now(), desk.record.clock.today())
    write_book(folder, book, policy_text=policy)
    return next(each for each in read_book(folder).book.requests if each.request_id == "R-900")


def told(desk: Desk) -> CareRequest:
    """Return the request as the service tells it."""
    return CareRequest.model_validate(desk.get("/v1/requests/R-900")["request"])


@pytest.mark.parametrize("asked", ASKED)
def test_a_request_is_dumped_as_it_was_taken_in(
    sqlite_desk: Desk, tmp_path: Path, asked: dict[str, Any]
) -> None:
    """Whether it names the kind of bed, which a long-term service implies, or leaves it out."""
    ok(sqlite_desk.call("POST", "/v1/requests", REQUEST | asked))
    assert read_back(sqlite_desk, tmp_path / "book") == told(sqlite_desk)


@pytest.mark.parametrize(
    "placement", [None, {}, {"admit_from": "2026-04-12"}, {"care_type": "residential"}]
)
def test_a_changed_request_is_dumped_as_it_is_now(
    sqlite_desk: Desk, tmp_path: Path, placement: dict[str, str] | None
) -> None:
    """A change of the bed says as much of it as any request does, whatever it leaves out."""
    ok(sqlite_desk.call("POST", "/v1/requests", REQUEST | ASKED[0]))
    change = {"changes": {"placement": placement}, "reason": "Told by the family"}
    ok(sqlite_desk.call("PATCH", "/v1/requests/R-900", change, version=1))
    assert read_back(sqlite_desk, tmp_path / "book") == told(sqlite_desk)


@pytest.mark.parametrize(
    "placement",
    [{"admit_from": "2026-04-12"}, {"admit_to": "2026-04-12"}, {"care_type": "nursing"}],
)
def test_nobody_asks_for_a_bed_at_home(sqlite_desk: Desk, placement: dict[str, str]) -> None:
    """No book could hold that, so a dump with it could not be read."""
    asked = REQUEST | {"service_type": "homecare", "package": VISITS, "placement": placement}
    answered = sqlite_desk.call("POST", "/v1/requests", asked)
    assert refused(answered, 400, "bad-call")["thing"] == "placement"
