"""The weights that the imagination model's networks start from: the authors' release, He's, or torch's own.

What a layer starts with decides whether a short training gets anywhere. torch's default, U(-1, 1) / sqrt(inputs), has a
sixth of the variance that a layer before a ReLU needs to pass its input's on; the release's suits wide layers. After
the five layers of a narrow encoder a face then hardly moves its code, nor a loss the encoder.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

from torch import nn

RELEASE_DEVIATION, RELEASE_DENSE_DEVIATION = 0.025, 0.02
"""Standard deviations in the authors' release: of almost every layer; of the first dense one of D_img, D_z and C."""

DENSE_FIRST = ("D_img", "D_z", "C")
Layer: TypeAlias = nn.Linear | nn.Conv2d | nn.ConvTranspose2d


def initialise(networks: Mapping[str, nn.Module], initial: str) -> None:
    """Draw all weights anew from torch's current seed, biases 0.

    Args:
        networks: by their names in the paper: ``E G D_img D_z C``.
        initial: one of :data:`fer_utils.papers.clifer.settings.INITIALS`. ``"torch"`` leaves them as they are, biases
            too. ``"he"``: N(0, 2 / inputs), and N(0, 1 / inputs) before a tanh, a sigmoid or a softmax (K. He et al.
            2015). ``"release"``: N(0, 0.025), but N(0, 0.02) for the first dense layer of D_img, D_z and C; D_img's
            convolutions cut at two deviations; E's dense layers by Glorot, the code's uniform, one before it normal.
    """
    if initial == "torch":
        return
    for name, network in networks.items():
        layers = [layer for layer in network.modules() if isinstance(layer, Layer)]
        for layer in layers:
            nn.init.zeros_(layer.bias)
            if initial == "he":
                gain = 1.0 if layer is layers[-1] else 2.0
                nn.init.normal_(layer.weight, std=math.sqrt(gain / inputs_of(layer)))
            else:
                dense = [one for one in layers if isinstance(one, nn.Linear)]
                _as_released(name, layer, first=layer is dense[0], last=layer is layers[-1])


def _as_released(name: str, layer: Layer, first: bool, last: bool) -> None:
    if name == "E" and isinstance(layer, nn.Linear):
        (nn.init.xavier_uniform_ if last else nn.init.xavier_normal_)(layer.weight)
    elif name == "D_img" and isinstance(layer, nn.Conv2d):
        bound = 2 * RELEASE_DEVIATION
        nn.init.trunc_normal_(layer.weight, std=RELEASE_DEVIATION, a=-bound, b=bound)
    else:
        deviation = RELEASE_DENSE_DEVIATION if first and name in DENSE_FIRST else RELEASE_DEVIATION
        nn.init.normal_(layer.weight, std=deviation)


def inputs_of(layer: Layer) -> float:
    """How many numbers reach one output of a layer, on average; a strided transposed convolution spreads them out."""
    if isinstance(layer, nn.Linear):
        return float(layer.in_features)
    inputs = layer.in_channels * math.prod(layer.kernel_size)
    return inputs / math.prod(layer.stride) if isinstance(layer, nn.ConvTranspose2d) else float(inputs)
