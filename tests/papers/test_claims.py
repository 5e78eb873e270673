"""The shipped table of the papers' numbers: its form, a sample against the papers, and its own arithmetic."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest

from fer_utils.errors import FerError
from fer_utils.papers.claims import COLUMNS, OURS, RELATIONS, claim, load_claims, table_of
from fer_utils.papers.registry import PAPERS as REGISTERED

DATASETS = set("jaffe ck_plus fer2013 sfew ravdess mmi baum1 icv_mefed rafd kdef raf_db celeba isl_ck".split())
TABLE = load_claims()
EMOTIONS = "angry contempt disgust fear happy neutral sad surprise".split()
LANDMARK_NETS = "baseline ftl el-eyebrows el-eyes el-nose el-mouth el-jaw el".split()
SUB_NETWORKS = LANDMARK_NETS[2:7]

PAPERS = tuple(paper.name for paper in REGISTERED)


def value(claim_id: str) -> float:
    return float(claim(claim_id)["value"])


def ids(rows: pd.Series) -> list[str]:
    """The claims that break a rule: a failing test then names them."""
    return list(rows[rows].index)


# ------------------------------------------------------------------ reading


def test_columns_and_types_are_stable():
    assert (TABLE.index.name, *TABLE.columns) == COLUMNS
    for column in TABLE.columns:
        if column in ("value", "tolerance"):
            assert TABLE[column].dtype == np.float64
        else:
            assert all(type(text) is str for text in TABLE[column]), column


def test_a_copy_is_handed_out():
    mine = load_claims()
    mine.loc[:, "value"] = -1.0
    row = claim("gan_augmentation/table_1/resnet-50/fer-2013/accuracy")
    row["value"] = -1.0
    assert value("gan_augmentation/table_1/resnet-50/fer-2013/accuracy") == 64.28


def test_an_unknown_claim_names_the_closest_one():
    with pytest.raises(FerError, match=r"Did you mean 'mobilenet_jaffe/text/overall_accuracy/all/accuracy'\?"):
        claim("mobilenet_jaffe/text/overal_accuracy/all/acuracy")


@pytest.mark.parametrize("paper", REGISTERED, ids=lambda paper: paper.name)
def test_the_file_has_plain_line_ends_and_no_path_of_somebodys_machine(paper):
    text = table_of(paper.room).read_bytes()
    assert b"\r" not in text and text.endswith(b"\n")
    assert re.search(rb"(^|[\s,;(\"])/[a-z]", text) is None


# ------------------------------------------------------------------ form


def test_ids_are_unique_five_part_slugs_that_agree_with_their_row():
    assert TABLE.index.is_unique
    for claim_id, row in TABLE.iterrows():
        assert re.fullmatch(r"[a-z0-9_.+-]+(/[a-z0-9_.+-]+){4}", claim_id), claim_id
        parts = claim_id.split("/")
        assert (parts[0], parts[4]) == (row["paper"], row["metric"]), claim_id
        assert re.fullmatch(r"[a-z][a-z0-9_]*", row["metric"]), claim_id


def test_only_allowed_values():
    assert list(dict.fromkeys(TABLE["paper"])) == list(PAPERS)
    assert set(TABLE["relation"]) == set(RELATIONS)
    assert set(TABLE["ours"]) == set(OURS)
    assert {name for cell in TABLE["dataset"] for name in cell.split()} <= DATASETS


def test_every_row_says_what_and_where_and_no_field_has_stray_blanks():
    assert ids(TABLE["what"].eq("") | TABLE["where"].eq("")) == []
    assert ids(TABLE["what"].str.endswith(".") | TABLE["what"].str.len().gt(160)) == []
    for column in TABLE.columns.drop(["value", "tolerance"]):
        assert ids(TABLE[column] != TABLE[column].str.strip()) == [], column
        assert ids(TABLE[column].str.contains("\n|  ")) == [], column


def test_reasons_are_given():
    assert ids(TABLE["ours"].isin(["not testable", "cited"]) & TABLE["why"].eq("")) == []


def test_what_is_ours_to_reproduce_can_be_held_against_something():
    rows = TABLE[TABLE["ours"] == "reproduce"]
    for column in ("metric", "dataset", "relation"):
        assert ids(rows[column].eq("")) == [], column
    assert ids(rows["value"].isna()) == []
    assert ids(rows["relation"].isin(["=", "~0"]) & rows["tolerance"].isna()) == []


def test_a_relation_stands_exactly_where_a_number_stands():
    assert ids(TABLE["relation"].eq("") != TABLE["value"].isna()) == []
    assert ids(TABLE["tolerance"].notna() & ~TABLE["relation"].isin(["=", "~0"])) == []
    assert ids(TABLE["tolerance"] <= 0) == []


def test_orderings_are_differences_on_the_side_they_claim():
    order = TABLE[TABLE["relation"].isin([">", "<", "~0"])]
    assert ids(~order["metric"].str.endswith(("_difference", "_spread"))) == []
    assert ids(order["relation"].eq(">") & (order["value"] < 0)) == []
    assert ids(order["relation"].eq("<") & (order["value"] > 0)) == []
    assert ids(order["relation"].eq("~0") & (order["value"] != 0)) == []


def test_a_bare_printed_number_is_the_value():
    bare = TABLE[TABLE["printed"].str.fullmatch(r"[\d,]*\d(\.\d+)?") & TABLE["value"].notna()]
    assert len(bare) > 600
    assert ids(bare["printed"].str.replace(",", "").astype(float) != bare["value"]) == []


def test_every_percentage_and_fraction_lies_in_its_range():
    shares = TABLE[TABLE["relation"].isin(["=", ">=", "<="])]
    assert ids(shares["unit"].eq("%") & ~shares["value"].between(0, 100)) == []
    assert ids(shares["unit"].eq("fraction") & ~shares["value"].between(0, 1)) == []


# ------------------------------------------------------------------ content


@pytest.mark.parametrize(
    ("paper", "counts"),
    [
        ("clifer", {"reproduce": 119, "setting": 25, "not testable": 19}),
        ("gan_augmentation", {"reproduce": 18, "cited": 4, "setting": 17, "not testable": 1}),
        ("landmark_ensemble", {"reproduce": 246, "cited": 6, "setting": 33, "not testable": 2}),
        ("dcgan_svm", {"reproduce": 225, "cited": 62, "setting": 62, "not testable": 12}),
        ("mobilenet_jaffe", {"reproduce": 11, "cited": 6, "setting": 10, "not testable": 9}),
    ],
)
def test_how_many_claims_each_paper_makes(paper: str, counts: dict[str, int]):
    assert TABLE.loc[TABLE["paper"] == paper, "ours"].value_counts().to_dict() == counts


@pytest.mark.parametrize(
    ("claim_id", "number", "tolerance", "unit"),
    [
        ("clifer/abstract/gdm-e/mmi/f1", 0.75, 0.07, "fraction"),
        ("clifer/abstract/gdm-s/baum-1/f1", 0.51, 0.04, "fraction"),
        ("clifer/table_1/mmi/gdm+replay.gdm-s.final/kruskal_wallis_h", 17.0, 0.05, ""),
        ("clifer/table_1/ravdess/clifer.gdm-s.final/p_value", 0.79, 0.01, ""),
        ("gan_augmentation/table_1/vgg-16+dcgan/fer-2013/accuracy", 66.37, 0.005, "%"),
        ("gan_augmentation/table_1/resnet-50+dcgan/fer-2013/accuracy", 71.75, 0.005, "%"),
        ("landmark_ensemble/table_1/jaffe/el/accuracy", 97.14, 0.005, "%"),
        ("landmark_ensemble/table_3/ck+/el/accuracy", 47.53, 0.005, "%"),
        ("landmark_ensemble/figure_9/fear/fear/count", 1, 0.5, "images"),
        ("dcgan_svm/table_2/contemptuous/exp_4/auc", 0.858, 0.0005, "fraction"),
        ("dcgan_svm/table_4/au27/exp_8/auc", 0.519, 0.0005, "fraction"),
        ("dcgan_svm/table_3/ours/radboud/accuracy", 98.57, 0.005, "%"),
        ("dcgan_svm/table_7/ours/rafd/fid", 22.318, 0.0005, ""),
        ("mobilenet_jaffe/text/overall_accuracy/all/accuracy", 85.54, 0.005, "%"),
        ("mobilenet_jaffe/text/single_class/disgust/single_class_accuracy", 54.6, 0.05, "%"),
    ],
)
def test_numbers_as_the_papers_print_them(claim_id: str, number: float, tolerance: float, unit: str):
    row = claim(claim_id)
    assert (row["value"], row["tolerance"], row["unit"]) == (number, tolerance, unit)
    assert (row["relation"], row["ours"]) == ("=", "reproduce")


def test_a_cited_and_an_untestable_row():
    assert claim("dcgan_svm/table_3/zhang_2018_52/sfew/accuracy")["ours"] == "cited"
    raters = claim("dcgan_svm/table_7/ours/rafd/amt")
    assert raters["ours"] == "not testable" and "human raters" in raters["why"]


def test_the_claims_that_the_mobilenet_room_asks_for():
    for name in ("neutral", "fear", "anger"):
        row = claim(f"mobilenet_jaffe/text/single_class/{name}/single_class_accuracy")
        assert (row["relation"], row["value"]) == (">=", 96)
    happiness = claim("mobilenet_jaffe/text/single_class/happiness/single_class_accuracy")
    assert happiness["ours"] == "not testable" and math.isnan(happiness["value"])
    expected = {
        "normalisation_costs/all/accuracy_difference": ("<=", -40),
        "learning_rate/0.01_minus_0.001/accuracy_difference": ("<", 0),
        "cropping/cropped_minus_whole/accuracy_difference": ("~0", 0),
        "batch_size/smaller_minus_32/accuracy_spread": (">", 0),
    }
    for end, (relation, number) in expected.items():
        row = claim(f"mobilenet_jaffe/order/{end}")
        assert (row["relation"], row["value"]) == (relation, number)
        assert (row["unit"], row["ours"], row["dataset"]) == ("% points", "reproduce", "jaffe")
    assert claim("mobilenet_jaffe/order/cropping/cropped_minus_whole/accuracy_difference")["tolerance"] == 5
    rows = TABLE.index.str.startswith("mobilenet_jaffe/figure_3/")
    assert rows.sum() == 7 and set(TABLE.loc[rows, "ours"]) == {"not testable"}
