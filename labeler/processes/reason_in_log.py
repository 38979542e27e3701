"""Finds in the end of a process's log why the process failed."""

from __future__ import annotations

from collections.abc import Sequence

_SENTENCE = "Error: "
"""What click puts before the one sentence of an error."""
_FATAL = "Fatal Python error: "
_TRACEBACK = "Traceback (most recent call last):"


def reason_in_log(lines: Sequence[str]) -> str:
    """The sentence of a command's error, the first line of an exception, or else the last line that is not blank.

    The last line alone would not do: some exceptions end in an address for further reading, a fatal error in a list of modules.
    """
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number].rstrip()
        if line.startswith(_SENTENCE):
            return line.removeprefix(_SENTENCE)
        if line.startswith(_FATAL):
            return line
        if line.startswith(_TRACEBACK):
            raised = (later.rstrip() for later in lines[number + 1 :] if later.strip() and not later[0].isspace())
            return next(raised, "")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def fatal_error_in_log(lines: Sequence[str]) -> str:
    """What Python itself wrote when it was about to end the process, if it did."""
    return next((line.rstrip() for line in reversed(lines) if line.startswith(_FATAL)), "")
