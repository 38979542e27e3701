"""One command as a process of its own: started, watched, cancelled. It outlives the page that has started it, not the app."""

from __future__ import annotations

import enum
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from labeler.processes import lifeline, safe_path
from labeler.processes.progress_lines import VARIABLE, progress_in

GRACE_SECONDS = 10.0
"""How long a cancelled command may take to end by itself."""
_RATE_SECONDS = 15.0
"""The rate is that of the last seconds."""
_KEPT_LINES = 50


class JobState(enum.StrEnum):
    """Where a command stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class CommandJob:
    """A command of `earmark` that runs, or has run. Any thread may read it."""

    def __init__(
        self, directory: Path, arguments: Sequence[str], *, name: str, with_report: Sequence[int] = (0,), niceness: int = 0
    ) -> None:
        """Start it.

        Args:
            directory: of the project.
            arguments: the command and its options, `--json` among them.
            name: what a failure calls it.
            with_report: exit statuses with which it has printed a report.
            niceness: how far it stands back behind other processes, 0 to 19, where the system knows that.
        """
        self.name = name
        self._with_report = frozenset(with_report)
        self.state = JobState.RUNNING
        self.done = self.total = 0
        self.document: dict[str, Any] | None = None
        """What it printed, once it is done."""
        self.error = ""
        """Why it failed, as a sentence."""
        self._steps: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._cancelled = False
        nice = shutil.which("nice") if niceness else None
        first = [] if nice is None else [nice, "-n", str(niceness)]
        command = [*first, sys.executable, "-m", "labeler.cli", "--project", str(directory), *arguments]
        environment = {**os.environ, VARIABLE: "1", lifeline.VARIABLE: "1", safe_path.VARIABLE: "1"}
        try:
            self._process: subprocess.Popen[str] | None = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                process_group=0,
            )
        except (OSError, ValueError) as error:
            self._process, self.state = None, JobState.FAILED
            self.error = f"The {name} could not be started ({error})."
            return
        self._thread = threading.Thread(target=self._watch, args=(self._process,), name=name, daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.state == JobState.RUNNING

    @property
    def is_ending(self) -> bool:
        """Whether it was cancelled and has not ended yet."""
        return self._cancelled and self.is_running

    @property
    def rate(self) -> float | None:
        """Steps in a second lately; None while it is not known."""
        steps = list(self._steps)
        (first_at, first), (last_at, last) = steps[0], steps[-1]
        return (last - first) / (last_at - first_at) if last > first and last_at > first_at else None

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this rate; None while it is not known."""
        rate = self.rate
        return None if rate is None or not self.total else max(self.total - self.done, 0) / rate

    def cancel(self) -> None:
        """End it as Ctrl-C would: what it has done stays, and the same command again goes on from there."""
        self._cancelled = True
        if self._process is not None and self.state == JobState.RUNNING:
            self._signal(signal.SIGINT)
            impatient = threading.Timer(GRACE_SECONDS, self._signal, [signal.SIGKILL])
            impatient.daemon = True
            impatient.start()

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended, at most so long; whether it has."""
        if self._process is not None:
            self._thread.join(seconds)
        return self.state != JobState.RUNNING

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            with suppress(OSError):
                self._process.send_signal(number)

    def _watch(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        reader = threading.Thread(target=self._read_log, args=(process.stderr,), daemon=True)
        reader.start()
        printed = process.stdout.read()
        code = process.wait()
        reader.join()
        process.stdin.close()
        process.stdout.close()
        process.stderr.close()
        self._ended(code, printed)

    def _read_log(self, log: IO[str]) -> None:
        for line in log:
            step = progress_in(line)
            if step is None:
                self._lines.append(line.strip())
                continue
            now = time.monotonic()
            self.done, self.total = step
            self._steps.append((now, self.done))
            while len(self._steps) > 2 and now - self._steps[0][0] > _RATE_SECONDS:
                self._steps.popleft()

    def _ended(self, code: int, printed: str) -> None:
        if code in self._with_report:
            with suppress(ValueError):
                self.document = json.loads(printed)
        if self.document is not None:
            self.state = JobState.DONE
        elif self._cancelled:
            self.state = JobState.CANCELLED
        else:
            errors = [line.removeprefix("Error: ") for line in self._lines if line.startswith("Error: ")]
            self.error = (
                errors[-1] if errors else f"The {self.name} ended unexpectedly (exit status {code}); see the log of the server."
            )
            self.state = JobState.FAILED
