"""The paper's numbers are the defaults, and what cannot be is refused."""

from __future__ import annotations

import pytest

from fer_utils.errors import UsageError
from fer_utils.papers.claims import claim
from fer_utils.papers.gan_augmentation.settings import GANS, PARAMETERS, PROFILES, Settings
from fer_utils.papers.study import PROFILES as NAMES

TEXT = "gan_augmentation/text"


def stated(name: str) -> float:
    return float(claim(f"{TEXT}/{name}")["value"])


def test_the_defaults_are_what_the_paper_states() -> None:
    paper = PROFILES["paper"]
    dcgan, wgan, cgan = (paper.gan(kind) for kind in ("dcgan", "wgan_gp", "cgan"))
    assert (dcgan.batch_size, dcgan.epochs) == (stated("dcgan/all/batch_size"), stated("dcgan/all/epochs"))
    assert (wgan.batch_size, wgan.epochs) == (stated("wgan-gp/all/batch_size"), stated("wgan-gp/all/epochs"))
    assert cgan.batch_size == stated("cgan/all/batch_size")
    assert {paper.gan(kind).learning_rate for kind in GANS} == {stated("gans/all/learning_rate")}
    assert paper.generated == stated("generated/per_class/images")
    assert (paper.batch_size, paper.epochs) == (stated("cnns/all/batch_size"), stated("cnns/all/epochs"))
    assert (paper.rate, paper.df_rate) == (stated("cnns/all/learning_rate"), stated("df-svm/all/learning_rate"))
    frozen = stated("df-svm/vgg-13/frozen_layers"), stated("df-svm/vgg-16/frozen_layers")
    assert paper.df_frozen == frozen


def test_gans_are_grey_radford_s_and_gulrajani_s() -> None:
    paper = PROFILES["paper"]
    assert {paper.gan(kind).channels for kind in GANS} == {1} and {paper.gan(kind).image_size for kind in GANS} == {64}
    assert (paper.gan("dcgan").beta1, paper.gan("dcgan").latent) == (0.5, 100)
    for kind in ("wgan_gp", "cgan"):
        gan = paper.gan(kind)
        assert (gan.objective, gan.penalty, gan.critic_steps, gan.beta1, gan.beta2) == ("wgan_gp", 10, 5, 0, 0.9)


def test_in_the_paper_each_gan_starts_anew_and_epochs_decide() -> None:
    paper, quick = PROFILES["paper"], PROFILES["quick"]
    assert all(paper.gan_start(kind) is None and paper.gan(kind).steps == 0 for kind in GANS)
    assert [paper.goes_on_from(kind) for kind in GANS] == list(GANS)
    assert all(PROFILES[profile].goes_on_from("cgan") == "wgan_gp" for profile in ("quick", "evening"))
    assert all(paper.gan(kind).average == 0 and paper.gan(kind).critic_pace == 1 for kind in GANS)
    # The same networks and the same training but for its length, or weights could not be handed on.
    for kind in ("dcgan", "wgan_gp"):
        first = quick.gan_start(kind)
        assert first is not None and first.but(steps=0) == quick.gan(kind).but(steps=0)
    assert quick.gan_start("cgan") is None, "one network learns all classes anyway"


def test_reduced_networks_are_called_so() -> None:
    paper, quick = PROFILES["paper"], PROFILES["quick"]
    assert not paper.reduced and paper.title("ResNet-50") == "ResNet-50"
    assert quick.reduced and quick.title("ResNet-50") == "reduced ResNet" and quick.title("VGG-16") == "reduced VGG-16"
    for change in ({"narrower": 2}, {"batch_norm": True}, {"resnet_width": 32}):
        assert paper.but(init="random", **change).reduced


def test_every_profile_has_its_preset_and_evening_is_larger_than_quick() -> None:
    assert tuple(PROFILES) == NAMES
    quick, evening = PROFILES["quick"], PROFILES["evening"]
    assert evening.train_images is None and evening.test_images is None and evening.epochs > quick.epochs
    # As in the paper, a quarter more pictures.
    assert 6 * quick.generated / quick.train_images == pytest.approx(7_000 / 28_709, abs=0.03)
    assert evening.generated == PROFILES["paper"].generated


def test_no_picture_is_mirrored_in_training_or_the_arm_of_mirror_images_means_nothing() -> None:
    assert not any(settings.recipe("ResNet-50").mirror for settings in PROFILES.values())


def test_recipes_are_the_settings() -> None:
    paper, evening = (PROFILES[name].recipe("ResNet-50") for name in ("paper", "evening"))
    assert (paper.rate, paper.schedule, paper.momentum, paper.nesterov) == (1e-4, "constant", 0.0, False)
    assert (evening.schedule, evening.nesterov, evening.pixels) == ("one_cycle", True, "standardised")
    # A deep and narrow VGG needs a lower rate to learn at all in a few hundred steps.
    assert PROFILES["evening"].recipe("VGG-16").rate < evening.rate and PROFILES["paper"].recipe("VGG-16") == paper
    still = PROFILES["evening"].df_recipe()
    assert (still.rate, still.rotation, still.scale, still.schedule) == (PROFILES["evening"].df_rate, 0, 0, "constant")


def test_the_notebook_s_parameters_are_settings_by_name() -> None:
    given = {name: parameter.default for name, parameter in PARAMETERS.items()}
    quick = PROFILES["quick"]
    assert quick.with_knobs(given) == quick
    assert quick.with_knobs(given | {"epochs": 5, "mismatch": "first_frames"}) == quick.but(
        epochs=5, mismatch="first_frames"
    )


def test_every_value_says_where_it_comes_from() -> None:
    table = PROFILES["paper"].table().set_index("setting")["source"]
    assert table["df_rate"].startswith("Experiment, C") and table["momentum"] == "not stated"
    assert len(table) == len(vars(PROFILES["paper"])) and (table != "").all()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"mismatch": "a"}, "shared, contempt_as_neutral, first_frames"),
        ({"init": "imagnet"}, "Did you mean 'imagenet'"),
        ({"generated": 0}, "generated must be a whole number of at least 1"),
        ({"train_images": 2.5}, "whole number"),
        ({"side": 24}, "of at least 32"),
        ({"rate": 0.0}, "rate must be a number above 0"),
        ({"translation": 1.0}, "translation must be a number of at least 0 and below 1"),
        ({"narrower": 8}, "needs init='random'"),
        ({"pixels": "symmetric"}, "need pixels='imagenet'"),
        ({"cgan_start": True}, "wgan_start above 0"),
        ({"held_out": 1.0}, "held_out must be a number of at least 0 and below 1"),
        ({"epoch": 3}, "Did you mean 'epochs'"),
    ],
)
def test_refusals(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Settings().but(**wrong)


def test_an_unknown_gan() -> None:
    with pytest.raises(UsageError, match="Did you mean 'wgan_gp'"):
        Settings().gan("wgan_g")
