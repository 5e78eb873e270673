"""Training the imagination model (Section IV-A).

The paper states one objective (equation 6) for everything; the authors' release takes seven
separate steps a batch. Both are here as ``schedule``. All randomness of an epoch is drawn from
``(seed, epoch)``, so that a run that was stopped after an epoch goes on to the same bits (on a CPU).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fer_utils.devices import in_use
from fer_utils.graphs import Repeated
from fer_utils.papers.clifer.draws import draw, drawn_labels, drawn_priors
from fer_utils.papers.clifer.identity import load_identity
from fer_utils.papers.clifer.imagined import Imagination
from fer_utils.papers.clifer.initial import initialise
from fer_utils.papers.clifer.losses import (
    identity_loss,
    imagined_weight,
    looks,
    reconstruction_loss,
    total_variation,
)
from fer_utils.papers.clifer.networks import (
    Encoder,
    Generator,
    ImageDiscriminator,
    as_tensor,
    classifier,
    from_arrays,
    latent_discriminator,
    to_arrays,
)
from fer_utils.papers.clifer.settings import ImaginationSettings
from fer_utils.progress import track
from fer_utils.saving import Clock
from fer_utils.stored import read_sealed, write_sealed

CONDITIONS = ("neutral", "happiness", "surprise", "anger", "fear", "sadness", "disgust")
"""What a label's number means to the imagination model. Disgust is only in the authors' seven, and never imagined."""

LOSSES = ("rec", "id", "z", "img", "class", "tv", "d_img", "d_z")
PRIOR_DEVIATION = 1 / math.sqrt(3)
"""Standard deviation of U(-1, 1)."""


# -- training --------------------------------------------------------------------------------------


class Trainer:
    """The five networks, their optimisers and one epoch of training.

    Args:
        settings: see :class:`~fer_utils.papers.clifer.settings.ImaginationSettings`.
        targets: the labels that faces are translated to.
        seed: of weights, order and noise.
        device: where they are trained; by default where torch computes in this process.
    """

    def __init__(
        self, settings: ImaginationSettings, targets: Sequence[int], seed: int, device: str | None = None
    ) -> None:
        torch.manual_seed(seed)
        self.settings, self.seed, self.targets = settings, seed, torch.tensor(sorted(targets))
        self.device = torch.device(device or in_use())
        self.networks: dict[str, nn.Module] = {
            "E": Encoder(settings),
            "G": Generator(settings),
            "D_img": ImageDiscriminator(settings),
            "D_z": latent_discriminator(settings.code_size),
            "C": classifier(settings.code_size, settings.n_conditions),
        }
        initialise(self.networks, settings.initial)
        self.identity = load_identity(settings.identity, settings.identity_size)
        for network in [*self.networks.values(), *([self.identity] if self.identity else [])]:
            network.to(self.device)
        parts = {
            "joint": ("D_img D_z", "E G C"),
            "alternating": ("D_z", "E", "D_img", "G", "E C", "E G"),
        }[settings.schedule]
        betas, gpu = (settings.beta_1, 0.999), self.device.type == "cuda"
        # What a captured step reads: its rate, and equation 5's weight.
        rate = torch.tensor(settings.learning_rate, device=self.device) if gpu else settings.learning_rate
        self._imagined = torch.zeros((), device=self.device)
        self.optimisers = {
            part: torch.optim.Adam(self._weights(part), lr=rate, betas=betas, fused=gpu, capturable=gpu)
            for part in parts
        }
        self._steps: dict[tuple[bool, int], tuple[dict[str, Tensor], Tensor, Repeated]] = {}

    def epoch(self, images: np.ndarray, labels: np.ndarray, epoch: int) -> np.ndarray:
        """One pass over ``uint8 [N, S, S, 3]`` images; the mean of each of :data:`LOSSES`, ``float64 [8]``.

        The first ``warm_up`` epochs have the reconstruction only, and NaN for the rest.
        """
        told = self.pass_over(images, labels, epoch).cpu().numpy().astype(np.float64)
        return np.array([np.mean(column) for column in told.T.copy()])

    def pass_over(self, images: np.ndarray, labels: np.ndarray, epoch: int) -> Tensor:
        """One epoch, without waiting for the device once: each step's :data:`LOSSES`, ``float32 [steps, 8]``, there."""
        settings, since = self.settings, epoch - self.settings.warm_up
        rate = settings.learning_rate * (1 - max(since, 0) / settings.epochs if settings.decay_to_zero else 1)
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = group["lr"].fill_(rate) if isinstance(group["lr"], Tensor) else rate
        self._imagined.fill_(imagined_weight(max(since, 0), settings.decay_of_imagined))
        for network in self.networks.values():
            network.train()
        held, known = torch.from_numpy(images).to(self.device), torch.from_numpy(labels).to(self.device)
        drawn = draw(settings, self.targets, len(images), self.seed, epoch, since < 0)
        drawn = {name: values.to(self.device) for name, values in drawn.items()}
        rows, told = drawn.pop("rows"), []
        for start in range(0, len(rows), settings.batch_size):
            some = slice(start, start + settings.batch_size)
            taken = {name: values[:, some] if name == "priors" else values[some] for name, values in drawn.items()}
            told.append(self._repeat({"images": held[rows[some]], "labels": known[rows[some]], **taken}, since < 0))
        return torch.stack(told)

    def _repeat(self, taken: dict[str, Tensor], warm_up: bool) -> Tensor:
        """One step; its :data:`LOSSES`. A GPU repeats what it has captured for a batch of that size."""
        kind = warm_up, len(taken["images"])
        if kind not in self._steps:
            fed = {name: values.clone() for name, values in taken.items()}
            losses = torch.full((len(LOSSES),), math.nan, device=self.device)
            self._steps[kind] = fed, losses, Repeated(partial(self._step, fed, losses, warm_up), self.device)
        fed, losses, step = self._steps[kind]
        for name, values in taken.items():
            fed[name].copy_(values)
        step()
        return losses.clone()

    def _step(self, fed: dict[str, Tensor], told: Tensor, warm_up: bool) -> None:
        images, labels = as_tensor(fed["images"]), fed["labels"]
        if "turned" in fed:
            images = torch.where(fed["turned"][:, None, None, None], images.flip(-1), images)
        if warm_up:
            losses = self._first_step(images, labels)
        else:
            step = self._joint_step if self.settings.schedule == "joint" else self._alternating_step
            losses = step(images, labels, fed["goal"], iter(fed["priors"]))
        for name, value in losses.items():
            told[LOSSES.index(name)].copy_(value)

    def pulls(self, images: np.ndarray, labels: np.ndarray) -> dict[str, tuple[float, float]]:
        """How hard each loss of equation 6 pulls at E and at G: the norms of its weighted gradients.

        Nothing is learnt, but the discriminators' moving averages see the batch.

        Args:
            images: ``uint8 [N, S, S, 3]``, one batch.
            labels: ``int64 [N]``.
        """
        noise, found = torch.Generator().manual_seed(self.seed), {}
        goal = drawn_labels(self.targets, len(images), noise).to(self.device)
        priors = iter(drawn_priors(self.settings, len(images), noise).to(self.device))
        self._imagined.fill_(imagined_weight(0, self.settings.decay_of_imagined))
        there = as_tensor(torch.from_numpy(images).to(self.device))
        losses = self._six(there, torch.from_numpy(labels).to(self.device), goal, priors)
        for name in (name for name, loss in losses.items() if loss.requires_grad):
            loss = getattr(self.settings, f"weight_{name}") * losses[name]
            norms = []
            for part in ("E", "G"):
                whole = torch.autograd.grad(loss, self._weights(part), retain_graph=True, allow_unused=True)
                norms.append(math.sqrt(sum(float(slope.square().sum()) for slope in whole if slope is not None)))
            found[name] = (norms[0], norms[1])
        return found

    def _first_step(self, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
        e, g = self.networks["E"], self.networks["G"]
        loss = reconstruction_loss(images, g(e(images), labels))
        self._descend("E G C" if self.settings.schedule == "joint" else "E G", loss)
        return {"rec": loss.detach()}

    def _six(self, images: Tensor, labels: Tensor, goal: Tensor, priors: Iterator[Tensor]) -> dict[str, Tensor]:
        e, g, d_img, d_z, c = self.networks.values()
        codes = e(images)
        again = g(codes, labels)
        made = g(next(priors) if self.settings.fakes == "prior" else codes, goal)
        on_real, on_made = functional.cross_entropy(c(codes), labels), functional.cross_entropy(c(e(made)), goal)
        return self._autoencoder(images, again) | {
            "z": looks(d_z(codes), True),
            "img": looks(d_img(made, goal), True),
            "class": on_real + self._imagined * on_made,
        }

    def _joint_step(self, images: Tensor, labels: Tensor, goal: Tensor, priors: Iterator[Tensor]) -> dict[str, Tensor]:
        """Equation 6: the discriminators climb, then E, G and C go down the weighted sum together."""
        e, g, s = self.networks["E"], self.networks["G"], self.settings
        with torch.no_grad():
            codes = e(images)
            fakes = g(next(priors) if s.fakes == "prior" else codes, goal)
        told = self._discriminators("D_img D_z", images, labels, fakes, goal, codes, priors)

        self._freeze("D_img D_z", True)
        losses = self._six(images, labels, goal, priors)
        self._descend("E G C", sum(getattr(s, f"weight_{name}") * loss for name, loss in losses.items()))
        self._freeze("D_img D_z", False)
        return told | {name: loss.detach() for name, loss in losses.items()}

    def _alternating_step(
        self, images: Tensor, labels: Tensor, goal: Tensor, priors: Iterator[Tensor]
    ) -> dict[str, Tensor]:
        """The order of the authors' release: D_z, E; D_img, G; E and C on real, then on generated faces; E and G."""
        e, g, d_img, d_z, c = self.networks.values()
        s = self.settings
        with torch.no_grad():
            codes = e(images)
        told = self._discriminators("D_z", images, labels, images, labels, codes, priors)
        told |= self._alone("z", "E", lambda: looks(d_z(e(images)), True))

        source = next(priors) if s.fakes == "prior" else codes
        with torch.no_grad():
            fakes = g(source, goal)
        told |= self._discriminators("D_img", images, labels, fakes, goal, codes, priors)
        told |= self._alone("img", "G", lambda: looks(d_img(g(source, goal), goal), True))

        real = self._alone("class", "E C", lambda: functional.cross_entropy(c(e(images)), labels))
        made = self._alone("class", "E C", lambda: self._imagined * functional.cross_entropy(c(e(fakes)), goal))

        losses = self._autoencoder(images, g(e(images), labels))
        self._descend("E G", sum(getattr(s, f"weight_{name}") * loss for name, loss in losses.items()))
        told |= {name: loss.detach() for name, loss in losses.items()}
        return told | {"class": real["class"] + made["class"]}

    def _alone(self, name: str, part: str, loss: Callable[[], Tensor]) -> dict[str, Tensor]:
        value = loss()
        self._descend(part, getattr(self.settings, f"weight_{name}") * value)
        return {name: value.detach()}

    def _autoencoder(self, images: Tensor, again: Tensor) -> dict[str, Tensor]:
        some = self.settings.identity_images
        return {
            "rec": reconstruction_loss(images, again),
            "id": identity_loss(self.identity, images[:some], again[:some]) if self.identity else images.new_zeros(()),
            "tv": total_variation(again),
        }

    def _discriminators(
        self,
        part: str,
        images: Tensor,
        labels: Tensor,
        fakes: Tensor,
        goal: Tensor,
        codes: Tensor,
        priors: Iterator[Tensor],
    ) -> dict[str, Tensor]:
        losses = {}
        if "D_img" in part:
            judge = self.networks["D_img"]
            losses["d_img"] = looks(judge(fakes, goal), False) + looks(judge(images, labels), True)
        if "D_z" in part:
            judge = self.networks["D_z"]
            losses["d_z"] = looks(judge(codes), False) + looks(judge(next(priors)), True)
        self._descend(part, sum(losses.values()))
        return {name: loss.detach() for name, loss in losses.items()}

    def _descend(self, part: str, loss: Tensor) -> None:
        optimiser = self.optimisers[part]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    def _weights(self, part: str) -> list[nn.Parameter]:
        return [weight for name in part.split() for weight in self.networks[name].parameters()]

    def _freeze(self, part: str, frozen: bool) -> None:
        for weight in self._weights(part):
            weight.requires_grad_(not frozen)

    def state(self) -> dict[str, np.ndarray]:
        """Everything that the next epoch depends on, as plain arrays."""
        arrays = to_arrays(self.networks)
        for part, optimiser in self.optimisers.items():
            for number, moments in optimiser.state_dict()["state"].items():
                for name, value in moments.items():
                    arrays[f"Adam/{part}/{number}/{name}"] = value.cpu().numpy().copy()
        return arrays

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Continue from what :meth:`state` gave."""
        from_arrays(self.networks, arrays)
        for part, optimiser in self.optimisers.items():
            whole = optimiser.state_dict()
            moments: dict[int, dict[str, Tensor]] = {}
            for key, value in arrays.items():
                if key.startswith(f"Adam/{part}/"):
                    _, _, number, name = key.split("/")
                    moments.setdefault(int(number), {})[name] = torch.from_numpy(value)
            optimiser.load_state_dict({**whole, "state": moments})
        # The moments lie elsewhere now.
        self._steps.clear()


def train(
    images: np.ndarray, labels: np.ndarray, settings: ImaginationSettings, seed: int, checkpoint: Path | None = None
) -> dict[str, np.ndarray]:
    """Train the imagination model.

    Args:
        images: ``uint8 [N, S, S, 3]``, faces in the middle.
        labels: ``int64 [N]``, positions in :data:`CONDITIONS`.
        settings: sizes, losses, schedule.
        seed: same seed, same bits on a CPU.
        checkpoint: written after an epoch when :mod:`fer_utils.saving` says so, and gone on from where it is there
            already; it must belong to these very arguments.

    Returns:
        the weights of E, G and C (:func:`~fer_utils.papers.clifer.networks.to_arrays`); ``code_mean`` and
        ``code_scale``, ``float64 [code_size]``, what codes are shifted and divided by outside the
        networks (``match_prior``); ``history``, ``float64 [warm_up + epochs, 8]``, the mean :data:`LOSSES`.
    """
    targets = sorted({int(label) for label in labels} - {CONDITIONS.index("disgust")})
    trainer, history, saving = Trainer(settings, targets, seed), [], Clock()
    stored = None if checkpoint is None else read_sealed(checkpoint)
    if stored is not None:
        history = list(stored.pop("history"))
        trainer.restore(stored)
    for epoch in track(range(len(history), settings.warm_up + settings.epochs), "training the imagination model"):
        history.append(trainer.epoch(images, labels, epoch))
        if checkpoint is not None and saving.due():
            write_sealed(checkpoint, {**trainer.state(), "history": np.array(history)})
    kept = to_arrays({name: trainer.networks[name] for name in ("E", "G", "C")})
    plain = {"code_mean": np.zeros(settings.code_size), "code_scale": np.ones(settings.code_size)}
    if settings.match_prior:
        codes = Imagination(settings, {**kept, **plain}).encode(images)
        # A number that never varies says nothing, and must not be blown up.
        spread = np.maximum(codes.std(axis=0), 1e-3 * codes.std())
        plain = {"code_mean": codes.mean(axis=0), "code_scale": spread / PRIOR_DEVIATION}
    return {**kept, **plain, "history": np.array(history)}
