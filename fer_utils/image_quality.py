"""How good are generated pictures? Fréchet and kernel distances, inception score, SSIM, variety, memorisation.

Distances between sets are taken between *features*, and depend on whose: a number without its
feature space (:mod:`fer_utils.image_features`) and without the number of pictures means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.special import rel_entr
from skimage.metrics import structural_similarity
from sklearn.metrics import pairwise_distances, pairwise_distances_argmin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fer_utils.preprocess import detect_faces, hog, resize

HOG_SIDE = 48
"""Pixels a side at which gradients are read: FER-2013's."""
REGULARISATION = 0.001
"""The reading SVM's C, for features of unit variance; that of :mod:`fer_utils.avatars.quality`, not tuned here."""


def fid(real: np.ndarray, generated: np.ndarray) -> float:
    """Fréchet inception distance (Heusel et al. 2017) between two sets of features.

    The squared Fréchet distance of the Gaussians with the sets' means and unbiased covariances.
    No square root of a covariance is taken: with centred rows ``A``, ``B`` scaled so that
    ``C = AᵀA``, ``tr (C C2)^½`` is the sum of the singular values of ``A Bᵀ``. So it is exact
    where there are fewer pictures than features, and covariances are singular.

    It is biased: fewer pictures give larger values, so compare only at equal numbers.

    Args:
        real: ``float [N, D]``.
        generated: ``float [M, D]``.

    Raises:
        ValueError: fewer than two pictures, or features of different length.
    """
    _check(real, generated)
    first, second = (_scatter(features) for features in (real, generated))
    shift = real.mean(axis=0, dtype=np.float64) - generated.mean(axis=0, dtype=np.float64)
    cross = linalg.svdvals(first @ second.T).sum()
    return float((shift**2).sum() + (first**2).sum() + (second**2).sum() - 2 * cross)


def _scatter(features: np.ndarray) -> np.ndarray:
    """``A`` with ``AᵀA`` the unbiased covariance, and no more rows than columns."""
    centred = features - features.mean(axis=0, dtype=np.float64)
    centred /= np.sqrt(len(features) - 1)
    return linalg.qr(centred, mode="r")[0][: features.shape[1]] if len(centred) > centred.shape[1] else centred


def kid(real: np.ndarray, generated: np.ndarray) -> float:
    """Kernel inception distance (Bińkowski et al. 2018): the unbiased squared maximum mean discrepancy.

    Kernel ``(x·y / D + 1)³``. Its expectation does not depend on the number of pictures and is
    0 for two samples of one distribution, so single values may lie below 0.

    Args:
        real: ``float [N, D]``.
        generated: ``float [M, D]``.

    Raises:
        ValueError: fewer than two pictures, or features of different length.
    """
    _check(real, generated)
    first, second = real.astype(np.float64), generated.astype(np.float64)

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x @ y.T / x.shape[1] + 1) ** 3

    def within(x: np.ndarray) -> float:
        values = kernel(x, x)
        return (values.sum() - np.trace(values)) / (len(x) * (len(x) - 1))

    return float(within(first) + within(second) - 2 * kernel(first, second).mean())


def inception_score(probabilities: np.ndarray) -> float:
    """Exponential of the mean divergence of ``p(y|x)`` from ``p(y)``, 1 to K (Salimans et al. 2016).

    Args:
        probabilities: ``float [N, K]``, rows sum to 1, from any classifier: name it beside the score.
    """
    probabilities = np.asarray(probabilities, np.float64)
    marginal = probabilities.mean(axis=0, keepdims=True)
    return float(np.exp(rel_entr(probabilities, marginal).sum(axis=1).mean()))


def nearest(pictures: np.ndarray, among: np.ndarray) -> np.ndarray:
    """For each picture the row of the one nearest in pixels (root mean square), ``int64 [N]``.

    Args:
        pictures: ``uint8 [N, H, W(, 3)]``.
        among: ``uint8 [M, H, W(, 3)]``.
    """
    return pairwise_distances_argmin(_flat(pictures), _flat(among))


def ssim(pictures: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Structural similarity (Wang et al. 2004) picture by picture, ``float64 [N]``, 1 for equal ones.

    Scikit-image's, with its default 7×7 window, on ``uint8 [N, H, W(, 3)]``.
    """
    channel = -1 if pictures.ndim == 4 else None
    pairs = zip(pictures, others, strict=True)
    return np.array([structural_similarity(one, other, channel_axis=channel, data_range=255) for one, other in pairs])


def variety(generated: np.ndarray, real: np.ndarray) -> float:
    """Mode collapse in one number: mean distance of two generated pictures over that of two real ones.

    Distances are root mean squares of pixels. About 1: as varied as the real ones; 0: one picture only.

    Args:
        generated: ``uint8 [N, H, W(, 3)]``, at least two.
        real: ``uint8 [M, H, W(, 3)]``, at least two.
    """
    return _mean_distance(generated) / _mean_distance(real)


def _mean_distance(pictures: np.ndarray) -> float:
    distances = pairwise_distances(_flat(pictures))
    return float(distances.sum() / (len(pictures) * (len(pictures) - 1)))


@dataclass(frozen=True)
class Memorisation:
    """Are generated pictures copies of training pictures?

    Attributes:
        generated: median distance of a generated picture to the nearest training picture, in grey
            levels (root mean square over pixels, 0–255).
        real: the same for a training picture and the nearest *other* one.
        copies: share of generated pictures nearer to a training picture than 99 % of the training
            pictures are to each other.
    """

    generated: float
    real: float
    copies: float


def memorisation(generated: np.ndarray, training: np.ndarray) -> Memorisation:
    """Compare how near generated pictures come to training pictures with how near those are to each other.

    Args:
        generated: ``uint8 [N, H, W(, 3)]``.
        training: ``uint8 [M, H, W(, 3)]``, at least two.
    """
    per_pixel = np.sqrt(np.prod(training.shape[1:]))
    to_training = pairwise_distances(_flat(generated), _flat(training)).min(axis=1) / per_pixel
    among = pairwise_distances(_flat(training))
    np.fill_diagonal(among, np.inf)
    among_training = among.min(axis=1) / per_pixel
    copies = float((to_training < np.quantile(among_training, 0.01)).mean())
    return Memorisation(float(np.median(to_training)), float(np.median(among_training)), copies)


def _flat(pictures: np.ndarray) -> np.ndarray:
    # Exact in float64 too: squared distances of 64×64×3 pictures need 30 bits.
    return pictures.reshape(len(pictures), -1).astype(np.float64)


def _check(real: np.ndarray, generated: np.ndarray) -> None:
    if min(len(real), len(generated)) < 2:
        raise ValueError(f"at least two pictures a set are needed, not {len(real)} and {len(generated)}")
    if real.shape[1:] != generated.shape[1:]:
        raise ValueError(f"features of different length: {real.shape[1:]} and {generated.shape[1:]}")


def faces_found(images: np.ndarray) -> float:
    """Share of pictures in which OpenCV's SSD finds at least one face, from 0 to 1.

    It was trained on photographs and scales every picture to 300×300 pixels, so small ones need not be
    enlarged. Read it beside the share of real pictures of the same size.

    Args:
        images: ``uint8 [N, S, S]`` or ``uint8 [N, S, S, 3]``.
    """
    return float(np.mean([len(boxes) > 0 for boxes in detect_faces(images, "ssd")]))


def classes_read(known: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """What a linear SVM on gradients (Dalal & Triggs 2005) that learnt from real pictures reads in others.

    Args:
        known: real pictures, ``uint8 [N, S, S]`` or ``uint8 [N, S, S, 3]``.
        labels: their classes, ``int [N]``, at least two.
        asked: ``uint8 [M, S, S]`` or ``uint8 [M, S, S, 3]``.

    Returns:
        Classes, ``int [M]``.
    """
    judge = make_pipeline(StandardScaler(), SVC(kernel="linear", C=REGULARISATION))
    return judge.fit(hog(resize(known, HOG_SIDE)), labels).predict(hog(resize(asked, HOG_SIDE)))
