"""Features for clips that lack them, made by the running learner while it has nothing more urgent to do.

The weights that made the features in use complete them. If these are gone, clips stay without features until a lead asks for
all to be made anew.

Between two batches of clips new answers are learned from, so that the queue goes first here too. A lead may pause it; after each
batch the learner looks whether one has.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from db.errors import EncoderError, FeatureError
from db.project import OpenProject
from db.records.features import any_without_features, clips_in_service, is_paused, is_renewal_asked, newest_feature_set
from db.store.change_watch import ChangeWatch
from learner.encoders.base import Encoder
from learner.features.embed import embed_with
from learner.features.one_precision import of_one_precision
from learner.features.project_encoder import project_encoder
from learner.loop.heartbeat import Reporter

LOOK_SECONDS = 1.0
"""Between two looks at whether there is anything to do, or a lead has paused it."""
RETRY_SECONDS = 60.0
"""After a failure, or clips whose files were not there, until it is tried again."""
PAUSED = "making features is paused"

_Key = tuple[tuple[str, str | None, str | None], str | None, int, int]


class Embedding:
    """Makes features for one project; keeps the encoder in memory from one stretch to the next."""

    def __init__(self, project: OpenProject, reporter: Reporter, *, watch: ChangeWatch | None = None) -> None:
        """With a `watch` nothing is read while nobody has written anything."""
        self._project, self._reporter, self._watch = project, reporter, watch
        self._idle_at: tuple[int, tuple[str, str | None, str | None]] | None = None
        """Version of the database and settings with which nothing was to do."""
        self._model: Encoder | None = None
        self._made_for: tuple[str | None, ...] | None = None
        self._renewed: str | None = None
        """The encoder by which a lead has asked to make all features anew."""
        self._settled: _Key | None = None
        """For what nothing is left to do."""
        self._retry_at: float | None = None
        self._looked_at = -LOOK_SECONDS

    def stretch(self, between: Callable[[], bool]) -> None:
        """Make features until all clips have them, a lead pauses it, or `between` says that something else is due.

        Args:
            between: called after each batch; it may raise to give up, and what was encoded is kept.
        """
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        # First, so that what is written while we look is looked at next time.
        version = None if self._watch is None else self._watch.version()
        if version is not None and self._idle_at == (version, self._chosen()) and self._retry_at is None:
            return
        key = self._due()
        if key is None:
            self._idle_at = None if version is None else (version, self._chosen())
            return
        over = False

        def after_batch(done: int, total: int) -> None:
            nonlocal over
            if self._reporter.state != "embedding":
                self._reporter.report("embedding", key[0][0], done=done, total=total)
            else:
                self._reporter.progress(done, total)
            over = between() or self._is_paused()

        self._reporter.report("embedding", key[0][0])
        try:
            report = embed_with(self._project, self._encoder(), progress=after_batch, should_stop=lambda: over)
        except (EncoderError, FeatureError) as error:
            self._settle(key, again=True)
            self._reporter.report("waiting", str(error))
            return
        if over:
            self._reporter.report("waiting", PAUSED if self._is_paused() else "")
            return
        self._settle(key, again=bool(report.failed))
        failed = "" if not report.failed else f"{len(report.failed)} clips got no features ({report.failed[0].reason})"
        self._reporter.report("waiting", failed)

    def _due(self) -> _Key | None:
        """What features are to be made for now; None while there is nothing to do."""
        if self._retry_at is not None and time.monotonic() >= self._retry_at:
            self._settled = self._retry_at = None
        with self._project.read() as session:
            used = newest_feature_set(session)
            is_same = used is not None and self._is_of(used.settings)
            renewed = is_same and used is not None and is_renewal_asked(session, used)
            self._renewed = str(used.settings.get("encoder")) if renewed and used is not None else None
            key: _Key = (self._chosen(), self._renewed, *clips_in_service(session))
            if key == self._settled or is_paused(session):
                return None
            missing = key[2] > 0 and (used is None or not is_same or renewed or any_without_features(session, used.id))
        if not missing:
            self._settle(key)
            return None
        return key

    def _chosen(self) -> tuple[str, str | None, str | None]:
        settings = self._project.settings
        return settings.encoder, settings.layers, settings.pooling

    def _is_of(self, made_with: dict[str, object]) -> bool:
        """Whether a feature set is the one that the settings ask for, as far as can be seen without loading an encoder."""
        settings = self._project.settings
        wanted = {"layers": settings.layers, "pooling": settings.pooling}
        if "encoder" in settings.model_fields_set:
            wanted["encoder"] = settings.encoder
        return all(value is None or made_with.get(name) == value for name, value in wanted.items())

    def _encoder(self) -> Encoder:
        wanted = (*self._chosen(), self._renewed)
        if self._model is None or self._made_for != wanted:
            anew = {} if self._renewed is None else {"encoder": self._renewed}
            self._model, self._made_for = of_one_precision(self._project, project_encoder(self._project, **anew)), wanted
        return self._model

    def _settle(self, key: _Key, *, again: bool = False) -> None:
        self._settled, self._model = key, None
        self._retry_at = time.monotonic() + RETRY_SECONDS if again else None

    def _is_paused(self) -> bool:
        with self._project.read() as session:
            return is_paused(session)
