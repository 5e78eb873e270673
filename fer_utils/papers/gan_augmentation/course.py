"""One training of one classifier: pictures, rotation and translation live on the device.

What travels in each step is row numbers and the maps that turn and shift the pictures. Both are
drawn beforehand by NumPy, so that a training is the same on every backend but for rounding, and
one that was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils.devices import import_keras, one_thread, seed_everything
from fer_utils.papers.gan_augmentation.settings import KERAS_BACKEND
from fer_utils.stored import read_sealed, write_sealed

keras = import_keras(KERAS_BACKEND)
if keras.backend.backend() == "torch":
    one_thread()

PREDICT_BATCH = 256
IMAGENET_MEANS = (103.939, 116.779, 123.68)
"""Blue, green, red: taken off the pictures that Keras' VGG and ResNet weights were trained on."""


class Album(keras.layers.Layer):  # type: ignore[name-defined]
    """Pictures by row number, turned and shifted: ``int [N]`` and ``float [N, 6] -> float [N, S, S, 3]``.

    Args:
        images: ``uint8 [M, S, S]``.
        imagenet: take off ImageNet's channel means, and not bring pixels to -1 to 1.
    """

    def __init__(self, images: np.ndarray, imagenet: bool) -> None:
        super().__init__(name="album", trainable=False)
        self.side, self.imagenet = images.shape[1], imagenet
        self.pixels = keras.ops.convert_to_tensor(images.reshape(-1))
        y, x = np.divmod(np.arange(self.side**2, dtype=np.float32), np.float32(self.side))
        self.grid = np.stack([x, y, np.ones_like(x)])

    def call(self, rows: Any, moves: Any = None) -> Any:
        first = keras.ops.expand_dims(keras.ops.cast(rows, "int32"), 1) * self.side**2
        if moves is None:
            seen = self._at(first, keras.ops.arange(self.side**2, dtype="int32"))
        else:
            seen = self._between(first, moves)
        seen = keras.ops.reshape(seen, (-1, self.side, self.side, 1))
        seen = keras.ops.repeat(seen, 3, axis=-1)
        if self.imagenet:
            return seen - keras.ops.convert_to_tensor(np.array(IMAGENET_MEANS, np.float32))
        return seen / 127.5 - 1.0

    def _between(self, first: Any, moves: Any) -> Any:
        """Pixels at mapped places, bilinearly; from outside the nearest edge is taken."""
        grid = keras.ops.convert_to_tensor(self.grid)
        x, y = (keras.ops.clip(keras.ops.matmul(part, grid), 0, self.side - 1) for part in (moves[:, :3], moves[:, 3:]))
        left, top = keras.ops.floor(x), keras.ops.floor(y)
        across, down = x - left, y - top
        left, top = keras.ops.cast(left, "int32"), keras.ops.cast(top, "int32") * self.side
        right = keras.ops.minimum(left + 1, self.side - 1)
        below = keras.ops.minimum(top + self.side, self.side * (self.side - 1))
        upper = (1 - across) * self._at(first, top + left) + across * self._at(first, top + right)
        lower = (1 - across) * self._at(first, below + left) + across * self._at(first, below + right)
        return (1 - down) * upper + down * lower

    def _at(self, first: Any, place: Any) -> Any:
        return keras.ops.cast(keras.ops.take(self.pixels, first + place), "float32")

    def compute_output_shape(self, shape: tuple[int | None, ...], *_: Any) -> tuple[int | None, ...]:
        return (shape[0], self.side, self.side, 3)


def draw_moves(count: int, side: int, rotation: float, translation: float, seed: int) -> np.ndarray:
    """Maps that turn pictures about their centre and shift them, ``float32 [count, 6]``.

    Angle and both shifts are uniform within plus or minus their range. A row ``(a, b, c, d, e, f)``
    says that pixel ``(x, y)`` of the result is that at ``(a x + b y + c, d x + e y + f)`` of the picture.

    Args:
        side: of the pictures in pixels.
        rotation: in degrees.
        translation: as a share of the side.
    """
    random = np.random.default_rng((seed, 7))
    angle = np.deg2rad(random.uniform(-rotation, rotation, count))
    across, down = random.uniform(-translation, translation, (2, count)) * side
    cos, sin, middle = np.cos(angle), np.sin(angle), (side - 1) / 2
    x = [cos, -sin, middle - middle * cos + middle * sin + across]
    y = [sin, cos, middle - middle * sin - middle * cos + down]
    return np.stack([*x, *y], axis=1).astype(np.float32)


def draw_rows(count: int, total: int, seed: int) -> np.ndarray:
    """``total`` row numbers out of ``count``: one shuffled pass over all after the other, ``int32 [total]``."""
    random = np.random.default_rng((seed, 11))
    passes = [random.permutation(count) for _ in range(-(-total // count))]
    return np.concatenate(passes)[:total].astype(np.int32)


class Course:
    """A network, its pictures, and how far it has come.

    Args:
        network: Keras model, ``float [N, S, S, 3] -> [N, K]`` logits.
        images: ``uint8 [M, S, S]``, ``labels``: ``int [M]``.
        steps: how many there are in all.
        batch_size: pictures a step.
        rate, momentum: of SGD.
        rotation, translation: of the pictures in training; both 0 for none.
        imagenet: see :class:`Album`.
        seed: of order, moves and dropout.
    """

    def __init__(
        self, network: Any, images: np.ndarray, labels: np.ndarray, *, steps: int, batch_size: int, rate: float,
        momentum: float, rotation: float, translation: float, imagenet: bool, seed: int,
    ) -> None:  # fmt: skip
        seed_everything(seed)
        self.network, self.labels, self.imagenet = network, np.asarray(labels), imagenet
        self.batch, self.done = batch_size, 0
        self.rows = draw_rows(len(images), steps * batch_size, seed)
        self.moves = None
        inputs = [keras.Input((), dtype="int32")]
        if rotation or translation:
            self.moves = draw_moves(steps * batch_size, images.shape[1], rotation, translation, seed)
            inputs.append(keras.Input((6,)))
        self._model = keras.Model(inputs, network(Album(images, imagenet)(*inputs)))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        # XLA is slow at convolutions on a processor.
        self._model.compile(keras.optimizers.SGD(rate, momentum), loss, jit_compile=False)
        self._model.optimizer.build(self._model.trainable_variables)

    def advance(self, steps: int) -> float:
        """Make so many steps; gives their mean loss in nats."""
        part = slice(self.done * self.batch, (self.done + steps) * self.batch)
        rows = self.rows[part]
        given = [rows] if self.moves is None else [rows, self.moves[part]]
        history = self._model.fit(given, self.labels[rows], self.batch, epochs=1, shuffle=False, verbose=0)
        self.done += steps
        return float(history.history["loss"][0])

    def answers(self, images: np.ndarray) -> np.ndarray:
        """The class that the network now takes each of ``uint8 [N, S, S]`` for, ``uint8 [N]``."""
        return outputs(self.network, images, self.imagenet).argmax(axis=1).astype(np.uint8)

    def state(self) -> dict[str, np.ndarray]:
        """What a training needs to go on: weights, batch-norm statistics, momenta.

        Without dropout it goes on to the same bits; where dropout draws from is the backend's affair.
        """
        return {f"v{place}": np.array(keras.ops.convert_to_numpy(v)) for place, v in enumerate(self._variables())}

    def restore(self, state: Mapping[str, np.ndarray], done: int) -> None:
        """Put what :meth:`state` gave after ``done`` steps back."""
        for place, variable in enumerate(self._variables()):
            variable.assign(state[f"v{place}"])
        self.done = done

    def _variables(self) -> list[Any]:
        return [*self._model.variables, *self._model.optimizer.variables]


def outputs(network: Any, images: np.ndarray, imagenet: bool) -> np.ndarray:
    """What a network gives for pictures as they are, ``float32 [N, D]``, in inference mode."""
    rows = keras.Input((), dtype="int32")
    viewer = keras.Model(rows, network(Album(images, imagenet)(rows)))
    given = viewer.predict(np.arange(len(images), dtype=np.int32), batch_size=PREDICT_BATCH, verbose=0)
    return np.asarray(given, np.float32)


def attend(course: Course, scored: np.ndarray, points: Sequence[int], checkpoint: Path | None) -> dict[str, np.ndarray]:
    """Train, and classify the scored pictures at given evaluation points.

    Nothing here knows the scored pictures' labels, so nothing can be chosen by them.

    Args:
        course: at its beginning.
        scored: ``uint8 [N, S, S]``.
        points: after how many steps, rising.
        checkpoint: an ``.npz`` file, written at each evaluation and, where it is there already, continued
            from. The caller names it after everything that went in, and removes it.

    Returns:
        ``predicted`` ``uint8 [L, N]``, ``loss`` ``float64 [L]`` (mean since the evaluation before), ``points``.
    """
    predicted, loss = np.zeros((len(points), len(scored)), np.uint8), np.zeros(len(points))
    first = 0
    # A damaged one only costs the time to begin again.
    stored = None if checkpoint is None else read_sealed(checkpoint)
    if stored is not None:
        first, predicted, loss = int(stored.pop("first")), stored.pop("predicted"), stored.pop("loss")
        course.restore(stored, int(points[first - 1]))
    for number in range(first, len(points)):
        loss[number] = course.advance(points[number] - course.done)
        predicted[number] = course.answers(scored)
        if checkpoint is not None:
            so_far = {"first": np.array(number + 1), "predicted": predicted, "loss": loss}
            write_sealed(checkpoint, {**course.state(), **so_far})
    return {"predicted": predicted, "loss": loss, "points": np.asarray(points)}
