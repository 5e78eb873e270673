"""Who plays which part: classes, splits, duplicates, and avatars that are tested."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fer_utils.avatars.stand_ins import wild
from fer_utils.datasets import fer2013
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.papers.gan_augmentation import parts as room
from fer_utils.papers.gan_augmentation.parts import divide, drawn, source_faces, target_faces
from fer_utils.papers.gan_augmentation.settings import Settings
from tests.papers.gan_augmentation.conftest import SIZES, make_source

ALL = Settings()


@pytest.mark.parametrize(
    ("mismatch", "classes", "neutral_from"),
    [("shared", 6, None), ("contempt_as_neutral", 7, "contempt"), ("first_frames", 7, "neutral")],
)
def test_the_class_mismatch(mismatch: str, classes: int, neutral_from: str | None, lab: str, target: FaceSet) -> None:
    faces, original = source_faces(lab, mismatch, target, 64), make_source()
    assert len(faces.classes) == classes and len(faces) == 5 * classes and faces.images.shape[1:] == (64, 64)
    assert faces.classes == tuple(name for name in fer2013.CLASSES if name in faces.classes)
    if neutral_from:
        mine = faces.images[(faces.table["label"] == "neutral").to_numpy()]
        theirs = original.images[(original.table["label"] == neutral_from).to_numpy()]
        assert np.array_equal(mine, theirs)
    else:
        assert "neutral" not in faces.classes


def test_a_source_without_a_class_is_refused(monkeypatch: pytest.MonkeyPatch, target: FaceSet) -> None:
    whole = make_source()
    lacking = whole.select((whole.table["label"] != "neutral").to_numpy())
    monkeypatch.setattr(room.data, "load", lambda name: lacking)
    with pytest.raises(FerError, match="no pictures to train a GAN for neutral"):
        source_faces("ck48", "first_frames", target, 64)


def test_small_pictures_are_scaled_and_not_searched(monkeypatch: pytest.MonkeyPatch, target: FaceSet) -> None:
    monkeypatch.setattr(room.data, "load", lambda name: make_source(48))
    assert source_faces("ck48", "shared", target, 64).images.shape == (30, 64, 64)


def test_avatars_of_a_test_part_train_no_gan(monkeypatch: pytest.MonkeyPatch, target: FaceSet) -> None:
    asked = []

    def never_tested(name: str) -> list[str]:
        asked.append(name)
        return ["p1", "p3"]

    monkeypatch.setattr(room.data, "load", lambda name: make_source())
    monkeypatch.setattr(room, "people_never_tested", never_tested)
    faces = source_faces("avatars_studio", "shared", replace(target, name="fer2013"), 64)
    assert set(faces.subjects) == {"p1", "p3"} and asked == ["studio"]
    real = source_faces("avatars_studio", "shared", replace(target, name="fer2013", stand_in=False), 64)
    assert set(real.subjects) == {f"p{number}" for number in range(5)} and asked == ["studio"]


def test_the_stand_in_casts_its_avatars_as_the_source_expects() -> None:
    pools = wild._pools(wild.FER2013_SHOOTS, fer2013.OFFICIAL)
    tested = {
        source.person for part in ("PublicTest", "PrivateTest") for rows in pools[part].values() for source in rows
    }
    kept = set(wild.people_never_tested("studio"))
    assert len(kept) == 19 and not kept & tested and kept | tested >= set(wild.shoot("studio").people)
    assert kept >= set(wild.people_never_tested("views"))


def test_official_parts_are_kept(target: FaceSet) -> None:
    assert target_faces(target).table["split"].value_counts().to_dict() == {k: 7 * n for k, n in SIZES.items()}


def test_the_folders_test_part_is_halved(target: FaceSet) -> None:
    merged = target.table["split"].replace({"PublicTest": "Test", "PrivateTest": "Test"})
    found = target_faces(replace(target, table=target.table.assign(split=merged))).table["split"]
    assert found.value_counts().to_dict() == {"Training": 84, "PublicTest": 28, "PrivateTest": 28}


def test_sets_without_parts_are_divided_by_person(target: FaceSet) -> None:
    people = np.array([f"p{row % 20}" for row in range(len(target))])
    extra = target.table["label"].where(np.arange(len(target)) % 9 != 0, "contempt")
    table = target.table.drop(columns="split").assign(subject=people, label=extra)
    whole = FaceSet("other", target.images, table, (*fer2013.CLASSES, "contempt"), stand_in=True)
    faces = target_faces(whole)
    assert faces.classes == fer2013.CLASSES and len(faces) == (extra != "contempt").sum()
    seen = pd.crosstab(faces.table["subject"], faces.table["split"]) > 0
    assert (seen.sum(axis=1) == 1).all() and seen.sum().to_dict() == {
        "PrivateTest": 2, "PublicTest": 2, "Training": 16,
    }  # fmt: skip


def test_sound_does_not_score_what_training_holds(target: FaceSet) -> None:
    public = np.flatnonzero(target.table["split"] == "PublicTest")
    private = np.flatnonzero(target.table["split"] == "PrivateTest")
    train = np.flatnonzero(target.table["split"] == "Training")
    images = target.images.copy()
    images[public[5]] = images[private[9]]
    images[public[6]] = images[train[30]]
    target = target.with_images(images)
    published, sound = (divide(target, ALL, name) for name in ("published", "sound"))
    assert published.removed == {"PublicTest": 0, "PrivateTest": 0}
    # Seven that Training holds, and one that the epoch is chosen by.
    assert sound.removed == {"PublicTest": 1, "PrivateTest": 8}
    assert np.array_equal(published.train, sound.train) and len(sound.private) == 20

    def known(rows: np.ndarray) -> set[bytes]:
        return {image.tobytes() for image in images[rows]}

    assert known(published.train) & known(published.private)
    assert not known(sound.train) & known(np.concatenate([sound.public, sound.private]))
    assert not known(sound.public) & known(sound.private)


def test_parts_have_the_promised_sizes_and_do_not_meet(target: FaceSet) -> None:
    for protocol in ("published", "sound"):
        parts = divide(target, ALL.but(train_images=42, test_images=14), protocol)
        rows = np.concatenate([parts.train, parts.public, parts.private, parts.reserve])
        assert len(np.unique(rows)) == len(rows)
        assert (len(parts.train), len(parts.reserve)) == (42, 42)
        assert len(parts.public) + parts.removed["PublicTest"] == 14
        assert len(parts.private) + parts.removed["PrivateTest"] == 14
    held = divide(target, ALL.but(held_out=0.25), "sound")
    assert (len(held.train), len(held.reserve)) == (63, 21)


def test_a_part_of_a_part_has_its_classes_in_proportion() -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 30])
    rows = drawn(labels, np.arange(930), 310)
    assert np.bincount(labels[rows]).tolist() == [200, 100, 10]
    assert np.array_equal(rows, drawn(labels, np.arange(930), 310))
    assert np.array_equal(drawn(labels, np.arange(5), None), np.arange(5))
