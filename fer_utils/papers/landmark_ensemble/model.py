"""Section III-C: extractor and heads, for one network or for many side by side.

Many small networks of one shape are *one* network whose convolutions are grouped: network ``g``
owns channels ``g*c`` to ``(g+1)*c`` of every layer, and nothing passes between groups.
Batch-norm, ReLU, pooling and Adam work channel by channel or weight by weight anyway. So a stack
of networks is an ordinary Keras model on either backend, and with one network it is the paper's.
It is trained as its twin (:mod:`fer_utils.papers.landmark_ensemble.twin`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fer_utils.devices import import_keras
from fer_utils.errors import check_choice
from fer_utils.papers.landmark_ensemble.settings import BATCH_NORM_MODES, KERAS_BACKEND

keras = import_keras(KERAS_BACKEND)

CHANNELS = 3
LAST_CONVOLUTION = "last_convolution"
"""Name of the extractor's last convolution, before batch-norm: where Grad-CAM looks (Section IV-C)."""

Weights = list[np.ndarray]
"""The weights of one network in the order of Keras' ``get_weights``."""


class StoredNormalization(keras.layers.BatchNormalization):  # type: ignore[name-defined]
    """Batch-norm that keeps to its stored statistics while its scale and offset are trained.

    ``layer(x, training=False)`` does not do that within a functional model: Keras 3 replaces the
    argument by that of the outer call.
    """

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        return super().call(inputs, training=False, mask=mask)


def extractor(
    image_size: int, filters: Sequence[int] = (16, 32, 64, 128), networks: int = 1, batch_norm: str = "batch",
    momentum: float = 0.99,
) -> Any:  # fmt: skip
    """The CNN feature extractor: two 3x3 convolutions, each with batch-norm and ReLU, then a pool, per block.

    Args:
        image_size: side of the square input in pixels.
        filters: channels of each block. The paper's four blocks have 295,440 parameters.
        networks: how many networks stand side by side.
        batch_norm: ``"batch"`` normalises by the batch while training, ``"stored"`` never does.
        momentum: of batch-norm's running mean and variance.

    Returns:
        A Keras model, ``float [N, S, S, 3G] -> [N, G, filters[-1]]`` for ``G`` networks.
    """
    check_choice("batch_norm", batch_norm, BATCH_NORM_MODES)
    normalization = keras.layers.BatchNormalization if batch_norm == "batch" else StoredNormalization
    inputs = keras.Input((image_size, image_size, CHANNELS * networks), name="photographs")
    features = inputs
    for block, width in enumerate(filters):
        for half in range(2):
            last = block == len(filters) - 1 and half == 1
            features = keras.layers.Conv2D(
                width * networks, 3, padding="same", groups=networks, name=LAST_CONVOLUTION if last else None
            )(features)
            features = keras.layers.ReLU()(normalization(momentum=momentum)(features))
        features = keras.layers.MaxPooling2D(3, strides=2, padding="same")(features)
    features = keras.layers.GlobalAveragePooling2D()(features)
    features = keras.layers.Reshape((networks, filters[-1]))(features)
    return keras.Model(inputs, features, name="extractor")


def head(features: int, widths: Sequence[int], networks: int = 1, activation: str = "linear") -> Any:
    """Dense layers, one set for each network: the localization head or the classification head.

    The paper's localization head is ``widths=(128, 2n)``, its classification head
    ``(128, 128, C)``. The last layer is linear: landmark shares, or scores before the softmax.

    Returns:
        A Keras model, ``float [N, G, features] -> [N, G, widths[-1]]``.
    """
    inputs = keras.Input((networks, features), name="features")
    outputs = inputs
    for number, width in enumerate(widths):
        last = number == len(widths) - 1
        outputs = keras.layers.EinsumDense(
            "ngi,gio->ngo", (networks, width), bias_axes="go", activation="linear" if last else activation
        )(outputs)
    return keras.Model(inputs, outputs, name="head")


def initial_extractor(filters: Sequence[int], seed: int) -> Weights:
    """Initial weights of one extractor: He-uniform kernels (notebook), zero biases, neutral batch-norm."""
    generator = np.random.default_rng((seed, 1))
    weights: Weights = []
    channels = CHANNELS
    for width in np.repeat(filters, 2):
        limit = np.sqrt(6 / (9 * channels))
        kernel = generator.uniform(-limit, limit, (3, 3, channels, width))
        neutral = [np.zeros(width), np.ones(width), np.zeros(width), np.zeros(width), np.ones(width)]
        weights += [array.astype(np.float32) for array in (kernel, *neutral)]
        channels = int(width)
    return weights


def initial_head(features: int, widths: Sequence[int], own_outputs: int, seed: int) -> Weights:
    """Initial weights of one head: Glorot-uniform kernels (Section III-C1), zero biases.

    Args:
        features, widths: as in :func:`head`.
        own_outputs: outputs that belong to this network; the others, there for a stack whose networks
            differ in size, start at zero and are never trained.
        seed: the same weights for the same seed, whatever stands beside it.
    """
    generator = np.random.default_rng((seed, 2, len(widths)))
    weights: Weights = []
    for number, width in enumerate(widths):
        own = own_outputs if number == len(widths) - 1 else width
        limit = np.sqrt(6 / (features + own))
        kernel = np.zeros((features, width), np.float32)
        kernel[:, :own] = generator.uniform(-limit, limit, (features, own))
        weights += [kernel, np.zeros(width, np.float32)]
        features = width
    return weights


def stack_extractors(networks: Sequence[Weights]) -> Weights:
    """Weights of many extractors as those of one grouped extractor."""
    return [np.concatenate(same, axis=-1) for same in zip(*networks, strict=True)]


def split_extractors(stacked: Weights, networks: int) -> list[Weights]:
    """The inverse of :func:`stack_extractors`."""
    return [list(one) for one in zip(*(np.split(array, networks, axis=-1) for array in stacked), strict=True)]


def stack_heads(networks: Sequence[Weights]) -> Weights:
    """Weights of many heads as those of one head for a stack."""
    return [np.stack(same) for same in zip(*networks, strict=True)]


def split_heads(stacked: Weights) -> list[Weights]:
    """The inverse of :func:`stack_heads`."""
    return [list(one) for one in zip(*stacked, strict=True)]
