"""Who is trained on and who is tested (Section II), the units that do it, and the choice of an epoch.

==========  ==================================================================================
tenfold     people in ascending order, every tenth to the same fold, or blocks (CK+)
loso        leave one person out: what ``tenfold`` is when there are no more people than folds
holdout     the data set's own training and validation split (SFEW)
cross       trained on one data set, tested on another
==========  ==================================================================================

The authors mention no validation data, and their notebook keeps the epoch of lowest loss *on the
test fold*: ``published``. For ``sound`` some people of each training part are set aside, and the
epoch is chosen on them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from fer_utils import splits
from fer_utils.devices import one_core, prefer_keras_backend, seed_everything
from fer_utils.errors import FerError, check_choice
from fer_utils.papers.answers import Answers
from fer_utils.papers.landmark_ensemble.augment import draw_variants
from fer_utils.papers.landmark_ensemble.pipeline import Prepared
from fer_utils.papers.landmark_ensemble.settings import (
    EPOCH_SELECTIONS,
    FOLD_RULES,
    KERAS_BACKEND,
    KINDS,
    MEMBERS,
    PARTS,
    Augmentation,
    Settings,
)
from fer_utils.progress import track
from fer_utils.splits import Fold

# Settled before anything is computed, so that units stored before Keras is loaded are found again after.
prefer_keras_backend(KERAS_BACKEND)

SPLITS = ("Train", "Val")
SEEDS_APART = 1_000
"""Fold ``f`` under seed ``s`` starts from ``s * SEEDS_APART + f``, whatever else is run beside it."""


@dataclass(frozen=True, eq=False)
class Task:
    """A fold with the rows set aside: train on ``fold.train``, test on ``fold.test``, choose an epoch on ``aside``.

    ``aside`` is never part of ``fold.train``. ``seed`` starts the five networks.
    """

    fold: Fold
    aside: np.ndarray
    seed: int


def subject_folds(subjects: np.ndarray, folds: int, rule: str) -> list[Fold]:
    """Folds by person, people in ascending order (Section II).

    Args:
        subjects: ``[N]``, who is in each picture.
        folds: how many; leave-one-subject-out where there are no more people.
        rule: ``"every_tenth"``: fold ``k`` tests people ``k``, ``k + folds`` …; ``"blocks"``:
            people who follow one another.

    Raises:
        UsageError: an unknown rule.
        FerError: fewer than two people.
    """
    check_choice("fold_rule", rule, FOLD_RULES)
    people, codes = np.unique(subjects, return_inverse=True)
    if len(people) <= folds:
        return splits.leave_one_subject_out(subjects)
    if rule == "every_tenth":
        fold_of = np.arange(len(people)) % folds
    else:
        fold_of = np.repeat(np.arange(folds), [len(block) for block in np.array_split(people, folds)])
    tested = fold_of[codes]
    return [Fold(f"fold {k}", np.flatnonzero(tested != k), np.flatnonzero(tested == k)) for k in range(folds)]


def holdout(split: np.ndarray) -> Fold:
    """The data set's own training and validation part, from the table's column ``split``.

    Raises:
        FerError: one of the two parts is empty.
    """
    parts = [np.flatnonzero(split == name) for name in SPLITS]
    if min(map(len, parts)) == 0:
        raise FerError(f"the column 'split' must hold {SPLITS[0]!r} and {SPLITS[1]!r}, not {sorted(set(split))}")
    return Fold("holdout", *parts)


def tasks_of(folds: Sequence[Fold], groups: np.ndarray, settings: Settings, seeds: Sequence[int]) -> list[Task]:
    """Every fold once a seed, with some people of its training part set aside.

    Raises:
        FerError: a training part has fewer than two people.
    """
    tasks = []
    for seed in seeds:
        for number, fold in enumerate(list(folds)[: settings.max_folds]):
            aside = splits.inner_split(groups[fold.train], settings.aside_share, seed)
            inner = Fold(fold.name, fold.train[aside.train], fold.test)
            tasks.append(Task(inner, fold.train[aside.test], seed * SEEDS_APART + number))
    return tasks


def with_everyone(task: Task) -> Task:
    """The published training part: those set aside are trained on as well."""
    rows = np.sort(np.concatenate([task.fold.train, task.aside]))
    return Task(Fold(task.fold.name, rows, task.fold.test), np.empty(0, np.int64), task.seed)


def parts_of(kind: str) -> list[str | None]:
    """What the five networks of an ensemble learn first."""
    check_choice("kind of network", kind, KINDS)
    parts: dict[str, list[str | None]] = {"baseline": [None] * MEMBERS, "ftl": ["all"] * MEMBERS, "el": [*PARTS]}
    return parts[kind]


# -- units: pure functions of their arguments, run and stored one by one by fer_utils.reproduce ----


def draw(*, crops: np.ndarray, points: np.ndarray, augmentation: Augmentation) -> dict[str, np.ndarray]:
    """Every variant of every face: :func:`fer_utils.papers.landmark_ensemble.augment.draw_variants` as a unit."""
    none = np.zeros((len(crops), 3), np.int64)
    faces = Prepared(crops, points, none, none[:, 0], crops.shape[1])
    images, moved = draw_variants(faces, augmentation)
    return {"images": images, "points": moved}


@one_core
def train(
    *, kind: str, tasks: list[Task], crops: np.ndarray, labels: np.ndarray, images: np.ndarray, points: np.ndarray,
    n_classes: int, settings: Settings, batches: int, together: int,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Train the ensembles of one kind on some tasks, all stages, and evaluate them on the test images on the way.

    Args:
        kind: ``"baseline"``, ``"ftl"`` or ``"el"``.
        tasks: one ensemble of five networks each.
        crops: ``uint8 [N, S, S]``, the untouched faces, for testing.
        labels: ``int64 [N]``.
        images, points: from :func:`draw`, for training.
        n_classes: outputs of the classification head.
        settings: rates, epochs, sizes.
        batches: batches in an epoch, the same for all folds.
        together: networks that train side by side; the same numbers for any choice.

    Returns:
        With ``K`` evaluations, ``F`` tasks, ``T`` the longest test part:
        ``scores`` ``float32 [K, F, 5, T, C]``: softmax of each network on the test faces;
        ``aside`` ``float32 [K, F, 5]``: mean cross-entropy on the people set aside (NaN without any);
        ``epochs`` ``int64 [K]``: epochs of classification before each evaluation;
        ``before``, ``after`` ``float32 [F, 5, T, outputs]``: landmarks by the stage-1 head before and
        after the extractor was tuned (absent for Baseline);
        ``body_<i>``, ``top_<i>``: final weights of the first task's five networks.
    """
    from fer_utils.papers.landmark_ensemble.trainer import Member

    members = [
        Member(part, task.fold.train, task.seed * len(KINDS) * MEMBERS + KINDS.index(kind) * MEMBERS + number)
        for task in tasks
        for number, part in enumerate(parts_of(kind))
    ]
    seed_everything(members[0].seed)
    material = (images, points, np.repeat(labels, settings.augmentation.variants), n_classes, settings, batches)
    shown = _padded([task.fold.test for task in tasks for _ in range(MEMBERS)])
    aside = [task.aside for task in tasks for _ in range(MEMBERS)]
    results = []
    for start in track(range(0, len(members), together), f"training {len(members)} {kind} networks"):
        chunk = slice(start, start + together)
        results.append(_train_chunk(kind, members[chunk], material, crops, labels, shown[:, chunk], aside[chunk]))
    return _gathered(results, len(tasks))


def _train_chunk(
    kind: str, members: list[Any], material: tuple[Any, ...], crops: np.ndarray, labels: np.ndarray, shown: np.ndarray,
    aside: list[np.ndarray],
) -> dict[str, Any]:  # fmt: skip
    """One stack through its stages; every array's first axis (second where evaluations come first) is its networks."""
    from fer_utils.papers.landmark_ensemble.trainer import Stack, pieces

    stack, settings = Stack(members, *material), material[4]
    result: dict[str, Any] = {}
    if kind != "baseline":
        heads = stack.learn_landmarks()
        result["before"] = stack.viewer(crops, heads)(shown).swapaxes(0, 1)
    stack.new_classifier()
    if kind != "baseline":
        stack.learn_head()
        stack.start_tuning(settings.tune_rate, settings.batch_norm)
        done, epochs = settings.head_epochs, settings.tune_epochs
    else:
        stack.start_tuning(settings.baseline_rate, "batch")
        done, epochs = 0, settings.baseline_epochs
    view, evaluations = stack.viewer(crops, stack.classifier), []
    # Transferred networks are evaluated between stages 2 and 3 as well.
    for piece in ([0] if done else []) + pieces(epochs, settings.check_every):
        if piece:
            stack.tune(piece)
            done += piece
        evaluations.append((done, softmax(view(shown), axis=-1).swapaxes(0, 1), _losses(view, aside, labels)))
    if kind != "baseline":
        result["after"] = stack.viewer(crops, heads)(shown).swapaxes(0, 1)
    columns = zip(("epochs", "scores", "aside"), zip(*evaluations, strict=True), strict=True)
    return {**result, **{name: np.stack(values) for name, values in columns}, "weights": stack.weights()}


def _losses(view: Callable[[np.ndarray], np.ndarray], aside: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """Mean cross-entropy of each network on the people set aside for it; NaN where there are none."""
    if not len(aside[0]):
        return np.full(len(aside), np.nan, np.float32)
    shares = softmax(view(_padded(aside)), axis=-1)
    return np.array([cross_entropy(shares[: len(rows), g], labels[rows]) for g, rows in enumerate(aside)], np.float32)


def cross_entropy(shares: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean over the pictures of minus the logarithm of the share ``shares [..., T, C]`` gives to ``truth [T]``."""
    right = shares[..., np.arange(len(truth)), truth]
    return -np.log(np.maximum(right, 1e-7)).mean(axis=-1)


def _gathered(results: list[dict[str, Any]], n_tasks: int) -> dict[str, np.ndarray]:
    shares = np.concatenate([result["scores"] for result in results], axis=1)
    aside = np.concatenate([result["aside"] for result in results], axis=1)
    gathered = {
        "scores": shares.reshape(len(shares), n_tasks, MEMBERS, *shares.shape[2:]),
        "aside": aside.reshape(len(aside), n_tasks, MEMBERS),
        "epochs": results[0]["epochs"].astype(np.int64),
    }
    for name in ("before", "after"):
        if name in results[0]:
            widest = max(result[name].shape[-1] for result in results)
            wide = [np.pad(r[name], ((0, 0), (0, 0), (0, widest - r[name].shape[-1]))) for r in results]
            landmarks = np.concatenate(wide)
            gathered[name] = landmarks.reshape(n_tasks, MEMBERS, *landmarks.shape[1:])
    networks = [network for result in results for network in result["weights"]][:MEMBERS]
    for place, name in enumerate(("body", "top")):
        for number, arrays in enumerate(zip(*(network[place] for network in networks), strict=True)):
            gathered[f"{name}_{number}"] = np.stack(arrays)
    return gathered


def _padded(rows: list[np.ndarray]) -> np.ndarray:
    """Rows of several tasks side by side, ``int64 [longest, G]``; shorter ones are repeated from their start."""
    longest = max(map(len, rows))
    return np.stack([np.resize(own, longest) for own in rows], axis=1).astype(np.int64)


# -- reading what was trained ---------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Outcome:
    """The softmax vectors of one kind of network on all test images, folds and seeds one after the other.

    Attributes:
        truth: class codes, ``int64 [T]``.
        scores: ``float32 [5, T, C]``, softmax of each network after the epoch that was selected.
        subject: ``[T]``, for the intervals.
        row: ``int64 [T]``, the face set's row.
        fold: ``int64 [T]``, the task's number.
        epochs: ``int64 [F, 5]``, epochs of classification of each network.
    """

    truth: np.ndarray
    scores: np.ndarray
    subject: np.ndarray
    row: np.ndarray
    fold: np.ndarray
    epochs: np.ndarray

    def predicted(self, member: int | None = None) -> np.ndarray:
        """Equation 4: the class of the largest *sum* of softmax vectors, or one network's own; ``int64 [T]``."""
        return (self.scores.sum(axis=0) if member is None else self.scores[member]).argmax(axis=1)

    def answers(self, member: int | None = None) -> Answers:
        """The ensemble's answers, or one network's own.

        Each fold and seed has its own pictures, so all stand in one row.
        """
        return self._answers(self.predicted(member)[None])

    def members(self) -> Answers:
        """The answers of the five networks, a row each."""
        return self._answers(self.scores.argmax(axis=2))

    def _answers(self, predicted: np.ndarray) -> Answers:
        return Answers(self.truth, predicted, self.subject, self.scores.shape[2], self.row)

    def fold_mean(self, member: int | None = None) -> float:
        """The paper's number: the mean of the folds' accuracies."""
        correct = self.answers(member).correct[0]
        return float(np.mean([correct[self.fold == number].mean() for number in np.unique(self.fold)]))


def select(
    trained: dict[str, np.ndarray], tasks: Sequence[Task], labels: np.ndarray, subjects: np.ndarray, selection: str,
    among: np.ndarray | None = None,
) -> Outcome:  # fmt: skip
    """Choose after which epoch each network is scored, and collect the answers.

    Args:
        trained: from :func:`train` on ``tasks``.
        tasks: what was trained.
        labels: ``int64 [N]`` of all faces.
        subjects: ``[N]`` of all faces.
        selection: ``"test_fold"``: each network's epoch of lowest loss on the test fold itself (the
            authors' notebook); ``"inner_split"``: on the people set aside; ``"last_epoch"``: no choice.
        among: ``bool [N]``, which faces count where only some of the tested are asked for.

    Raises:
        UsageError: there is no such selection.
        FerError: ``"inner_split"`` of networks that were trained on those set aside as well.
    """
    check_choice("epoch selection", selection, EPOCH_SELECTIONS)
    evaluated = trained["scores"]
    best = np.full(evaluated.shape[1:3], len(evaluated) - 1)
    if selection == "inner_split":
        if np.isnan(trained["aside"]).any():
            raise FerError("inner_split needs networks that were trained without the people set aside")
        best = trained["aside"].argmin(axis=0)
    parts = []
    for number, task in enumerate(tasks):
        counted = np.ones(len(task.fold.test), bool) if among is None else among[task.fold.test]
        test = task.fold.test[counted]
        truth, own = labels[test], evaluated[:, number, :, : len(counted)][:, :, counted]
        if selection == "test_fold":
            best[number] = cross_entropy(own, truth).argmin(axis=0)
        chosen = np.take_along_axis(own, best[number][None, :, None, None], axis=0)[0]
        parts.append((truth, chosen, subjects[test], test, np.full(len(test), number)))
    truth, chosen, who, row, fold = (list(column) for column in zip(*parts, strict=True))
    return Outcome(
        np.concatenate(truth), np.concatenate(chosen, axis=1), np.concatenate(who), np.concatenate(row),
        np.concatenate(fold), trained["epochs"][best],
    )  # fmt: skip


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """Outcomes of several units as one; folds are numbered through."""
    starts = np.cumsum([0, *(len(outcome.epochs) for outcome in outcomes)])
    return Outcome(
        np.concatenate([one.truth for one in outcomes]),
        np.concatenate([one.scores for one in outcomes], axis=1),
        np.concatenate([one.subject for one in outcomes]),
        np.concatenate([one.row for one in outcomes]),
        np.concatenate([one.fold + start for one, start in zip(outcomes, starts, strict=False)]),
        np.concatenate([one.epochs for one in outcomes]),
    )
