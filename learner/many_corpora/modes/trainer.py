"""What the stages of all backbones have in common: files, seeds, states that are forgotten, and the test on held-out clips."""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from torch import nn

from db.store.files import whole
from learner.many_corpora.backbones.base import Backbone
from learner.many_corpora.corpora.parts import TEST
from learner.many_corpora.corpora.reading import ReadCorpus
from learner.many_corpora.model_folder import Model, ModelFolder, learned_from, save_parts, unwritable
from learner.many_corpora.network.base import CorpusNetwork
from learner.many_corpora.predictions import write_predictions
from learner.many_corpora.recipe import FINETUNE, SCRATCH
from learner.many_corpora.scores import scores
from learner.many_corpora.settings import TrainSettings
from learner.many_corpora.training.batches import probabilities
from learner.many_corpora.training.stage import EpochEnded, Stage, train_stage
from learner.progress import Watch


class Trainer(ABC):
    """The stages of one model."""

    def __init__(
        self, folder: ModelFolder, settings: TrainSettings, backbone: Backbone, document: dict[str, Any], *,
        device: str, watch: Watch, epoch_ended: EpochEnded,
    ) -> None:  # fmt: skip
        """`document`: what the training depends on; states of others are refused."""
        self._folder, self._settings, self._backbone, self._document = folder, settings, backbone, document
        self._device, self._watch, self._epoch_ended = device, watch, epoch_ended

    @abstractmethod
    def shared(self, run: int, corpora: Sequence[ReadCorpus], *, start: Model | None) -> None:
        """Train what corpora share, or take it from another model; before any corpus.

        Raises:
            EncoderError: that model has nothing to take.
        """

    @abstractmethod
    def _own(self, run: int, corpus: ReadCorpus, others: Sequence[str], stage: str) -> CorpusNetwork:
        """Train what a corpus has of its own, in stages whose names begin with `stage`."""

    def corpus(self, run: int, corpus: ReadCorpus, *, others: Sequence[str] = ()) -> None:
        """Train what a corpus has of its own, unless that is done.

        Args:
            others: the corpora that the filters were trained on, where this one was not among them.
        """
        path = self._folder.own(run, corpus.name)
        if learned_from(path) == corpus.digest:
            return
        # With the digest, so that what a stopped `add` of another corpus of this name has left is not taken up.
        stage = f"corpus-{corpus.name}-{corpus.digest[:8]}"
        self._forget_others(run, corpus.name, stage)
        network = self._own(run, corpus, others, stage)
        parts: dict[str, nn.Module] = {"own": network.own}
        if self._moves:
            parts["filters"] = self._backbone.copied(network.filters)
        save_parts(path, parts, learned_from=corpus.digest)
        self._forget(run, f"{stage}*")

    @property
    def _moves(self) -> bool:
        """Whether corpora have filters of their own."""
        return self._settings.mode in (SCRATCH, FINETUNE)

    def _through(
        self, run: int, name: str, corpora: Sequence[ReadCorpus], networks: Sequence[CorpusNetwork], *, what: str,
        seed: str, rates: tuple[float, ...], most_epochs: int, tune_filters: bool, tune_norms: bool,
    ) -> None:  # fmt: skip
        stage = Stage(
            name=name, corpora=corpora, backbone=self._backbone, networks=networks, tune_filters=tune_filters,
            tune_norms=tune_norms, rates=rates, most_epochs=most_epochs, seed=self._seed(run, seed), device=self._device,
        )  # fmt: skip
        with self._watch(f"run {run}: {what}", "step") as moved:
            train_stage(
                stage, folder=self._folder.training(run), settings=self._document, moved=moved,
                epoch_ended=lambda entry: self._epoch_ended({"run": run, "stage": name} | entry),
            )  # fmt: skip

    def _seed(self, run: int, name: str) -> int:
        digest = hashlib.blake2b(f"{self._settings.seed}|{run}|{name}".encode(), digest_size=4).digest()
        return int.from_bytes(digest)

    def _forget(self, run: int, pattern: str) -> None:
        """The state of a finished stage is not needed any more; its epochs are kept."""
        with suppress(OSError):
            for path in self._folder.training(run).glob(f"{pattern}.safetensors"):
                path.unlink()

    def _forget_others(self, run: int, name: str, stage: str) -> None:
        """States of a training on other clips or labels, that was stopped: some may be withdrawn by now."""
        for path in self._folder.training(run).glob("corpus-*.safetensors"):
            is_of_it = re.fullmatch(rf"corpus-{re.escape(name)}-[0-9a-f]{{8}}(-head)?", path.stem)
            if is_of_it and not path.stem.startswith(stage):
                with suppress(OSError):
                    path.unlink()

    def tested(self, run: int, corpus: ReadCorpus) -> dict[str, Any]:
        """Predict the held-out clips of a corpus, keep the predictions, and return their scores."""
        folder = self._folder
        model = Model(folder, self._settings.mode, self._backbone, {corpus.name: corpus.labels}, run, {})
        network = model.network(run, corpus.name).to(self._device)
        rows = corpus.parts.rows(TEST)
        found = probabilities(network, corpus.inputs, rows, device=self._device)
        clips = [corpus.inputs.clips[row] for row in rows.tolist()]
        path = folder.test(run, corpus.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole(path) as part:
                write_predictions(part, clips, found, labels=corpus.labels, label_of=[clip.label for clip in clips])
        except OSError as error:
            raise unwritable(path.parent, error) from error
        return {"run": run} | scores(clips, corpus.y[rows], found.argmax(axis=1), labels=corpus.labels)
