"""The shipped shoots: whole, small, well described, and what the quality measures promise."""

from __future__ import annotations

import hashlib
import io
import zipfile
from importlib import resources

import numpy as np
import pytest
from PIL import Image
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from fer_utils import data, datasets
from fer_utils.avatars.generate import table_row
from fer_utils.avatars.quality import hog_features
from fer_utils.avatars.shoots import SHOOTS
from fer_utils.datasets import avatar_shoots

FOLDER = resources.files("fer_utils.datasets") / "shipped" / "avatars"


@pytest.fixture(scope="module")
def shoots():
    return {shoot: data.load(f"avatars_{shoot}") for shoot in avatar_shoots.DATASETS}


def test_all_archives_together_stay_below_16_megabytes():
    assert sum(len((FOLDER / f"{shoot}.zip").read_bytes()) for shoot in avatar_shoots.DATASETS) < 16e6


@pytest.mark.parametrize("shoot", list(avatar_shoots.DATASETS))
def test_the_readme_signs_every_archive(shoot):
    digest = hashlib.sha256((FOLDER / f"{shoot}.zip").read_bytes()).hexdigest()
    assert f"| `{shoot}.zip` | {len(list(SHOOTS[shoot]()))} | `{digest}` |" in (FOLDER / "README.md").read_text()


@pytest.mark.parametrize("shoot", list(avatar_shoots.DATASETS))
def test_an_archive_holds_what_its_call_sheet_says(shoots, shoot):
    faces = shoots[shoot]
    sheet = [table_row(picture) for picture in SHOOTS[shoot]()]
    assert faces.images.shape == (len(sheet), 160, 160, 3)
    for column, value in sheet[0].items():
        assert faces.table[column].tolist() == [row[column] for row in sheet], (column, value)


@pytest.mark.parametrize("shoot", list(avatar_shoots.DATASETS))
def test_what_is_shipped_says_that_it_stands_in(shoots, shoot):
    faces, known = shoots[shoot], datasets.dataset(f"avatars_{shoot}")
    assert faces.stand_in and known.shipped and known.publishable and "MIT" in known.licence
    assert faces.classes == known.classes and set(faces.table["label"]) <= set(faces.classes)


def test_landmarks_come_as_an_array_and_lie_on_the_picture(shoots):
    points = avatar_shoots.landmarks(shoots["studio"])
    assert points.shape == (576, 68, 2) and points.dtype == np.float32
    assert points.min() > 0 and points.max() < 160
    nose, chin, brows = points[:, 30], points[:, 8], points[:, 17:27].mean(axis=1)
    assert (chin[:, 1] > nose[:, 1] + 10).all() and (brows[:, 1] < nose[:, 1] - 10).all()
    # The avatar's right eye (36) is on the picture's left.
    assert (points[:, 36, 0] < points[:, 45, 0]).all()


def test_eyes_are_dark_where_the_landmarks_say_the_pupils_are(shoots):
    faces = shoots["studio"].select(shoots["studio"].table["gaze"] == "frontal")
    centres = avatar_shoots.landmarks(faces)[:, 36:42].mean(axis=1).round().astype(int)
    cheeks = avatar_shoots.landmarks(faces)[:, [2, 31]].mean(axis=1).round().astype(int)
    rows = np.arange(len(faces))
    grey = faces.images.mean(axis=3)
    darker = grey[rows, centres[:, 1], centres[:, 0]] < grey[rows, cheeks[:, 1], cheeks[:, 0]]
    assert darker.mean() > 0.8


def test_action_units_are_no_function_of_the_emotion(shoots):
    table = shoots["studio"].table
    units = [f"au_{unit}" for unit in avatar_shoots.ACTION_UNITS]
    assert table[units].to_numpy().min() >= 0 and table[units].to_numpy().max() <= 1
    patterns = (table[units] > 0.1).groupby(table["label"]).apply(lambda group: len(group.drop_duplicates()))
    assert (patterns >= 5).all()
    for unit in ("au_6", "au_5", "au_17", "au_2"):
        share = (table[unit] > 0.1).groupby(table["label"]).mean()
        assert ((share > 0.1) & (share < 0.9)).any(), unit


def test_a_person_s_other_takes_can_be_told_by_two_of_them(shoots):
    """Else nobody could say what a memory of the first two is worth, as with clips, each in another light."""
    faces = shoots["takes"]
    features, odd = hog_features(faces), faces.table["take"].to_numpy() % 2 == 1
    right = []
    for person in np.unique(faces.subjects):
        for learnt in (odd, ~odd):
            train, test = [(faces.subjects == person) & half for half in (learnt, ~learnt)]
            machine = make_pipeline(StandardScaler(), LinearSVC(C=0.01)).fit(features[train], faces.labels[train])
            right.append((machine.predict(features[test]) == faces.labels[test]).mean())
    assert np.mean(right) > 0.7


def test_archives_hold_only_plain_files_of_one_date():
    with zipfile.ZipFile(io.BytesIO((FOLDER / "studio.zip").read_bytes())) as archive:
        assert archive.testzip() is None
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert all("/" not in name for name in archive.namelist())
        with Image.open(io.BytesIO(archive.read("A01_fear_1_left.jpg"))) as picture:
            assert (picture.format, picture.size, picture.mode) == ("JPEG", (160, 160), "RGB")
