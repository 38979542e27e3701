"""A head that works without its project: a folder with weights (safetensors), facts (JSON) and a model card.

`learner.prediction.head_export` writes such a folder. It is read as if a stranger had written it: every file is checked against
what it must be before it is used, nothing is unpickled, and nothing is downloaded that the user has not named.
"""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors.numpy import load

from db.errors import LabelError, LearnerError
from db.records.labels import checked_labels
from learner.dataset.speaker_norm import NONE
from learner.heads.linear import LinearHead
from learner.prediction.predictions import UNKNOWN_SPEAKERS, LabelledHead, UsedHead

FORMAT: Literal["earmark-head"] = "earmark-head"
VERSION = 1
DOCUMENT, WEIGHTS, CARD = "head.json", "head.safetensors", "README.md"
BY_SPEAKER = "by_speaker."
"""Before the names of the arrays of the head for clips that are normalised by speaker, where there is one."""
_MOST_JSON = 4 * 2**20
_MOST_VALUES = 2**27
_HEADER = 64 * 1024
"""Bytes that the header of the safetensors may take beside the arrays."""

Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(max_length=4096)]
Scalar = Text | int | float | bool | None


class _Facts(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False)


class EncoderReference(_Facts):
    """Which encoder the head reads; it is not part of the folder."""

    name: Annotated[str, Field(min_length=1, max_length=512)]
    """A built-in name such as `bundled`, a hub id, or the last part of the name of a local folder."""
    origin: Literal["built-in", "bundled", "hub", "folder"]
    revision: Text
    """Commit of the hub, or a hash of the weights and configuration."""
    layers: Text | None
    pooling: Text | None
    fingerprint: Text
    """Of the features that the head was trained on (SHA-256)."""
    settings: Annotated[dict[Text, Scalar], Field(max_length=100)]
    """Everything that its vectors depend on."""


class HeadAccuracy(_Facts):
    """How good the head is for audio of unknown speakers: UA with its 95% interval, and WA."""

    ua: Share
    ua_low: Share
    ua_high: Share
    wa: Share | None
    clips: Annotated[int, Field(ge=0)]
    speakers: Annotated[int, Field(ge=0)]
    estimated_on: Text


class TrainedOn(_Facts):
    """What the head learned from."""

    clips: Annotated[int, Field(ge=0)]
    speakers: Annotated[int, Field(ge=0)]
    per_label: dict[Text, int]


class _Version(_Facts):
    format: Literal["earmark-head"]
    version: int


class HeadDocument(_Version):
    """The facts about an exported head: `head.json`."""

    labels: Annotated[list[Text], Field(min_length=1, max_length=100_000)]
    encoder: EncoderReference
    dim: Annotated[int, Field(ge=1, le=2**24)]
    """Length of the encoder's vectors."""
    normalisation: Literal["none", "speaker"]
    """How the project's own clips are normalised; the head for new audio needs none."""
    why: Text
    words: bool = False
    """Whether the project's own clips are predicted by their words as well; this head knows sound alone."""
    run: Annotated[int, Field(ge=0)]
    created_at: Text
    """When the folder was written: ISO 8601, UTC."""
    accuracy: HeadAccuracy | None
    """None if it was not known yet."""
    temperature: Annotated[float, Field(gt=0)] | None
    """Raise probabilities to the power of 1 / temperature and divide by their sum, and they are calibrated as far as is known."""
    trained_on: TrainedOn
    earmark: Text
    """The release that wrote it."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    """Of head.safetensors."""


@dataclass(frozen=True)
class PortableHead:
    """A head of some project, with what is known about it."""

    facts: HeadDocument
    head: LinearHead
    """For vectors [n, dim] as the encoder gives them; its classes are positions in the list of labels."""
    by_speaker: LinearHead | None = None
    """For vectors normalised by speaker as the project's were."""

    @property
    def labelled(self) -> LabelledHead:
        """The head for new audio, with the names of its labels."""
        return LabelledHead(self.head, range(len(self.facts.labels)), self.facts.labels)

    @property
    def used(self) -> UsedHead:
        """What a report on predictions says of it."""
        known = self.facts.accuracy
        scores = (None, None, None) if known is None else (known.ua, known.ua_low, known.ua_high)
        return UsedHead(self.facts.run, NONE, self.facts.why if self.by_speaker is None else UNKNOWN_SPEAKERS, *scores)


def load_portable_head(folder: Path) -> PortableHead:
    """Read a head that `earmark export-head` has written.

    Raises:
        LearnerError: a file is missing, too large or damaged, or was written by a newer release; the message names the file.
    """
    facts = _document(folder / DOCUMENT)
    path = folder / WEIGHTS
    values = (len(facts.labels) + 1) * facts.dim
    if values > _MOST_VALUES:
        raise _damaged(folder / DOCUMENT, f"it claims {len(facts.labels)} labels and vectors of {facts.dim}")
    # Two heads, and for each row one class of 8 bytes and one intercept.
    content = _content(path, most=2 * (4 * values + 16 * len(facts.labels)) + _HEADER)
    if hashlib.sha256(content).hexdigest() != facts.sha256:
        raise _damaged(path, f"its SHA-256 is not the one in {DOCUMENT}")
    try:
        arrays = load(content)
    except Exception as error:
        # The reader raises errors of its own, and KeyError for types that numpy lacks.
        raise _damaged(path, "it cannot be read as safetensors") from error
    try:
        by_speaker = _head(arrays, facts, BY_SPEAKER) if f"{BY_SPEAKER}coef" in arrays else None
        return PortableHead(facts, _head(arrays, facts), by_speaker)
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def _document(path: Path) -> HeadDocument:
    content = _content(path, most=_MOST_JSON)
    try:
        # The version first: another one may have other facts.
        version = _Version.model_validate_json(content).version
        if version != VERSION:
            raise LearnerError(
                f"{path} has version {version}, and this release of Earmark reads version {VERSION}; "
                "use the release that wrote it, or export the head again with this one."
            )
        found = HeadDocument.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        named = ".".join(str(part) for part in first["loc"])[:100]
        where = "".join(character if character.isprintable() else "?" for character in named)
        raise _damaged(path, f"{where + ': ' if where else ''}{first['msg']}") from error
    try:
        if checked_labels(found.labels) != found.labels:
            raise _damaged(path, "a label has space around it")
    except LabelError as error:
        raise _damaged(path, str(error)) from error
    return found


def _content(path: Path, *, most: int) -> bytes:
    """All bytes of a regular file, if they are not too many: a pipe of that name would be waited for without end."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise _damaged(path, "it is no file")
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise LearnerError(
            f"{path} cannot be read ({error.strerror}); give a folder that `earmark export-head` has written."
        ) from error
    if len(content) > most:
        raise _damaged(path, f"it is larger than {most} bytes")
    return content


def _head(arrays: dict[str, NDArray[np.generic]], facts: HeadDocument, prefix: str = "") -> LinearHead:
    """One head out of these arrays; a ValueError says what is wrong with them."""
    names = [f"{prefix}{name}" for name in ("coef", "intercept", "classes")]
    missing = [name for name in names if name not in arrays]
    if missing:
        raise ValueError(f"there is no array {missing[0]!r}")
    coef, intercept, classes = (arrays[name] for name in names)
    rows = classes.size
    if not rows or (classes.shape, intercept.shape, coef.shape) != ((rows,), (rows,), (rows, facts.dim)):
        shapes = f"{coef.shape}, {intercept.shape} and {classes.shape}"
        raise ValueError(f"{names[0]!r}, {names[1]!r} and {names[2]!r} have the shapes {shapes}, with vectors of {facts.dim}")
    if coef.dtype != np.float32 or intercept.dtype != np.float32 or classes.dtype != np.int64:
        raise ValueError(f"{names[0]!r}, {names[1]!r} and {names[2]!r} are not of the types float32, float32 and int64")
    if not np.isfinite(coef).all() or not np.isfinite(intercept).all():
        raise ValueError("a weight is not a number")
    if len(np.unique(classes)) != len(classes) or classes.min() < 0 or classes.max() >= len(facts.labels):
        raise ValueError(f"{names[2]!r} are not positions of labels")
    head = LinearHead()
    head.coef_, head.intercept_, head.classes_ = coef.astype(np.float32), intercept.astype(np.float32), classes.astype(np.int64)
    head.n_features_in_ = facts.dim
    return head


def _damaged(path: Path, why: str) -> LearnerError:
    return LearnerError(f"{path} is damaged ({why.rstrip('.')}); export the head again with `earmark export-head`.")
