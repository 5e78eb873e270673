"""Our numbers carry the ids of the paper's claims, and say what they should on a table made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fer_utils.faces import FaceSet
from fer_utils.papers.claims import load_claims
from fer_utils.papers.clifer import claims
from fer_utils.papers.clifer.protocol import CLASSES, TEST_CONDITIONS
from fer_utils.papers.finding import Leak
from fer_utils.papers.study import PROTOCOLS

LIFTS = {"MLP": 0.0, "GDM": 0.1, "GDM + replay": 0.3, "CLIFER": 0.25}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Five people, six orders of two steps; order 5 starts with neutral and is 0.05 better."""
    rng, rows = np.random.default_rng(0), []
    for person in range(5):
        for condition in TEST_CONDITIONS:
            for order in range(6):
                for step in (1, 2):
                    for memory, less in (("GDM-E", 0.0), ("GDM-S", 0.2)):
                        for experiment in (1, 2):
                            value = 0.4 + LIFTS[condition] - less + 0.05 * (order == 5) + 0.001 * rng.normal()
                            rows.append({
                                "person": f"p{person}", "fold": "a", "condition": condition, "order": order,
                                "step": step, "memory": memory, "experiment": experiment, "f1 micro": value,
                                "f1 macro": value,
                            })  # fmt: skip
    return pd.DataFrame(rows)


def test_every_number_has_a_claim(table: pd.DataFrame) -> None:
    known = set(load_claims().index)
    ours = claims.orderings(table, range(6), [5]) | claims.order_effects(table, range(6))
    assert len(ours) == 7 + 6
    for dataset in ("ravdess", "mmi", "baum1", "avatars_clips"):
        for where in claims.sets_for(dataset):
            for claim in ours:
                assert f"clifer/{claim.format(set=where)}" in known
            for memory in ("gdm-e", "gdm-s"):
                assert f"clifer/abstract/{memory}/{where}/f1" in known
    assert claims.sets_for("baum1") == ["baum-1"] and len(claims.sets_for("avatars_clips")) == 3


def test_differences(table: pd.DataFrame) -> None:
    found = {claim.split("/")[1]: one.value for claim, one in claims.orderings(table, range(6), [5]).items()}
    expected = {
        "gdm-e_minus_gdm-s": 0.2, "gdm_minus_mlp.exp_1": 0.1, "gdm_minus_mlp.exp_2": 0.1, "replay_minus_gdm": 0.2,
        "clifer_minus_gdm": 0.15, "clifer_minus_replay.exp_2": -0.05, "neutral_first_minus_other_orders": 0.05,
    }  # fmt: skip
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=2e-3), name


def test_the_final_table(table: pd.DataFrame) -> None:
    found = claims.final_table(table).set_index(["condition", "memory"])
    assert len(found) == 8 and (found["people"] == 5).all()
    assert found.loc[("CLIFER", "GDM-S"), "f1 micro mean"] == pytest.approx(0.45, abs=2e-3)
    assert claims.final_f1(table, "CLIFER", "GDM-E").value == pytest.approx(0.65, abs=2e-3)


def test_order_effects_need_the_paper_s_six_orders(table: pd.DataFrame) -> None:
    assert claims.order_effects(table, range(4)) == {}
    found = claims.order_effects(table, range(6))
    # Order 5 is better by fifty times the noise: all its people rank highest.
    assert all(one.value > 0 for one in found.values()) and not np.isfinite(next(iter(found.values())).low)


class MadeUp:
    """What :func:`claims.findings` asks of a study."""

    def __init__(self, name: str) -> None:
        pictures, rows = (
            np.zeros((6, 2, 2), np.uint8),
            [{"label": each, "subject": each, "source": each} for each in CLASSES],
        )
        self.faces = FaceSet(name, pictures, pd.DataFrame(rows), CLASSES)
        self.compared, self.starts_neutral, self.neutral_first = list(range(6)), [5], [0, 1, 2]

    def audit(self, protocol: str) -> Leak:
        return Leak(remark="made up")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_claim_is_made_on_the_data_that_it_names(table: pd.DataFrame, protocol: str) -> None:
    known = load_claims()
    ours = set(known.index[(known["paper"] == claims.PAPER) & (known["ours"] == "reproduce")])
    made = {name: list(claims.findings(MadeUp(name), protocol, table)) for name in claims.PAPER_SETS}  # type: ignore[arg-type]
    assert {finding.claim for findings in made.values() for finding in findings} == ours
    for name, findings in made.items():
        assert all(name in known.loc[finding.claim, "dataset"].split() for finding in findings)


def test_other_data_stand_beside_all_sets_claims_but_have_no_table_1(table: pd.DataFrame) -> None:
    made = [finding.claim for finding in claims.findings(MadeUp("avatars_clips"), "sound", table)]  # type: ignore[arg-type]
    assert len(made) == len(set(made)) == 3 * (2 + 7 + 6) and not any("/table_1/" in claim for claim in made)
