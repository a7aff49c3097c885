"""Item vectors that are asked: as they are, and as bytes for a first look at all of them.

A product with all vectors is as slow as memory is. As bytes they are a quarter, and the product is
off by no more than

    |⟨d, v_i⟩ − ⟨d̂, v̂_i⟩| ≤ ‖d‖ · ‖v_i − v̂_i‖ + ‖d − d̂‖ · ‖v̂_i‖

(Cauchy and Schwarz). Whoever looks for the best items takes all that may be among them by this
bound, and asks the vectors themselves about those.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from penchant.interests.blocks import Blocks
from penchant.taxonomy.tree import Tree
from penchant.types import Floats, Ints

MANY: Final = 20_000
"""Items from which a first look at bytes is worth it."""
Wholes: TypeAlias = npt.NDArray[np.int8]
_AT_ONCE = (4, 8)  # how many d are packed together: where there are so many at most, else
_BLOCK = 50_000  # vectors turned into bytes at once
_PIECES = 8  # bytes of items that came later stand beside, so many times
_GROWN = 1.02  # times the items of which blocks were made: from there on they are made again


@dataclass(frozen=True)
class Vectors:
    """The vectors of all items, rows [I × D]; not to be changed."""

    rows: Floats
    _made: "_Made" = field(init=False, repr=False, default_factory=lambda: _Made())

    def __len__(self) -> int:
        return len(self.rows)

    def extended(self, more: Floats) -> "Vectors":
        """With those of more items at the end. What was made of these is used further while the new
        ones are few."""
        found, had = Vectors(np.concatenate([self.rows, more])), self._made
        if had.blocks is not None and len(found) <= _GROWN * len(had.blocks.order):
            found._made.blocks = had.blocks
        if had.bytes is not None and len(had.bytes) < _PIECES and len(more):
            found._made.bytes = [*had.bytes, Bytes.of(more)]
        return found

    def bytes(self) -> "list[Bytes] | None":
        """The same as bytes, made when they are first asked for; None where there are few, or
        without the extra `ann`."""
        if len(self) < MANY or not self.rows.shape[1]:
            return None
        with self._made.lock:
            if self._made.bytes is None and installed():
                self._made.bytes = [Bytes.of(self.rows)]
            return self._made.bytes

    def blocks(self, tree: Tree) -> Blocks | None:
        """The same by the narrowest interests of a tree, always the same one; made when they are
        first asked for, of fewer items where some came since. None without the extra `ann`."""
        with self._made.lock:
            if self._made.blocks is None and installed():
                leaf, K = tree.main(tree.levels), len(tree.nodes[-1])
                self._made.blocks = Blocks.of(self.rows, leaf, K)
            return self._made.blocks


@dataclass
class _Made:
    """What was made of vectors; whoever needs it first makes it, and others wait."""

    bytes: "list[Bytes] | None" = None
    blocks: Blocks | None = None
    lock: AbstractContextManager[Any] = field(default_factory=Lock)


def installed() -> bool:
    """Whether the extra `ann` is."""
    try:
        import numkong  # noqa: F401
    except ImportError:
        return False
    return True


@dataclass(frozen=True)
class Bytes:
    """v̂_i = scale_i · whole_i; `off` is the largest ‖v_i − v̂_i‖, `longest` the largest ‖v̂_i‖. An
    odd number of them is made even by zeros."""

    whole: Wholes
    scale: Floats
    off: float
    longest: float

    @classmethod
    def of(cls, rows: Floats) -> "Bytes":
        """The nearest bytes to some vectors [I × D]."""
        scale = np.maximum(np.abs(rows).max(axis=1), np.float32(1e-30)) / np.float32(127)
        whole = np.zeros((len(rows) + len(rows) % 2, rows.shape[1]), np.int8)
        off = longest = 0.0
        for a in range(0, len(rows), _BLOCK):
            part = slice(a, a + _BLOCK)
            some = np.rint(rows[part] / scale[part, None])
            whole[a : a + len(some)], back = some, some * scale[part, None]
            off = max(off, _longest(rows[part] - back))
            longest = max(longest, _longest(back))
        return cls(whole, scale, off, longest)

    def products(self, some: Wholes) -> list[Ints]:
        """⟨d̂, v̂_i⟩ / (unit · scale_i) of all items [I], for each d̂ = unit · some [B × D].

        The items stay as they are, one after the other in memory; it is the d that are packed, as
        many as are read fast. One alone is asked of two items at a time: beside it stand zeros for
        the other, and half as many sums are left to be added up.
        """
        import numkong

        (B, D), I, found = some.shape, len(self.scale), []
        if B == 1:
            pair = np.zeros((2, 2 * D), np.int8)
            pair[0, :D] = pair[1, D:] = some[0]
            two = numkong.dots_packed(self.whole.reshape(-1, 2 * D), numkong.dots_pack(pair))
            return [np.asarray(two).ravel()[:I]]
        width = _AT_ONCE[_AT_ONCE[0] < B]
        for a in range(0, B, width):
            part = some[a : a + width]
            padded = np.zeros((width, D), np.int8)
            padded[: len(part)] = part
            dots = np.asarray(numkong.dots_packed(self.whole, numkong.dots_pack(padded)))
            found += list(dots.T[: len(part), :I])
        return found


@dataclass(frozen=True)
class Look:
    """⟨d, v_i⟩ of all items for several d [B × D] together, nearly: each vector is read once for a
    few of them, when the first is asked for."""

    vectors: Vectors
    d: Floats

    def add_to(self, total: Floats, b: int, times: float) -> float:
        """Add so many times the products with one d to a total [I]; how far off they may be."""
        pieces = self.vectors.bytes()
        if pieces is None:
            total += np.float32(times) * (self.vectors.rows @ self.d[b])
            return 0.0
        whole, unit = self._whole
        start, off = 0, 0.0
        length, left = float(np.linalg.norm(self.d[b])), self.d[b] - unit[b] * whole[b]
        for piece, found in zip(pieces, self._products, strict=True):
            part = slice(start, start + len(piece.scale))
            start = part.stop
            some = found[b].astype(np.float32)
            some *= piece.scale
            some *= np.float32(times * unit[b])
            total[part] += some
            off = max(off, length * piece.off + float(np.linalg.norm(left)) * piece.longest)
        return abs(times) * off

    @cached_property
    def _whole(self) -> tuple[Wholes, Floats]:
        """The d as bytes [B × D], and what one is worth of each [B]."""
        unit = np.maximum(np.abs(self.d).max(axis=1), np.float32(1e-30)) / np.float32(127.0)
        return np.rint(self.d / unit[:, None]).astype(np.int8), unit

    @cached_property
    def _products(self) -> list[list[Ints]]:
        return [piece.products(self._whole[0]) for piece in self.vectors.bytes() or []]


def _longest(rows: Floats) -> float:
    return float(np.sqrt(np.einsum("id,id->i", rows, rows).max(initial=0.0)))
