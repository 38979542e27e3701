"""The app process: `python -m labeler.app.server --project DIR [--host HOST] [--port PORT]`. `earmark serve` starts it."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit.config
from starlette.middleware import Middleware
from streamlit.web.server.starlette import App

import labeler.app.pages.export
import labeler.app.pages.grid
import labeler.app.pages.label
import labeler.app.pages.lead.activity
import labeler.app.pages.progress
import labeler.app.pages.review  # noqa: F401 (all of them: loaded now, so that the first visitor does not wait for it)
from db.errors import EarmarkError
from labeler.app.api.routes import routes
from labeler.app.guard.front import Guard
from labeler.app.guard.hosts import allowed_hosts
from labeler.app.opened import VARIABLE, serving
from labeler.app.pages.theme import THEME
from labeler.processes.lifeline import hold_lifeline

SCRIPT = Path(__file__).parent / "pages" / "main.py"
"""Not beside the folder `pages`: Streamlit would then take each file there for a page, and run it alone for the first visitor."""


def build_app(*, host: str, also_called: Sequence[str] = ()) -> App:
    """The pages and routes of the project named by the environment, behind the guard.

    Args:
        host: the address that will be listened on.
        also_called: further names under which browsers may open the app.
    """
    now = serving()
    guard = Middleware(Guard, hosts=allowed_hosts(listening_on=host, also=also_called))
    return App(SCRIPT, routes=routes(now.project, now.tokens), middleware=[guard])


def configuration(*, host: str, port: int) -> dict[str, Any]:
    """Streamlit's options: nothing is reported home, watched, or shown of the inside; whatever protects is named."""
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.showEmailPrompt": False,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.maxUploadSize": 1,
        # In megabytes; a stranger's messages wait in memory, and no page of ours needs larger ones.
        "server.maxMessageSize": 8,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "logger.level": "warning",
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.corsAllowedOrigins": [],
        "server.trustedUserHeaders": {},
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "server.scriptHealthCheckEnabled": False,
        "global.developmentMode": False,
        "runner.magicEnabled": False,
        "secrets.files": [],
        # Streamlit would fetch this machine's outside address from the internet, to show it.
        "logger.hideWelcomeMessage": True,
        "global.showWarningOnDirectExecution": False,
        **THEME,
    }


def read_no_files() -> None:
    """Let Streamlit look for no config.toml and no secrets.toml, which anybody who makes a project could put into its folder.

    What `configuration` leaves out then has Streamlit's own default.
    """

    def none(file_name: str) -> list[str]:
        return []

    streamlit.config.get_config_files = none


def warm_up() -> None:
    """Load what Streamlit would load while the first visitor waits."""
    for name in ("pandas", "pyarrow.compute", "PIL.PngImagePlugin"):
        importlib.import_module(name)


def main() -> None:
    """Serve until stopped; an error of the project is one sentence and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m labeler.app.server", description=__doc__)
    parser.add_argument("--project", type=Path, required=True, help="project directory")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8501, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--allowed-host", action="append", default=[], metavar="NAME", help="a further name under which browsers may open the app"
    )
    options = parser.parse_args()
    os.environ[VARIABLE] = str(options.project.resolve())
    hold_lifeline()
    read_no_files()
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    try:
        app = build_app(host=options.host, also_called=options.allowed_host)
    except EarmarkError as error:
        sys.exit(str(error))
    app.run(config=configuration(host=options.host, port=options.port))


if __name__ == "__main__":
    main()
