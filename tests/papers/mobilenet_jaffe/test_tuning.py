"""Training more than the head: shapes, what moves, and agreement with the NumPy heads where both can do it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.papers.mobilenet_jaffe import heads, model, tuning
from fer_utils.papers.mobilenet_jaffe.augment import Pool, make_pool
from fer_utils.papers.mobilenet_jaffe.heads import PADDING
from fer_utils.papers.mobilenet_jaffe.protocol import extract
from fer_utils.papers.mobilenet_jaffe.settings import Augmentation
from fer_utils.papers.mobilenet_jaffe.tuning import together, tune
from fer_utils.splits import Fold
from tests.papers.mobilenet_jaffe.conftest import assert_same_answers

# 18 training rows in batches of 9 and 9 test rows: one batch size, so that TensorFlow compiles once.
FOLD = Fold("first", np.arange(72, 90), np.arange(9))
IMAGES = {"augmentation": Augmentation(), "image_size": 32, "normalisation": "-1..1", "weights": "shipped"}
TRAINING = {"fold": FOLD, "learning_rate": 1e-3, "batch_size": 9, "epochs": 1}


@pytest.fixture(autouse=True)
def nothing_compiled() -> None:
    """Each test compiles networks of its own, as it patches them."""
    tuning._compiled.cache_clear()


@pytest.fixture(scope="module")
def pool(drawn: FaceSet) -> Pool:
    return make_pool(drawn.labels, [np.arange(72)], [24], 3)


class Kept:
    """The tail that ``tune`` trains, and its weights before."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cut = model.trunk_and_tail

        def keep(*arguments: Any) -> Any:
            trunk, self.tail = cut(*arguments)
            self.before = self._weights()
            return trunk, self.tail

        monkeypatch.setattr(model, "trunk_and_tail", keep)

    def _weights(self) -> list[np.ndarray]:
        return [np.array(weight) for weight in self.tail.get_weights()]

    def moved(self) -> set[str]:
        """Names of the weights that training changed."""
        pairs = zip(self.tail.weights, self.before, self._weights(), strict=True)
        return {weight.path for weight, old, new in pairs if (old != new).any()}

    def statistics(self) -> set[str]:
        """Names of the batch norms' means and variances."""
        return {weight.path for weight in self.tail.non_trainable_weights if "moving" in weight.path}


def check_shapes(found: dict[str, np.ndarray]) -> None:
    assert found["predicted"].shape == (1, 1, 9) and found["predicted"].dtype == np.int16
    assert found["loss"].shape == (1, 1) and found["loss"].dtype == np.float32
    assert np.isfinite(found["loss"]).all() and (found["loss"] > 0).all()
    assert ((found["predicted"] >= 0) & (found["predicted"] < 3)).all()


@pytest.mark.usefixtures("eagerly")
def test_the_last_block(drawn: FaceSet, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    extracted = extract(faces=drawn, pool=pool, trainable="last_block", **IMAGES)
    assert extracted["activations"].shape == (len(pool), 1, 1, 160)
    kept = Kept(monkeypatch)
    check_shapes(tune(faces=drawn, pool=pool, trainable="last_block", seed=0, **IMAGES, **TRAINING, **extracted))
    # All that may move did: four kernels, four scales, four offsets, the head, and the norms' running statistics.
    trained = {weight.path for weight in kept.tail.trainable_weights}
    assert kept.moved() == trained | kept.statistics()
    assert (len(trained), len(kept.statistics())) == (14, 8)


@pytest.mark.usefixtures("eagerly")
def test_the_whole_network(drawn: FaceSet, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(monkeypatch)
    check_shapes(tune(faces=drawn, pool=pool, trainable="all", seed=0, **IMAGES, **TRAINING))
    assert {"Conv1/kernel", "Conv_1/kernel"} <= kept.moved()
    assert len(kept.statistics()) == 104 and kept.statistics() <= kept.moved()


def test_a_tuned_head_is_a_head(drawn: FaceSet, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """``tune`` with nothing but the head, started where ``train_heads`` starts, gives the same losses.

    The last of three batches is smaller, and the second training starts afresh in the network of the first. Measured:
    1e-6 apart.
    """
    features = np.random.default_rng(0).random((len(pool), model.FEATURES), np.float32)
    answer, probabilities = tuning._predict, []
    monkeypatch.setattr(model, "glorot", lambda seed: lambda shape, dtype=None: heads.initial_kernel(*shape, seed))
    monkeypatch.setattr(tuning, "_predict", lambda *given: probabilities.append(answer(*given)) or probabilities[-1])
    training = {**TRAINING, "epochs": 3, "batch_size": 7}
    common = {"faces": drawn, "pool": pool, "trainable": "head", "activations": features, **IMAGES}
    other = tune(seed=4, **common, **training | {"learning_rate": 1e-2})
    probabilities.clear()
    found = tune(seed=5, **common, **training)
    assert not np.allclose(other["loss"], found["loss"], atol=1e-3)
    del training["fold"]
    expected = heads.train_heads(features, pool.label, [FOLD], [5], 3, **training)
    assert len(probabilities) == 3
    for epoch, given in enumerate(probabilities):
        assert_same_answers(expected["predicted"][epoch, 0], given, rounding=1e-4)
    np.testing.assert_allclose(found["loss"], expected["loss"], atol=1e-4)


@pytest.mark.parametrize(("trainable", "given", "words"), [("all", True, "takes no"), ("last_block", False, "needs")])
def test_activations_missing_or_superfluous(
    drawn: FaceSet, pool: Pool, trainable: str, given: bool, words: str
) -> None:
    activations = np.zeros((len(pool), 1, 1, 160), np.float32) if given else None
    with pytest.raises(FerError, match=f"{words} stored activations"):
        tune(faces=drawn, pool=pool, trainable=trainable, seed=0, activations=activations, **IMAGES, **TRAINING)


def test_together_pads_to_the_longest_fold() -> None:
    outcomes = [
        {"predicted": np.array([[[1, 2, 0]], [[2, 2, 2]]], np.int16), "loss": np.array([[0.5], [0.4]], np.float32)},
        {"predicted": np.array([[[1]], [[0]]], np.int16), "loss": np.array([[0.9], [0.8]], np.float32)},
    ]
    side_by_side = together(outcomes)
    expected = [[[1, 2, 0], [1, PADDING, PADDING]], [[2, 2, 2], [0, PADDING, PADDING]]]
    np.testing.assert_array_equal(side_by_side["predicted"], expected)
    np.testing.assert_array_equal(side_by_side["loss"], np.array([[0.5, 0.9], [0.4, 0.8]], np.float32))
    assert tuning.together(outcomes[1:])["predicted"].shape == (2, 1, 1)
