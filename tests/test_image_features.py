"""The feature space that ships with the package, and what is said where another cannot be had."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fer_utils import image_features
from fer_utils.errors import FerError, UsageError
from fer_utils.image_features import SPACES, embed
from fer_utils.image_quality import fid


def test_shipped_features_tell_noise_from_gradients() -> None:
    random = np.random.default_rng(0)
    ramp = np.linspace(0, 255, 64)[None, None, :, None] * random.uniform(0.5, 1, (8, 1, 1, 3))
    smooth = np.broadcast_to(ramp, (8, 64, 64, 3)).astype(np.uint8)
    noise = random.integers(0, 256, (8, 64, 64, 3)).astype(np.uint8)
    features = {name: embed(images, "mobilenet") for name, images in (("smooth", smooth), ("noise", noise))}
    assert features["smooth"].shape == (8, 1280) and features["smooth"].dtype == np.float32
    assert fid(features["smooth"], features["noise"]) > 5 * fid(features["smooth"][:4], features["smooth"][4:])
    assert np.array_equal(embed(smooth, "mobilenet"), features["smooth"])


def test_grey_pictures_are_taken_too() -> None:
    grey = np.random.default_rng(1).integers(0, 256, (2, 20, 20)).astype(np.uint8)
    assert np.allclose(embed(grey, "mobilenet"), embed(np.repeat(grey[..., None], 3, axis=3), "mobilenet"), atol=1e-5)


def test_every_space_says_whose_features_it_holds() -> None:
    assert set(SPACES) == set(image_features.SIDES)
    assert "not Inception" in SPACES["mobilenet"]


def test_an_unknown_space() -> None:
    with pytest.raises(UsageError, match="Did you mean 'inception'"):
        embed(np.zeros((2, 8, 8), np.uint8), "inceptoin")


def test_weights_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(**arguments: Any) -> None:
        raise OSError("no route to host")

    keras = image_features.import_keras("torch")
    monkeypatch.setattr(keras.applications, "InceptionV3", unreachable)
    with pytest.raises(FerError, match=r"no route to host.*'mobilenet'"):
        embed(np.zeros((2, 8, 8), np.uint8), "inception")
