"""What a model keeps of the encoder that it needs and does not hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from db.errors import EncoderError
from learner.encoders.wav2vec2.checkpoints import Checkpoint, find_checkpoint

_HUB = "hub"


@dataclass(frozen=True)
class EncoderFacts:
    """An encoder by name and revision."""

    name: str
    """`bundled`, an absolute folder or a hub id."""
    origin: str
    """`bundled`, `folder` or `hub`."""
    revision: str
    """Commit of the hub, or a hash of weights and configuration."""
    parameters: int
    """Of the layers that are used."""

    @classmethod
    def of_json(cls, document: Any) -> EncoderFacts:
        """Facts that `as_json` has written.

        Raises:
            KeyError, TypeError, ValueError: it has not.
        """
        found = cls(str(document["name"]), str(document["origin"]), str(document["revision"]), int(document["parameters"]))
        if found.parameters < 1:
            raise ValueError
        return found

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return asdict(self)

    def checkpoint(self) -> Checkpoint:
        """The encoder; nothing is downloaded, since a model may come from a stranger.

        Raises:
            EncoderError: it is not there, or has changed.
        """
        revision = self.revision if self.origin == _HUB else None
        try:
            found = find_checkpoint(self.name, revision=revision, may_fetch=False)
        except EncoderError as error:
            if self.origin != _HUB:
                raise
            raise EncoderError(
                f"The model needs encoder {self.name!r} at revision {self.revision}, which is not in the local cache; fetch it "
                "with `hf download NAME --revision REVISION`."
            ) from error
        if found.revision != self.revision:
            raise EncoderError(
                f"Encoder {self.name!r} has changed since the model was trained on it; put its weights of then back, or train "
                "the model again."
            )
        return found
