"""A stack of networks against Keras' ``fit`` on ordinary networks, one at a time, on the same batches."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from fer_utils.papers.landmark_ensemble import model
from fer_utils.papers.landmark_ensemble.augment import draw_variants
from fer_utils.papers.landmark_ensemble.model import keras
from fer_utils.papers.landmark_ensemble.pipeline import Prepared
from fer_utils.papers.landmark_ensemble.points import outputs_of, targets
from fer_utils.papers.landmark_ensemble.schedule import batches_per_epoch, stream
from fer_utils.papers.landmark_ensemble.settings import Settings
from fer_utils.papers.landmark_ensemble.trainer import Member, Stack, pieces
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


def stack(members: list[Member], variants, labels, settings: Settings = TINY) -> Stack:
    return Stack(members, *variants, labels, len(CLASSES), settings, batches=6)


def three_stages(stacked: Stack) -> list[np.ndarray]:
    """Landmarks after stage 1, scores after stages 2 and 3, each on the first eight pictures."""
    images = np.asarray(stacked.album.images)
    rows = np.repeat(np.arange(8)[:, None], len(stacked.members), axis=1)
    heads = stacked.learn_landmarks()
    found = [stacked.viewer(images, heads)(rows)]
    stacked.new_classifier()
    stacked.learn_head()
    stacked.start_tuning(stacked.settings.tune_rate, stacked.settings.batch_norm)
    view = stacked.viewer(images, stacked.classifier)
    found.append(softmax(view(rows), axis=-1))
    stacked.tune(1)
    stacked.tune(1)
    return [*found, softmax(view(rows), axis=-1)]


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


@pytest.mark.usefixtures("stacks_train_fast")
@pytest.mark.parametrize("batch_norm", ["stored", "batch"])
def test_a_stack_equals_fit_one_at_a_time(variants, labels, batch_norm: str) -> None:
    """Kernels agree to a hundredth of what they moved, in 36 steps of Adam.

    Answers agree less well: a bias before batch-norm has no gradient but a rounding error, which Adam blows up, and
    batch-norm's running mean follows it with a delay.
    """
    settings = TINY.but(batch_norm=batch_norm)
    stacked = stack(MEMBERS, variants, labels, settings)
    together = three_stages(stacked)
    bodies = [body for body, _ in stacked.weights()]
    for number, member in enumerate(MEMBERS):
        alone, body = ordinary(member, variants, labels, settings)
        for given, single in zip(together, alone, strict=True):
            np.testing.assert_allclose(given[:, number, : single.shape[1]], single, atol=0.02)
        start = model.initial_extractor(settings.filters, member.seed)
        for ours, theirs, before in zip(bodies[number][::6], body[::6], start[::6], strict=True):
            moved = np.abs(theirs - before).mean()
            assert moved > 0.01 and np.abs(ours - theirs).mean() < 0.01 * moved
        assert np.ptp(alone[1], axis=1).min() > 0.03


@pytest.mark.usefixtures("stacks_train_fast")
def test_who_stands_beside_a_network_does_not_matter(variants, labels) -> None:
    first, second = stack(MEMBERS, variants, labels), stack(MEMBERS[1:], variants, labels)
    for together, fewer in zip(three_stages(first), three_stages(second), strict=True):
        np.testing.assert_allclose(together[:, 1:, : fewer.shape[2]], fewer, atol=0.02)
    bodies = [body for body, _ in first.weights()[1:]], [body for body, _ in second.weights()]
    for one, other in zip(*bodies, strict=True):
        for ours, theirs in zip(one[::6], other[::6], strict=True):
            assert np.abs(ours - theirs).mean() < 1e-4


@pytest.mark.usefixtures("stacks_train_fast")
def test_unused_outputs_are_never_trained(variants, labels) -> None:
    stacked = stack(MEMBERS, variants, labels)
    kernel, bias = stacked.learn_landmarks().get_weights()[2:]
    assert (kernel[1, :, 18:] == 0).all() and (bias[1, 18:] == 0).all()
    assert (bias[1, :18] != 0).all() and (bias[0] != 0).all()


def test_training_lowers_the_landmark_error(variants, labels) -> None:
    images, points = variants
    rows = np.repeat(np.arange(0, 48, 2)[:, None], 1, axis=1)
    wanted = targets(points[rows[:, 0]], "mouth", SIDE)
    errors = []
    for epochs in (1, 15):
        stacked = stack(MEMBERS[:1], variants, labels, TINY.but(landmark_epochs=epochs, norm_momentum=0.8))
        heads = stacked.learn_landmarks()
        errors.append(np.abs(stacked.viewer(images, heads)(rows)[:, 0] - wanted).mean())
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.usefixtures("stacks_train_fast")
def test_a_stack_trains_the_same_again(variants, labels) -> None:
    first, second = (three_stages(stack(MEMBERS[:2], variants, labels)) for _ in range(2))
    for once, again in zip(first, second, strict=True):
        np.testing.assert_array_equal(once, again)


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
