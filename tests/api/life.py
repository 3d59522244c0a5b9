"""What the life of requests is checked against: a small model of its own, and a ledger of its own.

The model knows nothing of how the service keeps things: it is told what people did and what they
were answered, and says what must be so by now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from httpx2 import Response
from sqlalchemy import or_, select

from api.clocks import Clock
from api.errors import ANSWERS, OUR_FAULT
from api.problems import MEDIA_TYPE, TYPE
from api.storage.record import Record
from api.tables import BookingRow, CommitmentRow, EnquiryRow, OfferRow, RequestRow
from tests.api.desk import DAY, Desk
from tests.api.offering import faults

WAITING, ARRANGED, ENDED = "waiting", "arranged", "ended"
OF_THE_PERSON = ("died", "moved_away")
KINDS = {TYPE + answer.kind for answer in ANSWERS.values() if answer is not OUR_FAULT}
USUAL = frozenset({200, 201, 202, 400, 409, 412})
"""Answers to calls of the right shape, by whoever may make them, on what there is."""
FIVE_MINUTES = 5
NIGHTS = 90
"""Nights from the desk's day on that beds are counted for."""
BAND_STARTS = {"morning": 480, "lunch": 720, "tea": 990, "bed": 1230}
Slot = tuple[str, object]
"""A weekday and a number of five minutes, or a kind of bed and a night."""


@dataclass(frozen=True)
class MovingClock(Clock):
    """A clock that can be put forward; the day stays the desk's."""

    forward: list[timedelta] = field(default_factory=list)

    def now(self) -> datetime:
        """Return this moment, with all that it was put forward by."""
        return super().now() + sum(self.forward, timedelta())


class LifeDesk(Desk):
    """A desk on which time can pass, and whose audit tells of everything."""

    tells_of_keys = True

    def opened(self) -> Record:
        """Return the record, with the clock that moves."""
        self.clock = MovingClock(day=date.fromisoformat(DAY))
        return Record(self.settings, self.clock)


@dataclass
class Person:
    """What the model expects of one request."""

    kind: str = "referral"
    state: str = WAITING
    parent: str | None = None
    provider: str | None = None
    order: str | None = None
    suspended: tuple[str, str | None] | None = None
    reason: str | None = None
    is_own: bool = False
    """Whether the tests' key worker sent it."""
    past: list[tuple[str, str, Counter[Slot]]] = field(default_factory=list)
    """Each provider and order whose end was told, with what it takes: none of it is over yet."""
    group: int | None = None
    """By which act it ended: all that ended in one act stands again in one."""
    before: tuple[str, bool] = (WAITING, False)
    """How it stood before it ended, and whether by the last order of ``past``."""
    is_later: bool = False
    """Whether its care ends on a later day than today."""

    @property
    def is_told(self) -> bool:
        """Say whether people said why it has ended."""
        return self.state == ENDED and self.reason not in {"replaced", "called_off"}

    @property
    def is_suspended(self) -> bool:
        """Say whether nothing may be arranged today (H19)."""
        if self.suspended is None:
            return False
        starts, ends = self.suspended
        return starts <= DAY and (ends is None or ends > DAY)

    @property
    def may_search(self) -> bool:
        """Say whether the record lets it be arranged today."""
        return self.state == WAITING and not self.is_suspended


class People:
    """The model: who waits, who is served by whom, who has ended, and what each takes."""

    def __init__(self, stated: dict[str, Counter[Slot]]) -> None:
        self.of: dict[str, Person] = {}
        self.stated = stated
        self.taken: dict[str, dict[str, Counter[Slot]]] = {name: {} for name in stated}
        self.counted: dict[str, Counter[Slot]] = {}
        self.going: dict[str, Counter[Slot]] = {name: Counter() for name in stated}
        self.back: dict[str, Counter[Slot]] = {name: Counter() for name in stated}
        self.acts = 0

    def in_state(self, *states: str) -> list[str]:
        """Return who is in one of some states."""
        return [name for name, person in self.of.items() if person.state in states]

    def booked(self, who: str, order: Any, needs: Counter[Slot]) -> None:
        """Note that somebody is served from now on."""
        person = self.of[who]
        assert person.may_search, f"{who} was booked although {person}"
        if person.kind == "change" and person.parent is not None:
            before = self.of[person.parent]
            if before.state != ENDED:
                self._end(before, "replaced", order["starts_on"] > DAY)
                self._go_on_beside(who, person.parent)
        person.state, person.provider = ARRANGED, order["provider_id"]
        person.order = order["order_ref"]
        self.taken[person.provider][person.order] = needs

    def ended(self, who: str, reason: str, *, later: bool = False, is_over: bool = True) -> None:
        """Note that somebody needs no more, nor others who are of the same care.

        Whoever died or has moved away needs nothing at all; other ends end what was asked for
        beside.
        """
        self.acts += 1
        group = self.of[who].group
        for name in self.scope(who, reason):
            person = self.of[name]
            if person.state != ENDED:
                self._end(person, reason, later)
                person.group, person.is_later = self.acts, later
            elif person.is_told and person.past:
                was_served = person.before[1]
                is_sooner = was_served and not later and (is_over or person.is_later)
                is_same_day = person.is_later == later or not was_served
                is_as_told = is_same_day and person.reason == reason
                if (person.group == group or is_sooner) and not is_as_told:
                    person.reason, person.group, person.is_later = reason, self.acts, later

    def may_end(self, who: str, reason: str) -> bool:
        """Say whether anything is left that an end told of a request would end."""
        if reason not in OF_THE_PERSON:
            person = self.of[who]
            return person.state != ENDED or (person.is_told and bool(person.past))
        scope = [self.of[name] for name in self.scope(who, reason)]
        return any(person.state != ENDED or person.past for person in scope)

    def scope(self, who: str, reason: str) -> list[str]:
        """Return whom an end told of a request ends: all of a person's, or what is beside it."""
        root = who
        if reason in OF_THE_PERSON:
            while (parent := self.of[root].parent) is not None:
                root = parent
        return [root, *self.below(root)]

    def reinstated(self, who: str) -> None:
        """Note that an end was taken back, with all that ended in the same act."""
        group = self.of[who].group
        for name in self.scope(who, self.of[who].reason or ""):
            person = self.of[name]
            if person.state == ENDED and person.group == group:
                state, is_served = person.before
                self.stands_again(name, state, is_served=is_served)

    def stands_again(self, who: str, state: str, *, is_served: bool = True) -> None:
        """Note that somebody stands as before, served by the last order where it was."""
        person = self.of[who]
        person.state, person.reason, person.group = state, None, None
        if is_served:
            person.provider, person.order, needs = person.past.pop()
            self.taken[person.provider][person.order] = needs

    def called_off(self, who: str) -> None:
        """Note that what was to take somebody's place does not, and what was before goes on."""
        for name in self.changes_of(who):
            for child in self.beside(name):
                if self.of[child].kind == "increase":
                    self.of[child].parent = who
            if self.of[name].state != ENDED:
                self._end(self.of[name], "called_off", later=False)
        self.stands_again(who, ARRANGED)

    def changes_of(self, who: str) -> list[str]:
        """Return the changes of provider that came of a request, one after another."""
        changes = [name for name in self.beside(who) if self.of[name].kind == "change"]
        return [name for each in changes for name in (each, *self.changes_of(each))]

    def beside(self, who: str) -> list[str]:
        """Return the increases and changes asked for beside a request."""
        return [name for name, person in self.of.items() if person.parent == who]

    def below(self, who: str) -> list[str]:
        """Return what was asked for beside a request, beside that, and so on."""
        return [name for child in self.beside(who) for name in (child, *self.below(child))]

    def _go_on_beside(self, who: str, before: str) -> None:
        """Note that increases of care that was replaced are beside what replaces it."""
        for name in self.beside(before):
            if self.of[name].kind == "increase" and self.of[name].state != ENDED:
                self.of[name].parent = who

    def _end(self, person: Person, reason: str, later: bool) -> None:
        person.before = (person.state, person.order is not None)
        self._give_back(person, later)
        person.state, person.reason = ENDED, reason

    def handed_back(self, who: str) -> None:
        """Note that a provider gave somebody back, from some day on."""
        self._give_back(self.of[who], later=True)
        self.of[who].state = WAITING
        for name in self.beside(who):
            child = self.of[name]
            if child.kind == "change" and child.state == WAITING:
                self._end(child, "replaced", later=True)

    def _give_back(self, person: Person, later: bool) -> None:
        """Note what comes free: at once, or some time or other if care goes on to a later day."""
        if person.order is not None and person.provider is not None:
            needs = self.taken[person.provider].pop(person.order, Counter())
            counted = self.counted.pop(person.order, Counter())
            person.past.append((person.provider, person.order, needs + counted))
            if later:
                self.going[person.provider].update(needs + counted)
            self.back[person.provider].update(counted)
        person.provider = person.order = None

    def stated_anew(self, provider_id: str, stated: Counter[Slot]) -> None:
        """Note that a provider has counted again: all bookings so far are allowed for."""
        self.stated[provider_id] = stated
        self.counted |= self.taken[provider_id]
        self.taken[provider_id], self.back[provider_id] = {}, Counter()

    def overbooked(self) -> list[str]:
        """Return where more is booked than was stated since it was stated."""
        found = []
        for provider_id, orders in self.taken.items():
            room = self.stated[provider_id] + self.back[provider_id] + self.going[provider_id]
            needed: Counter[Slot] = Counter()
            for needs in orders.values():
                needed.update(needs)
            found += [f"{provider_id} on {slot}" for slot in needed if needed[slot] > room[slot]]
        return found


# -- slots and nights --------------------------------------------------------------------------


def slots_of(capacity: Any) -> Counter[Slot]:
    """Return what a provider states, five minutes by five minutes and night by night."""
    found: Counter[Slot] = Counter()
    for line in capacity["homecare"] or ():
        for day in line["days"]:
            for slot in range(line["start_minute"] // 5, line["end_minute"] // 5):
                found[day, slot] += line["carers"]
    for line in capacity["beds"] or ():
        first, last = line["available_from"], line.get("available_to") or "9999"
        found.update({(line["care_type"], n): line["beds"] for n in nights() if first <= n <= last})
    return found


def nights() -> Iterator[str]:
    """Yield the nights that beds are counted for."""
    for shift in range(NIGHTS):
        yield (date.fromisoformat(DAY) + timedelta(days=shift)).isoformat()


def needs_of(request: Any, starts: dict[int, int], starts_on: str) -> Counter[Slot]:
    """Return what a request takes of its provider, without the travel between visits."""
    found: Counter[Slot] = Counter()
    for visit in request["package"]["visits"]:
        first = starts[visit["visit_no"]]
        for minute in range(first, first + visit["minutes"], FIVE_MINUTES):
            found.update({(day, minute // FIVE_MINUTES): visit["carers"] for day in visit["days"]})
    placement = request["placement"]
    if placement is not None:
        stays = placement["nights"]
        end = date.fromisoformat(starts_on) + timedelta(days=stays or 10_000)
        inside = (n for n in nights() if starts_on <= n < end.isoformat())
        found.update({(placement["care_type"], night): 1 for night in inside})
    return found


def offer_for(request: Any, pence: int) -> dict[str, Any]:
    """Return terms that meet a request: its visits within their bands, or a bed."""
    visits = [
        {"visit_no": v["visit_no"], "at_minute": v["at_minute"] or BAND_STARTS[v["band"]]}
        for v in request["package"]["visits"]
    ]
    is_bed = request["placement"] is not None
    rate = {"unit": "week" if is_bed else "hour", "amount_pence": pence * 40 if is_bed else pence}
    return {"visits": visits, "start_date": "2026-04-12", "rate": rate}


# -- what must always be so --------------------------------------------------------------------


def clear(answered: Response, statuses: frozenset[int] = USUAL) -> Response:
    """Return an answer that is done, or is a problem document of a kind that is known."""
    assert answered.status_code in statuses, f"{answered.status_code}: {answered.text}"
    if not answered.is_success:
        told = answered.json()
        assert answered.headers["content-type"] == MEDIA_TYPE
        assert told["type"] in KINDS, told
        assert told["status"] == answered.status_code
        assert told["request_id"] == answered.headers["X-Request-Id"]
        # A sentence, or one with its rule in brackets after it.
        assert told["detail"].endswith((".", ")")), told
    return answered


def disagreements(desk: Desk, people: People) -> list[str]:
    """Return everything in which the record is not as the model expects."""
    with desk.record.snapshot() as session:
        rows = {row.request_id: row for row in session.scalars(select(RequestRow))}
        running = session.scalars(select(BookingRow).where(BookingRow.ended_at.is_(None))).all()
    served = {row.request_id: row.provider_id for row in running}
    found = [] if len(served) == len(running) else ["Somebody is served twice."]
    for name, person in people.of.items():
        told = rows[name]
        have = (told.state, served.get(name), told.kind, told.end_reason, told.parent_id)
        wanted = (person.state, person.provider, person.kind, person.reason, person.parent)
        found += [] if have == wanted else [f"{name} is {have}, not {wanted}."]
    return found + [f"Overbooked: {each}." for each in people.overbooked()]


def left_overs(desk: Desk, people: People) -> list[str]:
    """Return what requests that are over still have: capacity, enquiries or offers."""
    over = people.in_state(ENDED)
    with desk.record.snapshot() as session:
        kept = session.scalars(
            select(CommitmentRow.request_id).where(
                CommitmentRow.released_at.is_(None),
                CommitmentRow.kind != "return",
                # Booked care goes on to a last day that is known.
                or_(CommitmentRow.kind == "hold", CommitmentRow.expires_at.is_(None)),
            )
        )
        asked = session.scalars(select(EnquiryRow.request_id).where(EnquiryRow.closed_at.is_(None)))
        standing = session.scalars(
            select(OfferRow.request_id).where(OfferRow.state.in_(("offered", "chosen", "booked")))
        )
        return sorted({*kept, *asked, *standing} & set(over))


def check(desk: Desk, people: People) -> None:
    """Hold the record against the model, the ledger against itself, and the lists against both."""
    assert faults(desk) == []
    assert disagreements(desk, people) == []
    assert left_overs(desk, people) == []
    unmet = desk.get("/v1/unmet-need")
    short = [name for name in people.in_state(WAITING) if not people.of[name].is_suspended]
    assert unmet["people"] == len(short)
    assert sum(unmet["people_by_reason"].values()) == len(short)
