"""What a run wrote is what its receipt signs, and what a reader's browser shows is text."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.files import sha256_file
from fer_utils.reproduce.executed import finished
from fer_utils.reproduce.run import Run
from fer_utils.reproduce.surroundings import FINISHED, RUN_DIR


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A headless run without data, before its last cell."""
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "notebook.ipynb")
    return Run("90_toy", "smoke")


def test_finish_lists_every_file_with_its_digest(run: Run) -> None:
    import matplotlib.pyplot as plt

    run.table(pd.DataFrame({"a": [1]}), "values", "A value")
    run.table(pd.DataFrame({"a": [2]}), "values", "The value again")
    run.figure(plt.figure(), "curve")
    plt.close("all")
    run.finish()
    facts = json.loads((run.folder / FINISHED).read_text())
    assert sorted(facts["files"]) == ["figures/curve.png", "numbers.json", "tables/values.csv"]
    assert all(sha256_file(run.folder / name) == digest for name, digest in facts["files"].items())
    assert finished("90_toy", run.folder)["files"] == facts["files"]


def test_a_network_is_signed_like_any_file(run: Run) -> None:
    run.network("G", {"bias": np.zeros(3)}, {"seed": 0})
    run.finish()
    assert sorted(finished("90_toy", run.folder)["files"]) == ["networks/G.safetensors", "numbers.json"]


def test_a_network_that_has_learnt_people_stays_where_their_pictures_must_stay(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    images, table = (
        np.zeros((1, 8, 8), np.uint8),
        pd.DataFrame({"label": ["anger"], "subject": ["KA"], "source": ["a"]}),
    )
    run.faces = FaceSet("jaffe", images, table, ("anger",))
    run.network("G", {"bias": np.zeros(3)}, {"seed": 0})
    assert "not recorded, because their licence forbids it" in capsys.readouterr().out
    assert not (run.folder / "networks").exists()


def test_who_lent_networks_stands_on_everything(run: Run) -> None:
    run.borrows("01_clifer/avatars_clips-evening")
    assert run.label.endswith("networks of 01_clifer/avatars_clips-evening")
    assert run.label in run.table(pd.DataFrame({"a": [1]}), "values", "A value").data
    run.finish()
    assert finished("90_toy", run.folder)["networks"] == "01_clifer/avatars_clips-evening"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("how", ["gone", "changed"])
def test_a_file_that_another_program_took_or_changed_means_no_receipt(run: Run, when: str, how: str) -> None:
    run.table(pd.DataFrame({"a": [1]}), "values", "A value")
    table = run.folder / "tables" / "values.csv"
    if when == "after":
        run.finish()
    table.unlink() if how == "gone" else table.write_text("a\n2\n")
    if when == "before":
        run.finish()
    words = "tables/values.csv is gone" if how == "gone" else "tables/values.csv is not as it was written"
    with pytest.raises(FerError, match=f"no receipt: {words}"):
        finished("90_toy", run.folder)


def test_text_in_a_table_is_text(run: Run) -> None:
    frame = pd.DataFrame({"<b>name</b>": ["<script>alert(1)</script>", "a & b"], "share": [0.25, float("nan")]})
    shown = run.table(frame, "values", "Worth <1 % & more", digits=2).data
    assert "<script>" not in shown and "<b>" not in shown
    assert (
        "&lt;script&gt;alert(1)&lt;/script&gt;" in shown and "a &amp; b" in shown and "&lt;b&gt;name&lt;/b&gt;" in shown
    )
    assert "Worth &lt;1 % &amp; more" in shown and "0.25" in shown and "–" in shown
    # The file holds the data as they are.
    assert pd.read_csv(run.folder / "tables" / "values.csv")["<b>name</b>"].tolist() == frame["<b>name</b>"].tolist()
