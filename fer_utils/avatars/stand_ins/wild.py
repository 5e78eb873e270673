"""Sets from films and the web: SFEW, FER-2013, RAF-DB, CelebA. People are kept apart between the official splits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from fer_utils.avatars.stand_ins.casting import Shoot, look, shoot
from fer_utils.avatars.stand_ins.plan import Part, Plan
from fer_utils.avatars.stand_ins.retouch import Frame, encode, face_frame, grey, retouch, touch
from fer_utils.datasets import celeba, fer2013, raf_db, sfew
from fer_utils.datasets.fer2013_csv import HEADER, SIDE

PEOPLE_A_FILM = 4
FER2013_SHOOTS = ("crowd", "studio")
SFEW_FRAME = Frame(128)
CELEBA_ROWS = 190.0
CELEBA_COUNTS = {"train": 8138, "valid": 993, "test": 998}
"""A twentieth of :data:`fer_utils.datasets.celeba.OFFICIAL`, rounded down."""
CELEBA_SMALL = {"train": 24, "valid": 4, "test": 4}
CELEBA_LOOKS = 2
SMALL = 3
"""Pictures of each class in a small stand-in's first split."""
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


def plan_sfew(small: bool = False) -> Plan:
    """1,394 frames; each film has its own people. ``small``, here and below: a few pictures of each class."""
    counts = _smaller(sfew.OFFICIAL) if small else sfew.OFFICIAL
    parts, avatars = _sfew_parts(counts, "{split}", ".jpg", sfew.NATIVE_SIZES[0], SFEW_FRAME)
    return Plan(parts, None, avatars, [
        "frames are JPEG files, official PNG",
        f"films are groups of {PEOPLE_A_FILM} avatars, each in several versions of four pictures",
        "Test/, whose official pictures have no labels, is not there",
    ], _stated(counts, sfew.CLASSES) if small else {})  # fmt: skip


def plan_sfew_aligned(small: bool = False) -> Plan:
    """860 + 431 faces, cut out as the owners' aligned faces are."""
    # How many of each class there are is not known: shares as among the frames.
    counts = {split: _shared(sfew.ALIGNED_TOTALS[split], sfew.OFFICIAL[split]) for split in sfew.OFFICIAL}
    counts = _smaller(counts) if small else counts
    parts, avatars = _sfew_parts(counts, f"{{split}}_{sfew.ALIGNED}", ".png", sfew.ALIGNED_SIZE, None)
    return Plan(parts, None, avatars, [
        f"films are groups of {PEOPLE_A_FILM} avatars, each in several versions of four pictures",
        "faces are cut out by the avatars' landmarks; shares of the classes are those of the frames",
    ], {split: sum(number) for split, number in counts.items()} if small else {})  # fmt: skip


def _sfew_parts(
    counts: Mapping[str, Sequence[int]], home: str, suffix: str, size: tuple[int, int], frame: Frame | None
) -> tuple[list[Part], int]:
    """Parts of either edition, and how many avatars play in it."""
    pools = _pools(("wild",), sfew.OFFICIAL)
    films = _films(pools)
    folder_of = {label: folder for folder, label in sfew.CLASS_OF_FOLDER.items()}

    def part(place: int, split: str, label: str, number: int) -> Part:
        source, version = _choose(pools[split], label, number)
        name = f"{films[source.person]}_{40 * place:09d}_{place:08d}{suffix}"
        path = f"{home.format(split=split)}/{folder_of[label]}/{name}"
        return Part(path, partial(_encoded, source, version, path, size, frame))

    parts = [part(place, *wanted) for place, wanted in enumerate(_counted(counts, sfew.CLASSES), start=1)]
    return parts, _players(pools)


def plan_fer2013(small: bool = False, columns: Sequence[bytes] = HEADER, name: str = fer2013.CSV) -> Plan:
    """``fer2013.csv``, all 35,887 rows.

    Args:
        small: a few rows of each class.
        columns: the header, whose order the rows follow.
        name: the file's.
    """
    counts = _smaller(fer2013.OFFICIAL) if small else fer2013.OFFICIAL
    pools = _pools(FER2013_SHOOTS, fer2013.OFFICIAL)
    order = [HEADER.index(column.strip()) for column in columns]

    def part(split: str, label: str, number: int) -> Part:
        source, version = _choose(pools[split], label, number)
        return Part(name, partial(_csv_row, source, version, f"{split} {label} {number}", split, label, order))

    header = Part(name, partial(bytes, b",".join(columns) + b"\n"))
    return Plan([header, *(part(*wanted) for wanted in _counted(counts, fer2013.CLASSES))], None, _players(pools), [
        "rows are sorted by split and class",
        "one avatar's picture occurs in many versions (looks, turns, brightness), all within one split",
        "FER+ votes are not there: nobody has voted",
    ], _stated(counts, fer2013.CLASSES) if small else {})  # fmt: skip


def plan_icml(small: bool = False) -> Plan:
    """The same rows as ``icml_face_data.csv``, with blanks in the names of the columns."""
    return plan_fer2013(small, (b"emotion", b" Usage", b" pixels"), fer2013.ICML_CSV)


def plan_fer2013_folders(small: bool = False) -> Plan:
    """The same pictures in folders, both test parts merged."""
    counts = _smaller(fer2013.OFFICIAL) if small else fer2013.OFFICIAL
    pools = _pools(FER2013_SHOOTS, fer2013.OFFICIAL)
    folder_of = dict(zip(fer2013.CLASSES, fer2013.FOLDERS, strict=True))

    def part(split: str, label: str, number: int) -> Part:
        source, version = _choose(pools[split], label, number)
        home = "train" if split == "Training" else "test"
        path = f"{home}/{folder_of[label]}/{split}_{label}_{number}.jpg"
        touched = f"{split} {label} {number}"
        return Part(path, partial(_encoded, source, version, touched, (SIDE, SIDE), None, ".jpg", in_grey=True))

    return Plan([part(*wanted) for wanted in _counted(counts, fer2013.CLASSES)], None, _players(pools), [
        "one avatar's picture occurs in many versions (looks, turns, brightness), all within one split",
    ], _stated(counts, fer2013.CLASSES) if small else {})  # fmt: skip


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


def plan_raf_db(small: bool = False, folders: bool = False) -> Plan:
    """15,339 aligned pictures: beside the owners' list, or in folders that are called by the codes."""
    counts = _smaller(raf_db.OFFICIAL) if small else raf_db.OFFICIAL
    pools = _pools(("wild", "crowd", "studio"), raf_db.OFFICIAL)
    parts = []
    for split in counts:
        wanted = _counted({split: counts[split]}, raf_db.CLASSES)
        for place, (_, label, number) in enumerate(wanted, start=1):
            name, code = f"{split}_{place:05d}", raf_db.CLASSES.index(label) + 1
            source, version = _choose(pools[split], label, number)
            official = f"basic/{raf_db.ALIGNED}/{name}_aligned.jpg"
            path = f"{raf_db.FOLDERS}/{split}/{code}/{name}_aligned.jpg" if folders else official
            if not folders:
                parts.append(Part(f"basic/{raf_db.LIST}", partial(bytes, f"{name}.jpg {code}\n".encode())))
            parts.append(Part(path, partial(_encoded, source, version, official, raf_db.SIZE)))
    return Plan(parts, None, _players(pools), [
        "pictures are sorted by split and class; Image/original/ and the compound emotions are not there",
        "one avatar's picture occurs in many versions (looks, turns, brightness), all within one split",
    ], _stated(counts, raf_db.CLASSES) if small else {})  # fmt: skip


def plan_celeba(small: bool = False) -> Plan:
    """A twentieth of the pictures, aligned by the eyes."""
    crowd = shoot("crowd")
    counts = CELEBA_SMALL if small else CELEBA_COUNTS
    shares = np.array(list(counts.values())) / sum(counts.values())
    rows_of = dict(zip(counts, _divided(list(range(len(crowd.images))), shares), strict=True))
    total = sum(counts.values())
    first = f"{total}\n{' '.join(CELEBA_ATTRIBUTES)}\n".encode()
    parts = [Part(celeba.ATTRIBUTES, partial(bytes, first))]
    people: set[int] = set()
    picture = 0
    for code, (split, count) in enumerate(counts.items()):
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
            content = partial(_encoded, Source(crowd, row), version, path, celeba.NATIVE_SIZES[0], frame)
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
    ], {**counts, "people": len(people)})  # fmt: skip


def _smaller(counts: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    """A few pictures of each class: more in the first split, one in the others."""
    few = dict.fromkeys(counts, 1) | {next(iter(counts)): SMALL}
    return {split: tuple(min(count, few[split]) for count in numbers) for split, numbers in counts.items()}


def _stated(counts: Mapping[str, Sequence[int]], classes: Sequence[str]) -> dict[str, int]:
    return {
        f"{split} {label}": count
        for split, numbers in counts.items()
        for label, count in zip(classes, numbers, strict=True)
    }


def _shared(total: int, shares: Sequence[int]) -> tuple[int, ...]:
    """``total`` divided as ``shares`` are, in whole numbers that sum to it."""
    ends = np.round(np.cumsum(shares) / sum(shares) * total).astype(int)
    return tuple(np.diff(ends, prepend=0).tolist())


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


def _encoded(
    source: Source, version: int, name: str, size: tuple[int, int], frame: Frame | None = None,
    suffix: str | None = None, in_grey: bool = False,
) -> bytes:  # fmt: skip
    """A picture file, of the kind that ``suffix`` or the name says; without a frame it is the face alone."""
    drawn = _drawn(source, version, name, size, frame)
    return encode(grey(drawn) if in_grey else drawn, suffix or name[name.rindex(".") :])


_NUMBERS = [str(value) for value in range(256)]


def _csv_row(source: Source, version: int, name: str, split: str, label: str, order: Sequence[int]) -> bytes:
    pixels = grey(_drawn(source, version, name, (SIDE, SIDE), None)).ravel().tolist()
    numbers = " ".join([_NUMBERS[value] for value in pixels])
    fields = (str(fer2013.CLASSES.index(label)), numbers, split)
    return (",".join(fields[place] for place in order) + "\n").encode()


def _attributes(crowd: Shoot, row: int) -> str:
    about = crowd.table.loc[row]
    true = {
        celeba.SMILING: about["label"] == "happiness",
        "Mouth_Slightly_Open": max(about["au_25"], about["au_26"]) >= OPEN_MOUTH,
    }
    return " ".join("1" if true.get(name, False) else "-1" for name in CELEBA_ATTRIBUTES)
