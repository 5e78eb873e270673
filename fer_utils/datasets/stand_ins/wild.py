"""Sets from films and the web: SFEW, FER-2013, RAF-DB, CelebA. People are kept apart between the official splits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from fer_utils.datasets import celeba, fer2013, raf_db, sfew
from fer_utils.datasets.fer2013_csv import HEADER, SIDE
from fer_utils.datasets.stand_ins.casting import Shoot, look, shoot
from fer_utils.datasets.stand_ins.plan import Part, Plan
from fer_utils.datasets.stand_ins.retouch import Frame, encode, face_frame, grey, retouch, touch

PEOPLE_A_FILM = 4
FER2013_SHOOTS = ("wild", "crowd", "studio")
SFEW_FRAME = Frame(128)
CELEBA_ROWS = 190.0
CELEBA_COUNTS = {"train": 8138, "valid": 993, "test": 998}
"""A twentieth of :data:`fer_utils.datasets.celeba.OFFICIAL`, rounded down."""
CELEBA_LOOKS = 2
OPEN_MOUTH = 0.3
"""From this intensity of AU 25 or 26 on, CelebA's ``Mouth_Slightly_Open`` is 1."""
CELEBA_ATTRIBUTES = (
    "5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips Big_Nose Black_Hair Blond_Hair "
    "Blurry Brown_Hair Bushy_Eyebrows Chubby Double_Chin Eyeglasses Goatee Gray_Hair Heavy_Makeup High_Cheekbones Male "
    "Mouth_Slightly_Open Mustache Narrow_Eyes No_Beard Oval_Face Pale_Skin Pointy_Nose Receding_Hairline Rosy_Cheeks "
    "Sideburns Smiling Straight_Hair Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick Wearing_Necklace "
    "Wearing_Necktie Young"
).split()


class Source(NamedTuple):
    """An avatar's picture: its shoot and its position there."""

    shoot: Shoot
    row: int

    @property
    def person(self) -> str:
        """The avatar's name."""
        return str(self.shoot.table.loc[self.row, "subject"])


def plan_sfew() -> Plan:
    """1,394 frames; each film has its own people."""
    numbers = _counted(sfew.OFFICIAL, sfew.CLASSES)
    pools = _pools(("wild",), sfew.OFFICIAL)
    films = _films(pools)
    folder_of = {label: folder for folder, label in sfew.CLASS_OF_FOLDER.items()}

    def part(place: int, split: str, label: str, number: int) -> Part:
        source, version = _choose(pools[split], label, number)
        path = f"{split}/{folder_of[label]}/{films[source.person]}_{40 * place:09d}_{place:08d}.jpg"
        return Part(path, partial(_jpeg, source, version, path, sfew.NATIVE_SIZES[0], SFEW_FRAME))

    parts = [part(place, *wanted) for place, wanted in enumerate(numbers, start=1)]
    return Plan(parts, None, _players(pools), [
        "frames are JPEG files, official PNG",
        f"films are groups of {PEOPLE_A_FILM} avatars, each in several versions of four pictures",
        "Test/, whose official pictures have no labels, is not there",
    ])  # fmt: skip


def plan_fer2013() -> Plan:
    """``fer2013.csv``, all 35,887 rows."""
    numbers = _counted(fer2013.OFFICIAL, fer2013.CLASSES)
    pools = _pools(FER2013_SHOOTS, fer2013.OFFICIAL)

    def part(split: str, label: str, number: int) -> Part:
        source, version = _choose(pools[split], label, number)
        return Part(fer2013.CSV, partial(_csv_row, source, version, f"{split} {label} {number}", split, label))

    header = Part(fer2013.CSV, partial(bytes, b",".join(HEADER) + b"\n"))
    return Plan([header, *(part(*wanted) for wanted in numbers)], None, _players(pools), [
        "rows are sorted by split and class",
        "one avatar's picture occurs in many versions (looks, turns, brightness), all within one split",
        "FER+ votes are not there: nobody has voted",
    ])  # fmt: skip


def people_never_tested(name: str) -> list[str]:
    """The avatars of a shoot, such as ``"studio"``, that are in neither test part of FER-2013's stand-in.

    Whoever adds pictures of these people to its Training part shows nobody who is tested.
    """
    shares = np.array([sum(counts) for counts in fer2013.OFFICIAL.values()])
    tested = {
        person
        for used in FER2013_SHOOTS
        for part in _divided(shoot(used).people, shares / shares.sum())[1:]
        for person in part
    }
    return [person for person in shoot(name).people if person not in tested]


def plan_raf_db() -> Plan:
    """15,339 aligned pictures."""
    pools = _pools(("wild", "crowd", "studio"), raf_db.OFFICIAL)
    parts = []
    for split in raf_db.OFFICIAL:
        wanted = _counted({split: raf_db.OFFICIAL[split]}, raf_db.CLASSES)
        for place, (_, label, number) in enumerate(wanted, start=1):
            name = f"{split}_{place:05d}"
            source, version = _choose(pools[split], label, number)
            line = f"{name}.jpg {raf_db.CLASSES.index(label) + 1}\n".encode()
            path = f"basic/{raf_db.ALIGNED}/{name}_aligned.jpg"
            parts.append(Part(f"basic/{raf_db.LIST}", partial(bytes, line)))
            parts.append(Part(path, partial(_jpeg, source, version, path, raf_db.SIZE)))
    return Plan(parts, None, _players(pools), [
        "pictures are sorted by split and class; Image/original/ and the compound emotions are not there",
        "one avatar's picture occurs in many versions (looks, turns, brightness), all within one split",
    ])  # fmt: skip


def plan_celeba() -> Plan:
    """A twentieth of the pictures, aligned by the eyes."""
    crowd = shoot("crowd")
    shares = np.array(list(CELEBA_COUNTS.values())) / sum(CELEBA_COUNTS.values())
    rows_of = dict(zip(CELEBA_COUNTS, _divided(list(range(len(crowd.images))), shares), strict=True))
    total = sum(CELEBA_COUNTS.values())
    first = f"{total}\n{' '.join(CELEBA_ATTRIBUTES)}\n".encode()
    parts = [Part(celeba.ATTRIBUTES, partial(bytes, first))]
    people: set[int] = set()
    picture = 0
    for code, (split, count) in enumerate(CELEBA_COUNTS.items()):
        actors = list(product(rows_of[split], range(CELEBA_LOOKS)))
        for number in range(count):
            picture += 1
            name = celeba.file_name(picture)
            row, version = actors[number % len(actors)]
            person = row * CELEBA_LOOKS + version + 1
            people.add(person)
            path = f"{celeba.PICTURES}/{name}"
            eyes = crowd.points[row][36:48].mean(axis=0).astype(float)
            frame = Frame(CELEBA_ROWS, (float(eyes[0]), float(eyes[1])))
            content = partial(_jpeg, Source(crowd, row), version, path, celeba.NATIVE_SIZES[0], frame)
            parts += [
                Part(path, content),
                Part(celeba.ATTRIBUTES, partial(bytes, f"{name} {_attributes(crowd, row)}\n".encode())),
                Part(celeba.PARTITION, partial(bytes, f"{name} {code}\n".encode())),
                Part(celeba.IDENTITIES, partial(bytes, f"{name} {person}\n".encode())),
            ]
    avatars = len({(person - 1) // CELEBA_LOOKS for person in people})
    return Plan(parts, len(people), avatars, [
        f"{total} pictures of {len(people)} people, official {sum(celeba.OFFICIAL.values())} of {celeba.PEOPLE}",
        "all pictures of a person are versions (turned, moved, lit otherwise) of one",
        "of the 40 attributes only Smiling and Mouth_Slightly_Open are true of the avatars, the others are all -1",
    ], {**CELEBA_COUNTS, "people": len(people)})  # fmt: skip


def _counted(official: Mapping[str, Sequence[int]], classes: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """Split, class and a number from 0 for each picture that the official counts ask for."""
    for split, counts in official.items():
        for label, count in zip(classes, counts, strict=True):
            yield from ((split, label, number) for number in range(count))


def _pools(shoots: Sequence[str], official: Mapping[str, Sequence[int]]) -> dict[str, dict[str, list[Source]]]:
    """The avatars' pictures by split and class. Each shoot's people are divided as the official pictures are."""
    sizes = np.array([sum(counts) for counts in official.values()])
    pools: dict[str, dict[str, list[Source]]] = {split: {} for split in official}
    for source in map(shoot, shoots):
        parts = _divided(source.people, sizes / sizes.sum())
        split_of = {person: split for split, people in zip(official, parts, strict=True) for person in people}
        for row, (label, person) in enumerate(zip(source.table["label"], source.table["subject"], strict=True)):
            pools[split_of[person]].setdefault(label, []).append(Source(source, row))
    return pools


def _divided(items: Sequence, shares: np.ndarray) -> list[list]:
    """Neighbours in groups of about these shares, none of them empty."""
    ends = np.maximum(np.round(np.cumsum(shares) * len(items)).astype(int), np.arange(1, len(shares) + 1))
    ends = np.minimum(ends, len(items) - np.arange(len(shares))[::-1])
    starts = [0, *ends[:-1].tolist()]
    return [list(items[start:end]) for start, end in zip(starts, ends.tolist(), strict=True)]


def _choose(pool: Mapping[str, Sequence[Source]], label: str, number: int) -> tuple[Source, int]:
    """The ``number``-th picture of a class, round and round, and which round it is."""
    version, place = divmod(number, len(pool[label]))
    return pool[label][place], version


def _players(pools: Mapping[str, Mapping[str, Sequence[Source]]]) -> int:
    return len({source.person for pool in pools.values() for sources in pool.values() for source in sources})


def _films(pools: Mapping[str, Mapping[str, Sequence[Source]]]) -> dict[str, str]:
    """The title of the film that each avatar plays in; no film is in two splits."""
    title_of = {}
    for split, pool in pools.items():
        people = sorted({source.person for sources in pool.values() for source in sources})
        for number, person in enumerate(people):
            title_of[person] = f"{split}Film{number // PEOPLE_A_FILM + 1:02d}"
    return title_of


def _drawn(source: Source, version: int, name: str, size: tuple[int, int], frame: Frame | None) -> np.ndarray:
    frame = frame or face_frame(source.shoot.points[source.row])
    return retouch(source.shoot.images[source.row], look(source.person, version), touch(name), size, frame)


def _jpeg(source: Source, version: int, path: str, size: tuple[int, int], frame: Frame | None = None) -> bytes:
    """A picture file; without a frame it is the face alone."""
    return encode(_drawn(source, version, path, size, frame), ".jpg")


_NUMBERS = [str(value) for value in range(256)]


def _csv_row(source: Source, version: int, name: str, split: str, label: str) -> bytes:
    pixels = grey(_drawn(source, version, name, (SIDE, SIDE), None)).ravel().tolist()
    numbers = " ".join([_NUMBERS[value] for value in pixels])
    return f"{fer2013.CLASSES.index(label)},{numbers},{split}\n".encode()


def _attributes(crowd: Shoot, row: int) -> str:
    about = crowd.table.loc[row]
    true = {
        celeba.SMILING: about["label"] == "happiness",
        "Mouth_Slightly_Open": max(about["au_25"], about["au_26"]) >= OPEN_MOUTH,
    }
    return " ".join("1" if true.get(name, False) else "-1" for name in CELEBA_ATTRIBUTES)
