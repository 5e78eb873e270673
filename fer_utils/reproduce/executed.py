"""The executed notebook: did it reach its end, and how it is kept."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import nbformat
from PIL import Image

from fer_utils.errors import FerError
from fer_utils.files import sha256_file
from fer_utils.reproduce.surroundings import FINISHED
from fer_utils.silence import without_tensorflow

COPY_WIDTH, COPY_QUALITY, COPY_COLOURS = 720, 50, 24
"""Pixels, JPEG quality and PNG palette of the pictures in an executed notebook: recorded runs are kept in git."""


def finished(notebook: str, working: Path) -> dict[str, Any]:
    """What :meth:`Run.finish` said; refuse the run if it was not reached, a cell shows an error or a file is gone."""
    executed = nbformat.read(working / "notebook.ipynb", as_version=4)
    for number, cell in enumerate(cell for cell in executed.cells if cell.cell_type == "code"):
        wrong = [output for output in cell.outputs if output.output_type == "error"]
        if wrong or (cell.source.strip() and cell.execution_count is None):
            raise FerError(f"{notebook}, code cell {number + 1} failed or never ran, so there is no receipt")
    mark = working / FINISHED
    if not mark.exists():
        raise FerError(f"{notebook} ended without calling Run.finish(), so there is no receipt")
    facts = json.loads(mark.read_text(encoding="utf-8"))
    mark.unlink()
    _demand(notebook, working, facts["files"])
    # Where this machine keeps its folders is nobody's business.
    for name in ("input_path", "output_path"):
        executed.metadata.get("papermill", {}).pop(name, None)
    _drop_foreign_lines(executed)
    _shrink_pictures(executed)
    nbformat.write(executed, working / "notebook.ipynb")
    return facts


def _demand(notebook: str, working: Path, files: dict[str, str]) -> None:
    """Raise unless every file that the run wrote is there as it was written."""
    lost = []
    for name, digest in files.items():
        try:
            if sha256_file(working / name) != digest:
                lost.append(f"{name} is not as it was written")
        except FileNotFoundError:
            lost.append(f"{name} is gone")
    if lost:
        raise FerError(
            f"{notebook}: somebody meddled with the files of this run while it was under way, so there is no receipt: "
            f"{'; '.join(lost)}. Run it again; nobody else may write to {working.parent}."
        )


def _drop_foreign_lines(executed: nbformat.NotebookNode) -> None:
    """Leave out the lines that TensorFlow's C++ side wrote past :mod:`fer_utils.silence`; other warnings stay.

    They hold times and process numbers and hang on the processor, so no two records of one run would be equal.
    """
    for cell in executed.cells:
        kept: list[Any] = []
        for output in cell.get("outputs", []):
            follows = kept and output.get("name") == kept[-1].get("name") == "stderr"
            if follows:  # a line may be cut between two messages
                kept[-1].text += output.text
            else:
                kept.append(output)
        for output in kept:
            if output.get("name") == "stderr":
                output.text = without_tensorflow(output.text)
        if "outputs" in cell:
            cell.outputs = [output for output in kept if output.get("name") != "stderr" or output.text]


def _shrink_pictures(executed: nbformat.NotebookNode) -> None:
    """Keep the pictures in an executed notebook as small copies; the figures themselves lie beside it as PNG."""
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            png = output.get("data", {}).pop("image/png", None)
            if png is None:
                continue
            output.get("metadata", {}).pop("image/png", None)
            kind, copy = _small_copy(base64.b64decode(png))
            output["data"][kind] = base64.b64encode(copy).decode("ascii")


def _small_copy(png: bytes) -> tuple[str, bytes]:
    """The smaller of a JPEG, which suits photographs, and a PNG of few colours, which suits lines; with its type."""
    with Image.open(io.BytesIO(png)) as picture:
        flat = Image.new("RGB", picture.size, "white")
        flat.paste(picture, mask=picture.getchannel("A") if picture.mode == "RGBA" else None)
    flat.thumbnail((COPY_WIDTH, 10 * COPY_WIDTH), Image.Resampling.LANCZOS)
    few = flat.quantize(COPY_COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    jpeg, palette = io.BytesIO(), io.BytesIO()
    flat.save(jpeg, "JPEG", quality=COPY_QUALITY, optimize=True)
    few.save(palette, "PNG", optimize=True)
    if jpeg.tell() < palette.tell():
        return "image/jpeg", jpeg.getvalue()
    return "image/png", palette.getvalue()
