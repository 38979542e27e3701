"""No test, and no process that a test starts, reaches another machine: attempts are refused, and the test that made them fails.

`conftest.py` names this module in `pytest_plugins`.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

OFFLINE = Path(__file__).parent / "offline"
LOG_VARIABLE = "EARMARK_TEST_NETWORK_LOG"
_logs = tempfile.TemporaryDirectory(prefix="earmark-network-")
LOG = Path(_logs.name) / f"{os.getpid()}.log"


def pytest_configure() -> None:
    """Refuse connections in this process and, through the environment, in every Python process started from it."""
    os.environ[LOG_VARIABLE] = str(LOG)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(OFFLINE), *filter(None, [os.environ.get("PYTHONPATH")])])
    sys.path.insert(0, str(OFFLINE))
    sys.modules.pop("sitecustomize", None)
    importlib.import_module("sitecustomize")
    sys.path.remove(str(OFFLINE))


def attempts() -> list[str]:
    """Who tried to leave the machine so far, one line per attempt."""
    return LOG.read_text(encoding="utf-8").splitlines() if LOG.exists() else []


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """Fail a test during which something tried to leave the machine, even if it continued without a connection."""
    before = len(attempts())
    yield
    new = attempts()[before:]
    if new:
        pytest.fail("Something tried to leave this machine: " + "; ".join(new))
