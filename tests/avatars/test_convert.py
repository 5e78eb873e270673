"""Converting the published meshes into the generator's model file."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from fer_utils.avatars import convert
from fer_utils.errors import FerError
from fer_utils.files import read_npz

QUAD = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nf 1/1 2/1 3/1 4/1\nf 1//1 2//1 3//1\n"


@pytest.fixture
def folder(tmp_path):
    meshes = tmp_path / "FaceXModel"
    meshes.mkdir()
    (meshes / "generic_neutral_mesh.obj").write_text(QUAD)
    for number in range(100):
        (meshes / f"identity{number:03d}.obj").write_text(QUAD.replace("v 1 1 0", f"v 1 1 {number}"))
    (meshes / "jawOpen.obj").write_text(QUAD.replace("v 0 0 0", "v 0 -2 0"))
    return meshes


def test_shapes_are_stored_as_differences_from_neutral(folder, tmp_path):
    convert.convert(folder, tmp_path / "model.npz")
    model = read_npz(tmp_path / "model.npz")
    assert model["faces"].tolist() == [[0, 1, 2, 3], [0, 1, 2, 2]]
    assert model["identity"].shape == (100, 4, 3) and model["identity"][7, 2].tolist() == [0, 0, 7]
    assert model["expression_names"].tolist() == ["jawOpen"]
    assert model["expression"][0].tolist() == [[0, -2, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert np.abs(model["identity"][0]).max() == 0


def test_a_missing_mode_is_named(folder, tmp_path):
    (folder / "identity042.obj").unlink()
    with pytest.raises(FerError, match=r"lacks 1 file.*identity042\.obj"):
        convert.convert(folder, tmp_path / "model.npz")
    assert not (tmp_path / "model.npz").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [("v 0 0\nf 1 2 3 4\n", "line 1"), ("v 0 0 zero\n", "line 1"), (QUAD + "f 1 2\n", "line 8"), ("", "holds no mesh")],
)
def test_a_damaged_mesh_is_refused_with_its_line(folder, tmp_path, text, message):
    (folder / "jawOpen.obj").write_text(text)
    with pytest.raises(FerError, match=message):
        convert.convert(folder, tmp_path / "model.npz")


def test_meshes_of_different_sizes_are_refused(folder, tmp_path):
    (folder / "jawOpen.obj").write_text("v 9 9 9\n" + QUAD)
    with pytest.raises(FerError, match="5 vertices, the neutral mesh has 4"):
        convert.convert(folder, tmp_path / "model.npz")


def test_the_command_line_gives_a_message_and_no_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["convert", str(tmp_path), str(tmp_path / "model.npz")])
    assert convert.main() == 1
    assert capsys.readouterr().err.startswith("convert: ")
