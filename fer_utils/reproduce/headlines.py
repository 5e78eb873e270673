"""The number that each paper is known by, and the control that it should be read against."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer_utils.papers.headline import Control, Headline

HEADLINES = {
    "clifer": Headline(
        "F1 after the last class, GDM-E memory",
        tuple(f"clifer/abstract/gdm-e/{name}/f1" for name in ("ravdess", "mmi", "baum-1")),
        Control(
            "without imagination",
            "headline_f1",
            {"condition": "GDM", "memory": "GDM-E"},
            ("f1 micro mean", "f1 micro low", "f1 micro high"),
        ),
    ),
    "gan_augmentation": Headline(
        "accuracy, ResNet-50 with DCGAN pictures",
        ("gan_augmentation/table_1/resnet-50+dcgan/fer-2013/accuracy",),
        Control(
            "no pictures, as many steps",
            "table_1",
            {"model": ("ResNet-50, as many steps", "reduced ResNet, as many steps")},
        ),
    ),
    "landmark_ensemble": Headline(
        "accuracy, part-based ensemble (EL)",
        tuple(f"landmark_ensemble/table_1/{name}/el/accuracy" for name in ("jaffe", "ck+", "sfew")),
        Control("no landmarks first (Baseline)", "table_1", {"network": "Baseline"}),
    ),
    "dcgan_svm": Headline(
        "accuracy, SVM on DCGAN features",
        ("dcgan_svm/text/all_emotions/exp_1/accuracy", "dcgan_svm/text/all_emotions/exp_5/accuracy"),
        Control("untrained network", "controls", {"features": "untrained discriminator"}),
    ),
    "mobilenet_jaffe": Headline(
        "overall accuracy",
        ("mobilenet_jaffe/text/overall_accuracy/all/accuracy",),
        Control(
            "last epoch, none chosen",
            "protocols",
            {"epoch chosen by": "last_epoch"},
            protocols={"published": "A", "sound": "C"},
        ),
    ),
}


def read_control(control: Control, folder: Path) -> dict[str, Any] | None:
    """The control's numbers in the run's folder.

    Returns:
        ``{"name": …, "published": {"value", "ci95"} or None, "sound": …}``; ``None`` if the run has no such row.
    """
    try:
        with (folder / "tables" / f"{control.table}.csv").open(encoding="utf-8", newline="") as stream:
            rows = [row for row in csv.DictReader(stream) if _matches(row, control.where)]
    except (OSError, ValueError, csv.Error):  # an older run has no such table, or another one
        return None
    found = {
        protocol: next((_block(row, control.columns) for row in rows if row.get("protocol") == code), None)
        for protocol, code in control.protocols.items()
    }
    return {"name": control.name, **found} if any(found.values()) else None


def _matches(row: Mapping[str, str | None], where: Mapping[str, str | tuple[str, ...]]) -> bool:
    return all(
        row.get(column) in ((wanted,) if isinstance(wanted, str) else wanted) for column, wanted in where.items()
    )


def _block(row: Mapping[str, str | None], columns: tuple[str, str, str]) -> dict[str, Any] | None:
    try:
        value, low, high = (float(row.get(column) or "nan") for column in columns)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return {"value": value, "ci95": [low, high] if math.isfinite(low) and math.isfinite(high) else None}
