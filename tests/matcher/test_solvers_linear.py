"""Linear problems: what the solver answers, against corners and choices tried one by one."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.math_opt.python import mathopt

from matcher.solvers.relaxation import linear
from matcher.solvers.relaxation.linear import (
    Answer,
    Entries,
    Linear,
    joined,
    solve_linear,
    solve_whole,
)

CLOSE = 1e-6
NODES = 1_000
REASON = mathopt.TerminationReason
HOPELESS = {REASON.INFEASIBLE, REASON.INFEASIBLE_OR_UNBOUNDED}
FIGURES = st.integers(-4, 6)


def entries_of(matrix: np.ndarray, order: list[int] | None = None) -> Entries:
    """Return the entries of a matrix that are not zero, in some order."""
    rows, columns = np.nonzero(matrix)
    places = np.arange(len(rows)) if order is None else np.array(order, np.int64)
    return Entries(rows[places], columns[places], matrix[rows, columns][places])


def matrix_of(entries: Entries, rows: int, columns: int) -> np.ndarray:
    """Return entries as a matrix."""
    matrix = np.zeros((rows, columns))
    for row, column, amount in zip(*(each.tolist() for each in entries), strict=True):
        matrix[row, column] += amount
    return matrix


@st.composite
def problems(draw: st.DrawFn, *, most_unknowns: int = 3) -> tuple[Linear, np.ndarray]:
    """Draw a small problem, its entries in any order, and its rows as a matrix."""
    unknowns, rows = draw(st.integers(1, most_unknowns)), draw(st.integers(0, 3))
    figures = draw(st.lists(FIGURES, min_size=rows * unknowns, max_size=rows * unknowns))
    matrix = np.array(figures, np.int64).reshape(rows, unknowns)
    limits = draw(st.lists(st.integers(-2, 9), min_size=rows, max_size=rows))
    costs = draw(st.lists(st.integers(-5, 5), min_size=unknowns, max_size=unknowns))
    order = draw(st.permutations(range(np.count_nonzero(matrix))))
    problem = Linear(
        np.array(costs, np.int64), np.array(limits, np.int64), entries_of(matrix, order)
    )
    return problem, matrix


def within(problem: Linear, matrix: np.ndarray) -> tuple[Linear, np.ndarray]:
    """Return a problem with one row more, that all unknowns together are at most 10."""
    rows, unknowns = matrix.shape
    more = Entries(np.full(unknowns, rows), np.arange(unknowns), np.ones(unknowns))
    limits = np.append(problem.limits, 10)
    boxed = Linear(problem.costs, limits, joined(problem.entries, more))
    return boxed, np.vstack([matrix, np.ones(unknowns)])


def least_at_corners(problem: Linear, matrix: np.ndarray) -> float | None:
    """Return the least cost at any corner of what is allowed; ``None`` if nothing is."""
    unknowns = matrix.shape[1]
    sides = np.vstack([matrix, -np.eye(unknowns)])
    ends = np.concatenate([problem.limits, np.zeros(unknowns)])
    costs = []
    for chosen in combinations(range(len(sides)), unknowns):
        corner = sides[[*chosen]]
        if abs(np.linalg.det(corner)) > CLOSE:
            place = np.linalg.solve(corner, ends[[*chosen]])
            if (sides @ place <= ends + CLOSE).all():
                costs.append(float(problem.costs @ place))
    return min(costs, default=None)


def whole_of(problem: Linear, *, seconds: float | None = None, proves: bool = True) -> Answer:
    """Return the answer in whole numbers, nodes enough for anything small."""
    return solve_whole(problem, seconds=seconds, nodes=NODES, proves=proves)


def values_of(answer: Answer) -> np.ndarray:
    """Return the values of an answer that has some."""
    assert answer.values is not None
    return answer.values


# -- shares ------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(drawn=problems())
def test_the_least_cost_lies_at_a_corner(drawn: tuple[Linear, np.ndarray]) -> None:
    """The answer costs what the best corner costs, keeps every row, and is not negative."""
    problem, matrix = within(*drawn)
    least = least_at_corners(problem, matrix)
    answer = solve_linear(problem, seconds=None)
    if least is None:
        assert answer.reason in HOPELESS
        assert answer.values is None
        return
    assert answer.reason is REASON.OPTIMAL
    assert answer.cost == pytest.approx(least, abs=CLOSE)
    taken = values_of(answer)
    assert (taken >= -CLOSE).all()
    assert (matrix @ taken <= problem.limits + CLOSE).all()
    assert problem.costs @ taken == pytest.approx(least, abs=CLOSE)


@settings(max_examples=60, deadline=None)
@given(drawn=problems())
def test_prices_of_rows_prove_the_least_cost(drawn: tuple[Linear, np.ndarray]) -> None:
    """What rows are worth comes in their order, is never positive, and adds up to the cost."""
    problem, matrix = within(*drawn)
    answer = solve_linear(problem, seconds=None)
    if answer.is_solved and answer.duals is not None:
        prices = answer.duals
        assert len(prices) == len(problem.limits)
        assert (prices <= CLOSE).all()
        assert (problem.costs - matrix.T @ prices >= -CLOSE).all()
        assert prices @ problem.limits == pytest.approx(answer.cost, abs=CLOSE)


@settings(max_examples=15, deadline=None)
@given(drawn=problems())
def test_the_first_order_method_comes_close(drawn: tuple[Linear, np.ndarray]) -> None:
    """What the method for large problems finds is about what the simplex method finds."""
    problem, matrix = within(*drawn)
    least = least_at_corners(problem, matrix)
    if least is not None:
        answer = solve_linear(problem, seconds=None, kind=mathopt.SolverType.PDLP)
        assert answer.cost == pytest.approx(least, abs=1e-3)


def test_a_linear_problem_by_hand() -> None:
    """One of the first, which gains most for its room, and of the second what is left room for."""
    matrix = np.array([[2.0, 3.0], [1.0, 0.0]])
    problem = Linear(np.array([-3.0, -4.0]), np.array([3.0, 1.0]), entries_of(matrix))
    answer = solve_linear(problem, seconds=10.0)
    assert answer.cost == pytest.approx(-13 / 3)
    assert values_of(answer).tolist() == pytest.approx([1.0, 1 / 3])
    assert answer.duals == pytest.approx([-4 / 3, -1 / 3])


def test_costs_without_end() -> None:
    """Where nothing holds an unknown that pays, there is no least cost."""
    problem = Linear(np.array([-1.0]), np.zeros(0), entries_of(np.zeros((0, 1))))
    reason = solve_linear(problem, seconds=None).reason
    assert reason in {REASON.UNBOUNDED, REASON.INFEASIBLE_OR_UNBOUNDED}


@pytest.mark.parametrize("is_whole", [False, True])
def test_a_problem_without_unknowns(is_whole: bool) -> None:
    """Nothing to decide costs nothing."""
    problem = Linear(np.zeros(0), np.zeros(0), entries_of(np.zeros((0, 0))))
    answer = whole_of(problem) if is_whole else solve_linear(problem, seconds=None)
    assert answer.cost == 0
    assert values_of(answer).tolist() == []


# -- whole numbers -----------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(drawn=problems(most_unknowns=6), proves=st.booleans())
def test_the_best_choice_is_that_of_trying_every_one(
    drawn: tuple[Linear, np.ndarray], proves: bool
) -> None:
    """Unknowns are 0 or 1, keep every row, and cost the least of all that do."""
    problem, matrix = drawn
    choices = np.array([*product((0, 1), repeat=len(problem.costs))])
    kept = choices[(choices @ matrix.T <= problem.limits).all(axis=1)]
    answer = whole_of(problem, proves=proves)
    if not len(kept):
        assert answer.reason in HOPELESS
        assert answer.values is None
        return
    least = int((kept @ problem.costs).min())
    assert answer.reason is REASON.OPTIMAL
    assert answer.cost == pytest.approx(least, abs=CLOSE)
    assert answer.least <= least + CLOSE
    taken = np.rint(values_of(answer)).astype(int)
    assert taken.tolist() in kept.tolist()
    assert int(problem.costs @ taken) == least


@settings(max_examples=40, deadline=None)
@given(drawn=problems(most_unknowns=6), data=st.data())
def test_the_answer_is_no_worse_than_where_it_set_out_from(
    drawn: tuple[Linear, np.ndarray], data: st.DataObject
) -> None:
    """A start that keeps every row is the least that is answered; any other does no harm."""
    problem, matrix = drawn
    count = len(problem.costs)
    start = np.array(data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count)))
    answer = solve_whole(
        problem, seconds=None, nodes=NODES, proves=False, step=1.0, start=start.astype(float)
    )
    if (matrix @ start <= problem.limits).all():
        assert answer.cost <= problem.costs @ start + CLOSE
    if answer.values is not None:
        assert (matrix @ np.rint(answer.values) <= problem.limits).all()


def test_a_whole_problem_by_hand() -> None:
    """Of 5, 4 and 3 in a row of 7 the last two are taken, where shares would take the first."""
    matrix = np.array([[5.0, 4.0, 3.0]])
    problem = Linear(np.array([-6.5, -5.0, -4.0]), np.array([7.0]), entries_of(matrix, [2, 0, 1]))
    answer = whole_of(problem, seconds=1.0)
    assert answer.cost == pytest.approx(-9)
    assert values_of(answer).tolist() == pytest.approx([0, 1, 1])


@pytest.mark.parametrize("proves", [False, True])
@pytest.mark.parametrize(
    ("seconds", "limit"),
    [(None, None), (0.5, 0.5), (1_000.0, linear.MOST_SECONDS)],
)
def test_whole_problems_take_no_longer_than_they_may(
    monkeypatch: pytest.MonkeyPatch, seconds: float | None, limit: float | None, proves: bool
) -> None:
    """Time is cut to the most there is; without any, nodes alone end the search."""
    told: list[mathopt.SolveParameters] = []
    solve = linear._answer

    def watched(
        problem: Linear,
        kind: mathopt.SolverType,
        params: mathopt.SolveParameters,
        **more: Any,
    ) -> Answer:
        told.append(params)
        return solve(problem, kind, params, **more)

    monkeypatch.setattr(linear, "_answer", watched)
    problem = Linear(np.array([-1.0]), np.array([1.0]), entries_of(np.ones((1, 1))))
    whole_of(problem, seconds=seconds, proves=proves)
    (params,) = told
    assert params.time_limit == (None if limit is None else timedelta(seconds=limit))
    told_so = (params.node_limit, params.threads, params.relative_gap_tolerance)
    assert told_so == (NODES, 1, linear.NEAR)


# -- entries -----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(drawn=problems())
def test_entries_are_put_in_order(drawn: tuple[Linear, np.ndarray]) -> None:
    """By row, then by column, each with its amount still."""
    problem, matrix = drawn
    ordered = problem.entries.ordered()
    places = list(zip(ordered.rows.tolist(), ordered.columns.tolist(), strict=True))
    assert places == sorted(places)
    assert (matrix_of(ordered, *matrix.shape) == matrix).all()


@settings(max_examples=30, deadline=None)
@given(drawn=problems(), split=st.integers(0, 9))
def test_entries_of_several_together(drawn: tuple[Linear, np.ndarray], split: int) -> None:
    """Entries cut in two and joined are the entries again."""
    problem, matrix = drawn
    first = Entries(*(each[:split] for each in problem.entries))
    rest = Entries(*(each[split:] for each in problem.entries))
    assert (matrix_of(joined(rest, first), *matrix.shape) == matrix).all()
    assert [each.tolist() for each in joined(first, rest)] == [
        each.tolist() for each in problem.entries
    ]


@settings(max_examples=30, deadline=None)
@given(drawn=problems(), data=st.data())
def test_the_order_of_entries_does_not_matter(
    drawn: tuple[Linear, np.ndarray], data: st.DataObject
) -> None:
    """In another order, the same problem has the very same answer."""
    problem, matrix = within(*drawn)
    order = data.draw(st.permutations(range(len(problem.entries.rows))))
    moved = problem._replace(entries=Entries(*(each[order] for each in problem.entries)))
    assert (matrix_of(moved.entries, *matrix.shape) == matrix).all()
    for kept in (False, True):
        one, other = (
            whole_of(each) if kept else solve_linear(each, seconds=None)
            for each in (problem, moved)
        )
        assert one.reason is other.reason
        if one.values is not None:
            assert one.values.tolist() == values_of(other).tolist()
