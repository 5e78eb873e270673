"""Make a deck of slides from each notebook's recorded run: ``make slides``, or ``make slides ARGS="04 05"``.

Which cells become which slides follows from the headings, so notebooks carry no slide tags of their own. A heading
begins a slide. A figure or a table shares one with a short text at most. Of a long text each paragraph is shown by its
first sentence, and stands whole in the speaker's notes. Code is left out. Before what ``PREDICT`` names comes a
question. nbconvert makes the rest, with the template in ``deck/``: one file a deck, which opens without a network.
"""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from latex2mathml.converter import convert as mathml
from nbconvert import SlidesExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from fer_utils.reproduce.kept_pictures import MIME_TYPES

COURSE = Path(__file__).resolve().parent
RESULTS = COURSE.parent / "results"
LEFT_OUT = ("What to expect", "References", "Exercises")
MOST_LINES, MOST_ROWS = 18, 16
"""Of a printed text and of a table; longer ones are read in the notebook."""
WHOLE_WORDS, BESIDE_WORDS = 60, 40
"""A text of so many words is shown whole; one of so many leaves room for a figure on its slide."""

PREDICT = {
    "00_start_here": ('"avatars"', "Eight people, eight expressions. Which two will you mix up most often?"),
    "01_clifer": (
        "figure_3{letter}",
        "Under *published* the test frames are those that were learnt, under *sound* other clips of the same person. "
        "Draw what you expect: F1 on the classes seen so far, after one to six classes.",
    ),
    "02_gan_augmentation": (
        '"gains"',
        "Put in order what is added: DCGAN faces, noise, mirror images, laboratory pictures, real pictures in reserve, "
        "nothing but more steps.",
    ),
    "03_landmark_ensemble": (
        '"complementarity"',
        "Five networks for five parts, and five that differ in their start alone. Which five agree more often?",
    ),
    "04_dcgan_svm": (
        "figures.leak(",
        "The same SVM on eight kinds of features, bare pixels among them. In random folds, which is best? "
        "And with people apart?",
    ),
    "05_mobilenet_jaffe": (
        '"published_and_sound"',
        "Put the splits in order of accuracy: A augment, then split; B photographs apart; C one person left out; "
        "D people apart.",
    ),
}
"""Asked before a figure or table is shown: by notebook, a piece of the code that makes it, and the question."""


def main(asked: list[str]) -> None:
    """Write ``work/slides/<notebook>.html`` for the notebooks whose names begin with one of ``asked``, or for all."""
    target = COURSE.parent / "work" / "slides"
    target.mkdir(parents=True, exist_ok=True)
    for notebook in sorted((COURSE.parent / "notebooks").glob("*.ipynb")):
        if not asked or notebook.name.startswith(tuple(asked)):
            deck = target / f"{notebook.stem}.html"
            deck.write_text(html(deck_of(run_of(notebook), notebook.stem)), "utf-8")
            print(deck.relative_to(COURSE.parent))


def recorded(notebook: Path) -> Path:
    """The executed notebook of the recorded run on the notebook's own data: quick, or else of an evening."""
    cells = nbformat.read(notebook, as_version=4).cells
    (parameters,) = (cell.source for cell in cells if "parameters" in cell.metadata.get("tags", []))
    named = re.search(r'^dataset = "(.+?)"', parameters, flags=re.M)
    data = named[1].replace(":", "-") if named else "all"
    runs = [*RESULTS.glob(f"{notebook.stem}/{data}-quick"), *RESULTS.glob(f"{notebook.stem}/{data}-evening*")]
    return runs[0] / "notebook.ipynb"


def run_of(notebook: Path) -> Any:
    """What :func:`recorded` names, with the pictures that a run of an evening only points to."""
    file = recorded(notebook)
    run = nbformat.read(file, as_version=4)
    for output in (output for cell in run.cells for output in cell.get("outputs", [])):
        data = output.get("data", {})
        if pointed := re.match(r'<img src="(figures/[^"]+)"', data.get("text/html", "")):
            del data["text/html"]
            picture = file.parent / pointed[1]
            data[MIME_TYPES[picture.suffix]] = base64.b64encode(picture.read_bytes()).decode("ascii")
    return run


def html(deck: Any) -> str:
    """The deck as one file."""
    exporter = SlidesExporter(
        template_name="deck", extra_template_basedirs=[str(COURSE)], exclude_input=True, exclude_output_prompt=True
    )
    return exporter.from_notebook_node(deck)[0]


def deck_of(notebook: Any, name: str) -> Any:
    """A notebook of slides, with nbconvert's tags, from an executed one.

    Args:
        notebook: with outputs.
        name: of the notebook, for the questions.
    """
    cells: list[Any] = []
    section, left_out = "", False
    code, text = PREDICT.get(name, ("", ""))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for part in re.split(r"\n(?=#{2,3} )", cell.source):
                heading = re.match(r"(#+) (.+)", part)
                if heading:
                    section = heading[2] if len(heading[1]) == 2 else section
                    left_out = heading[2].startswith(LEFT_OUT)
                if not left_out:
                    cells += _said(part, "" if heading else section)
        elif not left_out:
            shown = any(map(_has_a_slide, cell.get("outputs", [])))
            if question := text if shown and code in cell.source else "":
                cells.append(_slide("subslide", f'<div class="predict">\n\n**Predict.** {question}\n\n</div>', section))
            cells += _shown(cell, section, room=_has_room(cells) and not question)
    title = next(line.lstrip("# ") for line in notebook.cells[0].source.splitlines() if line.startswith("# "))
    return new_notebook(cells=cells, metadata={**notebook.metadata, "title": title})


def _slide(kind: str, text: str, section: str = "") -> Any:
    kicker = f'<p class="kicker">{section}</p>\n\n' if section else ""
    return new_markdown_cell(kicker + formulas(text), metadata={"slideshow": {"slide_type": kind}})


def _said(text: str, section: str) -> list[Any]:
    """A Markdown text as a slide and, where it was shortened, notes."""
    blocks = [block for block in re.split(r"\n\s*\n", text.strip()) if block.strip()]
    short = blocks if len(text.split()) <= WHOLE_WORDS else [shortened(block) for block in blocks]
    kind = "slide" if blocks[0].startswith(("# ", "## ")) else "subslide"
    cells = [_slide(kind, "\n\n".join(short), section)]
    if short != blocks:
        whole = [block for block, brief in zip(blocks, short, strict=True) if block != brief]
        cells.append(_slide("notes", "\n\n".join(whole)))
    return cells


def shortened(block: str) -> str:
    """A paragraph's first sentence, after its bold lead if it has one; each item's of a list; a table as it is."""
    if block.startswith(("#", "|", ">", "    ")):
        heading, _, rest = block.partition("\n") if block.startswith("#") else (block, "", "")
        return f"{heading}\n\n{shortened(rest)}" if rest.strip() else heading
    items = re.split(r"\n(?=(?:[-*]|\d+\.) )", block)
    if len(items) > 1 or re.match(r"(?:[-*]|\d+\.) ", block):
        marks = [re.match(r"(?:[-*]|\d+\.) ", item) for item in items]
        return "\n".join(
            (mark[0] if mark else "") + first_sentence(item[mark.end() if mark else 0 :])
            for item, mark in zip(items, marks, strict=True)
        )
    lead = re.match(r"\*\*[^*]+[.!?]\*\*\s+", block)
    return lead[0] + first_sentence(block[lead.end() :]) if lead else first_sentence(block)


def first_sentence(text: str) -> str:
    """Up to the first full stop that ends a sentence; bold letters that were opened are closed."""
    end = re.search(r"(?<!et al)(?<!e\.g)(?<!i\.e)(?<!\b[A-Z])[.!?](?:\*\*)?(?=\s+\S)", text)
    found = text[: end.end()] if end else text
    return found + "**" if found.count("**") % 2 else found


def formulas(text: str) -> str:
    """LaTeX between dollar signs as MathML, which browsers draw by themselves."""
    return re.sub(r"\$([^$\n]+)\$", lambda found: mathml(found[1]), text)


def _has_room(cells: list[Any]) -> bool:
    """Whether the slide so far is one short text."""
    text = [cell for cell in cells if cell.metadata.slideshow.slide_type != "notes"][-1:]
    return bool(text) and text[0].cell_type == "markdown" and len(text[0].source.split()) <= BESIDE_WORDS


def _shown(cell: Any, section: str, room: bool) -> list[Any]:
    """Figures and tables that a cell left, a slide each, and short printed texts on the slide before them.

    The first figure or table joins the slide before it where that has ``room``.
    """
    cells: list[Any] = []
    for output in sorted(cell.get("outputs", []), key=lambda output: not _is_picture(output)):
        if _has_a_slide(output):
            if not room:
                cells.append(_slide("subslide", "", section))
            room = False
        elif output.output_type != "stream" or output.name != "stdout" or output.text.count("\n") > MOST_LINES:
            continue
        cells.append(new_code_cell("", outputs=[output], metadata={"slideshow": {"slide_type": "-"}}))
    return cells


def _is_picture(output: Any) -> bool:
    return any(kind.startswith("image/") for kind in output.get("data", {}))


def _has_a_slide(output: Any) -> bool:
    """Whether it is a figure, or a table that is not too long."""
    return _is_picture(output) or 0 < output.get("data", {}).get("text/html", "").count("<tr") <= MOST_ROWS + 1


if __name__ == "__main__":
    main(sys.argv[1:])
