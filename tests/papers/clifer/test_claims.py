"""Our numbers carry the ids of the paper's claims, and say what they should on a table made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fer_utils.faces import FaceSet
from fer_utils.papers.claims import load_claims
from fer_utils.papers.clifer import claims
from fer_utils.papers.clifer.protocol import CLASSES, MEMORY_CONDITIONS, TEST_CONDITIONS
from fer_utils.papers.finding import Leak
from fer_utils.papers.study import PROTOCOLS
from fer_utils.reproduce.verdicts import judge

LIFTS = {"MLP": 0.0, "MLP to the end": 0.04, "GDM": 0.1, "GDM + replay": 0.3, "CLIFER": 0.25, "oracle": 0.35}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Five people, six orders of two steps; order 5 starts with neutral and is 0.05 better."""
    rng, rows = np.random.default_rng(0), []
    for person in range(5):
        for condition in TEST_CONDITIONS:
            for order in range(6 if condition in MEMORY_CONDITIONS else 1):
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


def test_what_is_ours_stands_beside_the_claims(table: pd.DataFrame) -> None:
    found = {name: one.value for name, one in claims.beside_the_claims(table).items()}
    assert not set(found) & {claim.split("/")[1] for claim in claims.orderings(table, range(6), [5])}
    expected = {
        "gdm_minus_mlp_to_the_end.exp_1": 0.06, "gdm_minus_mlp_to_the_end.exp_2": 0.06, "oracle_minus_gdm": 0.25,
        "clifer_minus_oracle": -0.1,
    }  # fmt: skip
    assert found == pytest.approx(expected, abs=2e-3)


def test_the_final_table(table: pd.DataFrame) -> None:
    found = claims.final_table(table).set_index(["condition", "memory"])
    assert len(found) == 12 and (found["people"] == 5).all()
    assert found.loc[("CLIFER", "GDM-S"), "f1 micro mean"] == pytest.approx(0.45, abs=2e-3)
    assert claims.final_f1(table, "CLIFER", "GDM-E").value == pytest.approx(0.65, abs=2e-3)


def test_order_effects_need_the_paper_s_six_orders(table: pd.DataFrame) -> None:
    assert claims.order_effects(table, range(4)) == {}
    found = claims.order_effects(table, range(6))
    # Order 5 is better by fifty times the noise: all its people rank highest.
    assert all(one.low == one.value == one.high > 0 and "p = " in one.how for one in found.values())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_test_s_statistic_is_decided_by_its_p(table: pd.DataFrame, protocol: str) -> None:
    """Never "undecided": on the made-up table the order matters, so "no longer matters" fails, "still" holds."""
    known, effects = load_claims(), "/order/final_h_minus_critical."
    made = [one for one in claims.findings(MadeUp("avatars_clips"), protocol, table) if effects in one.claim]  # type: ignore[arg-type]
    assert len(made) == 18
    for finding in made:
        number = {
            "value": finding.estimate.value, "ci95": finding.estimate.ci95, "dataset": "avatars_clips",
            "kind": "stand-in", "profile": "quick", "reference": finding.reference,
        }  # fmt: skip
        expected = {"<": "direction fails", ">": "direction holds"}[known.loc[finding.claim, "relation"]]
        assert judge(known.loc[finding.claim].to_dict(), number).verdict == expected


def test_all_of_table_1_is_made_with_its_leak_audit(table: pd.DataFrame) -> None:
    for name, where in claims.PAPER_SETS.items():
        made = [one for one in claims.findings(MadeUp(name), "sound", table) if one.claim.startswith("clifer/table_1/")]  # type: ignore[arg-type]
        assert len({one.claim for one in made}) == 24 and all(f"/{where}/" in one.claim for one in made)
        assert all(one.leak.text() == "made up" for one in made)


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
