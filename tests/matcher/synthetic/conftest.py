"""Shared counties of the tests of synthetic counties."""

from __future__ import annotations

import pytest

from matcher.geography import Gazetteer
from matcher.model import Book
from matcher.synthetic import CountySpec, generate


@pytest.fixture(scope="session")
def county(gazetteer: Gazetteer) -> Book:
    """Give the default county."""
    return generate(CountySpec(), gazetteer)


@pytest.fixture(scope="session")
def crowd(gazetteer: Gazetteer) -> Book:
    """Give a county with enough people and providers for shares to be told from chance."""
    spec = CountySpec(
        seed=3, agencies=400, homes=400, waiting_homecare=1200, waiting_placements=600
    )
    return generate(spec, gazetteer)
