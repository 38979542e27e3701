"""`earmark.json` in the folder of a fine-tuned network: what no file of transformers says of it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from db.errors import LabelError, LearnerError
from db.finetuned.document import Finetuned
from db.records.labels import checked_labels

FORMAT: Literal["earmark-model"] = "earmark-model"
VERSION = 1
DOCUMENT, HEAD, CARD, WEIGHTS = "earmark.json", "earmark_head.safetensors", "README.md", "model.safetensors"
PLAIN: Literal["plain"] = "plain"
"""The head is that of transformers' own class, and part of the weights."""
RELU: Literal["relu"] = "relu"
"""Mean over time of the last layer behind a ReLU."""
POOLED: Literal["pooled"] = "pooled"
"""Layers pooled as an encoder pools them."""
CROPS: Literal["crops"] = "crops"
"""Not a checkpoint: `NETWORK` holds a network of `earmark corpora` with its head, whose probabilities of crops are averaged."""
NETWORK = "network.safetensors"
_MOST_JSON = 4 * 2**20

Share = Annotated[float, Field(ge=0, le=1)]
Text = Annotated[str, Field(max_length=4096)]
Count = Annotated[int, Field(ge=0)]


class _Facts(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False)


class Estimate(_Facts):
    """UA with its 95% interval, of networks that were trained as this one, scored on speakers that they had not learned from."""

    ua: Share
    ua_low: Share
    ua_high: Share


class Difference(_Facts):
    """How much higher the UA is than that of the frozen head, with its 95% interval."""

    value: Annotated[float, Field(ge=-1, le=1)]
    low: Annotated[float, Field(ge=-1, le=1)]
    high: Annotated[float, Field(ge=-1, le=1)]


class Scores(_Facts):
    """What is known of the accuracy."""

    tuned: Estimate
    frozen: Estimate
    difference: Difference
    folds: Count
    runs: Count
    estimated_on: Text

    @classmethod
    def of_project(cls, found: Finetuned) -> Scores:
        """Those of a network that was scored on a project's random slice, beside the project's own classifier."""
        tuned, frozen = (Estimate(ua=each.ua, ua_low=each.ua_low, ua_high=each.ua_high) for each in (found.tuned, found.frozen))
        return cls(
            tuned=tuned,
            frozen=frozen,
            difference=Difference(value=found.difference, low=found.difference_low, high=found.difference_high),
            folds=found.folds,
            runs=found.runs,
            estimated_on=f"{found.slice_clips} clips of the project's random slice, cross-fitted; the usual head may normalise "
            "by speaker, the network does not",
        )


class TrainedOn(_Facts):
    """What the network learned from."""

    clips: Count
    speakers: Count
    per_label: dict[Text, int]


class _Version(_Facts):
    format: Literal["earmark-model"]
    version: int


class ModelDocument(_Version):
    """The facts about a fine-tuned network."""

    labels: Annotated[list[Text], Field(min_length=1, max_length=100_000)]
    head: Literal["plain", "relu", "pooled", "crops"]
    layers: Text | None
    """Of `POOLED`: hidden layers that are pooled, such as `2,3`."""
    pooling: Literal["mean", "mean+std"]
    clip_seconds: Annotated[float, Field(gt=0, le=3600)]
    """How long clips were at most while it was trained: longer audio is read in windows of this length."""
    method: Text
    encoder: Text
    """Name of the encoder that was fine-tuned; of a local folder only its last part."""
    revision: Text
    recipe: dict[Text, Any]
    trained_on: TrainedOn
    scores: Scores | None
    """None where they are not known."""
    remarks: Annotated[list[Text], Field(max_length=1000)]
    created_at: Text
    """ISO 8601, UTC."""
    earmark: Text
    """The release that wrote it."""
    sha256: Annotated[dict[Text, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]], Field(max_length=10)]
    """Of the files of weights."""


def is_model(folder: Path) -> bool:
    """Whether Earmark has written the folder, of whatever release."""
    try:
        _Version.model_validate_json(_content(folder / DOCUMENT))
    except (LearnerError, ValidationError):
        return False
    return True


def document_in(folder: Path) -> ModelDocument | None:
    """The facts in a folder; None where it has none, as the folders of others.

    Raises:
        LearnerError: they are damaged, or of another release.
    """
    path = folder / DOCUMENT
    if not path.exists():
        return None
    content = _content(path)
    try:
        version = _Version.model_validate_json(content).version
        if version != VERSION:
            raise LearnerError(
                f"{path} has version {version}, and this release of Earmark reads version {VERSION}; "
                "use the release that wrote it, or save the network again with this one."
            )
        found = ModelDocument.model_validate_json(content)
        if checked_labels(found.labels) != found.labels:
            raise damaged(path, "a label has space around it")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        named = ".".join(str(part) for part in first["loc"])[:100]
        where = "".join(character if character.isprintable() else "?" for character in named)
        raise damaged(path, f"{where + ': ' if where else ''}{first['msg']}") from error
    except LabelError as error:
        raise damaged(path, str(error)) from error
    return found


def damaged(path: Path, why: str) -> LearnerError:
    """The error of a file that cannot be used."""
    return LearnerError(
        f"{path} is damaged ({why.rstrip('.')}); save the network again with `earmark finetune --save`, or get the folder again."
    )


def _content(path: Path) -> bytes:
    try:
        # A pipe of that name would be waited for without end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise damaged(path, "it is no file")
        with path.open("rb") as file:
            content = file.read(_MOST_JSON + 1)
    except OSError as error:
        raise LearnerError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    if len(content) > _MOST_JSON:
        raise damaged(path, f"it is larger than {_MOST_JSON} bytes")
    return content
