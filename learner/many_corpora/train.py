"""Trains a model for many corpora, run by run. What is finished is kept, so that a killed training goes on where it was.

What the stages of a run are, `modes` knows; a corpus that comes later (`add_corpus`) is trained as the first ones were, and
nothing of the others changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.errors import EncoderError, LabelError
from learner.encoders.corpora_model.files import LEARNED_FROM, known_files
from learner.encoders.runtime import chosen_device
from learner.many_corpora.backbones.base import Backbone
from learner.many_corpora.corpora.reading import ReadCorpora, corpus_name, read_corpora
from learner.many_corpora.inputs.clip_cache import ClipCache
from learner.many_corpora.learned_from import note_known_clips, note_shared_clips, write_learned_from
from learner.many_corpora.model_folder import ModelFolder, open_model
from learner.many_corpora.modes.registry import trainer_of
from learner.many_corpora.recipe import SCRATCH
from learner.many_corpora.settings import TrainSettings, settings_of
from learner.many_corpora.training.stage import EpochEnded
from learner.progress import Watch


@dataclass(frozen=True)
class Trained:
    """What came out."""

    read: ReadCorpora
    results: dict[str, list[dict[str, Any]]]
    """Scores on the held-out clips, by corpus and run."""


def train(
    manifests: Sequence[Path],
    output: Path,
    *,
    settings: TrainSettings,
    start: Path | None = None,
    device: str | None = None,
    cache: ClipCache | None = None,
    watch: Watch,
    epoch_ended: EpochEnded = lambda _entry: None,
) -> Trained:
    """Train all runs.

    Args:
        start: a model of another mode, of the same corpora and settings, whose shared filters are taken.
        cache: of what the backbone takes of clips; by default in the user's cache.

    Raises:
        EncoderError: bad settings, an output of other settings, or a training that cannot go on.
        LabelError: no corpus can be used.
    """
    backbone = settings.checked_backbone()
    if start is not None and settings.mode == SCRATCH:
        raise EncoderError("Mode scratch shares no filters, so it takes none of another model; leave out --start.")
    if start is not None and not backbone.trains_filters:
        raise EncoderError(
            f"An encoder comes trained, so {settings.backbone} takes no filters of another model; leave out --start."
        )
    read = read_corpora(
        manifests, split_seed=settings.split_seed, order=settings.order, cache=cache or backbone.cache(device=device), watch=watch
    )
    note_known(read, backbone)
    shares = backbone.trains_filters and settings.mode != SCRATCH
    if shares:
        note_shared_clips(read.corpora)
    folder, facts = ModelFolder(output), settings.as_json(backbone)
    document = facts | {"corpora": {corpus.name: corpus.digest for corpus in read.corpora}}
    folder.check_settings(document)
    trainer = trainer_of(
        folder, settings, backbone, document, device=chosen_device(device), watch=watch, epoch_ended=epoch_ended
    )  # fmt: skip
    results: dict[str, list[dict[str, Any]]] = {corpus.name: [] for corpus in read.corpora}
    for run in range(1, settings.runs + 1):
        trainer.shared(run, read.corpora, start=None if start is None else open_model(start))
        for corpus in read.corpora:
            trainer.corpus(run, corpus)
            results[corpus.name].append(trainer.tested(run, corpus))
        corpora = {corpus.name: corpus.as_json() | {"results": results[corpus.name]} for corpus in read.corpora}
        write_learned_from(output, read.corpora if shares else [])
        folder.write(facts | {"runs": run, "split": _split(settings), "corpora": corpora | _added_before(output)})
    return Trained(read, results)


def add_corpus(
    path: Path,
    manifest: Path,
    *,
    device: str | None = None,
    cache: ClipCache | None = None,
    watch: Watch,
    epoch_ended: EpochEnded = lambda _entry: None,
) -> Trained:
    """Train what a new corpus needs of its own in every run of a model; no file of another corpus is written.

    Raises:
        EncoderError: no model, or a training that cannot go on.
        LabelError: the corpus cannot be used, or the model has one of its name in all runs.
    """
    model = open_model(path)
    settings = settings_of(model)
    name = corpus_name(manifest)
    known = next((facts for each, facts in model.document["corpora"].items() if each.casefold() == name.casefold()), None)
    taken = LabelError(f"{path} has a corpus {name!r} already; rename {manifest.name}, or train a new model.")
    if known is not None and not _lacks_runs(known, model.runs):
        raise taken
    read = read_corpora(
        [manifest],
        split_seed=settings.split_seed,
        order=settings.order,
        cache=cache or model.backbone.cache(device=device),
        watch=watch,
    )
    note_known(read, model.backbone)
    (corpus,) = read.corpora
    if known is not None and known.get("digest") != corpus.digest:
        raise taken
    if (path / LEARNED_FROM).exists():
        note_known_clips(corpus, known_files(path))
    document = settings.as_json(model.backbone) | {"added": {name: corpus.digest}}
    trainer = trainer_of(
        model.folder, settings, model.backbone, document, device=chosen_device(device), watch=watch, epoch_ended=epoch_ended
    )  # fmt: skip
    others = [known for known, facts in model.document["corpora"].items() if not facts.get("added")]
    results = []
    for run in range(1, model.runs + 1):
        trainer.corpus(run, corpus, others=others)
        results.append(trainer.tested(run, corpus))
    # Read again: another corpus may have been added meanwhile.
    model = open_model(path)
    corpora = model.document["corpora"] | {name: corpus.as_json() | {"added": True, "results": results}}
    model.folder.write(model.document | {"corpora": corpora})
    return Trained(read, {name: results})


def _lacks_runs(facts: dict[str, Any], runs: int) -> bool:
    """Whether a corpus was added before the model was trained in more runs: it can be added again, for these."""
    results = facts.get("results")
    return bool(facts.get("added")) and isinstance(results, list) and 0 < len(results) < runs


def note_known(read: ReadCorpora, backbone: Backbone) -> None:
    """An encoder that a project has adopted may know the held-out clips."""
    if backbone.knows_labels_from is not None:
        read.corpora[0].remarks.append(
            f"{backbone.name} has learned from labels of a project; if these clips are among them, their scores are too high."
        )


def _added_before(model: Path) -> dict[str, Any]:
    """The corpora that a trained model was given later; training it again does not take them away."""
    try:
        known = open_model(model).document["corpora"]
    except EncoderError:
        return {}
    return {name: facts for name, facts in known.items() if facts.get("added")}


def _split(settings: TrainSettings) -> str:
    return f"whole speakers where they are known, else files at random; seed {settings.split_seed}"
