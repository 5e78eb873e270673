"""A captured step does what the same step does kernel by kernel."""

from __future__ import annotations

import pytest
import torch

from fer_utils.devices import gpu_visible
from fer_utils.graphs import SWITCH, WARM_UP, Repeated


def test_without_a_gpu_every_call_does_the_work() -> None:
    done: list[int] = []
    repeat = Repeated(lambda: done.append(len(done)), torch.device("cpu"))
    for _ in range(WARM_UP + 3):
        repeat()
    assert done == list(range(WARM_UP + 3))


@pytest.mark.skipif(not gpu_visible(), reason="needs an NVIDIA GPU")
def test_a_capture_reads_what_changes_and_draws_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    device, steps = torch.device("cuda"), WARM_UP + 5

    def run() -> list[float]:
        random = torch.Generator(device).manual_seed(0)
        rates, found = torch.arange(1.0, steps + 1, device=device), torch.zeros(steps, device=device)
        at = torch.zeros(1, dtype=torch.int64, device=device)

        def work() -> None:
            found.index_copy_(0, at, rates[at] * torch.rand(1, generator=random, device=device))
            at.add_(1)

        repeat = Repeated(work, device, [random])
        for _ in range(steps):
            repeat()
        return found.tolist()

    captured = run()
    monkeypatch.setenv(SWITCH, "0")
    assert captured == run() and len(set(captured)) == steps
