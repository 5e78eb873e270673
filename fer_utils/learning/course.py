"""One training of one classifier, and what it answers on the way.

The loop sends the device work and never asks it for a result: row numbers and moves lie there already, steps are
counted and the loss is summed there, and the rate of a step is a number that the host knows, or lies there too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fer_utils.devices import in_use
from fer_utils.graphs import Repeated
from fer_utils.learning.album import Album
from fer_utils.learning.draws import draw_moves, draw_rows
from fer_utils.learning.recipe import Recipe
from fer_utils.learning.schedule import rates
from fer_utils.saving import Clock
from fer_utils.stored import read_sealed, write_sealed

ANSWERED = 256
"""Pictures that are classified at once."""


class Course:
    """A network, its pictures, and how far it has come.

    Dropout draws from torch's generator, which the caller seeds before the network is built
    (:func:`fer_utils.devices.seed_everything`). One course at a time may be under way in a process that uses dropout.

    Args:
        network: ``float [N, C, S, S] -> float [N, K]`` logits; it is moved to the device.
        images: ``uint8 [M, S, S]``, ``labels``: ``int [M]``.
        recipe: optimiser, schedule, augmentation.
        steps: how many there are in all.
        seed: of the order and the moves.
        device: where it is trained; by default where torch computes in this process.
    """

    def __init__(
        self, network: nn.Module, images: np.ndarray, labels: np.ndarray, recipe: Recipe, steps: int, seed: int,
        device: str | None = None,
    ) -> None:  # fmt: skip
        self.device = torch.device(device or in_use())
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.recipe, self.done = recipe, 0
        self.batch = min(recipe.batch_size, len(images))
        total = steps * self.batch
        self._album = Album(images, recipe.pixels, self.device)
        self._labels = torch.from_numpy(np.asarray(labels, np.int64)).to(self.device)
        self._rows = torch.from_numpy(draw_rows(len(images), total, seed)).to(self.device)
        moves = draw_moves(total, recipe, seed)
        self._moves = None if moves is None else torch.from_numpy(moves).to(self.device)
        self._rates = rates(recipe.schedule, recipe.rate, steps)
        # What a captured step reads: how many steps were made, and the rate of each.
        self._at = torch.zeros(1, dtype=torch.int64, device=self.device)
        self._places = torch.arange(self.batch, device=self.device)
        self._kept_rates = torch.tensor(self._rates, dtype=torch.float32).to(self.device)
        self._loss = torch.zeros((), device=self.device)
        gpu = self.device.type == "cuda"
        self._optimiser = torch.optim.SGD(
            [each for each in self.network.parameters() if each.requires_grad],
            self._kept_rates[:1].clone() if gpu else recipe.rate, recipe.momentum,
            weight_decay=recipe.weight_decay, nesterov=recipe.nesterov and recipe.momentum > 0, fused=gpu,
        )  # fmt: skip
        self._repeat = Repeated(self._step, self.device)

    def advance(self, steps: int) -> Tensor:
        """Make so many steps; gives their mean loss in nats, still on the device."""
        self.network.train()
        self._loss.zero_()
        for _ in range(steps):
            self._repeat()
            self.done += 1
        return self._loss / steps

    def _step(self) -> None:
        places = self._at * self.batch + self._places
        rows = self._rows[places]
        pictures = self._album.batch(rows, None if self._moves is None else self._moves[places])
        # Half the bits where a GPU has the circuits for it; processors of laptops do not.
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            given = self.network(pictures)
        loss = F.cross_entropy(given.float(), self._labels[rows], label_smoothing=self.recipe.label_smoothing)
        for group in self._optimiser.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].copy_(self._kept_rates[self._at])
            else:
                group["lr"] = self._rates[self.done]
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self._optimiser.step()
        self._loss += loss.detach()
        self._at += 1

    def answers(self, images: np.ndarray) -> np.ndarray:
        """The class that the network now takes each of ``uint8 [N, S, S]`` for, ``uint8 [N]``."""
        values = outputs(self.network, images, self.recipe.pixels)
        if self.recipe.mirrored_answer:
            mirrored = outputs(self.network, images[:, :, ::-1], self.recipe.pixels)
            values = np.logaddexp(_log_softmax(values), _log_softmax(mirrored))
        return values.argmax(axis=1).astype(np.uint8)

    def state(self) -> dict[str, np.ndarray]:
        """What a training needs to go on to the same bits: weights, batch-norm statistics, momenta, dropout's draws."""
        found = {f"network.{name}": value for name, value in self.network.state_dict().items()}
        for place, each in enumerate(self._optimiser.param_groups[0]["params"]):
            momentum = self._optimiser.state[each].get("momentum_buffer")
            if momentum is not None:
                found[f"momentum.{place}"] = momentum
        found["random"] = _generator_state(self.device)
        return {name: value.detach().cpu().numpy() for name, value in found.items()}

    def restore(self, state: Mapping[str, np.ndarray], done: int) -> None:
        """Put what :meth:`state` gave after ``done`` steps back."""
        values = {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
        weights = {name.removeprefix("network."): each for name, each in values.items() if name.startswith("network.")}
        self.network.load_state_dict(weights)
        for place, each in enumerate(self._optimiser.param_groups[0]["params"]):
            momentum = values.get(f"momentum.{place}")
            self._optimiser.state[each].clear()
            if momentum is not None:
                # Laid out as the weights are: the last bits of an update depend on it.
                self._optimiser.state[each]["momentum_buffer"] = torch.empty_like(each).copy_(momentum)
        _restore_generator(self.device, values["random"])
        self.done = done
        self._at.fill_(done)
        # The momenta lie elsewhere now.
        self._repeat = Repeated(self._step, self.device)


@torch.no_grad()
def outputs(network: nn.Module, images: np.ndarray, pixels: str) -> np.ndarray:
    """What a network gives for pictures as they are, ``float32 [N, D]``, in inference mode.

    Args:
        images: ``uint8 [N, S, S]``.
        pixels: of :data:`fer_utils.learning.recipe.PIXELS`.
    """
    network.eval()
    device = next(network.parameters()).device
    album = Album(images, pixels, device)
    rows = torch.arange(len(images), device=device)
    parts = [network(album.batch(some)).float() for some in rows.split(ANSWERED)]
    return torch.cat(parts).cpu().numpy()


def attend(course: Course, scored: np.ndarray, points: Sequence[int], checkpoint: Path | None) -> dict[str, np.ndarray]:
    """Train, and classify the scored pictures at given evaluation points.

    Nothing here knows the scored pictures' labels, so nothing can be chosen by them.

    Args:
        course: at its beginning.
        scored: ``uint8 [N, S, S]``.
        points: after how many steps, rising.
        checkpoint: an ``.npz`` file, written after an evaluation when :mod:`fer_utils.saving` says so and, where it
            is there already, continued from. The caller names it after everything that went in, and removes it.

    Returns:
        ``predicted`` ``uint8 [L, N]``, ``loss`` ``float64 [L]`` (mean since the evaluation before), ``points``.
    """
    predicted, loss = np.zeros((len(points), len(scored)), np.uint8), np.zeros(len(points))
    first, saving = 0, Clock()
    # A damaged one only costs the time to begin again.
    stored = None if checkpoint is None else read_sealed(checkpoint)
    if stored is not None:
        first, predicted, loss = int(stored.pop("first")), stored.pop("predicted"), stored.pop("loss")
        course.restore(stored, int(points[first - 1]))
    for number in range(first, len(points)):
        loss[number] = float(course.advance(points[number] - course.done))
        predicted[number] = course.answers(scored)
        if checkpoint is not None and saving.due():
            so_far = {"first": np.array(number + 1), "predicted": predicted, "loss": loss}
            write_sealed(checkpoint, {**course.state(), **so_far})
    return {"predicted": predicted, "loss": loss, "points": np.asarray(points)}


def _log_softmax(values: np.ndarray) -> np.ndarray:
    top = values - values.max(axis=1, keepdims=True)
    return top - np.log(np.exp(top).sum(axis=1, keepdims=True))


def _generator_state(device: torch.device) -> Tensor:
    """Where the generator that dropout draws from is; nothing on a device that only plays one."""
    if device.type == "cuda":
        return torch.cuda.get_rng_state(device)
    return torch.get_rng_state()


def _restore_generator(device: torch.device, state: Tensor) -> None:
    if device.type == "cuda":
        torch.cuda.set_rng_state(state, device)
    else:
        torch.set_rng_state(state)
