"""Groups of items by the direction of their vectors: spherical k-means.

    label_i = argmax_k ⟨x_i, c_k⟩,    c_k = unit(Σ_{i: label_i = k} w_i · x_i)

Dhillon and Modha, "Concept decompositions for large sparse text data using clustering", 2001;
seeds as in Arthur and Vassilvitskii, "k-means++", 2007, the best of a few draws each; mini-batches
as in Sculley, "Web-scale k-means clustering", 2010.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from penchant.taxonomy.config import KMeansConfig
from penchant.types import Doubles, Floats, Ints

BLOCK = 16_384  # rows of similarities held at once


@dataclass(frozen=True)
class Groups:
    """Labels of the items [I], unit centres [K × D], and the mean cosine to them."""

    labels: Ints
    centres: Floats
    tightness: float


def unit(vectors: Floats) -> Floats:
    """Rows of length 1; a zero row stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms > 0, norms, 1)).astype(np.float32)


def spherical_kmeans(
    vectors: Floats,
    k: int,
    rng: np.random.Generator,
    *,
    weights: Floats | None = None,
    start: Floats | None = None,
    config: KMeansConfig | None = None,
) -> Groups:
    """Group unit rows [I × D] into at most k groups; fewer where fewer directions exist.

    `start` [K × D] are centres to begin from instead of fresh ones. Groups are numbered without
    gaps, and none is empty.
    """
    config = config or KMeansConfig()
    w = np.ones(len(vectors), dtype=np.float32) if weights is None else weights
    k = min(k, len(vectors))
    if k <= 1:
        return _one_group(vectors, w)
    if start is not None:
        return _tidied(_grouped(vectors, w, start, rng, config), vectors, w)
    tries = [
        _grouped(vectors, w, seeds(vectors, k, rng, w), rng, config) for _ in range(config.restarts)
    ]
    best = max(tries, key=lambda groups: groups.tightness)
    return _tidied(best, vectors, w)


def seeds(vectors: Floats, k: int, rng: np.random.Generator, weights: Floats) -> Floats:
    """First centres far from one another: each the best of a few draws by distance [k × D]."""
    pool = _draw(len(vectors), BLOCK * 2, rng)
    x, w = vectors[pool], weights[pool].astype(np.float64)
    draws = 2 + int(math.log(k))
    chosen = [int(rng.choice(len(x), p=w / w.sum()))]
    gap = _gaps(x, x[chosen])[:, 0]
    for _ in range(1, k):
        mass = w * gap
        if mass.sum() <= 1e-6 * w.sum():
            break  # every direction that there is has a seed
        some = rng.choice(len(x), size=draws, p=mass / mass.sum())
        closer = np.minimum(gap[:, None], _gaps(x, x[some]))
        best = int(np.argmin(w @ closer))
        chosen.append(int(some[best]))
        gap = closer[:, best]
    return x[chosen]


def nearest(vectors: Floats, centres: Floats) -> tuple[Ints, Floats]:
    """Row of the centre with the highest cosine, and that cosine, for each item."""
    labels = np.empty(len(vectors), dtype=np.int32)
    cosines = np.empty(len(vectors), dtype=np.float32)
    for begin in range(0, len(vectors), BLOCK):
        part = slice(begin, begin + BLOCK)
        sims = vectors[part] @ centres.T
        labels[part] = sims.argmax(axis=1)
        cosines[part] = sims.max(axis=1)
    return labels, cosines


def sums(vectors: Floats, labels: Ints, k: int, weights: Floats) -> Floats:
    """Weighted sum of the rows of each label [k × D]."""
    hot = sparse.csr_array((weights, (labels, np.arange(len(labels)))), shape=(k, len(labels)))
    return np.asarray(hot @ vectors, dtype=np.float32)


def _grouped(
    x: Floats, w: Floats, centres: Floats, rng: np.random.Generator, config: KMeansConfig
) -> Groups:
    if len(x) > config.batch_above:
        return _by_batches(x, w, centres, rng, config)
    labels = np.full(len(x), -1, dtype=np.int32)
    cosines = np.zeros(len(x), dtype=np.float32)
    for _ in range(config.iterations):
        new, cosines = nearest(x, centres)
        new = _refilled(new, cosines, len(centres))
        if np.array_equal(new, labels):
            break
        labels = new
        centres = unit(sums(x, labels, len(centres), w))
    return Groups(labels, centres, float(np.average(cosines, weights=w)))


def _by_batches(
    x: Floats, w: Floats, centres: Floats, rng: np.random.Generator, config: KMeansConfig
) -> Groups:
    k, mass = len(centres), np.zeros(len(centres), dtype=np.float32)
    total = centres.astype(np.float32).copy()
    for _ in range(config.batches):
        rows = _draw(len(x), config.batch, rng)
        labels, _ = nearest(x[rows], centres)
        mass += np.bincount(labels, weights=w[rows], minlength=k).astype(np.float32)
        total += sums(x[rows], labels, k, w[rows])
        centres = unit(total)
    labels, cosines = nearest(x, centres)
    labels = _refilled(labels, cosines, k)
    return Groups(labels, unit(sums(x, labels, k, w)), float(np.average(cosines, weights=w)))


def _refilled(labels: Ints, cosines: Floats, k: int) -> Ints:
    """Give each empty group the item that lies farthest from its centre."""
    counts = np.bincount(labels, minlength=k)
    empty = np.flatnonzero(counts == 0)
    if not len(empty):
        return labels
    labels = labels.copy()
    for row in np.argsort(cosines, kind="stable"):
        if not len(empty) or cosines[row] > 1 - 1e-5:
            break
        if counts[labels[row]] > 1:
            counts[labels[row]] -= 1
            labels[row], empty = empty[0], empty[1:]
    return labels


def _tidied(groups: Groups, x: Floats, w: Floats) -> Groups:
    """Number the groups without gaps."""
    used, inverse = np.unique(groups.labels, return_inverse=True)
    labels = inverse.astype(np.int32)
    return Groups(labels, unit(sums(x, labels, len(used), w)), groups.tightness)


def _one_group(x: Floats, w: Floats) -> Groups:
    labels = np.zeros(len(x), dtype=np.int32)
    centre = unit(sums(x, labels, 1, w))
    return Groups(labels, centre, float(np.mean(x @ centre[0])) if len(x) else 1.0)


def _gaps(x: Floats, centres: Floats) -> Doubles:
    """1 - cosine, never below 0 [I × K]."""
    gaps: Doubles = np.maximum(1 - x @ centres.T, 0).astype(np.float64)
    return gaps


def _draw(n: int, most: int, rng: np.random.Generator) -> Ints:
    if n <= most:
        return np.arange(n, dtype=np.int32)
    return np.sort(rng.choice(n, size=most, replace=False)).astype(np.int32)
