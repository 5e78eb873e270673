"""Grad-CAM where the answer is known: a toy, finite differences, and a net that looks at one corner."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.papers.landmark_ensemble import model
from fer_utils.papers.landmark_ensemble.gradcam import (
    activations_and_gradients,
    cam,
    enlarged,
    focus,
    gradient,
    maps_of,
    scaled,
    union,
)
from fer_utils.papers.landmark_ensemble.model import keras
from tests.papers.landmark_ensemble.conftest import TINY


def test_a_linear_toy_by_hand() -> None:
    """A score of 3 * mean(A0) - 2 * mean(A1): the weights are the gradients' means, 3/4 and -2/4 on a 2x2 map."""
    maps = np.array([[[1.0, 0.0], [0.0, 2.0]], [[0.0, 4.0], [0.0, 1.0]]]).transpose(1, 2, 0)
    weights = keras.ops.convert_to_tensor(np.float32([3, -2]))
    gradients = gradient(lambda a: keras.ops.sum(keras.ops.mean(a, axis=(0, 1)) * weights), maps.astype(np.float32))
    np.testing.assert_allclose(gradients, np.broadcast_to([0.75, -0.5], (2, 2, 2)))
    np.testing.assert_allclose(cam(maps, gradients), [[0.75, 0], [0, 1.0]])


def test_gradients_against_finite_differences() -> None:
    body, top = model.extractor(16, (2, 3), 2), model.head(3, (4, 4, 3), 2, "relu")
    body.set_weights(model.stack_extractors([model.initial_extractor((2, 3), seed) for seed in (0, 1)]))
    top.set_weights(model.stack_heads([model.initial_head(3, (4, 4, 3), 3, seed) for seed in (0, 1)]))
    pictures = np.random.default_rng(0).normal(size=(1, 16, 16, 6)).astype(np.float32)
    maps, gradients = activations_and_gradients(body, top, pictures, np.array([2]))
    assert maps.shape == gradients.shape == (1, 8, 8, 6)
    layers = body.layers[body.layers.index(body.get_layer(model.LAST_CONVOLUTION)) + 1 :]

    def score(changed: np.ndarray) -> float:
        for layer in layers:
            changed = layer(changed)
        return float(np.asarray(keras.ops.convert_to_numpy(top(changed)))[0, :, 2].sum())

    at = np.unravel_index(np.argsort(-np.abs(gradients).ravel())[:3], gradients.shape)
    for place in zip(*at, strict=True):
        up, down = maps.copy(), maps.copy()
        up[place] += 1e-2
        down[place] -= 1e-2
        assert (score(up) - score(down)) / 2e-2 == pytest.approx(gradients[place], rel=0.02)


def test_a_network_that_sees_only_brightness_looks_where_it_is_bright() -> None:
    """First channels pass the picture on, later ones too: the map is warm where the picture is bright."""
    settings = TINY.but(filters=(1, 1), hidden=1)
    kernel = np.zeros((3, 3, 1, 1), np.float32)
    kernel[1, 1] = 1
    first = np.repeat(kernel / 3, 3, axis=2)
    one = []
    for convolution in (first, kernel, kernel, kernel):
        one += [convolution, *(np.array([value], np.float32) for value in (0, 1, 0, 0, 1))]
    up = [np.ones((1, 1), np.float32), np.zeros(1, np.float32)]
    head = [*up, *up, np.array([[1.0, -1.0]], np.float32), np.zeros(2, np.float32)]
    trained = {f"body_{i}": np.stack([array] * 5) for i, array in enumerate(one)}
    trained |= {f"top_{i}": np.stack([array] * 5) for i, array in enumerate(head)}
    crop = np.full((1, 32, 32), 100, np.uint8)
    crop[0, 4:10, 20:28] = 255
    maps = maps_of(trained, crop, np.array([0]), settings)
    assert maps.shape == (1, 5, 16, 16)
    warm = np.unravel_index(enlarged(maps[:, 0], 32)[0].argmax(), (32, 32))
    assert 3 <= warm[0] < 11 and 19 <= warm[1] < 29
    # The other class has the opposite score: nothing speaks for it.
    assert maps_of(trained, crop, np.array([1]), settings).max() == 0


def test_union_and_scaling() -> None:
    maps = np.zeros((1, 5, 2, 2))
    maps[0, 0, 0, 0], maps[0, 3, 1, 1] = 4.0, 0.5
    np.testing.assert_array_equal(union(maps), [[[1, 0], [0, 1]]])
    np.testing.assert_array_equal(scaled(np.zeros((1, 2, 2))), np.zeros((1, 2, 2)))


def test_focus_measures_heat_in_the_part_s_box() -> None:
    points = np.zeros((1, 68, 2))
    points[0, 48:68] = np.linspace([8, 16], [23, 31], 20)
    flat = np.ones((1, 5, 4, 4))
    table = focus(flat, points, 32).set_index("part")
    assert table.loc["mouth", "heat within %"] == pytest.approx(25) == table.loc["mouth", "area within %"]
    flat[0, 3] = 0
    flat[0, 3, 3, 1:3] = 1
    assert focus(flat, points, 32).set_index("part").loc["mouth", "heat within %"] > 60
    flat[0, 3] = 0
    assert np.isnan(focus(flat, points, 32).set_index("part").loc["mouth", "heat within %"])
