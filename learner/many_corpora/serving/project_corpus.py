"""Makes a project a corpus of a model: its adapters and head are trained on its decisions, and nothing of other corpora changes.

They are scored as `earmark finetune` scores a network: on the random slice, cross-fitted in the folds of the project's own
classifier, which learns from the same labels. The parts that stay in the model then learn from all labels.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from db.errors import EncoderError, LabelError
from db.finetuned.document import write_finetuned
from db.finetuned.kept import DECISIONS_FILE
from db.models import AudioFile, Clip
from db.project import OpenProject
from db.records.clip_changes import withdrawn_clips
from db.records.portions import portions
from db.serving.random_slice import known_key, project_uuid
from learner.encoders.corpora_model.files import known_files
from learner.encoders.runtime import chosen_device
from learner.features.erasing import probe_cache
from learner.finetuning.kept import Kept, digest
from learner.finetuning.project.comparison import ProjectResult, compared
from learner.finetuning.project.decisions import ByDecisions, labelled_by_decisions
from learner.finetuning.project.folder import kept_in, one_at_a_time, refuse_withdrawn
from learner.finetuning.project.scoring import check, frozen_predictions, readable_material, result_of_tested
from learner.finetuning.result import RunOfFold
from learner.many_corpora.corpora.reading import ReadCorpus, corpus_name
from learner.many_corpora.inputs.clip_cache import ClipCache
from learner.many_corpora.model_folder import Model, ModelFolder, open_model, unwritable
from learner.many_corpora.modes.registry import trainer_of
from learner.many_corpora.recipe import most_steps
from learner.many_corpora.serving.classifier import check_foldable, save_classifier
from learner.many_corpora.serving.folds import ProjectCorpus, too_little
from learner.many_corpora.settings import settings_of
from learner.many_corpora.training.batches import probabilities
from learner.prediction.adopted import classifier_folder
from learner.prediction.models.document import Scores
from learner.progress import Progress, Watch

_RUN = 1
"""The run of a model that is scored, and whose network may become the classifier."""


KNOWS_SPEAKERS = (
    "The shared network had learned from labels of this project before, perhaps of the same speakers: how good it is for new "
    "speakers is not known."
)


@dataclass(frozen=True)
class AddedProject:
    """What came out."""

    corpus: str
    result: ProjectResult
    adopted: Path | None
    """The folder of the classifier that `predict` takes now."""


def add_project(
    path: Path,
    project: OpenProject,
    *,
    adopt: bool = False,
    device: str | None = None,
    cache: ClipCache | None = None,
    watch: Watch,
    note: Callable[[str], None] = lambda _sentence: None,
) -> AddedProject:
    """Train what a project needs of its own in every run of a model, or train it anew on newer labels.

    Args:
        adopt: whether `predict` takes the network of the first run from now on.
        note: is given a sentence on how much there is to do, before it begins.

    Raises:
        EncoderError: no model, or a training that cannot go on.
        LabelError: there is too little to learn from or to be scored on, or a clip was withdrawn meanwhile.
        FeatureError: the project has no features, and so no classifier to compare with.
        FormatError, LearnerError: a result cannot be written.
    """
    model = open_model(path)
    settings_of(model)
    if adopt:
        check_foldable(model)
    if not os.access(path, os.W_OK | os.X_OK):
        raise EncoderError(f"{path} cannot be written to; check its permissions, or copy the model to another folder.")
    decisions, notes = _fairly_tested(project, model, labelled_by_decisions(project))
    check(decisions)
    with one_at_a_time(project):
        return _Adding(model, project, device=chosen_device(device), watch=watch, note=note).through(
            decisions, cache or model.backbone.cache(probe_cache(project) / "inputs", device=device), notes=notes, adopt=adopt
        )


class _Adding:
    def __init__(
        self, model: Model, project: OpenProject, *, device: str, watch: Watch, note: Callable[[str], None]
    ) -> None:  # fmt: skip
        self._model, self._project, self._device, self._watch, self._note = model, project, device, watch, note
        self._settings = settings_of(model)
        with project.read() as session:
            self._uuid = project_uuid(session)
        self._name = _name_of(model, project, self._uuid)

    def through(self, decisions: ByDecisions, cache: ClipCache, *, notes: tuple[str, ...], adopt: bool) -> AddedProject:
        clips = dict(sorted(decisions.clips.items()))
        with self._watch(f"read {self._name}", "clip") as moved:
            inputs = cache.of(list(clips.values()), progress=moved)
        material = readable_material(decisions, clips, inputs.clips)
        corpus = ProjectCorpus(self._name, material, inputs, self._settings.split_seed)
        whole, ids = corpus.of_all(), material.clip_ids.tolist()
        kept = kept_in(self._project, self._document(corpus), decisions=material.as_listed())
        refuse_withdrawn(self._project, kept, ids)
        with self._bar(len(material.folds) + self._model.runs) as training:
            found = self._cross_fitted(corpus, kept, training)
            for run in range(1, self._model.runs + 1):
                self._trained(self._model.folder, run, whole, next(training))
        gone = self._withdrawn(ids)
        if gone:
            self._forget_own()
        refuse_withdrawn(self._project, kept, ids)
        name = self._model.folder.path.resolve().name
        result = result_of_tested(material, found, self._model.mode, name, runs=1, left_out=inputs.left_out)
        result = replace(result, notes=notes)
        scored = compared(material.decisions, result, frozen_predictions(material.decisions))
        assert scored.document is not None
        self._write(whole, scored)
        write_finetuned(self._project.heads_dir, scored.document)
        folder = self._adopted(corpus, scored) if adopt else None
        return AddedProject(self._name, scored, folder)

    def _document(self, corpus: ProjectCorpus) -> dict[str, Any]:
        """Everything that the trainings of folds depend on."""
        shared = self._model.document | {"corpora": None}
        facts = {name: each.get("digest") for name, each in self._model.document["corpora"].items() if not each.get("added")}
        return {"method": self._model.mode, "model": digest([shared, facts, self._name]), **corpus.material.fingerprint()}

    def _cross_fitted(self, corpus: ProjectCorpus, kept: Kept, training: Iterator[Progress]) -> dict[tuple[int, int], RunOfFold]:
        """What each fold predicts for its clips, by a network that knows none of their labels."""
        found: dict[tuple[int, int], RunOfFold] = {}
        ids = corpus.material.clip_ids.tolist()
        for number, fold in enumerate(corpus.material.folds):
            place, moved = (number, 0), next(training)
            known = kept.run(place, fold)
            if known is None:
                began, read = time.monotonic(), corpus.of_fold(fold)
                if read is None:
                    known = too_little(corpus.material.y[corpus.material.labelled(fold)], fold)
                else:
                    folder = _FoldFolder(kept.folder_of(place), self._model.folder)
                    self._trained(folder, _RUN, read, moved)
                    classes = self._predicted(folder, read, len(fold.test))
                    known = RunOfFold(corpus.as_positions(classes), time.monotonic() - began)
                kept.keep(place, known, beside=lambda _folder: refuse_withdrawn(self._project, kept, ids))
                shutil.rmtree(kept.folder_of(place), ignore_errors=True)
            found[place] = known
        return found

    def _predicted(self, folder: ModelFolder, read: ReadCorpus, tested: int) -> Any:
        """The class of each of the last `tested` clips."""
        model = replace(self._model, folder=folder, corpora={read.name: read.labels}, document={})
        network = model.network(_RUN, read.name).to(self._device)
        rows = np.arange(len(read.y) - tested, len(read.y))
        return probabilities(network, read.inputs, rows, device=self._device).argmax(axis=1)

    def _trained(self, folder: ModelFolder, run: int, read: ReadCorpus, moved: Progress) -> None:
        @contextmanager
        def watch(_what: str, _unit: str) -> Iterator[Progress]:
            yield moved

        backbone = self._model.backbone
        document = self._settings.as_json(backbone) | {"added": {read.name: read.digest}}
        trainer = trainer_of(
            folder, self._settings, backbone, document, device=self._device, watch=watch, epoch_ended=lambda _entry: None
        )  # fmt: skip
        trainer.corpus(run, read, others=_first(self._model))

    @contextmanager
    def _bar(self, trainings: int) -> Iterator[Iterator[Progress]]:
        """One bar for the steps of all trainings: a `Progress` for each of them, in turn."""
        recipe, steps = self._model.backbone.recipe, most_steps(self._model.backbone.recipe, self._model.mode)
        self._note(
            f"{trainings} networks are trained: one for each fold of the random slice, which gives a fair score, and "
            f"{self._model.runs} on all labels; each in {steps} steps of {recipe.batch} clips at most. You can interrupt it: the "
            "same command goes on where it was."
        )

        with self._watch(f"train {trainings} networks", "step") as moved:

            def of(number: int) -> Progress:
                furthest = 0

                def show(done: int, _total: int) -> None:
                    nonlocal furthest
                    # A training of several stages counts each from 0.
                    furthest = max(furthest, min(done, steps))
                    moved(number * steps + furthest, trainings * steps)

                return show

            def one_by_one() -> Iterator[Progress]:
                for number in range(trainings):
                    moved(number * steps, trainings * steps)
                    yield of(number)

            yield one_by_one()
            moved(trainings * steps, trainings * steps)

    def _withdrawn(self, ids: Sequence[int]) -> set[int]:
        with self._project.read() as session:
            return set(withdrawn_clips(session)) & set(ids)

    def _forget_own(self) -> None:
        """What has learned from clips that are withdrawn by now."""
        model = open_model(self._model.folder.path)
        if self._name in model.corpora:
            left = {name: facts for name, facts in model.document["corpora"].items() if name != self._name}
            model.folder.write(model.document | {"corpora": left})
        for run in range(1, self._model.runs + 1):
            path = self._model.folder.own(run, self._name)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise EncoderError(
                    f"{path} has learned from clips that are withdrawn, and cannot be deleted ({error.strerror}); delete it."
                ) from error

    def _write(self, whole: ReadCorpus, scored: ProjectResult) -> None:
        assert scored.document is not None
        # Read again: another corpus may have been added during hours of training.
        model = open_model(self._model.folder.path)
        facts = whole.as_json() | {
            "split": "folds of the project", "added": True, "results": [], "project": self._uuid,
            "scores": scored.document.as_document(),
        }  # fmt: skip
        model.folder.write(model.document | {"corpora": model.document["corpora"] | {self._name: facts}})

    def _adopted(self, corpus: ProjectCorpus, scored: ProjectResult) -> Path:
        assert scored.document is not None
        learned = np.flatnonzero(corpus.material.learnable).tolist()
        ids = [int(corpus.material.clip_ids[row]) for row in learned]
        folder = classifier_folder(self._project)
        try:
            self._project.networks_dir.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritable(self._project.networks_dir, error) from error
        save_classifier(
            folder,
            open_model(self._model.folder.path),
            self._name,
            run=_RUN,
            clips=[corpus.inputs.clips[row] for row in learned],
            scores=Scores.of_project(scored.document),
            remarks=scored.result.remarks,
            beside={DECISIONS_FILE: json.dumps({"clips": ids}) + "\n"},
        )
        if self._withdrawn(ids):
            shutil.rmtree(folder, ignore_errors=True)
            raise LabelError(
                "Clips were withdrawn while the network learned from them, so it is not kept; give the command again."
            )
        return folder


@dataclass(frozen=True)
class _FoldFolder(ModelFolder):
    """The parts of a fold, on the shared filters of a model."""

    shared_of: ModelFolder

    def filters(self, run: int) -> Path:
        """Those of the model."""
        return self.shared_of.filters(run)

    def start(self, run: int, corpus: str) -> Path:
        """Those of the model."""
        return self.shared_of.start(run, corpus)


def _first(model: Model) -> list[str]:
    """The corpora that the filters were trained on."""
    return [name for name, facts in model.document["corpora"].items() if not facts.get("added")]


def _name_of(model: Model, project: OpenProject, uuid: str) -> str:
    """The corpus that the project is already, wherever it has moved since, or a new name: that of its folder."""
    corpora = model.document["corpora"]
    for name, facts in corpora.items():
        if facts.get("project") == uuid:
            return str(name)
    name = corpus_name(project.directory.resolve() / "manifest")
    taken = {known.casefold() for known in corpora}
    return name if name.casefold() not in taken else f"{name}-{uuid[:8]}"


def _fairly_tested(project: OpenProject, model: Model, decisions: ByDecisions) -> tuple[ByDecisions, tuple[str, ...]]:
    """Tested on those clips alone whose labels the shared network does not know; with a remark where it knows any."""
    files, known = known_files(model.folder.path), set[int]()
    with project.read() as session:
        key = known_key(model.backbone.knows_labels_from, of_project=project_uuid(session))
        query = select(Clip.id, Clip.slice_key, AudioFile.content_hash).join(AudioFile, AudioFile.id == Clip.file_id)
        for some in portions(sorted(decisions.clips)):
            rows = session.execute(query.where(Clip.id.in_(some)))
            known |= {row.id for row in rows if row.content_hash in files or (key is not None and row.slice_key >= key)}
    if not known:
        return decisions, ()
    left = replace(decisions, tested=decisions.tested.only(np.array([clip not in known for clip in decisions.tested.clip_ids])))
    if len(decisions.tested.y) and not len(left.tested.y):
        raise LabelError(
            f"The shared network of {model.folder.path} has learned from the labels of the project's random slice, so it "
            "cannot be scored on it; train a model without these clips."
        )
    return left, (KNOWS_SPEAKERS,)
