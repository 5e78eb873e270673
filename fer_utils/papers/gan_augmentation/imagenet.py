"""Weights from Keras: ImageNet's for networks that have the names of its layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from fer_utils.devices import import_keras
from fer_utils.errors import FerError
from fer_utils.papers.gan_augmentation.settings import KERAS_BACKEND

APPLICATIONS = {"VGG-13": "VGG16", "VGG-16": "VGG16", "VGG-19": "VGG19", "ResNet-50": "ResNet50"}
"""Keras has none for VGG-13: its convolutions take those of VGG-16 with the same names, the first two of each block."""


def start_from_imagenet(network: nn.Module, name: str, side: int) -> list[str]:
    """Fetch Keras' ImageNet weights and copy those of every layer that has the same name and shape.

    The dense layers of VGGs fit at 224 pixels only.

    Args:
        name: a key of :data:`APPLICATIONS`.
        side: of the network's pictures in pixels.

    Returns:
        Names of the layers that got weights.

    Raises:
        FerError: the weights are not on this machine and cannot be fetched.
    """
    keras, application = import_keras(KERAS_BACKEND), APPLICATIONS[name]
    try:
        trained = getattr(keras.applications, application)(weights="imagenet", include_top=side == 224)
    except Exception as error:
        raise FerError(
            f"Keras could not fetch {application}'s ImageNet weights ({error}). Without internet, set init='random' "
            f"or name a .safetensors file of the whole network in the parameter weights."
        ) from error
    return copy_same(trained, network)


@torch.no_grad()
def copy_same(source: Any, target: nn.Module) -> list[str]:
    """Copy weights of a Keras model layer by layer where name and shapes agree; gives the names.

    A layer's name in torch is its path with ``_`` between the parts.
    """
    layers = {layer.name: layer.get_weights() for layer in source.layers}
    shape = next((layer.input.shape[1:] for layer in source.layers if layer.name == "flatten"), None)
    copied = []
    for path, layer in target.named_modules():
        name = path.replace(".", "_")
        theirs = [_as_torch(array, shape if name == "fc1" else None) for array in layers.get(name, [])]
        # Keras lists gain, offset, mean and variance of a batch norm as torch does.
        mine = [each for each in (*layer.parameters(recurse=False), *layer.buffers(recurse=False)) if each.ndim]
        if mine and [each.shape for each in mine] == [each.shape for each in theirs]:
            for each, value in zip(mine, theirs, strict=True):
                each.copy_(torch.from_numpy(np.ascontiguousarray(value)))
            copied.append(name)
    return copied


def _as_torch(array: np.ndarray, flattened: tuple[int, ...] | None) -> np.ndarray:
    """A kernel in torch's order of axes. Keras flattens maps with the channels last, torch with the channels first."""
    if array.ndim == 4:
        return array.transpose(3, 2, 0, 1)
    if array.ndim == 2 and flattened is not None:
        return array.reshape(*flattened, -1).transpose(3, 2, 0, 1).reshape(array.shape[1], -1)
    return array.T
