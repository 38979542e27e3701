"""One stage of a training: one corpus, or several in turn with one batch of each a step, at one learning rate after the other.

A rate ends when validation UAR has not gained enough for some epochs; the next begins at the best weights, the result is them.
Where a loss or gradient is not a number, the stage goes back to the best weights; after several in a row the next rate begins.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from db.errors import EncoderError
from learner.encoders.memory import enough_memory
from learner.many_corpora.backbones.base import Backbone
from learner.many_corpora.corpora.parts import TRAIN, VALIDATION
from learner.many_corpora.corpora.reading import ReadCorpus
from learner.many_corpora.network.base import CorpusNetwork
from learner.many_corpora.training.batches import batch_of, mean_recall, probabilities
from learner.many_corpora.training.losses import balanced_weights, loss_of
from learner.many_corpora.training.stage_state import KeptStage, Place
from learner.progress import Progress

MOST_IN_A_ROW = 5
"""Steps without a usable loss before a rate ends."""
EpochEnded = Callable[[dict[str, Any]], None]
"""Called after an epoch with its rate, loss, and UAR by corpus."""


@dataclass(frozen=True)
class Stage:
    """What is trained on what.

    Args:
        networks: one for each corpus; several have the same filters.
        tune_filters, tune_norms: whether these move; heads and adapters always do.
        rates: learning rates, one after the other.
        most_epochs: of one rate.
    """

    name: str
    corpora: Sequence[ReadCorpus]
    backbone: Backbone
    networks: Sequence[CorpusNetwork]
    tune_filters: bool
    tune_norms: bool
    rates: tuple[float, ...]
    most_epochs: int
    seed: int
    device: str

    @property
    def tuned_filters(self) -> nn.Module:
        """The filters, or that part of them that is trained."""
        return self.backbone.copied(self.networks[0].filters)

    def groups(self) -> list[dict[str, Any]]:
        """The weights that move, for an optimiser."""
        for network in self.networks:
            network.learns(filters=self.tune_filters, norms=self.tune_norms)
        clips = [len(corpus.y) for corpus in self.corpora]
        return self.backbone.groups(self.networks, clips, filters=self.tune_filters)


def train_stage(
    stage: Stage, *, folder: Path, settings: dict[str, Any], moved: Progress, epoch_ended: EpochEnded
) -> list[dict[str, Any]]:
    """Train to the end, or go on from the state in `folder`; the stage's modules are then the best on validation.

    Args:
        settings: what the training depends on; a state of others is refused.

    Returns:
        What each epoch gave: rate, loss, UAR by corpus.

    Raises:
        EncoderError: a state cannot be read or written, memory runs out, or nothing was ever a number.
    """
    running = _Running(stage, folder, settings, moved, epoch_ended)
    with enough_memory("a step of this training", remedy="choose a smaller --batch, --crop-seconds or --width"):
        return running.through()


class _Running:
    def __init__(self, stage: Stage, folder: Path, settings: dict[str, Any], moved: Progress, epoch_ended: EpochEnded) -> None:
        self._stage, self._recipe, self._moved, self._tell = stage, stage.backbone.recipe, moved, epoch_ended
        moving: dict[str, nn.Module] = {"own": nn.ModuleList(network.own for network in stage.networks)}
        groups = stage.groups()
        if stage.tune_filters:
            moving["filters"] = stage.tuned_filters
        self._moving = nn.ModuleDict(moving)
        for network in stage.networks:
            network.to(stage.device)
        self._best = copy.deepcopy(self._moving).requires_grad_(False)
        self._place = Place()
        self._optimiser = stage.backbone.optimiser(groups)
        everything = nn.ModuleDict({"moving": self._moving, "best": self._best, "place": self._place})
        self._kept = KeptStage(folder, stage.name, modules=everything, optimiser=self._optimiser, settings=settings)
        weights = [balanced_weights(corpus.y[corpus.parts.rows(TRAIN)], classes=corpus.classes) for corpus in stage.corpora]
        self._weights = [each.to(stage.device) if self._recipe.balanced else None for each in weights]

    def through(self) -> list[dict[str, Any]]:
        """All rates."""
        place, recipe, rates = self._place, self._recipe, self._stage.rates
        self._kept.load(place)
        if not place.count("begun"):
            start = self._mean(self._validated())
            place.set(begun=1, best=start, mark=start)
        while place.count("rate") < len(rates):
            for group in self._optimiser.param_groups:
                group["lr"] = rates[place.count("rate")] * group["times"]
            while place.count("step_in_epoch") < recipe.epoch_steps and place.count("skipped_in_row") < MOST_IN_A_ROW:
                self._step()
                self._show()
                self._kept.save_if_due()
            self._end_epoch()
            self._kept.save_if_due(least=0.0)
            self._show()
        if place.count("skipped") == place.count("step"):
            raise EncoderError(f"{self._stage.name}: the loss was never a number; choose smaller --rates.")
        self._moving.load_state_dict(self._best.state_dict())
        self._kept.save()
        return self._kept.history

    def _step(self) -> None:
        step = self._place.count("step")
        torch.manual_seed(self._stage.seed * 1_000_003 + step)
        loss = self._gradients(step)
        if loss is None:
            self._back_to_best()
            self._place.add(step=1, step_in_epoch=1, skipped=1, skipped_in_row=1)
            return
        self._optimiser.step()
        self._place.add(step=1, step_in_epoch=1, loss=loss, losses=1)
        self._place.set(skipped_in_row=0)

    def _gradients(self, step: int) -> float | None:
        """The mean loss of a step over the corpora, with its gradients computed; None if any is not a number."""
        stage, total = self._stage, 0.0
        self._optimiser.zero_grad(set_to_none=True)
        for number, (corpus, network, weights) in enumerate(zip(stage.corpora, stage.networks, self._weights, strict=True)):
            network.train()
            rows, seed = corpus.parts.rows(TRAIN), stage.seed * 1_009 + number
            clips = min(self._recipe.batch, len(rows))
            for inputs, y in batch_of(network, corpus, rows, size=clips, seed=seed, step=step, device=stage.device):
                loss = loss_of(network(inputs), y, recipe=self._recipe, weights=weights) * (len(y) / clips)
                value = float(loss.detach())
                if not math.isfinite(value):
                    return None
                loss.backward()  # type: ignore[no-untyped-call]
                total += value
        if stage.tune_filters:
            # Each corpus counts as if it were alone, whatever their number.
            for weights in stage.tuned_filters.parameters():
                if weights.grad is not None:
                    weights.grad /= len(stage.corpora)
        gradients = [
            weights.grad for group in self._optimiser.param_groups for weights in group["params"] if weights.grad is not None
        ]
        return total / len(stage.corpora) if math.isfinite(float(nn.utils.get_total_norm(gradients))) else None

    def _end_epoch(self) -> None:
        place, recipe = self._place, self._recipe
        found = self._validated()
        mean = self._mean(found)
        entry = {
            "rate": self._stage.rates[place.count("rate")],
            "epoch": place.count("epoch") + 1,
            "loss": place.get("loss") / place.get("losses") if place.count("losses") else None,
            "uar": found,
        }
        if place.get("losses") and mean > place.get("best"):
            self._best.load_state_dict(self._moving.state_dict())
            place.set(best=mean)
        if mean >= place.get("mark") + recipe.least_gain:
            place.set(mark=mean, waited=0)
        else:
            place.add(waited=1)
        place.add(epoch=1, epochs=1)
        over = place.count("waited") >= recipe.patience or place.count("epoch") >= self._stage.most_epochs
        if over or place.count("skipped_in_row") >= MOST_IN_A_ROW:
            self._back_to_best()
            place.add(rate=1)
            place.set(epoch=0, waited=0, mark=place.get("best"))
        place.set(step_in_epoch=0, loss=0, losses=0, skipped_in_row=0)
        self._kept.epoch_ended(entry)
        self._tell(entry)

    def _back_to_best(self) -> None:
        self._moving.load_state_dict(self._best.state_dict())
        self._optimiser.state.clear()

    def _validated(self) -> dict[str, float]:
        """UAR of each corpus on its validation clips."""
        found = {}
        for corpus, network in zip(self._stage.corpora, self._stage.networks, strict=True):
            rows = corpus.parts.rows(VALIDATION)
            values = probabilities(network, corpus.inputs, rows, device=self._stage.device)
            # A network whose weights ran away predicts nothing.
            sound = bool(torch.isfinite(torch.from_numpy(values)).all())
            found[corpus.name] = mean_recall(corpus.y[rows], values.argmax(axis=1)) if sound else 0.0
        return found

    @staticmethod
    def _mean(found: dict[str, float]) -> float:
        return sum(found.values()) / len(found)

    def _show(self) -> None:
        """Moves a bar; the steps that an early stop saves count as done."""
        place, recipe = self._place, self._recipe
        epochs = place.count("rate") * self._stage.most_epochs + place.count("epoch")
        self._moved(
            epochs * recipe.epoch_steps + place.count("step_in_epoch"),
            len(self._stage.rates) * self._stage.most_epochs * recipe.epoch_steps,
        )
