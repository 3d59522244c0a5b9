"""Pages tell the truth: the session and the Python example are run as they stand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from matcher.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
MATCHER_PAGE = (ROOT / "matcher" / "README.md").read_text("utf-8")


def session() -> list[tuple[str, str]]:
    """Return each command of the README's session with the output shown for it."""
    block = re.search(r"```console\n(.*?)```", README, re.DOTALL)
    assert block is not None
    parts = re.split(r"^\$ carematch (.*)\n", block.group(1), flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def holds(shown: str, printed: str) -> bool:
    """Say whether output holds what is shown, pieces between ``...`` lines in their order."""
    place = 0
    for piece in re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE):
        found = printed.find(piece.strip("\n"), place)
        if found < 0:
            return False
        place = found + len(piece.strip("\n"))
    return True


@pytest.mark.parametrize(("command", "shown"), session(), ids=[c for c, _ in session()])
def test_session_is_real_output(
    command: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command of the session prints what the README shows."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 0, result.output
    assert holds(shown, result.stdout), result.stdout


def test_session_check_can_fail() -> None:
    """The comparison itself tells a false output from a true one."""
    assert holds("a\n...\nc\n", "a\nb\nc\n")
    assert not holds("c\n...\na\n", "a\nb\nc\n")  # wrong order
    assert not holds("a\nx\n", "a\nb\nc\n")  # a line that was not printed


def test_python_example_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Python example prints the options of the session."""
    block = re.search(r"```python\n(.*?)```", MATCHER_PAGE, re.DOTALL)
    assert block is not None
    monkeypatch.chdir(ROOT)
    exec(compile(block.group(1), "matcher/README.md", "exec"), {})
    assert capsys.readouterr().out.splitlines()[0] == "1 Maiden Castle Homecare 81.2"
