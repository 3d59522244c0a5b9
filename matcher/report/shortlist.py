"""A shortlist: the answer in one screen, and behind it all that it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType

from matcher.eligibility import RULES
from matcher.market import Market
from matcher.report.option import offered_times, option_notes, option_part, options_table
from matcher.report.outsiders import outsiders_brief, outsiders_part
from matcher.report.page import ALERT, BLANK, QUIET, WRONG, note, notes, page, section, table
from matcher.report.request import request_brief, request_part
from matcher.report.wording import plain_text
from matcher.shortlist import Search, Shortlist

WHO_DECIDES = (
    "Carematch ranks and proposes; people decide. Nothing is booked by this list: the person and "
    "their worker choose, and above-rate offers wait for a budget holder (H9, H14)."
)
MORE = "These are proposals: people decide. Scores, evidence and rules: --why"
MOST_ALERTS = 4
"""So many notes and warnings stand on the first page."""
RULE_TITLES = {rule.rule_id: (rule.__doc__ or "").partition("\n")[0] for rule in RULES}
"""Each rule in one sentence."""


def shortlist_page(market: Market, search: Search) -> Group:
    """Return what a broker puts before a person, in one screen: options, cautions, who is out."""
    answer = search.shortlist
    parts: list[RenderableType] = [shortlist_head(market, search), *_alerts(market, answer)]
    times = offered_times(answer.options)
    if times is not None:
        parts.append(section("Times offered", times))
    parts += [outsiders_brief(search), note(MORE, QUIET)]
    return page(parts)


def shortlist_head(market: Market, search: Search, *, whole: bool = True) -> Group:
    """Return who asks for what, with needs and wishes or without, and the options side by side."""
    answer = search.shortlist
    request = market.request(answer.request_id)
    parts: list[RenderableType] = [
        request_brief(market, request, whole=whole),
        BLANK,
        options_table(market, answer.options, request.stay_nights)
        if answer.options
        else note("Nobody can start.", WRONG),
        BLANK,
    ]
    return page(parts)


def shortlist_evidence(market: Market, search: Search) -> Group:
    """Return what a shortlist rests on: scores, rules, assumptions and where it comes from."""
    answer = search.shortlist
    request = market.request(answer.request_id)
    parts: list[RenderableType] = [BLANK, request_part(market, request)]
    if len(answer.notes) + len(answer.warnings) > MOST_ALERTS:
        parts += [notes([*answer.notes, *answer.warnings], ALERT), BLANK]
    parts += [option_part(option, request) for option in answer.options]
    parts += [outsiders_part(search)]
    if answer.refused_by:
        parts.append(_rules(answer))
    return page([*parts, note(WHO_DECIDES), _origin(answer)])


def shortlist_document(search: Search) -> dict[str, Any]:
    """Return the shortlist with the evidence of every provider, for a JSON document."""
    document = search.shortlist.model_dump(mode="json")
    document["evidence"] = [line.model_dump(mode="json") for line in search.evidence()]
    return document


def _alerts(market: Market, answer: Shortlist) -> Iterator[RenderableType]:
    """Yield what has to be known before an option is put to anybody."""
    waiting = option_notes(answer.options, market.request(answer.request_id).wanted_by)
    if waiting is not None:
        yield waiting
    told = [plain_text(text) for text in (*answer.notes, *answer.warnings)]
    if told:
        yield notes(told[:MOST_ALERTS], ALERT)
    if len(told) > MOST_ALERTS:
        yield note(f"and {len(told) - MOST_ALERTS} more (--why)", QUIET)
    if told or waiting is not None:
        yield BLANK


def _rules(answer: Shortlist) -> Group:
    rows = [(f"{count:,}", rule, RULE_TITLES[rule]) for rule, count in answer.refused_by.items()]
    columns = ("Refuses", "Rule", "What it asks")
    return section("The rules", table(columns, rows, right=("Refuses",), whole=("Rule",)))


def _origin(answer: Shortlist) -> RenderableType:
    return note(
        f"Book as of {answer.as_of}; {answer.policy_version}; carematch "
        f"{answer.software_version}, seed {answer.seed}.",
        QUIET,
    )
