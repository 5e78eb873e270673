"""Everything the signed runs say, claim by claim: the source of report and verdict table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fer_utils.errors import FerError
from fer_utils.files import sha256_file
from fer_utils.reproduce.claims import load_claims
from fer_utils.reproduce.folders import settled
from fer_utils.reproduce.verdicts import judge
from fer_utils.scores import Estimate, unpaired_difference

RECEIPT = "receipt.json"

PAPER_TITLES = {
    "clifer": "Churamani & Gunes 2020: CLIFER",
    "gan_augmentation": "Yan et al. 2021: GAN augmentation",
    "landmark_ensemble": "Wadhawan & Gandhi 2021: landmark-aware ensemble",
    "dcgan_svm": "Alharbawee & Pugeault: DCGAN features + SVM",
    "mobilenet_jaffe": "Barile et al.: MobileNetV2 on JAFFE",
}


def signed_runs(results: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Folders below ``results`` with a receipt, in order, and the receipts.

    Raises:
        FerError: a file differs from what its receipt signs, or a receipt is no JSON.
    """
    found = []
    for path in sorted(results.glob(f"*/*/{RECEIPT}")):
        if path.parent.name.startswith(".") or path.parents[1].name.startswith("."):
            continue
        try:
            receipt = json.loads(path.read_text(encoding="utf-8"))
            changed = [name for name, digest in receipt["files"].items() if sha256_file(path.parent / name) != digest]
        except (OSError, ValueError, KeyError) as error:
            raise FerError(f"{path} cannot be trusted: {error}. Run that notebook again.") from error
        if changed:
            raise FerError(
                f"{path.parent}: {', '.join(changed)} changed after the receipt was signed. Run that notebook "
                f"again, or restore the folder with git."
            )
        if receipt.get("ok"):
            found.append((path.parent, receipt))
    return found


def summarise(results: Path) -> dict[str, Any]:
    """Join the claims with the numbers of every signed run.

    Returns:
        ``coverage`` (a row a paper), ``runs`` (a row a signed folder) and ``rows`` (a row a
        claim and run; claims that cannot be tested follow, with their reason).
    """
    with settled(results):
        return _summarise(results)


def _summarise(results: Path) -> dict[str, Any]:
    claims = load_claims()
    runs, rows = [], []
    for folder, receipt in signed_runs(results):
        run = _describe_run(results, folder, receipt)
        runs.append(run)
        by_claim: dict[str, dict[str, Any]] = {}
        for number in json.loads((folder / "numbers.json").read_text(encoding="utf-8")):
            by_claim.setdefault(number["claim"], {})[number["protocol"]] = number
        rows += [_row(claims.loc[claim], numbers, run) for claim, numbers in by_claim.items()]
    order = {claim: position for position, claim in enumerate(claims.index)}
    rows.sort(key=lambda row: (order[row["claim"]], row["run"]))
    started = {row["paper"] for row in rows}
    tested = {row["claim"] for row in rows}
    untestable = claims[(claims["ours"] == "not testable") & claims["paper"].isin(started)]
    rows += [_row(claim, {}, None) for _, claim in untestable.iterrows()]
    return {"coverage": _coverage(claims, tested), "runs": runs, "rows": rows}


def _describe_run(results: Path, folder: Path, receipt: Mapping[str, Any]) -> dict[str, Any]:
    def listed(pattern: str) -> list[str]:
        return [file.relative_to(results).as_posix() for file in sorted(folder.glob(pattern))]

    name = folder.relative_to(results).as_posix()
    return {
        "run": name,
        "notebook": receipt["notebook"],
        "dataset": next(iter(receipt["data"]), "all"),
        "kind": receipt["kind"],
        "profile": receipt["profile"],
        "note": _note(receipt),
        "device": receipt["device"].get("gpu") or "cpu",
        "notebook_file": f"{name}/notebook.ipynb",
        "figures": listed("figures/*.png"),
        "tables": listed("tables/*.csv"),
        "receipt": f"{name}/{RECEIPT}",
    }


def _note(receipt: Mapping[str, Any]) -> str:
    """What a reader should know of a run beside its name: weights, and the code that made it."""
    package = receipt["package"]
    parts = [f"{name} {receipt['settings'][name]}" for name in ("weights",) if name in receipt["settings"]]
    parts.append(f"code {package['digest'][:8]}{' with uncommitted changes' if package.get('dirty') else ''}")
    return ", ".join(parts)


def _row(claim: pd.Series, numbers: Mapping[str, Mapping[str, Any]], run: Mapping[str, Any] | None) -> dict[str, Any]:
    sides = {protocol: _side(claim, numbers.get(protocol)) for protocol in ("published", "sound")}
    first = sides["published"] or sides["sound"]
    return {
        "claim": claim.name,
        "paper": claim["paper"],
        "where": claim["where"],
        "what": claim["what"],
        "unit": claim["unit"],
        "printed": claim["printed"],
        "paper_value": None if np.isnan(claim["value"]) else float(claim["value"]),
        "relation": claim["relation"],
        "paper_dataset": claim["dataset"],
        "run": run and run["run"],
        "dataset": run["dataset"] if run else "",
        "kind": run["kind"] if run else "",
        "profile": run["profile"] if run else "",
        **sides,
        "gap": _gap(sides["published"], sides["sound"]),
        "verdict": first["verdict"] if first else "not testable",
        "reason": first["reason"] if first else claim["why"],
    }


def _side(claim: pd.Series, number: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if number is None:
        return None
    verdict = judge(claim, number)
    kept = {name: number[name] for name in ("value", "ci95", "n", "interval", "leak")}
    return {**kept, "verdict": verdict.verdict, "reason": verdict.reason}


def _gap(published: Mapping[str, Any] | None, sound: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if published is None or sound is None:
        return None
    if published["ci95"] is None or sound["ci95"] is None:
        return {"value": published["value"] - sound["value"], "ci95": None}
    estimates = [Estimate(side["value"], *side["ci95"], side["n"], side["interval"]) for side in (published, sound)]
    gap = unpaired_difference(*estimates)
    return {"value": gap.value, "ci95": gap.ci95}


def _coverage(claims: pd.DataFrame, tested: set[str]) -> list[dict[str, Any]]:
    rows = []
    for paper, title in PAPER_TITLES.items():
        mine = claims[claims["paper"] == paper]
        counts = mine["ours"].value_counts()
        rows.append(
            {
                "paper": paper,
                "title": title,
                "reproduce": int(counts.get("reproduce", 0)),
                "tested": len(tested & set(mine.index)),
                "not_testable": int(counts.get("not testable", 0)),
                "cited": int(counts.get("cited", 0)),
                "setting": int(counts.get("setting", 0)),
            }
        )
    return rows
