"""Losses with answers known by hand."""

from __future__ import annotations

import math

import pytest
import torch

from fer_utils.gans import objectives
from fer_utils.gans.networks import Discriminator
from fer_utils.gans.settings import WGAN_GP


def test_dcgan_losses_are_cross_entropies() -> None:
    real, fake = torch.tensor([2.0, -1.0]), torch.tensor([0.5, 0.0])
    chance = torch.sigmoid(real).log().mean() + (1 - torch.sigmoid(fake)).log().mean()
    assert torch.isclose(objectives.critic_loss("dcgan", real, fake), -chance)
    assert torch.isclose(objectives.generator_loss("dcgan", fake), -torch.sigmoid(fake).log().mean())
    nothing = torch.zeros(3)
    # At a coin's toss: the game's value at the equilibrium, log 4.
    assert math.isclose(objectives.critic_loss("dcgan", nothing, nothing).item(), math.log(4), rel_tol=1e-6)


def test_wgan_losses_are_differences_of_means() -> None:
    real, fake = torch.tensor([2.0, 4.0]), torch.tensor([1.0, 0.0])
    assert objectives.critic_loss("wgan_gp", real, fake).item() == 0.5 - 3.0
    assert objectives.generator_loss("wgan_gp", fake).item() == -0.5


@pytest.mark.parametrize(("slope", "penalty"), [(1.0, 0.0), (3.0, 4.0), (0.0, 1.0)])
def test_the_penalty_of_a_linear_critic_is_known(slope: float, penalty: float) -> None:
    direction = torch.full((3, 4, 4), 1 / math.sqrt(48))

    def critic(images: torch.Tensor, labels: None) -> torch.Tensor:
        return slope * (images * direction).sum(dim=(1, 2, 3))

    real, fake = torch.randn(5, 3, 4, 4), torch.randn(5, 3, 4, 4)
    found = objectives.gradient_penalty(critic, real, fake, None, torch.Generator().manual_seed(0))
    assert math.isclose(found.item(), penalty, abs_tol=1e-5)


def test_the_penalty_of_a_real_critic_by_finite_differences() -> None:
    settings = WGAN_GP.but(image_size=16, channels=1, ndf=2, n_classes=2)
    critic = Discriminator(settings).double()
    torch.manual_seed(0)
    same, labels = torch.randn(3, 1, 16, 16, dtype=torch.float64), torch.tensor([0, 1, 1])
    # Real and generated are one picture, so the point between them is known.
    random = torch.Generator().manual_seed(0)
    found = objectives.gradient_penalty(critic, same, same.clone(), labels, random).item()
    step, slopes = 1e-5, torch.zeros(3, 256, dtype=torch.float64)
    with torch.no_grad():
        for place in range(256):
            nudge = torch.zeros(256, dtype=torch.float64)
            nudge[place] = step
            nudge = nudge.reshape(1, 1, 16, 16)
            slopes[:, place] = (critic(same + nudge, labels) - critic(same - nudge, labels)) / (2 * step)
    assert math.isclose(found, ((slopes.norm(dim=1) - 1) ** 2).mean().item(), rel_tol=1e-4)


def test_the_penalty_looks_between_real_and_generated() -> None:
    seen = []

    def critic(images: torch.Tensor, labels: None) -> torch.Tensor:
        seen.append(images.detach())
        return images.sum(dim=(1, 2, 3))

    real, fake = torch.zeros(200, 1, 2, 2), torch.ones(200, 1, 2, 2)
    objectives.gradient_penalty(critic, real, fake, None, torch.Generator().manual_seed(0))
    (points,) = seen
    assert (points == points[:, :, :1, :1]).all(), "one point a picture, not one a pixel"
    shares = points[:, 0, 0, 0]
    assert shares.min() >= 0 and shares.max() <= 1 and 0.4 < shares.mean() < 0.6


def test_noise() -> None:
    random, device = torch.Generator().manual_seed(0), torch.device("cpu")
    uniform = objectives.noise("dcgan", 500, 20, random, device)
    assert uniform.abs().max() <= 1 and abs(uniform.var().item() - 1 / 3) < 0.02
    normal = objectives.noise("wgan_gp", 500, 20, random, device)
    assert normal.abs().max() > 2 and abs(normal.var().item() - 1) < 0.05
