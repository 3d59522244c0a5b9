"""Ranked options for one request, with near misses and the evidence of everyone considered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from matcher import __version__
from matcher.eligibility import (
    RULES,
    Refusal,
    Verdict,
    judge,
    request_refusals,
    request_warnings,
)
from matcher.enquiry import Enquiry, Starts
from matcher.errors import MatcherError
from matcher.market import Ints, Market, Mask, all_of
from matcher.model import CareRequest, Frozen
from matcher.model.buildings import registrations
from matcher.near_miss import NearMiss, near_misses
from matcher.objectives import Objective, ordered
from matcher.option import Option, describe_option
from matcher.pricing import priced_services
from matcher.scoring import Scores, score, total_score
from matcher.second_agency import TwoAgencies, second_agency
from matcher.vocabulary import words_text

NO_AFFORDABLE_OPTION = "NO_AFFORDABLE_OPTION"


class Evidence(Frozen):
    """What became of one provider that was considered."""

    provider_id: str
    eligible: bool
    total: float | None
    refusals: tuple[str, ...]


class Shortlist(Frozen):
    """The answer to one request.

    ``options`` are in rank order. ``affordability`` is ``NO_AFFORDABLE_OPTION`` when a placement
    has no suitable, available home inside the budget (L1). ``refused_by`` counts, for each rule,
    the providers it refuses; one provider may be refused by several. ``shared`` are two agencies
    that could have the package between them, where nobody can have it alone.
    """

    request_id: str
    service_type: str
    as_of: date
    wanted: int
    options: tuple[Option, ...]
    affordability: str | None
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    near_misses: tuple[NearMiss, ...]
    shared: TwoAgencies | None = None
    considered: int
    eligible: int
    refused_by: dict[str, int]
    seed: int
    policy_version: str
    software_version: str


class RequestRefusedError(MatcherError):
    """A request that may not be searched for, with every reason (H1, H2, H5, H13, L3).

    Parameters
    ----------
    request_id
        The request.
    refusals
        Why; at least one.
    """

    def __init__(self, request_id: str, refusals: tuple[Refusal, ...]) -> None:
        self.refusals = refusals
        listed = "\n".join(f"  {refusal.sentence}" for refusal in refusals)
        super().__init__(
            f"Request {request_id} may not be searched for yet:\n{listed}",
            thing=f"request {request_id}",
            expected="a request that is signed off, funded and complete",
        )


@dataclass(frozen=True)
class Search:
    """A shortlist together with all it rests on.

    Parameters
    ----------
    shortlist
        The answer.
    verdict
        What every rule said of every provider.
    scores
        Scores of every eligible provider.
    """

    shortlist: Shortlist
    verdict: Verdict
    scores: Scores

    def evidence(self) -> Iterator[Evidence]:
        """Yield what became of every provider considered, in the order of their ids."""
        weight = int(self.scores.weights.sum())
        pairs = zip(self.scores.numbers.tolist(), self.scores.weighted.tolist(), strict=True)
        weighted = dict(pairs)
        for number, provider in enumerate(self.verdict.enquiry.market.providers):
            scored = number in weighted
            yield Evidence(
                provider_id=provider.provider_id,
                eligible=scored,
                total=total_score(weighted[number], weight) if scored else None,
                refusals=tuple(r.sentence for r in self.verdict.refusals(number)),
            )


def open_enquiry(market: Market, request: CareRequest | str) -> Enquiry:
    """Return a request put to the market: one of the book, by its id, or any other.

    Raises
    ------
    UnknownIdError
        If the book has no such request.
    RequestRefusedError
        If the request may not be searched for yet.
    """
    if isinstance(request, str):
        request = market.request(request)
    refusals = request_refusals(request, market.book, market.policy)
    if refusals:
        raise RequestRefusedError(request.request_id, refusals)
    return Enquiry(market, request)


def make_shortlist(
    market: Market, request: CareRequest | str, *, options: int | None = None, seed: int = 0
) -> Search:
    """Return the best options for one request.

    Parameters
    ----------
    market
        The compiled supply.
    request
        A request of the book, by its id, or any other.
    options
        How many to return, at least 1; the policy's number when not given.
    seed
        Breaks the ties that the fairness ledger leaves.

    Raises
    ------
    UnknownIdError
        If the book has no such request.
    RequestRefusedError
        If the request may not be searched for yet.
    MatcherError
        If fewer than one option is asked for.
    """
    _require_some(options)
    enquiry = open_enquiry(market, request)
    verdict = judge(enquiry)
    scores = score(enquiry, verdict.starts, np.flatnonzero(verdict.eligible))
    wanted = _wanted(enquiry) if options is None else options
    starts = verdict.starts
    ranking = rank(enquiry, starts, scores.numbers, seed)
    ids = [market.providers[number].provider_id for number in scores.numbers.tolist()]
    same = registrations([market.providers[scores.numbers[each]] for each in ranking.places])
    heads = {place: ids.index(same[ids[place]][0]) for place in ranking.places}
    chosen, affordability = _choose(enquiry, scores, heads, wanted)
    names = [market.providers[number].name for number in scores.numbers.tolist()]
    missed = near_misses(verdict) if len(chosen) < wanted else ()
    described = tuple(
        describe_option(
            enquiry,
            starts,
            scores,
            place,
            rank=number,
            ranking_note=_departs(scores, ranking, names, place),
            also_registered_as=tuple(each for each in same[ids[place]] if each != ids[place]),
        )
        for number, place in enumerate(chosen, start=1)
    )
    lacking = wanted - len(chosen)
    shared = second_agency(enquiry) if enquiry.request.is_homecare and not chosen else None
    notes = tuple(
        _notes(verdict, lacking, wanted, missed, shared=shared, affordability=affordability)
    )
    answer = Shortlist(
        request_id=enquiry.request.request_id,
        service_type=enquiry.request.service_type.value,
        as_of=market.book.as_of,
        wanted=wanted,
        options=described,
        affordability=affordability,
        notes=(*notes, *_assumed(verdict, described), *_travel_notes(enquiry)),
        warnings=request_warnings(enquiry.request, market.policy),
        near_misses=missed,
        shared=shared,
        considered=len(market),
        eligible=int(verdict.eligible.sum()),
        refused_by=_refused_by(verdict),
        seed=seed,
        policy_version=f"{market.policy.title} {market.policy.version}",
        software_version=__version__,
    )
    return Search(answer, verdict, scores)


def _require_some(options: int | None) -> None:
    if options is not None and options < 1:
        raise MatcherError(
            f"A shortlist of {options} options was asked for; the least is 1.",
            thing="options",
            value=options,
            expected="a whole number of at least 1",
        )


def _travel_notes(enquiry: Enquiry) -> tuple[str, ...]:
    """Say where travel minutes come from, where that is not the distance alone."""
    roads = enquiry.market.roads
    return roads.notes if roads is not None and enquiry.request.is_homecare else ()


def _wanted(enquiry: Enquiry) -> int:
    policy = enquiry.market.policy.shortlist
    figure = policy.respite_options if enquiry.request.is_respite else policy.options
    return figure.value


@dataclass(frozen=True)
class Ranking:
    """In which order one person's candidates go, by the very objectives that plans follow.

    Parameters
    ----------
    order
        The objectives, most important first.
    values
        What each candidate would add to each objective, [objectives, n].
    ties
        What settles it between candidates that add the same, [n].
    """

    order: tuple[Objective, ...]
    values: Ints
    ties: tuple[tuple[int, str], ...]

    @cached_property
    def keys(self) -> list[tuple[tuple[int, ...], tuple[int, str]]]:
        """Sort key of each candidate, the best one's the smallest, [n]."""
        columns = self.values.T.tolist()
        return [(tuple(own), tie) for own, tie in zip(columns, self.ties, strict=True)]

    @cached_property
    def places(self) -> list[int]:
        """Places of the candidates, best first."""
        return sorted(range(len(self.ties)), key=self.keys.__getitem__)

    def decided_by(self, ahead: int, behind: int) -> Objective | None:
        """Return the objective in which one place goes before another; ``None`` for a tie."""
        pairs = zip(self.order, self.keys[ahead][0], self.keys[behind][0], strict=True)
        return next((each for each, one, other in pairs if one != other), None)


def rank(enquiry: Enquiry, starts: Starts, numbers: Ints, seed: int) -> Ranking:
    """Return the order of one person's candidates.

    By the policy's objectives, each as what the candidate would add; then the least recently
    offered; then by a seeded hash of request and provider: never by the order of the files.
    """
    order = ordered(enquiry.market.policy)
    return Ranking(
        order=order,
        values=np.array([each.of_candidates(enquiry, starts, numbers) for each in order]),
        ties=tuple(tie(enquiry, int(number), seed) for number in numbers),
    )


def tie(enquiry: Enquiry, number: int, seed: int) -> tuple[int, str]:
    """Return what settles it between providers as good: the last offer, then a seeded draw."""
    market = enquiry.market
    text = f"{seed}|{enquiry.request.request_id}|{market.providers[number].provider_id}"
    lot = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    return int(market.last_offered_day[number]), lot


def _departs(scores: Scores, ranking: Ranking, names: list[str], place: int) -> str | None:
    """Return why a candidate goes behind the next one before it that scores less, if any does."""
    before = ranking.places[: ranking.places.index(place)]
    for ahead in reversed(before):
        by = ranking.decided_by(ahead, place)
        if by is not None and scores.weighted[ahead] < scores.weighted[place]:
            return f"Ranked below {names[ahead]} although its score is higher: it {by.drawback}."
    return None


def _choose(
    enquiry: Enquiry, scores: Scores, heads: dict[int, int], wanted: int
) -> tuple[list[int], str | None]:
    """Return the best places, holding at least one affordable home if there is any (L1).

    Of several registrations of one building the best is offered, or else the affordable one.

    Parameters
    ----------
    enquiry, scores
        The request, and how providers score.
    heads
        Every place, best first, with the best place of the same building.
    wanted
        How many to return at most.
    """
    ranked = [*heads]
    chosen = [place for place, head in heads.items() if head == place][:wanted]
    if enquiry.request.is_homecare or enquiry.budget_pence is None:
        return chosen, None
    affordable = _affordable(enquiry)[scores.numbers]
    if not affordable[ranked].any():
        return chosen, NO_AFFORDABLE_OPTION
    if not affordable[chosen].any():
        best = next(place for place in ranked if affordable[place])
        others = [place for place in chosen if heads[place] != heads[best]]
        chosen = sorted([*others[: wanted - 1], best], key=ranked.index)
    return chosen, None


def _affordable(enquiry: Enquiry) -> Mask:
    return all_of([enquiry.prices.known, enquiry.over_budget_pence == 0])


def _notes(
    verdict: Verdict,
    lacking: int,
    wanted: int,
    missed: tuple[NearMiss, ...],
    *,
    shared: TwoAgencies | None,
    affordability: str | None,
) -> Iterator[str]:
    if lacking:
        easy = any(not miss.more_capacity for miss in missed)
        helps = "but a small change would help" if missed else "and no small change would help"
        where = "but two agencies could share it" if shared and not easy else helps
        yield f"{wanted - lacking} of {wanted} options: nobody else can start, {where}."
    if shared:
        yield f"{shared.sentence[0].upper()}{shared.sentence[1:]}."
    if affordability:
        yield (
            f"{NO_AFFORDABLE_OPTION}: no suitable, available home is inside the personal budget "
            "without a top-up (L1)."
        )
    market, enquiry = verdict.enquiry.market, verdict.enquiry
    if (verdict.eligible & market.is_specialist & ~enquiry.nominated).any():
        sellers = all_of(market.sells[service] for service in priced_services(enquiry.request))
        generic = int((sellers & ~market.is_specialist).sum())
        service = words_text([enquiry.request.service_type])
        outcome = f"none of {generic} generic providers of {service} can meet the needs, so"
        if (verdict.eligible & ~market.is_specialist).any():
            outcome = "those that can meet the needs would need an approval, so"
        yield f"Generic services were considered first: {outcome} specialist ones are shown (H12)."


def _assumed(verdict: Verdict, chosen: tuple[Option, ...]) -> Iterator[str]:
    """Say which options rest on assumed vacancies or prices, not on recorded ones."""
    market, request = verdict.enquiry.market, verdict.enquiry.request
    services, price_list = priced_services(request), market.price_list
    kinds = {
        "vacancies": [(o.provider_id, request.care_type) in market.assumed_beds for o in chosen],
        "prices": [
            any(
                (o.provider_id, service) in price_list.on(market.day_number(o.start_date)).assumed
                for service in services
            )
            for o in chosen
        ],
    }
    for what, assumed in kinds.items():
        names = [option.name for option, is_so in zip(chosen, assumed, strict=True) if is_so]
        if names:
            yield f"Assumed, not recorded: {what} of {', '.join(names)}. Ask before offering."


def _refused_by(verdict: Verdict) -> dict[str, int]:
    bits = np.arange(len(RULES), dtype=np.uint32)
    counts = (verdict.failed[:, None] >> bits & 1).sum(axis=0).tolist()
    return {rule.rule_id: count for rule, count in zip(RULES, counts, strict=True) if count}
