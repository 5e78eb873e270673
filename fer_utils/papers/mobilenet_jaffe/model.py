"""Section 3.2: MobileNetV2 with its last dense layer replaced."""

from __future__ import annotations

import warnings
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils.devices import import_keras
from fer_utils.errors import FerError
from fer_utils.papers.mobilenet_jaffe.heads import FEATURES
from fer_utils.papers.mobilenet_jaffe.settings import KERAS_BACKEND
from fer_utils.silence import quiet_stderr

keras = import_keras(KERAS_BACKEND)

SHIPPED = "mobilenetv2_1.00_160_notop_fp16.weights.h5"
TRUNK_END = {"head": "global_average_pooling2d", "last_block": "block_15_add", "all": None}
"""The layer up to which nothing is trained. What comes after it is the tail."""

NORM_MOMENTUM = 0.9
"""How much a batch norm's running statistics keep at a step where it is trained. MobileNetV2's own 0.999 would test a
network of a hundred steps with the statistics of another. Held to those of the pretraining, a last block trained at
the paper's rate on 900 images of the stand-in for JAFFE is right about 23 % of A after three epochs; so it is 77 %."""


def backbone(image_size: int, weights: str | Path) -> Any:
    """MobileNetV2 (alpha 1.0) without its top, with global average pooling: 2,257,984 parameters.

    Args:
        image_size: side of the square RGB input in pixels.
        weights: ``"shipped"``: the file in this package, ImageNet weights whose last blocks were
            later tuned on dog photographs (a stand-in, see its README). ``"imagenet"``: Keras'
            own, downloaded on first use. ``"none"``: random. Otherwise the path of a Keras
            ``.weights.h5`` file of this architecture without its top.

    Returns:
        A Keras model, ``float [N, S, S, 3] -> [N, 1280]``.

    Raises:
        FerError: the weights cannot be reached or do not fit.
    """
    hub = weights == "imagenet"
    arguments = {"input_shape": (image_size, image_size, 3), "include_top": False, "pooling": "avg"}
    try:
        # Keras warns that 'imagenet' weights of another size are used; the size is our setting.
        with quiet_stderr():
            model = keras.applications.MobileNetV2(weights="imagenet" if hub else None, name="backbone", **arguments)
    except Exception as error:
        if not hub:
            raise
        raise FerError(
            f"Keras could not fetch its ImageNet weights ({error}). Without internet use weights='shipped', "
            f"or give the path of a .weights.h5 file."
        ) from error
    if weights == "shipped":
        with resources.as_file(resources.files("fer_utils") / "weights" / "mobilenetv2" / SHIPPED) as path:
            model.load_weights(path)
    elif weights not in ("imagenet", "none"):
        _load_from(model, Path(weights))
    return model


def _load_from(model: Any, path: Path) -> None:
    if not path.is_file() or not path.name.endswith(".weights.h5"):
        raise FerError(
            f"weights={str(path)!r} is no file that ends in .weights.h5. "
            f"Use 'shipped', 'imagenet', 'none' or the path of such a file."
        )
    try:
        # Keras warns of each layer that it does not find; the error below says it once.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.load_weights(path)
    except (ValueError, OSError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise FerError(f"{path} does not hold MobileNetV2 (alpha 1.0, no top) weights: {reason}") from error


class InferenceMode(keras.layers.Layer):  # type: ignore[name-defined]
    """Runs a network in inference mode even while its weights are trained: batch-norm statistics stay.

    ``body(x, training=False)`` does not do that within a functional model: there Keras 3 replaces
    the argument by that of the outer call, and ``train_on_batch`` says ``training=True``.
    """

    def __init__(self, body: Any) -> None:
        super().__init__(name=f"{body.name}_in_inference_mode")
        self.body = body

    def call(self, inputs: Any) -> Any:
        return self.body(inputs, training=False)


def classifier(base: Any, n_classes: int) -> Any:
    """The whole network: ``base`` and a dense softmax head. With seven classes 2,266,951 parameters.

    The base runs in inference mode (its batch-norm statistics stay those of its pretraining);
    the paper does not say.
    """
    inputs = keras.Input(base.input_shape[1:], name="photograph")
    outputs = keras.layers.Dense(n_classes, activation="softmax", name="head")(InferenceMode(base)(inputs))
    return keras.Model(inputs, outputs, name="mobilenet_jaffe")


def trunk_and_tail(base: Any, n_classes: int, trainable: str, seed: int) -> tuple[Any, Any]:
    """Cut the network where training begins.

    Args:
        base: from :func:`backbone`.
        n_classes: outputs of the head.
        trainable: ``"head"``, ``"last_block"`` (block 16 and the last convolution) or ``"all"``.
        seed: of the head's initial weights.

    Returns:
        ``trunk``, never trained (``None`` for ``"all"``), and ``tail``, trained; the tail takes
        what the trunk gives and ends in class probabilities. Its batch norms train as Keras trains
        them, on the statistics of each batch, but for :data:`NORM_MOMENTUM`.
    """
    end = TRUNK_END[trainable]
    if trainable == "head":
        trunk, tail_input, features = base, keras.Input((FEATURES,)), None
    elif end is None:
        trunk, tail_input, features = None, base.input, base.output
    else:
        cut = base.get_layer(end).output
        trunk, tail_input, features = keras.Model(base.input, cut), cut, base.output
    head = keras.layers.Dense(n_classes, activation="softmax", kernel_initializer=glorot(seed), name="head")
    if features is None:
        return trunk, keras.Model(tail_input, head(tail_input))
    body = keras.Model(tail_input, features, name="tuned")
    for layer in body.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = NORM_MOMENTUM
    inputs = keras.Input(tail_input.shape[1:])
    return trunk, keras.Model(inputs, head(body(inputs)))


def glorot(seed: int) -> Any:
    """Keras' initialiser of a dense layer, from a seed: a function of the kernel's shape."""
    return keras.initializers.GlorotUniform(seed)


def run_frozen(model: Any, images: np.ndarray) -> np.ndarray:
    """One batch through a network that is not being trained, as ``float32`` NumPy."""
    return np.asarray(model.predict_on_batch(images), dtype=np.float32)
