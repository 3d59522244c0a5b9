"""Tests of contradictions: nothing is taken in that a dump of the record could not be read with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.storage.books import dump
from matcher.files import read_book, write_book
from tests.api.desk import Desk, ok, refused
from tests.api.test_acts_increases import MORE
from tests.api.test_acts_requests import new_request

Change = Callable[[Any], dict[str, Any]]
REASON = "Insulin"


def visits(*changes: dict[str, Any]) -> Change:
    """Return a package of visits like the first of a request, each of them changed."""

    def changed(request: Any) -> dict[str, Any]:
        like = request["package"]["visits"][0]
        numbered = [{**like, "visit_no": n, **each} for n, each in enumerate(changes, start=1)]
        return {"package": {"visits": numbered}}

    return changed


def fields(**changes: Any) -> Change:
    """Return fields that are to be others."""
    return lambda _: changes


def critical(at_minute: int, **other: Any) -> dict[str, Any]:
    """Return a visit that must begin within a quarter of an hour of a time."""
    told = {"time_need": "critical", "at_minute": at_minute, "tolerance_minutes": 15}
    return {**told, "reason": REASON, "band": None, **other}


# Each broken on purpose: by whom it is like, what is changed, and what is told of it.
BROKEN: dict[str, tuple[str, Change, str]] = {
    "preferred nobody": ("R-101", fields(preferred_providers=["nobody"]), "preferred_providers"),
    "excluded nobody": ("R-101", fields(excluded_providers=["nobody"]), "excluded_providers"),
    "served by nobody": ("R-101", fields(current_provider_id="nobody"), "current_provider_id"),
    "both": (
        "R-101",
        fields(preferred_providers=["maiden", "frome"], excluded_providers=["frome"]),
        "excluded_providers",
    ),
    "waits from tomorrow": ("R-101", fields(waiting_since="2026-04-02"), "waiting_since"),
    "another bed": ("R-201", fields(placement={"care_type": "nursing"}), "care_type"),
    "before its band": (
        "R-101",
        visits({"time_need": "preferred", "at_minute": 415}),
        "time of visit 1",
    ),
    "after its band": (
        "R-101",
        visits({}, {"time_need": "preferred", "at_minute": 635}),
        "time of visit 2",
    ),
    "alike": ("R-101", visits({}, {"minutes": 30}, {}), "visit 3"),
}
# And each only just kept.
KEPT: dict[str, tuple[str, Change]] = {
    "excluded others": (
        "R-101",
        fields(preferred_providers=["maiden"], excluded_providers=["frome"]),
    ),
    "current and excluded": (
        "R-101",
        fields(current_provider_id="frome", excluded_providers=["frome"]),
    ),
    "waits from today": ("R-101", fields(waiting_since="2026-04-01")),
    "the same bed": ("R-201", fields(placement={"care_type": "residential"})),
    "at the start of its band": ("R-101", visits({"time_need": "preferred", "at_minute": 420})),
    "at the end of its band": ("R-101", visits({"time_need": "preferred", "at_minute": 630})),
    "nearly alike": ("R-101", visits({}, {"minutes": 30})),
    "critical with room": ("R-101", visits(critical(480, minutes=30), critical(490, minutes=30))),
    "critical on other days": (
        "R-101",
        visits(
            critical(480, minutes=60, days=["mon"]),
            critical(490, minutes=60, days=["tue"]),
        ),
    ),
}


def bodies(desk: Desk, like: str, change: Change) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a new request and what is changed of the one that it is like."""
    body = new_request(desk, like=like)
    changes = change(body)
    return {**body, **changes}, changes


def read_again(desk: Desk, folder: Path) -> list[str]:
    """Return the requests of the record, written as a book and read again."""
    with desk.record.snapshot() as session:
        book, policy_text = dump(session, desk.record.clock.now(), desk.record.clock.today())
    write_book(folder, book, policy_text=policy_text)
    return [request.request_id for request in read_book(folder).book.requests]


@pytest.mark.parametrize("name", BROKEN)
def test_what_no_book_could_hold_is_not_taken_in(
    sqlite_desk: Desk, name: str, tmp_path: Path
) -> None:
    """Neither as a new request nor by a change, and the record stays one that can be read."""
    like, change, thing = BROKEN[name]
    body, changes = bodies(sqlite_desk, like, change)
    told = refused(sqlite_desk.call("POST", "/v1/requests", body), 400, "bad-call")
    assert told["thing"] == thing
    assert told["expected"] != ""
    path, asked = f"/v1/requests/{like}", {"changes": changes, "reason": "As told"}
    told = refused(sqlite_desk.call("PATCH", path, asked, version=1), 400, "bad-call")
    assert told["thing"] == thing
    assert "N-1" not in read_again(sqlite_desk, tmp_path / "out")


def test_critical_visits_at_once_are_not_taken_in(sqlite_desk: Desk) -> None:
    """They are no slip of one field: the whole request may not be arranged, and is told why."""
    change = visits(critical(480, minutes=60), critical(490, minutes=60))
    body, changes = bodies(sqlite_desk, "R-101", change)
    told = refused(sqlite_desk.call("POST", "/v1/requests", body), 409, "request-refused")
    assert [each["rule_id"] for each in told["refusals"]] == ["VISITS_NEVER_FIT"]
    asked = {"changes": changes, "reason": "As told"}
    answered = sqlite_desk.call("PATCH", "/v1/requests/R-101", asked, version=1)
    refused(answered, 409, "request-refused")


@pytest.mark.parametrize("name", KEPT)
def test_what_a_book_can_just_hold_is_taken_in(
    sqlite_desk: Desk, name: str, tmp_path: Path
) -> None:
    """As a new request and by a change, and both come out of the record again."""
    like, change = KEPT[name]
    body, changes = bodies(sqlite_desk, like, change)
    sqlite_desk.post("/v1/requests", body)
    asked = {"changes": changes, "reason": "As told"}
    ok(sqlite_desk.call("PATCH", f"/v1/requests/{like}", asked, version=1))
    assert {like, "N-1"} <= set(read_again(sqlite_desk, tmp_path / "out"))


def test_an_increase_is_sound_too(sqlite_desk: Desk) -> None:
    """More visits are as sound as the first ones."""
    visit = {**MORE["package"]["visits"][0], "time_need": "preferred", "at_minute": 1200}
    body = {**MORE, "package": {"visits": [visit]}}
    answered = sqlite_desk.call("POST", "/v1/requests/R-100/increases", body)
    told = refused(answered, 400, "bad-call")
    assert (told["thing"], told["value"]) == ("time of visit 1", "1200")
