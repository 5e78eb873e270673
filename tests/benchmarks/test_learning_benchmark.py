"""The training loop that papers share against Keras' ``fit`` and a tutorial's loop: same network, same pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from fer_utils.devices import import_keras, in_use, one_thread
from fer_utils.learning.course import Course
from fer_utils.learning.recipe import Recipe
from fer_utils.papers.gan_augmentation.resnet import small_resnet
from tests.benchmarks.conftest import Recorder, seconds

STEPS, BATCH, SIDE = 40, 32, 32
RECIPE = Recipe(rate=0.05, momentum=0.9, nesterov=True, batch_size=BATCH, pixels="symmetric")


@pytest.fixture
def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Noise: the time does not depend on what the pictures show."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (STEPS * BATCH, SIDE, SIDE)).astype(np.uint8)
    return images, random.integers(0, 7, STEPS * BATCH)


def tutorial_loop(network: nn.Module, images: np.ndarray, labels: np.ndarray) -> None:
    """Pictures one by one from the host, the loss fetched in every step."""
    device = in_use()
    network.to(device).train()
    scaled = torch.from_numpy(images).unsqueeze(1).float() / 127.5 - 1
    loader = DataLoader(TensorDataset(scaled, torch.from_numpy(labels)), BATCH, shuffle=True)
    optimiser, losses = torch.optim.SGD(network.parameters(), 0.05, 0.9, nesterov=True), []
    for batch, wanted in loader:
        optimiser.zero_grad()
        loss = F.cross_entropy(network(batch.to(device)), wanted.to(device))
        loss.backward()
        optimiser.step()
        losses.append(loss.item())


def keras_twin(width: int) -> Any:
    """``small_resnet(1, 7, width)`` in Keras."""
    keras = import_keras("torch")
    layers = keras.layers

    def normed(maps: Any, after: int, stride: int = 1) -> Any:
        maps = layers.Conv2D(after, 3, stride, padding="same", use_bias=False)(maps)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(maps))

    def residual(maps: Any, after: int) -> Any:
        return layers.Add()([maps, normed(normed(maps, after), after)])

    inputs = keras.Input((SIDE, SIDE, 1))
    maps = layers.MaxPooling2D(2)(normed(normed(inputs, width // 2, 2), width))
    maps = layers.MaxPooling2D(2)(normed(residual(maps, width), 2 * width))
    maps = layers.GlobalAveragePooling2D()(normed(residual(maps, 2 * width), 4 * width))
    model = keras.Model(inputs, layers.Dense(7)(layers.Dropout(0.3)(maps)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.05, 0.9, nesterov=True), loss, jit_compile=False)
    return model


@pytest.mark.parametrize("against", ["Keras' fit", "a tutorial's loop"])
def test_the_shared_loop(
    benchmark: Any, record: Recorder, pictures: tuple[np.ndarray, np.ndarray], against: str
) -> None:
    one_thread()
    images, labels = pictures
    width = 16
    course = Course(small_resnet(1, 7, width), images, labels, RECIPE, 5 * STEPS, 0)
    benchmark.pedantic(lambda: course.advance(STEPS), rounds=3, warmup_rounds=1)
    if against == "Keras' fit":
        twin = keras_twin(width)
        assert twin.count_params() > sum(each.numel() for each in course.network.parameters())
        scaled = images[..., None].astype(np.float32) / 127.5 - 1
        slow = seconds(lambda: twin.fit(scaled, labels, BATCH, epochs=1, verbose=0), rounds=4)
    else:
        network = small_resnet(1, 7, width)
        slow = seconds(lambda: tutorial_loop(network, images, labels), rounds=3)
    record(
        f"classifier training on {in_use()}: this loop against {against}",
        ours="learning.Course: uint8 pictures, order and losses stay on the device, channels-last, no wait in the loop",
        against=against + (" of the same network on torch" if "Keras" in against else ": DataLoader, loss.item()"),
        ratio=slow / benchmark.stats.stats.min,
        how=(
            f"a residual network of 47,207 parameters, {STEPS} steps of {BATCH} pictures of {SIDE} pixels, one thread; "
            f"shortest of 3 runs, {STEPS * BATCH / benchmark.stats.stats.min:,.0f} pictures a second here"
        ),
    )
