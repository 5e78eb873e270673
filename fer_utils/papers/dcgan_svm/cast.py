"""Who plays the paper's data sets: the sets themselves, or the shipped avatars.

In RaFD a person shows an expression once and looks to the left, ahead and to the right: three pictures that are
alike but for the eyes. Random folds leak by that, so the avatars' RaFD is so too: one take, three gazes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from fer_utils import data, datasets
from fer_utils.avatars.gaze import GAZES, faces_looking
from fer_utils.datasets import STAND_IN
from fer_utils.datasets.avatar_shoots import DATASETS as SHOOTS
from fer_utils.datasets.base import stand_in_marker
from fer_utils.errors import FerError
from fer_utils.faces import REQUIRED_COLUMNS, FaceSet
from fer_utils.papers.dcgan_svm.experiments import ROLES
from fer_utils.preprocess import crop_faces, resize, to_rgb

IMAGE_SIZE = 64
"""Section 3."""
NO_DETECTOR = "none"
"""For sets whose pictures are faces already."""


@dataclass(frozen=True)
class Role:
    """Which pictures of which data set.

    Attributes:
        dataset: registry name.
        detector: Section 3: Viola-Jones for frontal faces. Its MTCNN for the others is played by the SSD.
            :data:`NO_DETECTOR`: whole pictures.
        where: a column and the values that are kept, e.g. ``("pose", 90)``.
        gazes: those that are kept; ``()``: all pictures as they are. Of avatars, the takes that look ahead are
            shown in each of these gazes (:func:`fer_utils.avatars.gaze.look`).
        without: a class to leave out.
        people: ``(k, n)``: of the people in order of name, those at places ``k, k + n, …``.
        title: what tables and figures call it; ``""``: the paper's name of the role.
    """

    dataset: str
    detector: str = "haar"
    where: tuple[object, ...] = ()
    gazes: tuple[str, ...] = ()
    without: str = ""
    people: tuple[int, int] = (0, 1)
    title: str = ""


THREE, ONE = tuple(GAZES), ("frontal",)

PAPER = {
    "ck": Role("isl_ck"),
    "celeba": Role("celeba"),
    "frontal": Role("rafd", where=("pose", 90), gazes=THREE),
    "views": Role("rafd", "ssd", gazes=ONE),
    "raf": Role("raf_db", "ssd"),
    "kdef": Role("kdef", "ssd"),
    "sfew": Role("sfew", "ssd"),
}
"""Frontal RaFD is all three gazes, 67 × 8 × 3 = 1,608 pictures; multi-view RaFD is one gaze from all cameras,
67 × 8 × 5 = 2,680. Both as in the paper."""


def _as(players: Mapping[str, Role]) -> dict[str, Role]:
    """Avatars in roles, each called by the role it plays."""
    return {name: replace(role, title=f"avatars as {ROLES[name]}") for name, role in players.items()}


AVATARS = _as(
    {
        "ck": Role("avatars_clips"),
        "celeba": Role("avatars_crowd"),
        "frontal": Role("avatars_studio", gazes=THREE),
        "views": Role("avatars_views", "ssd", gazes=ONE),
        "raf": Role("avatars_wild", "ssd", without="contempt", people=(0, 2)),
        "kdef": Role("avatars_views", "ssd", without="contempt"),
        "sfew": Role("avatars_wild", "ssd", without="contempt", people=(1, 2)),
    }
)
"""Frontal: 24 × 8 × 3 = 576 pictures, multi-view: 10 × 8 × 5 = 400. RAF and SFEW, both in the wild, are played by
halves of the people in the wild."""

CMU = {
    "celeba": Role("london", title="London"),
    "frontal": Role("cmu_faces", where=("pose", "straight"), title="CMU frontal"),
    "views": Role("cmu_faces", "ssd", title="CMU all poses"),
}
"""Real people: the shipped London photographs are other people's for a GAN to learn from."""

FER2013 = {
    "celeba": Role("fer2013", NO_DETECTOR, ("split", "Training"), title="FER-2013 training"),
    "frontal": Role("fer2013", NO_DETECTOR, ("split", "PrivateTest", "Test"), title="FER-2013 test"),
}
"""Real people, of whom nobody knows who is who: every picture is its own person. The training part is for the GAN,
PrivateTest for the SVM's folds; not all are frontal. The profile says how many pictures of each are taken."""


def cast(dataset: str, views_gazes: tuple[str, ...] = ONE) -> dict[str, Role]:
    """Who plays which role when a notebook is run on ``dataset``.

    One of the paper's own sets brings all those that are on this machine; an avatars' set brings the avatars; CMU faces
    and FER-2013 have casts of their own. A stand-in asked for (``rafd:stand-in``) plays its set's roles alone. Any
    other set plays frontal RaFD, so that emotion experiment 5 is the only one.

    Args:
        dataset: registry name.
        views_gazes: in which multi-view RaFD is seen. The paper's is one gaze; with all three, random folds can leak
            there as they do on frontal RaFD, in three times as many pictures.

    Raises:
        UsageError: there is no such data set.
    """
    known = datasets.dataset(dataset).name
    playing = {name: role for name, role in PAPER.items() if role.dataset == known}
    if playing and dataset.endswith(STAND_IN):
        company = _as({name: replace(role, dataset=dataset) for name, role in playing.items()})
    elif playing:
        company = _at_hand()
    elif dataset in {role.dataset for role in AVATARS.values()}:
        company = AVATARS
    else:
        company = {"cmu_faces": CMU, "fer2013": FER2013}.get(dataset, {"frontal": Role(dataset, title=dataset)})
    return {
        name: replace(role, gazes=views_gazes) if name == "views" and role.gazes else role
        for name, role in company.items()
    }


def _at_hand() -> dict[str, Role]:
    """The paper's sets that are on this machine; what is played by a stand-in says so."""
    found: dict[str, Role] = {}
    for name, role in PAPER.items():
        try:
            folder = data.folder_of(role.dataset)
        except FerError:
            continue
        played = folder is not None and stand_in_marker(folder)
        found |= _as({name: role}) if played else {name: role}
    return found


def faces_of(role: Role) -> FaceSet:
    """The role's faces, cut out and scaled to ``uint8 [N, 64, 64, 3]``, with the crop report as a note.

    The gazes of an avatar's take are cut alike and follow each other; all have the take's ``source``.

    Raises:
        FerError: nothing is left, or the data set cannot be read.
    """
    whole = data.load(role.dataset)
    avatars = role.dataset in {known.name for known in SHOOTS.values()}
    first, step = role.people
    keep = np.isin(whole.subjects, np.unique(whole.subjects)[first::step])
    if role.where:
        column, *values = role.where
        keep &= whole.table[column].isin(values).to_numpy()
    if role.gazes:
        keep &= whole.table["gaze"].isin(ONE if avatars else role.gazes).to_numpy()
    taken = _left(whole, keep, role)
    gazes = [faces_looking(taken, gaze) for gaze in role.gazes] if avatars and role.gazes else [taken]
    if role.detector != NO_DETECTOR:
        gazes = [
            crop_faces(each, role.detector, IMAGE_SIZE, when_several="best_score", found_in=taken)[0] for each in gazes
        ]
    faces = _in_turn(gazes)
    # Only now: the pictures of two roles that differ in this alone are looked through once.
    faces = _left(faces, (faces.table["label"] != role.without).to_numpy(), role)
    present = tuple(name for name in faces.classes if name in set(faces.table["label"]))
    return replace(faces, images=to_rgb(resize(faces.images, IMAGE_SIZE)), classes=present)


def _left(faces: FaceSet, keep: np.ndarray, role: Role) -> FaceSet:
    if not keep.any():
        raise FerError(f"no picture of {role.dataset} is left for {role}")
    return faces.select(keep)


def at_most(faces: FaceSet, most: int | None) -> FaceSet:
    """Pictures from all over a set where it has more than ``most``; all where ``most`` is ``None``."""
    if most is None or len(faces) <= most:
        return faces
    rows = np.zeros(len(faces), bool)
    rows[np.linspace(0, len(faces) - 1, most).astype(int)] = True
    return faces.select(rows)


def joined_faces(sets: Sequence[FaceSet]) -> FaceSet:
    """Several sets of equally large pictures as one, for whoever asks for no labels."""
    table = pd.concat([each.table[list(REQUIRED_COLUMNS)] for each in sets])
    classes = tuple(dict.fromkeys(label for each in sets for label in each.classes))
    name, images = "+".join(dict.fromkeys(each.name for each in sets)), np.concatenate([each.images for each in sets])
    return FaceSet(name, images, table, classes, stand_in=any(each.stand_in for each in sets))


def _in_turn(sets: Sequence[FaceSet]) -> FaceSet:
    """The first picture of each set, the second of each, …; the sets are of one length."""
    order = np.arange(len(sets) * len(sets[0])).reshape(len(sets), -1).T.ravel()
    images, table = np.concatenate([each.images for each in sets]), pd.concat([each.table for each in sets])
    return replace(sets[0], images=images[order], table=table.iloc[order])
