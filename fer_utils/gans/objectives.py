"""What the two networks are trained to do."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def noise(objective: str, count: int, latent: int, random: torch.Generator | None, device: torch.device) -> Tensor:
    """``float [count, latent]``: uniform on (-1, 1) for DCGAN (Radford's code), standard normal for WGAN-GP."""
    if objective == "dcgan":
        return torch.rand(count, latent, generator=random, device=device) * 2 - 1
    return torch.randn(count, latent, generator=random, device=device)


def critic_loss(objective: str, real: Tensor, fake: Tensor) -> Tensor:
    """The discriminator's loss from its values ``[N]`` for real and generated pictures.

    DCGAN: cross-entropy, ``-log D(x) - log(1 - D(G(z)))``, the minimax game of Section 3 of paper 4.
    WGAN: ``mean fake - mean real``; its negative estimates the Wasserstein distance.
    """
    if objective == "dcgan":
        return F.softplus(-real).mean() + F.softplus(fake).mean()
    return fake.mean() - real.mean()


def generator_loss(objective: str, fake: Tensor) -> Tensor:
    """The generator's loss: ``-log D(G(z))``, the form that does not saturate, or ``-mean fake``."""
    return F.softplus(-fake).mean() if objective == "dcgan" else -fake.mean()


def gradient_penalty(
    critic: Callable[..., Tensor], real: Tensor, fake: Tensor, labels: Tensor | None, random: torch.Generator | None
) -> Tensor:
    """Mean of ``(|∇ critic(x)| - 1)²`` on random points between real and generated pictures.

    Gulrajani et al. 2017, equation 3, without its weight.

    Args:
        critic: called with pictures and labels.
        real, fake: ``float [N, C, S, S]``.
        labels: the real pictures' classes, or ``None``.
        random: draws one point a pair.
    """
    share = torch.rand(len(real), 1, 1, 1, generator=random, device=real.device)
    between = (share * real + (1 - share) * fake).requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(between, labels).sum(), between, create_graph=True)
    return ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()
