"""Features of trained and untrained discriminators, and the controls."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fer_utils.errors import UsageError
from fer_utils.gans.networks import Discriminator
from fer_utils.gans.settings import GanSettings
from fer_utils.papers.dcgan_svm import features as views
from fer_utils.papers.dcgan_svm.protocol import extract, extract_control, train_gan
from fer_utils.papers.dcgan_svm.settings import Settings
from tests.papers.dcgan_svm.conftest import SETTINGS

GAN = GanSettings(ndf=4)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (10, 64, 64, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def network(images: np.ndarray) -> Discriminator:
    return views.untrained(GAN, 0, images)


def test_8192_features_after_the_fourth_rectifier() -> None:
    network = Discriminator(Settings().gan).eval()
    for feature in ("after", "before"):
        assert views.discriminator_features(network, np.zeros((1, 64, 64, 3), np.uint8), feature).shape == (1, 8_192)


def test_after_is_the_rectified_before(network: Discriminator, images: np.ndarray) -> None:
    before, after = (views.discriminator_features(network, images, feature) for feature in ("before", "after"))
    assert before.dtype == np.float32 and before.shape == (10, 32 * 16) and (before < 0).any()
    assert np.allclose(after, np.where(before > 0, before, 0.2 * before))
    # The last unit's input is exactly this.
    logits = network(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1)
    assert np.allclose(after @ network.decide.weight.detach().numpy()[0], logits.detach().numpy(), atol=1e-5)


def test_pooled_joins_every_layer(network: Discriminator, images: np.ndarray) -> None:
    pooled = views.discriminator_features(network, images, "pooled")
    assert pooled.shape == (10, (4 + 8 + 16 + 32) * 16)
    layers = network.layers(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1)
    first = F.max_pool2d(F.leaky_relu(layers[0], 0.2), 8).flatten(1).detach().numpy()
    assert np.allclose(pooled[:, : first.shape[1]], first, atol=1e-6)
    assert np.allclose(pooled[:, -32 * 16 :], views.discriminator_features(network, images, "after"), atol=1e-6)


def test_features_do_not_depend_on_the_batch(network: Discriminator, images: np.ndarray) -> None:
    together = views.discriminator_features(network, images, "after")
    alone = np.concatenate([views.discriminator_features(network, images[[row]], "after") for row in range(10)])
    assert np.allclose(together, alone, atol=1e-5)


def test_statistics_are_those_of_the_pictures(images: np.ndarray) -> None:
    network = views.untrained(GAN, 0, images)
    before = views.discriminator_features(network, images, "before").reshape(10, 32, 16)
    gains, offsets = (part.detach().numpy() for part in (network.norms[3].weight, network.norms[3].bias))
    assert np.allclose(before.mean(axis=(0, 2)), offsets, atol=2e-3)
    # Running variances are unbiased: 160 values a map.
    assert np.allclose(before.std(axis=(0, 2)), gains * np.sqrt(159 / 160), rtol=0.02)


def test_a_stored_discriminator_gives_the_same_features(images: np.ndarray) -> None:
    call = {"images": images, "gan": SETTINGS.gan, "start": None, "seed": 0, "generated": 4}
    stored = train_gan(**call)
    assert stored["pictures"].shape == (4, 64, 64, 3) and stored["history"].shape == (1, 4)
    weights = {
        name.removeprefix("discriminator/"): value
        for name, value in stored.items()
        if name.startswith("discriminator/")
    }
    described = {"images": images, "gan": SETTINGS.gan, "feature": "after"}
    given = extract(weights=weights, seen=None, **described)["features"]
    again = train_gan(**call)
    assert all(np.array_equal(stored[name], again[name]) for name in stored)
    control = {"control": views.UNTRAINED, "seed": 0, **described}
    fresh, other = (extract_control(**control, seen=seen)["features"] for seen in (images, images[:5]))
    assert given.shape == fresh.shape == (10, 512) and not np.allclose(given, fresh)
    # Its batch-norm statistics are those of the pictures it was shown, and no other's; a trained one's too.
    assert not np.allclose(fresh, other)
    assert not np.allclose(given, extract(weights=weights, seen=images[:5], **described)["features"])
    assert np.allclose(
        other, views.discriminator_features(views.untrained(SETTINGS.gan, 0, images[:5]), images, "after")
    )


def test_a_gan_that_goes_on_starts_from_what_it_is_given(images: np.ndarray) -> None:
    call = {"images": images, "seed": 0, "generated": 4}
    first = train_gan(gan=SETTINGS.gan, start=None, **call)
    weights = {name: value for name, value in first.items() if "/" in name}
    # At no rate to speak of nothing moves.
    still = train_gan(gan=SETTINGS.gan.but(learning_rate=1e-12, steps=1), start=weights, **call)
    for name in ("discriminator/convolutions.0.weight", "generator/project.weight"):
        assert np.allclose(still[name], weights[name], atol=1e-9)


def test_controls(images: np.ndarray) -> None:
    pixels = views.control_features("pixels", images, 0, 0)
    assert pixels.shape == (10, 12_288) and pixels.min() == -1 and pixels.max() == 1
    # 7 x 7 blocks of 2 x 2 cells of 9 directions.
    assert views.control_features("HOG", images, 0, 0).shape == (10, 7 * 7 * 4 * 9)
    projected = views.control_features("random projection", images, 2_000, 0)
    apart = [np.linalg.norm(values[:, None] - values[None], axis=2)[0, 1:] for values in (pixels, projected)]
    # Johnson & Lindenstrauss: distances survive.
    assert np.allclose(*apart, rtol=0.1)
    assert np.array_equal(projected, views.control_features("random projection", images, 2_000, 0))


def test_an_unknown_control(images: np.ndarray) -> None:
    with pytest.raises(UsageError, match="Did you mean 'pixels'"):
        views.control_features("pixel", images, 0, 0)
