"""Sets of posed photographs: JAFFE, CMU faces, RaFD, KDEF, iCV-MEFED."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product

from fer_utils.avatars.gaze import look
from fer_utils.avatars.stand_ins.casting import Role, Shoot, cast, shoot
from fer_utils.avatars.stand_ins.plan import Part, Plan
from fer_utils.avatars.stand_ins.retouch import Frame, encode, grey, put_on_sunglasses, retouch, touch
from fer_utils.datasets import cmu_faces, icv_mefed, jaffe, kdef, rafd

FRONTAL = 90
CMU_ANGLES = {"straight": FRONTAL, "left": 135, "right": 45, "up": FRONTAL}
UP = Frame(150, (80, 95))
"""The frame of CMU's pose ``up``: no avatar raises its head, so it is only higher in the picture."""
KDEF_ANGLES = {"full_left": 180, "half_left": 135, "straight": FRONTAL, "half_right": 45, "full_right": 0}
MEFED_SIZE = (176, 264)
SMALL_PEOPLE = 2
"""In a small stand-in."""
SMALL_WOMEN = ("KA", "KM")
"""Of JAFFE: those with palette pictures."""


def plan_jaffe(small: bool = False) -> Plan:
    """213 pictures: as many of each woman and expression as official; a fourth is one of the three takes again.

    ``small``, here and below: a few people, or of counted sets a few pictures of each class, for tests and first tries.
    """
    studio = shoot("studio")
    official = jaffe.official_files()
    people = list(SMALL_WOMEN) if small else sorted(official["subject"].unique())
    official = official[official["subject"].isin(people)]
    roles = cast(people, studio.people)
    take = official.groupby(["subject", "class"]).cumcount()

    def part(file: str, person: str, code: str, number: int) -> Part:
        row = studio.row(number, subject=roles[person].avatar, label=jaffe.CLASS_OF_CODE[code])
        return Part(file, partial(_picture, studio, row, roles[person], file, jaffe.SIZE, Frame(150), in_grey=True))

    rows = zip(official["file"], official["subject"], official["class"], take, strict=True)
    differs = [f"only {len(people)} of the ten women"] * small
    differs += ["the readme with the raters' scores is not there", REUSED, _GAZES]
    return Plan([part(*fields) for fields in rows], len(people), _players(roles), differs)


def plan_cmu_faces(small: bool = False) -> Plan:
    """624 pictures; the sunglasses are painted."""
    studio, views = shoot("studio"), shoot("views")
    roles = cast(cmu_faces.USERS[: SMALL_PEOPLE if small else None], views.people)

    def part(number: int, name: str) -> Part:
        user, pose, expression, eyes = name.split("_")
        role, label = roles[user], cmu_faces.CLASS_OF_EXPRESSION[expression]
        angle = role.look.angle(CMU_ANGLES[pose])
        if angle == FRONTAL:
            source, row = studio, studio.row(number, subject=role.avatar, label=label)
        else:
            source, row = views, views.row(0, subject=role.avatar, label=label, angle=angle)
        frame = UP if pose == "up" else Frame(150)
        content = partial(_picture, source, row, role, f"{name}.pgm", cmu_faces.SIZE, frame, in_grey=True,
                          sunglasses=eyes == "sunglasses")  # fmt: skip
        return Part(f"faces/{user}/{name}.pgm", content)

    differs = [
        "the pose `up` shows a face higher in the picture, not a raised head",
        "sunglasses are painted: two dark discs and a bar",
        "the copies of half and of quarter size are not there",
        REUSED,
        _GAZES,
    ]
    if small:
        differs.insert(0, f"only {len(roles)} of the twenty people")
    names = [name for name in cmu_faces.official_names() if name.split("_")[0] in roles]
    return Plan([part(*item) for item in enumerate(names)], len(roles), _players(roles), differs)


def plan_rafd(small: bool = False, gazes: Sequence[str] = rafd.GAZES, frontal_only: bool = False) -> Plan:
    """67 × 8 × 15 pictures: an avatar's expression is one moment, seen by five cameras in three gazes.

    Args:
        small: one person of each group, the frontal camera alone.
        gazes: those that every camera sees.
        frontal_only: whether the other cameras are left out.
    """
    views = shoot("views")
    counts = {group: min(count, 1) if small else count for group, count in rafd.PEOPLE.items()}
    groups = [group for group, count in counts.items() for _ in range(count)]
    people = {f"{number:02d}": group for number, group in enumerate(groups, start=1)}
    roles = cast(list(people), views.people)
    angles = (f"{FRONTAL:03d}",) if small or frontal_only else rafd.ANGLES

    def part(person: str, expression: str, angle: str, gaze: str) -> Part:
        role, label = roles[person], rafd.CLASS_OF_EXPRESSION[expression]
        row = views.row(0, subject=role.avatar, label=label, angle=role.look.angle(int(angle)))
        picture = rafd.Picture(angle, person, *people[person], expression, gaze)
        return Part(picture.file_name, partial(_in_gaze, views, row, role, picture))

    differs = [
        "the three gazes are one picture, turned, moved and lit alike, with its irises moved; from 0 and 180 degrees "
        "that hardly shows",
        "models are numbered without gaps; gender and ethnicity in the names keep the official counts and say nothing "
        "of the avatars",
    ]
    parts = [part(*fields) for fields in product(people, rafd.CLASS_OF_EXPRESSION, angles, gazes)]
    stated = {" ".join(group): count for group, count in counts.items()} if small else {}
    return Plan(parts, len(roles), _players(roles), differs, stated)


def plan_kdef(small: bool = False) -> Plan:
    """4,900 pictures in two sessions."""
    studio, views = shoot("studio"), shoot("views")
    official = kdef.official_pictures()
    if small:
        few = [gender + kdef.NUMBERS[0] for gender in kdef.GENDERS]
        official = [picture for picture in official if picture.gender + picture.number in few]
        official = [picture for picture in official if picture.session == kdef.SESSIONS[0]]
    people = sorted({picture.gender + picture.number for picture in official})
    roles = cast(people, views.people)

    def part(picture: kdef.Picture) -> Part:
        role, label = roles[picture.gender + picture.number], kdef.CLASS_OF_CODE[picture.expression]
        angle = role.look.angle(KDEF_ANGLES[kdef.POSE_OF_CODE[picture.angle]])
        if angle == FRONTAL and picture.session == kdef.SESSIONS[0]:
            source, row = studio, studio.row(0, subject=role.avatar, label=label, gaze="frontal")
        else:
            source, row = views, views.row(0, subject=role.avatar, label=label, angle=angle)
        name = picture.file_name
        return Part(f"{picture.home}/{name}", partial(_picture, source, row, role, name, kdef.NATIVE_SIZES[0]))

    differs = [
        "from the side, session B is session A slightly moved, turned and lit otherwise",
        "gender in the names keeps the official counts and says nothing of the avatars",
    ]
    if small:
        differs.insert(0, f"only {len(roles)} of the 70 people, in session A")
    return Plan([part(picture) for picture in official], len(roles), _players(roles), differs)


def plan_icv_mefed(small: bool = False) -> Plan:
    """31,250 small pictures of the dominant emotions."""
    studio = shoot("studio")
    takes = 1 if small else icv_mefed.TAKES
    people = [f"{number:03d}" for number in range(1, (SMALL_PEOPLE if small else icv_mefed.PEOPLE) + 1)]
    roles = cast(people, studio.people)

    def part(number: int, person: str, picture: icv_mefed.Picture, take: int) -> Part:
        path = picture.path(take)
        row = studio.row(number, subject=roles[person].avatar, label=picture.label)
        return Part(path, partial(_picture, studio, row, roles[person], path, MEFED_SIZE))

    wanted = product(people, _compounds(), range(1, takes + 1))
    parts = [
        part(number, person, icv_mefed.Picture(person, *codes), take)
        for number, (person, codes, take) in enumerate(wanted)
    ]
    differs = [
        "only the dominant emotion (the class) is shown, not the complementary one",
        f"pictures have {MEFED_SIZE[1]}x{MEFED_SIZE[0]} pixels, official 5184x3456",
        "file names are those that the loader reads without a pattern; the official ones are not documented",
        REUSED,
    ]
    each = len(people) * takes
    per_class = {label: each * (1 if label == "neutral" else icv_mefed.LABELS_OF_EMOTION) for label in
                 icv_mefed.CLASS_OF_CODE.values()}  # fmt: skip
    stated = {**per_class, "people": len(people)} if small else {}
    return Plan(parts, len(roles), _players(roles), differs, stated)


_GAZES = "gazes vary from picture to picture"
REUSED = "where more pictures are wanted than takes exist (three), a take comes again with another touch: nearly a copy"


def _compounds() -> Iterator[tuple[str, str]]:
    """Complementary and dominant code of each of the 50 labels."""
    codes = [code for code, label in icv_mefed.CLASS_OF_CODE.items() if label != "neutral"]
    neutral = next(code for code, label in icv_mefed.CLASS_OF_CODE.items() if label == "neutral")
    yield from product(codes, codes)
    yield neutral, neutral


def _players(roles: dict[str, Role]) -> int:
    return len({role.avatar for role in roles.values()})


def _in_gaze(source: Shoot, row: int, role: Role, picture: rafd.Picture) -> bytes:
    """The file of a RaFD picture. Its touch is not of the gaze, so that the three are alike but for the eyes."""
    image = look(source.images[row], source.points[row], role.look.gaze(picture.gaze))
    take = touch(picture._replace(gaze="frontal").file_name)
    return encode(retouch(image, role.look, take, rafd.NATIVE_SIZES[0]), ".jpg")


def _picture(
    source: Shoot, row: int, role: Role, name: str, size: tuple[int, int], frame: Frame | None = None,
    in_grey: bool = False, sunglasses: bool = False,
) -> bytes:  # fmt: skip
    """The file ``name``: one of the shoot's pictures in a role, with a touch of its own."""
    image = put_on_sunglasses(source.images[row], source.points[row]) if sunglasses else source.images[row]
    drawn = retouch(image, role.look, touch(name), size, frame)
    return encode(grey(drawn) if in_grey else drawn, name[name.rindex(".") :])
