"""The shared filters in the folder of a model that `earmark corpora train` wrote; read as if a stranger had written it.

`MODEL` stands for its first run, `MODEL/run-2` for the second. Loads no torch before weights are needed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from db.errors import EncoderError
from learner.encoders.checkpoint_files import sha256_of

if TYPE_CHECKING:
    from learner.encoders.corpora_model.folded import FoldedNetwork

LEARNED_FROM = "learned_from.json"
"""SHA-256 of the audio files whose labels the shared filters learned from or were chosen on."""
_RUN = re.compile(r"run-([1-9]\d{0,5})")
_NAME = re.compile(r"[\w-][\w.-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHARING = ("adapters", "last-layer")
_MODES = (*_SHARING, "scratch", "finetune")
_MOST_BYTES = 64 * 2**20
_NORM = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True)
class SharedFilters:
    """The shared network of one run."""

    name: str
    """The folder as `--encoder` takes it, absolute."""
    folder: Path
    """Of the run."""
    run: int
    runs: int
    corpora: tuple[str, ...]
    """Those that the filters were trained on."""
    crop_seconds: float
    """What the network was trained on: a shorter clip is repeated."""
    revision: str
    learned_from: frozenset[str]
    """See `LEARNED_FROM`."""

    def network(self) -> FoldedNetwork:
        """The filters, with the mean of the normalisations that the corpora had when the filters were trained.

        Raises:
            EncoderError: a file is missing or damaged.
        """
        import torch

        from learner.encoders.corpora_model.folded import folded

        filters = _of(self._filters, lambda file, place: file.get_tensor(f"filters.convolutions.{place}.weight").float())
        norms = [
            _of(path, lambda file, place: {key: file.get_tensor(f"own.norms.{place}.{key}").float() for key in _NORM})
            for path in self._starts
        ]
        try:
            together = [
                {key: torch.stack([norm[key] for norm in layer]).mean(dim=0) for key in _NORM}
                for layer in zip(*norms, strict=True)
            ]
            return folded(filters, together, None)
        except (KeyError, RuntimeError, ValueError) as error:
            raise _damaged(self.folder) from error

    @property
    def _filters(self) -> Path:
        return self.folder / "shared" / "filters.safetensors"

    @property
    def _starts(self) -> list[Path]:
        return [self.folder / "shared" / "corpora" / f"{name}.safetensors" for name in self.corpora]

    @property
    def _weights(self) -> list[Path]:
        return [self._filters, *self._starts]


def is_corpora_model(name: str) -> bool:
    """Whether a name is the folder of a model, or of one of its runs."""
    try:
        return bool(name) and (_model_of(Path(name).expanduser()) / "model.json").is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def shared_filters(name: str) -> SharedFilters:
    """The shared network of a model's folder, or of its run.

    Raises:
        EncoderError: the model shares nothing, or is damaged.
    """
    folder = Path(name).expanduser().resolve()
    model = _model_of(folder)
    document, path = _json(model / "model.json"), model / "model.json"
    mode, backbone = document.get("mode"), document.get("backbone")
    if document.get("version") != 1 or mode not in _MODES or not isinstance(backbone, str):
        raise EncoderError(f"{model} holds a model of another release of Earmark; train it again with this one.")
    if mode not in _SHARING:
        raise EncoderError(
            f"{model} was trained in mode {mode!r}, in which corpora share nothing; train one with "
            "`earmark corpora train … --mode adapters`, and give that."
        )
    if backbone != "resnet":
        raise EncoderError(
            f"{model} has adapters on the encoder {backbone[:300]!r}, which stays as it is; give that one to --encoder."
        )
    try:
        corpora = tuple(name for name, facts in document["corpora"].items() if not facts.get("added"))
        runs, crop = int(document["runs"]), float(document["recipe"]["crop_seconds"])
        if runs < 1 or not corpora or not all(map(_NAME.fullmatch, corpora)) or not 0.1 <= crop <= 60:
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _damaged(path) from error
    run = 1 if folder == model else int(folder.name.removeprefix("run-"))
    if run > runs:
        raise EncoderError(f"{model} has {runs} run{'' if runs == 1 else 's'}, so there is no {folder.name}; give {model}.")
    found = SharedFilters(str(folder), model / f"run-{run}", run, runs, corpora, crop, "", known_files(model))
    total = hashlib.sha256()
    for weights in found._weights:
        try:
            if not weights.is_file():
                raise FileNotFoundError(weights)
            total.update(sha256_of(weights).encode())
        except OSError as error:
            raise _damaged(weights) from error
    return SharedFilters(**{**vars(found), "revision": f"sha256:{total.hexdigest()}"})


def _model_of(folder: Path) -> Path:
    return folder.parent if _RUN.fullmatch(folder.name) and not (folder / "model.json").exists() else folder


def known_files(model: Path) -> frozenset[str]:
    """What the list `LEARNED_FROM` of a model holds.

    Raises:
        EncoderError: there is none, or it is damaged.
    """
    path = model / LEARNED_FROM
    if not path.exists():
        raise EncoderError(
            f"{model} does not say which clips it learned from, so it could not be scored fairly; give its "
            "`earmark corpora train` command again, which adds that without training anew."
        )
    files = _json(path).get("files")
    if not isinstance(files, list) or not all(isinstance(each, str) and _SHA256.fullmatch(each) for each in files):
        raise _damaged(path)
    return frozenset(files)


def _of(path: Path, read: Callable[[Any, int], Any]) -> list[Any]:
    """What each layer has in a file of weights."""
    from safetensors import safe_open

    try:
        # A pipe of that name would be waited for without end.
        if not path.is_file():
            raise ValueError
        with safe_open(str(path), framework="pt") as file:
            names = set(file.keys())
            count = sum(bool(re.fullmatch(r"(filters\.convolutions|own\.norms)\.\d+\.weight", name)) for name in names)
            return [read(file, place) for place in range(count)]
    except Exception as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> EncoderError:
    return EncoderError(f"{path} is missing or damaged; train the model again, or give another folder.")


def _json(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            raise ValueError
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path) from error
    return found
