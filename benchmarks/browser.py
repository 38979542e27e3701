"""Apps and a browser to look at them with."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence

import psutil
from playwright.sync_api import Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str:
    """Path of the browser."""
    found = next(filter(None, map(shutil.which, (os.environ.get("EARMARK_CHROMIUM", ""), *BROWSERS))), None)
    if found is None:
        sys.exit("There is no Chromium here; install it (apt-get install chromium) or name it in EARMARK_CHROMIUM.")
    return found


@contextlib.contextmanager
def opened_page(*, width: int = 1280, height: int = 720, dark: bool = False, scale: float = 1.0) -> Iterator[Page]:
    """An empty page in a headless browser that lets audio play by itself."""
    arguments = ["--autoplay-policy=no-user-gesture-required", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
        yield browser.new_page(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", device_scale_factor=scale
        )
        browser.close()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(arguments: Sequence[str], *, port: int, seconds: float = 60) -> Iterator[psutil.Process]:
    """A Python process (`python ARGUMENTS`) that serves Streamlit pages at `port`, from when it answers until the end."""
    process = subprocess.Popen([sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + seconds
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"python {' '.join(arguments)} did not start")
            time.sleep(0.1)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def app_arguments(project: str, port: int) -> list[str]:
    """The app alone, without a learner."""
    return ["-m", "labeler.app.server", "--project", project, "--port", str(port)]
