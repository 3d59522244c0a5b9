"""The walk from referral to booking, run as it stands against a service of its own."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.test_readme import README, ROOT, holds

ADDRESS = "127.0.0.1:8000"
SERVED = r"^export CAREMATCH_DAY=(\S+)\n\.venv/bin/carematch (serve --load data/sample)$"
START_SECONDS = 60
PAGE = (ROOT / "api" / "README.md").read_text("utf-8")


def walk() -> list[tuple[str, str]]:
    """Return each command of the walk with the output shown for it."""
    told = PAGE[PAGE.index("## From referral to booking") :]
    block = re.search(r"```console\n(.*?)```", told, re.DOTALL)
    assert block is not None
    parts = re.split(r"^\$ (.*)\n", block.group(1), flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """Give the port of a service started as the README says, and the keys that it shows."""
    command = re.search(SERVED, README, re.MULTILINE)
    assert command is not None
    (tmp_path / "data").symlink_to(ROOT / "data")
    port = free_port()
    words = [sys.executable, "-m", "api", *command.group(2).split(), "--port", str(port)]
    environment = {
        **os.environ,
        "CAREMATCH_DAY": command.group(1),
        "PYTHONPATH": str(ROOT),
        "CAREMATCH_DATABASE_URL": "sqlite:///carematch.db",
    }
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(words, cwd=tmp_path, env=environment, stderr=said)
    try:
        await_ready(port, process)
        keys = re.findall(r"export \w+=\S+", (tmp_path / "said").read_text())
        yield port, "\n".join(keys)
    finally:
        process.terminate()
        assert process.wait(30) == 0


def await_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the service is ready."""
    until = monotonic() + START_SECONDS
    while monotonic() < until and process.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
                assert answer.status == 200
                return
        except (URLError, ConnectionError):
            sleep(0.1)
    raise AssertionError("The service does not answer.")


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")) and not os.environ.get("CI"),
    reason="curl or jq is not installed (CI installs both)",
)
def test_the_walk_is_real_output(served: tuple[int, str], tmp_path: Path) -> None:
    """Every command of the walk prints what the README shows, one after another in one shell."""
    port, keys = served
    steps = walk()
    assert len(steps) > 10
    script = [keys]
    for number, (command, _) in enumerate(steps):
        script += [f"echo '@@{number}'", command.replace(ADDRESS, f"127.0.0.1:{port}")]
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    printed = re.split(r"^@@\d+\n", done.stdout, flags=re.MULTILINE)[1:]
    assert done.stderr == ""
    for (command, shown), output in zip(steps, printed, strict=True):
        assert holds(shown.strip("\n") + "\n", output) if shown.strip() else not output, (
            f"$ {command}\n{output}"
        )
