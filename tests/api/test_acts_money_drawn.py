"""A family's money at random: whatever is asked and settled, nobody spends what nobody agreed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from matcher.geography import Gazetteer
from tests.api.conftest import DATABASES, TEMPLATE, settings_at
from tests.api.desk import Desk, Response
from tests.api.family import AGENCIES, HOUR_EACH_DAY, arranged, terms_of, visits
from tests.api.offering import HOLDER, faults
from tests.api.postgresql import Server
from tests.api.test_acts_increases import OTHER

USUAL = {200, 201, 400, 403, 404, 409, 412}
LIMITS = (15_000, 30_000, 60_000)
"""Pence a week of three budget holders."""
some = st.sampled_from


class Spending(RuleBasedStateMachine):
    """One person's care at a desk, and what was said of its money, remembered apart from it."""

    opened: ClassVar[Callable[[], AbstractContextManager[str]]]
    gazetteer: ClassVar[Gazetteer]
    has_asked = False
    """Whether somebody has asked for more since what waits was last looked at."""

    @initialize(budget=some([HOUR_EACH_DAY, 14_000, 26_000]))
    def begin(self, budget: int) -> None:
        """Let an hour each day run, within a budget."""
        self.lent = type(self).opened()
        self.desk = Desk(settings_at(self.lent.__enter__()), self.gazetteer)
        self.prices = {"N-1": HOUR_EACH_DAY}
        """What runs, by request, as its bookings were answered."""
        arranged(self.desk, budget)
        self.budget, self.names, self.covered = budget, ["N-1"], 0
        self.offers: list[tuple[str, str]] = []
        self.approved: dict[str, int] = {}
        """The most for which each offer was approved, by what ran then."""

    def teardown(self) -> None:
        """See that the record finds nothing wrong, and close the desk."""
        if hasattr(self, "desk"):
            assert faults(self.desk) == []
            self.desk.close()
            self.lent.__exit__(None, None, None)

    def call(self, method: str, path: str, body: Any = None, **who: Any) -> Response:
        """Return an answer on which a person can act."""
        answered = self.desk.call(method, path, body, **who)
        assert answered.status_code in USUAL, answered.text
        return answered

    def version(self, path: str) -> Any:
        """Return the version that something has now."""
        return self.desk.get(path)["version"]

    # -- asked ---------------------------------------------------------------------------------

    @rule(data=st.data(), days=st.integers(1, 5))
    def increase(self, data: st.DataObject, days: int) -> None:
        """Ask for more beside what runs, or try to."""
        self._ask(data, "increases", {"package": visits(days), "reason": "More help"})

    @rule(data=st.data())
    def change_provider(self, data: st.DataObject) -> None:
        """Ask for somebody else in the place of what runs, or try to."""
        self._ask(data, "changes-of-provider", OTHER)

    def _ask(self, data: st.DataObject, what: str, body: dict[str, Any]) -> None:
        beside = data.draw(some(self.names), label="beside")
        name = f"N-{len(self.names) + 1}"
        answered = self.call("POST", f"/v1/requests/{beside}/{what}", {**body, "request_id": name})
        if answered.is_success:
            self.names.append(name)
            self.has_asked = True

    @rule(data=st.data(), where=some(AGENCIES), pence=some([2300, 2505, 2505, 2740]))
    def offer(self, data: st.DataObject, where: str, pence: int) -> None:
        """Record an offer for whoever waits."""
        name = data.draw(some(self.names[::-1]), label="for")
        body = {**terms_of(pence), "provider_id": where, "told_by": "telephone"}
        answered = self.call("POST", f"/v1/requests/{name}/offers", body)
        if answered.is_success:
            self.offers.append((name, answered.json()["offer_id"]))

    # -- decided -------------------------------------------------------------------------------

    def _one(self, data: st.DataObject) -> tuple[str, str] | None:
        return data.draw(some(self.offers[::-1]), label="offer") if self.offers else None

    @rule(data=st.data())
    def choose(self, data: st.DataObject) -> None:
        """Decide for an offer."""
        if found := self._one(data):
            path = f"/v1/offers/{found[1]}"
            body = {"chosen_by": "family"}
            self.call("PUT", f"{path}/choice", body, version=self.version(path))

    @rule(data=st.data(), limit=some(LIMITS))
    def approve(self, data: st.DataObject, limit: int) -> None:
        """Approve a price, within a limit that is of all that would run."""
        if not (found := self._one(data)):
            return
        name, offer_id = found
        path, body = f"/v1/offers/{offer_id}", {"approve": True, "note": "Needed"}
        who = {**HOLDER, "holder": f"up to {limit}", "limit": limit}
        answered = self.call("PUT", f"{path}/approval", body, version=self.version(path), **who)
        if answered.is_success:
            told = answered.json()
            replaced = self._replaced(name)
            running = sum(self.prices.values()) - self.prices.get(replaced or "", 0)
            assert running + told["weekly_cost_pence"] <= told["approved_family_pence"] <= limit
            self.approved[offer_id] = told["approved_family_pence"]

    def _replaced(self, name: str) -> str | None:
        found = self.desk.get(f"/v1/requests/{name}")
        parent: str | None = found["parent_id"]
        return parent if found["kind"] == "change" else None

    @rule(budget=some([HOUR_EACH_DAY, 20_000, 26_000, 50_000]), limit=some(LIMITS))
    def agree(self, budget: int, limit: int) -> None:
        """Agree another budget, never less than runs."""
        path = f"/v1/requests/{self.names[0]}"
        body = {"personal_budget_pence_per_week": budget, "reason": "Review"}
        who = {**HOLDER, "holder": f"up to {limit}", "limit": limit}
        answered = self.call("PUT", f"{path}/money", body, version=self.version(path), **who)
        if answered.is_success:
            assert sum(self.prices.values()) <= budget <= limit
            self.budget = budget

    # -- settled -------------------------------------------------------------------------------

    @rule(data=st.data())
    def book(self, data: st.DataObject) -> None:
        """Book an offer: the week is within the budget, or its approval is of as much."""
        if not (found := self._one(data)):
            return
        name, offer_id = found
        replaced = self._replaced(name)
        answered = self.call("POST", f"/v1/offers/{offer_id}/booking")
        if answered.is_success:
            self.prices.pop(replaced or "", None)
            self.prices[name] = answered.json()["weekly_cost_pence"]
            week = sum(self.prices.values())
            assert week <= max(self.budget, self.approved.get(offer_id, 0)), "nobody agreed to it"
            self.covered = max(self.covered, self.approved.get(offer_id, 0))

    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """End some of the care, whose money is free again."""
        running = [name for name in self.prices if name != "N-1"]
        if running:
            name = data.draw(some(running), label="who")
            self.call("POST", f"/v1/requests/{name}/end", {"reason": "no_longer_needed"})
            states = {each: self.desk.get(f"/v1/requests/{each}")["state"] for each in self.prices}
            ended = [each for each, state in states.items() if state == "ended"]
            self.prices = {k: v for k, v in self.prices.items() if k not in ended}

    # -- always --------------------------------------------------------------------------------

    @precondition(lambda machine: machine.has_asked)
    @invariant()
    def what_waits_is_never_told_the_same_money_twice(self) -> None:
        """Let what all that wait may cost unapproved be no more than is left at all."""
        self.has_asked = False
        rest = max(self.budget - sum(self.prices.values()), 0)
        told = 0
        for name in self.names:
            found = self.desk.get(f"/v1/requests/{name}")
            if found["state"] == "waiting" and found["kind"] == "increase":
                days = len(found["request"]["package"]["visits"][0]["days"])
                told += min(found["budget_left_pence_per_week"], days * HOUR_EACH_DAY // 5)
        assert told <= rest


@pytest.fixture(params=DATABASES)
def spending(
    request: pytest.FixtureRequest, loaded_file: Path, gazetteer: Gazetteer
) -> Iterator[tuple[type[Spending], int]]:
    """Give the machine and how often to run it, on SQLite and on PostgreSQL."""

    @contextmanager
    def on_sqlite() -> Iterator[str]:
        with TemporaryDirectory() as folder:
            shutil.copy(loaded_file, Path(folder) / "book.db")
            yield f"sqlite:///{folder}/book.db"

    if request.param == "sqlite":
        Spending.opened, Spending.gazetteer = staticmethod(on_sqlite), gazetteer
        yield Spending, 5
        return
    server: Server = request.getfixturevalue("loaded_server")
    Spending.opened = staticmethod(lambda: server.lent(TEMPLATE))
    Spending.gazetteer = gazetteer
    yield Spending, 1


def test_no_family_costs_more_than_was_agreed(spending: tuple[type[Spending], int]) -> None:
    """Over drawn sequences of asking, choosing, approving, agreeing, booking and ending."""
    machine, examples = spending
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
