"""Why a process failed, read from the end of its log."""

from __future__ import annotations

import pytest

from labeler.processes.reason_in_log import fatal_error_in_log, reason_in_log

TRACEBACK = """The learner is running; Ctrl-C stops it.
Traceback (most recent call last):
  File "run.py", line 3, in <module>
    step()
ValueError: array must not contain infs or NaNs
(Background on this error at: https://example.org/e)
"""
CHAINED = f"""{TRACEBACK}
During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "run.py", line 9, in <module>
    record()
OSError: [Errno 28] No space left on device
"""
FATAL = """The learner is running; Ctrl-C stops it.
Fatal Python error: Segmentation fault

Current thread 0x00007f (most recent call first):
  File "run.py", line 3 in step

Extension modules: numpy, torch (total: 2)
"""


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ("", ""),
        ("no disk\n\n", "no disk"),
        ("Error: The strategy 'x' is unknown; use one of a, b.\n", "The strategy 'x' is unknown; use one of a, b."),
        ("Error: The head is damaged; train it again.\nsome library says goodbye\n", "The head is damaged; train it again."),
        (TRACEBACK, "ValueError: array must not contain infs or NaNs"),
        (CHAINED, "OSError: [Errno 28] No space left on device"),
        (FATAL, "Fatal Python error: Segmentation fault"),
        ("Traceback (most recent call last):\n", ""),
    ],
)
def test_the_reason_is_the_error_itself_and_not_what_follows_it(log: str, reason: str) -> None:
    assert reason_in_log(log.splitlines(keepends=True)) == reason


def test_before_a_signal_only_python_itself_gives_a_reason() -> None:
    assert fatal_error_in_log(FATAL.splitlines()) == "Fatal Python error: Segmentation fault"
    assert fatal_error_in_log(TRACEBACK.splitlines()) == ""
