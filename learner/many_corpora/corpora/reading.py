"""Manifests as corpora that can be trained on; what cannot be used is a sentence, and the other corpora go on."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from db.errors import EarmarkError, LabelError
from learner.arrays import Int64Array
from learner.corpora.clips import LabelledClips, LeftOut, manifest_clips
from learner.many_corpora.corpora.parts import NAMES, TRAIN, Parts, parts_of
from learner.many_corpora.inputs.clip_cache import ClipCache, ClipInputs, Inputs
from learner.progress import Watch

LEAST_CLIPS = 10
UNEVEN = 20
"""One label has so many times the clips of another: worth a sentence."""
LONGEST_NAME = 60
USUAL_NAMES = frozenset(("manifest", "labels", "metadata", "index"))


@dataclass(frozen=True)
class ReadCorpus:
    """A corpus whose clips can be decoded, in parts."""

    name: str
    labels: list[str]
    y: Int64Array
    """Class of each clip, [n]."""
    inputs: Inputs
    parts: Parts
    remarks: list[str] = field(default_factory=list)

    @property
    def classes(self) -> int:
        """How many labels there are."""
        return len(self.labels)

    @property
    def digest(self) -> str:
        """Changes with the clips, their labels and their parts."""
        listed = zip(self.inputs.clips, self.inputs.keys, self.parts.of.tolist(), strict=True)
        rows = [[key, clip.label, clip.speaker, int(part)] for clip, key, part in listed]
        content = json.dumps([self.labels, rows]).encode("utf-8", "surrogatepass")
        return hashlib.sha256(content).hexdigest()[:20]

    def as_json(self) -> dict[str, Any]:
        """What a model keeps of it."""
        sizes = {name: len(self.parts.rows(part)) for part, name in enumerate(NAMES)}
        return {
            "labels": self.labels, "clips": len(self.y), **sizes, "split": self.parts.in_words,
            "by_speaker": self.parts.by_speaker, "digest": self.digest,
        }  # fmt: skip


@dataclass
class ReadCorpora:
    """Those that can be used, and a sentence for each of the others."""

    corpora: list[ReadCorpus] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, list[LeftOut]] = field(default_factory=dict)


def read_corpora(
    manifests: Sequence[Path], *, split_seed: int, order: Sequence[str] = (), cache: ClipCache, watch: Watch
) -> ReadCorpora:
    """Read manifests.

    Args:
        order: labels from low to high, for corpora that have exactly these; else labels are in the order of numbers or letters.

    Raises:
        LabelError: two have the same name, or none can be used.
    """
    names = [corpus_name(manifest) for manifest in manifests]
    twice = [name for name, count in Counter(name.casefold() for name in names).items() if count > 1]
    if twice:
        raise LabelError(f"Two manifests would both be the corpus {twice[0]!r}; rename one of the files.")
    found = ReadCorpora()
    for name, manifest in zip(names, manifests, strict=True):
        try:
            corpus = _read(name, manifest, found, split_seed=split_seed, order=order, cache=cache, watch=watch)
        except EarmarkError as error:
            found.refused[name] = str(error)
            continue
        found.corpora.append(corpus)
    if not found.corpora:
        raise LabelError(" ".join(found.refused.values()) or "No corpus can be used; give manifests of labelled clips.")
    return found


def corpus_name(manifest: Path) -> str:
    """The name of a manifest's corpus: that of the file without its ending (or of its folder where the file is called
    like those of many corpora), of letters, digits, `.`, `_` and `-` only."""
    stem = manifest.resolve().parent.name if manifest.stem.casefold() in USUAL_NAMES else manifest.stem
    name = re.sub(r"[^\w.-]+", "_", stem).strip("._")[:LONGEST_NAME]
    return name or "corpus"


def _read(
    name: str, manifest: Path, found: ReadCorpora, *, split_seed: int, order: Sequence[str], cache: ClipCache, watch: Watch
) -> ReadCorpus:
    labelled = manifest_clips(manifest)
    found.left_out[name] = list(labelled.left_out)
    _check_number(name, labelled.clips, what="labelled")
    with watch(f"read {name}", "clip") as moved:
        inputs = cache.of(labelled.clips, progress=moved)
    found.left_out[name] += inputs.left_out
    _check_number(name, inputs.clips, what="readable")
    return made_corpus(name, labelled, inputs, split_seed=split_seed, order=order)


def made_corpus(
    name: str, labelled: LabelledClips, inputs: ClipInputs, *, split_seed: int, order: Sequence[str] = ()
) -> ReadCorpus:
    """A corpus of clips that can be decoded."""
    labels = _ordered({clip.label for clip in inputs.clips}, order)
    place = {label: number for number, label in enumerate(labels)}
    y = np.array([place[clip.label] for clip in inputs.clips], dtype=np.int64)
    parts = parts_of(inputs.clips, y, classes=len(labels), seed=split_seed)
    for part, what in enumerate(NAMES):
        if len(parts.rows(part)) < 2:
            raise LabelError(f"{name} has too few clips for {what}; add clips of other speakers, or leave it out.")
    remarks = [*labelled.notes, *_remarks(name, labels, y, parts)]
    if inputs.cut:
        remarks.append(
            f"{name}: only the first {inputs.most_seconds / 60:.0f} minutes of long clips are used (in {inputs.cut} of {len(y)})."
        )
    return ReadCorpus(name, labels, y, inputs, parts, remarks)


def _check_number(name: str, clips: Sequence[Any], *, what: str) -> None:
    if len(clips) < LEAST_CLIPS:
        raise LabelError(f"{name} has {len(clips)} {what} clips, at least {LEAST_CLIPS} are needed; label more, or leave it out.")
    only = {clip.label for clip in clips}
    if len(only) < 2:
        raise LabelError(f"{name} has {what} clips of one label only ({next(iter(only))!r}); add another label, or leave it out.")


def _ordered(labels: set[str], order: Sequence[str]) -> list[str]:
    if labels == set(order):
        return list(order)
    numbers = all(re.fullmatch(r"-?\d+(\.\d+)?", label) for label in labels)
    return sorted(labels, key=float) if numbers else sorted(labels)


def _remarks(name: str, labels: Sequence[str], y: Int64Array, parts: Parts) -> list[str]:
    found = []
    if not parts.by_speaker:
        found.append(
            f"{name}: most clips have no known speaker, or there are fewer than five; files are split at random, so its "
            "accuracy does not hold for new speakers."
        )
    clips = np.bincount(y, minlength=len(labels))
    if clips.max() >= UNEVEN * clips.min():
        most, least = labels[int(clips.argmax())], labels[int(clips.argmin())]
        found.append(f"{name}: {most!r} has {clips.max() / clips.min():.0f} times as many clips as {least!r}.")
    for number, label in enumerate(labels):
        here = {part for part in range(len(NAMES)) if (y[parts.rows(part)] == number).any()}
        if TRAIN not in here:
            found.append(f"{name}: {label!r} has no training clip, so it cannot be learned; add clips of other speakers.")
        elif len(here) == 1:
            found.append(f"{name}: {label!r} has training clips only, so it is not tested; add clips of other speakers.")
    return found
