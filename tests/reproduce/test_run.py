"""What a notebook opened by hand says of itself: the settings in force decide, not who started it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.papers.finding import Finding, Leak
from fer_utils.reproduce.provenance import PACKAGE
from fer_utils.reproduce.run import Run
from fer_utils.reproduce.surroundings import CHANGED, RUN_DIR
from fer_utils.scores import Estimate

TABLE = pd.DataFrame({"label": ["anger"], "subject": "s", "source": "p"})
LONDON = FaceSet("london", np.zeros((1, 4, 4), np.uint8), TABLE, ("anger",))
CLAIM = "mobilenet_jaffe/text/overall_accuracy/all/accuracy"


def finding(value: float, protocol: str) -> Finding:
    return Finding(CLAIM, Estimate(value, 0.4, 0.7, 3, "made up"), protocol, Leak(remark="source 98 %"))


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (RUN_DIR, CHANGED):
        monkeypatch.delenv(name, raising=False)


def test_a_changed_knob_is_on_the_label_and_in_the_folder_s_name() -> None:
    run = Run("05_toy", "quick", LONDON, changed={"weights": "none", "seeds": [7]})
    assert run.label == "london (real photographs), quick profile with weights=none, seeds=[7], opened by hand"
    assert run.folder == PACKAGE.parent / "results" / "scratch" / "05_toy" / "london-quick+seeds=_7_+weights=none"


def test_an_unchanged_one_has_the_plain_name() -> None:
    run = Run("05_toy", "quick", LONDON, changed={})
    assert (run.folder.name, run.label) == ("london-quick", "london (real photographs), quick profile, opened by hand")


def test_the_kernel_s_own_word_and_the_runner_s_add_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Parameters are known in the kernel; that a cell was edited only its runner can see."""
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    monkeypatch.setenv(CHANGED, '{"edited": "1a2b3c4d"}')
    run = Run("05_toy", "quick", LONDON, changed={"epochs": 1})
    assert run.changed == {"edited": "1a2b3c4d", "epochs": 1}
    assert run.folder == tmp_path and "opened by hand" not in run.label


def test_smoke_says_that_it_is_not_for_reading() -> None:
    assert "smoke profile, NOT FOR READING" in Run("05_toy", "smoke", LONDON).label


def test_seeds_and_protocol_make_no_other_experiment_of_a_number() -> None:
    run = Run("05_toy", "quick", LONDON, changed={"seeds": [7], "protocol": "sound", "epochs": 1})
    run.claim(finding(0.5, "sound"))
    assert run.numbers()["changed"].tolist() == [{"epochs": 1}]


def test_a_number_said_again_replaces_the_first_and_carries_its_leak_audit() -> None:
    run = Run("05_toy", "quick", LONDON)
    for value in (0.5, 0.6):
        run.claim(finding(value, "published"))
    assert run.numbers()["value"].tolist() == [0.6]
    assert run.numbers()["leak"].tolist() == ["source 98 %"]


def test_readings_of_one_claim_stand_side_by_side(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    run = Run("05_toy", "quick", LONDON)
    readings = [replace(finding(value, "published"), reading=name) for name, value in (("raw", 0.5), ("-1..1", 0.6))]
    run.claim(*readings, finding(0.4, "sound"))
    run.finish()
    written = json.loads((tmp_path / "numbers.json").read_text())
    assert [(one.get("reading"), one["value"]) for one in written] == [("raw", 0.5), ("-1..1", 0.6), (None, 0.4)]


def test_a_number_needs_data() -> None:
    with pytest.raises(FerError, match="open the Run with faces"):
        Run("00_toy", "quick").claim(finding(0.5, "published"))


def test_a_notebook_shows_the_sources_of_its_settings_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    with pd.option_context("display.max_colwidth", 50):
        Run("05_toy", "quick", LONDON)
        source = "Section IV-D; " + 20 * "and so on "
        assert source.strip() in pd.DataFrame({"source": [source]}).to_html()


def test_a_long_table_is_shown_in_part_and_says_where_the_rest_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    frame = pd.DataFrame({"row": np.arange(289)})
    shown = Run("05_toy", "quick", LONDON).table(frame, "curves", "F1")
    assert "<caption>F1; 40 of 289 rows, the others are in tables/curves.csv" in shown.data
    assert shown.data.count("<td") == 40 and "class=" not in shown.data
    assert pd.read_csv(tmp_path / "tables" / "curves.csv")["row"].tolist() == list(range(289))


def test_a_table_of_other_pictures_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    views = FaceSet("avatars_views", LONDON.images, TABLE, ("anger",), stand_in=True)
    run = Run("05_toy", "quick", LONDON)
    shown = run.table(pd.DataFrame({"error": [1.0]}), "angles", "Errors", faces=views)
    assert "measured on avatars_views (STAND-IN pictures)" in shown.data
    assert pd.read_csv(tmp_path / "tables" / "angles.csv")[["dataset", "kind"]].values.tolist() == [
        ["avatars_views", "stand-in"]
    ]
