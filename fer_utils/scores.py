"""Scores and their uncertainty, from plain arrays.

Images of one person are not independent draws, so every interval here takes ``groups`` (whom or
what the images belong to) and says what it is an interval over: new people, not new pictures of
the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats
from sklearn.metrics import confusion_matrix, f1_score


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, how the interval was made, and over how many units."""

    value: float
    low: float
    high: float
    n: int
    how: str

    @property
    def ci95(self) -> list[float]:
        """``[low, high]``."""
        return [self.low, self.high]

    def percent(self, name: str = "accuracy") -> dict[str, float]:
        """Three table cells in per cent: ``{"accuracy %": 61.3, "low %": 54.0, "high %": 68.2}``."""
        low, high = (100 * bound if np.isfinite(bound) else np.nan for bound in (self.low, self.high))
        return {f"{name} %": 100 * self.value, "low %": low, "high %": high}

    def text(self, scale: float = 100.0, digits: int = 1) -> str:
        """``61.3 [54.0, 68.2]``, in per cent unless ``scale`` says otherwise."""
        return f"{scale * self.value:.{digits}f} [{scale * self.low:.{digits}f}, {scale * self.high:.{digits}f}]"


def confusion(truth: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Counts ``int [n_classes, n_classes]``: rows are the truth, columns what was predicted."""
    return confusion_matrix(truth, predicted, labels=np.arange(n_classes))


def class_recalls(matrix: np.ndarray) -> np.ndarray:
    """Single-class accuracies: the diagonal of a confusion matrix over its row sums; NaN for an absent class."""
    rows = matrix.sum(axis=1)
    return np.divide(np.diag(matrix), rows, out=np.full(len(matrix), np.nan), where=rows > 0)


def macro_f1(truth: np.ndarray, predicted: np.ndarray, n_classes: int) -> float:
    """Mean over the classes of the F1 score; a class that is never right counts as 0."""
    return float(f1_score(truth, predicted, labels=np.arange(n_classes), average="macro", zero_division=0))


def accuracy(correct: np.ndarray, groups: np.ndarray, pictures: np.ndarray | None = None) -> Estimate:
    """Share of correct answers with a Korn–Graubard 95 % interval over groups.

    The Clopper–Pearson interval at the *effective* number of images: as many independent images
    as would give the variance that the group totals show (Korn & Graubard 1998, Survey
    Methodology 24, 193–201). With one image a group it is the Clopper–Pearson interval; it stays
    sensible at 0 % and 100 %, where the effective number is that of the groups.

    Args:
        correct: ``[N]``, 1 for right and 0 for wrong, or a mean over seeds in between.
        groups: ``[N]``, the person (or picture) that each image belongs to.
        pictures: ``[N]``, which picture each answer is about, where several seeds or variants
            answer for one: they are not several pictures, so the effective number stays below
            that of the distinct ones.

    Raises:
        ValueError: there are no images.
    """
    correct = np.asarray(correct, float)
    if len(correct) == 0:
        raise ValueError("no test images")
    n = len(correct) if pictures is None else np.unique(pictures).size
    value = float(correct.mean())
    variance, n_groups = _clustered_variance(correct - value, groups)
    if n_groups < 2:
        return Estimate(value, -np.inf, np.inf, n_groups, "no interval: one group only")
    effective = float(n_groups)
    if variance > 0 and 0 < value < 1:
        few = stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, n_groups - 1)
        effective = min(float(n), n / (n - 1) * value * (1 - value) / variance * few**2)
    hits = value * effective
    low = float(stats.beta.ppf(0.025, hits, effective - hits + 1)) if value > 0 else 0.0
    high = float(stats.beta.ppf(0.975, hits + 1, effective - hits)) if value < 1 else 1.0
    return Estimate(value, low, high, n_groups, f"Korn-Graubard over {n_groups} groups")


def mean(values: np.ndarray, groups: np.ndarray) -> Estimate:
    """Mean of ``values`` with a t interval over groups (cluster-robust variance).

    Meant for paired differences: ``values = correct_a - correct_b`` on the same images.
    """
    values = np.asarray(values, float)
    value = float(values.mean())
    variance, n_groups = _clustered_variance(values - value, groups)
    if n_groups < 2:
        return Estimate(value, -np.inf, np.inf, n_groups, "no interval: one group only")
    half = float(stats.t.ppf(0.975, n_groups - 1) * np.sqrt(variance))
    return Estimate(value, value - half, value + half, n_groups, f"t over {n_groups} groups")


def mcnemar(first: np.ndarray, second: np.ndarray) -> float:
    """Exact McNemar test: the two-sided p of "both are equally often right", from images that only one got right.

    It takes images for independent draws. With several pictures a person, :func:`mean` of the
    paired differences over people is the more cautious answer.

    Args:
        first, second: ``[N]``, 1 for right and 0 for wrong, on the same images.
    """
    only_first, only_second = (int(((a == 1) & (b == 0)).sum()) for a, b in ((first, second), (second, first)))
    if only_first + only_second == 0:
        return 1.0
    return float(stats.binomtest(only_first, only_first + only_second, 0.5).pvalue)


def auc(truth: np.ndarray, score: np.ndarray, groups: np.ndarray) -> Estimate:
    """Area under the ROC curve with a 95 % interval over groups: :func:`mean_auc` of one label."""
    return mean_auc(np.asarray(truth)[:, None], np.asarray(score)[:, None], groups)


def mean_auc(truth: np.ndarray, score: np.ndarray, groups: np.ndarray) -> Estimate:
    """Mean over labels of the area under the ROC curve, with a t interval over groups.

    A picture's part in the area is its *placement*: the share of the other class that it is
    rightly ranked against. The variance is that of the group totals of placements (Obuchowski
    1997, Biometrics 53, 567–578), so two labels of one picture, and two pictures of one person,
    need not be independent. Where no picture is ranked wrongly (or rightly) placements do not
    vary, and the bound is that of as many errorless groups.

    Args:
        truth: ``bool [N, K]``, one column a label.
        score: ``float [N, K]``, higher for more likely; rows with NaN do not count for that label.
        groups: ``[N]``, the person each picture is of.

    Returns:
        NaN without an interval where no label has both a positive and a negative picture; labels
        that lack either are left out.
    """
    truth, score = np.asarray(truth, bool), np.asarray(score, float)
    areas, parts = [], []
    for label, value in zip(truth.T, score.T, strict=True):
        rows = np.flatnonzero(np.isfinite(value))
        positive, negative = rows[label[rows]], rows[~label[rows]]
        if len(positive) == 0 or len(negative) == 0:
            continue
        placement = np.zeros(len(label))
        # Ranks with ties halved, less the ranks within one's own class, count the others below.
        ranks = stats.rankdata(value[np.concatenate([positive, negative])])
        above = (ranks[: len(positive)] - stats.rankdata(value[positive])) / len(negative)
        below = (ranks[len(positive) :] - stats.rankdata(value[negative])) / len(positive)
        areas.append(above.mean())
        placement[positive] = (above - above.mean()) / len(positive)
        placement[negative] = (1 - below - above.mean()) / len(negative)
        parts.append(placement * len(label))
    if not areas:
        return Estimate(np.nan, -np.inf, np.inf, 0, "no label has both a positive and a negative picture")
    value = float(np.mean(areas))
    variance, n_groups = _clustered_variance(np.mean(parts, axis=0), groups)
    if n_groups < 2:
        return Estimate(value, -np.inf, np.inf, n_groups, "no interval: one group only")
    reach = stats.t.ppf(0.975, n_groups - 1) * np.sqrt(variance) if variance > 0 else 1 - 0.025 ** (1 / n_groups)
    low, high = max(0.0, float(value - reach)), min(1.0, float(value + reach))
    return Estimate(value, low, high, n_groups, f"placements (Obuchowski), t over {n_groups} groups")


def unpaired_difference(first: Estimate, second: Estimate) -> Estimate:
    """``first - second`` from the two estimates alone (Newcombe's square-and-add interval).

    It takes the two for independent. Where they rest on the same people, as ``published`` and
    ``sound`` do, they tend to rise and fall together, and the interval is rather too wide.
    R. G. Newcombe 1998, Statistics in Medicine 17, 873–890, method 10, with any intervals.
    """
    value = first.value - second.value
    low = value - np.hypot(first.value - first.low, second.high - second.value)
    high = value + np.hypot(first.high - first.value, second.value - second.low)
    return Estimate(value, float(low), float(high), min(first.n, second.n), "Newcombe from the two intervals")


def bootstrap(
    statistic: Callable[[np.ndarray], float], groups: np.ndarray, draws: int = 2000, seed: int = 0
) -> Estimate:
    """Percentile bootstrap over groups, for statistics without a formula (macro F1, AUC).

    Args:
        statistic: takes row numbers ``int [M]`` (with repeats) and returns a number.
        groups: ``[N]``; whole groups are drawn with replacement.
        draws: how many resamples.
        seed: of the resampling.
    """
    codes, n_groups = _codes(groups)
    members = [np.flatnonzero(codes == code) for code in range(n_groups)]
    generator = np.random.default_rng(seed)
    samples = [
        statistic(np.concatenate([members[code] for code in generator.integers(0, n_groups, n_groups)]))
        for _ in range(draws)
    ]
    low, high = np.quantile(samples, [0.025, 0.975])
    how = f"percentile bootstrap, {draws} draws of {n_groups} groups"
    return Estimate(statistic(np.arange(len(codes))), float(low), float(high), n_groups, how)


def _codes(groups: np.ndarray) -> tuple[np.ndarray, int]:
    unique, codes = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    return codes, len(unique)


def _clustered_variance(residuals: np.ndarray, groups: np.ndarray) -> tuple[float, int]:
    """Variance of a mean from group totals of its residuals (with-replacement, G/(G-1))."""
    codes, n_groups = _codes(groups)
    totals = np.bincount(codes, weights=residuals, minlength=n_groups)
    if n_groups < 2:
        return 0.0, n_groups
    return float(n_groups / (n_groups - 1) * (totals**2).sum() / len(residuals) ** 2), n_groups
