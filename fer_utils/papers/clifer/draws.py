"""What the steps of an epoch of the imagination model draw: an order, mirrors, labels to imagine, codes of the prior.

All of it is drawn on the processor before the first step, from ``(seed, epoch)`` alone, and step after step: a
batch's draws do not depend on how many batches follow. So a captured step finds on the device what it needs.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fer_utils.papers.clifer.settings import ImaginationSettings


def draw(
    settings: ImaginationSettings, targets: Tensor, faces: int, seed: int, epoch: int, warm_up: bool
) -> dict[str, Tensor]:
    """The draws of an epoch. Steps are ``batch_size`` columns each, and the rest; one face alone is left out, for it
    has no batch statistics.

    Args:
        targets: ``int64 [K]``, the labels that faces are translated to.
        faces: how many there are.
        warm_up: the reconstruction alone, which imagines nothing.

    Returns:
        ``rows`` ``int64 [N]``; with ``flip``, ``turned`` ``bool [N]``; and but for the warm-up ``goal`` ``int64 [N]``
        and ``priors`` ``float32 [P, N, code_size]``, see :func:`drawn_priors`.
    """
    order = torch.from_numpy(np.random.default_rng((seed, epoch)).permutation(faces))
    noise = torch.Generator().manual_seed(int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0]))
    batches = [rows for rows in order.split(settings.batch_size) if len(rows) > 1]
    found: dict[str, list[Tensor]] = {"rows": batches, "turned": [], "goal": [], "priors": []}
    for rows in batches:
        if settings.flip:
            found["turned"].append(torch.rand(len(rows), generator=noise) < 0.5)
        if not warm_up:
            found["goal"].append(drawn_labels(targets, len(rows), noise))
            found["priors"].append(drawn_priors(settings, len(rows), noise))
    return {name: torch.cat(parts, dim=int(name == "priors")) for name, parts in found.items() if parts}


def drawn_labels(targets: Tensor, count: int, noise: torch.Generator) -> Tensor:
    """Labels to imagine, ``int64 [count]``."""
    return targets[torch.randint(len(targets), (count,), generator=noise)]


def drawn_priors(settings: ImaginationSettings, count: int, noise: torch.Generator) -> Tensor:
    """Codes from U(-1, 1), ``float32 [P, count, code_size]``, in the order in which a step asks for them.

    D_z is shown one set. Where fakes are made of the prior, the release's order of steps takes one more, and
    equation 6 two: for the discriminators and for what E, G and C learn from.
    """
    fakes = {"joint": 2, "alternating": 1}[settings.schedule] if settings.fakes == "prior" else 0
    return torch.stack([torch.rand(count, settings.code_size, generator=noise) * 2 - 1 for _ in range(1 + fakes)])
