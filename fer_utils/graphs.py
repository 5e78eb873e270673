"""A training step that a GPU is shown once and then repeats by itself: CUDA graphs.

A step of a small network is hundreds of kernels of a few microseconds each, and to send them one by one takes the
processor longer than the GPU needs to run them. A captured step is sent in one piece. It repeats the same kernels on
the same memory, so whatever changes from step to step (rows, rates) has to be read from tensors on the device.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import torch

SWITCH = "FER_CUDA_GRAPHS"
"""Environment: ``0`` sends every kernel by itself, as on a CPU."""
WARM_UP = 3
"""Steps before the capture, in which libraries choose their kernels and optimisers lay out their memory. They count."""


class Repeated:
    """Work without arguments and without a result that is done again and again: on a GPU by replaying a capture.

    Args:
        work: touches only the device, waits for nothing, and reads what changes from tensors that stay where they are.
        device: where it runs; anything but an NVIDIA GPU has each call made as it is.
        generators: what the work draws from beside torch's default generator.
    """

    def __init__(
        self, work: Callable[[], None], device: torch.device, generators: Sequence[torch.Generator] = ()
    ) -> None:
        self._work, self._generators = work, generators
        self._plain = device.type != "cuda" or os.environ.get(SWITCH) == "0"
        self._stream = None if self._plain else torch.cuda.Stream(device)
        self._graph: torch.cuda.CUDAGraph | None = None
        self._done = 0

    def __call__(self) -> None:
        """Do the work once."""
        if self._stream is None:
            self._work()
        elif self._graph is not None:
            self._graph.replay()
        elif self._done < WARM_UP:
            # Away from the stream that everything else uses, as a capture demands.
            self._stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self._stream):
                self._work()
            torch.cuda.current_stream().wait_stream(self._stream)
            self._done += 1
        else:
            self._graph = torch.cuda.CUDAGraph()
            for generator in self._generators:
                self._graph.register_generator_state(generator)
            with torch.cuda.graph(self._graph, stream=self._stream):
                self._work()
            # A capture only listens.
            self._graph.replay()
