"""Tests of being ready: answered in time whatever the trial does, and tried only now and then."""

from __future__ import annotations

import asyncio
from threading import Event

import pytest

from api import readiness
from api.readiness import SILENT, Readiness

PATIENCE = 60


class Tried:
    """A trial that can be kept from ending, and counts how often it is made."""

    def __init__(self) -> None:
        self.count, self.may_end, self.told = 0, Event(), "The database has no room left."
        self.may_end.set()

    def why_not(self) -> str | None:
        """Say why not, once it may end."""
        self.count += 1
        assert self.may_end.wait(PATIENCE)
        return self.told


def test_what_was_tried_is_told() -> None:
    """Whatever it is."""
    tried = Tried()
    assert asyncio.run(Readiness(tried.why_not).why_not()) == tried.told


def test_many_who_ask_share_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks often is no burden to the record."""
    monkeypatch.setattr(readiness, "FRESH_SECONDS", PATIENCE)
    tried = Tried()
    found = Readiness(tried.why_not)

    async def asking() -> list[str | None]:
        return [*await asyncio.gather(*(found.why_not() for _ in range(20))), await found.why_not()]

    assert asyncio.run(asking()) == [tried.told] * 21
    assert tried.count == 1


def test_it_is_tried_again_after_a_while() -> None:
    """What was mended is seen."""
    tried = Tried()
    found = Readiness(tried.why_not)
    assert asyncio.run(found.why_not()) == tried.told
    tried.told = "Another."
    assert asyncio.run(found.why_not()) == "Another."


def test_a_trial_that_does_not_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it, no second one begins beside it, and its end is seen."""
    monkeypatch.setattr(readiness, "ANSWER_SECONDS", 0.05)
    tried = Tried()
    found = Readiness(tried.why_not)
    tried.may_end.clear()

    async def asking() -> list[str | None]:
        return [await found.why_not() for _ in range(3)]

    assert asyncio.run(asking()) == [SILENT] * 3
    assert tried.count == 1
    tried.may_end.set()
    monkeypatch.setattr(readiness, "ANSWER_SECONDS", PATIENCE)
    assert asyncio.run(found.why_not()) == tried.told
