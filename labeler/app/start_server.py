"""The start page as a process: `python -m labeler.app.start_server --answer FILE`. `earmark serve` runs it without a project.

It ends with exit status 0 when a project was chosen, whose directory it has written to FILE.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from streamlit.web.server.starlette import App

from labeler.app.guard.front import Guard
from labeler.app.guard.hosts import allowed_hosts
from labeler.app.guard.places import address
from labeler.app.pages.setup.start import ANSWER, PROPOSED, is_chosen, leave
from labeler.app.server import configuration, read_no_files
from labeler.app.sign_in.ways import SignIn, arrange, arranged
from labeler.processes.lifeline import hold_lifeline

SCRIPT = Path(__file__).parent / "pages" / "setup" / "start_script.py"


def build_start(*, host: str) -> App:
    """The start page, and the route by which it notices that a project is served.

    It answers to no further name, and nobody signs in: only whoever sits at this machine may make a project on it. The path that
    it is served under was arranged before.
    """
    guard = Middleware(Guard, hosts=allowed_hosts(listening_on=host), base_path=arranged().base_path)
    return App(SCRIPT, routes=[Route(address("serving"), _nothing_yet)], middleware=[guard])


async def _nothing_yet(_request: Request) -> JSONResponse:
    """Only a page that waits for the project asks this."""
    going = BackgroundTask(leave) if is_chosen() else None
    return JSONResponse({"serving": False}, headers={"Cache-Control": "no-store"}, background=going)


def main() -> None:
    """Serve until a project is chosen."""
    parser = argparse.ArgumentParser(prog="python -m labeler.app.start_server", description=__doc__)
    parser.add_argument("--answer", type=Path, required=True, help="file for the directory of the chosen project")
    parser.add_argument("--directory", type=Path, default=Path(), help="proposed for a new project")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8501, help="port to listen on (default: %(default)s)")
    parser.add_argument("--base-path", default="", metavar="PATH", help="path that the page is served under")
    options = parser.parse_args()
    os.environ[ANSWER], os.environ[PROPOSED] = str(options.answer), str(options.directory.resolve())
    hold_lifeline()
    read_no_files()
    arrange(SignIn(base_path=options.base_path))
    app = build_start(host=options.host)
    app.run(config=configuration(host=options.host, port=options.port, base_path=options.base_path))


if __name__ == "__main__":
    main()
