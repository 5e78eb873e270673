"""What is run: GANs, features, emotion SVMs and action-unit SVMs, each a unit of its own.

``published``: pictures in stratified random folds, so that a person's other gazes and expressions
are in training; the setting that does best on all folds is the one reported. ``sound``: all
pictures of a person in one fold; each fold's setting is chosen on people within its training part,
and no GAN whose features are tested has seen who is tested (:meth:`fer_utils.papers.dcgan_svm.study.Study.parts`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils import store
from fer_utils.devices import one_core, prefer_keras_backend
from fer_utils.errors import check_choice
from fer_utils.faces import FaceSet
from fer_utils.gans.train import generate, train
from fer_utils.image_features import embed
from fer_utils.image_quality import fid, inception_score, kid, memorisation, nearest, ssim, variety
from fer_utils.papers.dcgan_svm import features as views
from fer_utils.papers.dcgan_svm import search, svm
from fer_utils.papers.dcgan_svm.settings import Settings
from fer_utils.papers.study import PROTOCOLS
from fer_utils.splits import Fold, grouped_folds, random_folds

# Settled before anything is computed, so that units stored before Keras is loaded are found again after.
prefer_keras_backend("torch")

SPLITS = {
    "published": "pictures in random folds, settings chosen on the scored folds",
    "sound": "people in one fold each, settings chosen on people within training",
}
"""What each protocol does, for tables."""
GRIDS = 5
"""How often the same noise is drawn while a GAN is trained, the first time before the first step."""


def make_folds(faces: FaceSet, protocol: str, count: int, seed: int) -> list[Fold]:
    """The folds of a protocol over one set: random within each class, or by person.

    Raises:
        FerError: too few pictures of a class, or too few people.
    """
    check_choice("protocol", protocol, PROTOCOLS)
    if protocol == "published":
        return random_folds(faces.labels, count, seed)
    return grouped_folds(faces.subjects, count, seed)


# -- units: pure functions of their arguments, run and stored one by one by fer_utils.reproduce ----


@one_core
def train_gan(*, images: np.ndarray, settings: Settings, seed: int, generated: int) -> dict[str, np.ndarray]:
    """Train a DCGAN without labels.

    A checkpoint lies in the cache while it runs, so a killed run goes on from its last epochs.

    Returns:
        The discriminator's weights as ``discriminator/NAME``; ``history`` and ``grids`` of
        :class:`fer_utils.gans.TrainedGan`; ``pictures``: ``uint8 [generated, 64, 64, 3]``.
    """
    drawn_after = np.unique(np.linspace(0, settings.epochs, GRIDS).round().astype(int))
    path = _checkpoint(images, settings, seed)
    gan = train(images, settings.gan, seed, grid_epochs=drawn_after.tolist(), checkpoint=path)
    weights = {
        f"discriminator/{name}": value.cpu().contiguous().numpy()
        for name, value in gan.discriminator.state_dict().items()
    }
    path.unlink(missing_ok=True)
    made = generate(gan, generated, seed + 1)
    return {**weights, "history": gan.history, "grids": gan.grids, "grid_epochs": drawn_after, "pictures": made}


def _checkpoint(images: np.ndarray, settings: Settings, seed: int) -> Path:
    # Other code is another run.
    identity = {
        "what": (images, settings.gan, seed),
        "source": store.source_digest(Path(__file__).parents[2] / "gans"),
        "versions": store.versions("numpy", "torch"),
    }
    return store.place("gans", identity)


def extract(
    *, weights: dict[str, np.ndarray], images: np.ndarray, settings: Settings, seen: np.ndarray
) -> dict[str, np.ndarray]:
    """Features of a trained discriminator: ``features`` ``float32 [N, D]``.

    Args:
        weights: from :func:`train_gan`, without their prefix.
        seen: the GAN's training pictures; ``"pooled"`` takes batch-norm statistics from them.
    """
    network = views.restore(weights, settings.gan)
    if settings.feature == "pooled":
        network = views.with_statistics_of(network, seen)
    return {"features": views.discriminator_features(network, images, settings.feature)}


def extract_control(
    *, control: str, images: np.ndarray, settings: Settings, seed: int, seen: np.ndarray
) -> dict[str, np.ndarray]:
    """Features of a control: ``features`` ``float32 [N, D]``.

    Args:
        control: one of :data:`fer_utils.papers.dcgan_svm.features.CONTROLS`.
        images: to describe.
        settings: of the discriminator whose length the features have.
        seed: of the projection or the untrained weights.
        seen: pictures that the untrained discriminator takes batch-norm statistics from.
    """
    if control == views.UNTRAINED:
        network = views.untrained(settings.gan, seed, seen)
        return {"features": views.discriminator_features(network, images, settings.feature)}
    return {"features": views.control_features(control, images, 8 * settings.width * 16, seed)}


def recognise(
    *, features: np.ndarray, labels: np.ndarray, groups: np.ndarray, folds: list[Fold], protocol: str,
    settings: Settings, seed: int,
) -> dict[str, Any]:  # fmt: skip
    """The emotion SVM over all folds.

    Returns:
        ``predicted`` ``int64 [N]``, ``scores`` ``float64 [N, K]`` (each row from the fold that
        tested it), ``chosen`` ``float64 [F, 2]``: box constraint and kernel scale of each fold.
    """
    distances = svm.squared_distances(features)
    n_classes = int(labels.max()) + 1
    if protocol == "published":
        choices = [search.best(distances, labels, groups, folds, settings, seed)] * len(folds)
    else:
        choices = [search.choose(distances, labels, groups, fold.train, settings, seed) for fold in folds]
    predicted, scores = np.full(len(labels), -1), np.full((len(labels), n_classes), np.nan)
    for fold, (setting, unit) in zip(folds, choices, strict=True):
        kernel = svm.kernel_of(distances, setting.gamma(unit))
        predicted[fold.test], scores[fold.test] = svm.answer(kernel, labels, fold, setting.C, n_classes)
    chosen = np.array([[setting.C, setting.scale] for setting, _ in choices])
    return {"predicted": predicted, "scores": scores, "chosen": chosen}


def detect(*, features: np.ndarray, labels: np.ndarray, folds: list[Fold]) -> dict[str, np.ndarray]:
    """The action-unit SVMs over all folds: ``scores`` ``float64 [N, A]``, see :func:`svm.linear_scores`."""
    return {"scores": svm.linear_scores(features, labels, folds)}


def judge_pictures(*, real: np.ndarray, labels: np.ndarray, generated: np.ndarray, space: str) -> dict[str, float]:
    """Table VII for one GAN: image quality of generated against real pictures.

    The real pictures are also split at random into halves, and one is judged against the other:
    what these measures say of pictures that are real.

    Returns:
        ``generated/MEASURE`` and ``real/MEASURE``, and the numbers of pictures.
    """
    order = np.random.default_rng(0).permutation(len(real))
    half, rest = order[: len(real) // 2], order[len(real) // 2 :]
    features, made = embed(real, space), embed(generated, space)
    classify = _soft_classifier(features, labels)
    measured: dict[str, float] = {
        "real/n": len(rest),
        "generated/n": len(generated),
        "generated/reference n": len(real),
    }
    for name, pictures, described, reference in (
        ("generated", generated, made, np.arange(len(real))),
        ("real", real[rest], features[rest], half),
    ):
        measured[f"{name}/FID"] = fid(features[reference], described)
        measured[f"{name}/KID"] = kid(features[reference], described)
        measured[f"{name}/IS"] = inception_score(classify(described))
        twins = nearest(pictures, real[reference])
        measured[f"{name}/SSIM"] = float(ssim(pictures, real[reference][twins]).mean())
        measured[f"{name}/variety"] = variety(pictures, real[reference])
    near = memorisation(generated, real)
    measured |= {"generated/nearest": near.generated, "real/nearest": near.real, "generated/copies": near.copies}
    return measured


def _soft_classifier(features: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Class probabilities for the inception score: a softmax layer trained on the real pictures' classes."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200)).fit(features, labels).predict_proba
