"""Train many small networks at once: several members of an ensemble, of several folds, in one stack.

The loss of a stack (:mod:`fer_utils.papers.landmark_ensemble.model`) is the *sum* of its networks' losses, so each
network gets exactly the gradient it would get alone, and Adam, which works weight by weight, takes the step it would
take alone: a stack of fifty gives the same networks as fifty calls of Keras' ``fit`` (a test compares them). The loop
sends the device work and never asks it for a result: pictures, targets and the order of both lie there already, each
step's loss stays there, and the rate of a step is a number that the host knows, or lies there too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fer_utils.devices import in_use, one_thread
from fer_utils.graphs import Repeated
from fer_utils.papers.landmark_ensemble import model
from fer_utils.papers.landmark_ensemble.model import Weights
from fer_utils.papers.landmark_ensemble.points import N_POINTS, PART_POINTS, outputs_of, targets
from fer_utils.papers.landmark_ensemble.schedule import stream
from fer_utils.papers.landmark_ensemble.settings import BETA_1, BETA_2, EPSILON, Settings
from fer_utils.papers.landmark_ensemble.twin import Normalization, twin, weights_of

SHOWN = 64
"""Pictures that are looked at in one go where nothing is learnt."""

LossOf = Callable[[Tensor], Tensor]
"""The loss of each network on each picture of a batch of rows ``int [N, G]``, ``float [N, G]``."""


@dataclass(frozen=True, eq=False)
class Member:
    """One network to be trained.

    Attributes:
        part: which landmarks it learns first, a key of ``PART_POINTS``; ``None`` for Baseline.
        train: ``int64 [n]``, the faces it is trained on.
        seed: of its initial weights and the order of its faces.
    """

    part: str | None
    train: np.ndarray
    seed: int


class Stack:
    """Members that train side by side.

    Args:
        members: the networks; all take the same number of batches.
        images: ``uint8 [M, S, S]``, every variant of every face.
        points: ``float32 [M, 68, 2]``, their landmarks in pixels.
        labels: ``int64 [M]``, their classes.
        n_classes: how many classes there are.
        settings: rates, sizes, epochs.
        batches: batches an epoch.
        epochs: of all stages together.
        device: where they are trained; by default where torch computes in this process.

    Attributes:
        body: the stacked extractor.
        classifier: the stacked classification heads; there after :meth:`new_classifier`.
    """

    classifier: nn.Sequential

    def __init__(
        self, members: Sequence[Member], images: np.ndarray, points: np.ndarray, labels: np.ndarray, n_classes: int,
        settings: Settings, batches: int, epochs: int, device: str | None = None,
    ) -> None:  # fmt: skip
        one_thread()
        self.device = torch.device(device or in_use())
        self.members, self.settings, self.n_classes = list(members), settings, n_classes
        self.batches, self._seen = batches, 0
        variants = settings.augmentation.variants
        classes = labels[::variants] if settings.balance else None
        length = epochs * batches * settings.batch_size
        order = [stream(member.train, length, variants, member.seed, classes) for member in members]
        self._order = self._there(np.stack(order, axis=1))
        self._images, self._labels = self._there(images), self._there(labels.astype(np.int64))
        self._points = self._there(targets(points, "all", settings.image_size))
        starts = [model.initial_extractor(settings.filters, member.seed) for member in members]
        self.body = self._extractor(model.stack_extractors(starts))

    def learn_landmarks(self, rates: Sequence[float]) -> tuple[nn.Sequential, np.ndarray, np.ndarray]:
        """Stage 1: extractor and localization heads, mean absolute error (Equation 1).

        Args:
            rates: of each step.

        Returns:
            The stacked heads; the mean loss of each step ``float64 [steps]``, mean of the networks; and each network's
            mean absolute error on the faces of its last batches, as it is in the end, ``float64 [G]``.
        """
        parts = [member.part or "all" for member in self.members]
        own = [outputs_of(part) for part in parts]
        top = self._head((self.settings.hidden, max(own)), own)
        columns, share = (self._there(array) for array in _own_outputs(parts))

        def errors(rows: Tensor, given: Tensor) -> Tensor:
            wanted = self._points[rows[:, :, None], columns]
            return ((wanted - given).abs() * share).sum(dim=2)

        rows = self._next(len(rates))
        losses = self._learn([self.body, top], rows, rates, lambda some: errors(some, self._given(some, top)))
        last = rows[-min(len(rows), 4 * SHOWN) :]
        self.body.eval()
        with torch.no_grad():
            left = [errors(some, self._given(some, top)) for some in last.split(SHOWN)]
        return top, _host(losses), _host(torch.cat(left).mean(dim=0))

    def new_classifier(self) -> None:
        """Put a fresh classification head on every network (Figure 6)."""
        width = self.settings.hidden
        self.classifier = self._head((width, width, self.n_classes), [self.n_classes] * len(self.members))

    def learn_head(self, rates: Sequence[float]) -> np.ndarray:
        """Stage 2: the classification head alone. The extractor is frozen, so a picture passes it only once.

        Returns:
            The mean loss of each step, ``float64 [steps]``.
        """
        rows = self._next(len(rates))
        distinct = [torch.unique(column, return_inverse=True) for column in rows.T]
        longest = max(len(own) for own, _ in distinct)
        once = torch.stack([own[torch.arange(longest, device=self.device) % len(own)] for own, _ in distinct], dim=1)
        self.body.eval()
        with torch.no_grad():
            features = torch.cat([self.body(self._pictures(some)) for some in once.split(SHOWN)])
        where = torch.stack([place for _, place in distinct], dim=1)
        networks = torch.arange(len(distinct), device=self.device)
        # Places and rows travel side by side through the loop.
        both = torch.stack([rows, where], dim=2)

        def loss(some: Tensor) -> Tensor:
            return self._cross_entropy(self.classifier(features[some[..., 1], networks]), some[..., 0])

        return _host(self._learn([self.classifier], both, rates, loss))

    def start_tuning(self, batch_norm: str) -> None:
        """Begin stage 3, or Baseline's only stage: everything learns, cross-entropy, Adam from its start."""
        for part in self.body:
            if isinstance(part, Normalization):
                part.stored = batch_norm == "stored"
        self._optimiser = _adam([self.body, self.classifier], self.device)

    def tune(self, rates: Sequence[float]) -> np.ndarray:
        """Go on with what :meth:`start_tuning` began; gives the mean loss of each step, ``float64 [steps]``."""

        def loss(some: Tensor) -> Tensor:
            return self._cross_entropy(self._given(some, self.classifier), some)

        rows = self._next(len(rates))
        return _host(self._learn([self.body, self.classifier], rows, rates, loss, self._optimiser))

    def answers(self, images: np.ndarray, rows: np.ndarray, top: nn.Sequential) -> np.ndarray:
        """What ``top`` gives for rows ``int [n, G]`` of ``images``, in inference mode, ``float32 [n, G, outputs]``."""
        self.body.eval()
        top.eval()
        shown = self._there(images)
        with torch.no_grad():
            found = [top(self.body(self._pictures(some, shown))) for some in self._there(rows).split(SHOWN)]
        return torch.cat(found).cpu().numpy()

    def weights(self) -> list[tuple[Weights, Weights]]:
        """Each network's extractor and classification head as they are now."""
        bodies = model.split_extractors(weights_of(self.body), len(self.members))
        return list(zip(bodies, model.split_heads(weights_of(self.classifier)), strict=True))

    def put_back(self, networks: Sequence[tuple[Weights, Weights]]) -> None:
        """Make the networks what :meth:`weights` gave at some time."""
        bodies, heads = zip(*networks, strict=True)
        self.body = self._extractor(model.stack_extractors(bodies))
        width = self.settings.hidden
        self.classifier = self._twin_of_head((width, width, self.n_classes), model.stack_heads(heads))

    # -- pieces -------------------------------------------------------------------------------

    def _next(self, steps: int) -> Tensor:
        """Rows of the steps that come next, ``int64 [steps * batch, G]``."""
        start, self._seen = self._seen, self._seen + steps * self.settings.batch_size
        return self._order[start : self._seen]

    def _pictures(self, rows: Tensor, images: Tensor | None = None) -> Tensor:
        """``int [N, G] -> float [N, 3G, S, S]`` in [-1, 1] (Section III-D): three equal channels for each network."""
        seen = (self._images if images is None else images)[rows].float() / 127.5 - 1
        return seen.repeat_interleave(model.CHANNELS, dim=1).contiguous(memory_format=torch.channels_last)

    def _given(self, rows: Tensor, top: nn.Sequential) -> Tensor:
        return top(self.body(self._pictures(rows)))

    def _cross_entropy(self, scores: Tensor, rows: Tensor) -> Tensor:
        """Equation 2 for each picture and network; ``scores`` are before the softmax."""
        return F.cross_entropy(scores.flatten(0, 1), self._labels[rows].flatten(), reduction="none").view(rows.shape)

    def _learn(
        self, networks: Sequence[nn.Sequential], rows: Tensor, rates: Sequence[float], losses_of: LossOf,
        optimiser: torch.optim.Optimizer | None = None,
    ) -> Tensor:  # fmt: skip
        """One step a rate; the mean loss of each, mean of the networks, still on the device."""
        optimiser = optimiser or _adam(networks, self.device)
        for network in networks:
            network.train()
        batch, found = self.settings.batch_size, torch.zeros(len(rates), device=self.device)
        # What a captured step reads: how many steps were made, and the rate of each.
        at = torch.zeros(1, dtype=torch.int64, device=self.device)
        places = torch.arange(batch, device=self.device)
        known = torch.tensor(rates, dtype=torch.float32).to(self.device)

        def step() -> None:
            for group in optimiser.param_groups:
                if isinstance(group["lr"], Tensor):
                    group["lr"].copy_(known[at].view(()))
            optimiser.zero_grad(set_to_none=True)
            losses = losses_of(rows[at * batch + places]).mean(dim=0)
            losses.sum().backward()
            optimiser.step()
            found.index_copy_(0, at, losses.detach().mean().view(1))
            at.add_(1)

        repeat = Repeated(step, self.device)
        for rate in rates:
            for group in optimiser.param_groups:
                if not isinstance(group["lr"], Tensor):
                    group["lr"] = rate
            repeat()
        return found

    def _head(self, widths: Sequence[int], own: Sequence[int]) -> nn.Sequential:
        features = self.settings.filters[-1]
        starts = [
            model.initial_head(features, widths, outputs, member.seed)
            for outputs, member in zip(own, self.members, strict=True)
        ]
        return self._twin_of_head(widths, model.stack_heads(starts))

    def _twin_of_head(self, widths: Sequence[int], weights: Weights) -> nn.Sequential:
        settings = self.settings
        blueprint = model.head(settings.filters[-1], widths, len(self.members), settings.head_activation)
        return twin(blueprint, weights, self.device)

    def _extractor(self, weights: Weights) -> nn.Sequential:
        settings, networks = self.settings, len(self.members)
        blueprint = model.extractor(settings.image_size, settings.filters, networks, momentum=settings.norm_momentum)
        return twin(blueprint, weights, self.device)

    def _there(self, array: np.ndarray) -> Tensor:
        # What comes out of a store may be read-only, which torch warns of.
        return torch.from_numpy(np.require(array, requirements=["C", "W"])).to(self.device)


def _own_outputs(parts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Which of the 136 coordinates each output of a network stands for, and its weight in the network's mean.

    Returns:
        ``int64 [G, widest]`` and ``float32 [G, widest]``; outputs that a network does not have weigh nothing.
    """
    every = np.arange(2 * N_POINTS).reshape(N_POINTS, 2)
    own = [every[PART_POINTS[part]].ravel() for part in parts]
    widest = max(map(len, own))
    columns = np.stack([np.pad(mine, (0, widest - len(mine))) for mine in own])
    share = np.stack([np.pad(np.full(len(mine), 1 / len(mine)), (0, widest - len(mine))) for mine in own])
    return columns, share.astype(np.float32)


def _adam(networks: Sequence[nn.Module], device: torch.device) -> torch.optim.Optimizer:
    weights, gpu = [weight for network in networks for weight in network.parameters()], device.type == "cuda"
    rate = torch.zeros((), device=device) if gpu else 0.0
    return torch.optim.Adam(
        weights, rate, (BETA_1, BETA_2), EPSILON, fused=device.type in ("cpu", "cuda"), capturable=gpu
    )


def _host(values: Tensor) -> np.ndarray:
    return values.cpu().numpy().astype(float)


def pieces(steps: int, most: int) -> list[int]:
    """``steps`` cut into pieces of at most ``most``."""
    return [min(most, steps - start) for start in range(0, steps, most)]
