"""The ledger of offers: who was asked for whom, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from matcher.model import Offered, Provider, Running
from matcher.synthetic import figures
from matcher.synthetic.chance import Dice
from matcher.synthetic.choices import Choices
from matcher.synthetic.people import People
from matcher.synthetic.places import Places
from matcher.synthetic.spec import CountySpec
from matcher.vocabulary import Outcome, ProviderStatus

_LEAD_DAYS = 4
_ASKED_MOST = 5
_DAYS_PER_WEEK = 7


def draw_history(
    spec: CountySpec, places: Places, choices: Choices, people: People, homes: Sequence[Provider]
) -> tuple[Offered, ...]:
    """Return the offers of the last days, by day and provider.

    Every package that started in that time was accepted by the agency that runs it, after
    others had refused; people who still wait have been refused a few times.
    """
    dice = Dice(spec, "history")
    first = spec.as_of - timedelta(days=spec.history_days)
    runners = {line.request_id: line for line in people.running}
    rows: list[Offered] = []
    for request, row in zip(people.requests, people.rows, strict=True):
        line = runners.get(request.request_id)
        if not request.is_homecare:
            continue
        asked = _asked(dice, places, choices, row)
        since = max(request.waiting_since or first, first)
        if line is None:
            rows += _still_waiting(dice, asked, request.request_id, since, spec.as_of)
        elif line.started_on >= first:
            rows += _started(dice, asked, line, since)
    return tuple(sorted([*rows, *_beds(dice, spec, homes)], key=_order))


def _order(row: Offered) -> tuple[date, str, str, str]:
    return row.offered_on, row.provider_id, row.request_id or "", row.outcome.value


def _asked(dice: Dice, places: Places, choices: Choices, row: int) -> list[str]:
    """Return agencies that are asked for nothing before one says yes, in order."""
    share = float(dice.generator.uniform(*figures.ACCEPTANCE))
    asked: list[str] = []
    while any(choices.agency_ids) and len(asked) < _ASKED_MOST and not dice.happens(share):
        asked.append(choices.agency(dice, places, row))
    return list(dict.fromkeys(asked))


def _started(dice: Dice, asked: Sequence[str], line: Running, since: date) -> list[Offered]:
    """Tell how a recent package came about; at times an agency said yes and then withdrew."""
    accepted_on = max(line.started_on - timedelta(days=dice.whole(0, _LEAD_DAYS)), since)
    rows = [_offer(line.provider_id, accepted_on, line.request_id, Outcome.ACCEPTED)]
    for agency in asked:
        if agency == line.provider_id:
            continue
        lost = dice.happens(figures.LOST_AFTER)
        outcome = Outcome.WITHDRAWN if lost else dice.weighted(figures.REFUSALS)
        asked_on = max(dice.day_before(accepted_on, _DAYS_PER_WEEK), since)
        rows.append(_offer(agency, asked_on, line.request_id, outcome))
    return rows


def _still_waiting(
    dice: Dice, asked: Sequence[str], request_id: str, since: date, as_of: date
) -> list[Offered]:
    """Tell who has refused a person so far."""
    days = (as_of - since).days
    return [
        _offer(agency, dice.day_before(as_of, days), request_id, dice.weighted(figures.REFUSALS))
        for agency in asked
    ]


def _beds(dice: Dice, spec: CountySpec, homes: Sequence[Provider]) -> list[Offered]:
    """Tell what homes answered; the people placed are no part of the book."""
    asking = [home.provider_id for home in homes if home.status is not ProviderStatus.CLOSED]
    if not asking:
        return []
    accepted = sum(figures.ACCEPTANCE) / len(figures.ACCEPTANCE)
    outcomes = {Outcome.ACCEPTED: accepted, None: 1 - accepted}
    a_day = spec.waiting_placements * figures.PLACEMENTS_A_WEEK_SHARE / _DAYS_PER_WEEK
    rows = []
    for outcome in dice.dealt(outcomes, round(a_day * spec.history_days / accepted)):
        day = dice.day_before(spec.as_of, spec.history_days)
        answer = dice.weighted(figures.REFUSALS) if outcome is None else outcome
        if answer is Outcome.UNSUITABLE:
            answer = Outcome.DECLINED  # an assessment is told only with the person assessed
        rows.append(_offer(dice.pick(asking), day, None, answer))
    return rows


def _offer(provider_id: str, day: date, request_id: str | None, outcome: Outcome) -> Offered:
    return Offered(provider_id=provider_id, offered_on=day, request_id=request_id, outcome=outcome)
