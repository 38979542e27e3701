"""What a worker process runs: it builds the driver's encoder anew, checks that it is the same, and encodes shard by shard."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Generic, TypeVar

from db.errors import EarmarkError, EncoderError
from learner.encoders.base import Encoder
from learner.encoders.registry import encoder_as_in

Shard = TypeVar("Shard")
Result = TypeVar("Result")
Work = Callable[[Encoder, Shard], Result]
"""A function of a module, which workers import by its name."""

_PACKAGES = ("earmark", "numpy", "soundfile", "soxr", "torch", "transformers", "av")
"""Whose releases vectors may depend on, from the file to the vector."""


@dataclass(frozen=True)
class AskedEncoder:
    """How a worker gets the encoder that the driver has."""

    build: Callable[[], Encoder]
    settings: Mapping[str, Any]
    """Those of the driver's: other ones would be other vectors."""
    releases: Mapping[str, str | None]
    """The driver's."""


@dataclass(frozen=True)
class Done(Generic[Result]):
    """What came of a shard."""

    host: str
    result: Result


def asked(encoder: Encoder, *, build: Callable[[], Encoder] | None = None) -> AskedEncoder:
    """What workers are asked for.

    Args:
        build: makes the same encoder on a worker; none finds it by its name, as its settings have it.
    """
    settings = dict(encoder.settings)
    # In bf16 devices differ, so the settings name the one; in float32 a worker may take its GPU.
    named = partial(encoder_as_in, settings, device=settings.get("device"))
    return AskedEncoder(build=build or named, settings=settings, releases=releases())


def releases() -> dict[str, str | None]:
    """Releases of Python and of all packages that vectors may depend on; None for one that is not installed."""
    return {"python": ".".join(map(str, sys.version_info[:2])), **{package: _release(package) for package in _PACKAGES}}


def _release(package: str) -> str | None:
    try:
        # Without the local part: `+cpu` and `+cu128` are builds of one release.
        return version(package).split("+")[0]
    except PackageNotFoundError:
        return None


def run_shard(encoder: AskedEncoder, work: Work[Shard, Result], shard: Shard) -> Done[Result]:
    """Do the work on one shard, in a worker.

    Raises:
        EncoderError: the worker has other releases or weights than the driver, or the encoder cannot be loaded or run.
    """
    host = socket.gethostname()
    try:
        with _ONE_AT_A_TIME:
            return Done(host, work(_held.get(encoder), shard))
    except EarmarkError as error:
        raise EncoderError(f"Worker on {host}: {error}") from None


class _Held:
    """The encoder of the last shard: its weights are loaded once."""

    def __init__(self) -> None:
        self._key = ""
        self._encoder: Encoder | None = None

    def get(self, wanted: AskedEncoder) -> Encoder:
        key = json.dumps([dict(wanted.settings), dict(wanted.releases)], sort_keys=True)
        if self._encoder is None or key != self._key:
            _refuse_other_releases(wanted.releases)
            self._encoder, self._key = _checked(wanted.build(), wanted.settings), key
        return self._encoder


def _refuse_other_releases(wanted: Mapping[str, str | None]) -> None:
    here = releases()
    for package, release in wanted.items():
        if here.get(package) != release:
            raise EncoderError(
                f"it has {package} {here.get(package) or '(not installed)'}, and the machine that started the work has "
                f"{release or 'none'}; install the same releases on all machines."
            )


def _checked(encoder: Encoder, wanted: Mapping[str, Any]) -> Encoder:
    differ = sorted(key for key in {*encoder.settings, *wanted} if encoder.settings.get(key) != wanted.get(key))
    if differ:
        raise EncoderError(
            f"its encoder {encoder.name!r} differs in {', '.join(differ)} from that of the machine that started the work; "
            "give all machines the same files."
        )
    return encoder


_held = _Held()
_ONE_AT_A_TIME = threading.Lock()
"""A worker with several threads computes shards one by one: the encoders share memory and processors."""
