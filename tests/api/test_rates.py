"""Tests of how often one API key may call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.errors import TooManyCallsError
from api.rates import RateLimiter
from matcher.geography import Gazetteer
from tests.api.desk import Desk, ok, refused


class Time:
    """A clock on the wall that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000_040.0
        """A third into a minute of the clock: windows slide, so that must not matter."""

    def __call__(self) -> float:
        """Return the seconds that the clock shows."""
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Give the clock by which calls are counted."""
    found = Time()
    monkeypatch.setattr("time.time", found)
    monkeypatch.setattr("api.rates.time", found)
    return found


@pytest.fixture
def busy_desk(sqlite_desk: Desk, gazetteer: Gazetteer, time: Time) -> Iterator[Desk]:
    """Give a desk at which a key may call three times a minute, and no minute ends meanwhile."""
    settings = sqlite_desk.settings.model_copy(update={"calls_per_minute": 3})
    found = Desk(settings, gazetteer)
    yield found
    found.close()


def calls(limiter: RateLimiter, who: str = "key") -> int:
    """Return how many calls of a key in a row pass, of ten."""
    for number in range(10):
        try:
            limiter.count(who)
        except TooManyCallsError:
            return number
    return 10


def test_as_many_calls_pass_as_there_may_be(time: Time) -> None:
    """The last one only just, the next one not."""
    limiter = RateLimiter(3)
    assert calls(limiter) == 3
    assert calls(limiter) == 0


def test_each_key_is_counted_by_itself(time: Time) -> None:
    """One that calls too often keeps no other from calling."""
    limiter = RateLimiter(3)
    assert calls(limiter, "one") == 3
    assert calls(limiter, "other") == 3


def test_no_limit_is_no_limit(time: Time) -> None:
    """For trying things out; production refuses it."""
    assert calls(RateLimiter(0)) == 10


def test_two_minutes_later_everything_is_as_at_first(time: Time) -> None:
    """Nobody is kept out for longer than the window."""
    limiter = RateLimiter(3)
    calls(limiter)
    time.now += 120
    assert calls(limiter) == 3


def test_the_window_slides(time: Time) -> None:
    """A burst at the end of a minute leaves no room for a second one just after it."""
    limiter = RateLimiter(3)
    time.now += 39  # the last second of the minute
    assert calls(limiter) == 3
    time.now += 2  # the first of the next
    assert calls(limiter) < 3


@pytest.mark.parametrize("limit", [1, 3, 10])
@pytest.mark.parametrize("later", [0.0, 17.0, 39.9])
def test_who_is_refused_is_told_when_to_come_back(time: Time, limit: int, later: float) -> None:
    """After whole seconds a call passes again, wherever in the minute the calls were made."""
    limiter = RateLimiter(limit)
    time.now += later
    calls(limiter)
    with pytest.raises(TooManyCallsError, match=f"More than {limit} calls in a minute") as caught:
        limiter.count("key")
    assert 1 <= caught.value.retry_seconds <= 120
    time.now += caught.value.retry_seconds
    limiter.count("key")


def test_too_many_calls_are_answered_429(busy_desk: Desk) -> None:
    """With when to try again; whoever may not call at all uses up calls, too."""
    ok(busy_desk.call("GET", "/v1/requests"))
    refused(busy_desk.call("GET", "/v1/keys"), 403, "not-allowed")
    ok(busy_desk.call("GET", "/v1/requests"))
    answered = busy_desk.call("GET", "/v1/requests")
    refused(answered, 429, "too-many-calls")
    assert 1 <= int(answered.headers["Retry-After"]) <= 120
    ok(busy_desk.call("GET", "/v1/requests", holder="another broker"))


def test_what_is_open_is_not_counted(busy_desk: Desk) -> None:
    """Whoever watches whether the service lives has no key."""
    assert {busy_desk.client.get("/healthz").status_code for _ in range(9)} == {200}


# -- without a valid key -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic cm_a_b"},
        {"Authorization": "Bearer nothing"},
        {"Authorization": "Bearer cm_0123456789_guessed"},
    ],
)
def test_guessing_keys_is_counted_by_address(busy_desk: Desk, headers: dict[str, str]) -> None:
    """After as many calls as a key may make, an address without one has to wait."""
    for _ in range(3):
        refused(busy_desk.client.get("/v1/requests", headers=headers), 401, "not-signed-in")
    answered = busy_desk.client.get("/v1/requests", headers=headers)
    refused(answered, 429, "too-many-calls")
    assert int(answered.headers["Retry-After"]) >= 1


def test_who_has_a_key_does_not_wait_for_who_guesses(busy_desk: Desk) -> None:
    """Both may come from one address: that of a server before this one, for example."""
    for _ in range(5):
        busy_desk.client.get("/v1/requests")
    ok(busy_desk.call("GET", "/v1/requests"))


def test_each_address_is_counted_by_itself(busy_desk: Desk) -> None:
    """Whoever guesses from elsewhere keeps nobody here from hearing that a key is missing."""
    elsewhere = TestClient(busy_desk.app, client=("192.0.2.7", 4711))
    assert {elsewhere.get("/v1/requests").status_code for _ in range(5)} == {401, 429}
    refused(busy_desk.client.get("/v1/requests"), 401, "not-signed-in")
