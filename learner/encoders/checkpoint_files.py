"""Finds the files of a checkpoint and reads its settings: the bundled one, a local folder, or a snapshot of the hub.

It loads no torch, and uses the network only for a hub id that is not yet in the local cache.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from db.errors import EncoderError
from learner.encoders.base import BUNDLED

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_SETTINGS = ["config.json", "preprocessor_config.json"]
_SAFE = ["model.safetensors", "model.safetensors.index.json", "model-*.safetensors"]
_BINARY = ["pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-*.bin"]


@dataclass(frozen=True)
class CheckpointFiles:
    """A checkpoint on the local disk, of whatever architecture."""

    name: str
    """A built-in name such as `bundled`, an absolute folder, or a hub id."""
    origin: str
    """`built-in`, `bundled`, `folder` or `hub`."""
    folder: Path
    revision: str
    """Commit hash of the hub, or `sha256:` and a hash of weights and configuration."""
    safe: bool
    """The weights are safetensors; otherwise tensors in a pickle, of which nothing but tensors is read."""
    config: dict[str, Any]
    preprocessor: dict[str, Any]

    @property
    def model_type(self) -> str:
        """The architecture, as transformers names it."""
        return str(self.config.get("model_type"))

    @property
    def fine_tuned_for(self) -> str | None:
        """Class of the model that it was fine-tuned as; None for a network that was pre-trained only."""
        named = self.config.get("architectures") or []
        return next((str(name) for name in named if re.search(r"For(CTC|SequenceClass|AudioFrame|XVector)", str(name))), None)


def find_files(
    name: str,
    *,
    among: Collection[str] | None = None,
    revision: str | None = None,
    may_fetch: bool = True,
    beside: Sequence[str] = (),
) -> CheckpointFiles:
    """Locate a checkpoint and read its settings; a hub id is downloaded if it is not in the local cache.

    Args:
        among: the model types that will do; None takes any.
        may_fetch: whether the network may be used: only for a checkpoint that the user has named.
        beside: names of further files of a hub id, of which one at least must be there: those of its tokenizer.

    Raises:
        EncoderError: there is none of that name, it cannot be fetched, is damaged, or is of another type.
    """
    if name == BUNDLED:
        return _read(name, "bundled", Path(str(files("learner.encoders") / "bundled")), among)
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return _read(str(folder.resolve()), "folder", folder.resolve(), among)
    if not _HUB_ID.fullmatch(name):
        kind = "There is no folder" if re.match(r"[/.~]|.*/.*/", name) else "There is no encoder"
        raise EncoderError(
            f"{kind} {name!r}; give bundled, whisper, logmel, egemaps, a folder with a checkpoint, "
            "or a hub id such as facebook/wav2vec2-base."
        )
    snapshot = _snapshot(name, revision, may_fetch=may_fetch, beside=beside)
    return _read(name, "hub", snapshot, among, revision=snapshot.name)


def weight_files(folder: Path) -> list[Path]:
    """The files of weights, and their index where there are several; safetensors if there are any."""
    for patterns in (_SAFE, _BINARY):
        # A pipe of such a name would be waited for without end.
        found = sorted(path for pattern in patterns for path in folder.glob(pattern) if path.is_file())
        if any(path.suffix != ".json" for path in found):
            return found
    return []


def _snapshot(name: str, revision: str | None, *, may_fetch: bool, beside: Sequence[str]) -> Path:
    from huggingface_hub import snapshot_download

    for offline in (True, False) if may_fetch else (True,):
        for weights in (_SAFE, _BINARY):
            try:
                wanted = [*_SETTINGS, *weights, *beside]
                found = Path(snapshot_download(name, revision=revision, allow_patterns=wanted, local_files_only=offline))
            except Exception as error:
                if offline:
                    break
                raise EncoderError(
                    f"Encoder {name!r} is not in the local cache and cannot be fetched from the hub ({_brief(error)}); "
                    "download it elsewhere and give the folder with its config.json and weights instead, such as "
                    f"--encoder /models/{name.split('/')[-1]}."
                ) from error
            whole = (found / "config.json").is_file() and weight_files(found)
            # A snapshot in the cache may have been fetched for something that needs fewer files; the hub knows better.
            if whole and (not offline or not beside or any((found / file).is_file() for file in beside)):
                return found
    if not may_fetch:
        raise EncoderError(f"Encoder {name!r} is not in the local cache; name it yourself, so that it may be downloaded.")
    raise EncoderError(f"Encoder {name!r} has no model.safetensors or pytorch_model.bin on the hub; choose another checkpoint.")


def _read(name: str, origin: str, folder: Path, among: Collection[str] | None, *, revision: str | None = None) -> CheckpointFiles:
    config = _json(folder / "config.json", name)
    preprocessor = _json(folder / "preprocessor_config.json", name) if (folder / "preprocessor_config.json").is_file() else {}
    kind = config.get("model_type")
    if among is not None and kind not in among:
        raise EncoderError(
            f"Encoder {name!r} is of type {kind!r}, which cannot be used here; choose one of {', '.join(sorted(among))}."
        )
    weights = weight_files(folder)
    if not weights:
        raise EncoderError(f"Encoder {name!r} has no model.safetensors or pytorch_model.bin in {folder}; put the weights there.")
    hashed = [path for path in (folder / "config.json", folder / "preprocessor_config.json") if path.is_file()] + weights
    return CheckpointFiles(
        name=name,
        origin=origin,
        folder=folder,
        revision=revision or _content_revision(hashed),
        safe=any(path.suffix == ".safetensors" for path in weights),
        config=config,
        preprocessor=preprocessor,
    )


def _json(path: Path, name: str) -> dict[str, Any]:
    try:
        # A pipe of that name would be waited for without end.
        content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError, RecursionError) as error:
        raise EncoderError(
            f"Encoder {name!r} cannot be loaded: {path} is missing or damaged; put a whole checkpoint there."
        ) from error
    if content is None:
        raise EncoderError(f"Encoder {name!r} cannot be loaded: {path} is missing or damaged; put a whole checkpoint there.")
    if not isinstance(content, dict):
        raise EncoderError(f"Encoder {name!r} cannot be loaded: {path} holds no settings; put a whole checkpoint there.")
    return content


def _content_revision(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            total.update(path.name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return f"sha256:{total.hexdigest()}"


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}" if str(error).strip() else type(error).__name__


def package_folder(package: str) -> Path | None:
    """Where an installed package lies that carries a checkpoint; none of its code is run. None where it is not installed."""
    found = find_spec(package)
    return Path(found.origin).parent if found is not None and found.origin else None


def sha256_of(path: Path) -> str:
    """Of a file, computed again only when its size or time changes.

    Raises:
        OSError: it cannot be read.
    """
    facts = path.stat()
    return _sha256(path, facts.st_size, facts.st_mtime_ns)


@cache
def _sha256(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
