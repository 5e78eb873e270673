"""The page: everything is shown and escaped, has an address, and nothing is loaded from anywhere else."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import jinja2
import pytest

from fer_utils.reproduce.page import render
from fer_utils.reproduce.wording import VERDICTS
from tests.reproduce.report_summary import EL, EMPTY, LEAKS, LONDON_ROW, SUMMARY, coverage, run

AGREEMENT = {
    "identical": 7, "inside": 2, "outside": 1, "new": 4, "gone": 3,
    "outside_claims": [
        {
            "claim": LONDON_ROW["claim"], "protocol": "sound", "value": 92.1, "recorded": 72.5,
            "recorded_ci95": [65.9, 78.5],
        }
    ],
}  # fmt: skip


class Page(HTMLParser):
    """The page as the tests look at it; feeding it checks that tags are balanced."""

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


def shown(claim: str) -> str:
    return Page(render(SUMMARY)).texts[claim]


# ------------------------------------------------------------------ claims


def test_every_row_shows_its_claim_its_data_and_its_verdicts_with_reasons():
    page = Page(render(SUMMARY))
    for entry in SUMMARY["rows"]:
        text = page.texts[entry["claim"]]
        assert entry["what"] in text and entry["claim"] in text
        if entry["run"]:
            assert f"{entry['dataset']} {entry['kind']} {entry['profile']}" in text
        else:
            assert "not run: – not testable " + entry["why"] in text
        for side in filter(None, (entry["published"], entry["sound"])):
            sign = VERDICTS[side["verdict"]][0]
            assert f"{sign} {side['verdict']} {side['reason']}" in text
        if entry["paper_dataset"] and entry["paper_dataset"] != entry["dataset"]:
            assert f"the paper’s: {entry['paper_dataset']}" in text


def test_both_protocols_are_judged_side_by_side():
    text = shown(EL["claim"])
    assert "96.7 % [93.2, 98.6] ✓ reproduced" in text
    assert "61.0 % [52.1, 69.4] ✗ not reproduced" in text


def test_numbers_of_a_row():
    text = shown(LONDON_ROW["claim"])
    for part in ("85.54", "97.1 % [95.0, 98.9]", "92.1 % [86.2, 96.1]", "+5.0 [+1.0, +9.0]"):
        assert part in text
    assert f"n = 102 · leak audit: {LEAKS}" in text and "leak audit: none found" in text
    assert 'title="97.058823529"' in render(SUMMARY)


def test_a_number_without_a_leak_audit_says_so():
    assert "leak audit: not recorded" in shown("landmark_ensemble/table_1/jaffe/baseline/accuracy")


def test_an_ordering_says_the_side_it_claims_and_quotes_the_paper():
    assert "above 0 fraction “perform better than the standard GDM model”" in shown(SUMMARY["rows"][1]["claim"])
    assert "below 0 −3.9 % points" in shown(SUMMARY["rows"][7]["claim"])
    assert "at least 0.05 “not significant”" in shown(SUMMARY["rows"][2]["claim"])


def test_a_drawing_has_words_and_only_measured_rows_have_one():
    html = render(SUMMARY)
    assert 'aria-label="paper 85.54; published 97.1 [95.0, 98.9]; sound 92.1 [86.2, 96.1]"' in html
    assert html.count('role="img"') == sum(entry["published"] is not None for entry in SUMMARY["rows"])


def test_a_drawing_stays_within_its_frame_when_everything_is_one_number():
    side = EL["published"] | {"value": 97.14, "ci95": [97.14, 97.14]}
    html = render(EMPTY | {"rows": [EL | {"published": side, "sound": None, "gap": None}]})
    assert 'cx="50.0"' in html and "nan" not in html


def test_changed_settings_are_a_label():
    html = render(EMPTY | {"rows": [LONDON_ROW | {"changed": {"epochs": 1}}]})
    assert "london real quick epochs=1" in Page(html).texts[LONDON_ROW["claim"]]


def test_a_reading_is_a_label():
    html = render(EMPTY | {"rows": [LONDON_ROW | {"reading": "raw pixels"}]})
    assert "london real quick raw pixels" in Page(html).texts[LONDON_ROW["claim"]]


# ------------------------------------------------------------------ the first screen


def test_the_first_table_says_it_all():
    text = Page(render(SUMMARY)).texts["glance"]
    for part in (
        "3. Wadhawan & Gandhi 2021: landmark-aware ensemble accuracy, part-based ensemble (EL)",
        "published: 1 ✓ reproduced , 1 ✗ not reproduced , 2 ▲ direction holds",
        "jaffe real paper chance 15.0 % 97.14 % jaffe 96.7 % [93.2, 98.6] ✓ reproduced"
        " 61.0 % [52.1, 69.4] ✗ not reproduced +35.7 [+26.9, +44.1] no landmarks first 81.2 % , –",
        "last epoch, none chosen 63.3 % , 71.1 %",
        "1. Churamani & Gunes 2020: CLIFER",
        "not run 0.75 ± 0.07 mmi",
    ):
        assert part in text, text


def test_verdicts_are_counted_a_protocol():
    text = Page(render(SUMMARY)).texts["verdicts"]
    for name in VERDICTS:
        published, sound = (
            sum(entry[side] is not None and entry[side]["verdict"] == name for entry in SUMMARY["rows"])
            for side in ("published", "sound")
        )
        assert f"{name} {VERDICTS[name][1]} {published} {sound}" in text
    assert "4 more claims cannot be tested at all" in text


def test_the_search_comes_before_every_link_but_one():
    order = [tag for tag, attributes in Page(render(SUMMARY)).order if tag in ("a", "input", "select", "summary")]
    assert order[:3] == ["a", "input", "select"]
    assert 'class="bar" role="search" hidden' in render(SUMMARY)  # it would do nothing where scripts are off


def test_details_are_closed_and_pictures_wait_for_them():
    page = Page(render(SUMMARY))
    assert not any("open" in attributes for tag, attributes in page.order if tag == "details")
    pictures = [attributes for tag, attributes in page.order if tag == "img"]
    assert len(pictures) == 8 and all(attributes["loading"] == "lazy" for attributes in pictures)
    main_tables = re.sub(r"<details.*</details>", "", render(SUMMARY), flags=re.DOTALL)
    assert "<img" not in main_tables and 'class="claims' not in main_tables


# ------------------------------------------------------------------ addresses


def test_every_claim_run_and_paper_has_one_address():
    ids = Counter(Page(render(SUMMARY)).all("id"))
    assert max(ids.values()) == 1
    wanted = {entry["claim"] for entry in SUMMARY["rows"]}
    wanted |= {f"run-{entry['run']}" for entry in SUMMARY["runs"]}
    wanted |= {f"paper-{entry['paper']}" for entry in SUMMARY["coverage"]}
    assert wanted <= set(ids)


def test_nothing_is_loaded_from_elsewhere_and_every_address_in_the_page_is_there():
    html = render(SUMMARY)
    assert not re.search(r"https?:|src=\"//|href=\"//|@import|url\(", html)
    page = Page(html)
    for link in page.all("href") + page.all("src"):
        assert link == "data:," or link.startswith("./") or link[1:] in page.all("id"), link


# ------------------------------------------------------------------ runs


def test_a_run_that_was_left_out_is_named_at_the_top():
    html = render(SUMMARY | {"refused": [{"run": "05_mobilenet_jaffe/x", "why": "figures/<a>.png is missing"}]})
    assert "05_mobilenet_jaffe/x : figures/<a>.png is missing." in Page(html).texts["refused"]
    assert html.index("Left out of this report: 1 run<") < html.index('class="glance')
    assert "Left out of this report" not in render(SUMMARY)


def test_a_smoke_run_is_listed_as_not_for_reading():
    text = Page(render(SUMMARY)).texts["others"]
    before, _, after = text.partition("Ran, not for reading")
    assert "00_start_here/all-quick" in before and "03_landmark_ensemble/avatars-smoke" in after


def test_what_a_receipt_proves_is_said():
    text = Page(render(SUMMARY)).texts["receipts"]
    assert "a checksum and no signature" in text and "bound to the commit" in text


def test_agreement_with_the_recorded_runs_is_shown_where_it_was_looked_for():
    runs = [entry | {"agreement": AGREEMENT if entry["dataset"] == "london" else None} for entry in SUMMARY["runs"]]
    text = Page(render(SUMMARY | {"runs": runs})).texts["agreement"]
    assert "Barile et al.: MobileNetV2 on JAFFE 7 2 1 4 3" in text
    assert (
        f"{LONDON_ROW['claim']} , sound, in 05_mobilenet_jaffe/london-quick: 92.1; recorded 72.5 [65.9, 78.5]" in text
    )
    assert "agreement" not in Page(render(SUMMARY)).texts


def test_agreement_adds_up_a_paper_s_runs_and_says_so_if_nothing_is_outside():
    same = AGREEMENT | {"outside": 0, "outside_claims": []}
    runs = [entry | {"agreement": same} for entry in SUMMARY["runs"] if entry["notebook"].startswith("03")]
    text = Page(render(SUMMARY | {"runs": runs})).texts["agreement"]
    assert "Wadhawan & Gandhi 2021: landmark-aware ensemble 14 4 0 8 6" in text  # its smoke run is not for reading
    assert "No number lies outside the recorded interval, but 6 recorded ones are gone" in text
    whole = [run | {"agreement": same | {"gone": 0}} for run in runs]
    assert "Yes: no number" in Page(render(SUMMARY | {"runs": whole})).texts["agreement"]


# ------------------------------------------------------------------ robustness


def test_the_same_summary_gives_the_same_bytes():
    assert render(SUMMARY) == render(json.loads(json.dumps(SUMMARY)))


def test_hostile_text_is_shown_and_not_obeyed():
    bad = '<script>alert("x")</script>'
    entry = {key: bad if isinstance(value, str) else value for key, value in LONDON_ROW.items()}
    entry |= {"published": LONDON_ROW["published"] | {"leak": bad, "interval": bad, "reason": bad}}
    entry |= {"changed": {bad: bad}, "paper": "clifer"}
    hostile = run(bad, bad, "real", "quick") | {"figures": ["javascript:alert(1)"], "receipt": "//evil.example/x"}
    summary = EMPTY | {"coverage": [coverage("clifer", bad, 1, 1, 0, 0, 0)], "runs": [hostile], "rows": [entry]}
    summary |= {"headlines": [entry | {"short": bad, "control": None}], "refused": [{"run": bad, "why": bad}]}
    html = render(summary)
    page = Page(html)
    assert html.count("<script>") == 1 and "&lt;script&gt;" in html
    assert "./javascript%3Aalert%281%29" in page.all("href") and ".///evil.example/x" in page.all("href")
    assert bad in page.texts["glance"] and bad in page.texts["refused"]


def test_an_empty_summary_says_what_to_do():
    html = render(EMPTY)
    Page(html)
    assert "<code>make reproduce</code> runs the notebooks" in html


def test_claims_without_any_run_are_still_listed():
    rows = [entry for entry in SUMMARY["rows"] if entry["run"] is None]
    page = Page(render(SUMMARY | {"runs": [], "rows": rows, "headlines": []}))
    assert all(entry["why"] in page.texts[entry["claim"]] for entry in rows)


def test_an_entry_that_lacks_something_is_refused():
    lacking: dict[str, Any] = {"run": "05_mobilenet_jaffe/london-quick"}
    with pytest.raises((KeyError, jinja2.UndefinedError)):
        render(EMPTY | {"runs": [lacking]})
