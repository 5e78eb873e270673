"""The papers' numbers against each other: counts behind percentages, sums of confusions, stated differences."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest

from fer_utils.papers.claims import claim, load_claims

DATASETS = set("jaffe ck_plus fer2013 sfew ravdess mmi baum1 icv_mefed rafd kdef raf_db celeba isl_ck".split())
TABLE = load_claims()
EMOTIONS = "angry contempt disgust fear happy neutral sad surprise".split()
LANDMARK_NETS = "baseline ftl el-eyebrows el-eyes el-nose el-mouth el-jaw el".split()
SUB_NETWORKS = LANDMARK_NETS[2:7]


def value(claim_id: str) -> float:
    return float(claim(claim_id)["value"])


def ids(rows: pd.Series) -> list[str]:
    """The claims that break a rule: a failing test then names them."""
    return list(rows[rows].index)


def test_mobilenet_percentages_are_counts_of_its_test_images():
    images = value("mobilenet_jaffe/text/augmented/all/images") * value("mobilenet_jaffe/text/test/all/share") / 100
    assert images == 7945
    assert round(100 * 6796 / images, 2) == value("mobilenet_jaffe/text/overall_accuracy/all/accuracy")
    per_class = images / value("mobilenet_jaffe/text/source/all/classes")
    for name, right in (("sadness", 723), ("disgust", 620), ("surprise", 1135)):
        got = value(f"mobilenet_jaffe/text/single_class/{name}/single_class_accuracy")
        assert round(100 * right / per_class, 1) == got


def test_what_mobilenet_leaves_for_happiness():
    printed = ("sadness", "disgust", "surprise")
    known = [value(f"mobilenet_jaffe/text/single_class/{name}/single_class_accuracy") for name in printed]
    rest = 7 * value("mobilenet_jaffe/text/overall_accuracy/all/accuracy") - sum(known)
    low, high = rest - 3 * 100, rest - 3 * 96
    assert (round(low, 1), round(high, 1)) == (80.5, 92.5)
    assert "80.5 to 92.5" in claim("mobilenet_jaffe/text/single_class/happiness/single_class_accuracy")["why"]


def test_fer2013_accuracies_are_counts_of_one_test_part_but_for_the_svm():
    rows = TABLE[TABLE.index.str.startswith("gan_augmentation/table_1/")]
    for claim_id, number in rows["value"].items():
        images = 7178 if "svm" in claim_id else 3589
        right = round(number * images / 100)
        assert round(100 * right / images, 2) == number, claim_id
    assert not any(round(100 * k / 3589, 2) == 52.40 for k in range(3589))


def gan(net: str) -> str:
    return f"gan_augmentation/table_1/{net}/fer-2013/accuracy"


def differences() -> list[tuple[str, str, str]]:
    """(ordering, A, B): the ordering's value must be A minus B."""
    found = [("gan_augmentation/order/cnn_minus_svm/vgg-16/accuracy_difference", "vgg-16", "vgg13+vgg16+vgg19+svm")]
    found += [("gan_augmentation/order/cnn_minus_svm/resnet-50/accuracy_difference", "resnet-50", found[0][2])]
    for net in ("vgg-16", "resnet-50"):
        end = f"{net}/accuracy_difference"
        found += [(f"gan_augmentation/order/{g}_minus_none/{end}", f"{net}+{g}", net) for g in ("dcgan", "wgan")]
        found += [(f"gan_augmentation/order/dcgan_minus_wgan/{end}", f"{net}+dcgan", f"{net}+wgan")]
    found = [(order, gan(a), gan(b)) for order, a, b in found]

    for cross, table, sets in (("", 1, ("ck+", "jaffe", "sfew")), ("cross.", 3, ("ck+", "jaffe"))):
        for data in sets:
            start = f"landmark_ensemble/table_{table}/{data}"
            for a, b in (("el", "ftl"), ("ftl", "baseline")):
                order = f"landmark_ensemble/order/{cross}{a}_minus_{b}/{data}/accuracy_difference"
                found.append((order, f"{start}/{a}/accuracy", f"{start}/{b}/accuracy"))
    for data in ("ck+", "jaffe", "sfew"):
        order, start = f"landmark_ensemble/order/el_minus_benchmark/{data}", f"landmark_ensemble/table_2/{data}"
        found.append((f"{order}/accuracy_difference", f"{start}/el/accuracy", f"{start}/cb/accuracy"))

    for data in ("ravdess", "mmi", "baum-1"):
        order = f"clifer/order/gdm-e_minus_gdm-s/{data}/f1_difference"
        found.append((order, f"clifer/abstract/gdm-e/{data}/f1", f"clifer/abstract/gdm-s/{data}/f1"))

    emotions = "2-1/rafd 1-3/rafd 5-4/rafd 4-3/rafd 6-5/raf-db 7-5/kdef 8-5/sfew"
    action_units = "2-1/rafd 1-8/enhanced_ck 2-7/rafd 3-5/enhanced_ck 6-4/rafd"
    for kind, table, pairs in (("emotions", 2, emotions), ("action_units", 4, action_units)):
        for pair in pairs.split():
            a, b, data = re.split("[-/]", pair, maxsplit=2)
            order = f"dcgan_svm/order/{kind}.exp_{a}_minus_exp_{b}/{data}/auc_difference"
            start = f"dcgan_svm/table_{table}/average"
            found.append((order, f"{start}/exp_{a}/auc", f"{start}/exp_{b}/auc"))
    return found


@pytest.mark.parametrize(("difference", "a", "b"), differences())
def test_an_ordering_is_the_difference_of_two_printed_numbers(difference: str, a: str, b: str):
    assert value(difference) == pytest.approx(value(a) - value(b), abs=1e-9)


@pytest.mark.parametrize("data", ["ck+", "jaffe", "sfew"])
def test_mouth_is_the_best_and_nose_the_worst_sub_network(data: str):
    got = {net: value(f"landmark_ensemble/table_1/{data}/{net}/accuracy") for net in SUB_NETWORKS}
    mouth, nose = got.pop("el-mouth"), got.pop("el-nose")
    base = "landmark_ensemble/order"
    assert value(f"{base}/mouth_minus_next_best/{data}/accuracy_difference") == pytest.approx(mouth - max(got.values()))
    assert value(f"{base}/nose_minus_next_worst/{data}/accuracy_difference") == pytest.approx(nose - min(got.values()))


def test_the_ensembles_stated_margins_fit_sfew_or_nothing():
    """The text names no data set: 2.76 is SFEW's margin over the mouth; 4.7 over the mean is nobody's."""
    over_mean, over_mouth = {}, {}
    for data in ("ck+", "jaffe", "sfew"):
        el = value(f"landmark_ensemble/table_1/{data}/el/accuracy")
        over_mean[data] = el - np.mean([value(f"landmark_ensemble/table_1/{data}/{n}/accuracy") for n in SUB_NETWORKS])
        over_mouth[data] = el - value(f"landmark_ensemble/table_1/{data}/el-mouth/accuracy")
    stated = value("landmark_ensemble/text/el_minus_mouth/all/accuracy_difference")
    assert [data for data, x in over_mouth.items() if abs(x - stated) < 0.005] == ["sfew"]
    row = claim("landmark_ensemble/text/el_minus_mean_sub-network/all/accuracy_difference")
    assert min(abs(x - row["value"]) for x in over_mean.values()) > 0.4
    for x in over_mean.values():
        assert f"{x:.2f}" in row["why"]


def confusion(figure: int, classes: list[str]) -> np.ndarray:
    return np.array([[value(f"landmark_ensemble/figure_{figure}/{a}/{b}/count") for b in classes] for a in classes])


def test_figure_7_sums_to_ck_plus_and_only_nearly_to_its_accuracy():
    counts = confusion(7, EMOTIONS)
    assert counts.sum() == value("landmark_ensemble/text/data/ck+/images") == 1308
    # Three frames of each labelled sequence, and one neutral frame of each of the 327.
    assert counts.sum(axis=1).tolist() == [135, 54, 177, 75, 207, 327, 84, 249]
    pooled = 100 * np.trace(counts) / counts.sum()
    printed = value("landmark_ensemble/table_1/ck+/el/accuracy")
    # Table I is a mean over folds of unequal size, so it need not equal the pooled share, and does not.
    assert round(pooled, 2) == 97.25 and printed == 97.31


def test_figure_8_has_one_neutral_face_more_than_jaffe():
    classes = [name for name in EMOTIONS if name != "contempt"]
    counts = confusion(8, classes)
    assert counts.sum() == value("landmark_ensemble/text/data/jaffe/images") + 1
    rows = dict(zip(classes, counts.sum(axis=1), strict=True))
    assert rows == {"angry": 30, "disgust": 29, "fear": 32, "happy": 31, "neutral": 31, "sad": 31, "surprise": 30}
    assert "30 neutral images" in claim("landmark_ensemble/figure_8/neutral/neutral/count")["why"]
    assert round(100 * np.trace(counts) / counts.sum(), 2) == 97.20  # Table I, mean over subjects: 97.14


def test_figure_9_gives_the_printed_sfew_accuracy():
    counts = confusion(9, [name for name in EMOTIONS if name != "contempt"])
    assert counts.sum() == 436
    printed = value("landmark_ensemble/table_1/sfew/el/accuracy")
    assert round(100 * np.trace(counts) / counts.sum(), 2) == printed == 44.5


@pytest.mark.parametrize(("figure", "data"), [(7, "ck+"), (9, "sfew")])
def test_neutral_collects_the_most_false_positives(figure: int, data: str):
    classes = [name for name in EMOTIONS if figure == 7 or name != "contempt"]
    counts = confusion(figure, classes)
    wrong = dict(zip(classes, counts.sum(axis=0) - np.diag(counts), strict=True))
    neutral = wrong.pop("neutral")
    stated = value(f"landmark_ensemble/order/neutral_false_positives_minus_next/{data}/count_difference")
    assert stated == neutral - max(wrong.values())


def test_table_iii_counts_images_of_the_test_sets():
    """All but three numbers are rounded shares of whole images; those three say so."""
    odd = []
    for data, images in (("sfew_valid", 436), ("ck+", 1254), ("jaffe", 213)):
        for net in LANDMARK_NETS:
            row = claim(f"landmark_ensemble/table_3/{data}/{net}/accuracy")
            right = round(row["value"] * images / 100)
            exact = round(100 * right / images, 2) == row["value"]
            assert (f"equals {right}/{images}" in row["why"]) == exact
            if not exact:
                odd.append((data, net))
    assert odd == [("sfew_valid", "el-eyes"), ("sfew_valid", "el-jaw"), ("jaffe", "el")]
    for net in LANDMARK_NETS:
        assert value(f"landmark_ensemble/table_3/sfew_valid/{net}/accuracy") == value(
            f"landmark_ensemble/table_1/sfew/{net}/accuracy"
        )


@pytest.mark.parametrize("table", [2, 4])
def test_printed_mean_aucs_are_the_means_of_their_columns_but_one(table: int):
    wrong = []
    for experiment in range(1, 9):
        rows = TABLE[TABLE.index.str.match(rf"dcgan_svm/table_{table}/.*/exp_{experiment}/auc")]
        average = f"dcgan_svm/table_{table}/average/exp_{experiment}/auc"
        if abs(rows["value"].drop(average).mean() - value(average)) > 0.001:
            wrong.append(average)
    assert wrong == (["dcgan_svm/table_2/average/exp_4/auc"] if table == 2 else [])
    if wrong:
        assert "mean is 0.940" in claim(wrong[0])["why"]


def test_rafd_accuracies_are_counts_of_all_frontal_images():
    images = value("dcgan_svm/text/data/rafd_frontal/images")
    for experiment, right in ((1, 1585), (5, 1570)):
        got = value(f"dcgan_svm/text/all_emotions/exp_{experiment}/accuracy")
        assert round(100 * right / images, 2) == got


def chi_squared_tail(h: float) -> float:
    """P(chi-squared with 5 degrees of freedom > h), in closed form."""
    return math.erfc(math.sqrt(h / 2)) + math.sqrt(2 * h / math.pi) * math.exp(-h / 2) * (1 + h / 3)


def test_clifers_p_values_follow_from_its_h_if_cut_off_instead_of_rounded():
    table_1 = TABLE[TABLE.index.str.startswith("clifer/table_1/") & TABLE["metric"].eq("p_value")]
    assert len(table_1) == 36
    for claim_id, row in table_1.iterrows():
        h = value(claim_id.replace("p_value", "kruskal_wallis_h"))
        if row["relation"] == "<=":
            assert chi_squared_tail(h) < 0.05, claim_id
        else:
            cut = {math.floor(100 * chi_squared_tail(x)) / 100 for x in np.linspace(max(h - 0.05, 0), h + 0.05, 101)}
            assert row["value"] in cut, claim_id


def test_class_order_matters_first_and_at_the_end_only_for_mmis_semantic_memory():
    table_1 = TABLE[TABLE.index.str.startswith("clifer/table_1/") & TABLE["metric"].eq("p_value")]
    first = table_1.index.str.contains(r"\.first/")
    assert set(table_1.loc[first, "relation"]) == {"<="}
    final = table_1[~first]
    significant = final.index[final["relation"] == "<="]
    assert len(significant) == 3 and all("/mmi/" in i and "gdm-s.final" in i for i in significant)
    assert chi_squared_tail(11.07) == pytest.approx(0.05, abs=1e-4)
    for claim_id in final.index:
        _, _, data, cell, _ = claim_id.split("/")
        row = f"final_h_minus_critical.{cell.removesuffix('.final')}"
        order = claim(f"clifer/order/{row}/{data}/kruskal_wallis_h_difference")
        assert order["value"] == pytest.approx(value(claim_id.replace("p_value", "kruskal_wallis_h")) - 11.07)
        assert order["relation"] == (">" if claim_id in significant else "<")
