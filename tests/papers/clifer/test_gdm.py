"""What is played to the two memories when, under each rule variant."""

from __future__ import annotations

import numpy as np
import pytest

from fer_utils.papers.clifer.gdm import DualMemory
from fer_utils.papers.clifer.settings import VARIANTS, GdmSettings, gdm_settings
from tests.papers.clifer.conftest import DIMENSIONS, N_CLASSES, person_codes


def taught(settings: GdmSettings, person: int = 0, **how: object) -> tuple[DualMemory, dict[str, np.ndarray]]:
    data = person_codes(person)
    memory = DualMemory(settings, N_CLASSES)
    for label in range(N_CLASSES):
        memory.learn_class(data["codes"][data["labels"] == label], label, **how)
    return memory, data


def right(memory: DualMemory, data: dict[str, np.ndarray]) -> dict[str, float]:
    return {name: float((told == data["labels"]).mean()) for name, told in memory.predict(data["codes"]).items()}


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_left_of_six_classes_learnt_one_after_another(variant: str) -> None:
    """Well separated classes: replay keeps them all in GDM-E; without it, edges of the oldest age out and they go."""
    people = range(4)
    alone = [right(*taught(gdm_settings(variant), person)) for person in people]
    replayed = [right(*taught(gdm_settings(variant), person, replay=True)) for person in people]
    for found in alone + replayed:
        assert found["GDM-S"] > 1 / N_CLASSES
    for found in replayed:
        assert found["GDM-E"] > 0.99 or variant == "gdm_iris"  # whose ten neurons cannot hold six classes
    if variant.startswith("clifer"):
        assert np.mean([found["GDM-E"] for found in alone]) < 0.8


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("frames", [3, 20])
def test_both_memories_know_the_only_class_there_is(variant: str, frames: int) -> None:
    memory, codes = DualMemory(gdm_settings(variant), N_CLASSES), person_codes(0)["codes"][:frames]
    memory.learn_class(codes, 0)
    for told in memory.predict(codes).values():
        assert (told == 0).all()


def test_the_semantic_memory_hears_only_what_the_episodic_one_makes_of_it() -> None:
    memory = DualMemory(gdm_settings("clifer_paper").but(episode=None), N_CLASSES)
    codes = person_codes(1)["codes"][:20]
    memory.learn_class(codes, 3)
    winners, _ = memory.episodic.winners(codes)
    heard = memory.episodic.weights[winners]
    assert not np.isin(heard, codes).any()
    low, high = heard.min(axis=0) - 1e-12, heard.max(axis=0) + 1e-12
    assert ((memory.semantic.weights >= low) & (memory.semantic.weights <= high)).all()


def test_limits_count_the_frames_of_the_first_class() -> None:
    settings = gdm_settings("clifer_code")
    eager = settings.episodic.but(activation=1.0, habituation=1.0, keep_isolated=True)
    memory = DualMemory(settings.but(episodic=eager), N_CLASSES)
    data = person_codes(2)
    memory.learn_class(data["codes"][:11], 0)
    for label in range(1, N_CLASSES):
        memory.learn_class(data["codes"][data["labels"] == label], label)
    assert memory.episodic.settings.max_nodes == 11 and memory.semantic.settings.max_nodes == 5
    assert memory.sizes()["GDM-E"] == 11


def test_replay_begins_with_the_second_episode() -> None:
    codes = person_codes(0)["codes"][:5]
    with_replay, without = (DualMemory(gdm_settings("clifer_paper"), N_CLASSES) for _ in range(2))
    with_replay.learn_class(codes, 0, replay=True)
    without.learn_class(codes, 0)
    np.testing.assert_array_equal(with_replay.episodic.weights, without.episodic.weights)
    with_replay.learn_class(codes + 0.1, 1, replay=True)
    without.learn_class(codes + 0.1, 1)
    assert not np.array_equal(with_replay.episodic.habituation, without.episodic.habituation)


def test_replay_plays_what_was_stored_to_both_memories_in_turn() -> None:
    """Interleaved, trajectory by trajectory, as the release does it, gives the same two memories."""
    settings, data = gdm_settings("clifer_paper"), person_codes(4)
    ours, theirs = (DualMemory(settings, N_CLASSES) for _ in range(2))
    ours.learn_class(data["codes"][:5], 0, replay=True)
    theirs.learn_class(data["codes"][:5], 0)
    stored = theirs.episodic.trajectories()
    ours.learn_class(data["codes"][40:45], 1, replay=True)
    theirs.learn_class(data["codes"][40:45], 1)
    for trajectory, labels in zip(*stored, strict=True):
        if (labels >= 0).all():
            theirs._play(trajectory, labels, settings.replay_epochs)
    for memory in ("episodic", "semantic"):
        mine, his = getattr(ours, memory), getattr(theirs, memory)
        np.testing.assert_array_equal(mine.weights, his.weights)
        np.testing.assert_array_equal(mine.histogram, his.histogram)


def test_imagination_teaches_classes_that_were_never_seen() -> None:
    data = person_codes(3)
    centres = np.stack([data["codes"][data["labels"] == label].mean(axis=0) for label in range(N_CLASSES)])
    asked = []

    def imagine(codes: np.ndarray) -> np.ndarray:
        asked.append(codes)
        return np.tile(centres, (len(codes), 1, 1))

    memory = DualMemory(gdm_settings("clifer_paper"), N_CLASSES)
    memory.learn_class(data["codes"][data["labels"] == 0], 0, imagine=imagine)
    assert right(memory, data)["GDM-E"] > 0.9
    (codes,) = asked
    assert codes.shape[1] == DIMENSIONS and len(np.unique(codes, axis=0)) == len(codes)
    blind = DualMemory(gdm_settings("clifer_paper"), N_CLASSES)
    blind.learn_class(data["codes"][data["labels"] == 0], 0)
    assert right(blind, data)["GDM-E"] <= 1 / N_CLASSES + 1e-9


def test_the_release_rehearses_the_whole_memory_when_it_imagines() -> None:
    data = person_codes(5)
    batches = {}
    for replays in (False, True):
        memory = DualMemory(gdm_settings("clifer_paper").but(imagination_replays=replays), N_CLASSES)
        memory.learn_class(data["codes"][:10], 0)
        size, played = len(memory.episodic), []
        memory._play = lambda samples, labels, epochs, played=played: played.append(len(samples))
        memory._imagine(data["codes"][:10], lambda codes: np.zeros((len(codes), N_CLASSES, DIMENSIONS)))
        batches[replays] = played[0]
        assert played[0] <= 10 * (1 + N_CLASSES) + size
    assert batches[True] > batches[False] == 10 * (1 + N_CLASSES)


def test_the_same_seed_gives_the_same_bits_and_another_another_start() -> None:
    first, second, other = (DualMemory(gdm_settings("clifer_paper"), N_CLASSES, seed) for seed in (1, 1, 2))
    codes = person_codes(0)["codes"][:40]
    for memory in (first, second, other):
        memory.learn_class(codes, 0, replay=True)
    np.testing.assert_array_equal(first.semantic.weights, second.semantic.weights)
    assert not np.array_equal(first.semantic.weights, other.semantic.weights)


def test_a_class_without_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="without frames"):
        DualMemory(gdm_settings("clifer_paper"), N_CLASSES).learn_class(np.zeros((0, 3)), 0)
