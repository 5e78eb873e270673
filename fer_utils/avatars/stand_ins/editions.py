"""The editions of data sets that people really hold, beside the official ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from io import BytesIO

from PIL import Image

from fer_utils.avatars.stand_ins.cohn_kanade import plan_ckextended
from fer_utils.avatars.stand_ins.plan import Part, Plan
from fer_utils.avatars.stand_ins.posed import plan_jaffe, plan_kdef, plan_rafd
from fer_utils.avatars.stand_ins.wild import plan_fer2013_folders, plan_icml, plan_raf_db, plan_sfew_aligned

_KINDS = {".png": "PNG", ".jpg": "JPEG", ".tif": "TIFF"}


def encoded_again(plan: Callable[..., Plan], suffix: str, small: bool = False) -> Plan:
    """The pictures of a plan in files of another kind, whose names end accordingly."""
    official = plan(small=small)
    parts = [
        Part(part.path.rpartition(".")[0] + suffix, partial(_converted, part.content, _KINDS[suffix]))
        for part in official.parts
    ]
    return replace(official, parts=parts, differs=[f"pictures were encoded again as {suffix}", *official.differs])


def flat(plan: Callable[..., Plan], small: bool = False) -> Plan:
    """All files of a plan in one folder."""
    official = plan(small=small)
    parts = [part._replace(path=part.path.rpartition("/")[2]) for part in official.parts]
    return replace(official, parts=parts, differs=["all files lie in one folder", *official.differs])


def _converted(content: Callable[[], bytes], kind: str) -> bytes:
    stream = BytesIO()
    with Image.open(BytesIO(content())) as picture:
        picture.save(stream, kind)
    return stream.getvalue()


EDITIONS: dict[str, dict[str, Callable[..., Plan]]] = {
    "jaffe": {
        "tif": partial(encoded_again, plan_jaffe, ".tif"),
        "png": partial(encoded_again, plan_jaffe, ".png"),
        "jpg": partial(encoded_again, plan_jaffe, ".jpg"),
    },
    "ck_plus": {"ckextended": plan_ckextended},
    "fer2013": {"icml": plan_icml, "folders": plan_fer2013_folders},
    "sfew": {"aligned": plan_sfew_aligned},
    "raf_db": {"folders": partial(plan_raf_db, folders=True)},
    "kdef": {"flat": partial(flat, plan_kdef)},
    "rafd": {"frontal": partial(plan_rafd, gazes=("frontal",), frontal_only=True)},
}
"""By data set and edition; each takes ``small``."""
