"""One request and one provider: every rule, the price, the times and the score."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.text import Text

from matcher.eligibility import RULES, Rule, approval_reasons, stay_cost_pence
from matcher.enquiry import Enquiry
from matcher.market import Market
from matcher.model import Frozen
from matcher.option import Option, describe_option
from matcher.report.option import offered_times, option_notes, option_part, options_table
from matcher.report.page import (
    BLANK,
    GOOD,
    QUIET,
    WRONG,
    facts,
    heading,
    note,
    notes,
    page,
    section,
    table,
)
from matcher.report.request import request_brief, request_part
from matcher.report.shortlist import RULE_TITLES, WHO_DECIDES
from matcher.report.wording import (
    cost_text,
    count_text,
    of_it,
    ordinal_text,
    plain_text,
    rating_text,
    sentence_text,
    short_day_text,
    week_text,
    word_text,
    would_do,
)
from matcher.scoring import score
from matcher.shortlist import make_shortlist, open_enquiry
from matcher.vocabulary import km_text, words_text

SOURCE_WIDTH = 16
MORE = "What every rule says, prices and scores: --why"


class RuleAnswer(Frozen):
    """What one rule says of a pair; ``change`` would satisfy it, where there is one to offer."""

    rule_id: str
    citation: str
    rule: str
    passes: bool
    sentence: str
    change: str | None


class Pair(Frozen):
    """Everything known of one request at one provider.

    ``offer`` holds cost, times and start wherever the provider has room, also when a rule refuses
    it; its rank is among the eligible, 0 where it is not one of them.
    """

    request_id: str
    provider_id: str
    eligible: bool
    ranked_among: int
    distance_metres: int
    way: str
    weekly_cost_pence: int | None
    stay_cost_pence: int | None
    framework_pence: int | None
    approval_reasons: tuple[str, ...]
    personal_budget_pence: int | None
    rules: tuple[RuleAnswer, ...]
    offer: Option | None


def explain_pair(market: Market, request_id: str, provider_id: str, *, seed: int = 0) -> Pair:
    """Return what every rule and criterion says of one pair.

    Raises
    ------
    UnknownIdError
        If the book has no such request or provider.
    RequestRefusedError
        If the request may not be searched for yet.
    """
    number = market.provider_number(provider_id)
    enquiry = open_enquiry(market, request_id)
    rules = tuple(_answer(rule, enquiry, number) for rule in RULES)
    eligible = all(rule.passes for rule in rules)
    ranked = make_shortlist(market, request_id, options=len(market), seed=seed).shortlist
    ranks = {
        provider_id: option.rank
        for option in ranked.options
        for provider_id in (option.provider_id, *option.also_registered_as)
    }
    return Pair(
        request_id=request_id,
        provider_id=provider_id,
        eligible=eligible,
        ranked_among=ranked.eligible,
        distance_metres=int(enquiry.distance_metres[number]),
        way=enquiry.way_text(number).strip(),
        weekly_cost_pence=enquiry.prices.cost_of(number),
        stay_cost_pence=stay_cost_pence(enquiry, number),
        framework_pence=enquiry.prices.framework_of(number),
        approval_reasons=approval_reasons(enquiry, number),
        personal_budget_pence=enquiry.request.personal_budget_pence_per_week,
        rules=rules,
        offer=_offer(enquiry, number, ranks.get(provider_id, 0)),
    )


def _answer(rule: Rule, enquiry: Enquiry, number: int) -> RuleAnswer:
    refusal = rule.refusal(enquiry, number)
    change = refusal.change.sentence if refusal and refusal.change else None
    return RuleAnswer(
        rule_id=rule.rule_id,
        citation=rule.citation,
        rule=RULE_TITLES[rule.rule_id],
        passes=refusal is None,
        sentence=refusal.sentence if refusal else "",
        change=change,
    )


def _offer(enquiry: Enquiry, number: int, rank: int) -> Option | None:
    only = np.zeros(len(enquiry.market), np.bool_)
    only[number] = True
    starts = enquiry.starts(only)
    if not starts.possible[number]:
        return None
    scores = score(enquiry, starts, np.array([number]))
    return describe_option(enquiry, starts, scores, 0, rank=rank)


def pair_page(market: Market, pair: Pair) -> Group:
    """Return the answer of one pair: in a sentence, then what stands against it or its offer."""
    request = market.request(pair.request_id)
    parts: list[RenderableType] = [
        heading(verdict_text(market, pair)),
        BLANK,
        request_brief(market, request),
        BLANK,
    ]
    refusing = [rule for rule in pair.rules if not rule.passes]
    if refusing:
        parts.append(section("Why not, and what would have to change", _changes(refusing)))
    elif pair.offer:
        told = (
            options_table(market, [pair.offer], request.stay_nights),
            option_notes([pair.offer], request.wanted_by),
            offered_times([pair.offer]),
        )
        parts.append(section("What it could offer", *(part for part in told if part is not None)))
    return page([*parts, note(MORE, QUIET)])


def verdict_text(market: Market, pair: Pair) -> str:
    """Return in one sentence whether a provider could take a request, and the main reason."""
    name = market.providers[market.provider_number(pair.provider_id)].name
    refusing = [rule for rule in pair.rules if not rule.passes]
    if not refusing:
        offer = pair.offer
        start = f" from {short_day_text(offer.start_date, market.book.as_of)}" if offer else ""
        rank = f", {ordinal_text(offer.rank)} of {pair.ranked_among}" if offer else ""
        first = ", once its price is approved" if pair.approval_reasons else ""
        return f"{name} could take {pair.request_id}{start}{rank}{first}."
    more = len(refusing) - 1
    besides = f"; and {count_text(more, 'more reason')}" if more else ""
    reason = of_it(refusing[0].sentence, name)
    return f"{name} cannot take {pair.request_id}: {reason}{besides}."


def pair_evidence(market: Market, pair: Pair) -> Group:
    """Return everything about one pair: the request, the provider, every rule, and the score."""
    request = market.request(pair.request_id)
    parts: list[RenderableType] = [
        BLANK,
        request_part(market, request),
        _provider(market, pair),
        section("Rules", _verdict(pair), BLANK, _rules(pair)),
    ]
    if pair.offer and pair.eligible:
        standing = f"{ordinal_text(pair.offer.rank)} of {pair.ranked_among}"
        parts.append(option_part(pair.offer, request, standing))
    elif pair.offer:
        first = f"Apart from that it has room, and could start {pair.offer.start_date}."
        parts += [note(first), BLANK]
    return page([*parts, note(WHO_DECIDES)])


def pair_document(pair: Pair) -> dict[str, Any]:
    """Return the explanation for a JSON document."""
    return pair.model_dump(mode="json")


def _provider(market: Market, pair: Pair) -> Group:
    provider = market.providers[market.provider_number(pair.provider_id)]
    nights = market.request(pair.request_id).stay_nights
    told = [
        ("Sells", words_text(provider.services)),
        ("Where", f"{provider.postcode}, {km_text(pair.distance_metres)} away {pair.way}".rstrip()),
        ("Contract", word_text(provider.contract)),
        ("CQC", rating_text(provider.cqc_rating, provider.cqc_rated_on)),
        ("Cost", cost_text(pair.weekly_cost_pence, pair.stay_cost_pence, nights)),
        ("Framework", week_text(pair.framework_pence)),
        ("Booking", " ".join(pair.approval_reasons) or "within the rate"),
    ]
    return section(f"Provider {provider.provider_id}: {provider.name}", facts(told))


def _verdict(pair: Pair) -> RenderableType:
    refusing = [rule for rule in pair.rules if not rule.passes]
    if not refusing:
        return note(f"All {len(pair.rules)} rules are kept: it could start.", GOOD)
    return note(f"{len(refusing)} of {len(pair.rules)} rules refuse it.", WRONG)


def _rules(pair: Pair) -> RenderableType:
    rows = [
        (
            Text("kept", style=GOOD) if rule.passes else Text("refused", style=WRONG),
            rule.rule_id,
            rule.rule if rule.passes else _refused_text(rule),
            rule.citation.replace("_", " "),
        )
        for rule in pair.rules
    ]
    columns = ("", "Rule", "What it says", "Source")
    return table(columns, rows, whole=("", "Rule"), narrow={"Source": SOURCE_WIDTH})


def _refused_text(rule: RuleAnswer) -> str:
    change = f" {sentence_text(would_do([rule.change]))}." if rule.change else ""
    return f"{rule.sentence}{change}"


def _changes(refusing: list[RuleAnswer]) -> RenderableType:
    """Return each reason against a provider with the smallest change that would lift it."""
    return notes(plain_text(_refused_text(rule)) for rule in refusing)
