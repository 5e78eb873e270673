"""What an SVM is given: a discriminator's activations, or one of the controls that the paper lacks."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from sklearn.random_projection import GaussianRandomProjection
from torch import nn
from torch.nn import functional as F

from fer_utils.errors import check_choice
from fer_utils.gans.networks import SLOPE, Discriminator, initialise, to_network
from fer_utils.gans.settings import GanSettings
from fer_utils.preprocess import hog

UNTRAINED = "untrained discriminator"
CONTROLS = ("pixels", "HOG", "random projection", UNTRAINED)
DRAWN = CONTROLS[2:]
"""Those that come out otherwise with another seed."""
BATCH = 128
POOLED_SIDE = 4


def restore(weights: Mapping[str, np.ndarray], gan: GanSettings) -> Discriminator:
    """A discriminator from its stored weights, in inference mode."""
    network = Discriminator(gan)
    network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return network.eval()


def untrained(gan: GanSettings, seed: int, images: np.ndarray) -> Discriminator:
    """The discriminator at its start, with batch-norm statistics of ``images``: the control for training.

    Without them its activations would shrink from layer to layer, and it would lose for its scale.
    """
    network = Discriminator(gan)
    initialise(network, torch.Generator().manual_seed(seed))
    return with_statistics_of(network, images)


@torch.no_grad()
def with_statistics_of(network: Discriminator, images: np.ndarray) -> Discriminator:
    """A copy in inference mode whose batch-norm statistics are the mean over batches of ``images``.

    Radford et al. 2016 do so before they extract features; the paper does not say.
    """
    network = copy.deepcopy(network).train()
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.reset_running_stats()
            norm.momentum = None
    for batch in _batches(images):
        network(batch)
    return network.eval()


@torch.no_grad()
def discriminator_features(network: Discriminator, images: np.ndarray, feature: str) -> np.ndarray:
    """Activations for the SVM.

    Args:
        network: in inference mode.
        images: ``uint8 [N, S, S, C]``.
        feature: ``"after"`` or ``"before"`` the fourth leaky rectifier: 8 ndf × 4 × 4 for 64
            pixels, 8,192 with ``ndf`` 64. ``"pooled"``: the outputs of all four rectifiers,
            max-pooled to 4×4 and joined, 15 ndf × 4 × 4 (Radford et al. 2016).

    Returns:
        ``float32 [N, D]``.
    """
    check_choice("feature", feature, ("after", "before", "pooled"))
    rows = []
    for batch in _batches(images):
        layers = network.layers(batch)
        if feature == "before":
            maps = layers[-1]
        elif feature == "after":
            maps = F.leaky_relu(layers[-1], SLOPE)
        else:
            pooled = [F.adaptive_max_pool2d(F.leaky_relu(layer, SLOPE), POOLED_SIDE) for layer in layers]
            maps = torch.cat(pooled, dim=1)
        rows.append(maps.flatten(1).numpy())
    return np.concatenate(rows)


def control_features(control: str, images: np.ndarray, length: int, seed: int) -> np.ndarray:
    """Features that no GAN had a part in, ``float32 [N, D]``.

    Args:
        control: ``"pixels"``: all of them, from -1 to 1. ``"HOG"``: histograms of oriented gradients
            (Dalal & Triggs 2005), 8-pixel cells, 9 directions, on grey. ``"random projection"``:
            of the pixels, to ``length`` numbers.
        images: ``uint8 [N, S, S, 3]``.
        length: as many as the discriminator gives.
        seed: of the projection.
    """
    check_choice("control", control, CONTROLS[:3])
    if control == "HOG":
        return hog(images)
    pixels = images.reshape(len(images), -1).astype(np.float32) / 127.5 - 1
    if control == "pixels":
        return pixels
    return GaussianRandomProjection(length, random_state=seed).fit_transform(pixels).astype(np.float32)


def _batches(images: np.ndarray) -> Iterator[torch.Tensor]:
    for start in range(0, len(images), BATCH):
        yield to_network(torch.from_numpy(images[start : start + BATCH]).permute(0, 3, 1, 2))
