"""Everything random in a training but dropout, drawn beforehand by NumPy: the order of the pictures and their moves.

So a training is the same on every device but for rounding, and one that was stopped goes on where it was.
"""

from __future__ import annotations

import numpy as np

from fer_utils.learning.recipe import Recipe


def draw_rows(count: int, total: int, seed: int) -> np.ndarray:
    """``total`` row numbers out of ``count``: one shuffled pass over all after the other, ``int32 [total]``."""
    random = np.random.default_rng((seed, 11))
    passes = [random.permutation(count) for _ in range(-(-total // count))]
    return np.concatenate(passes)[:total].astype(np.int32)


def draw_moves(count: int, recipe: Recipe, seed: int) -> np.ndarray | None:
    """Where each pixel of a moved picture is taken from, ``float32 [count, 2, 3]``; ``None`` where nothing moves.

    A picture is turned about its centre, scaled, shifted and, by even chances, mirrored. Angle, scale and both shifts
    are uniform within plus or minus their range. A map ``((a, b, c), (d, e, f))`` says that the pixel at ``(x, y)`` of
    the result is that at ``(a x + b y + c, d x + e y + f)`` of the picture; both run from -1 to 1, the outer edges.
    """
    if not (recipe.rotation or recipe.scale or recipe.translation or recipe.mirror):
        return None
    random = np.random.default_rng((seed, 7))
    angle = np.deg2rad(random.uniform(-recipe.rotation, recipe.rotation, count))
    across, down = 2 * random.uniform(-recipe.translation, recipe.translation, (2, count))
    scale = 1 + random.uniform(-recipe.scale, recipe.scale, count)
    side = np.where(random.random(count) < 0.5, -1.0, 1.0) if recipe.mirror else np.ones(count)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    maps = np.stack([side * cos, -sin, across, side * sin, cos, down], axis=1)
    return maps.reshape(count, 2, 3).astype(np.float32)
