"""What people do for requests before anything is decided: taken in, kept right and looked for."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from httpx2 import Response
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import select, true

from api.storage.books import dump
from api.storage.holds import OF_OFFERS
from api.tables import CommitmentRow, RequestRow
from matcher.files import read_book, write_book
from matcher.geography import Gazetteer
from tests.api.conftest import settings_at
from tests.api.life import (
    ARRANGED,
    ENDED,
    USUAL,
    WAITING,
    LifeDesk,
    People,
    Person,
    clear,
    offer_for,
    slots_of,
)
from tests.api.offering import agreed, own

WORKER = {"role": "key_worker", "holder": "worker-7"}
SAMPLE_PEOPLE = ("R-100", "R-101", "R-103", "R-201", "R-203")
LIKE = ("R-101", "R-201")
AGENCIES, HOMES = ("maiden", "frome", "chesil"), ("poundbury", "grange")
WHY = {"reason": "As discussed"}
SUSPENSIONS = (
    ("2026-03-30", None),
    ("2026-04-01", "2026-04-02"),
    ("2026-03-20", "2026-04-01"),  # ended by itself today
    ("2026-04-02", None),  # has not begun
)
data_of = st.data()


def given_some(name: str) -> Callable[[Any], Any]:
    """Return what lets a rule rest until there is something to act on."""
    return precondition(lambda machine: bool(getattr(machine, name, None)))


class Living(RuleBasedStateMachine):
    """Everybody around some requests at one desk, and the model of what becomes of them."""

    loaded_file: ClassVar[Path]
    gazetteer: ClassVar[Gazetteer]

    @initialize()
    def open_desk(self) -> None:
        """Open a desk on the sample book, and tell the model what the book says."""
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.loaded_file, self.folder / "book.db")
        self.desk = LifeDesk(settings_at(f"sqlite:///{self.folder / 'book.db'}"), self.gazetteer)
        providers = (*AGENCIES, *HOMES, "portland", "bay", "radipole")
        stated = {name: self.desk.get(f"/v1/providers/{name}")["stated"] for name in providers}
        self.people = People({name: slots_of(each) for name, each in stated.items()})
        with self.desk.record.reading() as session:
            names = session.scalars(select(RequestRow.request_id)).all()
        self.people.of = {name: Person() for name in names}
        served = Person(state=ARRANGED, provider="maiden", order="RUN-000001")
        self.people.of["R-100"] = served
        self.bodies = {like: self.desk.get(f"/v1/requests/{like}")["request"] for like in LIKE}
        self.names = list(SAMPLE_PEOPLE)
        for like in LIKE:
            self.create(like, None)
        self.offers: dict[str, list[str]] = {}
        """Each offer, with the needs that it was made for."""
        self.enquiries: list[str] = []
        self.shortlists: list[tuple[str, str, str]] = []
        self.proposals: list[str] = []
        self.runs: list[str] = []

    def teardown(self) -> None:
        """See that the record can still be taken out as a book, and close the desk."""
        if not hasattr(self, "desk"):
            return
        clock = self.desk.record.clock
        with self.desk.record.snapshot() as session:
            book, policy_text = dump(session, clock.now(), clock.today())
        write_book(self.folder / "out", book, policy_text=policy_text)
        assert read_book(self.folder / "out").book == book
        gone = set(self.people.in_state(ENDED))
        assert {each.request_id for each in book.requests} == self.people.of.keys() - gone
        self.desk.close()
        shutil.rmtree(self.folder)

    # -- how they call -------------------------------------------------------------------------

    def call(
        self, method: str, path: str, body: Any = None, statuses: frozenset[int] = USUAL, **who: Any
    ) -> Response:
        """Return an answer, which must be clear whatever it is."""
        return clear(self.desk.call(method, path, body, **who), statuses)

    def foreseen(self, answered: Response, *, done: bool) -> bool:
        """Say whether a call was done, as the model foresaw."""
        assert answered.is_success == done, f"{answered.status_code}: {answered.text}"
        return done

    def request(self, who: str) -> Any:
        """Return how a request stands."""
        return self.desk.get(f"/v1/requests/{who}")

    def person(self, data: st.DataObject, *states: str) -> str | None:
        """Return somebody, or somebody in one of some states if there is anybody."""
        names = [n for n in self.names if not states or self.people.of[n].state in states]
        return data.draw(st.sampled_from(names), label="who") if names else None

    def provider_for(self, data: st.DataObject, who: str) -> str:
        """Return a provider of what somebody needs."""
        is_bed = self.request(who)["request"]["placement"] is not None
        return data.draw(st.sampled_from(HOMES if is_bed else AGENCIES), label="provider")

    def add(self, name: str, **told: Any) -> None:
        """Let there be somebody new in the model."""
        self.people.of[name] = Person(**told)
        self.names.append(name)

    def new_name(self) -> str:
        """Return an id that nobody has."""
        return f"N-{len(self.people.of)}"

    @property
    def served(self) -> list[str]:
        """Return whose care is arranged."""
        return self.people.in_state(ARRANGED)

    def held(self, who: str, *, by_offer: bool = False) -> list[str]:
        """Return at which providers capacity is held for somebody now, or for an offer to them."""
        wanted = CommitmentRow.purpose.in_(OF_OFFERS) if by_offer else true()
        query = select(CommitmentRow.provider_id).where(
            wanted,
            CommitmentRow.request_id == who,
            CommitmentRow.kind == "hold",
            CommitmentRow.released_at.is_(None),
            CommitmentRow.expires_at > self.desk.clock.now(),
        )
        with self.desk.record.reading() as session:
            return sorted(session.scalars(query))

    def keep_offer(self, offer: str, who: str) -> None:
        """Remember an offer, and what the person needs that it was made for."""
        self.offers[offer] = self.request(who)["request"]["needs"]

    def is_for_now(self, offer: str, who: str) -> bool:
        """Say whether an offer was made for what the person needs now."""
        needs: list[str] = self.request(who)["request"]["needs"]
        return self.offers[offer] == needs

    def standing_of(self, who: str, where: str) -> list[str]:
        """Return the offers of a provider for somebody that may still be booked."""
        items = [each["offer"] for each in self.desk.get(f"/v1/requests/{who}/offers")["items"]]
        standing = [each for each in items if each["state"] in {"offered", "chosen"}]
        return [each["offer_id"] for each in standing if each["provider_id"] == where]

    def one_of(self, data: st.DataObject, found: list[Any]) -> Any:
        """Return one of what there is, the newer ones rather; ``None`` if there is nothing."""
        return data.draw(st.sampled_from(found[::-1]), label="which") if found else None

    # -- taken in and kept right ---------------------------------------------------------------

    @rule(like=st.sampled_from(LIKE), lacking=st.sampled_from([None, None, "risk", "postcode"]))
    def create(self, like: str, lacking: str | None) -> None:
        """Take in a request, sometimes one of which something is missing."""
        name = self.new_name()
        body = {**self.bodies[like], "request_id": name, "waiting_since": None}
        if lacking is not None:
            body[lacking] = None
        answered = self.call("POST", "/v1/requests", body, **WORKER)
        if self.foreseen(answered, done=lacking is None):
            self.add(name, is_own=True)
            agreed(self.desk, name)
        else:
            assert answered.json()["missing"] == [lacking]

    @rule(data=data_of, needs=st.sampled_from([[], ["diabetes"]]))
    def change(self, data: st.DataObject, needs: list[str]) -> None:
        """Change what is asked for: what is held for something else is given back, nothing more."""
        who = self.person(data)
        assert who is not None
        before, held = self.request(who), self.held(who)
        body = {"changes": {"needs": needs}, **WHY}
        answered = self.call("PATCH", f"/v1/requests/{who}", body, version=before["version"])
        if self.foreseen(answered, done=self.people.of[who].state == WAITING):
            assert answered.json()["request"]["needs"] == needs
            is_same = before["request"]["needs"] == needs
            assert self.held(who) == (held if is_same else [])

    @rule(data=data_of, risk=st.sampled_from(["red", "amber", "green"]))
    def rate(self, data: st.DataObject, risk: str) -> None:
        """Rate a risk: the key worker's own only (H20)."""
        own_first = sorted(self.names, key=lambda name: not self.people.of[name].is_own)
        who = data.draw(st.sampled_from(own_first), label="who")
        person, version = self.people.of[who], self.request(who)["version"]
        statuses = USUAL if person.is_own else frozenset({404})
        path, body = f"/v1/requests/{who}/risk", {"risk": risk, **WHY}
        answered = self.call("PUT", path, body, statuses, version=version, **WORKER)
        if self.foreseen(answered, done=person.is_own and person.state != ENDED):
            assert answered.json()["request"]["risk"] == risk

    @rule(data=data_of, is_urgent=st.booleans())
    def mark_urgent(self, data: st.DataObject, is_urgent: bool) -> None:
        """Say that somebody is urgent, or is not (H21)."""
        who = self.person(data)
        assert who is not None
        method, body = ("PUT", WHY) if is_urgent else ("DELETE", None)
        answered = self.call(method, f"/v1/requests/{who}/urgency", body)
        if self.foreseen(answered, done=self.people.of[who].state != ENDED):
            assert (answered.json()["urgent_by"] is not None) == is_urgent

    @rule(data=data_of, days=st.sampled_from(SUSPENSIONS))
    def suspend(self, data: st.DataObject, days: tuple[str, str | None]) -> None:
        """Suspend somebody; a suspension that is over stands in nobody's way (H19)."""
        who = self.person(data)
        assert who is not None
        person = self.people.of[who]
        ends = person.suspended and person.suspended[1]
        is_free = person.suspended is None or (ends is not None and ends <= "2026-04-01")
        body = {"suspended_from": days[0], "restarts_on": days[1], **WHY}
        answered = self.call("POST", f"/v1/requests/{who}/suspension", body)
        if self.foreseen(answered, done=person.state != ENDED and is_free):
            person.suspended = days

    @rule(data=data_of)
    def resume(self, data: st.DataObject) -> None:
        """End a suspension."""
        who = self.person(data)
        assert who is not None
        person = self.people.of[who]
        answered = self.call("DELETE", f"/v1/requests/{who}/suspension")
        is_possible = person.state != ENDED and person.suspended is not None
        if self.foreseen(answered, done=is_possible):
            person.suspended = None

    # -- looked for ----------------------------------------------------------------------------

    @rule(data=data_of)
    def shortlist(self, data: st.DataObject) -> None:
        """Make a shortlist: each option is held, and beside them only what an offer holds."""
        who = self.person(data)
        assert who is not None
        chosen = self.held(who, by_offer=True)
        answered = self.call("POST", f"/v1/requests/{who}/shortlists", {})
        person = self.people.of[who]
        if person.kind != "increase":  # of which the current provider comes first (H17)
            self.foreseen(answered, done=person.may_search)
        if answered.is_success:
            assert person.may_search
            made = answered.json()
            shown = [option["provider_id"] for option in made["shortlist"]["options"]]
            assert self.held(who) == sorted({*shown, *chosen})
            self.shortlists += [(who, made["shortlist_id"], each) for each in shown]

    @rule(hours=st.sampled_from([1, 80, 800]))
    def let_time_pass(self, hours: int) -> None:
        """Let holds and enquiries run out."""
        self.desk.clock.forward.append(timedelta(hours=hours))
        lasting = [name for name in self.names if self.held(name)]
        assert hours == 1 or lasting == []

    @rule(data=data_of)
    def enquire(self, data: st.DataObject) -> None:
        """Advertise to one or several providers."""
        who = self.person(data, WAITING)
        if who is not None:
            asked = {self.provider_for(data, who), self.provider_for(data, who)}
            body = {"provider_ids": sorted(asked)}
            answered = self.call("POST", f"/v1/requests/{who}/enquiries", body)
            if answered.is_success:
                assert self.people.of[who].may_search
                self.enquiries.append(answered.json()["enquiry_id"])

    @given_some("enquiries")
    @rule(data=data_of, pence=st.sampled_from([2300, 2505, 9000]))
    def reply(self, data: st.DataObject, pence: int) -> None:
        """Offer in answer to an enquiry."""
        enquiry = self.one_of(data, self.enquiries)
        if enquiry is None:
            return
        asked = self.desk.get(f"/v1/enquiries/{enquiry}")
        where = data.draw(st.sampled_from([each["provider_id"] for each in asked["invited"]]))
        mine = self.desk.get(f"/v1/enquiries/{enquiry}", **own(where))["offer"]
        body = offer_for(self.request(asked["request_id"])["request"], pence)
        version = None if mine is None else mine["version"]
        path = f"/v1/enquiries/{enquiry}/offer"
        answered = self.call("PUT", path, body, version=version, **own(where))
        if answered.is_success:
            assert self.people.of[asked["request_id"]].may_search
            self.keep_offer(answered.json()["offer_id"], asked["request_id"])

    @given_some("enquiries")
    @rule(data=data_of)
    def decline(self, data: st.DataObject) -> None:
        """Decline an enquiry."""
        enquiry = self.one_of(data, self.enquiries)
        if enquiry is not None:
            asked = self.desk.get(f"/v1/enquiries/{enquiry}")
            where = data.draw(st.sampled_from([each["provider_id"] for each in asked["invited"]]))
            answered = self.call("POST", f"/v1/enquiries/{enquiry}/decline", WHY, **own(where))
            if answered.is_success:
                assert self.standing_of(asked["request_id"], where) == []
