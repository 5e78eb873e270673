"""Section IV-C: Grad-CAM, where in the picture a network looks (Selvaraju et al. 2017)."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pandas as pd

from fer_utils.papers.landmark_ensemble import model
from fer_utils.papers.landmark_ensemble.model import keras
from fer_utils.papers.landmark_ensemble.points import PART_POINTS
from fer_utils.papers.landmark_ensemble.settings import MEMBERS, PARTS, Settings


def cam(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Equations 5 and 6: weight each map by its mean gradient, add, keep what is positive.

    Args:
        activations: ``A``, ``float [..., h, w, k]``, of the last convolution.
        gradients: of the class score *before* the softmax with respect to ``A``, the same shape.

    Returns:
        ``float [..., h, w]``, zero or more.
    """
    importance = gradients.mean(axis=(-3, -2), keepdims=True)
    return np.maximum((importance * activations).sum(axis=-1), 0)


def union(maps: np.ndarray) -> np.ndarray:
    """The union of five heatmaps (Section IV-C): each scaled to 1, then the largest; ``[n, 5, h, w] -> [n, h, w]``."""
    return scaled(maps).max(axis=1)


def scaled(maps: np.ndarray) -> np.ndarray:
    """Each map ``[..., h, w]`` divided by its largest value; a map of zeros stays one."""
    largest = maps.max(axis=(-2, -1), keepdims=True)
    return np.divide(maps, largest, out=np.zeros_like(maps), where=largest > 0)


def enlarged(maps: np.ndarray, size: int) -> np.ndarray:
    """Maps ``[n, h, w]`` at the size of the picture, ``[n, size, size]``, bilinear."""
    return np.stack([cv2.resize(one, (size, size), interpolation=cv2.INTER_LINEAR) for one in maps])


def maps_of(trained: dict[str, np.ndarray], crops: np.ndarray, classes: np.ndarray, settings: Settings) -> np.ndarray:
    """Grad-CAM of the five networks that a training unit left behind.

    Args:
        trained: from :func:`fer_utils.papers.landmark_ensemble.protocol.train`.
        crops: ``uint8 [n, S, S]``.
        classes: ``int64 [n]``, the class to be explained for each.
        settings: those that the networks were trained with.

    Returns:
        ``float32 [n, 5, h, w]`` at the size of the last convolution (20 x 20 for 160 pixels).
    """
    body, top = rebuild(trained, len(trained[_last(trained, "top")][0]), settings)
    pictures = np.repeat(crops[..., None].astype(np.float32) / 127.5 - 1, model.CHANNELS * MEMBERS, axis=-1)
    activations, gradients = activations_and_gradients(body, top, pictures, classes)
    shape = (*activations.shape[:3], MEMBERS, -1)
    parted = (np.moveaxis(array.reshape(shape), 3, 1) for array in (activations, gradients))
    return cam(*parted).astype(np.float32)


def focus(maps: np.ndarray, points: np.ndarray, image_size: int) -> pd.DataFrame:
    """How much of each EL network's heatmap lies on its own part of the face.

    Args:
        maps: ``float [n, 5, h, w]``, EL's, in the order of ``PARTS``.
        points: ``float [n, 68, 2]``, landmarks in pixels.
        image_size: the picture's side in pixels.

    Returns:
        A row a part: ``part``, ``heat within %`` (mean over the pictures with any heat), ``area within %``:
        what a flat map would have there.
    """
    rows = []
    for number, part in enumerate(PARTS):
        heat, area = [], []
        for picture, own in zip(maps[:, number], points[:, PART_POINTS[part]], strict=True):
            inside = np.zeros((image_size, image_size), bool)
            left, top = np.clip(np.floor(own.min(axis=0)).astype(int), 0, image_size - 1)
            right, bottom = np.clip(np.ceil(own.max(axis=0)).astype(int), 0, image_size - 1)
            inside[top : bottom + 1, left : right + 1] = True
            large = enlarged(picture[None], image_size)[0]
            area.append(inside.mean())
            if large.sum() > 0:
                heat.append(large[inside].sum() / large.sum())
        within = 100 * float(np.mean(heat)) if heat else np.nan
        rows.append({"part": part, "heat within %": within, "area within %": 100 * float(np.mean(area))})
    return pd.DataFrame(rows)


def rebuild(trained: dict[str, np.ndarray], n_classes: int, settings: Settings) -> tuple[Any, Any]:
    """The first task's five networks as one stack: extractor and classification heads."""
    body = model.extractor(settings.image_size, settings.filters, MEMBERS, settings.batch_norm)
    widths = (settings.hidden, settings.hidden, n_classes)
    top = model.head(settings.filters[-1], widths, MEMBERS, settings.head_activation)
    body.set_weights([np.concatenate(list(trained[f"body_{i}"]), axis=-1) for i in range(len(body.weights))])
    top.set_weights([trained[f"top_{i}"] for i in range(len(top.weights))])
    return body, top


def _last(trained: dict[str, np.ndarray], name: str) -> str:
    return f"{name}_{sum(key.startswith(f'{name}_') for key in trained) - 1}"


def activations_and_gradients(
    body: Any, top: Any, pictures: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The last convolution's maps, and the gradients of every network's score of the class, before the softmax.

    Args:
        body, top: a stack's extractor and classification heads.
        pictures: ``float32 [n, S, S, 3G]``.
        classes: ``int64 [n]``.

    Returns:
        Two ``float32 [n, h, w, G*k]``.
    """
    end = body.get_layer(model.LAST_CONVOLUTION)
    inputs = outputs = keras.Input(end.output.shape[1:])
    for layer in body.layers[body.layers.index(end) + 1 :]:
        outputs = layer(outputs)
    tail = keras.Model(inputs, top(outputs))
    activations = keras.Model(body.input, end.output).predict(pictures, verbose=0)
    wanted = keras.ops.one_hot(keras.ops.convert_to_tensor(classes.astype(np.int32)), top.output.shape[-1])
    # A network's score depends on its own maps alone, so the gradient of the sum is the gradient of each.
    gradients = gradient(lambda maps: keras.ops.sum(tail(maps, training=False) * wanted[:, None]), activations)
    return np.asarray(activations, np.float32), gradients


def gradient(function: Callable[[Any], Any], at: np.ndarray) -> np.ndarray:
    """Gradient of a scalar function of keras.ops at ``at``, on either backend, as ``float32`` NumPy."""
    point = keras.ops.convert_to_tensor(at)
    if keras.backend.backend() == "tensorflow":
        with importlib.import_module("tensorflow").GradientTape() as tape:
            tape.watch(point)
            value = function(point)
        return np.asarray(tape.gradient(value, point), np.float32)
    point = point.detach().requires_grad_()
    (result,) = importlib.import_module("torch").autograd.grad(function(point), point)
    return result.cpu().numpy().astype(np.float32)
