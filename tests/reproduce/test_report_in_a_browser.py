"""The recorded report as a reader meets it: in Chromium, at two widths, by keyboard, on paper, in the dark."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import pytest

from tests.reproduce.accessibility import CHECKS
from tests.reproduce.browser import Browser, find

RESULTS = Path(__file__).parents[2] / "results"
PAGES = sorted(path.name for path in RESULTS.glob("*.html"))
WIDE, NARROW = 1280, 390
MOST_PRINTED = 12

PROGRAM = find()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine, so no page can be opened")


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[Browser]:
    opened = Browser(str(PROGRAM), tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()


def address(name: str) -> str:
    file, mark, rest = re.fullmatch(r"([^?#]*)([?#]?)(.*)", name).groups()
    return (RESULTS / file).as_uri() + mark + rest


def rows(browser: Browser) -> list[list[str]]:
    """The cells of every row of claims that is shown."""
    return browser.js(
        "[...document.querySelectorAll('.claims tbody:not(.place) tr')]"
        ".filter(row => row.checkVisibility() && !row.matches('.name-alone'))"
        ".map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )


def choose(browser: Browser, **wanted: str) -> None:
    """Fill in the form as a reader does."""
    for name, value in wanted.items():
        browser.js(
            f"(field => {{ field.value = {value!r}; field.dispatchEvent(new Event('input', {{ bubbles: true }})); }})"
            f"(document.querySelector('form.bar').elements[{name!r}])"
        )


# ------------------------------------------------------------------ every page


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_without_complaint_asks_for_nothing_outside_and_needs_no_sideways_scrolling(browser, name, width):
    browser.open(address(name), width)
    assert browser.complaints() == []
    asked = browser.requests()
    assert len(asked) >= 3 and all(one.startswith(("file:", "data:")) for one in asked)
    assert browser.js("[...document.images].filter(image => !image.naturalWidth).map(image => image.src)") == []
    shown, wide = browser.js("[document.documentElement.clientWidth, document.documentElement.scrollWidth]")
    assert wide <= shown <= width


def test_every_link_leads_somewhere(browser):
    links, ids = {}, {}
    for name in PAGES:
        browser.open(address(name))
        ids[name] = set(browser.js("[...document.querySelectorAll('[id]')].map(one => one.id)"))
        links[name] = set(browser.js("[...document.querySelectorAll('[href], [src]')].map(one => one.href ?? one.src)"))
    dead = []
    for name, found in links.items():
        for link in found:
            parts = urlsplit(link)
            if parts.scheme == "data":
                continue
            path = Path(url2pathname(parts.path))
            there = parts.scheme == "file" and path.is_file() and path.is_relative_to(RESULTS)
            if there and parts.fragment:
                there = unquote(parts.fragment) in ids[path.name]
            if not there:
                dead.append((name, link))
    assert sum(map(len, links.values())) > 500 and dead == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_by_everybody_by_day_and_by_night(browser, name):
    browser.open(address(name))
    problems = {}
    for dark in (True, False):
        browser.dark(dark)
        problems[dark] = browser.js(CHECKS)
    assert problems == {True: [], False: []}


def test_the_checks_find_what_is_wrong(browser, tmp_path):
    bad = tmp_path / "bad.html"
    bad.write_text(
        '<!DOCTYPE html><title>x</title><p id="a" style="color:#999">pale</p><h1>a</h1><h3>b</h3><h1>c</h1><input>'
        '<nav><a href="#a">.</a></nav><a href="#a"></a><img src="data:,"><nav></nav><nav></nav><i id="a">twice</i>'
        "<table><tr><td>1</td></tr></table>",
        encoding="utf-8",
    )
    browser.open(bad.as_uri())
    found = " ".join(browser.js(CHECKS))
    for part in (
        "language",
        "main",
        "h1",
        "h3 after h1",
        "label",
        "name",
        "alt",
        "nav",
        "twice",
        "head",
        "contrast",
        "24 px",
    ):
        assert part in found, part


@pytest.mark.parametrize("name", ["index.html", "02_gan_augmentation.html"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_axe_finds_nothing(browser, name, width):
    if importlib.util.find_spec("axe_core_python") is None:
        pytest.skip("axe-core-python is not installed (the extra [test] has it)")
    (script,) = Path(importlib.util.find_spec("axe_core_python").origin).parent.glob("axe.min.js")
    browser.open(address(name), width)
    browser.js(script.read_text(encoding="utf-8") + "; 0")
    found = browser.js("axe.run().then(found => found.violations.map(one => [one.id, one.nodes.map(n => n.html)]))")
    assert found == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_prints_on_few_sheets(browser, name):
    browser.open(address(name))
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", browser.printed())) <= MOST_PRINTED


# ------------------------------------------------------------------ finding things


def test_the_first_screen_holds_all_papers(browser):
    browser.open(address("index.html"), WIDE, 900)
    bottoms = browser.js(
        "[...document.querySelectorAll('.papers > li')].map(one => one.getBoundingClientRect().bottom)"
    )
    assert len(bottoms) == 5 and max(bottoms) <= 905


def test_an_address_of_the_one_page_of_old_leads_on(browser):
    for old, page in (
        ("mobilenet_jaffe/text/overall_accuracy/all/accuracy", "05_mobilenet_jaffe.html"),
        ("run-04_dcgan_svm/cmu_faces-evening+seeds=_0_1_2_3_4_", "04_dcgan_svm.html"),
    ):
        browser.open(address("index.html"))
        browser.follow("Runtime.evaluate", expression=f"location.hash = '{old}'")
        assert unquote(browser.js("location.href")).endswith(f"/{page}#{old}")
        assert abs(browser.js("document.querySelector(':target').getBoundingClientRect().top")) < 900


def test_the_first_screen_s_search_leads_to_what_it_asks_for(browser):
    browser.open(address("index.html"))
    browser.js("document.querySelector('[name=q]').value = 'disgust CK'")
    browser.follow("Runtime.evaluate", expression="document.querySelector('form').requestSubmit()")
    assert "claims.html" in browser.js("location.href")
    found = rows(browser)
    assert 0 < len(found) < 100
    assert all("disgust" in " ".join(row).lower() and "ck" in " ".join(row).lower() for row in found)


def test_a_count_of_verdicts_leads_to_as_many_rows(browser):
    browser.open(address("index.html"))
    counts = browser.js("[...document.querySelectorAll('.key td a')].map(one => [one.href, Number(one.textContent)])")
    assert len(counts) > 4
    for link, count in counts:
        browser.open(link)
        assert len(rows(browser)) == count, link


@pytest.mark.parametrize("name", ["claims.html", "04_dcgan_svm.html", "05_mobilenet_jaffe.html"])
def test_filters_keep_what_they_are_asked_for(browser, name):
    browser.open(address(name))
    total, data = len(rows(browser)), "cmu_faces"
    verdict = browser.js("[...document.querySelectorAll('[name=verdict] option')].map(one => [one.value, one.text])[3]")
    choose(browser, verdict=verdict[0], protocol="published")
    found = rows(browser)
    column = 3 if name != "claims.html" else 4
    assert 0 < len(found) < total
    assert all(verdict[1] in row[column - (7 - len(row))] for row in found)
    choose(browser, verdict="", protocol="", data=data)
    found = rows(browser)
    assert 0 < len(found) < total
    assert f"{len(found)} of {total} rows" == browser.js("document.querySelector('output').value")
    assert browser.js("location.search") == f"?data={data}"
    choose(browser, data="", q="no such words")
    assert rows(browser) == [] and browser.js("document.querySelectorAll('.place:not([hidden])').length") == 0
    choose(browser, q="")
    assert len(rows(browser)) == total and browser.complaints() == []


def test_an_address_in_what_a_filter_hides_is_shown(browser):
    claim = "mobilenet_jaffe/text/overall_accuracy/all/accuracy"
    browser.open(address("05_mobilenet_jaffe.html?q=batches"))
    assert not any("overall accuracy" in row[0] for row in rows(browser))
    browser.js(f"location.hash = '{claim}'")
    browser.js("new Promise(done => setTimeout(done, 200))")
    assert any("overall accuracy" in row[0] for row in rows(browser))


@pytest.mark.parametrize("name", ["claims.html", "05_mobilenet_jaffe.html"])
def test_a_column_sorts_up_down_and_back(browser, name):
    browser.open(address(name))
    before = rows(browser)
    states, orders = [], []
    for _ in range(3):
        browser.js("[...document.querySelectorAll('.claims th')].find(one => one.innerText.startsWith('sound'))"
                   ".querySelector('button').click()")  # fmt: skip
        states.append(browser.js("document.querySelector('[aria-sort]')?.getAttribute('aria-sort') ?? ''"))
        orders.append(rows(browser))
    assert states == ["ascending", "descending", ""]
    assert orders[2] == before and all(sorted(order) == sorted(before) for order in orders)
    up, down = ([first_number(row[-2 if name == "claims.html" else -3]) for row in order if len(row) == 7]
                for order in orders[:2])  # fmt: skip
    up, down = ([value for value in values if value is not None] for values in (up, down))
    assert len(up) > 5 and up == sorted(up) and down == sorted(up, reverse=True)


def first_number(text: str) -> float | None:
    found = re.match(r"[+-]?[\d.]+(e[+-]?\d+)?", text.replace("−", "-"))
    return float(found[0]) if found else None


# ------------------------------------------------------------------ by keyboard


@pytest.mark.parametrize("name", PAGES)
def test_the_first_key_reaches_the_skip_link_and_every_stop_can_be_seen(browser, name):
    browser.open(address(name))
    stops = []
    for _ in range(12):
        browser.press("Tab", 9)
        stops.append(
            browser.js(
                "(one => { const box = one.getBoundingClientRect(), style = getComputedStyle(one);"
                " return [one.className, one.textContent.trim(), box.width > 0 && box.left >= 0 &&"
                " box.top >= 0 && box.bottom <= innerHeight, style.outlineStyle] })(document.activeElement)"
            )
        )
    assert stops[0][0] == "skip" and stops[0][1].startswith("Skip to")
    assert all(seen and outline != "none" for _, _, seen, outline in stops), stops


def test_a_header_sorts_by_keyboard(browser):
    browser.open(address("claims.html"))
    browser.js("document.querySelector('.claims th:nth-child(5) button').focus()")
    browser.press("Enter", 13, "\r")
    assert browser.js("document.querySelector('.claims th:nth-child(5)').getAttribute('aria-sort')") == "ascending"
