"""Run the part of the network that is never trained over many pictures.

On TensorFlow it is compiled by TensorFlow Lite, which folds batch norms into convolutions and runs them with XNNPACK's
kernels: about twice as many pictures a second as Keras' ``predict_on_batch`` (``tests/benchmarks``), within 1e-4. One
thread computes one batch, so features are the same bits on two cores and on sixteen; more cores take more batches at
once. On torch (a GPU) Keras runs it as it is.
"""

from __future__ import annotations

import importlib
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils.devices import available_cores, in_use
from fer_utils.files import sha256_file
from fer_utils.papers.mobilenet_jaffe import model
from fer_utils.progress import track
from fer_utils.silence import quiet_stderr

BATCH = {"cpu": 16, "cuda": 256, "mps": 64}
"""Pictures at once, by device. Larger ones do not fit a processor's cache: of 160 pixels 16 at once give 176 pictures
a second, 32 give 162 and 64 give 152."""


class Frozen:
    """A network in inference mode: ``float32 [n, S, S, 3]``, with n at most :attr:`batch`, to ``float32 [n, ...]``.

    Attributes:
        output_shape: of one picture's activations.
        batch: how many pictures it takes at once.
        threads: how many threads may call it at once.
    """

    def __init__(self, trunk: Any) -> None:
        self.output_shape: tuple[int, ...] = tuple(trunk.output_shape[1:])
        self.batch, self.threads = BATCH[in_use()], 1
        self._run: Callable[[np.ndarray], np.ndarray] = lambda images: model.run_frozen(trunk, images)
        if model.keras.backend.backend() == "tensorflow":
            self.threads = available_cores()
            self._run = _Lite(trunk, self.batch)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        # Always the same number of pictures: frameworks compile for each other one anew.
        padded = np.zeros((self.batch, *images.shape[1:]), np.float32)
        padded[: len(images)] = images
        return self._run(padded)[: len(images)]


class _Lite:
    """A Keras network in TensorFlow Lite; each thread has an interpreter of its own."""

    def __init__(self, trunk: Any, batch: int) -> None:
        tensorflow = importlib.import_module("tensorflow")
        self._lite = tensorflow.lite
        shape = tensorflow.TensorSpec((batch, *trunk.input_shape[1:]))
        function = tensorflow.function(lambda images: trunk(images, training=False)).get_concrete_function(shape)
        with quiet_stderr():
            self._content = self._lite.TFLiteConverter.from_concrete_functions([function], function).convert()
        self._own = threading.local()

    def __call__(self, images: np.ndarray) -> np.ndarray:
        if not hasattr(self._own, "interpreter"):
            self._own.interpreter = self._interpreter()
        interpreter, inputs, outputs = self._own.interpreter
        interpreter.set_tensor(inputs, images)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(outputs))

    def _interpreter(self) -> tuple[Any, int, int]:
        with warnings.catch_warnings(), quiet_stderr():
            # TensorFlow announces that this part of it also exists as a package of its own.
            warnings.simplefilter("ignore")
            interpreter = self._lite.Interpreter(model_content=self._content, num_threads=1)
            interpreter.allocate_tensors()
        return interpreter, interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]


def frozen(image_size: int, weights: str | Path, trainable: str) -> Frozen:
    """The part of MobileNetV2 below what is trained; built once a process.

    Args:
        image_size, weights: as for :func:`~.model.backbone`, whose errors it raises.
        trainable: ``"head"`` or ``"last_block"``.
    """
    digest = sha256_file(weights) if isinstance(weights, Path) and weights.is_file() else ""
    return _build(image_size, weights, digest, trainable, in_use())


@lru_cache(maxsize=2)
def _build(image_size: int, weights: str | Path, digest: str, trainable: str, device: str) -> Frozen:
    """``digest`` and ``device`` are there for the cache: another file under the same name is another network."""
    trunk, _ = model.trunk_and_tail(model.backbone(image_size, weights), 1, trainable, seed=0)
    return Frozen(trunk)


def over(network: Frozen, total: int, draw: Callable[[range], np.ndarray], stage: str) -> np.ndarray:
    """Activations of ``total`` pictures, ``float32 [total, ...]``.

    Args:
        network: from :func:`frozen`.
        total: how many pictures there are.
        draw: gives the pictures of some rows as ``float32 [n, S, S, 3]``, one batch at a time; several threads call it.
        stage: a few words for the progress bar.
    """
    activations = np.empty((total, *network.output_shape), np.float32)

    def work(start: int) -> None:
        rows = range(start, min(start + network.batch, total))
        activations[rows.start : rows.stop] = network(draw(rows))

    starts = range(0, total, network.batch)
    with ThreadPoolExecutor(network.threads) as workers:
        for _ in track(workers.map(work, starts), stage, total=len(starts)):
            pass
    return activations
