"""The five networks of the imagination model (Section IV-A, Figure 1), in torch.

Images are ``float32 [N, 3, S, S]`` RGB from -1 to 1, codes ``float32 [N, 50]`` from -1 to 1, labels
``int64 [N]``. A label enters a network as -1s with one 1, repeated until it is about as long as
what it is appended to: "scale = |t / l|" (footnote 1). Padding of strided layers is symmetric,
where the authors' Keras pads one pixel more at the right and below.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fer_utils.devices import one_thread
from fer_utils.errors import FerError
from fer_utils.papers.clifer.settings import ImaginationSettings

one_thread()

HALVINGS = 4
"""Strided convolutions of E, G and D_img: 96 pixels become 6."""


def _shift_only(norm: nn.Module, features: int) -> None:
    norm.bias = nn.Parameter(torch.zeros(features))
    # A scale of one that is never trained nor stored: without any, torch's backward pass on a GPU gives the shift an
    # empty gradient and fails.
    del norm._parameters["weight"]
    norm.register_buffer("weight", torch.ones(features), persistent=False)


class NoScaleNorm1d(nn.BatchNorm1d):
    """Batch normalisation with a shift and no scale, as the authors use it; Keras' momentum and epsilon."""

    def __init__(self, features: int) -> None:
        super().__init__(features, eps=1e-3, momentum=0.01, affine=False)
        _shift_only(self, features)


class NoScaleNorm2d(nn.BatchNorm2d):
    """:class:`NoScaleNorm1d` for feature maps."""

    def __init__(self, features: int) -> None:
        super().__init__(features, eps=1e-3, momentum=0.01, affine=False)
        _shift_only(self, features)


class Encoder(nn.Module):
    """E, Section IV-A.1: image to code."""

    def __init__(self, settings: ImaginationSettings) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for width in settings.encoder_widths:
            layers += [nn.Conv2d(before, width, 5, 2, 2), nn.ReLU()]
            before = width
        flat = before * (settings.image_size // 2**HALVINGS) ** 2
        layers.append(nn.Flatten())
        if settings.encoder_dense:
            layers += [nn.Linear(flat, settings.encoder_dense), nn.ReLU()]
            flat = settings.encoder_dense
        self.layers = nn.Sequential(*layers, nn.Linear(flat, settings.code_size), nn.Tanh())

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


class Generator(nn.Module):
    """G, Section IV-A.2: code and label to image.

    The first width is that of a dense layer's picture of S/16 pixels a side; then transposed
    convolutions, strided until the picture has its size, and one to three channels with tanh.
    """

    def __init__(self, settings: ImaginationSettings) -> None:
        super().__init__()
        self.classes = settings.n_conditions
        self.times = max(1, settings.code_size // settings.n_conditions)
        self.first, self.side = settings.generator_widths[0], settings.image_size // 2**HALVINGS
        self.dense = nn.Linear(settings.code_size + self.times * self.classes, self.first * self.side**2)
        layers: list[nn.Module] = []
        before = self.first
        for number, width in enumerate(settings.generator_widths[1:]):
            strided = number < HALVINGS
            layers += [nn.ConvTranspose2d(before, width, 5, 2 if strided else 1, 2, int(strided)), nn.ReLU()]
            before = width
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(before, 3, 5, 1, 2), nn.Tanh())

    def forward(self, codes: Tensor, labels: Tensor) -> Tensor:
        told = torch.cat([codes, signs(labels, self.classes).repeat(1, self.times)], dim=1)
        picture = functional.relu(self.dense(told)).view(-1, self.first, self.side, self.side)
        return self.layers(picture)


class ImageDiscriminator(nn.Module):
    """D_img, Section IV-A.3: how real an image with this label looks, as a logit ``[N, 1]``.

    ``settings.label_before``: the label joins the *input* of the first three layers (the paper) or
    their output (the authors' release).
    """

    def __init__(self, settings: ImaginationSettings) -> None:
        super().__init__()
        self.classes, self.early = settings.n_conditions, settings.label_before
        self.convolutions, self.norms = nn.ModuleList(), nn.ModuleList()
        before = 3
        for number, width in enumerate(settings.discriminator_widths):
            if self.early and number < 3:
                before += self._times(before) * self.classes
            self.convolutions.append(nn.Conv2d(before, width, 5, 2, 2))
            self.norms.append(NoScaleNorm2d(width))
            before = width
            if not self.early and number < 3:
                before += self._times(width) * self.classes
        flat = before * (settings.image_size // 2**HALVINGS) ** 2
        self.head = nn.Sequential(
            nn.Flatten(), nn.Linear(flat, settings.discriminator_dense), nn.LeakyReLU(0.2),
            nn.Linear(settings.discriminator_dense, 1),
        )  # fmt: skip

    def _times(self, channels: int) -> int:
        return max(1, channels // self.classes)

    def _join(self, flowing: Tensor, labels: Tensor) -> Tensor:
        told = signs(labels, self.classes).repeat(1, self._times(flowing.shape[1]))
        return torch.cat([flowing, told[:, :, None, None].expand(-1, -1, *flowing.shape[2:])], dim=1)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        flowing = images
        for number, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            if self.early and number < 3:
                flowing = self._join(flowing, labels)
            flowing = functional.leaky_relu(norm(convolution(flowing)), 0.2)
            if not self.early and number < 3:
                flowing = self._join(flowing, labels)
        return self.head(flowing)


def latent_discriminator(code_size: int) -> nn.Sequential:
    """D_z, Section IV-A.4: whether a code was drawn from U(-1, 1), as a logit ``[N, 1]``. Sizes: authors' release."""
    return nn.Sequential(
        nn.Linear(code_size, 64), nn.ReLU(), NoScaleNorm1d(64),
        nn.Linear(64, 32), nn.ReLU(), NoScaleNorm1d(32),
        nn.Linear(32, 16), nn.ReLU(), NoScaleNorm1d(16),
        nn.Linear(16, 1),
    )  # fmt: skip


def classifier(code_size: int, n_classes: int) -> nn.Sequential:
    """C, Section IV-A.5, and the MLP baseline of V-B.1: the expression of a code, as logits ``[N, n_classes]``.

    Sizes: authors' release. With 50 numbers and six classes it has 6,262 parameters, as Keras
    counts them: with the moving averages of the normalisation.
    """
    return nn.Sequential(
        nn.Linear(code_size, 64), nn.ReLU(), NoScaleNorm1d(64),
        nn.Linear(64, 32), nn.ReLU(), NoScaleNorm1d(32),
        nn.Linear(32, 16), nn.ReLU(),
        nn.Linear(16, n_classes),
    )  # fmt: skip


def signs(labels: Tensor, n_classes: int) -> Tensor:
    """One-hot from -1 to 1, ``float32 [N, n_classes]``."""
    return functional.one_hot(labels, n_classes).float() * 2 - 1


def count_parameters(network: nn.Module) -> int:
    """Parameters as Keras counts them: moving means and variances too."""
    running = [value for name, value in network.named_buffers() if name.endswith(("running_mean", "running_var"))]
    return sum(value.numel() for value in [*network.parameters(), *running])


def to_arrays(networks: Mapping[str, nn.Module]) -> dict[str, np.ndarray]:
    """All weights of some networks as plain arrays, ``"E.layers.0.weight"`` and so on."""
    return {
        f"{name}.{key}": value.detach().cpu().numpy().copy()
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }


def from_arrays(networks: Mapping[str, nn.Module], arrays: Mapping[str, np.ndarray]) -> None:
    """Put weights that :func:`to_arrays` gave back into networks of the same settings.

    Raises:
        FerError: a weight is missing or has another shape.
    """
    for name, network in networks.items():
        try:
            network.load_state_dict({key: torch.from_numpy(arrays[f"{name}.{key}"]) for key in network.state_dict()})
        except (KeyError, RuntimeError) as error:
            raise FerError(f"these weights do not fit network {name} of these settings: {error}") from error


def as_tensor(images: Tensor) -> Tensor:
    """``uint8 [N, S, S, 3]`` to ``float32 [N, 3, S, S]`` from -1 to 1 (IV-A.1), where the pictures are."""
    return (images.to(torch.float32) / 127.5 - 1).permute(0, 3, 1, 2).contiguous()


def as_pictures(images: Tensor) -> np.ndarray:
    """The way back: ``uint8 [N, S, S, 3]``."""
    levels = ((images.detach().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return levels.permute(0, 2, 3, 1).cpu().numpy()
