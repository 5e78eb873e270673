"""What the SVMs of one experiment answered, and the areas under their ROC curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fer_utils import scores
from fer_utils.faces import FaceSet
from fer_utils.papers.answers import Answers, together
from fer_utils.papers.dcgan_svm.experiments import ACTION_UNITS
from fer_utils.scores import Estimate


@dataclass(frozen=True, eq=False)
class Recognition:
    """What the emotion SVMs of one experiment answered; each picture is tested once.

    Attributes:
        classes: their names, K of them.
        answers: of the N pictures, a row a seed: accuracy, recalls, confusion.
        scores: ``float64 [N, K]`` of the first seed, one against the rest.
        chosen: ``float64 [F, 2]``, box constraint and kernel scale of each fold; where two GANs share
            the folds, those of the first GAN's folds come first.
    """

    classes: tuple[str, ...]
    answers: Answers
    scores: np.ndarray
    chosen: np.ndarray

    @property
    def shown(self) -> np.ndarray:
        """``bool [N, K]``, one column a class."""
        return self.answers.truth[:, None] == np.arange(len(self.classes))

    def auc(self, code: int) -> Estimate:
        """Area under one class's ROC curve against the rest, with its interval over people."""
        return scores.auc(self.shown[:, code], self.scores[:, code], self.answers.people)

    def mean_auc(self) -> Estimate:
        """Mean area over the classes, with its interval over people."""
        return scores.mean_auc(self.shown, self.scores, self.answers.people)


@dataclass(frozen=True, eq=False)
class Detection:
    """What the action-unit SVMs of one experiment answered.

    Attributes:
        shown: ``bool [N, 14]``, for the tested pictures.
        scores: ``float64 [N, 14]``; NaN where all or none of the training pictures show the unit.
        people: ``[N]``, whom each picture belongs to.
    """

    shown: np.ndarray
    scores: np.ndarray
    people: np.ndarray

    def auc(self, unit: int) -> Estimate:
        """Area under the ROC curve of one action unit, by its FACS number."""
        column = ACTION_UNITS.index(unit)
        return scores.auc(self.shown[:, column], self.scores[:, column], self.people)

    def mean_auc(self, units: Sequence[int] = ACTION_UNITS) -> Estimate:
        """Mean area over those of the action units that could be tested."""
        columns = [ACTION_UNITS.index(unit) for unit in units]
        return scores.mean_auc(self.shown[:, columns], self.scores[:, columns], self.people)


def joined(faces: FaceSet, parts: Sequence[Mapping[str, np.ndarray]]) -> Recognition:
    """Each picture's answer from the part that tested it."""
    predicted, scores = parts[0]["predicted"].copy(), parts[0]["scores"].copy()
    for part in parts[1:]:
        tested = part["predicted"] >= 0
        predicted[tested], scores[tested] = part["predicted"][tested], part["scores"][tested]
    answers = Answers(faces.labels, predicted[None], faces.subjects, len(faces.classes))
    return Recognition(faces.classes, answers, scores, np.concatenate([part["chosen"] for part in parts]))


def over_seeds(each: Sequence[Recognition]) -> Recognition:
    """The same experiment with several seeds as one; scores and settings are the first seed's."""
    predicted = np.concatenate([one.answers.predicted for one in each])
    return replace(each[0], answers=replace(each[0].answers, predicted=predicted))


@dataclass(frozen=True, eq=False)
class FewLabels:
    """What SVMs answered that had learnt from few people's labels.

    Attributes:
        counts: how many people were labelled, K of them.
        correct: ``float64 [S, K, N]``, a row a seed: the share of draws in which a picture's answer was right.
        people: ``[N]``, whom each picture belongs to.
    """

    counts: Sequence[int]
    correct: np.ndarray
    people: np.ndarray

    def accuracy(self, place: int) -> Estimate:
        """Accuracy with ``counts[place]`` people, with its interval over people and seeds."""
        return self._mean(self.correct[:, place])

    def minus(self, other: FewLabels, place: int) -> Estimate:
        """The paired difference of two accuracies: picture by picture, seed by seed, the same people labelled."""
        return self._mean(self.correct[:, place] - other.correct[:, place])

    def _mean(self, values: np.ndarray) -> Estimate:
        seeds = scores.mean(values.mean(axis=1), np.arange(len(values)))
        return together(scores.mean(values.mean(axis=0), self.people), seeds)
