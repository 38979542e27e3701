"""Products with packed weights are the products, whatever processor and torch there are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, linear

from learner.encoders import cpu_products
from learner.encoders.cpu_products import GELU, PackedLinear, is_gelu, packed, packs, product, use_fast_products

needs_operators = pytest.mark.skipif(
    not cpu_products.multiplies_packed(torch.float32), reason="this torch has no operators for packed weights"
)


@pytest.fixture(autouse=True)
def decided_again() -> Iterator[None]:
    """Whether weights are packed is decided once in a process; here in each test."""
    packs.cache_clear()
    yield
    packs.cache_clear()


@pytest.fixture(params=["AMD", "another processor", "a torch without the operators"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where products are computed."""
    name: str = request.param
    monkeypatch.setattr(cpu_products, "is_of_amd", lambda: name != "another processor")
    if name == "a torch without the operators":
        monkeypatch.setattr(cpu_products, "multiplies_packed", lambda _dtype: False)
    return name


def made(*shape: int) -> Tensor:
    """Seeded noise."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(len(shape)))


class FeedForward(nn.Module):
    """Names and order as in transformers."""

    def __init__(self) -> None:
        super().__init__()
        self.intermediate_dense = nn.Linear(24, 48)
        self.intermediate_act_fn = nn.GELU()
        self.output_dense = nn.Linear(48, 24, bias=False)

    def forward(self, states: Tensor) -> Tensor:
        """[..., 24] of the same."""
        found: Tensor = self.output_dense(self.intermediate_act_fn(self.intermediate_dense(states)))
        return found


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("rows", [1, 32, 83, 1000])
def test_a_product_is_that_of_torch_also_in_portions_and_of_windows_that_overlap(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpu_products, "_PORTION", 400)
    signal, weight, bias = made(2, 4 * rows + 16), made(7, 20), made(7)
    windows = signal.as_strided((2, rows, 20), (4 * rows + 16, 4, 1))
    found = product(windows, packed(weight, torch.float32), bias)
    torch.testing.assert_close(found, linear(windows, weight, bias), atol=1e-5, rtol=1e-5)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_network_computes_the_same_with_fast_products_and_may_be_prepared_again(dtype: torch.dtype) -> None:
    network, states = FeedForward(), made(2, 9, 24)
    with torch.inference_mode():
        expected = network(states)
        use_fast_products(network, dtype=torch.float32)
        use_fast_products(network, dtype=dtype)
        found = network(states).float()
    torch.testing.assert_close(found, expected, atol=1e-5 if dtype == torch.float32 else 0.02, rtol=0.01)


def test_float32_stays_with_torch_where_its_own_products_are_fast(machine: str) -> None:
    network = FeedForward()
    use_fast_products(network, dtype=torch.float32)
    assert isinstance(network.output_dense, PackedLinear) is (machine == "AMD" and cpu_products.multiplies_packed(torch.float32))


@needs_operators
def test_a_packed_weight_can_be_read_as_wavlm_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_products, "is_of_amd", lambda: True)
    weight = made(48, 24)
    layer = PackedLinear(weight, None, dtype=torch.float32)
    assert layer.packed.is_mkldnn
    torch.testing.assert_close(layer.weight, weight, atol=0, rtol=0)


@needs_operators
def test_gelu_in_the_same_pass_is_gelu() -> None:
    inputs, weight, bias = 3 * made(40, 24), made(48, 24), made(48)
    torch.testing.assert_close(
        product(inputs, weight, bias, activation=GELU), gelu(linear(inputs, weight, bias)), atol=1e-5, rtol=1e-5
    )


def test_only_the_exact_gelu_is_computed_in_the_same_pass() -> None:
    assert is_gelu(nn.GELU())
    assert is_gelu(gelu)
    assert not is_gelu(nn.GELU(approximate="tanh"))
    assert not is_gelu(nn.SiLU())
    assert not is_gelu(None)
