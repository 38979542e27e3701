"""A lock file: one owner at a time, who is named, and whose death lets go of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from db.errors import LearnerError
from db.store.lock import locked


def taken(owner: str) -> LearnerError:
    return LearnerError(f"process {owner} has it")


def test_a_second_owner_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    with locked(tmp_path / "lock", refused=taken):
        with pytest.raises(LearnerError, match=f"^process {os.getpid()} has it$"), locked(tmp_path / "lock", refused=taken):
            pass
        with locked(tmp_path / "another", refused=taken):
            pass
    with locked(tmp_path / "lock", refused=taken):
        pass


def test_a_killed_owner_lets_go(tmp_path: Path) -> None:
    holding = (
        "import sys; from pathlib import Path; from db.errors import LearnerError; from db.store.lock import locked\n"
        "with locked(Path(sys.argv[1]), refused=LearnerError):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", holding, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"held\n"
        with pytest.raises(LearnerError, match=f"process {owner.pid} has it"), locked(tmp_path / "lock", refused=taken):
            pass
        owner.kill()
        owner.wait()
    with locked(tmp_path / "lock", refused=taken):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_an_owner_without_a_number_yet_is_unknown(tmp_path: Path) -> None:
    with locked(tmp_path / "lock", refused=taken):
        (tmp_path / "lock").write_text("")
        with pytest.raises(LearnerError, match="process unknown has it"), locked(tmp_path / "lock", refused=taken):
            pass
