"""What is run: who is learnt from which frames in which order, and what is asked after each class.

Each person is learnt alone, one class after another (Section V-A). After every class the memories
are asked about every test frame; Experiment 1 scores the classes seen so far, Experiment 2 all.

==========  ============================================  =========================================
protocol    test frames                                   the imagination model was trained on
==========  ============================================  =========================================
published   the training frames themselves (the authors'  everybody, the person among them, as the
            release defines a test folder and never       authors' was for RAVDESS
            reads it)
sound       clips that the memories never saw: two folds  other people
            a person
==========  ============================================  =========================================

Who the other people are is a setting, ``imagination_people``: :mod:`fer_utils.papers.clifer.people`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from fer_utils import splits
from fer_utils.cache_dir import cache_dir
from fer_utils.datasets.clips import peak_frames
from fer_utils.devices import beside_gpu, one_core, seed_everything
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.papers.clifer import imagination
from fer_utils.papers.clifer.gdm import MEMORIES, DualMemory, Imagine
from fer_utils.papers.clifer.imagination import CONDITIONS
from fer_utils.papers.clifer.imagined import Imagination
from fer_utils.papers.clifer.mlp import Baseline
from fer_utils.papers.clifer.settings import ImaginationSettings, MlpSettings, Settings
from fer_utils.preprocess import face_boxes, resize, to_rgb
from fer_utils.preprocess.crop import choose_face, cut_square, square_around
from fer_utils.splits import Fold

CLASSES = CONDITIONS[:6]
"""The six of Section V-C, in the order that the paper settles on (V-D.2)."""

BASELINES = ("MLP", "MLP to the end")
"""Section V-B.1, and ours: the same network, trained until it has learnt each class."""

MEMORY_CONDITIONS = ("GDM", "GDM + replay", "CLIFER")
"""Section V-B.2 to V-B.4, Table I: they learn all class orders, the others the final one only."""

ORACLE = "oracle"
"""Ours: CLIFER with real faces of the person in place of the imagined ones, as if the imagination could not err.

As many pictures at the same moments. They are the frames that the memories learn in that fold, of every class, also
of those that are still to come: under ``sound`` none of a clip that is asked about, under ``published`` the very frames
that are asked about, as there everything is.
"""

TEST_CONDITIONS = (*BASELINES, *MEMORY_CONDITIONS, ORACLE)

FINAL_ORDER = CLASSES
FIRST_CLASS_ORDERS = (
    ("anger", "surprise", "sadness", "neutral", "fear", "happiness"),
    ("fear", "sadness", "anger", "neutral", "happiness", "surprise"),
    ("happiness", "sadness", "surprise", "anger", "neutral", "fear"),
    ("sadness", "fear", "happiness", "surprise", "neutral", "anger"),
    ("surprise", "happiness", "anger", "sadness", "neutral", "fear"),
    ("neutral", "fear", "surprise", "anger", "happiness", "sadness"),
)
"""Table I: six orders, one starting with each class. The paper does not list them; these stand in its release."""

NEUTRAL_ORDERS = (
    FINAL_ORDER,
    ("neutral", "sadness", "fear", "happiness", "anger", "surprise"),
    ("neutral", "surprise", "sadness", "fear", "happiness", "anger"),
    ("neutral", "fear", "happiness", "sadness", "surprise", "anger"),
    ("neutral", "anger", "surprise", "happiness", "sadness", "fear"),
)
"""V-D.2: five more that start with neutral. The paper names only the first; the others are ours."""


def orders_of(present: Sequence[str], which: Sequence[Sequence[str]]) -> list[list[str]]:
    """The orders with the classes that a data set lacks left out, and orders that started with one of them."""
    return [[name for name in order if name in present] for order in which if order[0] in present]


def study_faces(faces: FaceSet, settings: Settings) -> FaceSet:
    """The faces of the paper's six classes, of people who show every class that the set has, cropped, RGB.

    Of these people, the first ``settings.people`` in the order of their names; of whole clips, the peak.

    Raises:
        FerError: fewer than two classes, or nobody shows them all.
    """
    present = [name for name in CLASSES if (faces.table["label"] == name).any()]
    if len(present) < 2:
        raise FerError(f"{faces.name} has fewer than two of the classes {', '.join(CLASSES)}")
    faces = faces.select(faces.table["label"].isin(present).to_numpy())
    shown = faces.table.groupby("subject")["label"].nunique()
    whole = shown.index[shown == len(present)]
    if len(whole) == 0:
        raise FerError(f"nobody in {faces.name} shows all of {', '.join(present)}")
    faces = peaks(faces.select(faces.table["subject"].isin(whole[: settings.people]).to_numpy()))
    return replace(cropped(faces, settings), classes=tuple(present))


def cropped(faces: FaceSet, settings: Settings) -> FaceSet:
    """The faces in the size of the imagination model, RGB: cut out where a detector is set, else as they are."""
    size = settings.imagination.image_size
    if settings.detector is None:
        faces = faces.with_images(resize(faces.images, size))
    else:
        faces = crop_clips(faces, settings.detector, size, settings.margin)
    return faces.with_images(to_rgb(faces.images))


def peaks(faces: FaceSet) -> FaceSet:
    """The middle three frames of each clip, the paper's rule for acted clips (MMI, V-C.3); other sets as they are.

    The avatars' clips come whole, from neutral to the expression and back, which their column ``phase`` says. The
    loaders of the paper's sets have chosen frames already. First frames are not made neutral ones here, as MMI's
    are: there are neutral clips.
    """
    if "phase" not in faces.table:
        return faces
    clips = faces.table.groupby(["subject", "sequence"])["frame"]
    place, count = clips.rank(method="first").astype(int) - 1, clips.transform("size")
    return faces.select(np.array([at in peak_frames(size) for at, size in zip(place, count, strict=True)]))


def crop_clips(faces: FaceSet, detector: str, size: int, margin: float) -> FaceSet:
    """One square face a picture; all frames of a clip are cut alike, where its first frame shows the face.

    A detector's box trembles from frame to frame, and a face that trembles is a face that moves.
    Where no face is found the largest square about the middle is taken.
    """
    _, first, clip = np.unique(clips_of(faces).astype(str), return_index=True, return_inverse=True)
    height, width = faces.images.shape[1:3]
    whole = np.array([(width - min(height, width)) / 2, (height - min(height, width)) / 2] * 2)
    whole[2:] += min(height, width)
    squares = [
        square_around(choose_face(boxes, "best_score", (height, width)), margin)
        if len(boxes)
        else square_around(whole, 0)
        for boxes in face_boxes(faces.select(first), detector)
    ]
    crops = [cut_square(image, squares[number])[None] for image, number in zip(faces.images, clip, strict=True)]
    return faces.with_images(np.concatenate([resize(crop, size) for crop in crops]))


def clips_of(faces: FaceSet) -> np.ndarray:
    """The clip of each image, as text ``[N]``; where the data know no clips, each picture is its own."""
    return faces.table["sequence" if "sequence" in faces.table else "source"].astype(str).to_numpy(object)


def halves(faces: FaceSet, rows: np.ndarray | None = None) -> np.ndarray:
    """Each clip wholly in half 0 or 1, ``int64 [N]``: within a person and a clip's expression they take turns.

    ``rows`` asks of some faces only, which must be all of each person among them.

    The expression of a clip is that of most of its frames that are not neutral, so that the neutral
    frames at its ends stay with it.
    """
    table = pd.DataFrame({"subject": faces.subjects, "clip": clips_of(faces), "label": faces.table["label"]})
    table = table if rows is None else table.iloc[rows]
    told = table[table["label"] != "neutral"].groupby(["subject", "clip"])["label"].agg(lambda few: few.mode().iloc[0])
    clips = table[["subject", "clip"]].drop_duplicates().sort_values(["subject", "clip"]).set_index(["subject", "clip"])
    clips["label"] = told.reindex(clips.index).fillna("neutral")
    clips["half"] = clips.groupby(["subject", "label"]).cumcount() % 2
    return clips["half"].reindex(pd.MultiIndex.from_frame(table[["subject", "clip"]])).to_numpy(np.int64)


def folds_of(faces: FaceSet, person: str, protocol: str) -> list[Fold]:
    """What is learnt and what is asked of one person; rows in the order of clips and frames.

    Raises:
        FerError: ``sound``, and a class has only one clip, or frames in one half only.
    """
    order = ["label", "sequence", "frame"] if "frame" in faces.table and "sequence" in faces.table else ["label"]
    mine = faces.table[faces.subjects == person].sort_values(order, kind="stable").index.to_numpy()
    if protocol == "published":
        return [Fold(person, mine, mine)]
    half = halves(faces, mine)
    folds = [Fold(f"{person}, half {number}", mine[half != number], mine[half == number]) for number in (0, 1)]
    for fold in folds:
        for part in (fold.train, fold.test):
            missing = set(faces.classes) - set(faces.table["label"].iloc[part])
            if missing:
                raise FerError(
                    f"{faces.name}: {person} has {', '.join(sorted(missing))} in one clip only, and the sound protocol "
                    f"needs two; run --protocol published, or leave the person out"
                )
    return folds


def people_folds(faces: FaceSet, n_folds: int, seed: int) -> list[Fold]:
    """Who trains the imagination model that others are imagined with (sound)."""
    return splits.grouped_folds(faces.subjects, min(n_folds, len(np.unique(faces.subjects))), seed)


# -- units: pure functions of their arguments, run and stored one by one by fer_utils.reproduce ----


@one_core
def train_imagination(
    *, faces: FaceSet, rows: np.ndarray, settings: ImaginationSettings, seed: int
) -> dict[str, np.ndarray]:
    """Train an imagination model on some faces: :func:`fer_utils.papers.clifer.imagination.train` as a unit.

    A long training is saved every few minutes, and goes on from there.
    """
    seed_everything(seed)
    codes = np.array([CONDITIONS.index(name) for name in faces.classes])
    images, labels = faces.images[rows], codes[faces.labels[rows]]
    digest = hashlib.sha256(repr((settings, seed, faces.fingerprint, torch.__version__)).encode())
    digest.update(rows.tobytes())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    checkpoint = cache_dir() / "imagination" / f"{digest.hexdigest()[:40]}.npz"
    found = imagination.train(images, labels, settings, seed, checkpoint)
    checkpoint.unlink(missing_ok=True)
    return found


def encode(*, faces: FaceSet, settings: ImaginationSettings, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Codes of all faces, ``{"codes": float64 [N, 50]}``."""
    return {"codes": Imagination(settings, weights).encode(faces.images)}


@beside_gpu
@one_core
def learn_person(
    *, codes: np.ndarray, labels: np.ndarray, train: np.ndarray, test: np.ndarray, orders: list[list[int]],
    condition: str, settings: Settings, seed: int, weights: dict[str, np.ndarray] | None = None,
    meanings: list[int] | None = None,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Learn one person in each order and ask about every test frame after each class.

    Args:
        codes: ``float64 [N, D]`` of the data set.
        labels: ``int64 [N]``.
        train, test: row numbers; ``train`` in the order of time.
        orders: permutations of the classes.
        condition: one of :data:`TEST_CONDITIONS`.
        settings: memories and baseline.
        seed: of first neurons and of the baseline.
        weights: of the imagination model, for CLIFER.
        meanings: what each label is called in :data:`CONDITIONS`, for CLIFER.

    Returns:
        ``predicted int8 [orders, steps, 2, T]``: the label that GDM-E and GDM-S (for a baseline twice
        the same) give each test row, -1 for none; ``sizes int64 [orders, steps, 2]``, neurons.
    """
    steps = len(orders[0])
    predicted = np.zeros((len(orders), steps, len(MEMORIES), len(test)), np.int8)
    sizes = np.zeros((len(orders), steps, len(MEMORIES)), np.int64)
    by_class = [codes[train[labels[train] == label]] for label in range(steps)]
    imagined = Imagination(settings.imagination, weights) if condition == "CLIFER" and weights is not None else None
    for number, order in enumerate(orders):
        learner: Baseline | DualMemory
        if condition in BASELINES:
            learner = _baseline(codes.shape[1], steps, seed, settings.mlp, to_the_end=condition != BASELINES[0])
        else:
            learner = DualMemory(settings.memory, steps, seed)
        imagine: Imagine | None = None
        if condition == ORACLE:
            imagine = real_faces([by_class[label] for label in order])
        elif imagined is not None and meanings:
            imagine = partial(imagined.imagine, labels=[meanings[label] for label in order])
        for step, label in enumerate(order):
            # Labels are numbered as they are learnt, because a neuron without a label may count as the first.
            if isinstance(learner, Baseline):
                learner.learn_class(by_class[label], step)
                answers = [learner.predict(codes[test])] * 2
            else:
                learner.learn_class(by_class[label], step, replay=condition == "GDM + replay", imagine=imagine)
                answers = list(learner.predict(codes[test]).values())
                sizes[number, step] = list(learner.sizes().values())
            original = np.array([*order, -1])
            for memory, answer in enumerate(answers):
                predicted[number, step, memory] = original[answer]
    return {"predicted": predicted, "sizes": sizes}


def real_faces(by_class: Sequence[np.ndarray]) -> Imagine:
    """The imagination of :data:`ORACLE`: the n-th code asked about gets each class's n-th frame, counted round.

    Args:
        by_class: the codes ``[N, D]`` of each class's frames, in the order of time.
    """
    return lambda codes: np.stack([[mine[number % len(mine)] for mine in by_class] for number in range(len(codes))])


def _baseline(code_size: int, n_classes: int, seed: int, settings: MlpSettings, to_the_end: bool) -> Baseline:
    return Baseline(
        code_size, n_classes, seed,
        epochs=settings.epochs, learning_rate=settings.learning_rate, batch_size=settings.batch_size,
        until=settings.until if to_the_end else None, most_epochs=settings.most_epochs,
    )  # fmt: skip


def weights_of(result: dict[str, Any]) -> dict[str, np.ndarray]:
    """The weights in what :func:`train_imagination` gave."""
    return {name: value for name, value in result.items() if name != "history"}
