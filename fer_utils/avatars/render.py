"""Pictures of avatars, drawn by Mitsuba 3 (Jakob et al. 2022): light that bounces, shadows, skin with some shine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fer_utils.avatars import paint
from fer_utils.avatars.acting import Performance
from fer_utils.avatars.camera import SIDE, Camera, Pose, gaze_shapes, turn_eye, turn_head
from fer_utils.avatars.face_kit import (
    EYE_VERTICES,
    GUM_QUADS,
    LANDMARKS,
    LINING_QUADS,
    SCLERA_QUADS,
    SKIN_QUADS,
    SOCKET_QUADS,
    TOOTH_QUADS,
    FaceKit,
)
from fer_utils.avatars.hair import cap, curtain, hair_paint
from fer_utils.avatars.people import Person
from fer_utils.avatars.surface import Surface, normals
from fer_utils.errors import FerError

SAMPLES = 25
"""Light paths a pixel. The grain they leave (about 4 grey levels on skin) is filtered out when the picture is
developed; 400 paths look hardly better and take twelve times as long."""


@dataclass(frozen=True)
class Lamp:
    """A square area light ``size`` cm wide at ``place`` (cm), shining at the face; ``colour`` is its radiance."""

    place: tuple[float, float, float]
    size: float
    colour: tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """A named set of lamps and the light from all around."""

    name: str
    lamps: tuple[Lamp, ...]
    around: tuple[float, float, float] = (0.35, 0.35, 0.36)


@dataclass(frozen=True, eq=False)
class Shot:
    """Everything that one picture shows."""

    person: Person
    performance: Performance
    pose: Pose
    camera: Camera
    light: Light
    glasses: str = ""


@dataclass(eq=False)
class Renderer:
    """Draws shots of the avatars of one face model."""

    kit: FaceKit
    _surfaces: dict[str, Surface] = field(init=False)
    _places: dict[str, np.ndarray] = field(init=False)
    _painter: paint.SkinPainter = field(init=False)

    def __post_init__(self) -> None:
        self._mitsuba = _mitsuba()
        cut = self.kit.triangles
        self._surfaces = {
            "skin": Surface(cut(SKIN_QUADS), levels=1),
            "lining": Surface(cut(LINING_QUADS, SOCKET_QUADS)),
            "gums": Surface(cut(GUM_QUADS)),
            "teeth": Surface(cut(TOOTH_QUADS)),
            "eye_L": Surface(cut(SCLERA_QUADS["L"]), levels=2),
            "eye_R": Surface(cut(SCLERA_QUADS["R"]), levels=2),
        }
        self._places = {name: surface.points(self.kit.neutral) for name, surface in self._surfaces.items()}
        self._painter = paint.SkinPainter(self._places["skin"], self.kit.landmarks)

    def draw(self, shot: Shot, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Render one picture.

        Returns:
            Linear light and coverage, ``float32 [160,160,4]`` (premultiplied RGB, alpha), and the 68 landmarks in
            pixels, ``float64 [68,2]``. The same shot and seed always give the same numbers on the same machine.
        """
        neutral = self.kit.person(shot.person.identity)
        vertices = self.kit.act(neutral, {**shot.performance.shapes, **gaze_shapes(shot.pose)})
        meshes = [self._mesh(name, *parts) for name, parts in self._parts(shot, vertices).items()]
        scene = self._mitsuba.load_dict(self._scene(shot, meshes))
        picture = np.array(self._mitsuba.render(scene, spp=SAMPLES, seed=seed), dtype=np.float32)
        points = turn_head(vertices[LANDMARKS], self.kit.landmarks[:, 1], shot.pose)
        return picture, shot.camera.project(points)

    def _parts(self, shot: Shot, vertices: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, str]]:
        """Points in place, triangles, colours and material of everything in the picture."""
        person, parts = shot.person, {}
        colours: dict[str, Any] = {
            "skin": self._painter.paint(person, shot.performance.units),
            "lining": (0.14, 0.03, 0.03),
            "gums": (0.30, 0.09, 0.085),
            "teeth": (0.80, 0.75, 0.66),
        }
        points = {name: surface.points(vertices) for name, surface in self._surfaces.items()}
        for number, side in enumerate("LR"):
            start, end = EYE_VERTICES[side]
            ball = vertices[start:end]
            centre = (ball.min(axis=0) + ball.max(axis=0)) / 2
            points[f"eye_{side}"] = turn_eye(points[f"eye_{side}"], centre, shot.pose)
            place = self._places[f"eye_{side}"]
            colours[f"eye_{side}"] = paint.eyeball(place, paint.EYE_CENTRES[number], person.iris)
        for name, surface in self._surfaces.items():
            turned = turn_head(points[name], self._places[name][:, 1], shot.pose)
            colour = np.broadcast_to(colours[name], turned.shape)
            parts[name] = (turned, surface.triangles, colour, name.split("_")[0])
        if person.hair != "bald":
            place = self._places["skin"]
            raised, triangles = cap(points["skin"], place, self._surfaces["skin"].triangles, person)
            raised = turn_head(raised, place[:, 1], shot.pose)
            parts["hair"] = (raised, triangles, hair_paint(place, person), "hair")
        if person.hair == "long":
            jaw = vertices[LANDMARKS[[0, 16]]]
            fall, triangles = curtain(person, float(np.ptp(jaw[:, 0]) / np.ptp(self.kit.landmarks[[0, 16], 0])))
            colour = hair_paint(fall, person)
            parts["curtain"] = (turn_head(fall, fall[:, 1], shot.pose), triangles, colour, "hair")
        if shot.glasses:
            eyes = vertices[LANDMARKS[36:48]].reshape(2, 6, 3).mean(axis=1)
            bridge = vertices[LANDMARKS[27]]
            for name, (worn, triangles, colour, material) in glasses(eyes, bridge, shot.glasses).items():
                parts[name] = (turn_head(worn, worn[:, 1], shot.pose), triangles, colour, material)
        return parts

    def _mesh(self, name: str, points: np.ndarray, triangles: np.ndarray, colours: np.ndarray, material: str) -> Any:
        mi = self._mitsuba
        properties = mi.Properties()
        properties["mesh_bsdf"] = mi.load_dict(
            {"type": "twosided", "bsdf": {**MATERIALS[material], "base_color": VERTEX_COLOUR}}
        )
        mesh = mi.Mesh(name, len(points), len(triangles), has_vertex_normals=True, props=properties)
        mesh.add_attribute("vertex_color", 3, np.ascontiguousarray(colours, dtype=np.float32).ravel())
        arrays = mi.traverse(mesh)
        arrays["vertex_positions"] = points.astype(np.float32).ravel()
        arrays["vertex_normals"] = normals(points, triangles).astype(np.float32).ravel()
        arrays["faces"] = triangles.astype(np.uint32).ravel()
        arrays.update()
        return mesh

    def _scene(self, shot: Shot, meshes: list[Any]) -> dict[str, Any]:
        transform = self._mitsuba.ScalarTransform4f
        camera = shot.camera
        scene: dict[str, Any] = {
            "type": "scene",
            "integrator": {"type": "path", "max_depth": 3, "hide_emitters": True},
            "sensor": {
                "type": "perspective",
                "fov": camera.fov,
                "to_world": transform().look_at(list(camera.origin), list(camera.target), [0, 1, 0]),
                # A box filter keeps each pixel's light to itself, so that the sum has one order.
                "film": {"type": "hdrfilm", "width": SIDE, "height": SIDE, "pixel_format": "rgba",
                         "rfilter": {"type": "box"}},
                "sampler": {"type": "multijitter"},
            },
            "around": {"type": "constant", "radiance": _rgb(shot.light.around)},
        }  # fmt: skip
        for number, lamp in enumerate(shot.light.lamps):
            place = transform().look_at(list(lamp.place), [0, 1, 6], [0, 1, 0.001])
            scene[f"lamp_{number}"] = {
                "type": "rectangle",
                "to_world": place @ transform().scale([lamp.size / 2, lamp.size / 2, 1]),
                "emitter": {"type": "area", "radiance": _rgb(lamp.colour)},
            }
        return scene | {f"mesh_{number}": mesh for number, mesh in enumerate(meshes)}


VERTEX_COLOUR = {"type": "mesh_attribute", "name": "vertex_color"}
MATERIALS: Mapping[str, Mapping[str, Any]] = {
    "skin": {"type": "principled", "roughness": 0.48, "specular": 0.4},
    "lining": {"type": "principled", "roughness": 0.5, "specular": 0.3},
    "gums": {"type": "principled", "roughness": 0.35, "specular": 0.5},
    "teeth": {"type": "principled", "roughness": 0.3, "specular": 0.5},
    "eye": {"type": "principled", "roughness": 0.12, "specular": 0.6},
    "hair": {"type": "principled", "roughness": 0.62, "specular": 0.3},
    "glass": {"type": "principled", "roughness": 0.1, "specular": 0.6},
}


RIM = np.array([0, 0.17, 0])
"""Half the thickness of a frame's bars, in cm."""


def glasses(
    eyes: np.ndarray, bridge: np.ndarray, kind: str
) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, str]]:
    """Spectacles before two eyes (``[2,3]``): ``"sunglasses"`` have dark lenses, ``"spectacles"`` only a rim."""
    turns = np.linspace(0, 2 * np.pi, 41)
    front = max(eyes[:, 2].max() + 1.6, bridge[2] + 0.3)
    inner = 0.0 if kind == "sunglasses" else 2.05
    parts = {}
    for number, eye in enumerate(eyes):
        rings = [
            np.stack([eye[0] + r * 1.12 * np.cos(turns), eye[1] - 0.2 + r * np.sin(turns), np.full(41, front)], axis=1)
            for r in (inner, 2.35)
        ]
        parts[f"glass_{number}"] = _ribbon(rings[0], rings[1])
    height = eyes[:, 1].mean() + 0.4
    nose = np.array([[eyes[1, 0] + 2.3, height, front], [eyes[0, 0] - 2.3, height, front]])
    parts["glass_bridge"] = _ribbon(nose + RIM, nose - RIM)
    for number, eye in enumerate(eyes):
        out = np.sign(eye[0])
        hinge = np.array([[eye[0] + out * 2.6, eye[1] + 0.4, front], [out * 8.6, eye[1] + 0.6, 0.0]])
        parts[f"glass_arm_{number}"] = _ribbon(hinge + RIM, hinge - RIM)
    return {name: (points, faces, np.full(points.shape, 0.012), "glass") for name, (points, faces) in parts.items()}


def _ribbon(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two lines of points joined by triangles that are seen from both sides."""
    n = len(one)
    a = np.arange(n - 1)
    faces = np.concatenate([np.stack([a, a + n, a + 1], 1), np.stack([a + 1, a + n, a + n + 1], 1)])
    return np.concatenate([one, other]), faces


def _rgb(colour: tuple[float, float, float]) -> dict[str, Any]:
    return {"type": "rgb", "value": list(colour)}


def _mitsuba() -> Any:
    try:
        import mitsuba
    except ImportError as error:
        raise FerError("rendering avatars needs Mitsuba 3: pip install '.[avatars]'") from error
    # The scalar variant needs neither a GPU nor LLVM and adds up in one fixed order.
    mitsuba.set_variant("scalar_rgb")
    return mitsuba
