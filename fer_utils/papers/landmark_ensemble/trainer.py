"""Train many small networks at once: several members of an ensemble, of several folds, in one stack.

A stack (:mod:`fer_utils.papers.landmark_ensemble.model`) is trained by Keras' own ``fit``. Its loss is
the *sum* of its networks' losses, so each network gets exactly the gradient it would get alone,
and Adam, which works weight by weight, takes the step it would take alone: a stack of fifty
gives the same networks as fifty calls of ``fit`` (a test compares them). Pictures stay on the
device; what travels in each step is their row numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_utils.papers.landmark_ensemble import model
from fer_utils.papers.landmark_ensemble.model import Weights, keras
from fer_utils.papers.landmark_ensemble.points import outputs_of, targets
from fer_utils.papers.landmark_ensemble.schedule import stream
from fer_utils.papers.landmark_ensemble.settings import BETA_1, BETA_2, EPSILON, Settings

PREDICT_BATCH = 64

Loss = Callable[[Any, Any], Any]


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


class Album(keras.layers.Layer):
    """Looks pictures up by row number on the device and brings them to [-1, 1] (Section III-D).

    ``int [N, G] -> float [N, S, S, 3G]``: the three equal channels of each network's own picture.
    """

    def __init__(self, images: np.ndarray) -> None:
        super().__init__(name="album", trainable=False)
        self.images = keras.ops.convert_to_tensor(images)

    def call(self, rows: Any) -> Any:
        seen = keras.ops.cast(keras.ops.take(self.images, keras.ops.cast(rows, "int32"), axis=0), "float32")
        seen = keras.ops.moveaxis(seen, 1, -1) / 127.5 - 1.0
        return keras.ops.repeat(seen, model.CHANNELS, axis=-1)

    def compute_output_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        side = self.images.shape[1]
        return (shape[0], side, side, model.CHANNELS * shape[1])


def summed_error(own_outputs: Sequence[int], width: int) -> Loss:
    """Stage 1, Equation 1: each network's mean absolute error over its own outputs, summed over networks."""
    share = np.zeros((len(own_outputs), width), np.float32)
    for network, own in enumerate(own_outputs):
        share[network, :own] = 1 / own

    def loss(truth: Any, predicted: Any) -> Any:
        weighted = keras.ops.abs(truth - predicted) * keras.ops.convert_to_tensor(share, predicted.dtype)
        return keras.ops.sum(weighted, axis=(1, 2))

    return loss


def summed_cross_entropy(truth: Any, scores: Any) -> Any:
    """Equation 2, summed over networks; ``scores`` are before the softmax."""
    return keras.ops.sum(keras.losses.sparse_categorical_crossentropy(truth, scores, from_logits=True), axis=-1)


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

    Attributes:
        body: the stacked extractor.
        classifier: the stacked classification heads; ``None`` before :meth:`new_classifier`.
    """

    def __init__(
        self, members: Sequence[Member], images: np.ndarray, points: np.ndarray, labels: np.ndarray, n_classes: int,
        settings: Settings, batches: int,
    ) -> None:  # fmt: skip
        self.members, self.settings, self.points, self.labels = list(members), settings, points, labels
        self.n_classes, self.epoch_length = n_classes, batches * settings.batch_size
        self.album = Album(images)
        self.classifier: Any = None
        self._fit: Any = None
        starts = [model.initial_extractor(settings.filters, member.seed) for member in members]
        self.body = self._new_body("batch", model.stack_extractors(starts))
        epochs = settings.landmark_epochs + settings.head_epochs + settings.tune_epochs + settings.baseline_epochs
        variants = settings.augmentation.variants
        classes, length = labels[::variants] if settings.balance else None, epochs * self.epoch_length
        self._order = np.stack(
            [stream(member.train, length, variants, member.seed, classes) for member in members], axis=1
        )
        self._seen = 0

    def _next(self, epochs: int) -> np.ndarray:
        """Rows of the epochs that come next, ``int64 [steps * batch, G]``."""
        start, self._seen = self._seen, self._seen + epochs * self.epoch_length
        return self._order[start : self._seen]

    def learn_landmarks(self) -> Any:
        """Stage 1: extractor and localization heads, mean absolute error. Gives the stacked heads."""
        parts = [member.part for member in self.members if member.part]
        own = [outputs_of(part) for part in parts]
        top = self._head((self.settings.hidden, max(own)), own)
        fit = self._trainer(top, summed_error(own, max(own)), self.settings.landmark_rate)
        # A few epochs at a time, so that the targets of all networks fit into memory.
        for epochs in pieces(self.settings.landmark_epochs, self.settings.check_every):
            rows = self._next(epochs)
            shares = np.zeros((*rows.shape, max(own)), np.float32)
            for number, part in enumerate(parts):
                mine = targets(self.points[rows[:, number]], part, self.settings.image_size)
                shares[:, number, : own[number]] = mine
            fit(rows, shares)
        return top

    def new_classifier(self) -> None:
        """Put a fresh classification head on every network (Figure 6)."""
        width = self.settings.hidden
        self.classifier = self._head((width, width, self.n_classes), [self.n_classes] * len(self.members))

    def learn_head(self) -> None:
        """Stage 2: the classification head alone. The extractor is frozen, so a picture passes it only once."""
        rows = self._next(self.settings.head_epochs)
        distinct = [np.unique(column, return_inverse=True) for column in rows.T]
        longest = max(len(own) for own, _ in distinct)
        once = _predict(
            self._chain(self.album, self.body), np.stack([np.resize(f, longest) for f, _ in distinct], axis=1)
        )
        features = np.stack([once[where, number] for number, (_, where) in enumerate(distinct)], axis=1)
        self.classifier.compile(_adam(self.settings.head_rate), summed_cross_entropy, jit_compile=False)
        self.classifier.fit(features, self.labels[rows], self.settings.batch_size, shuffle=False, verbose=0)

    def start_tuning(self, rate: float, batch_norm: str) -> None:
        """Begin stage 3, or Baseline's only stage: everything learns, cross-entropy."""
        self.body = self._new_body(batch_norm, self.body.get_weights())
        self._fit = self._trainer(self.classifier, summed_cross_entropy, rate)

    def tune(self, epochs: int) -> None:
        """Go on with what :meth:`start_tuning` began."""
        rows = self._next(epochs)
        self._fit(rows, self.labels[rows])

    def viewer(self, images: np.ndarray, top: Any) -> Callable[[np.ndarray], np.ndarray]:
        """A function that gives ``top``'s outputs ``float32 [n, G, ...]`` on ``rows [n, G]`` of ``images``.

        It always sees the weights of the moment, until :meth:`start_tuning` changes the extractor.
        """
        network = self._chain(Album(images), self.body, top)
        return lambda rows: _predict(network, rows)

    def weights(self) -> list[tuple[Weights, Weights]]:
        """Each network's extractor and classification head as they are now."""
        bodies = model.split_extractors(self.body.get_weights(), len(self.members))
        return list(zip(bodies, model.split_heads(self.classifier.get_weights()), strict=True))

    def _head(self, widths: Sequence[int], own: Sequence[int]) -> Any:
        features, activation = self.settings.filters[-1], self.settings.head_activation
        top = model.head(features, widths, len(self.members), activation)
        starts = [
            model.initial_head(features, widths, outputs, member.seed)
            for outputs, member in zip(own, self.members, strict=True)
        ]
        top.set_weights(model.stack_heads(starts))
        return top

    def _new_body(self, batch_norm: str, weights: Weights) -> Any:
        settings = self.settings
        body = model.extractor(
            settings.image_size, settings.filters, len(self.members), batch_norm, settings.norm_momentum
        )
        body.set_weights(weights)
        return body

    def _chain(self, *layers: Any) -> Any:
        inputs = outputs = keras.Input((len(self.members),), dtype="int32", name="rows")
        for layer in layers:
            outputs = layer(outputs)
        return keras.Model(inputs, outputs)

    def _trainer(self, top: Any, loss: Loss, rate: float) -> Callable[[np.ndarray, np.ndarray], None]:
        """One optimiser from its start to its end: a function that fits on more rows each time it is called."""
        network = self._chain(self.album, self.body, top)
        # XLA is slow at convolutions on a processor, and torch has none.
        network.compile(_adam(rate), loss, jit_compile=False)

        def fit(rows: np.ndarray, labels: np.ndarray) -> None:
            network.fit(rows.astype(np.int32), labels, self.settings.batch_size, shuffle=False, verbose=0)

        return fit


def pieces(epochs: int, most: int) -> list[int]:
    """``epochs`` cut into pieces of at most ``most``."""
    return [min(most, epochs - start) for start in range(0, epochs, most)]


def _adam(rate: float) -> Any:
    return keras.optimizers.Adam(rate, BETA_1, BETA_2, EPSILON)


def _predict(network: Any, rows: np.ndarray) -> np.ndarray:
    return np.asarray(network.predict(rows.astype(np.int32), batch_size=PREDICT_BATCH, verbose=0), np.float32)
