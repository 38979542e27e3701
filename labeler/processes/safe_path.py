"""Keeps Python from running files of the working folder, which may be a project that somebody else has made.

`python -m` and `python -c` put the working folder first on the path, so that a file `random.py` there would be run in place of
Python's own module (https://docs.python.org/3/using/cmdline.html#cmdoption-P). `labeler` imports this module before all others,
so it imports only what Python has loaded anyway.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLE = "PYTHONSAFEPATH"
_SEARCH_VARIABLE = "PYTHONPATH"
_OWN_FOLDER = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
"""What holds the packages of Earmark: `site-packages`, or a clone of the repository."""


def leave_out_working_folder() -> None:
    """Take the working folder off the path of this process, if `python -m` has put it there.

    Run from a clone of the repository, which is then the working folder, Earmark stays on the path, here and in child processes.
    """
    # Python names the module only after it has found it, that is, after it has imported the package that holds it.
    if sys.flags.safe_path or sys.argv[:1] != ["-m"] or sys.path[:1] not in ([""], [os.getcwd()]):
        return
    if os.path.realpath(sys.path[0]) == os.path.realpath(_OWN_FOLDER):
        searched = os.environ.get(_SEARCH_VARIABLE)
        os.environ[_SEARCH_VARIABLE] = os.pathsep.join(filter(None, [_OWN_FOLDER, searched]))
    else:
        del sys.path[0]


@contextmanager
def safe_children() -> Iterator[None]:
    """Python processes that are started in this block do not have their working folder on the path, however they are started."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before
