"""The report: every row is shown and escaped, and nothing is loaded from anywhere else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jinja2
import pytest

from fer_utils.errors import FerError
from fer_utils.reproduce.report import VERDICTS, digits, render, verdict_lines, write_report

EMPTY: dict[str, Any] = {"coverage": [], "runs": [], "rows": []}


def coverage(paper: str, title: str, *counts: int) -> dict[str, Any]:
    kinds = ("reproduce", "tested", "not_testable", "cited", "setting")
    return {"paper": paper, "title": title, **dict(zip(kinds, counts, strict=True))}


def run(name: str, dataset: str, kind: str, profile: str, figures: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "run": name,
        "notebook": name.split("/")[0],
        "dataset": dataset,
        "kind": kind,
        "profile": profile,
        "device": "cpu",
        "note": "weights shipped, code 01234567",
        "notebook_file": f"{name}/notebook.ipynb",
        "figures": [f"{name}/figures/{figure}.png" for figure in figures],
        "tables": [f"{name}/tables/accuracy_by_fold.csv"],
        "receipt": f"{name}/receipt.json",
    }


def measured(value: float, ci95: list[float] | None, n: int, verdict: str, leak: str = "") -> dict[str, Any]:
    interval = f"Korn-Graubard over {n} groups" if ci95 else "none"
    reason = "our interval is held against the printed value"
    return {
        "value": value, "ci95": ci95, "n": n, "interval": interval, "leak": leak, "verdict": verdict, "reason": reason,
    }  # fmt: skip


def row(claim: str, what: str, verdict: str, reason: str, **more: Any) -> dict[str, Any]:
    defaults = {
        "where": "Section 4.1", "unit": "%", "printed": "", "paper_value": None, "relation": "=",
        "paper_dataset": "", "run": None, "dataset": None, "kind": None, "profile": None,
        "published": None, "sound": None, "gap": None,
    }  # fmt: skip
    known = {"claim": claim, "paper": claim.split("/")[0], "what": what, "verdict": verdict, "reason": reason}
    return defaults | known | more


LONDON = {"run": "05_mobilenet_jaffe/london-quick", "dataset": "london", "kind": "real", "profile": "quick"}
AVATARS = {"run": "03_landmark_ensemble/avatars-smoke", "dataset": "avatars", "kind": "stand-in", "profile": "smoke"}
JAFFE = {"run": "03_landmark_ensemble/jaffe-paper", "dataset": "jaffe", "kind": "real", "profile": "paper"}
LEAKS = "subject 100 %, source 100 %, near 93 %"

SUMMARY: dict[str, Any] = {
    "coverage": [
        coverage("clifer", "Churamani and Gunes: CLIFER, continual learning with imagination", 119, 40, 19, 0, 25),
        coverage("gan_augmentation", "Porcu et al.: data augmentation with GANs", 18, 2, 1, 4, 17),
        coverage("landmark_ensemble", "Wang et al.: ensemble of landmark sub-networks", 246, 120, 2, 6, 33),
        coverage("dcgan_svm", "Fathallah et al.: DCGAN features and an SVM", 225, 0, 12, 62, 62),
        coverage("mobilenet_jaffe", "Barile et al.: MobileNetV2 on JAFFE", 11, 9, 9, 6, 10),
    ],
    "runs": [
        run("03_landmark_ensemble/avatars-smoke", "avatars", "stand-in", "smoke"),
        run("03_landmark_ensemble/jaffe-paper", "jaffe", "real", "paper", ("confusion_published", "confusion_sound")),
        run(
            "05_mobilenet_jaffe/london-quick", "london", "real", "quick",
            ("accuracy", "confusion_matrix_published", "confusion_matrix_sound", "learning_curves", "leak_audit"),
        ),
    ],
    "rows": [
        row(
            "clifer/abstract/gdm-e/mmi/f1", "CLIFER on MMI: F1 of the episodic memory (GDM-E), mean over subjects",
            "not testable", "MMI is gated: set FER_DATA to a folder with it.", unit="fraction", where="abstract",
            printed="0.75 ± 0.07", paper_value=0.75, paper_dataset="mmi",
        ),
        row(
            "clifer/order/gdm+replay_minus_gdm/mmi/f1_difference",
            "GDM with replay scores a higher F1 than GDM without replay on MMI", "direction fails",
            "The whole interval lies below 0, on other data than the paper's.", unit="fraction", relation=">",
            printed="perform better than the standard GDM model", paper_value=0.0, paper_dataset="mmi",
            published=measured(-0.0431, [-0.081, -0.004], 12, "direction fails"), **AVATARS,
        ),
        row(
            "clifer/text/p_value/orders/p_value", "Among five class orders the differences are not significant",
            "undecided", "The interval reaches across 0.05.", unit="", relation=">=", printed="not significant",
            paper_value=0.05, published=measured(0.0612, [0.0000123, 0.41], 12, "undecided"), **AVATARS,
        ),
        row(
            "gan_augmentation/table_1/resnet-50+dcgan/fer-2013/accuracy", "ResNet-50 with DCGAN images on FER-2013",
            "not testable", "FER-2013 is gated and no stand-in can show a value.", where="Table 1", printed="71.75",
            paper_value=71.75, paper_dataset="fer2013",
        ),
        row(
            "landmark_ensemble/table_1/jaffe/el/accuracy", "Accuracy of the ensemble (EL) on JAFFE", "reproduced",
            "97.14 lies in the published interval.", where="Table I", printed="97.14", paper_value=97.14,
            paper_dataset="jaffe", published=measured(96.71361502, [93.2, 98.6], 213, "reproduced", LEAKS),
            sound=measured(61.03286385, [52.1, 69.4], 213, "not reproduced", "subject 0 %, source 0 %, near 4 %"),
            gap={"value": 35.68075117, "ci95": [26.9, 44.1]}, **JAFFE,
        ),
        row(
            "landmark_ensemble/table_1/jaffe/baseline/accuracy", "Accuracy of the baseline network on JAFFE",
            "not reproduced", "92.86 lies above the published interval.", where="Table I", printed="92.86",
            paper_value=92.86, paper_dataset="jaffe", published=measured(81.2, [75.3, 86.2], 213, "not reproduced"),
            **JAFFE,
        ),
        row(
            "landmark_ensemble/figure_9/fear/fear/count", "SFEW confusion matrix of EL: fear faces called fear",
            "direction holds", "Few, as in the paper.", unit="images", where="Figure 9", printed="1", paper_value=1,
            paper_dataset="sfew", published=measured(3, None, 10, "direction holds"),
            sound=measured(0, None, 10, "direction holds"), gap={"value": 3, "ci95": None}, **AVATARS,
        ),
        row(
            "landmark_ensemble/order/nose_minus_next_worst/sfew/accuracy_difference",
            "The nose sub-network is the worst of the five: SFEW", "direction holds", "The interval lies below 0.",
            unit="% points", relation="<", paper_value=-3.9, paper_dataset="sfew",
            published=measured(-6.25, [-9.4, -2.2], 10, "direction holds"),
            sound=measured(-4.0, [-8.8, 0.9], 10, "undecided"), gap={"value": -2.25, "ci95": [-7.0, 2.6]}, **AVATARS,
        ),
        row(
            "dcgan_svm/table_2/contemptuous/exp_4/auc", "Emotion Exp 4: AUC, contemptuous against the rest",
            "not testable", "The authors do not state the split.", unit="fraction", where="Table II", printed="0.858",
            paper_value=0.858, paper_dataset="rafd",
        ),
        row(
            "mobilenet_jaffe/text/overall_accuracy/all/accuracy",
            "MobileNetV2 classifies the JAFFE test pictures into seven expressions", "direction holds",
            "Both lie above chance; London has two expressions and JAFFE seven.", printed="85.54", paper_value=85.54,
            paper_dataset="jaffe", published=measured(97.058823529, [95.0, 98.9], 102, "direction holds", LEAKS),
            sound=measured(92.1, [86.2, 96.1], 102, "direction holds", "none"),
            gap={"value": 4.958823529, "ci95": [1.0, 9.0]}, **LONDON,
        ),
        row(
            "mobilenet_jaffe/text/overall_accuracy/all/accuracy",
            "MobileNetV2 classifies the JAFFE test pictures into seven expressions", "undecided",
            "Eight stand-in pictures say little.", printed="85.54", paper_value=85.54, paper_dataset="jaffe",
            published=measured(62.5, [24.5, 91.5], 8, "undecided"), **AVATARS,
        ),
        row(
            "mobilenet_jaffe/text/figure_7/all/confusion_matrix",
            "Images look alike to <b>people</b> & to the network; the paper prints no number", "not testable",
            "No number to hold anything against.", unit="", relation="", where="Figure 7",
        ),
    ],
}  # fmt: skip


class Page(HTMLParser):
    """Collects what the tests look at: the claims' rows as text, all links, and whether tags are balanced."""

    VOID = ("meta", "link", "img", "input", "br")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "table":
            self.rows = []  # the claims' table is the last one
        if tag == "tr":
            self.rows.append("")
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "tr" in self.open:
            self.rows[-1] += data + " "


def claim_rows(summary: dict[str, Any]) -> list[str]:
    return [re.sub(r"\s+", " ", text) for text in Page(render(summary)).rows[1:]]


# ------------------------------------------------------------------ the page


def test_every_row_shows_its_claim_its_verdict_and_its_reason():
    shown = claim_rows(SUMMARY)
    assert len(shown) == len(SUMMARY["rows"])
    for text, entry in zip(shown, SUMMARY["rows"], strict=True):
        for part in ("claim", "what", "where", "reason"):
            assert entry[part] in text, (entry["claim"], part)
        assert f"{VERDICTS[entry['verdict']][0]} {entry['verdict']}" in text


def test_a_row_says_what_data_it_comes_from():
    for text, entry in zip(claim_rows(SUMMARY), SUMMARY["rows"], strict=True):
        labels = (entry["dataset"], entry["kind"], entry["profile"], "size") if entry["run"] else ("not run",)
        assert " ".join(labels) in text
        if entry["paper_dataset"] != entry["dataset"] and entry["paper_dataset"]:
            assert f"paper: {entry['paper_dataset']}" in text


def test_numbers_of_a_row():
    text = claim_rows(SUMMARY)[9]
    for part in ("85.54 %", "97.1 [95.0, 98.9] n = 102 · ▲ direction holds", "92.1 [86.2, 96.1]"):
        assert part in text
    assert "+5.0 [+1.0, +9.0]" in text
    assert f"published {LEAKS} sound none" in text
    assert 'title="97.058823529"' in render(SUMMARY)


def test_an_ordering_says_the_side_it_claims_and_quotes_the_paper():
    shown = claim_rows(SUMMARY)
    assert "above 0 fraction “perform better than the standard GDM model”" in shown[1]
    assert "below 0 −3.9 % points" in shown[7]
    assert "at least 0.05 “not significant”" in shown[2]


def test_a_drawing_has_words_and_only_measured_rows_have_one():
    html = render(SUMMARY)
    assert 'aria-label="paper 85.54; published 97.1 [95.0, 98.9]; sound 92.1 [86.2, 96.1]"' in html
    assert html.count('role="img"') == sum(entry["published"] is not None for entry in SUMMARY["rows"])


def test_a_drawing_stays_within_its_frame_when_everything_is_one_number():
    entry = SUMMARY["rows"][4] | {"published": measured(97.14, [97.14, 97.14], 3, "reproduced"), "sound": None}
    html = render(EMPTY | {"rows": [entry]})
    assert 'cx="50.0"' in html and "nan" not in html


def test_the_same_summary_gives_the_same_bytes():
    again = json.loads(json.dumps(SUMMARY))
    assert render(SUMMARY) == render(again)
    assert verdict_lines(SUMMARY) == verdict_lines(again)


def test_nothing_is_loaded_from_elsewhere():
    html = render(SUMMARY)
    assert not re.search(r"https?:|src=\"//|href=\"//|@import|url\(", html)
    page = Page(html)
    for link in page.links:
        assert link == "data:," or link.startswith("./") or link[1:] in page.ids, link
    assert html.count("<img") == html.count('loading="lazy"') == 7


def test_hostile_text_is_shown_and_not_obeyed():
    bad = '<script>alert("x")</script>'
    entry = {key: bad if isinstance(value, str) else value for key, value in SUMMARY["rows"][9].items()}
    entry |= {"verdict": "undecided", "published": SUMMARY["rows"][9]["published"] | {"leak": bad, "interval": bad}}
    hostile = run(bad, bad, "real", "quick") | {"figures": ["javascript:alert(1)"], "receipt": "//evil.example/x"}
    html = render({"coverage": [coverage("clifer", bad, 1, 1, 0, 0, 0)], "runs": [hostile], "rows": [entry]})
    page = Page(html)
    assert html.count("<script>") == 1 and "&lt;script&gt;" in html
    assert "./javascript%3Aalert%281%29" in page.links and ".///evil.example/x" in page.links
    assert bad in page.rows[1]


def test_headings_sort_by_keyboard_and_wait_for_the_script():
    html = render(SUMMARY)
    assert html.count('<button type="button" disabled>') == 9  # dead buttons would mislead where scripts are off
    assert 'class="filters" role="search" hidden' in html


def test_an_empty_summary_says_what_to_do():
    html = render(EMPTY)
    Page(html)
    assert html.count("make reproduce") == 2
    assert "make reproduce" in verdict_lines(EMPTY)


def test_claims_without_any_run_are_still_listed():
    rows = [entry for entry in SUMMARY["rows"] if entry["run"] is None]
    html = render(SUMMARY | {"runs": [], "rows": rows})
    assert "No runs are recorded yet" in html
    assert len(Page(html).rows) == 1 + len(rows)


def test_an_entry_that_lacks_something_is_refused():
    with pytest.raises((KeyError, jinja2.UndefinedError)):
        render(EMPTY | {"runs": [{"run": "05_mobilenet_jaffe/london-quick"}]})


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (85.54, "%", "85.5"),
        (-0.04, "% points", "0.0"),
        (0.5, "fraction", "0.500"),
        (1, "fraction", "1.00"),
        (17.04, "", "17.0"),
        (0.0000123, "", "1.23e−05"),
        (3, "images", "3"),
        (2.5, "images", "2.50"),
        (999.7, "", "1000"),
        (123.4, "", "123"),
        (-12.34, "", "−12.3"),
        (0, "", "0.00"),
    ],
)
def test_digits(value: float, unit: str, shown: str):
    assert digits(value, unit) == shown


# ------------------------------------------------------------------ the terminal


def test_the_text_table_lists_each_row_once_and_keeps_its_width():
    text = verdict_lines(SUMMARY)
    assert max(map(len, text.splitlines())) <= 110
    for verdict in VERDICTS:
        rows = sum(entry["verdict"] == verdict for entry in SUMMARY["rows"])
        # a row's last column is its verdict; the tally at the end names each verdict once more
        assert len(re.findall(rf"  {verdict}$", text, re.MULTILINE)) == rows
        assert f"{verdict}: {rows}" in text.splitlines()[-1]
    for entry in SUMMARY["coverage"]:
        assert text.count(entry["title"]) == any(row["paper"] == entry["paper"] for row in SUMMARY["rows"])


def test_the_text_table_wraps_any_length():
    entry = SUMMARY["rows"][9] | {"what": "word " * 60 + "x" * 150, "dataset": "d" * 50}
    text = verdict_lines(EMPTY | {"rows": [entry]})
    assert max(map(len, text.splitlines())) <= 110
    assert text.count("word") == 60 and text.count("x") == 150


# ------------------------------------------------------------------ files


def test_both_files_are_written(tmp_path: Path):
    write_report(SUMMARY, tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == SUMMARY
    assert (tmp_path / "index.html").read_text(encoding="utf-8") == render(SUMMARY)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "summary.json"]


def test_a_file_that_cannot_be_written_leaves_no_half_one(tmp_path: Path):
    (tmp_path / "index.html").mkdir()
    with pytest.raises(FerError, match=r"index\.html"):
        write_report(SUMMARY, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "summary.json"]
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == SUMMARY
    assert list((tmp_path / "index.html").iterdir()) == []


def test_a_summary_that_cannot_be_shown_leaves_nothing(tmp_path: Path):
    with pytest.raises(KeyError):
        write_report(EMPTY | {"rows": [{}]}, tmp_path)
    assert list(tmp_path.iterdir()) == []
