"""Who plays which role: the sets, their people, their gazes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_utils.datasets.base import STAND_IN_FILE
from fer_utils.errors import FerError, UsageError
from fer_utils.faces import FaceSet
from fer_utils.papers.dcgan_svm import cast as company
from fer_utils.papers.dcgan_svm.cast import AVATARS, NO_DETECTOR, PAPER, Role, cast, faces_of
from fer_utils.papers.dcgan_svm.experiments import (
    ROLES,
    units_as_coded,
)
from fer_utils.papers.dcgan_svm.study import Study
from fer_utils.papers.study import PROTOCOLS
from tests.papers.dcgan_svm.conftest import SETTINGS, run_all


def test_each_company_plays_every_role() -> None:
    assert set(AVATARS) == set(PAPER) and {role.dataset.split("_")[0] for role in AVATARS.values()} == {"avatars"}
    with pytest.raises(UsageError, match="there is no data set"):
        cast("avatar_studio")
    assert cast("london") == {"frontal": Role("london", title="london")}


def test_whoever_is_played_by_avatars_is_called_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, role in cast("avatars_studio").items():
        assert role.title == f"avatars as {ROLES[name]}"
    played = cast("rafd:stand-in")
    assert list(played) == ["frontal", "views"] and {role.dataset for role in played.values()} == {"rafd:stand-in"}
    assert [role.title for role in played.values()] == ["avatars as RaFD frontal", "avatars as RaFD multi-view"]
    for name in ("rafd", "kdef"):
        (tmp_path / name).mkdir()
    (tmp_path / "kdef" / STAND_IN_FILE).write_text("STAND-IN for KDEF")
    monkeypatch.setenv("FER_DATA", str(tmp_path))
    titles = {name: role.title for name, role in cast("rafd").items()}
    assert titles == {"frontal": "", "views": "", "kdef": "avatars as KDEF"}


def test_multi_view_has_one_gaze_as_in_the_paper_unless_three_are_asked_for() -> None:
    for dataset in ("avatars_studio", "rafd:stand-in"):
        one, three = cast(dataset), cast(dataset, ("left", "frontal", "right"))
        assert one["frontal"].gazes == three["frontal"].gazes == three["views"].gazes == ("left", "frontal", "right")
        assert one["views"].gazes == ("frontal",)
    assert cast("cmu_faces", ("left", "frontal", "right")) == cast("cmu_faces")


@pytest.fixture
def two_avatars(monkeypatch: pytest.MonkeyPatch) -> FaceSet:
    """Two people of the studio, and nobody else to load."""
    whole = company.data.load("avatars_studio")
    few = whole.select(np.isin(whole.subjects, np.unique(whole.subjects)[:2]))
    monkeypatch.setattr(company.data, "load", lambda name: few)
    return few


def test_a_take_in_three_gazes_differs_in_the_eyes_alone(two_avatars: FaceSet) -> None:
    faces = faces_of(cast("avatars_studio")["frontal"])
    assert len(faces) == 2 * 8 * 3 and faces.images.shape[1:] == (64, 64, 3)
    assert faces.table["gaze"].tolist() == ["left", "frontal", "right"] * 16
    takes = faces.table.groupby("source", sort=False)
    assert len(takes) == 16 and (takes["gaze"].nunique() == 3).all() and (takes["label"].nunique() == 1).all()
    assert set(faces.table["source"]) == set(two_avatars.table.query("gaze == 'frontal'")["source"])
    assert units_as_coded(faces).any()
    left, frontal, right = (faces.images[start::3].astype(int) for start in range(3))
    # The crop is one and the same: the lower half of the face is equal to the last bit.
    assert np.array_equal(left[:, 32:], frontal[:, 32:]) and np.array_equal(right[:, 32:], frontal[:, 32:])
    for aside in (left, right):
        assert (aside != frontal).any(axis=(1, 2, 3)).all()
        assert (aside != frontal).any(axis=3).mean() < 0.06


def test_random_folds_have_the_other_gazes_of_a_take_in_training(two_avatars: FaceSet) -> None:
    study = Study({"frontal": cast("avatars_studio")["frontal"]}, SETTINGS.but(folds=2), [0], run_all)
    published, sound = (study.audit(protocol).reports[""].shares()["source"] for protocol in PROTOCOLS)
    assert published > 0.5 and sound == 0


def test_pictures_that_are_faces_already_are_only_scaled(drawn: FaceSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(company.data, "load", lambda name: drawn.with_images(drawn.images[:, ::2, ::2]))
    faces = faces_of(Role("drawn", NO_DETECTOR, ("label", "anger", "neutral"), people=(0, 3)))
    assert faces.images.shape == (12, 64, 64, 3) and faces.classes == ("neutral", "anger")
    assert set(faces.subjects) == {"p0", "p3"}


def test_a_role_is_cut_from_its_set(drawn: FaceSet, played: dict[str, Role]) -> None:
    halves = [faces_of(Role("drawn", people=(number, 2), without="anger")) for number in (0, 1)]
    assert [sorted(set(half.subjects)) for half in halves] == [["p0", "p2", "p4"], ["p1", "p3", "p5"]]
    assert halves[0].classes == ("neutral", "happiness", "surprise") and len(halves[0]) == 27
    lifted = faces_of(Role("drawn", where=("au_2", 0.5)))
    assert len(lifted) == 24
    with pytest.raises(FerError, match="no picture of drawn is left"):
        faces_of(Role("drawn", where=("au_2", 0.7)))


def test_grey_sets_become_rgb(drawn: FaceSet, played: dict[str, Role], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(company.data, "load", lambda name: drawn.with_images(drawn.images[..., 0]))
    assert faces_of(Role("drawn")).images.shape == (72, 64, 64, 3)
