"""Invented nights in which not everyone can be placed, however well it is done.

Visits are mixed as in a synthetic county (:mod:`matcher.synthetic.figures`). Every provider has
minutes for each window of each day, and all of them together have a share of what is needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from matcher.solvers.instance.assignment import Ints, Packing, Pick
from matcher.synthetic import figures
from matcher.vocabulary import Day, Risk

Key = TypeVar("Key")
WINDOWS = ("morning", "lunch", "tea", "bed")
DAYS = tuple(Day)
ROWS = len(WINDOWS) * len(DAYS)
"""Rows of capacity of a provider: a window of a day each."""
WEIGHTS = {Risk.RED: 4, Risk.AMBER: 2, Risk.GREEN: 1}
"""What a person unplaced counts in stage 0."""
SIDE_METRES = 40_000
"""Everyone lives in a square of this side."""
CANDIDATES = 20
CAPACITY_SHARE = 0.85
PENCE_AN_HOUR, PENCE_SPREAD = 2505, 150
"""Mean is the average fee of an hour of homecare; the spread is assumed."""
SPREAD_OF_SIZES = 4.0
"""Concentration of the Dirichlet distribution of provider sizes; assumed."""
UNEVENNESS = 0.2
"""A provider's rows differ from its share by up to this much; assumed."""


@dataclass(frozen=True, eq=False)
class Night:
    """People waiting, providers near them, and the minutes there are.

    Parameters
    ----------
    minutes
        What each person needs of each window of each day, [people, rows]; twice where two carers
        come.
    weight
        What each person unplaced counts, [people].
    near
        The nearest providers of each person, the nearest first, [people, candidates].
    metres
        How far away they are, [people, candidates].
    pence_an_hour
        What each provider charges, [providers].
    capacity
        Minutes of each provider, [providers, rows].
    """

    minutes: Ints
    weight: Ints
    near: Ints
    metres: Ints
    pence_an_hour: Ints
    capacity: Ints

    @property
    def fingerprint(self) -> str:
        """A digest of the whole night: runs of the same night have the same."""
        arrays = (self.minutes, self.near, self.metres, self.pence_an_hour, self.capacity)
        digest = hashlib.sha256(self.weight.tobytes())
        for array in arrays:
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]

    def packing(self) -> Packing:
        """Return it as a packing.

        Stage 0 is the weight of people unplaced, stage 1 the weekly cost in pence of those
        placed, stage 2 the metres to them.
        """
        people, candidates = self.near.shape
        person = np.repeat(np.arange(people), candidates)
        provider = self.near.ravel()
        pence = self.minutes.sum(axis=1)[person] * self.pence_an_hour[provider] // 60
        option, window = np.nonzero(self.minutes[person])
        row = provider[option] * ROWS + window
        order = np.lexsort((option, row))
        sizes = np.bincount(row, minlength=self.capacity.size)
        return Packing(
            request=person,
            block=provider,
            costs=np.stack([-self.weight[person], pence, self.metres.ravel()]),
            without=np.array([self.weight.sum(), 0, 0]),
            row_start=np.concatenate([[0], np.cumsum(sizes)]),
            row_option=option[order],
            row_amount=self.minutes[person[option], window][order],
            limits=self.capacity.ravel(),
        )

    def first_come(self, seed: int) -> dict[int, Pick]:
        """Return what happens today: in order of arrival, the nearest provider with room."""
        people, candidates = self.near.shape
        left, plan = self.capacity.copy(), {}
        for person in np.random.default_rng(seed).permutation(people).tolist():
            has_room = (left[self.near[person]] >= self.minutes[person]).all(axis=1)
            if has_room.any():
                place = int(np.argmax(has_room))
                left[self.near[person, place]] -= self.minutes[person]
                plan[person] = Pick(person * candidates + place)
        return plan


def make_night(people: int, providers: int, seed: int = 0) -> Night:
    """Return an invented night; the same sizes and seed give the same night.

    Parameters
    ----------
    people, providers
        How many there are.
    seed
        Of every draw.
    """
    dice = np.random.default_rng([seed, people, providers])
    homes, offices = (SIDE_METRES * dice.random((count, 2)) for count in (people, providers))
    metres = np.hypot(*(homes[:, None] - offices[None]).transpose(2, 0, 1)).round().astype(np.int64)
    near = np.argsort(metres, axis=1, kind="stable")[:, :CANDIDATES]
    minutes = np.stack([_package(dice) for _ in range(people)])
    weights = np.array([WEIGHTS[risk] for risk in figures.RISKS])
    pence = dice.normal(PENCE_AN_HOUR, PENCE_SPREAD, providers).round().astype(np.int64)
    return Night(
        minutes=minutes,
        weight=dice.choice(weights, people, p=_shares(figures.RISKS.values())),
        near=near,
        metres=np.take_along_axis(metres, near, axis=1),
        pence_an_hour=pence,
        capacity=_capacity(dice, providers, minutes.sum(axis=0)),
    )


def _package(dice: np.random.Generator) -> Ints:
    """Return the minutes one person needs in each row, [rows]."""
    calls = _drawn(dice, figures.CALLS_A_DAY)
    bands = _drawn(dice, figures.BANDS_OF_CALLS[calls])
    days = [DAYS.index(day) for day in _drawn(dice, figures.DAYS_OF_CALLS[calls])]
    carers = 2 if dice.random() < figures.DOUBLE_HANDED else 1
    minutes = np.zeros((len(WINDOWS), len(DAYS)), np.int64)
    for band in bands:
        minutes[WINDOWS.index(band), days] = carers * _drawn(dice, figures.VISIT_MINUTES)
    return minutes.ravel()


def _drawn(dice: np.random.Generator, weights: Mapping[Key, float]) -> Key:
    return list(weights)[dice.choice(len(weights), p=_shares(weights.values()))]


def _shares(weights: Iterable[float]) -> npt.NDArray[np.float64]:
    each = np.array(list(weights), float)
    return np.asarray(each / each.sum(), np.float64)


def _capacity(dice: np.random.Generator, providers: int, demand: Ints) -> Ints:
    sizes = dice.dirichlet(np.full(providers, SPREAD_OF_SIZES))
    shares = sizes[:, None] * dice.uniform(1 - UNEVENNESS, 1 + UNEVENNESS, (providers, ROWS))
    minutes = CAPACITY_SHARE * demand * shares / shares.sum(axis=0)
    return np.asarray(np.floor(minutes), np.int64)
