"""The start page as a process: `python -m labeler.app.start_server --answer FILE`. `earmark serve` runs it without a project.

It ends with exit status 0 when a project was chosen, whose directory it has written to FILE.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from streamlit.web.server.starlette import App

from labeler.app.guard.front import Guard
from labeler.app.guard.hosts import allowed_hosts
from labeler.app.pages.setup.start import ANSWER, PROPOSED
from labeler.app.server import configuration, read_no_files
from labeler.processes.lifeline import hold_lifeline

SCRIPT = Path(__file__).parent / "pages" / "setup" / "start_script.py"


def build_start(*, host: str, also_called: Sequence[str] = ()) -> App:
    """The start page, and the route by which it notices that a project is served."""
    guard = Middleware(Guard, hosts=allowed_hosts(listening_on=host, also=also_called))
    return App(SCRIPT, routes=[Route("/earmark/serving", _nothing_yet)], middleware=[guard])


async def _nothing_yet(_request: Request) -> JSONResponse:
    return JSONResponse({"serving": False}, headers={"Cache-Control": "no-store"})


def main() -> None:
    """Serve until a project is chosen."""
    parser = argparse.ArgumentParser(prog="python -m labeler.app.start_server", description=__doc__)
    parser.add_argument("--answer", type=Path, required=True, help="file for the directory of the chosen project")
    parser.add_argument("--directory", type=Path, default=Path(), help="proposed for a new project")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8501, help="port to listen on (default: %(default)s)")
    parser.add_argument("--allowed-host", action="append", default=[], metavar="NAME", help="a further name of this server")
    options = parser.parse_args()
    os.environ[ANSWER], os.environ[PROPOSED] = str(options.answer), str(options.directory.resolve())
    hold_lifeline()
    read_no_files()
    app = build_start(host=options.host, also_called=options.allowed_host)
    app.run(config=configuration(host=options.host, port=options.port))


if __name__ == "__main__":
    main()
