"""The loop that every sample passes, compiled: :mod:`fer_utils.papers.clifer.gwr` is what to call.

Three things make it fast. Weights lie as ``[K + 1, D, capacity]``, so that the distances to all
neurons grow side by side in vector registers, dimension by dimension, and still in one fixed
order of additions: every machine, and the plain reference in the tests, gets the same bits. An
edge stores *when* it was last refreshed, so that ageing all of them is adding 1 to a clock. And
arrays have room to spare: the loop stops before a sample that may not fit, the caller doubles
the room, and the loop goes on there.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

NOTHING, MOVED, GREW = 0, 1, 2
"""What a sample did to the memory."""

COUNT, CLOCK, PREVIOUS = 0, 1, 2
"""Places in ``Net.numbers``: neurons in use, edge updates so far, the previous sample's winner or -1."""


class Net(NamedTuple):
    """The state of one memory: ``C`` neurons of room, ``W`` and ``V`` entries of room in each list."""

    weights: np.ndarray  # float64 [K + 1, D, C]: the weight and K contexts of each neuron
    habituation: np.ndarray  # float64 [C], 1 for a fresh neuron
    histogram: np.ndarray  # float64 [C, L], how often each label was seen
    neighbours: np.ndarray  # int32 [C, W], in no order
    refreshed: np.ndarray  # int64 [C, W], the clock when that edge was last used
    degree: np.ndarray  # int32 [C], entries in use of the two above
    followers: np.ndarray  # int32 [C, V], which neurons won next
    times: np.ndarray  # int64 [C, V], how often
    followed: np.ndarray  # int32 [C], entries in use of the two above
    past: np.ndarray  # float64 [K + 1, D], the previous winner's weight and contexts
    numbers: np.ndarray  # int64 [3]


class Rules(NamedTuple):
    """:class:`fer_utils.papers.clifer.settings.GwrSettings` in numbers that compile."""

    alphas: np.ndarray  # float64 [K + 1], the share of each context in the distance
    activation: float
    habituation: float
    max_nodes: int
    rate: float
    neighbour_rate: float
    tau_winner: float
    tau_neighbour: float
    kappa: float
    beta: float
    label_gain: float
    label_loss: float
    misclassified_factor: float
    max_neighbours: int  # 0: no limit
    damped: bool
    norm_of_sum: bool
    regulated: bool
    core50: bool
    quirks: bool


@njit(cache=True)
def merge_context(net, rules, sample, context):
    """``C_0`` is the sample, ``C_k = beta c_{b,k} + (1 - beta) c_{b,k-1}`` with ``b`` the previous winner."""
    context[0] = sample
    for k in range(1, len(context)):
        for d in range(context.shape[1]):
            context[k, d] = rules.beta * net.past[k, d] + (1.0 - rules.beta) * net.past[k - 1, d]


@njit(cache=True)
def measure(net, rules, context, distance, part):
    """The distance of ``context`` to every neuron, into ``distance``; ``part`` is scratch space."""
    count = net.numbers[COUNT]
    distance[:count] = 0.0
    if rules.norm_of_sum:
        for d in range(context.shape[1]):
            part[:count] = 0.0
            for k in range(len(context)):
                row, value, alpha = net.weights[k, d], context[k, d], rules.alphas[k]
                for j in range(count):
                    part[j] += alpha * (value - row[j])
            for j in range(count):
                distance[j] += part[j] * part[j]
        for j in range(count):
            distance[j] = math.sqrt(distance[j])
        return
    for k in range(len(context)):
        part[:count] = 0.0
        for d in range(context.shape[1]):
            row, value = net.weights[k, d], context[k, d]
            for j in range(count):
                part[j] += (value - row[j]) * (value - row[j])
        alpha = rules.alphas[k]
        for j in range(count):
            distance[j] += alpha * math.sqrt(part[j])


@njit(cache=True)
def two_best(distance, count):
    """The nearest and second nearest neuron; of equal ones the lower number."""
    best, second = (0, 1) if distance[0] <= distance[1] else (1, 0)
    for j in range(2, count):
        if distance[j] < distance[best]:
            best, second = j, best
        elif distance[j] < distance[second] or (distance[j] == distance[second] and j < second):
            second = j
    return best, second


@njit(cache=True)
def label_of(net, rules, neuron):
    """The mode of a neuron's histogram; -1 for a neuron without labels, unless the quirk calls it 0."""
    row = net.histogram[neuron]
    label = 0
    for i in range(1, len(row)):
        if row[i] > row[label]:
            label = i
    return label if rules.quirks or row[label] > 0 else -1


@njit(cache=True)
def count_label(net, rules, neuron, label):
    row = net.histogram[neuron]
    for i in range(len(row)):
        if i == label:
            row[i] += rules.label_gain
        else:
            row[i] = max(row[i] - rules.label_loss, 0.0)


@njit(cache=True)
def cut(net, first, second):
    """Remove ``second`` from the neighbours of ``first``, if it is there."""
    last = net.degree[first] - 1
    for place in range(last + 1):
        if net.neighbours[first, place] == second:
            net.neighbours[first, place] = net.neighbours[first, last]
            net.refreshed[first, place] = net.refreshed[first, last]
            net.degree[first] = last
            return


@njit(cache=True)
def note(net, first, second):
    """Add ``second`` to the neighbours of ``first``, or refresh it."""
    for place in range(net.degree[first]):
        if net.neighbours[first, place] == second:
            net.refreshed[first, place] = net.numbers[CLOCK]
            return
    place = net.degree[first]
    net.neighbours[first, place] = second
    net.refreshed[first, place] = net.numbers[CLOCK]
    net.degree[first] += 1


@njit(cache=True)
def drop_oldest(net, neuron):
    """Cut the edge of ``neuron`` that was not used for longest; of equal ones that to the lower number."""
    oldest = 0
    for place in range(1, net.degree[neuron]):
        age = net.refreshed[neuron, oldest] - net.refreshed[neuron, place]
        if age > 0 or (age == 0 and net.neighbours[neuron, place] < net.neighbours[neuron, oldest]):
            oldest = place
    other = net.neighbours[neuron, oldest]
    cut(net, neuron, other)
    cut(net, other, neuron)


@njit(cache=True)
def connect(net, rules, first, second):
    note(net, first, second)
    note(net, second, first)
    if rules.max_neighbours > 0:
        if net.degree[first] > rules.max_neighbours:
            drop_oldest(net, first)
        if net.degree[second] > rules.max_neighbours:
            drop_oldest(net, second)


@njit(cache=True)
def follow(net, first, second):
    """Count that ``second`` won right after ``first``."""
    if first < 0 or first == second:
        return
    for place in range(net.followed[first]):
        if net.followers[first, place] == second:
            net.times[first, place] += 1
            return
    net.followers[first, net.followed[first]] = second
    net.times[first, net.followed[first]] = 1
    net.followed[first] += 1


@njit(cache=True)
def pull(net, neuron, step, context):
    """Move a neuron's weight and contexts a step towards the input's."""
    for k in range(len(context)):
        for d in range(context.shape[1]):
            net.weights[k, d, neuron] += step * (context[k, d] - net.weights[k, d, neuron])


@njit(cache=True)
def habituate(net, rules, neuron, tau):
    fatigue = net.habituation[neuron]
    net.habituation[neuron] = fatigue + (tau * rules.kappa * (1.0 - fatigue) - tau)


@njit(cache=True)
def grow(net, rules, best, second, context, label):
    """A new neuron halfway between the winner and the input, between winner and runner-up."""
    new = net.numbers[COUNT]
    net.numbers[COUNT] = new + 1
    for k in range(len(context)):
        for d in range(context.shape[1]):
            net.weights[k, d, new] = 0.5 * (net.weights[k, d, best] + context[k, d])
    net.habituation[new] = 1.0
    net.histogram[new] = 0.0
    net.histogram[new, label] = rules.label_gain
    net.degree[new] = 0
    net.followed[new] = 0
    cut(net, best, second)
    cut(net, second, best)
    connect(net, rules, new, best)
    connect(net, rules, new, second)
    return new


@njit(cache=True)
def move(net, rules, best, second, context, label, activation, hindered):
    """The winner and its neighbours go towards the input; a hindered sample moves little and counts no label."""
    factor = rules.misclassified_factor if hindered else 1.0
    habituate(net, rules, best, rules.tau_winner)
    step = rules.rate * factor * net.habituation[best]
    pull(net, best, step * (1.0 - activation) if rules.damped else step, context)
    if not hindered:
        count_label(net, rules, best, label)
    connect(net, rules, best, second)
    for place in range(net.degree[best]):
        near = net.neighbours[best, place]
        pull(net, near, rules.neighbour_rate * factor * net.habituation[near], context)
        habituate(net, rules, near, rules.tau_neighbour)


@njit(cache=True)
def may_not_fit(net, best, second):
    capacity, width = net.neighbours.shape
    if net.numbers[COUNT] == capacity or net.degree[best] == width or net.degree[second] == width:
        return True
    return net.numbers[PREVIOUS] >= 0 and net.followed[net.numbers[PREVIOUS]] == net.followers.shape[1]


@njit(cache=True)
def learn(net, rules, samples, labels, start, winners, events):
    """Play ``samples[start:]`` once; give the number of the first that was not played for want of room."""
    distance, part = np.empty(len(net.habituation)), np.empty(len(net.habituation))
    context = np.empty_like(net.past)
    for i in range(start, len(samples)):
        merge_context(net, rules, samples[i], context)
        measure(net, rules, context, distance, part)
        best, second = two_best(distance, net.numbers[COUNT])
        if may_not_fit(net, best, second):
            return i
        activation = math.exp(-distance[best])
        told = label_of(net, rules, best)
        # A neuron without a label has said nothing wrong: it takes this one. (Hindered, it could never get any.)
        wrong = rules.regulated and told >= 0 and told != labels[i]
        winners[i], events[i], winner = best, NOTHING, best
        if wrong or told < 0 or not rules.regulated or rules.core50:
            net.numbers[CLOCK] += 1
            novel = wrong if rules.core50 and rules.regulated else activation < rules.activation
            if novel and net.habituation[best] < rules.habituation and net.numbers[COUNT] < rules.max_nodes:
                winner, events[i] = grow(net, rules, best, second, context, labels[i]), GREW
            else:
                move(net, rules, best, second, context, labels[i], activation, wrong)
                events[i] = MOVED
            follow(net, net.numbers[PREVIOUS], winner)
        previous = best if rules.quirks else winner
        net.numbers[PREVIOUS] = previous
        net.past[:] = net.weights[:, :, previous]
    return len(samples)


@njit(cache=True)
def find_winners(net, rules, samples, winners, distances):
    """Winner and distance of each sample; nothing is changed but ``net.past``, which carries the context on."""
    distance, part = np.empty(len(net.habituation)), np.empty(len(net.habituation))
    context = np.empty_like(net.past)
    for i in range(len(samples)):
        merge_context(net, rules, samples[i], context)
        measure(net, rules, context, distance, part)
        best, _ = two_best(distance, net.numbers[COUNT])
        winners[i], distances[i] = best, distance[best]
        net.past[:] = net.weights[:, :, best]


@njit(cache=True)
def cut_old_edges(net, max_age):
    for neuron in range(net.numbers[COUNT]):
        for place in range(net.degree[neuron] - 1, -1, -1):
            if net.numbers[CLOCK] - net.refreshed[neuron, place] > max_age:
                cut(net, neuron, net.neighbours[neuron, place])


@njit(cache=True)
def remove_isolated(net):
    """Remove neurons without an edge and close the gaps; two neurons always stay."""
    count = net.numbers[COUNT]
    if np.count_nonzero(net.degree[:count]) < 2:
        return
    new_number = np.full(count, -1, np.int32)
    kept = 0
    for old in range(count):
        if net.degree[old] > 0:
            new_number[old] = kept
            kept += 1
    for old in range(count):
        new = new_number[old]
        if new < 0:
            continue
        net.weights[:, :, new] = net.weights[:, :, old]
        net.habituation[new] = net.habituation[old]
        net.histogram[new] = net.histogram[old]
        net.degree[new] = net.degree[old]
        for place in range(net.degree[old]):
            net.neighbours[new, place] = new_number[net.neighbours[old, place]]
            net.refreshed[new, place] = net.refreshed[old, place]
        remaining = 0
        for place in range(net.followed[old]):
            follower = new_number[net.followers[old, place]]
            if follower >= 0:
                net.followers[new, remaining] = follower
                net.times[new, remaining] = net.times[old, place]
                remaining += 1
        net.followed[new] = remaining
    net.numbers[COUNT] = kept


@njit(cache=True)
def room_for(net, samples):
    """Whether that many samples fit, however they fall."""
    count = net.numbers[COUNT]
    longest = max(net.degree[:count].max() + 2 * samples, net.followed[:count].max() + samples)
    width = min(net.neighbours.shape[1], net.followers.shape[1])
    return count + samples <= len(net.habituation) and longest <= width


@njit(cache=True)
def play_apart(net, rules, sequences, labels, start, epochs, max_age, keep_isolated, played, told):
    """Every sequence of ``[S, T, D]`` as a training call of its own, and what the memory makes of it then.

    ``played[i]`` receives the winners' weights and ``told[i]`` their labels, as seen right after
    sequence ``i``. Gives the number of the first sequence that was not played for want of room.
    """
    length = sequences.shape[1]
    winners, events = np.empty(length, np.int32), np.empty(length, np.int8)
    found, distances = np.empty(length, np.int64), np.empty(length)
    for i in range(start, len(sequences)):
        if not room_for(net, epochs * length):
            return i
        for _ in range(epochs):
            net.past[:] = 0.0
            net.numbers[PREVIOUS] = -1
            learn(net, rules, sequences[i], labels[i], 0, winners, events)
            if max_age >= 0:
                cut_old_edges(net, max_age)
        if not keep_isolated:
            remove_isolated(net)
        net.past[:] = 0.0
        find_winners(net, rules, sequences[i], found, distances)
        for t in range(length):
            played[i, t] = net.weights[0, :, found[t]]
            told[i, t] = label_of(net, rules, found[t])
    return len(sequences)
