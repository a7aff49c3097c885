"""The Transformer of one block for a few sequences, with few and small operations.

`Heading.toward` is the plain way to the same numbers. Most of its time goes into calling things,
and into keys and values of all places, of which one place that asks needs only sums: with h_k what
stands at place k, and q what is asked,

    ⟨q, W_K h_k + b_K⟩ = ⟨W_Kᵀ q, h_k⟩ + ⟨q, b_K⟩
    Σ_k a_k (W_V h_k + b_V) = W_V Σ_k a_k h_k + b_V
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from penchant.interests.dynamic.gaps import bucket
from penchant.train.batches import NOBODY, Sequences
from penchant.types import Arrays, Bools, Floats

if TYPE_CHECKING:
    from penchant.interests.dynamic.sequence import DynamicConfig

_EPS = 1e-5  # of torch's LayerNorm


@dataclass(frozen=True)
class Quick:
    """Weights by their names in a `Heading`, the items' vectors, heads, and the temperature."""

    w: dict[str, Floats]
    vectors: Floats
    heads: int
    temperature: float

    @classmethod
    def of(
        cls, config: "DynamicConfig", both_ways: bool, weights: Arrays, vectors: Floats
    ) -> Self | None:
        """The network of these weights; None where it is another kind than this can be."""
        if config.kind != "transformer" or config.blocks != 1 or both_ways:
            return None
        w = {k.removeprefix("encoder.").removeprefix("blocks.0."): v for k, v in weights.items()}
        return cls(w, vectors, config.heads, config.temperature)

    def toward(self, asked: Sequences) -> Floats:
        """d over the temperature of each sequence [B × D]; 0 where there is no event."""
        if not len(asked):
            return np.zeros((0, self.vectors.shape[1]), np.float32)
        there = asked.item != NOBODY
        gaps = bucket(asked.when - asked.came)
        x = self.vectors[np.where(there, asked.item, 0)] * np.float32(self.scale)
        x += self.w["gap.weight"][gaps]
        if (against := asked.sign < 0).any():
            x[against] += self.w["against"]
        h = self._normed(x, "before_attention")
        y = x[:, -1] + self._attended(h, self._worth(asked, there))
        y = y + self._fed(self._normed(y, "before_feed"))
        d = self._normed(y, "last")
        length = np.maximum(np.linalg.norm(d, axis=1, keepdims=True), 1e-12) * self.temperature
        return np.asarray(d / length * there.any(axis=1, keepdims=True), np.float32)

    @property
    def scale(self) -> float:
        """What vectors of items are multiplied by, beside the others."""
        return float(self.vectors.shape[1] ** 0.5 * 0.25)

    def _worth(self, asked: Sequences, there: Bools) -> Floats:
        """What each place is worth to the last one before what stands there is looked at
        [B × heads × T]."""
        T = there.shape[1]
        ages = bucket(np.abs(asked.when[:, -1:] - asked.came))
        worth = 3.0 * (self.w["by_place"][:, None, T - 1 :: -1] + self.w["by_age"][:, ages])
        worth[:, ~there & there.any(axis=1, keepdims=True)] = -np.inf
        return np.asarray(worth.transpose(1, 0, 2), np.float32)

    def _attended(self, h: Floats, worth: Floats) -> Floats:
        """What the last place takes from all [B × D]; h [B × T × D], worth [B × heads × T]."""
        (B, _, D), H = h.shape, self.heads
        W, b = self.w["qkv.weight"], self.w["qkv.bias"]
        q = (h[:, -1] @ W[:D].T + b[:D]).reshape(B, H, -1)
        keys, values = W[D : 2 * D].reshape(H, -1, D), W[2 * D :].reshape(H, -1, D)
        wanted = (q.transpose(1, 0, 2) @ keys).transpose(1, 0, 2)
        z = wanted @ h.transpose(0, 2, 1)
        z += (q * b[D : 2 * D].reshape(H, -1)).sum(axis=2, keepdims=True)
        z = z * np.float32((D // H) ** -0.5) + worth
        a = np.exp(z - z.max(axis=2, keepdims=True))
        a /= a.sum(axis=2, keepdims=True)
        met = (a @ h).transpose(1, 2, 0)
        taken = (values @ met).transpose(2, 0, 1).reshape(B, D) + b[2 * D :]
        return np.asarray(taken @ self.w["out.weight"].T + self.w["out.bias"], np.float32)

    def _fed(self, y: Floats) -> Floats:
        from scipy.special import erf

        z = y @ self.w["feed.0.weight"].T + self.w["feed.0.bias"]
        z = np.float32(0.5) * z * (1.0 + erf(z * np.float32(0.5**0.5)))
        return np.asarray(z @ self.w["feed.3.weight"].T + self.w["feed.3.bias"], np.float32)

    def _normed(self, x: Floats, name: str) -> Floats:
        """LayerNorm over the last axis."""
        whole = np.full(x.shape[-1], 1.0 / x.shape[-1], np.float32)
        x = x - (x @ whole)[..., None]
        square = np.einsum("...d,...d->...", x, x)[..., None] * whole[0]
        x *= 1.0 / np.sqrt(square + np.float32(_EPS))
        x *= self.w[f"{name}.weight"]
        x += self.w[f"{name}.bias"]
        return np.asarray(x, np.float32)
