"""Training steps of DCGAN and WGAN-GP against the plain loops of the tutorials."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from fer_utils.devices import gpu_visible
from fer_utils.gans.networks import Discriminator, Generator, initialise
from fer_utils.gans.settings import WGAN_GP, GanSettings
from fer_utils.gans.train import train
from tests.benchmarks.conftest import Recorder, seconds


def plain_wgan_loop(images: np.ndarray, settings: GanSettings, device: str) -> None:
    """As :func:`plain_loop`, with a critic, five steps of it a generator step, and the gradient penalty."""
    random = torch.Generator().manual_seed(0)
    generator, critic = Generator(settings), Discriminator(settings)
    for network in (generator, critic):
        initialise(network, random)
        network.to(device)
    adams = [torch.optim.Adam(net.parameters(), 1e-4, (0.0, 0.9)) for net in (critic, generator)]
    losses, turn = [], 0
    for _ in range(settings.epochs * settings.critic_steps):
        for rows in torch.randperm(len(images)).split(settings.batch_size):
            real = torch.from_numpy(images[rows.numpy()]).permute(0, 3, 1, 2).to(device).float() / 127.5 - 1
            fake = generator(torch.randn(len(rows), settings.latent, device=device))
            share = torch.rand(len(rows), 1, 1, 1, device=device)
            between = (share * real + (1 - share) * fake.detach()).requires_grad_(True)
            (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
            penalty = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
            critic.zero_grad()
            loss = critic(fake.detach()).mean() - critic(real).mean() + settings.penalty * penalty
            loss.backward()
            adams[0].step()
            losses.append(loss.item())
            turn += 1
            if turn % settings.critic_steps == 0:
                generator.zero_grad()
                fooled = -critic(generator(torch.randn(len(rows), settings.latent, device=device))).mean()
                fooled.backward()
                adams[1].step()
                losses.append(fooled.item())


def plain_loop(images: np.ndarray, settings: GanSettings, device: str) -> None:
    """Pictures from the host batch by batch, losses fetched in every step, gradients for all."""
    random = torch.Generator().manual_seed(0)
    generator, discriminator = Generator(settings), Discriminator(settings)
    for network in (generator, discriminator):
        initialise(network, random)
        network.to(device)
    adams = [torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999)) for net in (discriminator, generator)]
    judge, losses = torch.nn.BCEWithLogitsLoss(), []
    for _ in range(settings.epochs):
        for rows in torch.randperm(len(images)).split(settings.batch_size):
            real = torch.from_numpy(images[rows.numpy()]).permute(0, 3, 1, 2).to(device).float() / 127.5 - 1
            fake = generator(torch.rand(len(rows), settings.latent, device=device) * 2 - 1)
            discriminator.zero_grad()
            loss = judge(discriminator(real), torch.ones(len(rows), device=device))
            loss = loss + judge(discriminator(fake.detach()), torch.zeros(len(rows), device=device))
            loss.backward()
            adams[0].step()
            generator.zero_grad()
            fooled = judge(discriminator(fake), torch.ones(len(rows), device=device))
            fooled.backward()
            adams[1].step()
            losses.append([loss.item(), fooled.item()])


def test_training_against_the_plain_loop(benchmark: Any, record: Recorder) -> None:
    device = "cuda" if gpu_visible() and torch.cuda.is_available() else "cpu"
    settings = GanSettings(epochs=20) if device == "cuda" else GanSettings(ngf=16, ndf=16, batch_size=32, epochs=1)
    images = np.random.default_rng(0).integers(0, 256, (8 * settings.batch_size, 64, 64, 3)).astype(np.uint8)
    benchmark.pedantic(train, args=(images, settings, 0), rounds=3, warmup_rounds=1)
    ours = benchmark.stats.stats.min
    plain_loop(images, settings.but(epochs=1), device)
    slow = seconds(lambda: plain_loop(images, settings, device), rounds=3)
    record(
        f"DCGAN training on {device}: this loop against the tutorials'",
        ours="gans.train: uint8 pictures and losses stay on the device, discriminator frozen in the generator's step"
        + (", channels-last, bfloat16" if device == "cuda" else ""),
        against="a plain eager loop of the same networks: batches from the host, two losses fetched in every step",
        ratio=slow / ours,
        how=(
            f"width {settings.ngf}, {settings.epochs * 8} steps of {settings.batch_size} pictures of 64x64, "
            f"{len(images) * settings.epochs / ours:,.0f} images a second here; shortest of 3 runs each"
        ),
    )


def test_wgan_gp_against_the_plain_loop(benchmark: Any, record: Recorder) -> None:
    device = "cuda" if gpu_visible() and torch.cuda.is_available() else "cpu"
    small = WGAN_GP.but(ngf=16, ndf=16, batch_size=16, epochs=1)
    settings = WGAN_GP.but(epochs=20) if device == "cuda" else small
    count = settings.critic_steps * settings.batch_size
    images = np.random.default_rng(0).integers(0, 256, (count, 64, 64, 3)).astype(np.uint8)
    # One pass is one generator step here, and the plain loop makes five passes to as many: both see the same.
    ours_settings = settings.but(epochs=settings.epochs * settings.critic_steps)
    benchmark.pedantic(train, args=(images, ours_settings, 0), rounds=3, warmup_rounds=1)
    ours = benchmark.stats.stats.min
    plain_wgan_loop(images, settings.but(epochs=1), device)
    slow = seconds(lambda: plain_wgan_loop(images, settings, device), rounds=3)
    seen = count * ours_settings.epochs
    record(
        f"WGAN-GP training on {device}: this loop against the tutorials'",
        ours="gans.train: uint8 pictures and losses stay on the device, critic frozen in the generator's step, which "
        "takes up the last critic step's fakes; no gradients for the generator in the other critic steps"
        + (", channels-last" if device == "cuda" else ""),
        against="a plain eager loop of the same networks: batches from the host, losses fetched in every step",
        ratio=slow / ours,
        how=(
            f"width {settings.ngf}, {seen // settings.batch_size} critic steps of {settings.batch_size} pictures of "
            f"64x64, {seen / ours:,.0f} images a second here, {seen / slow:,.0f} there; shortest of 3 runs each"
        ),
    )
