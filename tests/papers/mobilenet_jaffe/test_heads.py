"""The stacked NumPy heads against Keras, against finite differences, and against themselves one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from fer_utils.papers.mobilenet_jaffe import heads
from fer_utils.papers.mobilenet_jaffe.heads import PADDING, batch_order, initial_kernel, train_heads
from fer_utils.splits import Fold
from tests.papers.mobilenet_jaffe.conftest import assert_same_answers

D, K, ROWS = 160, 3, 200


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray]:
    """Features like the backbone's (0 to 6, half of them near 0) and labels that hang on them a little."""
    rng = np.random.default_rng(11)
    features = (6 * rng.random((ROWS, D)) ** 4).astype(np.float32)
    scores = features @ rng.normal(size=(D, K)) + 4 * rng.normal(size=(ROWS, K))
    return features, (scores - scores.mean(axis=0)).argmax(axis=1)


def some_folds(number: int, n_train: int = 70) -> list[Fold]:
    """Folds with equal training parts and test parts of 9, 10, 11, 12, 9 ... rows."""
    folds = []
    for fold in range(number):
        order = np.random.default_rng((12, fold)).permutation(ROWS)
        folds.append(Fold(f"fold {fold}", order[:n_train], order[n_train : n_train + 9 + fold % 4]))
    return folds


def trained(data: tuple[np.ndarray, np.ndarray], folds: list[Fold], seeds: list[int], **more: Any) -> dict[str, Any]:
    setting = {"learning_rate": 1e-2, "batch_size": 32, "epochs": 5, **more}
    return train_heads(*data, folds, seeds, K, **setting)


class Recorded:
    """What every head's optimiser saw and did: its weights (in place), and gradients by step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.weights: list[list[np.ndarray]] = []
        self.steps: list[tuple[list[np.ndarray], list[np.ndarray]]] = []
        recorded = self

        class Adam(heads.Adam):
            def __init__(self, weights: list[np.ndarray], learning_rate: float) -> None:
                super().__init__(weights, learning_rate)
                recorded.weights.append(weights)

            def step(self, gradients: list[np.ndarray]) -> None:
                recorded.steps.append(([weight.copy() for weight in self.weights], gradients))
                super().step(gradients)

        monkeypatch.setattr(heads, "Adam", Adam)


# -- against others --------------------------------------------------------------------------------


@pytest.mark.parametrize("learning_rate", [1e-3, 1e-2])
def test_a_head_is_what_keras_trains(
    data: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch, learning_rate: float
) -> None:
    """Same start, same batches (32, 32 and a last one of 6), eight epochs.

    Measured over three seeds: weights at most 1.4e-6 apart, probabilities 1.6e-5, losses 1.8e-5, while
    training moved the weights by 0.02 and 0.18.
    """
    from fer_utils.papers.mobilenet_jaffe.model import keras

    (features, labels), (fold,), seed, epochs = data, some_folds(1), 4, 8
    recorded = Recorded(monkeypatch)
    ours = trained(data, [fold], [seed], learning_rate=learning_rate, epochs=epochs)
    kernel, bias = recorded.weights[0][0][0].T, recorded.weights[0][1][0, 0]

    head = keras.Sequential([keras.Input((D,)), keras.layers.Dense(K, activation="softmax")])
    head.compile(keras.optimizers.Adam(learning_rate), "sparse_categorical_crossentropy")
    start = initial_kernel(D, K, seed)
    head.set_weights([start, np.zeros(K, np.float32)])
    for epoch in range(epochs):
        rows = fold.train[batch_order(len(fold.train), epoch, seed)]
        for batch in (rows[:32], rows[32:64], rows[64:]):
            head.train_on_batch(features[batch], labels[batch])
        given = np.asarray(head.predict_on_batch(features[fold.test]))
        assert_same_answers(ours["predicted"][epoch, 0], given, rounding=1e-4)
        loss = -np.log(given[np.arange(len(fold.test)), labels[fold.test]]).mean()
        np.testing.assert_allclose(ours["loss"][epoch, 0], loss, atol=1e-4)
    theirs, their_bias = (np.asarray(weight) for weight in head.get_weights())
    np.testing.assert_allclose(kernel, theirs, atol=1e-5, rtol=0)
    np.testing.assert_allclose(bias, their_bias, atol=1e-5, rtol=0)
    probabilities = softmax(features @ kernel + bias, axis=1)
    np.testing.assert_allclose(probabilities, head.predict_on_batch(features), atol=1e-4, rtol=0)
    assert np.abs(theirs - start).max() > 1e-2, "nothing was learnt, so nothing was compared"


def test_the_start_is_glorot_uniform() -> None:
    kernel = initial_kernel(1_280, 7, 0)
    limit = np.sqrt(6 / 1_287)
    assert kernel.shape == (1_280, 7) and kernel.dtype == np.float32
    assert np.abs(kernel).max() <= limit and np.abs(kernel).max() > 0.999 * limit
    np.testing.assert_allclose(kernel.std(), limit / np.sqrt(3), rtol=0.02)
    assert not np.array_equal(kernel, initial_kernel(1_280, 7, 1))


def test_gradients_against_finite_differences(
    data: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every step's gradients, the last small batch's too, against central differences in float64."""
    (features, labels), folds, seeds = data, some_folds(2), [4, 9]
    recorded = Recorded(monkeypatch)
    trained(data, folds, seeds, epochs=2)
    assert len(recorded.steps) == 6
    rng = np.random.default_rng(0)
    for number, ((kernel, bias), (kernel_gradient, bias_gradient)) in enumerate(recorded.steps):
        epoch, step = divmod(number, 3)
        for head, (fold, seed) in enumerate(zip(folds, seeds, strict=True)):
            batch = fold.train[batch_order(70, epoch, seed)][32 * step : 32 * step + 32]
            seen, answers = features[batch].astype(float), labels[batch]

            def loss(weights: np.ndarray, offsets: np.ndarray, seen=seen, answers=answers) -> float:
                return -log_softmax(seen @ weights.T + offsets, axis=1)[np.arange(len(seen)), answers].mean()

            weights, offsets = kernel[head].astype(float), bias[head, 0].astype(float)
            for _ in range(6):
                place = rng.integers(K), rng.integers(D)
                nudge = np.zeros((K, D))
                nudge[place] = 1e-4
                gradient = (loss(weights + nudge, offsets) - loss(weights - nudge, offsets)) / 2e-4
                np.testing.assert_allclose(kernel_gradient[head][place], gradient, atol=2e-6)
            for code, nudge in enumerate(1e-4 * np.eye(K)):
                gradient = (loss(weights, offsets + nudge) - loss(weights, offsets - nudge)) / 2e-4
                np.testing.assert_allclose(bias_gradient[head][0, code], gradient, atol=2e-6)


def test_one_adam_step_by_hand() -> None:
    """The first step of Adam is the learning rate in the direction of the gradient, whatever its size."""
    weight = np.array([1.0, 1.0, 1.0], np.float32)
    adam = heads.Adam([weight], 0.1)
    adam.step([np.array([2.0, -0.01, 0.0], np.float32)])
    # 1e-7 beside sqrt(v) = sqrt(0.001) * 0.01 shortens the second step by 3e-4 of itself.
    np.testing.assert_allclose(weight, [0.9, 1.1, 1.0], atol=4e-5)
    adam.step([np.array([2.0, -0.01, 0.0], np.float32)])
    np.testing.assert_allclose(weight, [0.8, 1.2, 1.0], atol=8e-5)


# -- against themselves ----------------------------------------------------------------------------


@pytest.mark.parametrize("block", [1, 3, 16])
def test_neither_the_block_nor_the_company_changes_a_bit(
    data: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    folds, seeds = some_folds(11), list(range(11))
    together = trained(data, folds, seeds)
    monkeypatch.setattr(heads, "BLOCK", block)
    again = trained(data, folds, seeds)
    np.testing.assert_array_equal(again["predicted"], together["predicted"])
    np.testing.assert_array_equal(again["loss"], together["loss"])
    for number in (0, 7, 10):
        alone = trained(data, [folds[number]], [seeds[number]])
        length = len(folds[number].test)
        np.testing.assert_array_equal(alone["predicted"][:, 0], together["predicted"][:, number, :length])
        np.testing.assert_array_equal(alone["loss"][:, 0], together["loss"][:, number])


def test_the_same_call_gives_the_same_bits(data: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = (trained(data, some_folds(9), list(range(9))) for _ in range(2))
    for name in ("predicted", "loss"):
        np.testing.assert_array_equal(first[name], second[name])


def test_a_seed_decides_start_and_order(data: tuple[np.ndarray, np.ndarray]) -> None:
    (fold,) = some_folds(1)
    found = trained(data, [fold] * 3, [5, 6, 5])
    np.testing.assert_array_equal(found["loss"][:, 0], found["loss"][:, 2])
    assert (found["loss"][:, 0] != found["loss"][:, 1]).all()


def test_every_epoch_sees_every_row_once_in_a_new_order() -> None:
    orders = [batch_order(70, epoch, seed) for epoch in range(3) for seed in range(3)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(70))
    assert len({order.tobytes() for order in orders}) == 9
    np.testing.assert_array_equal(batch_order(70, 1, 2), batch_order(70, 1, 2))


def test_more_epochs_begin_like_fewer(data: tuple[np.ndarray, np.ndarray]) -> None:
    folds = some_folds(2)
    short, long = (trained(data, folds, [0, 1], epochs=epochs) for epochs in (2, 6))
    np.testing.assert_array_equal(long["loss"][:2], short["loss"])
    np.testing.assert_array_equal(long["predicted"][:2], short["predicted"])


def test_training_never_looks_at_the_test_rows(data: tuple[np.ndarray, np.ndarray], monkeypatch: Any) -> None:
    features, labels = data
    (fold,) = some_folds(1)
    recorded = Recorded(monkeypatch)
    trained(data, [fold], [0])
    spoilt, wrong = features.copy(), labels.copy()
    spoilt[fold.test], wrong[fold.test] = 1e6, 0
    train_heads(spoilt, wrong, [fold], [0], K, learning_rate=1e-2, batch_size=32, epochs=5)
    first, second = recorded.weights
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


# -- what comes back -------------------------------------------------------------------------------


def test_shapes_types_and_padding(data: tuple[np.ndarray, np.ndarray]) -> None:
    folds = some_folds(6)
    found = trained(data, folds, list(range(6)))
    assert found["predicted"].shape == (5, 6, 12) and found["predicted"].dtype == np.int16
    assert found["loss"].shape == (5, 6) and found["loss"].dtype == np.float32
    for number, fold in enumerate(folds):
        answers, rest = np.split(found["predicted"][:, number], [len(fold.test)], axis=1)
        assert ((answers >= 0) & (answers < K)).all()
        assert rest.size == 5 * (12 - len(fold.test)) and (rest == PADDING).all()
    assert (found["loss"] > 0).all()


def test_unequal_training_parts_are_refused(data: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(ValueError, match="equally many training rows"):
        trained(data, [*some_folds(2), *some_folds(1, n_train=69)], [0, 1, 2])


def test_a_batch_larger_than_the_data_is_one_step(
    data: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = Recorded(monkeypatch)
    trained(data, some_folds(1), [0], batch_size=1_000, epochs=3)
    assert len(recorded.steps) == 3


def test_what_a_line_can_separate_is_learnt_to_the_last_row() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(90) % 3
    features = rng.normal(0, 0.1, (90, 5)).astype(np.float32)
    features[np.arange(90), labels] += 2
    fold = Fold("toy", np.arange(60), np.arange(60, 90))
    found = train_heads(features, labels, [fold], [0], 3, learning_rate=0.05, batch_size=16, epochs=30)
    np.testing.assert_array_equal(found["predicted"][-1, 0], labels[60:])
    assert found["loss"][-1, 0] < 0.1 < found["loss"][0, 0]


def test_what_cannot_be_known_is_not_learnt() -> None:
    rng = np.random.default_rng(1)
    features, labels = rng.normal(size=(2_400, 20)).astype(np.float32), rng.integers(0, 2, 2_400)
    fold = Fold("noise", np.arange(400), np.arange(400, 2_400))
    found = train_heads(features, labels, [fold], [0], 2, learning_rate=1e-2, batch_size=32, epochs=10)
    right = (found["predicted"][-1, 0] == labels[400:]).mean()
    # Chance is one half with a standard error of 0.011.
    assert abs(right - 0.5) < 0.05
