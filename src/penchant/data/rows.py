"""Rows of flat arrays: ranges laid end to end, and where each different number stands first."""

import numpy as np

from penchant.types import Ints, Longs

_WIDE = 8  # times as high as there are numbers: such numbers are sorted, lower ones are marked


def gather(starts: Longs, ends: Longs) -> tuple[Longs, Longs]:
    """Indices of many ranges laid end to end, and where each begins [B+1]."""
    length = np.maximum(ends - starts, 0).astype(np.int64)
    offsets = np.zeros(len(length) + 1, np.int64)
    np.cumsum(length, out=offsets[1:])
    index = np.arange(offsets[-1])
    index += np.repeat(starts - offsets[:-1], length)
    return index, offsets


def first_of_each(numbers: Longs | Ints) -> tuple[Longs, Longs]:
    """Where each of the different numbers from 0 on stands first, the lowest one first, and which
    of these each one is.

    >>> first_of_each(np.array([7, 3, 7]))
    (array([1, 0]), array([1, 0, 1]))
    """
    size = int(numbers.max(initial=-1)) + 1
    if size > _WIDE * len(numbers):
        _, first, which = np.unique(numbers, return_index=True, return_inverse=True)
        return first, which
    at = np.full(size, -1)
    at[numbers[::-1]] = np.arange(len(numbers))[::-1]
    there = at >= 0
    return at[there], (np.cumsum(there) - 1)[numbers]
