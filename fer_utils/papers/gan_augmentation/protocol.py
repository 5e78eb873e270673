"""What is run, each a unit of its own: GANs, classifiers and image quality. And how a protocol chooses the epoch.

=========  ==================  ==============================================  ====================
protocol   the epoch is        steps                                           exact duplicates
           chosen on
=========  ==================  ==============================================  ====================
published  PrivateTest, which  epochs: 24 % more with 24 % more pictures       stay
           is also scored
sound      PublicTest          as many for every arm                           are not scored
=========  ==================  ==============================================  ====================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_utils import store
from fer_utils.devices import one_core, one_thread, prefer_keras_backend, seed_everything
from fer_utils.errors import check_choice
from fer_utils.gans.settings import GanSettings
from fer_utils.gans.train import generate, train, weights
from fer_utils.image_features import embed
from fer_utils.image_quality import classes_read, faces_found, kid, memorisation, variety
from fer_utils.learning.course import Course, attend
from fer_utils.papers.gan_augmentation.networks import build
from fer_utils.papers.gan_augmentation.settings import KERAS_BACKEND, Settings
from fer_utils.papers.study import PROTOCOLS
from fer_utils.preprocess import resize

# Settled before anything is computed, so that units stored before Keras is loaded are found again after.
prefer_keras_backend(KERAS_BACKEND)

PACKAGE = Path(__file__).parents[2]


# -- units: pure functions of their arguments, run and stored one by one by fer_utils.reproduce ----


@one_core
def pretrain_gan(*, images: np.ndarray, settings: GanSettings, seed: int) -> dict[str, np.ndarray]:
    """Train one GAN on the pictures of all classes, without their labels, for others to start from.

    Args:
        images: ``uint8 [N, S, S]``.

    Returns:
        Its weights (:func:`fer_utils.gans.train.weights`) and, beside them, the ``history`` of
        :class:`fer_utils.gans.train.TrainedGan`.
    """
    path = _unfinished("gans", ("gans",), images, settings, seed)
    gan = train(images, settings, seed, checkpoint=path)
    path.unlink(missing_ok=True)
    return {**weights(gan), "history": gan.history}


@one_core
def train_gan(
    *, images: np.ndarray, labels: np.ndarray | None, settings: GanSettings, start: Mapping[str, np.ndarray] | None,
    seed: int, generated: int, side: int,
) -> dict[str, Any]:  # fmt: skip
    """Train one GAN and draw pictures from it.

    A checkpoint lies in the cache while it runs, so a killed run loses some minutes.

    Args:
        images: ``uint8 [N, S, S]`` of one class, or of all with their ``labels``.
        settings: of the GAN, with as many classes as ``labels`` has.
        start: weights to go on from; ``None``: from random ones.
        generated: pictures drawn (of each class), after training.
        side: to which they are scaled.

    Returns:
        ``pictures`` ``uint8 [generated · K, side, side]``, class by class; ``history`` of
        :class:`fer_utils.gans.train.TrainedGan`.
    """
    path = _unfinished("gans", ("gans",), images, labels, settings, start, seed)
    gan = train(images, settings, seed, labels=labels, start=start, checkpoint=path)
    classes = np.repeat(np.arange(settings.n_classes), generated) if settings.n_classes else None
    pictures = generate(gan, generated * max(1, settings.n_classes), seed + 1, classes)
    path.unlink(missing_ok=True)
    return {"pictures": resize(pictures[..., 0], side), "history": gan.history}


@one_core
def train_classifier(
    *, network: str, images: np.ndarray, labels: np.ndarray, scored: np.ndarray, points: Sequence[int],
    settings: Settings, n_classes: int, seed: int, weights: Path | None,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Train one network on one arm's pictures: :func:`fer_utils.learning.course.attend`.

    It is given the scored pictures and not their labels. A killed run loses some minutes.

    Args:
        network: ``"VGG-16"`` or ``"ResNet-50"``.
        images, scored: ``uint8 [N, S, S]``, scaled to ``settings.side``.
        points: the evaluation points: after how many steps the scored pictures are classified, rising; the last
            ends the training.
        weights: a ``.safetensors`` file of this whole network, in place of ``settings.init``.

    Returns:
        ``predicted`` ``uint8 [L, N]``, class codes at each evaluation point; ``loss`` ``float64 [L]``; ``points``.
    """
    one_thread()
    images, scored = resize(images, settings.side), resize(scored, settings.side)
    seed_everything(seed)
    course = Course(
        build(network, settings, n_classes, weights), images, labels, settings.recipe(network), points[-1], seed
    )  # fmt: skip
    what = (network, images, labels, scored, tuple(points), settings, n_classes, seed, weights)
    path = _unfinished("classifiers", ("papers/gan_augmentation", "learning"), *what)
    result = attend(course, scored, points, path)
    path.unlink(missing_ok=True)
    return result


def _unfinished(folder: str, code: Sequence[str], *what: Any) -> Path:
    """Where a run that is not finished keeps its checkpoint: other arguments or other code are another run."""
    identity = {
        "what": what,
        "source": store.source_digest(*(PACKAGE / room for room in code)),
        "versions": store.versions("keras", "numpy", "torch"),
    }
    return store.place(folder, identity)


def judge_pictures(
    *, real: np.ndarray, labels: np.ndarray, half: np.ndarray, made: np.ndarray, made_labels: np.ndarray,
    kinds: np.ndarray, judged: int, searched: int, space: str,
) -> dict[str, Any]:  # fmt: skip
    """How good and how varied are pictures, at the size that classifiers see?

    Args:
        real: the GANs' training pictures, ``uint8 [N, S, S]``, and their classes.
        half: ``bool [N]``, half of the people. The others are judged by them, as if they were generated.
        made: ``uint8 [M, S, S]`` of all GANs, the classes they were made for, and which kind made them.
        judged: KID takes at most so many pictures of a class.
        searched: the face detector looks at no more than so many of a class.
        space: of :data:`fer_utils.image_features.SPACES`.

    Returns:
        For each kind and ``"real"`` a dictionary. Of quality speak ``faces found %``
        (:func:`fer_utils.image_quality.faces_found`), ``class read %`` (pictures whose class a classifier of
        the half's people reads: :func:`fer_utils.image_quality.classes_read`) and ``KID``, all classes
        together. Whether the pictures differ say means over the classes: ``variety`` (1: as varied as the
        real ones of that class), ``nearest`` and ``nearest, real`` (median distance to the nearest (other)
        training picture of the class, grey levels) and ``copies`` (share nearer than 99 % of real ones are).
        Variety is not quality: noise is varied.
    """

    def told(images: np.ndarray, intended: np.ndarray) -> dict[str, float]:
        looked = images[_some_of_each(intended, searched)]
        read = classes_read(real[half], labels[half], images)
        return {"faces found %": 100 * faces_found(looked), "class read %": 100 * float((read == intended).mean())}

    some, some_made = _some_of_each(labels, judged), _some_of_each(made_labels * 1_000 + _codes(kinds), judged)
    features, described = np.split(embed(np.concatenate([real[some], made[some_made]]), space), [len(some)])
    quality: dict[str, Any] = {}
    for kind in np.unique(kinds):
        mine = kinds == kind
        quality[str(kind)] = _judge(real, labels, made[mine], made_labels[mine]) | told(made[mine], made_labels[mine])
        quality[str(kind)]["KID"] = kid(features, described[mine[some_made]])
    quality["real"] = _judge(real[half], labels[half], real[~half], labels[~half]) | told(real[~half], labels[~half])
    quality["real"]["KID"] = kid(features[half[some]], features[~half[some]])
    return quality


def _judge(real: np.ndarray, labels: np.ndarray, made: np.ndarray, made_labels: np.ndarray) -> dict[str, float]:
    pairs = [(made[made_labels == label], real[labels == label]) for label in np.unique(made_labels)]
    near = [memorisation(*pair) for pair in pairs]
    return {
        "variety": float(np.mean([variety(*pair) for pair in pairs])),
        "nearest": float(np.mean([each.generated for each in near])),
        "nearest, real": float(np.mean([each.real for each in near])),
        "copies": float(np.mean([each.copies for each in near])),
    }


def _codes(names: np.ndarray) -> np.ndarray:
    return np.unique(names, return_inverse=True)[1]


def _some_of_each(groups: np.ndarray, most: int) -> np.ndarray:
    """Rows of up to ``most`` of each group, evenly spread over it, sorted."""
    rows = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    spread = [mine[np.linspace(0, len(mine) - 1, min(most, len(mine))).astype(int)] for mine in rows]
    return np.sort(np.concatenate(spread))


# -- choosing the epoch ----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Schedule:
    """When networks are evaluated, in steps, rising; the last is the end.

    Attributes:
        points: of all arms, which make equally many steps.
        own: of the published baseline, which has fewer pictures, so that as many passes are fewer steps.
    """

    points: tuple[int, ...]
    own: tuple[int, ...]

    @property
    def prefix(self) -> bool:
        """Whether the published baseline is the beginning of a longer training: at a constant rate."""
        return set(self.own) <= set(self.points)


def schedule(n_train: int, n_extra: int, settings: Settings) -> Schedule:
    """Steps of ``epochs`` passes over both sizes of the training set, in whole batches."""
    batch = min(settings.batch_size, n_train)
    own = max(1, settings.epochs * n_train // batch)
    total = max(own, settings.epochs * (n_train + n_extra) // batch)
    if settings.schedule != "constant":
        return Schedule(_evenly(total, settings.evaluations), _evenly(own, settings.evaluations))
    points = tuple(sorted({*_evenly(total, settings.evaluations), own}))
    return Schedule(points, points[: points.index(own) + 1])


def _evenly(total: int, count: int) -> tuple[int, ...]:
    return tuple(sorted({max(1, round(total * number / count)) for number in range(1, count + 1)}))


def choose(predicted: np.ndarray, truth: np.ndarray) -> int:
    """The evaluation with the most right answers, the first of equals; its number from 0.

    Args:
        predicted: ``[L, N]``, classes predicted for the pictures that choose.
        truth: ``[N]``.
    """
    return int((predicted == truth).mean(axis=1).argmax())


def answers(
    public: np.ndarray, private: np.ndarray, public_truth: np.ndarray, private_truth: np.ndarray, protocol: str
) -> tuple[np.ndarray, int]:
    """What one trained network predicts for PrivateTest under a protocol.

    Args:
        public, private: ``[L, P]`` and ``[L, Q]``, classes predicted at each evaluation point.
        public_truth: ``[P]``.
        private_truth: ``[Q]``; ``sound`` does not use it.
        protocol: ``"published"`` or ``"sound"``.

    Returns:
        ``[Q]``, and the number of the evaluation that was chosen.

    Raises:
        UsageError: there is no such protocol.
    """
    check_choice("protocol", protocol, PROTOCOLS)
    chosen_on = (private, private_truth) if protocol == "published" else (public, public_truth)
    chosen = choose(*chosen_on)
    return private[chosen], chosen
