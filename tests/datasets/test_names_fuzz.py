"""All data sets' parsers of names and lines: strange text is a ``ValueError``, and what is written is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fer_utils.datasets import (
    baum1,
    celeba,
    ck_plus,
    cmu_faces,
    fer2013,
    fer2013_csv,
    icv_mefed,
    isl_ck,
    jaffe,
    kdef,
    mmi,
    raf_db,
    rafd,
    ravdess,
    sfew,
)

CODES = tuple(icv_mefed.CLASS_OF_CODE)


def spaced(parse: Callable[..., Any]) -> Callable[[str], Any]:
    """A parser of two cells as one of text."""
    return lambda text: parse(*(text.split(" ", 1) if " " in text else (text, "")))


PARSERS: dict[str, Callable[[str], Any]] = {
    "baum1 name": baum1.parse_name,
    "baum1 row, spontaneous": lambda text: baum1.parse_row(text.split(","), "s"),
    "baum1 row, acted": lambda text: baum1.parse_row(text.split(","), "a"),
    "celeba name": celeba.parse_name,
    "celeba attributes": celeba.parse_attributes,
    "celeba split": celeba.parse_split,
    "celeba identity": celeba.parse_identity,
    "ck_plus picture": ck_plus.parse_picture,
    "ck_plus emotion file": ck_plus.parse_emotion_file,
    "ck_plus code": ck_plus.parse_code,
    "fer2013 header": lambda text: fer2013_csv.check_header(text.encode("utf-8", "replace")),
    "fer2013 line": lambda text: fer2013_csv.parse_line(text.encode("utf-8", "replace")),
    "icv_mefed path": icv_mefed.parse_path,
    "icv_mefed pattern": icv_mefed.compile_pattern,
    "isl_ck row": spaced(isl_ck.parse_row),
    "kdef name": kdef.parse_name,
    "mmi session": mmi.parse_session,
    "mmi emotion": mmi.parse_emotion,
    "mmi video name": mmi.parse_video_name,
    "raf_db line": raf_db.parse_line,
    "rafd name": rafd.parse_name,
    "ravdess name": ravdess.parse_name,
    "sfew name": sfew.parse_name,
}

NEARLY = (
    "02-01-06-01-02-01-12.mp4", "S001_002.mp4", "1,7,F,S007_001,Anger,1", "012/1_7_3.jpg", "000001.jpg 2880",
    "S005_001_00000011.png", "S005_001_00000011_emotion.txt", "   3.0000000e+00\n", "0,0 255 7,Training", "S010_001 1",
    "AF01ANHL.JPG", "<session><track view='0'/></session>", "<a><Metatag Name='Emotion' Value='4'/></a>",
    "S001-001.avi", "train_00001.jpg 5", "Rafd090_28_Caucasian_male_angry_frontal.jpg",
    "AlexEmma_000058680_00000007.png",
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A good name or line with a few characters replaced, added or taken away."""
    text = list(draw(st.sampled_from(NEARLY)))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text)))
        text[place : place + draw(st.integers(0, 2))] = draw(st.text(max_size=2))
    return "".join(text)


@pytest.mark.parametrize("name", PARSERS)
@given(text=st.text(max_size=60) | damaged() | st.sampled_from(NEARLY))
@example(text="")
@example(text="\x00")
@example(text="\ud800")
@example(text="٠١-٠١-٠١-٠١-٠١-٠١-٠١.mp4")
@example(text="<?xml version='1.0' encoding='no-such'?><a/>")
@example(text='<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>')
def test_any_text_is_read_or_refused_with_a_value_error(name, text):
    try:
        PARSERS[name](text)
    except ValueError as error:
        assert str(error)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_with_a_value_error(content):
    for parse in (mmi.parse_session, mmi.parse_emotion, fer2013_csv.parse_line, fer2013_csv.check_header):
        try:
            parse(content)
        except ValueError as error:
            assert str(error)


# ------------------------------------------------------------------ what is written is read

numbers = st.integers(0, 999).map("{:03d}".format)


@given(st.builds(baum1.Clip, numbers, numbers), st.data())
def test_baum1(clip, data):
    assert baum1.parse_name(clip.file_name) == baum1.parse_name(clip.file_name.lower()) == clip
    part = data.draw(st.sampled_from(list(baum1.NAMES)))
    emotion = data.draw(st.sampled_from(baum1.NAMES[part]))
    assert baum1.parse_row(baum1.format_row(clip, emotion, part), part) == (clip, emotion)


@pytest.mark.parametrize("part", baum1.NAMES)
def test_baum1_names_of_one_emotion_contradict_every_other_code(part):
    clip = baum1.Clip("001", "001")
    for name in baum1.NAMES[part]:
        for code, emotion in enumerate(baum1.NAMES[part], start=1):
            row = baum1.format_row(clip, name, part)
            row[baum1.CODE] = str(code)
            if name == emotion:
                assert baum1.parse_row(row, part) == (clip, emotion)
            else:
                with pytest.raises(baum1.ContradictionError):
                    baum1.parse_row(row, part)


@given(st.integers(0, 999999), st.lists(st.booleans(), min_size=40, max_size=40), st.integers(0, 2))
def test_celeba(number, values, split):
    name = celeba.file_name(number)
    assert celeba.parse_name(name) == number
    line = f"{name} {'  '.join('1' if value else '-1' for value in values)}\n"
    assert celeba.parse_attributes(line) == (number, tuple(values))
    assert celeba.parse_split(f"{name} {split}\n") == (number, celeba.SPLITS[split])
    assert celeba.parse_identity(f"{name} {number}\n") == (number, str(number))


@given(st.builds(ck_plus.Frame, numbers.map("S{}".format), numbers, st.integers(0, 10**8 - 1)))
def test_ck_plus_and_isl_ck(frame):
    assert ck_plus.parse_picture(f"{frame.stem}.png") == frame
    assert ck_plus.parse_emotion_file(f"{frame.stem}_emotion.txt") == frame
    assert isl_ck.parse_row(frame.sequence, str(frame.number)) == frame


@given(st.integers(0, 6), st.integers(0, 2**32 - 1), st.integers(0, len(fer2013.OFFICIAL) - 1))
def test_fer2013(code, seed, split):
    pixels = np.random.default_rng(seed).integers(0, 256, fer2013_csv.SIDE**2).tolist()
    line = f"{code},{' '.join(map(str, pixels))},{fer2013_csv.SPLITS[split]}\n"
    emotion, values, usage = fer2013_csv.parse_line(line.encode())
    assert (emotion, values.tolist(), usage) == (code, pixels, split)


@given(st.builds(icv_mefed.Picture, numbers, st.sampled_from(CODES), st.sampled_from(CODES)), st.integers(1, 99))
def test_icv_mefed(picture, take):
    path = picture.path(take)
    assert icv_mefed.parse_path(path) == picture
    assert icv_mefed.parse_path(path.replace("/", "_").upper()) == picture


views = st.sampled_from((mmi.FRONTAL, mmi.PROFILE, mmi.DUAL))
words = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"], exclude_characters="\ufffe\uffff"), max_size=8)


@given(st.builds(mmi.Session, views, words, st.booleans()), st.integers(1, 9999))
def test_mmi(session, code):
    assert mmi.parse_session(mmi.session_xml(session, "S001-001")) == session
    assert mmi.parse_session(mmi.session_xml(session, "S001-001").encode()) == session
    assert mmi.parse_emotion(mmi.emotion_xml(code)) == code
    assert mmi.parse_video_name(f"S{code:03d}-001.avi") == f"S{code:03d}"


@given(st.sampled_from(("train", "test")), st.integers(0, 99999), st.integers(1, 7))
def test_raf_db(split, number, code):
    name = f"{split}_{number:05d}"
    assert raf_db.parse_line(f"{name}.jpg {code}") == (name, split, raf_db.CLASSES[code - 1])


@given(
    st.builds(
        rafd.Picture,
        st.sampled_from(rafd.ANGLES),
        st.integers(0, 99).map("{:02d}".format),
        st.sampled_from(sorted({ethnicity for ethnicity, _ in rafd.PEOPLE})),
        st.sampled_from(("male", "female")),
        st.sampled_from(list(rafd.CLASS_OF_EXPRESSION)),
        st.sampled_from(rafd.GAZES),
    )
)
def test_rafd(picture):
    assert rafd.parse_name(picture.file_name) == picture


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}[A-Za-z]", fullmatch=True), st.integers(0, 10**9))
def test_sfew(movie, time):
    assert sfew.parse_name(f"{movie}_{time:09d}_00000001.png") == (movie, f"{time:09d}_00000001")


def test_every_official_name_of_the_closed_sets():
    for clip in [clip for modality in ("01", "02", "03") for clip in ravdess.official_clips(modality)]:
        assert ravdess.parse_name(clip.file_name) == clip
    for picture in kdef.official_pictures():
        assert kdef.parse_name(picture.file_name) == picture
    for name in cmu_faces.official_names():
        user, pose, expression, eyes = name.split("_")
        assert user in cmu_faces.USERS and pose in cmu_faces.POSES and eyes in cmu_faces.EYES
        assert expression in cmu_faces.CLASS_OF_EXPRESSION
    for row in jaffe.official_files().itertuples():
        subject, shot, _, suffix = row.file.split(".")
        assert (subject, shot[:2], suffix) == (row.subject, row[3], "tiff")
