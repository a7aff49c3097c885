"""What is compared: anything that learns from a log and scores every item for a moment."""

from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from scipy import sparse

from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.types import Bools, Floats

if TYPE_CHECKING:
    from penchant.interests.layer import Catalogue

TRACE = 1e-6
"""Share of popularity mixed into counts, to put items of which nothing is known in an order."""


class Scorer(Protocol):
    """A recommender to be evaluated; baselines and the model are asked in the same way."""

    name: str

    def fit(self, catalogue: "Catalogue", log: Histories, *, seed: int) -> Self:
        """Learn from a log."""
        ...

    def score(self, moments: Moments) -> Floats:
        """Score every item for every moment [B × I]; higher is more likely next."""
        ...


def popularity(log: Histories) -> Floats:
    """Number of positive events of each item [I]."""
    n = len(log.items)
    return np.bincount(log.item[log.positive], minlength=n).astype(np.float32)


def share(counts: Floats) -> Floats:
    """Counts over the largest one [I], so that the most popular item has 1."""
    return counts / max(float(counts.max(initial=0.0)), 1.0)


def liked(moments: Moments, n_items: int, values: Floats | None = None) -> sparse.csr_array:
    """Items with a positive event in each moment [B × I]: ones, or the sum of some values [N]."""
    keep = moments.weight > 0
    owner, item = moments.owner[keep], moments.item[keep]
    data = np.ones(len(item), np.float32) if values is None else values[keep]
    found = sparse.csr_array((data, (owner, item)), shape=(len(moments), n_items))
    found.sum_duplicates()
    if values is None:
        found.data[:] = 1.0
    return found


def silent(moments: Moments) -> Bools:
    """Moments without any positive event [B]: nothing is known of what the person likes."""
    liked_of = np.bincount(moments.owner[moments.weight > 0], minlength=len(moments))
    return np.asarray(liked_of == 0)


def or_popular(scores: Floats, moments: Moments, counts: Floats) -> Floats:
    """The scores, with popularity for those of whom nothing is known (changed in place)."""
    scores[silent(moments)] = share(counts)
    return scores
