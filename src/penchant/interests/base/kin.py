"""What an event says of its item's interests: evidence shared by all items of a node.

    kin_i(u, t) = Σ_ℓ Σ_m θ_ℓm Σ_n p_n^m A_ℓ[i, n]
    p_n^m = Σ_k w_k g_m(k) A_ℓ[item_k, n] / ( Σ_k |w_k| g_m(k) + doubt )

p is the person's share of node n, shrunk to nothing while there are few events, so that somebody
with two events has a sensible broad profile and no invented narrow one. Given the divisor, which
is one number a person, it is linear in the events: each one's share is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from penchant.data.moments import Moments
from penchant.interests.base.decay import fading
from penchant.interests.terms import Nodes
from penchant.taxonomy.memberships import Ellpack
from penchant.taxonomy.siblings import Siblings
from penchant.taxonomy.tree import Tree
from penchant.types import Floats, Longs

Rhythm = tuple[float, float]


@dataclass(frozen=True)
class Kin:
    """Memberships of every level [I × K], those of the narrowest once more (`leaves`), who is whose
    child, the rhythms, and how many events' worth of doubt."""

    members: tuple[sparse.csr_array, ...]
    leaves: Ellpack | None
    families: tuple[Siblings, ...]
    rhythms: Sequence[Rhythm]
    doubt: float

    @classmethod
    def of(cls, tree: Tree | None, rhythms: Sequence[Rhythm], doubt: float) -> "Kin":
        """The kin of a tree's items; none without a tree."""
        if tree is None:
            return cls((), None, (), rhythms, doubt)
        return cls(tree.members, tree.ellpack(tree.levels), tree.siblings, rhythms, doubt)

    @property
    def terms(self) -> int:
        """Number of θ: levels × rhythms."""
        return len(self.members) * len(self.rhythms)

    def each(self, moments: Moments) -> list[Floats]:
        """Every term by itself [B × I] each: level by level, rhythm by rhythm."""
        return [_through(A, moments, own) for A in self.members for own in self.weights(moments)]

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
        interests; what events say of the narrowest is summed, the rest are sums of that."""
        B = len(moments)
        if self.leaves is None or not any(theta):
            return [[] for _ in range(B)]
        kin, theta = self._counting(theta)
        rows = self.leaves.take(moments.item)
        each = [rows.up_by(moments.owner, own, B) for own in kin.weights(moments)]
        sums = np.concatenate(each)  # all rhythms go up together
        found: list[list[Nodes]] = [[] for _ in range(B)]
        for level, family in reversed(list(enumerate(self.families, start=1))):
            some = np.array(kin._of(theta, level), np.float32)
            if some.any():
                total = some @ sums.reshape(len(each), -1)
                for nodes, values in zip(found, total.reshape(B, -1), strict=True):
                    nodes.append(Nodes(level, values))
            if level > 1:
                sums = family.up(sums)
        return found

    def shares(self, moments: Moments, theta: Sequence[float], items: Longs) -> Floats:
        """What each event adds to some items' scores [N × items]."""
        total = np.zeros((len(moments.item), len(items)), np.float32)
        for _, A, values in self._mixed(moments, theta):
            common = A[moments.item] @ A[items].T
            total += values[:, None] * np.asarray(common.toarray(), np.float32)
        return total

    def weighed(
        self, moments: Moments, theta: Sequence[float], rows: Longs, items: Longs, values: Floats
    ) -> list[tuple[Floats, Floats]]:
        """For each rhythm that counts, the events' shares [N], and what a share of 1 in some rows
        adds to weighted sums over the items [items × C] → [rows × C]: through their narrowest
        interests, each of which has what its broader ones have."""
        kin, theta = self._counting(theta)
        sums, each = (self.members[-1][items].T @ values).T, []
        for level, family in reversed(list(enumerate(self.families, start=1))):
            each.append((np.array(kin._of(theta, level), np.float32), family, sums))
            sums = family.up(sums)
        tables = np.zeros((len(kin.rhythms), *sums.shape), np.float32)
        for some, family, sums in reversed(each):
            tables = tables[:, :, family.parent] + some[:, None, None] * sums
        A = self.members[-1][rows]
        through = (np.asarray(A @ table.T, np.float32) for table in tables)
        return list(zip(kin.weights(moments), through, strict=True))

    def _counting(self, theta: Sequence[float]) -> tuple["Kin", Sequence[float]]:
        """The same with the rhythms that count on any level alone, and their θ."""
        M = len(self.rhythms)
        some = [m for m in range(M) if any(theta[m::M])]
        kin = replace(self, rhythms=[self.rhythms[m] for m in some])
        return kin, [theta[m] for m in range(len(theta)) if m % M in some]

    def weights(self, moments: Moments) -> Floats:
        """Each event's share of its person, signed, by each rhythm [M × N]."""
        found = fading(moments, self.rhythms) * moments.weight
        for own in found:
            mass = np.bincount(moments.owner, weights=np.abs(own), minlength=len(moments))
            own /= (mass + self.doubt).astype(np.float32)[moments.owner]
        return found

    def _mixed(
        self, moments: Moments, theta: Sequence[float]
    ) -> list[tuple[int, sparse.csr_array, Floats]]:
        """For each level, its number and memberships, and the events' weights under θ [N]."""
        each, found = self.weights(moments), []
        for level, A in enumerate(self.members, start=1):
            some = self._of(theta, level)
            if any(some):
                found.append((level, A, np.asarray(np.array(some, np.float32) @ each)))
        return found

    def _of(self, theta: Sequence[float], level: int) -> Sequence[float]:
        """θ of a level's rhythms."""
        M = len(self.rhythms)
        return theta[(level - 1) * M : level * M]


def _through(A: sparse.csr_array, moments: Moments, values: Floats) -> Floats:
    """Σ over events of value × A[item_k] Aᵀ [B × I]."""
    p = moments.matrix(values, A.shape[0]) @ A
    return np.asarray((p @ A.T).toarray(), np.float32)
