"""The council's policy: bands, limits, weights and the order of objectives, each figure cited."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from functools import cache, cached_property
from importlib import resources
from typing import Any

from pydantic import Field, ValidationError

from matcher.errors import BadInputError, Fault
from matcher.model import Frozen, Word
from matcher.policy.figures import Cited, Figure, TimeBand
from matcher.policy.order import AllocationPolicy
from matcher.policy.rooms import (
    RadiusPolicy,
    RulesPolicy,
    ScoringPolicy,
    ShortlistPolicy,
    TimesPolicy,
    TravelPolicy,
    Weights,
)


class Policy(Frozen):
    """Everything a council decides about matching, and nothing that differs between requests."""

    title: str
    version: str
    bands: dict[Word, TimeBand] = Field(min_length=1)
    travel: TravelPolicy
    radius: RadiusPolicy
    times: TimesPolicy
    shortlist: ShortlistPolicy
    rules: RulesPolicy
    weights: Weights
    scoring: ScoringPolicy
    allocation: AllocationPolicy

    @cached_property
    def assumed(self) -> tuple[str, ...]:
        """Dotted names of every figure that has no source."""
        names = [f"bands.{name}" for name, band in self.bands.items() if band.assumed]
        for room, settings in self:
            if isinstance(settings, Frozen):
                names += [f"{room}.{name}" for name, figure in settings if figure.assumed]
        return tuple(names)


def default_document() -> dict[str, Any]:
    """Return the default policy as the plain document a variant is laid over."""
    return deepcopy(_default_toml())


@cache
def _default_toml() -> dict[str, Any]:
    """Return the document as it was read once: for everybody, so nobody may change it."""
    text = resources.files("matcher").joinpath("default_policy.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def default_policy() -> Policy:
    """Return the policy used when a book brings none of its own."""
    return Policy.model_validate(default_document())


def parse_policy(text: str, file: str = "policy.toml") -> Policy:
    """Return the default policy with the figures of a variant laid over it.

    A variant names only what it changes: whole figures and whole bands. ``bands`` replaces the
    default bands altogether, because two councils' bands do not mix.

    Raises
    ------
    BadInputError
        If the text is no TOML, names an unknown key, or gives a value of the wrong kind.
    """
    try:
        variant = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInputError([Fault(file, 0, "", str(error)[:80], "a TOML document")]) from error
    try:
        return Policy.model_validate(_laid_over(default_document(), variant))
    except ValidationError as error:
        raise BadInputError([_policy_fault(file, item) for item in error.errors()]) from error


def _laid_over(base: Mapping[str, Any], variant: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in variant.items():
        both = isinstance(merged.get(key), dict) and isinstance(value, dict)
        merged[key] = {**merged[key], **value} if both and key != "bands" else value
    return merged


def _policy_fault(file: str, item: Mapping[str, Any]) -> Fault:
    path, value = item["loc"], str(item["input"])[:80]
    if item["type"] == "extra_forbidden":
        known = _known_keys(path[:-1])
        close = difflib.get_close_matches(str(path[-1]), known, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        value, expected = str(path[-1]), f"one of {', '.join(known)}{hint}"
    elif item["type"] == "missing":
        value, expected = "", f"a value for {path[-1]}, which is missing"
    elif item["type"] == "model_type":
        expected = "a table of " + ", ".join(_known_keys(path))
    else:
        expected = item["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return Fault(file, 0, ".".join(str(part) for part in path), value, expected)


def _known_keys(path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that stand below a path: those of a band, of a figure, or of a room."""
    cited = ["from", "source", "assumed"]
    if len(path) == 2:
        return (
            ["start", "end", "ideal", *cited] if path[0] == "bands" else ["value", "unit", *cited]
        )
    document = default_document()
    return list(document[str(path[0])] if path else document)


__all__ = [
    "AllocationPolicy",
    "Cited",
    "Figure",
    "Policy",
    "RadiusPolicy",
    "RulesPolicy",
    "ScoringPolicy",
    "ShortlistPolicy",
    "TimeBand",
    "TimesPolicy",
    "TravelPolicy",
    "Weights",
    "default_document",
    "default_policy",
    "parse_policy",
]
