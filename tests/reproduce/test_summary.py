"""What the signed runs say: both protocols judged, smoke runs not read, headlines beside their control."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fer_utils.papers.claims import load_claims
from fer_utils.papers.registry import PAPERS as REGISTERED
from fer_utils.reproduce.headlines import HEADLINES, Control, read_control
from fer_utils.reproduce.summary import summarise
from tests.reproduce.signed_folder import CLAIM, make_run, number, sign

PAPERS = tuple(paper.name for paper in REGISTERED)


def measured_rows(summary: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in summary["rows"] if row["run"]]


def test_each_protocol_has_a_verdict_and_a_reason_of_its_own(tmp_path: Path):
    make_run(tmp_path, numbers=[number(value=70.0), number("sound", 40.0)])
    (row,) = measured_rows(summarise(tmp_path))
    assert [row[name]["verdict"] for name in ("published", "sound")] == ["direction holds", "direction fails"]
    assert "our interval is [65.0, 75.0]" in row["published"]["reason"]
    assert "our interval is [35.0, 45.0]" in row["sound"]["reason"]
    assert row["gap"]["value"] == 30.0


def test_a_protocol_that_was_not_run_has_no_verdict_and_takes_none_from_the_other(tmp_path: Path):
    make_run(tmp_path, numbers=[number("sound", 40.0)])
    (row,) = measured_rows(summarise(tmp_path))
    assert (row["published"], row["gap"]) == (None, None)
    assert row["sound"]["verdict"] == "direction fails"


def test_the_reason_gives_a_fraction_s_interval_to_three_places(tmp_path: Path):
    f1 = number(value=0.731, half=0.0765, claim="clifer/abstract/gdm-e/ravdess/f1", reference=1 / 6)
    make_run(tmp_path, "01_clifer/london-quick", [f1])
    (row,) = measured_rows(summarise(tmp_path))
    assert "claimed above 0.167, our interval is [0.654, 0.807]" in row["published"]["reason"]


def test_a_smoke_run_is_listed_and_gives_no_rows(tmp_path: Path):
    make_run(tmp_path, "05_mobilenet_jaffe/london-smoke", [number(profile="smoke")], profile="smoke")
    make_run(tmp_path)
    summary = summarise(tmp_path)
    assert {row["run"] for row in measured_rows(summary)} == {"05_mobilenet_jaffe/london-quick"}
    assert [(run["run"], run["for_reading"]) for run in summary["runs"]] == [
        ("05_mobilenet_jaffe/london-quick", True),
        ("05_mobilenet_jaffe/london-smoke", False),
    ]


def test_what_only_smoke_runs_tried_does_not_count_as_tested(tmp_path: Path):
    make_run(tmp_path, "05_mobilenet_jaffe/london-smoke", [number(profile="smoke")], profile="smoke")
    summary = summarise(tmp_path)
    assert summary["rows"] == [] and all(entry["tested"] == 0 for entry in summary["coverage"])


def test_refused_runs_are_handed_on_and_show_nothing(tmp_path: Path):
    make_run(tmp_path)
    (make_run(tmp_path, "04_dcgan_svm/london-quick") / "figures" / "samples.png").unlink()
    summary = summarise(tmp_path)
    assert summary["refused"] == [{"run": "04_dcgan_svm/london-quick", "why": "figures/samples.png is missing"}]
    assert {run["run"] for run in summary["runs"]} == {"05_mobilenet_jaffe/london-quick"}
    json.dumps(summary, allow_nan=False)


def test_a_run_shows_signed_files_alone(tmp_path: Path):
    folder = make_run(tmp_path)
    (folder / "figures" / ".hidden.png").write_text("x")
    (run,) = summarise(tmp_path)["runs"]
    assert run["figures"] == ["05_mobilenet_jaffe/london-quick/figures/samples.png"]
    assert run["tables"] == ["05_mobilenet_jaffe/london-quick/tables/values.csv"]


def test_a_run_says_what_its_receipt_says(tmp_path: Path):
    folder = make_run(tmp_path, settings={"epochs": 3})
    (run,) = summarise(tmp_path)["runs"]
    assert ("Code", "fer_utils, digest 01234567, commit unknown") in run["about"]
    assert run["settings"] == [("", "epochs 3")] and run["crate"] is None
    (folder / "ro-crate-metadata.json").write_text("{}")
    sign(folder)
    assert summarise(tmp_path)["runs"][0]["crate"] == "05_mobilenet_jaffe/london-quick/ro-crate-metadata.json"


def test_changed_settings_stand_in_the_row(tmp_path: Path):
    make_run(tmp_path, "05_mobilenet_jaffe/london-quick+epochs=1", [number(changed={"epochs": 1})])
    (row,) = measured_rows(summarise(tmp_path))
    assert row["changed"] == {"epochs": 1}


# ------------------------------------------------------------------ headlines


def test_every_paper_has_a_headline_that_it_claims():
    claims = load_claims()
    assert tuple(HEADLINES) == PAPERS
    for paper, headline in HEADLINES.items():
        for claim in headline.claims:
            assert claims.loc[claim, "paper"] == paper and claims.loc[claim, "ours"] == "reproduce"


def test_without_results_every_paper_still_shows_its_number(tmp_path: Path):
    headlines = summarise(tmp_path)["headlines"]
    assert [(row["paper"], row["run"]) for row in headlines] == [(paper, None) for paper in PAPERS]
    assert headlines[-1]["printed"] == "85.54"


def test_a_headline_has_a_row_for_each_run_and_takes_the_first_claim_that_the_run_tested(tmp_path: Path):
    claims = HEADLINES["dcgan_svm"].claims
    make_run(tmp_path, "04_dcgan_svm/a-quick", [number(claim=claim) for claim in claims])
    make_run(tmp_path, "04_dcgan_svm/b-quick", [number(claim=claims[1])])
    found = [(row["run"], row["claim"]) for row in summarise(tmp_path)["headlines"] if row["paper"] == "dcgan_svm"]
    assert found == [("04_dcgan_svm/a-quick", claims[0]), ("04_dcgan_svm/b-quick", claims[1])]


def test_a_paper_s_most_telling_run_comes_first(tmp_path: Path):
    runs = {
        "05_mobilenet_jaffe/cmu_faces-paper": {"dataset": "cmu_faces", "kind": "real", "profile": "paper"},
        "05_mobilenet_jaffe/jaffe-quick": {"dataset": "jaffe", "kind": "real", "profile": "quick"},
        "05_mobilenet_jaffe/jaffe-stand-in-quick": {"dataset": "jaffe", "kind": "stand-in", "profile": "quick"},
        "05_mobilenet_jaffe/london-evening": {"dataset": "london", "kind": "real", "profile": "evening"},
        "05_mobilenet_jaffe/london-quick": {"dataset": "london", "kind": "real", "profile": "quick"},
    }
    for name, about in runs.items():
        facts = {"data": {about["dataset"]: "0"}, "kind": about["kind"], "profile": about["profile"]}
        make_run(tmp_path, name, [number(**about)], **facts)
    found = [row["run"].split("/")[1] for row in summarise(tmp_path)["headlines"] if row["run"]]
    assert found == ["jaffe-quick", "jaffe-stand-in-quick", "london-evening", "london-quick", "cmu_faces-paper"]


def test_a_paper_has_its_idea_and_names_a_picture_that_its_notebook_draws():
    notebooks = Path(__file__).parents[2] / "notebooks"
    for paper in REGISTERED:
        source = (notebooks / f"{paper.notebook}.ipynb").read_text(encoding="utf-8")
        assert 40 < len(paper.idea) < 130 and not any(
            character.isdigit() for character in paper.idea.replace("2013", "")
        )
        assert paper.picture.removesuffix("_published") in source


def test_the_control_is_read_from_the_run_s_own_table(tmp_path: Path):
    folder = make_run(tmp_path)
    (folder / "tables" / "protocols.csv").write_text(
        "protocol,epoch chosen by,accuracy %,low %,high %\n"
        "A,test_fold,68.75,60.3,76.4\nA,last_epoch,63.3,54.7,71.4\nC,last_epoch,71.1,64.3,77.2\n"
    )
    sign(folder)
    (row,) = [row for row in summarise(tmp_path)["headlines"] if row["claim"] == CLAIM]
    assert row["control"] == {
        "name": "last epoch, none chosen",
        "published": {"value": 63.3, "ci95": [54.7, 71.4]},
        "sound": {"value": 71.1, "ci95": [64.3, 77.2]},
    }


def test_each_reading_of_a_claim_is_judged_and_has_its_own_control(tmp_path: Path):
    """The paper's words allow two inputs: two rows of one run, the paper's words first."""
    read = [number(value=70.0, reading="raw"), number(value=40.0, reading="-1..1"),
            number("sound", 41.0, reading="-1..1")]  # fmt: skip
    folder = make_run(tmp_path, numbers=read)
    (folder / "tables" / "protocols.csv").write_text(
        "protocol,epoch chosen by,reading,accuracy %,low %,high %\n"
        "A,last_epoch,raw,63.3,54.7,71.4\nA,last_epoch,-1..1,71.1,64.3,77.2\n"
    )
    sign(folder)
    summary = summarise(tmp_path)
    rows = measured_rows(summary)
    assert [(row["reading"], row["published"]["verdict"]) for row in rows] == [
        ("raw", "direction holds"), ("-1..1", "direction fails"),
    ]  # fmt: skip
    assert rows[0]["sound"] is None and rows[1]["sound"]["value"] == 41.0
    controls = [row["control"]["published"]["value"] for row in summary["headlines"] if row["claim"] == CLAIM]
    assert controls == [63.3, 71.1]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "protocol,network,accuracy %,low %,high %\npublished,EL,1,0,2\n",
        "protocol,network\npublished,Baseline\n",
        "protocol,network,accuracy %,low %,high %\npublished,Baseline,much,0,2\n",
        "protocol,network,accuracy %,low %,high %\npublished,Baseline,nan,0,2\n",
        "network,accuracy %,low %,high %\nBaseline,1,0,2\n",
    ],
)
def test_a_table_without_the_control_gives_none(tmp_path: Path, text: str | None):
    (tmp_path / "tables").mkdir()
    if text is not None:
        (tmp_path / "tables" / "table_1.csv").write_text(text)
    assert read_control(Control("Baseline", "table_1", {"network": "Baseline"}), tmp_path) is None


def test_a_control_of_one_protocol_leaves_the_other_open(tmp_path: Path):
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "table_1.csv").write_text("protocol,network,accuracy %,low %,high %\nsound,Baseline,40,,\n")
    found = read_control(Control("Baseline", "table_1", {"network": "Baseline"}), tmp_path)
    assert found == {"name": "Baseline", "published": None, "sound": {"value": 40.0, "ci95": None}}


def test_of_two_readings_the_one_that_comes_closest_to_the_paper_comes_first(tmp_path: Path):
    values = {"raw pixels": 50.0, "pixels −1 to 1": 85.0}
    numbers = [number(value=value, reading=reading) for reading, value in values.items()]
    make_run(tmp_path, "05_mobilenet_jaffe/jaffe-quick", numbers)
    found = [row["reading"] for row in summarise(tmp_path)["headlines"] if row["run"]]
    assert found == ["pixels −1 to 1", "raw pixels"]
