"""London's leave-one-subject-out, 102 heads: together, one at a time in NumPy, and one at a time with Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fer_utils.papers.mobilenet_jaffe import heads
from fer_utils.papers.mobilenet_jaffe.heads import initial_kernel, train_heads
from fer_utils.splits import Fold
from tests.benchmarks.conftest import Recorder, seconds

PEOPLE, ROWS, FEATURES, N_TRAIN, N_CLASSES = 102, 1_020, 1_280, 720, 2
TRAINING = {"learning_rate": 1e-3, "batch_size": 32, "epochs": 20}
SIZES = "102 folds, 720 training rows of 1,280 random float32 features, 2 classes, 20 epochs, batches of 32"
KERAS_HEADS = 3
IMAGES = 32
"""So many at once go through the backbone where Keras runs it: its fastest."""


@pytest.fixture(scope="module")
def work() -> dict[str, Any]:
    """Arguments of :func:`train_heads`: the sizes of the quick profile, two test rows a fold."""
    rng = np.random.default_rng(0)
    folds = [Fold(f"{person}", np.sort(rng.permutation(np.arange(204, ROWS))[:N_TRAIN]),
                  np.array([2 * person, 2 * person + 1])) for person in range(PEOPLE)]  # fmt: skip
    return {
        "features": rng.random((ROWS, FEATURES), np.float32),
        "labels": np.arange(ROWS) % N_CLASSES,
        "folds": folds,
        "seeds": list(range(PEOPLE)),
        "n_classes": N_CLASSES,
        **TRAINING,
    }


def test_heads_together_against_one_by_one_in_numpy(
    benchmark: Any, work: dict[str, Any], record: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = benchmark.pedantic(train_heads, kwargs=work, rounds=3, warmup_rounds=1)
    monkeypatch.setattr(heads, "BLOCK", 1)
    monkeypatch.setattr(heads.os, "cpu_count", lambda: 1)
    alone = []
    slow = seconds(lambda: alone.append(train_heads(**work)), rounds=3)
    np.testing.assert_array_equal(alone[0]["predicted"], together["predicted"])
    record(
        "heads: together against one by one in NumPy",
        ours="train_heads: blocks of 8 heads, the blocks spread over the cores",
        against="the same NumPy code with one head at a time (BLOCK=1) on one thread",
        ratio=slow / benchmark.stats.stats.min,
        how=f"{SIZES}; all 102 heads on both sides, shortest of 3 runs each, same answers to the last bit",
    )


def test_heads_together_against_keras_fit(benchmark: Any, work: dict[str, Any], record: Recorder) -> None:
    from fer_utils.papers.mobilenet_jaffe.model import keras

    benchmark.pedantic(train_heads, kwargs=work, rounds=3, warmup_rounds=1)
    ours = benchmark.stats.stats.min / PEOPLE
    features, labels = work["features"], work["labels"]

    def fresh() -> Any:
        head = keras.Sequential([keras.Input((FEATURES,)), keras.layers.Dense(N_CLASSES, activation="softmax")])
        head.compile(keras.optimizers.Adam(TRAINING["learning_rate"]), "sparse_categorical_crossentropy")
        return head

    def fit(head: Any, fold: Fold) -> None:
        settings = {"batch_size": TRAINING["batch_size"], "epochs": TRAINING["epochs"], "verbose": 0}
        head.fit(features[fold.train], labels[fold.train], **settings)
        head.predict(features[fold.test], verbose=0)

    def new_each_time() -> None:
        for fold in work["folds"][:KERAS_HEADS]:
            fit(fresh(), fold)

    kept = fresh()
    fit(kept, work["folds"][0])

    def started_again() -> None:
        for fold, seed in zip(work["folds"][:KERAS_HEADS], work["seeds"], strict=False):
            kept.set_weights([initial_kernel(FEATURES, N_CLASSES, seed), np.zeros(N_CLASSES, np.float32)])
            kept.optimizer.iterations.assign(0)
            for moment in kept.optimizer.variables[2:]:
                moment.assign(np.zeros(moment.shape, np.float32))
            fit(kept, fold)

    how = (
        f"{SIZES}; ours: all 102 heads, tested after every epoch, shortest of 3 runs, divided by 102; Keras on "
        f"{keras.backend.backend()}: {KERAS_HEADS} heads, tested after the last epoch only, shortest of 2 runs after "
        f"one to warm up, divided by {KERAS_HEADS} and so extrapolated to 102"
    )
    for name, against, slow in (
        ("new model", "a new model, compile and Model.fit for each head", new_each_time),
        ("same model", "Model.fit of one compiled model whose weights are reset for each head", started_again),
    ):
        record(
            f"heads: together against Keras, {name}",
            ours="train_heads, all heads together in NumPy",
            against=against,
            ratio=seconds(slow, rounds=2) / KERAS_HEADS / ours,
            how=how,
        )


def test_features_once_against_features_in_each_fold(benchmark: Any, work: dict[str, Any], record: Recorder) -> None:
    from fer_utils.papers.mobilenet_jaffe import model

    benchmark.pedantic(train_heads, kwargs=work, rounds=3, warmup_rounds=1)
    training = benchmark.stats.stats.min
    backbone = model.backbone(160, "shipped")
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, 160, 160, 3)).astype(np.float32)
    model.run_frozen(backbone, images)
    an_image = seconds(lambda: [model.run_frozen(backbone, images) for _ in range(4)], rounds=3) / (4 * IMAGES)
    once = ROWS * an_image + training
    in_each_fold = PEOPLE * (N_TRAIN + 2) * an_image + training
    record(
        "leave-one-subject-out: features once against features in each fold",
        ours="each of 1,020 images through the backbone once, then 102 heads together",
        against="each fold runs its 720 training and 2 test images through the backbone once, then the same heads",
        ratio=in_each_fold / once,
        how=(
            f"an estimate, not two runs: time an image measured on 4 batches of {IMAGES} images of 160 pixels "
            "(shortest of 3) and multiplied by 1,020 and by 102 x 722 images; training of all heads measured once "
            f"(shortest of 3; {SIZES}) and added to both sides. Model.fit on the whole frozen network would run them "
            "again in every epoch: twenty times more still"
        ),
    )


def test_the_frozen_part_against_keras(benchmark: Any, record: Recorder) -> None:
    from fer_utils.papers.mobilenet_jaffe import frozen, model

    images = np.random.default_rng(0).random((4 * IMAGES, 160, 160, 3), np.float32)
    network, backbone = frozen.frozen(160, "shipped", "head"), model.backbone(160, "shipped")
    parts = [images[start : start + IMAGES] for start in range(0, len(images), IMAGES)]

    def ours() -> np.ndarray:
        return frozen.over(network, len(images), lambda rows: images[rows.start : rows.stop], "benchmark")

    def keras() -> np.ndarray:
        return np.concatenate([model.run_frozen(backbone, part) for part in parts])

    np.testing.assert_allclose(benchmark.pedantic(ours, rounds=3, warmup_rounds=1), keras(), atol=1e-3)
    record(
        "MobileNetV2's features: frozen.over against Keras",
        ours="frozen.over: TensorFlow Lite, 16 images a thread",
        against=f"predict_on_batch of the Keras model on {model.keras.backend.backend()}, {IMAGES} images at once",
        ratio=seconds(keras, rounds=3) / benchmark.stats.stats.min,
        how=f"{len(images)} images of 160 pixels, shortest of 3 runs each, same features within 1e-3",
    )
