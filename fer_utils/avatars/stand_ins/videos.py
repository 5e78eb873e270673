"""Sets of videos: RAVDESS, MMI, BAUM-1. Short clips without sound."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import product

import numpy as np

from fer_utils.avatars.stand_ins.casting import Role, cast, shoot
from fer_utils.avatars.stand_ins.motion import Motion, acted, faded, taken, video
from fer_utils.avatars.stand_ins.plan import Part, Plan
from fer_utils.avatars.stand_ins.retouch import Frame, retouch, touch
from fer_utils.datasets import baum1, clips, mmi, ravdess
from fer_utils.datasets.avatar_shoots import CLIP_CLASSES

FRAMES = 2 * clips.CHUNK
"""Of a clip of RAVDESS or BAUM-1: two chunks, so that two times two frames are kept."""
RAVDESS_SIZE, BAUM1_SIZE = (180, 320), (288, 360)
RAVDESS_SHARES = np.interp(np.arange(FRAMES), (0, 9, FRAMES - 1), (0, 1, 0.75))
"""How far a clip is on the way from neutral to the expression: there in a third of a second, then slowly back."""
CALM = 0.2
"""How far ``calm``, which no avatar shows, goes from neutral to happiness."""
NORMAL = 0.7
"""How far a clip of normal intensity goes; a strong one goes to the end."""
RAVDESS_FRAME = Frame(165)
MMI_PEOPLE, MMI_RATE = 24, 25
MMI_SHARES = (0.0, 0.4, 0.8, 0.97, 1.0, 0.94, 0.7, 0.4, 0.1)
MMI_FRAME = Frame(130)
BAUM1_KEYS = np.interp(np.arange(FRAMES), (0, 4, 8, 12, 22, FRAMES - 1), (0, 1, 2, 3, 4, 5))
"""Where in an avatar's clip each frame is: neutral at first, at its strongest in the middle, still there at the end."""
BAUM1_CLIPS = 2
BAUM1_FRAME = Frame(140)
SMALL_PEOPLE = 2
"""In a small stand-in."""
WITHOUT_UNITS = 2
"""Every second MMI session is without action units, and therefore stored on its side."""


def plan_ravdess(small: bool = False) -> Plan:
    """All 1,440 clips of speech with modality 02 (picture only). ``small``: a fourth of two actors' clips."""
    takes = shoot("takes")
    roles = cast(ravdess.ACTORS[: SMALL_PEOPLE if small else None], takes.people)
    spoken = [clip for clip in ravdess.official_clips("02") if ravdess.CHANNELS[clip.channel] == "speech"]
    spoken = [clip for clip in spoken if clip.actor in roles]
    if small:
        spoken = [clip for clip in spoken if clip.statement == clip.repetition == "01"]

    def content(clip: ravdess.Clip) -> bytes:
        role, label = roles[clip.actor], "happiness" if clip.label == "calm" else clip.label
        # A take a statement and repetition; the first repetition has the odd ones.
        take = 2 * int(clip.statement) + int(clip.repetition) - 2
        shares = RAVDESS_SHARES * (1 if clip.intensity == "02" or label == "neutral" else NORMAL)
        motion = taken(role, label, take, takes)
        return video(_filmed(motion, shares * (CALM if clip.label == "calm" else 1), role, clip.stem, RAVDESS_SIZE,
                             RAVDESS_FRAME), ".mp4", clips.CHUNK_RATE)  # fmt: skip

    parts = [Part(f"{clip.home}/{clip.file_name}", partial(content, clip)) for clip in spoken]
    return Plan(parts, len(roles), _players(roles), [
        *["a fourth of the clips of two actors"] * small,
        "each statement and repetition is a take of its own; normal and strong clips show the same one, normal to "
        f"{NORMAL:.0%}",
        "speech only, picture only (modality 02), without song",
        f"clips have {FRAMES} frames of {RAVDESS_SIZE[1]}x{RAVDESS_SIZE[0]} pixels, official 1280x720 and about four "
        "seconds; the avatars do not speak",
        "clips are cross-faded from a neutral photograph to one with the expression, taken in one light a person",
        f"calm is {CALM:.0%} of the way from neutral to happiness: the avatars have no such expression",
        "odd numbers are men by the official names, which says nothing of the avatars",
    ])  # fmt: skip


def plan_mmi(small: bool = False) -> Plan:
    """144 frontal sessions, every second one stored on its side."""
    studio = shoot("studio")
    people = SMALL_PEOPLE if small else MMI_PEOPLE
    roles = cast([f"S{number:03d}" for number in range(1, people + 1)], studio.people)
    parts = []
    for number, (person, code) in enumerate(product(roles, mmi.CLASS_OF_CODE), start=1):
        sid, home = f"{person}-{code:03d}", f"{mmi.SESSIONS}/{number}"
        coded = bool(number % WITHOUT_UNITS)
        session = mmi.Session(mmi.FRONTAL, person, coded)
        film = partial(_mmi_video, roles[person], mmi.CLASS_OF_CODE[code], sid, coded)
        parts += [
            Part(f"{home}/{sid}.avi", film),
            Part(f"{home}/{mmi.SESSION_FILE}", partial(bytes, mmi.session_xml(session, sid).encode())),
            Part(f"{home}/{sid}.xml", partial(bytes, mmi.emotion_xml(code).encode())),
        ]
    return Plan(parts, len(roles), _players(roles), [
        f"{len(roles) * len(mmi.CLASS_OF_CODE)} frontal sessions with one of the six emotions, and no others",
        f"videos have {len(MMI_SHARES)} frames, cross-faded from a neutral photograph to one with the expression and "
        "back",
        "session.xml names files of action units that are not there",
    ])  # fmt: skip


def plan_baum1(small: bool = False) -> Plan:
    """The spontaneous part: 31 people, six classes, two clips of each."""
    source = shoot("clips")
    people = [f"{number:03d}" for number in range(1, (SMALL_PEOPLE if small else baum1.PEOPLE) + 1)]
    roles = cast(people, source.people)
    table = "Annotations_BAUM1s.csv"
    parts = [Part(table, partial(_line, ["", "Subject", "", "Clip", "Emotion", "Code"]))]
    for person in people:
        takes = product(CLIP_CLASSES, range(1, BAUM1_CLIPS + 1))
        for number, (label, take) in enumerate(takes, start=1):
            clip = baum1.Clip(person, f"{number:03d}")
            film = partial(_baum1_video, roles[person], label, take, clip.stem)
            parts += [
                Part(f"BAUM1s_MP4 - All/{clip.home}/{clip.file_name}", film),
                Part(table, partial(_line, baum1.format_row(clip, label, "s"))),
            ]
    return Plan(parts, len(roles), _players(roles), [
        f"the spontaneous part only, {len(people) * len(CLIP_CLASSES) * BAUM1_CLIPS} clips of six classes, official "
        f"{baum1.OFFICIAL['spontaneous']} of thirteen; the avatars act, nothing is spontaneous",
        f"clips have {FRAMES} frames of {BAUM1_SIZE[1]}x{BAUM1_SIZE[0]} pixels, official 720x576",
        "the table is .csv, official .xlsx",
    ])  # fmt: skip


def _mmi_video(role: Role, label: str, sid: str, coded: bool) -> bytes:
    motion = faded(role, label, role.number, shoot("studio"))
    height, width = mmi.NATIVE_SIZES[0]
    upright = (height, width) if coded else (width, height)
    pictures = _filmed(motion, MMI_SHARES, role, sid, upright, MMI_FRAME)
    return video(
        pictures if coded else [np.ascontiguousarray(np.rot90(picture)) for picture in pictures], ".avi", MMI_RATE
    )


def _baum1_video(role: Role, label: str, take: int, name: str) -> bytes:
    motion = acted(role, label, take, shoot("clips"))
    return video(_filmed(motion, BAUM1_KEYS, role, name, BAUM1_SIZE, BAUM1_FRAME), ".mp4", clips.CHUNK_RATE)


def _filmed(
    motion: Motion, places: Sequence[float] | np.ndarray, role: Role, name: str, size: tuple[int, int], frame: Frame
) -> list[np.ndarray]:
    start = touch(name)
    return [
        retouch(motion.at(float(place)), role.look, start.drifted(number), size, frame)
        for number, place in enumerate(places)
    ]


def _line(cells: Sequence[str]) -> bytes:
    return (",".join(cells) + "\n").encode()


def _players(roles: dict[str, Role]) -> int:
    return len({role.avatar for role in roles.values()})
