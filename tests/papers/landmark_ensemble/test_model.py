"""The extractor's sizes, and a stack of networks against the networks one by one."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.errors import UsageError
from fer_utils.papers.landmark_ensemble import model

FILTERS = (2, 3)


def test_extractor_parameters_and_layers() -> None:
    body, scores = model.extractor(160), model.head(128, (128, 128, 8))
    assert body.count_params() == 295_440
    assert sum(int(np.prod(weight.shape)) for weight in body.trainable_weights) == 294_480
    assert body.count_params() + scores.count_params() == 329_496
    assert body.get_layer(model.LAST_CONVOLUTION).output.shape[1:] == (20, 20, 128)
    kinds = [type(layer).__name__ for layer in (*body.layers, *scores.layers)]
    counted = [kinds.count(kind) for kind in ("Conv2D", "BatchNormalization", "MaxPooling2D", "EinsumDense")]
    # With the global pool these are the paper's 24 layers.
    assert counted == [8, 8, 4, 3]


@pytest.mark.parametrize("batch_norm", ["batch", "stored"])
def test_a_stack_gives_what_each_network_gives(batch_norm: str) -> None:
    rng = np.random.default_rng(0)
    starts = [model.initial_extractor(FILTERS, seed) for seed in range(3)]
    heads = [model.initial_head(3, (4, 6), 6, seed) for seed in range(3)]
    stacked = model.extractor(16, FILTERS, 3, batch_norm)
    stacked.set_weights(model.stack_extractors(starts))
    top = model.head(3, (4, 6), 3, "relu")
    top.set_weights(model.stack_heads(heads))
    images = rng.normal(size=(4, 16, 16, 9)).astype(np.float32)
    features = np.asarray(stacked.predict_on_batch(images))
    together = np.asarray(top.predict_on_batch(features))
    assert features.shape == (4, 3, 3) and together.shape == (4, 3, 6)
    one, one_top = model.extractor(16, FILTERS, 1, batch_norm), model.head(3, (4, 6), 1, "relu")
    for number in range(3):
        one.set_weights(starts[number])
        one_top.set_weights([array[None] for array in heads[number]])
        own = np.asarray(one.predict_on_batch(images[..., 3 * number : 3 * number + 3]))
        np.testing.assert_allclose(features[:, number], own[:, 0], rtol=1e-4, atol=1e-6)
        given = np.asarray(one_top.predict_on_batch(own))
        np.testing.assert_allclose(together[:, number], given[:, 0], rtol=1e-4, atol=1e-6)


def test_stacking_and_splitting_are_inverse() -> None:
    starts = [model.initial_extractor(FILTERS, seed) for seed in range(3)]
    for start, again in zip(starts, model.split_extractors(model.stack_extractors(starts), 3), strict=True):
        for first, second in zip(start, again, strict=True):
            np.testing.assert_array_equal(first, second)
    heads = [model.initial_head(3, (4, 6), outputs, 0) for outputs in (6, 2)]
    for start, again in zip(heads, model.split_heads(model.stack_heads(heads)), strict=True):
        for first, second in zip(start, again, strict=True):
            np.testing.assert_array_equal(first, second)
    assert (heads[1][2][:, 2:] == 0).all() and (heads[1][2][:, :2] != 0).all()


def test_starts_follow_their_distributions_and_seeds() -> None:
    kernel = model.initial_extractor((16, 32, 64, 128), 0)[-6]
    limit = np.sqrt(6 / (9 * 128))
    assert kernel.shape == (3, 3, 128, 128) and 0.99 * limit < np.abs(kernel).max() <= limit
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.01)
    np.testing.assert_array_equal(kernel, model.initial_extractor((16, 32, 64, 128), 0)[-6])
    assert not np.array_equal(kernel, model.initial_extractor((16, 32, 64, 128), 1)[-6])
    dense = model.initial_head(128, (128, 8), 8, 0)[0]
    assert np.abs(dense).max() == pytest.approx(np.sqrt(6 / 256), rel=0.01)


def test_stored_batch_norm_keeps_its_statistics_while_it_trains() -> None:
    images = np.random.default_rng(1).normal(3, 2, (8, 16, 16, 3)).astype(np.float32)
    for mode, moves in (("batch", True), ("stored", False)):
        body = model.extractor(16, FILTERS, 1, mode)
        body.compile("sgd", "mse")
        before = body.get_weights()
        body.train_on_batch(images, np.ones((8, 1, 3), np.float32))
        # Kernel, bias, scale, offset, mean and variance of the first layer.
        changed = [not np.array_equal(old, new) for old, new in zip(before[:6], body.get_weights()[:6], strict=True)]
        assert changed[4:] == [moves, moves] and changed[0] and changed[2]


def test_an_unknown_mode() -> None:
    with pytest.raises(UsageError, match="batch_norm must be one of stored, batch"):
        model.extractor(16, FILTERS, 1, "store")
