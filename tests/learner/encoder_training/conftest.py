"""What tests of trainings share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from learner.encoder_training.pretraining import crop_sets


@pytest.fixture
def without_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Crops are made in a thread: a process for them loads torch first, and how they are made changes nothing for this test."""
    monkeypatch.setattr(crop_sets, "ProcessPoolExecutor", lambda **_: ThreadPoolExecutor(1))
