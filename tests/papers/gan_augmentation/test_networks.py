"""Parameter counts, what is frozen, what is drawn anew, and that names fit Keras' own networks."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.errors import FerError, UsageError
from fer_utils.papers.gan_augmentation import resnet, vgg
from fer_utils.papers.gan_augmentation.deep_svm import build
from tests.papers.gan_augmentation.conftest import SETTINGS

keras = vgg.keras


@pytest.mark.parametrize(("name", "count"), [("VGG-13", 128_979_527), ("VGG-16", 134_289_223), ("VGG-19", 139_598_919)])
def test_parameters_with_seven_outputs(name: str, count: int) -> None:
    # Zeros cost no time to draw.
    network = vgg.vgg(name, 224, 7, start="zeros")
    assert network.count_params() == count
    assert len(vgg.convolutions(network)) + 3 == int(name[-2:])


@pytest.mark.parametrize("name", ["VGG-16", "VGG-19"])
def test_convolutions_are_those_of_keras(name: str) -> None:
    application = {"VGG-16": keras.applications.VGG16, "VGG-19": keras.applications.VGG19}[name]
    theirs = application(weights=None, include_top=False, input_shape=(32, 32, 3))
    ours = vgg.vgg(name, 32, 7, start="zeros")
    assert len(vgg.copy_same(theirs, ours)) == len(vgg.convolutions(theirs)) == len(vgg.convolutions(ours))
    pictures = np.random.default_rng(0).normal(0, 50, (2, 32, 32, 3)).astype(np.float32)
    body = keras.Model(ours.input, ours.get_layer("block5_pool").output)
    given, expected = (np.asarray(net.predict_on_batch(pictures)) for net in (body, theirs))
    np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-4)


def test_vgg_13_takes_the_first_two_convolutions_of_each_block() -> None:
    sixteen, thirteen = (vgg.vgg(name, 32, 7, narrower=32) for name in ("VGG-16", "VGG-13"))
    copied = vgg.copy_same(sixteen, thirteen)
    assert {name for name in copied if "conv" in name} == {layer.name for layer in vgg.convolutions(thirteen)}
    assert not [name for name in copied if name.endswith("conv3")]


@pytest.mark.parametrize("batch_norm", [False, True])
def test_vgg_13_keeps_eight_convolutions(batch_norm: bool) -> None:
    network = vgg.vgg("VGG-13", 32, 7, narrower=32, batch_norm=batch_norm)
    vgg.freeze(network, 8)
    learning = [layer.name for layer in vgg.convolutions(network) if layer.trainable]
    assert learning == ["block5_conv1", "block5_conv2"]
    frozen = {f"block{block}_conv{number}" for block in range(1, 5) for number in (1, 2)}
    learns = {weight.path.split("/")[0] for weight in network.trainable_weights}
    assert not {name for name in learns if name.removesuffix("_norm") in frozen}
    assert {"fc1", "fc2", "predictions"} <= learns


def test_what_is_frozen_stays_and_the_rest_is_drawn_anew() -> None:
    network = vgg.vgg("VGG-13", 32, 7, narrower=8)
    before = {layer.name: layer.get_weights() for layer in network.layers}
    vgg.freeze(network, 8)
    vgg.renew(network, 3)
    for layer in vgg.convolutions(network)[:8]:
        assert np.array_equal(layer.get_weights()[0], before[layer.name][0])
    for name in ("block5_conv1", "block5_conv2", "fc1", "fc2", "predictions"):
        kernel, bias = network.get_layer(name).get_weights()
        assert not np.array_equal(kernel, before[name][0]) and not bias.any()
        assert abs(kernel.std() - 0.1) < 0.01 and abs(kernel.mean()) < 0.01
    first, second = (network.get_layer(name).get_weights()[0].ravel()[:50] for name in ("fc1", "fc2"))
    assert not np.array_equal(first, second)


def test_the_trio_before_tuning() -> None:
    learning = {
        name: [layer.name for layer in vgg.convolutions(build(name, SETTINGS, 7, 0, None)) if layer.trainable]
        for name in ("VGG-13", "VGG-16", "VGG-19")
    }
    assert len(learning["VGG-13"]) == 2 and learning["VGG-16"] == [] and len(learning["VGG-19"]) == 16


def test_resnet_50() -> None:
    network = resnet.resnet50(48, 7, None)
    # Keras' body of 23,587,712 and a dense layer from 2,048 to seven.
    assert network.count_params() == 23_587_712 + 2_048 * 7 + 7 == 23_602_055
    assert network.output_shape == (None, 7)


def test_a_reduced_resnet_is_made_of_bottlenecks() -> None:
    network = resnet.reduced_resnet(32, 7, 4, (1, 2))

    # Stem, and by hand: two projections and three bottlenecks; batch norm has four numbers a map.
    def normed(before: int, after: int, kernel: int) -> int:
        return kernel**2 * before * after + 4 * after

    expected = normed(3, 4, 3)
    expected += normed(4, 4, 1) + normed(4, 4, 3) + normed(4, 16, 1) + normed(4, 16, 1)
    expected += normed(16, 8, 1) + normed(8, 8, 3) + normed(8, 32, 1) + normed(16, 32, 1)
    expected += normed(32, 8, 1) + normed(8, 8, 3) + normed(8, 32, 1)
    assert network.count_params() == expected + 32 * 7 + 7


def test_weights_that_cannot_be_fetched_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError("no way out")

    monkeypatch.setattr(keras.applications, "ResNet50", refuse)
    monkeypatch.setattr(keras.applications, "VGG16", refuse)
    with pytest.raises(FerError, match=r"ResNet50's ImageNet weights \(no way out\).*init='random'"):
        resnet.resnet50(48, 7, "imagenet")
    with pytest.raises(FerError, match="VGG16's ImageNet weights"):
        vgg.start_from_imagenet(vgg.vgg("VGG-13", 32, 7, narrower=32))


def test_an_unknown_vgg() -> None:
    with pytest.raises(UsageError, match="VGG-13, VGG-16, VGG-19"):
        vgg.vgg("VGG-11", 32, 7)
