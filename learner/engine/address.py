"""Where work is to run, as users name it: `local:N`, or the address of a Dask scheduler."""

from __future__ import annotations

import re
from dataclasses import dataclass

from db.errors import EngineError

FORMS = "local:N for N processes of this machine, or tcp://HOST:PORT or tls://HOST:PORT for a Dask scheduler"
MOST_LOCAL = 1024


@dataclass(frozen=True)
class Local:
    """Processes of this machine."""

    workers: int


@dataclass(frozen=True)
class Scheduler:
    """A scheduler that somebody has started, with workers wherever they are."""

    address: str


def address_of(text: str) -> Local | Scheduler:
    """What `--on` names.

    Raises:
        EngineError: it is neither form.
    """
    shown = text[:100]
    if found := re.fullmatch(r"local:(\d{1,6})", text):
        workers = int(found[1])
        if not 1 <= workers <= MOST_LOCAL:
            raise EngineError(f"{shown!r} asks for {workers} processes; give a number from 1 to {MOST_LOCAL}.")
        return Local(workers)
    if re.fullmatch(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]@]+):\d{1,5}", text):
        return Scheduler(text)
    if text.startswith("ray:"):
        raise EngineError(
            f"{shown!r} is an address of Ray, and Earmark runs on Dask; start `dask scheduler` and `dask worker` on the same "
            "machines, then give tcp://HOST:8786."
        )
    raise EngineError(f"{shown!r} is no place to run on; give {FORMS}.")
