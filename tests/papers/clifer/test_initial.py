"""What the networks start from: deviations that the release states, and signals that He's keep alive."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from fer_utils.papers.clifer.imagination import Trainer
from fer_utils.papers.clifer.initial import inputs_of
from fer_utils.papers.clifer.settings import IMAGINATIONS, INITIALS, ImaginationSettings
from tests.papers.clifer.conftest import TINY

WIDE = ImaginationSettings(
    image_size=48, encoder_widths=(32, 32, 64, 64), encoder_dense=256, generator_widths=(64, 32, 32, 32, 32),
    discriminator_widths=(32, 32, 32, 32), discriminator_dense=128, identity="none",
)  # fmt: skip
NETWORKS = ("E", "G", "D_img", "D_z", "C")


def layers_of(settings: ImaginationSettings, name: str, seed: int = 0) -> list[nn.Module]:
    network = Trainer(settings, range(6), seed).networks[name]
    return [layer for layer in network.modules() if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))]


def deviation(layer: nn.Module) -> float:
    return float(layer.weight.detach().square().mean().sqrt())


def test_the_release_is_the_default_of_both_presets() -> None:
    assert {preset.initial for preset in IMAGINATIONS.values()} == {"release"}


@pytest.mark.parametrize(
    ("name", "deviations"),
    [
        # Glorot's deviation is sqrt(2 / (inputs + outputs)), whether uniform or normal.
        ("E", [0.025] * 4 + [(2 / (64 * 9 + 256)) ** 0.5, (2 / (256 + 50)) ** 0.5]),
        ("G", [0.025] * 6),
        # A normal distribution that is cut at two deviations has 0.88 of its deviation left.
        ("D_img", [0.88 * 0.025] * 4 + [0.02, 0.025]),
        ("D_z", [0.02, 0.025, 0.025, 0.025]),
        ("C", [0.02, 0.025, 0.025, 0.025]),
    ],
)
def test_deviations_of_the_release(name: str, deviations: list[float]) -> None:
    layers = layers_of(WIDE.but(initial="release"), name)
    for layer, expected in zip(layers, deviations, strict=True):
        # Within five standard errors of a deviation that was estimated from so many draws.
        within = 5 / (2 * layer.weight.numel()) ** 0.5
        assert deviation(layer) == pytest.approx(expected, rel=within), layer
        assert not layer.bias.any()


def test_the_release_cuts_d_img_s_convolutions_and_draws_the_code_s_layer_evenly() -> None:
    for layer in layers_of(WIDE, "D_img")[:4]:
        assert 0.045 < float(layer.weight.detach().abs().max()) <= 0.05
    assert max(float(layer.weight.detach().abs().max()) for layer in layers_of(WIDE, "G")) > 0.08
    code = layers_of(WIDE, "E")[-1].weight
    bound = (6 / (256 + 50)) ** 0.5
    assert 0.99 * bound < float(code.detach().abs().max()) <= bound


@pytest.mark.parametrize("name", NETWORKS)
def test_deviations_of_he(name: str) -> None:
    layers = layers_of(WIDE.but(initial="he"), name)
    for layer in layers:
        expected = ((1 if layer is layers[-1] else 2) / inputs_of(layer)) ** 0.5
        assert deviation(layer) == pytest.approx(expected, rel=5 / (2 * layer.weight.numel()) ** 0.5), layer
        assert not layer.bias.any()


def test_inputs_of_a_strided_transposed_convolution() -> None:
    """25 weights a channel pair fall on four times as many pixels."""
    assert inputs_of(nn.ConvTranspose2d(8, 3, 5, 2, 2, 1)) == 8 * 25 / 4
    assert inputs_of(nn.ConvTranspose2d(8, 3, 5, 1, 2)) == inputs_of(nn.Conv2d(8, 3, 5)) == 8 * 25
    ones = nn.ConvTranspose2d(8, 1, 5, 2, 2, 1, bias=False)
    nn.init.ones_(ones.weight)
    with torch.no_grad():
        middle = ones(torch.ones(1, 8, 12, 12))[0, 0, 6:-6, 6:-6]
    assert float(middle.mean()) == pytest.approx(8 * 25 / 4)


def test_he_keeps_the_faces_apart_where_torch_does_not() -> None:
    """Codes of different faces, before any training: their spread, of at most 1."""
    images = torch.rand(32, 3, 48, 48, generator=torch.Generator().manual_seed(0)).gt(0.5) * 2.0 - 1
    images *= torch.linspace(0.1, 1, 32)[:, None, None, None]
    spread = {}
    for initial in INITIALS:
        with torch.no_grad():
            codes = Trainer(WIDE.but(initial=initial, encoder_dense=0), range(6), 0).networks["E"](images)
        spread[initial] = float(codes.std(dim=0).mean())
    assert spread["he"] > 0.1 > 0.02 > spread["torch"]


@pytest.mark.parametrize("initial", INITIALS)
def test_the_same_seed_gives_the_same_weights(initial: str) -> None:
    first, again, other = (Trainer(TINY.but(initial=initial), range(6), seed).state() for seed in (3, 3, 4))
    for name, value in first.items():
        np.testing.assert_array_equal(again[name], value, err_msg=name)
    assert not np.array_equal(first["E.layers.0.weight"], other["E.layers.0.weight"])


def test_torch_s_own_are_left_alone() -> None:
    assert all(layer.bias.any() for layer in layers_of(TINY.but(initial="torch"), "E"))
