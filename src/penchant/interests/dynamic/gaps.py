"""Time between events in buckets, each twice as wide as the one before it."""

from typing import Final

import numpy as np

from penchant.types import Longs

GAPS: Final = 24
"""Number of buckets, doubling from a minute to decades."""


def bucket(us: Longs) -> Longs:
    """Buckets of times between: 0 for less than a minute, then one more for each doubling.

    `networks.bucket` gives the same of tensors.
    """
    minutes = np.maximum(us, 0).astype(np.float32) / np.float32(60_000_000)
    doublings = np.log2(minutes + np.float32(1.0)).astype(np.int64)
    return np.asarray(np.minimum(doublings, GAPS - 1))
