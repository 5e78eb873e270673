"""Who plays the paper's data sets: the sets themselves, or the shipped avatars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from fer_utils import data, datasets
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
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
        where: a column and the values that are kept, e.g. ``("gaze", "frontal")``.
        without: a class to leave out.
        people: ``(k, n)``: of the people in order of name, those at places ``k, k + n, …``.
        title: what tables and figures call it; ``""``: the paper's name of the role.
    """

    dataset: str
    detector: str = "haar"
    where: tuple[object, ...] = ()
    without: str = ""
    people: tuple[int, int] = (0, 1)
    title: str = ""


AVATARS = {
    "ck": Role("avatars_clips"),
    "celeba": Role("avatars_crowd"),
    "frontal": Role("avatars_studio"),
    "views": Role("avatars_views", "ssd"),
    "raf": Role("avatars_wild", "ssd", without="contempt", people=(0, 2)),
    "kdef": Role("avatars_views", "ssd", without="contempt"),
    "sfew": Role("avatars_wild", "ssd", without="contempt", people=(1, 2)),
}
"""RAF and SFEW, both in the wild, are played by halves of the people in the wild."""

PAPER = {
    "ck": Role("isl_ck"),
    "celeba": Role("celeba"),
    "frontal": Role("rafd", where=("pose", 90)),
    "views": Role("rafd", "ssd", where=("gaze", "frontal")),
    "raf": Role("raf_db", "ssd"),
    "kdef": Role("kdef", "ssd"),
    "sfew": Role("sfew", "ssd"),
}
"""Multi-view RaFD is one gaze from all cameras: 67 × 8 × 5 = 2,680 pictures, as in the paper."""

CMU = {
    "celeba": Role("london", title="London"),
    "frontal": Role("cmu_faces", where=("pose", "straight"), title="CMU frontal"),
    "views": Role("cmu_faces", "ssd", title="CMU all poses"),
}
"""Real people: the shipped London photographs are other people's for a GAN to learn from."""

FER2013 = {
    "celeba": Role("fer2013", NO_DETECTOR, ("split", "Training"), people=(0, 16), title="FER-2013 training"),
    "frontal": Role("fer2013", NO_DETECTOR, ("split", "PrivateTest", "Test"), people=(0, 4), title="FER-2013 test"),
}
"""Real people, of whom nobody knows who is who: every picture is its own person. Every 16th picture of the
training part is for the GAN, every fourth of the test part for the SVM's folds; not all are frontal."""


def cast(dataset: str) -> Mapping[str, Role]:
    """Who plays which role when a notebook is run on ``dataset``.

    One of the paper's own sets brings all those that are on this machine; an avatars' set brings
    the avatars; CMU faces and FER-2013 have casts of their own; any other set plays frontal RaFD,
    so that emotion experiment 5 is the only one.

    Raises:
        UsageError: there is no such data set.
    """
    datasets.dataset(dataset)
    for company in (AVATARS, PAPER):
        if dataset in {role.dataset for role in company.values()}:
            return {name: role for name, role in company.items() if _at_hand(role.dataset)}
    return {"cmu_faces": CMU, "fer2013": FER2013}.get(dataset, {"frontal": Role(dataset, title=dataset)})


def _at_hand(dataset: str) -> bool:
    if dataset not in datasets.names():
        return False
    try:
        data.folder_of(dataset)
    except FerError:
        return False
    return True


def faces_of(role: Role) -> FaceSet:
    """The role's faces, cut out and scaled to ``uint8 [N, 64, 64, 3]``, with the crop report as a note.

    Raises:
        FerError: nothing is left, or the data set cannot be read.
    """
    # Cropped before it is chosen from: sets that play two roles are looked through once.
    whole = data.load(role.dataset)
    if role.detector == NO_DETECTOR:
        faces = whole
    else:
        faces, _ = crop_faces(whole, role.detector, IMAGE_SIZE, when_several="best_score")
    keep = np.ones(len(faces), bool)
    if role.where:
        column, *values = role.where
        keep &= faces.table[column].isin(values).to_numpy()
    if role.without:
        keep &= (faces.table["label"] != role.without).to_numpy()
    first, step = role.people
    keep &= np.isin(faces.subjects, np.unique(faces.subjects)[first::step])
    if not keep.any():
        raise FerError(f"no picture of {role.dataset} is left for {role}")
    chosen = faces.select(keep)
    present = tuple(name for name in faces.classes if name in set(chosen.table["label"]))
    return replace(chosen, images=to_rgb(resize(chosen.images, IMAGE_SIZE)), classes=present)


def at_most(faces: FaceSet, most: int | None) -> FaceSet:
    """Pictures from all over a set where it has more than ``most``; all where ``most`` is ``None``."""
    if most is None or len(faces) <= most:
        return faces
    rows = np.zeros(len(faces), bool)
    rows[np.linspace(0, len(faces) - 1, most).astype(int)] = True
    return faces.select(rows)
