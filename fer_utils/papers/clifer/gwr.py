"""``Gwr``: a growing-when-required network with gamma memory, the part that both memories of CLIFER are.

Marsland, Shapiro & Nehmzow 2002 (growing when required), Parisi et al. 2018 (gamma contexts,
associative labels, regulated growth). With ``x`` the input, ``w_b`` the winner and ``h`` its habituation,
one sample does one of two things:

* it is far (``exp(-|x - w_b|) < a_T``) from a winner that is already tired (``h_b < h_T``): a neuron is born
  at ``(w_b + x) / 2``;
* otherwise the winner moves, ``w_b += eps_b h_b (x - w_b)``, its neighbours follow a little, all tire
  (``h += tau kappa (1 - h) - tau``), and the winner counts the sample's label.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fer_utils.papers.clifer import gwr_kernel as kernel
from fer_utils.papers.clifer.gwr_kernel import COUNT, PREVIOUS, Net, Rules
from fer_utils.papers.clifer.settings import CALL, FIRST_CLASS, HALF_FIRST_CLASS, GwrSettings

START_ROOM, START_LIST = 56, 8
NO_LIMIT = 2**31 - 1


class Trace(NamedTuple):
    """What one call of :meth:`Gwr.learn` did, sample by sample.

    ``winner int32 [epochs, N]`` in the numbering during the call; ``event int8 [epochs, N]``:
    0 nothing, 1 moved, 2 grew.
    """

    winner: np.ndarray
    event: np.ndarray


class Gwr:
    """One growing memory.

    Args:
        settings: see :class:`~fer_utils.papers.clifer.settings.GwrSettings`. A ``max_nodes`` that counts
            the first class must be replaced by its number, as :class:`fer_utils.papers.clifer.gdm.DualMemory` does.
        n_classes: how many labels there are.
        seed: draws the two neurons that the memory starts with (Algorithm 1, step 2).
    """

    def __init__(self, settings: GwrSettings, n_classes: int, seed: int = 0) -> None:
        if settings.max_nodes in (FIRST_CLASS, HALF_FIRST_CLASS):
            raise ValueError(f"max_nodes={settings.max_nodes!r} has to be replaced by a number")
        self.settings, self.n_classes, self.seed = settings, n_classes, seed
        self._net: Net | None = None

    def __len__(self) -> int:
        return 0 if self._net is None else int(self._net.numbers[COUNT])

    @property
    def weights(self) -> np.ndarray:
        """Weight vectors, ``float64 [N, D]``."""
        return self._full().weights[0, :, : len(self)].T.copy()

    @property
    def contexts(self) -> np.ndarray:
        """Context vectors ``c_1 … c_K``, ``float64 [N, K, D]``."""
        return self._full().weights[1:, :, : len(self)].transpose(2, 0, 1).copy()

    @property
    def habituation(self) -> np.ndarray:
        """``float64 [N]``: 1 for a neuron that never won, falling towards ``1 - 1 / kappa``."""
        return self._full().habituation[: len(self)].copy()

    @property
    def histogram(self) -> np.ndarray:
        """How much each label is tied to each neuron, ``float64 [N, n_classes]``."""
        return self._full().histogram[: len(self)].copy()

    @property
    def neuron_labels(self) -> np.ndarray:
        """The mode of each histogram, ``int64 [N]``; -1 for a neuron that was never given a label."""
        labels = self.histogram.argmax(axis=1)
        if not self.settings.faithful_quirks:
            labels[self.histogram.max(axis=1) <= 0] = -1
        return labels

    def edges(self) -> dict[tuple[int, int], int]:
        """The age of every edge, by the numbers of its two neurons, lower first."""
        net = self._full()
        return {
            (neuron, int(other)): int(net.numbers[kernel.CLOCK] - net.refreshed[neuron, place])
            for neuron in range(len(self))
            for place, other in enumerate(net.neighbours[neuron, : net.degree[neuron]])
            if neuron <= other
        }

    def links(self) -> dict[tuple[int, int], int]:
        """How often the second neuron of a pair won right after the first."""
        net = self._full()
        return {
            (neuron, int(other)): int(net.times[neuron, place])
            for neuron in range(len(self))
            for place, other in enumerate(net.followers[neuron, : net.followed[neuron]])
        }

    def learn(self, samples: np.ndarray, labels: np.ndarray, epochs: int = 1, regulated: bool = True) -> Trace:
        """Play a sequence of labelled samples to the memory.

        The context starts empty in each epoch. Edges older than ``max_age`` are cut after each
        epoch, neurons without an edge are removed at the end.

        Args:
            samples: ``[N, D]``, in the order of time.
            labels: ``int [N]``, each from 0 to ``n_classes - 1``.
            epochs: how often.
            regulated: ``False`` suspends ``settings.regulation``.

        Raises:
            ValueError: shapes do not fit, a value is not finite, or a label is out of range.
        """
        samples, labels = self._checked(samples), np.ascontiguousarray(labels, np.int64)
        self._check_labels(labels, len(samples))
        winners = np.zeros((epochs, len(samples)), np.int32)
        events = np.zeros((epochs, len(samples)), np.int8)
        if len(samples) == 0:
            return Trace(winners, events)
        if self._net is None:
            self._net = self._start(samples)
        rules = self._rules(regulated, len(samples))
        for epoch in range(epochs):
            self._forget_past()
            played = 0
            while played < len(samples):
                played = kernel.learn(self._net, rules, samples, labels, played, winners[epoch], events[epoch])
                if played < len(samples):
                    self._net = _with_more_room(self._net)
            if self.settings.max_age is not None:
                kernel.cut_old_edges(self._net, self.settings.max_age)
        if not self.settings.keep_isolated:
            kernel.remove_isolated(self._net)
        return Trace(winners, events)

    def learn_apart(
        self, sequences: np.ndarray, labels: np.ndarray, epochs: int = 1, regulated: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """One call of :meth:`learn` for each of many short sequences, and what the memory then sees in each.

        Args:
            sequences: ``[S, T, D]``.
            labels: ``int [S, T]``.
            epochs, regulated: as for :meth:`learn`.

        Returns:
            the winners' weights ``float64 [S, T, D]`` and labels ``int64 [S, T]``, each asked for
            right after its sequence was learnt.

        Raises:
            ValueError: the memory is empty, or as for :meth:`learn`.
        """
        net, (count, length, dimensions) = self._full(), sequences.shape
        flat, labels = self._checked(sequences.reshape(-1, dimensions)), np.ascontiguousarray(labels, np.int64)
        self._check_labels(labels.ravel(), len(flat))
        sequences = flat.reshape(count, length, dimensions)
        seen, told = np.empty_like(sequences), np.empty_like(labels)
        rules = self._rules(regulated, length)
        max_age = -1 if self.settings.max_age is None else self.settings.max_age
        played = 0
        while played < count:
            net = self._full()
            played = kernel.play_apart(
                net, rules, sequences, labels, played, epochs, max_age, self.settings.keep_isolated, seen, told
            )
            if played < count:
                self._net = _with_more_room(net, epochs * length)
        return seen, told

    def winners(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The winner of each sample of a sequence, ``int64 [N]``, and its distance, ``float64 [N]``; learns nothing."""
        samples = self._checked(samples)
        net = self._full()
        self._forget_past()
        winners, distances = np.empty(len(samples), np.int64), np.empty(len(samples))
        kernel.find_winners(net, self._rules(True, len(samples)), samples, winners, distances)
        return winners, distances

    def predict(self, samples: np.ndarray) -> np.ndarray:
        """The label of each sample's winner, ``int64 [N]``; -1 where that neuron has none."""
        return self.neuron_labels[self.winners(samples)[0]]

    def trajectories(self) -> tuple[np.ndarray, np.ndarray]:
        """Pseudo-rehearsal (Section IV-B.3): from every neuron along its most frequent follower, 2K + 1 steps.

        Returns:
            weights ``float64 [N, 2K + 1, D]`` and neuron labels ``int64 [N, 2K + 1]``. Where no
            neuron ever followed, the trajectory stays (or, with ``faithful_quirks``, goes on with
            neuron 0). Of equally frequent followers the lower number is taken.
        """
        following = np.zeros(len(self), np.int64) if self.settings.faithful_quirks else np.arange(len(self))
        most: dict[int, tuple[int, int]] = {}
        for (neuron, other), times in self.links().items():
            most[neuron] = max(most.get(neuron, (0, 0)), (times, -other))
        for neuron, (_, other) in most.items():
            following[neuron] = -other
        path = [np.arange(len(self))]
        for _ in range(2 * self.settings.contexts):
            path.append(following[path[-1]])
        steps = np.stack(path, axis=1)
        return self.weights[steps], self.neuron_labels[steps]

    def _full(self) -> Net:
        if self._net is None:
            raise ValueError("this memory has not learnt anything yet")
        return self._net

    def _checked(self, samples: np.ndarray) -> np.ndarray:
        samples = np.ascontiguousarray(samples, np.float64)
        if samples.ndim != 2 or (self._net is not None and samples.shape[1] != self._net.past.shape[1]):
            expected = "D" if self._net is None else self._net.past.shape[1]
            raise ValueError(f"samples must have shape [N, {expected}], not {list(samples.shape)}")
        if not np.isfinite(samples).all():
            raise ValueError("samples hold values that are not finite")
        return samples

    def _check_labels(self, labels: np.ndarray, n_samples: int) -> None:
        if labels.shape != (n_samples,):
            raise ValueError(f"{n_samples} samples but labels of shape {labels.shape}")
        if n_samples and not 0 <= labels.min() <= labels.max() < self.n_classes:
            raise ValueError(f"labels must lie from 0 to {self.n_classes - 1}, not {labels.min()} to {labels.max()}")

    def _forget_past(self) -> None:
        net = self._full()
        net.past[:] = 0
        net.numbers[PREVIOUS] = -1

    def _start(self, samples: np.ndarray) -> Net:
        room, depth, quirks = START_ROOM, self.settings.contexts + 1, self.settings.faithful_quirks
        dimensions = samples.shape[1]
        net = Net(
            weights=np.zeros((depth, dimensions, room)),
            habituation=np.ones(room),
            histogram=np.zeros((room, self.n_classes)),
            neighbours=np.zeros((room, START_LIST), np.int32),
            refreshed=np.zeros((room, START_LIST), np.int64),
            degree=np.zeros(room, np.int32),
            followers=np.zeros((room, START_LIST), np.int32),
            times=np.zeros((room, START_LIST), np.int64),
            followed=np.zeros(room, np.int32),
            past=np.zeros((depth, dimensions)),
            numbers=np.array([2, 0, -1]),
        )
        if quirks:
            first = np.full(2, min(1, len(samples) - 1))
            net.histogram[:2] = -1
            net.neighbours[:2, :2], net.degree[:2] = [0, 1], 2
        else:
            first = np.resize(np.random.default_rng(self.seed).permutation(len(samples))[:2], 2)
        net.weights[0, :, :2] = samples[first].T
        return net

    def _rules(self, regulated: bool, n_samples: int) -> Rules:
        chosen = self.settings
        shares = np.array([math.exp(-k) for k in range(chosen.contexts + 1)])
        most = max(2, n_samples) if chosen.max_nodes == CALL else chosen.max_nodes
        return Rules(
            alphas=shares / math.fsum(shares),
            activation=float(chosen.activation),
            habituation=float(chosen.habituation),
            max_nodes=NO_LIMIT if most is None else int(most),
            rate=float(chosen.rate),
            neighbour_rate=float(chosen.neighbour_rate),
            tau_winner=float(chosen.tau_winner),
            tau_neighbour=float(chosen.tau_neighbour),
            kappa=float(chosen.kappa),
            beta=float(chosen.beta),
            label_gain=float(chosen.label_gain),
            label_loss=float(chosen.label_loss),
            misclassified_factor=float(chosen.misclassified_factor),
            max_neighbours=chosen.max_neighbours or 0,
            damped=chosen.damped,
            norm_of_sum=chosen.distance == "norm_of_sum",
            regulated=regulated and chosen.regulation != "none",
            core50=chosen.regulation == "core50",
            quirks=chosen.faithful_quirks,
        )


def _with_more_room(net: Net, samples: int = 1) -> Net:
    """About twice the room, for neurons or in the lists, whichever may not hold that many samples more."""
    capacity, listed = net.neighbours.shape
    if net.numbers[COUNT] + samples > capacity:
        # An odd multiple of eight: columns a power of two apart would share one set of the cache.
        more = capacity + 8
        pad = {name: [(0, more)] + [(0, 0)] * (getattr(net, name).ndim - 1) for name in net._fields[1:9]}
        pad["weights"] = [(0, 0), (0, 0), (0, more)]
        return net._replace(**{name: np.pad(getattr(net, name), widths) for name, widths in pad.items()})
    lists = ("neighbours", "refreshed", "followers", "times")
    return net._replace(**{name: np.pad(getattr(net, name), [(0, 0), (0, listed)]) for name in lists})
