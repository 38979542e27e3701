"""The folder of a model for many corpora; every file in it is read as if a stranger had written it.

`model.json`: mode, backbone (an encoder by name and revision), recipe, and each corpus with its labels. `settings.json`: what the
training depends on. And in `run-1`, `run-2`, …: `shared/` (filters that were trained, and what corpora had of their own then),
`corpora/` (what a corpus has of its own, a file each; with filters where these are not shared), `test/` (predictions of the
held-out clips), `training/` (states and one line an epoch).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from db.errors import EncoderError
from db.store.files import whole, write_whole
from learner.many_corpora.backbones.base import Backbone
from learner.many_corpora.backbones.registry import backbone_of
from learner.many_corpora.network.base import CorpusNetwork
from learner.many_corpora.recipe import ADAPTERS, FINETUNE, MODES, SCRATCH

VERSION = 1
_MOST_BYTES = 64 * 2**20
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked", "head.shift", "head.factor")
"""Endings of the names of what normalises and does not learn."""


@dataclass(frozen=True)
class ModelFolder:
    """Where the files of a model are."""

    path: Path

    def run(self, number: int) -> Path:
        """The folder of a run, from 1."""
        return self.path / f"run-{number}"

    def filters(self, run: int) -> Path:
        """The shared filters."""
        return self.run(run) / "shared" / "filters.safetensors"

    def start(self, run: int, corpus: str) -> Path:
        """What a corpus had of its own when the shared filters were trained."""
        return self.run(run) / "shared" / "corpora" / f"{corpus}.safetensors"

    def own(self, run: int, corpus: str) -> Path:
        """What a corpus has of its own."""
        return self.run(run) / "corpora" / f"{corpus}.safetensors"

    def test(self, run: int, corpus: str) -> Path:
        """The predictions of its held-out clips."""
        return self.run(run) / "test" / f"{corpus}.csv"

    def training(self, run: int) -> Path:
        """States and epochs."""
        return self.run(run) / "training"

    def check_settings(self, settings: dict[str, Any]) -> None:
        """Begin a training with these settings, or go on with it.

        Raises:
            EncoderError: the folder holds one with others, or cannot be written to.
        """
        path = self.path / "settings.json"
        try:
            if not path.exists():
                if self.path.is_dir() and any(self.path.iterdir()):
                    raise EncoderError(f"{self.path} holds other files; choose another --output.")
                self.path.mkdir(parents=True, exist_ok=True)
                write_whole(path, json.dumps(settings, indent=1, sort_keys=True) + "\n")
                return
            before = _json(path)
        except OSError as error:
            raise unwritable(self.path, error) from error
        changed = sorted(key for key in {*before, *settings} if before.get(key) != settings.get(key))
        if changed:
            raise EncoderError(
                f"{self.path} holds a training with other settings ({', '.join(changed)}); continue with those, or choose "
                "another --output."
            )

    def write(self, document: dict[str, Any]) -> None:
        """Write `model.json`.

        Raises:
            EncoderError: it cannot be written.
        """
        try:
            write_whole(self.path / "model.json", json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        except OSError as error:
            raise unwritable(self.path, error) from error


@dataclass(frozen=True)
class Model:
    """A trained model."""

    folder: ModelFolder
    mode: str
    backbone: Backbone
    corpora: dict[str, list[str]]
    """The labels of each corpus."""
    runs: int
    document: dict[str, Any]

    @property
    def shares_filters(self) -> bool:
        """Whether corpora have the same filters."""
        return self.mode not in (SCRATCH, FINETUNE)

    def network(self, run: int, corpus: str) -> CorpusNetwork:
        """The network of a corpus.

        Raises:
            EncoderError: a file is missing or damaged, or belongs to a training that has not ended, or the encoder that the
                model needs has changed.
        """
        self._check_belongs(run, corpus)
        backbone = self.backbone
        filters = backbone.filters()
        own = backbone.own(classes=len(self.corpora[corpus]), adapters=self.mode == ADAPTERS)
        parts: dict[str, nn.Module] = {"own": own}
        if not self.shares_filters:
            parts["filters"] = backbone.copied(filters)
        elif backbone.trains_filters:
            load_parts(self.folder.filters(run), {"filters": filters})
        load_parts(self.folder.own(run, corpus), parts)
        return backbone.network(filters, own).eval()

    def _check_belongs(self, run: int, corpus: str) -> None:
        """The labels of a corpus that was trained anew are in `model.json` only when all runs are."""
        wanted = self.document.get("corpora", {}).get(corpus, {}).get("digest")
        path = self.folder.own(run, corpus)
        if wanted is not None and learned_from(path) not in (None, wanted):
            raise EncoderError(
                f"{path} belongs to a training that has not ended; give its `earmark corpora` command again, which goes on "
                "where it was."
            )


def open_model(path: Path) -> Model:
    """A model that was trained.

    Raises:
        EncoderError: there is none, or it is damaged.
    """
    if not (path / "model.json").is_file():
        raise EncoderError(f"{path} holds no model; train one with `earmark corpora train … --output {path}`.")
    document = _json(path / "model.json")
    try:
        # What is no text could be read, and not written again.
        json.dumps(document, ensure_ascii=False).encode()
        if document["version"] != VERSION or document["mode"] not in MODES:
            raise EncoderError(f"{path} holds a model of another release of Earmark; train it again with this one.")
        corpora = {checked_name(name): [str(label) for label in facts["labels"]] for name, facts in document["corpora"].items()}
        runs, backbone = int(document["runs"]), backbone_of(document)
        if runs < 1 or not corpora or any(not 2 <= len(labels) <= 10_000 for labels in corpora.values()):
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise EncoderError(f"{path / 'model.json'} is damaged; train the model again.") from error
    return Model(ModelFolder(path), document["mode"], backbone, corpora, runs, document)


def checked_name(name: str) -> str:
    """The name of a corpus, which is also that of files.

    Raises:
        ValueError: no corpus is called so.
    """
    if not re.fullmatch(r"[\w-][\w.-]*", name):
        raise ValueError(name)
    return name


def save_parts(path: Path, parts: dict[str, nn.Module], *, learned_from: str = "") -> None:
    """Write the weights of modules into one file, with a digest of what they learned from.

    Raises:
        EncoderError: it cannot be written.
    """
    tensors = {
        f"{part}.{name}": tensor.detach().cpu().contiguous()
        for part, module in parts.items()
        for name, tensor in module.state_dict().items()
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as written:
            save_file(tensors, str(written), metadata={"learned_from": learned_from})
    except (OSError, SafetensorError) as error:
        raise unwritable(path.parent, error) from error


def learned_from(path: Path) -> str | None:
    """The digest that a file was saved with; None if there is no such file, or it is damaged."""
    try:
        _check_regular(path)
        with safe_open(str(path), framework="pt") as saved:
            return str(saved.metadata()["learned_from"])
    except (OSError, SafetensorError, KeyError, TypeError):
        return None


def load_parts(path: Path, parts: dict[str, nn.Module]) -> None:
    """Read what `save_parts` has written.

    Raises:
        EncoderError: it is missing or damaged, or of other shapes.
    """
    try:
        _check_regular(path)
        tensors = load_file(str(path))
        for part, module in parts.items():
            module.load_state_dict(
                {name.removeprefix(f"{part}."): value for name, value in tensors.items() if name.startswith(f"{part}.")}
            )
            if not all(torch.isfinite(tensor).all() for tensor in module.state_dict().values()):
                raise ValueError("a weight is not a number")
    except Exception as error:
        raise EncoderError(f"{path} is missing or damaged; train the model again.") from error


def sizes_of(path: Path) -> dict[str, int]:
    """How many values each tensor of a file has, by name; the statistics of normalisation are left out.

    Raises:
        EncoderError: it is missing or damaged.
    """
    found = {}
    try:
        _check_regular(path)
        with safe_open(str(path), framework="pt") as saved:
            for name in saved.keys():  # noqa: SIM118 (no mapping)
                if not name.endswith(_STATISTICS):
                    size = 1
                    for length in saved.get_slice(name).get_shape():
                        size *= length
                    found[name] = size
        if not sum(found.values()):
            raise ValueError("it holds no weight")
    except Exception as error:
        raise EncoderError(f"{path} is missing or damaged; train the model again.") from error
    return found


def unwritable(folder: Path, error: Exception) -> EncoderError:
    """The error of a folder that there is no room in."""
    return EncoderError(
        f"{folder} cannot be written to ({getattr(error, 'strerror', None) or error}); make room or choose "
        "another folder. The same command goes on where it was."
    )


def _check_regular(path: Path) -> None:
    """Raises OSError for what is no file: a pipe of that name would be waited for without end."""
    if not path.is_file():
        raise FileNotFoundError(path)


def _json(path: Path) -> dict[str, Any]:
    try:
        _check_regular(path)
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError
    except (OSError, ValueError, RecursionError) as error:
        raise EncoderError(f"{path} cannot be read; choose another folder, or train the model again.") from error
    return found
