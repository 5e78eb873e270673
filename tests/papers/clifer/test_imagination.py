"""Sizes that can be counted, losses that can be worked out, and a training that goes on where it stopped."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fer_utils.errors import FerError, UsageError
from fer_utils.papers.clifer import imagination
from fer_utils.papers.clifer.draws import draw
from fer_utils.papers.clifer.imagination import (
    CONDITIONS,
    LOSSES,
    Imagination,
    imagined_weight,
    looks,
    total_variation,
    train,
)
from fer_utils.papers.clifer.networks import (
    Encoder,
    Generator,
    ImageDiscriminator,
    as_pictures,
    as_tensor,
    classifier,
    count_parameters,
    latent_discriminator,
    signs,
)
from fer_utils.papers.clifer.settings import IMAGINATIONS, PROFILES, ImaginationSettings
from fer_utils.saving import EVERY
from tests.papers.clifer.conftest import TINY

SCHEDULES = {
    "joint": TINY,
    "alternating": TINY.but(schedule="alternating", fakes="prior", label_before=False, encoder_dense=6, n_conditions=7,
                            decay_to_zero=True, flip=True),
}  # fmt: skip


@pytest.fixture(scope="module")
def faces() -> tuple[np.ndarray, np.ndarray]:
    """60 pictures of 16 pixels whose brightness is their class."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 6
    images = rng.integers(0, 60, (60, 16, 16, 3)) + 30 * labels[:, None, None, None]
    return images.astype(np.uint8), labels


# -- sizes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("preset", "encoder"), [("paper", 5_228_210), ("authors", 23_233_202)])
def test_parameters_of_the_full_size(preset: str, encoder: int) -> None:
    settings = IMAGINATIONS[preset]
    assert count_parameters(Encoder(settings)) == encoder
    assert count_parameters(classifier(50, 6)) == 6_262
    # Weights, shifts, moving means and variances: 64, 32 and 16 of each norm, and one output.
    assert count_parameters(latent_discriminator(50)) == 50 * 64 + 64 * 32 + 32 * 16 + 16 + 4 * 112 + 1
    generator = Generator(settings)
    assert generator.times == 50 // settings.n_conditions
    assert generator.dense.in_features == {"paper": 98, "authors": 99}[preset]


@pytest.mark.parametrize("preset", IMAGINATIONS)
def test_shapes_of_the_full_size(preset: str) -> None:
    settings = IMAGINATIONS[preset]
    images, labels = torch.zeros(2, 3, 96, 96), torch.tensor([0, 5])
    with torch.no_grad():
        codes = Encoder(settings)(images)
        made = Generator(settings)(codes, labels)
        judged = ImageDiscriminator(settings)(made, labels)
    assert codes.shape == (2, 50) and made.shape == images.shape and judged.shape == (2, 1)
    assert codes.abs().max() < 1 and made.abs().max() < 1


def test_the_paper_s_numbers() -> None:
    paper = IMAGINATIONS["paper"]
    weights = [paper.weight_rec, paper.weight_id, paper.weight_z, paper.weight_img, paper.weight_class, paper.weight_tv]
    assert weights == [1, 0.33, 0.01, 0.01, 0.1, 8.5e-5]
    assert (paper.learning_rate, paper.batch_size, paper.image_size, paper.code_size) == (2e-4, 49, 96, 50)
    assert paper.encoder_widths == (64, 128, 256, 512) and paper.generator_widths == (1024, 512, 256, 128, 64, 32)
    assert not paper.match_prior and PROFILES["paper"].imagination == paper


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"image_size": 100}, "multiple of 16"),
        ({"schedule": "jont"}, "Did you mean 'joint'?"),
        ({"fakes": "real"}, "translated, prior"),
        ({"encoder_widths": (4, 4)}, "4 entries"),
        ({"generator_widths": (4, 4)}, "at least 5"),
        ({"batch_size": 1}, "at least 2"),
        ({"epochs": 0}, "at least 1"),
        ({"warm_up": -1}, "of at least 0"),
        ({"epoch": 1}, "Did you mean 'epochs'?"),
    ],
)
def test_refusals(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as made:
        ImaginationSettings().but(**wrong)
    assert words in str(made.value)


# -- losses ----------------------------------------------------------------------------------------


def test_labels_are_signs() -> None:
    np.testing.assert_array_equal(signs(torch.tensor([1]), 3).numpy(), [[-1, 1, -1]])


def test_total_variation_by_hand() -> None:
    picture = torch.zeros(2, 1, 2, 2)
    picture[0, 0, 0, 0] = 1.0  # differs from one neighbour below and one beside it
    assert total_variation(picture).item() == pytest.approx((2 + 0) / 2)


def test_the_weight_of_imagined_faces_is_exp_of_minus_the_epoch() -> None:
    assert imagined_weight(0, 1.0) == 1 and imagined_weight(2, 1.0) == pytest.approx(math.exp(-2))
    assert imagined_weight(2, 0.5) == pytest.approx(math.exp(-1))


def test_a_discriminator_that_knows_nothing_loses_ln_2() -> None:
    assert looks(torch.zeros(5, 1), True).item() == pytest.approx(math.log(2))
    assert looks(torch.tensor([[9.0]]), False).item() == pytest.approx(9 + math.log1p(math.exp(-9)), rel=1e-5)


def test_pictures_come_back_as_they_went() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    given = as_tensor(torch.from_numpy(images))
    np.testing.assert_array_equal(as_pictures(given), images)
    assert given.min() >= -1 and given.max() <= 1


# -- training --------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_network_learns_and_every_loss_is_told(schedule: str, faces: tuple[np.ndarray, np.ndarray]) -> None:
    settings = SCHEDULES[schedule]
    trainer = imagination.Trainer(settings, range(6), 0)
    before = trainer.state()
    told = trainer.epoch(*faces, 0)
    assert told.shape == (len(LOSSES),) and np.isfinite(told).all()
    after = trainer.state()
    for name in ("E", "G", "D_img", "D_z", "C"):
        moved = [key for key in before if key.startswith(f"{name}.") and not np.array_equal(before[key], after[key])]
        assert moved, f"{name} has not learnt anything"


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_warm_up_trains_e_and_g_by_the_reconstruction_alone(
    schedule: str, faces: tuple[np.ndarray, np.ndarray]
) -> None:
    trainer = imagination.Trainer(SCHEDULES[schedule].but(warm_up=1), range(6), 0)
    before = trainer.state()
    told = dict(zip(LOSSES, trainer.epoch(*faces, 0), strict=True))
    assert np.isfinite(told["rec"]) and all(np.isnan(told[name]) for name in LOSSES if name != "rec")
    after = trainer.state()
    moved = {key.split(".")[0] for key in before if not np.array_equal(before[key], after[key])}
    assert moved == {"E", "G"}
    assert np.isfinite(trainer.epoch(*faces, 1)).all()


def test_the_epochs_of_the_paper_are_counted_from_the_end_of_the_warm_up(
    faces: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(imagination, "imagined_weight", lambda epoch, decay: asked.append(epoch) or 1.0)
    history = train(*faces, TINY.but(warm_up=3, epochs=2), seed=0)["history"]
    assert len(history) == 5 and sorted(set(asked)) == [0, 1]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_training_that_was_stopped_goes_on_to_the_same_bits(
    schedule: str, faces: tuple[np.ndarray, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EVERY, "0")
    settings = SCHEDULES[schedule].but(warm_up=1, epochs=3)
    whole = train(*faces, settings, seed=3)

    class Stopped(Exception):
        pass

    unbroken = imagination.Trainer.epoch

    def stops(self: imagination.Trainer, images: np.ndarray, labels: np.ndarray, epoch: int) -> np.ndarray:
        if epoch == 2:
            raise Stopped
        return unbroken(self, images, labels, epoch)

    monkeypatch.setattr(imagination.Trainer, "epoch", stops)
    with pytest.raises(Stopped):
        train(*faces, settings, seed=3, checkpoint=tmp_path / "half.npz")
    monkeypatch.setattr(imagination.Trainer, "epoch", unbroken)
    resumed = train(*faces, settings, seed=3, checkpoint=tmp_path / "half.npz")
    assert resumed.keys() == whole.keys()
    for name in whole:
        np.testing.assert_array_equal(resumed[name], whole[name], err_msg=name)


@pytest.mark.parametrize("damage", ["no archive", "a bit of a weight"])
def test_a_damaged_checkpoint_starts_anew(
    faces: tuple[np.ndarray, np.ndarray], tmp_path: Path, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, damage: str,
) -> None:  # fmt: skip
    monkeypatch.setenv(EVERY, "0")
    path = tmp_path / "broken.npz"
    whole = train(*faces, TINY, seed=0, checkpoint=path)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 4
    path.write_bytes(b"PK not really" if damage == "no archive" else raw)
    found = train(*faces, TINY, seed=0, checkpoint=path)
    for name in whole:
        np.testing.assert_array_equal(found[name], whole[name], err_msg=name)
    assert capfd.readouterr().err.count("broken.npz in the cache cannot be used") == 1


def test_a_seed_decides(faces: tuple[np.ndarray, np.ndarray]) -> None:
    first, other = (train(*faces, TINY.but(epochs=1), seed=seed) for seed in (0, 1))
    assert not np.array_equal(first["E.layers.0.weight"], other["E.layers.0.weight"])


def test_reconstruction_gets_better(faces: tuple[np.ndarray, np.ndarray]) -> None:
    alone = {"weight_img": 0.0, "weight_z": 0.0, "weight_class": 0.0, "weight_tv": 0.0}
    settings = TINY.but(epochs=8, learning_rate=5e-3, batch_size=5, **alone)
    history = train(*faces, settings, seed=0)["history"]
    assert history[-1, 0] < 0.7 * history[0, 0]


@pytest.mark.parametrize(("side", "ratio"), [(48, 2.35), (96, 9.40)])
def test_the_paper_s_total_variation_outweighs_its_reconstruction_at_a_pixel(side: int, ratio: float) -> None:
    """Why one face is left for everybody: L_rec is a mean over 3 S^2 numbers, L_tv a sum over them."""
    paper, image = IMAGINATIONS["paper"], torch.zeros(1, 3, side, side)
    made = image.clone()
    made[0, 1, 5, 5] = 0.5  # one detail, which the reconstruction is about to remove too
    slopes = []
    for weight, loss in ((paper.weight_rec, imagination.reconstruction_loss), (paper.weight_tv, None)):
        here = made.clone().requires_grad_()
        (weight * (total_variation(here) if loss is None else loss(image, here))).backward()
        slopes.append(here.grad[0, 1, 5, 5].item())
    assert slopes[1] / slopes[0] == pytest.approx(4 * 8.5e-5 * 3 * side**2, rel=1e-5) == pytest.approx(ratio, rel=2e-3)


def test_how_hard_each_loss_pulls(faces: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = faces[0][:8], faces[1][:8]
    trainer = imagination.Trainer(TINY, range(6), 0)
    before = trainer.state()
    found = trainer.pulls(images, labels)
    assert list(found) == ["rec", "tv", "z", "img", "class"]  # TINY has no identity network
    assert found["z"][1] == 0 < found["z"][0]  # L_z asks E only
    assert all(min(found[name]) > 0 for name in ("rec", "tv", "img", "class"))
    heavier = imagination.Trainer(TINY.but(weight_rec=10.0), range(6), 0).pulls(images, labels)
    np.testing.assert_allclose(heavier["rec"], 10 * np.array(found["rec"]), rtol=1e-4)
    for name, value in trainer.state().items():
        if "running" not in name and "tracked" not in name:
            np.testing.assert_array_equal(value, before[name], err_msg=name)


def test_disgust_is_never_imagined(faces: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    goals: set[int] = set()

    def told(*given: Any) -> dict[str, torch.Tensor]:
        drawn = draw(*given)
        goals.update(drawn["goal"].tolist())
        return drawn

    monkeypatch.setattr(imagination, "draw", told)
    train(faces[0], np.arange(len(faces[0])) % 7, TINY.but(n_conditions=7), seed=0)
    assert goals == set(range(6)) and CONDITIONS.index("disgust") == 6


# -- using it --------------------------------------------------------------------------------------


def test_what_a_trained_model_gives(faces: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = faces
    model = Imagination(TINY, train(images, labels, TINY, seed=0))
    codes = model.encode(images)
    assert codes.shape == (60, 50) and codes.dtype == np.float64 and np.abs(codes).max() < 1
    assert model.imagine(codes[:3], [0, 4]).shape == (3, 2, 50)
    pictures = model.pictures(codes[:3], [0, 4])
    assert pictures.shape == (3, 2, 16, 16, 3) and pictures.dtype == np.uint8
    np.testing.assert_allclose(model.encode(pictures[:, 1]), model.imagine(codes[:3], [4])[:, 0], atol=0.02)
    np.testing.assert_allclose(model.read(codes).sum(axis=1), 1, rtol=1e-5)
    assert model.imagine(codes[:0], [0]).shape == (0, 1, 50)


def test_codes_can_be_given_the_prior_s_spread(faces: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = faces
    plain, spread = (train(images, labels, TINY.but(match_prior=match), seed=0) for match in (False, True))
    model, same = Imagination(TINY, spread), Imagination(TINY, plain)
    codes = model.encode(images)
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=1e-6)
    assert np.median(codes.std(axis=0)) == pytest.approx(1 / math.sqrt(3), rel=1e-6)
    inside = codes * spread["code_scale"] + spread["code_mean"]
    np.testing.assert_allclose(inside, same.encode(images), atol=1e-6)
    # This little network hardly hears codes near 0. They are rounded on two ways, so a pixel may be a grey level apart.
    far = 50 * codes[:2]
    drawn, expected = model.pictures(far, [1]), same.pictures(far * spread["code_scale"] + spread["code_mean"], [1])
    np.testing.assert_allclose(drawn.astype(int), expected, atol=1)
    assert (drawn != expected).mean() < 0.01 < 0.1 < (same.pictures(far, [1]) != expected).mean()
    np.testing.assert_allclose(model.read(codes), same.read(same.encode(images)), atol=1e-5)


def test_weights_of_another_size_are_refused(faces: tuple[np.ndarray, np.ndarray]) -> None:
    arrays = train(*faces, TINY.but(epochs=1), seed=0)
    with pytest.raises(FerError, match="do not fit network E"):
        Imagination(TINY.but(encoder_widths=(4, 4, 8, 12)), arrays)
