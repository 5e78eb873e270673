"""Using a trained imagination model: faces to codes, codes to faces with another expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from fer_utils.devices import in_use
from fer_utils.papers.clifer.networks import Encoder, Generator, as_pictures, as_tensor, classifier, from_arrays
from fer_utils.papers.clifer.settings import ImaginationSettings

FORWARD_BATCH = 64


class Imagination:
    """A trained imagination model.

    Args:
        settings: those it was trained with.
        arrays: what :func:`train` gave.

    Raises:
        FerError: the weights do not fit the settings.
    """

    def __init__(self, settings: ImaginationSettings, arrays: dict[str, np.ndarray]) -> None:
        self.settings, self.device = settings, torch.device(in_use())
        self.networks: dict[str, nn.Module] = {
            "E": Encoder(settings),
            "G": Generator(settings),
            "C": classifier(settings.code_size, settings.n_conditions),
        }
        from_arrays(self.networks, arrays)
        self.mean, self.scale = arrays["code_mean"], arrays["code_scale"]
        for network in self.networks.values():
            network.to(self.device).eval()

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Codes of ``uint8 [N, S, S, 3]`` faces, ``float64 [N, code_size]``; in (-1, 1) unless ``match_prior``."""
        held = torch.from_numpy(images).to(self.device)
        return self._in_batches(len(images), lambda part: self.networks["E"](as_tensor(held[part])))

    def read(self, codes: np.ndarray) -> np.ndarray:
        """What C takes the expression of each code for: probabilities ``float32 [N, n_conditions]``."""
        inside = torch.from_numpy((codes * self.scale + self.mean).astype(np.float32)).to(self.device)
        with torch.no_grad():
            return self.networks["C"](inside).softmax(dim=1).cpu().numpy()

    def imagine(self, codes: np.ndarray, labels: Sequence[int]) -> np.ndarray:
        """The codes of the faces imagined with each expression, ``float64 [N, len(labels), code_size]``."""
        told, wanted = self._all_pairs(codes, labels)
        encode, generate = self.networks["E"], self.networks["G"]
        found = self._in_batches(len(told), lambda part: encode(generate(told[part], wanted[part])))
        return found.reshape(len(codes), len(labels), self.settings.code_size)

    def pictures(self, codes: np.ndarray, labels: Sequence[int]) -> np.ndarray:
        """The faces themselves, ``uint8 [N, len(labels), S, S, 3]``."""
        told, wanted = self._all_pairs(codes, labels)
        with torch.no_grad():
            made = as_pictures(self.networks["G"](told, wanted))
        return made.reshape(len(codes), len(labels), *made.shape[1:])

    def _all_pairs(self, codes: np.ndarray, labels: Sequence[int]) -> tuple[Tensor, Tensor]:
        inside = (codes * self.scale + self.mean).astype(np.float32)
        told = torch.from_numpy(np.repeat(inside, len(labels), axis=0))
        wanted = torch.from_numpy(np.tile(np.asarray(labels, np.int64), len(codes)))
        return told.to(self.device), wanted.to(self.device)

    def _in_batches(self, count: int, work: Callable[[slice], Tensor]) -> np.ndarray:
        with torch.no_grad():
            parts = [work(slice(start, start + FORWARD_BATCH)) for start in range(0, count, FORWARD_BATCH)]
        if not parts:
            return np.zeros((0, self.settings.code_size))
        return (torch.cat(parts).double().cpu().numpy() - self.mean) / self.scale
