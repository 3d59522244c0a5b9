"""Tests of the service's processes: the worker beside it, kept going and ended with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest

from api.cli.serving import Keeper, first_keys, require_free, set_up, worker_beside
from api.errors import NotReadyError
from api.security import Role
from api.settings import Mode, Settings
from api.storage.record import Record
from tests.api.conftest import SAMPLE, settings_at
from tests.api.desk import Desk

SECONDS = 30
SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
LISTENER = [sys.executable, "-c", "import sys; sys.stdin.read()"]


def until(is_so: Callable[[], bool]) -> bool:
    """Say whether something comes true in time."""
    end = monotonic() + SECONDS
    while monotonic() < end:
        if is_so():
            return True
        sleep(0.02)
    return False


def lives(process_id: int | None) -> bool:
    """Say whether a process goes on."""
    if process_id is None:
        return False
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_that_dies_is_started_again() -> None:
    """A killed worker has a successor, and ending ends that one too."""
    keeper = Keeper(SLEEPER, pause_seconds=0.01)
    keeper.start()
    assert until(lambda: lives(keeper.process_id))
    first = keeper.process_id
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert until(lambda: keeper.process_id not in {None, first} and lives(keeper.process_id))
    last = keeper.process_id
    keeper.end()
    assert not lives(last)


def test_a_worker_ends_when_its_service_is_killed() -> None:
    """What the keeper starts reads its input, which ends with the keeper's own process."""
    program = (
        "from api.cli.serving import Keeper; import sys, time; "
        f"k = Keeper({LISTENER!r}); k.start(); time.sleep(1); print(k.process_id, flush=True); "
        "time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as service:
        assert service.stdout is not None
        worker = int(service.stdout.readline())
        assert lives(worker)
        service.kill()
    assert until(lambda: not lives(worker))


def test_no_worker_is_started_where_none_is_wanted() -> None:
    """Without a worker, the block just runs."""
    with worker_beside(is_wanted=False):
        pass


def test_setting_up_does_only_what_is_missing(tmp_path: Path) -> None:
    """Tables, book and keys are made once; the second time nothing is shown or changed."""
    record = Record(settings_at(f"sqlite:///{tmp_path / 'new.db'}"))
    set_up(record, SAMPLE)
    assert record.is_ready()
    assert list(first_keys(record)) == []
    set_up(record, SAMPLE)
    record.close()


def test_there_is_a_key_for_each_role(sqlite_desk: Desk) -> None:
    """A record without keys gets one for each role, and each is let in."""
    keys = dict(first_keys(sqlite_desk.record))
    assert keys.keys() == set(Role)
    headers = {"Authorization": f"Bearer {keys[Role.BROKER]}"}
    assert sqlite_desk.client.get("/v1/requests", headers=headers).status_code == 200


def test_production_is_not_set_up_in_passing(tmp_path: Path) -> None:
    """What production needs is done step by step, by somebody who means it."""
    record = Record(Settings(mode=Mode.PRODUCTION))
    with pytest.raises(NotReadyError, match="each by itself"):
        set_up(record, tmp_path)
    record.close()


def test_a_worker_stops_with_its_input(tmp_path: Path, loaded_file: Path) -> None:
    """The worker beside a service goes when that is gone, and says so with exit code 0."""
    environment = {**os.environ, "CAREMATCH_DATABASE_URL": f"sqlite:///{loaded_file}"}
    words = [sys.executable, "-m", "api", "worker", "--beside"]
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, env=environment, timeout=SECONDS, check=False
    )
    assert done.returncode == 0


def test_a_port_in_use_is_told_before_anything_is_done(tmp_path: Path) -> None:
    """Nothing is made or loaded for a service that could not be reached."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(NotReadyError, match=str(port)):
            require_free("127.0.0.1", port)
    require_free("127.0.0.1", port)
    with pytest.raises(NotReadyError, match=r"nowhere\.invalid"):
        require_free("nowhere.invalid", 8000)


def test_another_book_is_not_passed_over_in_silence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Who asks for a book and is served another one is told so."""
    record = Record(settings_at(f"sqlite:///{tmp_path / 'new.db'}"))
    set_up(record, SAMPLE)
    assert "export BROKER=cm_" in capfd.readouterr().err
    set_up(record, tmp_path / "another")
    told = " ".join(capfd.readouterr().err.split())
    assert "holds a book already" in told
    assert "carematch key ROLE" in told
    record.close()
