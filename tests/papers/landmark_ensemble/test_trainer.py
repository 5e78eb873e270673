"""A stack of networks against Keras' ``fit`` on ordinary networks, one at a time, on the same batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch import nn

from fer_utils.papers.landmark_ensemble import model, trainer
from fer_utils.papers.landmark_ensemble.augment import draw_variants
from fer_utils.papers.landmark_ensemble.model import keras
from fer_utils.papers.landmark_ensemble.pipeline import Prepared
from fer_utils.papers.landmark_ensemble.points import outputs_of, targets
from fer_utils.papers.landmark_ensemble.schedule import batches_per_epoch, rates_of, stream
from fer_utils.papers.landmark_ensemble.settings import Settings
from fer_utils.papers.landmark_ensemble.trainer import Member, Stack, pieces
from fer_utils.papers.landmark_ensemble.twin import weights_of
from tests.papers.landmark_ensemble.conftest import CLASSES, SIDE, TINY

MEMBERS = [
    Member("mouth", np.arange(0, 24), 0),
    Member("nose", np.arange(12, 36), 1),
]


@pytest.fixture(scope="module")
def variants(drawn_faces: Prepared) -> tuple[np.ndarray, np.ndarray]:
    return draw_variants(drawn_faces, TINY.augmentation)


@pytest.fixture(scope="module")
def labels(drawn) -> np.ndarray:
    return np.repeat(drawn.labels, TINY.augmentation.variants)


BATCHES = 6


def stack(members: list[Member], variants, labels, settings: Settings = TINY, device: str | None = None) -> Stack:
    epochs = settings.landmark_epochs + settings.head_epochs + settings.tune_epochs
    return Stack(members, *variants, labels, len(CLASSES), settings, BATCHES, epochs, device)


def three_stages(stacked: Stack, images: np.ndarray) -> tuple[list[np.ndarray], nn.Sequential]:
    """Landmarks after stage 1, scores after stages 2 and 3, each on the first eight pictures; and stage 1's heads."""
    rows = np.repeat(np.arange(8)[:, None], len(stacked.members), axis=1)
    steps = rates_of("el", stacked.settings, BATCHES)
    heads, losses, seen = stacked.learn_landmarks(steps.landmarks)
    assert losses.shape == (len(steps.landmarks),) and seen.shape == (len(stacked.members),) and (seen > 0).all()
    found = [stacked.answers(images, rows, heads)]
    stacked.new_classifier()
    stacked.learn_head(steps.head)
    found.append(softmax(stacked.answers(images, rows, stacked.classifier), axis=-1))
    stacked.start_tuning(stacked.settings.batch_norm)
    stacked.tune(steps.rest[:BATCHES])
    stacked.tune(steps.rest[BATCHES:])
    return [*found, softmax(stacked.answers(images, rows, stacked.classifier), axis=-1)], heads


def ordinary(member: Member, variants, labels, settings: Settings) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The same three stages with layers, losses and ``fit`` as anybody would write them for one network."""
    images, points = variants
    pictures = np.repeat(images[..., None].astype(np.float32) / 127.5 - 1, 3, axis=-1)
    length = 6 * settings.batch_size
    order = stream(member.train, 5 * length, settings.augmentation.variants, member.seed)
    first, second, third = np.split(order, [length, 3 * length])
    fit = {"batch_size": settings.batch_size, "shuffle": False, "verbose": 0}

    def dense(widths: tuple[int, ...], last: str | None = None) -> keras.Sequential:
        activations = [None] * (len(widths) - 1) + [last]
        layers = [keras.layers.Dense(w, activation=a) for w, a in zip(widths, activations, strict=True)]
        top = keras.Sequential([keras.Input((settings.filters[-1],)), *layers])
        top.set_weights(model.initial_head(settings.filters[-1], widths, widths[-1], member.seed))
        return top

    def body_of(mode: str) -> keras.Model:
        body = model.extractor(SIDE, settings.filters, 1, mode)
        return keras.Sequential([keras.Input((SIDE, SIDE, 3)), body, keras.layers.Flatten()])

    body, top = body_of("batch"), dense((settings.hidden, outputs_of(member.part)))
    body.set_weights(model.initial_extractor(settings.filters, member.seed))
    network = keras.Sequential([body, top])
    network.compile(keras.optimizers.Adam(1e-2), "mae", jit_compile=False)
    network.fit(pictures[first], targets(points[first], member.part, SIDE), **fit)
    found = [network.predict(pictures[:8], verbose=0)]

    head = dense((settings.hidden, settings.hidden, len(CLASSES)), "softmax")
    body.trainable = False
    network = keras.Sequential([body, head])
    network.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy", jit_compile=False)
    network.fit(pictures[second], labels[second], **fit)
    found.append(network.predict(pictures[:8], verbose=0))

    tuned = body_of(settings.batch_norm)
    tuned.set_weights(body.get_weights())
    network = keras.Sequential([tuned, head])
    network.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy", jit_compile=False)
    network.fit(pictures[third], labels[third], **fit)
    return [*found, network.predict(pictures[:8], verbose=0)], tuned.get_weights()


@pytest.mark.parametrize("batch_norm", ["stored", "batch"])
def test_a_stack_equals_fit_one_at_a_time(variants, labels, batch_norm: str) -> None:
    """Kernels agree to a twenty-fifth of what they moved, in 30 steps of Adam: sums are made in another order.

    Answers agree less well: a bias before batch-norm has no gradient but a rounding error, which Adam blows up, and
    batch-norm's running mean follows it with a delay.
    """
    settings = TINY.but(batch_norm=batch_norm)
    stacked = stack(MEMBERS, variants, labels, settings)
    together, _ = three_stages(stacked, variants[0])
    bodies = [body for body, _ in stacked.weights()]
    for number, member in enumerate(MEMBERS):
        alone, body = ordinary(member, variants, labels, settings)
        for given, single in zip(together, alone, strict=True):
            np.testing.assert_allclose(given[:, number, : single.shape[1]], single, atol=0.02)
        start = model.initial_extractor(settings.filters, member.seed)
        for ours, theirs, before in zip(bodies[number][::6], body[::6], start[::6], strict=True):
            moved = np.abs(theirs - before).mean()
            assert moved > 0.01 and np.abs(ours - theirs).mean() < 0.04 * moved
        assert np.ptp(alone[1], axis=1).min() > 0.03


def test_who_stands_beside_a_network_does_not_matter(variants, labels) -> None:
    first, second = stack(MEMBERS, variants, labels), stack(MEMBERS[1:], variants, labels)
    both = [three_stages(one, variants[0])[0] for one in (first, second)]
    for together, fewer in zip(*both, strict=True):
        np.testing.assert_allclose(together[:, 1:, : fewer.shape[2]], fewer, atol=0.02)
    bodies = [body for body, _ in first.weights()[1:]], [body for body, _ in second.weights()]
    for one, other in zip(*bodies, strict=True):
        for ours, theirs in zip(one[::6], other[::6], strict=True):
            assert np.abs(ours - theirs).mean() < 1e-4


def test_unused_outputs_are_never_trained(variants, labels) -> None:
    stacked = stack(MEMBERS, variants, labels)
    kernel, bias = weights_of(three_stages(stacked, variants[0])[1])[2:]
    assert (kernel[1, :, 18:] == 0).all() and (bias[1, 18:] == 0).all()
    assert (bias[1, :18] != 0).all() and (bias[0] != 0).all()


def test_training_lowers_the_landmark_error(variants, labels) -> None:
    images, points = variants
    rows = np.repeat(np.arange(0, 48, 2)[:, None], 1, axis=1)
    wanted = targets(points[rows[:, 0]], "mouth", SIDE)
    errors = []
    for epochs in (1, 15):
        stacked = stack(MEMBERS[:1], variants, labels, TINY.but(landmark_epochs=epochs, norm_momentum=0.8))
        heads, losses, _ = stacked.learn_landmarks([1e-2] * (epochs * BATCHES))
        errors.append(np.abs(stacked.answers(images, rows, heads)[:, 0] - wanted).mean())
        assert losses[-1] < losses[0]
    assert errors[1] < 0.5 * errors[0]


def test_a_stack_trains_the_same_again(variants, labels) -> None:
    first, second = (three_stages(stack(MEMBERS[:2], variants, labels), variants[0])[0] for _ in range(2))
    for once, again in zip(first, second, strict=True):
        np.testing.assert_array_equal(once, again)


def test_weights_that_were_kept_can_be_put_back(variants, labels) -> None:
    stacked = stack(MEMBERS, variants, labels)
    rows = np.repeat(np.arange(8)[:, None], 2, axis=1)
    stacked.new_classifier()
    kept, given = stacked.weights(), stacked.answers(variants[0], rows, stacked.classifier)
    stacked.start_tuning("batch")
    stacked.tune([1e-2] * 3)
    assert np.abs(stacked.answers(variants[0], rows, stacked.classifier) - given).max() > 1e-3
    stacked.put_back(kept)
    np.testing.assert_array_equal(stacked.answers(variants[0], rows, stacked.classifier), given)


def test_the_loop_never_waits_for_the_device(variants, labels, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch's ``meta`` device holds no values: whatever asks for one, or mixes it with a host's tensor, fails."""
    monkeypatch.setattr(trainer, "_host", lambda values: values)
    stacked = stack(MEMBERS, variants, labels, device="meta")
    _, losses, seen = stacked.learn_landmarks([1e-2] * 2)
    stacked.new_classifier()
    # Which pictures come more than once is asked before the loop: its answer has no shape on meta.
    monkeypatch.setattr(trainer.torch, "unique", lambda rows, return_inverse: (rows, torch.zeros_like(rows)))
    head = stacked.learn_head([1e-2] * 2)
    stacked.start_tuning("batch")
    given = losses, seen, head, stacked.tune([1e-2] * 2)
    assert {each.device.type for each in given} == {"meta"}


def test_the_rates_of_each_stage() -> None:
    short = TINY.but(landmark_epochs=1, head_epochs=1, tune_epochs=2, baseline_epochs=3, tune_rate=1e-4)
    assert rates_of("el", short, 2) == ([1e-2] * 2, [1e-2] * 2, [1e-4] * 4) == rates_of("ftl", short, 2)
    assert rates_of("baseline", short, 2) == ([], [], [1e-2] * 6)
    # As many steps as stages 1 to 3, the last at their rate.
    assert rates_of("control", short, 2) == ([], [], [1e-2] * 4 + [1e-4] * 4)
    cycle = short.but(schedule="one_cycle")
    landmarks, head, rest = rates_of("ftl", cycle, 20)
    alone = rates_of("control", cycle, 20).rest
    assert len(alone) == len(landmarks) + len(head) + len(rest) == 80
    assert max(rest) == 1e-4 and max(alone) == 1e-2 and alone[0] < max(alone) and alone[-1] < 1e-6


def test_streams_show_every_face_once_a_round_in_its_next_variant() -> None:
    rows = np.array([3, 5, 9])
    seen = stream(rows, 8, variants=2, seed=0)
    assert sorted(seen[:3] // 2) == sorted(seen[3:6] // 2) == [3, 5, 9]
    assert (seen[:3] % 2 == 0).all() and (seen[3:6] % 2 == 1).all() and (seen[6:] % 2 == 0).all()
    np.testing.assert_array_equal(seen[:5], stream(rows, 5, variants=2, seed=0))
    assert not np.array_equal(stream(np.arange(50), 50, 1, 0), stream(np.arange(50), 50, 1, 1))


def test_balanced_streams_take_the_classes_in_turn() -> None:
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1, 2])
    seen = stream(np.arange(1, 9), 30, 2, 0, labels)
    turns = labels[seen // 2].reshape(10, 3)
    assert (np.sort(turns, axis=1) == [0, 1, 2]).all() and len({tuple(turn) for turn in turns}) > 1
    # The only face of class 2 comes ten times, one variant after the other; face 0 is not trained on.
    assert sorted(seen[seen // 2 == 8]) == [16] * 5 + [17] * 5 and 0 not in seen // 2


def test_batches_and_pieces() -> None:
    assert [batches_per_epoch(rows, 32) for rows in (1, 32, 33, 192)] == [1, 1, 2, 6]
    assert pieces(7, 3) == [3, 3, 1] and pieces(2, 5) == [2] and pieces(0, 3) == []
