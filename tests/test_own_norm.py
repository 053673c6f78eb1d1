"""Batch normalization measured on a flyover's own chips."""

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.own_norm import measure_norms
from models.network import PooledBackbone


def test_every_layer_is_measured_as_the_mean_over_batches() -> None:
    backbone = PooledBackbone("efficientnet_lite0").eval().requires_grad_(False)
    levels = np.random.default_rng(0).integers(0, 255, (2, 4, 3, 32, 32), np.uint8)
    levels[1] //= 2  # the second batch is darker
    seen = watch_norms(backbone.network)
    measure_norms(backbone, levels)

    used = {module for module, _ in seen}
    # Stem and 16 blocks; the first block has two normalizations and the others three.
    assert len(used) == 1 + 2 + 15 * 3
    assert {int(norm.num_batches_tracked or 0) for norm in used} == {2}
    assert not any(norm.training for norm in used)

    first = seen[0][0]
    assert first.running_mean is not None
    assert first.running_var is not None
    stem = [values for module, values in seen if module is first]
    means = [values.mean(dim=(0, 2, 3)) for values in stem]
    variances = [values.var(dim=(0, 2, 3)) for values in stem]
    assert torch.allclose(first.running_mean, torch.stack(means).mean(dim=0), atol=1e-4)
    assert torch.allclose(first.running_var, torch.stack(variances).mean(dim=0), rtol=1e-3)


def watch_norms(network: nn.Module) -> list[tuple[nn.BatchNorm2d, Tensor]]:
    """Return a list that fills with every normalization and what it sees."""
    seen: list[tuple[nn.BatchNorm2d, Tensor]] = []

    def note(module: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        assert isinstance(module, nn.BatchNorm2d)
        seen.append((module, arguments[0]))

    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_pre_hook(note)
    return seen
