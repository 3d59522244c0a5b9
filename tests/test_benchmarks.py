"""What benchmarks read, invent and add up, on problems small enough to follow by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import assignment, county_night, growth, nation, nights
from benchmarks.ledger import record, runs
from benchmarks.measuring import DATA, WrongAnswerError, checked_values, peak_mb, percent, table
from benchmarks.methods import METHODS, Task
from benchmarks.published import (
    GAP,
    MMKP,
    Assignment,
    best_known,
    optimal_values,
    read_assignment,
    read_knapsacks,
)
from benchmarks.tight import CAPACITY_SHARE, ROWS, WEIGHTS, make_night
from matcher.geography import Gazetteer
from matcher.result import Limits
from matcher.shortlist import make_shortlist
from matcher.solvers import solve
from matcher.solvers.instance.assignment import Pick
from matcher.solvers.search.stages import solve_packing
from matcher.vocabulary import TimeNeed
from tests.builders import (
    ceiling,
    homecare_request,
    hourly,
    hours,
    market,
    placement_request,
    provider,
    timed_visit,
)

needs_data = pytest.mark.skipif(not DATA.exists(), reason="the published problems are not at hand")


@pytest.fixture
def two_agents() -> Assignment:
    """Two agents and three jobs; the best cost is 1 + 2 + 4 = 7."""
    return Assignment(
        name="two agents",
        costs=np.array([[1, 2, 3], [9, 9, 4]]),
        uses=np.array([[1, 1, 1], [1, 1, 1]]),
        capacities=np.array([2, 2]),  # why: all three jobs with the first agent are too many
    )


# -- published problems ------------------------------------------------------------------------


def test_an_assignment_reads_as_it_is_written(tmp_path: Path, two_agents: Assignment) -> None:
    """Costs come first by agent, then uses, then capacities."""
    path = tmp_path / "small"
    path.write_text("2 3\n 1 2 3\n 9 9 4\n 1 1 1\n 1 1 1\n 2 2\n")
    read = read_assignment(path)
    assert read.name == "small"
    assert read.costs.tolist() == two_agents.costs.tolist()
    assert read.uses.tolist() == two_agents.uses.tolist()
    assert read.capacities.tolist() == [2, 2]


def test_an_assignment_is_solved_as_a_packing(two_agents: Assignment) -> None:
    """The best plan of the packing is the best assignment, and its cost adds up both ways."""
    packing = two_agents.packing()
    solved = solve_packing(packing, limits=Limits(seconds=10, workers=1))
    assert solved.bounds == [0, 7]
    assert checked_values(packing, solved.plan, solved.bounds) == (0, 7)
    assert two_agents.cost_of(solved.plan) == 7


def test_a_cost_is_refused_where_a_job_is_left_or_an_agent_overrun(two_agents: Assignment) -> None:
    """A cost is worked out only of plans that hold."""
    with pytest.raises(WrongAnswerError, match="1 jobs of two agents have no agent"):
        two_agents.cost_of({0: Pick(0), 1: Pick(2)})  # why: job 2 is left out
    with pytest.raises(WrongAnswerError, match="more than it can take"):
        two_agents.cost_of({0: Pick(0), 1: Pick(2), 2: Pick(4)})  # why: three jobs, room for two


def test_knapsacks_read_as_they_are_written(tmp_path: Path) -> None:
    """A file holds several problems, each with its groups, items and resources."""
    path = tmp_path / "two"
    first = "1 2 2 1\n 5\n 1\n 7 4\n 3 1\n 2\n 8 4\n 2 1\n"  # why: both dear items are too much
    path.write_text(first + "2 1 1 2\n 3 3\n 1\n 6 1 2\n")
    problems = dict(read_knapsacks(path))
    assert list(problems) == [1, 2]
    solved = solve_packing(problems[1], limits=Limits(seconds=10, workers=1))
    assert checked_values(problems[1], solved.plan, solved.bounds) == (0, -11)
    assert problems[2].costs.tolist() == [[-1], [-6]]
    assert problems[2].limits.tolist() == [3, 3]
    assert problems[2].row_amount.tolist() == [1, 2]


@needs_data
def test_every_published_assignment_reads() -> None:
    """Each instance has the agents and jobs its name promises, and a bound below its cost."""
    known = best_known()
    assert len(known) == 97
    for name in ("gap1-0", "c05100", "e40400"):
        problem = read_assignment(GAP / name)
        assert problem.costs.shape == problem.uses.shape
        assert len(problem.capacities) == len(problem.costs)
    assert read_assignment(GAP / "e40400").costs.shape == (40, 400)
    assert all(each.lower_bound <= each.best_cost for each in known.values())


@needs_data
def test_every_published_knapsack_reads() -> None:
    """There are 280 problems, each with a published optimum."""
    optima = optimal_values()
    read = [
        (path.name, number)
        for path in sorted(MMKP.glob("hh_*.txt"))
        for number, _ in read_knapsacks(path)
    ]
    assert sorted(read) == sorted(optima)
    assert len(read) == 280


@needs_data
def test_a_published_assignment_is_proved() -> None:
    """The smallest instance is solved to its published cost, and contradicts nothing."""
    limits = Limits(seconds=20, workers=1)
    row = assignment.measure("gap1-0", best_known()["gap1-0"], limits, seed=0)
    assert (row["value"], row["bound"], row["proved"]) == (261, 261, True)
    assert assignment.faults([row]) == []


def test_a_bound_above_a_published_cost_is_a_fault() -> None:
    """Bounds and costs that cannot be are named."""
    row = {"instance": "x", "best_known": 10, "published_bound": 9, "bound": 10, "value": 10}
    assert assignment.faults([row]) == []
    assert len(assignment.faults([{**row, "bound": 11}])) == 1  # why: 10 is known to be possible
    assert len(assignment.faults([{**row, "value": 8}])) == 1  # why: 9 is proved


# -- tight nights ------------------------------------------------------------------------------


def test_a_night_is_the_same_for_the_same_seed() -> None:
    """Sizes and seed alone make the night."""
    assert make_night(12, 5, 3).fingerprint == make_night(12, 5, 3).fingerprint
    assert make_night(12, 5, 3).fingerprint != make_night(12, 5, 4).fingerprint


def test_a_night_is_tight() -> None:
    """Providers have the share of what is needed that they are meant to have, in every row."""
    night = make_night(300, 40)
    demand = night.minutes.sum(axis=0)
    have = night.capacity.sum(axis=0)
    assert night.capacity.shape == (40, ROWS)
    assert (have <= CAPACITY_SHARE * demand).all()
    assert (have >= CAPACITY_SHARE * demand - 40).all()  # why: each provider's is rounded down
    assert set(night.weight.tolist()) <= set(WEIGHTS.values())


def test_a_night_names_the_nearest_first() -> None:
    """Candidates are different providers, the nearest first."""
    night = make_night(30, 25)
    assert night.near.shape == (30, 20)
    assert all(len(set(row)) == 20 for row in night.near.tolist())
    assert (np.diff(night.metres, axis=1) >= 0).all()


def test_a_packing_of_a_night_says_the_same_as_the_night() -> None:
    """Rows hold each person's minutes, and costs their weight, price and distance."""
    night = make_night(20, 6)
    packing = night.packing()
    person, place = 7, 2
    option = person * night.near.shape[1] + place
    provider = int(night.near[person, place])
    used = np.zeros(packing.limits.size, np.int64)
    mine = packing.row_option == option
    used[packing.row_of_entry[mine]] = packing.row_amount[mine]
    used = used.reshape(night.capacity.shape)
    assert used[provider].tolist() == night.minutes[person].tolist()
    assert used.sum() == night.minutes[person].sum()
    pence = int(night.minutes[person].sum()) * int(night.pence_an_hour[provider]) // 60
    expected = [-night.weight[person], pence, night.metres[person, place]]
    assert packing.costs[:, option].tolist() == expected


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_answers_within_the_rows(method: str) -> None:
    """On a night of a few people each method's plan holds, and its bound is not above its value."""
    night = make_night(12, 4)
    task = Task(night, night.packing(), seconds=5.0, threads=1, seed=0)
    row = nights.figures(night, task, METHODS[method](task))
    assert row["people_placed"] == sum(placed for placed, _ in row["placed_by_risk"].values())
    assert row["weight"] == sum(
        WEIGHTS[risk] * row["placed_by_risk"][risk.value][1] for risk in WEIGHTS
    )


def test_solvers_agree_on_a_small_night() -> None:
    """Both whole models prove the same value, and neither our bound nor our value is beyond it."""
    night = make_night(12, 4)
    task = Task(night, night.packing(), seconds=20.0, threads=1, seed=0)
    rows = {name: nights.figures(night, task, METHODS[name](task)) for name in METHODS}
    best = rows["cp-sat"]["values"][0]
    assert rows["cp-sat"]["bounds"][0] == rows["highs"]["bounds"][0] == best
    assert rows["highs"]["values"][0] == best
    assert rows["ours"]["bounds"][0] <= best <= rows["ours"]["values"][0]
    assert rows["today"]["values"][0] >= best


def test_gaps_are_shares_of_those_placed_and_of_those_not() -> None:
    """The best bound of a night is used for every method of it."""
    row = {"fingerprint": "f", "values": [20, 0, 0], "weight_placed": 80, "bounds": [10, 0, 0]}
    other = {**row, "bounds": [None, None, None]}
    best = nights.best_bounds([other, row, {**row, "bounds": [8, 0, 0]}])
    assert best == {"f": 10}
    assert nights.gaps(other, best["f"]) == (10 / 80, 10 / 20)
    assert nights.gaps({**row, "values": [0, 0, 0]}, 0) == (0.0, 0.0)  # why: nobody is unplaced


def test_a_value_below_a_bound_of_the_same_night_is_a_fault() -> None:
    """Runs of one night are held against each other, whatever the method."""
    row = {
        "instance": "9x4", "method": "ours", "fingerprint": "f", "values": [12, 0, 0],
        "bounds": [10, 0, 0],
    }  # fmt: skip
    assert nights.contradictions([row, {**row, "values": [10, 0, 0]}]) == []
    wrong = nights.contradictions([row, {**row, "method": "highs", "bounds": [13, None, None]}])
    assert len(wrong) == 2  # why: both runs leave 12, of which 13 would have to be left


def test_a_solver_stopped_before_it_begins_proves_nothing() -> None:
    """No method claims a bound that it has not had the time to prove."""
    night = make_night(60, 10)
    task = Task(night, night.packing(), seconds=0.0001, threads=1, seed=0)
    rows = [nights.figures(night, task, METHODS[name](task)) for name in ("cp-sat", "highs")]
    known = nights.figures(night, task, METHODS["today"](task))
    facts = {"fingerprint": night.fingerprint, "instance": "60x10", "method": "any"}
    assert nights.contradictions([facts | row for row in (*rows, known)]) == []


# -- the nation --------------------------------------------------------------------------------


def test_councils_of_the_nation_add_up() -> None:
    """All councils together have the nation's people and providers exactly."""
    specs = [nation.council_spec(number, "E06000059") for number in range(nation.COUNCILS)]
    waiting = sum(spec.waiting_homecare + spec.waiting_placements for spec in specs)
    assert waiting == nation.WAITING
    assert sum(spec.agencies for spec in specs) == nation.AGENCIES
    assert sum(spec.homes for spec in specs) == nation.HOMES


def test_councils_are_different_authorities(gazetteer: Gazetteer) -> None:
    """No authority is taken twice, and the same number of councils is the same councils."""
    authorities = nation.large_authorities(gazetteer)
    specs = nation.nation(nation.COUNCILS, authorities)
    assert len({spec.council for spec in specs}) == nation.COUNCILS
    assert nation.nation(3, authorities) == [specs[0], specs[50], specs[100]]


def test_councils_are_summed() -> None:
    """People, stages and weights of all councils are added, and the gap is of the sums."""
    stages = {"unplaced_red": (1, 1), "unplaced_amber": (2, 1), "unplaced_green": (4, 2)}
    row = {
        "waiting": 30, "arrangeable": 25, "placed": 18, "weight": 50, "stages": stages,
        "seconds": 2.0, "generation_seconds": 1.0, "process": 7, "peak_mb": 100,
    }  # fmt: skip
    total = nation.total([row, {**row, "process": 8, "seconds": 3.0, "peak_mb": 120}])
    assert (total["waiting"], total["placed"], total["weight"]) == (60, 36, 100)
    assert total["weight_placed"] == 100 - 2 * (4 + 4 + 4)
    assert total["weight_placed_bound"] == 100 - 2 * (4 + 2 + 2)
    assert total["gap"] == round(8 / 76, 6)
    assert (total["busiest_process_seconds"], total["largest_worker_mb"]) == (3.0, 120)


def test_stages_proved_and_near_are_counted() -> None:
    """A proved stage is also near; one without a bound is neither."""
    stages = [
        {"name": "a", "value": 0, "bound": 0, "gap": 0.0},
        {"name": "b", "value": 1000, "bound": 996, "gap": 0.004},
        {"name": "c", "value": 9, "bound": None, "gap": None},
    ]
    said = county_night.counted([{"stages": stages}])
    assert said == "3 stages, 1 proved, 2 within 0.5 % of the best."


def test_people_served_are_counted_with_the_scores_that_shortlists_show(
    gazetteer: Gazetteer,
) -> None:
    """Two placed at the first option of their shortlists bring what those are shown to score."""
    things = (provider(), hours(), hourly(), ceiling())
    asked = [
        homecare_request(timed_visit(TimeNeed.PREFERRED, "08:20"), request_id="R-1", risk="red"),
        homecare_request(request_id="R-2", risk="green"),
        placement_request("R-3"),  # nobody has a bed
    ]
    supply = market(gazetteer, *things, *asked)
    said = county_night.served(supply, solve(supply, limits=Limits.reproducible()))
    assert said["placed_by_risk"] == {"red": 1, "amber": 0, "green": 1}
    shown = [make_shortlist(supply, name).shortlist.options[0].total for name in ("R-1", "R-2")]
    assert said["total_score"] == round(sum(shown), 2)
    assert said["mean_score"] == round(sum(shown) / 2, 2)


# -- ledgers, tables and plots -----------------------------------------------------------------


def test_a_plan_that_does_not_hold_is_refused(two_agents: Assignment) -> None:
    """Neither another's option, nor too much of a row, nor a bound above the value passes."""
    packing = two_agents.packing()
    plan = {0: Pick(0), 1: Pick(2), 2: Pick(5)}
    assert checked_values(packing, plan, [0, 7]) == (0, 7)
    with pytest.raises(WrongAnswerError, match="not its own"):
        checked_values(packing, {1: Pick(0)})  # why: option 0 is of job 0
    with pytest.raises(WrongAnswerError, match="more of a row"):
        checked_values(packing, {**plan, 2: Pick(4)})  # why: three jobs with the first agent
    with pytest.raises(WrongAnswerError, match="bound 8; its value is 7"):
        checked_values(packing, plan, [0, 8])  # why: no bound is above a value that was reached


def test_a_ledger_keeps_every_run(tmp_path: Path) -> None:
    """Lines are added, never changed, and each says when and with what it was measured."""
    assert runs("speed", tmp_path) == []
    for seconds in (1, 2):
        record("speed", {"seconds": seconds}, tmp_path)
    lines = runs("speed", tmp_path)
    assert [line["seconds"] for line in lines] == [1, 2]
    assert {"when", "carematch", "commit", "machine", "packages"} <= set(lines[0])


def test_tables_and_figures_read_well() -> None:
    """Tables are Markdown; an unknown share is a dash."""
    assert table(("a", "b"), [(1, 2)]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert percent(0.0123) == "1.23 %"
    assert percent(None) == "-"
    assert peak_mb() > 1


def _night_row(method: str, people: int, seconds: float) -> nights.Row:
    return {
        "instance": f"{people}x4", "people": people, "method": method, "fingerprint": str(people),
        "values": [20, 0, 0], "bounds": [10, 0, 0], "weight_placed": 80, "peak_mb": 50,
        "seconds": seconds, "seconds_to_gap": {} if people > 20 else {"0.02": 1.5},
    }  # fmt: skip


def test_the_latest_run_counts() -> None:
    """Of runs of the same size and method the last that did not fail is plotted."""
    rows = [_night_row("ours", 12, 3.0), _night_row("ours", 12, 4.0)]
    failed = {"instance": "12x4", "method": "ours", "failed": "its process died"}
    assert growth.latest([*rows, failed], "instance", "method") == [rows[1]]
    assert growth.time_to_gap(rows[0]) == (1.5, True)
    assert growth.time_to_gap(_night_row("ours", 30, 3.0)) == (3.0, False)


def test_growth_is_drawn(tmp_path: Path) -> None:
    """Both plots are made from lines of a ledger."""
    rows = [_night_row(m, people, 3.0) for m in ("ours", "highs") for people in (12, 30)]
    growth.plot_nights(rows, tmp_path / "nights.svg")
    line = {"councils": 2, "instance": "2 councils", "gap": 0.01, "largest_worker_mb": 90}
    both = [{**line, "busiest_process_seconds": 5.0}, {**line, "busiest_process_seconds": 6.0}]
    growth.plot_nation(both, tmp_path / "nation.svg")
    assert (tmp_path / "nights.svg").read_text("utf-8").count("ended before") == 1
    assert (tmp_path / "nation.svg").exists()
