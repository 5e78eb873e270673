"""dlib's network in torch against dlib itself, and VGG-Face's file format against a made-up file."""

from __future__ import annotations

from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest
import scipy.io
import torch
from skimage import data

from fer_utils.errors import FerError, UsageError
from fer_utils.papers.clifer.identity import (
    VGG_BLOCKS,
    DlibFace,
    VggFace,
    dlib_weights,
    load_identity,
)
from fer_utils.papers.clifer.imagination import identity_loss


@pytest.fixture(scope="module")
def network() -> DlibFace:
    return load_identity("dlib")


def as_input(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)


def test_the_descriptor_is_dlib_s(network: DlibFace) -> None:
    """At most 4e-7 apart when this was written."""
    face = cv2.resize(data.astronaut()[0:240, 110:350], (150, 150))
    noise = np.random.default_rng(0).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    images = np.stack([face, noise])
    theirs = dlib.face_recognition_model_v1(str(dlib_weights()))
    expected = np.array([theirs.compute_face_descriptor(np.ascontiguousarray(image)) for image in images])
    np.testing.assert_allclose(network.descriptor(as_input(images)).numpy(), expected, atol=1e-5)


def test_the_loss_is_zero_for_the_same_picture_and_flows_back(network: DlibFace) -> None:
    small = load_identity("dlib", 64)
    images = torch.rand(2, 3, 32, 32) * 2 - 1
    made = images.clone().requires_grad_()
    assert identity_loss(small, images, made).item() == 0
    other = (images + 0.3 * torch.rand_like(images)).requires_grad_()
    loss = identity_loss(small, images, other)
    loss.backward()
    assert loss.item() > 0 and other.grad.abs().max() > 0
    assert len(small(images)) == 5 and not any(weight.requires_grad for weight in small.parameters())


def test_what_is_asked_for_wrongly(tmp_path: Path) -> None:
    assert load_identity("none") is None
    with pytest.raises(UsageError, match="at least 60 pixels"):
        load_identity("dlib", 48)
    with pytest.raises(UsageError, match=r"path of a vgg-face\.mat"):
        load_identity("vgg")
    with pytest.raises(FerError, match="use identity=dlib"):
        load_identity(str(tmp_path / "vgg-face.mat"))
    (tmp_path / "network.dat").write_bytes(b"\1\2" * 99)
    with pytest.raises(FerError, match="not dlib's face-recognition network"):
        DlibFace(tmp_path / "network.dat")


def write_vgg(path: Path, modern: bool) -> None:
    """MatConvNet's cell array of layers, constant kernels of the right shapes."""
    layers, before = [], 3
    for block, widths in enumerate(VGG_BLOCKS, start=1):
        for number, after in enumerate(widths, start=1):
            kernel = np.full((3, 3, before, after), 1 / (9 * before), np.float32)
            bias = np.zeros((after, 1), np.float32)
            layer = {"name": f"conv{block}_{number}", "type": "conv"}
            if modern:
                pair = np.empty((1, 2), object)
                pair[0, 0], pair[0, 1] = kernel, bias
                layers.append({**layer, "weights": pair})
            else:
                layers.append({**layer, "filters": kernel, "biases": bias})
            layers.append({"name": f"relu{block}_{number}", "type": "relu"})
            before = after
    cells = np.empty((1, len(layers)), object)
    cells[0, :] = layers
    scipy.io.savemat(path, {"layers": cells})


@pytest.mark.parametrize("modern", [False, True])
def test_vgg_face_is_read_from_matconvnet_s_file(tmp_path: Path, modern: bool) -> None:
    write_vgg(tmp_path / "vgg-face.mat", modern)
    network = load_identity(str(tmp_path / "vgg-face.mat"))
    assert isinstance(network, VggFace) and network.name == "VGG-Face"
    with torch.no_grad():
        features = network(torch.ones(1, 3, 32, 32))
    assert [tuple(feature.shape[1:]) for feature in features] == [
        (64, 224, 224), (128, 112, 112), (256, 56, 56), (512, 28, 28), (512, 14, 14)
    ]  # fmt: skip
    # White less the mean, averaged by every kernel; away from the border nothing else happens to it.
    white = 255 - np.mean([129.1863, 104.7624, 93.5940])
    assert features[0][0, 0, 112, 112].item() == pytest.approx(white, rel=1e-4)


def test_another_mat_file_is_refused(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "other.mat", {"layers": np.empty((1, 0), object)})
    with pytest.raises(FerError, match="not VGG-Face: layer conv1_1"):
        load_identity(str(tmp_path / "other.mat"))
    (tmp_path / "torn.mat").write_bytes(b"MATLAB")
    with pytest.raises(FerError, match="cannot be read"):
        load_identity(str(tmp_path / "torn.mat"))
