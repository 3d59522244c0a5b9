"""The figures behind a synthetic county, each with its source or the word assumed."""

from __future__ import annotations

from matcher.files.cqc.assumptions import (
    ADMITTABLE_SHARE,
    AVERAGE_HOMECARE_HOUR_PENCE,
    AVERAGE_NURSING_WEEK_PENCE,
    AVERAGE_RESIDENTIAL_WEEK_PENCE,
)
from matcher.vocabulary import (
    OLDER_AGE,
    CarerGender,
    CareType,
    ClientGroup,
    Contract,
    CqcRating,
    Day,
    Funding,
    Outcome,
    PersonGender,
    Residents,
    Risk,
)

WEEKDAYS = tuple(Day)[:5]
WEEKEND = tuple(Day)[5:]
EVERY_DAY = tuple(Day)

# -- packages ------------------------------------------------------------------------------

# Mean 14 h 23 a week is ADASS 2024/25 for England; median, shape and cap are assumed.
HOURS_MEDIAN, HOURS_SIGMA, HOURS_LEAST, HOURS_MOST = 11.5, 0.67, 1.5, 60.0
# Torbay 2022.
VISIT_MINUTES = {15: 1.6, 30: 72.0, 45: 18.0, 60: 8.0}
# Assumed.
CALLS_A_DAY = {1: 30.0, 2: 20.0, 3: 20.0, 4: 30.0}
# Which bands the calls fall in. Assumed, so that over all calls the morning has 40 %, lunch 22 %,
# tea 20 % and bedtime 18 %.
BANDS_OF_CALLS: dict[int, dict[tuple[str, ...], float]] = {
    1: {("morning",): 92, ("lunch",): 5, ("bed",): 3},
    2: {("morning", "lunch"): 40, ("morning", "tea"): 30, ("morning", "bed"): 30},
    3: {
        ("morning", "lunch", "tea"): 55,
        ("morning", "lunch", "bed"): 25,
        ("morning", "tea", "bed"): 20,
    },
    4: {("morning", "lunch", "tea", "bed"): 100},
}
# Assumed: only small packages leave days out.
DAYS_OF_CALLS: dict[int, dict[tuple[Day, ...], float]] = {
    1: {
        EVERY_DAY: 70,
        WEEKDAYS: 15,
        (Day.MON, Day.WED, Day.FRI): 10,
        (Day.TUE, Day.THU): 5,
    },
    2: {EVERY_DAY: 85, WEEKDAYS: 15},
    3: {EVERY_DAY: 100},
    4: {EVERY_DAY: 100},
}
# Assumed: 15 % of packages and about 25 % of hours have two carers.
DOUBLE_HANDED = 0.15
# Assumed: 12 % of visits have a time asked for, half of them a true need.
TIME_CRITICAL, TIME_PREFERRED = 0.06, 0.06
CRITICAL_REASONS = {
    "morning": (
        "insulin before breakfast",
        "time-limited medication for Parkinson's",
        "ready for transport to dialysis",
        "ready for transport to the day centre",
    ),
    "lunch": ("insulin before lunch", "time-limited medication", "tube feed at a set time"),
    "tea": ("insulin before the evening meal", "time-limited medication"),
    "bed": ("time-limited medication for the night", "turning to protect the skin"),
}
# A short visit mostly says why; the rest are there to be warned about.
SHORT_BELOW_MINUTES = 30
SHORT_REASONS = ("medication prompt only", "check that all is well", "")

# -- people --------------------------------------------------------------------------------

RISKS = {Risk.RED: 15.0, Risk.AMBER: 35.0, Risk.GREEN: 50.0}  # assumed
# Median wait to start 12-13 days: freedom-of-information survey. Spread and cap assumed.
WAIT_MEDIAN_DAYS, WAIT_SIGMA, WAIT_MOST_DAYS = 12.5, 0.8, 180
# How long a package runs, assumed: 1,300 running with some 32 new ones a week turn over in this.
STAY_MEAN_DAYS, STAY_MOST_DAYS = 285, 2500
URGENT_REASONS = (
    "carer at home went into hospital",
    "current agency gives the package back this week",
    "ready to leave hospital",
    "safeguarding concern at home",
)
URGENT_SHARE = 0.6  # of those rated red; assumed
FUNDINGS = {Funding.COUNCIL: 90.0, Funding.JOINT: 6.0, Funding.HEALTH: 4.0}  # assumed
INCOMPLETE, NOT_SIGNED_OFF = 0.04, 0.03  # assumed
# The rest are assumed as well.
LANGUAGES = {
    "polish": 0.30,
    "portuguese": 0.25,
    "punjabi": 0.20,
    "bengali": 0.15,
    "urdu": 0.15,
    "cantonese": 0.10,
    "british_sign_language": 0.10,
}
SPEAKS_OTHER = 0.04
CARER_GENDERS = {None: 92.5, CarerGender.FEMALE: 6.0, CarerGender.MALE: 1.5}
HOMECARE_NEEDS = {
    (): 68.0,
    ("dementia",): 16.0,
    ("physical_disability",): 6.0,
    ("learning_disability",): 4.0,
    ("mental_health",): 3.0,
    ("sensory_impairment",): 2.0,
    ("dementia", "mental_health"): 1.0,
}
PLACEMENT_NEEDS = {
    (): 85.0,
    ("physical_disability",): 6.0,
    ("mental_health",): 5.0,
    ("sensory_impairment",): 4.0,
}
# Residential 20 : nursing 8 of long-term support, DHSC December 2024; half and more of new
# placements with dementia, assumed.
CARE_TYPES = {
    CareType.RESIDENTIAL: 32.0,
    CareType.RESIDENTIAL_DEMENTIA: 39.0,
    CareType.NURSING: 13.0,
    CareType.NURSING_DEMENTIA: 16.0,
}
RESPITE, PANEL = 0.15, 0.03  # of placements
RAISED_BUDGET, RAISED_POUNDS = 0.35, (50, 200)  # above the framework rate; assumed

# -- agencies ------------------------------------------------------------------------------

# 54 % good or outstanding, 37 % unrated, about 10 % below, July 2024: derived from CQC counts.
AGENCY_RATINGS = {
    CqcRating.OUTSTANDING: 3.0,
    CqcRating.GOOD: 51.0,
    CqcRating.REQUIRES_IMPROVEMENT: 8.5,
    CqcRating.INADEQUATE: 0.8,
    CqcRating.NOT_YET_RATED: 36.7,
}
# The rest is assumed.
AGENCY_CONTRACTS = {Contract.FRAMEWORK: 80.0, Contract.BLOCK: 5.0, Contract.SPOT: 15.0}
AGENCY_SPECIALISMS = {
    "dementia": 0.80,
    "learning_disability": 0.35,
    "mental_health": 0.45,
    "physical_disability": 0.75,
    "sensory_impairment": 0.50,
}
SPECIALIST_LOT = 0.12
TIERS = {1: 30.0, 2: 45.0, 3: 25.0}
ZONES_SERVED = {1: 10.0, 2: 20.0, 3: 25.0, 4: 20.0, 5: 10.0, 99: 15.0}
EMBARGOED, CLOSED = 0.03, 0.015
# 28 % of agencies serve four people or fewer (State of Care), so sizes are very uneven.
AGENCY_SIZE_SIGMA = 1.1
SHORT_ZONES = 0.25
SHORT_ZONE_CAPACITY = 0.45
# Capacity of the other bands and of the weekend beside the weekday morning's share.
BAND_EASE = {"morning": 1.0, "lunch": 1.25, "tea": 1.2, "bed": 1.15}
WEEKEND_EASE = 0.95
LUMP_MINUTES = 150

# -- homes ---------------------------------------------------------------------------------

# Sizes, ratings and the share of nursing homes: Dorset market sustainability plan.
HOME_SIZES = {(6, 19): 14.0, (20, 49): 61.0, (50, 90): 25.0}
HOME_RATINGS = {
    CqcRating.OUTSTANDING: 6.0,
    CqcRating.GOOD: 84.0,
    CqcRating.REQUIRES_IMPROVEMENT: 5.0,
    CqcRating.INADEQUATE: 1.0,
    CqcRating.NOT_YET_RATED: 4.0,
}
HOME_CARE_TYPES: dict[tuple[CareType, ...], float] = {
    (CareType.RESIDENTIAL,): 29.0,
    (CareType.RESIDENTIAL, CareType.RESIDENTIAL_DEMENTIA): 34.0,
    (CareType.RESIDENTIAL_DEMENTIA,): 4.0,
    (CareType.NURSING,): 6.0,
    (CareType.NURSING, CareType.NURSING_DEMENTIA): 15.0,
    tuple(CareType): 12.0,
}
# 16 of 100 accept the framework rate (Dorset); how they divide is assumed.
HOME_CONTRACTS = {Contract.FRAMEWORK: 12.0, Contract.BLOCK: 4.0, Contract.SPOT: 84.0}
# Admittable vacancies, as a share of all beds.
VACANT_ADMITTABLE = ADMITTABLE_SHARE
VACANT_SIGMA = 0.7
RESPITE_HOMES = 0.65
WEEKEND_ADMISSIONS = 0.3
"""Share of homes that say they admit at weekends and on bank holidays *(assumed)*."""
HOME_SPECIALISMS = {
    "mental_health": 0.30,
    "older_people": 0.94,
    "physical_disability": 0.40,
    "sensory_impairment": 0.30,
}

# -- for whom ------------------------------------------------------------------------------

# CQC register 2021: 44,526 of 458,947 beds (10 %) are in homes that are not for older people, most
# of them small and without nursing. So 10 % of the homes here, all of those that are only
# residential (29 %); what those homes are for is from the same register, autism sharing the band
# of learning disabilities.
HOMES_FOR_OTHERS = 0.35
GROUPS_OF_OTHER_HOMES: dict[tuple[ClientGroup, ...], float] = {
    (ClientGroup.LEARNING_DISABILITY, ClientGroup.AUTISM): 44.0,
    (ClientGroup.YOUNGER_ADULTS, ClientGroup.LEARNING_DISABILITY, ClientGroup.AUTISM): 28.0,
    (ClientGroup.MENTAL_HEALTH,): 16.0,
    (ClientGroup.YOUNGER_ADULTS, ClientGroup.MENTAL_HEALTH): 12.0,
}
# The rest is assumed: of residential beds asked for as many are for others, so 30 % of these.
PEOPLE_OF_OTHER_GROUPS = 0.30
GROUPS_OF_OTHER_PEOPLE: dict[tuple[ClientGroup, ...], float] = {
    (ClientGroup.LEARNING_DISABILITY,): 65.0,
    (ClientGroup.LEARNING_DISABILITY, ClientGroup.AUTISM): 10.0,
    (ClientGroup.MENTAL_HEALTH,): 25.0,
}
AGENCIES_FOR_YOUNGER, OLDER_AT_HOME = 0.85, 0.78
LEAST_AGES = {None: 70.0, 55: 10.0, 60: 5.0, OLDER_AGE: 15.0}
# A few are counted among older people before their time.
OLDER_AGES, YOUNGER_AGES = (62, 99), (19, 64)
HOMES_FOR_ONE_GENDER = 0.02
RESIDENTS = {Residents.WOMEN: 60.0, Residents.MEN: 40.0}
GENDERS = {PersonGender.WOMAN: 64.0, PersonGender.MAN: 36.0}

# -- money ---------------------------------------------------------------------------------

# Averages paid by councils are those of the register's import; the supplement is assumed.
HOMECARE_HOUR_PENCE = AVERAGE_HOMECARE_HOUR_PENCE
RESIDENTIAL_WEEK_PENCE = AVERAGE_RESIDENTIAL_WEEK_PENCE
NURSING_WEEK_PENCE = AVERAGE_NURSING_WEEK_PENCE
DEMENTIA_WEEK_PENCE = 6_000
# Homecare Association: direct employment cost and minimum price, pence an hour.
HOUR_LEAST_PENCE, HOUR_MOST_PENCE = 2271, 3214
TOWN_FACTOR, RURAL_FACTOR, SHORT_VISIT_FACTOR = 0.98, 1.03, 1.12  # assumed
ABOVE_RATE = 0.15  # of framework agencies; assumed
TOP_UP_POUNDS = (50, 300)  # market fee above the council's; assumed

# -- offers --------------------------------------------------------------------------------

# Assumed: an offer is accepted in 0.35-0.6 of cases, and 10-30 % of those are lost afterwards.
ACCEPTANCE = (0.35, 0.60)
LOST_AFTER = 0.12
REFUSALS = {Outcome.DECLINED: 55.0, Outcome.NO_REPLY: 40.0, Outcome.UNSUITABLE: 5.0}
PLACEMENTS_A_WEEK_SHARE = 0.4  # 16 of 40 waiting
