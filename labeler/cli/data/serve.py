"""The command `serve`: it starts the app and the learner."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from db.settings import SETTINGS_FILE
from labeler.cli.data.serve_access import access_options
from labeler.cli.monitoring import monitoring_options, say
from labeler.cli.output import note, opened

if TYPE_CHECKING:
    from labeler.monitoring.metrics_address import MetricsAddress
    from labeler.processes.ways_in import WaysIn

_NAME_ALONE = re.compile(r"[0-9A-Za-z_][0-9A-Za-z._-]*|\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]?")


def _names_alone(_context: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not _NAME_ALONE.fullmatch(name) or name.count(":") == 1:
            raise click.BadParameter(f"{name!r} is more than a name; give it without http://, port and path.")
    return names


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to serve on; other machines can reach the app only if you change it. With 0.0.0.0 (every address of this "
    "machine), browsers may open the app by any address in numbers and by this machine's name; other names need --allowed-host.",
)
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    callback=_names_alone,
    help="A further name under which browsers may open the app, for example that of a proxy; give the option once for each name. "
    "127.0.0.1, localhost, [::1] and what --host names are always allowed.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option(
    "--no-learner",
    is_flag=True,
    help="Start only the app; run `earmark learn --embed` elsewhere. On PostgreSQL, several such apps may serve one project.",
)
@click.option("--open-browser", is_flag=True, help="Open the page in a browser when the app is ready.")
@access_options
@monitoring_options
@click.pass_obj
def serve(
    directory: Path,
    host: str,
    allowed_hosts: tuple[str, ...],
    port: int,
    no_learner: bool,
    open_browser: bool,
    ways_in: WaysIn,
    metrics: MetricsAddress | None,
    log_format: str,
) -> None:
    """Start the app and the learner, and keep both running until Ctrl-C.

    Without a project, a start page opens, on which you make one or open one.
    """
    from labeler.monitoring.log_lines import write_logs
    from labeler.player.label_keys import check_label_keys
    from labeler.processes.choosing import chosen_project, refuse_strangers
    from labeler.processes.one_server import serve_lock
    from labeler.processes.recent_projects import remember_project
    from labeler.processes.supervisor import page_address, supervise

    if not (directory / SETTINGS_FILE).is_file():
        refuse_strangers(directory.resolve(), host, ways_in, allowed_hosts=allowed_hosts)
        ways_in.check(host)
        address = f"{page_address(host, port)}{ways_in.base_path}"
        note(f"There is no project in {directory.resolve()}: make or open one at {address}. Ctrl-C stops it.")
        chosen = chosen_project(directory, host=host, port=port, base_path=ways_in.base_path, open_browser=open_browser)
        if chosen is None:
            note("Earmark has stopped.")
            return
        # The page that is open goes on by itself.
        directory, open_browser = chosen, False
    write_logs(log_format, process="serve")
    with opened(directory) as project, serve_lock(project, beside_others=no_learner):
        ways_in.check(host)
        check_label_keys(project)
        remember_project(project.directory)
        say(f"Earmark is starting: open {page_address(host, port)}{ways_in.base_path} in a browser. Ctrl-C stops it.")
        supervise(
            project,
            host=host,
            port=port,
            allowed_hosts=allowed_hosts,
            with_learner=not no_learner,
            open_browser=open_browser,
            ways_in=ways_in,
            metrics=metrics,
        )
        say("Earmark has stopped.")
