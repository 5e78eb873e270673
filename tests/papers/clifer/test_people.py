"""Who trains the imagination model: others are other people, cut alike, and nobody tested is among them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fer_utils import data
from fer_utils.avatars import shoots
from fer_utils.errors import FerError, UsageError
from fer_utils.faces import FaceSet
from fer_utils.papers.clifer import people
from fer_utils.papers.clifer.imagination import CONDITIONS
from fer_utils.papers.clifer.protocol import CLASSES, train_imagination
from fer_utils.papers.clifer.settings import PROFILES
from fer_utils.papers.clifer.study import PROTOCOLS, Study
from tests.papers.clifer.conftest import SETTINGS

FEW = SETTINGS.but(others=2)


def with_prefix(drawn: FaceSet, prefix: str, name: str) -> FaceSet:
    """The drawn people under other names, in another set; without clips, as the studio."""
    table = drawn.table.drop(columns=["sequence", "frame"])
    return replace(
        drawn, name=name, table=table.assign(**{each: prefix + table[each] for each in ("subject", "source")})
    )


@pytest.fixture
def shelf(drawn: FaceSet, monkeypatch: pytest.MonkeyPatch) -> dict[str, FaceSet]:
    """Two other sets, of whom the second holds one of the tested."""
    sets = {name: with_prefix(drawn, name[8], name) for name in people.OTHER_SETS}
    table = sets["avatars_crowd"].table.copy()
    table.loc[table["subject"] == "cp0", "subject"] = "p0"
    sets["avatars_crowd"] = replace(sets["avatars_crowd"], table=table)
    monkeypatch.setattr(people.data, "load", sets.__getitem__)
    return sets


def avatars(drawn: FaceSet) -> FaceSet:
    return replace(drawn, name="avatars_drawn")


def nothing(*_: Any) -> list[dict[str, Any]]:
    raise AssertionError("no unit is asked for")


def test_people_of_the_shipped_clips_are_in_no_set_of_others() -> None:
    """By name in the tables, and by what the names stand for: face shapes that were drawn apart."""
    tested, casts = set(data.load("avatars_clips").subjects), {}
    for name in people.OTHER_SETS:
        assert not tested & set(data.load(name).subjects)
    for letter, count in (("C", shoots.CLIP_PEOPLE), ("A", shoots.STUDIO_PEOPLE), ("N", shoots.CROWD)):
        casts[letter] = np.stack([one.identity for one in shoots.cast(letter, count)])
        assert {one.name for one in shoots.cast("C", shoots.CLIP_PEOPLE)} == tested
    others = np.concatenate([casts["A"], casts["N"]])
    apart = np.linalg.norm(casts["C"][:, None] - others, axis=2)
    among = np.linalg.norm(casts["C"][:, None] - casts["C"], axis=2)
    assert len(others) == 264 and apart.min() > 0.8 * among[among > 0].min() > 5


def test_avatars_are_imagined_by_others_and_photographs_by_their_own(drawn: FaceSet) -> None:
    assert people.who_trains(avatars(drawn), SETTINGS) == "others"
    assert people.who_trains(replace(drawn, name="cmu_faces"), SETTINGS) == "tested"
    assert people.who_trains(avatars(drawn), SETTINGS.but(imagination_people="tested")) == "tested"
    assert PROFILES["quick"].with_knobs({"imagination_people": "tested"}).imagination_people == "tested"
    with pytest.raises(UsageError, match="Did you mean 'others'"):
        SETTINGS.but(imagination_people="other")


def test_others_are_cut_alike_and_nobody_tested_is_among_them(drawn: FaceSet, shelf: dict[str, FaceSet]) -> None:
    study = Study(avatars(drawn), SETTINGS, [0], nothing)
    assert [one.name for one in study.other_sets] == list(people.OTHER_SETS)
    assert [len(np.unique(one.subjects)) for one in study.other_sets] == [4, 3]
    assert study.pool.images.shape == (len(drawn) * 3 - 36, 16, 16, 3) and study.pool.classes == CLASSES
    np.testing.assert_array_equal(study.pool.images[: len(drawn)], study.faces.images)
    np.testing.assert_array_equal(study.pool.labels[len(drawn) : 2 * len(drawn)], drawn.labels)
    few = Study(avatars(drawn), FEW, [0], nothing)
    assert [len(np.unique(one.subjects)) for one in few.other_sets] == [2, 2]


def test_who_trains_under_each_protocol(drawn: FaceSet, shelf: dict[str, FaceSet]) -> None:
    study = Study(avatars(drawn), SETTINGS, [0], nothing)
    (everybody,), (strangers,) = (study.training_rows(protocol) for protocol in PROTOCOLS)
    assert set(study.people) < set(study.pool.subjects[everybody])
    assert not set(study.people) & set(study.pool.subjects[strangers])
    assert {study.model_of(person, protocol) for person in study.people for protocol in PROTOCOLS} == {0}


def test_the_leak_audit_says_that_the_imagination_model_knows_nobody_tested(
    drawn: FaceSet, shelf: dict[str, FaceSet]
) -> None:
    study = Study(avatars(drawn), FEW, [0], lambda unit, calls, stage: [unit(**call) for call in calls])
    published, sound = study.audit("published"), study.audit("sound")
    assert published.reports["imagination"].shares()["subject"] == 1
    assert sound.reports["imagination"].shares()["subject"] == sound.reports["imagination"].shares()["source"] == 0
    assert sound.reports["memories"].shares()["subject"] == 1 and sound.reports["memories"].shares()["clip"] == 0
    assert "4 people of avatars_studio and avatars_crowd, none of them tested" in sound.text()
    assert published.text().endswith("and the tested")


def test_a_model_of_others_is_trained_on_their_labels(drawn: FaceSet, shelf: dict[str, FaceSet]) -> None:
    """What the unit gets is the pool, whose classes are the tested's."""
    study = Study(avatars(drawn), FEW, [0], lambda unit, calls, stage: [dict(call) for call in calls])
    (call,) = study.models("sound")
    assert [CONDITIONS[at] for at in range(6)] == list(call["faces"].classes)
    found = train_imagination(**{**call, "rows": call["rows"][:20]})
    assert np.isfinite(found["history"]).all()


def test_a_stand_in_s_people_cannot_be_told_from_others(drawn: FaceSet) -> None:
    with pytest.raises(FerError, match="nobody can say which of the avatars"):
        people.other_people(replace(drawn, name="ravdess"), SETTINGS)


def test_a_person_in_two_sets_and_a_lack_of_others_are_refused(drawn: FaceSet, shelf: dict[str, FaceSet]) -> None:
    with pytest.raises(FerError, match="p0 would train the imagination model and be tested"):
        people.joined(drawn, [shelf["avatars_crowd"]])
    alone = avatars(drawn.select(drawn.table["label"].eq("fear").to_numpy()))
    for name in people.OTHER_SETS:
        shelf[name] = alone
    with pytest.raises(FerError, match="have nobody beside the people of avatars_drawn"):
        people.other_people(avatars(drawn), SETTINGS)
