"""Prices of scarce capacity in an allocation folder: written, and read back."""

from __future__ import annotations

import re
from pathlib import Path

from matcher.errors import BadInputError
from matcher.files import cells, kinds
from matcher.files.columns import Column, FileSpec
from matcher.files.kinds import Kind, one_of
from matcher.files.rows import read_rows
from matcher.result import CapacityPrice, PriceUnit
from matcher.vocabulary import ServiceType

_POINTS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


def _read_points(text: str) -> float:
    if not _POINTS.fullmatch(text):
        raise cells.CellError("points that are not negative, such as 1.25")
    return float(text)


def _write_points(points: float) -> str:
    return f"{points:.2f}"


def _write_price(points: float) -> str:
    return f"{points:.4f}"


POINTS = Kind(_read_points, _write_points, "points, such as 1.25", "number")
_PRICE = Kind(_read_points, _write_price, "points, such as 0.0625", "number")

PRICES = FileSpec(
    "prices.csv",
    CapacityPrice,
    "What one unit more of scarce capacity would be worth",
    (
        Column("provider_id", kinds.ID, "whose capacity", required=True),
        Column("care", one_of(ServiceType), "homecare, or the kind of bed", required=True),
        Column("days", kinds.DAYS, "homecare: on all of these days at once"),
        Column("from", kinds.START_TIME, "homecare: start of the window", "from_minute"),
        Column("to", kinds.END_TIME, "homecare: end of the window", "to_minute"),
        Column("first_night", kinds.DATE, "beds: first night"),
        Column("last_night", kinds.DATE, "beds: last night; empty: for good"),
        Column("unit", one_of(PriceUnit), "what the price is for", required=True),
        Column(
            "most_each",
            kinds.WHOLE,
            "visits and stays: so long that one carer or bed has room for so many at most",
        ),
        Column("price", _PRICE, "points for one unit", "points", required=True),
        Column(
            "carers",
            kinds.WHOLE,
            "double-ups: how many carers at once make a unit, for which only they count",
        ),
    ),
)


def read_prices(folder: Path) -> tuple[CapacityPrice, ...]:
    """Return the prices in an allocation folder; none where the file is missing.

    Raises
    ------
    BadInputError
        If anything is wrong with the file, with every fault.
    """
    prices, faults = read_rows(folder, PRICES, CapacityPrice)
    if faults:
        raise BadInputError(faults)
    return prices.items
