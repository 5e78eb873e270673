"""The norms of the imagination model: a shift and no scale, on every device."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from fer_utils.papers.clifer.networks import NoScaleNorm1d, NoScaleNorm2d

SHAPES = {NoScaleNorm1d: (9, 7), NoScaleNorm2d: (9, 7, 6, 6)}


def passed(norm: nn.Module, batch: Tensor) -> list[Tensor]:
    """Output, gradients at batch and shift, output in inference mode."""
    entering = batch.clone().requires_grad_()
    leaving = norm(entering)
    (leaving * torch.arange(leaving.numel()).view_as(leaving)).sum().backward()
    return [leaving, entering.grad, norm.bias.grad, norm.eval()(batch)]


@pytest.mark.parametrize("kind", SHAPES, ids=lambda kind: kind.__name__)
def test_it_gives_what_a_norm_without_scale_gives_to_the_last_bit(kind: type[nn.BatchNorm2d]) -> None:
    torch.manual_seed(0)
    shift, batch = torch.randn(7), torch.randn(SHAPES[kind])
    ours, plain = kind(7), kind.__base__(7, eps=1e-3, momentum=0.01, affine=False)
    plain.bias = nn.Parameter(shift.clone())
    ours.bias.data.copy_(shift)
    for one, other in zip(passed(ours, batch), passed(plain, batch), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("kind", SHAPES, ids=lambda kind: kind.__name__)
def test_its_scale_is_a_tensor_that_is_neither_trained_nor_stored(kind: type[nn.BatchNorm2d]) -> None:
    """Without one, torch's backward pass on a GPU returns an empty gradient for the shift and stops."""
    norm = kind(7)
    assert torch.equal(norm.weight, torch.ones(7)) and not norm.weight.requires_grad
    assert [weight.numel() for weight in norm.parameters()] == [7] and "weight" not in norm.state_dict()
    if torch.cuda.is_available():
        leaving = norm.cuda()(torch.randn(SHAPES[kind], device="cuda"))
        leaving.square().sum().backward()
        assert norm.bias.grad.shape == (7,)
