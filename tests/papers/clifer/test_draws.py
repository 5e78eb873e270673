"""What a training step of the imagination model is given is drawn before the epoch begins."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fer_utils.papers.clifer.draws import draw, drawn_labels
from fer_utils.papers.clifer.settings import ImaginationSettings
from tests.papers.clifer.conftest import TINY

TARGETS = torch.tensor([0, 2, 5])
SETTINGS = TINY.but(batch_size=8, flip=True)


@pytest.mark.parametrize(("faces", "used"), [(20, 20), (16, 16), (17, 16)])
def test_each_face_is_shown_once_but_for_one_that_is_left_alone(faces: int, used: int) -> None:
    drawn = draw(SETTINGS, TARGETS, faces, 0, 0, False)
    assert len(set(drawn["rows"].tolist())) == len(drawn["rows"]) == used
    assert len(drawn["turned"]) == len(drawn["goal"]) == drawn["priors"].shape[1] == used


def test_an_epoch_has_draws_of_its_own_and_the_same_each_time() -> None:
    one, again, next_one = (draw(SETTINGS, TARGETS, 40, 3, epoch, False) for epoch in (0, 0, 1))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not any(torch.equal(one[name], next_one[name]) for name in one)


def test_a_batch_s_draws_do_not_depend_on_how_many_follow() -> None:
    noise = torch.Generator().manual_seed(int(np.random.SeedSequence((3, 0)).generate_state(1)[0]))
    torch.rand(8, generator=noise)
    assert torch.equal(draw(SETTINGS, TARGETS, 40, 3, 0, False)["goal"][:8], drawn_labels(TARGETS, 8, noise))


def test_the_warm_up_imagines_nothing() -> None:
    assert set(draw(SETTINGS, TARGETS, 20, 0, 0, True)) == {"rows", "turned"}
    assert set(draw(SETTINGS.but(flip=False), TARGETS, 20, 0, 0, True)) == {"rows"}


@pytest.mark.parametrize(
    ("settings", "sets"),
    [
        (SETTINGS.but(schedule="joint", fakes="prior"), 3),
        (SETTINGS.but(schedule="joint", fakes="translated"), 1),
        (SETTINGS.but(schedule="alternating", fakes="prior"), 2),
        (SETTINGS.but(schedule="alternating", fakes="translated"), 1),
    ],
)
def test_labels_and_codes_to_imagine_from(settings: ImaginationSettings, sets: int) -> None:
    drawn = draw(settings, TARGETS, 200, 0, 0, False)
    assert set(drawn["goal"].tolist()) == {0, 2, 5}
    assert drawn["priors"].shape == (sets, 200, settings.code_size)
    assert -1 <= drawn["priors"].min() < -0.99 and 0.99 < drawn["priors"].max() <= 1
