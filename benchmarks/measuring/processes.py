"""Earmark's processes and a plain Streamlit app to compare with, each running for as long as a measurement lasts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.supervised_processes import Process, answers, free_port, start_app, start_command, wait_for


@contextlib.contextmanager
def _until_measured(process: Process) -> Iterator[Process]:
    try:
        yield process
    finally:
        process.kill()


@contextlib.contextmanager
def app(project: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The app alone: its address, and its process."""
    port = free_port()
    with _until_measured(start_app(project, port, log=project.parent / "app.log")) as process:
        wait_for(lambda: answers(port), what="the app")
        yield f"http://127.0.0.1:{port}", psutil.Process(process.process.pid)


@contextlib.contextmanager
def start_page(folder: Path) -> Iterator[str]:
    """The start page, which is what there is without a project: its address. Nothing follows if a project is chosen."""
    port = free_port()
    options = ["--answer", str(folder / "answer"), "--directory", str(folder / "my-project"), "--port", str(port)]
    with _until_measured(Process(["-m", "labeler.app.start_server", *options], log=folder / "start.log")):
        wait_for(lambda: answers(port), what="the start page")
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def streamlit(script: Path, *arguments: str) -> Iterator[str]:
    """A plain Streamlit script: its address."""
    port = free_port()
    options = [
        "--server.headless=true",
        "--browser.gatherUsageStats=false",
        "--server.address=127.0.0.1",
        f"--server.port={port}",
    ]
    command = ["-m", "streamlit", "run", *options, str(script), *arguments]
    with _until_measured(Process(command, log=script.with_suffix(".log"))):
        wait_for(lambda: answers(port), what="Streamlit")
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def learner(project: Path) -> Iterator[psutil.Process]:
    """The background learner."""
    with _until_measured(start_command(project, "learn", log=project.parent / "learner.log")) as process:
        yield psutil.Process(process.process.pid)
