"""A life of offers at random: whatever people do in whatever order, the ledger holds."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from api.tables import OfferRow
from matcher.geography import Gazetteer
from tests.api.conftest import settings_at
from tests.api.desk import Desk, Response
from tests.api.offering import HOLDER, bed_terms, faults, own
from tests.api.test_acts_requests import new_request

PEOPLE = ("R-201", "N-1", "N-2")
"""Three who want a residential bed."""
HOMES = ("poundbury", "grange")
"""One bed each."""
CLEAR = {200, 201, 400, 403, 404, 409, 412, 428}
"""Answers that a person can act on."""
person, home = st.sampled_from(PEOPLE), st.sampled_from(HOMES)
pence = st.sampled_from([90_000, 95_600, 99_000])
ALLOWED = {
    "offered": {"offered", "chosen", "lost", "replaced", "withdrawn", "unsuitable"},
    "chosen": {"offered", "chosen", "booked", "lost", "withdrawn", "unsuitable"},
    "booked": {"booked", "over"},
}
"""What an offer may become from one act to the next; all other states are for good."""


class OfferLife(RuleBasedStateMachine):
    """Brokers, homes and a budget holder at one desk."""

    loaded_file: ClassVar[Path]
    gazetteer: ClassVar[Gazetteer]

    @initialize()
    def open_desk(self) -> None:
        """Open a desk with three people who want two beds."""
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.loaded_file, self.folder / "book.db")
        self.desk = Desk(settings_at(f"sqlite:///{self.folder / 'book.db'}"), self.gazetteer)
        for request_id in PEOPLE[1:]:
            self.desk.post("/v1/requests", new_request(self.desk, request_id, like="R-201"))
        self.offers: list[str] = []
        self.enquiries: list[str] = []
        self.orders: list[str] = []
        self.states: dict[str, str] = {}

    def teardown(self) -> None:
        """Close the desk."""
        if hasattr(self, "desk"):
            self.desk.close()
            shutil.rmtree(self.folder)

    def call(self, method: str, path: str, body: Any = None, **who: Any) -> Response:
        """Return an answer, which must be clear whatever it is."""
        answered = self.desk.call(method, path, body, **who)
        assert answered.status_code in CLEAR, answered.text
        return answered

    def version(self, offer_id: str) -> int:
        """Return the version of an offer."""
        version: int = self.desk.get(f"/v1/offers/{offer_id}")["version"]
        return version

    def offers_for(self, who: str) -> list[Any]:
        """Return all offers for somebody, as they compare."""
        items: list[Any] = self.desk.get(f"/v1/requests/{who}/offers")["items"]
        return items

    def one_of(self, data: st.DataObject, found: list[str]) -> str | None:
        """Return one of what there is, if there is any."""
        return data.draw(st.sampled_from(found)) if found else None

    def keep(self, answered: Response, name: str, kept: list[str]) -> None:
        """Remember what was made."""
        if answered.is_success and answered.json()[name] not in kept:
            kept.append(answered.json()[name])

    @rule(who=person, homes=st.lists(home, min_size=1, unique=True))
    def ask(self, who: str, homes: list[str]) -> None:
        """Open an enquiry."""
        path = f"/v1/requests/{who}/enquiries"
        self.keep(self.call("POST", path, {"provider_ids": homes}), "enquiry_id", self.enquiries)

    @rule(data=st.data(), where=home, cost=pence)
    def reply(self, data: st.DataObject, where: str, cost: int) -> None:
        """Answer an enquiry, or answer again."""
        enquiry = self.one_of(data, self.enquiries)
        if enquiry is not None:
            seen = self.call("GET", f"/v1/enquiries/{enquiry}", **own(where))
            mine = seen.json()["offer"] if seen.is_success else None
            body = bed_terms(cost, start_date="2026-04-12")
            version = None if mine is None else mine["version"]
            path = f"/v1/enquiries/{enquiry}/offer"
            answered = self.call("PUT", path, body, version=version, **own(where))
            self.keep(answered, "offer_id", self.offers)

    @rule(data=st.data(), where=home)
    def decline(self, data: st.DataObject, where: str) -> None:
        """Decline an enquiry."""
        enquiry = self.one_of(data, self.enquiries)
        if enquiry is not None:
            body = {"reason": "No staff"}
            path = f"/v1/enquiries/{enquiry}"
            answered = self.call("POST", f"{path}/decline", body, **own(where))
            if answered.is_success:
                who = self.desk.get(path)["request_id"]
                offers = [each["offer"] for each in self.offers_for(who)]
                mine = {each["state"] for each in offers if each["provider_id"] == where}
                assert not mine & {"offered", "chosen"}

    @rule(who=person, where=home, cost=pence)
    def record(self, who: str, where: str, cost: int) -> None:
        """Record an offer told by telephone."""
        told = {"provider_id": where, "told_by": "telephone"}
        body = {**bed_terms(cost, start_date="2026-04-12"), **told}
        self.keep(self.call("POST", f"/v1/requests/{who}/offers", body), "offer_id", self.offers)

    @rule(data=st.data(), agrees=st.booleans())
    def decide_price(self, data: st.DataObject, agrees: bool) -> None:
        """Approve an offer, or not."""
        offer = self.one_of(data, self.offers)
        if offer is not None:
            body = {"approve": agrees, "note": "As discussed"}
            path, version = f"/v1/offers/{offer}/approval", self.version(offer)
            self.call("PUT", path, body, version=version, **HOLDER)

    @rule(data=st.data())
    def choose(self, data: st.DataObject) -> None:
        """Choose an offer."""
        offer = self.one_of(data, self.offers)
        if offer is not None:
            path, version = f"/v1/offers/{offer}/choice", self.version(offer)
            self.call("PUT", path, {"chosen_by": "person"}, version=version)

    @rule(data=st.data(), what=st.sampled_from(["unsuitable", "withdrawal"]))
    def undo(self, data: st.DataObject, what: str) -> None:
        """Withdraw an offer, or find the person unsuitable."""
        offer = self.one_of(data, self.offers)
        if offer is not None:
            self.call("POST", f"/v1/offers/{offer}/{what}", {"reason": "As discussed"})

    @rule(data=st.data())
    def book(self, data: st.DataObject) -> None:
        """Book an offer."""
        offer = self.one_of(data, self.offers)
        if offer is not None:
            answered = self.call("POST", f"/v1/offers/{offer}/booking")
            self.keep(answered, "order_ref", self.orders)

    @rule(who=person)
    def take_at_once(self, who: str) -> None:
        """Make a shortlist and book its first option."""
        made = self.call("POST", f"/v1/requests/{who}/shortlists", {})
        options = made.json()["shortlist"]["options"] if made.is_success else []
        if options:
            body = {
                "shortlist_id": made.json()["shortlist_id"],
                "provider_id": options[0]["provider_id"],
                "chosen_by": "family",
            }
            answered = self.call("POST", f"/v1/requests/{who}/bookings", body)
            self.keep(answered, "order_ref", self.orders)

    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """End booked care."""
        order = self.one_of(data, self.orders)
        if order is not None:
            body = {"ends_on": "2026-04-20", "reason": "moved_away"}
            self.call("POST", f"/v1/bookings/{order}/end", body)

    @invariant()
    def ledger_holds(self) -> None:
        """Nothing is promised twice, and everything agrees with everything else."""
        if hasattr(self, "desk"):
            assert faults(self.desk) == []

    @invariant()
    def offers_go_forward(self) -> None:
        """Let no offer that is over come back."""
        if not hasattr(self, "desk"):
            return
        with self.desk.record.reading() as session:
            now = {name: session.get_one(OfferRow, name).state for name in self.offers}
        for name, state in now.items():
            before = self.states.get(name, "offered")
            assert state in ALLOWED.get(before, {before}), f"{name}: {before} became {state}"
        self.states = now

    @invariant()
    def comparison_is_whole(self) -> None:
        """Every offer is listed once, the ranked ones first and in order."""
        if not hasattr(self, "desk"):
            return
        for who in PEOPLE:
            items = self.offers_for(who)
            ranks = [each["comparison"]["rank"] for each in items if each["comparison"]]
            assert ranks == list(range(1, len(ranks) + 1))
            assert len({each["offer"]["offer_id"] for each in items}) == len(items)


@pytest.fixture
def life(loaded_file: Path, gazetteer: Gazetteer) -> type[OfferLife]:
    """Give the machine with what it needs of the session."""
    OfferLife.loaded_file, OfferLife.gazetteer = loaded_file, gazetteer
    return OfferLife


def test_the_ledger_holds_whatever_people_do(life: type[OfferLife]) -> None:
    """No order of acts makes a promise twice, a wrong state, or an answer that is no answer."""
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=8,
            stateful_step_count=18,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
