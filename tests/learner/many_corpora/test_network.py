"""The network has the paper's parameters, and adapters that begin as nothing."""

from __future__ import annotations

from dataclasses import replace

import torch

from learner.many_corpora.network.resnet import Filters, OwnLayers, ResNet, layers_of, parameters
from learner.many_corpora.recipe import ATTENTION, PAPER, Recipe
from tests.learner.many_corpora.tiny_corpora import TINY


def network_of(recipe: Recipe = TINY, *, adapters: bool) -> ResNet:
    torch.manual_seed(1)
    return ResNet(recipe, Filters(recipe), OwnLayers(recipe, classes=4, adapters=adapters)).eval()


def test_the_papers_network_has_its_parameters() -> None:
    first = 9 * 1 * 32
    stages = [9 * (32 * 64 + 3 * 64 * 64), 9 * (64 * 128 + 3 * 128 * 128), 9 * (128 * 256 + 3 * 256 * 256)]
    assert stages == [129_024, 516_096, 2_064_384]
    assert parameters(Filters(PAPER)) == first + sum(stages) == 2_709_792
    own = OwnLayers(PAPER, classes=4, adapters=True)
    assert own.adapters is not None
    assert parameters(own.adapters) == 2_709_792 // 9 == 301_088
    assert parameters(own.norms) == 2 * (32 + 4 * 64 + 4 * 128 + 4 * 256) == 3_648
    assert parameters(own.head) == (256 * 128 + 128) + 2 * 128 + (128 * 4 + 4)
    # What the paper calls a ninth: adapters and normalisation.
    assert (301_088 + 3_648) / 2_709_792 < 0.1125


def test_attention_over_places_has_a_layer_and_a_vector() -> None:
    with_attention = OwnLayers(replace(PAPER, pooling=ATTENTION), classes=4, adapters=False)
    assert parameters(with_attention.head) - parameters(OwnLayers(PAPER, classes=4, adapters=False).head) == 256 * 256 + 256 + 256


def test_each_stage_halves_bands_and_frames_and_doubles_channels() -> None:
    assert [(layer.inputs, layer.outputs, layer.stride) for layer in layers_of(PAPER)][1:5] == [
        *((32, 64, 2), (64, 64, 1), (64, 64, 1), (64, 64, 1)),
    ]
    assert network_of(adapters=False).maps(torch.zeros(1, 128, 9)).shape == (1, 16, 16, 2)


def test_new_adapters_change_nothing_and_trained_ones_do() -> None:
    spectrograms = torch.randn(3, 128, 7)
    network = network_of(adapters=False)
    before = network(spectrograms)
    network.own.add_adapters(TINY)
    assert torch.equal(network(spectrograms), before)
    assert network.own.adapters is not None
    with torch.no_grad():
        next(network.own.adapters.parameters()).fill_(1.0)
    assert not torch.equal(network(spectrograms), before)


def test_heads_of_both_kinds_give_a_logit_for_each_label() -> None:
    for pooling in ("average", ATTENTION):
        assert network_of(replace(TINY, pooling=pooling), adapters=True)(torch.randn(2, 128, 5)).shape == (2, 4)
