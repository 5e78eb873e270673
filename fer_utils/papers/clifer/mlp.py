"""The baseline (Section V-B.1): the classifier C alone, trained class after class with nothing to remember by.

As released it gets the same few epochs for every class. Where a class has six frames those are 20 steps, in which the
moving averages of its batch normalisation, a hundredth a step, have hardly left their start: it is asked before it has
learnt. A baseline that a memory is fairly held against learns each class to the end (``until``).
"""

from __future__ import annotations

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch.nn import functional

from fer_utils.papers.clifer.networks import classifier


class Baseline:
    """One person's MLP.

    Args:
        code_size: length of a code.
        n_classes: how many expressions.
        seed: of its weights and the order of its batches.
        epochs, learning_rate, batch_size: of each class; not stated, authors' release.
        until: go on with a class, ``epochs`` at a time, until so much of it is recalled, at most ``most_epochs``;
            ``None``: ``epochs`` once.
        most_epochs: of a class.
    """

    def __init__(
        self, code_size: int, n_classes: int, seed: int, *, epochs: int, learning_rate: float, batch_size: int,
        until: float | None = None, most_epochs: int = 2_000,
    ) -> None:  # fmt: skip
        self.noise = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = classifier(code_size, n_classes)
        self.adam = torch.optim.Adam(self.network.parameters(), lr=learning_rate, betas=(0.5, 0.999), fused=True)
        self.epochs, self.batch_size = epochs, batch_size
        self.until, self.most_epochs = until, most_epochs

    def learn_class(self, codes: np.ndarray, label: int) -> None:
        """Train on the frames of one class, ``[N, D]``; a batch of one frame is left out, it has no variance."""
        inputs = torch.from_numpy(np.asarray(codes, np.float32))
        labels = torch.full((len(inputs),), label)
        # Networks this small only lose by sharing their sums between cores.
        with threadpool_limits(1):
            self._descend(inputs, labels)
            for _ in range(self.epochs, self.most_epochs, self.epochs):
                if self.until is None or float((self.predict(codes) == label).mean()) >= self.until:
                    break
                self._descend(inputs, labels)

    def _descend(self, inputs: torch.Tensor, labels: torch.Tensor) -> None:
        self.network.train()
        for _ in range(self.epochs):
            for rows in torch.randperm(len(inputs), generator=self.noise).split(self.batch_size):
                if len(rows) == 1:
                    continue
                self.adam.zero_grad(set_to_none=True)
                functional.cross_entropy(self.network(inputs[rows]), labels[rows]).backward()
                self.adam.step()

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """The most likely class of each frame, ``int64 [N]``."""
        self.network.eval()
        with torch.no_grad():
            return self.network(torch.from_numpy(np.asarray(codes, np.float32))).argmax(dim=1).numpy()
