"""The judges on pictures whose answers are known, right and wrong."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fer_utils.faces import FaceSet
from fer_utils.papers.clifer import judges


def test_the_expression_is_read_from_faces_that_show_it(drawn: FaceSet) -> None:
    """The drawn faces themselves stand for imagined ones; a third of the frames shows neutral."""
    faces, shift = drawn, drawn.labels.max() + 1
    found = judges.expression_read(faces, faces.images, faces.labels, faces.subjects)
    assert found["imagined"].value > 0.9 and found["real"].value > 2 / 6
    wrong = judges.expression_read(faces, faces.images, (faces.labels + 1) % shift, faces.subjects)
    assert wrong["imagined"].value < 0.1


def test_gradients_do_not_see_how_bright_a_picture_is() -> None:
    image = np.random.default_rng(0).integers(0, 100, (1, 48, 48, 3)).astype(np.uint8)
    features = judges.hog(np.concatenate([image, image + 50]))
    assert features.shape == (2, 900) and features.dtype == np.float32
    np.testing.assert_allclose(features[0], features[1], atol=1e-5)


def test_the_nearest_neighbour_is_taken_from_those_allowed() -> None:
    features = np.array([[0.0], [1.0], [5.0], [6.5]])
    labels, people = np.array([0, 1, 0, 0]), np.array(["a", "a", "b", "b"])
    others = people[:, None] != people
    # 0 -> 5 agrees, 1 -> 5 does not, 5 -> 1 does not, 6.5 -> 1 does not.
    assert judges.nearest_agrees(features, labels, people, others).value == pytest.approx(1 / 4)
    mine = (people[:, None] == people) & ~np.eye(4, dtype=bool)
    assert judges.nearest_agrees(features, labels, people, mine).value == pytest.approx(2 / 4)
    mine[0] = False
    assert judges.nearest_agrees(features, labels, people, mine).value == pytest.approx(2 / 3)


def test_a_person_is_known_by_their_own_face_and_by_nobody_else_s(drawn: FaceSet) -> None:
    """Two photographs of a stranger and of a person each, cut from noise so that no two are alike."""
    rng = np.random.default_rng(0)
    one, two = (rng.integers(0, 256, (48, 48, 3)).astype(np.uint8) for _ in range(2))
    table = drawn.table.iloc[:4].assign(subject=["a", "a", "b", "b"], source=[*"wxyz"]).reset_index(drop=True)
    faces = FaceSet("two", np.stack([one, one, two, two]), table, drawn.classes, True)
    found = judges.person_known(faces, np.stack([one, two]), np.array(["a", "b"]))
    assert found["real"].value == 1 and found["imagined"].value == 1
    assert judges.person_known(faces, np.stack([one, two]), np.array(["b", "a"]))["imagined"].value == 0


def test_what_was_judged_is_not_judged_again_and_other_pictures_are(
    drawn: FaceSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    hog, described = judges.hog, judges._described
    monkeypatch.setattr(judges, "hog", lambda images: seen.append(len(images)) or hog(images))
    monkeypatch.setattr(judges, "_described", lambda network, images: seen.append(-1) or described(network, images))
    drawn = drawn.with_images(np.repeat(drawn.images[..., None], 3, axis=3))
    two = np.unique(drawn.subjects)[:2]
    few = drawn.select(np.concatenate([np.flatnonzero(drawn.subjects == who)[:2] for who in two]))

    def judged(pictures: np.ndarray, owners: np.ndarray) -> list[tuple[float, ...]]:
        found = [judges.expression_read(drawn, pictures, drawn.labels[:4], owners)]
        found.append(judges.person_known(few, pictures, owners))
        return [(one.value, *one.ci95) for each in found for one in each.values()]

    owners = np.resize(np.unique(few.subjects), 4)
    first, work = judged(drawn.images[:4], owners), len(seen)
    assert work == 2 + 2 + 2
    np.testing.assert_array_equal(judged(drawn.images[:4], owners), first)
    # The judge of expressions is kept, and looks at these four; what the matcher said is kept.
    assert seen[work:] == [4]
    judged(drawn.images[4:8], owners)
    assert sorted(seen[work + 1 :]) == [-1, 4]


@pytest.mark.parametrize("classes", [2, 6])
def test_the_kept_judge_answers_as_the_classifier_would(drawn: FaceSet, classes: int) -> None:
    faces = drawn.select(np.flatnonzero(drawn.labels >= drawn.labels.max() + 1 - classes))
    edges = judges.edges_of(faces.images)
    fitted = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300)).fit(edges, faces.labels)
    kept = judges._reader(faces)
    assert len(kept["classes"]) == classes
    answers = kept["classes"][(edges @ kept["weights"] + kept["bias"]).argmax(axis=1)]
    np.testing.assert_array_equal(answers, fitted.predict(edges))
