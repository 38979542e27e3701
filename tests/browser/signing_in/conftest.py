"""The app as it is served to people who sign in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from db.project import OpenProject
from tests.browser.warm_app import WarmApp
from tests.learner.audio_files import import_files, tone, written
from tests.supervised_processes import free_port, is_listened_on, wait_for

Start = Callable[..., int]


@pytest.fixture
def start(project: OpenProject, tmp_path: Path) -> Iterator[Start]:
    """Starts the app of a project of six clips, without a learner, with these options; gives its port."""
    folder = tmp_path / "audio"
    folder.mkdir()
    import_files(project, [written(folder / f"{number}.wav", tone(200 + 20 * number, 0.4)) for number in range(6)])
    log = tmp_path / "app.log"
    with ExitStack() as stack:

        def begin(*options: str, port: int | None = None) -> int:
            port = port or free_port()
            app = WarmApp(project.directory, port, log=log, options=options)
            stack.callback(app.kill)
            wait_for(lambda: is_listened_on(port) or app.ended, what="the app to answer")
            assert not app.ended, log.read_text()
            return port

        yield begin
