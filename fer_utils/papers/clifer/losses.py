"""The losses of Section IV-A, equations 1 to 5, in torch."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from fer_utils.papers.clifer.identity import Identity


def reconstruction_loss(images: Tensor, made: Tensor) -> Tensor:
    """Equation 1: mean absolute difference of the pixels."""
    return (images - made).abs().mean()


def identity_loss(network: Identity, images: Tensor, made: Tensor) -> Tensor:
    """Equation 2: mean absolute difference of five feature maps, added up."""
    with torch.no_grad():
        wanted = network(images)
    apart = [(there - here).abs().mean() for there, here in zip(wanted, network(made), strict=True)]
    return torch.stack(apart).sum()


def looks(logits: Tensor, real: bool) -> Tensor:
    """Equations 3 and 4: binary cross-entropy of a discriminator's logits against real (1) or not (0)."""
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


def imagined_weight(epoch: int, decay: float) -> float:
    """Equation 5: ``lambda_c = exp(-epoch)``, the weight of generated faces in the classifier's loss."""
    return math.exp(-decay * epoch)


def total_variation(images: Tensor) -> Tensor:
    """Absolute differences of neighbouring pixels, added up over an image, mean of the batch (IV-A.2)."""
    down = (images[:, :, 1:] - images[:, :, :-1]).abs().sum(dim=(1, 2, 3))
    across = (images[:, :, :, 1:] - images[:, :, :, :-1]).abs().sum(dim=(1, 2, 3))
    return (down + across).mean()
