"""Tests of what routes are given: changes done once, versions read rightly."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from api.dependencies import version_of
from api.errors import StaleError, VersionNeededError
from api.tables import AuditRow, ReplayRow
from tests.api.desk import Desk, ok, refused

URGENT = {"reason": "The family carer is in hospital"}
PATH = "/v1/requests/R-101/urgency"


def put(desk: Desk, key: str, body: Any = None, path: str = PATH, **who: Any) -> Any:
    """Return the answer to a change with an idempotency key."""
    return desk.call("PUT", path, body or URGENT, headers={"Idempotency-Key": key}, **who)


def lines(desk: Desk) -> int:
    """Return how many audit lines there are."""
    with desk.record.reading() as session:
        return session.scalar(select(func.count(AuditRow.number))) or 0


def test_a_replay_changes_nothing_and_keeps_its_version(desk: Desk) -> None:
    """The second answer is the first one, ETag and all, and nothing is written down again."""
    first = put(desk, "urgent-0001")
    written = lines(desk)
    again = put(desk, "urgent-0001")
    assert again.json() == first.json()
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "Idempotent-Replay" not in first.headers
    assert lines(desk) == written


def test_keys_are_each_callers_own(desk: Desk) -> None:
    """Two callers that happen to use the same key do not get each other's answers."""
    put(desk, "urgent-0001", holder="one desk")
    other = put(desk, "urgent-0001", {"reason": "Another one"}, holder="another desk")
    assert ok(other)["request"]["urgent_reason"] == "Another one"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"reason": "Something else"}, PATH),  # another body
        (URGENT, "/v1/requests/R-102/urgency"),  # another subject
    ],
)
def test_a_key_is_for_one_call(sqlite_desk: Desk, body: Any, path: str) -> None:
    """Another call under a used key is refused, and not done."""
    put(sqlite_desk, "urgent-0001")
    written = lines(sqlite_desk)
    refused(put(sqlite_desk, "urgent-0001", body, path), 409, "conflict")
    assert lines(sqlite_desk) == written


def test_a_key_is_for_one_version(sqlite_desk: Desk) -> None:
    """The same words said of another version are another call."""
    path, body = "/v1/requests/R-101", {"changes": {"languages": ["polish"]}, "reason": "Told"}
    key = {"Idempotency-Key": "change-0001"}
    version = sqlite_desk.get(path)["version"]
    first = sqlite_desk.call("PATCH", path, body, version=version, headers=key)
    again = sqlite_desk.call("PATCH", path, body, version=version, headers=key)
    assert ok(again) == ok(first)
    assert again.headers["Idempotent-Replay"] == "true"
    other = sqlite_desk.call("PATCH", path, body, version=version + 1, headers=key)
    refused(other, 409, "conflict")


def test_the_same_call_is_the_same_to_the_last_byte(sqlite_desk: Desk) -> None:
    """What was sent counts, not what it comes to: that needs no second reading."""
    headers = {
        "Authorization": f"Bearer {sqlite_desk.key()}",
        "Content-Type": "application/json",
        "Idempotency-Key": "urgent-0001",
    }
    for sent, status in ((b'{"reason": "One"}', 200), (b'{"reason":  "One"}', 409)):
        answered = sqlite_desk.client.put(PATH, content=sent, headers=headers)
        assert answered.status_code == status


def test_a_call_without_a_body_has_a_key_too(sqlite_desk: Desk) -> None:
    """Done once, and answered the same."""
    key = {"Idempotency-Key": "calm-00001"}
    first = sqlite_desk.call("DELETE", PATH, headers=key)
    assert ok(sqlite_desk.call("DELETE", PATH, headers=key)) == ok(first)


def test_what_was_refused_may_be_sent_again(desk: Desk) -> None:
    """Only what was done is answered from memory: a refusal leaves no trace."""
    suspension = {"suspended_from": "2026-04-08", "restarts_on": "2026-04-01", "reason": "Away"}
    key = {"Idempotency-Key": "suspend-0001"}
    path = "/v1/requests/R-101/suspension"
    refused(desk.call("POST", path, suspension, headers=key), 400, "bad-call")
    with desk.record.reading() as session:
        assert session.scalar(select(func.count(ReplayRow.key))) == 0
    better = {**suspension, "restarts_on": "2026-04-15"}
    assert desk.call("POST", path, better, headers=key).status_code == 201


def test_the_same_call_at_once_is_done_once(desk: Desk) -> None:
    """Ten copies of one call in flight together make one change and ten equal answers."""
    answers: list[Any] = []
    desk.key()
    before = lines(desk)
    threads = [
        threading.Thread(target=lambda: answers.append(put(desk, "urgent-0001").json()))
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 10
    assert all(each == answers[0] for each in answers)
    assert lines(desk) == before + 1


@pytest.mark.parametrize("key", ["short", "spaces in it", "x" * 101, "semi;colons;"])
def test_a_key_is_plain(sqlite_desk: Desk, key: str) -> None:
    """A key that cannot be told from another is of the wrong shape."""
    headers = {"Idempotency-Key": key}
    refused(sqlite_desk.call("PUT", PATH, URGENT, headers=headers), 422, "bad-shape")


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_a_version_is_read_as_it_was_told(version: int) -> None:
    """Strong, weak or bare: the number counts."""
    assert version_of(f'"{version}"') == version_of(f'W/"{version}"') == version


@given(st.text(max_size=30).filter(lambda text: not text.strip('W/"').isdecimal()))
def test_what_is_no_version_is_stale(text: str) -> None:
    """Anything else matches no version that there is."""
    with pytest.raises(StaleError):
        version_of(text)


def test_no_version_at_all_is_told_apart() -> None:
    """Who forgets to say is told what to send."""
    with pytest.raises(VersionNeededError, match="If-Match"):
        version_of(None)
