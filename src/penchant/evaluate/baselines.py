"""What a model has to beat, each tuned on the end of the training log with the same budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from penchant import random
from penchant.config import Config
from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.errors import DataError
from penchant.evaluate.cooccurrence import ItemKNN, LastItem
from penchant.evaluate.ease import EASE
from penchant.evaluate.metrics import ndcg
from penchant.evaluate.popular import OwnHistory, Popularity, RecentPopularity
from penchant.evaluate.ranking import rank_all
from penchant.evaluate.scorer import Scorer
from penchant.evaluate.textual import TextOnly
from penchant.types import QUIET, Bools, Floats, Longs, Progress

if TYPE_CHECKING:
    from penchant.interests.layer import Catalogue


class TuningConfig(Config):
    """How a scorer's settings are chosen inside the training log: the same for every one."""

    kind: Literal["auto", "last", "time"] = "auto"
    """What is asked: each user's last item, or what comes after a cut; `auto`: as the test does."""
    fraction: float = Field(default=0.1, gt=0.0, lt=1.0)
    """`time`: last share of the events that is asked about."""
    users: int = Field(default=2000, ge=1)
    """Most users that are asked: a sample is enough to choose between settings."""
    budget: int = Field(default=6, ge=1)
    """Most settings that are tried for each scorer; of longer lists the first ones are taken."""
    k: int = Field(default=10, ge=1)
    """Length of the lists whose NDCG decides."""
    trial_items: int = Field(default=4000, ge=1)
    """EASE is tried on its most frequent items and solved in full once."""


@dataclass(frozen=True)
class Validation:
    """The end of a log, held back: what may be learned from, who is asked, the answers [B × I]."""

    log: Histories
    moments: Moments
    targets: sparse.csr_array

    def ndcg(self, scorer: Scorer, k: int, repeats: bool, progress: Progress = QUIET) -> float:
        """Mean NDCG@k of a fitted scorer."""
        seen = None if repeats else self.moments.seen(self.targets.shape[1])
        found = rank_all(
            scorer.score, self.moments, self.targets, seen, name=scorer.name, progress=progress
        )
        return float(ndcg(found, k).mean())


def validation(log: Histories, config: TuningConfig, *, repeats: bool, seed: int) -> Validation:
    """Hold back the end of a log.

    Raises:
        DataError: nobody has a positive event that could be asked for.
    """
    fresh = log.askable(repeats=repeats)
    if config.kind != "time":
        asked = _last_of_each(log, fresh)
        cut = None
    else:
        cut = int(np.quantile(log.time, 1.0 - config.fraction, method="lower")) if len(log) else 0
        asked = _first_after(log, fresh & (log.time >= cut))
    if not len(asked):
        raise DataError(
            f"baselines: none of {len(log):,} events can be held back to tune on; expected users "
            "with at least two positive events. Give more events, or fit untuned baselines"
        )
    if len(asked) > config.users:
        draw = random.rng(seed, "baselines", "users").permutation(len(asked))[: config.users]
        asked = asked[np.sort(draw)]
    return _held_back(log, asked, fresh, cut)


def _held_back(log: Histories, asked: Longs, fresh: Bools, cut: int | None) -> Validation:
    user, shape = log.user[asked].astype(np.int64), (len(asked), len(log.items))
    if cut is None:
        before, keep, at = asked, np.ones(len(log), bool), log.time[asked]
        ends = log.offsets[user + 1]
        begins = np.zeros(len(log) + 1, np.int64)
        np.add.at(begins, asked, 1)
        np.add.at(begins, ends, -1)
        keep &= np.cumsum(begins)[:-1] == 0
        row, item = np.arange(len(asked)), log.item[asked]
    else:
        keep, at = log.time < cut, log.time[asked]
        counts = np.bincount(log.user[keep], minlength=len(log.users))
        before = log.offsets[user] + counts[user]
        place = np.full(len(log.users), -1, np.int64)
        place[user] = np.arange(len(asked))
        test = np.flatnonzero(fresh & ~keep & (place[log.user] >= 0))
        row, item = place[log.user[test]], log.item[test]
    targets = sparse.csr_array((np.ones(len(row), np.float32), (row, item)), shape=shape)
    return Validation(log.keep(keep), log.moments(user, before, at), targets)


def _last_of_each(log: Histories, fresh: Bools) -> Longs:
    """Each user's last event that can be asked for, where an event came before it."""
    rows = np.flatnonzero(fresh & (np.arange(len(log)) > log.offsets[log.user]))
    last = np.full(len(log.users), -1, np.int64)
    last[log.user[rows]] = rows
    return last[last >= 0]


def _first_after(log: Histories, test: Bools) -> Longs:
    """Each user's first test event."""
    rows = np.flatnonzero(test)
    return rows[np.unique(log.user[rows], return_index=True)[1]].astype(np.int64)


@dataclass
class Tuned:
    """A scorer whose settings are chosen on the end of the log it is given, then learned anew.

    `trial`, where given, makes a cheaper copy of a candidate to be tried in its place.
    """

    candidates: Sequence[Scorer]
    config: TuningConfig = field(default_factory=lambda: TuningConfig())
    repeats: bool = False
    trial: Callable[[Scorer], Scorer] | None = None
    progress: Progress = QUIET
    name: str = field(init=False)
    best_: Scorer = field(init=False, repr=False)
    tried_: list[tuple[dict[str, Any], float]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.candidates:
            raise DataError("candidates: none came; expected at least one scorer")
        self.name = self.candidates[0].name

    def fit(self, catalogue: "Catalogue", log: Histories, *, seed: int) -> Self:
        """Try each candidate within the budget, and learn the best from the whole log."""
        chosen, self.tried_ = self.candidates[0], []
        if len(self.candidates) > 1:
            chosen = self._choose(catalogue, log, seed)
        self.best_ = chosen.fit(catalogue, log, seed=seed)
        return self

    def _choose(self, catalogue: "Catalogue", log: Histories, seed: int) -> Scorer:
        held = validation(log, self.config, repeats=self.repeats, seed=seed)
        within = list(self.candidates)[: self.config.budget]
        with self.progress.step(f"tune {self.name}", len(within)) as step:
            for candidate in within:
                one = candidate if self.trial is None else self.trial(candidate)
                fitted = one.fit(catalogue, held.log, seed=seed)
                value = held.ndcg(fitted, self.config.k, self.repeats)
                self.tried_.append((settings(candidate), value))
                step.advance(note=f"NDCG@{self.config.k} {value:.4f}")
        best = int(np.argmax([value for _, value in self.tried_]))
        return within[best]

    def score(self, moments: Moments) -> Floats:
        """Scores of the best candidate [B × I]."""
        return self.best_.score(moments)


def settings(scorer: Scorer) -> dict[str, Any]:
    """A scorer's settings by name, without what it learned."""
    if isinstance(scorer, Tuned):
        return settings(scorer.best_)
    named = [f.name for f in fields(scorer) if f.init and f.name != "name"]  # type: ignore[arg-type]
    return {name: getattr(scorer, name) for name in named}


def baselines(
    config: TuningConfig | None = None, *, repeats: bool = False, progress: Progress = QUIET
) -> list[Scorer]:
    """Every baseline, tuned alike; where people repeat, their own history is one of them."""
    config = config or TuningConfig()

    def trial(scorer: Scorer) -> Scorer:
        return replace(scorer, most=config.trial_items) if isinstance(scorer, EASE) else scorer

    grids = grid(repeats)
    return [Popularity(), *(Tuned(g, config, repeats, trial, progress) for g in grids)]


_NEAR = (
    (100, 0.0, False),
    (100, 10.0, True),
    (500, 0.0, True),
    (500, 100.0, False),
    (20, 10.0, True),
    (500, 10.0, False),
)


def grid(repeats: bool) -> list[Sequence[Scorer]]:
    """The settings that are tried, a list for each baseline."""
    own = (0.0, 1.0) if repeats else (0.0,)
    penalties = (50.0, 250.0, 1000.0) if repeats else (10.0, 50.0, 200.0, 1000.0)
    grids: list[Sequence[Scorer]] = [
        [RecentPopularity(half_life=days) for days in (30.0, 7.0, 1.0, 120.0, 480.0, 0.25)],
        [LastItem(window=w, symmetric=s) for w in (1, 3, 10) for s in (False, True)],
        [ItemKNN(neighbours=n, shrink=s, idf=i, own=repeats) for n, s, i in _NEAR],
        [EASE(penalty=p, own=o) for p in penalties for o in own],
        [TextOnly(decay=d) for d in (0.7, 0.3, 0.5, 0.85, 0.95, 1.0)],
    ]
    if repeats:
        grids.append([OwnHistory(decay=d) for d in (1.0, 0.99, 0.95, 0.9, 0.7, 0.5)])
    return grids
