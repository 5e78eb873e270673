"""The growing memory written for reading: lists, dictionaries and one loop after another; float64, no NumPy tricks.

It shares no line with ``fer_utils.papers.clifer.gwr`` and is what the fast one must agree with, bit by bit.
"""

from __future__ import annotations

import math
from typing import Any

from fer_utils.papers.clifer.settings import GwrSettings

Vector = list[float]


class Neuron:
    """``vectors[0]`` is the weight, ``vectors[k]`` the k-th context."""

    def __init__(self, vectors: list[Vector], histogram: Vector) -> None:
        self.vectors, self.histogram, self.habituation = vectors, histogram, 1.0


class ReferenceGwr:
    """See :class:`fer_utils.papers.clifer.gwr.Gwr`, whose two starting samples are handed over as ``start``."""

    def __init__(self, settings: GwrSettings, n_classes: int, start: list[Vector]) -> None:
        self.s, self.n_classes = settings, n_classes
        empty = -1.0 if settings.faithful_quirks else 0.0
        nothing = [[0.0] * len(start[0])] * settings.contexts
        self.neurons = [
            Neuron([list(vector), *(list(zero) for zero in nothing)], [empty] * n_classes) for vector in start
        ]
        self.ages: dict[frozenset[int], int] = {}
        if settings.faithful_quirks:
            self.ages = {frozenset({0}): 0, frozenset({1}): 0, frozenset({0, 1}): 0}
        self.links: dict[tuple[int, int], int] = {}

    def label(self, number: int) -> int:
        histogram = self.neurons[number].histogram
        if max(histogram) <= 0 and not self.s.faithful_quirks:
            return -1
        return histogram.index(max(histogram))

    def distance(self, context: list[Vector], neuron: Neuron) -> float:
        shares = [math.exp(-k) for k in range(len(context))]
        alphas = [share / math.fsum(shares) for share in shares]
        pairs = [list(zip(mine, theirs, strict=True)) for mine, theirs in zip(context, neuron.vectors, strict=True)]
        if self.s.distance == "sum_of_norms":
            total = 0.0
            for alpha, pair in zip(alphas, pairs, strict=True):
                squares = 0.0
                for c, w in pair:
                    squares += (c - w) * (c - w)
                total += alpha * math.sqrt(squares)
            return total
        squares = 0.0
        for d in range(len(context[0])):
            mixed = 0.0
            for alpha, pair in zip(alphas, pairs, strict=True):
                mixed += alpha * (pair[d][0] - pair[d][1])
            squares += mixed * mixed
        return math.sqrt(squares)

    def two_nearest(self, context: list[Vector]) -> tuple[int, int, float]:
        ranked = sorted((self.distance(context, neuron), number) for number, neuron in enumerate(self.neurons))
        return ranked[0][1], ranked[1][1], ranked[0][0]

    def neighbours(self, number: int) -> list[int]:
        return [next(iter(edge - {number}), number) for edge in self.ages if number in edge]

    def connect(self, first: int, second: int) -> None:
        self.ages[frozenset({first, second})] = 0
        for end in (first, second):
            if self.s.max_neighbours is not None and len(self.neighbours(end)) > self.s.max_neighbours:
                oldest = max(
                    self.neighbours(end), key=lambda other, end=end: (self.ages[frozenset({end, other})], -other)
                )
                del self.ages[frozenset({end, oldest})]

    def pull(self, number: int, step: float, context: list[Vector]) -> None:
        for vector, target in zip(self.neurons[number].vectors, context, strict=True):
            for d in range(len(vector)):
                vector[d] += step * (target[d] - vector[d])

    def habituate(self, number: int, tau: float) -> None:
        neuron = self.neurons[number]
        neuron.habituation += tau * self.s.kappa * (1.0 - neuron.habituation) - tau

    def learn(self, samples: list[Vector], labels: list[int], epochs: int, regulated: bool = True) -> dict[str, Any]:
        s, winners, events = self.s, [], []
        regulation = s.regulation if regulated else "none"
        for _ in range(epochs):
            previous, past = None, [[0.0] * len(samples[0])] * (s.contexts + 1)
            for sample, label in zip(samples, labels, strict=True):
                context = [list(sample)]
                for k in range(1, s.contexts + 1):
                    pairs = zip(past[k], past[k - 1], strict=True)
                    context.append([s.beta * deep + (1.0 - s.beta) * shallow for deep, shallow in pairs])
                best, second, distance = self.two_nearest(context)
                activation = math.exp(-distance)
                told = self.label(best)
                wrong = regulation != "none" and told not in (-1, label)
                winner, event = best, 0
                if not (regulation == "iris" and told == label):
                    self.ages = {edge: age + 1 for edge, age in self.ages.items()}
                    novel = {"none": activation < s.activation, "iris": activation < s.activation, "core50": wrong}
                    tired = self.neurons[best].habituation < s.habituation
                    room = s.max_nodes is None or len(self.neurons) < s.max_nodes
                    if novel[regulation] and tired and room:
                        winner, event = self.grow(best, second, context, label), 2
                    else:
                        self.move(best, second, context, label, activation, wrong)
                        event = 1
                    if previous is not None and previous != winner:
                        self.links[previous, winner] = self.links.get((previous, winner), 0) + 1
                winners.append(best)
                events.append(event)
                previous = best if s.faithful_quirks else winner
                past = [list(vector) for vector in self.neurons[previous].vectors]
            if s.max_age is not None:
                self.ages = {edge: age for edge, age in self.ages.items() if age <= s.max_age}
        if not s.keep_isolated:
            self.remove_isolated()
        return {"winner": winners, "event": events}

    def grow(self, best: int, second: int, context: list[Vector], label: int) -> int:
        new, parent = len(self.neurons), self.neurons[best]
        middle = [
            [0.5 * (w + c) for w, c in zip(vector, target, strict=True)]
            for vector, target in zip(parent.vectors, context, strict=True)
        ]
        histogram = [self.s.label_gain if code == label else 0.0 for code in range(self.n_classes)]
        self.neurons.append(Neuron(middle, histogram))
        self.ages.pop(frozenset({best, second}), None)
        self.connect(new, best)
        self.connect(new, second)
        return new

    def move(self, best: int, second: int, context: list[Vector], label: int, activation: float, wrong: bool) -> None:
        s, neuron = self.s, self.neurons[best]
        factor = s.misclassified_factor if wrong else 1.0
        self.habituate(best, s.tau_winner)
        step = s.rate * factor * neuron.habituation
        self.pull(best, step * (1.0 - activation) if s.damped else step, context)
        if not wrong:
            for code in range(self.n_classes):
                change = s.label_gain if code == label else -s.label_loss
                kept = neuron.histogram[code] + change
                neuron.histogram[code] = kept if code == label else max(kept, 0.0)
        self.connect(best, second)
        for near in self.neighbours(best):
            self.pull(near, s.neighbour_rate * factor * self.neurons[near].habituation, context)
            self.habituate(near, s.tau_neighbour)

    def remove_isolated(self) -> None:
        kept = [number for number in range(len(self.neurons)) if any(number in edge for edge in self.ages)]
        if len(kept) < 2:
            return
        place = {old: new for new, old in enumerate(kept)}
        self.neurons = [self.neurons[old] for old in kept]
        self.ages = {frozenset(place[end] for end in edge): age for edge, age in self.ages.items()}
        self.links = {(place[a], place[b]): n for (a, b), n in self.links.items() if a in place and b in place}
