"""Where the head, the eyes and the camera are; and where a point lands in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SIDE = 160
"""Pictures are 160 × 160 pixels, the size the third paper's networks take."""
DISTANCE = 100.0
"""From the camera to the middle of the head, in cm."""
TARGET = np.array([0.0, 1.1, 3.0])
NECK = np.array([0.0, -5.0, -1.0])
"""What the head turns about."""


@dataclass(frozen=True)
class Pose:
    """Angles in degrees. ``yaw``: towards the avatar's left, ``pitch``: down, ``roll``: to the avatar's left shoulder.
    ``gaze_yaw`` and ``gaze_pitch`` turn the eyes within the head."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    gaze_yaw: float = 0.0
    gaze_pitch: float = 0.0


@dataclass(frozen=True)
class Camera:
    """A camera on a circle round the head. ``azimuth`` 0 looks into the face, 90 at the avatar's left side.
    ``frame`` is how many cm the picture shows at the target; ``shift`` moves the picture, in cm."""

    azimuth: float = 0.0
    frame: float = 31.0
    shift: tuple[float, float] = (0.0, 0.0)

    @property
    def fov(self) -> float:
        """The opening angle in degrees."""
        return float(2 * np.degrees(np.arctan(self.frame / 2 / DISTANCE)))

    @property
    def target(self) -> np.ndarray:
        """What the camera looks at."""
        angle = np.radians(self.azimuth)
        right = np.array([np.cos(angle), 0, -np.sin(angle)])
        return TARGET + right * self.shift[0] + np.array([0, self.shift[1], 0])

    @property
    def origin(self) -> np.ndarray:
        """Where it stands."""
        angle = np.radians(self.azimuth)
        return self.target + DISTANCE * np.array([np.sin(angle), 0, np.cos(angle)])

    def project(self, points: np.ndarray) -> np.ndarray:
        """Points ``[P,3]`` in cm to pixels ``float64 [P,2]``: x right, y down, (0, 0) the first pixel's corner."""
        angle = np.radians(self.azimuth)
        right = np.array([np.cos(angle), 0, -np.sin(angle)])
        towards = np.array([np.sin(angle), 0, np.cos(angle)])
        away = points - self.origin
        depth = -(away @ towards)
        scale = SIDE / 2 / np.tan(np.radians(self.fov) / 2) / depth
        return np.stack([SIDE / 2 + away @ right * scale, SIDE / 2 - away[:, 1] * scale], axis=1)


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Turn by ``roll``, then ``pitch``, then ``yaw``; degrees as in :class:`Pose`."""
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), np.sin(c), 0], [-np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


def turn_head(points: np.ndarray, heights: np.ndarray, pose: Pose) -> np.ndarray:
    """Turn what is above the neck; the shoulders stay and the neck twists between. ``heights``: y on the mean face."""
    share = np.clip((heights + 12.0) / 6.0, 0, 1)[:, None]
    turned = (points - NECK) @ rotation(pose.yaw, pose.pitch, pose.roll).T + NECK
    return points * (1 - share) + turned * share


def turn_eye(points: np.ndarray, centre: np.ndarray, pose: Pose) -> np.ndarray:
    """Turn an eyeball about its centre."""
    return (points - centre) @ rotation(pose.gaze_yaw, pose.gaze_pitch, 0).T + centre


def gaze_shapes(pose: Pose) -> dict[str, float]:
    """How the lids follow the eyes: weights of the model's ``eyeLook`` shapes, 1 at 25 degrees."""
    left, down = pose.gaze_yaw / 25, pose.gaze_pitch / 25
    shapes = {"eyeLookOut_L": left, "eyeLookIn_R": left, "eyeLookIn_L": -left, "eyeLookOut_R": -left}
    shapes |= {f"eyeLookDown_{side}": down for side in "LR"} | {f"eyeLookUp_{side}": -down for side in "LR"}
    return {name: weight for name, weight in shapes.items() if weight > 0}
