"""The training loop: pictures live on the device, and nothing in the loop waits for it.

Losses go into a buffer on the device and are fetched once at the end; a batch is a gather of
``uint8`` rows that lie there already. Every random number comes from one generator whose state
is part of the checkpoint, so a run that was stopped goes on to the same bits on a CPU.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from fer_utils.devices import in_use
from fer_utils.errors import FerError
from fer_utils.gans import objectives
from fer_utils.gans.checkpoint import NETWORKS, load_state, save_state
from fer_utils.gans.networks import Discriminator, Generator, initialise, to_network, to_pixels
from fer_utils.gans.settings import GanSettings
from fer_utils.graphs import Repeated
from fer_utils.progress import track
from fer_utils.saving import Clock
from fer_utils.store import array_digest, key

HISTORY = ("discriminator loss", "generator loss", "value of real", "value of generated")
"""Columns of a history. For ``wgan_gp`` the third minus the fourth is the Wasserstein estimate that shows progress."""
GRID = 64
"""Pictures in the grid of fixed noise."""
DRAWN = 256
"""Pictures that are drawn at once."""
SETTLING = 40
"""Batches of noise from which a running mean's batch-norm statistics are taken."""
LABELLED = {"generator": "project.weight", "discriminator": "convolutions.0.weight"}
"""The weights that meet a one-hot label, as the last of their inputs."""


@dataclass(frozen=True, eq=False)
class TrainedGan:
    """Two trained networks and how they came about.

    Attributes:
        generator: its running mean, where ``settings.average`` asks for one.
        history: ``float32 [steps, 4]``, one row a generator step, columns :data:`HISTORY`.
        grids: ``uint8 [K, 64, S, S, C]``: what became of the same noise after ``grid_epochs[k]`` epochs.
        grid_epochs: 0 is before training.
    """

    settings: GanSettings
    generator: Generator
    discriminator: Discriminator
    history: np.ndarray
    grids: np.ndarray
    grid_epochs: tuple[int, ...]


class _State:
    """All that changes while a GAN is trained."""

    def __init__(self, settings: GanSettings, seed: int, n_steps: int, n_grids: int, device: torch.device) -> None:
        start = torch.Generator().manual_seed(seed)
        self.generator, self.discriminator = Generator(settings), Discriminator(settings)
        for network in (self.generator, self.discriminator):
            initialise(network, start)
            network.to(device, memory_format=torch.channels_last)
        betas, gpu = (settings.beta1, settings.beta2), device.type == "cuda"
        self.optimisers = {
            name: torch.optim.Adam(
                getattr(self, name).parameters(), settings.learning_rate * pace, betas, fused=gpu, capturable=gpu
            )
            for name, pace in (("generator", 1.0), ("discriminator", settings.critic_pace))
        }
        # What pictures are drawn with: the generator's running mean, or itself.
        self.shown = deepcopy(self.generator) if settings.average else self.generator
        self.random = drawing(device, seed)
        self.history = torch.zeros(n_steps, len(HISTORY), device=device)
        shape = (n_grids, GRID, settings.image_size, settings.image_size, settings.channels)
        self.grids = torch.zeros(shape, dtype=torch.uint8, device=device)
        self.epoch = 0


def train(
    images: np.ndarray,
    settings: GanSettings,
    seed: int,
    *,
    labels: np.ndarray | None = None,
    start: Mapping[str, np.ndarray] | None = None,
    grid_epochs: Sequence[int] = (),
    checkpoint: Path | None = None,
    stop_after: int | None = None,
) -> TrainedGan:
    """Train a GAN on pictures.

    Args:
        images: ``uint8 [N, S, S, C]``, or ``[N, S, S]`` for one channel. Each epoch takes them in a
            new order, in whole batches; where there are fewer than a batch, all make one. Where
            ``settings.steps`` says how many steps there are, the last epoch ends with the last of them.
        settings: networks, objective and optimiser.
        seed: of weights, noise and order.
        labels: ``int [N]``; needed exactly when ``settings.n_classes`` is above 0.
        start: :func:`weights` of a GAN with the same networks, from which this one goes on. Its optimiser,
            its noise and its order are new. A GAN with classes may go on from one without: at first its networks
            then pay the label no attention (weights 0).
        grid_epochs: after which epochs the fixed noise is drawn.
        checkpoint: an ``.npz`` file, written at the end of an epoch when :mod:`fer_utils.saving` says so and,
            where it is there already, continued from; a damaged one is begun again, with a note. It is removed by
            whoever no longer needs it.
        stop_after: end early after so many epochs in all (the checkpoint is written).

    Returns:
        The networks on the device, in inference mode.

    Raises:
        FerError: pictures, labels or start do not fit the settings, or the checkpoint is of another run.
    """
    _check(images, labels, settings)
    device = torch.device(in_use())
    pictures = images.reshape(len(images), settings.image_size, settings.image_size, settings.channels)
    held = torch.tensor(pictures, device=device).permute(0, 3, 1, 2)
    classes = None if labels is None else torch.from_numpy(np.asarray(labels, np.int64)).to(device)
    batch = min(settings.batch_size, len(images))
    steps, n_steps = settings.steps_an_epoch(len(images)), settings.all_steps(len(images))
    epochs = -(-n_steps // steps)

    wanted = tuple(sorted({epoch for epoch in grid_epochs if epoch <= epochs}))
    state = _State(settings, seed, n_steps, len(wanted), device)
    identity = {"settings": repr(settings), "seed": str(seed), "grids": str(wanted)}
    identity["pictures"] = array_digest(images)
    identity["start"] = "" if start is None else key(dict(start))
    if start is not None:
        _take_over(state, start)
    if checkpoint is not None:
        load_state(checkpoint, state, identity)
    if state.epoch == 0 and 0 in wanted:
        _draw_grid(state, settings, seed, 0)
    loop = _Loop(state, settings, held, classes)
    last, saving = min(epochs, stop_after or epochs), Clock()
    for _ in track(range(state.epoch, last), f"{settings.objective}, {len(images):,} pictures"):
        loop.epoch()
        if state.epoch in wanted:
            _draw_grid(state, settings, seed, wanted.index(state.epoch))
        if checkpoint is not None and (saving.due() or state.epoch == stop_after):
            save_state(checkpoint, state, identity)
    if settings.average:
        _settle(state.shown, settings, seed, batch)
    history = state.history[: state.epoch * steps].cpu().numpy()
    networks = state.shown.eval(), state.discriminator.eval()
    return TrainedGan(settings, *networks, history, state.grids.cpu().numpy(), wanted)


class _Loop:
    """The steps of a training, with what they read lying still on the device: :mod:`fer_utils.graphs`."""

    def __init__(self, state: _State, settings: GanSettings, held: Tensor, classes: Tensor | None) -> None:
        self.state, self.settings, self.held, self.classes = state, settings, held, classes
        batch = min(settings.batch_size, len(held))
        self.rows = torch.zeros(settings.critic_steps, batch, dtype=torch.int64, device=held.device)
        self.at = torch.zeros(1, dtype=torch.int64, device=held.device)
        self._repeat = Repeated(self._step, held.device, [state.random] if state.random else [])

    def epoch(self) -> None:
        """The next epoch: a new order, in whole batches, as far as there are steps left."""
        state, settings, (critic_steps, batch) = self.state, self.settings, self.rows.shape
        steps, done = settings.steps_an_epoch(len(self.held)), state.epoch * settings.steps_an_epoch(len(self.held))
        order = torch.randperm(len(self.held), generator=state.random, device=self.held.device)
        order = order.repeat(critic_steps)[: steps * critic_steps * batch]
        self.at.fill_(done)
        for rows in order.reshape(steps, critic_steps, batch)[: len(state.history) - done]:
            self.rows.copy_(rows)
            self._repeat()
        state.epoch += 1

    def _step(self) -> None:
        """``critic_steps`` steps of the discriminator and one of the generator, on the last step's fakes."""
        state, settings, objective, device = self.state, self.settings, self.settings.objective, self.held.device
        # The penalty differentiates twice, which half precision does not survive.
        half = device.type == "cuda" and objective == "dcgan"
        for number, rows in enumerate(self.rows):
            real = to_network(self.held[rows]).contiguous(memory_format=torch.channels_last)
            known = None if self.classes is None else self.classes[rows]
            noise = objectives.noise(objective, len(rows), settings.latent, state.random, device)
            with torch.autocast("cuda", torch.bfloat16, enabled=half):
                with torch.set_grad_enabled(number == len(self.rows) - 1):
                    fake = state.generator(noise, known)
                _learn(state.discriminator, True)
                real_value, fake_value = state.discriminator(real, known), state.discriminator(fake.detach(), known)
                loss = objectives.critic_loss(objective, real_value, fake_value)
                if objective == "wgan_gp":
                    loss = loss + settings.penalty * objectives.gradient_penalty(
                        state.discriminator, real, fake.detach(), known, state.random
                    )
            _descend(state.optimisers["discriminator"], loss)
        # Gradients for weights that are not about to move are a third of the backward pass.
        _learn(state.discriminator, False)
        with torch.autocast("cuda", torch.bfloat16, enabled=half):
            generator_loss = objectives.generator_loss(objective, state.discriminator(fake, known))
        _descend(state.optimisers["generator"], generator_loss)
        if settings.average:
            _follow(state.shown, state.generator, settings.average)
        told = torch.stack([loss, generator_loss, real_value.mean(), fake_value.mean()]).detach().float()
        state.history.index_copy_(0, self.at, told.unsqueeze(0))
        self.at += 1


def drawing(device: torch.device, seed: int) -> torch.Generator | None:
    """What random numbers are drawn from; nothing on a device that only plays one."""
    return None if device.type == "meta" else torch.Generator(device).manual_seed(seed)


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


@torch.no_grad()
def _follow(shown: nn.Module, generator: nn.Module, keep: float) -> None:
    """One step of the running mean (Karras et al. 2018, Section 5) of weights and of batch norm's own means."""
    for mean, value in zip(shown.state_dict().values(), generator.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - keep)


@torch.no_grad()
def _settle(shown: nn.Module, settings: GanSettings, seed: int, batch: int) -> None:
    """Batch norm's own means anew, over :data:`SETTLING` batches of noise (Brock et al. 2019, standing statistics).

    Weights that are a mean make other activations than those that the mean was taken of.
    """
    device = next(shown.parameters()).device
    random = drawing(device, seed)
    norms = [module for module in shown.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
    momentum = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    shown.train()
    classes = torch.arange(batch, device=device) % settings.n_classes if settings.n_classes else None
    for _ in range(SETTLING):
        shown(objectives.noise(settings.objective, batch, settings.latent, random, device), classes)
    for norm, before in zip(norms, momentum, strict=True):
        norm.momentum = before


def _learn(network: nn.Module, on: bool) -> None:
    for parameter in network.parameters():
        parameter.requires_grad_(on)


def _draw_grid(state: _State, settings: GanSettings, seed: int, place: int) -> None:
    state.grids[place] = torch.from_numpy(_generate(state.shown, settings, GRID, seed, None))
    state.shown.train()


def weights(gan: TrainedGan) -> dict[str, np.ndarray]:
    """All weights and running means of both networks, by ``"generator/…"`` and ``"discriminator/…"``.

    Arrays and not tensors, so that they can be stored and another training can :func:`train` on from them.
    """
    return {
        f"{name}/{entry}": value.detach().cpu().numpy()
        for name in NETWORKS
        for entry, value in getattr(gan, name).state_dict().items()
    }


def _take_over(state: _State, start: Mapping[str, np.ndarray]) -> None:
    for name in NETWORKS:
        network = getattr(state, name)
        fitting = {key: tuple(value.shape) for key, value in network.state_dict().items()}
        mine = {key.removeprefix(f"{name}/"): value for key, value in start.items() if key.startswith(f"{name}/")}
        entry = LABELLED[name]
        if network.n_classes and entry in mine and fitting[entry][1] - mine[entry].shape[1] == network.n_classes:
            widths = [(0, 0)] * mine[entry].ndim
            widths[1] = (0, network.n_classes)
            mine[entry] = np.pad(mine[entry], widths)
        if {key: value.shape for key, value in mine.items()} != fitting:
            raise FerError(f"the GAN to start from has another {name}; objective and sizes must be the same")
        network.load_state_dict({key: torch.tensor(value) for key, value in mine.items()})
    state.shown.load_state_dict(state.generator.state_dict())


def generate(gan: TrainedGan, count: int, seed: int, labels: np.ndarray | None = None) -> np.ndarray:
    """New pictures, ``uint8 [count, S, S, C]``; ``labels`` ``int [count]`` for a conditional GAN."""
    return _generate(gan.generator, gan.settings, count, seed, labels)


@torch.no_grad()
def _generate(
    network: Generator, settings: GanSettings, count: int, seed: int, labels: np.ndarray | None
) -> np.ndarray:
    device = next(network.parameters()).device
    random = drawing(device, seed)
    noise = objectives.noise(settings.objective, count, settings.latent, random, device)
    classes = torch.arange(count, device=device) % settings.n_classes if settings.n_classes else None
    if labels is not None:
        classes = torch.from_numpy(np.asarray(labels, np.int64)).to(device)
    network.eval()
    parts = []
    for start in range(0, count, DRAWN):
        part = slice(start, start + DRAWN)
        parts.append(to_pixels(network(noise[part], None if classes is None else classes[part])).cpu())
    return torch.cat(parts).numpy()


def _check(images: np.ndarray, labels: np.ndarray | None, settings: GanSettings) -> None:
    side, channels = settings.image_size, settings.channels
    fitting = [(side, side, channels), *([(side, side)] if channels == 1 else [])]
    if images.dtype != np.uint8 or images.shape[1:] not in fitting or len(images) < 2:
        raise FerError(
            f"a GAN for {side}x{side} pixels and {channels} channels was given {images.dtype} {list(images.shape)}; "
            f"resize the pictures first (fer_utils.preprocess.resize, to_rgb, to_grey); at least two are needed"
        )
    if (labels is None) != (settings.n_classes == 0):
        raise FerError(f"n_classes={settings.n_classes} {'needs' if settings.n_classes else 'takes no'} labels")
    if labels is not None and (len(labels) != len(images) or labels.min() < 0 or labels.max() >= settings.n_classes):
        raise FerError(f"labels must be {len(images)} whole numbers from 0 to {settings.n_classes - 1}")
