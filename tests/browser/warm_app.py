"""The app as a process that is forked from one that has loaded it: Streamlit, pandas and pyarrow take two seconds to load.

The forked process begins where `python -m labeler.app.server` begins. Tests of `earmark serve` start Python anew.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

LOADED = (
    "PIL.PngImagePlugin",
    "anyio._backends._asyncio",
    "labeler.app.server",
    "pandas",
    "pyarrow.compute",
    "sqlalchemy.dialects.sqlite",
    "streamlit.web.bootstrap",
    "uvicorn.protocols.http.h11_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
)
"""What an app that shows pages has loaded."""
_forks = get_context("forkserver")
_forks.set_forkserver_preload([*LOADED])


class WarmApp:
    """The app alone, whose log is kept in a file."""

    def __init__(self, project: Path, port: int, *, log: Path, options: Sequence[str] = ()) -> None:
        arguments = ["--project", str(project), "--host", "127.0.0.1", "--port", str(port), *options]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self._process = _forks.Process(target=_serve, args=(arguments, environment, log), daemon=True)
        self._process.start()

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return not self._process.is_alive()

    def kill(self) -> None:
        """Kill the process and all its children at once, as a power cut would, with no chance to clean up."""
        if not self.ended:
            assert self._process.pid is not None
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.join()


def _serve(arguments: list[str], environment: dict[str, str], log: Path) -> None:
    """Be the app."""
    os.setsid()
    for name, flags, targets in ((os.devnull, os.O_RDONLY, (0,)), (str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, (1, 2))):
        opened = os.open(name, flags, 0o600)
        for target in targets:
            os.dup2(opened, target)
        os.close(opened)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["labeler.app.server", *arguments]
    from labeler.app.server import main

    main()
