"""What a dry run hears of notebook 02: the calls that the study makes, results of the right shape, probes that run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from fer_utils.faces import FaceSet
from fer_utils.papers.gan_augmentation import estimate as room
from fer_utils.papers.gan_augmentation.claims import results
from fer_utils.papers.gan_augmentation.settings import GANS, PARAMETERS, PROFILES
from fer_utils.papers.gan_augmentation.study import Study
from fer_utils.papers.planning import Call, Planner
from fer_utils.papers.study import PROTOCOLS, Unit
from fer_utils.reproduce.units import unit_key
from tests.papers.gan_augmentation.conftest import make_source

KNOBS = {"train_images": 42, "test_images": 14, "generated": 3, "epochs": 4}
KINDS = {kind.unit: kind for kind in room.KINDS}


@pytest.fixture
def parameters(target: FaceSet, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The notebook's at smoke, on drawn faces."""
    monkeypatch.setattr(room.data, "load", lambda name: {"drawn": target, "lab": make_source()}[name])
    defaults = {name: parameter.default for name, parameter in PARAMETERS.items()}
    return {**defaults, "dataset": "drawn", "source": "lab", "profile": "smoke", "seeds": [0, 1], **KNOBS}


@pytest.fixture(params=["each from the start", "one on all classes first"])
def both_ways(request: pytest.FixtureRequest, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> int:
    """Smoke as it is and without a first GAN for all classes: how many such GANs there are."""
    if request.param == "one on all classes first":
        return 2
    monkeypatch.setitem(PROFILES, "smoke", PROFILES["smoke"].but(dcgan_start=0, wgan_start=0, cgan_start=False))
    return 0


class Listening:
    """Keeps the names of what is asked for, and answers with zeros, but for GANs with other pictures for each call."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(self, unit: Unit, calls: Sequence[Call], stage: str) -> list[dict[str, Any]]:
        return [self._answer(unit, call) for call in calls]

    def _answer(self, unit: Unit, call: Call) -> dict[str, Any]:
        self.names.append(unit_key(unit, call))
        result = KINDS[unit].result(call)
        if "pictures" in result:
            random = np.random.default_rng(int(self.names[-1], 16))
            result["pictures"] = random.integers(0, 256, result["pictures"].shape).astype(np.uint8)
        return result


def test_it_asks_for_what_the_notebook_computes(parameters: dict[str, Any], target: FaceSet, both_ways: int) -> None:
    asked, done = Listening(), Listening()
    room.ask(parameters, asked)
    study = Study(target, "lab", PROFILES["smoke"].but(**KNOBS), [0, 1], done)
    for kind in GANS:
        study.gans(kind)
    study.quality("mobilenet")
    for protocol in PROTOCOLS:
        results(study, protocol)
    assert set(asked.names) == set(done.names)
    # Two audits, thirteen GANs and those that some start from, image quality, DF-SVM twice, and each classifier.
    assert len(set(asked.names)) == 2 + 13 + both_ways + 1 + 2 + 2 * (2 * 4 + 5)


def test_a_planner_counts_each_call_once(parameters: dict[str, Any]) -> None:
    planner = Planner(room.KINDS, unit_key)
    room.ask(parameters, planner)
    counts = {kind.title: len(planner.asked[kind.unit].work) for kind in room.KINDS}
    # Two that six classes each go on from, and one CGAN.
    assert (
        counts.items() >= {"leak audit": 2, "GAN on all classes": 2, "GAN": 13, "image quality": 1, "DF-SVM": 2}.items()
    )
    for asked in planner.asked.values():
        assert min(asked.work) > 0 and asked.memory > 0 and asked.stored >= 0


def shapes(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: shapes(each) for key, each in value.items()}
    return (value.shape, value.dtype) if isinstance(value, np.ndarray) else type(value)


@pytest.mark.parametrize("title", [kind.title for kind in room.KINDS])
def test_results_have_the_right_shapes_and_probes_run(title: str, parameters: dict[str, Any]) -> None:
    (kind,) = (kind for kind in room.KINDS if kind.title == title)
    planner = Planner(room.KINDS, unit_key)
    room.ask({**parameters, "protocol": "sound", "seeds": [0]}, planner)
    call = planner.asked[kind.unit].example
    assert call is not None
    probe = kind.probe(call)
    returned, promised = shapes(kind.unit(**probe)), shapes(kind.result(probe))
    if title == "leak audit":
        # Which kinds of leak a set can tell depends on its table.
        returned["counts"] = dict.fromkeys(returned["counts"], int)
    if title == "image quality":
        returned, promised = ({name: sorted(each) for name, each in found.items()} for found in (returned, promised))
    assert returned == promised


def test_probes_of_the_papers_own_sizes_are_a_small_part(parameters: dict[str, Any]) -> None:
    planner = Planner(room.KINDS, unit_key)
    room.ask({**parameters, "profile": "paper", "protocol": "sound", "seeds": [0]}, planner)
    for title in ("GAN", "DF-SVM", "classifier"):
        (kind,) = (kind for kind in room.KINDS if kind.title == title)
        asked = planner.asked[kind.unit]
        assert asked.example is not None
        assert kind.work(kind.probe(asked.example)) < max(asked.work) / 4
