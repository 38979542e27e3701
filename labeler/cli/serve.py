"""The command `serve`: it starts the app and the learner."""

from __future__ import annotations

from pathlib import Path

import click

from labeler.cli.output import note, opened


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to serve on; other machines can reach the app only if you change it.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option("--no-learner", is_flag=True, help="Start only the app; run `earmark learn` elsewhere.")
@click.option("--open-browser", is_flag=True, help="Open the page in a browser when the app is ready.")
@click.pass_obj
def serve(directory: Path, host: str, port: int, no_learner: bool, open_browser: bool) -> None:
    """Start the app and the learner, and keep both running until Ctrl-C."""
    from labeler.processes.one_server import serve_lock
    from labeler.processes.supervisor import page_address, supervise

    with opened(directory) as project, serve_lock(project):
        note(f"Earmark is starting: open {page_address(host, port)} in a browser. Ctrl-C stops it.")
        supervise(project, host=host, port=port, with_learner=not no_learner, open_browser=open_browser)
