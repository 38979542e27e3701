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

import labeler.app.pages.clips.page
import labeler.app.pages.dashboard.page
import labeler.app.pages.export
import labeler.app.pages.grid
import labeler.app.pages.label
import labeler.app.pages.lead.activity
import labeler.app.pages.lead.people
import labeler.app.pages.review
import labeler.app.pages.setup.audio
import labeler.app.pages.setup.labels
import labeler.app.pages.setup.settings  # noqa: F401 (all of them: loaded now, so that the first visitor does not wait for it)
from db.errors import EarmarkError
from labeler.app.api.routes import routes
from labeler.app.guard.front import Guard
from labeler.app.guard.hosts import allowed_hosts
from labeler.app.monitoring.health import health_routes
from labeler.app.monitoring.requests import Watch, Watched
from labeler.app.opened import VARIABLE, serving
from labeler.app.pages.theme import THEME
from labeler.app.sign_in.identifying import identifier
from labeler.app.sign_in.oidc import secrets_for_streamlit
from labeler.app.sign_in.proxy import plain_address
from labeler.app.sign_in.ways import SignIn, Way, arrange, arranged
from labeler.monitoring.log_lines import STYLES, TEXT, write_logs
from labeler.monitoring.metrics_address import MetricsAddress, metrics_address
from labeler.processes.lifeline import hold_lifeline
from labeler.processes.oidc_file import read_oidc_file

SCRIPT = Path(__file__).parent / "pages" / "main.py"
"""Not beside the folder `pages`: Streamlit would then take each file there for a page, and run it alone for the first visitor."""


def build_app(*, host: str, also_called: Sequence[str] = (), watch: Watch | None = None) -> App:
    """The pages and routes of the project named by the environment, behind the guard.

    How people sign in, and the path that the app is served under, were arranged before.

    Args:
        host: the address that will be listened on.
        also_called: further names under which browsers may open the app.
        watch: what keeps figures of requests, if anything does.
    """
    now, sign_in = serving(), arranged()
    guard = Middleware(
        Guard,
        hosts=allowed_hosts(listening_on=host, also=also_called),
        identify=identifier(sign_in),
        base_path=sign_in.base_path,
    )
    secrets = secrets_for_streamlit(sign_in.oidc) if sign_in.way == Way.OIDC else None
    ours = [*health_routes(now.project), *routes(now.project, now.tokens)]
    return App(SCRIPT, routes=ours, middleware=[Middleware(Watched, watch=watch), guard], secrets=secrets)


def figures_on(metrics: MetricsAddress) -> Watch:
    """Answer Prometheus on an address; what keeps the figures of requests."""
    # An extra: whoever wants no figures needs no library for them.
    from labeler.app.monitoring.figures import AppFigures

    figures = AppFigures(serving().project)
    metrics.serve(figures.registry)
    return figures


def configuration(*, host: str, port: int, base_path: str = "") -> dict[str, Any]:
    """Streamlit's options: nothing is reported home, watched, or shown of the inside; whatever protects is named."""
    return {
        "server.address": host,
        "server.port": port,
        "server.baseUrlPath": base_path.strip("/"),
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
        # The table of clips goes back to its first page when the filters change; the address may name another one at first.
        "global.disableWidgetStateDuplicationWarning": True,
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
    parser.add_argument("--oidc", type=Path, metavar="FILE", help="settings of signing in by OpenID Connect")
    parser.add_argument("--proxy-header", metavar="NAME", help="header in which a proxy names the person")
    parser.add_argument("--trusted-proxy", action="append", default=[], metavar="ADDRESS", help="where that header counts")
    parser.add_argument("--lead", action="append", default=[], metavar="IDENTITY", help="a person who is a lead")
    parser.add_argument("--base-path", default="", metavar="PATH", help="path that the app is served under")
    parser.add_argument("--metrics", type=metrics_address, metavar="ADDRESS", help="address on which to answer Prometheus")
    parser.add_argument("--log-format", choices=STYLES, default=TEXT, help="how the log is written (default: %(default)s)")
    options = parser.parse_args()
    os.environ[VARIABLE] = str(options.project.resolve())
    # The server would take the visitor's address from a header that anybody on this computer can send. Who is trusted must not
    # hang on it.
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    hold_lifeline()
    write_logs(options.log_format, process="app")
    read_no_files()
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    try:
        arrange(_sign_in(options))
        watch = None if options.metrics is None else figures_on(options.metrics)
        app = build_app(host=options.host, also_called=options.allowed_host, watch=watch)
    except EarmarkError as error:
        sys.exit(str(error))
    app.run(config=configuration(host=options.host, port=options.port, base_path=options.base_path))


def _sign_in(options: argparse.Namespace) -> SignIn:
    oidc = None if options.oidc is None else read_oidc_file(options.oidc, base_path=options.base_path)
    return SignIn(
        way=Way.OIDC if oidc is not None else Way.PROXY if options.proxy_header else Way.NAME,
        leads=frozenset(options.lead),
        header=(options.proxy_header or "").lower(),
        proxies=frozenset(plain_address(proxy) for proxy in options.trusted_proxy),
        oidc=oidc or {},
        base_path=options.base_path,
    )


if __name__ == "__main__":
    main()
