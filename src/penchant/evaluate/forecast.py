"""Which interest does a person turn to next? Every act after a cut, forecast from what was before.

A history goes on while its person acts, as in a running service; all that was learned stands as it
was at the cut. Acts at one time are all forecast from what was before that time. Beside the model
stand ways of counting, whose settings are tuned on the acts just before the cut.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import polars as pl

from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.errors import DataError
from penchant.evaluate.interests import accuracy, calibration_error, coverage, log_loss
from penchant.evaluate.significance import bootstrap, paired
from penchant.interests.base.decay import FOREVER
from penchant.interests.model import InterestModel
from penchant.interests.weights import Levels, Weights, counted, met, rolled, shares, weights
from penchant.taxonomy.tree import Tree
from penchant.train.holdout import upcoming
from penchant.types import QUIET, Doubles, Longs, Progress

HISTORY = (0, 1, 5, 20, 100)
"""Bounds of groups of people by how many of their events were known."""
MANY = 20
"""Asked acts of one person from which their entropy is told."""
HALF_LIVES = (1.0, 3.0, 7.0, 14.0, 30.0, 60.0, 120.0, 240.0, 480.0, 1000.0)
"""Half-lives in days that faded counts are tuned over."""
DOUBTS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Events' worth of the global share that counts are smoothed with: tuned over."""
WINDOW = 0.1
"""Share of the events before the cut that the counts are tuned on."""


@dataclass(frozen=True)
class Forecast:
    """How well each way says the next act's interest, level by level.

    `losses` are the log losses of every act [B] by level and way, in nats; `figures` one row a
    level and way: acts, nodes, log_loss, low, high, less (by how much less than the best way of
    counting), less_low, less_high, accuracy, calibration_error; `tuned` what counting was tuned to.
    `by_history` tells profile and best counting apart by how much of the person was known: level,
    events (from, below; 0: no end), acts, profile, counting. `bound` says what no profile that
    stands still could fall below: level, people (of `MANY` asked acts or more), acts, profile,
    counting, hindsight (the entropy of what each did, with Miller and Madow's correction).
    `covered` says how often what people did lay within the intervals of their profiles (see
    `penchant.evaluate.interests.coverage`).
    """

    losses: Mapping[tuple[int, str], Doubles]
    figures: pl.DataFrame
    tuned: Mapping[tuple[int, str], "Counting"]
    by_history: pl.DataFrame
    bound: pl.DataFrame
    covered: pl.DataFrame


@dataclass(frozen=True)
class Counting:
    """A way of counting: P_n = (c_n + m π_n) / (Σ c + m), c faded with a half-life in days."""

    half_life: float
    doubt: float

    def __call__(self, counts: Levels, share: Levels, level: int) -> Doubles:
        """Weights of one level [B × K]."""
        n, pi = counts[level].astype(np.float64), share[level].astype(np.float64)
        found: Doubles = (n + self.doubt * pi) / (n.sum(axis=1, keepdims=True) + self.doubt)
        return found


def forecast(
    model: InterestModel,
    log: Histories,
    cut: int,
    *,
    most: int = 20_000,
    seed: int = 0,
    progress: Progress = QUIET,
) -> Forecast:
    """Forecast the acts of a log from a time on (µs), with a model that knows nothing past it.

    `log` has all events, before and after; its items are those of the model's catalogue.

    Raises:
        DataError: there is no act after the cut, or too little before it to tune counting on.
    """
    tree = model.catalogue.tree
    rows, moments = upcoming(log, cut, repeats=model.repeats_, most=most, seed=seed)
    past = log.keep(log.time < cut)
    if not len(rows) or len(past) < 2:
        raise DataError(
            f"forecast: {len(past):,} events before the cut and {len(rows):,} acts after it came; "
            "expected some of both"
        )
    T = _came(log, rows, tree)
    tuned = dict(tuned_counting(past, tree, repeats=model.repeats_, most=most, seed=seed))
    said: dict[tuple[int, str], Doubles] = {}
    with progress.step("forecast", len(rows)) as step:
        known = weights(model, moments, model.config.calibration.rhythms)
        for way, levels in _by_model(model, known).items():
            said |= {(level, way): P.astype(np.float64) for level, P in enumerate(levels, start=1)}
        step.advance(len(rows))
    share = shares(past, tree)
    for (level, way), counting in tuned.items():
        counts = counts_of(moments, tree, counting.half_life)
        said[level, way] = counting(counts, share, level - 1)
    for level, pi in enumerate(share, start=1):
        said[level, "global share"] = np.repeat(pi.astype(np.float64), len(rows), axis=0)
    said = dict(sorted(said.items(), key=lambda pair: pair[0][0]))
    losses = {key: log_loss(P, T[key[0] - 1]) for key, P in said.items()}
    events = np.bincount(moments.owner[moments.weight > 0], minlength=len(rows))
    who = log.user[rows].astype(np.int64)
    profile = tuple(
        said[level, "profile"].astype(np.float32) for level in range(1, tree.levels + 1)
    )
    came = met(log.item[rows], tree)
    return Forecast(
        losses, _figures(said, losses, T, seed), tuned, _by_history(losses, events),
        _bound(losses, T, who),
        coverage(model.precision, profile, came, known.events, who, seed=seed),
    )  # fmt: skip


COUNTING = ("global share", "counts", "faded counts")
"""The ways that a profile has to beat."""


def _by_model(model: InterestModel, plain: Weights) -> dict[str, Levels]:
    """What the model says, calibrated and plain, of each layer alone, and of what is usual."""
    known = model.calibration(plain, model.catalogue.tree.siblings)
    alone = {f"{name} alone": levels for name, levels in known.layers.items()}
    return {"profile": known.whole, "sums over items": plain.whole, **alone, "usual": plain.usual}


def tuned_counting(
    past: Histories, tree: Tree, *, repeats: bool, most: int, seed: int
) -> Iterator[tuple[tuple[int, str], Counting]]:
    """The best settings of each way of counting on each level, by the newest acts of the past."""
    since = int(np.quantile(past.time, 1.0 - WINDOW, method="higher"))
    rows, moments = upcoming(past, since, repeats=repeats, most=most, seed=seed)
    share, T = shares(past.keep(past.time < since), tree), _came(past, rows, tree)
    by_fading = {h: counts_of(moments, tree, h) for h in (*HALF_LIVES, FOREVER)}
    for level in range(1, tree.levels + 1):
        ways = {"counts": (FOREVER,), "faded counts": (*HALF_LIVES, FOREVER)}
        for way, half_lives in ways.items():
            tried = [Counting(h, m) for h, m in product(half_lives, DOUBTS)]
            loss = [
                log_loss(c(by_fading[c.half_life], share, level - 1), T[level - 1]).mean()
                if len(rows)
                else 0.0
                for c in tried
            ]
            yield (level, way), tried[int(np.argmin(loss))]


def counts_of(moments: Moments, tree: Tree, half_life: float) -> Levels:
    """Positive events by interest, faded [B × K], level by level."""
    return rolled(counted(moments, tree, [(1.0, half_life)], moments.weight > 0)[0], tree.siblings)


def _came(log: Histories, rows: Longs, tree: Tree) -> tuple[Doubles, ...]:
    """How the item of each act belongs to the nodes, level by level [B × K]."""
    return tuple(
        np.asarray(tree.membership(level)[log.item[rows]].toarray(), np.float64)
        for level in range(1, tree.levels + 1)
    )


def _figures(
    said: Mapping[tuple[int, str], Doubles],
    losses: Mapping[tuple[int, str], Doubles],
    T: tuple[Doubles, ...],
    seed: int,
) -> pl.DataFrame:
    rows = []
    for (level, way), P in said.items():
        loss = losses[level, way]
        (mean,) = bootstrap(loss[:, None], seed=seed)
        counting = _best(losses, level)
        less, scale = paired(counting, loss, seed=seed), max(float(counting.mean()), 1e-12)
        rows.append(
            {
                "level": level,
                "way": way,
                "acts": len(P),
                "nodes": P.shape[1],
                "log_loss": mean.value,
                "low": mean.low,
                "high": mean.high,
                "less": less.difference / scale,
                "less_low": less.low / scale,
                "less_high": less.high / scale,
                "accuracy": float(accuracy(P, T[level - 1]).mean()),
                "calibration_error": calibration_error(P, T[level - 1]),
            }
        )
    return pl.DataFrame(rows)


def _best(losses: Mapping[tuple[int, str], Doubles], level: int) -> Doubles:
    """The losses of the best way of counting [B]."""
    return min((losses[level, name] for name in COUNTING), key=lambda loss: float(loss.mean()))


def _by_history(losses: Mapping[tuple[int, str], Doubles], known: Longs) -> pl.DataFrame:
    rows = []
    for level in sorted({level for level, _ in losses}):
        for low, high in zip(HISTORY, (*HISTORY[1:], 0), strict=True):
            some = (known >= low) & ((known < high) | (high == 0))
            if some.any():
                rows.append(
                    {
                        "level": level,
                        "from": low,
                        "below": high,
                        "acts": int(some.sum()),
                        "profile": float(losses[level, "profile"][some].mean()),
                        "counting": float(_best(losses, level)[some].mean()),
                    }
                )
    return pl.DataFrame(rows)


def _bound(
    losses: Mapping[tuple[int, str], Doubles], T: tuple[Doubles, ...], user: Longs
) -> pl.DataFrame:
    """What hindsight says: each person's own shares of the asked acts, which nobody could know.

    The entropy of a sample is too low by (kinds − 1) / 2n on average: Miller, Note on the bias of
    information estimates, 1955.
    """
    who, place, n = np.unique(user, return_inverse=True, return_counts=True)
    some = n[place] >= MANY
    rows = []
    for level, came in enumerate(T, start=1):
        sums = np.zeros((len(who), came.shape[1]))
        np.add.at(sums, place, came)
        p = sums / n[:, None]
        entropy = -(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=1)
        entropy += ((p > 0).sum(axis=1) - 1) / (2.0 * n)
        if some.any():
            rows.append(
                {
                    "level": level,
                    "people": int((n >= MANY).sum()),
                    "acts": int(some.sum()),
                    "profile": float(losses[level, "profile"][some].mean()),
                    "counting": float(_best(losses, level)[some].mean()),
                    "hindsight": float(entropy[place][some].mean()),
                }
            )
    return pl.DataFrame(rows)
