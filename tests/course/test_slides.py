"""Decks of slides: every figure is there, the question comes before it, and nothing is fetched from elsewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import nbformat
import pytest

pytest.importorskip(
    "latex2mathml", reason="latex2mathml is not installed: `make course` installs it and runs these tests"
)

from tests.course.play import COURSE

NOTEBOOKS = sorted((COURSE.parent / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def slides():
    """``course/slides.py``, which is a script and no part of the package."""
    described = importlib.util.spec_from_file_location("course_slides", COURSE / "slides.py")
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


def pictures(cells) -> list[str]:
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [kind for output in outputs for kind in output.get("data", {}) if kind.startswith("image/")]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_deck_has_every_figure_and_asks_before_one(slides, notebook: Path) -> None:
    run = slides.run_of(notebook)
    deck = slides.deck_of(run, notebook.stem)
    nbformat.validate(deck)
    assert pictures(deck.cells) == pictures(run.cells) != []
    assert len(pictures(run.cells)) == len(list((slides.recorded(notebook).parent / "figures").iterdir()))
    (asked,) = [number for number, cell in enumerate(deck.cells) if "**Predict.**" in cell.source]
    answer = next(cell for cell in deck.cells[asked:] if cell.cell_type == "code").outputs[0]
    assert answer.output_type != "stream", "the figure or table comes next"
    text = "\n".join(cell.source for cell in deck.cells)
    assert "## References" not in text and "$" not in re.sub(r"`[^`]*`", "", text)


def test_a_deck_is_one_file_that_asks_nobody_for_more(slides) -> None:
    run = slides.run_of(NOTEBOOKS[-1])
    page = slides.html(slides.deck_of(run, NOTEBOOKS[-1].stem))
    fetched = re.findall(r'<(?:script|link|img|iframe)[^>]*\b(?:src|href)="(?!data:)[^"]*"', page)
    assert fetched == [] and "import " not in page and "url(" not in page and "@import" not in page
    assert page.count("<section") > 20 and "<math" in page


def test_long_texts_are_shown_by_their_first_sentences_and_kept_in_the_notes(slides) -> None:
    paragraph = "One thing by A. Radford et al. is **bold. So** it stays. " + "More words follow here. " * 20
    title, notes = slides.deck_of(
        nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_markdown_cell(f"# Title\n\n{paragraph}\n\n- **Lead.** And more.")]
        ),
        "any",
    ).cells
    assert title.source == "# Title\n\nOne thing by A. Radford et al. is **bold.**\n\n- **Lead.**"
    assert notes.metadata.slideshow.slide_type == "notes" and paragraph.strip() in notes.source
