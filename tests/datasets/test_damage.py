"""Ten kinds of damage to every edition of every data set: no other exception than ours, and nothing silently missing.

What came of each is compared with ``damage_outcomes.csv`` beside this file:

=======  =================================================================================
refused  one error, which names what was damaged
listed   loaded, and a note or a difference names what was damaged
counted  loaded, and a difference counts what is missing: the set has no list of names
same     loaded as if nothing had happened: no picture and no label is another one
unseen   nobody could tell: neither a name nor a published count says where a picture belongs
–        the set has nothing that could be damaged so
=======  =================================================================================
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fer_utils.data import load
from fer_utils.datasets.base import STAND_IN_FILE
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from tests.tiny_stand_ins import EVERY, make_tiny

OUTCOMES = Path(__file__).with_name("damage_outcomes.csv")
MEDIA = frozenset((".jpg", ".jpeg", ".png", ".tif", ".tiff", ".pgm", ".mp4", ".avi"))


class Victim(NamedTuple):
    """What a damage did: ``names`` are words of which one must appear where the damage is told."""

    names: tuple[str, ...]


@pytest.fixture(scope="module")
def whole(tiny_shelf) -> dict[tuple[str, str], FaceSet]:
    """All editions as they load undamaged."""
    loaded = {}
    with pytest.MonkeyPatch.context() as patch:
        make_tiny(patch)
        patch.setenv("FER_CACHE", str(tiny_shelf / ".cache"))
        for name, edition in EVERY:
            patch.setenv("FER_DATA", str(tiny_shelf / edition))
            loaded[name, edition] = load(name)
    return loaded


def files_of(folder: Path) -> tuple[list[Path], list[Path]]:
    """Pictures and videos (or, where there are none, the table of pixels), and the other files."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != STAND_IN_FILE)
    media = [file for file in files if file.suffix.lower() in MEDIA]
    return (media, [file for file in files if file not in media]) if media else (files, [])


def is_table(file: Path) -> bool:
    return file.suffix == ".csv"


def chosen(folder: Path) -> Path:
    """The file to damage: one that is read. Of CK+'s sequences the last frame, which carries the label."""
    media, _ = files_of(folder)
    first = media[0]
    return [file for file in media if file.parent == first.parent][-1] if "cohn-kanade" in str(first) else first


def truncated(folder: Path, forbid: Callable) -> Victim:
    file = chosen(folder)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    return Victim((file.name, "line"))


def zero_bytes(folder: Path, forbid: Callable) -> Victim:
    file = chosen(folder)
    file.write_bytes(b"")
    return Victim((file.name, "not one picture"))


def unreadable(folder: Path, forbid: Callable) -> Victim:
    file = chosen(folder)
    forbid(file)
    return Victim((file.name,))


def _another_home(file: Path, folder: Path) -> Path:
    """Another folder of the set that holds such files, or a new one."""
    media, _ = files_of(folder)
    homes = sorted({other.parent for other in media} - {file.parent})
    homes = [home for home in homes if not (home / file.name).exists()]
    home = homes[0] if homes else folder / "elsewhere"
    home.mkdir(exist_ok=True)
    return home


def wrong_folder(folder: Path, forbid: Callable) -> Victim:
    file = chosen(folder)
    home = _another_home(file, folder)
    file.rename(home / file.name)
    return Victim((file.name, file.stem, file.parent.name))


def duplicate_name(folder: Path, forbid: Callable) -> Victim:
    """Another picture under the same name in another folder."""
    file = chosen(folder)
    media, _ = files_of(folder)
    others = [other for other in media if other.suffix == file.suffix and other != file]
    content = (others[-1] if others else file).read_bytes()
    (_another_home(file, folder) / file.name).write_bytes(content)
    return Victim((file.name, file.stem, file.parent.name))


def missing_list(folder: Path, forbid: Callable) -> Victim | None:
    _, lists = files_of(folder)
    if not lists:
        return None
    lists[0].unlink()
    return Victim((lists[0].name, lists[0].stem, lists[0].parent.name))


def list_names_absent(folder: Path, forbid: Callable) -> Victim | None:
    """A picture that a list (or the official names) tells of is not there."""
    file = chosen(folder)
    if is_table(file):
        return None
    file.unlink()
    return Victim(
        (file.name, file.stem, file.parent.name, f"number {int(file.stem)}" if file.stem.isdigit() else file.name)
    )


def unknown_label(folder: Path, forbid: Callable) -> Victim:
    changed = UNKNOWN[folder.name](folder)
    return Victim(changed)


def wrong_case(folder: Path, forbid: Callable) -> Victim:
    file = chosen(folder)
    file.rename(file.with_name(file.name.swapcase()))
    return Victim((file.name, file.name.swapcase()))


def wrong_size(folder: Path, forbid: Callable) -> Victim | None:
    file = chosen(folder)
    if is_table(file):
        lines = file.read_text().splitlines()
        lines[1] = lines[1].replace(" ", " 7 ", 1)
        file.write_text("\n".join(lines) + "\n")
        return Victim(("line 2",))
    if file.suffix in (".mp4", ".avi"):
        return None
    with Image.open(file) as picture:
        picture.load()
    picture.resize((picture.width // 2, picture.height // 2)).save(file, picture.format)
    return Victim((file.name,))


DAMAGE = (
    truncated, zero_bytes, unreadable, wrong_folder, duplicate_name, missing_list, list_names_absent, unknown_label,
    wrong_case, wrong_size,
)  # fmt: skip


# ------------------------------------------------------------------ an unknown label, set by set


def _renamed(folder: Path, old: str, new: str) -> tuple[str, ...]:
    file = chosen(folder)
    changed = file.with_name(re.sub(old, new, file.name, count=1))
    assert changed != file
    file.rename(changed)
    return file.name, changed.name


def _home_renamed(folder: Path) -> tuple[str, ...]:
    home = chosen(folder).parent
    home.rename(home.with_name("Confused"))
    return ("Confused",)


def _text_changed(file: Path, old: str, new: str) -> tuple[str, ...]:
    text = file.read_text()
    changed = re.sub(old, new, text, count=1, flags=re.MULTILINE)
    assert changed != text
    file.write_text(changed)
    return (file.name, "line")


def _first(folder: Path, pattern: str) -> Path:
    return sorted(folder.rglob(pattern))[0]


def _fer2013(folder: Path) -> tuple[str, ...]:
    tables = list(folder.glob("*.csv"))
    return _text_changed(tables[0], "^0,", "9,") if tables else _home_renamed(folder)


def _raf_db(folder: Path) -> tuple[str, ...]:
    lists = list(folder.rglob("list_*.txt"))
    return _text_changed(lists[0], "jpg 1$", "jpg 9") if lists else _home_renamed(folder)


def _ck_plus(folder: Path) -> tuple[str, ...]:
    tables = list(folder.glob("*.csv"))
    return (
        _text_changed(tables[0], "^0,", "9,")
        if tables
        else _text_changed(_first(folder, "*_emotion.txt"), "[0-9]", "9")
    )


UNKNOWN: dict[str, Callable[[Path], tuple[str, ...]]] = {
    "cmu_faces": lambda folder: _renamed(folder, "angry", "confused"),
    "jaffe": lambda folder: _renamed(folder, "AN", "XX"),
    "ck_plus": _ck_plus,
    "ck48": _home_renamed,
    "fer2013": _fer2013,
    "sfew": _home_renamed,
    "raf_db": _raf_db,
    "rafd": lambda folder: _renamed(folder, "angry", "confused"),
    "kdef": lambda folder: _renamed(folder, "AF(?=[A-Z]+[.])", "XX"),
    "icv_mefed": lambda folder: _renamed(folder, "^._._", "9_9_"),
    "celeba": lambda folder: _text_changed(folder / "list_attr_celeba.txt", "jpg -?1", "jpg 7"),
    "isl_ck": lambda folder: _text_changed(folder / "action_units.csv", "^(S[0-9_]+,1),[0-9]", r"\1,9"),
    "ravdess": lambda folder: _renamed(folder, "02-01-01", "02-01-09"),
    "mmi": lambda folder: _text_changed(_first(folder, "S*.xml"), 'Value="[0-9]"', 'Value="joy"'),
    "baum1": lambda folder: _text_changed(folder / "Annotations_BAUM1s.csv", ",[0-9]+$", ",99"),
}


# ------------------------------------------------------------------ what comes of it


def outcome(name: str, before: FaceSet, victim: Victim) -> str:
    """Load, and say which of the words above it is.

    Raises:
        AssertionError: something is missing and nobody says so.
    """
    try:
        faces = load(name)
    except FerError as error:
        assert any(word in str(error) for word in victim.names), (victim, str(error))
        return "refused"
    said = [line for line in (*faces.notes, *faces.differences) if line not in (*before.notes, *before.differences)]
    if any(word in line for line in said for word in victim.names):
        return "listed"
    if any(re.search(r"official [0-9]+|official \w+ ", line) for line in said):
        return "counted"
    assert len(faces) == len(before), (victim, said)
    assert sorted(image.tobytes() for image in faces.images) == sorted(image.tobytes() for image in before.images)
    return "same" if np.array_equal(np.sort(faces.labels), np.sort(before.labels)) else "unseen"


def recorded() -> pd.DataFrame:
    return pd.read_csv(OUTCOMES, keep_default_na=False).set_index("set")


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize(("name", "edition"), EVERY)
def test_damage_is_told_by_an_error_of_ours_or_in_the_set(
    tiny_shelf, whole, tmp_path, monkeypatch, forbid, name, edition, damage
):
    make_tiny(monkeypatch)
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FER_DATA", str(tmp_path))
    folder = Path(shutil.copytree(tiny_shelf / edition / name, tmp_path / name))
    victim = damage(folder, forbid)
    found = "–" if victim is None else outcome(name, whole[name, edition], victim)
    assert found == recorded().loc[f"{name} {edition}", damage.__name__]


def test_the_table_holds_every_set_and_every_damage():
    table = recorded()
    assert table.index.tolist() == [f"{name} {edition}" for name, edition in EVERY]
    assert table.columns.tolist() == [damage.__name__ for damage in DAMAGE]
