"""An allocation's nouns: written out and read again they are the same, and nothing else fits."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from matcher.allocation import NOT_SEARCHED, Allocation, UnplacedReason
from tests.proposals import left_out, staying, visiting


def test_an_allocation_survives_being_written_out() -> None:
    """Visits, beds and people left out come back as they were."""
    whole = Allocation(
        placed=(visiting("R-1"), staying("R-2", 5)),
        unplaced=(left_out("R-3"),),
    )
    assert Allocation.model_validate_json(whole.model_dump_json()) == whole


def test_nobody_adds_a_field() -> None:
    """What no line of an allocation has is refused, not dropped."""
    line = visiting().model_dump() | {"phone": "01305 000000"}
    with pytest.raises(ValidationError, match="phone"):
        Allocation.model_validate({"placed": (line,)})


def test_who_is_not_searched_for_is_told_from_who_finds_nobody() -> None:
    """Reasons are of people who may not be searched for yet, or of capacity and suitability."""
    searched = {*UnplacedReason} - NOT_SEARCHED
    assert searched == {
        UnplacedReason.NO_SUITABLE_PROVIDER,
        UnplacedReason.NO_CAPACITY,
        UnplacedReason.CAPACITY_TAKEN,
    }
