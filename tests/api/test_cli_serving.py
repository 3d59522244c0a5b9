"""Tests of the service's processes: the worker beside it, kept going and ended with it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest
import uvicorn

from api.cli.serving import (
    Keeper,
    Server,
    ending_gently,
    first_keys,
    require_free,
    set_up,
    tell_what_is_missing,
    worker_beside,
)
from api.connections import Door
from api.edge import Figures
from api.errors import NotReadyError
from api.security import Role
from api.settings import Mode, Settings
from api.storage.books import holds_book, load
from api.storage.migrating import migrate
from api.storage.record import Record
from matcher.files import BookFolder
from matcher.geography import Gazetteer
from matcher.market import Market
from tests.api.conftest import SAMPLE, settings_at
from tests.api.desk import DAY, Desk

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
    assert holds_book(record)
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
    shown = capfd.readouterr().err
    assert "export BROKER=cm_" in shown
    assert f"export CAREMATCH_DAY={DAY}" in shown  # or the next terminal is of another day
    set_up(record, tmp_path / "another")
    told = " ".join(capfd.readouterr().err.split())
    assert "holds a book already" in told
    assert "carematch key ROLE --holder POST" in told
    record.close()


def test_what_a_record_lacks_is_told_when_it_is_served(
    empty_url: str,
    sample: BookFolder,
    gazetteer: Gazetteer,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Without a book or any key nobody can call; with both there is nothing to say."""
    record = Record(settings_at(empty_url))
    migrate(record.engine)
    tell_what_is_missing(record)
    told = capfd.readouterr().err
    assert "carematch load BOOK" in told
    assert "carematch key administrator --holder POST" in told
    load(record, sample, Market(sample.book, sample.policy, gazetteer))
    tell_what_is_missing(record)
    told = capfd.readouterr().err
    assert "carematch load BOOK" not in told
    assert "carematch key administrator" in told
    list(first_keys(record))
    tell_what_is_missing(record)
    assert capfd.readouterr().err == ""
    record.close()


def a_door() -> Door:
    """Return a door that nobody has come through."""
    return Door(Settings(), 1, Figures())


# -- stopped -----------------------------------------------------------------------------------


def test_a_service_says_at_once_that_it_stops(capfd: pytest.CaptureFixture[str]) -> None:
    """Once, however often it is asked; and its worker is not started again meanwhile."""
    ending = threading.Event()
    server = Server(uvicorn.Config(lambda: None, log_config=None), ending, a_door())
    for _ in range(2):
        server.handle_exit(signal.SIGINT, None)
    assert capfd.readouterr().err.count("Stopping: ") == 1
    assert ending.is_set()
    assert server.should_exit
    keeper = Keeper(SLEEPER, ending=ending)
    keeper.start()
    keeper.end()
    assert keeper.process_id is None


def test_a_server_ended_before_it_began_does_not_begin() -> None:
    """Ctrl-C between the last word of the start and the first of the server is not lost."""
    server = Server(uvicorn.Config(lambda: None, log_config=None), threading.Event(), a_door())
    with ending_gently(server):
        signal.raise_signal(signal.SIGINT)
    assert server.should_exit


@pytest.mark.parametrize("module", ["api.cli.entry", "fastapi.routing", "sqlalchemy.orm"])
def test_a_command_stopped_while_it_is_read_in_says_nothing(module: str) -> None:
    """No trace of where it was: it has done nothing yet."""
    program = (
        "import os, runpy, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "sys.argv = ['carematch', 'serve']\n"
        "runpy.run_module('api', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=SECONDS, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")


def test_one_signal_to_all_ends_a_service_in_good_order(loaded_file: Path, tmp_path: Path) -> None:
    """As Ctrl-C in a terminal reaches the worker too: both end, and nothing is said twice."""
    file = shutil.copy(loaded_file, tmp_path / "served.db")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = {**os.environ, "CAREMATCH_DATABASE_URL": f"sqlite:///{file}"}
    words = [sys.executable, "-m", "api", "serve", "--port", str(port)]
    with subprocess.Popen(
        words, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as service:
        killer = threading.Timer(3 * SECONDS, os.killpg, (service.pid, signal.SIGKILL))
        killer.start()
        assert service.stderr is not None
        said = ""
        while "The worker waits" not in said:
            said += service.stderr.readline()
        os.killpg(service.pid, signal.SIGINT)
        said += service.stderr.read()
        killer.cancel()
        assert service.wait() == 0
    assert said.count("Stopping: ") == 1
    assert "Nobody can call yet" in said
    assert "worker ended" not in said
