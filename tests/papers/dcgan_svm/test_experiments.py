"""The paper's experiments and its rule from emotions to action units."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fer_utils.errors import UsageError
from fer_utils.faces import FaceSet
from fer_utils.papers.claims import load_claims
from fer_utils.papers.dcgan_svm.experiments import (
    ACTION_UNITS,
    AU_EXPERIMENTS,
    EMOTION_EXPERIMENTS,
    EMOTION_TO_UNITS,
    PAPER_NAMES,
    ROLES,
    has_coded_units,
    units_as_coded,
    units_by_rule,
)
from fer_utils.papers.dcgan_svm.settings import PROFILES, Settings
from fer_utils.papers.study import of_profile


def rafd(images_a_class: int = 201) -> FaceSet:
    """Frontal RaFD's labels: 67 people x 3 gazes an expression, one black pixel each."""
    labels = [name for name in EMOTION_TO_UNITS for _ in range(images_a_class)]
    table = pd.DataFrame({"label": labels, "subject": "s", "source": "p"})
    return FaceSet("rafd", np.zeros((len(labels), 1, 1), np.uint8), table, tuple(EMOTION_TO_UNITS))


def test_positives_of_frontal_rafd_by_table_vi() -> None:
    shown = units_by_rule(rafd())
    assert shown.shape == (1_608, 14)
    found = dict(zip(ACTION_UNITS, shown.sum(axis=0).tolist(), strict=True))
    assert found == {
        1: 603, 2: 402, 4: 402, 5: 603, 6: 201, 7: 201, 9: 201, 12: 402,
        15: 603, 17: 603, 23: 201, 24: 201, 25: 804, 27: 201,
    }  # fmt: skip


def test_units_7_23_and_24_are_one_label_by_the_rule() -> None:
    faces = rafd(2)
    shown = dict(zip(ACTION_UNITS, units_by_rule(faces).T, strict=True))
    anger = (faces.table["label"] == "anger").to_numpy()
    for unit in (7, 23, 24):
        assert np.array_equal(shown[unit], anger)
    assert np.array_equal(shown[6], (faces.table["label"] == "happiness").to_numpy())


def test_coded_units_know_more_than_the_emotion(drawn: FaceSet) -> None:
    assert has_coded_units(drawn) and not has_coded_units(rafd(1))
    coded, ruled = units_as_coded(drawn), units_by_rule(drawn)
    second = ACTION_UNITS.index(2)
    assert coded[:, second].mean() == pytest.approx(1 / 3)
    assert np.array_equal(np.delete(coded, second, axis=1), np.delete(ruled, second, axis=1))


def test_table_v() -> None:
    played = {number: tuple(ROLES[role] for role in each) for number, each in AU_EXPERIMENTS.items()}
    ck, celeba, frontal = "enhanced CK", "CelebA", "RaFD frontal"
    assert played == {
        1: (ck, ck, ck), 2: (ck, frontal, frontal), 3: (celeba, ck, ck), 4: (celeba, ck, frontal),
        5: (celeba, frontal, ck), 6: (celeba, frontal, frontal), 7: (ck, ck, frontal), 8: (ck, frontal, ck),
    }  # fmt: skip
    assert AU_EXPERIMENTS[7].text() == "GAN: enhanced CK, SVM: enhanced CK -> RaFD frontal"
    assert EMOTION_EXPERIMENTS[2].text() == "GAN: CelebA, SVM: RaFD frontal"


def test_every_cell_of_tables_ii_and_iv_has_a_claim() -> None:
    known = set(load_claims().index)
    for number in EMOTION_EXPERIMENTS:
        for name in [*PAPER_NAMES.values(), "average"]:
            assert f"dcgan_svm/table_2/{name}/exp_{number}/auc" in known
    for number in AU_EXPERIMENTS:
        for unit in ACTION_UNITS:
            assert f"dcgan_svm/table_4/au{unit}/exp_{number}/auc" in known


def test_the_paper_s_numbers_are_the_defaults() -> None:
    paper = PROFILES["paper"]
    assert (paper.width, paper.batch_size, paper.epochs, paper.folds, paper.draws) == (64, 128, 300, 10, 30)
    gan = paper.gan
    assert (gan.image_size, gan.latent, gan.learning_rate, gan.beta1, gan.ngf) == (64, 100, 2e-4, 0.9, 64)
    assert paper.but(optimiser="radford").gan.beta1 == 0.5
    assert PROFILES["quick"].gan.ndf < 64


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"feature": "aftr"}, "Did you mean 'after'"),
        ({"optimiser": "adam"}, "published, radford"),
        ({"folds": 1}, "at least 2"),
        ({"epochs": 0}, "at least 1"),
        ({"width": 2.5}, "whole number"),
        ({"widht": 3}, "Did you mean 'width'"),
    ],
)
def test_refusals(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Settings().but(**wrong)


def test_an_unknown_profile() -> None:
    with pytest.raises(UsageError, match="Did you mean 'quick'"):
        of_profile(PROFILES, "quik")
