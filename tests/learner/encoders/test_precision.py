"""float32 or bf16: the measurement decides, once for each machine and network, and not the flag of the processor."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from learner.encoders import precision
from learner.encoders.precision import chosen_precision


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A processor with bf16, by name, and the release of torch; a test may change both."""
    facts = {"processor": "Xeon, avx512_bf16", "torch": "2.13.0"}
    monkeypatch.setattr(precision, "has_bf16", lambda device: device == "cpu")
    monkeypatch.setattr(precision, "device_name", lambda _device: facts["processor"])
    monkeypatch.setattr(precision, "release", lambda _package: facts["torch"])
    return facts


class Timed:
    """A measurement that counts how often it is made."""

    def __init__(self, *, float32: float, bfloat16: float) -> None:
        self.seconds = {"float32": float32, "bfloat16": bfloat16}
        self.count = 0

    def __call__(self) -> dict[str, float]:
        self.count += 1
        return self.seconds


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("float32", "bfloat16", "faster"),
    [
        (0.9, 0.3, "bfloat16"),
        (0.27, 0.40, "float32"),
        (0.30, 0.29, "float32"),
        (0.33, 0.29, "bfloat16"),
    ],
    ids=["AMX", "AVX512-BF16 alone", "a difference of chance", "just enough"],
)
def test_the_faster_one_is_used_whatever_the_flag_promises(float32: float, bfloat16: float, faster: str) -> None:
    assert chosen_precision("cpu", geometry="base", measure=Timed(float32=float32, bfloat16=bfloat16)) == faster


@pytest.mark.usefixtures("machine")
def test_without_bf16_in_hardware_nothing_is_measured() -> None:
    timed = Timed(float32=0.9, bfloat16=0.3)
    assert chosen_precision("mps", geometry="base", measure=timed) == "float32"
    assert timed.count == 0


def test_a_measurement_is_kept_for_this_processor_torch_and_geometry(machine: dict[str, str]) -> None:
    first, later = Timed(float32=0.9, bfloat16=0.3), Timed(float32=0.3, bfloat16=0.9)
    assert chosen_precision("cpu", geometry="base", measure=first) == "bfloat16"
    assert chosen_precision("cpu", geometry="base", measure=later) == "bfloat16"
    assert later.count == 0
    assert chosen_precision("cpu", geometry="large", measure=later) == "float32"
    machine["torch"] = "2.14.0"
    assert chosen_precision("cpu", geometry="base", measure=later) == "float32"
    machine["processor"] = "Xeon, avx512_bf16, limited to avx512_core_bf16"
    assert chosen_precision("cpu", geometry="base", measure=later) == "float32"
    assert (first.count, later.count) == (1, 3)


@pytest.mark.usefixtures("machine")
def test_the_kept_file_can_be_read_by_a_person(own_cache: Path) -> None:
    chosen_precision("cpu", geometry="base", measure=Timed(float32=0.9, bfloat16=0.3))
    kept = json.loads((own_cache / "precision.json").read_text())
    assert kept == {"Xeon, avx512_bf16; torch 2.13.0; base": {"float32": 0.9, "bfloat16": 0.3}}


DAMAGE: dict[str, Callable[[str], str]] = {
    "no JSON": lambda _key: "{",
    "a list": lambda _key: "[]",
    "nested without end": lambda _key: "[" * 100_000,
    "no seconds": lambda key: json.dumps({key: None}),
    "half of them": lambda key: json.dumps({key: {"float32": 0.1}}),
    "no numbers": lambda key: json.dumps({key: {"float32": "fast", "bfloat16": True}}),
    "no time at all": lambda key: json.dumps({key: {"float32": 0.0, "bfloat16": float("nan")}}),
}


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_kept_file_that_is_damaged_is_measured_again(own_cache: Path, damage: Callable[[str], str]) -> None:
    own_cache.mkdir()
    (own_cache / "precision.json").write_text(damage("Xeon, avx512_bf16; torch 2.13.0; base"))
    for _ in range(2):
        timed = Timed(float32=0.9, bfloat16=0.3)
        assert chosen_precision("cpu", geometry="base", measure=timed) == "bfloat16"
    assert timed.count == 0, "the second time it is kept"


@pytest.mark.usefixtures("machine")
def test_where_nothing_can_be_kept_it_is_measured_each_time(own_cache: Path) -> None:
    own_cache.write_text("a file where the folder should be")
    timed = Timed(float32=0.9, bfloat16=0.3)
    for _ in range(2):
        assert chosen_precision("cpu", geometry="base", measure=timed) == "bfloat16"
    assert timed.count == 2
