"""What the last fine-tuning on a project gave, as a small JSON file in the folder of heads. It names no clip."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from db.errors import LearnerError
from db.store.files import write_whole

FINETUNED_FILE = "finetuned.json"
_MOST_BYTES = 1 << 20

Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Difference = Annotated[float, Field(ge=-1.0, le=1.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**53)]


def _one_line(text: str) -> str:
    """A text of a file may hold anything; it is shown in one line."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


CORPORA_MODES = ("adapters", "last-layer", "finetune", "scratch")
"""What `earmark corpora` trains of a model's network for a project; see docs/many-corpora.md."""
Method = Literal["v-ft", "tapt", "p-tapt", "adapters", "last-layer", "finetune", "scratch"]
Text = Annotated[str, Field(max_length=8192), AfterValidator(_one_line)]


class Accuracy(BaseModel):
    """UA with its 95% interval, and WA."""

    model_config = ConfigDict(frozen=True)
    ua: Share
    ua_low: Share
    ua_high: Share
    wa: Share


class Finetuned(BaseModel):
    """The result: a fine-tuned network and the live head, both cross-fitted on the same folds of the random slice."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    version: Literal[1] = 1
    at: Annotated[float, Field(ge=0, le=2**40, allow_inf_nan=False)]
    """When it ended, in seconds since 1970."""
    method: Method
    encoder: Text
    """That was fine-tuned; or the model of `earmark corpora`."""
    frozen_encoder: Text
    """That of the live head."""
    labels: Count
    """Labelled clips that there were to learn from; a fold learns from those of the other folds."""
    per_label: Annotated[dict[Text, Count], Field(max_length=10_000)]
    last_decision_id: Count
    slice_clips: Count
    """Clips of the random slice that both were scored on."""
    groups: Count
    """Speakers of these (or files, or clips, where no speaker is known)."""
    folds: Count
    runs: Count
    tuned: Accuracy
    frozen: Accuracy
    difference: Difference
    """UA of the fine-tuned network minus that of the head, paired, with its 95% interval."""
    difference_low: Difference
    difference_high: Difference
    seconds: Annotated[float, Field(ge=0, le=2**40, allow_inf_nan=False)]
    remarks: Annotated[list[Text], Field(max_length=10_000)] = []

    @property
    def verdict(self) -> str:
        """`better`, `worse`, or `level` where the interval of the difference holds 0."""
        if self.difference_low > 0:
            return "better"
        return "worse" if self.difference_high < 0 else "level"

    @property
    def sentence(self) -> str:
        """For example `fine-tuned 0.81 (0.74-0.87), frozen 0.78 (0.71-0.84); difference +0.03 (-0.01 to +0.07): not shown to be
        better`."""
        shown = {"better": "better", "worse": "worse", "level": "not shown to be better"}[self.verdict]
        interval = f"{self.difference_low:+.2f} to {self.difference_high:+.2f}"
        return f"{self._both}; difference {self.difference:+.2f} ({interval}): {shown}"

    @property
    def _both(self) -> str:
        tuned, frozen = _interval(self.tuned), _interval(self.frozen)
        if self.is_of_corpora:
            return f"{self.what} of {self.encoder} {tuned}, linear head on {self.frozen_encoder} {frozen}"
        if self.encoder == self.frozen_encoder:
            return f"fine-tuned {tuned}, frozen {frozen}"
        return f"fine-tuned {self.encoder} {tuned}, frozen {self.frozen_encoder} {frozen}"

    @property
    def is_of_corpora(self) -> bool:
        """Whether it is a network of a model of `earmark corpora`, and no encoder that was fine-tuned."""
        return self.method in CORPORA_MODES

    @property
    def what(self) -> str:
        """What was trained, in a word or two."""
        if not self.is_of_corpora:
            return "fine-tuned"
        return "adapter" if self.method == "adapters" else "network"

    def as_document(self) -> dict[str, Any]:
        """In JSON's types, with verdict and sentence."""
        return {**self.model_dump(mode="json"), "verdict": self.verdict, "sentence": self.sentence, "line": self.line}

    @property
    def line(self) -> str:
        """One line for a status: method, labels, and the sentence."""
        clips = "1 clip" if self.slice_clips == 1 else f"{self.slice_clips} clips"
        name = "Model for many corpora" if self.is_of_corpora else "Fine-tuned"
        return f"{name} ({self.method}, {self.labels} labels): {self.sentence} (UA on {clips} of the random slice)."


def _interval(found: Accuracy) -> str:
    return f"{found.ua:.2f} ({found.ua_low:.2f}-{found.ua_high:.2f})"


def write_finetuned(heads_dir: Path, found: Finetuned) -> None:
    """Keep the result, in place of the one before.

    Raises:
        LearnerError: it cannot be written.
    """
    path = heads_dir / FINETUNED_FILE
    try:
        write_whole(path, json.dumps(found.as_document(), indent=2) + "\n")
    except OSError as error:
        raise LearnerError(f"{path} cannot be written ({error.strerror}); make room and give the same command again.") from error


def read_finetuned(heads_dir: Path) -> Finetuned | None:
    """The result of the last fine-tuning; None where there was none, or where the file makes no sense."""
    try:
        with (heads_dir / FINETUNED_FILE).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        return Finetuned.model_validate_json(content) if len(content) <= _MOST_BYTES else None
    except (OSError, ValidationError, ValueError):
        return None
