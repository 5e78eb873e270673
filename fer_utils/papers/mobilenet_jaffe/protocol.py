"""What is run: four ways to split one augmented data set, and what each of them scores.

========  ======================================  =============================================
split     how                                     what a test image can share with training
========  ======================================  =============================================
A         augment, then 90/10 (Section 3.3)       the very photograph it was made from
B         photographs 90/10, then augment         the person
C         leave one subject out                   nothing
D         subjects 90/10, then augment            nothing
========  ======================================  =============================================

The protocol ``published`` is split A, ``sound`` is C (:data:`JUDGED`). B, C and D test on untouched
photographs, each exactly once, and B and D run all ten folds. Every training part of every split has
the same number of images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_utils import splits
from fer_utils.devices import prefer_keras_backend, seed_everything
from fer_utils.errors import FerError, check_choice
from fer_utils.faces import FaceSet
from fer_utils.papers.answers import Answers
from fer_utils.papers.mobilenet_jaffe.augment import Pool, draw_quota, make_pool
from fer_utils.papers.mobilenet_jaffe.heads import PADDING, train_heads
from fer_utils.papers.mobilenet_jaffe.settings import EPOCH_SELECTIONS, KERAS_BACKEND, SPLITS, Augmentation, Settings
from fer_utils.preprocess import normalise, resize, to_rgb
from fer_utils.splits import Fold

# Settled before anything is computed, so that units stored before Keras is loaded are found again after.
prefer_keras_backend(KERAS_BACKEND)

JUDGED = {"published": ("A", "test_fold"), "sound": ("C", "inner_split")}
"""By protocol: the split, and how the epoch is chosen after which a head is scored."""

COMPARED = {"published": "A", "sound": "D"}
"""By protocol: the split on which the settings of Section 4.1 are compared."""

FOLDS_A_SEED = 10_000
"""Head ``i`` of seed ``s`` starts from ``s * FOLDS_A_SEED + i``, whatever else is run beside it."""

MOST_PEOPLE = 1_000
"""Leave-one-subject-out is refused beyond this."""

INNER_SHARE = 0.10
"""Share of the training subjects set aside to choose the number of epochs (sound)."""


@dataclass(frozen=True, eq=False)
class Split:
    """The folds of one of :data:`~.settings.SPLITS` over all seeds, as rows of a :class:`Pool`.

    ``inner[i]`` divides the training part of ``folds[i]`` once more, by subject, to choose the
    number of epochs on; ``seeds[i]`` starts that fold's head.
    """

    name: str
    folds: list[Fold]
    inner: list[Fold]
    seeds: list[int]


@dataclass(frozen=True, eq=False)
class Plan:
    """A pool deep enough for every split, and the splits by name."""

    pool: Pool
    splits: dict[str, Split]


def make_plan(faces: FaceSet, settings: Settings, names: Sequence[str], seeds: Sequence[int]) -> Plan:
    """Lay out every fold before any work is done.

    Args:
        faces: photographs with labels and subjects.
        settings: ``quota`` and ``test_share`` count here.
        names: which of ``"A" "B" "C" "D"``.
        seeds: the splits are drawn once for each.

    Raises:
        UsageError: an unknown split.
        FerError: too few subjects, or a class without training photographs.
    """
    n_classes, everyone = len(faces.classes), np.arange(len(faces))
    quota = round(settings.quota * (1 - settings.test_share))
    inner_quota, n_test = round(quota * (1 - INNER_SHARE)), settings.quota - quota
    outer: list[tuple[str, int, Fold]] = []
    for name in names:
        check_choice("split", name, SPLITS)
        outer += [(name, seed, fold) for seed in seeds for fold in _source_folds(faces, settings, name, seed)]
    inner = [_inner_sources(faces, fold, seed) for _, seed, fold in outer]

    sources = [everyone, *(fold.train for _, _, fold in outer), *(fold.train for fold in inner)]
    # In A up to n_test variants a class are test images, which the inner folds have to do without.
    inner_quotas = [inner_quota + (n_test if name == "A" else 0) for name, _, _ in outer]
    quotas = [settings.quota, *[quota] * len(outer), *inner_quotas]
    pool = make_pool(faces.labels, sources, quotas, n_classes)
    augmented = draw_quota(pool, everyone, settings.quota, n_classes)

    laid_out = {name: Split(name, [], [], []) for name in names}
    for (name, seed, fold), aside in zip(outer, inner, strict=True):
        split = laid_out[name]
        number = sum(started // FOLDS_A_SEED == seed for started in split.seeds)
        if name == "A":
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


def _source_folds(faces: FaceSet, settings: Settings, name: str, seed: int) -> list[Fold]:
    """Folds over photographs. Split A has one: it splits the augmented pool, not the photographs."""
    n_folds = round(1 / settings.test_share)
    if name == "A":
        everyone = np.arange(len(faces))
        return [Fold("augmented pool", everyone, everyone)]
    if name == "B":
        return splits.random_folds(faces.labels, n_folds, seed)
    if name == "C":
        people = len(np.unique(faces.subjects))
        if people > MOST_PEOPLE:
            raise FerError(
                f"split C trains one head for each of {people:,} people of {faces.name}, at most {MOST_PEOPLE:,}. "
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
    from fer_utils.papers.mobilenet_jaffe.frozen import frozen, over

    seed_everything(augmentation.seed)
    small = prepare(faces, image_size)

    def draw(rows: range) -> np.ndarray:
        return normalise(to_rgb(pool.images(small, rows, augmentation)), normalisation)

    network = frozen(image_size, weights, trainable)
    return {"activations": over(network, len(pool), draw, f"backbone on {normalisation} pixels")}


def train(
    *, features: np.ndarray, pool: Pool, folds: list[Fold], seeds: list[int], n_classes: int,
    learning_rate: float, batch_size: int, epochs: int,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Train one head a fold: :func:`fer_utils.papers.mobilenet_jaffe.heads.train_heads` as a unit."""
    return train_heads(
        features, pool.label, folds, seeds, n_classes,
        learning_rate=learning_rate, batch_size=batch_size, epochs=epochs,
    )  # fmt: skip


def by_photograph(pool: Pool, folds: Sequence[Fold]) -> list[Fold]:
    """Folds of pool rows as folds of the photographs that those were made from, for the leak audit.

    An augmented image is judged by its photograph: a variant of a near duplicate of a test photograph
    is a leak, however far it was turned.
    """
    return [Fold(fold.name, np.unique(pool.source[fold.train]), pool.source[fold.test]) for fold in folds]


# -- what the heads answered -----------------------------------------------------------------------


def choose_epochs(
    plan: Plan,
    name: str,
    trained: Mapping[str, np.ndarray],
    selection: str,
    inner: Mapping[str, np.ndarray] | None = None,
) -> np.ndarray:
    """After how many epochs each fold's head is scored.

    Args:
        plan, name: the plan, and the split that was trained.
        trained: from :func:`train` on the split's ``folds``.
        selection: ``"test_fold"``: the epoch that is best on the test part itself (what tuning
            on "the test set used for validation" amounts to); ``"last_epoch"``: no choice;
            ``"inner_split"``: the epoch with the lowest loss on subjects set aside within training.
        inner: from :func:`train` on the split's ``inner`` folds; needed for ``"inner_split"``.

    Returns:
        ``int64 [F]``, from 1.

    Raises:
        UsageError: an unknown selection.
        FerError: ``inner`` is missing.
    """
    check_choice("epoch selection", selection, EPOCH_SELECTIONS)
    predicted = trained["predicted"]
    if selection == "inner_split":
        if inner is None:
            raise FerError("inner_split needs the training run on the inner folds")
        return inner["loss"].argmin(axis=0) + 1
    if selection == "test_fold":
        truth, _ = _test_parts(plan, name, predicted.shape[2])
        return ((predicted == truth) & (truth != PADDING)).sum(axis=2).argmax(axis=0) + 1
    return np.full(predicted.shape[1], len(predicted))


def answers_after(
    faces: FaceSet, plan: Plan, name: str, trained: Mapping[str, np.ndarray], epochs: np.ndarray
) -> Answers:
    """Every test answer of one split, all folds and seeds in a row: a fold has its own test images.

    Args:
        faces, plan, name: what was trained.
        trained: from :func:`train` on the split's ``folds``.
        epochs: ``int64 [F]``, after how many epochs each fold's head is scored.

    Returns:
        One row of answers; ``pictures`` are the face set's rows that the test images were made from.
    """
    predicted = trained["predicted"]
    truth, row = _test_parts(plan, name, predicted.shape[2])
    real = truth != PADDING
    chosen = np.take_along_axis(predicted, epochs[None, :, None] - 1, axis=0)[0]
    photograph = plan.pool.source[row[real]]
    return Answers(truth[real], chosen[real][None], faces.subjects[photograph], len(faces.classes), photograph)


def _test_parts(plan: Plan, name: str, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Class and pool row of each test image, ``int64 [F, longest]``; shorter parts end in :data:`PADDING` and 0."""
    folds = plan.splits[name].folds
    truth = np.full((len(folds), longest), PADDING, np.int64)
    row = np.zeros((len(folds), longest), np.int64)
    for number, fold in enumerate(folds):
        truth[number, : len(fold.test)], row[number, : len(fold.test)] = plan.pool.label[fold.test], fold.test
    return truth, row
