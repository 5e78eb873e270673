"""The data doctor: five states, in words and as a table, and the exit code of ``data``."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from fer_utils.avatars import stand_ins as stand_ins_module
from fer_utils.data import doctor
from fer_utils.data.doctor import Finding, as_table, as_text, examine
from fer_utils.datasets import names
from fer_utils.reproduce.cli import main


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def damage(root) -> None:
    (root / "jaffe" / "KA.AN1.39.tiff").write_bytes(b"")
    (root / "jaffe" / "YM.SU3.60.tiff").write_text("no picture")


def test_without_fer_data_only_shipped_sets_are_there(monkeypatch):
    monkeypatch.delenv("FER_DATA", raising=False)
    findings = examine()
    assert [finding.name for finding in findings] == list(names())
    missing = len(names()) - 7
    assert [finding.state for finding in findings] == ["shipped"] * 7 + ["missing"] * missing
    assert [finding.images for finding in findings] == [204, 576, 400, 840, 672, 440, 240] + [None] * missing

    shipped = findings[0]
    assert shipped.detail == "102 people; neutral 102, happiness 102"

    text = as_text(findings)
    assert text.startswith("FER_DATA is not set: only shipped data can be used\n")
    assert "london          SHIPPED, 204 images  (Face Research Lab London Set)" in text
    assert "jaffe           MISSING  (JAFFE)" in text
    assert "expected at $FER_DATA/jaffe/XX.EEn.k.tiff, 213 files in one flat folder" in text
    assert text.count("how to get it:") == missing and text.count("licence: ") == missing + 7
    assert all(len(line) <= doctor.WIDTH or " " not in line.strip() for line in text.splitlines())

    table = as_table(findings)
    assert table.columns.tolist() == ["name", "data set", "state", "images"]
    assert table["state"].tolist() == ["shipped"] * 7 + ["missing"] * missing
    assert table["images"].isna().tolist() == [False] * 7 + [True] * missing
    assert "204.0" not in table.to_string() and "204" in table.to_string()


def test_stand_in_and_damaged(own_jaffe, own_root, stand_ins):
    shutil.copytree(stand_ins / "cmu_faces", own_root / "cmu_faces")
    damage(own_root)
    findings = by_name(examine())
    states = {name: finding.state for name, finding in findings.items() if finding.state not in ("missing", "shipped")}
    assert states == {"cmu_faces": "stand-in", "jaffe": "damaged"}
    assert findings["cmu_faces"].images == 624 and findings["jaffe"].images is None
    assert findings["cmu_faces"].detail.startswith("20 people; ")

    text = as_text(list(findings.values()))
    assert text.startswith(f"FER_DATA is {own_root}\n")
    assert "cmu_faces       STAND-IN, 624 images" in text
    assert "jaffe           DAMAGED  (JAFFE)" in text
    assert "- KA.AN1.39.tiff: empty file" in text and "- YM.SU3.60.tiff: unreadable or truncated" in text
    assert text.count("how to get it:") == len(names()) - 8


def test_found_with_its_counts_and_notes(own_jaffe):
    (own_jaffe / "STAND_IN.txt").unlink()
    (own_jaffe / "README").write_text("read me")
    [found] = examine(["jaffe"])
    assert (found.state, found.images) == ("found", 213)
    assert found.detail.startswith("10 people; ") and found.detail.endswith("\n1 other file(s) ignored: README")
    assert all(f"{label} {count}" in found.detail for label, count in [("disgust", 29), ("fear", 32), ("anger", 30)])


def test_a_file_in_the_place_of_a_folder_is_damage_not_missing(own_root):
    (own_root / "jaffe").write_text("no folder")
    [finding] = examine(["jaffe"])
    assert finding.state == "damaged" and "is not a folder" in finding.detail


def test_a_folder_that_cannot_be_looked_at_is_damage_not_missing(own_root, monkeypatch):
    whole = Path.stat

    def refuse(path, **how):
        if path == own_root / "jaffe":
            raise PermissionError(errno.EACCES, "Permission denied")
        return whole(path, **how)

    monkeypatch.setattr(Path, "stat", refuse)
    [finding] = examine(["jaffe"])
    assert finding.state == "damaged" and "cannot be read (Permission denied)" in finding.detail


def test_a_folder_that_is_there_but_empty_is_damaged_not_missing(own_root):
    (own_root / "jaffe").mkdir()
    (own_root / "cmu_faces").mkdir()
    findings = by_name(examine(["jaffe", "cmu_faces"]))
    assert findings["jaffe"].state == findings["cmu_faces"].state == "damaged"
    assert (
        "not one picture. 213 of the official 213" in findings["jaffe"].detail
        and "holds no folder faces/" in findings["cmu_faces"].detail
    )


def test_the_table_of_nothing_has_the_same_columns():
    assert as_table([]).columns.tolist() == ["name", "data set", "state", "images"]


@pytest.mark.parametrize("harm", [False, True])
def test_the_command_leaves_with_1_only_when_a_set_is_damaged(own_jaffe, own_root, capsys, monkeypatch, harm):
    # The shipped sets are read by the tests above and below.
    monkeypatch.setattr(doctor, "examine", lambda: examine(["london", "cmu_faces", "jaffe"]))
    if harm:
        damage(own_root)
    assert main(["data"]) == (1 if harm else 0)
    written = capsys.readouterr()
    assert written.err == ""
    assert written.out.startswith(f"FER_DATA is {own_root}\n") and ("DAMAGED" in written.out) is harm
    assert "cmu_faces       MISSING" in written.out


def test_the_command_is_content_with_shipped_data_alone(monkeypatch, capsys):
    monkeypatch.delenv("FER_DATA", raising=False)
    assert main(["data"]) == 0
    assert "FER_DATA is not set" in capsys.readouterr().out


def test_differences_from_the_official_release_are_said(own_jaffe):
    (own_jaffe / "YM.SU3.60.tiff").unlink()
    [found] = examine(["jaffe"])
    assert found.differences == ("1 of the official 213 pictures are missing: YM.SU3.60.tiff",)
    assert "differs: 1 of the official 213 pictures are missing: YM.SU3.60.tiff" in as_text([found])


def test_one_file_that_may_not_be_read_is_one_line_and_the_others_are_listed(own_jaffe, own_root, stand_ins, forbid):
    shutil.copytree(stand_ins / "cmu_faces", own_root / "cmu_faces")
    forbid(own_jaffe / "KA.AN1.39.tiff")
    findings = by_name(examine())
    assert findings["jaffe"].detail.splitlines()[1] == "  - KA.AN1.39.tiff: no permission to read it"
    assert len(findings["jaffe"].detail.splitlines()) == 3 and findings["cmu_faces"].state == "stand-in"
    assert len(findings) == len(names())


# ------------------------------------------------------------------ data check NAME


@pytest.fixture
def real_jaffe(own_jaffe):
    (own_jaffe / "STAND_IN.txt").unlink()
    return own_jaffe


def checked(capsys, name: str) -> tuple[int, str]:
    code = main(["data", "check", name])
    return code, capsys.readouterr().out


def test_check_of_an_official_release_promises_all_verdicts(real_jaffe, capsys):
    code, page = checked(capsys, "jaffe")
    assert code == 0 and page.startswith("jaffe           FOUND, 213 images  (JAFFE)\n")
    assert "in nothing that is checked" in page and "verdicts: all." in page and "people kept apart" in page
    assert len(page.splitlines()) < 24


def test_check_says_what_a_difference_costs(real_jaffe, capsys):
    (real_jaffe / "YM.SU3.60.tiff").unlink()
    code, page = checked(capsys, "jaffe")
    flat = " ".join(page.split())
    assert code == 0 and "1 of the official 213 pictures are missing: YM.SU3.60.tiff" in flat
    assert "no `reproduced` or `not reproduced`, for the pictures are not the official release" in flat
    assert (
        "of mobilenet_jaffe" in flat and "of landmark_ensemble" in flat and "`direction holds` or `fails` stays" in flat
    )


def test_check_of_sets_that_are_not_there_damaged_or_unknown(real_jaffe, capsys):
    assert checked(capsys, "ck_plus")[0] == 1
    for file in list(real_jaffe.iterdir()):
        file.write_bytes(b"")
    code, page = checked(capsys, "jaffe")
    assert code == 1 and "213 problem(s)" in page and "nothing can be run on it" in page and len(page.splitlines()) < 24
    assert main(["data", "check", "jafe"]) == 2


def test_check_of_a_set_without_people_says_what_sound_means_there(own_root, capsys):
    stand_ins_module.write("sfew", own_root, "aligned", small=True)
    code, page = checked(capsys, "sfew")
    flat = " ".join(page.split())
    assert code == 0 and "nobody knows who is in the pictures" in flat and "for they are stand-ins" in flat
    assert "aligned faces" in flat and len(page.splitlines()) < 30
