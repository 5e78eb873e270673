"""The leak audit as one matrix product against a loop over all pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pandas as pd

from fer_utils.leak_audit import NEAR_CORRELATION, audit, sign
from fer_utils.splits import Fold
from tests.benchmarks.conftest import Recorder, seconds

N_TRAIN, N_TEST, NEAR = 400, 200, 30


def test_audit_against_a_loop_over_pairs(benchmark: Any, record: Recorder) -> None:
    rng = np.random.default_rng(0)
    coarse = rng.uniform(0, 255, (N_TRAIN + N_TEST, 8, 8)).astype(np.float32)
    images = np.stack([cv2.resize(picture, (160, 160), interpolation=cv2.INTER_CUBIC) for picture in coarse])
    # Thirty test images are training images in a little noise.
    images[N_TRAIN : N_TRAIN + NEAR] = images[:NEAR] + rng.normal(0, 4, (NEAR, 160, 160))
    images = np.clip(images, 0, 255).astype(np.uint8)
    names = [f"{row}" for row in range(len(images))]
    table = pd.DataFrame({"subject": names, "source": names})
    fold = Fold("all", np.arange(N_TRAIN), np.arange(N_TRAIN, N_TRAIN + N_TEST))
    signatures = sign(images)

    def loop(alike: Callable[[np.ndarray, np.ndarray], float]) -> int:
        thumbnails = signatures.thumbnails
        best = [max(alike(thumbnails[tested], thumbnails[trained]) for trained in fold.train) for tested in fold.test]
        return int((np.array(best) >= NEAR_CORRELATION).sum())

    report = benchmark.pedantic(audit, args=(table, signatures, [fold]), rounds=20, warmup_rounds=2)
    assert report.counts["near"] == NEAR
    for name, against, alike in (
        ("corrcoef", "numpy.corrcoef of every pair", lambda first, second: np.corrcoef(first, second)[0, 1]),
        ("dot", "numpy.dot of every pair of prepared thumbnails", np.dot),
    ):
        found: list[int] = []
        slow = seconds(lambda alike=alike, found=found: found.append(loop(alike)), rounds=2)
        assert found == [NEAR, NEAR]
        record(
            f"leak audit: matrix product against a loop of {name}",
            ours="leak_audit.audit: subjects, sources, exact and near duplicates",
            against=f"{against}, near duplicates only",
            ratio=slow / benchmark.stats.stats.min,
            how=(
                f"{N_TRAIN} training and {N_TEST} test images, from the same 24 x 24 thumbnails, {NEAR} planted near "
                "duplicates found by both; shortest of 20 runs (ours) and of 2"
            ),
        )
