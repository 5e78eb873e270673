"""What is run: GANs, features, emotion SVMs and action-unit SVMs, each a unit of its own.

``published``: pictures in stratified random folds, so that a person's other gazes and expressions
are in training; the setting that does best on all folds is the one reported. ``sound``: all
pictures of a person in one fold; each fold's setting is chosen on people within its training part,
and no GAN whose features are tested has seen who is tested (:meth:`fer_utils.papers.dcgan_svm.study.Study.parts`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils import store
from fer_utils.devices import one_core, prefer_keras_backend
from fer_utils.errors import check_choice
from fer_utils.faces import FaceSet
from fer_utils.gans.settings import GanSettings
from fer_utils.gans.train import generate, train, weights
from fer_utils.image_features import embed
from fer_utils.image_quality import faces_found, fid, inception_score, kid, memorisation, nearest, ssim, variety
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
def train_gan(
    *, images: np.ndarray, gan: GanSettings, start: Mapping[str, np.ndarray] | None, seed: int, generated: int
) -> dict[str, np.ndarray]:
    """Train a DCGAN without labels.

    A checkpoint lies in the cache while it runs, so a killed run loses some minutes.

    Args:
        images: ``uint8 [N, 64, 64, 3]``.
        gan: networks and training.
        start: both networks' weights from another GAN's results, to go on from; ``None``: from random weights.
        seed: of weights, noise and order.
        generated: pictures drawn after training.

    Returns:
        Both networks' weights as ``discriminator/NAME`` and ``generator/NAME``; ``history`` and ``grids`` of
        :class:`fer_utils.gans.TrainedGan`, and ``grid_steps``, after how many steps each grid was drawn; ``pictures``:
        ``uint8 [generated, 64, 64, 3]``.
    """
    drawn_after, drawn_steps = grid_times(gan, len(images))
    path = _checkpoint(images, gan, start, seed)
    trained = train(images, gan, seed, start=start, grid_epochs=drawn_after, checkpoint=path)
    path.unlink(missing_ok=True)
    made = generate(trained, generated, seed + 1)
    return {
        **weights(trained), "history": trained.history, "grids": trained.grids, "grid_steps": drawn_steps,
        "pictures": made,
    }  # fmt: skip


def grid_times(gan: GanSettings, n_images: int) -> tuple[list[int], np.ndarray]:
    """After which epochs, and so after how many steps, the same noise is drawn: the first and the last among them."""
    total, each = gan.all_steps(n_images), gan.steps_an_epoch(n_images)
    epochs = np.unique(np.linspace(0, -(-total // each), GRIDS).round().astype(int))
    return epochs.tolist(), np.minimum(epochs * each, total)


def _checkpoint(images: np.ndarray, gan: GanSettings, start: Mapping[str, np.ndarray] | None, seed: int) -> Path:
    # Other code is another run.
    identity = {
        "what": (images, gan, start, seed),
        "source": store.source_digest(Path(__file__).parents[2] / "gans"),
        "versions": store.versions("numpy", "torch"),
    }
    return store.place("gans", identity)


def extract(
    *, weights: Mapping[str, np.ndarray], images: np.ndarray, gan: GanSettings, feature: str, seen: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Features of a trained discriminator: ``features`` ``float32 [N, D]``.

    Args:
        weights: from :func:`train_gan`, without their prefix.
        images: to describe.
        gan: of the discriminator.
        feature: one of :data:`fer_utils.papers.dcgan_svm.settings.FEATURES`.
        seen: pictures that batch-norm statistics are taken from; ``None``: those that training left.
    """
    network = views.restore(weights, gan)
    if seen is not None:
        network = views.with_statistics_of(network, seen)
    return {"features": views.discriminator_features(network, images, feature)}


def extract_control(
    *, control: str, images: np.ndarray, gan: GanSettings, feature: str, seed: int, seen: np.ndarray
) -> dict[str, np.ndarray]:
    """Features of a control: ``features`` ``float32 [N, D]``.

    Args:
        control: one of :data:`fer_utils.papers.dcgan_svm.features.CONTROLS`.
        images: to describe.
        gan: of the discriminator whose length the features have.
        feature: which of the untrained discriminator's.
        seed: of the projection or the untrained weights.
        seen: pictures that the untrained discriminator takes batch-norm statistics from.
    """
    if control == views.UNTRAINED:
        network = views.untrained(gan, seed, seen)
        return {"features": views.discriminator_features(network, images, feature)}
    return {"features": views.control_features(control, images, 8 * gan.ndf * 16, seed)}


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


FEW_C, FEW_GAMMA = 10.0, 1.0
"""Box constraint, and kernel width over the typical squared distance, where few are labelled: too few to choose by."""


def recognise_few(
    *, features: np.ndarray, labels: np.ndarray, groups: np.ndarray, folds: list[Fold], counts: Sequence[int],
    draws: int, seed: int,
) -> dict[str, Any]:  # fmt: skip
    """The emotion SVM where only some people of each training part are labelled, at one setting for all features.

    The people are drawn in one order a fold and draw, whatever the features, so that more of them always include
    fewer, and features are compared on the same ones.

    Args:
        groups: ``[N]``, people by number.
        counts: how many people are labelled, rising.
        draws: how often they are drawn.

    Returns:
        ``predicted`` ``int64 [counts, draws, N]``; -1 for rows that no fold tests.
    """
    distances = svm.squared_distances(features)
    predicted = np.full((len(counts), draws, len(labels)), -1)
    for fold in folds:
        people = np.unique(groups[fold.train])
        for draw in range(draws):
            order = np.random.default_rng((seed, draw, *np.unique(groups[fold.test])[:2])).permutation(people)
            for place, count in enumerate(counts):
                if draw and count >= len(people):
                    # All of them, again.
                    predicted[place, draw, fold.test] = predicted[place, 0, fold.test]
                    continue
                rows = fold.train[np.isin(groups[fold.train], order[:count])]
                predicted[place, draw, fold.test] = _few(distances, labels, replace(fold, train=rows))
    return {"predicted": predicted}


def _few(distances: np.ndarray, labels: np.ndarray, fold: Fold) -> np.ndarray:
    taught = labels[fold.train]
    if (taught == taught[0]).all():
        # One picture, or several of one class, teach that class only.
        return np.full(len(fold.test), taught[0])
    rows, taught_rows = np.concatenate([fold.train, fold.test]), np.arange(len(fold.train))
    within = distances[np.ix_(rows, rows)]
    typical = svm.typical_distance(within[np.ix_(taught_rows, taught_rows)])
    mine = Fold(fold.name, taught_rows, np.arange(len(fold.train), len(rows)))
    return svm.answer(svm.kernel_of(within, FEW_GAMMA / typical), labels[rows], mine, FEW_C, int(labels.max()) + 1)[0]


def detect(*, features: np.ndarray, labels: np.ndarray, folds: list[Fold]) -> dict[str, np.ndarray]:
    """The action-unit SVMs over all folds: ``scores`` ``float64 [N, A]``, see :func:`svm.linear_scores`."""
    return {"scores": svm.linear_scores(features, labels, folds)}


def judge_pictures(
    *, real: np.ndarray, labels: np.ndarray | None, half: np.ndarray, generated: np.ndarray, space: str, judged: int,
    searched: int,
) -> dict[str, float]:  # fmt: skip
    """Table VII for one GAN: image quality of generated against real pictures.

    Half of the real people are judged against the other half, with as many pictures: what these measures say of
    pictures that are real.

    Args:
        real: the GAN's training pictures, ``uint8 [N, 64, 64, 3]``.
        labels: their classes, ``int [N]``; ``None``: there are none, and so no inception score.
        half: ``bool [N]``, half of the people: those that all others are judged by.
        generated: ``uint8 [M, 64, 64, 3]``.
        space: of :data:`fer_utils.image_features.SPACES`.
        judged: at most so many pictures on each side; both sides always have equally many.
        searched: in so many of them a face is looked for.

    Returns:
        ``generated/MEASURE`` and ``real/MEASURE`` for each measure. The classifier of the inception score has seen
        none of the pictures that it is asked about.
    """
    reference, others = np.flatnonzero(half), np.flatnonzero(~half)
    count = min(judged, len(reference), len(others), len(generated))
    reference, others = _spread(reference, count), _spread(others, count)
    pictures = {"generated": generated[:count], "real": real[others]}
    features = dict(zip(("reference", *pictures), np.split(
        embed(np.concatenate([real[reference], *pictures.values()]), space), 3), strict=True))  # fmt: skip
    classify = None if labels is None else _soft_classifier(features["reference"], labels[reference])
    measured: dict[str, float] = {}
    for name, images in pictures.items():
        twins = nearest(images, real[reference])
        measured |= {
            f"{name}/n": count,
            f"{name}/faces found %": 100 * faces_found(images[:searched]),
            f"{name}/FID": fid(features["reference"], features[name]),
            f"{name}/KID": kid(features["reference"], features[name]),
            f"{name}/IS": np.nan if classify is None else inception_score(classify(features[name])),
            f"{name}/SSIM": float(ssim(images, real[reference][twins]).mean()),
            f"{name}/variety": variety(images, real[reference]),
        }
    near = memorisation(pictures["generated"], real)
    measured |= {"generated/nearest": near.generated, "real/nearest": near.real, "generated/copies": near.copies}
    return measured


def _spread(rows: np.ndarray, count: int) -> np.ndarray:
    return rows[np.linspace(0, len(rows) - 1, count).astype(int)]


def _soft_classifier(features: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Class probabilities for the inception score: a softmax layer trained on the real pictures' classes."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200)).fit(features, labels).predict_proba
