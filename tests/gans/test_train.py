"""The training loop: it learns, repeats itself, and goes on where it was stopped."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from fer_utils.errors import FerError
from fer_utils.gans.checkpoint import load_state, save_state
from fer_utils.gans.networks import Discriminator, Generator, initialise
from fer_utils.gans.settings import WGAN_GP, GanSettings
from fer_utils.gans.train import LABELLED, TrainedGan, _Loop, _State, generate, train, weights
from tests.gans.conftest import TINY, labels_for


def same(one: TrainedGan, other: TrainedGan) -> bool:
    states = [{**gan.generator.state_dict(), **gan.discriminator.state_dict()} for gan in (one, other)]
    weights = all(torch.equal(value, states[1][name]) for name, value in states[0].items())
    return weights and np.array_equal(one.history, other.history) and np.array_equal(one.grids, other.grids)


def test_the_same_seed_gives_the_same_bits_and_another_does_not(settings: GanSettings, pictures: np.ndarray) -> None:
    labels = labels_for(settings)
    first, again, other = (train(pictures, settings, seed, labels=labels, grid_epochs=(0, 4)) for seed in (0, 0, 1))
    assert same(first, again) and not same(first, other)
    assert first.grids.shape == (2, 64, 16, 16, 3) and not np.array_equal(first.grids[0], first.grids[1])
    steps = 20 // 8 // settings.critic_steps * 4
    assert first.history.shape == (steps, 4) and np.isfinite(first.history).all()


def test_a_stopped_run_goes_on_to_the_same_bits(settings: GanSettings, pictures: np.ndarray, tmp_path: Path) -> None:
    how = {"labels": labels_for(settings), "grid_epochs": (0, 1, 4)}
    whole = train(pictures, settings, 3, **how)
    path = tmp_path / "gan.npz"
    half = train(pictures, settings, 3, **how, checkpoint=path, stop_after=2)
    assert len(half.history) * 2 == len(whole.history) and not same(half, whole)
    # A wrong state of any part (moments, noise, order) would show in the weights.
    assert same(train(pictures, settings, 3, **how, checkpoint=path), whole)


def test_steps_cut_the_last_epoch_short(settings: GanSettings, pictures: np.ndarray, tmp_path: Path) -> None:
    labels, path = labels_for(settings), tmp_path / "gan.npz"
    an_epoch = settings.steps_an_epoch(20)
    assert an_epoch == 20 // 8 // settings.critic_steps
    by_epochs = train(pictures, settings.but(epochs=3), 0, labels=labels)
    by_steps = train(pictures, settings.but(steps=3 * an_epoch), 0, labels=labels)
    assert same(by_epochs, by_steps), "as many steps as three epochs have"
    odd = settings.but(steps=2 * an_epoch + 1)
    whole = train(pictures, odd, 0, labels=labels)
    assert len(whole.history) == odd.all_steps(20) == odd.steps
    assert np.array_equal(whole.history, by_epochs.history[: odd.steps])
    train(pictures, odd, 0, labels=labels, checkpoint=path, stop_after=1)
    assert same(train(pictures, odd, 0, labels=labels, checkpoint=path), whole)


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_gan_goes_on_from_another(
    settings: GanSettings, pictures: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, average: float
) -> None:
    # Three batches settle the mean generator as well as forty: what is compared is bits.
    monkeypatch.setattr("fer_utils.gans.train.SETTLING", 3)
    labels, path, settings = labels_for(settings), tmp_path / "gan.npz", settings.but(average=average)
    first = train(pictures, settings, 0, labels=labels)
    start = weights(first)
    whole = train(pictures, settings, 1, labels=labels, start=start, grid_epochs=(0,))
    again = train(pictures, settings, 1, labels=labels, start=start, grid_epochs=(0,))
    assert same(whole, again) and not same(whole, first)
    assert np.array_equal(generate(first, 64, 1), whole.grids[0]), "before its first step it draws as the other did"
    assert all(np.array_equal(value, start[name]) for name, value in weights(first).items()), "left as it was"
    train(pictures, settings, 1, labels=labels, start=start, grid_epochs=(0,), checkpoint=path, stop_after=2)
    resumed = train(pictures, settings, 1, labels=labels, start=start, grid_epochs=(0,), checkpoint=path)
    assert same(resumed, whole)


@pytest.mark.parametrize("objective", ["dcgan", "wgan_gp"])
def test_a_gan_with_classes_goes_on_from_one_without(pictures: np.ndarray, objective: str) -> None:
    settings = GanSettings(**TINY).but(objective=objective, steps=1, learning_rate=0.01)
    first = train(pictures, settings, 0)
    conditioned, labels = settings.but(n_classes=2), np.arange(20) % 2
    calm = train(pictures, conditioned.but(learning_rate=1e-12), 1, labels=labels, start=weights(first))
    drawn = [generate(calm, 8, 1, np.full(8, label)) for label in (0, 1)]
    assert np.array_equal(*drawn), "labels mean nothing yet"
    known = {name: value for name, value in weights(first).items() if name.endswith(tuple(LABELLED.values()))}
    for name, value in known.items():
        kept, added = np.split(weights(calm)[name], [value.shape[1]], axis=1)
        assert np.allclose(kept, value, atol=1e-9) and added.shape[1] == 2 and np.abs(added).max() < 1e-9
    learnt = train(pictures, conditioned.but(steps=20), 1, labels=labels, start=weights(first))
    drawn = [generate(learnt, 8, 1, np.full(8, label)) for label in (0, 1)]
    assert not np.array_equal(*drawn), "they come to mean something"


def test_what_a_gan_cannot_start_from_is_refused(pictures: np.ndarray, tmp_path: Path) -> None:
    path, settings = tmp_path / "gan.npz", GanSettings(**TINY)
    start, other = (weights(train(pictures, settings, seed)) for seed in (0, 1))
    for change in ({"ngf": 8}, {"ndf": 8}, {"ngf": 8, "n_classes": 2}):
        with pytest.raises(FerError, match=r"has another (generator|discriminator)"):
            changed = settings.but(**change)
            train(pictures, changed, 0, labels=labels_for(changed), start=start)
    train(pictures, settings, 0, start=start, checkpoint=path, stop_after=1)
    for wrong in (other, None):
        with pytest.raises(FerError, match="other start"):
            train(pictures, settings, 0, start=wrong, checkpoint=path)


def test_a_running_mean_is_drawn_from_and_not_trained(pictures: np.ndarray) -> None:
    settings = GanSettings(**TINY)
    plain, mean = train(pictures, settings, 0), train(pictures, settings.but(average=0.5), 0)
    assert np.array_equal(plain.history, mean.history), "training is the same"
    discriminators = [gan.discriminator.state_dict() for gan in (plain, mean)]
    assert all(torch.equal(value, discriminators[1][name]) for name, value in discriminators[0].items())
    # Half of the way from where it was to where the generator is, at every step.
    by_step = [train(pictures, settings.but(steps=steps), 0).generator.project.weight for steps in range(1, 9)]
    start = torch.Generator().manual_seed(0)
    expected = Generator(settings)
    initialise(expected, start)
    followed = expected.project.weight.detach()
    for weight in by_step:
        followed = (followed + weight.detach()) / 2
    assert torch.allclose(mean.generator.project.weight, followed, atol=1e-6)


def test_a_running_mean_has_batch_norm_statistics_of_its_own(pictures: np.ndarray) -> None:
    gan = train(pictures, GanSettings(**TINY).but(average=0.5), 0)
    seen: list[torch.Tensor] = []
    gan.generator.norm.register_forward_hook(lambda module, given, answer: seen.append(given[0]))
    generate(gan, 512, 1)
    # Of other noise than they were taken from, so they agree as two samples do.
    drawn = seen[0].mean(dim=(0, 2, 3)), seen[0].var(dim=(0, 2, 3))
    assert torch.allclose(drawn[0], gan.generator.norm.running_mean, atol=0.1 * float(drawn[1].sqrt().max()))
    assert float((drawn[1] / gan.generator.norm.running_var).mean()) == pytest.approx(1, abs=0.1)
    assert gan.generator.norm.momentum == torch.nn.BatchNorm2d(1).momentum and not gan.generator.training


def test_a_critic_s_pace_is_its_own_rate_only(pictures: np.ndarray) -> None:
    slow = GanSettings(**TINY).but(steps=1)
    one, other = (train(pictures, settings, 0) for settings in (slow, slow.but(critic_pace=3.0)))
    before = Discriminator(slow), Generator(slow)
    start = torch.Generator().manual_seed(0)
    for network in reversed(before):
        initialise(network, start)
    moved = [gan.discriminator.decide.weight - before[0].decide.weight for gan in (one, other)]
    # Adam's first step is the rate times the gradient's sign.
    assert torch.allclose(moved[1], 3 * moved[0], atol=1e-5) and moved[0].abs().max() > 1e-4
    generators = [gan.generator.project.weight - before[1].project.weight for gan in (one, other)]
    assert all(step.abs().max() < 1.01 * slow.learning_rate for step in generators)


@pytest.mark.parametrize("side", [32, 48])
def test_sides_between(side: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, side, side)).astype(np.uint8)
    gan = train(images, GanSettings(**{**TINY, "image_size": side, "epochs": 1}).but(channels=1), 0)
    assert generate(gan, 3, 0).shape == (3, side, side, 1)


def test_moments_come_back_laid_out_as_their_weights(pictures: np.ndarray, tmp_path: Path) -> None:
    """Fused Adam on a GPU refuses any other layout."""
    settings, path, identity = GanSettings(**TINY), tmp_path / "gan.npz", {"run": "this"}
    first, second = (_State(settings, 0, 8, 0, torch.device("cpu")) for _ in range(2))
    _Loop(first, settings, torch.from_numpy(pictures).permute(0, 3, 1, 2), None).epoch()
    save_state(path, first, identity)
    load_state(path, second, identity)
    for name, optimiser in second.optimisers.items():
        for weight, theirs in zip(optimiser.param_groups[0]["params"], getattr(first, name).parameters(), strict=True):
            for moment in ("exp_avg", "exp_avg_sq"):
                found = optimiser.state[weight][moment]
                assert found.stride() == weight.stride()
                assert torch.equal(found, first.optimisers[name].state[theirs][moment])


def test_a_checkpoint_of_another_run_is_refused(pictures: np.ndarray, tmp_path: Path) -> None:
    path, settings = tmp_path / "gan.npz", GanSettings(**TINY)
    train(pictures, settings, 0, checkpoint=path, stop_after=1)
    with pytest.raises(FerError, match="other seed"):
        train(pictures, settings, 1, checkpoint=path)
    with pytest.raises(FerError, match="other settings"):
        train(pictures, settings.but(learning_rate=1e-3), 0, checkpoint=path)
    with pytest.raises(FerError, match="other pictures"):
        train(255 - pictures, settings, 0, checkpoint=path)


@pytest.mark.parametrize("damage", ["a bit of a weight", "half a file", "another's"])
def test_a_damaged_checkpoint_is_begun_again_with_a_note(
    pictures: np.ndarray, tmp_path: Path, capfd: pytest.CaptureFixture[str], damage: str
) -> None:
    path, settings = tmp_path / "gan.npz", GanSettings(**TINY)
    train(pictures, settings, 0, checkpoint=path, stop_after=2)
    raw = bytearray(path.read_bytes())
    if damage == "a bit of a weight":
        with zipfile.ZipFile(path) as archive:
            member = max(
                (info for info in archive.infolist() if "generator/" in info.filename), key=lambda i: i.file_size
            )
        raw[member.header_offset + 200 + member.file_size // 2] ^= 4
    elif damage == "half a file":
        del raw[len(raw) // 2 :]
    else:
        path = tmp_path / "other.npz"
    path.write_bytes(raw)
    assert same(train(pictures, settings, 0, checkpoint=path), train(pictures, settings, 0))
    assert capfd.readouterr().err.count(f"{path.name} in the cache cannot be used") == 1


def test_the_loop_is_the_textbook_s(pictures: np.ndarray) -> None:
    """Goodfellow's algorithm in PyTorch's usual words, from the same start and the same random numbers."""
    settings = GanSettings(**TINY)
    start, random = torch.Generator().manual_seed(5), torch.Generator().manual_seed(5)
    generator, discriminator = Generator(settings), Discriminator(settings)
    initialise(generator, start)
    initialise(discriminator, start)
    adams = [torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999)) for net in (discriminator, generator)]
    cross_entropy, losses = torch.nn.BCEWithLogitsLoss(), []
    for _ in range(settings.epochs):
        order = torch.randperm(20, generator=random)
        for rows in order[:16].split(8):
            real = torch.from_numpy(pictures[rows.numpy()]).permute(0, 3, 1, 2).float() / 127.5 - 1
            fake = generator(torch.rand(8, 8, generator=random) * 2 - 1)
            discriminator.zero_grad()
            loss = cross_entropy(discriminator(real), torch.ones(8))
            loss = loss + cross_entropy(discriminator(fake.detach()), torch.zeros(8))
            loss.backward()
            adams[0].step()
            generator.zero_grad()
            fooled = cross_entropy(discriminator(fake), torch.ones(8))
            fooled.backward()
            adams[1].step()
            losses.append([loss.item(), fooled.item()])
    gan = train(pictures, settings, 5)
    assert np.allclose(gan.history[:, :2], losses, atol=1e-4)
    # Adam divides by a root of nearly 0 at first, so single weights may differ by a step where gradients do by a bit.
    for ours, textbook in ((gan.generator, generator), (gan.discriminator, discriminator)):
        pairs = zip(ours.parameters(), textbook.parameters(), strict=True)
        apart = torch.cat([(one - other).flatten() for one, other in pairs])
        assert apart.abs().mean() < 0.05 * 2e-4 * len(losses)


def test_a_critic_learns_to_tell_real_from_generated(pictures: np.ndarray) -> None:
    """Thirty steps of its own for each of the generator's, or the two of them only chase each other.

    Measured with four seeds and two kinds of processor: 0.57 to 1.00, before it has learnt -0.05 to 0.10.
    """

    def wasserstein(epochs: int, critic_steps: int) -> np.ndarray:
        settings = WGAN_GP.but(**{**TINY, "epochs": epochs}, learning_rate=1e-3, critic_steps=critic_steps)
        history = train(pictures, settings, 0).history
        return history[:, 2] - history[:, 3]

    assert wasserstein(6, 30)[-3:].mean() > 0.35 > 0.2 > abs(wasserstein(1, 1)[0])


def test_generated_pictures_depend_on_the_seed_alone(pictures: np.ndarray) -> None:
    gan = train(pictures, GanSettings(**TINY), 0)
    few, many = generate(gan, 3, 5), generate(gan, 300, 5)
    assert many.dtype == np.uint8 and many.shape == (300, 16, 16, 3)
    assert np.array_equal(few, generate(gan, 3, 5)) and not np.array_equal(few, generate(gan, 3, 6))


def test_fewer_pictures_than_a_batch_make_one(pictures: np.ndarray) -> None:
    gan = train(pictures[:3], GanSettings(**TINY), 0)
    assert len(gan.history) == 4


def test_nothing_in_the_loop_waits_for_the_device(pictures: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    def waits(*_: object) -> None:
        raise AssertionError("a value was fetched from the device within the loop")

    for name in ("item", "tolist", "__bool__", "__float__", "__int__"):
        monkeypatch.setattr(torch.Tensor, name, waits)
    # Adam itself reads its step number, which lives on the CPU.
    monkeypatch.setattr(torch.optim.Adam, "step", lambda self: None)
    train(pictures, GanSettings(**TINY), 0)


@pytest.mark.parametrize(
    ("images", "labels", "settings", "words"),
    [
        (np.zeros((4, 32, 32, 3), np.uint8), None, {}, "resize the pictures first"),
        (np.zeros((4, 16, 16, 3), np.float32), None, {}, "float32"),
        (np.zeros((1, 16, 16, 3), np.uint8), None, {}, "at least two"),
        (np.zeros((4, 16, 16), np.uint8), None, {}, "3 channels"),
        (np.zeros((4, 16, 16, 3), np.uint8), None, {"n_classes": 2}, "needs labels"),
        (np.zeros((4, 16, 16, 3), np.uint8), np.zeros(4, int), {}, "takes no labels"),
        (np.zeros((4, 16, 16, 3), np.uint8), np.full(4, 2), {"n_classes": 2}, "from 0 to 1"),
        (np.zeros((4, 16, 16, 3), np.uint8), np.zeros(3, int), {"n_classes": 2}, "must be 4"),
    ],
)
def test_what_does_not_fit_is_refused(
    images: np.ndarray, labels: np.ndarray | None, settings: dict[str, int], words: str
) -> None:
    with pytest.raises(FerError, match=words):
        train(images, GanSettings(**TINY).but(**settings), 0, labels=labels)


def test_grey_pictures_need_no_channel_axis() -> None:
    images = np.random.default_rng(0).integers(0, 256, (6, 16, 16)).astype(np.uint8)
    settings = GanSettings(**TINY).but(channels=1, epochs=1)
    assert same(train(images, settings, 0), train(images[..., None], settings, 0))
