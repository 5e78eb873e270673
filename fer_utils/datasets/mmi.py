"""MMI Facial Expression Database (Pantic et al. 2005; Valstar & Pantic 2010): acted and induced expressions on video.

Official layout: a folder ``Sessions/<n>/`` for each recording, with ``session.xml``, ``S001-001.avi``, its
annotation ``S001-001.xml`` and, where action units are coded, ``S001-001-oao_aucs.xml``. In ``session.xml`` the
element ``track`` has the attribute ``view``: 0 frontal, 1 profile, 2 both at once. In the annotation, ``Metatag``
with ``Name="Emotion"`` has the ``Value`` 1 anger, 2 disgust, 3 fear, 4 happiness, 5 sadness, 6 surprise; larger
values are other displays. XML with a document type or entities is refused.

Read are the frontal videos with a value of 1 to 6; how many others there are is a note. The number of those videos
is not published, so it is not checked. A session without one of its files is left out, which is a difference. Each
video gives four frames
(:func:`fer_utils.datasets.clips.first_and_peak_frames`): the first counts as neutral, the middle three carry its
label. ``sequence_label`` is the label of the whole video.

Frontal videos without coded action units are stored on their side and are turned by 90 degrees clockwise, as public
code for this set does; a video that is higher than wide is never turned.

``subject`` is the part of the video's name before the dash (``S001``); for other names it is the ``id`` of the
element ``subject`` in ``session.xml``.

Frames become 480×384 (height × width), colour: the upright 720×576 whole, the middle of 576×720. A frame takes 0.55
MB, so that 1,000 videos would take 2.2 GB, in memory and in the cache, where they are kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

import pandas as pd
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from fer_utils.datasets.base import Dataset
from fer_utils.datasets.clips import first_and_peak_frames
from fer_utils.datasets.findings import Findings, few, why_unreadable
from fer_utils.datasets.footage import read_videos, videos_below
from fer_utils.datasets.walking import child, files_below, folders_in
from fer_utils.errors import FerError
from fer_utils.faces import FaceSet

CLASS_OF_CODE = {1: "anger", 2: "disgust", 3: "fear", 4: "happiness", 5: "sadness", 6: "surprise"}
NO_EMOTION = 0
NEUTRAL = "neutral"
FRONTAL, PROFILE, DUAL = "0", "1", "2"
ACTION_UNITS = "oao_aucs.xml"
SESSIONS, SESSION_FILE = "Sessions", "session.xml"
SIZE = (480, 384)
NATIVE_SIZES = ((576, 720), (720, 576))

T = TypeVar("T")


class Session(NamedTuple):
    """What ``session.xml`` says: the view's code, the person's id (or ``""``), whether action units are coded."""

    view: str
    person: str
    coded: bool


class Clip(NamedTuple):
    """A frontal video with one of the six emotions."""

    subject: str
    sid: str
    label: str
    turned: bool
    session: str


def parse_session(text: str | bytes) -> Session:
    """Read the content of a ``session.xml``.

    Raises:
        ValueError: it is no XML, holds entities, or names no known view.
    """
    root = _parse_xml(text)
    track = next(root.iter("track"), None)
    view = None if track is None else track.get("view")
    if view not in (FRONTAL, PROFILE, DUAL):
        raise ValueError("no element track with the attribute view 0, 1 or 2")
    person = next(root.iter("subject"), None)
    coded = any(element.get("filename", "").endswith(ACTION_UNITS) for element in root.iter("annotation"))
    return Session(view, "" if person is None else person.get("id", ""), coded)


def parse_emotion(text: str | bytes) -> int:
    """The value of the ``Metatag`` named ``Emotion`` in an annotation, or 0 where there is no such tag.

    Raises:
        ValueError: the text is no XML, holds entities, or the value is no whole number above 0.
    """
    tags = (tag for tag in _parse_xml(text).iter("Metatag") if tag.get("Name") == "Emotion")
    tag = next(tags, None)
    if tag is None:
        return NO_EMOTION
    value = tag.get("Value", "")
    if re.fullmatch(r"[1-9][0-9]{0,3}", value, re.ASCII) is None:
        raise ValueError(f"emotion code {value[:20]!r} is not a number from 1 on")
    return int(value)


def session_xml(session: Session, sid: str) -> str:
    """The content of a ``session.xml``, as far as :func:`parse_session` reads it, of the video ``sid``."""
    root = Element("session")
    SubElement(root, "subject", id=session.person)
    track = SubElement(root, "track", view=session.view, filename=f"{sid}.avi")
    if session.coded:
        SubElement(track, "annotation", filename=f"{sid}-{ACTION_UNITS}")
    return tostring(root, "unicode")


def emotion_xml(code: int) -> str:
    """The content of an annotation, as far as :func:`parse_emotion` reads it."""
    root = Element("annotation")
    SubElement(root, "Metatag", Name="Emotion", Value=str(code))
    return tostring(root, "unicode")


def parse_video_name(name: str) -> str | None:
    """``"S001"`` of ``S001-001.avi``; ``None`` for a name of another form."""
    match = re.fullmatch(r"(S[0-9]+)-[0-9]+\.avi", name, re.ASCII | re.IGNORECASE)
    return match[1].upper() if match else None


def _parse_xml(text: str | bytes) -> Element:
    try:
        return fromstring(text, forbid_dtd=True)
    except DefusedXmlException:
        raise ValueError("XML with a document type or entities, which is refused") from None
    except (ParseError, ValueError, LookupError) as error:
        raise ValueError(f"not XML ({error})") from None


def _load(folder: Path | None, stand_in: bool) -> FaceSet:
    assert folder is not None
    found = Findings(DATASET.title, folder)
    where = child(folder, SESSIONS, found)
    if where is None or not where.is_dir():
        raise FerError(f"{DATASET.title}: {folder} holds no folder {SESSIONS}. Expected: {DATASET.layout}.")
    ignored: Counter[str] = Counter()
    left_out: list[str] = []
    clips: dict[Path, Clip] = {}
    for home in folders_in(where, found):
        _examine(home, clips, ignored, left_out, found)
    if left_out:
        found.differences.append(f"{len(left_out)} session(s) left out: {few(left_out)}")
    if not clips and not found.problems:
        found.problems.append(f"{SESSIONS}: no frontal video with an emotion from 1 to 6")
    files = list(clips)
    named = sum(parse_video_name(f"{file.stem}.avi") is not None for file in files)
    if 0 < named < len(files):
        # One person could then go by two names, on both sides of a split.
        found.problems.append(
            f"{named} videos are named after their person (S001-001.avi), {len(files) - named} are not"
        )
    turned = [clips[file].turned for file in files]
    frames = read_videos(files, found, SIZE, first_and_peak_frames, NATIVE_SIZES, "mmi", turned)
    rows = []
    for row, frame in zip(frames.clip, frames.frame, strict=True):
        clip = clips[files[row]]
        label = NEUTRAL if frame == 1 else clip.label
        sequence = f"{clip.session}/{clip.sid}"
        rows.append((label, clip.subject, f"{sequence}#{frame}", sequence, frame, clip.label, clip.session))
    table = pd.DataFrame(rows, columns=["label", "subject", "source", "sequence", "frame", "sequence_label", "session"])
    notes = [f"{count} session(s) ignored: {reason}" for reason, count in sorted(ignored.items())]
    if any(turned):
        notes.append(f"{sum(turned)} video(s) without coded action units: turned by 90 degrees where wider than high")
    found.notes = notes + found.notes
    return found.faces("mmi", frames.images, table, DATASET.classes, stand_in)


def _examine(home: Path, clips: dict[Path, Clip], ignored: Counter[str], left_out: list[str], found: Findings) -> None:
    """Add the session's video to ``clips``, count it in ``ignored`` or say what is wrong with it."""
    path = found.named(home)
    files = {file.name.lower(): file for file in files_below(home, found) if file.parent == home}
    videos = [file for file in videos_below(home, ".avi") if file.parent == home]
    described = files.get(SESSION_FILE)
    if described is None:
        left_out.append(f"{path} ({SESSION_FILE} is missing)")
        return
    session = _read(described, parse_session, found)
    if session is None:
        return
    if session.view != FRONTAL:
        ignored["profile or dual view"] += 1
        return
    annotations = [name for name in files if _is_annotation(name)]
    if not videos:
        if annotations:
            left_out.append(f"{path} (its video is missing)")
        else:
            ignored["no video"] += 1
        return
    if len(videos) > 1:
        found.problems.append(f"{path}: {len(videos)} .avi files, expected one")
        return
    video = videos[0]
    annotation = files.get(f"{video.stem.lower()}.xml")
    if annotation is None:
        left_out.append(f"{path} ({video.stem}.xml is missing)")
        return
    code = _read(annotation, parse_emotion, found)
    if code is None:
        return
    if code not in CLASS_OF_CODE:
        ignored["other displays than the six emotions" if code != NO_EMOTION else "without an emotion"] += 1
        return
    subject = parse_video_name(f"{video.stem}.avi") or session.person
    if not subject:
        found.problems.append(
            f"{found.named(video)}: whose video is it? No name like S001-001.avi, no subject in session.xml"
        )
        return
    turned = not session.coded and f"{video.stem.lower()}-{ACTION_UNITS}" not in files
    clips[video] = Clip(subject, video.stem, CLASS_OF_CODE[code], turned, home.name)


def _is_annotation(name: str) -> bool:
    return name.endswith(".xml") and name != SESSION_FILE and not name.endswith(ACTION_UNITS)


def _read(file: Path, parse: Callable[[bytes], T], found: Findings) -> T | None:
    """What ``parse`` makes of the file, or ``None`` with a problem added."""
    try:
        return parse(file.read_bytes())
    except OSError as error:
        found.problems.append(f"{found.named(file)}: {why_unreadable(error)}")
    except ValueError as error:
        found.problems.append(f"{found.named(file)}: {error}")
    return None


DATASET = Dataset(
    name="mmi",
    title="MMI",
    classes=(NEUTRAL, *CLASS_OF_CODE.values()),
    shipped=False,
    publishable=False,
    layout="mmi/Sessions/<n>/ with session.xml, S001-001.avi and S001-001.xml",
    licence="signed agreement, research only, no redistribution (Pantic et al. 2005; Valstar & Pantic 2010)",
    how_to_get="sign the agreement at mmifacedb.eu, search for emotions, unpack Sessions/ to $FER_DATA/mmi",
    load=_load,
)
