"""Paper 3: Wadhawan & Gandhi, a landmark-aware, part-based ensemble of transfer-learning networks."""

from fer_utils.papers.headline import Control, Headline

HEADLINE = Headline(
    "accuracy, part-based ensemble (EL)",
    tuple(f"landmark_ensemble/table_1/{name}/el/accuracy" for name in ("jaffe", "ck+", "sfew")),
    Control("as many steps, no landmarks (Baseline, equal work)", "table_1", {"network": "Baseline, equal work"}),
)
