"""Postcodes, strategies and small frames that the tests of geography share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from matcher.geography import (
    Postcode,
)

DORSET = "E06000059"
COUNTY_HALL = Postcode("DT1 1XJ")
CARE_HOMES = Path(__file__).parents[4] / "shared" / "data" / "uk" / "care_homes_england_2021.csv"

INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
SPACES = ["", " ", "  ", "\t", "\u00a0", "\u2009", "\u200b", "\ufeff"]


def _letters(alphabet: str) -> st.SearchStrategy[str]:
    return st.sampled_from(alphabet)


_DIGIT = _letters("0123456789")
_FIRST, _SECOND = _letters("ABCDEFGHIJKLMNOPRSTUWYZ"), _letters("ABCDEFGHKLMNOPQRSTUVWXY")
_OUTWARD = st.one_of(
    st.builds("{}{}".format, _FIRST, _DIGIT),
    st.builds("{}{}{}".format, _FIRST, _DIGIT, _DIGIT),
    st.builds("{}{}{}".format, _FIRST, _SECOND, _DIGIT),
    st.builds("{}{}{}{}".format, _FIRST, _SECOND, _DIGIT, _DIGIT),
    st.builds("{}{}{}".format, _FIRST, _DIGIT, _letters("ABCDEFGHJKMNPRSTUVWXY")),
    st.builds("{}{}{}{}".format, _FIRST, _SECOND, _DIGIT, _letters("ABEHMNPRVWXY")),
)
POSTCODE_TEXTS = st.builds(
    "{} {}{}{}".format, _OUTWARD, _DIGIT, _letters(INWARD_LETTERS), _letters(INWARD_LETTERS)
)


def directory_frame(**columns: list[Any]) -> pd.DataFrame:
    """Make a frame like the data package's."""
    return pd.DataFrame(columns)
