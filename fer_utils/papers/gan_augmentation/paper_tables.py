"""Table 1, the gains that follow from it, and the claims that each of our numbers belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fer_utils.papers.gan_augmentation.arms import ARMS
from fer_utils.papers.gan_augmentation.outcomes import Gain, Outcome, gain
from fer_utils.papers.gan_augmentation.settings import NETWORKS, Settings
from fer_utils.papers.gan_augmentation.study import DF_SVM, Row, Study
from fer_utils.scores import Estimate

NAMES = {"none": "", "dcgan": "+dcgan", "wgan_gp": "+wgan"}
ORDERS = {"none": "none", "dcgan": "dcgan", "wgan_gp": "wgan"}
"""What the arms are called in claim ids."""


@dataclass(frozen=True, eq=False)
class Results:
    """All of Table 1 under one protocol."""

    protocol: str
    svm: Outcome
    rows: Mapping[Row, Outcome]

    def budget(self) -> str:
        """How the rows of the paper were trained here."""
        return "epochs" if self.protocol == "published" else "steps"

    def of(self, network: str, arm: str) -> Outcome:
        """One row of the paper's."""
        return self.rows[Row(network, arm, self.budget())]


def results(study: Study, protocol: str) -> Results:
    """Run what is needed of a protocol."""
    return Results(
        protocol, study.df_svm(protocol)[0], {row: study.outcome(row, protocol) for row in study.rows(protocol)}
    )


def table_1(found: Results, settings: Settings) -> pd.DataFrame:
    """Table 1 and the controls: accuracy with both intervals, one row a line."""
    seeds = max(len(each.predicted) for each in found.rows.values())
    svm = "reduced " if settings.reduced else ""
    lines = [_line(svm + DF_SVM, found.svm)]
    for row, outcome in found.rows.items():
        name = row._replace(network=settings.title(row.network)).text()
        lines.append(_line(name, outcome))
    return pd.DataFrame(lines).assign(protocol=found.protocol, **{"seeds of the CNNs": seeds})


def _line(name: str, outcome: Outcome) -> dict[str, object]:
    pictures, everything = outcome.over_pictures().percent(), outcome.accuracy().percent()
    return {
        "model": name,
        "extra pictures": outcome.extra,
        **everything,
        "low, pictures only %": pictures["low %"],
        "high, pictures only %": pictures["high %"],
        "macro F1 %": 100 * outcome.macro_f1(),
    }


def comparisons(found: Results) -> Iterator[tuple[str, str, Gain]]:
    """Every arm against none, and the generated pictures against each control: network, words, gain."""
    for network in NETWORKS:
        none = found.of(network, "none")
        longer = found.rows.get(Row(network, "none", "steps"))
        if found.protocol == "published" and longer is not None:
            yield network, "no pictures, but as many steps", gain(longer, none)
        for arm in ARMS:
            row = Row(network, arm, found.budget())
            if arm != "none" and row in found.rows:
                yield network, ARMS[arm], gain(found.rows[row], none)
        for arm in ("noise", "mirrored", "real"):
            row = Row(network, arm, "steps")
            if row in found.rows:
                yield network, f"DCGAN pictures, not {ARMS[arm]}", gain(found.of(network, "dcgan"), found.rows[row])


PAPERS_GAINS = {
    ("VGG-16", "dcgan"): 66.37 - 54.92, ("VGG-16", "wgan_gp"): 64.61 - 54.92,
    ("ResNet-50", "dcgan"): 71.75 - 64.28, ("ResNet-50", "wgan_gp"): 69.16 - 64.28,
}  # fmt: skip
"""In points, from Table 1."""


def gain_table(found: Results, settings: Settings) -> pd.DataFrame:
    """One row a comparison, in points: the gain, its interval over pictures, over seeds and over both."""
    paper = {(network, ARMS[arm]): points for (network, arm), points in PAPERS_GAINS.items()}
    rows = []
    for network, words, each in comparisons(found):
        row = {"network": settings.title(network), "comparison": words, "protocol": found.protocol}
        row |= {"gain": 100 * each.both.value, "low": 100 * each.both.low, "high": 100 * each.both.high}
        for name, part in (("pictures", each.pictures), ("seeds", each.seeds)):
            half = 100 * (part.high - part.value)
            row[f"± over {name}"] = half if np.isfinite(half) else np.nan
        rows.append(row | {"paper": paper.get((network, words), np.nan)})
    return pd.DataFrame(rows)


def findings(found: Results) -> list[tuple[str, Estimate, float | None]]:
    """Each of the paper's claims that was tested: its id without the paper's name, ours, and the reference in per cent.

    An accuracy is held against the share of the most frequent class.
    """
    chance = 100 * float(np.bincount(found.svm.truth).max() / len(found.svm.truth))
    out: list[tuple[str, Estimate, float | None]] = [
        ("table_1/vgg13+vgg16+vgg19+svm/fer-2013/accuracy", found.svm.accuracy(), chance)
    ]

    def order(kind: str, what: str, first: Outcome, second: Outcome) -> None:
        out.append((f"order/{kind}/{what}/accuracy_difference", gain(first, second).both, None))

    for network in NETWORKS:
        arms = {arm: found.of(network, arm) for arm in NAMES}
        name = network.lower()
        for arm, outcome in arms.items():
            out.append((f"table_1/{name}{NAMES[arm]}/fer-2013/accuracy", outcome.accuracy(), chance))
        order("dcgan_minus_none", name, arms["dcgan"], arms["none"])
        order("wgan_minus_none", name, arms["wgan_gp"], arms["none"])
        order("dcgan_minus_wgan", name, arms["dcgan"], arms["wgan_gp"])
        order("cnn_minus_svm", name, arms["none"], found.svm)
    for arm, called in ORDERS.items():
        both_networks = (found.of("ResNet-50", arm), found.of("VGG-16", arm))
        order("resnet-50_minus_vgg-16", called.replace("none", "plain"), *both_networks)
    return out
