"""A fine-tuned network becomes the encoder of a project, or its final classifier; and the way back.

**Encoder.** The live accuracy is measured on the random slice. An encoder that has learned from labels of the slice would make it
too good. So it learns from clips behind the slice in the order of their random keys, with room for the slice to grow, and the
slice ends where the clips begin that it may know (`db.serving.random_slice.encoder_knows_from`). It does know other clips of the
slice's speakers: docs/fine-tuning.md says what the live accuracy then means.

**Classifier.** `predict` takes it in place of the newest head. It learns from all labels; its accuracy is that of networks that
were trained in the same way, cross-fitted on the slice.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sqlalchemy import func, select

from db.decisions.log import live_decisions
from db.errors import EncoderError, FormatError, LabelError, SettingsError
from db.finetuned.kept import DECISIONS_FILE
from db.models import Clip, ClipState
from db.project import OpenProject
from db.records.clip_changes import withdrawn_clips
from db.records.features import newest_feature_set
from db.records.portions import portions
from db.serving.random_slice import blind_answers, known_from, project_uuid, slice_clip_ids
from db.settings_file import change_settings, overridden_by
from db.store.files import write_whole
from learner.arrays import Int64Array
from learner.corpora.clips import ProbeClip
from learner.finetuning.model.folder import check_target
from learner.finetuning.model.saving import forget_training, save_network, train_on_all
from learner.finetuning.project.comparison import ProjectResult
from learner.finetuning.project.decisions import ByDecisions, known_by, labelled_by_decisions
from learner.finetuning.project.folder import one_at_a_time
from learner.finetuning.project.scoring import ProjectSettings, finetune_project
from learner.finetuning.recipe import FROZEN, recipe_for
from learner.finetuning.runs import tuned_runs
from learner.prediction.adopted import classifier_folder
from learner.prediction.models.document import ModelDocument, Scores
from learner.progress import Watch

Adopt = Literal["encoder", "classifier"]
ROOM = 100
"""Clips by which the random slice may grow at least, where there are so many."""
LEAST_EACH = 5
"""Labelled clips that each of two labels needs behind the slice."""
BEFORE = ".before.json"
"""End of the name of a file beside the folder of an adopted encoder, which may be deleted: the settings that it replaced."""
CLIPS = DECISIONS_FILE
"""In an adopted folder: the clips that it learned from, for `withdraw`."""
_SETTINGS = ("encoder", "layers", "pooling")


@dataclass(frozen=True)
class Outside:
    """The labels that an encoder may learn from, so that the random slice stays a fair test."""

    clip_ids: list[int]
    known_from: int
    """The random key from which on they lie."""
    room: int
    """Clips by which the slice can grow before it ends there."""
    speakers: int
    """Of the slice ..."""
    known_speakers: int
    """... and those of them that the encoder learns from other clips of."""


def finetune_and_adopt(
    project: OpenProject,
    *,
    settings: ProjectSettings,
    adopt: Adopt | None,
    save: Path | None,
    device: str | None,
    watch: Watch,
) -> tuple[ProjectResult, dict[str, tuple[Path, ModelDocument]]]:
    """Score a method on a project, then train by the same recipe on all labels (for an encoder: on those outside of the slice).

    The recipe gets a head that needs to know no speaker, since the speakers of new audio are unknown.

    Args:
        adopt: as what the project takes the network; None for `save` alone.
        save: a folder that becomes the network which learned from all labels.

    Returns:
        The scores, and folder and facts of what was written, by `encoder`, `classifier` and `saved`.

    Raises:
        EncoderError, LabelError, FeatureError, LearnerError: as `finetune_project`; or the method trains no network.
        LabelError: too few labels lie outside of the random slice.
        FormatError, SettingsError: a folder or the settings cannot be written.
    """
    if settings.method == FROZEN:
        raise EncoderError("The method frozen trains no network; choose v-ft, tapt or p-tapt to save or adopt one.")
    if save is not None:
        check_target(save)
    fixed = [variable for name in _SETTINGS if (variable := overridden_by(name)) is not None] if adopt == "encoder" else []
    if fixed:
        raise SettingsError(f"The encoder is fixed by the environment variable {fixed[0]}; start without it to adopt another.")
    decisions = labelled_by_decisions(project)
    outside = outside_of_slice(project, decisions) if adopt == "encoder" else None
    encoder = settings.encoder or decisions.encoder
    recipe = (settings.recipe or recipe_for(encoder)).with_epochs(settings.epochs).for_new_audio()
    settings = replace(settings, recipe=recipe)
    found = finetune_project(project, settings=settings, device=device, watch=watch)
    with one_at_a_time(project):
        training = _Training(project, decisions, encoder, settings, found, device, watch)
        written: dict[str, tuple[Path, ModelDocument]] = {}
        targets = {"saved": save, "classifier": classifier_folder(project) if adopt == "classifier" else None}
        wanted = {name: folder for name, folder in targets.items() if folder is not None}
        if wanted:
            written |= training.on(decisions.clip_ids, wanted, key=_least_key(project, decisions.clip_ids))
        if outside is not None:
            written["encoder"] = _adopted_encoder(project, training, outside)
        if found.result.kept_in is not None:
            forget_training(found.result.kept_in)
    return found, written


def give_up(project: OpenProject) -> dict[str, Any]:
    """Go back: `predict` takes the newest head again, and the settings name the encoder that was adopted over.

    Features of that encoder are still there, so going back takes no time. The folders of adopted encoders stay: features that
    were made by them may be wanted again.

    Returns:
        `classifier`: whether there was one; `encoder`: the one that is set now, None if none had been adopted.
    """
    folder, there = classifier_folder(project), classifier_folder(project).is_dir()
    if there:
        shutil.rmtree(folder)
    now, back = Path(project.settings.encoder), None
    if now.parent == project.networks_dir:
        before = _before(now)
        change_settings(project.directory, before, by=None, seen={"encoder": str(now)})
        back = before["encoder"]
    return {"classifier": there, "encoder": back}


def outside_of_slice(project: OpenProject, decisions: ByDecisions) -> Outside:
    """The labels behind the random slice and the room that it has to grow: as long again, but at most half of what is left.

    Raises:
        LabelError: there are too few.
    """
    with project.read() as session:
        in_slice = len(slice_clip_ids(session, answered=blind_answers(live_decisions(session))))
        clips = int(session.scalar(select(func.count()).where(Clip.state == ClipState.READY)) or 0)
        room = min(max(in_slice, ROOM), (clips - in_slice) // 2)
        ready = select(Clip.slice_key).where(Clip.state == ClipState.READY).order_by(Clip.slice_key, Clip.id)
        key = session.scalar(ready.offset(in_slice + room).limit(1))
        behind = set() if key is None else set(session.scalars(select(Clip.id).where(Clip.slice_key >= key)))
    ids = [clip for clip in decisions.clip_ids if clip in behind]
    counts = Counter(decisions.labels[clip] for clip in ids)
    if key is None or sum(count >= LEAST_EACH for count in counts.values()) < 2:
        raise LabelError(
            f"Only {len(ids)} of {len(decisions.labels)} labelled clips lie outside of the random slice and the room that it has "
            f"to grow, and an encoder must not learn from those inside: they test it. Label more, so that two labels have at "
            f"least {LEAST_EACH} there, or take --adopt classifier, which is tested by cross-fitting."
        )
    of_slice = {decisions.clips[clip].speaker for clip in decisions.tested.clip_ids} - {None}
    known = of_slice & {decisions.clips[clip].speaker for clip in ids}
    return Outside(ids, key, room, len(of_slice), len(known))


class _Training:
    """Trains on labels of the project, once a set of clips."""

    def __init__(
        self, project: OpenProject, decisions: ByDecisions, encoder: str, settings: ProjectSettings, found: ProjectResult,
        device: str | None, watch: Watch,
    ) -> None:  # fmt: skip
        self._project, self._decisions, self.encoder, self._settings = project, decisions, encoder, settings
        self._found, self._device, self._watch = found, device, watch

    def on(
        self,
        clip_ids: Sequence[int],
        folders: dict[str, Path],
        *,
        key: int,
        scored: bool = True,
        remarks: Sequence[str] = (),
    ) -> dict[str, tuple[Path, ModelDocument]]:
        """Train on these clips, and save the network to each of the folders.

        Args:
            key: least random key of the clips that it may know then: whoever takes it for an encoder must know.
            scored: whether the scores of the folds are those of this network.
        """
        settings, decisions = self._settings, self._decisions
        asked = [decisions.clips[clip] for clip in clip_ids]
        runs = tuned_runs(asked, self.encoder, cache=self._project.cache_dir, device=self._device, watch=self._watch)
        labels, y = _classes(runs.clips, decisions.label_names)
        recipe, kept_in = settings.recipe, self._found.result.kept_in
        assert recipe is not None
        assert kept_in is not None
        # Reading takes minutes; a withdrawal also deletes what `kept_in` holds.
        self._refuse_withdrawn(clip_ids, kept_in)
        trained = train_on_all(
            runs, y, kept_in=kept_in, method=settings.method, recipe=recipe, seed=settings.seed, watch=self._watch
        )
        self._refuse_withdrawn(clip_ids, kept_in)
        scores = self._found.document
        listed = {CLIPS: json.dumps({"clips": list(clip_ids)}) + "\n"}
        try:
            self._project.networks_dir.mkdir(exist_ok=True)
        except OSError as error:
            raise FormatError(
                f"{self._project.networks_dir} cannot be made ({error.strerror}); check {self._project.heads_dir}."
            ) from error
        return {
            name: (
                folder,
                save_network(
                    folder, trained, clips=runs.clips, labels=labels, method=settings.method, recipe=recipe,
                    scores=Scores.of_project(scores) if scored and scores is not None else None,
                    remarks=[*remarks, *self._found.result.notes],
                    known_from=_knows(self._project, self.encoder, key),
                    beside=None if name == "saved" else listed,
                ),
            )
            for name, folder in folders.items()
        }  # fmt: skip

    def _refuse_withdrawn(self, clip_ids: Sequence[int], kept_in: Path) -> None:
        with self._project.read() as session:
            gone = set(withdrawn_clips(session)) & set(clip_ids)
        if gone:
            forget_training(kept_in)
            raise LabelError(
                "Clips were withdrawn while the network learned from them, so it is not kept; give the same command again to "
                "start without them."
            )


def _adopted_encoder(project: OpenProject, training: _Training, outside: Outside) -> tuple[Path, ModelDocument]:
    remark = (
        f"It learned from no clip of the project's random slice, which can grow by {outside.room} clips, but from other clips of "
        f"{outside.known_speakers} of its {outside.speakers} known speakers."
    )
    now = project.settings
    before: dict[str, Any] = {name: getattr(now, name) for name in _SETTINGS}
    if Path(now.encoder).parent == project.networks_dir:
        before = _before(Path(now.encoder))
    elif "encoder" not in now.model_fields_set:
        with project.read() as session:
            used = newest_feature_set(session)
            before["encoder"] = now.encoder if used is None else str(used.settings.get("encoder", now.encoder))
    folder = project.networks_dir / f"encoder-{_next_number(project)}"
    written = training.on(
        outside.clip_ids,
        {"encoder": folder},
        key=outside.known_from,
        scored=False,
        remarks=[remark],
    )
    try:
        write_whole(_before_of(folder), json.dumps(before) + "\n")
    except OSError as error:
        raise FormatError(f"{_before_of(folder)} cannot be written ({error.strerror}); make room and adopt it again.") from error
    change_settings(project.directory, {"encoder": str(folder), "layers": None, "pooling": None}, by=None)
    return written["encoder"]


def _least_key(project: OpenProject, clip_ids: Sequence[int]) -> int:
    """The least random key of these clips."""
    with project.read() as session:
        return min(
            session.scalars(select(func.min(Clip.slice_key)).where(Clip.id.in_(some))).one() for some in portions(clip_ids)
        )


def _knows(project: OpenProject, encoder: str, key: int) -> str:
    """What a network says that has learned from clips from this key on, and was an encoder that may know others already."""
    before = known_by(project, encoder)
    with project.read() as session:
        return known_from(key if before is None else min(key, before), of_project=project_uuid(session))


def _next_number(project: OpenProject) -> int:
    known = [path.name.removeprefix("encoder-").removesuffix(BEFORE) for path in project.networks_dir.glob("encoder-*")]
    return max((int(name) for name in known if name.isdecimal()), default=0) + 1


def _before_of(folder: Path) -> Path:
    return folder.with_name(folder.name + BEFORE)


def _before(folder: Path) -> dict[str, Any]:
    """The settings that an adopted encoder replaced."""
    try:
        found = json.loads(_before_of(folder).read_text(encoding="utf-8"))
        before = {name: found.get(name) for name in _SETTINGS}
        if isinstance(before["encoder"], str) and all(value is None or isinstance(value, str) for value in before.values()):
            return before
    except (OSError, ValueError, AttributeError, RecursionError):
        pass
    raise EncoderError(
        f"{_before_of(folder)} does not say which encoder the project had before; set encoder in earmark.toml yourself."
    )


def _classes(clips: Sequence[ProbeClip], names: Sequence[str]) -> tuple[list[str], Int64Array]:
    """The labels that there are examples of, in the project's order, and the class of each clip.

    Raises:
        LabelError: all have one label.
    """
    there = {clip.label for clip in clips}
    labels = [name for name in names if name in there]
    if len(labels) < 2:
        raise LabelError("All clips whose audio can be read have one label; label clips of a second label first.")
    position = {name: place for place, name in enumerate(labels)}
    return labels, np.array([position[clip.label] for clip in clips], dtype=np.int64)
