"""A durable PostgreSQL server of a test's own, which the test may kill."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

from tests.supervised_processes import free_port, wait_for


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest; Debian keeps them off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).resolve().parent if on_path else None


class PostgresServer:
    """One cluster and its server. fsync is on, as it is by default."""

    def __init__(self, folder: Path, programs: Path) -> None:
        """Make the cluster in a folder that the server's user may write."""
        self._data, self._programs, self._port = folder / "data", programs, free_port()
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql+psycopg://earmark@127.0.0.1:{self._port}/postgres"
        made = ["--username=earmark", "--auth=trust", "--encoding=UTF8", "--no-locale", "--data-checksums", "--no-sync"]
        self._run("initdb", *made)

    def start(self) -> None:
        """Start the server, and wait until it has recovered and takes connections."""
        settings = [f"port={self._port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=on"]
        arguments = [argument for setting in settings for argument in ("-c", setting)]
        with self._log.open("ab") as log:
            # Not by pg_ctl: the server must be our child, so that it is gone, and its lock file stale, once it was killed.
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *arguments], stdout=log, stderr=log, cwd="/", user=_user()
            )
        wait_for(self._answers, what="PostgreSQL")

    def kill(self) -> None:
        """Kill the server and all its processes at once, as a power cut would."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children()
        self._process.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        self._process.wait()
        psutil.wait_procs(children, timeout=10)

    def stop_at_once(self) -> None:
        """Have the server end all its processes without a checkpoint, which it calls an immediate shutdown."""
        self._stop(signal.SIGQUIT)

    def stop(self) -> None:
        """Shut the server down in order, however many are connected."""
        self._stop(signal.SIGINT)

    def check(self) -> None:
        """Fail if a page of the cluster is damaged; the server must have been shut down in order."""
        self._run("pg_checksums", "--check")

    def _stop(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(30)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self._data), *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, cwd="/", user=_user(), check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def _answers(self) -> bool:
        try:
            psycopg.connect(host="127.0.0.1", port=self._port, user="earmark", dbname="postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            assert self._process is not None
            assert self._process.poll() is None, self._log.read_text(errors="replace")[-3000:]
            return False
        return True


def _user() -> str | None:
    """PostgreSQL refuses to run as root; its package makes this user."""
    return "postgres" if os.geteuid() == 0 else None


@contextmanager
def postgres_server() -> Iterator[PostgresServer | None]:
    """A running server, or None where PostgreSQL is not installed."""
    found = programs()
    if found is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="earmark-postgres-") as folder:
        if (user := _user()) is not None:
            shutil.chown(folder, user)
        server = PostgresServer(Path(folder), found)
        server.start()
        try:
            yield server
        finally:
            server.stop()
