"""The compiled memory against the plain one, bit by bit, and both against what can be worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_utils.papers.clifer.gwr import Gwr
from fer_utils.papers.clifer.gwr_kernel import GREW, MOVED, NOTHING
from fer_utils.papers.clifer.settings import CALL, DISTANCES, FIRST_CLASS, REGULATIONS, VARIANTS, GwrSettings
from tests.papers.clifer.reference import ReferenceGwr

N_CLASSES = 3
SIMPLE = GwrSettings(max_age=None, keep_isolated=True)


def both(chosen: GwrSettings, first_call: np.ndarray, seed: int = 0) -> tuple[Gwr, ReferenceGwr]:
    """A fast and a plain memory that start from the same two neurons."""
    if chosen.faithful_quirks:
        start = [first_call[min(1, len(first_call) - 1)]] * 2
    else:
        start = first_call[np.resize(np.random.default_rng(seed).permutation(len(first_call))[:2], 2)]
    return Gwr(chosen, N_CLASSES, seed), ReferenceGwr(chosen, N_CLASSES, [row.tolist() for row in start])


def assert_same(fast: Gwr, plain: ReferenceGwr) -> None:
    assert len(fast) == len(plain.neurons)
    vectors = np.array([neuron.vectors for neuron in plain.neurons])
    np.testing.assert_array_equal(fast.weights, vectors[:, 0])
    np.testing.assert_array_equal(fast.contexts, vectors[:, 1:])
    np.testing.assert_array_equal(fast.habituation, [neuron.habituation for neuron in plain.neurons])
    np.testing.assert_array_equal(fast.histogram, [neuron.histogram for neuron in plain.neurons])
    np.testing.assert_array_equal(fast.neuron_labels, [plain.label(number) for number in range(len(fast))])
    assert fast.edges() == {(min(edge), max(edge)): age for edge, age in plain.ages.items()}
    assert fast.links() == plain.links


@st.composite
def memories(draw: st.DrawFn) -> GwrSettings:
    return GwrSettings(
        activation=draw(st.sampled_from([0.2, 0.6, 0.9, 1.0])),
        habituation=draw(st.sampled_from([0.1, 0.5, 0.8, 1.0])),
        rate=draw(st.sampled_from([0.02, 0.2, 0.5])),
        neighbour_rate=draw(st.sampled_from([0.001, 0.05])),
        contexts=draw(st.sampled_from([0, 1, 2])),
        distance=draw(st.sampled_from(DISTANCES)),
        regulation=draw(st.sampled_from(REGULATIONS)),
        damped=draw(st.booleans()),
        label_loss=draw(st.sampled_from([0.01, 0.1, 1.0])),
        max_age=draw(st.sampled_from([None, 3, 40])),
        max_neighbours=draw(st.sampled_from([None, 2, 6])),
        max_nodes=draw(st.sampled_from([None, 2, 7])),
        keep_isolated=draw(st.booleans()),
        faithful_quirks=draw(st.booleans()),
    )


@given(chosen=memories(), seed=st.integers(0, 2**31), calls=st.integers(1, 3), grid=st.booleans())
@settings(max_examples=150, deadline=None)
def test_the_fast_memory_is_the_plain_one(chosen: GwrSettings, seed: int, calls: int, grid: bool) -> None:
    """Same winners, growth, labels, edges and weights to the last bit; a grid makes many distances equal."""
    rng = np.random.default_rng(seed)
    dimensions = int(rng.integers(1, 6))
    fast = plain = None
    for _ in range(calls):
        n = int(rng.integers(1, 30))
        samples = rng.integers(-2, 3, (n, dimensions)) / 2.0 if grid else rng.normal(0, 0.7, (n, dimensions))
        labels = rng.integers(0, N_CLASSES, n)
        epochs, regulated = int(rng.integers(1, 4)), bool(rng.integers(0, 4))
        if fast is None:
            fast, plain = both(chosen, samples)
        trace = fast.learn(samples, labels, epochs, regulated)
        told = plain.learn(samples.tolist(), labels.tolist(), epochs, regulated)
        np.testing.assert_array_equal(trace.winner.ravel(), told["winner"])
        np.testing.assert_array_equal(trace.event.ravel(), told["event"])
        assert_same(fast, plain)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("memory", ["episodic", "semantic"])
def test_every_released_rule_set_at_the_paper_s_fifty_dimensions(variant: str, memory: str) -> None:
    """Tight and wide clusters, so that each rule set grows well past its first room or is held by its limit."""
    chosen = getattr(VARIANTS[variant], memory).but(max_nodes=90)
    rng = np.random.default_rng(5)
    samples = rng.normal(0, 0.25, (180, 50)) + rng.normal(0, 0.4, (6, 50))[np.arange(180) // 30]
    labels = np.arange(180) // 30 % N_CLASSES
    fast, plain = both(chosen, samples)
    trace = fast.learn(samples, labels, 3)
    told = plain.learn(samples.tolist(), labels.tolist(), 3)
    np.testing.assert_array_equal(trace.event.ravel(), told["event"])
    assert_same(fast, plain)
    if memory == "episodic":
        assert len(fast) > 20


def test_growing_past_the_room_changes_nothing() -> None:
    chosen = SIMPLE.but(activation=1.0, habituation=1.0, contexts=1)
    samples = np.random.default_rng(0).normal(size=(300, 4))
    labels = np.zeros(300, int)
    fast, plain = both(chosen, samples)
    fast.learn(samples, labels, 2)
    plain.learn(samples.tolist(), labels.tolist(), 2)
    assert len(fast) > 264 and max(plain_degree(plain)) > 8
    assert_same(fast, plain)


def plain_degree(plain: ReferenceGwr) -> list[int]:
    return [len(plain.neighbours(number)) for number in range(len(plain.neurons))]


@given(chosen=memories(), seed=st.integers(0, 2**31), length=st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_many_short_calls_at_once_are_many_short_calls(chosen: GwrSettings, seed: int, length: int) -> None:
    rng = np.random.default_rng(seed)
    first, labels = rng.normal(size=(20, 3)), rng.integers(0, N_CLASSES, 20)
    sequences, theirs = rng.normal(size=(25, length, 3)), rng.integers(0, N_CLASSES, (25, length))
    at_once, one_by_one = Gwr(chosen, N_CLASSES), Gwr(chosen, N_CLASSES)
    at_once.learn(first, labels)
    one_by_one.learn(first, labels)
    seen, told = at_once.learn_apart(sequences, theirs, epochs=3)
    for i, (sequence, its_labels) in enumerate(zip(sequences, theirs, strict=True)):
        one_by_one.learn(sequence, its_labels, epochs=3)
        winner, _ = one_by_one.winners(sequence)
        np.testing.assert_array_equal(seen[i], one_by_one.weights[winner])
        np.testing.assert_array_equal(told[i], one_by_one.neuron_labels[winner])
    np.testing.assert_array_equal(at_once.weights, one_by_one.weights)
    assert at_once.edges() == one_by_one.edges() and at_once.links() == one_by_one.links()


# -- by hand ---------------------------------------------------------------------------------------


def test_habituation_after_each_win() -> None:
    """The closed form of the rule at tau = 0.3, kappa = 1.05: it falls towards 1 - 1 / kappa = 0.0476."""
    memory = Gwr(SIMPLE.but(activation=0.0, tau_neighbour=0.0), 1)
    found = []
    for _ in range(8):
        memory.learn(np.array([[1.0]]), np.array([0]))
        found.append(memory.habituation[0])
    np.testing.assert_allclose(found, [0.7, 0.4945, 0.3537, 0.2573, 0.1913, 0.146, 0.115, 0.0938], atol=6e-5)
    closed = [1 - 1 / 1.05 + (1 / 1.05) * (1 - 0.3 * 1.05) ** wins for wins in range(1, 9)]
    np.testing.assert_allclose(found, closed, rtol=1e-12)


def test_one_update_by_hand() -> None:
    memory = Gwr(SIMPLE, 2)
    memory.learn(np.array([[0.0], [1.0]]), np.array([0, 0]))
    before, tired = np.sort(memory.weights[:, 0]), memory.habituation
    order = np.argsort(memory.weights[:, 0])
    memory.learn(np.array([[1.5]]), np.array([1]))
    fatigue = tired[order[1]] + 0.3 * 1.05 * (1 - tired[order[1]]) - 0.3
    after = memory.weights[order, 0]
    np.testing.assert_allclose(after[1], before[1] + 0.2 * fatigue * (1.5 - before[1]), rtol=1e-12)
    np.testing.assert_allclose(after[0], before[0] + 0.001 * tired[order[0]] * (1.5 - before[0]), rtol=1e-12)
    assert memory.edges() == {(0, 1): 0}


def test_a_far_sample_gives_birth_halfway_once_the_winner_is_tired() -> None:
    memory = Gwr(SIMPLE.but(neighbour_rate=0.0), 2)
    near = np.array([[0.0], [0.0]])
    assert (memory.learn(near, np.array([0, 0])).event == MOVED).all()
    # Two wins bring habituation to 0.4945, below 0.5; -ln 0.4 = 0.916 is the distance that counts as far.
    close = memory.learn(np.array([[0.91]]), np.array([1]))
    assert close.event.item() == MOVED
    place = memory.weights[:, 0].max()
    far = memory.learn(np.array([[place + 0.92]]), np.array([1]))
    assert far.event.item() == GREW and len(memory) == 3
    np.testing.assert_allclose(memory.weights[2, 0], place + 0.46, rtol=1e-12)
    assert memory.habituation[2] == 1 and memory.neuron_labels[2] == 1
    assert math.exp(-0.916) > 0.4 > math.exp(-0.917)


def test_regulation_leaves_what_is_right_alone() -> None:
    memory = Gwr(SIMPLE.but(regulation="iris"), 2)
    samples, labels = np.array([[0.0], [4.0]]), np.array([0, 1])
    memory.learn(samples, labels, regulated=False)
    before = memory.weights
    assert (memory.learn(samples, labels).event == NOTHING).all()
    np.testing.assert_array_equal(memory.weights, before)
    wrong = memory.learn(samples, labels[::-1].copy())
    assert (wrong.event != NOTHING).all()


@pytest.mark.parametrize("regulation", ["iris", "core50"])
def test_a_neuron_without_a_label_takes_the_first_it_hears(regulation: str) -> None:
    """Neither right nor wrong: hindered like a mistake it could never learn a label, and nobody would ever hear it."""
    memory = Gwr(SIMPLE.but(regulation=regulation, activation=0.0), 2)
    samples, labels = np.array([[0.0], [4.0]]), np.array([1, 0])
    assert (memory.learn(samples, labels).event != NOTHING).all() and len(memory) == 2
    assert sorted(memory.neuron_labels.tolist()) == [0, 1]
    np.testing.assert_array_equal(memory.neuron_labels[memory.winners(samples)[0]], labels)


def test_alphas_of_two_contexts() -> None:
    memory = Gwr(SIMPLE.but(contexts=2), 1)
    np.testing.assert_allclose(memory._rules(True, 1).alphas, [0.665, 0.245, 0.090], atol=5e-4)


def test_a_trajectory_follows_the_most_frequent_follower() -> None:
    memory = Gwr(SIMPLE.but(contexts=1, activation=0.0, beta=0.0, rate=0.0, neighbour_rate=0.0), 2)
    memory.learn(np.array([[0.0], [5.0]]), np.array([0, 1]))
    weights, labels = memory.trajectories()
    assert weights.shape == (2, 3, 1) and labels.shape == (2, 3)
    np.testing.assert_array_equal(weights[:, 0], memory.weights)
    (first, second), times = next(iter(memory.links().items()))
    assert times == 1
    np.testing.assert_array_equal(weights[first, 1], memory.weights[second])
    np.testing.assert_array_equal(weights[second, 1], memory.weights[second])


def test_without_contexts_a_trajectory_is_the_neuron_itself() -> None:
    memory = Gwr(SIMPLE, N_CLASSES)
    rng = np.random.default_rng(0)
    memory.learn(rng.normal(size=(50, 3)), rng.integers(0, N_CLASSES, 50))
    weights, labels = memory.trajectories()
    np.testing.assert_array_equal(weights[:, 0], memory.weights)
    np.testing.assert_array_equal(labels[:, 0], memory.neuron_labels)


def test_prediction_is_the_nearest_neuron_s_label_and_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    samples, labels = rng.normal(size=(80, 5)), rng.integers(0, N_CLASSES, 80)
    memory = Gwr(SIMPLE.but(activation=0.9), N_CLASSES)
    memory.learn(samples, labels, 3)
    before = memory.weights
    winner, distance = memory.winners(samples)
    every = np.linalg.norm(samples[:, None] - memory.weights, axis=2)
    np.testing.assert_array_equal(winner, every.argmin(axis=1))
    np.testing.assert_allclose(distance, every.min(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(memory.predict(samples), memory.neuron_labels[winner])
    np.testing.assert_array_equal(memory.weights, before)


def test_an_unlabelled_neuron_says_so_unless_the_quirk_is_on() -> None:
    far = np.array([[0.0], [1.0], [50.0]])
    quirky = Gwr(SIMPLE.but(faithful_quirks=True), 2)
    quirky.learn(far[:2], np.array([1, 1]))
    # Rows start at -1, so one update makes zeros of them, and the first class is what zeros mean.
    np.testing.assert_array_equal(quirky.neuron_labels, [0, 0])
    plain = Gwr(SIMPLE, 2, seed=3)
    plain.learn(far[:1], np.array([1]))
    assert sorted(plain.neuron_labels.tolist()) == [-1, 1]


def line_of_three(chosen: GwrSettings) -> Gwr:
    """Neurons at 0, 100 and between; their two edges are of age 0, and all are labelled 0."""
    memory = Gwr(chosen.but(habituation=1.0, rate=0.0, neighbour_rate=0.0), N_CLASSES)
    memory.learn(np.array([[0.0], [100.0]]), np.zeros(2, int))
    memory.learn(np.array([[49.0]]), np.zeros(1, int))
    assert sorted(memory.weights.ravel()) == [0.0, 24.5, 100.0] and set(memory.edges().values()) == {0}
    return memory


def play_far(memory: Gwr, times: int, label: int = 0) -> dict[tuple[float, float], int]:
    """Samples at 100, which neither end of the edge 0-24.5 wins; the ages by the places of the edges' ends."""
    memory.learn(np.full((times, 1), 100.0), np.full(times, label))
    place = memory.weights.ravel()
    return {tuple(sorted((place[a], place[b]))): age for (a, b), age in memory.edges().items()}


def test_every_edge_ages_with_every_sample_not_only_the_winner_s() -> None:
    """As both releases do it: Marsland et al. (2002) age the winner's edges alone, and 0-24.5 would stay at 0."""
    assert play_far(line_of_three(SIMPLE), 7) == {(0.0, 24.5): 7, (24.5, 100.0): 0}


def test_an_edge_is_cut_beyond_the_greatest_age_and_what_it_held_is_forgotten() -> None:
    chosen = SIMPLE.but(max_age=5, keep_isolated=False)
    assert play_far(line_of_three(chosen), 5) == {(0.0, 24.5): 5, (24.5, 100.0): 0}
    assert play_far(line_of_three(chosen), 6) == {(24.5, 100.0): 0}
    forgetful, keeping = line_of_three(chosen), line_of_three(chosen.but(max_age=None))
    play_far(forgetful, 6)
    play_far(keeping, 6)
    assert 0.0 not in forgetful.weights and 0.0 in keeping.weights


def test_what_a_regulated_memory_knows_already_makes_nothing_older() -> None:
    memory = line_of_three(SIMPLE)
    memory.settings = memory.settings.but(regulation="iris")
    assert play_far(memory, 7, label=0)[0.0, 24.5] == 0
    assert play_far(memory, 7, label=1)[0.0, 24.5] == 7


def test_a_limit_can_be_the_samples_of_the_call() -> None:
    memory = Gwr(SIMPLE.but(activation=1.0, habituation=1.0, max_nodes=CALL), 1)
    samples = np.random.default_rng(0).normal(size=(20, 2))
    memory.learn(samples[:6], np.zeros(6, int), 9)
    assert len(memory) == 6
    memory.learn(samples, np.zeros(20, int), 9)
    assert len(memory) == 20


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("samples", "labels", "words"),
    [
        (np.zeros(3), np.zeros(3, int), "shape"),
        (np.zeros((3, 2)), np.zeros(2, int), "3 samples but labels"),
        (np.array([[np.nan, 0.0]]), np.zeros(1, int), "not finite"),
        (np.zeros((1, 2)), np.array([3]), "from 0 to 2"),
        (np.zeros((1, 2)), np.array([-1]), "from 0 to 2"),
    ],
)
def test_what_does_not_fit_is_refused(samples: Any, labels: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Gwr(SIMPLE, N_CLASSES).learn(samples, labels)


def test_an_empty_memory_has_no_winners_and_keeps_its_number_of_dimensions() -> None:
    memory = Gwr(SIMPLE, N_CLASSES)
    with pytest.raises(ValueError, match="not learnt anything"):
        memory.winners(np.zeros((1, 2)))
    assert len(memory) == 0 and memory.learn(np.zeros((0, 2)), np.zeros(0, int)).winner.shape == (1, 0)
    memory.learn(np.zeros((2, 2)), np.zeros(2, int))
    with pytest.raises(ValueError, match=r"\[N, 2\]"):
        memory.learn(np.zeros((2, 3)), np.zeros(2, int))
    with pytest.raises(ValueError, match="replaced by a number"):
        Gwr(SIMPLE.but(max_nodes=FIRST_CLASS), N_CLASSES)
