"""Stages in the words of their objectives, also those of an answer kept from a former version."""

from __future__ import annotations

from matcher.objectives import known
from matcher.vocabulary import words_text


def title_of(name: str) -> str:
    """Return what an objective counts; its bare name where there is none of that name any more."""
    objective = known().get(name)
    return words_text([name]).capitalize() if objective is None else objective.title


def value_text(name: str, value: int) -> str:
    """Return a value in its unit."""
    objective = known().get(name)
    return f"{value:,}" if objective is None else objective.text(value)


def amount_text(name: str, value: int) -> str:
    """Return a value with its unit, for a sentence."""
    objective = known().get(name)
    return f"{value:,}" if objective is None else objective.amount_text(value)
