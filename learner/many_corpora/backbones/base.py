"""What every kind of shared network offers: weights that may be shared, what a corpus has of its own, and how these learn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from learner.many_corpora.inputs.clip_cache import ClipCache
from learner.many_corpora.network.base import CorpusNetwork
from learner.many_corpora.recipe import Values


class Backbone(Protocol):
    """A shared network, with its recipe."""

    trains_filters: bool
    """Whether corpora train what they share; otherwise it comes trained, and no model holds it."""

    @property
    def name(self) -> str:
        """As `--backbone` takes it."""

    @property
    def recipe(self) -> Values:
        """With which values it is made and trained."""

    @property
    def knows_labels_from(self) -> object:
        """What an encoder that a project has adopted reports of the labels it knows, for `db.serving.random_slice.known_key`.

        Raises:
            EncoderError: as `facts`.
        """

    def facts(self) -> dict[str, Any]:
        """What a model and its settings keep of it, JSON values.

        Raises:
            EncoderError: an encoder is missing, damaged or has changed.
        """

    def cache(self, folder: Path | None = None, *, device: str | None = None) -> ClipCache:
        """Where what it takes of clips is kept; without a folder, in the user's cache.

        Args:
            device: what computes it; none takes a GPU where there is one.

        Raises:
            EncoderError: as `facts`.
        """

    def filters(self, *, untrained: bool = False) -> nn.Module:
        """The weights that corpora may share, as training begins with them.

        Args:
            untrained: with random weights also where they come trained.

        Raises:
            EncoderError: as `facts`.
        """

    def copied(self, filters: nn.Module) -> nn.Module:
        """The part of the filters that a corpus has a copy of, where these are not shared."""

    def own(self, *, classes: int, adapters: bool) -> nn.Module:
        """What a corpus has of its own, as training begins with it."""

    def network(self, filters: nn.Module, own: nn.Module) -> CorpusNetwork:
        """The network of a corpus."""

    def groups(self, networks: Sequence[CorpusNetwork], clips: Sequence[int], *, filters: bool) -> list[dict[str, Any]]:
        """The weights that move, for an optimiser; `times` is what each rate is multiplied by.

        Args:
            clips: how many each network's corpus has.
            filters: whether these move.
        """

    def optimiser(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """What moves the weights."""

    def shared_parameters(self) -> int:
        """Parameters of what all corpora use and no model holds; 0 where filters are trained."""
