"""Which precision is used on which processor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from learner.encoders.runtime import fastest_precision, processor_has_bf16


@pytest.fixture(autouse=True)
def computed_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The result is cached per process; here it is computed again, on a processor with bf16."""
    read = Path.read_text
    cpuinfo = "processor : 0\nflags : fpu avx512f avx512_bf16\n"
    monkeypatch.setattr(
        Path, "read_text", lambda self, **options: cpuinfo if str(self) == "/proc/cpuinfo" else read(self, **options)
    )
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.delenv("DNNL_MAX_CPU_ISA", raising=False)
    processor_has_bf16.cache_clear()
    yield
    processor_has_bf16.cache_clear()


def test_bf16_is_used_where_the_processor_has_it() -> None:
    assert fastest_precision("cpu") == "bfloat16"


@pytest.mark.parametrize(
    ("limit", "precision"),
    [("AVX2", "float32"), ("avx512_core", "float32"), ("AVX512_CORE_BF16", "bfloat16"), ("ALL", "bfloat16"), ("", "bfloat16")],
)
def test_a_limit_set_for_onednn_is_heeded(monkeypatch: pytest.MonkeyPatch, limit: str, precision: str) -> None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert fastest_precision("cpu") == precision


def test_another_processor_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda self, **options: "processor : 0\nflags : fpu avx2\n")
    assert fastest_precision("cpu") == "float32"
