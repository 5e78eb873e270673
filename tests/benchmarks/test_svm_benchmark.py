"""A search over SVM settings: squared distances once and slices of them, against fits on the features."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from sklearn.svm import SVC

from fer_utils.papers.dcgan_svm import svm
from fer_utils.papers.dcgan_svm.search import explore
from fer_utils.papers.dcgan_svm.settings import OURS
from fer_utils.splits import Fold, random_folds
from tests.benchmarks.conftest import Recorder, seconds

ROWS, FEATURES, CLASSES, FOLDS, SETTINGS = 1_608, 8_192, 8, 10, 30
PLAIN_FITS = 2


def fit_and_predict(features: np.ndarray, labels: np.ndarray, fold: Fold, C: float, gamma: float) -> np.ndarray:
    """What a search without a shared kernel does for one setting and one fold."""
    return SVC(C=C, gamma=gamma).fit(features[fold.train], labels[fold.train]).predict(features[fold.test])


def test_search_on_one_kernel_against_plain_svc(benchmark: Any, record: Recorder) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(ROWS) % CLASSES
    # Overlapping classes: centres apart by about half of the noise that the 8,192 features add up to.
    centres = random.normal(0, 0.06, (CLASSES, FEATURES))
    features = (centres[labels] + random.normal(0, 1, (ROWS, FEATURES))).astype(np.float32)
    folds, search = random_folds(labels, FOLDS, 0), OURS.but(draws=SETTINGS, search="random")
    tried = [setting for setting, _ in explore(lambda setting: 0.0, search, 0)]
    once: dict[str, Any] = {}

    def prepare() -> None:
        once["distances"] = svm.squared_distances(features)
        once["typical"] = svm.typical_distance(once["distances"])

    benchmark.pedantic(prepare, rounds=1)
    preparing = benchmark.stats.stats.min
    exact = features.astype(np.float64)
    sliced, plain = [], []
    # Spread over the draws, so that easy and hard settings are both among them.
    for setting in tried[:: SETTINGS // PLAIN_FITS][:PLAIN_FITS]:
        fold, gamma = folds[0], setting.gamma(once["typical"])
        kernel = svm.kernel_of(once["distances"], gamma)
        exponent = seconds(lambda gamma=gamma: svm.kernel_of(once["distances"], gamma), rounds=2)
        given: list[np.ndarray] = []
        fit = partial(fit_and_predict, exact, labels, fold, setting.C, gamma)
        plain.append(seconds(lambda fit=fit, given=given: given.append(fit()), rounds=1))
        cut = partial(svm.answer, kernel, labels, fold, setting.C, CLASSES)
        # A setting's kernel serves all folds.
        sliced.append(seconds(cut, rounds=2) + exponent / FOLDS)
        assert np.array_equal(given[0], cut()[0])
    fits = FOLDS * SETTINGS
    record(
        "SVM search: one matrix of distances against fits on the features",
        ours="squared distances once, an exponential a setting, a slice a fold (SVC with a precomputed kernel)",
        against="scikit-learn's SVC on the features, each setting and fold anew",
        ratio=float(np.mean(plain)) * fits / (preparing + float(np.mean(sliced)) * fits),
        how=(
            f"{ROWS:,} x {FEATURES:,}, {CLASSES} classes, {SETTINGS} settings in {FOLDS} folds; equal predictions. "
            f"Extrapolated: {PLAIN_FITS} settings on the first fold, timed once on the features and as the shorter of "
            f"two on slices, times {fits}; the distances timed once and in full"
        ),
    )
