"""The classifiers as the settings want them: full or reduced, from random, ImageNet's or a file's weights."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from fer_utils.errors import FerError
from fer_utils.papers.gan_augmentation.resnet import resnet50, small_resnet
from fer_utils.papers.gan_augmentation.settings import Settings
from fer_utils.papers.gan_augmentation.vgg import Vgg, vgg

Network = TypeVar("Network", bound=nn.Module)


def build(network: str, settings: Settings, n_classes: int, weights: Path | None) -> nn.Module:
    """VGG-16 or ResNet-50, logits at the end.

    Args:
        network: of :data:`fer_utils.papers.gan_augmentation.settings.NETWORKS`.
        weights: a ``.safetensors`` file of this whole network, in place of ``settings.init``.

    Raises:
        FerError: ImageNet weights were asked for and cannot be fetched, or the file does not fit.
    """
    if network == "VGG-16":
        return build_vgg(network, settings, settings.side, n_classes, weights)
    if settings.resnet_width:
        built = small_resnet(settings.channels, n_classes, settings.resnet_width)
    else:
        built = resnet50(n_classes, settings.channels)
    return _started(built, network, settings, settings.side, weights)


def build_vgg(
    name: str, settings: Settings, side: int, n_classes: int, weights: Path | None, dropout: float = 0.0
) -> Vgg:
    """One of the VGGs, for pictures of ``side`` pixels; else as :func:`build`."""
    built = vgg(
        name, side, n_classes, channels=settings.channels, narrower=settings.narrower,
        batch_norm=settings.batch_norm, dropout=dropout,
    )  # fmt: skip
    return _started(built, name, settings, side, weights)


def _started(network: Network, name: str, settings: Settings, side: int, weights: Path | None) -> Network:
    if weights is not None:
        load(network, name, weights)
        return network
    _draw(network)
    if settings.init == "imagenet":
        # Keras, which fetches them, takes seconds to import.
        from fer_utils.papers.gan_augmentation.imagenet import start_from_imagenet

        start_from_imagenet(network, name, side)
    return network


def _draw(network: nn.Module) -> None:
    """He et al. 2015: weights whose layers keep the size of what passes through them; biases 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def load(network: nn.Module, name: str, path: Path) -> None:
    """Put the weights of a ``.safetensors`` file into a network.

    Raises:
        FerError: the file cannot be read, or is of another network.
    """
    try:
        network.load_state_dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise FerError(f"weights of {name}: {path} cannot be read as safetensors ({error})") from error
    except RuntimeError as error:
        reason = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise FerError(f"weights of {name}: {path} is of another network ({reason})") from error
