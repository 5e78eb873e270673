"""Pictures that differ from the official release: said in each number, in the receipt, and in nothing otherwise."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from fer_utils.faces import FaceSet
from fer_utils.papers.finding import Finding, Leak
from fer_utils.reproduce.receipt import write_receipt
from fer_utils.reproduce.run import Run
from fer_utils.reproduce.surroundings import FINISHED, RUN_DIR
from fer_utils.scores import Estimate


@pytest.fixture
def claim_id() -> str:
    from fer_utils.papers.claims import load_claims

    claims = load_claims()
    return claims.index[(claims["paper"] == "mobilenet_jaffe") & (claims["relation"] == "=")][0]


@pytest.mark.parametrize("differences", [(), ("all 213 picture(s) are JPEG files, official TIFF", "one more")])
def test_numbers_and_receipt_say_how_the_pictures_differ(tmp_path: Path, monkeypatch, claim_id, differences) -> None:
    monkeypatch.setenv(RUN_DIR, str(tmp_path))
    table = pd.DataFrame({"label": ["anger"], "subject": "s", "source": "p"})
    faces = FaceSet("jaffe", np.zeros((1, 4, 4), np.uint8), table, ("anger",), differences=differences)
    run = Run("toy", "smoke", faces)
    run.claim(Finding(claim_id, Estimate(0.8, 0.7, 0.9, 10, "toy"), "published", Leak(remark="toy"), scale=100))
    run.finish()
    facts = json.loads((tmp_path / FINISHED).read_text())
    [number] = json.loads((tmp_path / "numbers.json").read_text())
    request = SimpleNamespace(notebook="toy", parameters={}, workers=None, dask=None)
    write_receipt(tmp_path, request, datetime.now(UTC), facts)
    receipt = json.loads((tmp_path / "receipt.json").read_text())
    for said in (number, facts, receipt):
        assert said.get("differs", []) == list(differences) and ("differs" in said) == bool(differences)


def test_a_selection_and_other_pixels_keep_the_differences() -> None:
    table = pd.DataFrame({"label": ["anger"] * 2, "subject": "s", "source": ["p", "q"]})
    faces = FaceSet("jaffe", np.zeros((2, 4, 4), np.uint8), table, ("anger",), differences=("smaller",))
    assert faces.select(np.array([0])).differences == faces.with_images(faces.images + 1).differences == ("smaller",)
    plain = FaceSet("jaffe", faces.images, table, ("anger",))
    assert plain.differences == () and plain.fingerprint == faces.fingerprint, "they describe the files, not the pixels"
