"""A child of the supervisor, or of a page, ends with it and on request."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from labeler.processes import lifeline

CHILD = """
import signal
from labeler.processes.lifeline import hold_lifeline
signal.signal(signal.SIGINT, signal.SIG_IGN)
hold_lifeline()
print("ignored" if signal.getsignal(signal.SIGINT) is signal.SIG_IGN else "taken", flush=True)
signal.pause()
"""


@pytest.mark.parametrize(("group", "interrupts"), [(0, "taken"), (None, "ignored")])
def test_a_child_whose_parent_ignores_ctrl_c_can_be_interrupted_only_in_a_group_of_its_own(
    group: int | None, interrupts: str
) -> None:
    environment = {**os.environ, lifeline.VARIABLE: "1"}
    with subprocess.Popen(
        [sys.executable, "-c", CHILD],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=group,
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline().strip() == interrupts
        child.stdin.close()
        assert child.wait(timeout=20) == -15, "it ends with the parent"
