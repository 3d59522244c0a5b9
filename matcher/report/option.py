"""Options: side by side with their times, and each with a total that a reader can recompute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from rich.console import Group, RenderableType
from rich.text import Text

from matcher.market import Market
from matcher.model import CareRequest
from matcher.option import CriterionScore, OfferedVisit, Option
from matcher.report.page import ALERT, BLANK, GOOD, QUIET, facts, listing, note, page, table
from matcher.report.wording import (
    cost_text,
    count_text,
    day_text,
    plain_text,
    rating_text,
    short_day_text,
    week_text,
)
from matcher.vocabulary import Day, days_text, km_text, pounds_text, words_text

LATE = "starts later than wanted"


def options_table(
    market: Market, options: Iterable[Option], nights: int | None = None
) -> RenderableType:
    """Return options side by side: who, how good, at what price, how far, from when.

    Parameters
    ----------
    market
        The compiled book.
    options
        The options.
    nights
        How long the stay is whose price is told; ``None`` for care until further notice, by the
        week.
    """
    price = "A week" if nights is None else count_text(nights, "night")
    rows = [
        (
            str(option.rank),
            option.name,
            rating_text(option.cqc_rating, option.cqc_rated_on),
            _price(option.weekly_cost_pence if nights is None else option.stay_cost_pence),
            km_text(option.distance_metres),
            short_day_text(option.start_date, market.book.as_of),
            Text("approval", style=ALERT) if option.needs_approval else "as it is",
        )
        for option in options
    ]
    columns = ("", "Provider", "CQC", price, "Away", "Starts", "Booking")
    return table(columns, rows, right=("", price, "Away"), whole=("Starts", "Booking"))


def _price(pence: int | None) -> str:
    return "not on file" if pence is None else pounds_text(pence)


def option_notes(options: Iterable[Option], wanted: date | None = None) -> RenderableType | None:
    """Return what has to be known of single options, those with the same together.

    What has to be agreed to before it may be booked, a start later than wanted, who pays and a
    known rise, a way round water, why it stands behind an option that scores less, and warnings;
    ``None`` where there is nothing.

    Parameters
    ----------
    options
        The options.
    wanted
        The day by which care is wanted, where that is recorded.
    """
    ranks: defaultdict[str, list[str]] = defaultdict(list)
    for option in options:
        for text in (*_remarks(option, wanted), *option.warnings):
            ranks[text].append(f"{option.rank}")
    rows = [
        (", ".join(numbers), Text(plain_text(text), style=ALERT)) for text, numbers in ranks.items()
    ]
    return listing(rows) if rows else None


def _remarks(option: Option, wanted: date | None) -> Iterator[str]:
    if option.needs_approval:
        yield f"approval: {_approval(option)}"
    is_late = wanted is not None and option.start_date > wanted
    if is_late and LATE not in (option.ranking_note or ""):
        yield LATE
    yield from option.price_notes
    if option.also_registered_as:
        others = ", ".join(option.also_registered_as)
        yield f"{option.provider_id} is registered as {others} too: one building, offered once"
    if option.way:
        yield f"{km_text(option.distance_metres)} is the way {option.way}"
    if option.ranking_note:
        yield option.ranking_note


def _approval(option: Option) -> str:
    """Return every reason in short; who approves is the same for all."""
    told = [plain_text(reason).partition(";")[0] for reason in option.approval_reasons]
    reasons = "; ".join(text.removeprefix(f"{option.name} ").removesuffix(".") for text in told)
    if len(told) < 2:
        return reasons
    # Shorter, so that two reasons stand on one line.
    short = reasons.replace("above the framework rate", "above the rate")
    return short.replace("a week above the personal budget", "above the budget")


def offered_times(options: Iterable[Option]) -> RenderableType | None:
    """Return the times each option offers, a line an option; ``None`` where there are none."""
    rows = [(f"{each.rank}", times_text(each.visits)) for each in options if each.visits]
    return listing(rows, right=(0,)) if rows else None


def times_text(visits: Iterable[OfferedVisit]) -> str:
    """Return times in the order of the day: ``07:45, 12:30``, with days unless it is every day."""
    by_days: defaultdict[tuple[Day, ...], list[str]] = defaultdict(list)
    for visit in sorted(visits, key=lambda visit: visit.start):
        carers = f" ({visit.carers} carers)" if visit.carers > 1 else ""
        by_days[visit.days].append(f"{visit.start}{carers}")
    if [*by_days] == [tuple(Day)]:
        return ", ".join(by_days[tuple(Day)])
    return "; ".join(f"{days_text(days)} {', '.join(told)}" for days, told in by_days.items())


def option_part(option: Option, request: CareRequest, standing: str = "") -> Group:
    """Return one option as a block: its facts, its times and its score.

    Parameters
    ----------
    option
        The option.
    request
        Who it is for.
    standing
        Its rank among all that are eligible, in words, where that is known.
    """
    title = Text(f"{option.rank}. {option.name}", style="bold")
    title.append(f" ({option.provider_id})", style=QUIET)
    title.append(f"   {option.total:.2f} of 100{standing and ', '}{standing}")
    parts: list[RenderableType] = [title, facts(option_facts(option, request))]
    if option.visits:
        parts += [BLANK, _times(option.visits)]
    parts += [BLANK, score_table(option.criteria, option.total), BLANK]
    return page(parts)


def option_facts(option: Option, request: CareRequest) -> list[tuple[str, str | Text]]:
    """Return the facts of an option that are no score."""
    told: list[tuple[str, str | Text]] = [
        ("Cost", price_text(option, request)),
        *[("Price", text) for text in option.price_notes],
        ("Booking", _booking(option)),
        ("CQC", rating_text(option.cqc_rating, option.cqc_rated_on)),
        ("Where", _where(option)),
        ("Earliest start", day_text(option.start_date)),
    ]
    if option.nominated:
        told.append(("Nominated", "the person asked for this home (L2)"))
    if option.ranking_note is not None:
        told.append(("Rank", option.ranking_note))
    told += [("Warning", Text(warning, style=ALERT)) for warning in option.warnings]
    last = f"on {option.last_offered}" if option.last_offered else "no offer on record"
    return [*told, ("Last offered work", last)]


def price_text(option: Option, request: CareRequest) -> str:
    """Return the cost beside what it is held against."""
    cost = cost_text(option.weekly_cost_pence, option.stay_cost_pence, request.stay_nights)
    held = [f"framework {week_text(option.framework_pence)}"]
    if request.personal_budget_pence_per_week is not None:
        held.append(f"personal budget {week_text(request.personal_budget_pence_per_week)}")
    return f"{cost}; {'; '.join(held)}"


def _booking(option: Option) -> Text:
    if option.needs_approval:
        return Text("NEEDS APPROVAL: " + " ".join(option.approval_reasons), style=ALERT)
    if option.paid_by is not None and not option.paid_by.council_pence:
        return Text("the council pays nothing of it, may be offered as it is", style=GOOD)
    held = "rate" if option.framework_pence is not None else "personal budget"
    return Text(f"within the {held}, may be offered as it is", style=GOOD)


def _where(option: Option) -> str:
    text = f"{option.postcode}, {km_text(option.distance_metres)} away {option.way}".rstrip()
    return f"{text}, {option.travel_minutes} min travel a visit" if option.visits else text


def _times(visits: Sequence[OfferedVisit]) -> RenderableType:
    rows = [
        (
            str(visit.visit_no),
            days_text(visit.days),
            visit.start,
            _span(visit),
            str(visit.minutes),
            str(visit.carers),
        )
        for visit in visits
    ]
    figures = ("Visit", "Minutes", "Carers")
    columns = ("Visit", "Days", "Offered", "Could start", "Minutes", "Carers")
    return table(columns, rows, right=figures, whole=("Offered", "Could start"))


def _span(visit: OfferedVisit) -> str:
    if visit.earliest == visit.latest:
        return "at that time only"
    return f"{visit.earliest} to {visit.latest}"


def score_table(criteria: Sequence[CriterionScore], total: float) -> Group:
    """Return the criteria that count, such that the total can be recomputed by hand."""
    counted = [criterion for criterion in criteria if criterion.weight]
    rows: list[Sequence[str | Text]] = [
        (
            criterion.name.replace("_", " "),
            f"{criterion.score:.2f}",
            f"{criterion.weight}",
            f"{criterion.score * criterion.weight:,.2f}",
            criterion.reason,
        )
        for criterion in counted
    ]
    points = sum(criterion.score * criterion.weight for criterion in counted)
    weight = sum(criterion.weight for criterion in counted)
    sum_text = f"{points:,.2f} / {weight} = {total:.2f}" if weight else "nothing to score"
    rows.append((Text("total", style="bold"), "", str(weight), f"{points:,.2f}", sum_text))
    columns = ("Criterion", "Score", "Weight", "Product", "Why")
    figures = ("Score", "Weight", "Product")
    parts: list[RenderableType] = [table(columns, rows, right=figures, whole=("Criterion",))]
    silent = [criterion.name for criterion in criteria if not criterion.weight]
    if silent:
        parts.append(note(f"Not counted, nothing to judge: {words_text(silent)}.", QUIET))
    return page(parts)
