"""Simonyan & Zisserman's networks: configuration B (13 layers with weights), D (16) and E (19).

Layers have the names of ``keras.applications``, which ships D and E and no B.
"""

from __future__ import annotations

from typing import Any

from fer_utils.devices import import_keras
from fer_utils.errors import FerError, check_choice
from fer_utils.papers.gan_augmentation.settings import KERAS_BACKEND

keras = import_keras(KERAS_BACKEND)

BLOCKS = {"VGG-13": (2, 2, 2, 2, 2), "VGG-16": (2, 2, 3, 3, 3), "VGG-19": (2, 2, 4, 4, 4)}
"""Convolutions in each of the five blocks (Simonyan & Zisserman 2014, Table 1)."""
MAPS = (64, 128, 256, 512, 512)
DENSE = 4_096
NEW_WEIGHTS = 0.1
"""Standard deviation of re-initialised weights, Experiment, C. Biases: not stated, 0 here."""

NORM_MOMENTUM = 0.9
"""Of reduced networks' batch norm. Keras' 0.99 would still hold a share of its start after a hundred steps."""


def vgg(
    name: str, side: int, n_classes: int, *, narrower: int = 1, batch_norm: bool = False, dropout: float = 0.0,
    start: Any = "glorot_uniform",
) -> Any:  # fmt: skip
    """A network from pictures to logits, ``float [N, side, side, 3] -> [N, n_classes]``.

    At 224 pixels, full width and seven classes VGG-13 has 128,979,527 parameters, VGG-16
    134,289,223 and VGG-19 139,598,919.

    Args:
        name: a key of :data:`BLOCKS`.
        side: of the pictures in pixels, at least 32.
        n_classes: outputs.
        narrower: every layer has this many times fewer maps or units; above 1 it is a *reduced* VGG.
        batch_norm: after each convolution. Not in the paper.
        dropout: share that is dropped after each of the two hidden dense layers.
        start: Keras' kernel initialiser of all layers.

    Raises:
        UsageError: no such network.
    """
    check_choice("network", name, tuple(BLOCKS))
    inputs = maps = keras.Input((side, side, 3), name="pictures")
    for block, (count, width) in enumerate(zip(BLOCKS[name], MAPS, strict=True), start=1):
        for number in range(1, count + 1):
            layer = f"block{block}_conv{number}"
            maps = keras.layers.Conv2D(width // narrower, 3, padding="same", kernel_initializer=start, name=layer)(maps)
            if batch_norm:
                maps = keras.layers.BatchNormalization(momentum=NORM_MOMENTUM, name=f"{layer}_norm")(maps)
            maps = keras.layers.ReLU(name=f"{layer}_relu")(maps)
        maps = keras.layers.MaxPooling2D(2, name=f"block{block}_pool")(maps)
    units = keras.layers.Flatten(name="flatten")(maps)
    for number in (1, 2):
        dense = keras.layers.Dense(DENSE // narrower, "relu", kernel_initializer=start, name=f"fc{number}")
        units = dense(units)
        if dropout:
            units = keras.layers.Dropout(dropout, name=f"dropout{number}")(units)
    outputs = keras.layers.Dense(n_classes, kernel_initializer=start, name="predictions")(units)
    return keras.Model(inputs, outputs, name=name)


def convolutions(network: Any) -> list[Any]:
    """The convolution layers, from the picture on."""
    return [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]


def freeze(network: Any, count: int) -> None:
    """Stop the first ``count`` convolutions, and the batch norm that belongs to them, from learning.

    Experiment, C: 8 of VGG-13's 10, and all 13 of VGG-16.
    """
    for layer in convolutions(network)[:count]:
        layer.trainable = False
        norm = f"{layer.name}_norm"
        if norm in {each.name for each in network.layers}:
            network.get_layer(norm).trainable = False


def renew(network: Any, seed: int) -> None:
    """Draw the weights of all layers that still learn from N(0, 0.1) (Experiment, C); biases become 0.

    Batch norm, which the paper's networks do not have, is left alone.
    """
    for place, layer in enumerate(network.layers):
        if layer.trainable and isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
            drawn = keras.random.normal(layer.kernel.shape, 0.0, NEW_WEIGHTS, seed=seed * 1_000 + place)
            layer.kernel.assign(drawn)
            layer.bias.assign(keras.ops.zeros_like(layer.bias))


def start_from_imagenet(network: Any) -> list[str]:
    """Fetch Keras' ImageNet weights and copy those of every layer that has the same name and shape.

    Keras has none for VGG-13: its convolutions take those of VGG-16 with the same names, which are
    the first two of each block. Dense layers fit at 224 pixels only.

    Returns:
        Names of the layers that got weights.

    Raises:
        FerError: the weights are not on this machine and cannot be fetched.
    """
    name = "VGG19" if network.name == "VGG-19" else "VGG16"
    top = network.input_shape[1] == 224
    try:
        trained = getattr(keras.applications, name)(weights="imagenet", include_top=top)
    except Exception as error:
        raise no_weights(name, error) from error
    return copy_same(trained, network)


def no_weights(name: str, error: Exception) -> FerError:
    """What to tell a user whose machine cannot get ImageNet weights."""
    return FerError(
        f"Keras could not fetch {name}'s ImageNet weights ({error}). Without internet, set init='random' "
        f"or name a .weights.h5 file of the whole network in the parameter weights."
    )


def copy_same(source: Any, target: Any) -> list[str]:
    """Copy weights layer by layer where name and shapes agree; gives the names."""
    known = {layer.name: layer for layer in source.layers}
    copied = []
    for layer in target.layers:
        other = known.get(layer.name)
        if other is None or not layer.weights:
            continue
        if [weight.shape for weight in layer.weights] == [weight.shape for weight in other.weights]:
            layer.set_weights(other.get_weights())
            copied.append(layer.name)
    return copied
