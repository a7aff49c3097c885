"""Softmax over the catalogue, whole or sampled."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

_CELLS = 40_000_000  # logits held at once


def softmax_loss(
    d: Tensor, vectors: Tensor, target: Tensor, temperature: float, prior: Tensor | None = None
) -> Tensor:
    """−log softmax over all items of ⟨d, v⟩ / temperature + prior, mean over places.

    d [P × D], vectors [I × D], target [P], prior [P × I]: scores that are there already.
    """
    rows = max(1, _CELLS // max(len(vectors), 1))
    total = d.new_zeros(())
    for a in range(0, len(d), rows):
        logits = d[a : a + rows] / temperature @ vectors.T
        if prior is not None:
            logits = logits + prior[a : a + rows]
        total = total + F.cross_entropy(logits, target[a : a + rows], reduction="sum")
    return total / len(d)


def candidates(target: Tensor, q: Tensor, n: int) -> tuple[Tensor, Tensor, Tensor]:
    """The targets [P] and n items drawn by q [I]: which items [C], where each target stands among
    them [P], and the log of each one's chance to be there [C].

    q should also be the distribution of targets: an item is then a candidate with chance
    c_i = 1 − exp(−(n + P) q_i).
    """
    drawn = torch.multinomial(q, n, replacement=True)
    items, where = torch.unique(torch.cat([target, drawn]), return_inverse=True)
    chance = -torch.expm1(-(n + len(target)) * q[items])
    return items, where[: len(target)], chance.clamp_min(1e-12).log()


def sampled_softmax_loss(
    d: Tensor,
    vectors: Tensor,
    where: Tensor,
    temperature: float,
    log_chance: Tensor,
    prior: Tensor | None = None,
) -> Tensor:
    """The same over candidates' vectors [C × D], each logit less the log of its chance.

    That makes the gradient the one of the whole softmax on average (Bengio and Senécal 2008; logQ
    of Yi et al., RecSys 2019).
    """
    known = -log_chance[None, :] if prior is None else prior - log_chance
    return F.cross_entropy(torch.addmm(known, d / temperature, vectors.T), where)


def in_parts(losses: Callable[..., Iterable[Tensor]], *inputs: Tensor) -> Tensor:
    """The sum of many losses of the same inputs, with room for one of them.

    Each is followed back to the inputs as soon as it is there, so what it was made of is let go of;
    from the inputs all go on together, when the sum is followed back.
    """
    ends = [x.detach().requires_grad_() for x in inputs]
    total = inputs[0].new_zeros(())
    for loss in losses(*ends):
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.detach()
    slope = inputs[0].new_zeros(())
    for x, end in zip(inputs, ends, strict=True):
        if end.grad is not None:
            slope = slope + (x * end.grad).sum()
    return total + (slope - slope.detach())
