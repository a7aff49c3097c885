"""The Transformer of one block for one sequence, with few and small operations.

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
from penchant.types import Arrays, Floats

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
        """d over the temperature of one sequence [D]; 0 where there is no event."""
        there = asked.item[0] != NOBODY
        item, sign, came, when = (
            x[0][there] for x in (asked.item, asked.sign, asked.came, asked.when)
        )
        T, D = len(item), self.vectors.shape[1]
        if not T:
            return np.zeros(D, np.float32)
        gaps = bucket(np.stack([when - came, np.abs(when[-1] - came)]))
        x = self.vectors[item] * np.float32(D**0.5 * 0.25) + self.w["gap.weight"][gaps[0]]
        x[sign < 0] += self.w["against"]
        worth = self.w["by_place"][:, T - 1 :: -1] + self.w["by_age"][:, gaps[1]]
        y = x[-1] + self._attended(self._normed(x, "before_attention"), 3.0 * worth)
        y = y + self._fed(self._normed(y, "before_feed"))
        d = self._normed(y, "last")
        return d / np.float32(max(float(np.linalg.norm(d)), 1e-12) * self.temperature)

    def _attended(self, h: Floats, worth: Floats) -> Floats:
        """What the last place takes from all [D]; worth [heads × T]."""
        D, H = h.shape[1], self.heads
        W, b = self.w["qkv.weight"], self.w["qkv.bias"]
        q = (W[:D] @ h[-1] + b[:D]).reshape(H, -1)
        keys, values = W[D : 2 * D].reshape(H, -1, D), W[2 * D :].reshape(H, -1, D)
        z = np.einsum("he,hed->hd", q, keys) @ h.T
        z += (q * b[D : 2 * D].reshape(H, -1)).sum(axis=1, keepdims=True)
        z = z * np.float32((D // H) ** -0.5) + worth
        a = np.exp(z - z.max(axis=1, keepdims=True))
        a /= a.sum(axis=1, keepdims=True)
        taken = np.einsum("hed,hd->he", values, a @ h).ravel() + b[2 * D :]
        return np.asarray(self.w["out.weight"] @ taken + self.w["out.bias"], np.float32)

    def _fed(self, y: Floats) -> Floats:
        from scipy.special import erf

        z = self.w["feed.0.weight"] @ y + self.w["feed.0.bias"]
        z = np.float32(0.5) * z * (1.0 + erf(z * np.float32(0.5**0.5)))
        return np.asarray(self.w["feed.3.weight"] @ z + self.w["feed.3.bias"], np.float32)

    def _normed(self, x: Floats, name: str) -> Floats:
        """LayerNorm over the last axis."""
        x = x - x.mean(axis=-1, keepdims=True)
        scale = np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + np.float32(_EPS))
        return np.asarray(x / scale * self.w[f"{name}.weight"] + self.w[f"{name}.bias"], np.float32)
