"""He et al. 2016: ResNet-50 from Keras, and a reduced one for machines without a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fer_utils.devices import import_keras
from fer_utils.papers.gan_augmentation.settings import KERAS_BACKEND
from fer_utils.papers.gan_augmentation.vgg import NORM_MOMENTUM, no_weights

keras = import_keras(KERAS_BACKEND)

EXPANSION = 4
"""A bottleneck gives four times as many maps as its 3×3 convolution has."""


def resnet50(side: int, n_classes: int, weights: str | None) -> Any:
    """``keras.applications.ResNet50`` with a dense layer of ``n_classes`` logits: 23,602,055 parameters with seven.

    Args:
        side: of the pictures in pixels, at least 32.
        n_classes: outputs.
        weights: ``None`` for a random start, ``"imagenet"`` to fetch Keras' own.

    Raises:
        FerError: the weights are not on this machine and cannot be fetched.
    """
    try:
        body = keras.applications.ResNet50(
            weights=weights, include_top=False, pooling="avg", input_shape=(side, side, 3)
        )
    except Exception as error:
        if weights is None:
            raise
        raise no_weights("ResNet50", error) from error
    outputs = keras.layers.Dense(n_classes, name="predictions")(body.output)
    return keras.Model(body.input, outputs, name="ResNet-50")


def reduced_resnet(side: int, n_classes: int, width: int, blocks: Sequence[int]) -> Any:
    """ResNet-50's plan with fewer and narrower bottlenecks: ``float [N, side, side, 3] -> [N, n_classes]``.

    It begins with a 3×3 convolution of stride 2, not 7×7, and a pooling; each further stage doubles
    the maps and halves the side.

    Args:
        side: of the pictures in pixels.
        n_classes: outputs.
        width: maps of the first stage's 3×3 convolutions; 64 in ResNet-50.
        blocks: bottlenecks of each stage; 3, 4, 6, 3 in ResNet-50.
    """
    inputs = keras.Input((side, side, 3), name="pictures")
    maps = keras.layers.MaxPooling2D(2)(_normed(inputs, width, 3, 2, relu=True))
    for stage, count in enumerate(blocks):
        for number in range(count):
            stride = 2 if number == 0 and stage > 0 else 1
            maps = _bottleneck(maps, width * 2**stage, stride, project=number == 0)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    return keras.Model(inputs, keras.layers.Dense(n_classes, name="predictions")(pooled), name="reduced_ResNet")


def _bottleneck(maps: Any, width: int, stride: int, project: bool) -> Any:
    inner = _normed(maps, width, 1, stride, relu=True)
    inner = _normed(inner, width, 3, 1, relu=True)
    inner = _normed(inner, EXPANSION * width, 1, 1, relu=False)
    short = _normed(maps, EXPANSION * width, 1, stride, relu=False) if project else maps
    return keras.layers.ReLU()(keras.layers.Add()([short, inner]))


def _normed(maps: Any, width: int, kernel: int, stride: int, relu: bool) -> Any:
    maps = keras.layers.Conv2D(width, kernel, stride, padding="same", use_bias=False)(maps)
    maps = keras.layers.BatchNormalization(momentum=NORM_MOMENTUM)(maps)
    return keras.layers.ReLU()(maps) if relu else maps
