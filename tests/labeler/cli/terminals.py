"""Commands in pseudo-terminals: what a person sees there, and what the shell gets."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path

SECONDS = 120.0
"""After which whatever was waited for will not come."""
ROWS, COLUMNS = 24, 80
_STEPS = re.compile(r"\r|\n|\x1b\[K|[^\r\n\x1b]+")


class Terminal:
    """A pseudo-terminal of 80 columns in which one command runs."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._shown = b""

    @property
    def text(self) -> str:
        """Everything that was written to it."""
        return self._shown.decode()

    @property
    def lines(self) -> list[str]:
        """What stands on the screen: a bar that was drawn again and again is one line. Blank lines are left out."""
        found, column = [""], 0
        for step in _STEPS.findall(self.text):
            if step == "\n":
                found.append("")
            elif step == "\x1b[K":
                found[-1] = found[-1][:column]
            elif step != "\r":
                found[-1] = found[-1][:column] + step + found[-1][column + len(step) :]
            column = column + len(step) if step[0] not in "\r\n\x1b" else column if step[0] == "\x1b" else 0
        return [line.rstrip() for line in found if line.strip()]

    def until(self, words: str) -> None:
        """Wait until these words are written."""
        deadline = time.monotonic() + SECONDS
        while words not in self.text:
            assert self._more(deadline), f"{words!r} did not come: {self.text!r}"

    def press_ctrl_c(self) -> None:
        """What the key sends. The terminal makes SIGINT of it."""
        os.write(self.ours, b"\x03")

    def until_closed(self) -> None:
        """Wait until no process has the terminal open any more."""
        deadline = time.monotonic() + SECONDS
        while self._more(deadline):
            pass
        assert time.monotonic() < deadline, f"the command did not end: {self.text!r}"

    def _more(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.ours], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            found = os.read(self.ours, 1 << 16)
        except OSError:
            # On Linux this is the end.
            return False
        self._shown += found
        return bool(found)


class Command:
    """A command in a terminal of its own."""

    def __init__(self, python: WarmPython, arguments: list[str], *, held_at: str, stdout: int | None) -> None:
        self.terminal = Terminal()
        self._python = python
        theirs = self.terminal.theirs
        self.pid = python.ask({"arguments": arguments, "held_at": held_at}, theirs, theirs if stdout is None else stdout)
        os.close(theirs)

    def ended(self) -> int:
        """Wait until it has ended; its exit status."""
        try:
            self.terminal.until_closed()
        except AssertionError:
            os.kill(self.pid, signal.SIGKILL)
            raise
        finally:
            os.close(self.terminal.ours)
            status = self._python.ask({"wait_for": self.pid})
        return status


class CommandWithLog:
    """A command without a terminal."""

    def __init__(self, python: WarmPython, arguments: list[str], *, log: Path) -> None:
        self._python, self._log = python, log
        with log.open("ab") as output:
            self._pid = python.ask({"arguments": arguments, "held_at": ""}, output.fileno(), output.fileno())

    def kill(self) -> None:
        """Kill the process and all its children at once, as a power cut would, with no chance to clean up."""
        # It leads no group before its first step; then it has no children either.
        with suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        os.kill(self._pid, signal.SIGKILL)
        self._python.ask({"wait_for": self._pid})

    def finish(self) -> None:
        """Wait until the process ends, which it must do without an error."""
        status = self._python.ask({"wait_for": self._pid})
        assert status == 0, self._log.read_text(encoding="utf-8", errors="replace")[-3000:]


class WarmPython:
    """The process that runs `tests.labeler.cli.warm_python`."""

    def __init__(self, cache: Path) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(SECONDS)
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "EARMARK_CACHE": str(cache)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.labeler.cli.warm_python", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env={**environment, "TERM": "xterm"},
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self._answers = self._socket.makefile("rb")
        assert self._answers.readline() == b"loaded\n"

    def run(self, *arguments: str | Path, held_at: str = "", stdout: int | None = None) -> Command:
        """Start a command.

        Args:
            held_at: a function, `module:name`, in which it waits for Ctrl-C.
            stdout: where its standard output goes, if not to the terminal.
        """
        return Command(self, [str(argument) for argument in arguments], held_at=held_at, stdout=stdout)

    def begin(self, *arguments: str | Path, log: Path) -> CommandWithLog:
        """Start a command without a terminal, whose output is added to a file."""
        return CommandWithLog(self, [str(argument) for argument in arguments], log=log)

    def ask(self, message: dict[str, object], *descriptors: int) -> int:
        """Send a message with open files; the number that comes back."""
        socket.send_fds(self._socket, [json.dumps(message).encode()], descriptors)
        return int(self._answers.readline())

    def close(self) -> None:
        """End the process."""
        self._answers.close()
        self._socket.close()
        self._process.wait(SECONDS)
