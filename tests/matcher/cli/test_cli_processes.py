"""The command line as a real process: exit codes, pipes and Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from matcher.cli.books import open_book
from matcher.cli.demo import COUNTY
from matcher.files import write_book
from matcher.files.results import read_allocation, read_summary
from matcher.geography import Gazetteer
from matcher.referee import check
from matcher.result import Status
from matcher.synthetic import generate
from tests.breaking import SAMPLE

ROOT = SAMPLE.parents[1]
CAREMATCH = [sys.executable, "-m", "matcher"]
SLOW = 60


def _run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=SLOW,
    )


def test_exit_codes_reach_the_shell() -> None:
    """0 for done, 2 for bad input, and answers apart from errors."""
    done = _run(*CAREMATCH, "check", SAMPLE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "No faults" in done.stdout
    bad = _run(*CAREMATCH, "check", "nowhere")
    assert bad.returncode == 2
    assert bad.stdout == ""


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash to see both ends of a pipe")
@pytest.mark.parametrize("option", ["", "--json"])
def test_a_pipe_that_closes_early_is_quiet(option: str) -> None:
    """A reader that has gone before the answer comes leaves no traceback and no error code."""
    command = f'"{sys.executable}" -m matcher shortlist "{SAMPLE}" R-101 {option}'
    ran = _run("bash", "-c", f"{command} | exec true; echo ${{PIPESTATUS[0]}}")
    assert ran.stdout.strip() == "0"
    assert ran.stderr == ""


def test_a_shortlist_does_not_wait_for_the_solver() -> None:
    """Shortlists are asked for all day long: they load no library that they never use."""
    code = (
        "import sys; from matcher.cli import run;"
        f"run(['shortlist', {str(SAMPLE)!r}, 'R-101']);"
        "sys.exit('ortools' in sys.modules)"
    )
    ran = _run(sys.executable, "-c", code)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a signal")
def test_ctrl_c_stops_the_solver_and_keeps_its_plan(tmp_path: Path, cache_folder: Path) -> None:
    """One Ctrl-C while a county is being solved: files are written that the referee accepts."""
    book, out = tmp_path / "book", tmp_path / "night"
    write_book(book, generate(COUNTY, Gazetteer(cache_folder)))
    command = [*CAREMATCH, "allocate", book, "--out", out, "--seconds", "300", "--workers", "1"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stderr is not None
        assert any(line.startswith("Placing") for line in process.stderr)
        process.send_signal(signal.SIGINT)
        page, told = process.communicate(timeout=SLOW)
    assert process.returncode == 0, told
    assert "keeping the best plan found" in told
    assert "Stopped early" in page
    assert read_summary(out).status is Status.CANCELLED
    assert check(open_book(book).market, read_allocation(out)) == ()
