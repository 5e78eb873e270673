"""Whose pictures a recorded figure may show."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from IPython import display
from PIL import Image

from fer_utils.data import load
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.reproduce.provenance import process_facts
from fer_utils.reproduce.receipt import write_receipt
from fer_utils.reproduce.run import STAMP_CHARACTERS_AN_INCH, Run
from fer_utils.reproduce.surroundings import FINISHED, RUN_DIR


def faces(name: str, stand_in: bool) -> FaceSet:
    table = pd.DataFrame({"label": ["anger"], "subject": "s", "source": "p"})
    return FaceSet(name, np.zeros((1, 4, 4), np.uint8), table, ("anger",), stand_in)


AVATARS, CK, FER = faces("avatars_studio", True), faces("ck48", False), faces("fer2013", False)


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize(
    ("own", "shows_faces", "people", "recorded"),
    [
        (FER, False, [], True),
        (FER, True, [], False),
        (FER, False, [AVATARS], True),
        (AVATARS, True, [], True),
        (AVATARS, False, [CK], False),
        (AVATARS, False, [AVATARS, CK], False),
    ],
)
def test_the_licence_of_everybody_shown_counts(
    own: FaceSet, shows_faces: bool, people: list[FaceSet], recorded: bool, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    figure, _ = plt.subplots()
    Run("toy", "smoke", own).figure(figure, "people", shows_faces, people)
    assert (tmp_path / "figures" / "people.png").exists() == recorded
    assert ("not recorded" in capsys.readouterr().out) != recorded


def test_a_figure_of_other_people_says_whose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Avatars under the name of FER-2013 would pass for the photographs that may not be shown."""
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    figure, _ = plt.subplots()
    Run("toy", "smoke", FER).figure(figure, "people", people=[AVATARS])
    assert "shows avatars_studio (STAND-IN pictures)" in figure.texts[-1].get_text()
    Run("toy", "smoke", AVATARS).figure(figure, "own", people=[AVATARS])
    assert "shows" not in figure.texts[-1].get_text()


@pytest.mark.parametrize("headless", [True, False])
def test_a_headless_run_shows_the_recorded_picture_and_does_not_draw_it_again(
    headless: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(RUN_DIR, raising=False)
    if headless:
        monkeypatch.setenv(RUN_DIR, str(tmp_path))
    shown: list[dict[str, bytes]] = []
    monkeypatch.setattr(display, "display", lambda data, raw: shown.append(data))
    figure, axis = plt.subplots()
    axis.imshow(np.arange(12).reshape(3, 4))
    run = Run("toy", "smoke", AVATARS)
    run.folder = tmp_path
    run.figure(figure, "drawn", people=())
    recorded = (tmp_path / "figures" / "drawn.png").read_bytes()
    assert shown == ([{"image/png": recorded}] if headless else [])
    # What is still open is displayed by the notebook itself.
    assert plt.fignum_exists(figure.number) is not headless


def test_what_is_recorded_are_the_figure_s_own_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    figure, axis = plt.subplots()
    axis.imshow(np.arange(12).reshape(3, 4))
    Run("toy", "smoke", AVATARS).figure(figure, "drawn", people=())
    plain = io.BytesIO()
    figure.savefig(plain, dpi=88, bbox_inches="tight", format="png")
    expected = np.asarray(Image.open(plain).convert("RGB").quantize(256).convert("RGB"))
    assert np.array_equal(Image.open(tmp_path / "figures" / "drawn.png").convert("RGB"), expected)


def test_faces_are_recorded_as_a_jpeg_close_to_the_figure_s_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    figure, axes = plt.subplots(2, 4)
    for axis, picture in zip(axes.flat, load("avatars_studio").images[:8], strict=True):
        axis.imshow(picture, cmap="gray")
    Run("toy", "smoke", AVATARS).figure(figure, "samples", shows_faces=True)
    plain = io.BytesIO()
    figure.savefig(plain, dpi=88, bbox_inches="tight", format="png")
    drawn = Image.open(plain).convert("RGB")
    (file,) = (tmp_path / "figures").iterdir()
    assert file.name == "samples.jpg"
    palette = io.BytesIO()
    drawn.quantize(256).save(palette, "PNG", optimize=True)
    assert file.stat().st_size < 0.8 * len(palette.getvalue())
    away = np.abs(np.asarray(Image.open(file)).astype(float) - np.asarray(drawn))
    assert away.mean() < 2, "of 255"


def test_pictures_without_a_word_on_whose_they_are_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    figure, axis = plt.subplots()
    axis.imshow(np.arange(12).reshape(3, 4))
    with pytest.raises(FerError, match=r"figure faces holds pictures: say whose, with people=\[...\]"):
        Run("toy", "smoke", CK).figure(figure, "faces")
    assert not (tmp_path / "figures").exists()


def test_the_receipt_is_told_whose_people_each_figure_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    run, (figure, _) = Run("toy", "smoke", AVATARS), plt.subplots()
    run.figure(figure, "own", shows_faces=True)
    run.figure(figure, "both", people=[AVATARS, AVATARS])
    run.figure(figure, "curves")
    run.finish()
    figures = json.loads((tmp_path / FINISHED).read_text())["figures"]
    assert figures == {"own": ["avatars_studio (stand-in)"], "both": ["avatars_studio (stand-in)"], "curves": []}


@pytest.mark.parametrize(("people", "signed"), [(AVATARS, True), (faces("london", False), True), (CK, False)])
def test_no_receipt_for_a_figure_of_people_who_may_not_be_shown(people: FaceSet, signed: bool, tmp_path: Path) -> None:
    facts: dict[str, Any] = {
        "process": process_facts(), "figures": {"curves": [], "samples": [f"{people.name} ({people.kind})"]},
        "changed": {}, "profile": "smoke", "kind": "real", "settings": {}, "seeds": [0], "data": {}, "device": {},
    }  # fmt: skip
    request = SimpleNamespace(notebook="toy", parameters={}, workers=None, dask=None)
    if not signed:
        with pytest.raises(FerError, match="figure samples shows people of ck48, whose licence forbids it"):
            write_receipt(tmp_path, request, datetime.now(UTC), facts)
    else:
        write_receipt(tmp_path, request, datetime.now(UTC), facts)
    assert (tmp_path / "receipt.json").exists() == signed


def test_a_long_stamp_is_wrapped_to_the_figure_s_width(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    figure, _ = plt.subplots(figsize=(5, 2))
    others = [faces(f"avatars_{name}", True) for name in ("clips", "crowd", "views", "wild")]
    Run("toy", "smoke", AVATARS).figure(figure, "many", people=others)
    lines = figure.texts[-1].get_text().splitlines()
    assert len(lines) > 1 and max(map(len, lines)) <= 5 * STAMP_CHARACTERS_AN_INCH
    with Image.open(tmp_path / "figures" / "many.png") as picture:
        assert picture.width < 1.2 * 5 * 88
