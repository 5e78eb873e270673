"""Section IV-E: parameters, operations and storage, computed and set beside what the paper states."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

BYTES = 4
"""A float32 weight."""

PAPER_FILTERS = (16, 32, 64, 128)
PAPER_CLASSES = 8


def convolution_flops(channels_in: int, kernel: int, channels_out: int, width: int, height: int) -> int:
    """Equation 7: ``2 C_i k² C_o W H``."""
    return 2 * channels_in * kernel**2 * channels_out * width * height


def dense_flops(inputs: int, outputs: int) -> int:
    """Equation 8: ``2 I O``."""
    return 2 * inputs * outputs


def pool_flops(channels: int, width: int, height: int, stride: int) -> int:
    """Equation 9: ``W/stride · H/stride · C_o``, with ``W`` and ``H`` of the input."""
    return (width // stride) * (height // stride) * channels


def layers(
    image_size: int = 160, filters: Sequence[int] = PAPER_FILTERS, hidden: int = 128, n_classes: int = PAPER_CLASSES
) -> pd.DataFrame:
    """One row a layer of a sub-network with its classification head.

    Returns:
        Columns ``layer``, ``side`` (of the output in pixels), ``parameters`` (with four for each
        channel of batch-norm) and ``flops`` (one image; batch-norm is folded into the kernels).
    """
    rows, channels, side = [], 3, image_size
    for width in filters:
        for source in (channels, width):
            parameters = 9 * source * width + width + 4 * width
            rows.append((f"conv {source}->{width}", side, parameters, convolution_flops(source, 3, width, side, side)))
        rows.append(("pool", -(-side // 2), 0, pool_flops(width, side, side, 2)))
        channels, side = width, -(-side // 2)
    for source, target in ((channels, hidden), (hidden, hidden), (hidden, n_classes)):
        rows.append((f"dense {source}->{target}", 1, (source + 1) * target, dense_flops(source, target)))
    return pd.DataFrame(rows, columns=["layer", "side", "parameters", "flops"])


def head_parameters(outputs: int, hidden_layers: int, features: int = 128, hidden: int = 128) -> int:
    """Parameters of a head with that many hidden layers: one for localization, two for classification."""
    return (features + 1) * hidden + (hidden_layers - 1) * (hidden + 1) * hidden + (hidden + 1) * outputs


def stated_and_computed() -> pd.DataFrame:
    """The paper's statements on size beside what its architecture gives.

    Returns:
        Columns ``statement``, ``paper``, ``computed``, ``unit``, ``verdict``.
    """
    table = layers()
    flops, parameters = int(table["flops"].sum()), int(table["parameters"].sum())
    is_conv = table["layer"].str.startswith("conv")
    extractor = int(table.loc[~table["layer"].str.startswith("dense"), "parameters"].sum())
    share = 100 * float(table.loc[is_conv, "flops"].sum()) / flops
    rows = [
        ("feature extractor", 0.29, extractor / 1e6, "M parameters", "agrees"),
        ("localization head, 18 outputs", 0.019, head_parameters(18, 1) / 1e6, "M parameters", "agrees"),
        ("localization head, 136 outputs", 0.025, head_parameters(136, 1) / 1e6, "M parameters",
         "not reproducible: 0.025 M is a head of 68 outputs, one for each point instead of two"),
        ("classification head, 8 classes", 0.035, head_parameters(8, 2) / 1e6, "M parameters", "agrees"),
        ("sub-network", 0.33, parameters / 1e6, "M parameters", "agrees"),
        ("ensemble", 1.65, 5 * parameters / 1e6, "M parameters", "agrees"),
        ("sub-network", 0.555, flops / 1e9, "GFLOPs",
         "not reproducible: Equations 7-9 give 0.671; no regular padding or pooling gives 0.555"),
        ("ensemble", 2.775, 5 * flops / 1e9, "GFLOPs", "not reproducible: five times the above"),
        ("share of the convolutions", 99.98, share, "% of FLOPs",
         "99.96 by Equation 9 as printed; 99.98 if its W and H were the output's"),
        ("sub-network", 6.3, BYTES * parameters / 1e6, "MB",
         "not reproducible: 6.3 is the whole ensemble in MiB (6.28)"),
        ("ensemble", 31.5, 5 * BYTES * parameters / 1e6, "MB", "not reproducible: multiplied by five twice"),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["statement", "paper", "computed", "unit", "verdict"])
