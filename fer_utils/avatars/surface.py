"""A triangle mesh that follows the face model's vertices, made finer where it is to be painted."""

from __future__ import annotations

import numpy as np


class Surface:
    """Some triangles of the face model, each cut into four ``levels`` times.

    Attributes:
        triangles: ``int64 [T,3]``, counting this surface's own points.
    """

    def __init__(self, triangles: np.ndarray, levels: int = 0) -> None:
        self._used, flat = np.unique(triangles, return_inverse=True)
        self.triangles = flat.reshape(triangles.shape)
        self._edges: list[np.ndarray] = []
        count = len(self._used)
        for _ in range(levels):
            corners = self.triangles
            sides = np.sort(corners[:, [[0, 1], [1, 2], [2, 0]]], axis=2)
            edges, which = np.unique(sides.reshape(-1, 2), axis=0, return_inverse=True)
            middle = count + which.reshape(-1, 3)
            a, b, c = corners.T
            ab, bc, ca = middle.T
            self.triangles = np.concatenate(
                [np.stack(piece, 1) for piece in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
            )
            self._edges.append(edges)
            count += len(edges)

    def points(self, vertices: np.ndarray) -> np.ndarray:
        """Where this surface's points lie, or any other quantity given at the model's vertices, ``[P, …]``."""
        values = vertices[self._used]
        for edges in self._edges:
            values = np.concatenate([values, values[edges].mean(axis=1)])
        return values


def normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals at the points, the mean of their triangles' weighted by area, ``float64 [P,3]``."""
    corner = points[triangles]
    across = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    total = np.stack(
        [np.bincount(triangles.ravel(), np.repeat(across[:, axis], 3), len(points)) for axis in range(3)], 1
    )
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
