"""Executed notebooks as web pages, for whoever has no Jupyter at hand.

A page lies beside its run's folder (``05_mobilenet_jaffe/london-quick.html``) and says which notebook it shows, by its
SHA-256: one that is no longer so is made again and never linked to. Git ignores these pages, which would double what it
holds; so the recorded report does not link to them, and a fresh clone has no dead link.
"""

from __future__ import annotations

import base64
import html
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from fer_utils.errors import FerError
from fer_utils.files import UNREADABLE, sha256_file, write_text
from fer_utils.reproduce.page import template
from fer_utils.reproduce.wording import Entry

if TYPE_CHECKING:
    from nbconvert import HTMLExporter

_CODE = re.compile(r"(```.*?```|`[^`]*`)", re.DOTALL)
_FORMULA = re.compile(r"\$(?!\s)([^$\n]+)(?<!\s)\$")
_SHOWS = re.compile(r'<meta name="notebook" content="([0-9a-f]{64})">')


def page_of(run: Entry) -> str:
    """Where a run's page is, below the results folder; ``run`` is an entry of the summary's ``runs``."""
    return f"{run['run']}.html"


def is_fresh(run: Entry, results: Path) -> bool:
    """Whether the run's page is there and shows its notebook as it is now."""
    page = results / page_of(run)
    if not page.is_file():
        return False
    with page.open(encoding="utf-8", errors="replace") as stream:
        found = _SHOWS.search(stream.read(1000))
    return found is not None and found[1] == sha256_file(results / run["notebook_file"])


def render_notebooks(runs: list[Entry], results: Path) -> list[Path]:
    """Make every page that is missing or no longer fresh; gives the pages of all runs.

    Raises:
        FerError: a notebook cannot be shown, or a page cannot be written.
    """
    stale = [run for run in runs if not is_fresh(run, results)]
    if stale:
        from nbconvert import HTMLExporter  # seconds to import

        exporter = HTMLExporter(template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True)
        for run in stale:
            write_text(results / page_of(run), _page(run, results, exporter))
    return [results / page_of(run) for run in runs]


def with_formulas(markdown: str) -> str:
    """Formulas between dollar signs, outside code, as drawings with the TeX in words: no script has to be loaded."""
    parts = _CODE.split(markdown)
    return "".join(part if place % 2 else _FORMULA.sub(_drawn, part) for place, part in enumerate(parts))


def _drawn(formula: re.Match[str]) -> str:
    from matplotlib.mathtext import math_to_image

    stream = io.StringIO()
    try:
        depth = math_to_image(formula[0], stream, format="svg")
    except ValueError:  # TeX that matplotlib does not know stays as it was written
        return formula[0]
    picture = base64.b64encode(stream.getvalue().encode()).decode("ascii")
    words = html.escape(formula[1])
    style = f"vertical-align:-{depth:g}pt"
    return f'<img alt="{words}" style="{style}" src="data:image/svg+xml;base64,{picture}">'


def _page(run: Entry, results: Path, exporter: HTMLExporter) -> str:
    import nbformat
    from pygments.formatters import HtmlFormatter

    notebook = results / run["notebook_file"]
    try:
        content = nbformat.read(notebook, as_version=4)
        for cell in content.cells:
            if cell.cell_type == "markdown":
                cell.source = with_formulas(cell.source)
        body, _ = exporter.from_notebook_node(content)
        # Figures lie beside the notebook, and the page lies beside the notebook's folder.
        body = body.replace(' src="figures/', f' src="{quote(notebook.parent.name)}/figures/')
    except (*UNREADABLE, AttributeError, nbformat.ValidationError) as error:
        raise FerError(f"{notebook} cannot be shown as a web page: {error}") from error
    return template("notebook.html").render(
        run=run,
        shows=sha256_file(notebook),
        body=body,
        colours=HtmlFormatter().get_style_defs(".highlight"),
    )
