"""The nouns of brokerage: requests, visits, placements, providers, capacity, rates and the book."""

from matcher.model.book import Book, Offered, Running
from matcher.model.demand import CareRequest, HomecarePackage, Placement, Visit
from matcher.model.fields import (
    ID_PATTERN,
    Age,
    Carers,
    Days,
    Few,
    Frozen,
    GridMinute,
    Id,
    Metres,
    Name,
    Pence,
    Text,
    Word,
)
from matcher.model.supply import (
    BedCapacity,
    FrameworkRate,
    HomecareCapacity,
    Provider,
    Rate,
    Zone,
)

__all__ = [
    "ID_PATTERN",
    "Age",
    "BedCapacity",
    "Book",
    "CareRequest",
    "Carers",
    "Days",
    "Few",
    "FrameworkRate",
    "Frozen",
    "GridMinute",
    "HomecareCapacity",
    "HomecarePackage",
    "Id",
    "Metres",
    "Name",
    "Offered",
    "Pence",
    "Placement",
    "Provider",
    "Rate",
    "Running",
    "Text",
    "Visit",
    "Word",
    "Zone",
]
