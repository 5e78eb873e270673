"""Parameter counts, what is frozen, what is drawn anew, and that Keras' weights give Keras' answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from fer_utils.devices import import_keras
from fer_utils.errors import FerError, UsageError
from fer_utils.papers.gan_augmentation import imagenet, networks, resnet, vgg
from fer_utils.papers.gan_augmentation.deep_svm import build
from fer_utils.papers.gan_augmentation.settings import KERAS_BACKEND, Settings
from tests.papers.gan_augmentation.conftest import SETTINGS


def count(network: nn.Module) -> int:
    return sum(each.numel() for each in network.parameters())


@pytest.mark.parametrize(
    ("name", "expected"), [("VGG-13", 128_979_527), ("VGG-16", 134_289_223), ("VGG-19", 139_598_919)]
)
def test_parameters_with_seven_outputs(name: str, expected: int) -> None:
    # A meta tensor has a shape and costs nothing.
    with torch.device("meta"):
        network = vgg.vgg(name, 224, 7)
        assert network(torch.zeros(2, 3, 224, 224)).shape == (2, 7)
    assert count(network) == expected
    assert len(vgg.convolutions(network)) + 3 == int(name[-2:])


def test_resnet_50() -> None:
    with torch.device("meta"):
        network = resnet.resnet50(7)
        assert network(torch.zeros(2, 3, 48, 48)).shape == (2, 7)
    # Keras counts the running means and variances of its 53 batch norms too: 23,602,055 of which 53,120 do not learn.
    assert count(network) + 53_120 == 23_587_712 + 2_048 * 7 + 7 == 23_602_055


def test_the_small_residual_network_by_hand() -> None:
    def normed(before: int, after: int, kernel: int) -> int:
        return kernel**2 * before * after + 2 * after

    expected = normed(1, 16, 3) + normed(16, 32, 3) + 2 * normed(32, 32, 3) + normed(32, 64, 3) + 2 * normed(64, 64, 3)
    expected += normed(64, 128, 3) + 128 * 7 + 7
    network = resnet.small_resnet(1, 7, 32)
    assert count(network) == expected == 190_839
    assert network(torch.zeros(2, 1, 16, 16)).shape == network(torch.zeros(2, 1, 48, 48)).shape == (2, 7)


@pytest.mark.parametrize(("name", "side"), [("VGG16", 64), ("VGG19", 64), ("ResNet50", 64)])
def test_keras_weights_give_keras_answers(name: str, side: int) -> None:
    keras = import_keras(KERAS_BACKEND)
    whole = name != "ResNet50"
    theirs = getattr(keras.applications, name)(
        weights=None, include_top=whole, input_shape=(side, side, 3), classes=7, pooling=None if whole else "avg"
    )
    # Running means of 0 and variances of 1 would hide which is which.
    random = np.random.default_rng(0)
    for layer in theirs.layers:
        if layer.name.endswith("_bn"):
            layer.set_weights([each + random.uniform(0.0, 0.2, each.shape) for each in layer.get_weights()])
    ours: nn.Module = vgg.vgg(f"VGG-{name[-2:]}", side, 7) if whole else resnet.resnet50(7)
    copied = imagenet.copy_same(theirs, ours)
    with_weights = [layer.name for layer in theirs.layers if layer.weights]
    assert sorted(copied) == sorted(with_weights)
    if not whole:
        ours.predictions = nn.Identity()
    pictures = random.normal(0, 50, (2, side, side, 3)).astype(np.float32)
    expected = np.asarray(theirs.predict_on_batch(pictures))
    with torch.no_grad():
        given = ours.eval()(torch.from_numpy(pictures.transpose(0, 3, 1, 2)))
    given = given.softmax(dim=1) if whole else given
    np.testing.assert_allclose(given.numpy(), expected, rtol=1e-3, atol=1e-5)


def test_vgg_13_takes_the_first_two_convolutions_of_each_block() -> None:
    keras = import_keras(KERAS_BACKEND)
    sixteen = keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    thirteen = vgg.vgg("VGG-13", 32, 7)
    copied = imagenet.copy_same(sixteen, thirteen)
    assert set(copied) == set(vgg.convolutions(thirteen))
    kernel = sixteen.get_layer("block5_conv2").get_weights()[0]
    np.testing.assert_array_equal(thirteen.block5_conv2.weight.detach().numpy(), kernel.transpose(3, 2, 0, 1))


@pytest.mark.parametrize("batch_norm", [False, True])
def test_vgg_13_keeps_eight_convolutions(batch_norm: bool) -> None:
    network = vgg.vgg("VGG-13", 32, 7, narrower=32, batch_norm=batch_norm)
    vgg.freeze(network, 8)
    learning = [name for name, layer in vgg.convolutions(network).items() if layer.weight.requires_grad]
    assert learning == ["block5_conv1", "block5_conv2"]
    frozen = {f"block{block}_conv{number}" for block in range(1, 5) for number in (1, 2)}
    learns = {name.partition(".")[0] for name, each in network.named_parameters() if each.requires_grad}
    assert not {name for name in learns if name.removesuffix("_norm") in frozen}
    assert {"fc1", "fc2", "predictions"} <= learns
    if batch_norm:
        before = {name: each.clone() for name, each in network.named_buffers()}
        network.train()(torch.rand(4, 3, 32, 32))
        moved = {name.partition("_norm")[0] for name, each in network.named_buffers() if (each != before[name]).any()}
        assert moved == {"block5_conv1", "block5_conv2"}


def test_what_is_frozen_stays_and_the_rest_is_drawn_anew() -> None:
    network = vgg.vgg("VGG-13", 32, 7, narrower=8)
    before = {name: layer.weight.clone() for name, layer in network.named_children() if hasattr(layer, "weight")}
    vgg.freeze(network, 8)
    vgg.renew(network, 3)
    for name in list(vgg.convolutions(network))[:8]:
        assert torch.equal(network.get_submodule(name).weight, before[name])
    for name in ("block5_conv1", "block5_conv2", "fc1", "fc2", "predictions"):
        layer = network.get_submodule(name)
        drawn = layer.weight.detach()
        assert not torch.equal(drawn, before[name]) and not layer.bias.any()
        assert abs(float(drawn.std()) - 0.1) < 0.01 and abs(float(drawn.mean())) < 0.01
    first, second = (network.get_submodule(name).weight.ravel()[:50] for name in ("fc1", "fc2"))
    assert not torch.equal(first, second)


def test_the_trio_before_tuning() -> None:
    learning = {
        name: [layer for layer in vgg.convolutions(build(name, SETTINGS, 7, 0, None)).values()
               if layer.weight.requires_grad]
        for name in ("VGG-13", "VGG-16", "VGG-19")
    }  # fmt: skip
    assert {name: len(layers) for name, layers in learning.items()} == {"VGG-13": 2, "VGG-16": 0, "VGG-19": 16}


def test_deep_features_are_what_the_last_layer_sees() -> None:
    network = vgg.vgg("VGG-13", 32, 7, narrower=32, dropout=0.5).eval()
    pictures = torch.rand(3, 3, 32, 32)
    features = vgg.up_to(network, "fc2_relu").eval()(pictures)
    torch.testing.assert_close(network.predictions(features), network(pictures))


def test_a_random_start_keeps_the_size_of_what_passes() -> None:
    network = networks.build("VGG-16", Settings(init="random", narrower=4), 7, None)
    pictures = torch.randn(8, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        given = network(pictures)
    assert 0.1 < float(given.std()) < 10


def test_weights_that_cannot_be_fetched_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError("no way out")

    keras = import_keras(KERAS_BACKEND)
    monkeypatch.setattr(keras.applications, "VGG16", refuse)
    with pytest.raises(FerError, match=r"VGG16's ImageNet weights \(no way out\).*init='random'"):
        imagenet.start_from_imagenet(vgg.vgg("VGG-13", 32, 7, narrower=32), "VGG-13", 32)


def test_weights_from_a_file(tmp_path: Path) -> None:
    settings = SETTINGS.but(resnet_width=8)
    torch.manual_seed(1)
    trained = networks.build("ResNet-50", settings, 7, None)
    path = tmp_path / "mine.safetensors"
    save_file(trained.state_dict(), path)
    again = networks.build("ResNet-50", settings, 7, path)
    assert all(torch.equal(each, again.state_dict()[name]) for name, each in trained.state_dict().items())
    with pytest.raises(FerError, match=r"weights of VGG-16: .*mine.safetensors is of another network"):
        networks.build("VGG-16", settings, 7, path)
    path.write_bytes(b"no weights")
    with pytest.raises(FerError, match="cannot be read as safetensors"):
        networks.build("ResNet-50", settings, 7, path)


def test_an_unknown_vgg() -> None:
    with pytest.raises(UsageError, match="VGG-13, VGG-16, VGG-19"):
        vgg.vgg("VGG-11", 32, 7)
