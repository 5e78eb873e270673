"""Are the avatars any good? Measured with tools that were made for photographs.

A face detector has to find them, a landmark predictor trained on real faces has to agree with their true points, and
their expressions have to be neither trivial nor beyond a plain classifier that never saw the person.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fer_utils import datasets
from fer_utils.datasets.avatar_shoots import landmarks
from fer_utils.faces import FaceSet
from fer_utils.preprocess import detect_faces, hog, landmarks68, to_grey
from fer_utils.preprocess.crop import cut_square, square_around
from fer_utils.scores import Estimate, accuracy

NOSE_TIP = 30
FOLDS = 8
HOG_SIDE, MARGIN = 96, 0.1
APEX_FRAMES = (4, 5)
REGULARISATION = 0.001
"""The SVM's C, for HOG features scaled to unit variance; not tuned on anything."""


def found(boxes: list[np.ndarray], points: np.ndarray) -> np.ndarray:
    """Whether a detector found each face, ``bool [N]``.

    Args:
        boxes: for each picture ``[K,5]``, as :func:`fer_utils.preprocess.detect_faces` gives them.
        points: the true landmarks, ``[N,68,2]``.

    A box counts if the tip of the nose lies in it and it is between half and three times as high as the face from
    brows to chin.
    """
    hits = []
    for picture, true in zip(boxes, points, strict=True):
        height = np.ptp(true[:, 1])
        (x, y), (left, top, right, bottom, _) = true[NOSE_TIP], picture.T
        size = (bottom - top) / height
        hits.append(((left <= x) & (x <= right) & (top <= y) & (y <= bottom) & (size > 0.5) & (size < 3)).any())
    return np.array(hits, dtype=bool)


def landmark_errors(faces: FaceSet, boxes: list[np.ndarray]) -> np.ndarray:
    """Mean distance of dlib's 68 points from the true ones, over the distance between the outer corners of the eyes.

    Args:
        faces: avatars.
        boxes: each picture's dlib detections; its points start from the best one.

    Returns:
        ``float64 [N]``, shares; NaN where dlib found no face.
    """
    true = landmarks(faces)
    seen = np.array([len(picture) > 0 for picture in boxes])
    best = np.stack([boxes[row][0] for row in np.flatnonzero(seen)]) if seen.any() else np.empty((0, 5))
    points = landmarks68(faces.images[seen], best)
    errors = np.full(len(faces), np.nan)
    between_eyes = np.linalg.norm(true[:, 36] - true[:, 45], axis=1)
    errors[seen] = np.linalg.norm(points - true[seen], axis=2).mean(axis=1) / between_eyes[seen]
    return errors


def hog_features(faces: FaceSet) -> np.ndarray:
    """Histograms of oriented gradients (Dalal & Triggs 2005) of the face from brows to chin, ``float32 [N,D]``."""
    cut_out = []
    for image, points in zip(to_grey(faces.images), landmarks(faces), strict=True):
        box = np.concatenate([points.min(axis=0), points.max(axis=0)])
        face = cut_square(image, square_around(box, MARGIN))
        face = cv2.resize(face, (HOG_SIDE, HOG_SIDE), interpolation=cv2.INTER_AREA)
        cut_out.append(face)
    return hog(np.stack(cut_out))


def svm_correct(faces: FaceSet) -> np.ndarray:
    """Whether a linear SVM on HOG features names each expression, people apart (8 folds by subject), ``bool [N]``."""
    features, labels = hog_features(faces), faces.labels
    correct = np.zeros(len(faces), dtype=bool)
    for train, test in GroupKFold(FOLDS).split(features, labels, faces.subjects):
        scaler = StandardScaler().fit(features[train])
        machine = SVC(kernel="linear", C=REGULARISATION).fit(scaler.transform(features[train]), labels[train])
        correct[test] = machine.predict(scaler.transform(features[test])) == labels[test]
    return correct


def svm_accuracy(faces: FaceSet) -> Estimate:
    """The share that :func:`svm_correct` gets right, with a 95 % interval over people."""
    return accuracy(svm_correct(faces), faces.subjects, faces.table["source"].to_numpy())


def quality_of(shoot: str, judged: int, fingerprint: str) -> dict[str, Any]:
    """One shoot's row of the quality table, shares in per cent.

    Args:
        shoot: a key of ``avatars.DATASETS``.
        judged: how many pictures, evenly spread, the detectors and the landmark predictor see; 0: all.
        fingerprint: of the pictures that are meant, so that a stored row is not taken for that of others.

    Raises:
        ValueError: the shoot's pictures are others.
    """
    faces = datasets.read(f"avatars_{shoot}", None)
    if faces.fingerprint != fingerprint:
        raise ValueError(f"the pictures of {shoot} are others than those asked for")
    if "phase" in faces.table:
        # Elsewhere in a clip there is little or nothing to be seen of its expression.
        faces = faces.select(faces.table["frame"].isin(APEX_FRAMES))
    some = faces.select(np.unique(np.linspace(0, len(faces) - 1, judged or len(faces)).astype(int)))
    true, boxes = landmarks(some), detect_faces(some.images, "dlib")
    score = svm_accuracy(faces)
    return {
        "shoot": shoot,
        "pictures": len(faces),
        "people": int(faces.table["subject"].nunique()),
        "seen by detectors": len(some),
        "dlib HOG finds %": 100 * float(found(boxes, true).mean()),
        "SSD finds %": 100 * float(found(detect_faces(some.images, "ssd"), true).mean()),
        "68 points, median error %": 100 * float(np.nanmedian(landmark_errors(some, boxes))),
        **{name: float(value) for name, value in score.percent("HOG + SVM").items()},
        "chance %": 100 * float(faces.table["label"].value_counts(normalize=True).max()),
    }
