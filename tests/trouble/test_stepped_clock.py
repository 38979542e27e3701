"""The clock of a process that a test starts can be set, and that alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.trouble.clock import Clock

PROGRAM = """
import socket, time
print(time.time(), time.time_ns() / 1e9, time.monotonic())
try:
    socket.create_connection(("192.0.2.1", 80), timeout=1)
except OSError as error:
    print(type(error).__name__)
"""


def test_the_clock_is_set_and_the_steady_clock_and_the_network_guard_are_as_ever(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "step")
    clock.step(-3600)
    environment = {**os.environ, **clock.environment, "EARMARK_TEST_NETWORK_LOG": str(tmp_path / "attempts")}
    before = time.time() - 3600, time.monotonic()
    ended = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    clocks, error = ended.stdout.splitlines()
    wall, in_nanoseconds, steady = map(float, clocks.split())
    assert before[0] < wall < time.time() - 3600
    assert before[0] < in_nanoseconds < time.time() - 3600
    assert before[1] < steady < time.monotonic()
    assert error == "NetworkRefusedError"
