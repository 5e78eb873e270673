"""Where the search looks and how, halving over growing parts, and no test row that is ever tuned on."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from fer_utils.errors import UsageError
from fer_utils.papers.dcgan_svm import search, svm
from fer_utils.papers.dcgan_svm.settings import OURS, PROFILES, SEARCH_RANGES, SEARCHES, Settings
from fer_utils.papers.dcgan_svm.svm import Setting
from fer_utils.splits import Fold, grouped_folds, random_folds

PEOPLE, CLASSES, SETTINGS = 30, 3, OURS.but(draws=6, inner_folds=3)
Data = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def data() -> Data:
    """270 rows: three classes on rings about the origin, so that scale matters; thirty people of nine pictures."""
    random = np.random.default_rng(0)
    labels, people = np.tile(np.arange(CLASSES), 90), np.repeat(np.arange(PEOPLE), 9)
    points = random.normal(0, 1, (len(labels), 4))
    features = (1.0 + labels[:, None]) * points / np.linalg.norm(points, axis=1, keepdims=True)
    return features + random.normal(0, 0.15, features.shape), labels, people


def hill(setting: Setting) -> float:
    """Best at C = 30, scale = 2."""
    return -float(np.hypot(np.log10(setting.C / 30), np.log10(setting.scale / 2)))


@pytest.mark.parametrize("how", SEARCHES)
def test_every_search_stays_in_its_box_and_repeats_itself(how: str) -> None:
    settings = OURS.but(draws=6, search=how)
    tried = search.explore(hill, settings, 3)
    assert tried == search.explore(hill, settings, 3) != search.explore(hill, settings, 4)
    assert len({setting for setting, _ in tried}) == 6
    for setting, score in tried:
        assert 1 <= setting.C <= 1e3 and 0.3 <= setting.scale <= 10 and score == hill(setting)


def test_what_was_scored_guides_the_bayesian_searches() -> None:
    def ended(how: str) -> float:
        settings = OURS.but(draws=10, search=how)
        return float(np.mean([max(score for _, score in search.explore(hill, settings, seed)) for seed in range(2)]))

    assert ended("bayes") > ended("random")
    flat = search.explore(lambda setting: 0.0, OURS.but(draws=9, search="tpe"), 0)
    steep = search.explore(hill, OURS.but(draws=9, search="tpe"), 0)
    assert [one for one, _ in flat][:4] == [one for one, _ in steep][:4] and flat[8][0] != steep[8][0]


def test_random_settings_are_even_in_the_logarithm() -> None:
    for name, box in SEARCH_RANGES.items():
        tried = search.explore(hill, OURS.but(draws=300, search="random", search_range=name), 0)
        for side, (low, high) in box.items():
            place = np.log([getattr(setting, side) for setting, _ in tried]) - np.log(low)
            place /= np.log(high) - np.log(low)
            assert 0 <= place.min() < 0.05 and 0.95 < place.max() <= 1 and abs(place.mean() - 0.5) < 0.07


def test_the_search_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd, caplog) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.INFO):
        search.explore(hill, OURS.but(draws=6, search="bayes"), 0)
    assert not list(tmp_path.iterdir()) and not caplog.records and capfd.readouterr() == ("", "")


def test_only_the_paper_s_profile_searches_as_matlab_does() -> None:
    assert {name: (one.search, one.search_range) for name, one in PROFILES.items()} == {
        "smoke": ("tpe", "measured"), "quick": ("tpe", "measured"), "evening": ("tpe", "measured"),
        "paper": ("bayes", "matlab"),
    }  # fmt: skip
    with pytest.raises(UsageError, match="bayes, tpe, random"):
        Settings(search="grid")


def test_the_measured_range_has_no_unit_and_matlab_s_has_the_features(data: Data) -> None:
    features, labels, people = data
    folds = random_folds(labels, 3, 0)
    units = {}
    for name in SEARCH_RANGES:
        found = [
            search.best(
                svm.squared_distances(size * features), labels, people, folds, SETTINGS.but(search_range=name), 0
            )
            for size in (1.0, 1_000.0)
        ]
        units[name] = [unit for _, unit in found]
        if name == "measured":
            assert found[0][0] == found[1][0]
    assert units["matlab"] == [1.0, 1.0] and np.isclose(units["measured"][1] / units["measured"][0], 1e6)


def test_the_best_of_all_that_were_tried_is_taken(data: Data) -> None:
    features, labels, people = data
    distances, folds = svm.squared_distances(features), random_folds(labels, 3, 0)
    setting, unit = search.best(distances, labels, people, folds, SETTINGS, 0)
    everywhere = search.explore(
        lambda one: svm.pooled_accuracy(svm.kernel_of(distances, one.gamma(unit)), labels, folds, one.C), SETTINGS, 0
    )
    scores = [score for _, score in everywhere]
    assert setting == everywhere[int(np.argmax(scores))][0] and max(scores) > min(scores) + 0.1


def test_halving_finds_what_the_whole_search_finds(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels, people = data
    distances, folds = svm.squared_distances(features), random_folds(labels, 3, 0)
    many = SETTINGS.but(draws=18, search="random")

    def accuracy(setting: Setting, unit: float) -> float:
        return svm.pooled_accuracy(svm.kernel_of(distances, setting.gamma(unit)), labels, folds, setting.C)

    whole = accuracy(*search.best(distances, labels, people, folds, many, 0))
    judged: list[int] = []

    def spy(kernel: np.ndarray, *rest: object) -> float:
        judged.append(len(kernel))
        return svm.pooled_accuracy(kernel, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(search, "pooled_accuracy", spy)
    halved = accuracy(*search.best(distances, labels, people, folds, many.but(whole_up_to=100), 0))
    # 18 settings on 90 rows (ten people), six of them on all.
    assert judged == [90] * 18 + [270] * 6
    assert halved == whole > 0.8


def test_parts_grow_hold_whole_people_and_every_class_in_proportion() -> None:
    assert search.part_sizes(3_000, 3_000) == [3_000] and search.part_sizes(15_339, 3_000) == [1_705, 5_113, 15_339]
    assert [search.going_on(count) for count in (30, 10, 3, 1)] == [10, 3, 1, 1]
    # Every picture its own person, one class rare, as in RAF-DB.
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [6_000, 2_500, 500]))
    parts = search.growing_rows(labels, np.arange(9_000), 0, 3_000)
    assert [len(part) for part in parts] == [1_000, 3_000, 9_000][-len(parts) :]
    for part in parts:
        assert np.allclose(np.bincount(labels[part]) / len(part), [6 / 9, 2.5 / 9, 0.5 / 9], atol=0.003)
    assert set(parts[0]) <= set(parts[1]) and not np.array_equal(
        parts[0], search.growing_rows(labels, np.arange(9_000), 1, 3_000)[0]
    )
    # People of nine pictures each come whole.
    people = np.random.default_rng(1).permutation(np.repeat(np.arange(PEOPLE), 9))
    few, everyone = search.growing_rows(np.tile(np.arange(3), 90), people, 0, 100)
    assert np.array_equal(everyone, np.arange(270)) and 90 <= len(few) < 99
    assert set(np.bincount(people[few], minlength=PEOPLE)) == {0, 9}


def test_a_part_holds_two_people_however_many_pictures_one_has() -> None:
    few, _, _ = search.growing_rows(np.tile([0, 1], 30), np.repeat([0, 1, 2], 20), 0, 10)
    assert len(few) == 40


def test_folds_among_a_part_keep_their_sides() -> None:
    folds = [Fold("a", np.array([0, 1, 4, 5]), np.array([2, 3])), Fold("b", np.array([2, 3, 4]), np.array([0, 1, 5]))]
    (left,) = search.among(folds, np.array([0, 4, 5]), 6)
    assert left.name == "b" and left.train.tolist() == [1] and left.test.tolist() == [0, 2]


@pytest.mark.parametrize("whole_up_to", [3_000, 100])
def test_no_row_outside_the_training_part_is_looked_at(data: Data, whole_up_to: int) -> None:
    settings = SETTINGS.but(whole_up_to=whole_up_to)
    features, labels, people = data
    distances = svm.squared_distances(features)
    for fold in grouped_folds(people, 4, 0):
        honest = search.choose(distances, labels, people, fold.train, settings, 0)
        # NaN would break any fit or prediction it entered; -9 is no class.
        poisoned = np.full_like(distances, np.nan)
        poisoned[np.ix_(fold.train, fold.train)] = distances[np.ix_(fold.train, fold.train)]
        hidden, strangers = labels.copy(), people.copy()
        hidden[fold.test], strangers[fold.test] = -9, -9
        assert search.choose(poisoned, hidden, strangers, fold.train, settings, 0) == honest
        with pytest.raises(ValueError, match="NaN"):
            search.choose(poisoned, labels, people, np.append(fold.train, fold.test[0]), settings, 0)


def test_people_are_kept_apart_within_the_training_part(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels, people = data
    seen: list[list[Fold]] = []

    def spy(kernel: np.ndarray, labels: np.ndarray, folds: list[Fold], C: float) -> float:
        seen.append(folds)
        return svm.pooled_accuracy(kernel, labels, folds, C)

    monkeypatch.setattr(search, "pooled_accuracy", spy)
    train = np.flatnonzero(people < 20)
    search.choose(svm.squared_distances(features), labels, people, train, SETTINGS.but(draws=1), 0)
    (folds,) = seen
    assert len(folds) == 3
    for fold in folds:
        assert not set(people[train][fold.train]) & set(people[train][fold.test])
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(train)))
