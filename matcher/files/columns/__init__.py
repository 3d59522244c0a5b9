"""What each file of a book holds, told once: used to read, to write and to describe the files."""

from matcher.files.columns.column import Column, FileSpec, Values
from matcher.files.columns.demand import HISTORY, REQUESTS, RUNNING, VISITS, VisitLine
from matcher.files.columns.supply import (
    BED_CAPACITY,
    FRAMEWORK_RATES,
    HOMECARE_CAPACITY,
    PROVIDERS,
    RATES,
    ZONES,
)

FILES = (
    ZONES,
    PROVIDERS,
    RATES,
    FRAMEWORK_RATES,
    HOMECARE_CAPACITY,
    BED_CAPACITY,
    REQUESTS,
    VISITS,
    RUNNING,
    HISTORY,
)
"""Every CSV file of a book, in the order of its description."""

__all__ = [
    "BED_CAPACITY",
    "FILES",
    "FRAMEWORK_RATES",
    "HISTORY",
    "HOMECARE_CAPACITY",
    "PROVIDERS",
    "RATES",
    "REQUESTS",
    "RUNNING",
    "VISITS",
    "ZONES",
    "Column",
    "FileSpec",
    "Values",
    "VisitLine",
]
