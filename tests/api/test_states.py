"""The page of states held against the code: every act is tried in every state of every noun."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from matcher.geography import Gazetteer
from tests.api.acting import STILL, Act, is_done
from tests.api.conftest import settings_at
from tests.api.desk import Desk
from tests.api.nouns import NOUNS, Noun

PAGE = (Path(__file__).resolve().parents[2] / "api" / "README.md").read_text("utf-8")
Step = tuple[str, str, str]
"""From which state to which, by which act."""


@contextmanager
def desk_on(file: Path, gazetteer: Gazetteer) -> Iterator[Desk]:
    """Give a desk on a copy of a record."""
    copy = file.with_suffix(".copy")
    shutil.copy(file, copy)
    desk = Desk(settings_at(f"sqlite:///{copy}"), gazetteer)
    try:
        yield desk
    finally:
        desk.close()


def steps_of(noun: Noun, loaded_file: Path, folder: Path, gazetteer: Gazetteer) -> set[Step]:
    """Return every step that the acts allow: each is tried in each state."""
    found = set()
    for number, (name, setup) in enumerate(noun.setups.items()):
        state = name.split(",")[0]
        file = folder / f"{number}.db"
        shutil.copy(loaded_file, file)
        desk = Desk(settings_at(f"sqlite:///{file}"), gazetteer)
        ids = setup(desk)
        assert noun.state(desk, ids) == state
        desk.close()
        left = dict(noun.acts)
        while left:
            with desk_on(file, gazetteer) as desk:
                found |= tried(desk, noun, ids, state, left)
    return found


def tried(
    desk: Desk, noun: Noun, ids: dict[str, str], state: str, left: dict[str, Act]
) -> set[Step]:
    """Return the step of the first act that is done, and take what was tried off the list."""
    for name in list(left):
        act = left.pop(name)
        if is_done(act(desk, {"proposal": "none", "run": "none", **ids})):
            return {(state, noun.state(desk, ids), name)}
        assert noun.state(desk, ids) == state, f"{name} was refused and changed the state"
    return set()


def told_of(name: str) -> set[Step]:
    """Return the steps of a noun that the page shows."""
    part = PAGE.split(f"### {name}\n")[1].split("\n### ")[0]
    (diagram,) = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", part, re.DOTALL)
    lines = re.findall(r"^ *(\w+) --> (\w+) : (.+)$", diagram, re.MULTILINE)
    return {(one, other, act) for one, other, acts in lines for act in acts.split(", ")}


def changes(steps: set[Step]) -> set[Step]:
    """Return the steps that lead to another state."""
    return {step for step in steps if step[0] != step[1]}


@pytest.mark.parametrize("name", list(NOUNS))
def test_the_page_shows_every_step_and_no_other(
    name: str, loaded_file: Path, tmp_path: Path, gazetteer: Gazetteer
) -> None:
    """An act that leads elsewhere, or nowhere any more, is told otherwise on the page."""
    found = steps_of(NOUNS[name], loaded_file, tmp_path, gazetteer)
    still = {step for step in found if step[2] in STILL}
    assert all(one == other for one, other, _ in still)
    told = told_of(name)
    assert sorted(changes(found)) == sorted(changes(told))
    assert sorted(told - found) == []
