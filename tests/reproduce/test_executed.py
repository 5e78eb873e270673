"""How an executed notebook keeps its pictures."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from fer_utils.reproduce import executed


def picture(grey: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((8, 8), grey, np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("refer", [True, False])
def test_a_long_run_s_notebook_points_to_its_figures_and_copies_other_pictures(tmp_path: Path, refer: bool) -> None:
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "gains.png").write_bytes(picture(0))
    shown = [{"image/png": base64.b64encode(picture(grey)).decode()} for grey in (0, 255)]
    outputs = [nbformat.v4.new_output("display_data", data=data) for data in shown]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("show()", outputs=outputs)])
    executed._shrink_pictures(notebook, figures, refer)
    nbformat.validate(notebook)
    own, other = (output.data for output in notebook.cells[0].outputs)
    assert [kind.split("/")[0] for kind in other] == ["image"]
    if refer:
        assert own == {"text/html": '<img src="figures/gains.png" alt="figures/gains.png, beside this notebook">'}
    else:
        assert [kind.split("/")[0] for kind in own] == ["image"]
