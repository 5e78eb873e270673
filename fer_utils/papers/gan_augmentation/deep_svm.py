"""DF-SVM (Experiment, B and C): the last hidden layers of three VGGs, side by side, and a linear SVM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.svm import LinearSVC

from fer_utils.devices import one_core, seed_everything
from fer_utils.learning.course import Course, outputs
from fer_utils.papers.gan_augmentation.networks import build_vgg
from fer_utils.papers.gan_augmentation.settings import Settings
from fer_utils.papers.gan_augmentation.vgg import Vgg, freeze, renew, up_to
from fer_utils.preprocess import resize

TRIO = ("VGG-13", "VGG-16", "VGG-19")


def build(name: str, settings: Settings, n_classes: int, seed: int, weights: Path | None) -> Vgg:
    """One of the three networks as it is before fine-tuning.

    VGG-13 and VGG-16 keep their first convolutions and draw the rest anew; VGG-19 is "directly
    employed", as it comes.

    Args:
        weights: a ``.safetensors`` file of this whole network, in place of ``settings.init``.
    """
    seed_everything(seed)
    network = build_vgg(name, settings, settings.df_side, n_classes, weights, settings.df_dropout)
    if name in TRIO[:2]:
        freeze(network, settings.df_frozen[TRIO.index(name)])
        renew(network, seed)
    return network


def fine_tune(
    network: Vgg, images: np.ndarray, labels: np.ndarray, held: np.ndarray, held_labels: np.ndarray,
    settings: Settings, seed: int,
) -> list[float]:  # fmt: skip
    """Train epoch by epoch and stop "when accuracy on validation set drops"; the weights before the drop stay.

    Args:
        images, held: ``uint8 [N, S, S]``, trained on and validated on.

    Returns:
        Validation accuracy before training and after each epoch.
    """
    recipe = settings.df_recipe()
    epoch = len(images) // min(recipe.batch_size, len(images))
    course = Course(network, images, labels, recipe, epoch * settings.df_epochs, seed)
    accuracies = [float((course.answers(held) == held_labels).mean())]
    best = course.state()
    for _ in range(settings.df_epochs):
        course.advance(epoch)
        accuracies.append(float((course.answers(held) == held_labels).mean()))
        if accuracies[-1] < accuracies[-2]:
            course.restore(best, course.done - epoch)
            break
        best = course.state()
    return accuracies


def deep_features(network: Vgg, images: np.ndarray, pixels: str) -> np.ndarray:
    """Activations of the last hidden dense layer, ``float32 [N, 4096]`` at full width."""
    return outputs(up_to(network, "fc2_relu"), images, pixels)


def normalise(features: list[np.ndarray]) -> np.ndarray:
    """Join the networks' features and bring each picture's to length 1 ("L2-norm"), ``float32 [N, D]``."""
    joined = np.concatenate(features, axis=1)
    return joined / np.maximum(np.linalg.norm(joined, axis=1, keepdims=True), 1e-12)


@one_core
def deep_feature_svm(
    *, images: np.ndarray, labels: np.ndarray, held: np.ndarray, held_labels: np.ndarray, scored: np.ndarray,
    settings: Settings, n_classes: int, seed: int, weights: dict[str, Path],
) -> dict[str, Any]:  # fmt: skip
    """All of DF-SVM, as a unit.

    Args:
        images: ``uint8 [N, S, S]`` to train on; ``held`` to stop by; ``scored`` to answer.
        weights: files for some of :data:`TRIO`.

    Returns:
        ``predicted`` ``uint8 [M]``; for each network ``NAME accuracies`` of its fine-tuning.
    """
    images, held, scored = (resize(each, settings.df_side) for each in (images, held, scored))
    seen, asked, found = [], [], {}
    for name in TRIO:
        network = build(name, settings, n_classes, seed, weights.get(name))
        if name in TRIO[:2]:
            found[f"{name} accuracies"] = fine_tune(network, images, labels, held, held_labels, settings, seed)
        seen.append(deep_features(network, images, settings.pixels))
        asked.append(deep_features(network, scored, settings.pixels))
    # "Default parameters" of a linear SVM in scikit-learn: squared hinge, C 1, one against the rest.
    svm = LinearSVC(random_state=seed).fit(normalise(seen), labels)
    return {"predicted": svm.predict(normalise(asked)).astype(np.uint8), **found}
