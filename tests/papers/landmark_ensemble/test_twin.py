"""The twins of Keras' layers: the same answers, the same running statistics, the same weights there and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fer_utils.papers.landmark_ensemble import model
from fer_utils.papers.landmark_ensemble.model import keras
from fer_utils.papers.landmark_ensemble.twin import Pool, twin, weights_of

FILTERS, NETWORKS = (2, 3), 2
CPU = torch.device("cpu")


def started(side: int, batch_norm: str = "batch") -> tuple[keras.Model, keras.Model]:
    """A stacked extractor and head whose every weight is drawn, batch-norm's statistics too."""
    random = np.random.default_rng(0)
    body, top = model.extractor(side, FILTERS, NETWORKS, batch_norm, 0.8), model.head(3, (4, 5), NETWORKS, "relu")
    for network in (body, top):
        network.set_weights([random.uniform(0.1, 1, weight.shape).astype(np.float32) for weight in network.weights])
    return body, top


@pytest.mark.parametrize("side", [16, 18])
def test_a_twin_answers_as_keras_does(side: int) -> None:
    """18 pixels become 9, then 5: an odd side is padded on both ends."""
    body, top = started(side)
    pictures = np.random.default_rng(1).normal(size=(4, side, side, 3 * NETWORKS)).astype(np.float32)
    theirs = np.asarray(top.predict_on_batch(np.asarray(body.predict_on_batch(pictures))))
    ours = torch.nn.Sequential(*(twin(one, one.get_weights(), CPU) for one in (body, top))).eval()
    with torch.no_grad():
        given = ours(torch.from_numpy(pictures).permute(0, 3, 1, 2)).numpy()
    assert given.shape == (4, NETWORKS, 5)
    np.testing.assert_allclose(given, theirs, rtol=1e-4)


@pytest.mark.parametrize("batch_norm", ["batch", "stored"])
def test_running_statistics_move_as_keras_moves_them(batch_norm: str) -> None:
    body, _ = started(16, batch_norm)
    pictures = np.random.default_rng(2).normal(3, 2, (8, 16, 16, 3 * NETWORKS)).astype(np.float32)
    ours, before = twin(body, body.get_weights(), CPU).train(), body.get_weights()
    with torch.no_grad():
        ours(torch.from_numpy(pictures).permute(0, 3, 1, 2))
    body(pictures, training=True)
    for own, theirs, old in zip(weights_of(ours), body.get_weights(), before, strict=True):
        np.testing.assert_allclose(own, theirs, rtol=1e-4)
        assert old.shape == own.shape
    moved = [not np.array_equal(own, old) for own, old in zip(weights_of(ours)[4:6], before[4:6], strict=True)]
    assert moved == [batch_norm == "batch"] * 2


def test_weights_go_there_and_back() -> None:
    for network in started(16):
        for own, theirs in zip(
            weights_of(twin(network, network.get_weights(), CPU)), network.get_weights(), strict=True
        ):
            np.testing.assert_array_equal(own, theirs)


def test_what_has_no_twin_is_refused() -> None:
    inputs = keras.Input((3,))
    strange = keras.Model(inputs, keras.layers.Softmax()(inputs))
    with pytest.raises(TypeError, match="Softmax has no twin"):
        twin(strange, [], CPU)


def test_pools_by_hand() -> None:
    row = torch.arange(4.0).reshape(1, 1, 1, 4).expand(1, 1, 4, 4)
    assert Pool()(row)[0, 0, 0].tolist() == [2, 3]
    assert Pool()(row[..., :3, :3])[0, 0, 0].tolist() == [1, 2]
