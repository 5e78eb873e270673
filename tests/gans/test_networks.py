"""Shapes, parameter counts and the start of both networks."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from fer_utils.errors import UsageError
from fer_utils.gans.networks import Discriminator, Generator, initialise, to_network, to_pixels
from fer_utils.gans.settings import WGAN_GP, GanSettings
from tests.gans.conftest import TINY


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_discriminator_of_paper_4() -> None:
    network = Discriminator(GanSettings(ndf=64))
    assert sum(count(layer) for layer in network.convolutions) == 4_305_600
    assert count(network) == 4_315_585
    last = network.layers(torch.zeros(2, 3, 64, 64))[-1]
    # Section 4: 8,192 features.
    assert last.shape == (2, 512, 4, 4) and last.flatten(1).shape[1] == 8_192


def test_the_generator_by_hand() -> None:
    # Projection, batch norm of the projection; then three deconvolutions with batch norm; the last with a bias.
    expected = 100 * 512 * 16 + 2 * 512
    for before, after in ((512, 256), (256, 128), (128, 64)):
        expected += before * after * 25 + 2 * after
    expected += 64 * 3 * 25 + 3
    network = Generator(GanSettings(ngf=64))
    assert count(network) == expected
    assert network(torch.zeros(2, 100)).shape == (2, 3, 64, 64)


@pytest.mark.parametrize("objective", ["dcgan", "wgan_gp"])
@pytest.mark.parametrize(("side", "channels", "n_classes"), [(64, 3, 0), (48, 1, 7), (16, 3, 2)])
def test_shapes(objective: str, side: int, channels: int, n_classes: int) -> None:
    settings = GanSettings(
        objective=objective, image_size=side, channels=channels, n_classes=n_classes, ngf=4, ndf=4, latent=5
    )
    labels = torch.arange(3) % n_classes if n_classes else None
    fake = Generator(settings)(torch.randn(3, 5), labels)
    assert fake.shape == (3, channels, side, side) and fake.abs().max() <= 1
    critic = Discriminator(settings)
    assert critic(fake, labels).shape == (3,)
    sides = [layer.shape[2] for layer in critic.layers(fake, labels)]
    assert sides == [side // 2, side // 4, side // 8, side // 16]


def test_a_class_changes_the_picture_and_the_verdict() -> None:
    settings = GanSettings(image_size=16, ngf=4, ndf=4, n_classes=3)
    generator, discriminator = Generator(settings).eval(), Discriminator(settings).eval()
    noise, (first, second) = torch.randn(1, 100), (torch.tensor([0]), torch.tensor([2]))
    picture = generator(noise, first)
    assert not torch.allclose(picture, generator(noise, second))
    assert not torch.allclose(discriminator(picture, first), discriminator(picture, second))


def test_a_critic_judges_each_picture_by_itself_and_a_dcgan_does_not() -> None:
    images = torch.rand(6, 3, 16, 16) * 2 - 1
    critic = Discriminator(WGAN_GP.but(image_size=16, ndf=4))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in critic.modules())
    assert torch.allclose(critic(images)[:2], critic(images[:2]), atol=1e-6)
    discriminator = Discriminator(GanSettings(image_size=16, ndf=4))
    assert not torch.allclose(discriminator(images)[:2], discriminator(images[:2]), atol=1e-6)


def test_layer_norm_is_that_of_the_picture() -> None:
    critic = Discriminator(WGAN_GP.but(image_size=16, ndf=4))
    maps = torch.randn(5, 8, 4, 4) * 3 + torch.arange(5.0).reshape(5, 1, 1, 1)
    normed = critic.norms[1](maps)
    assert torch.allclose(normed, functional.layer_norm(maps, (8, 4, 4)), atol=1e-5)
    # By hand: over all maps and places of a picture, mean 0 and variance 1; a gain and an offset for each map.
    assert normed.mean(dim=(1, 2, 3)).abs().max() < 1e-5
    assert torch.allclose(normed.var(dim=(1, 2, 3), unbiased=False), torch.ones(5), atol=1e-4)
    assert critic.norms[1].weight.shape == critic.norms[1].bias.shape == (8,)


def test_a_critic_sees_contrast() -> None:
    """Layer norm alone would make a faint picture look like a strong one."""
    critic = Discriminator(WGAN_GP.but(**TINY))
    initialise(critic, torch.Generator().manual_seed(0))
    assert all(convolve.bias is not None and not convolve.bias.any() for convolve in critic.convolutions)
    images = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    torch.nn.init.constant_(critic.convolutions[0].bias, 0.1)
    strong, faint = (critic.eval()(images * contrast) for contrast in (1.0, 0.1))
    assert not torch.allclose(strong, faint, rtol=0.01)


@pytest.mark.parametrize("objective", ["dcgan", "wgan_gp"])
def test_conditional_inputs_by_hand(objective: str) -> None:
    settings = GanSettings(objective=objective, image_size=16, channels=1, latent=5, ngf=4, ndf=4, n_classes=3)
    generator, critic = Generator(settings).eval(), Discriminator(settings).eval()
    assert generator.project.weight.shape == (8 * 4 * 1, 5 + 3)
    assert critic.convolutions[0].weight.shape == (4, 1 + 3, 5, 5)
    noise, images, labels = torch.randn(3, 5), torch.randn(3, 1, 16, 16), torch.tensor([2, 0, 1])
    one_hot = torch.tensor([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
    # The same networks without classes, given what the labels become.
    plain = torch.cat([noise, one_hot], dim=1)
    assert torch.allclose(generator(noise, labels), generator(plain), atol=1e-6)
    maps = torch.cat([images, one_hot[:, :, None, None].expand(3, 3, 16, 16)], dim=1)
    assert torch.allclose(critic(images, labels), critic(maps), atol=1e-6)


def test_weights_start_from_the_paper_s_normal() -> None:
    network = Discriminator(GanSettings())
    initialise(network, torch.Generator().manual_seed(0))
    weights = network.convolutions[3].weight
    assert abs(weights.std().item() - 0.02) < 2e-4 and abs(weights.mean().item()) < 2e-4
    gains = network.norms[3].weight
    assert abs(gains.mean().item() - 1) < 0.005 and abs(gains.std().item() - 0.02) < 0.003
    assert not network.norms[3].bias.any() and not network.decide.bias.any()
    again = Discriminator(GanSettings())
    initialise(again, torch.Generator().manual_seed(0))
    assert all(torch.equal(one, other) for one, other in zip(network.parameters(), again.parameters(), strict=True))


def test_pixels_survive_the_round_trip() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16).expand(2, 3, 16, 16)
    values = to_network(pixels)
    assert values.min() == -1 and values.max() == 1
    assert torch.equal(to_pixels(values), pixels.permute(0, 2, 3, 1))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"critic_pace": 0.0}, "critic_pace must be above zero"),
        ({"average": 1.0}, "average must be from 0 to below 1"),
        ({"steps": -1}, "steps must not be below zero"),
        ({"objective": "wgan"}, "Did you mean 'wgan_gp'"),
        ({"image_size": 50}, "multiple of 16"),
        ({"image_size": 0}, "above zero"),
        ({"channels": 2}, "1, 3"),
        ({"ngf": 1.5}, "whole number"),
        ({"epochs": 0}, "above zero"),
        ({"n_classes": -1}, "below zero"),
        ({"beta1": 1.0}, "betas"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rates": 1.0}, "Did you mean 'learning_rate'"),
    ],
)
def test_refusals(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        GanSettings().but(**wrong)
