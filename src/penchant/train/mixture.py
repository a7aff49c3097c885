"""A sum of given scores with learned weights ≥ 0: how likely it makes what came next.

    P(i | b) = softmax_i( Σ_p θ_p · x_p(b, i) ),   θ ≥ 0

The conditional logit of McFadden (1974), fitted on held-out moments. With few terms it is convex
and takes seconds. The softmax runs over a shortlist: the best-scored items, the targets, and a
random sample that stands for all others (each sampled item counts as many as it stands for).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.data.moments import Moments
from penchant.random import derive, rng
from penchant.train.holdout import NEVER, Holdout
from penchant.types import Doubles, Floats, Longs

_APART = 50.0
_SEARCH = {"maxiter": 200, "ftol": 1e-7}  # a ten-millionth of the loss tells no weights apart


@dataclass(frozen=True)
class Shortlist:
    """Candidates of each moment.

    item [B × C] (rows of the catalogue), stands_for [B × C] (log of how many items it counts for,
    `NEVER` for none), target [B × C] (share of what came next; rows sum to at most 1).
    """

    item: Longs
    stands_for: Floats
    target: Floats

    def of(self, scores: Floats) -> Floats:
        """The candidates' scores [B × C], from scores of all items [B × I]."""
        return np.take_along_axis(scores, self.item, axis=1)


def shortlisted(
    terms: Callable[[Moments], Sequence[Floats]],
    holdout: Holdout,
    *,
    best: int = 400,
    others: int = 200,
    seed: int,
    cells: int = 8_000_000,
) -> tuple[Shortlist, Floats]:
    """Candidates of all moments, and each term's scores of them [P × B × C].

    `terms` scores all items for some moments, once a term. Moments go through in chunks of 256 at
    most, so that no more than `cells` scores [chunk × I] are held for each term.
    """
    found, chunk = [], max(1, min(256, cells // max(holdout.n_items, 1)))
    for a in range(0, len(holdout), chunk):
        part = holdout.take(np.arange(a, min(a + chunk, len(holdout))))
        scores = terms(part.moments)
        some = shortlist(scores, part, best=best, others=others, seed=derive(seed, a))
        found.append((some, np.stack([some.of(x) for x in scores])))
    return joined(found)


def joined(parts: Sequence[tuple[Shortlist, Floats]]) -> tuple[Shortlist, Floats]:
    """Candidates and scores of several parts as of one, in order: shorter lists end in `NEVER`."""
    C = max(values.shape[2] for _, values in parts)

    def wide(x: np.ndarray, fill: float) -> np.ndarray:
        room = [(0, 0)] * (x.ndim - 1) + [(0, C - x.shape[-1])]
        return np.pad(x, room, constant_values=fill)

    candidates = Shortlist(
        np.concatenate([wide(some.item, 0) for some, _ in parts]),
        np.concatenate([wide(some.stands_for, float(NEVER)) for some, _ in parts]),
        np.concatenate([wide(some.target, 0.0) for some, _ in parts]),
    )
    return candidates, np.concatenate([wide(values, 0.0) for _, values in parts], axis=1)


def shortlist(
    components: Sequence[Floats], holdout: Holdout, *, best: int = 400, others: int = 200, seed: int
) -> Shortlist:
    """Candidates by each component in turn, the targets, and a sample of the others."""
    out = holdout.excluded.tocoo().coords
    chosen = np.zeros(components[0].shape, bool)
    for x in components:
        _mark_best(chosen, x, out, max(10, best // len(components)))
    chosen[holdout.targets.tocoo().coords] = True
    chosen[out] = False
    chance = others / max(holdout.n_items, 1)
    sampled = (rng(seed, "shortlist").random(chosen.shape, np.float32) < chance) & ~chosen
    sampled[out] = False
    return _listed(chosen, sampled, holdout, out)


def _mark_best(chosen: np.ndarray, x: Floats, out: tuple, n: int) -> None:  # type: ignore[type-arg]
    free = x.copy()
    free[out] = NEVER
    n = min(n, x.shape[1])
    top = np.argpartition(-free, n - 1, axis=1)[:, :n]
    np.put_along_axis(chosen, top, True, axis=1)


def _listed(chosen: np.ndarray, sampled: np.ndarray, holdout: Holdout, out: tuple) -> Shortlist:  # type: ignore[type-arg]
    B, I = chosen.shape
    either = chosen | sampled
    length = either.sum(axis=1)
    C = max(int(length.max(initial=1)), 1)
    owner, item = np.nonzero(either)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(length) - length, length)
    items = np.zeros((B, C), np.int64)
    stands_for = np.full((B, C), NEVER, np.float32)
    barred = np.bincount(out[0], minlength=B)
    left = np.maximum(I - barred - chosen.sum(axis=1), 1)
    each = np.log(np.maximum(left / np.maximum(sampled.sum(axis=1), 1), 1.0))
    items[owner, place] = item
    stands_for[owner, place] = np.where(sampled[owner, item], each[owner], 0.0)
    target = np.zeros((B, C), np.float32)
    target[owner, place] = holdout.targets.toarray()[owner, item]
    return Shortlist(items, stands_for, target)


def log_loss(logits: Floats, candidates: Shortlist) -> Doubles:
    """Cross-entropy of what came next, each moment [B] (nats)."""
    z = logits + candidates.stands_for
    top = z.max(axis=1, keepdims=True)
    norm = np.log(np.exp(z - top).sum(axis=1)) + top[:, 0]
    weight = candidates.target.sum(axis=1)
    return np.asarray(weight * norm - (candidates.target * logits).sum(axis=1), np.float64)


def fit_mixture(values: Floats, candidates: Shortlist, *, ridge: float = 1e-3) -> Doubles:
    """The weights θ [P] for scores of the candidates [P × B × C].

    `ridge` pulls each θ, in units of its component's spread, to zero: what does not help goes.
    """
    from scipy import optimize

    spread = spreads(values, candidates)
    flat = (values / spread[:, None, None]).astype(np.float32).reshape(len(values), -1)
    sought = np.nonzero(candidates.target)
    share = candidates.target[sought]
    weight = candidates.target.sum(axis=1)
    count = max(float(weight.sum()), 1e-9)

    def objective(theta: Doubles) -> tuple[float, Doubles]:
        logits = (theta.astype(np.float32) @ flat).reshape(candidates.target.shape)
        hit = share @ logits[sought]
        logits += candidates.stands_for
        top = logits.max(axis=1)
        p = np.exp(logits - top[:, None], out=logits)
        total = p.sum(axis=1)
        loss = weight @ (np.log(total) + top) - hit
        p *= (weight / total)[:, None]
        p[sought] -= share
        slope = (flat @ p.ravel()).astype(np.float64)
        pulled = ridge * theta
        return float(loss) / count + float(pulled @ theta), slope / count + 2 * pulled

    found = optimize.minimize(
        objective, np.full(len(values), 1.0 / len(values)), jac=True, method="L-BFGS-B",
        bounds=[(0.0, None)] * len(values), options=_SEARCH,
    )  # fmt: skip
    return np.asarray(found.x / spread, np.float64)


def spreads(values: Floats, candidates: Shortlist) -> Doubles:
    """Spread of each term over its candidates [P]; infinite where it tells none from another."""
    usable = candidates.stands_for > NEVER / 2
    found = []
    for x in values:
        spread, size = float(x[usable].std()), float(np.abs(x[usable]).max(initial=0.0))
        found.append(spread if spread > max(1e-5 * size, 1e-9) else np.inf)
    return np.array(found)


def temperature(logits: Floats, candidates: Shortlist) -> float:
    """The factor that makes the softmax of some scores most likely: ranks stay as they are.

    No score ends up more than `_APART` above another one: beyond that nothing gets likelier, and
    sums of single precision lose their last digits.
    """
    from scipy import optimize

    usable = np.where(candidates.stands_for > NEVER / 2, logits, np.nan)
    apart = float(np.nanmax(np.nanmax(usable, axis=1) - np.nanmin(usable, axis=1)))
    most = min(8.0, float(np.log(_APART / max(apart, 1e-9))))

    def loss(log_factor: float) -> float:
        return float(log_loss(np.float32(np.exp(log_factor)) * logits, candidates).mean())

    found = optimize.minimize_scalar(loss, bounds=(most - 14.0, most), method="bounded")
    return float(np.exp(found.x))
