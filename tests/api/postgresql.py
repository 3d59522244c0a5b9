"""A PostgreSQL server of the tests' own: started on a socket, without a port, and ended after."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path

import psycopg

ACCOUNT = "postgres"
TEMPLATE = "loaded"
_numbers = count(1)


def binaries() -> Path | None:
    """Return the folder of the newest server's programs; ``None`` where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


class Server:
    """A running server.

    Parameters
    ----------
    socket
        Folder of its socket.
    """

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._connection = psycopg.connect(self.url("postgres"), autocommit=True)
        # Files are copied: quicker than through the log page by page, the default since version 15.
        has_strategies = self._connection.info.server_version >= 150_000
        self._strategy = " STRATEGY FILE_COPY" if has_strategies else ""

    def url(self, name: str) -> str:
        """Return the address of one of its databases."""
        return f"postgresql://{ACCOUNT}@/{name}?host={self.socket}"

    def create(self, name: str, like: str = "template0") -> str:
        """Make a database, empty or like another one, and return its address."""
        self._connection.execute(f"CREATE DATABASE {name} TEMPLATE {like}{self._strategy}".encode())
        return self.url(name)

    @contextmanager
    def lent(self, like: str = "template0") -> Iterator[str]:
        """Give the address of a database that is made, and dropped in the end."""
        name = f"test{next(_numbers)}"
        url = self.create(name, like)
        try:
            yield url
        finally:
            self._connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Let all its processes stand still, as a machine does that hangs, while the block runs."""
        first = int((self.socket.parent / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(first, signal.SIGSTOP)  # so that there are no more of them
        processes = [first, *_children(first)]
        try:
            for each in processes:
                os.kill(each, signal.SIGSTOP)
            yield
        finally:
            for each in reversed(processes):
                os.kill(each, signal.SIGCONT)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def _children(process: int) -> list[int]:
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            # The name before may hold anything, parentheses too.
            if int(file.read_text().rpartition(")")[2].split()[1]) == process:
                found.append(int(file.parent.name))
    return found


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Give a server that keeps its data in a folder.

    Nothing is written through to the disk: the tests kill clients, never the machine. The data are
    removed in the end, as the folder may be in memory. Version 13 or later.
    """
    programs = binaries()
    if programs is None:
        raise FileNotFoundError("No PostgreSQL server is installed.")
    folder.mkdir(parents=True)
    socket, data = folder / "s", folder / "data"
    socket.mkdir()
    account = ACCOUNT if os.getuid() == 0 else None
    if account:
        # The server refuses to run as root, and its account must reach its folder.
        for each in (folder, socket):
            shutil.chown(each, account, account)
        for parent in folder.parents:
            if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
    initdb = [programs / "initdb", "-D", data, "-U", ACCOUNT, "-A", "trust", "-N", "-E", "UTF8"]
    subprocess.run(initdb, user=account, check=True, capture_output=True, cwd=folder)
    options = f"-k {socket} -c listen_addresses='' -c fsync=off -c max_connections=300"
    control = [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
    start = [*control, "-o", options, "start"]
    subprocess.run(
        start,
        user=account,
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with closing(Server(socket)) as server:
            yield server
    finally:
        subprocess.run(
            [*control, "-m", "fast", "stop"],
            user=account,
            check=False,
            capture_output=True,
            cwd=folder,
        )
        shutil.rmtree(data, ignore_errors=True)
