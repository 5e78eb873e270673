"""Section 3.2: how large MobileNetV2 is, counted from its blocks, without loading Keras."""

from __future__ import annotations

from fer_utils.papers.mobilenet_jaffe.heads import FEATURES

FIRST = 32
"""Channels of the first convolution, 3 x 3 on RGB."""

BLOCKS = ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1))
"""Sandler et al. 2018, Table 2: how far a block expands its channels, how many it gives, how often it comes."""

NORM = 4
"""Numbers of a batch norm for each channel: scale, offset, and the statistics mean and variance."""


def backbone_parameters() -> int:
    """Numbers in MobileNetV2 (alpha 1.0) without its top, batch-norm statistics included: 2,257,984."""
    channels, total = FIRST, 3 * 3 * 3 * FIRST + NORM * FIRST
    for expansion, outputs, times in BLOCKS:
        for _ in range(times):
            total += _block(channels, expansion, outputs)
            channels = outputs
    return total + channels * FEATURES + NORM * FEATURES


def _block(inputs: int, expansion: int, outputs: int) -> int:
    """An inverted residual: expand by 1 x 1 (unless by 1), filter each channel by 3 x 3, project by 1 x 1."""
    wide = inputs * expansion
    expand = 0 if expansion == 1 else inputs * wide + NORM * wide
    return expand + 3 * 3 * wide + NORM * wide + wide * outputs + NORM * outputs


def head_parameters(n_classes: int) -> int:
    """Numbers in the dense layer that is trained: weights and biases; 8,967 for seven classes."""
    return FEATURES * n_classes + n_classes
