"""Softmax over the catalogue, whole or sampled."""

import torch
from torch import Tensor
from torch.nn import functional as F

_CELLS = 40_000_000  # logits held at once


def softmax_loss(d: Tensor, vectors: Tensor, target: Tensor, temperature: float) -> Tensor:
    """−log softmax over all items of ⟨d, v⟩ / temperature, mean over places; d [P × D]."""
    rows = max(1, _CELLS // max(len(vectors), 1))
    if len(d) <= rows:
        return F.cross_entropy(d @ vectors.T / temperature, target)
    total = sum(
        F.cross_entropy(d[a : a + rows] @ vectors.T / temperature, target[a : a + rows], reduction="sum")
        for a in range(0, len(d), rows)
    )
    return torch.as_tensor(total) / len(d)


def sampled_softmax_loss(
    d: Tensor, vectors: Tensor, target: Tensor, temperature: float, q: Tensor, n: int
) -> Tensor:
    """The same over the batch's targets and n drawn items, each logit less log of its chance.

    q [I] is the distribution drawn from, which should also be that of targets. An item is a
    candidate with chance c_i = 1 − exp(−(n + P) q_i); subtracting log c_i makes the gradient that
    of the whole softmax on average (Bengio and Senécal 2008; logQ of Yi et al., RecSys 2019).
    """
    drawn = torch.multinomial(q, n, replacement=True)
    candidates, where = torch.unique(torch.cat([target, drawn]), return_inverse=True)
    chance = -torch.expm1(-(n + len(target)) * q[candidates])
    logits = d @ vectors[candidates].T / temperature - chance.clamp_min(1e-12).log()
    return F.cross_entropy(logits, where[: len(target)])
