"""The growing memory against plain Python, against a loop of norms, and against one matrix-vector product."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from fer_utils.papers.clifer.gwr import Gwr
from fer_utils.papers.clifer.settings import GwrSettings
from tests.benchmarks.conftest import Recorder, seconds
from tests.papers.clifer.reference import ReferenceGwr

SIZES = [(419, 50), (665, 128), (833, 128)]
SAMPLES = 1_000


def full(neurons: int, dimensions: int) -> tuple[Gwr, np.ndarray, np.ndarray]:
    """A memory that has grown to its limit, and what is played to it."""
    rng = np.random.default_rng(0)
    eager = GwrSettings(activation=1.0, habituation=1.0, max_nodes=neurons, max_age=None, keep_isolated=True)
    memory = Gwr(eager, 6)
    samples, labels = rng.normal(size=(SAMPLES, dimensions)), rng.integers(0, 6, SAMPLES)
    memory.learn(samples, labels, 2)
    assert len(memory) == neurons
    return memory, samples, labels


@pytest.mark.parametrize(("neurons", "dimensions"), SIZES)
def test_a_sample_against_a_matrix_vector_product(
    benchmark: Any, record: Recorder, neurons: int, dimensions: int
) -> None:
    memory, samples, labels = full(neurons, dimensions)
    weights = memory.weights
    with threadpool_limits(1):
        benchmark.pedantic(memory.learn, args=(samples, labels), rounds=7, warmup_rounds=1)
        products = seconds(lambda: [weights @ sample for sample in samples], rounds=7)
    micro = 1e6 * benchmark.stats.stats.min / SAMPLES
    record(
        f"memory: one sample at {neurons} neurons of {dimensions} dimensions against one matrix-vector product",
        ours="Gwr.learn: distances, two winners, update of winner and neighbours, edges, labels",
        against="numpy's matrix-vector product of the same size, which is less work: the ratio lies below 1",
        ratio=products / benchmark.stats.stats.min,
        how=f"float64, one thread, {SAMPLES} samples, shortest of 7 runs each; {micro:.1f} µs a sample on this machine",
    )


@pytest.mark.parametrize(("neurons", "dimensions"), SIZES)
def test_a_sample_against_a_loop_over_neurons(benchmark: Any, record: Recorder, neurons: int, dimensions: int) -> None:
    memory, samples, labels = full(neurons, dimensions)
    weights = memory.weights
    few = samples[:20]

    def loop() -> list[int]:
        return [int(np.argmin([np.linalg.norm(sample - neuron) for neuron in weights])) for sample in few]

    slow = seconds(loop, rounds=3) / len(few)
    np.testing.assert_array_equal(loop(), memory.winners(few)[0])
    benchmark.pedantic(memory.learn, args=(samples, labels), rounds=7, warmup_rounds=1)
    record(
        f"memory: one sample at {neurons} neurons of {dimensions} dimensions against numpy.linalg.norm of each neuron",
        ours="Gwr.learn: search and all updates",
        against="the search alone, one numpy.linalg.norm a neuron in a Python loop, as public implementations do",
        ratio=slow / (benchmark.stats.stats.min / SAMPLES),
        how=f"float64, same winners; ours {SAMPLES} samples, shortest of 7; the loop {len(few)} samples, shortest of 3",
    )


def test_growing_against_the_plain_reference(benchmark: Any, record: Recorder) -> None:
    rng = np.random.default_rng(1)
    samples = rng.normal(0, 0.3, (300, 50)) + rng.normal(0, 0.5, (6, 50))[np.arange(300) // 50]
    labels, chosen = np.arange(300) // 50, GwrSettings(activation=0.8)
    start = samples[rng.permutation(300)[:2]]

    def fast() -> Gwr:
        memory = Gwr(chosen, 6)
        memory._net = memory._start(samples)
        memory._net.weights[0, :, :2] = start.T
        memory.learn(samples, labels, 3)
        return memory

    def plain() -> ReferenceGwr:
        memory = ReferenceGwr(chosen, 6, start.tolist())
        memory.learn(samples.tolist(), labels.tolist(), 3)
        return memory

    grown = benchmark.pedantic(fast, rounds=7, warmup_rounds=1)
    told: list[ReferenceGwr] = []
    slow = seconds(lambda: told.append(plain()), rounds=1)
    np.testing.assert_array_equal(grown.weights, [neuron.vectors[0] for neuron in told[0].neurons])
    record(
        "memory: growing from two neurons against the plain reference",
        ours="Gwr.learn, compiled",
        against="tests/papers/clifer/reference.py, the same rules in plain Python",
        ratio=slow / benchmark.stats.stats.min,
        how=f"300 samples of 50 dimensions, 3 epochs, {len(grown)} neurons in the end, equal to the last bit; "
        "shortest of 7 runs (ours), one run (reference)",
    )
