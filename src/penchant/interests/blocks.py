"""Item vectors by interest, for a look at a part of a large catalogue.

Items of an interest lie together. So who looks for items that are near to d, in interests of which
something is said already, asks first where they are likely,

    likely_n = said_n + ⟨d, c_n⟩ + 3 ‖d‖ r_n / √D        c_n: centre, r_n: how far items lie from it

and then looks at all items of the likeliest interests, as bytes, which is fast where they lie
beside each other.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from penchant.types import Floats, Ints, Longs

_FAR = 3.0  # of the spread of an interest's items: about where its nearest few lie


@dataclass(frozen=True)
class Blocks:
    """order [I]: rows of the items, interest by interest; starts [K + 1]; centre [K × D]; spread
    [K]; packed and scale: of each interest its items' bytes, and what one is worth of each."""

    order: Longs
    starts: Longs
    centre: Floats
    spread: Floats
    packed: list[Any]
    scale: list[Floats]

    @classmethod
    def of(cls, rows: Floats, group: Ints, K: int) -> Self:
        """Vectors [I × D] by the interest that each item belongs to most [I]; items of none (−1)
        are not among them.

        Raises:
            ImportError: numkong is not there.
        """
        import numkong

        order = np.argsort(group, kind="stable")
        starts = np.searchsorted(group[order], np.arange(K + 1))
        centre, spread = np.zeros((K, rows.shape[1]), np.float32), np.zeros(K, np.float32)
        packed, scales = [], []
        for n in range(K):
            some = rows[order[starts[n] : starts[n + 1]]]
            scale = np.maximum(np.abs(some).max(axis=1, initial=1e-30), 1e-30) / np.float32(127)
            packed.append(numkong.dots_pack(_bytes(some / scale[:, None])) if len(some) else None)
            scales.append(scale.astype(np.float32))
            if len(some):
                centre[n] = some.mean(axis=0)
                spread[n] = np.sqrt(np.square(some - centre[n]).sum(axis=1).mean())
        spread /= np.sqrt(np.float32(max(rows.shape[1], 1)))
        return cls(order, starts, centre, spread, packed, scales)

    def near(self, d: Floats, said: Floats, look: int, most: int) -> Longs:
        """Rows of the items with the largest ⟨d, v_i⟩ + said of their interest, `most` of them,
        from a look at so many in the likeliest interests (roughly)."""
        unit = max(float(np.abs(d).max()), 1e-30) / 127.0
        asked, values, rows = _bytes(d[None] / unit), [d[:0]], [self.order[:0]]
        edge, kept = -np.inf, 0
        for n in self._likeliest(d, said, look):
            near = self._near(n, asked) * np.float32(unit) + said[n]
            some = np.flatnonzero(near > edge)
            values.append(near[some])
            rows.append(self.order[self.starts[n] + some])
            kept += len(some)
            if kept > 2 * most:  # from now on only what is better than the worst of the best so far
                values, rows = _best(values, rows, most)
                edge, kept = float(values[0].min()), most
        return _best(values, rows, most)[1][0]

    def _near(self, n: int, asked: Any) -> Floats:
        import numkong

        found: Floats = np.asarray(numkong.dots_packed(asked, self.packed[n]))[0] * self.scale[n]
        return found

    def _likeliest(self, d: Floats, said: Floats, look: int) -> Longs:
        likely = said + self.centre @ d + _FAR * np.float32(np.linalg.norm(d)) * self.spread
        size = np.diff(self.starts)
        best = np.argsort(-likely, kind="stable")
        best = best[size[best] > 0]
        return best[: int(np.searchsorted(np.cumsum(size[best]), look)) + 1]


def _bytes(values: Floats) -> Any:
    return np.rint(values).astype(np.int8)


def _best(values: list[Floats], rows: list[Longs], most: int) -> tuple[list[Floats], list[Longs]]:
    """The largest values and their rows, as one piece each."""
    flat, all_rows = np.concatenate(values), np.concatenate(rows)
    if len(flat) > most:
        best = np.argpartition(flat, len(flat) - most)[len(flat) - most :]
        flat, all_rows = flat[best], all_rows[best]
    return [flat], [all_rows]
