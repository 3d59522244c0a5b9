"""Guards over the whole project: sizes, docs, layers of names, and nothing that must not be there.

What import-linter, ruff and mypy hold is not repeated here.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from typer.core import TyperGroup
from typer.main import get_command

from api.cli import COMMANDS as SERVICE_COMMANDS
from api.cli import app
from api.settings import Settings
from api.storage.migrating import newest
from matcher.cli.entry import COMMANDS
from matcher.cli.late import LateCommand
from matcher.policy import default_document, default_policy

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("matcher", "api")
CODE = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("*/README.md")), ROOT / "matcher/solvers/README.md"]
TOLD = "\n".join(page.read_text("utf-8") for page in PAGES)
"""All pages about how to use it, in one text."""
MOST_README_LINES = 150
NEWEST_MIGRATION = "0009"
MOST_FILE_LINES = 400
MOST_BODY_LINES = 50
USUAL_BODY_LINES = 30
Function = ast.FunctionDef | ast.AsyncFunctionDef


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, Function):
            yield node


def _body_lines(function: Function) -> int:
    """Return the lines of a body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _tracked() -> list[Path]:
    """Return the project's own files: those under version control, or all where there is none."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
        cwd=ROOT,
    )
    names = listed.stdout.decode().split("\0") if listed.returncode == 0 else []
    files = [ROOT / name for name in names if name] or _unhidden(ROOT)
    return [path for path in files if path.is_file()]


def _unhidden(folder: Path) -> list[Path]:
    skipped = {"__pycache__", "demo", "build", "dist"}
    found = []
    for path in sorted(folder.iterdir()):
        if path.name in skipped or (path.name.startswith(".") and path.name != ".ci"):
            continue
        found += _unhidden(path) if path.is_dir() else [path]
    return found


# -- sizes -------------------------------------------------------------------------------------


def test_files_stay_short() -> None:
    """No file of code or tests is longer than 400 lines."""
    long = {
        _name(path): lines
        for path in (*CODE, *TESTS)
        if (lines := len(path.read_text("utf-8").splitlines())) > MOST_FILE_LINES
    }
    assert long == {}


def test_functions_stay_short() -> None:
    """No body has more than 50 lines, and 95 % have at most 30."""
    sizes = {
        f"{_name(path)}:{function.lineno} {function.name}": _body_lines(function)
        for path in CODE
        for function in _functions(path)
    }
    assert {name: lines for name, lines in sizes.items() if lines > MOST_BODY_LINES} == {}
    assert np.quantile(list(sizes.values()), 0.95) <= USUAL_BODY_LINES


def test_there_is_at_least_as_much_test_as_code() -> None:
    """Lines that are not blank: tests are no fewer than code."""

    def lines(paths: list[Path]) -> int:
        return sum(bool(line.strip()) for path in paths for line in path.open(encoding="utf-8"))

    assert lines(TESTS) >= lines(CODE)


# -- words about the code ----------------------------------------------------------------------


def _undocumented(path: Path) -> Iterator[str]:
    tree = _tree(path)
    if ast.get_docstring(tree) is None:
        yield _name(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module) or (isinstance(node, ast.ClassDef) and node.name[0] != "_"):
            for child in node.body:
                is_public = isinstance(child, (Function, ast.ClassDef)) and child.name[0] != "_"
                if is_public and ast.get_docstring(child) is None:  # type: ignore[arg-type]
                    yield f"{_name(path)}: {child.name}"  # type: ignore[attr-defined]


def test_everything_public_is_documented() -> None:
    """Every public module, class, function and method says what it is for."""
    assert [name for path in CODE for name in _undocumented(path)] == []


def test_every_test_states_its_intent() -> None:
    """Each test opens with a sentence."""
    silent = [
        f"{_name(path)}: {function.name}"
        for path in TESTS
        for function in _functions(path)
        if function.name.startswith("test_") and ast.get_docstring(function) is None
    ]
    assert silent == []


def test_every_module_has_tests() -> None:
    """Each room of the house has a test file or a folder of them."""
    untested = []
    for house in ROOMS:
        places = (ROOT / house).iterdir()
        rooms = {path.stem for path in places if path.is_dir() or path.suffix == ".py"}
        tested = {path.name for path in (ROOT / "tests" / house).iterdir()}
        names = " ".join(sorted(tested))
        untested += [
            f"{house}.{room}"
            for room in sorted(rooms - {"__init__", "__main__", "__pycache__"})
            if room not in tested and f"test_{room}" not in names
        ]
    assert untested == []


def test_every_migration_is_numbered_and_the_newest_is_known() -> None:
    """Migrations follow one another by number and are named for what they do."""
    names = sorted(path.stem for path in (ROOT / "api/migrations/versions").glob("*.py"))
    assert [name[:4] for name in names] == [f"{n:04d}" for n in range(1, len(names) + 1)]
    assert all(re.fullmatch(r"\d{4}(_[a-z]+){2,}", name) for name in names), names
    assert newest() == names[-1][:4] == NEWEST_MIGRATION


def test_no_drawers_for_odds_and_ends() -> None:
    """A thing without a room is a noun not found yet."""
    drawers = {"utils", "util", "common", "core", "helpers", "helper", "services", "manager"}
    found = [_name(path) for path in CODE if drawers & {path.stem, *path.relative_to(ROOT).parts}]
    assert found == []


# -- the command line --------------------------------------------------------------------------


def test_nothing_is_printed_behind_the_command_line() -> None:
    """Only the command line speaks, and through its screen; print is called nowhere."""
    printing = [
        f"{_name(path)}:{node.lineno}"
        for path in CODE
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert printing == []


@pytest.mark.parametrize("command", sorted({**COMMANDS, **SERVICE_COMMANDS}))
def test_the_list_of_commands_says_what_each_says_of_itself(command: str) -> None:
    """The sentence kept for the list of commands is the first one of the command itself."""
    late = {**COMMANDS, **SERVICE_COMMANDS}[command]
    function = getattr(import_module(late.module), command.replace("-", "_"))
    assert (function.__doc__ or "").partition("\n")[0] == late.sentence


MOST_FOR_HELP = 12
"""Modules of our own that showing the help may read in."""


@pytest.mark.parametrize("entry", ["matcher", "api"])
def test_help_reads_in_nothing_that_it_has_no_use_for(entry: str) -> None:
    """Help comes at once: no book, no solver, no web and no database is read in for it."""
    program = (
        "import runpy, sys\n"
        "before = set(sys.modules)\n"
        "sys.argv = ['carematch', '--help']\n"
        "try:\n"
        f"    runpy.run_module({entry!r}, run_name='__main__')\n"
        "except SystemExit:\n"
        "    pass\n"
        "print(*(set(sys.modules) - before), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    read = set(done.stderr.split())
    heavy = {"numpy", "pandas", "pydantic", "fastapi", "sqlalchemy", "ortools", "geopy", "requests"}
    assert "typer" in read
    assert read & heavy == set()
    assert len([name for name in read if name.startswith(("matcher.", "api."))]) <= MOST_FOR_HELP


def test_a_shortlist_reads_in_no_web_client() -> None:
    """Geopy brings a web client with it, for which a shortlist has no use."""
    program = "import sys, matcher.cli.enquiries; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert {"geopy", "requests", "ortools", "fastapi"} & set(done.stdout.split()) == set()


@pytest.mark.parametrize("command", sorted({**COMMANDS, **SERVICE_COMMANDS}))
def test_every_command_is_documented(command: str) -> None:
    """A page has a section for each command."""
    headings = re.findall(r"^#+ (.*)$", TOLD, re.MULTILINE)
    assert any(re.search(rf"\bcarematch {command}\b", heading) for heading in headings)


def test_every_setting_is_documented() -> None:
    """A page names each setting as the environment does."""
    names = [f"CAREMATCH_{name.upper()}" for name in Settings.model_fields]
    assert [name for name in names if f"`{name}`" not in TOLD] == []


def test_commands_on_pages_exist() -> None:
    """Every carematch line of a page names a command and options that there are."""
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    for line in re.findall(r"^\$? ?carematch (.+)$", TOLD, re.MULTILINE):
        words = shlex.split(line.partition("|")[0], comments=True)
        flags = {word.partition("=")[0] for word in words if word.startswith("--")}
        if words[0].startswith("-"):
            continue
        assert words[0] in group.commands, line
        command = group.commands[words[0]]
        assert isinstance(command, LateCommand)
        known = {flag for each in command.loaded.params for flag in each.opts}
        assert flags <= known | {"--help"}, line


def test_the_readme_is_short() -> None:
    """It says what this is and how to start; pages beside what they describe say the rest."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= MOST_README_LINES


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=_name)
def test_links_of_pages_lead_somewhere(page: Path) -> None:
    """Each names a file that there is, and a heading that it has."""
    told = page.read_text("utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", told):
        place, _, heading = link.partition("#")
        if place.startswith("https:"):
            continue
        target = page.parent / place if place else page
        assert target.exists(), link
        if heading:
            lines = re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.MULTILINE)
            plain = [re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-") for line in lines]
            assert heading in plain, link


def test_every_rule_code_is_explained() -> None:
    """Each code that a rule or a page of the program cites stands in the list of codes."""
    page = (ROOT / "matcher" / "README.md").read_text("utf-8")
    explained = set(re.findall(r"\*\*([HSL]\d{1,2})\*\*", page[page.index("## Rule codes") :]))
    cited = {
        code for path in CODE for code in re.findall(r"\b[HSL]\d{1,2}\b", path.read_text("utf-8"))
    }
    assert cited - explained == set()


# -- policy ------------------------------------------------------------------------------------


def _figures() -> Iterator[tuple[str, str, dict[str, object]]]:
    for room, settings in default_document().items():
        if isinstance(settings, dict):
            for name, figure in settings.items():
                yield room, name, figure


def test_every_policy_figure_is_dated_and_cited() -> None:
    """Each figure has a unit, a day it holds from, and a source unless it is called assumed."""
    for room, name, figure in _figures():
        assert figure["from"], name
        assert bool(figure.get("source")) != bool(figure.get("assumed")), name
        assert room == "bands" or figure["unit"], name
    sourced = sum(bool(figure.get("source")) for _, _, figure in _figures())
    assert sourced + len(default_policy().assumed) == len(list(_figures()))


def test_every_policy_figure_is_used() -> None:
    """No figure of the policy is there for show."""
    code = "\n".join(path.read_text("utf-8") for path in CODE)
    unused = [
        f"{room}.{name}"
        for room, name, _ in _figures()
        if room != "bands" and len(re.findall(rf"\b{name}\b", code)) < 2
    ]
    assert unused == []


# -- what must not be there --------------------------------------------------------------------


def test_no_machine_or_registry_is_named() -> None:
    """No file names a package registry or a path of somebody's machine."""
    # Written in pieces, so that this file does not hold what it looks for.
    hosts = ["pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".", "index" + "-url"]
    paths = ["/" + "work/", "/" + "tmp/", "/" + "root/", "/" + "home/", "C:" + "\\Users"]
    pattern = re.compile("|".join(re.escape(word) for word in hosts + paths), re.IGNORECASE)
    found = {}
    for path in _tracked():
        told = pattern.search(path.read_bytes().decode("utf-8", "replace"))
        if told:
            found[_name(path)] = told[0]
    assert found == {}


def test_constraints_pin_everything_and_name_no_host() -> None:
    """Each dependency has one version, and none an address."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").split()
    assert all(re.fullmatch(r"[a-z0-9._-]+==[0-9][A-Za-z0-9.+]*", line) for line in lines)
    pinned = {line.partition("==")[0] for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {re.split(r"[<>=\[; ]", name)[0] for name in wanted} <= pinned


def test_what_a_change_has_to_pass_is_one_command() -> None:
    """The check that guards the project can be run and runs make test."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "set -euo pipefail" in script.read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in ("demo", "test", "format"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_coverage_leaves_nothing_out() -> None:
    """Branches are measured over the whole package, with no file or line left out."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["coverage"]
    assert project["run"]["branch"] is True
    assert sorted(project["run"]["source"]) == sorted(ROOMS)
    assert project["report"]["fail_under"] >= 95
    assert not {"omit", "exclude_lines", "exclude_also"} & {*project["run"], *project["report"]}
    waved = "pragma" + ": no cover"
    assert [_name(path) for path in CODE if waved in path.read_text("utf-8")] == []
