"""A receipt in words: every fact that it has, and no line for one that it lacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fer_utils.reproduce.receipt_words import about, settings

RECORDED = sorted((Path(__file__).parents[2] / "results").glob("*/*/receipt.json"))

RECEIPT = {
    "notebook": "05_mobilenet_jaffe", "parameters": {"dataset": "london", "epochs": None}, "profile": "quick",
    "started": "2026-11-26T03:04:58+00:00", "seconds": 257.1, "seeds": [0, 1],
    "settings": {"cropped": False, "sizes": [8, 16], "augmentation": {"rotation": 15.0, "range": {"low": 0}}},
    "data": {"london": "dfd9"}, "differs": ["two pictures are missing"],
    "figures": {"samples": ["london (real)", "avatars_wild (stand-in)"], "curves": []},
    "device": {"processor": "AMD EPYC", "cores": 2, "memory_gib": 23.5, "python": "3.11.7", "used": "cpu", "gpu": None},
    "package": {"version": "0.1.0", "digest": "dcee1d03", "commit": "7591f517010edcf4", "dirty": False},
    "libraries": {"numpy": "2.4.6"}, "files": {"numbers.json": "0"}, "rewritten": {"a.json": "written again"},
}  # fmt: skip


def test_every_fact_is_told():
    told = dict(about(RECEIPT))
    assert told["When"] == "26 November 2026, 03:04 UTC, for 4 min 17 s"
    assert told["Asked for"] == "profile quick, dataset london, epochs none, seeds 0, 1"
    assert told["Pictures"] == "london, fingerprint dfd9" and told["Differs"] == "two pictures are missing"
    assert told["Machine"] == "computed on cpu, AMD EPYC, 2 cores, 23.5 GiB, Python 3.11.7"
    assert told["Code"] == "fer_utils 0.1.0, digest dcee1d03, commit 7591f517010e, with no uncommitted change"
    assert told["People shown"] == "samples (london, real, avatars_wild, stand-in)"
    assert told["Libraries"] == "numpy 2.4.6" and told["Files"].startswith("1, each listed with its SHA-256")
    assert told["Since then"] == "a.json: written again"


def test_a_gpu_its_driver_and_the_work_are_told():
    device = {"used": "cuda", "gpu": "NVIDIA X9", "driver": "580.1", "precision": "float32"}
    work = {"units": 65, "fetched": 2, "seconds": 1234.4, "gpu_joules": 45_600}
    told = dict(about(RECEIPT | {"device": device, "work": work}))
    assert told["Machine"] == "computed on NVIDIA X9, driver 580.1, float32"
    assert told["Work"] == (
        "65 units of work, 1,234 s of computing in all, 2 of them computed before; the card used 46 kJ meanwhile"
    )
    assert dict(about(RECEIPT | {"work": {"units": 3, "fetched": 0, "seconds": 9.6}}))["Work"] == (
        "3 units of work, 10 s of computing in all"
    )


def test_settings_are_told_by_group():
    assert settings(RECEIPT) == [("", "cropped no, sizes [8, 16]"), ("augmentation", "rotation 15.0, range (low 0)")]


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ({"digest": "1"}, "fer_utils, digest 1, commit unknown"),
        ({"digest": "1", "commit": "unknown", "dirty": None}, "fer_utils, digest 1, commit unknown"),
        ({"digest": "1", "commit": "ab", "dirty": True}, "fer_utils, digest 1, commit ab, with uncommitted changes"),
        ({"digest": "1", "commit": "ab", "dirty": None}, "fer_utils, digest 1, commit ab"),
    ],
)
def test_what_is_known_of_the_code(package, words):
    assert dict(about(RECEIPT | {"package": package}))["Code"] == words


def test_an_old_receipt_has_fewer_lines():
    old = {"profile": "quick", "settings": {}, "data": {}, "device": {}, "package": {"digest": "1"}, "files": {}}
    assert [term for term, _ in about(old)] == ["Asked for", "Machine", "Code", "Files"]
    assert settings(old) == []
    assert dict(about(old | {"figures": {"curves": []}}))["People shown"] == "nobody"


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parts[-3]}/{path.parts[-2]}")
def test_every_recorded_receipt_can_be_told(path: Path):
    receipt = json.loads(path.read_text(encoding="utf-8"))
    terms = [term for term, _ in about(receipt)]
    assert {"When", "Asked for", "Machine", "Code", "Files"} <= set(terms)
