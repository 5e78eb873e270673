"""The RO-Crate file of a run: a Process Run Crate that says what the receipt says, for the recorded runs too."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fer_utils.reproduce import crate as crates
from fer_utils.reproduce.crate import CRATE, PROFILE, crate, write_again
from fer_utils.reproduce.signed import signed_runs
from tests.reproduce.signed_folder import make_run, sign

RESULTS = Path(__file__).parents[2] / "results"
RECORDED = sorted(path.parent for path in RESULTS.glob("*/*/receipt.json"))
TIMES = {"started": "2026-11-26T03:04:58+00:00", "ended": "2026-11-26T03:09:15+00:00"}


def graph(metadata: dict[str, Any]) -> dict[str, dict[str, Any]]:
    entities = {entity["@id"]: entity for entity in metadata["@graph"]}
    assert len(entities) == len(metadata["@graph"])
    return entities


def references(value: Any) -> list[str]:
    """Every ``{"@id": …}`` within an entity."""
    if isinstance(value, list):
        return [name for one in value for name in references(one)]
    return [value["@id"]] if isinstance(value, dict) else []


@pytest.fixture(params=RECORDED, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def recorded(request) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    folder = request.param
    receipt, metadata = (json.loads((folder / name).read_text(encoding="utf-8")) for name in ("receipt.json", CRATE))
    return folder, receipt, metadata


def test_a_recorded_crate_is_what_its_receipt_gives(recorded):
    _, receipt, metadata = recorded
    assert metadata == crate(receipt), "`python -m fer_utils.reproduce.crate` writes it again"


def test_a_recorded_crate_is_a_process_run_crate(recorded):
    folder, receipt, metadata = recorded
    entities = graph(metadata)
    for entity in entities.values():
        linked = [name for key, value in entity.items() if key != "conformsTo" for name in references(value)]
        assert set(linked) <= set(entities), entity["@id"]
    root, action = entities["./"], entities["#run"]
    assert entities[CRATE]["about"] == {"@id": "./"}
    assert entities[CRATE]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert root["conformsTo"] == {"@id": PROFILE} and entities[PROFILE]["@type"] == "CreativeWork"
    assert root["mentions"] == {"@id": "#run"} and root["datePublished"] == receipt["ended"]
    assert action["@type"] == "CreateAction"
    assert entities[action["instrument"]["@id"]]["@type"] == "SoftwareApplication"
    assert datetime.fromisoformat(action["startTime"]) <= datetime.fromisoformat(action["endTime"])
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {CRATE}
    for files in (root["hasPart"], action["result"]):
        assert {file["@id"] for file in files} == there
    inputs = {entities[one["@id"]]["name"] for one in action["object"]}
    assert set(receipt["data"]) | set(receipt.get("parameters") or {}) == inputs


def test_the_rocrate_library_reads_a_recorded_crate(recorded):
    library = pytest.importorskip("rocrate.rocrate", reason="rocrate is not installed (the extra [test] has it)")
    folder, receipt, _ = recorded
    read = library.ROCrate(str(folder))
    action = read.get("#run")
    assert read.root_dataset["conformsTo"].id == PROFILE and read.root_dataset["mentions"].id == "#run"
    assert action["instrument"]["softwareVersion"] == receipt["package"]["digest"]
    assert {entity.id for entity in read.data_entities} == {*receipt["files"], "receipt.json"} - {CRATE}


# ------------------------------------------------------------------ writing again


def old_run(results: Path) -> Path:
    folder = make_run(results)
    (folder / CRATE).write_text('{"@graph": "as it was"}', encoding="utf-8")
    return sign(folder, **TIMES)


def test_a_crate_is_written_again_from_its_receipt_which_says_so(tmp_path: Path):
    folder = old_run(tmp_path)
    before = json.loads((folder / "receipt.json").read_text())
    assert write_again(tmp_path) == ["05_mobilenet_jaffe/london-quick"]
    (run,), refused = signed_runs(tmp_path)
    assert not refused and json.loads((folder / CRATE).read_text()) == crate(before)
    assert "as a Process Run Crate" in run.receipt["rewritten"][CRATE]
    changed = {name for name, digest in run.receipt["files"].items() if before["files"][name] != digest}
    assert changed == {CRATE}
    assert run.receipt | {"files": 0} == before | {"rewritten": run.receipt["rewritten"], "files": 0}
    assert write_again(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["05_mobilenet_jaffe"]


def test_a_run_without_a_crate_gets_one(tmp_path: Path):
    sign(make_run(tmp_path), **TIMES)
    assert len(write_again(tmp_path)) == 1 and not signed_runs(tmp_path)[1]


def test_what_is_not_to_be_trusted_or_has_no_times_is_left_alone(tmp_path: Path):
    (old_run(tmp_path) / "numbers.json").write_text("[]")
    make_run(tmp_path, "04_dcgan_svm/x")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert write_again(tmp_path) == []
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_failure_leaves_the_run_as_it_was(tmp_path: Path, monkeypatch):
    folder = old_run(tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def fail(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(crates, "write_json", fail)
    with pytest.raises(OSError, match="full"):
        write_again(tmp_path)
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
