"""The 5-minute week and the bed calendar: capacity left, when a visit can start, offered times."""

from matcher.timetable.beds import (
    LONGEST_REST,
    Admissions,
    BedChange,
    BedWindow,
    admission_days,
    compile_placement,
    earliest_admission,
    earliest_admissions,
    occupy_bed,
    smallest_bed_change,
    window_days,
)
from matcher.timetable.chosen import find_times, gap_broken, neighbours, time_key, ways_of
from matcher.timetable.compiling import compile_package
from matcher.timetable.gaps import gap_warnings
from matcher.timetable.more import MoreCarers, carers_lacking, far_from_fitting
from matcher.timetable.shape import SLOTS_PER_DAY, Gap, PackageShape, Use
from matcher.timetable.turns import Times, can_schedule, times_many
from matcher.timetable.unlimited import never_fits
from matcher.timetable.week import (
    TimeChange,
    blocking_units,
    occupy,
    smallest_change,
    start_masks,
    start_ranges,
)

__all__ = [
    "LONGEST_REST",
    "SLOTS_PER_DAY",
    "Admissions",
    "BedChange",
    "BedWindow",
    "Gap",
    "MoreCarers",
    "PackageShape",
    "TimeChange",
    "Times",
    "Use",
    "admission_days",
    "blocking_units",
    "can_schedule",
    "carers_lacking",
    "compile_package",
    "compile_placement",
    "earliest_admission",
    "earliest_admissions",
    "far_from_fitting",
    "find_times",
    "gap_broken",
    "gap_warnings",
    "neighbours",
    "never_fits",
    "occupy",
    "occupy_bed",
    "smallest_bed_change",
    "smallest_change",
    "start_masks",
    "start_ranges",
    "time_key",
    "times_many",
    "ways_of",
    "window_days",
]
