"""Make the generator's model file of the folder that ICT-FaceKit's authors publish.

``python -m fer_utils.avatars.convert FaceXModel ict_facekit_light.npz`` reads
``generic_neutral_mesh.obj``, ``identity000.obj`` … ``identity099.obj`` and one ``.obj`` file for each expression, and
stores what differs from the neutral mesh.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from fer_utils.avatars.face_kit import MODES
from fer_utils.errors import FerError
from fer_utils.files import write_npz
from fer_utils.progress import track

NEUTRAL = "generic_neutral_mesh"


def convert(folder: Path, target: Path) -> None:
    """Read the folder's ``.obj`` files and write the model as ``.npz``.

    Raises:
        FerError: a file is missing or malformed, or meshes differ in their number of vertices.
    """
    files = {file.stem: file for file in sorted(folder.glob("*.obj"))}
    modes = [f"identity{number:03d}" for number in range(MODES)]
    missing = [f"{name}.obj" for name in (NEUTRAL, *modes) if name not in files]
    if missing:
        raise FerError(
            f"{folder} lacks {len(missing)} file(s) of ICT-FaceKit's FaceXModel: {', '.join(missing[:5])}"
            f"{' …' if len(missing) > 5 else ''}. Get the whole folder from github.com/ICT-VGL/ICT-FaceKit."
        )
    neutral, faces = read_obj(files[NEUTRAL])
    names = [name for name in files if name != NEUTRAL and not name.startswith("identity")]

    def difference(name: str) -> np.ndarray:
        vertices, _ = read_obj(files[name])
        if vertices.shape != neutral.shape:
            raise FerError(f"{files[name]}: {len(vertices)} vertices, the neutral mesh has {len(neutral)}")
        return (vertices - neutral).astype(np.float16)

    shapes = {name: difference(name) for name in track([*modes, *names], "reading meshes")}
    write_npz(
        target,
        {
            "neutral": neutral.astype(np.float32),
            "faces": faces,
            "identity": np.stack([shapes[name] for name in modes]),
            "expression": np.stack([shapes[name] for name in names]),
            "expression_names": np.array(names),
        },
    )


def read_obj(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Vertices ``float64 [V,3]`` and quads ``int32 [F,4]`` of a Wavefront file; a triangle repeats its last corner.

    Raises:
        FerError: a line is not what the format says.
    """
    vertices, faces = [], []
    for number, line in enumerate(file.read_text("utf-8", errors="replace").splitlines(), start=1):
        kind, *fields = line.split() or [""]
        try:
            if kind == "v":
                x, y, z = fields[:3]
                vertices.append((float(x), float(y), float(z)))
            elif kind == "f":
                corners = [int(field.split("/")[0]) - 1 for field in fields]
                a, b, c, *rest = corners
                faces.append((a, b, c, rest[0] if rest else c))
        except ValueError as error:
            raise FerError(
                f"{file}, line {number}: {line[:60]!r} is not a vertex or face of a Wavefront file"
            ) from error
    if not vertices or not faces:
        raise FerError(f"{file} holds no mesh: {len(vertices)} vertices, {len(faces)} faces")
    return np.array(vertices), np.array(faces, dtype=np.int32)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m fer_utils.avatars.convert", description=__doc__)
    parser.add_argument("folder", type=Path, help="ICT-FaceKit's folder FaceXModel")
    parser.add_argument("target", type=Path, help="the model file to write, ict_facekit_light.npz")
    options = parser.parse_args()
    try:
        convert(options.folder, options.target)
    except FerError as error:
        print(f"convert: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
