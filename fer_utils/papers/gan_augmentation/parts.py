"""The two data sets of the paper: the faces that GANs learn from, and FER-2013 in its three parts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fer_utils import data
from fer_utils.avatars.stand_ins.wild import people_never_tested
from fer_utils.datasets.duplicates import identical_groups
from fer_utils.datasets.fer2013 import CLASSES
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.papers.gan_augmentation.settings import Settings
from fer_utils.preprocess import crop_faces, resize, to_grey
from fer_utils.splits import grouped_folds

FACE_SIDE = 48
"""FER-2013's, to which generated pictures are scaled."""
LARGEST_FACE = 64
"""Ours: pictures up to this side are taken for faces that somebody has cropped, as those of CK+48 are."""
SPLITS = ("Training", "PublicTest", "PrivateTest")
GAN_CLASSES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
"""Those that CK+ and FER-2013 share."""
BORROWED = {"shared": {}, "contempt_as_neutral": {"contempt": "neutral"}, "first_frames": {"neutral": "neutral"}}
"""For each way out of the class mismatch: a class of CK+ and the class of FER-2013 that it plays."""


def source_faces(name: str, mismatch: str, target: FaceSet, side: int) -> FaceSet:
    """What the GANs are trained on: CK+ or who plays it.

    Pictures larger than 64 pixels (:data:`LARGEST_FACE`) are searched for the face (Viola-Jones); smaller
    ones are faces already. Where avatars play FER-2013 too, those of its test parts are left out, so that no
    generated picture shows a person who is tested.

    Args:
        name: registry name, such as ``"ck_plus"``, ``"ck48"`` or ``"avatars_studio"``.
        mismatch: a key of :data:`fer_utils.papers.gan_augmentation.settings.MISMATCHES`.
        target: from :func:`target_faces`.
        side: of the GANs' pictures, in pixels.

    Returns:
        ``uint8 [N, side, side]``, labelled with the classes of FER-2013 that they enlarge, in the order of CLASSES.

    Raises:
        FerError: a class has fewer than two pictures.
    """
    faces = data.load(name)
    if max(faces.images.shape[1:3]) > LARGEST_FACE:
        faces, _ = crop_faces(faces, "haar", LARGEST_FACE, when_several="best_score")
    if target.name == "fer2013" and target.stand_in and name.startswith("avatars_"):
        faces = faces.select(np.isin(faces.subjects, people_never_tested(name.removeprefix("avatars_"))))
    plays = {label: label for label in GAN_CLASSES} | BORROWED[mismatch]
    faces = faces.select(faces.table["label"].isin(plays).to_numpy())
    classes = tuple(label for label in CLASSES if label in plays.values())
    table = faces.table.assign(label=faces.table["label"].map(plays))
    lacking = [label for label in classes if (table["label"] == label).sum() < 2]
    if lacking:
        raise FerError(
            f"{name} has no pictures to train a GAN for {', '.join(lacking)} on (mismatch {mismatch!r}). "
            f"CK+48 has no neutral pictures, FER-2013's stand-in borrows none; take another source or mismatch."
        )
    return replace(faces, images=to_grey(resize(faces.images, side)), table=table, classes=classes)


def target_faces(faces: FaceSet) -> FaceSet:
    """FER-2013 or who plays it: ``uint8 [N, 48, 48]``, the seven classes, a column ``split``.

    The csv's official parts are kept. The edition in folders has lost the border between PublicTest and
    PrivateTest: every second picture goes to either. Sets without parts are divided by person, 8 : 1 : 1.

    Raises:
        FerError: too few people to divide, or a part lacks pictures.
    """
    if max(faces.images.shape[1:3]) > LARGEST_FACE:
        faces, _ = crop_faces(faces, "haar", FACE_SIDE, when_several="best_score")
    faces = faces.select(faces.table["label"].isin(CLASSES).to_numpy())
    faces = replace(faces, images=to_grey(resize(faces.images, FACE_SIDE)), classes=CLASSES)
    official = faces.table.get("split")
    if official is None or not set(official) <= {*SPLITS, "Test"}:
        private, public, *_ = grouped_folds(faces.subjects, 10, 0)
        split = np.full(len(faces), "Training", dtype=object)
        split[public.test], split[private.test] = "PublicTest", "PrivateTest"
    else:
        split = official.to_numpy(dtype=object).copy()
        tested = np.flatnonzero(split == "Test")
        split[tested[::2]], split[tested[1::2]] = "PublicTest", "PrivateTest"
    lacking = [part for part in SPLITS if not (split == part).any()]
    if lacking:
        raise FerError(f"{faces.name} has no pictures in {', '.join(lacking)}")
    return replace(faces, table=faces.table.assign(split=split))


@dataclass(frozen=True, eq=False)
class Parts:
    """Rows of the target: what is trained on, chosen on, scored, and kept in reserve, ``int64`` each.

    Attributes:
        reserve: Training pictures outside ``train``: real ones to add in place of generated ones.
        removed: how many pictures each test part lost because an identical one is elsewhere.
    """

    train: np.ndarray
    public: np.ndarray
    private: np.ndarray
    reserve: np.ndarray
    removed: dict[str, int]


def divide(target: FaceSet, settings: Settings, protocol: str) -> Parts:
    """Draw the parts, each with its classes in proportion; the same rows for every seed.

    Both protocols train on the same pictures, so that a training serves both. ``sound`` scores and chooses on fewer:
    it leaves out PrivateTest pictures that are pixel by pixel also in Training or PublicTest, and PublicTest pictures
    that are also in Training.
    """
    split = target.table["split"].to_numpy()
    rows = {part: np.flatnonzero(split == part) for part in SPLITS}
    public = drawn(target.labels, rows["PublicTest"], settings.test_images)
    private = drawn(target.labels, rows["PrivateTest"], settings.test_images)
    train = drawn(target.labels, rows["Training"], settings.train_images)
    train = drawn(target.labels, train, round((1 - settings.held_out) * len(train)))
    reserve = np.setdiff1d(rows["Training"], train)
    if protocol == "published":
        return Parts(train, public, private, reserve, dict.fromkeys(SPLITS[1:], 0))
    group = identical_groups(target.images)
    learnt, chosen = group[rows["Training"]], group[rows["PublicTest"]]
    chosen_on = public[~np.isin(group[public], learnt)]
    scored = private[~np.isin(group[private], np.concatenate([learnt, chosen]))]
    removed = {"PublicTest": len(public) - len(chosen_on), "PrivateTest": len(private) - len(scored)}
    return Parts(train, chosen_on, scored, reserve, removed)


def drawn(labels: np.ndarray, rows: np.ndarray, count: int | None) -> np.ndarray:
    """``count`` of ``rows``, sorted, with the classes as frequent as among all of them; ``None``: all."""
    if count is None or count >= len(rows):
        return rows
    # The first picture of each class, then the second …, where a class' turn comes as often as it is frequent.
    random = np.random.default_rng(0)
    turn = np.empty(len(rows))
    for label in np.unique(labels[rows]):
        mine = np.flatnonzero(labels[rows] == label)
        turn[random.permutation(mine)] = (np.arange(len(mine)) + 0.5) / len(mine)
    return np.sort(rows[np.argsort(turn, kind="stable")[:count]])
