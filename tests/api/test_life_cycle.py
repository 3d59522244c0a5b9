"""A life of requests at random: whatever people do in whatever order, a small model foresees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from api.schemas.requests import EndReason
from matcher.geography import Gazetteer
from tests.api.auditing import lines_without_an_act, proof
from tests.api.desk import DAY
from tests.api.life import ARRANGED, ENDED, USUAL, WAITING, check, needs_of, offer_for, slots_of
from tests.api.living import AGENCIES, HOMES, WHY, Living, given_some
from tests.api.offering import HOLDER, own
from tests.api.test_acts_increases import MORE, OTHER
from tests.api.working import worker

ALL_DAY = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start_minute": 420}
BEDS = {"care_type": "residential", "available_from": "2026-04-01"}
CARERS_STATED = [[], *([{**ALL_DAY, "end_minute": 1380, "carers": n}] for n in (1, 2, 4))]
BEDS_STATED = [[], *([{**BEDS, "beds": n}] for n in (1, 3))]
MOST_NIGHTS = 2
PENCE = st.sampled_from([2300, 2505, 9000])
data_of = st.data()


class RequestLife(Living):
    """Whatever else people do: decide, book, end, give back, ask for more, and run nights."""

    # -- decided -------------------------------------------------------------------------------

    @rule(data=data_of, pence=PENCE)
    def record(self, data: st.DataObject, pence: int) -> None:
        """Record an offer told by telephone."""
        who = self.person(data, WAITING)
        if who is not None:
            self.recorded(who, self.provider_for(data, who), pence)

    def recorded(self, who: str, where: str, pence: int) -> str | None:
        """Return the offer that a provider told a broker, if it was taken."""
        terms = offer_for(self.request(who)["request"], pence)
        body = {**terms, "provider_id": where, "told_by": "telephone"}
        answered = self.call("POST", f"/v1/requests/{who}/offers", body)
        if not answered.is_success:
            return None
        assert self.people.of[who].may_search
        offer: str = answered.json()["offer_id"]
        self.keep_offer(offer, who)
        return offer

    def decide(self, offer: str, what: str, body: Any, **who: Any) -> bool:
        """Say whether a decision on an offer was taken."""
        version = self.desk.get(f"/v1/offers/{offer}")["version"]
        path = f"/v1/offers/{offer}/{what}"
        # A budget holder may not decide on every price (H9).
        statuses = USUAL | {403} if what == "approval" else USUAL
        answered = self.call("PUT", path, body, statuses, version=version, **who)
        if answered.is_success:
            assert self.is_for_now(offer, answered.json()["request_id"])
        return answered.is_success

    @given_some("offers")
    @rule(data=data_of, agrees=st.booleans())
    def approve(self, data: st.DataObject, agrees: bool) -> None:
        """Approve a price, or not (H9)."""
        offer = self.one_of(data, list(self.offers))
        if offer is not None:
            self.decide(offer, "approval", {"approve": agrees, "note": "As it is"}, **HOLDER)

    @given_some("offers")
    @rule(data=data_of)
    def choose(self, data: st.DataObject) -> None:
        """Choose an offer (H14)."""
        offer = self.one_of(data, list(self.offers))
        if offer is not None and self.decide(offer, "choice", {"chosen_by": "person"}):
            chosen = self.desk.get(f"/v1/offers/{offer}")
            assert self.people.of[chosen["request_id"]].may_search
            assert chosen["held_until"] is not None

    @given_some("offers")
    @rule(data=data_of, what=st.sampled_from(["unsuitable", "withdrawal"]))
    def undo(self, data: st.DataObject, what: str) -> None:
        """Withdraw an offer, or find somebody unsuitable (H15)."""
        offer = self.one_of(data, list(self.offers))
        if offer is not None:
            self.call("POST", f"/v1/offers/{offer}/{what}", WHY)

    # -- booked --------------------------------------------------------------------------------

    def note_booked(self, order: Any) -> None:
        """Tell the model of a booking."""
        starts = {each["visit_no"]: each["at_minute"] for each in order["terms"]["visits"]}
        who = order["request_id"]
        needs = needs_of(self.request(who)["request"], starts, order["starts_on"])
        self.people.booked(who, order, needs)

    @given_some("offers")
    @rule(data=data_of)
    def book(self, data: st.DataObject) -> None:
        """Book an offer; only one that is chosen by then is booked."""
        offer = self.one_of(data, list(self.offers))
        if offer is not None:
            was = self.desk.get(f"/v1/offers/{offer}")
            answered = self.call("POST", f"/v1/offers/{offer}/booking")
            if answered.is_success:
                assert was["state"] == "chosen"
                assert self.is_for_now(offer, was["request_id"])
                assert was["approved"] or not was["needs_approval"]
                self.note_booked(answered.json())

    @rule(data=data_of, pence=PENCE)
    def arrange(self, data: st.DataObject, pence: int) -> None:
        """Arrange somebody's care, whoever waits."""
        self.arranged(data, self.person(data, WAITING), pence)

    @rule(data=data_of)
    def arrange_newest(self, data: st.DataObject) -> None:
        """Arrange the care of who came last: rather an increase or a change than a referral."""
        waiting = [name for name in self.names if self.people.of[name].state == WAITING]
        self.arranged(data, waiting[-1] if waiting else None, 2505)

    def arranged(self, data: st.DataObject, who: str | None, pence: int) -> None:
        """Go the whole way with somebody: offered, approved, chosen and booked."""
        offer = who and self.recorded(who, self.provider_for(data, who), pence)
        if offer and self.desk.get(f"/v1/offers/{offer}")["needs_approval"]:
            body = {"approve": True, "note": "Nobody else"}
            self.decide(offer, "approval", body, **HOLDER, limit=10_000_000)
        if offer and self.decide(offer, "choice", {"chosen_by": "family"}):
            answered = self.call("POST", f"/v1/offers/{offer}/booking")
            if self.foreseen(answered, done=True):  # it is held for nobody else
                self.note_booked(answered.json())

    @given_some("shortlists")
    @rule(data=data_of)
    def take_option(self, data: st.DataObject) -> None:
        """Book an option of a shortlist at once."""
        found = self.one_of(data, self.shortlists)
        if found is not None:
            who, shortlist, provider_id = found
            body = {"shortlist_id": shortlist, "provider_id": provider_id, "chosen_by": "person"}
            answered = self.call("POST", f"/v1/requests/{who}/bookings", body)
            if answered.is_success:
                self.note_booked(answered.json())

    # -- ended and given back ------------------------------------------------------------------

    @rule(data=data_of, reason=st.sampled_from(list(EndReason)))
    def end(self, data: st.DataObject, reason: EndReason) -> None:
        """End a request, whatever it has (H25); or end it again while its care is to come."""
        who = self.person(data)
        assert who is not None
        answered = self.call("POST", f"/v1/requests/{who}/end", {"reason": reason.value})
        if self.foreseen(answered, done=self.people.may_end(who, reason.value)):
            self.people.ended(who, reason.value)

    @rule(data=data_of)
    def reinstate(self, data: st.DataObject) -> None:
        """Take an end back: all that ended with it stands as before, if nobody has its place."""
        who = self.person(data, ENDED)
        if who is not None:
            answered = self.call("POST", f"/v1/requests/{who}/reinstatement", WHY)
            if answered.is_success:
                assert self.people.of[who].is_told
                self.people.reinstated(who)

    @rule(data=data_of)
    def reinstate_booking(self, data: st.DataObject) -> None:
        """Let care go on that was to end: its end, its notice or what follows is called off."""
        had_care = [name for name in self.names if self.people.of[name].past]
        who = self.one_of(data, had_care)
        if who is None:
            return
        person = self.people.of[who]
        _, order, _ = person.past[-1]
        answered = self.call("POST", f"/v1/bookings/{order}/reinstatement", WHY)
        if answered.is_success:
            assert person.state != ARRANGED
            if person.is_told:
                self.people.reinstated(who)
            else:
                self.people.called_off(who)

    @given_some("served")
    @rule(
        data=data_of,
        reason=st.sampled_from(list(EndReason)),
        ends_on=st.sampled_from(["2026-04-01", "2026-05-01"]),
    )
    def end_booking(self, data: st.DataObject, reason: EndReason, ends_on: str) -> None:
        """End care that runs, and the request with it."""
        who = self.person(data, ARRANGED)
        if who is not None:
            body = {"ends_on": ends_on, "reason": reason.value}
            order = self.people.of[who].order
            answered = self.call("POST", f"/v1/bookings/{order}/end", body)
            is_fact = ends_on == DAY or reason is not EndReason.DIED  # nobody dies ahead
            if self.foreseen(answered, done=is_fact):
                later, has_died = ends_on > DAY, reason is EndReason.DIED
                self.people.ended(who, reason.value, later=later, is_over=has_died)

    @given_some("served")
    @rule(data=data_of)
    def hand_back(self, data: st.DataObject) -> None:
        """Give a package back: its person waits again."""
        who = self.person(data, ARRANGED)
        if who is not None:
            person = self.people.of[who]
            body = {"order_ref": person.order, "last_day": "2026-04-20", "reason": "No staff"}
            path = f"/v1/providers/{person.provider}/hand-backs"
            answered = self.call("POST", path, body, **own(person.provider or ""))
            self.foreseen(answered, done=True)
            self.people.handed_back(who)

    @given_some("served")
    @rule(data=data_of)
    def ask_for_more(self, data: st.DataObject) -> None:
        """Ask for more visits beside homecare that runs (H17)."""
        who = self.person(data, ARRANGED) or self.person(data, WAITING)
        if who is not None:
            person, name = self.people.of[who], self.new_name()
            is_bed = self.request(who)["request"]["placement"] is not None
            body = {**MORE, "request_id": name}
            answered = self.call("POST", f"/v1/requests/{who}/increases", body)
            if self.foreseen(answered, done=person.state == ARRANGED and not is_bed):
                self.add(name, kind="increase", parent=who, is_own=person.is_own)

    @given_some("served")
    @rule(data=data_of)
    def ask_for_another(self, data: st.DataObject) -> None:
        """Ask for another provider; for one at a time (H18)."""
        who = self.person(data, ARRANGED) or self.person(data, WAITING)
        if who is not None:
            person, name = self.people.of[who], self.new_name()
            beside = [self.people.of[each] for each in self.people.beside(who)]
            has_one = any(each.kind == "change" and each.state == WAITING for each in beside)
            body = {**OTHER, "request_id": name}
            answered = self.call("POST", f"/v1/requests/{who}/changes-of-provider", body)
            if self.foreseen(answered, done=person.state == ARRANGED and not has_one):
                self.add(name, kind="change", parent=who, is_own=person.is_own)

    # -- providers -----------------------------------------------------------------------------

    @rule(
        stated=st.one_of(
            st.tuples(st.sampled_from(AGENCIES), st.sampled_from(CARERS_STATED)),
            st.tuples(st.sampled_from(HOMES), st.sampled_from(BEDS_STATED)),
        )
    )
    def state_capacity(self, stated: tuple[str, list[Any]]) -> None:
        """State capacity anew: more, less or nothing at all."""
        where, lines = stated
        body = {"homecare" if where in AGENCIES else "beds": lines}
        path = f"/v1/providers/{where}/capacity"
        version = self.desk.get(f"/v1/providers/{where}")["version"]
        answered = self.call("PUT", path, body, version=version, **own(where))
        self.foreseen(answered, done=True)
        self.people.stated_anew(where, slots_of({"homecare": (), "beds": (), **body}))

    @rule(where=st.sampled_from(AGENCIES + HOMES), status=st.sampled_from(["embargoed", "open"]))
    def change_status(self, where: str, status: str) -> None:
        """Put a provider under an embargo or lift it: nobody who is served is touched (H10)."""
        body = {"status": status, **WHY}
        path = f"/v1/providers/{where}/status"
        self.foreseen(self.call("PUT", path, body, role="commissioner"), done=True)

    # -- nights --------------------------------------------------------------------------------

    @rule()
    def run_a_night(self) -> None:
        """Let the worker propose placements: of people who may be arranged, and of them only."""
        if len(self.runs) == MOST_NIGHTS:
            return
        asked = self.call("POST", "/v1/allocations", {"deterministic_time": 0.02})
        assert worker(self.desk).work_one()
        run_id = asked.json()["run_id"]
        run = self.desk.get(f"/v1/allocations/{run_id}")
        assert (run["state"], run["failure"]) == ("done", None)
        self.runs.append(run_id)
        found = self.desk.get(f"/v1/allocations/{run_id}/proposals?limit=200")["items"]
        for each in found:
            assert each["state"] == "open"
            assert self.people.of[each["request_id"]].may_search
        self.proposals += [each["proposal_id"] for each in found]

    @given_some("proposals")
    @rule(data=data_of, accepts=st.booleans())
    def decide_proposal(self, data: st.DataObject, accepts: bool) -> None:
        """Accept a proposal or refuse it: never a booking (H14)."""
        proposal = self.one_of(data, self.proposals)
        if proposal is not None:
            what, body = ("acceptance", {}) if accepts else ("refusal", WHY)
            answered = self.call("POST", f"/v1/proposals/{proposal}/{what}", body)
            if answered.is_success and accepts:
                accepted = answered.json()
                self.keep_offer(accepted["offer_id"], accepted["request_id"])
                assert self.people.of[accepted["request_id"]].may_search

    @given_some("runs")
    @rule(data=data_of)
    def accept_run(self, data: st.DataObject) -> None:
        """Accept all of a run that still fits."""
        run_id = self.one_of(data, self.runs)
        if run_id is not None:
            answered = self.call("POST", f"/v1/allocations/{run_id}/acceptance", {})
            self.foreseen(answered, done=True)
            for each in answered.json()["accepted"]:
                assert self.people.of[each["request_id"]].may_search
                self.keep_offer(each["offer_id"], each["request_id"])

    @invariant()
    def record_is_as_foreseen(self) -> None:
        """Hold the record against the model after every step."""
        if hasattr(self, "desk"):
            check(self.desk, self.people)

    @invariant()
    def audit_tells_of_everything(self) -> None:
        """No row is another than the newest line about it says, whoever changed it and how."""
        if hasattr(self, "desk"):
            assert proof(self.desk).faults == []
            assert lines_without_an_act(self.desk) == []


@pytest.fixture
def life(loaded_file: Path, gazetteer: Gazetteer) -> type[RequestLife]:
    """Give the machine with what it needs of the session."""
    RequestLife.loaded_file, RequestLife.gazetteer = loaded_file, gazetteer
    return RequestLife


def test_requests_live_as_foreseen(life: type[RequestLife]) -> None:
    """Whatever order people act in, every request stands as the model says and nothing is lost."""
    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=10,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
