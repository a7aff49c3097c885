"""Item vectors that are asked: as they are, and as bytes for a first look at all of them.

A product with all vectors is as slow as memory is. As bytes they are a quarter, and the product is
off by no more than

    |⟨d, v_i⟩ − ⟨d̂, v̂_i⟩| ≤ ‖d‖ · ‖v_i − v̂_i‖ + ‖d − d̂‖ · ‖v̂_i‖

(Cauchy and Schwarz). Whoever looks for the best items takes all that may be among them by this
bound, and asks the vectors themselves about those.
"""

from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any, Final

import numpy as np

from penchant.interests.blocks import Blocks
from penchant.taxonomy.tree import Tree
from penchant.types import Floats

MANY: Final = 20_000
"""Items from which a first look at bytes is worth it."""
_BLOCK = 50_000  # vectors turned into bytes at once
_FINER = 254  # d is told by two bytes: this is what the second one counts less than the first


@dataclass(frozen=True)
class Vectors:
    """The vectors of all items, rows [I × D]; not to be changed."""

    rows: Floats
    _made: dict[str, Blocks | None] = field(init=False, repr=False, default_factory=dict)
    _making: Lock = field(init=False, repr=False, default_factory=Lock)

    def __len__(self) -> int:
        return len(self.rows)

    def products(self, d: Floats) -> tuple[Floats, float]:
        """⟨d, v_i⟩ of all items [I], and how far off any of them may be."""
        if self._bytes is None:
            return self.rows @ d, 0.0
        return self._bytes.products(d)

    def blocks(self, tree: Tree) -> Blocks | None:
        """The same by the narrowest interests of a tree, always the same one; made when they are
        first asked for. None where the extra `ann` is not installed."""
        with self._making:
            if "blocks" not in self._made:
                try:
                    self._made["blocks"] = Blocks.of(
                        self.rows, tree.main(tree.levels), len(tree.nodes[-1])
                    )
                except ImportError:
                    self._made["blocks"] = None
            return self._made["blocks"]

    @cached_property
    def _bytes(self) -> "Bytes | None":
        if len(self) < MANY or not self.rows.shape[1]:
            return None
        try:
            return Bytes.of(self.rows)
        except ImportError:  # the extra `ann` is not installed: all is asked as it is
            return None


@dataclass(frozen=True)
class Bytes:
    """v̂_i = scale_i · packed_i; `off` is the largest ‖v_i − v̂_i‖, `longest` the largest ‖v̂_i‖."""

    packed: Any
    scale: Floats
    off: float
    longest: float

    @classmethod
    def of(cls, rows: Floats) -> "Bytes":
        """The nearest bytes to some vectors [I × D].

        Raises:
            ImportError: numkong is not there.
        """
        import numkong

        scale = np.maximum(np.abs(rows).max(axis=1), np.float32(1e-30)) / np.float32(127)
        whole = np.empty(rows.shape, np.int8)
        off = longest = 0.0
        for a in range(0, len(rows), _BLOCK):
            part = slice(a, a + _BLOCK)
            np.rint(rows[part] / scale[part, None], out=whole[part], casting="unsafe")
            back = whole[part] * scale[part, None]
            off = max(off, _longest(rows[part] - back))
            longest = max(longest, _longest(back))
        return cls(numkong.dots_pack(whole), scale, off, longest)

    def products(self, d: Floats) -> tuple[Floats, float]:
        """⟨d̂, v̂_i⟩ of all items [I], and how far off ⟨d, v_i⟩ may be."""
        import numkong

        unit = max(float(np.abs(d).max()), 1e-30) / 127.0
        first = np.rint(d / unit)
        second = np.rint((d - unit * first) / (unit / _FINER))
        both = np.stack([first, second]).astype(np.int8)
        left = float(np.linalg.norm(d - unit * (first + second / _FINER)))
        high, low = np.asarray(numkong.dots_packed(both, self.packed))
        high *= _FINER
        high += low
        found = np.multiply(high, self.scale, dtype=np.float32, casting="unsafe")
        found *= np.float32(unit / _FINER)
        return found, float(np.linalg.norm(d)) * self.off + left * self.longest


def _longest(rows: Floats) -> float:
    return float(np.sqrt(np.einsum("id,id->i", rows, rows).max(initial=0.0)))
