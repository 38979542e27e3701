"""A corpus's own network as a folder that `predict` reads (see `learner.prediction.models`)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import nn

from db.errors import EncoderError, FormatError
from db.store.files import write_whole
from learner.corpora.clips import ProbeClip
from learner.encoders.corpora_model.classifier import FoldedHead, tensors_of
from learner.encoders.corpora_model.folded import FoldedNetwork, folded
from learner.finetuning.model.folder import replaced
from learner.many_corpora.model_folder import Model
from learner.many_corpora.network.heads import Head
from learner.many_corpora.network.resnet import ResNet
from learner.many_corpora.recipe import RESNET
from learner.prediction.models import document
from learner.prediction.models.document import CROPS, DOCUMENT, NETWORK, ModelDocument, Scores, TrainedOn


def save_classifier(
    folder: Path,
    model: Model,
    corpus: str,
    *,
    run: int,
    clips: Sequence[ProbeClip],
    scores: Scores | None,
    remarks: Sequence[str],
    beside: Mapping[str, str],
) -> ModelDocument:
    """Write the network of a corpus with its facts; the folder appears whole or not at all.

    Args:
        clips: those that it learned from.
        beside: texts of further files by name.

    Raises:
        EncoderError: it is no network of its own, or damaged.
        FormatError: it cannot be written.
    """
    network, head = folded_network(model, run, corpus)
    counts, labels = Counter(clip.label for clip in clips), model.corpora[corpus]
    with replaced(folder) as part:
        try:
            save_file(tensors_of(network, head), str(part / NETWORK))
        except SafetensorError as error:
            raise FormatError(f"{folder} cannot be written ({error}); make room, and give the same command again.") from error
        with (part / NETWORK).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        facts = ModelDocument(
            format=document.FORMAT,
            version=document.VERSION,
            labels=list(labels),
            head=CROPS,
            layers=None,
            pooling="mean",
            clip_seconds=model.backbone.recipe.crop_seconds,
            method=f"corpora {model.mode}",
            encoder=model.folder.path.resolve().name,
            revision=f"run {run}",
            recipe=model.backbone.recipe.as_json(),
            trained_on=TrainedOn(
                clips=len(clips),
                speakers=len({clip.speaker for clip in clips if clip.speaker is not None}),
                per_label={label: counts[label] for label in labels},
            ),
            scores=scores,
            remarks=list(remarks),
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            earmark=version("earmark"),
            sha256={NETWORK: digest},
        )
        write_whole(part / DOCUMENT, facts.model_dump_json(indent=2) + "\n")
        for name, content in beside.items():
            write_whole(part / name, content)
    return facts


def check_foldable(model: Model) -> None:
    """Raises EncoderError if a network of this model is no network of its own: before it is trained, and not after it."""
    if model.backbone.name != RESNET:
        raise EncoderError(
            f"{model.folder.path} has adapters on an encoder, and such a network cannot be adopted; leave --adopt out, or train "
            "a model with --backbone resnet."
        )


def folded_network(model: Model, run: int, corpus: str) -> tuple[FoldedNetwork, FoldedHead]:
    """The network of a corpus as plain convolutions, and its head.

    Raises:
        EncoderError: see `check_foldable`, or a file is damaged.
    """
    check_foldable(model)
    network = model.network(run, corpus)
    assert isinstance(network, ResNet)
    own = network.own
    filters = [convolution.weight for convolution in network.filters.convolutions]
    adapters = None if own.adapters is None else [adapter.weight for adapter in own.adapters]
    norms = [norm.state_dict() for norm in own.norms]
    return folded(filters, norms, adapters), _folded_head(own.head)  # type: ignore[arg-type]


def _folded_head(head: Head) -> FoldedHead:
    norm: nn.BatchNorm1d = head.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    hidden = head.hidden.weight * scale[:, None], (head.hidden.bias - norm.running_mean) * scale + norm.bias
    attention = head.attention
    return FoldedHead(
        hidden,
        (head.classes.weight, head.classes.bias),
        None if attention is None else (attention.places.weight, attention.places.bias, attention.weight.weight),
    )
