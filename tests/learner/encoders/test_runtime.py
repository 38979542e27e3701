"""What encoders know of this machine: whether bf16 may be worth measuring, and the name under which measurements are kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from learner.encoders.runtime import device_name, has_bf16, is_of_amd, processor_has_bf16, user_cache


@pytest.fixture(autouse=True)
def computed_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The result is cached per process; here it is computed again, on a processor with bf16."""
    read = Path.read_text
    cpuinfo = "processor : 0\nmodel name : Some Xeon\nflags : fpu avx512f avx512_bf16\n\nprocessor : 1\nmodel name : Some Other\n"
    monkeypatch.setattr(
        Path, "read_text", lambda self, **options: cpuinfo if str(self) == "/proc/cpuinfo" else read(self, **options)
    )
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.delenv("DNNL_MAX_CPU_ISA", raising=False)
    for decided in (processor_has_bf16, is_of_amd):
        decided.cache_clear()
    yield
    for decided in (processor_has_bf16, is_of_amd):
        decided.cache_clear()


def test_bf16_is_possible_where_the_processor_has_it() -> None:
    assert has_bf16("cpu")
    assert device_name("cpu") == "Some Xeon, avx512_bf16, avx512f"


@pytest.mark.parametrize(
    ("limit", "possible"),
    [("AVX2", False), ("avx512_core", False), ("AVX512_CORE_BF16", True), ("ALL", True), ("", True)],
)
def test_a_limit_set_for_onednn_is_heeded(monkeypatch: pytest.MonkeyPatch, limit: str, *, possible: bool) -> None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert has_bf16("cpu") is possible
    limited = "" if limit in {"ALL", ""} else f", limited to {limit.lower()}"
    assert device_name("cpu") == f"Some Xeon, avx512_bf16, avx512f{limited}"


def test_another_processor_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda self, **options: "processor : 0\nflags : fpu avx2\n")
    assert not has_bf16("cpu")


@pytest.mark.parametrize(("vendor", "amd"), [("AuthenticAMD", True), ("GenuineIntel", False)])
def test_the_maker_of_the_processor_is_read(monkeypatch: pytest.MonkeyPatch, vendor: str, *, amd: bool) -> None:
    monkeypatch.setattr(Path, "read_text", lambda self, **options: f"processor : 0\nvendor_id : {vendor}\n")
    assert is_of_amd() is amd


def test_the_user_names_the_cache_folder_or_has_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EARMARK_CACHE", str(tmp_path / "mine"))
    assert user_cache() == tmp_path / "mine"
    monkeypatch.delenv("EARMARK_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert user_cache() == tmp_path / "xdg" / "earmark"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_cache() == tmp_path / ".cache" / "earmark"
