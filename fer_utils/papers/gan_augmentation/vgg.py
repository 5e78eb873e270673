"""Simonyan & Zisserman's networks: configuration B (13 layers with weights), D (16) and E (19).

Layers have the names of ``keras.applications``, whose weights fit them (:mod:`.imagenet`).
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from fer_utils.errors import check_choice

BLOCKS = {"VGG-13": (2, 2, 2, 2, 2), "VGG-16": (2, 2, 3, 3, 3), "VGG-19": (2, 2, 4, 4, 4)}
"""Convolutions in each of the five blocks (Simonyan & Zisserman 2014, Table 1)."""
MAPS = (64, 128, 256, 512, 512)
DENSE = 4_096
NEW_WEIGHTS = 0.1
"""Standard deviation of re-initialised weights, Experiment, C. Biases: not stated, 0 here."""


class Vgg(nn.Sequential):
    """Named layers from pictures to logits. What is frozen stays as it is in training, its batch norm included."""

    def train(self, mode: bool = True) -> Vgg:
        super().train(mode)
        for layer in self:
            if isinstance(layer, nn.BatchNorm2d) and not layer.weight.requires_grad:
                layer.eval()
        return self


def vgg(
    name: str, side: int, n_classes: int, *, channels: int = 3, narrower: int = 1, batch_norm: bool = False,
    dropout: float = 0.0,
) -> Vgg:  # fmt: skip
    """A network from pictures to logits, ``float [N, channels, side, side] -> [N, n_classes]``.

    With three channels of 224 pixels, full width and seven classes VGG-13 has 128,979,527 parameters, VGG-16
    134,289,223 and VGG-19 139,598,919.

    Args:
        name: a key of :data:`BLOCKS`.
        side: of the pictures in pixels, at least 32.
        n_classes: outputs.
        channels: of the pictures.
        narrower: every layer has this many times fewer maps or units; above 1 it is a *reduced* VGG.
        batch_norm: after each convolution. Not in the paper.
        dropout: share that is dropped after each of the two hidden dense layers.

    Raises:
        UsageError: no such network.
    """
    check_choice("network", name, tuple(BLOCKS))
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    before = channels
    for block, (count, maps) in enumerate(zip(BLOCKS[name], MAPS, strict=True), start=1):
        for number in range(1, count + 1):
            layer, width = f"block{block}_conv{number}", maps // narrower
            layers[layer] = nn.Conv2d(before, width, 3, padding=1)
            if batch_norm:
                layers[f"{layer}_norm"] = nn.BatchNorm2d(width)
            layers[f"{layer}_relu"] = nn.ReLU()
            before = width
        layers[f"block{block}_pool"] = nn.MaxPool2d(2)
    layers["flatten"] = nn.Flatten()
    before *= (side // 32) ** 2
    for number in (1, 2):
        layers[f"fc{number}"] = nn.Linear(before, DENSE // narrower)
        layers[f"fc{number}_relu"] = nn.ReLU()
        layers[f"dropout{number}"] = nn.Dropout(dropout)
        before = DENSE // narrower
    layers["predictions"] = nn.Linear(before, n_classes)
    return Vgg(layers)


def convolutions(network: Vgg) -> dict[str, nn.Conv2d]:
    """The convolution layers by name, from the picture on."""
    return {name: layer for name, layer in network.named_children() if isinstance(layer, nn.Conv2d)}


def up_to(network: Vgg, last: str) -> nn.Sequential:
    """The network's layers, up to and with the one of this name."""
    names = [name for name, _ in network.named_children()]
    return network[: names.index(last) + 1]


def freeze(network: Vgg, count: int) -> None:
    """Stop the first ``count`` convolutions, and the batch norm that belongs to them, from learning.

    Experiment, C: 8 of VGG-13's 10, and all 13 of VGG-16.
    """
    layers = dict(network.named_children())
    for name in list(convolutions(network))[:count]:
        for layer in (layers[name], layers.get(f"{name}_norm", nn.Identity())):
            layer.requires_grad_(False)


@torch.no_grad()
def renew(network: Vgg, seed: int) -> None:
    """Draw the weights of all layers that still learn from N(0, 0.1) (Experiment, C); biases become 0.

    Batch norm, which the paper's networks do not have, is left alone.
    """
    random = torch.Generator().manual_seed(seed)
    for layer in network:
        if isinstance(layer, nn.Conv2d | nn.Linear) and layer.weight.requires_grad:
            layer.weight.normal_(0.0, NEW_WEIGHTS, generator=random)
            assert layer.bias is not None
            layer.bias.zero_()
