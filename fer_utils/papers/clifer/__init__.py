"""Paper 1: Churamani & Gunes, CLIFER: continual learning with imagination."""

from fer_utils.cache_dir import compile_into_cache
from fer_utils.papers.headline import Control, Headline

compile_into_cache()

HEADLINE = Headline(
    "F1 after the last class, GDM-E memory",
    tuple(f"clifer/abstract/gdm-e/{name}/f1" for name in ("ravdess", "mmi", "baum-1")),
    Control(
        "without imagination",
        "headline_f1",
        {"condition": "GDM", "memory": "GDM-E"},
        ("f1 micro mean", "f1 micro low", "f1 micro high"),
    ),
)
