"""Keras' layers run by torch's own functions: the same weights and answers without what Keras adds to every call.

A model of :mod:`fer_utils.papers.landmark_ensemble.model` says which layers there are and how their weights are laid
out; it is the reference, and what Grad-CAM looks at. Training needs the layers alone: Keras' batch-norm takes several
passes over the maps where torch has one kernel, and each call of a layer costs its bookkeeping. A training step of five
small networks takes three fifths of the time of Keras' ``fit`` (``make bench``). Tests compare the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fer_utils.papers.landmark_ensemble.model import StoredNormalization, Weights, keras


def twin(blueprint: Any, weights: Weights, device: torch.device) -> nn.Sequential:
    """The layers of a Keras model on torch.

    Args:
        blueprint: an extractor or a head; of what it is asked only the layers' settings count.
        weights: in the order of Keras' ``get_weights``.
        device: where they live.

    Returns:
        ``float [N, 3G, S, S] -> [N, G, features]`` for an extractor (best given in channels-last memory),
        ``float [N, G, features] -> [N, G, outputs]`` for a head.
    """
    arrays = (torch.from_numpy(np.array(array)) for array in weights)
    parts = [_part(layer, arrays) for layer in blueprint.layers if not isinstance(layer, keras.layers.InputLayer)]
    return nn.Sequential(*parts).to(device, memory_format=torch.channels_last)


def weights_of(network: nn.Sequential) -> Weights:
    """The weights in the order of Keras' ``get_weights``, as copies on the host."""
    tensors: list[Tensor] = []
    for part in network:
        if isinstance(part, nn.Conv2d):
            tensors += [part.weight.permute(2, 3, 1, 0), *([] if part.bias is None else [part.bias])]
        elif isinstance(part, (Normalization, Dense)):
            tensors += [*part.parameters(recurse=False), *part.buffers(recurse=False)]
    return [np.ascontiguousarray(tensor.detach().cpu().numpy()).copy() for tensor in tensors]


class Normalization(nn.Module):
    """Keras' batch-norm: the running variance is that of the batch itself, not the larger one that torch estimates.

    With ``stored`` it normalises by the running statistics in training, too, and leaves them alone.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, arrays: Iterator[Tensor], momentum: float, epsilon: float, *, stored: bool) -> None:
        super().__init__()
        self.scale, self.offset = nn.Parameter(next(arrays)), nn.Parameter(next(arrays))
        self.register_buffer("mean", next(arrays))
        self.register_buffer("variance", next(arrays))
        self.momentum, self.epsilon, self.stored = momentum, epsilon, stored

    def forward(self, maps: Tensor) -> Tensor:
        moves = self.training and not self.stored
        # Autograd holds on to the tensors that it is given, so the running variance is moved behind its back.
        variance = self.variance.clone() if moves else self.variance
        normal = F.batch_norm(
            maps, self.mean, variance, self.scale, self.offset, moves, 1 - self.momentum, self.epsilon
        )
        if moves:
            count, kept = maps.numel() // maps.shape[1], self.momentum * self.variance
            self.variance.copy_(kept + (variance - kept) * ((count - 1) / count))
        return normal


class Pool(nn.Module):
    """Maxima over 3 x 3 pixels, two pixels apart, padded as Keras' ``same``: of an even side only right and below."""

    def forward(self, maps: Tensor) -> Tensor:
        even = maps.shape[-1] % 2 == 0
        return F.max_pool2d(maps, 3, stride=2, padding=0 if even else 1, ceil_mode=even)


class Average(nn.Module):
    """Each map's mean, ``[N, C, h, w] -> [N, C]``."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=(2, 3))


class Dense(nn.Module):
    """One dense layer for each network, ``[N, G, i] -> [N, G, o]``."""

    def __init__(self, arrays: Iterator[Tensor], *, relu: bool) -> None:
        super().__init__()
        self.kernel, self.bias = nn.Parameter(next(arrays)), nn.Parameter(next(arrays))
        self.relu = relu

    def forward(self, features: Tensor) -> Tensor:
        given = torch.einsum("ngi,gio->ngo", features, self.kernel) + self.bias
        return F.relu(given) if self.relu else given


def _part(layer: Any, arrays: Iterator[Tensor]) -> nn.Module:
    layers = keras.layers
    if isinstance(layer, layers.Conv2D):
        kernel, bias = next(arrays).permute(3, 2, 0, 1), next(arrays)
        outputs, inputs, *size = kernel.shape
        part = nn.Conv2d(inputs * layer.groups, outputs, tuple(size), padding="same", groups=layer.groups)
        part.weight, part.bias = nn.Parameter(kernel.contiguous()), nn.Parameter(bias)
        return part
    if isinstance(layer, layers.BatchNormalization):
        stored = isinstance(layer, StoredNormalization)
        return Normalization(arrays, layer.momentum, layer.epsilon, stored=stored)
    if isinstance(layer, layers.EinsumDense):
        return Dense(arrays, relu=layer.activation is keras.activations.relu)
    if isinstance(layer, layers.Reshape):
        return nn.Unflatten(1, layer.target_shape)
    plain = {layers.ReLU: nn.ReLU, layers.MaxPooling2D: Pool, layers.GlobalAveragePooling2D: Average}
    if type(layer) not in plain:
        raise TypeError(f"{type(layer).__name__} has no twin")
    return plain[type(layer)]()
