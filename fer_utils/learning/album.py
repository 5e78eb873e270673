"""Pictures that live on the device as ``uint8`` and come out of it as batches that a network takes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

IMAGENET_MEANS = (103.939, 116.779, 123.68)
"""Blue, green, red: taken off the pictures that Keras' VGG and ResNet weights were trained on."""
FLAT = 1.0
"""Grey levels added to a picture's deviation, so that an even one is not divided by nothing."""


class Album:
    """Grey pictures by row number, moved in whole batches.

    Args:
        images: ``uint8 [M, S, S]``.
        pixels: of :data:`fer_utils.learning.recipe.PIXELS`.
        device: where they are kept.
    """

    def __init__(self, images: np.ndarray, pixels: str, device: torch.device) -> None:
        self.pixels, self.device = pixels, device
        self.images = torch.from_numpy(np.ascontiguousarray(images)).to(device)
        means = torch.tensor(IMAGENET_MEANS, dtype=torch.float32)
        self._means = means.to(device).reshape(1, 3, 1, 1)

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, rows: Tensor, moves: Tensor | None = None) -> Tensor:
        """Pictures as a network takes them, ``float32 [N, C, S, S]``, channels last in memory.

        Args:
            rows: ``int [N]`` on the device.
            moves: ``float32 [N, 2, 3]``: :func:`fer_utils.learning.draws.draw_moves`. Between pixels is bilinear; from
                outside the nearest edge is taken.
        """
        seen = self.images[rows].unsqueeze(1).float()
        if moves is not None:
            grid = F.affine_grid(moves, list(seen.shape), align_corners=False)
            seen = F.grid_sample(seen, grid, mode="bilinear", padding_mode="border", align_corners=False)
        if self.pixels == "standardised":
            deviation, mean = torch.std_mean(seen, dim=(1, 2, 3), keepdim=True, correction=0)
            seen = (seen - mean) / (deviation + FLAT)
        elif self.pixels == "symmetric":
            seen = seen / 127.5 - 1
        else:
            seen = seen - self._means
        return seen.contiguous(memory_format=torch.channels_last)
