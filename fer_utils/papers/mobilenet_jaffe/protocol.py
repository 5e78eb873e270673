"""What is run: four ways to split one augmented data set, and what each of them scores.

========  ======================================  =============================================
protocol  split                                   what a test image can share with training
========  ======================================  =============================================
A         augment, then 90/10 (Section 3.3)       the very photograph it was made from
B         photographs 90/10, then augment         the person
C         leave one subject out                   nothing
D         subjects 90/10, then augment            nothing
========  ======================================  =============================================

A is ``published``; C is ``sound``. B, C and D test on untouched photographs, each exactly once,
and B and D run all ten folds. Every training part of every protocol has the same number of images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils import leak_audit, scores, splits
from fer_utils.devices import seed_everything
from fer_utils.errors import FerError, UsageError, check_choice
from fer_utils.faces import FaceSet
from fer_utils.papers.mobilenet_jaffe.augment import Pool, draw_quota, make_pool
from fer_utils.papers.mobilenet_jaffe.heads import PADDING, train_heads
from fer_utils.papers.mobilenet_jaffe.settings import EPOCH_SELECTIONS, PROTOCOLS, Augmentation, Settings
from fer_utils.preprocess import normalise, resize, to_rgb
from fer_utils.progress import track
from fer_utils.splits import Fold

FORWARD_BATCH = 32
FOLDS_A_SEED = 10_000
"""Head ``i`` of seed ``s`` starts from ``s * FOLDS_A_SEED + i``, whatever else is run beside it."""

MOST_PEOPLE = 1_000
"""Leave-one-subject-out is refused beyond this."""

INNER_SHARE = 0.10
"""Share of the training subjects set aside to choose the number of epochs (sound)."""


@dataclass(frozen=True, eq=False)
class Split:
    """The folds of one protocol over all seeds, as rows of a :class:`Pool`.

    ``inner[i]`` divides the training part of ``folds[i]`` once more, by subject, to choose the
    number of epochs on; ``seeds[i]`` starts that fold's head.
    """

    protocol: str
    folds: list[Fold]
    inner: list[Fold]
    seeds: list[int]


@dataclass(frozen=True, eq=False)
class Plan:
    """A pool deep enough for every split, and the splits by protocol."""

    pool: Pool
    splits: dict[str, Split]


def make_plan(faces: FaceSet, settings: Settings, protocols: Sequence[str], seeds: Sequence[int]) -> Plan:
    """Lay out every fold before any work is done.

    Args:
        faces: photographs with labels and subjects.
        settings: ``quota`` and ``test_share`` count here.
        protocols: which of ``"A" "B" "C" "D"``.
        seeds: the splits are drawn once for each.

    Raises:
        UsageError: an unknown protocol, or seeds that are missing or come twice.
        FerError: too few subjects, or a class without training photographs.
    """
    if not seeds or len(set(seeds)) != len(seeds):
        raise UsageError(f"seeds must be different whole numbers, at least one, not {list(seeds)}")
    n_classes, everyone = len(faces.classes), np.arange(len(faces))
    quota = round(settings.quota * (1 - settings.test_share))
    inner_quota, n_test = round(quota * (1 - INNER_SHARE)), settings.quota - quota
    outer: list[tuple[str, int, Fold]] = []
    for protocol in protocols:
        check_choice("protocol", protocol, PROTOCOLS)
        outer += [(protocol, seed, fold) for seed in seeds for fold in _source_folds(faces, settings, protocol, seed)]
    inner = [_inner_sources(faces, fold, seed) for _, seed, fold in outer]

    sources = [everyone, *(fold.train for _, _, fold in outer), *(fold.train for fold in inner)]
    # In A up to n_test variants a class are test images, which the inner folds have to do without.
    inner_quotas = [inner_quota + (n_test if protocol == "A" else 0) for protocol, _, _ in outer]
    quotas = [settings.quota, *[quota] * len(outer), *inner_quotas]
    pool = make_pool(faces.labels, sources, quotas, n_classes)
    augmented = draw_quota(pool, everyone, settings.quota, n_classes)

    laid_out = {protocol: Split(protocol, [], [], []) for protocol in protocols}
    for (protocol, seed, fold), aside in zip(outer, inner, strict=True):
        split = laid_out[protocol]
        number = sum(started // FOLDS_A_SEED == seed for started in split.seeds)
        if protocol == "A":
            # A whole number is a count of test images, as in scikit-learn: a share would be rounded over all classes.
            drawn = splits.random_share(pool.label[augmented], n_test * n_classes, seed)
            rows = Fold(fold.name, augmented[drawn.train], augmented[drawn.test])
        else:
            # The pool begins with the untouched photographs, so a photograph's number is its row.
            rows = Fold(fold.name, draw_quota(pool, fold.train, quota, n_classes), fold.test)
        split.folds.append(rows)
        fit_on = draw_quota(pool, aside.train, inner_quota, n_classes, without=rows.test)
        split.inner.append(Fold("inner", fit_on, aside.test))
        split.seeds.append(seed * FOLDS_A_SEED + number)
    return Plan(pool, laid_out)


def _source_folds(faces: FaceSet, settings: Settings, protocol: str, seed: int) -> list[Fold]:
    """Folds over photographs. Protocol A has one: it splits the augmented pool, not the photographs."""
    n_folds = round(1 / settings.test_share)
    if protocol == "A":
        everyone = np.arange(len(faces))
        return [Fold("augmented pool", everyone, everyone)]
    if protocol == "B":
        return splits.random_folds(faces.labels, n_folds, seed)
    if protocol == "C":
        people = len(np.unique(faces.subjects))
        if people > MOST_PEOPLE:
            raise FerError(
                f"protocol C trains one head for each of {people:,} people of {faces.name}, at most {MOST_PEOPLE:,}. "
                f"Where people are not known each picture counts as one, and leaving one out says nothing."
            )
        return splits.leave_one_subject_out(faces.subjects)
    return splits.grouped_folds(faces.subjects, n_folds, seed)


def _inner_sources(faces: FaceSet, fold: Fold, seed: int) -> Fold:
    aside = splits.inner_split(faces.subjects[fold.train], INNER_SHARE, seed)
    return Fold("inner", fold.train[aside.train], fold.train[aside.test])


# -- units: pure functions of their arguments, run and stored one by one by fer_utils.reproduce ----


def prepare(faces: FaceSet, image_size: int) -> FaceSet:
    """Resize the photographs to the network's input before anything is augmented."""
    return faces.with_images(resize(faces.images, image_size))


def extract(
    *,
    faces: FaceSet,
    pool: Pool,
    augmentation: Augmentation,
    image_size: int,
    normalisation: str,
    weights: str | Path,
    trainable: str,
) -> dict[str, np.ndarray]:
    """Draw every image of the pool and run it through the part of the network that stays frozen.

    Returns:
        ``activations``: ``float32 [M, 1280]`` for ``trainable="head"``, ``[M, h, w, 160]`` for
        ``"last_block"``.
    """
    from fer_utils.papers.mobilenet_jaffe import model

    seed_everything(augmentation.seed)
    small = prepare(faces, image_size)
    trunk, _ = model.trunk_and_tail(model.backbone(image_size, weights), len(faces.classes), trainable, seed=0)
    activations = np.empty((len(pool), *trunk.output_shape[1:]), np.float32)
    starts = range(0, len(pool), FORWARD_BATCH)
    for start in track(starts, f"backbone on {normalisation} pixels"):
        rows = range(start, min(start + FORWARD_BATCH, len(pool)))
        batch = normalise(to_rgb(pool.images(small, rows, augmentation)), normalisation)
        activations[start : start + len(batch)] = model.run_frozen(trunk, batch)
    return {"activations": activations}


def train(
    *, features: np.ndarray, pool: Pool, folds: list[Fold], seeds: list[int], n_classes: int,
    learning_rate: float, batch_size: int, epochs: int,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Train one head a fold: :func:`fer_utils.papers.mobilenet_jaffe.heads.train_heads` as a unit."""
    return train_heads(
        features, pool.label, folds, seeds, n_classes,
        learning_rate=learning_rate, batch_size=batch_size, epochs=epochs,
    )  # fmt: skip


def audit_split(*, faces: FaceSet, pool: Pool, folds: list[Fold]) -> dict[str, Any]:
    """The leak audit of one split of the pool, as a unit: ``{"n_test": …, "counts": {…}}``.

    An augmented image is judged by the photograph it was made from: a variant of a near duplicate
    of a test photograph is a leak, however far it was turned.
    """
    by_photograph = [Fold(fold.name, np.unique(pool.source[fold.train]), pool.source[fold.test]) for fold in folds]
    report = leak_audit.audit(faces.table, leak_audit.sign(faces.images), by_photograph)
    return {"n_test": report.n_test, "counts": report.counts}


# -- reading the outcome --------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Outcome:
    """Every test answer of one protocol under one condition, all folds and seeds in a row.

    Attributes:
        truth: ``int64 [T]``.
        predicted: ``int16 [T]``, after the epoch that was selected.
        subject: ``[T]``, for the intervals.
        photograph: ``int64 [T]``, the face set's row that the test image was made from.
        epochs: ``int64 [F]``, the number of epochs selected for each fold.
        n_classes: how many classes there are.
    """

    truth: np.ndarray
    predicted: np.ndarray
    subject: np.ndarray
    photograph: np.ndarray
    epochs: np.ndarray
    n_classes: int

    @property
    def correct(self) -> np.ndarray:
        """``float64 [T]``, 1 where right."""
        return (self.truth == self.predicted).astype(float)

    def accuracy(self) -> scores.Estimate:
        """Overall accuracy with its interval over subjects."""
        return scores.accuracy(self.correct, self.subject, self.photograph)

    def class_accuracy(self, code: int) -> scores.Estimate:
        """The paper's single-class accuracy (recall) of one class, with its interval over subjects."""
        rows = self.truth == code
        return scores.accuracy(self.correct[rows], self.subject[rows], self.photograph[rows])

    def confusion(self) -> np.ndarray:
        """Counts, rows truth, columns prediction, summed over folds and seeds."""
        return scores.confusion(self.truth, self.predicted, self.n_classes)

    def macro_f1(self) -> float:
        """Mean F1 over the classes."""
        return scores.macro_f1(self.truth, self.predicted, self.n_classes)


def select(
    faces: FaceSet,
    plan: Plan,
    protocol: str,
    trained: dict[str, np.ndarray],
    selection: str,
    inner: dict[str, np.ndarray] | None = None,
) -> Outcome:
    """Choose after which epoch each fold's head is scored, and collect its answers.

    Args:
        faces, plan, protocol: what was trained.
        trained: from :func:`train` on the split's ``folds``.
        selection: ``"test_fold"``: the epoch that is best on the test part itself (what tuning
            on "the test set used for validation" amounts to); ``"last_epoch"``: no choice;
            ``"inner_split"``: the epoch with the lowest loss on subjects set aside within training.
        inner: from :func:`train` on the split's ``inner`` folds; needed for ``"inner_split"``.
    """
    check_choice("epoch selection", selection, EPOCH_SELECTIONS)
    split, predicted = plan.splits[protocol], trained["predicted"]
    truth = np.full(predicted.shape[1:], PADDING, np.int64)
    row = np.zeros(predicted.shape[1:], np.int64)
    for number, fold in enumerate(split.folds):
        truth[number, : len(fold.test)], row[number, : len(fold.test)] = plan.pool.label[fold.test], fold.test
    real = truth != PADDING
    if selection == "inner_split":
        if inner is None:
            raise FerError("inner_split needs the training run on the inner folds")
        best = inner["loss"].argmin(axis=0)
    elif selection == "test_fold":
        best = ((predicted == truth) & real).sum(axis=2).argmax(axis=0)
    else:
        best = np.full(len(split.folds), len(predicted) - 1)
    chosen = np.take_along_axis(predicted, best[None, :, None], axis=0)[0]
    photograph = plan.pool.source[row[real]]
    return Outcome(truth[real], chosen[real], faces.subjects[photograph], photograph, best + 1, len(faces.classes))
