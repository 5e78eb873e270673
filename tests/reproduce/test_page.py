"""The pages: everything is shown and escaped, has an address, and nothing is loaded from anywhere else."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import jinja2
import pytest

from fer_utils.reproduce.page import _mark_smaller, render
from fer_utils.reproduce.wording import VERDICTS
from tests.reproduce.report_summary import EL, EMPTY, LEAKS, LONDON_ROW, NOTEBOOKS, SUMMARY, coverage, run

AGREEMENT = {
    "identical": 7, "inside": 2, "outside": 1, "new": 4, "gone": 3,
    "outside_claims": [
        {
            "claim": LONDON_ROW["claim"], "protocol": "sound", "value": 92.1, "recorded": 72.5,
            "recorded_ci95": [65.9, 78.5],
        }
    ],
}  # fmt: skip

PAPER_3, PAPER_5 = "03_landmark_ensemble.html", "05_mobilenet_jaffe.html"


class Page(HTMLParser):
    """A page as the tests look at it; feeding it checks that tags are balanced."""

    VOID = ("meta", "link", "img", "input", "br")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        """Text by the id of each element around it."""
        self.order: list[tuple[str, dict[str, str | None]]] = []
        """All elements with their attributes."""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.order.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(self.order[-1])

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, attributes in self.open:
            name = attributes.get("id") or attributes.get("aria-labelledby")
            if name:
                self.texts[name] = re.sub(r"\s+", " ", f"{self.texts.get(name, '')} {data}")

    def all(self, attribute: str) -> list[str]:
        return [attributes[attribute] or "" for _, attributes in self.order if attribute in attributes]


PAGES = render(SUMMARY)


def page_of(row: dict[str, Any], pages: dict[str, str] = PAGES) -> Page:
    return Page(pages[f"{NOTEBOOKS[row['paper']]}.html"])


def html_pages(pages: dict[str, str] = PAGES) -> dict[str, str]:
    return {name: text for name, text in pages.items() if name.endswith(".html")}


# ------------------------------------------------------------------ claims


def test_there_is_a_page_a_paper_and_one_of_all_claims():
    assert set(html_pages()) == {"index.html", "claims.html", *(f"{name}.html" for name in NOTEBOOKS.values())}


def test_every_row_shows_its_claim_its_data_its_verdicts_and_what_they_were_held_against():
    for entry in SUMMARY["rows"]:
        text = page_of(entry).texts[entry["claim"]]
        assert entry["what"] in text
        if entry["run"]:
            assert f"{entry['dataset']} {entry['kind']} {entry['profile']}" in text
        else:
            assert "not run" in text and "not testable " + entry["why"] in text
        for side in filter(None, (entry["published"], entry["sound"])):
            assert f"{side['verdict']} claimed {side['claimed']}; n {side['n']}" in text
        if entry["paper_dataset"] and entry["paper_dataset"] != entry["dataset"]:
            assert f"the paper’s: {entry['paper_dataset']}" in text


def test_the_page_of_all_claims_has_every_row_with_its_verdicts_and_leads_to_it():
    page = Page(PAGES["claims.html"])
    links = [unquote(link) for link in page.all("href")]
    for entry in SUMMARY["rows"]:
        assert f"./{NOTEBOOKS[entry['paper']]}.html#{entry['claim']}" in links
    rows = re.findall(r"<tbody[^>]*><tr .*", PAGES["claims.html"])
    assert len(rows) == len(SUMMARY["rows"])
    for entry, row in zip(SUMMARY["rows"], rows, strict=True):
        found = [name for name in VERDICTS for _ in range(row.count(f">{name}</i>"))]
        assert sorted(found) == sorted(side["verdict"] for side in (entry["published"], entry["sound"]) if side)


def test_of_a_claim_one_run_on_real_faces_and_one_on_others_is_printed():
    where = [("a", "stand-in", "x"), ("a", "stand-in", "y"), ("a", "real", "y"), ("a", "real", "z"), ("b", "real", "z")]
    rows = [{"claim": claim, "kind": kind, "reading": "", "run": run} for claim, kind, run in where]
    rows += [{"claim": "c", "kind": None, "reading": "", "run": None}]
    _mark_smaller(rows)
    assert [row["smaller"] for row in rows] == [False, True, False, True, False, False]


def test_both_protocols_are_judged_side_by_side():
    text = page_of(EL).texts[EL["claim"]]
    assert "96.7 % [93.2, 98.6] reproduced" in text
    assert "61.0 % [52.1, 69.4] not reproduced" in text


def test_numbers_of_a_row():
    text = page_of(LONDON_ROW).texts[LONDON_ROW["claim"]]
    for part in ("85.54", "97.1 % [95.0, 98.9]", "92.1 % [86.2, 96.1]", "+5.0 [+1.0, +9.0]"):
        assert part in text
    assert "n 102; leak audit: none found" in text


def test_a_long_leak_audit_has_a_number_that_leads_to_it():
    page = page_of(LONDON_ROW)
    assert "leak 1" in page.texts[LONDON_ROW["claim"]] and "#leak-1" in page.all("href")
    assert LEAKS in page.texts["leak-1"] and "1 published, london-quick" in page.texts["leak-1"]


def test_a_number_without_a_leak_audit_says_so():
    row = next(row for row in SUMMARY["rows"] if row["claim"].endswith("jaffe/baseline/accuracy"))
    assert "leak audit: not recorded" in page_of(row).texts[row["claim"]]


def test_an_ordering_says_the_side_it_claims_and_quotes_the_paper():
    for place, words in (
        (1, "above 0 fraction “perform better than the standard GDM model”"),
        (7, "below 0 −3.9 % points"),
        (2, "at least 0.05 “not significant”"),
    ):
        row = SUMMARY["rows"][place]
        assert words in page_of(row).texts[row["claim"]]


def test_only_measured_rows_have_a_drawing():
    for name, html in html_pages().items():
        mine = [row for row in SUMMARY["rows"] if f"{NOTEBOOKS[row['paper']]}.html" == name]
        assert html.count('class="bars"') == sum(row["published"] is not None for row in mine)


def test_a_drawing_stays_within_its_frame_when_everything_is_one_number():
    side = EL["published"] | {"value": 97.14, "ci95": [97.14, 97.14]}
    html = render(EMPTY | {"rows": [EL | {"published": side, "sound": None, "gap": None}]})["landmark_ensemble.html"]
    assert 'cx="50.0"' in html and "nan" not in html


def test_changed_settings_are_a_label():
    html = render(EMPTY | {"rows": [LONDON_ROW | {"changed": {"epochs": 1}}]})["mobilenet_jaffe.html"]
    assert "london real quick epochs=1" in Page(html).texts[LONDON_ROW["claim"]]


def test_a_place_has_the_figures_and_tables_that_name_it():
    name = "03_landmark_ensemble/jaffe-paper"
    files = {"figures": [f"{name}/figures/table_1.png"], "tables": [f"{name}/tables/table_1.csv"]}
    runs = [entry | files for entry in SUMMARY["runs"] if entry["run"] == name]
    page = Page(render(SUMMARY | {"runs": runs})[PAPER_3])
    assert "Table I 2 claims" in page.texts["in-table_1"] and "Table 1 jaffe-paper" in page.texts["in-table_1"]
    assert "jaffe-paper, Table 1.csv" in page.texts["in-table_1"] and "more" not in page.texts
    assert "Confusion published jaffe-paper" in Page(PAGES[PAPER_3]).texts["more"]


def test_a_reading_is_a_label():
    html = render(EMPTY | {"rows": [LONDON_ROW | {"reading": "raw pixels"}]})["mobilenet_jaffe.html"]
    assert "london real quick raw pixels" in Page(html).texts[LONDON_ROW["claim"]]


# ------------------------------------------------------------------ the first screen


def test_the_first_screen_has_for_each_paper_its_claim_its_finding_and_its_numbers():
    page = Page(PAGES["index.html"])
    for entry in SUMMARY["coverage"]:
        text = page.texts[f"paper-{entry['paper']}"]
        assert entry["title"] in text and entry["idea"] in text
    text = page.texts["paper-landmark_ensemble"]
    for part in (
        "Made sound it loses 35.7 points, gap [+26.9, +44.1]; the control “no landmarks first” stays below it"
        " where published.",
        "accuracy, part-based ensemble (EL) ┊ chance 15.0 % ◇ no landmarks first",
        "paper 97.14 % jaffe published 96.7 % [93.2, 98.6] reproduced 81.2 % sound 61.0 % [52.1, 69.4] not reproduced",
    ):
        assert part in text, text
    assert "Not run yet." in page.texts["paper-clifer"] and "paper 0.75 ± 0.07 mmi" in page.texts["paper-clifer"]


def test_a_paper_s_picture_is_the_one_that_it_names_and_has_words():
    pictures = [attributes for tag, attributes in Page(PAGES["index.html"]).order if tag == "img"]
    by_file = {picture["src"]: picture["alt"] for picture in pictures if picture["alt"]}
    assert by_file == {
        "./03_landmark_ensemble/jaffe-paper/figures/confusion_published.png":
            "Confusion published: jaffe, real pictures, paper run",
        "./05_mobilenet_jaffe/london-quick/figures/learning_curves.png":
            "Learning curves: london, real pictures, quick run",
    }  # fmt: skip


def test_every_verdict_has_its_sign_and_a_colour_of_its_own():
    found = re.findall(r"\.v(\d) { --c: (#\w{6}); }\n\.v\1::before { content: \"(.) \";", PAGES["report.css"])
    assert [(int(place), sign) for place, _, sign in found] == [
        (place, sign) for place, (sign, _) in enumerate(VERDICTS.values())
    ]
    assert len({colour for _, colour, _ in found}) == len(VERDICTS)


def test_verdicts_are_counted_a_protocol_and_each_count_leads_to_its_claims():
    page = Page(PAGES["index.html"])
    for place, name in enumerate(VERDICTS):
        published, sound = (
            sum(entry[side] is not None and entry[side]["verdict"] == name for entry in SUMMARY["rows"])
            for side in ("published", "sound")
        )
        assert f"{name} {VERDICTS[name][1]} {published} {sound}" in page.texts["verdicts"]
        link = f"./claims.html?verdict={place}&protocol=published"
        assert (link in page.all("href")) == (published > 0)
    assert "4 more claims cannot be tested at all" in page.texts["verdicts"]


def test_filters_would_do_nothing_without_scripts_and_are_hidden_then():
    for name in ("claims.html", PAPER_5):
        assert 'class="bar" role="search" hidden' in PAGES[name]
    assert '<form action="./claims.html" method="get" role="search">' in PAGES["index.html"]


# ------------------------------------------------------------------ addresses


@pytest.mark.parametrize("name", html_pages())
def test_every_address_is_given_once(name: str):
    assert max(Counter(Page(PAGES[name]).all("id")).values()) == 1


def test_every_claim_run_and_paper_has_an_address():
    for entry in SUMMARY["rows"]:
        assert entry["claim"] in page_of(entry).all("id")
    index = Page(PAGES["index.html"]).all("id")
    assert {f"paper-{entry['paper']}" for entry in SUMMARY["coverage"]} <= set(index)
    pages = {name: Page(text).all("id") for name, text in html_pages().items()}
    for entry in SUMMARY["runs"]:
        own = entry["for_reading"] and f"{entry['notebook']}.html" in pages
        assert f"run-{entry['run']}" in pages[f"{entry['notebook']}.html" if own else "index.html"]


@pytest.mark.parametrize("name", html_pages())
def test_nothing_is_loaded_from_elsewhere_and_every_address_within_the_report_is_there(name: str):
    assert not re.search(r"https?:|src=\"//|href=\"//|@import|url\(", PAGES[name] + PAGES["report.css"])
    page = Page(PAGES[name])
    for link in page.all("href") + page.all("src"):
        file, _, address = unquote(link).partition("#")
        file = file.partition("?")[0].removeprefix("./") or name
        assert link == "data:," or file in PAGES or re.match(r"\d\d_\w+/", file), link
        if address:
            assert address in Page(PAGES[file]).all("id") or address == "main", link


# ------------------------------------------------------------------ runs


def test_a_run_that_was_left_out_is_named_at_the_top():
    html = render(SUMMARY | {"refused": [{"run": "05_mobilenet_jaffe/x", "why": "figures/<a>.png is missing"}]})[
        "index.html"
    ]
    assert "05_mobilenet_jaffe/x : figures/<a>.png is missing." in Page(html).texts["refused"]
    assert html.index("Left out of this report: 1 run<") < html.index('class="papers')
    assert "Left out of this report" not in PAGES["index.html"]


def test_a_smoke_run_is_listed_as_not_for_reading():
    text = Page(PAGES["index.html"]).texts["others"]
    before, _, after = text.partition("Ran, not for reading")
    assert "00_start_here/all-quick" in before and "03_landmark_ensemble/avatars-smoke" in after
    assert "avatars-smoke" not in PAGES[PAPER_3]


def test_a_run_says_what_its_receipt_says_and_leads_to_its_files():
    page = Page(PAGES[PAPER_5])
    text = page.texts["run-05_mobilenet_jaffe/london-quick"]
    assert "When 26 November 2026, 03:04 UTC, for 4 min 17 s" in text and "augmentation : rotation 15.0" in text
    assert "How its numbers were judged: stand-in pictures." in text
    for file in ("notebook.ipynb", "receipt.json", "ro-crate-metadata.json", "tables/accuracy_by_fold.csv"):
        assert f"./05_mobilenet_jaffe/london-quick/{file}" in page.all("href")


def test_a_notebook_s_page_is_linked_where_there_is_one():
    page = "05_mobilenet_jaffe/london-quick.html"
    runs = [entry | {"notebook_html": page if entry["dataset"] == "london" else None} for entry in SUMMARY["runs"]]
    assert f"./{page}" in Page(render(SUMMARY | {"runs": runs})[PAPER_5]).all("href")
    assert page not in PAGES[PAPER_5]


def test_what_a_receipt_proves_is_said():
    text = Page(PAGES["index.html"]).texts["receipts"]
    assert "a checksum and no signature" in text and "bound to the commit" in text


def test_agreement_with_the_recorded_runs_is_shown_where_it_was_looked_for():
    runs = [entry | {"agreement": AGREEMENT if entry["dataset"] == "london" else None} for entry in SUMMARY["runs"]]
    page = Page(render(SUMMARY | {"runs": runs})["index.html"])
    text = page.texts["agreement"]
    assert "Barile et al.: MobileNetV2 on JAFFE 7 2 1 4 3" in text
    assert (
        f"{LONDON_ROW['claim']} , sound, in 05_mobilenet_jaffe/london-quick: 92.1; recorded 72.5 [65.9, 78.5]" in text
    )
    assert f"./{PAPER_5}#{LONDON_ROW['claim']}" in page.all("href")
    assert "agreement" not in Page(PAGES["index.html"]).texts


def test_agreement_adds_up_a_paper_s_runs_and_says_so_if_nothing_is_outside():
    same = AGREEMENT | {"outside": 0, "outside_claims": []}
    runs = [entry | {"agreement": same} for entry in SUMMARY["runs"] if entry["notebook"].startswith("03")]
    text = Page(render(SUMMARY | {"runs": runs})["index.html"]).texts["agreement"]
    assert "Wadhawan & Gandhi 2021: landmark-aware ensemble 14 4 0 8 6" in text  # its smoke run is not for reading
    assert "No number lies outside the recorded interval, but 6 recorded ones are gone" in text
    whole = [run | {"agreement": same | {"gone": 0}} for run in runs]
    assert "Yes: no number" in Page(render(SUMMARY | {"runs": whole})["index.html"]).texts["agreement"]


# ------------------------------------------------------------------ robustness


def test_the_same_summary_gives_the_same_bytes():
    assert render(json.loads(json.dumps(SUMMARY))) == PAGES


def test_hostile_text_is_shown_and_not_obeyed():
    bad = '<script>alert("x")</script>'
    entry = {key: bad if isinstance(value, str) else value for key, value in LONDON_ROW.items()}
    entry |= {"published": LONDON_ROW["published"] | {"leak": bad, "interval": bad, "claimed": bad, "limit": bad}}
    entry |= {"changed": {bad: bad}, "paper": "clifer"}
    hostile = run(bad, bad, "real", "quick") | {"figures": ["javascript:/alert(1)/a"], "receipt": "//evil.example/x"}
    hostile |= {"notebook": "01_clifer", "about": [(bad, bad)], "settings": [(bad, bad)]}
    summary = EMPTY | {"coverage": [coverage("clifer", bad, 1, 1, 0, 0, 0)], "runs": [hostile], "rows": [entry]}
    summary |= {"headlines": [entry | {"short": bad, "control": None}], "refused": [{"run": bad, "why": bad}]}
    pages = render(summary)
    for name, html in html_pages(pages).items():
        Page(html)
        assert html.count("<script") == 1 and "&lt;script&gt;" in html, name
    page = Page(pages["01_clifer.html"])
    assert "./javascript%3A/alert%281%29/a" in page.all("href") and ".///evil.example/x" in page.all("href")
    assert bad in Page(pages["index.html"]).texts["paper-clifer"] and bad in Page(pages["index.html"]).texts["refused"]


def test_an_empty_summary_says_what_to_do():
    pages = render(EMPTY)
    for html in html_pages(pages).values():
        Page(html)
    assert "<code>make reproduce</code> runs the notebooks" in pages["index.html"]


def test_claims_without_any_run_are_still_listed():
    rows = [entry for entry in SUMMARY["rows"] if entry["run"] is None]
    pages = render(SUMMARY | {"runs": [], "rows": rows, "headlines": []})
    assert all(entry["why"] in page_of(entry, pages).texts[entry["claim"]] for entry in rows)


def test_an_entry_that_lacks_something_is_refused():
    lacking: dict[str, Any] = {"run": "05_mobilenet_jaffe/london-quick"}
    with pytest.raises((KeyError, jinja2.UndefinedError)):
        render(EMPTY | {"runs": [lacking]})
