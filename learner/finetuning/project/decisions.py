"""What a project's decisions give to learn from and to be scored on: exactly what the live head gets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.decisions.consensus import consensus_labels
from db.decisions.log import live_decisions, newest_decision_id
from db.errors import FeatureError
from db.models import AudioFile, Clip
from db.project import OpenProject
from db.records.clips import SPAN_TOLERANCE
from db.records.features import newest_feature_set
from db.records.labels import active_labels
from db.records.portions import portions
from db.serving.random_slice import blind_answers, slice_answers, slice_clip_ids
from learner.corpora.clips import LabelledClips, ProbeClip
from learner.dataset.label_aggregation import TrainingLabels
from learner.dataset.pool import Pool
from learner.dataset.project_pool import pool_signature, read_pool
from learner.dataset.tested_slice import Slice
from learner.dataset.trainable import trainable


@dataclass(frozen=True)
class ByDecisions:
    """The decisions of one moment, as the live head learns from them and is scored on them."""

    pool: Pool
    encoder: str
    """Name of the encoder that made the features in use, as `--encoder` takes it."""
    C: float
    """Inverse regularisation strength of the live head."""
    last_decision_id: int
    label_ids: list[int]
    """The active labels, in the order of their keys."""
    label_names: list[str]
    labels: TrainingLabels
    """What is learned from: label id by clip id, how much each counts, and clips with answers that are no label."""
    tested: Slice
    """The labelled clips of the random slice. Their labels are those of blind answers: what is learned may differ."""
    clips: dict[int, ProbeClip]
    """Every clip of `labels` and of `tested`, by id; its label is the one that is learned from, if there is one."""

    @property
    def clip_ids(self) -> list[int]:
        """The clips that are learned from, ascending: the rows of `labelled`."""
        return sorted(self.labels)

    @property
    def labelled(self) -> LabelledClips:
        """The clips that are learned from, as a manifest gives them."""
        return LabelledClips(clips=[self.clips[clip] for clip in self.clip_ids])


def labelled_by_decisions(project: OpenProject) -> ByDecisions:
    """The decisions that stand now. Aliases, label groups, gold checks, withdrawn clips: all as for the live head.

    Raises:
        FeatureError: no clip has features yet, or they are damaged.
    """
    with project.read() as session:
        signature, used = pool_signature(session), newest_feature_set(session)
        encoder = None if used is None else used.encoder
    pool = None if signature is None else read_pool(project, signature)
    if pool is None or encoder is None:
        raise FeatureError(
            "The project has no features yet, and its usual classifier is what a fine-tuned network is compared with; "
            "run `earmark embed` first."
        )
    # One moment for everything: labels, slice and label set.
    with project.read() as session:
        live, active = live_decisions(session), active_labels(session)
        label_ids, label_names = [label.id for label in active], [label.name for label in active]
        newest, in_slice = newest_decision_id(session), slice_clip_ids(session, answered=blind_answers(live))
        labels = trainable(pool, live, label_ids)
        tested = Slice.of(pool, in_slice, consensus_labels(slice_answers(live)), label_ids)
        names = dict(zip(label_ids, label_names, strict=True))
        label_of = {clip: label_names[place] for clip, place in zip(tested.clip_ids, tested.y.tolist(), strict=True)}
        label_of.update({clip: names[label] for clip, label in labels.items()})
        clips = clips_of(session, label_of)
    return ByDecisions(
        pool=pool,
        encoder=encoder,
        C=project.settings.head_c,
        last_decision_id=newest,
        label_ids=label_ids,
        label_names=label_names,
        labels=labels,
        tested=tested,
        clips=clips,
    )


def clips_of(session: Session, label_of: dict[int, str] | Collection[int]) -> dict[int, ProbeClip]:
    """These clips by id, with these labels; without any, the label is an empty text."""
    names = label_of if isinstance(label_of, dict) else dict.fromkeys(label_of, "")
    ours = (Clip.id, Clip.file_name, Clip.start, Clip.end, Clip.speaker, AudioFile.path, AudioFile.duration)
    query = select(*ours).join(AudioFile, AudioFile.id == Clip.file_id)
    found = {}
    for some in portions(sorted(names)):
        for row in session.execute(query.where(Clip.id.in_(some))):
            end = None if row.end >= row.duration - SPAN_TOLERANCE else row.end
            found[row.id] = ProbeClip(row.file_name, row.path, row.start, end, names[row.id], row.speaker)
    return found
