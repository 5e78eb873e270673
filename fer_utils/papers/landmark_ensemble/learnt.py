"""What stage 1 learns, what becomes of it while expressions are learnt, and how far each step of either brings."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fer_utils.papers.landmark_ensemble import protocol as rules
from fer_utils.papers.landmark_ensemble.points import targets
from fer_utils.papers.landmark_ensemble.protocol import Task
from fer_utils.papers.landmark_ensemble.settings import ONE_CYCLE, PAPER_RATES, PARTS
from fer_utils.papers.landmark_ensemble.study import Study


def landmark_errors(study: Study, protocol: str = "sound") -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """How far EL's landmarks lie from dlib's on the test images, before and after the extractor was tuned.

    Returns:
        For each part ``float64 [T]`` before and after, mean absolute differences as fractions of the crop's side,
        and ``[T]``, the person in each image.
    """
    errors: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {part: [] for part in PARTS}
    for tasks, trained in study.units("el", protocol):
        for number, task in enumerate(tasks):
            for member, part in enumerate(PARTS):
                rows = task.fold.test
                wanted = targets(study.points[rows], part, study.settings.image_size)
                before, after = (
                    trained[name][number, member, : len(rows), : wanted.shape[1]] for name in ("before", "after")
                )
                errors[part].append((_error(before, wanted), _error(after, wanted), study.subjects[rows]))
    joined = {part: [np.concatenate(column) for column in zip(*rows, strict=True)] for part, rows in errors.items()}
    return {part: (before, after, people) for part, (before, after, people) in joined.items()}


def landmark_changes(study: Study, protocol: str = "sound") -> pd.DataFrame:
    """Figure 10 in numbers: each part's mean landmark error, in per cent of the crop's side.

    Columns ``part``; on upright test faces ``before %`` and ``after %`` the extractor was tuned and ``change %``;
    on the faces that stage 1 saw, turned and shifted as they are, ``training faces %``; and what always saying the
    mean face has of either: ``mean face, training %``, ``mean face, test %``.
    """
    rows = []
    for part, (before, after, _) in landmark_errors(study, protocol).items():
        seen, moved, upright = _stage_1(study, protocol, part)
        old, new = 100 * before.mean(), 100 * after.mean()
        rows.append({"part": part, "before %": old, "after %": new, "change %": new - old,
                     "training faces %": seen, "mean face, training %": moved,
                     "mean face, test %": upright})  # fmt: skip
    return pd.DataFrame(rows)


def _stage_1(study: Study, protocol: str, part: str) -> tuple[float, float, float]:
    """Mean error of one part in stage 1 on training faces; the mean face's on training and test faces; in %."""
    found = []
    for tasks, trained in study.units("el", protocol):
        for number, task in enumerate(tasks):
            found.append((100 * float(trained["seen"][number, PARTS.index(part)]), *mean_face(study, task, part)))
    seen, training, test = (float(np.mean(column)) for column in zip(*found, strict=True))
    return seen, training, test


def mean_face(study: Study, task: Task, part: str) -> tuple[float, float]:
    """What always saying the mean of the training faces, moved as they are, has for an error.

    Returns:
        On those faces, and on the upright test faces, in % of the crop's side.
    """
    size, variants = study.settings.image_size, study.settings.augmentation.variants
    rows = (task.fold.train[:, None] * variants + np.arange(variants)).ravel()
    moved, upright = targets(study.variants["points"][rows], part, size), targets(study.points, part, size)
    mean = moved.mean(axis=0)
    return 100 * float(np.abs(moved - mean).mean()), 100 * float(np.abs(upright[task.fold.test] - mean).mean())


def learning_curves(study: Study, protocol: str = "sound") -> dict[str, dict[str, np.ndarray]]:
    """How far the paper's rates and a one-cycle schedule bring the same network in the same steps.

    Returns:
        For each schedule's name ``landmarks`` and ``expressions``: the mean over each epoch's batches of stage 1's
        error in % of the crop's side, and of the cross-entropy of stages 2 and 3.
    """
    task = study.tasks(protocol)[0]
    batches = study.batches(protocol)
    shared = {"task": task, "labels": study.labels, **study.variants, "n_classes": len(study.classes),
              "batches": batches}  # fmt: skip
    calls = [{**shared, "settings": study.settings.but(**own)} for own in (PAPER_RATES, ONE_CYCLE)]
    found = study.mapper(rules.learning_curve, calls, "learning curves")
    per_epoch = [{name: one[name].reshape(-1, batches).mean(axis=1) for name in one} for one in found]
    names = ("the paper's rates", "one cycle")
    return {name: {**one, "landmarks": 100 * one["landmarks"]} for name, one in zip(names, per_epoch, strict=True)}


def _error(predicted: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    return np.abs(predicted - wanted).mean(axis=1, dtype=float)
