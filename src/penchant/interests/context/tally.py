"""How often people turned to what in which context, beside how often they do elsewhere.

Everybody is compared with himself. Person u had T_u acts whose context is known, n1_u of them in
the context and n0_u elsewhere; a_u and b_u of these were of the interest. The lift is the ratio of
rates, put together over people as Mantel and Haenszel do:

    lift = A / B,   A = Σ_u a_u n0_u / T_u,   B = Σ_u b_u n1_u / T_u

Who comes at weekends, and what is popular, cancels out; people of few acts count as much as they
know. Mantel and Haenszel, J. Natl. Cancer Inst. 22, 1959; for ratios of rates, and why thin strata
do no harm, Greenland and Robins, Biometrics 41, 1985.

How sure it is follows from how people differ, and from how days do: whatever somebody does in a
week hangs together, and so does what everybody does on one day.

    var(log lift) = Σ_u (A_u − lift · B_u)² / A² · max(1, V_day / V_person)

V are the variances of Σ_u a_u − E a_u where no context matters, by days and by people (Cameron,
Gelbach and Miller, J. Business & Economic Statistics 29, 2011, the larger of the two).
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from penchant.clock import DAY
from penchant.data.histories import Histories
from penchant.types import Bools, Doubles, Ints, Longs

HALF = 0.125
"""Half an act of one person, half of whose acts are in the context: added to A and to B."""


@dataclass(frozen=True)
class Acts:
    """Acts with a known value of one variable, the rows of people without gaps.

    users [U] (rows of the log), user [N] (rows of `users`), code [N] (which value), nodes [N × K],
    period [N] (what comes at once for everybody: a day), week [N] (of one person).
    """

    users: Longs
    user: Longs
    code: Ints
    nodes: sparse.csr_array
    period: Longs
    week: Longs

    @classmethod
    def of(
        cls, log: Histories, rows: Longs, code: Ints, nodes: sparse.csr_array, period: Longs
    ) -> "Acts":
        """Those of some events of a log [N] whose code is no −1, with their interests [N × K] and
        periods [N]."""
        known = np.flatnonzero(code >= 0)
        rows = rows[known]
        users, user = np.unique(log.user[rows], return_inverse=True)
        weeks = log.time[rows] // (7 * DAY)
        key = user * (int(weeks.max(initial=0)) + 1) + weeks
        return cls(
            users.astype(np.int64), user.astype(np.int64), code[known], nodes[known],
            _numbered(period[known]), _numbered(key),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.user)

    @cached_property
    def total(self) -> Doubles:
        """T: acts of each person [U]."""
        return np.bincount(self.user, minlength=len(self.users)).astype(np.float64)

    @cached_property
    def liked(self) -> sparse.csr_array:
        """How many acts of each person were of each interest [U × K]."""
        return grouped(self.user, np.ones(len(self)), len(self.users)) @ self.nodes

    def inside(self, value: int) -> Doubles:
        """n1: acts of each person in the context [U]."""
        found = np.bincount(self.user[self.code == value], minlength=len(self.users))
        return found.astype(np.float64)

    def there(self, value: int) -> sparse.csr_array:
        """a: acts of each person in the context on each interest [U × K]."""
        z = (self.code == value).astype(np.float64)
        return sparse.csr_array(grouped(self.user, z, len(self.users)) @ self.nodes)

    def sums(self, value: int) -> tuple[sparse.csr_array, sparse.csr_array]:
        """A_u and B_u: what each person adds to both sides [U × K]."""
        inside, total = self.inside(value), np.maximum(self.total, 1.0)
        there = self.code == value
        into = np.where(there, ((total - inside) / total)[self.user], 0.0)
        out = np.where(there, 0.0, (inside / total)[self.user])
        U = len(self.users)
        return grouped(self.user, into, U) @ self.nodes, grouped(self.user, out, U) @ self.nodes

    def apart(self, value: int, groups: Longs) -> sparse.csr_array:
        """Σ_{e ∈ g} (z_e − q_u)(y_e − p_u): by how much acts in the context are of an interest more
        often than they would be by chance, in groups of acts [G × K].

        z says whether act e is in the context, y which interest it is of; q and p are the person's
        own means.
        """
        total = np.maximum(self.total, 1.0)
        d = (self.code == value) - (self.inside(value) / total)[self.user]
        G = max(int(groups.max(initial=-1)) + 1, len(self.users) if groups is self.user else 0)
        own = sparse.csr_array((d, (groups, self.user)), shape=(G, len(self.users)))
        share = sparse.diags_array(1.0 / total) @ self.liked
        return sparse.csr_array(grouped(groups, d, G) @ self.nodes - own @ share)

    def by_chance(self, value: int) -> sparse.csr_array:
        """The variance of each person's acts in the context where each falls for itself:
        hypergeometric [U × K]."""
        n1, T = self.inside(value), self.total
        scale = n1 * (T - n1) / np.maximum(T**2 * (T - 1.0), 1.0)
        once = sparse.diags_array(scale * T) @ self.liked
        again = sparse.diags_array(scale) @ self.liked.multiply(self.liked)
        return sparse.csr_array(once - again)

    def expected(self, value: int) -> Doubles:
        """Acts in the context where it does not matter: Σ_u n1 k / T [K]."""
        share = self.inside(value) / np.maximum(self.total, 1.0)
        return np.asarray(self.liked.T @ share, np.float64).ravel()

    def seen(self, value: int) -> Doubles:
        """Acts in the context [K]."""
        return np.asarray(self.nodes.T @ (self.code == value).astype(np.float64)).ravel()

    def halves(self) -> tuple["Acts", "Acts"]:
        """What each person did before the week of the middle act, and after it; all people keep
        their rows."""
        begin = np.cumsum(self.total) - self.total
        middle = self.week[(begin + self.total // 2).astype(np.int64)][self.user]
        early, late = self.week < middle, self.week > middle
        return self._taken(np.flatnonzero(early)), self._taken(np.flatnonzero(late))

    def some(self, people: Bools) -> "Acts":
        """Those of some people [U]."""
        rows = np.flatnonzero(people[self.user])
        new = np.cumsum(people) - 1
        found = self._taken(rows)
        return replace(found, users=self.users[people], user=new[self.user[rows]])

    def _taken(self, rows: Longs) -> "Acts":
        return Acts(
            self.users, self.user[rows], self.code[rows], self.nodes[rows],
            _numbered(self.period[rows]), _numbered(self.week[rows]),
        )  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """Everybody's lifts of the interests in one context, as they were counted [K each].

    log: of the lift; error: its standard error; free: degrees of freedom behind the error; seen and
    expected: acts in the context, and how many there would be if it did not matter.
    """

    log: Doubles
    error: Doubles
    free: Doubles
    seen: Doubles
    expected: Doubles
    share: float


def measured(acts: Acts, value: int) -> Measured:
    """Count everybody's lifts in one context."""
    A_u, B_u = acts.sums(value)
    A, B = (np.asarray(x.sum(axis=0)).ravel() + HALF for x in (A_u, B_u))
    R = A / B
    aa, ab, bb = (_dots(x, y) for x, y in ((A_u, A_u), (A_u, B_u), (B_u, B_u)))
    both = aa + 2.0 * ab + bb
    people = np.divide((A + B - 2 * HALF) ** 2, both, out=np.zeros_like(both), where=both > 0)
    spread = np.maximum(aa - 2.0 * R * ab + R**2 * bb, 0.0) / A**2
    spread *= people / np.maximum(people - 1.0, 1.0)
    plain = np.maximum(aa - 2.0 * ab + bb, 1e-12)
    spread *= np.maximum(1.0, squares(acts.apart(value, acts.period)) / plain)
    chance = np.asarray(acts.by_chance(value).sum(axis=0)).ravel() / (A * B)
    error = np.sqrt(np.maximum(np.maximum(spread, chance), HALF / (A * B)))
    periods = len(np.unique(acts.period[acts.code == value]))
    free = np.maximum(np.minimum(people, periods) - 1.0, 0.0)
    share = float((acts.code == value).mean()) if len(acts) else 0.0
    return Measured(np.log(R), error, free, acts.seen(value), acts.expected(value), share)


def grouped(groups: Longs, values: Doubles, G: int) -> sparse.csr_array:
    """Sums over groups as a matrix [G × N]."""
    N = len(groups)
    return sparse.csr_array((values, (groups, np.arange(N))), shape=(G, N))


def squares(table: sparse.csr_array) -> Doubles:
    """Sums of squares of each column."""
    return _dots(table, table)


def _dots(one: sparse.csr_array, other: sparse.csr_array) -> Doubles:
    return np.asarray(one.multiply(other).sum(axis=0), np.float64).ravel()


def _numbered(keys: Longs) -> Longs:
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)
