"""The recipes: what each method does, with how many steps, at which rates.

The values for large encoders are those of Chen & Rudnicky 2021, *Exploring wav2vec 2.0 fine-tuning for improved speech emotion
recognition*. Those for `bundled`, which is thirteen times smaller, are ours: docs/fine-tuning.md shows the tries.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from db.errors import EncoderError
from learner.encoders.base import BUNDLED

FROZEN, V_FT, TAPT, P_TAPT = "frozen", "v-ft", "tapt", "p-tapt"
METHODS = (FROZEN, V_FT, TAPT, P_TAPT)
MEAN, SHIPPED, ANYONE, PLAIN = "mean", "shipped", "anyone", "plain"
"""Heads, see `Supervised`."""


@dataclass(frozen=True)
class Supervised:
    """V-FT: the transformer learns from labels.

    Args:
        epochs: passes over the labelled clips.
        batch: clips a step; gradients are accumulated where so many do not fit.
        rate: learning rate of Adam for the transformer.
        head_rate: that of the linear layer.
        decays: whether the rate falls to nearly nothing after a short rise; otherwise it is constant.
        head: `MEAN`: ReLU, mean over time, ReLU, linear, of the last layer, as in the paper. `SHIPPED`: starts as the head on
            frozen features that the encoder ships with: its layers, pooling, normalisation and weights. `ANYONE`: as `SHIPPED`,
            but never normalised by speaker, so that it fits new audio, whose speakers are unknown. `PLAIN`: mean over time of
            the last layer, linear; starts as the head on those features, never normalised by speaker. It is the one that the
            classes of transformers for the classification of audio can compute.
        start_scale: what the scores of a shipped head are multiplied by at the start. It is certain of the clips that it was
            fitted to; with smaller scores there is a gradient to learn from.
        voices: in how many other voices each training speaker is learned from too: clips with other pitch, formants, tempo, room
            and microphone, the same for all clips of a speaker.
        clip_seconds: clips are cut there; a longer one is cut at a random place in each epoch.
        time_mask, feature_mask: share that SpecAugment masks, and the length of a span.
    """

    epochs: int = 15
    batch: int = 64
    rate: float = 1e-4
    head_rate: float = 1e-4
    decays: bool = False
    head: str = MEAN
    start_scale: float = 1.0
    voices: int = 0
    clip_seconds: float = 10.0
    time_mask: tuple[float, int] = (0.08, 15)
    feature_mask: tuple[float, int] = (0.05, 64)

    @property
    def by_speaker(self) -> bool:
        """Whether the head may normalise by speaker, where labels show that it helps."""
        return self.head == SHIPPED

    def steps(self, labels: int) -> int:
        """How many steps so many labelled clips take."""
        return self.epochs * -(-labels // self.batch)


@dataclass(frozen=True)
class Pretraining:
    """Continued pre-training on clips without labels.

    Args:
        fresh_rate: learning rate of what has no weights yet, such as a new quantiser or the heads for pseudo-labels.
        warmup, flat: steps of linear rise, and the share of all steps at the full rate; then linear decay.
        mask: chance of a masked span to begin at a frame, and its length.
    """

    steps: int = 20_000
    batch: int = 64
    rate: float = 1e-4
    fresh_rate: float = 1e-4
    warmup: int = 100
    flat: float = 0.05
    crop_seconds: float = 10.0
    mask: tuple[float, int] = (0.065, 10)


@dataclass(frozen=True)
class PseudoLabels:
    """P-TAPT: `clusters` are the numbers of k-means centres, `features` the V-FT whose last layer is clustered."""

    clusters: tuple[int, ...] = (64, 512, 4096)
    features: Supervised = field(default_factory=Supervised)
    pretraining: Pretraining = field(default_factory=lambda: Pretraining(mask=(0.06, 15)))


@dataclass(frozen=True)
class Recipe:
    """What the methods depend on besides clips and encoder."""

    supervised: Supervised = field(default_factory=Supervised)
    contrastive: Pretraining = field(default_factory=Pretraining)
    pseudo_labels: PseudoLabels = field(default_factory=PseudoLabels)

    def as_json(self) -> dict[str, Any]:
        """All values, in JSON's types."""
        return asdict(self)

    def with_epochs(self, epochs: int | None) -> Recipe:
        """With so many epochs of V-FT; none leaves them."""
        return self if epochs is None else replace(self, supervised=replace(self.supervised, epochs=epochs))

    def with_head(self, head: str) -> Recipe:
        """With another head of V-FT."""
        return replace(self, supervised=replace(self.supervised, head=head))

    def for_new_audio(self) -> Recipe:
        """With a head that needs to know no speaker; the same recipe if its head is one."""
        return self.with_head(ANYONE) if self.supervised.by_speaker else self


_SMALL = Supervised(
    epochs=3,
    batch=32,
    rate=5e-5,
    head_rate=1e-5,
    decays=True,
    head=SHIPPED,
    start_scale=0.5,
    voices=4,
    time_mask=(0.0, 15),
    feature_mask=(0.0, 64),
)
_SMALL_PRETRAINING = Pretraining(steps=200, batch=16, rate=1e-4, fresh_rate=1e-3, warmup=40, crop_seconds=3.0)
SMALL = Recipe(
    supervised=_SMALL,
    contrastive=_SMALL_PRETRAINING,
    pseudo_labels=PseudoLabels(
        clusters=(64, 256, 1024), features=_SMALL, pretraining=replace(_SMALL_PRETRAINING, mask=(0.06, 15))
    ),
)


def steps_of(recipe: Recipe, method: str, *, labels: int) -> int:
    """How many steps one fold and run of a method take, all phases together."""
    if method == FROZEN:
        return 1
    steps = recipe.supervised.steps(labels)
    if method == TAPT:
        steps += recipe.contrastive.steps
    elif method == P_TAPT:
        steps += recipe.pseudo_labels.features.steps(labels) + recipe.pseudo_labels.pretraining.steps
    return steps


def recipe_for(encoder: str) -> Recipe:
    """The stated recipe of `bundled`; that of the paper for every other encoder."""
    return SMALL if encoder == BUNDLED else Recipe()


def checked_method(method: str) -> str:
    """The method.

    Raises:
        EncoderError: there is no such method.
    """
    if method not in METHODS:
        raise EncoderError(f"Method {method!r} is not known; choose one of {', '.join(METHODS)}.")
    return method
