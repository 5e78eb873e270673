"""Executed notebooks as web pages: made once, made again when the notebook changes, linked to only where they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from fer_utils.errors import FerError
from fer_utils.reproduce.cli import main
from fer_utils.reproduce.executed import FIGURE
from fer_utils.reproduce.notebook_html import is_fresh, page_of, render_notebooks, with_formulas
from tests.reproduce.signed_folder import make_run, sign

RUN = {"run": "05_mobilenet_jaffe/london-quick", "notebook_file": "05_mobilenet_jaffe/london-quick/notebook.ipynb"}
PAGE = "05_mobilenet_jaffe/london-quick.html"


def executed(results: Path, text: str = "Hello") -> Path:
    """A signed run whose notebook has words, code, an answer and a picture."""
    folder = make_run(results)
    output: list[Any] = [
        nbformat.v4.new_output("stream", text="forty-two\n"),
        nbformat.v4.new_output("display_data", data={"image/jpeg": "aGVsbG8="}),
        nbformat.v4.new_output("display_data", data={"text/html": FIGURE.format(file="figures/samples.png")}),
    ]
    cells = [
        nbformat.v4.new_markdown_cell(f"# {text}\n\nWords."),
        nbformat.v4.new_code_cell("print('forty-' + 'two')", execution_count=1, outputs=output),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "notebook.ipynb")
    return sign(folder)


def test_a_page_shows_words_code_and_answers_and_loads_nothing(tmp_path: Path):
    executed(tmp_path)
    assert render_notebooks([RUN], tmp_path) == [tmp_path / PAGE]
    html = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert re.search(r"<h1[^>]*>Hello", html)
    assert "forty-two" in html and "data:image/jpeg;base64,aGVsbG8=" in html
    assert not re.search(r"""(src|href)=["'](https?:)?//""", html)
    (figure,) = re.findall('src="([^"]*samples.png)"', html)
    assert (tmp_path / PAGE).parent.joinpath(figure).is_file()
    assert page_of(RUN) == PAGE and is_fresh(RUN, tmp_path)


def test_formulas_are_drawn_and_code_and_what_is_no_formula_stay():
    text = with_formulas("where $a < b^2$ and `$c$`\n```\n$d$\n```\n5 $ and $\\nonsense{x}$")
    assert text.count("data:image/svg+xml;base64,") == 1 and 'alt="a &lt; b^2"' in text
    assert text.startswith("where <img ") and "`$c$`\n```\n$d$\n```\n5 $ and $\\nonsense{x}$" in text


def test_a_fresh_page_stays_and_a_stale_one_is_made_again(tmp_path: Path):
    executed(tmp_path)
    (page,) = render_notebooks([RUN], tmp_path)
    before = page.stat().st_mtime_ns
    render_notebooks([RUN], tmp_path)
    assert page.stat().st_mtime_ns == before
    executed(tmp_path, "Changed")
    assert not is_fresh(RUN, tmp_path)
    render_notebooks([RUN], tmp_path)
    assert is_fresh(RUN, tmp_path) and "Changed" in page.read_text(encoding="utf-8")


def test_what_is_no_notebook_is_named(tmp_path: Path):
    make_run(tmp_path)
    with pytest.raises(FerError, match=r"notebook\.ipynb cannot be shown"):
        render_notebooks([RUN], tmp_path)
    assert not (tmp_path / PAGE).exists()


def test_the_report_links_to_pages_that_are_there_and_fresh(tmp_path: Path, capsys):
    executed(tmp_path)
    paper = tmp_path / "05_mobilenet_jaffe.html"
    assert main(["report", "--results", str(tmp_path)]) == 0
    assert f"./{PAGE}" not in paper.read_text(encoding="utf-8")
    assert main(["report", "--results", str(tmp_path), "--notebooks"]) == 0
    assert f"A notebook to read: {tmp_path / PAGE}" in capsys.readouterr().out
    assert f"./{PAGE}" in paper.read_text(encoding="utf-8")
    assert main(["report", "--results", str(tmp_path)]) == 0
    assert f"./{PAGE}" in paper.read_text(encoding="utf-8")
    executed(tmp_path, "Changed")
    assert main(["report", "--results", str(tmp_path)]) == 0
    assert f"./{PAGE}" not in paper.read_text(encoding="utf-8")
