"""Who is trained on and who is tested (Section II), and the units that do it.

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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import softmax

from fer_utils import splits
from fer_utils.devices import one_core, prefer_keras_backend, seed_everything
from fer_utils.errors import FerError, check_choice
from fer_utils.papers.landmark_ensemble.augment import draw_variants
from fer_utils.papers.landmark_ensemble.pipeline import Prepared
from fer_utils.papers.landmark_ensemble.schedule import Rates, rates_of
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
    nobody = np.empty(0, np.int64)
    for seed in seeds:
        for number, fold in enumerate(list(folds)[: settings.max_folds]):
            if settings.aside_share == 0:
                tasks.append(Task(fold, nobody, seed * SEEDS_APART + number))
                continue
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
    parts: dict[str, list[str | None]] = {"ftl": ["all"] * MEMBERS, "el": [*PARTS]}
    return parts.get(kind, [None] * MEMBERS)


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
    n_classes: int, settings: Settings, batches: int, together: int, kept: str,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Train the ensembles of one kind on some tasks, all stages, and evaluate them on the test images on the way.

    Args:
        kind: ``"baseline"``, ``"control"``, ``"ftl"`` or ``"el"``.
        tasks: one ensemble of five networks each.
        crops: ``uint8 [N, S, S]``, the untouched faces, for testing.
        labels: ``int64 [N]``.
        images, points: from :func:`draw`, for training.
        n_classes: outputs of the classification head.
        settings: rates, epochs, sizes.
        batches: batches in an epoch, the same for all folds.
        together: networks that train side by side; the same numbers for any choice.
        kept: one of ``EPOCH_SELECTIONS``: after which epoch the weights are kept that this unit leaves behind.

    Returns:
        With ``K`` evaluations, ``F`` tasks, ``T`` the longest test part:
        ``scores`` ``float32 [K, F, 5, T, C]``: softmax of each network on the test faces;
        ``aside`` ``float32 [K, F, 5]``: mean cross-entropy on the people set aside (NaN without any);
        ``epochs`` ``int64 [K]``: epochs of classification before each evaluation;
        ``before``, ``after`` ``float32 [F, 5, T, outputs]``: landmarks by the stage-1 head before and
        after the extractor was tuned (absent for Baseline);
        ``seen`` ``float32 [F, 5]``: stage 1's mean absolute error on training faces, moved as they are (likewise);
        ``body_<i>``, ``top_<i>``: weights of the first task's five networks.

    All kinds start from the same extractors and see their faces in the same order.
    """
    from fer_utils.papers.landmark_ensemble.trainer import Member

    check_choice("epoch selection", kept, EPOCH_SELECTIONS)
    members = [
        Member(part, task.fold.train, task.seed * MEMBERS + number)
        for task in tasks
        for number, part in enumerate(parts_of(kind))
    ]
    seed_everything(members[0].seed)
    steps = rates_of(kind, settings, batches)
    epochs = sum(map(len, steps)) // batches
    material = (images, points, np.repeat(labels, settings.augmentation.variants), n_classes, settings, batches, epochs)
    looked_at = [Looked(task.fold.test, task.aside, kept) for task in tasks for _ in range(MEMBERS)]
    results = []
    for start in track(range(0, len(members), together), f"training {len(members)} {kind} networks"):
        chunk = slice(start, start + together)
        results.append(_train_chunk(members[chunk], steps, material, crops, labels, looked_at[chunk]))
    return _gathered(results, len(tasks))


@dataclass(frozen=True, eq=False)
class Looked:
    """On which rows a network is looked at on its way, and by which its weights are kept (``EPOCH_SELECTIONS``)."""

    test: np.ndarray
    aside: np.ndarray
    kept: str


def _train_chunk(
    members: list[Any], steps: Rates, material: tuple[Any, ...], crops: np.ndarray, labels: np.ndarray,
    looked_at: list[Looked],
) -> dict[str, Any]:  # fmt: skip
    """One stack through its stages; every array's first axis (second where evaluations come first) is its networks."""
    from fer_utils.papers.landmark_ensemble.trainer import Stack, pieces

    stack, settings, batches = Stack(members, *material), material[4], material[5]
    test, result, transferred = _padded([one.test for one in looked_at]), {}, bool(steps.landmarks)
    if transferred:
        heads, _, result["seen"] = stack.learn_landmarks(steps.landmarks)
        result["before"] = stack.answers(crops, test, heads).swapaxes(0, 1)
    stack.new_classifier()
    if transferred:
        stack.learn_head(steps.head)
    stack.start_tuning(settings.batch_norm if transferred else "batch")
    done, best = 0, Best(looked_at, labels)
    evaluations: list[tuple[int, np.ndarray, np.ndarray]] = []
    # Transferred networks are evaluated between stages 2 and 3 as well.
    for piece in [0] * transferred + pieces(len(steps.rest) // batches, settings.check_every):
        stack.tune(steps.rest[done * batches : (done + piece) * batches])
        done += piece
        shares = softmax(stack.answers(crops, test, stack.classifier), axis=-1).swapaxes(0, 1)
        losses = np.full(len(members), np.nan, np.float32)
        if len(looked_at[0].aside):
            given = stack.answers(crops, _padded([one.aside for one in looked_at]), stack.classifier)
            losses = _losses(softmax(given, axis=-1), looked_at, labels)
        best.look(stack.weights(), len(evaluations), shares, losses)
        evaluations.append((done + len(steps.head) // batches, shares, losses))
    if transferred:
        stack.put_back(best.networks)
        result["after"] = stack.answers(crops, test, heads).swapaxes(0, 1)
    columns = zip(("epochs", "scores", "aside"), zip(*evaluations, strict=True), strict=True)
    return {**result, **{name: np.stack(values) for name, values in columns}, "weights": best.networks}


class Best:
    """Each network's weights after the evaluation that its rule prefers.

    Attributes:
        networks: extractor and head of each.
    """

    def __init__(self, rules: Sequence[Looked], labels: np.ndarray) -> None:
        self.networks: list[Any] = [None] * len(rules)
        self._rules, self._labels, self._least = rules, labels, np.full(len(rules), np.inf)

    def look(self, networks: list[Any], number: int, shares: np.ndarray, aside: np.ndarray) -> None:
        """At evaluation ``number``: softmax on the test faces ``[G, T, C]``, losses on those set aside ``[G]``."""
        for network, rule in enumerate(self._rules):
            loss = float(aside[network])
            if rule.kept == "last_epoch":
                loss = -number
            elif rule.kept == "test_fold":
                loss = float(cross_entropy(shares[network, : len(rule.test)], self._labels[rule.test]))
            if loss < self._least[network]:
                self._least[network], self.networks[network] = loss, networks[network]


def _losses(answers: np.ndarray, looked_at: Sequence[Looked], labels: np.ndarray) -> np.ndarray:
    """Mean cross-entropy of each network on the people set aside for it, from their softmax ``[T, G, C]``."""
    own = [(answers[: len(one.aside), network], labels[one.aside]) for network, one in enumerate(looked_at)]
    return np.array([cross_entropy(shares, truth) for shares, truth in own], np.float32)


def cross_entropy(shares: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean over the pictures of minus the logarithm of the share ``shares [..., T, C]`` gives to ``truth [T]``."""
    right = shares[..., np.arange(len(truth)), truth]
    return -np.log(np.maximum(right, 1e-7)).mean(axis=-1)


def _gathered(results: list[dict[str, Any]], n_tasks: int) -> dict[str, np.ndarray]:
    shares = _joined([result["scores"] for result in results], axis=1)
    aside = np.concatenate([result["aside"] for result in results], axis=1)
    gathered = {
        "scores": shares.reshape(len(shares), n_tasks, MEMBERS, *shares.shape[2:]),
        "aside": aside.reshape(len(aside), n_tasks, MEMBERS),
        "epochs": results[0]["epochs"].astype(np.int64),
    }
    for name in ("before", "after", "seen"):
        if name in results[0]:
            found = _joined([result[name] for result in results], axis=0)
            gathered[name] = found.reshape(n_tasks, MEMBERS, *found.shape[1:]).astype(np.float32)
    networks = [network for result in results for network in result["weights"]][:MEMBERS]
    for place, name in enumerate(("body", "top")):
        for number, arrays in enumerate(zip(*(network[place] for network in networks), strict=True)):
            gathered[f"{name}_{number}"] = np.stack(arrays)
    return gathered


def _joined(parts: list[np.ndarray], axis: int) -> np.ndarray:
    """Arrays one after the other, the shorter ones filled with zeros in their other directions."""
    longest = [max(sizes) for sizes in zip(*(part.shape for part in parts), strict=True)]
    filled = []
    for part in parts:
        missing = np.subtract(longest, part.shape)
        missing[axis] = 0
        filled.append(np.pad(part, [(0, most) for most in missing]))
    return np.concatenate(filled, axis)


@one_core
def learning_curve(
    *, task: Task, labels: np.ndarray, images: np.ndarray, points: np.ndarray, n_classes: int, settings: Settings,
    batches: int,
) -> dict[str, np.ndarray]:  # fmt: skip
    """FTL's first network of one task through its stages: how far each step brings it.

    Returns:
        ``landmarks`` ``float64 [steps]``: the batch's mean absolute error of stage 1, a share of the crop's side;
        ``expressions`` ``float64 [steps]``: the batch's cross-entropy of stages 2 and 3, in nats.
    """
    from fer_utils.papers.landmark_ensemble.trainer import Member, Stack

    steps = rates_of("ftl", settings, batches)
    epochs = sum(map(len, steps)) // batches
    drawn = np.repeat(labels, settings.augmentation.variants)
    member = Member("all", task.fold.train, task.seed * MEMBERS)
    seed_everything(member.seed)
    stack = Stack([member], images, points, drawn, n_classes, settings, batches, epochs)
    _, landmarks, _ = stack.learn_landmarks(steps.landmarks)
    stack.new_classifier()
    head = stack.learn_head(steps.head)
    stack.start_tuning(settings.batch_norm)
    return {"landmarks": landmarks, "expressions": np.concatenate([head, stack.tune(steps.rest)])}


def _padded(rows: list[np.ndarray]) -> np.ndarray:
    """Rows of several tasks side by side, ``int64 [longest, G]``; shorter ones are repeated from their start."""
    longest = max(map(len, rows))
    return np.stack([np.resize(own, longest) for own in rows], axis=1).astype(np.int64)
