"""The optimiser that networks are learned with."""

import gc
from functools import cache

import torch
from torch import nn


def adamw(
    module: nn.Module, *, rate: float, decay: float, fused: bool = False
) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter, ICLR 2019) over a module's weights; fused: in one pass over
    them all."""
    _first()
    return torch.optim.AdamW(module.parameters(), lr=rate, weight_decay=decay, fused=fused or None)


@cache
def _first() -> None:
    """Make torch's first optimiser for nothing, and look for cycles.

    It loads a compiler, which leaves the frames that it was called from in a cycle: a log and a
    network would stay as long as nobody looks, which in a fit may be never.
    """
    torch.optim.AdamW([torch.zeros(1, requires_grad=True)])
    gc.collect()
