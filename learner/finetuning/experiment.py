"""One method on all folds and runs of a corpus. What is finished is kept, so that a killed experiment goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from db.errors import EncoderError, LabelError
from db.store.files import write_whole
from learner.arrays import Int64Array
from learner.corpora.clips import LabelledClips, ProbeClip, clip_key
from learner.encoders.runtime import user_cache
from learner.finetuning.folds import Fold, folds_of_clips, labelled_rows
from learner.finetuning.label_files import write_label_file
from learner.finetuning.recipe import FROZEN, Recipe, checked_method, recipe_for, steps_of
from learner.finetuning.result import FinetuneResult, RunOfFold
from learner.finetuning.runs import Runs, frozen_runs, tuned_runs
from learner.progress import Progress, Watch

_SETTINGS = "settings.json"


@dataclass(frozen=True)
class FinetuneSettings:
    """What is asked for.

    Args:
        folds: `speaker`, a number of folds, or the name of a column.
        per_class: labels of each class to learn from; none takes all of the training fold.
        recipe: none takes that of the encoder.
    """

    method: str
    encoder: str
    folds: str = "speaker"
    runs: int = 1
    per_class: int | None = None
    seed: int = 0
    recipe: Recipe | None = None

    @property
    def used_recipe(self) -> Recipe:
        """The recipe asked for, or that of the encoder."""
        return self.recipe or recipe_for(self.encoder)


def finetune(
    labelled: LabelledClips,
    *,
    settings: FinetuneSettings,
    output: Path | None = None,
    cache: Path,
    folds_of: Callable[[Sequence[ProbeClip]], list[Fold]] | None = None,
    device: str | None = None,
    watch: Watch,
    runs: Runs | None = None,
) -> FinetuneResult:
    """Train and score a method on every fold.

    Args:
        output: folder that keeps what is finished, and the state of what is under way; none takes one in the user's cache.
        cache: folder of vectors, for `frozen`.
        folds_of: makes the folds of the clips that can be read; none makes them of speakers, as the settings say.
        runs: of the method, encoder and clips, where they are there already.

    Raises:
        EncoderError: bad settings, an encoder that cannot be used, a training that cannot go on, or an output of other settings.
        LabelError: too few labels or speakers.
        FeatureError: the cache cannot be written to.
    """
    checked_method(settings.method)
    _check_labels(labelled.clips)
    if runs is None:
        made = frozen_runs if settings.method == FROZEN else tuned_runs
        runs = made(labelled.clips, settings.encoder, cache=cache, device=device, watch=watch)
    clips = runs.clips
    labels, y = _check_labels(clips)
    folds = folds_of(clips) if folds_of else folds_of_clips([clip.speaker for clip in clips], asked=settings.folds)
    kept = _Kept(output, settings, clips, folds, fingerprint=runs.fingerprint)
    plan = [(fold, run) for fold in range(len(folds)) for run in range(settings.runs)]
    found: dict[tuple[int, int], RunOfFold] = {}
    seeds = {place: [settings.seed, *place] for place in plan}
    drawn = {place: labelled_rows(folds[place[0]], y, per_class=settings.per_class, seed=seeds[place]) for place in plan}
    steps = [steps_of(settings.used_recipe, settings.method, labels=len(rows)) for rows in drawn.values()]
    with watch(f"finetune {settings.method}", "step") as moved:
        bar = _Bar(moved, steps)
        for place, rows in drawn.items():
            fold = folds[place[0]]
            known = kept.run(place, fold)
            if known is None:
                known = runs.train(
                    settings.method, y, fold, rows, seed=seeds[place], classes=len(labels), recipe=settings.used_recipe,
                    folder=kept.folder_of(place), settings=kept.document, moved=bar.within,
                )  # fmt: skip
                kept.keep(place, known, clips, fold, rows)
            found[place] = known
            bar.ended(len(found))
    names = [clip.speaker or f"clip {row}" for row, clip in enumerate(clips)]
    return FinetuneResult(
        method=settings.method,
        encoder=settings.encoder,
        labels=labels,
        y=y,
        speakers=np.unique(names, return_inverse=True)[1].astype(np.int64),
        folds=folds,
        runs=[[found[fold, run] for run in range(settings.runs)] for fold in range(len(folds))],
        learned_from=round(float(np.mean([len(rows) for rows in drawn.values()]))),
        left_out=[*labelled.left_out, *runs.left_out],
        kept_in=kept.folder,
    )


def _check_labels(clips: Sequence[ProbeClip]) -> tuple[list[str], Int64Array]:
    names, y = np.unique([clip.label for clip in clips], return_inverse=True)
    if len(names) < 2:
        raise LabelError(f"There are {len(clips)} labelled clips of {len(names)} labels; give clips of at least two labels.")
    return [str(name) for name in names], y.astype(np.int64)


class _Bar:
    """One bar for the steps of all folds and runs."""

    def __init__(self, moved: Progress, steps: Sequence[int]) -> None:
        self._moved, self._upto, self._done = moved, [0, *np.cumsum(steps).tolist()], 0

    def ended(self, runs: int) -> None:
        """So many runs are finished."""
        self._done = self._upto[runs]
        self.within(0)

    def within(self, step: int) -> None:
        """So many steps of the next run are done."""
        self._moved(self._done + step, self._upto[-1])


class _Kept:
    """What is finished, as JSON: one file a fold and run, beside the settings that all of them belong to."""

    def __init__(
        self,
        folder: Path | None,
        settings: FinetuneSettings,
        clips: Sequence[ProbeClip],
        folds: Sequence[Fold],
        *,
        fingerprint: dict[str, Any],
    ) -> None:
        """Without a folder, one in the user's cache that belongs to these settings alone."""
        listed = [[clip_key(clip), clip.label, clip.speaker] for clip in clips]
        self.document: dict[str, Any] = {
            "method": settings.method,
            "encoder": settings.encoder,
            "folds": settings.folds,
            "per_class": settings.per_class,
            "seed": settings.seed,
            "recipe": json.loads(json.dumps(settings.used_recipe.as_json())),
            "clips": _digest([listed, [fold.test.tolist() for fold in folds]]),
            **fingerprint,
        }
        self.folder = folder or user_cache() / "finetune" / _digest(self.document)
        self._check()

    def _check(self) -> None:
        path = self.folder / _SETTINGS
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
            if before is None:
                write_whole(path, json.dumps(self.document, indent=2, sort_keys=True) + "\n")
                return
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        except ValueError as error:
            raise EncoderError(f"{path} is damaged; remove the folder {self.folder} to start again.") from error
        changed = sorted(key for key in {*before, *self.document} if before.get(key) != self.document.get(key))
        if changed:
            raise EncoderError(
                f"{self.folder} holds an experiment with other settings ({', '.join(changed)}); "
                "continue with those, or choose another --output."
            )

    def folder_of(self, place: tuple[int, int]) -> Path:
        """Where a run keeps its state while it trains."""
        return self.folder / f"fold-{place[0] + 1}-run-{place[1] + 1}"

    def run(self, place: tuple[int, int], fold: Fold) -> RunOfFold | None:
        """A run that is finished."""
        try:
            kept = json.loads(self.folder_of(place).with_suffix(".json").read_text(encoding="utf-8"))
            predicted = np.array(kept["predicted"], dtype=np.int64)
            if predicted.shape == fold.test.shape:
                return RunOfFold(predicted, float(kept["seconds"]), tuple(map(str, kept["remarks"])))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass
        return None

    def keep(self, place: tuple[int, int], run: RunOfFold, clips: Sequence[ProbeClip], fold: Fold, labelled: Int64Array) -> None:
        """Keep a run, and which labels it learned from; the states of its training are not needed any more."""
        document = {"predicted": run.predicted.tolist(), "seconds": run.seconds, "remarks": list(run.remarks)}
        labels = self.folder / f"labels-{self.folder_of(place).name}.json"
        try:
            write_label_file(labels, clips, train=labelled, test=fold.test)
            write_whole(self.folder_of(place).with_suffix(".json"), json.dumps(document) + "\n")
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        with suppress(OSError):
            for path in self.folder_of(place).iterdir():
                path.unlink()
            self.folder_of(place).rmdir()


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _unwritable(folder: Path, error: OSError) -> EncoderError:
    return EncoderError(
        f"{folder} cannot be written to ({error.strerror}); make room, or choose another --output. What is finished is kept."
    )
