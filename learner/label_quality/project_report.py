"""The quality of a project's labels as they stand, for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from db.decisions.log import live_decisions, newest_decision_id
from db.models import Annotator, Clip, Label
from db.project import OpenProject
from db.quality.agreement_plan import Expected, expected_from, plans
from db.quality.shared_clips import agreement_now
from db.records.labels import active_labels
from learner.dataset.pool import Pool
from learner.dataset.project_pool import pool_signature, read_pool
from learner.heads.linear import LinearHead
from learner.heads.store import load_head, newest_head
from learner.label_quality.agreement import agreement
from learner.label_quality.crowdlab import opinions
from learner.label_quality.report import Quality, agreement_report, quality_of, quality_report
from learner.progress import Progress, unseen

_NEWEST = 2**62


def label_quality(project: OpenProject, *, progress: Progress = unseen) -> dict[str, Any]:
    """The quality of the labels as they stand now: `quality_report`, its suspects each with `file_name`.

    Args:
        progress: called with heads trained and to train.

    Raises:
        FeatureError: the features are damaged.
    """
    with project.read() as session:
        live = live_decisions(session)
        label_ids = [label.id for label in active_labels(session)]
        newest = newest_decision_id(session)
        signature = pool_signature(session, text_encoder=project.settings.text_encoder)
    pool = None if signature is None else read_pool(project, signature)
    found = Quality([], [], None, agreement(opinions(live, label_ids), labels=len(label_ids)), judged=0)
    if pool is not None and newest:
        head = _head(project, label_ids, pool)
        found = quality_of(pool, live, label_ids, head=head, progress=progress)
    labels, annotators = _names(project)
    report = quality_report(found, names=labels, annotators=annotators)
    with project.read() as session:
        named = session.execute(select(Clip.id, Clip.file_name).where(Clip.id.in_([each["clip"] for each in report["suspects"]])))
        files = {row.id: row.file_name for row in named}
    report["suspects"] = [{**each, "file_name": files[each["clip"]]} for each in report["suspects"]]
    return report


def annotator_agreement(project: OpenProject, *, within: float = 0.05, progress: Progress = unseen) -> dict[str, Any]:
    """How well annotators agree now; see `agreement_report`. Needs no features. And what to collect to know it better: `plan`.

    Args:
        within: half width of the wished 95% interval of alpha.
        progress: see `agreement`.
    """
    with project.read() as session:
        live = live_decisions(session)
        label_ids = [label.id for label in active_labels(session)]
        expected = expected_from(agreement_now(session), labels=len(label_ids))
    found = agreement(opinions(live, label_ids), labels=len(label_ids), progress=progress)
    return {**agreement_report(found, _names(project)[1]), "plan": _plan(expected, within)}


def _plan(expected: Expected, within: float) -> dict[str, Any]:
    needed = plans(expected, half_width=within, beyond_chance=True)
    return {
        "within": within,
        "agreed": round(expected.agreed, 4),
        "needed": [{"annotators": plan.annotators, "clips": plan.clips, "answers": plan.answers} for plan in needed],
    }


def _names(project: OpenProject) -> tuple[dict[int, str], dict[int, str]]:
    with project.read() as session:
        labels = {row.id: row.name for row in session.execute(select(Label.id, Label.name))}
        return labels, {row.id: row.name for row in session.execute(select(Annotator.id, Annotator.name))}


def _head(project: OpenProject, label_ids: Sequence[int], pool: Pool) -> LinearHead | None:
    """The newest head, if it fits the labels and features of today."""
    path = newest_head(project.heads_dir, up_to=_NEWEST)
    if path is None:
        return None
    stored = load_head(path)
    fits = stored.feature_set_id == pool.features.feature_set_id and stored.fits_words(pool.words)
    return stored.head if fits and set(stored.label_ids) <= set(label_ids) else None
