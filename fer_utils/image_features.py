"""Feature spaces in which sets of pictures are compared: whose features they are is part of every number."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from fer_utils.devices import import_keras
from fer_utils.errors import FerError, check_choice
from fer_utils.preprocess import resize, to_rgb
from fer_utils.silence import quiet_stderr

SPACES = {
    "mobilenet": "MobileNetV2 at 96 px, the shipped weights, 1,280 features (not Inception)",
    "inception": "Keras' InceptionV3 at 299 px, ImageNet weights, 2,048 features",
}
"""What to say of each space beside a number."""
SIDES = {"mobilenet": 96, "inception": 299}
SHIPPED = "mobilenetv2_1.00_160_notop_fp16.weights.h5"
BATCH = 32


def embed(images: np.ndarray, space: str) -> np.ndarray:
    """Features of pictures.

    Keras' InceptionV3 is not the TensorFlow graph that papers' FIDs are measured with: its
    numbers are comparable with each other, not with theirs to the digit.

    Args:
        images: ``uint8 [N, H, W]`` or ``uint8 [N, H, W, 3]``; scaled to the space's side.
        space: one of :data:`SPACES`. ``"inception"`` fetches its weights on first use.

    Returns:
        ``float32 [N, D]``.

    Raises:
        UsageError: no such space.
        FerError: Inception's weights are not on this machine and cannot be fetched.
    """
    check_choice("feature space", space, tuple(SPACES))
    network = _network(space)
    features = []
    for start in range(0, len(images), BATCH):
        batch = to_rgb(resize(images[start : start + BATCH], SIDES[space])).astype(np.float32)
        # Both were trained on pixels from -1 to 1.
        features.append(np.asarray(network.predict_on_batch(batch / 127.5 - 1), np.float32))
    return np.concatenate(features)


@cache
def _network(space: str) -> Any:
    keras = import_keras("torch")
    shape = (SIDES[space], SIDES[space], 3)
    with quiet_stderr():
        if space == "mobilenet":
            network = keras.applications.MobileNetV2(weights=None, include_top=False, pooling="avg", input_shape=shape)
            with resources.as_file(resources.files("fer_utils") / "weights" / "mobilenetv2" / SHIPPED) as path:
                network.load_weights(path)
            return network
        try:
            return keras.applications.InceptionV3(weights="imagenet", include_top=False, pooling="avg")
        except Exception as error:
            raise FerError(
                f"Keras could not fetch InceptionV3's ImageNet weights ({error}). Use feature space 'mobilenet'."
            ) from error
