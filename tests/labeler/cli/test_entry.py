"""How a command starts and how Ctrl-C ends it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

import pytest

from labeler.cli.__main__ import run

BEFORE = ("labeler.cli.__main__", "labeler.cli.ctrl_c")
"""Loaded before anything can be interrupted."""


class Interrupted(MetaPathFinder):
    """Stands for a person who presses Ctrl-C while a module is looked for."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname == self.name:
            raise KeyboardInterrupt


@pytest.mark.parametrize("module", ["labeler.cli.main", "labeler.cli.data.set_up"])
def test_ctrl_c_while_modules_are_loaded_is_one_line(
    module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    for name in [name for name in sys.modules if name.startswith("labeler.cli.") and name not in BEFORE]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(module), *sys.meta_path])
    try:
        with pytest.raises(SystemExit) as stopped:
            run()
    finally:
        signal.signal(signal.SIGINT, before)
    assert stopped.value.code == 130
    assert capsys.readouterr().err == "Stopped by Ctrl-C.\n"
