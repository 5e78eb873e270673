"""A rehearsal of every paper, small: drawn faces, the smoke profile, and in this process.

:mod:`tests.reproduce.test_rehearse` shows that a rehearsal runs each call in a process of its own and kills it for
good. Here every kind of unit passes one: what it returns is what was planned, and where it saves on its way it goes
on to the same bits after being stopped right after its first save.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from fer_utils import data
from fer_utils.papers.clifer import estimate as clifer
from fer_utils.papers.dcgan_svm import cast
from fer_utils.papers.dcgan_svm import estimate as dcgan_svm
from fer_utils.papers.planning import Call, Kind, Planner
from fer_utils.papers.registry import PAPERS, Paper
from fer_utils.reproduce import rehearse
from fer_utils.reproduce.knobs import NOTEBOOKS
from fer_utils.reproduce.rehearsed import Seen, look
from fer_utils.reproduce.units import unit_key
from fer_utils.reproduce.workers import name_of
from fer_utils.saving import EVERY
from tests.papers.clifer import conftest as paper_1
from tests.papers.dcgan_svm import conftest as paper_4
from tests.papers.gan_augmentation import conftest as paper_2
from tests.papers.landmark_ensemble import conftest as paper_3
from tests.papers.mobilenet_jaffe import conftest as paper_5

DRAWN: Mapping[str, Mapping[str, Callable[[], Any]]] = {
    "clifer": {"drawn": paper_1.make_drawn},
    "gan_augmentation": {"drawn": paper_2.make_target, "lab": paper_2.make_source},
    "landmark_ensemble": {"drawn": paper_3.make_drawn, "london": paper_3.make_drawn},
    "dcgan_svm": {"drawn": paper_4.make_drawn},
    "mobilenet_jaffe": {"drawn": paper_5.make_drawn},
}
KNOBS: Mapping[str, Mapping[str, Any]] = {
    "gan_augmentation": {"source": "lab", "train_images": 42, "test_images": 14, "generated": 3},
    "landmark_ensemble": {"wild": "none", "turned": None},
    "dcgan_svm": {"steps": 4, "width": 4},
    "mobilenet_jaffe": {"quota": 24, "tune": ["last_block"], "tune_quota": 24},
}
SAVING = {"imagination model", "GAN", "GAN on all classes", "classifier"}
UNDRAWN = "faces and landmarks"
"""No face is found in a drawing; tests/papers/landmark_ensemble/test_pipeline.py looks for them in photographs."""


class Stopped(BaseException):
    """Takes the place of a signal that nothing can catch."""


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call of a rehearsal runs in this process; it stops where another one would be killed."""
    replace = os.replace

    def in_this_process(kind: Kind, call: Call, cache: Path, until: float, dies: bool = False) -> Seen | None:
        def last(source: Any, target: Any, **where: Any) -> None:
            replace(source, target, **where)
            if dies and Path(target).parent == cache / kind.saves:
                raise Stopped

        with monkeypatch.context() as patch:
            patch.setenv("FER_CACHE", str(cache))
            patch.setenv(EVERY, "0")
            patch.setattr(os, "replace", last)
            try:
                return look(*name_of(kind.unit), call, {}, "")
            except Stopped:
                return None

    monkeypatch.setattr(rehearse, "_in_its_own_process", in_this_process)


@pytest.fixture
def planner(paper: Paper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planner:
    """What a paper asks for at smoke, of drawn faces."""
    monkeypatch.setenv("FER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(data, "load", lambda name: DRAWN[paper.name][name]())
    monkeypatch.setattr(cast, "crop_faces", lambda faces, *_, **__: (faces, None))
    monkeypatch.setattr(dcgan_svm, "cast", lambda dataset: {name: paper_4.CAST[name] for name in ("celeba", "frontal")})
    monkeypatch.setattr(
        "fer_utils.papers.mobilenet_jaffe.study.crop_faces",
        lambda faces, *_, **__: (faces.with_images(255 - faces.images), None),
    )
    # For reading: what the planner makes up must not look void.
    tiny = paper_1.SETTINGS.but(mlp=paper_1.SETTINGS.mlp.but(epochs=1), for_reading=True)
    monkeypatch.setitem(clifer.PROFILES, "smoke", tiny)
    defaults = {name: parameter.default for name, parameter in NOTEBOOKS[paper.notebook].items()}
    estimate = paper.part("estimate")
    planner = Planner(estimate.KINDS, unit_key)
    estimate.ask({**defaults, "profile": "smoke", "dataset": "drawn", **KNOBS.get(paper.name, {})}, planner)
    return planner


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_kind_of_unit_passes_a_rehearsal(paper: Paper, planner: Planner) -> None:
    rows = []
    for (_, variant), asked in planner.variants.items():
        if asked.kind.title != UNDRAWN:
            rows.append(rehearse._rehearse(asked, variant, time.monotonic() + 3600))
    for row in rows:
        saves = row.title.partition(",")[0] in SAVING
        assert row.resumed is (True if saves else None), f"{row.title}: another end after being stopped"
        assert row.seen is not None and row.seen.seconds > 0 and row.count > 0 and row.scale > 0
    table = rehearse.table_of(rows)
    assert set(table["rehearsed"]) == {"yes"} and table[["peak GB", "hours here"]].notna().all(axis=None)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_what_a_card_would_do_is_counted_and_not_done(paper: Paper, planner: Planner) -> None:
    counted = {title: rehearse.counted(asked) for title, asked in ((a.kind.title, a) for a in planner.asked.values())}
    trained = {"clifer": "imagination model", "gan_augmentation": "classifier", "landmark_ensemble": "training",
               "dcgan_svm": "GAN", "mobilenet_jaffe": "more than the head"}[paper.name]  # fmt: skip
    steps, operations, launches = counted[trained]
    assert steps > 0 and operations > 1_000 * steps and launches > 10 * steps
    assert counted["leak audit"] == (0, 0, 0)
