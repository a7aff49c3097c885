"""What an event says of its item's interests: evidence shared by all items of a node.

    kin_i(u, t) = Σ_ℓ Σ_m θ_ℓm Σ_n p_n^m A_ℓ[i, n]
    p_n^m = Σ_k w_k g_m(k) A_ℓ[item_k, n] / ( Σ_k |w_k| g_m(k) + doubt )

p is the person's share of node n, shrunk to nothing while there are few events, so that somebody
with two events has a sensible broad profile and no invented narrow one. Given the divisor, which
is one number a person, it is linear in the events: each one's share is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from penchant.data.histories import Moments
from penchant.interests.base.decay import blend
from penchant.interests.memberships import Places
from penchant.interests.terms import Nodes
from penchant.taxonomy.tree import Tree
from penchant.types import Floats, Longs

Rhythm = tuple[float, float]


@dataclass(frozen=True)
class Kin:
    """Memberships of every level [I × K], the rhythms, and how many events' worth of doubt."""

    members: tuple[sparse.csr_array, ...]
    rhythms: Sequence[Rhythm]
    doubt: float

    @classmethod
    def of(cls, tree: Tree | None, rhythms: Sequence[Rhythm], doubt: float) -> "Kin":
        """The kin of a tree's items; none without a tree."""
        levels = range(1, tree.levels + 1) if tree is not None else ()
        members = tuple(tree.membership(level) for level in levels) if tree is not None else ()
        return cls(members, rhythms, doubt)

    @property
    def terms(self) -> int:
        """Number of θ: levels × rhythms."""
        return len(self.members) * len(self.rhythms)

    def each(self, moments: Moments) -> list[Floats]:
        """Every term by itself [B × I] each: level by level, rhythm by rhythm."""
        return [
            _through(A, moments, self.weights(moments, rhythm))
            for A in self.members
            for rhythm in self.rhythms
        ]

    def score(self, moments: Moments, theta: Sequence[float]) -> Floats:
        """Their weighted sum [B × I]."""
        mixed = self._mixed(moments, theta)
        if not mixed:
            return np.zeros((len(moments), self.members[0].shape[0]), np.float32)
        p = [moments.matrix(values, A.shape[0]) @ A for _, A, values in mixed]
        A = sparse.hstack([A for _, A, _ in mixed], format="csr")
        return np.asarray((A @ sparse.hstack(p).toarray().T).T, np.float32)

    def nodes(self, moments: Moments, theta: Sequence[float]) -> list[list[Nodes]]:
        """The same for each of a few moments, level by level, before items have it from their
        interests."""
        found: list[list[Nodes]] = [[] for _ in range(len(moments))]
        for level, A, values in self._mixed(moments, theta):
            each = Places.of(A, moments.item).up_by(moments.owner, values, len(moments))
            for nodes, own in zip(found, each, strict=True):
                nodes.append(Nodes(level, own))
        return found

    def shares(self, moments: Moments, theta: Sequence[float], items: Longs) -> Floats:
        """What each event adds to some items' scores [N × items]."""
        total = np.zeros((len(moments.item), len(items)), np.float32)
        for _, A, values in self._mixed(moments, theta):
            common = A[moments.item] @ A[items].T
            total += values[:, None] * np.asarray(common.toarray(), np.float32)
        return total

    def weighed(
        self, moments: Moments, theta: Sequence[float], items: Longs, values: Floats
    ) -> Floats:
        """`shares` @ values, for weighted sums over the items [items × C] → [N × C]."""
        total = np.zeros((len(moments.item), values.shape[1]), np.float32)
        M, (rows, place) = len(self.rhythms), np.unique(moments.item, return_inverse=True)
        common = [A[rows] @ (A[items].T @ values) for A in self.members]
        for m, rhythm in enumerate(self.rhythms):
            each = [np.float32(t) * x for t, x in zip(theta[m::M], common, strict=True) if t]
            if each:
                faded = self.weights(moments, rhythm)
                total += faded[:, None] * np.asarray(sum(each), np.float32)[place]
        return total

    def weights(self, moments: Moments, rhythm: Rhythm) -> Floats:
        """Each event's share of its person [N], signed."""
        faded = blend(moments, [rhythm], [1.0])
        mass = np.bincount(moments.owner, weights=np.abs(faded), minlength=len(moments))
        return np.asarray(faded / (mass + self.doubt)[moments.owner], np.float32)

    def _mixed(
        self, moments: Moments, theta: Sequence[float]
    ) -> list[tuple[int, sparse.csr_array, Floats]]:
        """For each level, its number and memberships, and the events' weights under θ [N]."""
        each = [self.weights(moments, rhythm) for rhythm in self.rhythms]
        M, found = len(self.rhythms), []
        for level, A in enumerate(self.members, start=1):
            some = theta[(level - 1) * M : level * M]
            if any(some):
                values = sum(np.float32(t) * w for t, w in zip(some, each, strict=True))
                found.append((level, A, np.asarray(values, np.float32)))
        return found


def _through(A: sparse.csr_array, moments: Moments, values: Floats) -> Floats:
    """Σ over events of value × A[item_k] Aᵀ [B × I]."""
    p = moments.matrix(values, A.shape[0]) @ A
    return np.asarray((p @ A.T).toarray(), np.float32)
