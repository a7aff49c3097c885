"""Does the profile come true? Interests are probabilities, so they are tested as probabilities.

P [B × K] is the predicted probability of each node of one level. `truth` [B × K] is how the next
item (or the mean of several targets) belongs to these nodes; its rows sum to 1.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl
from scipy import sparse

from penchant.data.moments import Moments
from penchant.errors import DataError
from penchant.interests.precision import COVER, Precision
from penchant.interests.weights import Levels
from penchant.random import rng
from penchant.types import Bools, Doubles, Floats, Longs

FEW = 5
"""Acts of one person from which an interval is judged."""
FLOOR = 1e-9
"""A node that was called impossible and came true costs −ln(1e-9) ≈ 20.7 nats, not infinity."""


def truth(targets: sparse.csr_array, membership: sparse.csr_array) -> tuple[Doubles, Bools]:
    """Membership of the targets in the nodes of a level [B × K], and which moments have any [B].

    targets [B × I]; membership [I × K], rows sum to 1. Several targets count alike. Moments whose
    targets are all outside the catalogue have no truth: a row of zeros, and False.
    """
    marks = sparse.csr_array(targets, dtype=np.float64, copy=True)
    marks.data = (marks.data != 0).astype(np.float64)
    mass = (marks @ sparse.csr_array(membership, dtype=np.float64)).toarray()
    total = mass.sum(1, keepdims=True)
    return mass / np.where(total > 0, total, 1.0), total[:, 0] > 0


def accuracy(P: Floats | Doubles, T: Doubles) -> Doubles:
    """How far the likeliest node is the right one: T at argmax P [B].

    Where several nodes are equally likely, the mean over them: what drawing among them would earn.
    """
    _check(P, T)
    best = (P.max(axis=1, keepdims=True) == P).astype(np.float64)
    earned: Doubles = (T * best).sum(1) / best.sum(1)
    return earned


def log_loss(P: Floats | Doubles, T: Doubles) -> Doubles:
    """Surprise at what came, in nats: −Σ_n T_n ln max(P_n, 1e-9) [B].

    Good, Rational Decisions, J. Royal Stat. Soc. B 14(1), 1952: a proper score.
    """
    _check(P, T)
    surprise: Doubles = -(T * np.log(np.maximum(np.asarray(P, np.float64), FLOOR))).sum(1)
    return surprise


def calibration_error(P: Floats | Doubles, T: Doubles, bins: int = 15) -> float:
    """Expected calibration error of the likeliest node, 0 to 1.

    ECE = Σ_m |B_m| / B · |acc(B_m) − conf(B_m)| over bins of equal width of conf = max P.

    Guo, Pleiss, Sun, Weinberger, On Calibration of Modern Neural Networks, ICML 2017, eq. 3.
    """
    return _ece(np.asarray(P.max(axis=1), np.float64), accuracy(P, T), bins)


def node_calibration_error(P: Floats | Doubles, T: Doubles, bins: int = 15) -> float:
    """The same over every node, not the likeliest alone, 0 to 1.

    Mean over nodes is weighted by count, as all B × K predictions are binned together; mostly small
    probabilities, so it is small by nature: compare it between models, not with the one above.

    Nixon et al., Measuring Calibration in Deep Learning, CVPR workshops 2019 (static, all classes).
    """
    _check(P, T)
    return _ece(np.asarray(P, np.float64).ravel(), T.ravel(), bins)


def reliability(P: Floats | Doubles, T: Doubles, bins: int = 15) -> pl.DataFrame:
    """What was said beside what came, by bin of probability: predicted, observed, count."""
    _check(P, T)
    count, said, came = _bins(np.asarray(P, np.float64).ravel(), T.ravel(), bins)
    some = count > 0
    return pl.DataFrame(
        {
            "predicted": said[some] / count[some],
            "observed": came[some] / count[some],
            "count": count[some].astype(np.int64),
        }
    )


def counted(
    moments: Moments, membership: sparse.csr_array, prior: Doubles, strength: float = 1.0
) -> Doubles:
    """The profile by counting, which a model has to beat: shares of past events by node [B × K].

    P_n = (c_n + m π_n) / (Σ c + m): positive events c, the population's shares π, and m events'
    worth of trust in them (Dirichlet smoothing).
    """
    if strength <= 0:
        raise DataError(f"strength: {strength} came; expected a number of events above 0")
    liked = (moments.weight > 0).astype(np.float32)
    counts = (moments.matrix(liked, membership.shape[0]) @ membership).toarray()
    smoothed = counts.astype(np.float64) + strength * np.asarray(prior, np.float64)
    shares: Doubles = smoothed / smoothed.sum(1, keepdims=True)
    return shares


def assess(
    predicted: Mapping[str, Floats | Doubles], T: Mapping[str, Doubles], bins: int = 15
) -> pl.DataFrame:
    """One row a level: moments, top-1 accuracy, log loss, calibration error."""
    rows = [
        {
            "level": level,
            "moments": len(P),
            "accuracy": float(accuracy(P, T[level]).mean()),
            "log_loss": float(log_loss(P, T[level]).mean()),
            "calibration_error": calibration_error(P, T[level], bins),
        }
        for level, P in predicted.items()
    ]
    return pl.DataFrame(rows)


def _ece(said: Doubles, came: Doubles, bins: int) -> float:
    count, total_said, total_came = _bins(said, came, bins)
    return float(np.abs(total_came - total_said).sum() / max(count.sum(), 1))


def _bins(said: Doubles, came: Doubles, bins: int) -> tuple[Doubles, Doubles, Doubles]:
    place = np.clip((said * bins).astype(np.int64), 0, bins - 1)
    count = np.bincount(place, minlength=bins).astype(np.float64)
    total_said = np.bincount(place, weights=said, minlength=bins).astype(np.float64)
    total_came = np.bincount(place, weights=came, minlength=bins).astype(np.float64)
    return count, total_said, total_came


def _check(P: Floats | Doubles, T: Doubles) -> None:
    if P.shape != T.shape:
        raise DataError(f"P is {P.shape} and truth {T.shape}; expected the same moments and nodes")
    if P.size == 0:
        raise DataError("P is empty; expected at least one moment and one node")
    if not np.isfinite(P).all() or (P < 0).any() or (np.abs(P.sum(1) - 1.0) > 1e-3).any():
        raise DataError("P: rows are no probabilities; expected numbers ≥ 0 that sum to 1")


def coverage(
    precision: Precision,
    weights: Levels,
    came: Levels,
    events: Floats,
    who: Longs,
    *,
    seed: int = 0,
) -> pl.DataFrame:
    """How often what people did lies within the intervals of their profiles, level by level.

    From moments as `Precision.fit` takes them: level, people (with acts enough), intervals (of each
    one's three weightiest interests), covered (`COVER` where the intervals are right) and width.
    The acts on an interest are Beta-binomial; as counts are whole numbers, a place within the step
    is drawn for each, so that the share covered is exact: Smith, Diagnostic checks of non-standard
    time series models, Journal of Forecasting 4, 1985.
    """
    from scipy import stats

    owners, first, place, n = np.unique(
        who, return_index=True, return_inverse=True, return_counts=True
    )
    some, rows = np.flatnonzero(n >= FEW), []
    for level, (said, acts) in enumerate(zip(weights, came, strict=True), start=1):
        told = np.zeros((len(owners), acts.shape[1]))
        np.add.at(told, place, acts)
        w = said[first[some]].astype(np.float64)
        best = np.argsort(-w, axis=1, kind="stable")[:, :3]
        at, rest = np.take_along_axis(w, best, axis=1), events[first[some]]
        k = np.take_along_axis(told[some], best, axis=1)
        kappa = precision.kappa(level, rest)[:, None]
        law = stats.betabinom(n[some][:, None], kappa * at, kappa * (1.0 - at))
        below, upto = law.cdf(k - 1), law.cdf(k)
        drawn = below + rng(seed, "coverage", level).random(k.shape) * (upto - below)
        low, high = precision.interval(level, at, rest)
        rows.append(
            {
                "level": level,
                "people": len(some),
                "intervals": k.size,
                "covered": float((np.abs(drawn - 0.5) <= COVER / 2).mean()) if k.size else None,
                "width": float((high - low).mean()) if k.size else None,
            }
        )
    return pl.DataFrame(rows, schema_overrides={"covered": pl.Float64, "width": pl.Float64})
