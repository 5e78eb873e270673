"""The network's size, where training begins, the weights, and the same features from both Keras backends."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from fer_utils import data
from fer_utils.errors import FerError
from fer_utils.files import sha256_file
from fer_utils.papers.mobilenet_jaffe import frozen, model
from fer_utils.papers.mobilenet_jaffe.architecture import backbone_parameters, head_parameters
from fer_utils.papers.mobilenet_jaffe.settings import TRAINABLE
from fer_utils.preprocess import normalise, resize, to_rgb

SIZE = 64
WEIGHTS = Path(str(resources.files("fer_utils") / "weights" / "mobilenetv2"))


def size_of(variables: list[Any]) -> int:
    return sum(int(np.prod(variable.shape)) for variable in variables)


def pictures(number: int) -> np.ndarray:
    """Random raw pixels, ``float32 [number, 64, 64, 3]``."""
    return np.random.default_rng(7).integers(0, 256, (number, SIZE, SIZE, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def shipped() -> Any:
    return model.backbone(SIZE, "shipped")


@pytest.fixture(scope="module")
def untrained() -> Any:
    return model.backbone(SIZE, "none")


# -- size ------------------------------------------------------------------------------------------


def test_parameters_of_the_whole_network(shipped: Any) -> None:
    assert shipped.count_params() == 2_257_984
    assert shipped.input_shape == (None, SIZE, SIZE, 3) and shipped.output_shape == (None, model.FEATURES)
    network = model.classifier(shipped, 7)
    assert network.count_params() == 2_266_951
    assert network.get_layer("head").count_params() == 8_967 == 1_280 * 7 + 7
    assert network.output_shape == (None, 7)
    # What the notebook prints, counted without Keras.
    assert backbone_parameters() == shipped.count_params() and head_parameters(7) == 8_967


def block(inputs: int, expanded: int, outputs: int) -> int:
    """What gradients change in an inverted residual: three convolutions, two numbers a channel for each one's norm."""
    return inputs * expanded + 2 * expanded + 9 * expanded + 2 * expanded + expanded * outputs + 2 * outputs


@pytest.mark.parametrize(
    ("trainable", "body"),
    [
        ("head", 0),
        # block 16 (160 -> 960 -> 320) and the last convolution (320 -> 1280) with its norm
        ("last_block", block(160, 960, 320) + 320 * 1_280 + 2 * 1_280),
        # all but the moving means and variances of the 52 norms
        ("all", 2_223_872),
    ],
)
def test_what_is_trained(untrained: Any, trainable: str, body: int) -> None:
    trunk, tail = model.trunk_and_tail(untrained, 7, trainable, seed=0)
    assert size_of(tail.trainable_weights) == body + 8_967
    frozen = trunk.count_params() if trunk is not None else 0
    assert frozen + tail.count_params() == 2_266_951
    assert tail.output_shape == (None, 7)


def test_the_trunks_end_where_they_should(untrained: Any) -> None:
    head_trunk, _ = model.trunk_and_tail(untrained, 7, "head", seed=0)
    assert head_trunk.output_shape == (None, 1_280) and head_trunk is untrained
    block_trunk, block_tail = model.trunk_and_tail(untrained, 7, "last_block", seed=0)
    assert block_trunk.layers[-1].name == "block_15_add"
    assert block_trunk.output_shape == (None, SIZE // 32, SIZE // 32, 160) == block_tail.input_shape
    assert model.trunk_and_tail(untrained, 7, "all", seed=0)[0] is None


@pytest.mark.parametrize("trainable", TRAINABLE)
def test_trunk_and_tail_make_the_whole_network(shipped: Any, trainable: str) -> None:
    """Measured: the same to the last bit; another processor may round otherwise."""
    trunk, tail = model.trunk_and_tail(shipped, 7, trainable, seed=3)
    network = model.classifier(shipped, 7)
    network.get_layer("head").set_weights(tail.get_layer("head").get_weights())
    images = pictures(3)
    parts = model.run_frozen(tail, images if trunk is None else model.run_frozen(trunk, images))
    whole = model.run_frozen(network, images)
    assert parts.dtype == np.float32 and parts.shape == (3, 7)
    np.testing.assert_allclose(parts, whole, atol=1e-6)
    np.testing.assert_allclose(parts.sum(axis=1), 1, atol=1e-5)
    assert np.abs(whole[0] - whole[1]).max() > 1e-4


def test_the_head_starts_from_its_seed(untrained: Any) -> None:
    def start(seed: int) -> np.ndarray:
        return np.asarray(model.trunk_and_tail(untrained, 7, "head", seed)[1].get_layer("head").get_weights()[0])

    np.testing.assert_array_equal(start(1), start(1))
    assert not np.array_equal(start(1), start(2))


# -- weights ---------------------------------------------------------------------------------------


def test_the_shipped_file_is_the_one_that_its_page_describes() -> None:
    page = (WEIGHTS / "README.md").read_text(encoding="utf-8")
    stated = re.search(r"\b[0-9a-f]{64}\b", page)
    assert stated, "README.md of the weights states no SHA-256"
    assert stated.group() == sha256_file(WEIGHTS / model.SHIPPED)


def test_the_shipped_file_is_small() -> None:
    assert (WEIGHTS / model.SHIPPED).stat().st_size <= 5_000_000


def test_shipped_weights_are_trained_ones(shipped: Any, untrained: Any) -> None:
    images = pictures(2) / 127.5 - 1
    learnt, noise = model.run_frozen(shipped, images), model.run_frozen(untrained, images)
    assert np.isfinite(learnt).all() and learnt.min() >= 0 and learnt.max() <= 6  # means of a ReLU6
    # A random network hardly tells two pictures apart; a trained one does.
    assert np.abs(learnt[0] - learnt[1]).max() > 10 * np.abs(noise[0] - noise[1]).max()
    assert shipped.get_layer("bn_Conv1").get_weights()[2].any(), "moving means of a trained net are not zero"


def test_raw_pixels_leave_the_first_layer_little_but_on_and_off(shipped: Any) -> None:
    """Why the paper's words and its number do not go together: ReLU6 cuts off what 0 to 255 makes of the first layer.

    Measured on London photographs of 160 pixels: 43 % at 6 and 52 % at 0 from raw pixels, 0.2 % and 37 % from -1 to 1.
    """
    pictures = to_rgb(resize(data.load("london").images[:4], SIZE))
    first = model.keras.Model(shipped.input, shipped.get_layer("Conv1_relu").output)
    raw, own = (model.run_frozen(first, normalise(pictures, mode)) for mode in ("raw", "-1..1"))
    shades = [((found > 0) & (found < 6)).mean() for found in (raw, own)]
    assert (raw >= 6).mean() > 0.3 and (own >= 6).mean() < 0.02
    assert shades[0] < 0.1 and shades[1] > 0.5


def test_a_path_of_the_same_weights_gives_the_same_features(shipped: Any) -> None:
    again = model.backbone(SIZE, str(WEIGHTS / model.SHIPPED))
    for given, expected in zip(again.get_weights(), shipped.get_weights(), strict=True):
        np.testing.assert_array_equal(given, expected)


def another_size(path: Path) -> None:
    """The shipped file with one kernel of half as many channels."""
    shutil.copy(WEIGHTS / model.SHIPPED, path)
    with h5py.File(path, "r+") as file:
        kernel = file["layers/conv2d/vars/0"][...]
        del file["layers/conv2d/vars/0"]
        file["layers/conv2d/vars/0"] = kernel[..., ::2]


def another_net(path: Path) -> None:
    keras = model.keras
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).save_weights(path)


@pytest.fixture(scope="module")
def scratch() -> Any:
    return model.backbone(SIZE, "none")


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize(
    ("name", "write", "words"),
    [
        ("nowhere.weights.h5", None, "is no file that ends in .weights.h5"),
        ("weights.h5", Path.touch, "is no file that ends in .weights.h5"),
        ("folder.weights.h5", Path.mkdir, "is no file that ends in .weights.h5"),
        ("empty.weights.h5", Path.touch, "does not hold MobileNetV2"),
        ("text.weights.h5", lambda path: path.write_text("no HDF5"), "does not hold MobileNetV2"),
        ("half.weights.h5", lambda path: path.write_bytes((WEIGHTS / model.SHIPPED).read_bytes()[:2_000_000]),
         "does not hold MobileNetV2"),
        ("dense.weights.h5", another_net, "does not hold MobileNetV2"),
        ("narrow.weights.h5", another_size, "does not hold MobileNetV2"),
    ],
)  # fmt: skip
def test_weights_that_do_not_fit(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scratch: Any,
    name: str,
    write: Callable[[Path], Any] | None,
    words: str,
) -> None:
    # One network for all cases: building it takes longer than not loading it.
    monkeypatch.setattr(model.keras.applications, "MobileNetV2", lambda **_: scratch)
    path = tmp_path / name
    if write:
        write(path)
    with pytest.raises(FerError, match=re.escape(words)) as made:
        model.backbone(SIZE, path)
    assert str(path) in str(made.value) and "\n" not in str(made.value)


def test_a_mistyped_name_is_told_what_there_is() -> None:
    with pytest.raises(FerError, match="'shipped', 'imagenet', 'none'"):
        model.backbone(SIZE, "imagenett")


def test_imagenet_weights_without_internet(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_internet(*_: Any, **__: Any) -> None:
        raise OSError("name resolution failed")

    monkeypatch.setattr(model.keras.applications, "MobileNetV2", no_internet)
    with pytest.raises(FerError, match="weights='shipped'") as made:
        model.backbone(SIZE, "imagenet")
    assert "name resolution failed" in str(made.value)


# -- the frozen part -------------------------------------------------------------------------------


@pytest.mark.parametrize("trainable", ["head", "last_block"])
@pytest.mark.parametrize("total", [3, 37])
def test_the_frozen_part_gives_what_keras_gives(shipped: Any, trainable: str, total: int) -> None:
    """Activations lie between 0 and 6, or within 100; measured: at most 5e-5 apart."""
    images = pictures(total) / np.float32(127.5) - 1
    network = frozen.frozen(SIZE, "shipped", trainable)
    found = frozen.over(network, total, lambda rows: images[rows.start : rows.stop], "test")
    trunk, _ = model.trunk_and_tail(shipped, 1, trainable, seed=0)
    expected = model.run_frozen(trunk, images)
    assert found.shape == expected.shape and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=5e-4)
    assert np.ptp(expected, axis=0).max() > 1


def test_features_are_the_same_bits_however_many_threads_share_the_batches() -> None:
    images = pictures(70)
    network = frozen.frozen(SIZE, "shipped", "head")
    one, four = (copy.copy(network) for _ in range(2))
    one.threads, four.threads = 1, 4
    found = [frozen.over(each, 70, lambda rows: images[rows.start : rows.stop], "test") for each in (one, four)]
    np.testing.assert_array_equal(*found)


def test_another_file_under_the_same_name_is_another_network(tmp_path: Path, untrained: Any) -> None:
    path, images = tmp_path / "mine.weights.h5", pictures(2)
    shutil.copy(WEIGHTS / model.SHIPPED, path)
    network = frozen.frozen(SIZE, path, "head")
    assert frozen.frozen(SIZE, path, "head") is network
    untrained.save_weights(path)
    assert not np.allclose(frozen.frozen(SIZE, path, "head")(images), network(images), atol=0.1)


# -- backends --------------------------------------------------------------------------------------

SCRIPT = """
import sys
import numpy as np
from fer_utils.papers.mobilenet_jaffe import model
images = np.load(sys.argv[1])
backbone = model.backbone(images.shape[1], "shipped")
raw, sane = model.run_frozen(backbone, images), model.run_frozen(backbone, images / np.float32(127.5) - 1)
np.savez(sys.argv[2], raw=raw, sane=sane, backend=model.keras.backend.backend())
"""


def test_both_backends_give_the_same_features(tmp_path: Path, shipped: Any) -> None:
    """Features lie between 0 and 6; measured: at most 4e-5 apart. The other backend runs in its own process."""
    here = model.keras.backend.backend()
    other = {"tensorflow": "torch", "torch": "tensorflow"}[here]
    images = pictures(4)
    np.save(tmp_path / "images.npy", images)
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "images.npy"), str(tmp_path / "found.npz")]
    environment = {**os.environ, "KERAS_BACKEND": other, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(tmp_path / "found.npz") as found:
        assert str(found["backend"]) == other
        for name, pixels in (("raw", images), ("sane", images / np.float32(127.5) - 1)):
            features = model.run_frozen(shipped, pixels)
            assert features.shape == (4, 1_280) and features.max() > 0.5
            np.testing.assert_allclose(features, found[name], atol=5e-4, rtol=0)
