"""Radford et al. 2016: four 5×5 convolutions of stride 2 down, and four up."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fer_utils.devices import one_thread
from fer_utils.gans.settings import MULTIPLE, GanSettings

one_thread()

SLOPE = 0.2
"""Of the leaky rectifiers, Radford et al. 2016."""
SPREAD = 0.02
"""Standard deviation of all weights at the start, Radford et al. 2016; paper 4, Section 3."""


class Generator(nn.Module):
    """Noise to pictures: ``float [N, latent] -> float [N, C, S, S]`` in (-1, 1).

    A linear layer to ``8 ngf`` maps of ``S/16`` pixels, four transposed convolutions, batch norm
    and ReLU everywhere but at the end, tanh. With ``n_classes`` the noise goes with a one-hot label.
    """

    def __init__(self, settings: GanSettings) -> None:
        super().__init__()
        self.n_classes, self.side = settings.n_classes, settings.image_size // MULTIPLE
        maps = [8 * settings.ngf, 4 * settings.ngf, 2 * settings.ngf, settings.ngf]
        self.project = nn.Linear(settings.latent + settings.n_classes, maps[0] * self.side**2, bias=False)
        self.norm = nn.BatchNorm2d(maps[0])
        layers: list[nn.Module] = []
        for before, after in pairwise(maps):
            up = nn.ConvTranspose2d(before, after, 5, stride=2, padding=2, output_padding=1, bias=False)
            layers += [up, nn.BatchNorm2d(after), nn.ReLU()]
        last = nn.ConvTranspose2d(maps[-1], settings.channels, 5, stride=2, padding=2, output_padding=1)
        self.grow = nn.Sequential(*layers, last, nn.Tanh())

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        if labels is not None:
            noise = torch.cat([noise, F.one_hot(labels, self.n_classes).to(noise.dtype)], dim=1)
        maps = self.project(noise).reshape(len(noise), -1, self.side, self.side)
        return self.grow(F.relu(self.norm(maps)))


class Discriminator(nn.Module):
    """Pictures to logits (or a critic's values): ``float [N, C, S, S] -> float [N]``.

    Four convolutions to ``ndf``, ``2 ndf``, ``4 ndf`` and ``8 ndf`` maps without biases, leaky
    rectifiers, batch norm in all but the first, one linear unit: with ``ndf`` 64 on 64×64×3
    4,315,585 parameters. A ``wgan_gp`` critic has layer norm instead: its penalty is on the
    gradient of each picture, which must not depend on the others of its batch (Gulrajani et al.
    2017). Its convolutions have biases, as in Gulrajani's code: without them layer norm would make
    a picture and the same picture with a tenth of the contrast look alike. With ``n_classes`` the
    label comes as one more channel a class.
    """

    def __init__(self, settings: GanSettings) -> None:
        super().__init__()
        self.n_classes = settings.n_classes
        maps = [settings.channels + settings.n_classes, *(settings.ndf * 2**layer for layer in range(4))]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 5, stride=2, padding=2, bias=settings.objective == "wgan_gp")
            for before, after in pairwise(maps)
        )
        norm = _layer_norm if settings.objective == "wgan_gp" else nn.BatchNorm2d
        self.norms = nn.ModuleList([nn.Identity(), *(norm(count) for count in maps[2:])])
        self.decide = nn.Linear(maps[-1] * (settings.image_size // MULTIPLE) ** 2, 1)

    def layers(self, images: Tensor, labels: Tensor | None = None) -> list[Tensor]:
        """The four layers' outputs *before* the leaky rectifier, ``float [N, maps, side, side]`` each."""
        if labels is not None:
            one_hot = F.one_hot(labels, self.n_classes).to(images.dtype)[:, :, None, None]
            images = torch.cat([images, one_hot.expand(-1, -1, *images.shape[2:])], dim=1)
        outputs: list[Tensor] = []
        for convolve, norm in zip(self.convolutions, self.norms, strict=True):
            outputs.append(norm(convolve(F.leaky_relu(outputs[-1], SLOPE) if outputs else images)))
        return outputs

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        last = F.leaky_relu(self.layers(images, labels)[-1], SLOPE)
        return self.decide(last.flatten(1)).squeeze(1)


def _layer_norm(maps: int) -> nn.Module:
    return nn.GroupNorm(1, maps)


def initialise(network: nn.Module, random: torch.Generator) -> None:
    """Weights from N(0, 0.02), batch-norm gains from N(1, 0.02), offsets and biases 0 (Radford's code)."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            nn.init.normal_(module.weight, 0.0, SPREAD, generator=random)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, SPREAD, generator=random)
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)


def to_network(images: Tensor) -> Tensor:
    """``uint8 [N, C, S, S]`` to ``float32`` from -1 to 1."""
    return images.float() / 127.5 - 1


def to_pixels(images: Tensor) -> Tensor:
    """``float [N, C, S, S]`` from -1 to 1 to ``uint8 [N, S, S, C]``."""
    return ((images.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
