"""``DualMemory``: GDM-E and GDM-S and what is played to them when (Algorithm 1, Section IV-B).

The episodic memory learns the codes of real faces and grows wherever it can. What it makes of
them, the winners' weights with the labels *it* gives them, is all that the semantic memory
learns from; that one grows only where it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fer_utils.papers.clifer.gwr import Gwr
from fer_utils.papers.clifer.settings import FIRST_CLASS, HALF_FIRST_CLASS, GdmSettings, GwrSettings

MEMORIES = ("GDM-E", "GDM-S")

Imagine = Callable[[np.ndarray], np.ndarray]
"""Codes ``float64 [N, D]`` to the codes of the same face with each expression, ``float64 [N, n_classes, D]``."""


class DualMemory:
    """The two memories of one person.

    Args:
        settings: see :class:`~fer_utils.papers.clifer.settings.GdmSettings`.
        n_classes: how many labels there are. Classes are best numbered in the order in which they
            are learnt, because the authors' release takes an unlabelled neuron for the first.
        seed: of the memories' first neurons.
    """

    def __init__(self, settings: GdmSettings, n_classes: int, seed: int = 0) -> None:
        self.settings, self.n_classes, self.seed = settings, n_classes, seed
        self.episodic: Gwr | None = None
        self.semantic: Gwr | None = None
        self._classes = 0
        self._rehearsed: tuple[np.ndarray, np.ndarray] | None = None

    def learn_class(
        self, codes: np.ndarray, label: int, *, replay: bool = False, imagine: Imagine | None = None
    ) -> None:
        """Learn all there is of one class, episode by episode (Algorithm 1, steps 5 to 17).

        Args:
            codes: ``[N, D]``, frames in the order of time.
            label: the class.
            replay: play the stored trajectories to both memories after each episode.
            imagine: makes the codes of imagined expressions; they are played after the last episode.

        Raises:
            ValueError: there are no frames, or they do not fit the memory.
        """
        if len(codes) == 0:
            raise ValueError("a class without frames cannot be learnt")
        if self.episodic is None or self.semantic is None:
            self.episodic = Gwr(_limited(self.settings.episodic, len(codes)), self.n_classes, self.seed)
            self.semantic = Gwr(_limited(self.settings.semantic, len(codes)), self.n_classes, self.seed)
        self._classes += 1
        length = self.settings.episode or len(codes)
        for start in range(0, len(codes), length):
            episode = codes[start : start + length]
            self._play(episode, np.full(len(episode), label), self.settings.epochs)
            if replay:
                self._rehearse()
        if imagine is not None:
            self._imagine(codes, imagine)

    def predict(self, codes: np.ndarray) -> dict[str, np.ndarray]:
        """The label that each memory gives each frame of a sequence, ``int64 [N]``; -1: none."""
        episodic, semantic = self._memories()
        winners, _ = episodic.winners(codes)
        return {
            "GDM-E": episodic.neuron_labels[winners],
            "GDM-S": semantic.predict(episodic.weights[winners]),
        }

    def sizes(self) -> dict[str, int]:
        """Neurons in each memory."""
        episodic, semantic = self._memories()
        return {"GDM-E": len(episodic), "GDM-S": len(semantic)}

    def _memories(self) -> tuple[Gwr, Gwr]:
        if self.episodic is None or self.semantic is None:
            raise ValueError("nothing has been learnt yet")
        return self.episodic, self.semantic

    @property
    def _regulated(self) -> bool:
        return not (self.settings.first_class_unregulated and self._classes == 1)

    def _play(self, samples: np.ndarray, labels: np.ndarray, epochs: int) -> None:
        episodic, semantic = self._memories()
        episodic.learn(samples, labels, epochs)
        winners, _ = episodic.winners(samples)
        told = episodic.neuron_labels[winners]
        known = told >= 0
        semantic.learn(episodic.weights[winners][known], told[known], epochs, self._regulated)

    def _rehearse(self) -> None:
        """Play what was stored after the previous episode, one trajectory after another; store anew."""
        if self._rehearsed is not None:
            epochs = self.settings.replay_epochs
            episodic, semantic = self._memories()
            # GDM-S hears each trajectory as GDM-E knows it just then; GDM-E never listens to GDM-S.
            seen, told = episodic.learn_apart(*self._rehearsed, epochs)
            semantic.learn_apart(*_labelled(seen, told), epochs, self._regulated)
        self._rehearsed = _labelled(*self._memories()[0].trajectories())

    def _imagine(self, codes: np.ndarray, imagine: Imagine) -> None:
        episodic, _ = self._memories()
        winners, _ = episodic.winners(codes)
        distinct, place = np.unique(winners, return_inverse=True)
        imagined = imagine(episodic.weights[distinct])[place]
        real, told = episodic.weights[winners], episodic.neuron_labels[winners]
        samples = np.concatenate([real[:, None], imagined], axis=1).reshape(-1, codes.shape[1])
        labels = np.column_stack([told, np.tile(np.arange(self.n_classes), (len(codes), 1))]).ravel()
        if self.settings.imagination_replays:
            samples = np.concatenate([samples, episodic.weights])
            labels = np.concatenate([labels, episodic.neuron_labels])
        known = labels >= 0
        self._play(samples[known], labels[known], self.settings.imagination_epochs)


def _labelled(sequences: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sequences in which every step has a label."""
    known = (labels >= 0).all(axis=1)
    return sequences[known], labels[known]


def _limited(settings: GwrSettings, first_class: int) -> GwrSettings:
    limits = {FIRST_CLASS: first_class, HALF_FIRST_CLASS: first_class // 2}
    if settings.max_nodes in limits:
        return settings.but(max_nodes=max(2, limits[settings.max_nodes]))
    return settings
