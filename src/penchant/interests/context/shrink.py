"""Lifts as far as the evidence goes: everybody's towards none, a person's towards everybody's.

    log lift of an interest in a context      θ   ~ N(0, τ²),      counted ~ N(θ, error²)
    log lift of one person                    θ_u ~ N(θ, τ_u²),    a_u of k acts ~ Binomial(ρ_u)
                                              ρ / (1 − ρ) = exp(θ_u) · n1 / n0

τ is one for each variable and is not guessed but averaged over, each value by how likely it makes
all that was counted (Gelman et al., Bayesian Data Analysis, 3rd ed., 2013, section 5.4); τ_u is
found by what people do again. That a person's acts hang together is paid for by counting φ of them
as one, φ being how much larger the variance by weeks is than by chance (Rao and Scott, Biometrics
48, 1992).
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from penchant.interests.context.tally import Acts, Measured, squares
from penchant.random import rng
from penchant.types import Bools, Doubles

SPREADS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2, 1.6)
"""Values of τ."""
WRONG = 0.05
"""At most so much of what is reported as a lift is wrong, on average."""
ENOUGH = 10.0
"""Expected acts below which a context says nothing of an interest on its own."""
_LOGS = np.linspace(-3.0, 3.0, 241)  # of a person's lift less everybody's
_PEOPLE = 2000  # whose lifts say how much people differ


@dataclass(frozen=True)
class Shrunk:
    """Lifts of one context [K each]: log, its standard deviation, interval, whether it is clear."""

    log: Doubles
    sd: Doubles
    low: Doubles
    high: Doubles
    clear: Bools


def everybody(counted: list[list[Measured]]) -> list[list[Shrunk]]:
    """Lifts of all contexts of all variables, variable by variable; clear ones by Benjamini and
    Hochberg over all of them that have acts enough."""
    from scipy import stats

    p, known = [], []
    for variable in counted:
        for m in variable:
            enough = (m.expected >= ENOUGH) & (m.free >= 2.0)
            z = np.abs(m.log) / m.error
            p.append(np.where(enough, 2.0 * stats.t.sf(z, np.maximum(m.free, 1.0)), 1.0))
            known.append(enough)
    found = discovered(np.concatenate(p), np.concatenate(known)) if p else np.zeros(0, bool)
    parts = iter(np.split(found, np.cumsum([len(x) for x in p])[:-1]) if p else [])
    return [
        [_posterior(m, prior, next(parts)) for m in v] for v in counted for prior in [_prior(v)]
    ]


def discovered(p: Doubles, tested: Bools, wrong: float = WRONG) -> Bools:
    """Which of several tests to believe, so that on average at most a share of them is wrong.

    Benjamini and Hochberg, J. Royal Stat. Soc. B 57(1), 1995.
    """
    found = np.zeros(len(p), bool)
    rows = np.flatnonzero(tested)
    order = rows[np.argsort(p[rows], kind="stable")]
    below = np.flatnonzero(p[order] <= wrong * np.arange(1, len(order) + 1) / max(len(order), 1))
    if len(below):
        found[order[: below[-1] + 1]] = True
    return found


def _prior(counted: list[Measured]) -> Doubles:
    """How likely each value of τ is [T]."""
    from scipy import stats

    log, error, free = (
        np.concatenate([getattr(m, name) for m in counted]) for name in ("log", "error", "free")
    )
    use = free >= 2.0
    spread = np.asarray(SPREADS)[:, None] ** 2 + error[use] ** 2
    likely = stats.norm.logpdf(log[use], 0.0, np.sqrt(spread)).sum(axis=1)
    weight: Doubles = np.exp(likely - likely.max())
    return np.asarray(weight / weight.sum())


def _posterior(m: Measured, prior: Doubles, found: Bools) -> Shrunk:
    from scipy import stats

    tau = np.asarray(SPREADS)[:, None] ** 2
    keep = tau / (tau + m.error**2)  # [T × K]
    mean = prior @ (keep * m.log)
    second = prior @ (keep * m.error**2 + (keep * m.log) ** 2)
    sd = np.sqrt(np.maximum(second - mean**2, 1e-12))
    wide = stats.t.ppf(0.975, np.maximum(m.free, 2.0)) * sd
    low, high = mean - wide, mean + wide
    return Shrunk(mean, sd, low, high, found & ((low > 0) | (high < 0)))


@dataclass(frozen=True)
class Differing:
    """How people differ in one variable: φ, acts that count as one, and τ_u."""

    together: float
    spread: float


def differing(acts: Acts, lifts: list[Shrunk], *, seed: int) -> Differing:
    """How much some people's acts hang together, and their lifts differ from everybody's.

    τ_u² = Σ (S − V θ)(S' − V' θ) / Σ V V'

    S is by how much a person's acts in the context are of the interest beyond chance and V its
    variance by chance, in the earlier half of that person's acts, S' and V' in the later half: only
    what one half says and the other one says again counts as the person's own. Sums are over
    people, contexts and interests. One standard error, by people, is added: nothing is claimed of
    somebody only because people were not seen to differ.
    """
    some = acts.some(_chosen(acts, seed))
    early, late = some.halves()
    own, scale = np.zeros(len(some.users)), np.zeros(len(some.users))
    weekly = chance = 0.0
    for value, lift in enumerate(lifts):
        weekly += float(squares(some.apart(value, some.week)).sum())
        chance += float(some.by_chance(value).sum())
        V, V_late = early.by_chance(value), late.by_chance(value)
        theta = sparse.diags_array(lift.log)
        left = early.apart(value, early.user) - V @ theta
        left_late = late.apart(value, late.user) - V_late @ theta
        own += _each(left.multiply(left_late))
        scale += _each(V.multiply(V_late))
    together = max(1.0, weekly / chance) if chance > 0 else 1.0
    if scale.sum() <= 0:
        return Differing(together, 0.0)
    squared = max(float(own.sum() / scale.sum()), 0.0)
    error = float(np.sqrt(((own - squared * scale) ** 2).sum()) / scale.sum())
    return Differing(together, float(np.sqrt(squared + error)))


def _each(table: sparse.csr_array) -> Doubles:
    """Sums over interests [U]."""
    return np.asarray(table.sum(axis=1), np.float64).ravel()


def _chosen(acts: Acts, seed: int) -> Bools:
    """Some people with acts in both halves [U]."""
    people = np.flatnonzero(acts.total >= 4)
    if len(people) > _PEOPLE:
        people = rng(seed, "lifts", "people").choice(people, _PEOPLE, replace=False)
    chosen = np.zeros(len(acts.users), bool)
    chosen[people] = True
    return chosen


def person(
    acts: Acts, user: int, value: int, lift: Shrunk, how: Differing
) -> tuple[Shrunk, Doubles, Doubles]:
    """One person's lifts in a context; `user` is a row of the acts' people, or −1. Also the acts
    that were seen there, and how many there would be without any lift [K each].

    A lift is clear when its interval excludes 1: the chance that it points the other way is below
    0.025, and so is, on average, the share of clear ones that do, however many there are (Stephens,
    Biostatistics 18(2), 2017).
    """
    K = len(lift.log)
    a, b, odds, seen, expected = np.zeros(K), np.zeros(K), 1.0, np.zeros(K), np.zeros(K)
    if user >= 0:
        one = acts.some(np.arange(len(acts.users)) == user)
        seen, n = one.seen(value), one.liked.toarray()[0]
        n1, T = float(one.inside(value)[0]), float(one.total[0])
        expected = n * n1 / T
        if 0 < n1 < T:  # else there is nothing to compare with
            a, b, odds = seen, n - seen, n1 / (T - n1)
    L = _likelihood(a, b, np.full(K, odds), lift.log, how.together)
    spread = np.sqrt(how.spread**2 + lift.sd**2)
    P = L * _priors(spread[:, None])
    P /= P.sum(axis=1, keepdims=True)
    mean = P @ _LOGS
    sd = np.sqrt(np.maximum(P @ _LOGS**2 - mean**2, 1e-12))
    low, high = _quantiles(P, 0.025), _quantiles(P, 0.975)
    low, high = lift.log + low, lift.log + high
    made = Shrunk(lift.log + mean, sd, low, high, (low > 0) | (high < 0))
    return made, seen, expected


def _likelihood(a: Doubles, b: Doubles, odds: Doubles, log: Doubles, together: float) -> Doubles:
    """How likely a acts here and b elsewhere make lifts around everybody's [N × G], at most 1."""
    eta = _LOGS + (log + np.log(odds))[:, None]
    L = (a[:, None] * eta - (a + b)[:, None] * np.logaddexp(0.0, eta)) / together
    return np.asarray(np.exp(L - L.max(axis=1, keepdims=True)))


def _priors(spread: Doubles) -> Doubles:
    """N(0, spread²) on the grid [… × G]."""
    p = np.exp(-0.5 * (_LOGS / np.maximum(spread, 0.02)) ** 2)
    return np.asarray(p / p.sum(axis=-1, keepdims=True))


def _quantiles(P: Doubles, at: float) -> Doubles:
    """Quantiles of distributions on the grid, between its points [N]."""
    C = np.cumsum(P, axis=1)
    before = C - P
    k = np.minimum((at > C).sum(axis=1), len(_LOGS) - 1)
    rows = np.arange(len(P))
    part = (at - before[rows, k]) / np.maximum(P[rows, k], 1e-300)
    return np.asarray(_LOGS[k] + (part - 0.5) * (_LOGS[1] - _LOGS[0]))
