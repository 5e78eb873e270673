"""He et al. 2016: ResNet-50 as Keras builds it, whose weights fit (:mod:`.imagenet`), and a small residual network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import Tensor, nn

EXPANSION = 4
"""A bottleneck gives four times as many maps as its 3×3 convolution has."""
FULL = (3, 4, 6, 3)
"""Bottlenecks of ResNet-50's stages."""
NORM = {"eps": 1.001e-5, "momentum": 0.01}
"""Keras' batch norm in this network; its momentum is one less ours."""

DROPPED = 0.3
"""Share of the small network's last maps that is dropped in training."""


class Bottleneck(nn.Module):
    """1×1 (with the stride), 3×3 and 1×1 convolutions beside a shortcut."""

    def __init__(self, before: int, width: int, stride: int, project: bool) -> None:
        super().__init__()
        if project:
            self._normed(0, before, EXPANSION * width, 1, stride)
        self._normed(1, before, width, 1, stride)
        self._normed(2, width, width, 3, 1)
        self._normed(3, width, EXPANSION * width, 1, 1)
        self.project, self.relu = project, nn.ReLU()

    def _normed(self, number: int, before: int, after: int, kernel: int, stride: int) -> None:
        self.add_module(f"{number}_conv", nn.Conv2d(before, after, kernel, stride, kernel // 2))
        self.add_module(f"{number}_bn", nn.BatchNorm2d(after, **NORM))

    def _apply_normed(self, number: int, maps: Tensor) -> Tensor:
        normed: Tensor = self.get_submodule(f"{number}_bn")(self.get_submodule(f"{number}_conv")(maps))
        return normed

    def forward(self, maps: Tensor) -> Tensor:
        """``float [N, C, S, S] -> [N, 4 · width, S / stride, S / stride]``."""
        short = self._apply_normed(0, maps) if self.project else maps
        inner = self.relu(self._apply_normed(1, maps))
        inner = self.relu(self._apply_normed(2, inner))
        result: Tensor = self.relu(short + self._apply_normed(3, inner))
        return result


def resnet50(n_classes: int, channels: int = 3, width: int = 64, blocks: Sequence[int] = FULL) -> nn.Sequential:
    """ResNet-50 (version 1), ``float [N, 3, S, S] -> [N, n_classes]``: 23,602,055 parameters with seven classes.

    Args:
        n_classes: outputs.
        channels: of the pictures.
        width: maps of the first stage's 3×3 convolutions; tests take fewer.
        blocks: bottlenecks of each stage.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict(
        conv1_conv=nn.Conv2d(channels, width, 7, 2, 3), conv1_bn=nn.BatchNorm2d(width, **NORM), conv1_relu=nn.ReLU(),
        pool1_pool=nn.MaxPool2d(3, 2, 1),
    )  # fmt: skip
    before = width
    for stage, count in enumerate(blocks):
        for number in range(count):
            wide = width * 2**stage
            stride = 2 if stage > 0 and number == 0 else 1
            layers[f"conv{stage + 2}_block{number + 1}"] = Bottleneck(before, wide, stride, project=number == 0)
            before = EXPANSION * wide
    layers |= {
        "avg_pool": nn.AdaptiveAvgPool2d(1),
        "flatten": nn.Flatten(),
        "predictions": nn.Linear(before, n_classes),
    }
    return nn.Sequential(layers)


class Residual(nn.Module):
    """Two 3×3 convolutions beside a shortcut."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(*normed(maps, maps, 3), *normed(maps, maps, 3))

    def forward(self, maps: Tensor) -> Tensor:
        """``float [N, C, S, S]``, in and out."""
        result: Tensor = maps + self.inner(maps)
        return result


def small_resnet(channels: int, n_classes: int, width: int) -> nn.Sequential:
    """A residual network for two cores: ``float [N, channels, S, S] -> [N, n_classes]``, S at least 16.

    Two convolutions and a pooling bring the side to a quarter. Then come two residual blocks, each followed by a
    convolution to twice the maps. With one channel, width 32 and seven classes it has 190,839 parameters.

    Args:
        channels: of the pictures.
        n_classes: outputs.
        width: maps of the first residual block.
    """
    return nn.Sequential(
        *normed(channels, width // 2, 3, 2), *normed(width // 2, width, 3), nn.MaxPool2d(2),
        Residual(width), *normed(width, 2 * width, 3), nn.MaxPool2d(2),
        Residual(2 * width), *normed(2 * width, 4 * width, 3),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(DROPPED), nn.Linear(4 * width, n_classes),
    )  # fmt: skip


def normed(before: int, after: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """A convolution, batch norm, ReLU."""
    convolution = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
