"""How well annotators agree on the clips that several of them labelled, and how surely that is known."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import func
from sqlalchemy.orm import Session

from db.decisions.conditions import first_id, given_blind
from db.decisions.guidelines import NumberedVersion, guideline_versions, version_at
from db.decisions.log import live_query
from db.models import Answer, Decision, Source
from db.quality.shares import Share, Z, share_of
from db.records.label_history import counted_label


@dataclass(frozen=True)
class AgreementNow:
    """The agreement on the clips that several people labelled."""

    clips: int
    annotators: float
    """Labels that such a clip has on average."""
    agreed: float
    """Share of pairs of labels that are alike, each clip weighing the same."""
    by_chance: float
    """The share that would be alike if labels were drawn at random, as often as each was given."""
    kappa: float | None
    """Agreement beyond chance, 1 at best; None where only one label was given."""
    half_width: float
    """Of the 95% interval of `agreed`."""


@dataclass(frozen=True)
class UnderVersion:
    """The agreement of answers that were given under one version of the guidelines."""

    version: NumberedVersion | None
    """None for the time before the first."""
    agreed: Share
    """Of the clips that several people labelled under it; a clip counts by the share of its pairs that are alike."""


def agreement_now(session: Session) -> AgreementNow | None:
    """From all labels given without a hint; None where no clip has labels of two people."""
    clips = [labels for labels in _labels_by_clip(session).values() if len(labels) > 1]
    return agreement_of([[label for _, label, _ in clip] for clip in clips])


def agreement_of(clips: Sequence[Sequence[int]]) -> AgreementNow | None:
    """From the labels of each clip, two or more a clip."""
    if not clips:
        return None
    alike = [_alike(labels) for labels in clips]
    count, agreed = len(clips), sum(alike) / len(clips)
    # Two clips of each kind more: where all agree, that is not certain (Agresti and Coull 1998).
    smoothed = (sum(alike) + 2) / (count + 4)
    spread = (sum((each - smoothed) ** 2 for each in alike) + 2 * smoothed**2 + 2 * (1 - smoothed) ** 2) / (count + 4)
    given = Counter(label for labels in clips for label in labels)
    by_chance = sum((number / given.total()) ** 2 for number in given.values())
    return AgreementNow(
        clips=count,
        annotators=given.total() / count,
        agreed=agreed,
        by_chance=by_chance,
        kappa=None if by_chance > 1 - 1e-9 else (agreed - by_chance) / (1 - by_chance),
        half_width=Z * math.sqrt(spread / (count + 4)),
    )


def agreement_by_version(session: Session) -> list[UnderVersion]:
    """For each version of the guidelines, oldest first; before them the time without any, if answers are from then.

    Labels that were fixed by a reviewer or given with a hint are left out.
    """
    versions = guideline_versions(session)
    alike: dict[int | None, list[float]] = defaultdict(list)
    for labels in _labels_by_clip(session).values():
        under: dict[int | None, list[int]] = defaultdict(list)
        for _, label, given_as in labels:
            under[version_at(versions, given_as)].append(label)
        for number, together in under.items():
            if len(together) > 1:
                alike[number].append(_alike(together))
    listed = [*([None] if alike[None] else []), *versions]
    return [UnderVersion(each, _share(alike[None if each is None else each.number])) for each in listed]


def _share(alike: Iterable[float]) -> Share:
    shares = list(alike)
    return share_of(sum(shares), len(shares))


def _alike(labels: Sequence[int]) -> float:
    pairs = [one == other for one, other in combinations(labels, 2)]
    return sum(pairs) / len(pairs)


def _labels_by_clip(session: Session) -> Mapping[int, list[tuple[int, int, int]]]:
    """Annotator, label, and where in the log it was first given, of each clip with labels of several people.

    Answers that a lead asked for are left out: leads ask about clips on which people differ.
    """
    own = Decision.gold.is_(False), Decision.source != Source.ASKED_AGAIN
    labels = live_query().where(Decision.answer == Answer.LABEL, *own, given_blind())
    people = func.count(Decision.annotator_id.distinct())
    several = labels.with_only_columns(Decision.clip_id).group_by(Decision.clip_id).having(people > 1)
    query = labels.where(Decision.clip_id.in_(several)).with_only_columns(
        Decision.clip_id, Decision.annotator_id, counted_label(), first_id()
    )
    found: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for clip, annotator, label, given_as in session.execute(query.order_by(Decision.id)):
        found[clip].append((annotator, label, given_as))
    return found
