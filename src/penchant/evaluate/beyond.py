"""What a good list is beyond being right: varied, new, surprising, balanced and fair.

Lists are rows of the catalogue, best first [B × k], -1 where a list is shorter.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy import sparse

from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.errors import DataError
from penchant.types import Bools, Doubles, Floats, Ints, Longs

_CHUNK = 4096


def coverage(lists: Ints, n_items: int) -> float:
    """Share of the catalogue that is shown to anybody: |∪_u L_u| / I.

    Ge, Delgado-Battenfeld, Jannach, Beyond Accuracy, RecSys 2010 (catalogue coverage).
    """
    return len(np.unique(lists[lists >= 0])) / max(n_items, 1)


def intra_list_diversity(lists: Ints, vectors: Floats) -> Doubles:
    """How unlike the items of a list are: 1 − mean over pairs of cos(v_i, v_j) [B].

    With unit vectors, Σ_{i<j} cos = (‖Σ v‖² − n) / 2. NaN where a list has fewer than two items.

    Ziegler, McNee, Konstan, Lausen, WWW 2005 (intra-list similarity), as 1 − mean.
    """
    chunks = range(0, len(lists), _CHUNK)
    return _joined([_diversity(lists[a : a + _CHUNK], vectors) for a in chunks])


def _diversity(lists: Ints, vectors: Floats) -> Doubles:
    shown = lists >= 0
    unit = vectors[np.maximum(lists, 0)].astype(np.float64)
    unit /= np.maximum(np.linalg.norm(unit, axis=2, keepdims=True), 1e-12)
    unit *= shown[:, :, None]
    own = (unit**2).sum((1, 2))
    pairs = (unit.sum(1) ** 2).sum(1) - own
    n = shown.sum(1)
    return np.where(n > 1, 1.0 - pairs / np.maximum(n * (n - 1), 1), np.nan)


def novelty(lists: Ints, counts: Floats | Longs) -> Doubles:
    """Mean self-information in bits: mean_i −log₂ p_i [B], p_i = (n_i + 1) / Σ_j (n_j + 1).

    n_i: positive events on item i in training; one is added so that a new item has a finite value.

    Zhou et al., PNAS 107(10), 2010; Castells, Vargas, Wang, DDR 2011.
    """
    p = (np.asarray(counts, np.float64) + 1.0) / (float(np.sum(counts)) + len(counts))
    return _mean_of(lists, -np.log2(p))


def serendipity(lists: Ints, relevant: sparse.csr_array, expected: Ints) -> Doubles:
    """Share of a list that is relevant and not what popularity would have shown [B].

    SRDP = Σ_{i ∈ L \\ PM} 1[i ∈ R] / |L|, where PM is the list of a primitive model (popularity).

    Ge, Delgado-Battenfeld, Jannach, Beyond Accuracy, RecSys 2010, eq. 4.
    """
    B, k = lists.shape
    plain = _marks(expected, relevant.shape[1])
    right = _among(lists, relevant) & ~_among(lists, plain)
    return right.sum(1) / np.maximum((lists >= 0).sum(1), 1) if k else np.zeros(B)


def node_shares(lists: Ints, membership: sparse.csr_array) -> Doubles:
    """How a list spreads over interest nodes: mean membership of its items [B × K].

    membership [I × K]: rows sum to 1. An empty list is spread evenly over nothing: zeros.
    """
    shown = (lists >= 0).sum(1)
    held = _marks(lists, membership.shape[0]) @ sparse.csr_array(membership, dtype=np.float64)
    shares: Doubles = held.toarray() / np.maximum(shown, 1)[:, None]
    return shares


def calibration(profile: Floats | Doubles, shown: Floats | Doubles, alpha: float = 0.01) -> Doubles:
    """How far a list strays from the profile: C_KL(p, q) = Σ_n p_n log(p_n / q̃_n) [B]; 0 is best.

    q̃ = (1 − α) q + α p keeps it finite. profile, shown [B × K]: rows sum to 1.

    Steck, Calibrated Recommendations, RecSys 2018, eq. 4 and 5.
    """
    p, q = _rows_of_one(profile, "profile"), np.asarray(shown, np.float64)
    return _kl(p, (1.0 - alpha) * q + alpha * p)


def divergence(profile: Floats | Doubles, shown: Floats | Doubles) -> Doubles:
    """The same as a distance with bounds: Jensen–Shannon in bits, 0 alike to 1 disjoint [B].

    JS(p, q) = ½ KL(p ‖ m) + ½ KL(q ‖ m), m = (p + q) / 2. Lin, IEEE Trans. IT 37(1), 1991.
    """
    p, q = _rows_of_one(profile, "profile"), _rows_of_one(shown, "shown")
    m = 0.5 * (p + q)
    bits: Doubles = (0.5 * _kl(p, m) + 0.5 * _kl(q, m)) / np.log(2.0)
    return bits


def _kl(p: Doubles, q: Doubles) -> Doubles:
    some = p > 0
    ratio = np.divide(p, q, out=np.ones_like(p), where=some & (q > 0))
    nats: Doubles = np.where(some, p * np.log(ratio), 0.0).sum(1)
    return nats


def _rows_of_one(shares: Floats | Doubles, name: str) -> Doubles:
    rows = np.asarray(shares, np.float64)
    if rows.size and (np.abs(rows.sum(1) - 1.0) > 1e-3).any():
        b = int(np.argmax(np.abs(rows.sum(1) - 1.0)))
        raise DataError(
            f"{name}: row {b} sums to {rows[b].sum():.4f}; expected shares that sum to 1"
        )
    return rows


def average_popularity(lists: Ints, counts: Floats | Longs) -> Doubles:
    """Mean share of all training events that the shown items had: mean_i n_i / Σ n [B].

    Abdollahpouri, Burke, Mobasher, FLAIRS 2019 (average recommendation popularity), normalised.
    """
    share = np.asarray(counts, np.float64) / max(float(np.sum(counts)), 1.0)
    return _mean_of(lists, share)


def gini(lists: Ints, n_items: int) -> float:
    """Inequality of exposure over the catalogue: 0 all items alike, towards 1 one item only.

    G = Σ_j (2j − I − 1) x_j / (I Σ x), x sorted upwards.

    Fleder and Hosanagar, Management Science 55(5), 2009.
    """
    x = np.sort(np.bincount(lists[lists >= 0], minlength=n_items)).astype(np.float64)
    if not x.sum():
        return 0.0
    place = 2.0 * np.arange(1, n_items + 1) - n_items - 1.0
    return float((place * x).sum() / (n_items * x.sum()))


def slices(
    moments: Moments,
    targets: sparse.csr_array,
    log: Histories,
    outside: Longs | Ints | None = None,
    edges: Sequence[int] = (5, 20),
) -> dict[str, Bools]:
    """Groups of moments to look at apart, as masks [B]: `cold users`, by history, `cold items`.

    A cold user has no event before the question; a moment belongs to `cold items` when any of its
    targets had no event in training (or is outside the catalogue). Empty groups are left out.
    """
    n = moments.length
    bounds = [1, *edges]
    groups = {"cold users": n == 0}
    for low, high in pairwise(bounds):
        groups[f"history {low}–{high - 1}"] = (n >= low) & (n < high)
    groups[f"history {bounds[-1]}+"] = n >= bounds[-1]
    new = np.bincount(log.item, minlength=targets.shape[1]) == 0
    cold = np.asarray(abs(targets) @ new.astype(np.float64)) > 0
    if outside is not None:
        cold |= np.asarray(outside, np.int64) > 0
    groups["cold items"], groups["known items"] = cold, ~cold
    return {name: mask for name, mask in groups.items() if mask.any()}


def _mean_of(lists: Ints, value: Doubles) -> Doubles:
    """Mean of an item's value over each list [B]; NaN for an empty one."""
    shown = lists >= 0
    total = np.where(shown, value[np.maximum(lists, 0)], 0.0).sum(1)
    return np.where(shown.any(1), total / np.maximum(shown.sum(1), 1), np.nan)


def _marks(lists: Ints, n_items: int) -> sparse.csr_array:
    rows, places = np.nonzero(lists >= 0)
    marks = (np.ones(len(rows)), (rows, lists[rows, places]))
    return sparse.csr_array(marks, shape=(len(lists), n_items))


def _among(lists: Ints, marks: sparse.csr_array) -> Bools:
    """Which entries of the lists are marked [B × k]."""
    n = marks.shape[1]
    marks = sparse.csr_array(marks)
    owner = np.repeat(np.arange(marks.shape[0], dtype=np.int64), np.diff(marks.indptr))
    stored = (owner * n + marks.indices)[marks.data != 0]
    asked = np.arange(len(lists), dtype=np.int64)[:, None] * n + lists
    return np.isin(asked, stored) & (lists >= 0)


def _joined(parts: list[Doubles]) -> Doubles:
    return np.concatenate(parts) if parts else np.zeros(0)
