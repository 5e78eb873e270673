"""Train more than the head: the last block, or the whole network.

Slower by orders of magnitude than :mod:`fer_utils.papers.mobilenet_jaffe.heads`, so one unit is one
fold. What stays frozen still runs only once: the tail trains on stored activations.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils.devices import seed_everything
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.files import sha256_file
from fer_utils.papers.mobilenet_jaffe import model
from fer_utils.papers.mobilenet_jaffe.augment import Pool
from fer_utils.papers.mobilenet_jaffe.heads import PADDING, batch_order
from fer_utils.papers.mobilenet_jaffe.settings import Augmentation
from fer_utils.preprocess import normalise, resize, to_rgb
from fer_utils.progress import track
from fer_utils.splits import Fold


def tune(
    *,
    faces: FaceSet,
    pool: Pool,
    augmentation: Augmentation,
    image_size: int,
    normalisation: str,
    weights: str | Path,
    trainable: str,
    fold: Fold,
    seed: int,
    learning_rate: float,
    batch_size: int,
    epochs: int,
    activations: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Train the tail of the network on one fold; test it after every epoch.

    Args:
        activations: what the frozen trunk makes of the pool, from
            :func:`fer_utils.papers.mobilenet_jaffe.protocol.extract`; ``None`` for ``trainable="all"``,
            where images are drawn batch by batch.

    Returns:
        ``predicted`` ``int16 [epochs, 1, T]`` and ``loss`` ``float32 [epochs, 1]``, shaped like
        those of :func:`fer_utils.papers.mobilenet_jaffe.heads.train_heads` for one fold.

    Raises:
        FerError: ``activations`` are missing or superfluous.
    """
    if (activations is None) != (trainable == "all"):
        raise FerError(f"trainable={trainable!r} {'takes no' if trainable == 'all' else 'needs'} stored activations")
    seed_everything(seed)
    tail = fresh_tail(image_size, weights, len(faces.classes), trainable, seed, learning_rate)
    small = faces.with_images(resize(faces.images, image_size)) if activations is None else faces

    def inputs(rows: np.ndarray) -> np.ndarray:
        if activations is not None:
            return activations[rows]
        return normalise(to_rgb(pool.images(small, rows, augmentation)), normalisation)

    predicted = np.full((epochs, 1, len(fold.test)), PADDING, np.int16)
    loss = np.zeros((epochs, 1), np.float32)
    for epoch in track(range(epochs), f"tuning {trainable}, {fold.name}"):
        rows = fold.train[batch_order(len(fold.train), epoch, seed)]
        for start in range(0, len(rows), batch_size):
            batch, weight = _whole(rows[start : start + batch_size], batch_size)
            tail.train_on_batch(inputs(batch), pool.label[batch], sample_weight=weight)
        given = _predict(tail, inputs, fold.test, batch_size)
        predicted[epoch, 0] = given.argmax(axis=1)
        right = given[np.arange(len(fold.test)), pool.label[fold.test]]
        loss[epoch, 0] = -np.log(np.maximum(right, 1e-7)).mean()
    return {"predicted": predicted, "loss": loss}


def _whole(rows: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """A last batch filled up with its own rows again, and weights by which the mean loss is that of ``rows``.

    TensorFlow would compile the network once more for a smaller batch, which takes longer than an epoch.
    """
    weight = np.zeros(size, np.float32)
    weight[: len(rows)] = size / len(rows)
    return np.resize(rows, size), weight


def _predict(tail: Any, inputs: Callable[[np.ndarray], np.ndarray], rows: np.ndarray, batch_size: int) -> np.ndarray:
    parts = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    return np.concatenate([model.run_frozen(tail, inputs(_whole(part, batch_size)[0]))[: len(part)] for part in parts])


def fresh_tail(
    image_size: int, weights: str | Path, n_classes: int, trainable: str, seed: int, learning_rate: float
) -> Any:
    """The tail as it is before training: pretrained, with a head drawn from ``seed`` and an optimiser without memory.

    Compiled once a process and then set back, because compiling the whole network takes longer than training it on a
    small fold. Arguments as for :func:`~.model.trunk_and_tail`.
    """
    digest = sha256_file(weights) if isinstance(weights, Path) and weights.is_file() else ""
    tail, start = _compiled(image_size, weights, digest, n_classes, trainable)
    tail.set_weights(start)
    head = tail.get_layer("head")
    kernel, bias = head.get_weights()
    head.set_weights([np.asarray(model.glorot(seed)(kernel.shape)), np.zeros_like(bias)])
    for variable in tail.optimizer.variables:
        variable.assign(np.zeros(variable.shape, variable.dtype))
    tail.optimizer.learning_rate = learning_rate
    return tail


@lru_cache(maxsize=1)
def _compiled(
    image_size: int, weights: str | Path, digest: str, n_classes: int, trainable: str
) -> tuple[Any, list[np.ndarray]]:
    """``digest`` is there for the cache: another file under the same name is another network."""
    _, tail = model.trunk_and_tail(model.backbone(image_size, weights), n_classes, trainable, 0)
    # XLA, Keras' choice, makes a step of the last block five times slower on a processor.
    tail.compile(model.keras.optimizers.Adam(), "sparse_categorical_crossentropy", jit_compile=False)
    tail.optimizer.build(tail.trainable_variables)
    return tail, [np.array(value) for value in tail.get_weights()]


def together(outcomes: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Put the folds of :func:`tune` side by side, in the shape that ``train_heads`` returns."""
    longest = max(outcome["predicted"].shape[2] for outcome in outcomes)
    predicted = np.full((len(outcomes[0]["loss"]), len(outcomes), longest), PADDING, np.int16)
    for number, outcome in enumerate(outcomes):
        predicted[:, number, : outcome["predicted"].shape[2]] = outcome["predicted"][:, 0]
    return {"predicted": predicted, "loss": np.concatenate([outcome["loss"] for outcome in outcomes], axis=1)}
