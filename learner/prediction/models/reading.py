"""Reads a folder with a classifier of audio: one that Earmark has saved, or any of the wav2vec 2.0 kind for transformers.

It is read as if a stranger had written it: every file is checked before it is used, nothing is unpickled but tensors, no code of
the folder is run, and nothing is downloaded.

All of these classifiers are linear in means (and deviations) of hidden states over time, so each is a linear head on the vectors
of an encoder: a long recording goes through the network window by window.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from db.errors import EncoderError, LabelError, LearnerError
from db.records.labels import checked_labels
from learner.arrays import Float32Array
from learner.encoders.base import Encoder
from learner.encoders.checkpoint_files import find_files
from learner.encoders.tensor_files import stored_tensors
from learner.encoders.wav2vec2.checkpoints import ARCHITECTURES, Checkpoint
from learner.heads.linear import LinearHead
from learner.prediction.models.document import CROPS, DOCUMENT, HEAD, NETWORK, PLAIN, RELU, ModelDocument, damaged, document_in
from learner.prediction.models.networks import ClassifierNetwork
from learner.prediction.predictions import LabelledHead

if TYPE_CHECKING:
    from torch import Tensor

_KIND = "ForSequenceClassification"
"""End of the name of transformers' classes that give one label a clip."""
_MOST = (2**16, 1000, 192_000, 2**16, 2**20)
"""Hidden size, layers, Hz, and samples of stride and receptive field: more would only fill memory."""
_MOST_WEIGHTS = 2**28
"""Of a head."""
_MOST_CROP_SECONDS = 60
"""As training takes them: a shorter clip is repeated up to that length."""


@dataclass(frozen=True)
class SavedModel:
    """A classifier of audio."""

    folder: Path
    encoder: Encoder
    """Its network; weights are loaded when the first clip comes."""
    head: LabelledHead
    facts: ModelDocument | None
    """None for a folder that Earmark has not written."""


def load_saved_model(folder: Path, *, device: str | None = None) -> SavedModel:
    """Read a folder.

    Args:
        device: a torch device; none takes a GPU where there is one.

    Raises:
        LearnerError: there is none, or a file is missing, damaged, of another release, or no classifier.
        EncoderError: the network is of a kind that cannot be used.
    """
    if not folder.is_dir():
        raise LearnerError(f"There is no folder {folder}; give one that `earmark finetune --save` has written.")
    facts = document_in(folder)
    if facts is not None and facts.head == CROPS:
        _check_hashes(folder, facts)
        return _of_crops(folder, facts, device)
    found = Checkpoint.of(find_files(str(folder.resolve()), among=ARCHITECTURES))
    _check_sizes(folder, found)
    if facts is None:
        return _of_others(folder, found, device)
    _check_hashes(folder, facts)
    layers = facts.layers if facts.head not in (PLAIN, RELU) else None
    encoder = _network(
        folder,
        found,
        layers=layers,
        pooling=facts.pooling,
        relu=facts.head == RELU,
        window_seconds=facts.clip_seconds,
        device=device,
    )
    if facts.head == PLAIN:
        coef, intercept, _ = _classifier(folder, found)
    else:
        coef, intercept = _head_of(folder / HEAD)
    return SavedModel(folder, encoder, _labelled(folder, coef, intercept, encoder.dim, facts.labels), facts)


def _of_crops(folder: Path, facts: ModelDocument, device: str | None) -> SavedModel:
    from safetensors.torch import load_file

    from learner.encoders.corpora_model.classifier import CropClassifier, network_of

    count = len(facts.labels)
    if count * count > _MOST_WEIGHTS:
        raise damaged(folder / DOCUMENT, f"it names {count} labels")
    if facts.clip_seconds > _MOST_CROP_SECONDS:
        raise damaged(folder / DOCUMENT, f"its crops have {facts.clip_seconds:g} seconds")
    if NETWORK not in facts.sha256:
        raise damaged(folder / DOCUMENT, f"it has no SHA-256 of {NETWORK}")
    try:
        network, head = network_of(load_file(str(folder / NETWORK)), classes=count)
    except Exception as error:
        # The reader of safetensors raises errors of its own.
        raise damaged(folder / NETWORK, str(error)[:200]) from error
    encoder = CropClassifier(network, head, folder=folder, crop_seconds=facts.clip_seconds, device=device)
    as_they_are = np.eye(count, dtype=np.float32), np.zeros(count, dtype=np.float32)
    return SavedModel(folder, encoder, _labelled(folder, *as_they_are, count, facts.labels), facts)


def _of_others(folder: Path, found: Checkpoint, device: str | None) -> SavedModel:
    architectures = found.config.get("architectures")
    named = [str(name) for name in architectures] if isinstance(architectures, list) else []
    if not any(name.endswith(_KIND) for name in named):
        raise LearnerError(
            f"{folder} holds {', '.join(named)[:100] or 'a network'} and no classifier of audio; give a folder that "
            f"`earmark finetune --save` has written, or one of a class such as Wav2Vec2{_KIND}."
        )
    coef, intercept, layers = _classifier(folder, found)
    encoder = _network(folder, found, layers=layers, device=device)
    return SavedModel(folder, encoder, _labelled(folder, coef, intercept, encoder.dim, _labels(folder, found.config)), None)


def _check_sizes(folder: Path, found: Checkpoint) -> None:
    try:
        sizes = (found.hidden_size, found.transformer_layers, found.sampling_rate, found.stride, found.receptive_field)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise damaged(folder / "config.json", str(error)[:200]) from error
    if not all(0 < size <= most for size, most in zip(sizes, _MOST, strict=True)):
        raise damaged(folder / "config.json", "a size of the network or the sampling rate makes no sense")


def _network(folder: Path, found: Checkpoint, **options: Any) -> ClassifierNetwork:
    try:
        return ClassifierNetwork(found, **options)
    except EncoderError:
        raise
    except (TypeError, ValueError, ArithmeticError) as error:
        raise damaged(folder / "config.json", str(error)[:200]) from error


def _check_hashes(folder: Path, facts: ModelDocument) -> None:
    for name, wanted in facts.sha256.items():
        path = folder / name
        if Path(name).name != name:
            raise damaged(folder, f"{name[:100]!r} is no name of a file in it")
        if path.exists() and not path.is_file():
            # A pipe of that name would be waited for without end.
            raise damaged(path, "it is no file")
        try:
            with path.open("rb") as file:
                known = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise LearnerError(
                f"{path} cannot be read ({error.strerror}); get the folder again, whole, with all of its files."
            ) from error
        if known != wanted:
            raise damaged(path, "its SHA-256 is not the one that was noted")


def _head_of(path: Path) -> tuple[Float32Array, Float32Array]:
    """Weights [classes, dim] and intercepts [classes] in a file of Earmark's own."""
    from safetensors.numpy import load_file

    try:
        arrays = load_file(path)
    except OSError as error:
        raise LearnerError(
            f"{path} cannot be read ({error.strerror}); get the folder again, whole, with all of its files."
        ) from error
    except Exception as error:
        # The reader raises errors of its own, and KeyError for types that numpy lacks.
        raise damaged(path, "it cannot be read as safetensors") from error
    if not {"coef", "intercept"} <= arrays.keys():
        raise damaged(path, "it lacks the arrays coef and intercept")
    return arrays["coef"], arrays["intercept"]


def _classifier(folder: Path, found: Checkpoint) -> tuple[Float32Array, Float32Array, str | None]:
    """Projector, mean over time and classifier as one linear head, and the layers that it reads: the mean of all, or the last."""
    wanted = ("projector.weight", "projector.bias", "classifier.weight", "classifier.bias")
    try:
        with stored_tensors(found) as readers:
            tensors = {name: _wide(readers[name]()) for name in (*wanted, "layer_weights") if name in readers}
    except Exception as error:
        raise damaged(folder, f"its weights cannot be read: {type(error).__name__}") from error
    lacking = [name for name in wanted if name not in tensors]
    if lacking:
        raise damaged(folder, f"its weights lack {lacking[0]}")
    projector, offset, classifier, bias = (tensors[name] for name in wanted)
    if (projector.ndim, classifier.ndim) != (2, 2) or classifier.shape[1] != len(projector) or offset.shape != (len(projector),):
        raise damaged(folder, f"projector and classifier have the shapes {projector.shape} and {classifier.shape}")
    if bias.shape != (len(classifier),) or len(classifier) * projector.shape[1] * _layers(found) > _MOST_WEIGHTS:
        # Small files could otherwise ask for a product that fills the memory.
        raise damaged(
            folder, f"classifier, bias and projector have the shapes {classifier.shape}, {bias.shape}, {projector.shape}"
        )
    coef, intercept = classifier @ projector, classifier @ offset + bias
    if not found.config.get("use_weighted_layer_sum"):
        return coef.astype(np.float32), intercept.astype(np.float32), None
    if tensors.get("layer_weights", np.zeros(0)).shape != (found.transformer_layers + 1,):
        raise damaged(folder, "its weights lack one layer_weight for each layer")
    shares = np.exp(tensors["layer_weights"] - tensors["layer_weights"].max())
    shares /= shares.sum()
    return np.concatenate([share * coef for share in shares], axis=1).astype(np.float32), intercept.astype(np.float32), "all"


def _layers(found: Checkpoint) -> int:
    """How many layers' features the head reads side by side."""
    return found.transformer_layers + 1 if found.config.get("use_weighted_layer_sum") else 1


def _wide(tensor: Tensor) -> Any:
    return tensor.detach().cpu().double().numpy()


def _labels(folder: Path, config: Mapping[str, Any]) -> Sequence[str]:
    named = config.get("id2label")
    if not isinstance(named, dict) or sorted(named) != sorted(str(number) for number in range(len(named))):
        raise damaged(folder / "config.json", "id2label does not name one label for each number from 0")
    return [str(named[str(number)]) for number in range(len(named))]


def _labelled(folder: Path, coef: Float32Array, intercept: Float32Array, dim: int, labels: Sequence[str]) -> LabelledHead:
    """The head of these weights, once they fit the network and the labels."""
    try:
        names = checked_labels(labels)
    except LabelError as error:
        raise damaged(folder / "config.json", str(error)) from error
    if coef.shape != (len(names), dim) or intercept.shape != (len(names),):
        raise damaged(folder, f"its head is of the shape {coef.shape}, with {len(names)} labels and vectors of {dim}")
    if (
        coef.dtype != np.float32
        or intercept.dtype != np.float32
        or not (np.isfinite(coef).all() and np.isfinite(intercept).all())
    ):
        raise damaged(folder, "a weight of its head is not a number")
    head = LinearHead()
    head.coef_, head.intercept_, head.classes_ = coef, intercept, np.arange(len(names), dtype=np.int64)
    head.n_features_in_ = dim
    return LabelledHead(head, range(len(names)), names)
