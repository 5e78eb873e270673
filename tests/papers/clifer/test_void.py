"""A run whose encoder or memory has learnt nothing is stopped with a sentence; a healthy one is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from fer_utils.errors import FerError
from fer_utils.faces import FaceSet
from fer_utils.papers.clifer import protocol
from fer_utils.papers.clifer.protocol import TEST_CONDITIONS, learn_person
from fer_utils.papers.clifer.settings import PROFILES
from fer_utils.papers.clifer.study import Study
from fer_utils.papers.clifer.void import MOST, check_codes, check_memories
from tests.papers.clifer.conftest import DIMENSIONS, SETTINGS, person_codes

PLAIN = {"code_mean": np.zeros(DIMENSIONS), "code_scale": np.ones(DIMENSIONS)}
ORDERS = [[0, 1, 2, 3, 4, 5], [5, 3, 1, 0, 2, 4]]
RNG = np.random.default_rng(0)


# -- codes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "codes",
    [
        person_codes(0)["codes"],
        RNG.uniform(-1, 1, (40, DIMENSIONS)),
        np.sign(RNG.normal(size=(40, DIMENSIONS))),  # at the ends of tanh, and yet different for each face
        np.where(np.arange(DIMENSIONS) < 20, 0.3, RNG.uniform(-1, 1, (40, DIMENSIONS))),  # some numbers are idle
    ],
    ids=["a person", "the prior", "two-valued", "idle numbers"],
)
def test_codes_that_vary_pass(codes: np.ndarray) -> None:
    check_codes(codes, PLAIN, "here")


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        (np.sign(RNG.normal(size=DIMENSIONS)) * np.full((40, 1), 0.999), ["100 % of them are beyond 0.99", "40 faces"]),
        (0.2 + 1e-3 * RNG.normal(size=(40, DIMENSIONS)), ["0 % of them", "at least 0.01"]),
        (np.full((40, DIMENSIONS), np.nan), ["not numbers"]),
    ],
    ids=["saturated", "one code for all", "nan"],
)
def test_codes_that_do_not_vary_stop_the_run(inside: np.ndarray, words: list[str]) -> None:
    # As match_prior leaves them: blown up to the spread of U(-1, 1).
    model = {"code_mean": inside.mean(axis=0), "code_scale": np.maximum(inside.std(axis=0), 1e-4)}
    with pytest.raises(FerError) as made:
        check_codes((inside - model["code_mean"]) / model["code_scale"], model, "cmu_faces, published, model 0")
    for word in ["cmu_faces, published, model 0", "more epochs", "initial", *words]:
        assert word in str(made.value)


# -- memories --------------------------------------------------------------------------------------


def answered(condition: str, person: int = 0, scale: float = 1.0) -> dict[str, Any]:
    data, rows = person_codes(person, frames=6), np.arange(72)
    found = learn_person(
        codes=scale * data["codes"], labels=data["labels"], train=rows, test=rows, orders=ORDERS, condition=condition,
        settings=SETTINGS, seed=0,
    )  # fmt: skip
    return {"condition": condition, **found}


def test_memories_that_learn_pass_whatever_the_network_without_one_answers() -> None:
    healthy = [answered(condition) for condition in ("GDM", "GDM + replay")]
    forgetful = {"condition": "MLP", "sizes": np.zeros((2, 6, 2), int), "predicted": np.full((2, 6, 2, 72), 5)}
    check_memories([*healthy, forgetful], "here")


def test_codes_too_near_for_the_threshold_grow_nothing() -> None:
    with pytest.raises(FerError, match=r"drawn, sound, GDM: GDM-E did not grow .* in 100 % .* activation threshold"):
        check_memories([answered("GDM", scale=1e-3)], "drawn, sound")


def test_a_memory_that_answers_one_class_stops_the_run() -> None:
    found = answered("GDM + replay")
    found["predicted"][:, -1, 0] = 3
    with pytest.raises(FerError, match=r"GDM \+ replay: GDM-E gives every test frame the same answer"):
        check_memories([answered("GDM"), found], "here")


def test_a_few_people_that_cannot_be_learnt_do_not_make_a_run_void() -> None:
    healthy, void = answered("GDM"), answered("GDM", scale=1e-3)
    check_memories([healthy] + [void] * 8, "here")  # 8 of 9 are fewer than 90 %
    assert 8 / 9 < MOST <= 9 / 10
    with pytest.raises(FerError, match="in 90 % of all people"):
        check_memories([healthy] + [void] * 9, "here")


# -- in a study ------------------------------------------------------------------------------------


class Planted:
    """Results that were stored long ago: nothing is trained; codes and memories are what they were planted to be."""

    def __init__(self, codes: Callable[[int], np.ndarray], size: int) -> None:
        self.codes, self.size, self.asked = codes, size, []

    def __call__(self, function: Callable, calls: Sequence[Mapping[str, Any]], stage: str) -> list[dict[str, Any]]:
        self.asked.append(function)
        if function is protocol.train_imagination:
            return [{**PLAIN, "history": np.zeros((1, 8))} for _ in calls]
        if function is protocol.encode:
            return [{"codes": self.codes(len(call["faces"]))} for call in calls]
        return [self._memory(call) for call in calls]

    def _memory(self, call: Mapping[str, Any]) -> dict[str, Any]:
        shape, steps = (len(call["orders"]), 6, 2), len(call["test"])
        return {
            "predicted": np.broadcast_to(np.arange(steps) % 6, (*shape, steps)).astype(np.int8),
            "sizes": np.full(shape, 0 if call["condition"].startswith("MLP") else self.size),
        }


def varied(count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (count, DIMENSIONS))


def constant(count: int) -> np.ndarray:
    return np.full((count, DIMENSIONS), 0.999)


@pytest.mark.parametrize("name", ["published", "sound"])
def test_a_study_checks_what_it_uses_also_if_it_was_stored(drawn: FaceSet, name: str) -> None:
    reading = SETTINGS.but(for_reading=True)
    healthy = Study(drawn, reading, [0], Planted(varied, 9))
    assert len(healthy.answers(name)) >= 4 * len(TEST_CONDITIONS)
    mapper = Planted(constant, 9)
    with pytest.raises(FerError, match=f"drawn, {name}, imagination model 0: the encoder gives 144 faces"):
        Study(drawn, reading, [0], mapper).scores(name)
    assert protocol.learn_person not in mapper.asked, "hours of memories on codes that tell nothing"
    with pytest.raises(FerError, match=f"drawn, {name}, GDM: GDM-E did not grow"):
        Study(drawn, reading, [0], Planted(varied, 2)).scores(name)


def test_only_a_run_that_is_not_for_reading_goes_on(drawn: FaceSet) -> None:
    Study(drawn, SETTINGS.but(for_reading=False), [0], Planted(constant, 2)).scores("published")
    assert {name: profile.for_reading for name, profile in PROFILES.items()} == {
        "smoke": False, "quick": True, "evening": True, "paper": True,
    }  # fmt: skip
