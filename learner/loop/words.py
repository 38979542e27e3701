"""Vectors of transcripts, made by the running learner where the settings name a text encoder.

They are for clips without one, and for transcripts that have changed. Texts take milliseconds each, so they come before the
features of sound. A failure is reported, and the learner goes on with sound.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from db.errors import EncoderError, FeatureError
from db.project import OpenProject
from db.records.features import clips_in_service, is_paused, newest_clip_change
from learner.loop.heartbeat import Reporter

LOOK_SECONDS = 2.0
"""Between two looks at whether clips or transcripts came."""
MOST_WAITS = 10.0
"""So many times longer at most, where the last look took long: it reads all transcripts, and during an import all is news."""
RETRY_SECONDS = 60.0
"""After a failure."""

STATE = "encoding words"
"""What the learner reports meanwhile."""

_Key = tuple[str, int, int, int]


class WordEmbedding:
    """Makes vectors of words for one project."""

    def __init__(self, project: OpenProject, reporter: Reporter) -> None:
        self._project, self._reporter = project, reporter
        self._settled: _Key | None = None
        """For what nothing is left to do."""
        self._failed: str | None = None
        """The text encoder that failed; `_retry_at` holds for it alone."""
        self._retry_at = 0.0
        self._looked_at = -LOOK_SECONDS

    def stretch(self, between: Callable[[], bool]) -> None:
        """Encode all transcripts that lack a vector, unless `between` says that something else is due.

        Args:
            between: called after each batch; it may raise to give up, and what was encoded is kept.
        """
        name, now = self._project.settings.text_encoder, time.monotonic()
        if name is None or now - self._looked_at < LOOK_SECONDS or (name == self._failed and now < self._retry_at):
            return
        self._looked_at = now
        with self._project.read() as session:
            key: _Key = (name, *clips_in_service(session), newest_clip_change(session))
            if key == self._settled or is_paused(session):
                return
        # Here, so that a project without words never loads what reads text.
        from learner.features.embed_words import embed_words

        over = False

        def after_batch(done: int, total: int) -> None:
            nonlocal over
            if total and self._reporter.state != STATE:
                self._reporter.report(STATE, name, done=done, total=total)
            elif total:
                self._reporter.progress(done, total)
            over = between() or self._is_paused()

        try:
            embed_words(self._project, progress=after_batch, should_stop=lambda: over)
        except (EncoderError, FeatureError) as error:
            self._failed, self._retry_at = name, time.monotonic() + RETRY_SECONDS
            self._reporter.report("waiting", str(error))
            return
        self._looked_at = time.monotonic() + LOOK_SECONDS * min(time.monotonic() - now, MOST_WAITS)
        if not over:
            self._settled = key
        if self._reporter.state == STATE:
            self._reporter.report("waiting")

    def _is_paused(self) -> bool:
        with self._project.read() as session:
            return is_paused(session)
