"""Rules about what a provider has free, and about generic services being considered first."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from matcher.eligibility.rule import Change, Refusal, Rule
from matcher.enquiry import Enquiry
from matcher.market import Ints, Mask
from matcher.model import Visit
from matcher.timetable import (
    BedWindow,
    MoreCarers,
    blocking_units,
    can_schedule,
    carers_lacking,
    earliest_admission,
    far_from_fitting,
    smallest_bed_change,
    smallest_change,
)
from matcher.vocabulary import GRID_MINUTES, Day, TimeNeed, days_text, minute_text, words_text

MORE_CAPACITY = "more capacity"
"""The unit of changes by which a provider would have more than it has."""


class Capacity(Rule):
    """The provider has times for every visit, or a bed for the stay, in what it has free (H11)."""

    rule_id = "CAPACITY"
    citation = "H11, H16"
    mendable = True
    effort = 1

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return the providers that could start; says true of those not standing."""
        return enquiry.starts(standing).possible | ~standing

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Say which visit or bed has no room, and the smallest move that would make room.

        Where no move would, how little more than it has free would let it in.
        """
        found = self.without_more(enquiry, number)
        if found is None or found.change is not None:
            return found
        return self.refuse(found.sentence, self.addition(enquiry, number))

    def without_more(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Say the same without a word of more capacity, which takes longest to find out."""
        if enquiry.request.is_homecare:
            return self._visits_refusal(enquiry, number)
        return self._bed_refusal(enquiry, number)

    def _visits_refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        free = enquiry.market.carers.of(number)
        travel = int(enquiry.travel_minutes[number]) // GRID_MINUTES
        shape = enquiry.shape
        blocked = blocking_units(free, shape, travel)
        # Times are only searched for where each visit has some, for that is slow.
        if not blocked and can_schedule(free, shape, travel):
            return None
        name = enquiry.market.providers[number].name
        if not free.any():
            return self.refuse(f"{name} has no homecare capacity on record.")
        visits = enquiry.request.package.visits
        told = "; ".join(
            " linked with ".join(_visit_text(visits[i]) for i in shape.visits_of(unit))
            for unit in blocked
        )
        if told:
            sentence = f"{name} has no room for {told}."
        else:
            sentence = f"{name} has room for each visit, but no times were found for all together."
        # One move does not help where two visits have no start, each even on its own.
        change = self._visit_change(enquiry, number, travel) if len(blocked) < 2 else None
        return self.refuse(sentence, change)

    def addition(self, enquiry: Enquiry, number: int) -> Change | None:
        """Return how little more than a refused provider has free would let it in, if little does.

        One or two stretches with more carers, or one more bed.
        """
        if not enquiry.request.is_homecare:
            return _one_more_bed(enquiry, number)
        free = enquiry.market.carers.of(number)
        travel = int(enquiry.travel_minutes[number]) // GRID_MINUTES
        more = carers_lacking(free, enquiry.shape, travel)
        if more is None:
            return None
        told = " and ".join(_more_text(each) for each in more)
        minutes = sum(each.carer_minutes for each in more)
        return Change(f"would do if it had {told}", minutes, MORE_CAPACITY)

    def hopeless(self, enquiry: Enquiry, numbers: Ints) -> Mask:
        """Say of providers without room whether no change at all would be named, [numbers].

        Quicker than asking each; who is not hopeless may still have none.
        """
        if not enquiry.request.is_homecare or not numbers.size:
            return np.zeros(len(numbers), np.bool_)
        free = np.array([enquiry.market.carers.of(number) for number in numbers.tolist()])
        travel = enquiry.travel_minutes[numbers] // GRID_MINUTES
        return far_from_fitting(free, enquiry.shape, travel)

    def _visit_change(self, enquiry: Enquiry, number: int, travel: int) -> Change | None:
        change = smallest_change(enquiry.market.carers.of(number), enquiry.shape, travel)
        if change is None:
            return None
        visits = enquiry.request.package.visits
        place = enquiry.shape.visits_of(change.unit)[0]
        visit, offset = visits[place], enquiry.shape.offset_slots[place]
        alone = [other.band for other in visits].count(visit.band) == 1
        what = f"the {visit.band} visit" if alone else f"{visit.band} visit {visit.visit_no}"
        start = minute_text((change.start_slot + offset) * GRID_MINUTES)
        return Change(f"would do if {what} may start at {start}", change.minutes_beyond, "minutes")

    def _bed_refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        calendar = enquiry.capacity.of(number)
        window = enquiry.bed_window(number)
        if earliest_admission(calendar, window) is not None:
            return None
        name = enquiry.market.providers[number].name
        bed = words_text([enquiry.request.care_type or "care"])
        if not calendar.any():
            return self.refuse(f"{name} has no {bed} vacancy on record.")
        sentence = f"{name} has no {bed} bed {_window_text(enquiry, window)}."
        change = smallest_bed_change(calendar, window)
        if change is None:
            return self.refuse(sentence)
        day = enquiry.date_of(change.day)
        return self.refuse(
            sentence, Change(f"would do if admitted on {day}", change.days_outside, "days")
        )


def _more_text(more: MoreCarers) -> str:
    carers = "one more carer" if more.carers == 1 else f"{more.carers} more carers"
    days = days_text(tuple(day for day in Day if day.number in more.days))
    times = [minute_text(slot * GRID_MINUTES) for slot in (more.first_slot, more.stop_slot)]
    return f"{carers} {days} {'-'.join(times)}"


def _one_more_bed(enquiry: Enquiry, number: int) -> Change | None:
    window = enquiry.bed_window(number)
    calendar = enquiry.capacity.of(number)
    day = earliest_admission(calendar + 1, window)
    if day is None:
        return None
    bed = words_text([enquiry.request.care_type or "care"])
    sentence = f"would do if it had one more {bed} bed from {enquiry.date_of(day)}"
    return Change(sentence, 1, MORE_CAPACITY)


def _visit_text(visit: Visit) -> str:
    is_critical = visit.time_need is TimeNeed.CRITICAL and visit.at_minute is not None
    when = f"critical at {minute_text(visit.at_minute or 0)}" if is_critical else visit.band
    told = f"{when}, {days_text(visit.days)}, {visit.minutes} minutes, carers {visit.carers}"
    return f"visit {visit.visit_no} ({told})"


def _window_text(enquiry: Enquiry, window: BedWindow) -> str:
    first, last = enquiry.date_of(window.first_day), enquiry.date_of(window.last_day)
    stay = "" if window.nights is None else f"for {window.nights} nights "
    if window.last_day < window.first_day:
        return f"{stay}by {last}: it cannot admit before {first}"
    return f"{stay}from any day between {first} and {last}"


class GenericFirst(Rule):
    """Specialist services only when no generic one can meet the needs (H12); L2 lets homes in.

    A generic service whose price would need an approval does not send away a specialist one that
    may be booked as it is: whoever approves is then shown both.

    Parameters
    ----------
    others
        Every other rule: a generic provider counts when it satisfies them all.
    """

    rule_id = "GENERIC_FIRST"
    citation = "H12"

    def __init__(self, others: tuple[Rule, ...]) -> None:
        self._others = others
        self._generic: WeakKeyDictionary[Enquiry, Mask] = WeakKeyDictionary()

    def mask(self, enquiry: Enquiry, standing: Mask) -> Mask:
        """Return everyone but the specialists that a generic provider standing goes before."""
        generic = standing & ~enquiry.market.is_specialist
        behind = enquiry.needs_approval if generic.any() else np.zeros(len(generic), np.bool_)
        if (generic & ~enquiry.needs_approval).any():
            behind = np.ones(len(generic), np.bool_)
        return ~(behind & enquiry.market.is_specialist) | enquiry.nominated

    def refusal(self, enquiry: Enquiry, number: int) -> Refusal | None:
        """Say how many generic providers can meet the needs."""
        market = enquiry.market
        if not market.is_specialist[number] or enquiry.nominated[number]:
            return None
        before = self.generic(enquiry)
        if not enquiry.needs_approval[number]:
            before = before & ~enquiry.needs_approval
        if not before.any():
            return None
        generic = int(before.sum())
        noun = "provider" if generic == 1 else "providers"
        return self.refuse(
            f"{market.providers[number].name} is a specialist service; {generic} generic {noun} "
            f"can meet {enquiry.request.request_id}'s needs."
        )

    def generic(self, enquiry: Enquiry) -> Mask:
        """Return the generic providers that satisfy every other rule, found once an enquiry."""
        if enquiry not in self._generic:
            standing = ~enquiry.market.is_specialist
            for rule in self._others:
                standing = standing & rule.mask(enquiry, standing)
            self._generic[enquiry] = standing
        return self._generic[enquiry]
