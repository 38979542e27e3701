"""A project under `earmark serve`, labelled fast; what was acknowledged is remembered and compared with the database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from db.decisions.log import newest_decision_id
from db.project import OpenProject, create_project, open_project
from db.records.people.annotators import annotator_named
from db.records.runs import latest_run
from labeler.app.sign_in.tokens import Tokens
from tests.filled_projects import LABELS
from tests.learner.synthetic_projects import embedded_project
from tests.supervised_processes import Process, answers, free_port, start_command, wait_for
from tests.trouble.burst import Burst, Given
from tests.trouble.stored_answers import check_stored_answers

IN_SOAK = bool(os.environ.get("EARMARK_SOAK"))
"""Whether troubles last as long as they are meant to; otherwise seconds."""


def label_of(file_name: str) -> str:
    """The label that every answer gives a clip."""
    return LABELS[sum(file_name.encode()) % len(LABELS)]


class Served:
    """One project, its `earmark serve`, and all answers that were acknowledged, by UUID."""

    def __init__(
        self, directory: Path, *, clips: int, log: Path, database_url: str | None = None, with_learner: bool = True
    ) -> None:
        """Make the project, with made-up features; `log` takes what `earmark serve` writes."""
        self.directory = directory
        self.log = log
        self.with_learner = with_learner
        self.port = 0
        self.acknowledged: dict[str, Given] = {}
        self._process: Process | None = None
        with closing(create_project(directory, labels=LABELS, database_url=database_url)) as project:
            embedded_project(project, clips)

    @contextmanager
    def opened(self) -> Iterator[OpenProject]:
        """The project, opened anew, wherever it lies now."""
        with closing(open_project(self.directory)) as project:
            yield project

    def start(self) -> None:
        """Start `earmark serve`; the app answers when this returns."""
        self.port = free_port()
        options = ["--port", str(self.port), *([] if self.with_learner else ["--no-learner"])]
        self._process = start_command(self.directory, "serve", *options, log=self.log)
        wait_for(lambda: answers(self.port), what="the app")

    def stop(self) -> None:
        """Stop `earmark serve` as Ctrl-C does."""
        if self._process is not None:
            self._process.process.terminate()
            try:
                self._process.process.wait(30)
            finally:
                self._process.kill()

    def session_of(self, annotator: str) -> str:
        """The token of an annotator's page."""
        with self.opened() as project:
            with project.write() as session:
                number = annotator_named(session, annotator).id
            return Tokens(project.info().secret).for_session(number)

    @contextmanager
    def burst(self, annotator: str) -> Iterator[Burst]:
        """Labelling by one annotator. At the end every answer must be acknowledged, and `check` must hold."""
        burst = Burst(self.port, self.session_of(annotator), label=label_of)
        burst.start()
        try:
            burst.goes_on()
            yield burst
            burst.finish()
        finally:
            burst.stop()
        self.acknowledged |= burst.acknowledged
        self.check()

    def check(self) -> None:
        """What was acknowledged is stored, nothing else is, and the learner learns from all of it."""
        with self.opened() as project:
            check_stored_answers(project, self.acknowledged)
        if self.with_learner:
            self.learner_catches_up()

    def learner_catches_up(self) -> None:
        """Wait until a run has learned from every answer there is now."""
        with self.opened() as project:
            with project.read() as session:
                newest = newest_decision_id(session)

            def learned() -> int:
                with project.read() as session:
                    run = latest_run(session)
                    return -1 if run is None else run.last_decision_id

            wait_for(lambda: learned() >= newest, what="the learner to learn from every answer", seconds=120)
