"""What did adversarial training add? The same SVM on a trained discriminator, an untrained one, and plainer features.

The paper has no such comparison. Its abstract claims more than an accuracy: that features learnt without labels help
where labels are few. So the comparison is made with all labels and with few.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from fer_utils.papers.dcgan_svm import protocol as steps
from fer_utils.papers.dcgan_svm.features import CONTROLS, DRAWN, UNTRAINED
from fer_utils.papers.dcgan_svm.outcomes import FewLabels, Recognition, over_seeds
from fer_utils.papers.dcgan_svm.settings import FEATURES
from fer_utils.papers.dcgan_svm.study import Ask, Study

LABELLED = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
"""Shares of a training part's people whose labels are used."""


class Comparison:
    """Ways to describe the pictures of :attr:`Study.home`, at equal width and equal batch-norm statistics."""

    def __init__(self, study: Study) -> None:
        self.study = study

    def way(self, name: str) -> str:
        """What tables and figures call a way to get features: a role's GAN or one of :data:`CONTROLS`."""
        return name if name in CONTROLS else f"DCGAN on {self.study.titles[name]}"

    def ways(self, protocol: str) -> dict[str, list[Ask]]:
        """All ways to describe the home role, with batch-norm statistics of the same pictures: an ask a seed."""
        return {
            way: [
                Ask(way, self.study.home, protocol, seed=seed, level=True)
                for seed in (self.study.seeds if way in (*self.study.trained, *DRAWN) else self.study.seeds[:1])
            ]
            for way in (*self.study.trained, *CONTROLS)
        }

    def controls(self, protocol: str) -> dict[str, Recognition]:
        """Emotions of the home role from each GAN of :attr:`Study.trained` and each of :data:`CONTROLS`, all seeds."""
        ways = self.ways(protocol)
        found = iter(self.study.recognise([ask for asks in ways.values() for ask in asks]))
        return {way: over_seeds([next(found) for _ in asks]) for way, asks in ways.items()}

    @property
    def labelled(self) -> list[int]:
        """How many people of each training part are labelled where few are: a sixteenth of them and up to all."""
        folds = self.study.folds(self.study.home, "sound")
        people = min(len(np.unique(self.study.faces.subjects[fold.train])) for fold in folds)
        return sorted({max(1, round(people * share)) for share in LABELLED})

    def few_labels(self) -> dict[str, FewLabels]:
        """Emotions of :attr:`Study.home`, people apart, where only some people of each training part are labelled.

        All of :meth:`controls`' ways, with the same people labelled for each.
        """
        ways, counts, draws = self.ways("sound"), self.labelled, self.study.settings.few_draws
        calls: list[dict[str, Any]] = []
        owners = []
        for way, asks in ways.items():
            for place, ask in enumerate(asks):
                for folds, unmet in self.study.parts(way, self.study.home, "sound"):
                    owners.append((way, place))
                    amounts = {"counts": counts, "draws": draws, "seed": self.study.seed}
                    calls.append({**self.study.described(ask, unmet), "folds": folds, **amounts})
        shape = (len(counts), draws, len(self.study.faces))
        predicted = {way: np.full((len(asks), *shape), -1) for way, asks in ways.items()}
        stored = self.study.mapper(steps.recognise_few, calls, "SVMs from few labels")
        for (way, place), call, answered in zip(owners, calls, stored, strict=True):
            rows = np.concatenate([fold.test for fold in call["folds"]])
            predicted[way][place][..., rows] = answered["predicted"][..., rows]
        return {
            way: FewLabels(counts, (answers == self.study.faces.labels).mean(axis=2), self.study.faces.subjects)
            for way, answers in predicted.items()
        }

    def layers(self, protocol: str) -> dict[str, Recognition]:
        """Emotions of the home role from the first GAN of :attr:`Study.trained`, by where its features are taken."""
        wanted = [Ask(self.study.trained[0], self.study.home, protocol, feature) for feature in FEATURES]
        return dict(zip(FEATURES, self.study.recognise(wanted), strict=True))

    def added(self, controls: Mapping[str, Recognition] | None, few: Mapping[str, FewLabels]) -> pd.DataFrame:
        """What each trained discriminator has over the untrained one, in points of accuracy: a row a GAN and amount.

        Args:
            controls: from :meth:`controls` under ``sound``; ``None``: that protocol was not run.
            few: from :meth:`few_labels`.
        """
        rows = []
        for way in self.study.trained:
            differences = {
                f"{count}": few[way].minus(few[UNTRAINED], place) for place, count in enumerate(few[way].counts)
            }
            if controls is not None:
                differences["all, SVM tuned"] = controls[way].answers.minus(controls[UNTRAINED].answers).both
            for labelled, gap in differences.items():
                half_width = {"half width": 50 * (gap.high - gap.low), "people": gap.n}
                name = {"features": self.way(way), "people labelled": labelled}
                rows.append({**name, **gap.percent("trained - untrained"), **half_width})
        return pd.DataFrame(rows)
